"""The video of a rerun: what the record's video shows on the left, the rerun on the right.

The record keeps digests of its pictures and a lossy, annotated video, no pictures. So the left side
is cut out of that video and looks softer; equality is told by the digests, in the lines below.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...envs.sensors import CONTROL_HZ, Image, View
from .. import drawing as ink
from .. import overlay
from ..encoder import Encoder
from .recorded import Recorded
from .rerun import Seen

SIDE, GAP, HEAD, FOOT = 312, 16, 84, 92
BLOCK = 2 * SIDE
WIDTH, HEIGHT = 3 * GAP + 2 * BLOCK, HEAD + SIDE + FOOT


class Film:
    """Draws and encodes, a frame a look.

    Args:
        path: the MP4 file.
        recorded: the record.

    Raises:
        EncoderError: if it cannot be written.
    """

    def __init__(self, path: Path, recorded: Recorded) -> None:
        self.path = path
        self._old = _frames(recorded.folder / "video.mp4")
        self._total = max(1, len(recorded.actions))
        self._base = self._drawn(recorded)
        self._encoder = Encoder(path, width=WIDTH, height=HEIGHT, fps=CONTROL_HZ)

    def add(self, seen: Seen, said: Mapping[str, bool], parted: tuple[int, str] | None) -> None:
        """One look.

        Args:
            seen: of the rerun.
            said: quantity -> whether it is the same at this look.
            parted: step and quantity of the first difference so far.
        """
        canvas = self._base.copy()
        old = next(self._old, None)
        if old is None:
            middle = GAP + BLOCK // 2
            words = "no video in the record"
            ink.put_text(canvas, middle, HEAD + SIDE // 2, words, 18, ink.FAINT, align="center")
        else:
            _side(canvas, GAP, _cut(old))
        _side(canvas, 2 * GAP + BLOCK, _views(seen))
        self._foot(canvas, seen, said, parted)
        self._encoder.write(canvas)

    def close(self) -> None:
        """Finish the file.

        Raises:
            EncoderError: if it cannot be finished.
        """
        self._old.close()
        self._encoder.close()

    def abandon(self) -> None:
        """End without a file."""
        self._old.close()
        self._encoder.abandon()

    def _drawn(self, recorded: Recorded) -> ink.Canvas:
        art = ink.blank(WIDTH, HEIGHT)
        scene = recorded.scene
        title = f"{scene.task} ({scene.split}, seed {scene.seed})"
        ink.put_text(art, GAP, 6, title, 24, bold=True)
        for x in (GAP, 2 * GAP + BLOCK):
            ink.fill(art, x, HEAD, x + BLOCK, HEAD + SIDE, (0, 0, 0))
        ink.put_text(art, GAP, 52, "recorded (from its video: lossy)", 18, ink.MUTED)
        ink.put_text(art, 2 * GAP + BLOCK, 52, "run again: right and left view", 18, ink.MUTED)
        return art

    def _foot(
        self,
        canvas: ink.Canvas,
        seen: Seen,
        said: Mapping[str, bool],
        parted: tuple[int, str] | None,
    ) -> None:
        y, step = HEAD + SIDE + 10, seen.sensors.step
        x = GAP + ink.put_text(canvas, GAP, y, f"step {step}", 20, bold=True) + 24
        for quantity, same in said.items():
            colour = ink.GREEN if same else ink.RED
            words = f"{quantity}: {'same' if same else 'differs'}"
            x += ink.put_text(canvas, x, y + 2, words, 17, colour) + 24
        told = "the same so far" if parted is None else f"parted at step {parted[0]}: {parted[1]}"
        colour = ink.GREEN if parted is None else ink.RED
        ink.put_text(canvas, GAP, y + 32, told, 18, colour)
        wide = WIDTH - 2 * GAP
        ink.fill(canvas, GAP, HEIGHT - 14, GAP + wide, HEIGHT - 8, ink.LINE)
        now = GAP + round(wide * min(1.0, step / self._total))
        edge = now if parted is None else GAP + round(wide * min(1.0, parted[0] / self._total))
        ink.fill(canvas, GAP, HEIGHT - 14, max(edge, GAP + 1), HEIGHT - 8, ink.GREEN)
        if now > edge:
            ink.fill(canvas, edge, HEIGHT - 14, now, HEIGHT - 8, ink.RED)


def _side(canvas: ink.Canvas, x: int, pair: Image) -> None:
    scaled = cv2.resize(pair, (BLOCK, SIDE), interpolation=cv2.INTER_AREA)
    canvas[HEAD : HEAD + SIDE, x : x + BLOCK] = scaled


def _views(seen: Seen) -> Image:
    images = seen.sensors.images
    views: list[View] = [view for view in overlay.SHOWN if view in images]
    shown = [
        cv2.resize(np.asarray(images[view]), (overlay.VIEW, overlay.VIEW)) for view in views
    ] or [np.zeros((overlay.VIEW, overlay.VIEW, 3), np.uint8)]
    return np.asarray(np.concatenate(shown * (2 // len(shown)), axis=1), np.uint8)


def _cut(frame: Image) -> Image:
    """Both views out of a frame of the record's video."""
    top, left = overlay.VIEWS_Y, overlay.EDGE
    return frame[top : top + overlay.VIEW, left : left + 2 * overlay.VIEW]


def _frames(path: Path) -> Any:
    """Frames of the record's video, (720, 1280, 3) uint8; none if there is none that fits."""
    return _decoded(path) if path.is_file() else _nothing()


def _nothing() -> Iterator[Image]:
    yield from ()


def _decoded(path: Path) -> Iterator[Image]:
    import imageio_ffmpeg

    with contextlib.suppress(OSError, RuntimeError):
        frames = imageio_ffmpeg.read_frames(str(path), input_params=["-threads", "1"])
        about = next(frames)
        if not isinstance(about, dict) or about["size"] != (overlay.WIDTH, overlay.HEIGHT):
            return
        try:
            for data in frames:
                picture = np.frombuffer(data, np.uint8)  # pyright: ignore
                yield picture.reshape(overlay.HEIGHT, overlay.WIDTH, 3)
        finally:
            frames.close()
