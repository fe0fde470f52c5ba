"""How an evaluation is watched: bars on a terminal, a line an episode in a log; all on stderr."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..console import Console
from ..judge_statistics import wilson
from .episode import Episode, Key
from .jobs import Job
from .report import interval, percent
from .sequential import sequence

MOST_BARS = 12
"""With more tasks, only those in hand have a bar."""
ALL = "all"


class Board:
    """An onlooker that shows counts, rates with intervals, and the time that is left.

    Args:
        wanted: all episodes asked for.
        rows: those recorded before.
        todo: how many are to be run now.
        console: where lines go.
        anytime: whether results decide when a task stops, see `sequential`.
    """

    def __init__(
        self,
        wanted: Sequence[Key],
        rows: Iterable[Episode],
        todo: int,
        console: Console,
        *,
        anytime: bool = False,
    ) -> None:
        self._console, self._todo, self._anytime = console, todo, anytime
        self._began = time.monotonic()
        self._ended = 0
        self._total = Counter(key.task for key in wanted)
        self._total[ALL] = len(wanted)
        self._rows: dict[Key, Episode] = {row.key: row for row in rows}
        self._bars = _Bars(self._total, self._line) if sys.stderr.isatty() else None

    def began(self, job: Job) -> None:
        """An episode was given to a worker."""
        if self._bars is not None:
            self._bars.show(job.key.task)

    def recorded(self, row: Episode, *, again: bool) -> None:
        """A row was written."""
        if again:
            self._rows.pop(row.key, None)  # the bar waits for the last run
        else:
            self._rows[row.key] = row
            self._ended += 1
        if self._bars is not None:
            self._bars.update(row.task)
            if row.status != "scored":
                self._bars.say(_words(row, again=again))
            return
        count = f"[{sum(key.task in self._total for key in self._rows)}/{self._total[ALL]}]"
        self._console.note(f"{count} {_words(row, again=again)}; {self._line(row.task)[1]}; "
                           f"{self.left()} left")  # fmt: skip

    def stopped(self, task: str, words: str) -> None:
        """A task was decided: what is left of it will not be run."""
        rows = sum(key.task == task for key in self._rows)
        self._todo -= self._total[task] - rows
        if self._bars is not None:
            self._bars.say(words)
        else:
            self._console.note(words)

    def tick(self) -> None:
        """Keep the clock moving."""
        if self._bars is not None:
            self._bars.update(ALL, self.left())

    def left(self) -> str:
        """Time until the end, in words."""
        if not self._ended:
            return "?"
        each = (time.monotonic() - self._began) / self._ended
        return duration(each * max(0, self._todo - self._ended))

    def close(self) -> None:
        """Leave the terminal as it was; may be called twice."""
        if self._bars is not None:
            self._bars.close()

    def _line(self, task: str) -> tuple[int, str]:
        """Episodes of a task recorded so far, and its rate in words."""
        rows = [row for row in self._rows.values() if task in (row.task, ALL)]
        scored = [row for row in rows if row.status == "scored"]
        if not scored:
            return len(rows), "none scored"
        known = sequence if self._anytime else wilson
        rate = known(sum(row.success for row in scored), len(scored))
        sure = "" if self._anytime and task == ALL else f", {interval(rate)}"
        return len(rows), f"{rate.hits} of {rate.n} ({percent(rate.value)}{sure})"


def duration(seconds: float) -> str:
    """A time span for people: `45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _words(row: Episode, *, again: bool) -> str:
    if row.status == "scored":
        what = ("success" if row.success else "no success") + f" after {row.steps} steps"
        if row.declared_success and not row.success:
            what += ", falsely declared done"
    else:
        what = f"{row.status.replace('_', ' ')}: {row.error or 'unknown'}"
        what += "; will be tried again" if again else ""
    return f"{row.task} {row.split} seed {row.seed}: {what}"


class _Bars:
    """Bars of rich, one a task."""

    def __init__(self, totals: Counter[str], line: Any) -> None:
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._line, self._few = line, len(totals) - 1 <= MOST_BARS
        self._live = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False),
            console=RichConsole(stderr=True),
            redirect_stdout=False,
            redirect_stderr=False,
        )
        names = [name for name in totals if name != ALL]
        self._ids = {
            name: self._live.add_task(name, total=totals[name], text="", left="",
                                      visible=self._few or name == ALL)
            for name in [*names, *([ALL] if ALL in totals else [])]
        }  # fmt: skip
        for name in self._ids:
            self.update(name)
        self._live.start()

    def show(self, task: str) -> None:
        if task in self._ids:
            self._live.update(self._ids[task], visible=True)

    def update(self, task: str, left: str | None = None) -> None:
        if task not in self._ids:
            return
        done, text = self._line(task)
        bar = self._ids[task]
        self._live.update(bar, completed=done, text=text)
        if left is not None:
            self._live.update(bar, left=f"{left} left")
        finished = done >= (self._live.tasks[bar].total or 0)
        if finished and not self._few and task != ALL:
            self._live.update(bar, visible=False)

    def say(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._live.stop()
