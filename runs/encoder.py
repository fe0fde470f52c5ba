"""Encoding frames to H.264 while they are made, in a process of its own.

ffmpeg (the one that imageio-ffmpeg carries) reads raw frames from a pipe, so memory stays flat
whatever the length, and encoding runs beside the simulation. The file plays everywhere: yuv420p,
index at the front. If this process dies, ffmpeg sees the end of the pipe and still finishes the
file; if ffmpeg dies, the caller is told once and goes on without a video.
"""

import contextlib
import os
import subprocess
import tempfile
from collections import deque
from pathlib import Path

import cv2
import numpy as np

from ..configs import LeapcasaError
from .drawing import Canvas

CLOSE_SECONDS = 60
"""How long the encoder may take for its last frames and the index."""


class EncoderError(LeapcasaError):
    """The video cannot be written; the episode itself is not touched by it."""


class Encoder:
    """Writes one video. Frames of even width and height, all of the same size.

    Args:
        path: the file to write; what is there is replaced.
        width: of a frame [px], even.
        height: of a frame [px], even.
        fps: frames a second.
        crf: x264's quality, lower is better and larger.

    Raises:
        EncoderError: if there is no ffmpeg or it does not start.
    """

    def __init__(self, path: Path, *, width: int, height: int, fps: int, crf: int = 21) -> None:
        self.path, self.size, self.frames = path, (width, height), 0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                _command(path, width, height, fps, crf),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                # Ctrl-C in the terminal goes to the whole group; the encoder has to finish its file
                start_new_session=True,
            )
        except (OSError, RuntimeError) as error:
            self._log.close()
            raise EncoderError(f"ffmpeg does not start: {error}") from error

    def write(self, frame: Canvas) -> None:
        """Append one frame.

        Args:
            frame: (height, width, 3) uint8 RGB.

        Raises:
            EncoderError: if the encoder has died; its unfinished file is removed.
        """
        if frame.shape != (self.size[1], self.size[0], 3):
            raise ValueError(f"a frame of shape {frame.shape}, expected {self.size[::-1]} x 3")
        planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(np.ascontiguousarray(planes).data)
        except (OSError, ValueError) as error:
            raise self._failed() from error
        self.frames += 1

    def close(self) -> None:
        """Finish the file.

        Raises:
            EncoderError: if it cannot be finished; what is there of it is removed.
        """
        pipe = self._process.stdin
        assert pipe is not None
        broken = False
        try:
            pipe.close()
        except OSError:
            broken = True
        try:
            broken = self._process.wait(CLOSE_SECONDS) != 0 or broken
        except subprocess.TimeoutExpired:
            self._process.kill()
            broken = True
        if broken or self.frames == 0:
            raise self._failed()
        self._log.close()

    def abandon(self) -> None:
        """End the encoder and remove its file."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self.path.unlink(missing_ok=True)
        self._log.close()

    def _failed(self) -> EncoderError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._log.seek(0)
        said = self._log.read()[-2000:].decode(errors="replace").split("\n")
        reason = "; ".join(deque((line.strip() for line in said if line.strip()), maxlen=2))
        self.abandon()
        return EncoderError(f"the video {self.path.name} could not be written: {reason or 'ended'}")


def ffmpeg() -> str:
    """The path of the ffmpeg in use.

    Raises:
        RuntimeError: if imageio-ffmpeg carries none for this machine.
    """
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def _command(path: Path, width: int, height: int, fps: int, crf: int) -> list[str]:
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", str(fps)]
    # OpenCV converts to video-range BT.601; said so, players show the right colours.
    tags = ["-colorspace", "smpte170m", "-color_primaries", "smpte170m"]
    tags += ["-color_trc", "smpte170m", "-color_range", "tv"]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p"]
    return [
        ffmpeg(),
        *("-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
        *raw,
        *("-i", "pipe:0", "-an"),
        *x264,
        *("-threads", str(max(1, (os.cpu_count() or 2) // 2))),
        *tags,
        *("-movflags", "+faststart", os.fspath(path)),
    ]
