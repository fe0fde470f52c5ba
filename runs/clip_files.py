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
_NPY_HEADER = re.compile(
    rb"\{'descr': '([^']+)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\),? *\}\s*\Z"
)
"""What numpy.save writes before an array of plain numbers."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A moment of a longer recording."""

    end: int
    """The frame that is judged, counted from 0; the newest a judge may see."""
    begin: int = 0
    """The oldest frame it may see."""

    def shown(self, frames: int) -> range:
        """The newest `frames` frames, as the loop shows them; fewer where the span is shorter."""
        return range(max(self.begin, self.end - frames + 1), self.end + 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFile:
    """The frames of one file that a judge looks at."""

    clip: Clip
    """(min(total, frames), H, W, 3) uint8 RGB."""
    total: int
    """Frames in the file, or in what is shown of a recording."""


def read_clip(path: Path, frames: int = FRAMES, span: Span | None = None) -> ClipFile:
    """Read one clip.

    Args:
        path: a video; a folder of pictures, in the order of their names with numbers counted as
            numbers (`f2.png` before `f10.png`); or an `.npy` file of (T, H, W, 3) uint8.
        frames: how many frames the judge looks at. Of longer clips these are read, uniformly from
            the first frame to the last; shorter clips are read whole (the judge pads them).
        span: take the file for a recording of which this moment is meant: its newest `frames`
            frames are read, every one of them, and none behind its end.

    Raises:
        ConfigError: if it is missing, empty, damaged, no clip, or ends before the span does.
    """
    try:
        if path.is_dir():
            return _folder(path, frames, span)
        if not path.is_file():
            raise ConfigError(
                f"there is no clip {path}; give a video, a folder of pictures or an .npy file"
                if not path.exists()
                else f"{path} is neither a file nor a folder"
            )
        if path.suffix.lower() in (".npy", ".npz"):
            return _array(path, frames, span)
        if span is not None:
            clip = decoder.decode_range(path, span.shown(frames))
            return ClipFile(clip=clip, total=len(clip))
        clip, total = decoder.decode(path, frames)
        return ClipFile(clip=clip, total=total)
    except OSError as error:
        raise ConfigError(f"cannot read the clip {path}: {error.strerror or error}") from error


def read_views(
    paths: Mapping[View, Path], frames: int = FRAMES, span: Span | None = None
) -> dict[View, ClipFile]:
    """Read the views of one moment; see `read_clip`.

    Raises:
        ConfigError: as `read_clip`; or if the views differ in length, for then they do not end in
            the same moment, or are not of the same episode.
    """
    read: dict[View, ClipFile] = {
        view: read_clip(path, frames, span) for view, path in paths.items()
    }
    if len({file.total for file in read.values()}) > 1:
        lengths = ", ".join(f"{view} {paths[view]} has {f.total}" for view, f in read.items())
        raise ConfigError(
            f"the views differ in length [frames]: {lengths}; all views must show the same "
            "moments: cut them to the same first and last frame"
        )
    return read


def _folder(path: Path, frames: int, span: Span | None) -> ClipFile:
    pictures = sorted(
        (p for p in path.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith(".")),
        key=lambda p: natural(p.name),
    )
    if not pictures:
        raise ConfigError(f"the folder {path} holds no frames ({', '.join(PICTURES)})")
    chosen = _wanted(path, len(pictures), frames, span)
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
    return ClipFile(clip=clip, total=len(pictures) if span is None else len(clip))


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


def _array(path: Path, frames: int, span: Span | None) -> ClipFile:
    if path.suffix.lower() == ".npz":
        raise ConfigError(
            f"{path} holds several arrays; save the clip alone with numpy.save (.npy)"
        )
    array = _mapped(path)
    chosen = _wanted(path, len(array), frames, span)
    decoder.check_size(path, len(chosen), *array.shape[1:3])
    total = len(array) if span is None else len(chosen)
    return ClipFile(clip=np.array(array[chosen]), total=total)


def _mapped(path: Path) -> np.ndarray:
    """The array of an .npy file, (T, H, W, 3) uint8, read from disk where it is looked at.

    The header is read here and not by numpy, which parses it as Python: until 3.11.7 two threads
    that do so at once can fail with a SystemError (python/cpython issue 106905).
    """
    with path.open("rb") as file:
        magic = file.read(8)
        wide = magic[6:7] > b"\x01"
        length = int.from_bytes(file.read(4 if wide else 2), "little")
        header = _NPY_HEADER.match(file.read(min(length, 1 << 16)))
        begins = file.tell()
    if not magic.startswith(b"\x93NUMPY") or header is None:
        raise ConfigError(f"{path} is no array that can be read; write it with numpy.save")
    kind, fortran, sizes = (part.decode() for part in header.groups())
    shape = tuple(int(size) for size in sizes.split(",") if size.strip())
    if kind not in ("|u1", "<u1", "u1") or len(shape) != 4 or shape[-1] != 3:
        raise ConfigError(f"{path} is {shape} {kind!r}; a clip is (T, H, W, 3) uint8 RGB ('|u1')")
    if 0 in shape:
        raise ConfigError(f"{path} is {shape}: it holds no frame")
    order = "F" if fortran == "True" else "C"
    try:
        return np.memmap(path, np.uint8, "r", offset=begins, shape=shape, order=order)
    except ValueError as error:
        raise ConfigError(f"{path} is shorter than its header says: {error}") from error


def _wanted(path: Path, total: int, frames: int, span: Span | None) -> list[int]:
    if span is not None:
        if span.end >= total:
            raise ConfigError(f"{path} has {total} frames, and its frame {span.end} is asked for")
        return list(span.shown(frames))
    return indices(total, min(total, frames)).tolist()
