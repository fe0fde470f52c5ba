"""From places in pictures to places in the room, look after look.

Every picture says of every point in which direction it lies and how sure that is. Directions of
three cameras and of earlier looks meet, by weighted least squares, in the frame in which the robot
feels where its base stands; so points stay where they are while the base drives. Older looks count
less and less, as parts move. Directions, and memories, that do
not fit the others lose weight (Cauchy's).
"""

import numpy as np
import numpy.typing as npt

from . import cameras
from .geometry import POINTS, Floats, matrix

MEMORY = 0.75
"""What a look still counts at the next one."""
STRAY_M = 0.005
"""How far a point may stray from one look to the next, unseen [m]."""
SUREST_M = 0.004
"""A point is never held to be surer than this."""
UNKNOWN_M = 0.20
"""A point that is less sure than this is not known."""
PRIOR_AT, PRIOR_M = (0.7, 0.0, 1.0), 1.0
"""Where points are before anything was seen, in the frame of the base [m], and how unsure."""
OUTLIER = 1.0
"""Standard deviations at which a direction counts half. Few, as the eyes say more than they err:
half of the errors in kitchens that were not trained on are below 0.4 of them."""
ROUNDS = 5
FIRST_ROUND = 0.05
"""Weight of what was known before in the first round, so that a part that moved is found again."""


class Tracker:
    """What is known of the points of one subtask."""

    def __init__(self) -> None:
        self._at: npt.NDArray[np.float64] | None = None
        self._sure = np.zeros((POINTS, 3, 3))

    def look(self, felt: Floats, places: Floats, unsure: Floats) -> None:
        """Take a look into account.

        Args:
            felt: (16,) proprioception at the look.
            places: (3, POINTS, 2) views right, left, hand; see `cameras.project`.
            unsure: (3, POINTS) standard deviations, in the same units.
        """
        felt = np.asarray(felt, np.float64)
        turn, base = matrix(felt[5:9]), felt[2:5]
        normals, centres, depths = cameras.rays(places, felt[9:12], felt[12:16])
        normals, centres = normals @ turn.T, centres @ turn.T + base
        back, halves = depths[:, :3] @ turn.T, depths[:, 3]
        if self._at is None:
            self._at = np.tile(turn @ np.array(PRIOR_AT) + base, (POINTS, 1))
            self._sure = np.tile(np.eye(3) / PRIOR_M**2, (POINTS, 1, 1))
        for index in range(POINTS):
            self._at[index], self._sure[index] = _met(
                self._at[index], _older(self._sure[index]), normals[:, index], centres,
                back, halves * unsure[:, index],
            )  # fmt: skip

    def points(self, felt: Floats) -> npt.NDArray[np.float64]:
        """(POINTS, 3) in the frame of the base as it stands [m]; NaN where unknown.

        Args:
            felt: (16,) proprioception now.
        """
        if self._at is None:
            return np.full((POINTS, 3), np.nan)
        felt = np.asarray(felt, np.float64)
        at = (self._at - felt[2:5]) @ matrix(felt[5:9])
        return np.where(self.unsure()[:, None] < UNKNOWN_M, at, np.nan)

    def unsure(self) -> npt.NDArray[np.float64]:
        """(POINTS,) standard deviations [m]."""
        return np.sqrt(np.trace(np.linalg.inv(self._sure), axis1=1, axis2=2) / 3)


def _older(sure: Floats) -> Floats:
    """What is left of an inverse covariance by the next look."""
    return np.linalg.inv(np.linalg.inv(MEMORY * sure) + STRAY_M**2 * np.eye(3))


def _met(
    before: Floats, sure: Floats, normals: Floats, centres: Floats, back: Floats, errors: Floats
) -> tuple[Floats, Floats]:
    """Where directions and what was known before meet, and how sure that is.

    Args:
        before: (3,) the point as it was known.
        sure: (3, 3) inverse of its covariance.
        normals: (V, 2, 3) of the planes.
        centres: (V, 3) of the cameras.
        back: (V, 3) the cameras' ways back.
        errors: (V,) standard deviation of a direction, at one metre [m].
    """
    at, total, doubt, kept = before, sure, np.ones(len(centres)), FIRST_ROUND
    for _ in range(ROUNDS):
        depth = np.maximum(np.einsum("vi,vi->v", back, centres - at), 0.05)
        sigma = np.maximum(errors * depth, 1e-4)
        weight = doubt / sigma**2
        total = kept * sure + np.einsum("v,vki,vkj->ij", weight, normals, normals)
        right = kept * sure @ before + np.einsum(
            "v,vki,vk->i", weight, normals, np.einsum("vki,vi->vk", normals, centres)
        )
        at = np.linalg.solve(total, right)
        missed = np.einsum("vki,vki->vk", normals, (at - centres)[:, None] * np.ones((1, 2, 1)))
        doubt = 1 / (1 + ((missed / sigma[:, None]) ** 2).sum(1) / OUTLIER**2)
        kept = 1 / (1 + (at - before) @ sure @ (at - before) / OUTLIER**2)
    values, axes = np.linalg.eigh(total)
    return at, (axes * np.minimum(values, 1 / SUREST_M**2)) @ axes.T
