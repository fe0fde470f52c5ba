"""Objects of the stand-in pack: from the catalogue to model files.

`catalogue` says what each category is; `folders` which instances RoboCasa wants; a family module
(`produce`, `packages`, ...) draws one instance as a `Shape`; `forms` and `labels` are the meshes
and the package art that shapes use.
"""

from collections.abc import Iterator

import numpy as np

from ..looks import rng_for
from ..registry import Registry
from . import forms, labels
from .catalogue import CATALOGUE, JAR_LID, POT_LID, Entry
from .draw import Draw
from .folders import Folder, folders
from .shape import Shape, rotation

__all__ = ["draw", "generate"]

_UPRIGHT = ("sandwich_bread", "waffle", "bagel", "bread", "hotdog_bun")
"""Folders whose instances also come standing on edge, for toaster slots and toast racks."""

_LID_ON_PAN = 1.0 / 0.98
"""A lid model is multiplied by 0.98 where its pan is multiplied by 1.0 (`saucepan_lid`)."""


def draw(entry: Entry, path: str, index: int, size: np.ndarray | None = None) -> Shape:
    """Draw one instance.

    Args:
        entry: from the catalogue.
        path: the instance's path in the pack; seeds its randomness and ends with its name.
        index: number of the instance in its folder.
        size: (3,) metres in place of the catalogue's, for instances that fixtures resize.
    """
    chosen = np.array(entry.size if size is None else size, dtype=float)
    d = Draw(path.split("/")[-1], chosen, index, rng_for(path), entry.colours, entry.options)
    return entry.family(d).footed()


def generate(registry: Registry) -> Iterator[tuple[str, bytes]]:
    """All object models, their meshes and labels as (path relative to the pack, content)."""
    yield from forms.files()
    yield from labels.files()
    for folder in folders(registry):
        for index, name in enumerate(folder.instances()):
            yield from _instance(folder, index, name)


def _instance(folder: Folder, index: int, name: str) -> Iterator[tuple[str, bytes]]:
    user = folder.user_of(name)
    entry = CATALOGUE[user.category]
    path = f"objects/{folder.path}/{name}"
    size = _size(folder, name, entry)
    shape = draw(entry, path, index, size)
    yield f"{path}/model.xml", shape.model(user.scale).xml(name).encode()
    if folder.leaf in _UPRIGHT:
        standing = shape.centred().turned(rotation((1, 0, 0), np.pi / 2))
        yield f"{path}/model_upright.xml", standing.model(user.scale).xml(name).encode()
    if folder.path == "lightwheel/saucepan":
        lid = _lid(POT_LID, shape, f"{path}/{name}_Lid", index, None)
        scale = tuple(s / _LID_ON_PAN for s in user.scale)
        yield f"{path}/{name}_Lid/model.xml", lid.model(scale, depth=4).xml(f"{name}_Lid").encode()
    if folder.path == "lightwheel/jar":
        lid = _lid(
            JAR_LID, shape, f"{path}/{name}_Lid", index, folder.sizes.get(f"{name}/{name}_Lid")
        )
        yield (
            f"{path}/{name}_Lid/model.xml",
            lid.model(user.scale, depth=4).xml(f"{name}_Lid").encode(),
        )


def _size(folder: Folder, name: str, entry: Entry) -> np.ndarray:
    """The catalogue's size, with the axes a fixture registry prescribes put in their place.

    A fixture's size is exact for one axis and scales the others along: without this, a rack that
    is meant to be 0.43 m high would come out a metre wide.
    """
    size = np.array(entry.size, dtype=float)
    for axis, value in enumerate(folder.sizes.get(name, ())):
        if value is not None:
            size[axis] = float(value)
            if axis < 2 and entry.size[0] == entry.size[1]:
                size[:2] = float(value)
    lid = folder.sizes.get(f"{name}/{name}_Lid")
    if lid is not None and lid[0] is not None:
        size[:2] = float(lid[0])
    return size


def _lid(
    entry: Entry, vessel: Shape, path: str, index: int, size: list[float | None] | None
) -> Shape:
    """A lid that covers the vessel's rim."""
    wide = 2 * max(p.size[0] for p in vessel.parts if p.kind == "mesh")
    if size is not None and size[0] is not None:
        wide = float(size[0])
    return draw(entry, path, index, np.array([wide, wide, entry.size[2]]) * (1.04, 1.04, 1.0))
