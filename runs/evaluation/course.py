"""Which episodes wait, and what follows when one ends; knows nothing of how they are run."""

import shutil
import time
import uuid
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ...configs import ConfigError, LeapcasaError, RunConfig
from ..records import RecordError, last_words
from .base import Ended
from .episode import Episode, Key
from .jobs import Job
from .store import Store

TRIES = 2
"""Runs of an episode whose infrastructure fails, within one call."""
HOPELESS = 6
"""So many workers in a row that end before an episode does: something is wrong with all of them."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
"""Before the next episode, after the policy's server was not there; twice as long each time."""


class Onlooker(Protocol):
    """Is told how the evaluation goes on."""

    def began(self, job: Job) -> None:
        """An episode was given to a worker."""
        ...

    def recorded(self, row: Episode, *, again: bool) -> None:
        """A row was written; `again`: the episode will be run once more."""
        ...

    def tick(self) -> None:
        """Some time has passed."""
        ...


class Halt(Protocol):
    """Says which episodes need not be run any more."""

    def take(self, row: Episode, *, again: bool) -> Collection[Key]:
        """Take a recorded row in; the episodes that are not needed from now on."""
        ...


def pending(
    wanted: Sequence[Key], rows: Sequence[Episode], *, retry_errors: bool = False
) -> list[Key]:
    """The episodes still to be run: seed by seed, so that early numbers cover every task.

    Args:
        wanted: all asked for.
        rows: all recorded.
        retry_errors: run episodes again that ended with an error of their own.
    """
    again = {"infrastructure_error", *(["error"] if retry_errors else [])}
    done = {row.key for row in rows if row.status not in again}
    return sorted((key for key in wanted if key not in done), key=lambda k: (k.seed, k.task))


class Course:
    """The episodes of one call, from waiting to recorded.

    Args:
        store: takes the rows.
        config: of every episode, but for task, split and seed.
        todo: episodes to run, in this order.
        fingerprint: of the configuration.
        onlooker: is told.
        halt: may end a task early; None for nobody.
        reached: whether the policy's server is known to have been there before.
    """

    def __init__(
        self,
        store: Store,
        config: RunConfig,
        todo: Sequence[Key],
        fingerprint: str,
        onlooker: Onlooker,
        halt: Halt | None = None,
        *,
        reached: bool = False,
    ) -> None:
        self._store, self._config, self._onlooker = store, config, onlooker
        self._fingerprint, self._halt = fingerprint, halt
        self.waiting = deque(todo)
        self.in_hand: list[Job] = []
        rows = store.episodes()
        self._earlier = {row.key: row.attempt for row in rows}
        self._server_was_there = reached or any(row.steps for row in rows)
        self._tries: Counter[Key] = Counter()
        self._mark = uuid.uuid4().hex[:8]  # an orphan of an earlier call may still be writing
        self._lost_in_a_row = 0
        self._resume_at = 0.0

    @property
    def ready(self) -> bool:
        """Whether an episode may be begun now."""
        return bool(self.waiting) and time.monotonic() >= self._resume_at

    def next(self) -> Job:
        """The next job; its folders are free."""
        key = self.waiting.popleft()
        self._tries[key] += 1
        attempt = self._earlier.get(key, 0) + self._tries[key]
        work = self._store.folder / "work"
        name = f"{key.name}_a{attempt}_{self._mark}"
        job = Job(
            config=replace(self._config, task=key.task, split=key.split, seed=key.seed),  # pyright: ignore[reportArgumentType]
            folder=work / name,
            final=self._store.folder / "episodes" / key.name,
            log=work / f"{name}.log",
            attempt=attempt,
            fingerprint=self._fingerprint,
        )
        self.in_hand.append(job)
        self._onlooker.began(job)
        return job

    def take(self, ended: Ended) -> None:
        """Record what came of a job.

        Raises:
            ConfigError: if it cannot be run because of what was asked for.
            RecordError: if something cannot be written.
            LeapcasaError: if nothing comes of too many in a row.
        """
        job = ended.job
        self.in_hand.remove(job)
        outcome = ended.outcome
        if outcome is None:
            words = last_words(job.log)
            trouble = ended.trouble + (f"; its last words: {words}" if words else "")
            self._lost(job, trouble, counts=not ended.late)
        elif outcome.kind == "sealed":
            row = self._store.take_in(job.folder)
            if row.status != "infrastructure_error":
                self._lost_in_a_row = 0
            self._note(row)
        elif outcome.kind == "unreachable" and self._was_reached():
            self._lost(job, outcome.message)
            pause = FIRST_PAUSE_S * 2 ** min(self._lost_in_a_row - 1, 10)
            self._resume_at = time.monotonic() + min(pause, LONGEST_PAUSE_S)
        else:
            self.clear(job)
            if outcome.kind in ("refused", "unreachable"):
                raise ConfigError(f"{job.key.name}: {outcome.message}")
            if outcome.kind == "unwritable":
                raise RecordError(_go_on(outcome.message, self._store.folder))
            self.waiting.appendleft(job.key)
            self._tries[job.key] -= 1

    def clear(self, job: Job) -> None:
        """Throw away what a job left behind."""
        shutil.rmtree(job.folder, ignore_errors=True)
        job.log.unlink(missing_ok=True)

    def _was_reached(self) -> bool:
        """Whether any episode of this evaluation had the policy's server, one in hand included."""
        in_hand = any((job.folder / "events.jsonl").exists() for job in self.in_hand)
        self._server_was_there = self._server_was_there or in_hand
        return self._server_was_there

    def _lost(self, job: Job, trouble: str, *, counts: bool = True) -> None:
        self._store.keep_broken(job.folder, job.log, job.key)
        self._lost_in_a_row += counts
        row = Episode(
            task=job.key.task,
            split=job.key.split,
            seed=job.key.seed,
            status="infrastructure_error",
            attempt=job.attempt,
            end_reason="infrastructure_error",
            error=trouble,
        )
        self._store.record(row)
        self._note(row)
        if self._lost_in_a_row >= HOPELESS:
            raise LeapcasaError(
                f"{self._lost_in_a_row} workers in a row ended without an episode; the last one: "
                f"{row.error}; see {self._store.folder / 'broken'}, mend it and go on with --resume"
            )

    def _note(self, row: Episode) -> None:
        self._server_was_there = self._server_was_there or row.steps > 0
        failed = row.status == "infrastructure_error"
        again = failed and self._tries[row.key] < TRIES
        if again:
            self.waiting.append(row.key)
        self._onlooker.recorded(row, again=again)
        if self._halt is not None:
            unneeded = set(self._halt.take(row, again=again))
            self.waiting = deque(key for key in self.waiting if key not in unneeded)


def _go_on(message: str, folder: Path) -> str:
    return f"{message}; what is recorded stays, go on with --resume --out {folder}"
