"""Tables for people: Markdown that reads well in a log, drawn boxes on a terminal."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table of text; the first column is flush left, the others flush right."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def shown(table: TextTable) -> str:
    """The table as stdout can best show it."""
    return boxed(table) if sys.stdout.isatty() else markdown(table)


def markdown(table: TextTable) -> str:
    """The table in Markdown, columns aligned."""
    lines = [table.head, *table.rows]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(table.head))]
    rule = [("-" * w if i == 0 else "-" * (w - 1) + ":") for i, w in enumerate(widths)]
    return "\n".join(_line(line, widths) for line in (table.head, tuple(rule), *table.rows))


def boxed(table: TextTable) -> str:
    """The table with drawn lines, at most as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table()
    for i, name in enumerate(table.head):
        made.add_column(Text(name), justify="left" if i == 0 else "right")
    for row in table.rows:
        made.add_row(*map(Text, row))
    stream = io.StringIO()
    Console(file=stream, width=Console().width).print(made)
    return stream.getvalue().rstrip("\n")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
