"""The referee as a judge: the true state of the subtask (privileged, looks at no pixels)."""

import time
from collections.abc import Mapping

from ..configs.errors import EnvironmentFault, JudgeError
from ..envs.referee import Referee
from ..envs.sensors import View
from ..envs.skills import UnknownSubtask
from .base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict


class RefereeJudge:
    """Reads the truth instead of judging clips: the upper bound of what a judge can be.

    The score of a label is 0 when it is true and grows to 1 as it gets more wrong, so that the
    curve in the video shows the progress of the subtask.

    Args:
        referee: the truth of the kitchen the agent works in.
    """

    def __init__(self, referee: Referee) -> None:
        self._referee = referee
        self._instruction: str | None = None

    @property
    def info(self) -> JudgeInfo:
        """Privileged; wants no frames."""
        return JudgeInfo(name="referee", privileged=True, views=(), frames=0)

    def reset(self, instruction: str) -> None:
        """Begin to watch a subtask.

        Raises:
            JudgeError: if the referee has no criterion for these words.
        """
        try:
            self._referee.watch(instruction)
        except (UnknownSubtask, EnvironmentFault) as problem:
            raise JudgeError(f"the referee cannot judge {instruction!r}: {problem}") from problem
        self._instruction = instruction

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """The truth of this moment; the clips are not looked at.

        Raises:
            JudgeError: if `reset` was not called with this instruction.
        """
        del clips
        if instruction != self._instruction:
            raise JudgeError(
                f"the referee watches {self._instruction!r} and was asked about {instruction!r}; "
                "call reset() when a subtask begins"
            )
        begun = time.perf_counter()
        progress = self._referee.progress()
        done = progress >= 1.0
        return Verdict(
            label=COMPLETE if done else NOT_COMPLETE,
            scores={COMPLETE: 1.0 - progress, NOT_COMPLETE: 1.0 if done else 0.0},
            milliseconds=1e3 * (time.perf_counter() - begun),
        )
