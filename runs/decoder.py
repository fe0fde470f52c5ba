"""Decoding videos with ffmpeg (the one that imageio-ffmpeg carries), strictly and in little memory.

ffmpeg writes each frame as a PPM picture into a pipe: the size stands in front of every frame, so
that nothing has to be guessed from its log. It may open this one file and common video containers,
nothing else: no playlists, no network, no text files drawn as pictures.
"""

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from ..configs import ConfigError
from ..judges.base import Clip
from ..judges.clips import indices
from .encoder import ffmpeg

KEEP_BYTES = 256 << 20
"""A video whose frames all fit is read in one pass."""
MAX_CLIP_BYTES = 2 << 30
"""More than 64 frames in 4K; no judge needs that."""
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,ivf,gif,apng,flv,"
    "ogg,asf,nut,mxf"
)


def decode(path: Path, frames: int) -> tuple[Clip, int]:
    """The frames of a video that a judge looks at.

    Args:
        path: an existing file.
        frames: how many at most, chosen by `judges.clips.indices`.

    Returns:
        (min(T, frames), H, W, 3) uint8 RGB, and T, the number of frames in the file.

    Raises:
        ConfigError: if it is no video, has no frame, is damaged, or has gigantic frames.
    """
    kept: list[np.ndarray] = []
    size = 0
    with contextlib.closing(_frames(path, ())) as decoded:
        for frame in decoded:
            kept.append(frame)
            size += frame.nbytes
            if size > KEEP_BYTES:
                break
    if size > KEEP_BYTES:
        kept.clear()
        return _decode_long(path, frames)
    if not kept:
        raise _refused(path, "it holds no frame")
    check_size(path, min(len(kept), frames), *kept[0].shape[:2])
    return np.stack([kept[i] for i in indices(len(kept), min(len(kept), frames))]), len(kept)


def decode_range(path: Path, wanted: range) -> Clip:
    """Some neighbouring frames of a video; what comes after them is not decoded.

    Args:
        path: an existing file.
        wanted: numbers of decoded frames, from 0, step 1.

    Returns:
        (len(wanted), H, W, 3) uint8 RGB.

    Raises:
        ConfigError: if it is no video, damaged up to there, or ends before the last frame.
    """
    select = f"select='between(n,{wanted.start},{wanted.stop - 1})'"
    clip: Clip | None = None
    found = 0
    limit = ("-frames:v", str(len(wanted)))
    with contextlib.closing(_frames(path, ("-vf", select, *limit))) as decoded:
        for frame in decoded:
            if clip is None:
                check_size(path, len(wanted), *frame.shape[:2])
                clip = np.empty((len(wanted), *frame.shape), dtype=np.uint8)
            clip[found] = frame
            found += 1
    if clip is None or found != len(wanted):
        raise ConfigError(
            f"{path} ends before frame {wanted.stop - 1}, which is asked for; it is cut off, or "
            "belongs to another row"
        )
    return clip


def check_size(path: Path, frames: int, height: int, width: int) -> None:
    """Refuse frames of a size that would exhaust memory.

    Raises:
        ConfigError: if the clip would be larger than `MAX_CLIP_BYTES`.
    """
    if frames * height * width * 3 > MAX_CLIP_BYTES:
        raise ConfigError(
            f"{path} has frames of {width}x{height} px; {frames} of them are more than "
            f"{MAX_CLIP_BYTES >> 30} GiB; scale the clip down (judges look at a few hundred px)"
        )


def _decode_long(path: Path, frames: int) -> tuple[Clip, int]:
    total = _count(path)
    chosen = indices(total, min(total, frames))
    wanted = "+".join(f"eq(n,{i})" for i in chosen)
    clip: Clip | None = None
    found = 0
    for frame in _frames(path, ("-vf", f"select='{wanted}'")):
        if clip is None:
            check_size(path, len(chosen), *frame.shape[:2])
            clip = np.empty((len(chosen), *frame.shape), dtype=np.uint8)
        if found < len(clip):
            clip[found] = frame
        found += 1
    if clip is None or found != len(chosen):
        raise ConfigError(f"{path} changed while it was read ({found} of {len(chosen)} frames)")
    return clip, total


def _count(path: Path) -> int:
    """How many frames the video decodes to."""
    with _running(path, ("-progress", "pipe:1", "-f", "null", "-")) as pipe:
        lines = pipe.read().decode(errors="replace").splitlines()
    counts = [line.partition("=")[2].strip() for line in lines if line.startswith("frame=")]
    return int(counts[-1]) if counts else 0


def _frames(path: Path, options: tuple[str, ...]) -> Generator[np.ndarray, None, None]:
    """Every frame, (H, W, 3) uint8 RGB, read-only; the decoder ends with the iterator."""
    form = ("-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "-")
    with _running(path, (*options, *form)) as pipe:
        while header := _header(pipe):
            width, height = header
            data = pipe.read(width * height * 3)
            if len(data) < width * height * 3:
                break
            yield np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)


def _header(pipe: IO[bytes]) -> tuple[int, int] | None:
    """Width and height of the next picture (`P6`, `W H`, `255`, a line each); None at the end."""
    if not pipe.readline():
        return None
    width, height = pipe.readline().split()
    pipe.readline()
    return int(width), int(height)


@contextlib.contextmanager
def _running(path: Path, output: tuple[str, ...]) -> Iterator[IO[bytes]]:
    """The stdout of ffmpeg: left early, ffmpeg is ended; at its end its verdict is checked."""
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                _command(path, output),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=1 << 20,
                # Ctrl-C goes to the whole group; a decoder that it ended would look like damage
                start_new_session=True,
            )
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"videos cannot be read, ffmpeg does not start: {error}") from error
        assert process.stdout is not None
        try:
            yield process.stdout
            code = process.wait()
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
        log.seek(0)
        said = [line.strip() for line in log.read(20_000).decode(errors="replace").splitlines()]
    if code or any(said):
        raise _refused(path, _reason([line for line in said if line]))


def _command(path: Path, output: tuple[str, ...]) -> list[str]:
    strict = ("-v", "error", "-nostdin", "-nostats", "-xerror")
    source = ("-protocol_whitelist", "file", "-format_whitelist", CONTAINERS)
    # Every decoded frame once: by default ffmpeg would repeat and drop frames for a steady rate.
    every = ("-map", "0:v:0", "-fps_mode", "passthrough")
    return [ffmpeg(), *strict, *source, "-i", f"file:{path.absolute()}", *every, *output]


_KNOWN = {
    "matches no streams": "it holds no frame",
    "not on whitelist": "it is no video, or in a container that is not known here",
    "moov atom not found": "its index is missing: the recording was cut off, or it is no video",
    "Invalid data found when processing input": "it is damaged, cut off, or no video",
}


def _reason(said: list[str]) -> str:
    """What ffmpeg means, in words, with its own first line where that says more."""
    if not said:
        return "ffmpeg failed without a word"
    first = re.sub(r"^(\[[^]]*\] )+", "", said[0])[:160].rstrip(".")
    for sign, words in _KNOWN.items():
        if any(sign in line for line in said):
            return words if sign in first else f"{words} ({first})"
    return f"it is damaged or cut off ({first})"


def _refused(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"cannot read the video {path}: {why}; give a whole video (MP4, MKV, WebM, AVI, ...), a "
        "folder of pictures or an .npy file"
    )
