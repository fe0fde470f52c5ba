"""Reading the clips that a user gives: a video, a folder of pictures, or an array.

Whatever the length, memory holds the frames that a judge looks at and little more. The frames are
those of `judges.clips.indices` over all decoded frames of the file, exactly: short videos are read
once and kept whole, long ones are decoded twice, first to count and then to pick. Frame rate and
timestamps of the file play no part; every decoded frame counts once.

Decoding is strict. A judge that sees half a video gives a number that looks like any other, so a
damaged or shortened file is refused, never judged by what is left of it. (H.264 carries no
checksum: a few changed bytes inside one frame can decode to wrong pixels without a complaint.)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..configs import ConfigError
from ..envs.sensors import View
from ..judges.base import Clip
from ..judges.clips import FRAMES, indices
from . import decoder

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
"""What counts as a frame in a folder; other files there are passed over."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFile:
    """The frames of one file that a judge looks at."""

    clip: Clip
    """(min(total, frames), H, W, 3) uint8 RGB."""
    total: int
    """Frames in the file."""


def read_clip(path: Path, frames: int = FRAMES) -> ClipFile:
    """Read one clip.

    Args:
        path: a video; a folder of pictures, in the order of their names with numbers counted as
            numbers (`f2.png` before `f10.png`); or an `.npy` file of (T, H, W, 3) uint8.
        frames: how many frames the judge looks at. Of longer clips these are read, uniformly from
            the first frame to the last; shorter clips are read whole (the judge pads them).

    Raises:
        ConfigError: if it is missing, empty, damaged, or no clip.
    """
    try:
        if path.is_dir():
            return _folder(path, frames)
        if not path.is_file():
            raise ConfigError(
                f"there is no clip {path}; give a video, a folder of pictures or an .npy file"
                if not path.exists()
                else f"{path} is neither a file nor a folder"
            )
        if path.suffix.lower() in (".npy", ".npz"):
            return _array(path, frames)
        clip, total = decoder.decode(path, frames)
        return ClipFile(clip=clip, total=total)
    except OSError as error:
        raise ConfigError(f"cannot read the clip {path}: {error.strerror or error}") from error


def read_views(paths: Mapping[View, Path], frames: int = FRAMES) -> dict[View, ClipFile]:
    """Read the views of one moment.

    Raises:
        ConfigError: as `read_clip`; or if the views differ in length, for then they do not end in
            the same moment, or are not of the same episode.
    """
    read: dict[View, ClipFile] = {view: read_clip(path, frames) for view, path in paths.items()}
    if len({file.total for file in read.values()}) > 1:
        lengths = ", ".join(f"{view} {paths[view]} has {f.total}" for view, f in read.items())
        raise ConfigError(
            f"the views differ in length [frames]: {lengths}; all views must show the same "
            "moments: cut them to the same first and last frame"
        )
    return read


def _folder(path: Path, frames: int) -> ClipFile:
    pictures = sorted(
        (p for p in path.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith(".")),
        key=lambda p: natural(p.name),
    )
    if not pictures:
        raise ConfigError(f"the folder {path} holds no frames ({', '.join(PICTURES)})")
    chosen = _wanted(len(pictures), frames)
    first = _picture(pictures[chosen[0]])
    decoder.check_size(path, len(chosen), *first.shape[:2])
    clip = np.empty((len(chosen), *first.shape), dtype=np.uint8)
    for slot, index in enumerate(chosen):
        image = _picture(pictures[index])
        if image.shape != first.shape:
            raise ConfigError(
                f"{pictures[index]} has {image.shape[1]}x{image.shape[0]} px, "
                f"{pictures[chosen[0]].name} {first.shape[1]}x{first.shape[0]}; "
                "the frames of one clip have one size"
            )
        clip[slot] = image
    return ClipFile(clip=clip, total=len(pictures))


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts names with their numbers counted as numbers: a2 before a10."""
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"([0-9]+)", name) if p]


def _picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.mode not in ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK"):
                raise ConfigError(f"{path} has pixels of mode {picture.mode}; give 8-bit RGB")
            return np.asarray(picture.convert("RGB"))
    # Pillow raises a SyntaxError for some broken PNG files.
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ConfigError(f"cannot read the frame {path}: {error}; write it again") from error


def _array(path: Path, frames: int) -> ClipFile:
    if path.suffix.lower() == ".npz":
        raise ConfigError(
            f"{path} holds several arrays; save the clip alone with numpy.save (.npy)"
        )
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ConfigError(f"{path} is no array that can be read: {error}") from error
    if array.ndim != 4 or array.shape[-1] != 3 or array.dtype != np.uint8:
        raise ConfigError(
            f"{path} is {array.shape} {array.dtype}; a clip is (T, H, W, 3) uint8 RGB"
        )
    if 0 in array.shape:
        raise ConfigError(f"{path} is {array.shape}: it holds no frame")
    chosen = _wanted(len(array), frames)
    decoder.check_size(path, len(chosen), *array.shape[1:3])
    return ClipFile(clip=np.array(array[chosen]), total=len(array))


def _wanted(total: int, frames: int) -> list[int]:
    return indices(total, min(total, frames)).tolist()
