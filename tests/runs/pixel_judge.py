"""A judge whose likelihoods are written in the pixels, for tests of what is made of them.

The red value r of the newest frame's first pixel means the margin (r - 128) / 32. Green 1 makes the
judge fail on the clip, green 2 makes it answer with a number that is none.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from leapcasa.configs import JudgeError
from leapcasa.envs.sensors import View
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict
from leapcasa.judges.nll import AnswerNLL

FRAMES = 8


class PixelJudge:
    """Speaks both protocols: of a judge, and of a scorer."""

    def __init__(self, bias: float = 0.0, method: str = "right_left") -> None:
        self._bias, self._method = bias, method
        self.calls: list[int] = []
        """Length of every batch so far."""

    @property
    def info(self) -> JudgeInfo:
        return JudgeInfo(name="pixels", privileged=False, frames=FRAMES)

    def reset(self, instruction: str) -> None:
        del instruction

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        raise NotImplementedError

    def measure_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]]
    ) -> list[dict[View, dict[str, AnswerNLL]]]:
        self.calls.append(len(items))
        return [{v: self._one(clip) for v, clip in clips.items()} for clips, _ in items]

    def _one(self, clip: Clip) -> dict[str, AnswerNLL]:
        red, green, _ = (int(value) for value in clip[-1, 0, 0])
        if green == 1:
            raise JudgeError("the model gave up on this clip")
        margin = (red - 128) / 32 + self._bias + (np.nan if green == 2 else 0.0)
        # "complete" first: the order of labels must not matter
        return {
            COMPLETE: AnswerNLL(nll=3 - margin / 2, tokens=1),
            NOT_COMPLETE: AnswerNLL(nll=2 * (3 + margin / 2), tokens=2),
        }


def clip(margin: float, *, frames: int = 12, green: int = 0) -> np.ndarray:
    """(frames, 8, 8, 3) uint8 on which the judge finds this margin, rounded to 1/32."""
    made = np.zeros((frames, 8, 8, 3), dtype=np.uint8)
    made[..., 0] = int(np.clip(round(128 + 32 * margin), 0, 255))
    made[..., 1] = green
    return made
