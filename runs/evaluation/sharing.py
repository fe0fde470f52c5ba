"""An executor whose workers share one scoring process, around one whose workers would not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...judges import wire
from ...judges.remote import Desk
from ..scoring.keeper import Keeper
from .base import Ended, Executor
from .episode import sealed
from .jobs import Job


class Sharing:
    """Gives every job the address of the scoring process, and looks after that process.

    While it is being started again no job begins. Jobs in hand that need it end by themselves, as
    infrastructure errors.

    Args:
        executor: runs the jobs, on this machine.
        keeper: of the scoring process, which listens.
    """

    def __init__(self, executor: Executor, keeper: Keeper) -> None:
        self._executor, self._keeper = executor, keeper
        self._ready = True
        self._line: Any = None

    @property
    def free(self) -> int:
        """How many jobs may be started now."""
        return self._executor.free if self._ready else 0

    @property
    def running(self) -> Sequence[Job]:
        """The jobs in hand."""
        return self._executor.running

    def start(self, job: Job) -> None:
        """Start a job; it asks the scoring process for verdicts, if that has its judge."""
        if job.config.judge == self._keeper.spec:
            desk = Desk(address=self._keeper.address, stream=job.folder.name)
            job = replace(job, desk=desk)
        self._executor.start(job)

    def wait(self, seconds: float) -> Ended | None:
        """The next job that ended.

        Raises:
            LeapcasaError: if the scoring process ends again and again.
        """
        self._ready = self._keeper.ready()
        ended = self._executor.wait(seconds)
        if ended is None:
            return None
        job = replace(ended.job, desk=None)
        self._forget(job.folder.name)
        whole = sealed(job.folder)
        if whole is not None and whole[0].status == "scored":
            self._keeper.well()
        return replace(ended, job=job)

    def stop(self) -> None:
        """End workers and scoring process."""
        self._executor.stop()
        if self._line is not None:
            self._line.context.destroy(linger=0)
            self._line = None
        self._keeper.close()

    def _forget(self, stream: str) -> None:
        """Tell the scoring process that an episode is over."""
        if not self._ready:
            return  # it has nothing to forget
        if self._line is None:
            import zmq

            self._line = zmq.Context().socket(zmq.DEALER)
            self._line.linger = 0
            self._line.connect(self._keeper.address)
        self._line.send_multipart([b"", wire.packed({"op": "forget", "stream": stream})])
