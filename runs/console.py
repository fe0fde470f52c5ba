"""What the user sees: results on stdout, everything else on stderr.

With `--json` stdout carries one JSON object and nothing else, whatever the libraries underneath
print: `Console.quiet_stdout` sends their output to stderr, C code's included.
"""

import contextlib
import json as jsonlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .records import plain

LINE_SECONDS = 10.0
"""Where stderr is no terminal, progress is a plain line this often."""


class Console:
    """The two streams of one command.

    Args:
        json: print results as one JSON object instead of text.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json

    def result(self, value: Mapping[str, Any], text: str) -> None:
        """Print the result of the command, as JSON or as text."""
        shown = jsonlib.dumps(value, ensure_ascii=False, default=plain) if self.json else text
        sys.stdout.write(shown.rstrip("\n") + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Tell the user something on stderr."""
        print(text, file=sys.stderr, flush=True)

    def error(self, message: str, *, kind: str, code: int) -> None:
        """Report why the command ends without a result."""
        with contextlib.suppress(OSError):
            print(f"leapcasa: {message}", file=sys.stderr, flush=True)
            if self.json:
                self.result({"error": message, "kind": kind, "exit_code": code}, "")

    @contextlib.contextmanager
    def quiet_stdout(self) -> Iterator[None]:
        """While inside, whatever is written to stdout, also by C code, goes to stderr."""
        sys.stdout.flush()
        try:
            kept = os.dup(1)
        except OSError:  # started without a stdout
            yield
            return
        os.dup2(2, 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(kept, 1)
            os.close(kept)


class Progress:
    """One moving line on a terminal, a plain line now and then in a log; all on stderr.

    Args:
        total: expected steps, None if unknown.
        unit: what is counted, for the rate.
    """

    def __init__(self, total: int | None, unit: str = "steps") -> None:
        self._total, self._unit = total, unit
        self._began = self._last = time.monotonic()
        self._live: Any = None
        if sys.stderr.isatty():
            self._live, self._bar = _live_bar(total)

    def update(self, done: int, text: str) -> None:
        """Show how far it is."""
        now = time.monotonic()
        rate = done / max(now - self._began, 1e-9)
        if self._live is not None:
            self._live.update(self._bar, completed=done, text=text, rate=f"{rate:.1f}/s")
        elif now - self._last >= LINE_SECONDS:
            self._last = now
            of = f"/{self._total}" if self._total else ""
            line = f"{done}{of} {self._unit}, {rate:.1f}/s, {text}"
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the terminal as it was; may be called twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class Stages:
    """Kinds of work one after the other, each with a bar of its own; leaving closes the last."""

    def __init__(self) -> None:
        self._now: tuple[str, int] | None = None
        self._bar: Progress | None = None

    def __enter__(self) -> "Stages":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def told(self, what: str, total: int, done: int) -> None:
        """Show what is being done, how much there is of it, and how much is done."""
        if self._bar is None or self._now != (what, total):
            self.__exit__()
            self._now, self._bar = (what, total), Progress(total, what)
        self._bar.update(done, "")


def _live_bar(total: int | None) -> tuple[Any, Any]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    live = RichProgress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[text]}", markup=False),
        console=RichConsole(stderr=True),
        transient=True,
        # rich would otherwise print what others write to stdout on its own stream
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar = live.add_task("", total=total, text="", rate="")
    live.start()
    return live, bar
