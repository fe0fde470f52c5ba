"""The last frames of one view, as a clip that is never copied.

Worked example, capacity 3, frames a b c d pushed in this order. The storage is twice the capacity
and every frame is written twice, `capacity` slots apart, so that any window of up to `capacity`
frames lies in one piece somewhere:

    push a    a a a | a a a      the first frame after a reset fills every slot
    push b    a b a | a b a
    push c    a b c | a b c      last(3) = slots 0..2 = a b c
    push d    d b c | d b c      last(3) = slots 1..3 = b c d,  last(2) = slots 2..3 = c d

The padding rule follows from the first line: until enough frames are there, the oldest frame is
repeated at the front. `last(3)` is `a a a` after the first push and `a a b` after the second.

A frame that is still being drawn is taken as it is and becomes pixels at the next push or when
somebody reads, whichever is first; the simulation need not wait for its own pictures.
"""

import numpy as np

from .sensors import Frame, Image


class FrameRing:
    """The newest `capacity` frames of one camera; for one thread."""

    def __init__(self, capacity: int, height: int, width: int) -> None:
        """Allocates everything, once.

        Args:
            capacity: how many frames are kept.
            height: of a frame [px].
            width: of a frame [px].

        Raises:
            ValueError: if a number is below 1.
        """
        for name, value in (("capacity", capacity), ("height", height), ("width", width)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value!r}")
        self._slots = np.zeros((2 * capacity, height, width, 3), dtype=np.uint8)
        self._capacity = capacity
        self._written = 0
        self._pending: Frame | None = None

    @property
    def capacity(self) -> int:
        """How many frames are kept at most."""
        return self._capacity

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """(height, width, 3) of every frame."""
        _, height, width, channels = self._slots.shape
        return height, width, channels

    @property
    def count(self) -> int:
        """Frames pushed since the reset, `capacity` at most; padding does not count."""
        return min(self._written + (self._pending is not None), self._capacity)

    def __len__(self) -> int:
        return self.count

    def reset(self) -> None:
        """Forgets every frame."""
        self._written = 0
        self._pending = None

    def push(self, frame: Frame | Image) -> None:
        """Takes the newest frame; constant work, but for the first one after a reset.

        Args:
            frame: (H, W, 3) uint8, there already or still being drawn. An array is copied here
                and now; anything else is read at the next push or the next `last`.

        Raises:
            ValueError: if shape or dtype do not fit this ring, which then stays as it was.
        """
        if tuple(frame.shape) != self.frame_shape:
            raise ValueError(
                f"a frame of shape {tuple(frame.shape)} cannot enter a ring of {self.frame_shape}"
            )
        if isinstance(frame, np.ndarray):
            _check_dtype(frame)
            self._settle()
            self._write(frame)
        else:
            self._settle()
            self._pending = frame

    def last(self, n: int) -> Image:
        """The newest `n` frames, oldest first.

        Args:
            n: length of the clip, 1 to `capacity`.

        Returns:
            (n, H, W, 3) uint8, contiguous and read-only: a view, not a copy, that holds until
            the next push or reset. While fewer than `n` frames are there, the oldest is
            repeated at the front.

        Raises:
            ValueError: if `n` is out of range.
            LookupError: if nothing was pushed since the reset.
        """
        if not 1 <= n <= self._capacity:
            raise ValueError(f"a clip has 1 to {self._capacity} frames here, asked for {n!r}")
        self._settle()
        if not self._written:
            raise LookupError("no frame was pushed since the reset")
        newest = (self._written - 1) % self._capacity + self._capacity
        clip = self._slots[newest - n + 1 : newest + 1]
        clip.flags.writeable = False
        return clip

    def _settle(self) -> None:
        """Turns the frame still being drawn into pixels; it is dropped if that fails."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pixels = np.asarray(pending)
            _check_dtype(pixels)
            self._write(pixels)

    def _write(self, pixels: Image) -> None:
        if self._written == 0:
            self._slots[:] = pixels
        else:
            slot = self._written % self._capacity
            self._slots[slot] = pixels
            self._slots[slot + self._capacity] = pixels
        self._written += 1


def _check_dtype(pixels: np.ndarray) -> None:
    if pixels.dtype != np.uint8:
        raise ValueError(f"frames are uint8, got {pixels.dtype}")
