"""When a subtask is done and what follows if it never is: pure logic over counts and margins."""

from typing import Literal

from ..configs import AdvanceConfig

Remedy = Literal["retry", "replan", "skip", "stop"]


class AdvanceRule:
    """Counts verdicts and attempts of the subtask in hand.

    Args:
        config: intervals, margins, patience.
    """

    def __init__(self, config: AdvanceConfig) -> None:
        self.config = config
        self.attempt = 0
        """Attempts at this subtask that have failed."""
        self.replans = 0
        """How often the planner was asked again."""
        self._streak = 0
        self._refusals = 0
        self._waits = False

    def begin_episode(self) -> None:
        """Forget everything."""
        self.replans = 0
        self.begin_subtask()

    def begin_subtask(self, *, waits: bool = False) -> None:
        """Forget the subtask before.

        Args:
            waits: whether the new one only waits.
        """
        self.attempt = 0
        self._waits = waits
        self._streak = 0
        self._refusals = 0

    def judge_due(self, steps: int) -> bool:
        """True if a verdict is wanted now.

        Args:
            steps: control steps since this attempt began.
        """
        return steps > 0 and steps % self.config.interval == 0

    def accepts(self, margin: float) -> bool:
        """True if a verdict with this margin says complete clearly enough."""
        return margin > self.config.margin

    def complete(self, margin: float) -> bool:
        """Take one verdict in; True if with it the subtask counts as done."""
        accepted = self.accepts(margin)
        self._streak = self._streak + 1 if accepted else 0
        self._refusals = 0 if accepted else self._refusals + 1
        return self._streak >= self.config.consecutive

    def timed_out(self, steps: int) -> bool:
        """True if this attempt has had its time."""
        config = self.config
        return steps >= (max(config.timeout, config.waiting) if self._waits else config.timeout)

    @property
    def refused_too_often(self) -> bool:
        """True if this attempt has had as many refusals in a row as are borne."""
        most = self.config.max_refusals
        return most is not None and self._refusals >= most

    def remedy(self) -> Remedy:
        """What follows a failed attempt; counts it."""
        self._streak = 0
        self._refusals = 0
        if self.attempt < self.config.retries and not self._waits:
            self.attempt += 1
            return "retry"
        if self.config.on_timeout != "replan":
            return self.config.on_timeout
        if self.replans < self.config.max_replans:
            self.replans += 1
            return "replan"
        return "stop"
