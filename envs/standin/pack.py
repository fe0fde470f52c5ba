"""Building the stand-in asset pack: from code alone, the same bytes everywhere, all or nothing.

A pack is a folder on which the unmodified RoboCasa365 package runs when `ROBOCASA_ASSETS_PATH`
points at it: the small part of the assets that the package carries, and a generated stand-in for
everything else. It is written beside its place and renamed into it, under a lock, so that neither
a killed build nor two builds at once leave half a pack.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from ...configs import ConfigError
from . import fixtures, meshes, objects, textures
from .registry import Registry

MANIFEST = "leapcasa-pack.json"
LOCK_SECONDS = 300
"""How long a build waits for another one of the same folder."""

Progress = Callable[[int, str], None]
"""Called with (files written so far, path just written)."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a finished pack says of itself."""

    version: str
    """Depends on the generators' code and the RoboCasa version; see `pack_version`."""
    robocasa: str
    files: int
    bytes: int
    digest: str
    """SHA-256 over all paths and contents: equal packs have equal digests."""


@cache
def pack_version() -> str:
    """Twelve hex digits that change with the generators' code or the RoboCasa version."""
    digest = hashlib.sha256(_robocasa_version().encode())
    here = Path(__file__).parent
    for path in sorted(here.rglob("*")):
        if path.suffix in (".py", ".yaml") and path.is_file():
            digest.update(path.relative_to(here).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def default_root() -> Path:
    """Where the pack of this version lives: in the user's cache folder."""
    return Path(platformdirs.user_cache_dir("leapcasa")) / f"standin-{pack_version()}"


def read_manifest(root: Path) -> Manifest | None:
    """What the pack at `root` says of itself; None if there is no finished pack."""
    try:
        return Manifest(**json.loads((root / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def is_current(root: Path) -> bool:
    """True if `root` holds a finished pack of this version."""
    manifest = read_manifest(root)
    return manifest is not None and manifest.version == pack_version()


def build(root: Path | None = None, *, progress: Progress | None = None) -> Path:
    """Make sure that a finished pack of this version is at `root`.

    Args:
        root: folder of the pack; `default_root()` if None. A pack of another version there is
            replaced, any other content is left alone.
        progress: called after every file.

    Returns:
        The absolute folder.

    Raises:
        ConfigError: if the folder cannot be used for a pack, or there is no room for it.
    """
    root = (default_root() if root is None else root).expanduser().absolute()
    _check_place(root)
    if is_current(root):
        return root
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root.parent):
            pass  # says at once that nothing can be written, where the lock would wait for it
        with FileLock(root.parent / f".{root.name}.lock", timeout=LOCK_SECONDS):
            if not is_current(root):
                _remove_leftovers(root)
                _build_and_swap(root, progress)
    except Timeout:
        raise ConfigError(
            f"another build of {root} has held its lock for {LOCK_SECONDS} s; "
            "wait for it, or end it, and try again"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write the stand-in assets to {root}: {error.strerror or error}; "
            "name a folder with room and write access: leapcasa assets build --path DIR, "
            "or set XDG_CACHE_HOME"
        ) from error
    return root


def contents(registry: Registry) -> Iterator[tuple[str, bytes]]:
    """Every file of a pack but the manifest, as (posix path relative to the pack, content)."""
    bundled = registry.bundled_assets
    for path in sorted(bundled.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(bundled).as_posix(), path.read_bytes()
    for part in (meshes, textures, fixtures, objects):
        yield from part.generate(registry)


def _check_place(root: Path) -> None:
    if "models/assets" in root.as_posix():
        # RoboCasa rewrites paths with this part and fails on those outside its own package.
        raise ConfigError(f"a pack cannot lie below a folder 'models/assets': {root}; name another")
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root} is a file; name a folder for the pack")
    if root.is_dir() and any(root.iterdir()) and read_manifest(root) is None:
        raise ConfigError(
            f"{root} holds other files and no stand-in pack; name a new or empty folder"
        )


def _build_and_swap(root: Path, progress: Progress | None) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f".{root.name}.building-", dir=root.parent))
    try:
        manifest = _write_all(scratch, progress)
        (scratch / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
        scratch.chmod(0o755)
        if root.exists():
            old = root.with_name(f".{root.name}.building-old")
            os.replace(root, old)
            shutil.rmtree(old, ignore_errors=True)
        os.replace(scratch, root)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _write_all(folder: Path, progress: Progress | None) -> Manifest:
    digest, size = hashlib.sha256(), 0
    seen: set[str] = set()
    for path, content in contents(Registry.load()):
        if path in seen or ".." in Path(path).parts:
            raise ValueError(f"{path} is written twice, or lies outside the pack")
        seen.add(path)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
        size += len(content)
        if progress is not None:
            progress(len(seen), path)
    return Manifest(
        version=pack_version(),
        robocasa=_robocasa_version(),
        files=len(seen),
        bytes=size,
        digest=digest.hexdigest(),
    )


def _remove_leftovers(root: Path) -> None:
    """What killed builds of the same folder left; the lock is held, so nobody is using it."""
    for path in root.parent.glob(f".{root.name}.building-*"):
        shutil.rmtree(path, ignore_errors=True)


def _robocasa_version() -> str:
    return importlib.metadata.version("rlinf-robocasa365")
