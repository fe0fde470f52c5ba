"""Writes a policy's incidents to `events.jsonl`, each at the step it happened on."""

from ..policies.base import Policy
from ..policies.incidents import Watched
from .episode import Look
from .recorder import Recorder


class IncidentLog:
    """An observer that looks for news after every step.

    Args:
        policy: whose incidents these are; one that tells none has none.
        recorder: where they go.
    """

    def __init__(self, policy: Policy, recorder: Recorder) -> None:
        self._policy = policy if isinstance(policy, Watched) else None
        self._recorder, self._written = recorder, 0

    @property
    def count(self) -> int:
        """How many there were so far."""
        return len(self._policy.incidents) if self._policy else 0

    def saw(self, look: Look) -> None:
        """Write what has happened on this look."""
        self.write(look.sensors.step)

    def write(self, step: int) -> None:
        """Write what has happened since the last time.

        Raises:
            RecordError: if it cannot be written.
        """
        if self._policy is None:
            return
        for incident in self._policy.incidents[self._written :]:
            fields = {"kind": incident.kind, "text": incident.text}
            self._recorder.note("PolicyIncident", step, fields)
            self._written += 1
