"""Which assets the simulation runs on: the full RoboCasa365 assets, or the generated stand-ins.

RoboCasa reads its asset folder once, when it is imported; `ensure` has to be called before.
Full assets are used when the user points at them: `LEAPCASA_ASSETS=DIR` (or RoboCasa's own
`ROBOCASA_ASSETS_PATH=DIR`). Without either, a stand-in pack is built on first use.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..configs import ConfigError

VARIABLES = ("LEAPCASA_ASSETS", "ROBOCASA_ASSETS_PATH")
"""Where the user may name assets, the first one set wins."""

REQUIRED = (
    "fixtures/fixture_registry",
    "fixtures/microwaves",
    "fixtures/sinks",
    "scenes/kitchen_layouts",
    "scenes/kitchen_styles",
    "objects/objaverse",
    "objects/lightwheel",
    "textures",
)
"""Folders without which RoboCasa365 cannot build a kitchen."""


@dataclass(frozen=True, kw_only=True)
class AssetPack:
    """The assets in use; goes into every record."""

    kind: Literal["full", "standin"]
    """Results on `standin` assets do not compare with published numbers."""
    root: Path
    version: str
    """Of the stand-in pack; `unknown` for full assets, which carry none."""
    chosen_by: str
    """The environment variable that named it, or `default`."""


def locate() -> AssetPack | None:
    """The assets that a run started now would use; None if a stand-in pack has to be built.

    Raises:
        ConfigError: if the user names a folder that is no asset folder.
    """
    from .standin import pack

    for variable in VARIABLES:
        named = os.environ.get(variable)
        if named:
            return _inspect(Path(named).expanduser().absolute(), variable)
    root = pack.default_root()
    if not pack.is_current(root):
        return None
    return AssetPack(kind="standin", root=root, version=pack.pack_version(), chosen_by="default")


def ensure(progress: Callable[[int, str], None] | None = None) -> AssetPack:
    """The assets in use from now on, built if need be; points RoboCasa at them.

    Args:
        progress: called with (files written, path) while a stand-in pack is built.

    Raises:
        ConfigError: if the named assets cannot be used, or RoboCasa already runs on others.
    """
    from .standin import pack

    found = locate()
    if found is None:
        root = pack.build(progress=progress)
        found = AssetPack(
            kind="standin", root=root, version=pack.pack_version(), chosen_by="default"
        )
    _check_not_bound_elsewhere(found.root)
    os.environ["ROBOCASA_ASSETS_PATH"] = str(found.root)
    return found


def _check_not_bound_elsewhere(root: Path) -> None:
    models = sys.modules.get("robocasa.models")
    bound = getattr(models, "assets_root", None)
    if bound is not None and Path(bound).resolve() != root.resolve():
        raise ConfigError(
            f"robocasa was imported earlier in this process and is bound to {bound}; "
            f"import leapcasa before robocasa, or set ROBOCASA_ASSETS_PATH={root} yourself"
        )


def _inspect(root: Path, variable: str) -> AssetPack:
    from .standin import pack

    manifest = pack.read_manifest(root)
    missing = [name for name in REQUIRED if not (root / name).is_dir()]
    if missing:
        raise ConfigError(
            f"{variable}={root} is no RoboCasa365 asset folder: it lacks {', '.join(missing)}; "
            f"point it at the assets' root, or unset {variable} to use the stand-in pack"
        )
    if not os.access(root, os.W_OK):
        # RoboCasa writes and deletes a file beside each object model while it loads it.
        raise ConfigError(f"{variable}={root} is not writable, and RoboCasa has to write there")
    if manifest is None:
        return AssetPack(kind="full", root=root, version="unknown", chosen_by=variable)
    return AssetPack(kind="standin", root=root, version=manifest.version, chosen_by=variable)
