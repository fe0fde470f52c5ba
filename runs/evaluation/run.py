"""The evaluation's own loop: hands episodes to workers and records what comes back.

The store is written here and nowhere else. Ctrl-C and SIGTERM set a flag that is looked at between
two episodes, so nothing is ever cut in half by them.
"""

import contextlib
import shutil
import signal
import threading
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ...configs import ConfigError, LeapcasaError, RunConfig
from ..records import RecordError
from .episode import Episode, Key
from .jobs import Job, Play
from .pool import Ended, Workers
from .store import Store

TRIES = 2
"""Runs of an episode whose infrastructure fails, within one call."""
TICK_S = 0.2
"""How often a wish to stop is looked at."""
HOPELESS = 6
"""So many workers in a row that die before an episode ends: something is wrong with all of them."""


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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How episodes are run; none of it changes a result."""

    workers: int
    time_limit: float
    """Seconds an episode may take, kitchen included."""
    play: Play


class Stop:
    """A wish to stop."""

    def __init__(self) -> None:
        self.wished = False

    def wish(self, *_: object) -> None:
        """Ask for an end after the row in hand; usable as a signal handler."""
        self.wished = True


def run(
    store: Store,
    config: RunConfig,
    todo: Sequence[Key],
    fingerprint: str,
    settings: Settings,
    onlooker: Onlooker,
) -> bool:
    """Run episodes until all are recorded.

    Args:
        store: takes the rows.
        config: of every episode, but for task, split and seed.
        todo: episodes to run, in this order.
        fingerprint: of the configuration.
        settings: how.
        onlooker: is told.

    Returns:
        False if it was interrupted.

    Raises:
        ConfigError: if an episode cannot be run because of what was asked for.
        RecordError: if something cannot be written.
        LeapcasaError: if no worker lives long enough.
    """
    course = _Course(store, config, todo, fingerprint, onlooker)
    workers = Workers(settings.workers, settings.play, settings.time_limit)
    with _signals() as stop:
        try:
            while not stop.wished and (course.waiting or workers.running):
                while course.waiting and workers.free and not stop.wished:
                    workers.start(course.next())
                ended = workers.wait(TICK_S)
                if ended is not None:
                    course.take(ended)
                onlooker.tick()
        finally:
            workers.stop()
            for job in course.in_hand:
                course.clear(job)
    return not stop.wished


class _Course:
    """Which episodes wait, and what follows when one ends."""

    def __init__(
        self,
        store: Store,
        config: RunConfig,
        todo: Sequence[Key],
        fingerprint: str,
        onlooker: Onlooker,
    ) -> None:
        self._store, self._config, self._onlooker = store, config, onlooker
        self._fingerprint = fingerprint
        self.waiting = deque(todo)
        self.in_hand: list[Job] = []
        self._earlier = {row.key: row.attempt for row in store.episodes()}
        self._tries: Counter[Key] = Counter()
        self._mark = uuid.uuid4().hex[:8]  # an orphan of an earlier call may still be writing
        self._deaths = 0

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
        """Record what came of a job."""
        job = ended.job
        self.in_hand.remove(job)
        outcome = ended.outcome
        if outcome is None:
            self._lost(job, ended)
        elif outcome.kind == "sealed":
            self._deaths = 0
            self._note(self._store.take_in(job.folder))
        else:
            self.clear(job)
            if outcome.kind == "refused":
                raise ConfigError(f"{job.key.name}: {outcome.message}")
            if outcome.kind == "unwritable":
                raise RecordError(_go_on(outcome.message, self._store.folder))
            self.waiting.appendleft(job.key)
            self._tries[job.key] -= 1

    def clear(self, job: Job) -> None:
        """Throw away what a job left behind."""
        shutil.rmtree(job.folder, ignore_errors=True)
        job.log.unlink(missing_ok=True)

    def _lost(self, job: Job, ended: Ended) -> None:
        words = _last_words(job.log)
        self._store.keep_broken(job.folder, job.log, job.key)
        self._deaths += not ended.late
        row = Episode(
            task=job.key.task,
            split=job.key.split,
            seed=job.key.seed,
            status="infrastructure_error",
            attempt=job.attempt,
            end_reason="infrastructure_error",
            error=ended.trouble + (f"; its last words: {words}" if words else ""),
        )
        self._store.record(row)
        self._note(row)
        if self._deaths >= HOPELESS:
            raise LeapcasaError(
                f"{self._deaths} workers in a row ended without an episode; the last one: "
                f"{row.error}; see {self._store.folder / 'broken'}, mend it and go on with --resume"
            )

    def _note(self, row: Episode) -> None:
        failed = row.status == "infrastructure_error"
        again = failed and self._tries[row.key] < TRIES
        if again:
            self.waiting.append(row.key)
        self._onlooker.recorded(row, again=again)


@contextlib.contextmanager
def _signals() -> Iterator[Stop]:
    """While inside, Ctrl-C and SIGTERM are a wish, not an exception."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {n: signal.signal(n, stop.wish) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _go_on(message: str, folder: Path) -> str:
    return f"{message}; what is recorded stays, go on with --resume --out {folder}"


def _last_words(log: Path) -> str:
    """The last line that a dead worker printed."""
    try:
        with open(log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4000))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
