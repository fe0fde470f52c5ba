"""Measuring every clip of a manifest once: decode ahead, judge in batches, keep what is done.

Files are hashed and decoded by threads while the model works on the batch before. A clip that
cannot be read or judged is an error of its row: it is reported and never counted as an answer. If
clips fail one after the other the judge itself is broken, and its error ends the evaluation.
"""

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ..configs import JudgeError, LeapcasaError
from ..envs.sensors import View
from ..judges.base import Clip
from . import judge_store
from .clip_files import read_views
from .journal import Journal
from .judge_setup import Likelihoods, Scorer, content_hash, ordered
from .judge_store import Measured
from .manifest import Row

DECODERS = 2
"""Threads; each runs an ffmpeg of its own."""
FAILURES_IN_A_ROW = 3
"""So many clips that the judge fails on one after the other end the evaluation."""

Report = Callable[[int, "Outcome"], None]


@dataclass(kw_only=True)
class Outcome:
    """What became of the rows."""

    measured: dict[str, Measured] = field(default_factory=dict)
    """By row id."""
    errors: dict[str, str] = field(default_factory=dict)
    """By row id: why there is no measurement."""
    reused: int = 0
    """How many were measured before."""

    @property
    def done(self) -> int:
        """Rows that are finished, well or not."""
        return len(self.measured) + len(self.errors)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ready:
    """A row whose files were read."""

    row: Row
    key: str = ""
    frames: int = 0
    clips: dict[View, Clip] = field(default_factory=dict)
    known: Measured | None = None
    error: str = ""


class Measurement:
    """Measures rows with one judge.

    Args:
        scorer: the judge.
        identity: what its numbers depend on, see `judge_setup.identity`.
        store: where measurements are kept and found again.
        batch: rows that are given to the judge at once.
    """

    def __init__(self, scorer: Scorer, identity: str, store: Journal[Measured], batch: int) -> None:
        self._scorer, self._identity, self._store, self._batch = scorer, identity, store, batch
        self._frames = scorer.info.frames
        self._hash = functools.cache(content_hash)
        self._failures = 0
        self.outcome = Outcome()

    def run(self, rows: Sequence[Row], report: Report) -> Outcome:
        """Measure all rows that were not measured before.

        Args:
            rows: the manifest's.
            report: called after every row with the number of finished ones.

        Raises:
            JudgeError: if the judge fails on clip after clip.
            RecordError: if the store cannot be written.
        """
        pending: list[_Ready] = []
        with contextlib.closing(self._ahead(rows)) as ahead:
            for ready in ahead:
                if ready.error:
                    self.outcome.errors[ready.row.id] = ready.error
                elif ready.known is not None:
                    self.outcome.measured[ready.row.id] = ready.known
                    self.outcome.reused += 1
                else:
                    pending.append(ready)
                    if len(pending) == self._batch:
                        self._judge(pending)
                        pending = []
                report(self.outcome.done, self.outcome)
        self._judge(pending)
        report(self.outcome.done, self.outcome)
        return self.outcome

    def _ahead(self, rows: Sequence[Row]) -> Generator[_Ready, None, None]:
        """Rows in order, read by threads a batch ahead of where they are used."""
        waiting: deque[Future[_Ready]] = deque()
        upcoming = iter(rows)
        pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="leapcasa-decode")
        try:
            while True:
                while len(waiting) < max(self._batch, DECODERS):
                    row = next(upcoming, None)
                    if row is None:
                        break
                    waiting.append(pool.submit(self._read, row))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, row: Row) -> _Ready:
        try:
            part = "" if row.span is None else f"[{row.span.begin}:{row.span.end}]"
            contents: dict[View, str] = {v: self._hash(p) + part for v, p in row.clips.items()}
            key = judge_store.key(self._identity, row.instruction, contents)
            known = self._store.get(key)
            if known is not None:
                return _Ready(row=row, key=key, known=known)
            files = read_views(row.clips, self._frames, row.span)
        except LeapcasaError as error:
            return _Ready(row=row, error=str(error))
        return _Ready(
            row=row,
            key=key,
            frames=next(iter(files.values())).total,
            clips={view: file.clip for view, file in files.items()},
        )

    def _judge(self, batch: Sequence[_Ready]) -> None:
        """Measure a batch; where it fails, one by one to find the clip that is to blame."""
        if not batch:
            return
        try:
            results = self._scorer.measure_batch([(r.clips, r.row.instruction) for r in batch])
        except LeapcasaError as error:
            if len(batch) == 1:
                self._failed(batch[0], error)
                return
            for one in batch:
                self._judge([one])
            return
        self._keep(batch, results)

    def _keep(self, batch: Sequence[_Ready], results: Sequence[Likelihoods]) -> None:
        good: list[Measured] = []
        bad: list[tuple[_Ready, JudgeError]] = []
        for ready, likelihoods in zip(batch, results, strict=True):
            if set(likelihoods) == set(ready.clips) and judge_store.usable(likelihoods):
                one = Measured(key=ready.key, frames=ready.frames, likelihoods=ordered(likelihoods))
                self.outcome.measured[ready.row.id] = one
                good.append(one)
            else:
                what = f"no finite likelihood of both labels in every view: {dict(likelihoods)}"
                bad.append((ready, JudgeError(what)))
        self._store.add(good)
        if good:
            self._failures = 0
        for ready, error in bad:
            self._failed(ready, error)

    def _failed(self, ready: _Ready, error: LeapcasaError) -> None:
        self.outcome.errors[ready.row.id] = str(error)
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise JudgeError(
                f"the judge failed on {self._failures} clips in a row, the last at "
                f"{ready.row.where}: {error}"
            ) from error
