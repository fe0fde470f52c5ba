"""`leapcasa assets build|status`."""

from dataclasses import asdict
from pathlib import Path

from ..configs import ConfigError
from ..envs.assets import AssetPack, locate
from .console import Console, Progress

STANDIN_NOTE = "generated stand-ins: results do not compare with published RoboCasa365 numbers"


def assets_command(action: str, path: Path | None, console: Console) -> int:
    """Build the stand-in pack, or say which assets a run would use.

    Args:
        action: `build` or `status`.
        path: the pack's folder instead of the user's cache.
        console: where the answer goes.

    Returns:
        0; `status` gives 1 when no assets are there yet.

    Raises:
        ConfigError: if the named folder or the named assets cannot be used.
    """
    return _build(path, console) if action == "build" else _status(path, console)


def _build(path: Path | None, console: Console) -> int:
    import time

    from ..envs.standin import pack

    began = time.monotonic()
    progress = Progress(None, "files")
    try:
        with console.quiet_stdout():
            root = pack.build(path, progress=progress.update)
    finally:
        progress.close()
    manifest = pack.read_manifest(root)
    if manifest is None:
        raise ConfigError(f"{root} vanished while it was being built; try again")
    seconds = round(time.monotonic() - began, 1)
    text = (
        f"stand-in assets {manifest.version}: {manifest.files} files, "
        f"{manifest.bytes / 1e6:.0f} MB, {seconds} s\n{root}"
    )
    if path is not None:
        text += f"\nuse them with: export LEAPCASA_ASSETS={root}"
    console.result({"root": root, "seconds": seconds, **asdict(manifest)}, text)
    return 0


def _status(path: Path | None, console: Console) -> int:
    from ..envs.standin import pack

    if path is not None:
        root = path.expanduser().absolute()
        manifest = pack.read_manifest(root)
        if manifest is None:
            raise ConfigError(f"{root} holds no stand-in pack; make one: leapcasa assets build")
        found = AssetPack(kind="standin", root=root, version=manifest.version, chosen_by="--path")
    else:
        found = locate()
    if found is None:
        root = pack.default_root()
        console.result(
            {"kind": "none", "root": root, "version": pack.pack_version()},
            f"none yet; the stand-in pack is built on first use in {root}\n"
            "build it now: leapcasa assets build\n"
            "or point at the full RoboCasa365 assets: export LEAPCASA_ASSETS=DIR",
        )
        return 1
    note = f"\n{STANDIN_NOTE}" if found.kind == "standin" else ""
    if found.kind == "standin" and not pack.is_current(found.root):
        note += "\nmade by another version of leapcasa; renew it with: leapcasa assets build"
    console.result(
        asdict(found),
        f"{found.kind} assets, version {found.version}, chosen by {found.chosen_by}\n"
        f"{found.root}{note}",
    )
    return 0
