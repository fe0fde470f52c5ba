"""What a rerun is compared with: `trace.parquet`, a digest of each state and of each picture.

The eye in the hand is drawn only for whoever looks at it, so it has no digest; it follows from the
state like the other views. The record is complete without this file, only less can be compared.
"""

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from ..envs.kitchen import Kitchen
from ..envs.physics import digest, physics
from ..envs.sensors import Frame, View
from .episode import Look
from .records import Table

FILE = "trace.parquet"
BEHIND = 2
"""Looks after which a picture is read: it is drawn by then, so nobody waits for it."""
NOTE = {
    "state": "XXH3 (64 bit) of MuJoCo's mjSTATE_INTEGRATION after this step",
    "joints": "qpos, rounded to float32; m, rad or parts of a quaternion; never shown to an agent",
    "right": "XXH3 (64 bit) of the view's (H, W, 3) uint8 RGB pixels; null if it was not drawn",
    "left": "as right",
}


class Tracer:
    """An observer that keeps the digests of one episode.

    Args:
        folder: of the run.
        kitchen: has begun the episode.
    """

    def __init__(self, folder: Path, kitchen: Kitchen) -> None:
        import pyarrow as pa

        self._kitchen = kitchen
        self._views: tuple[View, ...] = tuple(v for v in kitchen.image_size if v != "hand")
        columns = {
            "step": pa.int32(),
            "state": pa.uint64(),
            "joints": pa.list_(pa.float32(), len(physics(kitchen).joints)),
            **{view: pa.uint64() for view in self._views},
        }
        self._table = Table(folder / FILE, columns, NOTE)
        self._waiting: deque[tuple[dict[str, Any], dict[View, Frame]]] = deque()

    def saw(self, look: Look) -> None:
        """Take the state now, the pictures when they are drawn."""
        now = physics(self._kitchen)
        row = {"step": look.sensors.step, "state": now.digest, "joints": now.joints}
        images: dict[View, Frame] = {view: look.sensors.images[view] for view in self._views}
        self._waiting.append((row, images))
        if len(self._waiting) > BEHIND:
            self._settle()

    def close(self) -> None:
        """Bring everything to the disk; may be called twice.

        Raises:
            RecordError: if it cannot be written.
        """
        while self._waiting:
            self._settle()
        self._table.save()

    def _settle(self) -> None:
        row, images = self._waiting[0]
        self._table.append({**row, **{view: _read(frame) for view, frame in images.items()}})
        self._waiting.popleft()  # only now: an interruption doubles a row rather than lose it


def _read(frame: Frame) -> int | None:
    try:
        return digest(np.asarray(frame))
    except Exception:  # whatever broke the drawing; the episode says so itself
        return None
