"""The judge that never says complete: with it an episode runs to its last step."""

from collections.abc import Mapping

from ..envs.sensors import View
from .base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict


class NeverJudge:
    """Looks at nothing and declares nothing: how the official evaluators run episodes."""

    @property
    def info(self) -> JudgeInfo:
        """Wants no frames."""
        return JudgeInfo(name="never", privileged=False, views=(), frames=0)

    def reset(self, instruction: str) -> None:
        """Nothing to forget."""
        del instruction

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Not complete."""
        del clips, instruction
        return Verdict(label=NOT_COMPLETE, scores={NOT_COMPLETE: 0.0, COMPLETE: 1.0})
