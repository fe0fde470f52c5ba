"""What is in the way of hand and arm: the colliders of a band of heights, asked by balls."""

import numpy as np
import numpy.typing as npt

from ...envs.truth import Box

Floats = npt.NDArray[np.float64]


class Room:
    """The solid things of this moment.

    Args:
        boxes: the colliders that count.
    """

    def __init__(self, boxes: list[Box]) -> None:
        self._center = np.array([box.center for box in boxes]).reshape(-1, 3)
        self._rot = np.array([box.rot for box in boxes]).reshape(-1, 3, 3)
        self._half = np.array([box.half for box in boxes]).reshape(-1, 3)

    def depth(self, points: Floats, radii: Floats) -> float:
        """How deep the worst of some balls is inside something; 0 if all are free [m].

        Args:
            points: (N, 3) their middles, world [m].
            radii: (N,) [m].
        """
        if not len(self._center):
            return 0.0
        local = np.einsum("bji,nbj->nbi", self._rot, points[:, None] - self._center)
        beyond = np.abs(local) - self._half
        outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1)
        away = outside + np.minimum(beyond.max(axis=-1), 0.0)
        return float(max(0.0, (radii[:, None] - away).max()))
