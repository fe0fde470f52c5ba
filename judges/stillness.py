"""A baseline judge of pixels alone: something moved, and then it came to rest.

It knows nothing of the subtask, so it takes any finished motion for success. What it is good for:
a lower bound for judges, and a loop in which nothing is privileged.
"""

from collections.abc import Mapping

import numpy as np

from ..configs import JudgeError
from ..envs.sensors import View
from .base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict

_STRIDE = 4
"""Every fourth pixel of every fourth row is looked at."""


class StillnessJudge:
    """Complete when every view has moved since the subtask began and then stayed still.

    The motion between two frames is the mean absolute difference of their pixels (0..255). Motion
    counts once it has exceeded `moved`; a view is still if it stays below `still` over the newest
    `rest` frames. Score(complete) is the largest motion of the rest over `still`, and 2 while
    nothing has moved; score(not complete) is 1: lower wins.

    Args:
        moved: what counts as motion [grey levels].
        still: what counts as rest [grey levels].
        rest: how many of the newest frames must be still.
        frames: length of the clips it asks for.
    """

    def __init__(
        self, moved: float = 1.0, still: float = 0.15, rest: int = 16, frames: int = 64
    ) -> None:
        if not 0 < still <= moved:
            raise ValueError(f"0 < still <= moved is needed, got {still!r} and {moved!r}")
        if not 2 <= rest <= frames:
            raise ValueError(f"2 <= rest <= frames is needed, got {rest!r} and {frames!r}")
        self._moved, self._still, self._rest, self._frames = moved, still, rest, frames
        self._has_moved: dict[View, bool] = {}

    @property
    def info(self) -> JudgeInfo:
        """Looks at both external views."""
        return JudgeInfo(name="stillness", privileged=False, frames=self._frames)

    def reset(self, instruction: str) -> None:
        """A new subtask: nothing has moved yet."""
        del instruction
        self._has_moved = {}

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Judge the end of the clips by motion alone.

        Raises:
            JudgeError: if there is no clip, or one of fewer frames than the rest takes.
        """
        del instruction
        if not clips:
            raise JudgeError("the judge 'stillness' was given no clip")
        scores: dict[View, float] = {v: self._score(v, clip) for v, clip in clips.items()}
        worst = max(scores.values())
        label = COMPLETE if worst < 1.0 else NOT_COMPLETE
        per_view: dict[View, dict[str, float]] = {
            view: {NOT_COMPLETE: 1.0, COMPLETE: score} for view, score in scores.items()
        }
        return Verdict(
            label=label,
            scores={NOT_COMPLETE: 1.0, COMPLETE: worst},
            per_view=per_view,
        )

    def _score(self, view: View, clip: Clip) -> float:
        if len(clip) < self._rest:
            raise JudgeError(f"a clip of {len(clip)} frames; {self._rest} are needed")
        motion = motions(clip)
        if motion.max() > self._moved:
            self._has_moved[view] = True
        if not self._has_moved.get(view):
            return 2.0
        return float(motion[-(self._rest - 1) :].max() / self._still)


def motions(clip: Clip) -> np.ndarray:
    """Mean absolute difference of neighbouring frames.

    Args:
        clip: (T, H, W, 3) uint8, T >= 2.

    Returns:
        (T - 1,) float64 in grey levels 0..255.
    """
    thin = clip[:, ::_STRIDE, ::_STRIDE].astype(np.int16)
    return np.abs(np.diff(thin, axis=0)).mean(axis=(1, 2, 3))
