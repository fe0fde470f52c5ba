"""Filming an episode: what each view showed at every step, exactly.

The films are H.264 without loss, in RGB: decoded, they are the very pixels that the agent's sensors
gave, about 15 kB a frame of 224 px. A film knows nothing of what is true in it.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...envs.sensors import CONTROL_HZ, View
from ..encoder import EncoderError, ffmpeg
from ..episode import Look
from ..records import RecordError

KEYFRAME_EVERY = 64
"""Frames between two that can be decoded by themselves; a clip needs two of them at most."""


class Films:
    """An observer that films some views of one episode.

    Args:
        paths: where each view's film goes, beside a part file of its own name.
        crf: x264's quality; 0 is without loss.
    """

    def __init__(self, paths: dict[View, Path], crf: int = 0) -> None:
        self._paths, self._crf = paths, crf
        self._parts: dict[View, Path] = {
            v: p.with_name(f".{p.name}.part") for v, p in paths.items()
        }
        self._encoders: dict[View, subprocess.Popen[bytes]] = {}
        self.frames = 0

    def saw(self, look: Look) -> None:
        """Film one look.

        Raises:
            RecordError: if the encoder does not take it, for instance because the disk is full.
        """
        for view, part in self._parts.items():
            image = np.ascontiguousarray(look.sensors.image(view))
            if view not in self._encoders:
                part.parent.mkdir(parents=True, exist_ok=True)
                self._encoders[view] = _encoder(part, image.shape[0], self._crf)
            pipe = self._encoders[view].stdin
            assert pipe is not None
            try:
                pipe.write(image.data)
            except OSError as error:
                raise self._failed(view) from error
        self.frames += 1

    def close(self) -> None:
        """Finish the films and put them in their places.

        Raises:
            RecordError: if one cannot be finished.
        """
        for view, process in self._encoders.items():
            assert process.stdin is not None
            try:
                process.stdin.close()
            except OSError as error:
                raise self._failed(view) from error
            if process.wait() != 0:
                raise self._failed(view)
        for view, part in self._parts.items():
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
            os.replace(part, self._paths[view])

    def abandon(self) -> None:
        """End the encoders and remove what they wrote; may be called after `close`."""
        for process in self._encoders.values():
            process.kill()
            process.wait()
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def _failed(self, view: View) -> RecordError:
        return RecordError(
            f"the film {self._paths[view]} cannot be written; free some space, or name a folder on "
            "another disk with --out DIR"
        )


def _encoder(path: Path, size: int, crf: int) -> "subprocess.Popen[bytes]":
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size}x{size}", "-r", str(CONTROL_HZ)]
    x264 = ["-c:v", "libx264rgb", "-preset", "veryfast", "-crf", str(crf)]
    # One thread and no wall clock in the file: the same frames give the same bytes.
    same = ["-threads", "1", "-g", str(KEYFRAME_EVERY), "-bitexact", "-f", "mp4"]
    command: Sequence[str] = [
        *(ffmpeg(), "-hide_banner", "-loglevel", "quiet", "-nostdin", "-y"),
        *(*raw, "-i", "pipe:0", "-an", *x264, *same, os.fspath(path)),
    ]
    try:
        # Ctrl-C goes to the whole group; films end when the episode says so
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    except (OSError, RuntimeError) as error:
        raise EncoderError(f"ffmpeg does not start: {error}") from error
