"""What really happened, written down beside what the agent believed.

The witness has a referee of its own, shows nothing to the agent, and changes nothing in the
episode: its tables let a judge be measured without being helped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..agent import events as log
from ..configs import LeapcasaError
from ..envs.referee import Referee


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The truth at one step, before the agent decides."""

    success: bool
    """RoboCasa's own success criterion, now."""
    ever: bool
    """It held at this step or an earlier one, among those that count."""
    subtask: int | None
    """The subtask that the agent has in hand."""
    progress: float | None
    """How much of it is really done, 0..1, 1 exactly when it is complete; None if its words name
    nothing that the referee can check."""


class Witness:
    """Reads the truth once a step.

    Args:
        referee: of the kitchen the episode runs in; nobody else's.
        others: the referees that privileged parts hold. They remember what happened since a
            subtask began, so they have to see every step, asked or not.
        every: steps between two readings of success that count; those after each whole chunk of so
            many steps, or all, step 0 included, if it is 1.
        last: the last step of the episode, which always counts; None if there is none.
    """

    def __init__(
        self,
        referee: Referee,
        others: Sequence[Referee] = (),
        *,
        every: int = 1,
        last: int | None = None,
    ) -> None:
        self._referee, self._others = referee, others
        self._every, self._last_step = every, last
        self._subtask: int | None = None
        self._watching = False
        self.first_success: int | None = None
        """The first step that counts at which the task was a success; None if it never was."""
        self.last: Truth | None = None
        """The newest truth."""

    def look(self, step: int) -> Truth:
        """Read the truth of this step; call once, before the agent acts."""
        for other in self._others:
            other.observe()
        success = self._referee.success()
        if success and self.first_success is None and self._counts(step):
            self.first_success = step
        self.last = Truth(
            success=success,
            ever=self.first_success is not None,
            subtask=self._subtask,
            progress=self._progress(),
        )
        return self.last

    def _counts(self, step: int) -> bool:
        if self._every == 1 or step == self._last_step:
            return True
        return step > 0 and step % self._every == 0

    def heard(self, events: Sequence[log.Event]) -> None:
        """Follow the agent to the subtask it turned to."""
        for event in events:
            if isinstance(event, log.SubtaskStarted):
                self._subtask = event.index
                self._watching = self._watch(event.text)
            elif isinstance(event, log.Stopped):
                self._subtask, self._watching = None, False

    def _watch(self, text: str) -> bool:
        try:
            self._referee.watch(text)
        except LeapcasaError:
            return False
        return True

    def _progress(self) -> float | None:
        if not self._watching:
            return None
        try:
            progress = float(self._referee.progress())
        except LeapcasaError:
            self._watching = False
            return None
        return progress if math.isfinite(progress) else None
