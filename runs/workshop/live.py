"""A training as it goes on: a table on a terminal, plain lines in a log; all on stderr."""

import sys
import time
from collections import deque
from typing import Any

from ...vlm.tuning.trainer import Entry
from ..console import LINE_SECONDS

SHOWN = 14
"""Lines of the log in the table."""
_COLUMNS = ("step", "epoch", "loss", "held out", "learning rate", "gradient norm", "time")


class Live:
    """Shows log lines and how far it is.

    Args:
        title: of the table.
    """

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._lines: deque[Entry] = deque(maxlen=SHOWN)
        self._step = self._total = 0
        self._began, self._first = time.monotonic(), -1
        self._told = 0.0
        self._live: Any = None

    def start(self) -> None:
        """Begin to show."""
        self._began = time.monotonic()
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live as RichLive

            self._live = RichLive(
                console=Console(stderr=True),
                refresh_per_second=4,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def entry(self, entry: Entry) -> None:
        """One more line of the log."""
        self._lines.append(entry)
        if self._live is not None:
            self._live.update(self._table())
            return
        now = time.monotonic()
        if "eval_loss" in entry or now - self._told >= LINE_SECONDS:
            self._told = now
            print(plain_line(entry, self._total), file=sys.stderr, flush=True)

    def step(self, step: int, total: int) -> None:
        """One more step is done."""
        if self._first < 0:
            self._first, self._began = step - 1, time.monotonic()
        self._step, self._total = step, total
        if self._live is not None:
            self._live.update(self._table())

    def stop(self) -> None:
        """Leave the terminal with the last table; may be called twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _table(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self._title or None, title_justify="left")
        for name in _COLUMNS:
            table.add_column(name, justify="right")
        for entry in self._lines:
            table.add_row(*cells(entry))
        bar = ProgressBar(total=max(self._total, 1), completed=self._step, width=40)
        return Group(table, bar, Text(f"step {self._step} of {self._total}{self._left()}"))

    def _left(self) -> str:
        done = self._step - self._first
        if done < 2:
            return ""
        rate = done / max(time.monotonic() - self._began, 1e-9)
        return f", {rate:.2f} steps/s, {duration((self._total - self._step) / rate)} left"


def cells(entry: Entry) -> tuple[str, ...]:
    """One line of the log for the table."""

    def of(name: str, form: str) -> str:
        return format(entry[name], form) if name in entry else ""

    return (
        of("step", ".0f"),
        of("epoch", ".2f"),
        of("loss", ".4f"),
        of("eval_loss", ".4f"),
        of("learning_rate", ".2e"),
        of("grad_norm", ".3f"),
        duration(entry.get("seconds", 0.0)),
    )


def plain_line(entry: Entry, total: int) -> str:
    """One line of the log for a log."""
    said = [f"step {entry['step']:.0f}" + (f"/{total}" if total else "")]
    names = {"loss": "loss", "eval_loss": "held-out loss", "learning_rate": "learning rate"}
    said += [f"{text} {entry[name]:.4g}" for name, text in names.items() if name in entry]
    return ", ".join([*said, duration(entry.get("seconds", 0.0))])


def duration(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
