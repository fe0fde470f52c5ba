"""From places in pictures to places in the room, look after look.

Every picture says of every point in which direction it lies and how sure that is. Directions of
three cameras and of earlier looks meet, by weighted least squares, in the frame in which the robot
feels where its base stands; so points stay where they are while the base drives. Older looks count
less and less, as parts move. Where the points' shape is known (`shape.py`), what it says is met as
well, by Gauss and Newton's steps, as distances are not linear. Directions, memories and shapes that
do not fit the others lose weight (Cauchy's).
"""

import numpy as np
import numpy.typing as npt

from . import cameras
from .geometry import POINTS, Floats, matrix
from .shape import Shape, measures

MEMORY = 0.75
"""What a look still counts at the next one."""
STRAY_M = 0.005
"""How far a point may stray from one look to the next, unseen [m]."""
SUREST_M = 0.004
"""A point is never held to be surer than this."""
UNKNOWN_M = 0.20
"""A point that is less sure than this is not known."""
PRIOR_AT, PRIOR_M, FAR_PRIOR_M = (0.7, 0.0, 1.0), 1.0, 4.0
"""Where points are before anything was seen, in the frame of the base [m], and how unsure; that may
be across the kitchen."""
OUTLIER = 1.0
"""Standard deviations at which a direction counts half. Few, as the eyes say more than they err:
half of the errors in kitchens that were not trained on are below 0.4 of them."""
SHAPE_STDS, SHAPE_M = 1.5, 0.005
"""How unsure a shape is in another kitchen: so many of its standard deviations, and at least so
much [m]."""
OTHER_SHAPE = 3.0
"""Standard deviations at which what a shape says counts half: not every part is of the kind that it
was learned from."""
STEP_M = 1e-5
"""To differentiate by [m]."""
ROUNDS = 5
FIRST_ROUND = 0.05
"""Weight of what was known before in the first round, so that a part that moved is found again."""


class Tracker:
    """What is known of the points of one subtask.

    Args:
        shape: what they are known to keep to.
        far_share: a far point is known if it is surer than this share of its distance; 0 where
            the hand has to hit it.
    """

    def __init__(self, shape: Shape | None = None, far_share: float = 0.0) -> None:
        self._shape, self._far_share = shape, far_share
        self._at: npt.NDArray[np.float64] | None = None
        self._sure = np.zeros((POINTS, 3, 3))
        """What directions say, which is remembered; a shape is known afresh at every look."""
        self._unsure = np.full(POINTS, np.inf)

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
        if self._at is None:
            self._at = np.tile(turn @ np.array(PRIOR_AT) + base, (POINTS, 1))
            prior = FAR_PRIOR_M if self._far_share else PRIOR_M
            self._sure = np.tile(np.eye(3) / prior**2, (POINTS, 1, 1))
        seen = _Directions(
            normals @ turn.T, centres @ turn.T + base, depths[:, :3] @ turn.T,
            depths[:, 3:] * unsure,
        )  # fmt: skip
        self._meet(self._at, _older(self._sure), seen)

    def points(self, felt: Floats) -> npt.NDArray[np.float64]:
        """(POINTS, 3) in the frame of the base as it stands [m]; NaN where unknown.

        Args:
            felt: (16,) proprioception now.
        """
        if self._at is None:
            return np.full((POINTS, 3), np.nan)
        felt = np.asarray(felt, np.float64)
        at = (self._at - felt[2:5]) @ matrix(felt[5:9])
        limit = np.maximum(UNKNOWN_M, self._far_share * np.linalg.norm(at, axis=1))
        return np.where((self._unsure < limit)[:, None], at, np.nan)

    def unsure(self) -> npt.NDArray[np.float64]:
        """(POINTS,) standard deviations [m]; infinite before the first look."""
        return self._unsure

    def _meet(self, before: Floats, sure: Floats, seen: "_Directions") -> None:
        """Where directions, what was known before and the shape meet, and how sure that is.

        Args:
            before: (POINTS, 3) as they were known.
            sure: (POINTS, 3, 3) inverses of their covariances.
            seen: by the cameras.
        """
        at, doubt = before.astype(np.float64), np.ones(seen.errors.shape)
        kept, own, total = np.full(POINTS, FIRST_ROUND), sure, _apart(sure)
        for number in range(ROUNDS):
            own, right = seen.weighed(at, doubt)
            own = own + kept[:, None, None] * sure
            right = right + kept[:, None] * np.einsum("pij,pj->pi", sure, before)
            total, wanted = _apart(own), right.ravel()
            if self._shape is not None:
                more, aim = _shaped(self._shape, at, first=number == 0)
                total, wanted = total + more, wanted + aim
            at, last = np.linalg.solve(total, wanted).reshape(POINTS, 3), at
            doubt = seen.doubted(at, last)
            moved = at - before
            far = np.einsum("pi,pij,pj->p", moved, sure, moved)
            kept = 1 / (1 + far / OUTLIER**2)
        values, axes = np.linalg.eigh(own)
        held = np.minimum(values, 1 / SUREST_M**2)
        self._at, self._sure = at, np.einsum("pik,pk,pjk->pij", axes, held, axes)
        spread = np.diagonal(np.linalg.inv(total)).reshape(POINTS, 3).mean(1)
        self._unsure = np.sqrt(np.maximum(spread, SUREST_M**2))


class _Directions:
    """What V cameras say of the points at one look.

    Args:
        normals: (V, POINTS, 2, 3) of the planes in which they are.
        centres: (V, 3) of the cameras.
        back: (V, 3) the cameras' ways back.
        errors: (V, POINTS) standard deviations, at one metre [m].
    """

    def __init__(self, normals: Floats, centres: Floats, back: Floats, errors: Floats) -> None:
        self.errors = errors
        self._normals, self._centres, self._back = normals, centres, back
        self._aims = np.einsum("vpki,vi->vpk", normals, centres)

    def weighed(self, at: Floats, doubt: Floats) -> tuple[Floats, Floats]:
        """(POINTS, 3, 3) and (POINTS, 3): normal equations near `at`, by (V, POINTS) weights."""
        weight = doubt / self._sigma(at) ** 2
        return (
            np.einsum("vp,vpki,vpkj->pij", weight, self._normals, self._normals),
            np.einsum("vp,vpki,vpk->pi", weight, self._normals, self._aims),
        )

    def doubted(self, at: Floats, near: Floats) -> npt.NDArray[np.float64]:
        """(V, POINTS) what the directions count that `at` is to fit, weighed near `near`."""
        missed = np.einsum("vpki,pi->vpk", self._normals, at) - self._aims
        return 1 / (1 + ((missed / self._sigma(near)[..., None]) ** 2).sum(-1) / OUTLIER**2)

    def _sigma(self, at: Floats) -> npt.NDArray[np.float64]:
        depth = np.einsum("vi,vpi->vp", self._back, self._centres[:, None] - at)
        return np.maximum(self.errors * np.maximum(depth, 0.05), 1e-4)


def _older(sure: Floats) -> Floats:
    """What is left of inverse covariances by the next look."""
    return np.linalg.inv(np.linalg.inv(MEMORY * sure) + STRAY_M**2 * np.eye(3))


def _apart(own: Floats) -> npt.NDArray[np.float64]:
    """(9, 9) of (POINTS, 3, 3): points that know nothing of each other."""
    total = np.zeros((POINTS, 3, POINTS, 3))
    total[np.arange(POINTS), :, np.arange(POINTS), :] = own
    return total.reshape(3 * POINTS, 3 * POINTS)


def _shaped(shape: Shape, at: Floats, *, first: bool) -> tuple[Floats, Floats]:
    """(9, 9) and (9,): a shape's part of the normal equations near `at`.

    Args:
        shape: the points'.
        at: (POINTS, 3) where they are held to be.
        first: nothing is known yet of where; then heights alone can be told.
    """
    shifts = STEP_M * np.eye(3 * POINTS).reshape(-1, POINTS, 3)
    now, slopes = measures(at), (measures(at + shifts) - measures(at - shifts)).T / (2 * STEP_M)
    known = np.isfinite(now) & np.isfinite(slopes).all(1)
    known[POINTS:] &= not first
    now, slopes = now[known], slopes[known]
    std = np.maximum(SHAPE_STDS * shape.std[known], SHAPE_M)
    missed = shape.mean[known] - now
    doubt = 1 if first else 1 / (1 + (missed / std / OTHER_SHAPE) ** 2)
    weight = doubt / std**2
    total = slopes.T @ (weight[:, None] * slopes)
    return total, slopes.T @ (weight * missed) + total @ at.ravel()
