"""What runs episodes for an evaluation: processes of this machine, or tasks of a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .jobs import Job, Outcome


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of a job."""

    job: Job
    outcome: Outcome | None
    """None if the worker died or ran out of time."""
    trouble: str = ""
    """Why there is no outcome."""
    late: bool = False
    """It ran out of time."""


class Executor(Protocol):
    """A number of places where one episode at a time can run; for one thread.

    A sealed episode lies in its job's folder when `wait` returns it, wherever it was run. Whatever
    kills one worker costs its own episode alone, and no executor runs a job a second time: that is
    for the evaluation to decide.
    """

    @property
    def free(self) -> int:
        """How many jobs may be started now."""
        ...

    @property
    def running(self) -> Sequence[Job]:
        """The jobs in hand."""
        ...

    def start(self, job: Job) -> None:
        """Give a job to a free place; returns at once."""
        ...

    def wait(self, seconds: float) -> Ended | None:
        """The next job that ended; None if there is none after so many seconds.

        Raises:
            LeapcasaError: if no further job can be run here.
        """
        ...

    def stop(self) -> None:
        """End everything that was started; jobs in hand are lost. May be called twice."""
        ...
