"""What an evaluation leaves for people and programs: a table, `summary.json` and two CSV files."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..judge_statistics import Rate
from ..records import replace_file, write_json
from ..tables import TextTable
from .episode import Episode, Key
from .sequential_run import Sequential
from .statistics import Group, per_set, per_task

FORMAT = 1
"""Of `summary.json`; goes up when a field changes its meaning."""
SUMMARY, EPISODES_CSV, TASKS_CSV = "summary.json", "episodes.csv", "per_task.csv"


def summarize(
    rows: Sequence[Episode],
    wanted: Sequence[Key],
    sets: Mapping[str, Sequence[str]],
    about: Mapping[str, Any],
    sequential: Sequential | None = None,
) -> dict[str, Any]:
    """The content of `summary.json`.

    Args:
        rows: all recorded episodes.
        wanted: all episodes asked for.
        sets: task names by set.
        about: what the evaluation is: its configuration, versions, assets.
        sequential: the rule to stop by; rates are then over the episodes that it lets count.
    """
    done = {row.key for row in rows} | (sequential.unneeded(rows) if sequential else set())
    missing = [key for key in wanted if key not in done]
    counted = sequential.counted(rows) if sequential else rows
    anytime = sequential is not None
    return {
        "format": FORMAT,
        "complete": not missing,
        "wanted": len(wanted),
        "recorded": len(rows),
        "missing": len(missing),
        "scored": sum(row.status == "scored" for row in rows),
        "errors": sum(row.status == "error" for row in rows),
        "infrastructure_errors": sum(row.status == "infrastructure_error" for row in rows),
        "privileged": sorted({part for row in rows for part in row.privileged}),
        "sequential": sequential.told(rows) if sequential else None,
        "tasks": [asdict(group) for group in per_task(counted, anytime=anytime)],
        "sets": [asdict(group) for group in per_set(counted, sets, anytime=anytime)],
        "unscored": [
            {"task": r.task, "split": r.split, "seed": r.seed, "status": r.status, "error": r.error}
            for r in rows
            if r.status != "scored"
        ],
        **about,
    }


def write(folder: Path, summary: Mapping[str, Any], rows: Sequence[Episode]) -> None:
    """Replace the three files, each in one move.

    Raises:
        RecordError: if one cannot be written.
    """
    write_json(folder / SUMMARY, summary)
    for name, text in csv_files(summary, rows).items():
        _replace(folder / name, text)


def csv_files(summary: Mapping[str, Any], rows: Sequence[Episode]) -> dict[str, bytes]:
    """What the two CSV files hold, by name.

    Args:
        summary: of `summarize`, at least `tasks` and `sets`.
        rows: all recorded episodes.
    """
    head = _flat(asdict(Episode(task="", split="", seed=0, status="scored")))
    groups = [_flat(group) for group in (*summary["tasks"], *summary["sets"])]
    return {
        EPISODES_CSV: csv_text(head, [_flat(asdict(row)) for row in rows]),
        TASKS_CSV: csv_text(groups[-1], groups),  # `all` is always there
    }


def _replace(path: Path, text: bytes) -> None:
    replace_file(path, lambda stream: stream.write(text))


def table(
    rows: Sequence[Episode],
    sets: Mapping[str, Sequence[str]],
    sequential: Sequential | None = None,
) -> TextTable:
    """The numbers for people: a line a task, then a line a set."""
    anytime = sequential is not None
    counted = sequential.counted(rows) if sequential else rows
    tasks = per_task(counted, anytime=anytime)
    groups = per_set(counted, sets, anytime=anytime)
    shown = tasks if len(tasks) == 1 else [*tasks, *groups]
    sure = "95 % anytime" if anytime else "95 %"
    head = ("task", "n", "errors", "success", sure, "subtasks", "false done", "missed",
            "timeouts", "replans", "judge", "steps", "s")  # fmt: skip
    return TextTable(head=head, rows=[_line(group) for group in shown])


def _line(group: Group) -> tuple[str, ...]:
    name = group.name if group.tasks == 1 else f"{group.name} ({group.tasks} tasks)"
    return (
        name,
        str(group.n),
        str(group.errors + group.infrastructure_errors),
        f"{group.success.hits} ({percent(group.success.value)})",
        interval(group.success),
        percent(group.progress),
        str(group.declared.false_completions),
        str(group.declared.missed_completions),
        str(group.timeouts),
        str(group.replans),
        percent(group.judge_accuracy.value),
        number(group.steps_median),
        number(group.seconds_mean, 1),
    )


def percent(value: float | None) -> str:
    """A share in percent; a dash for None."""
    return "-" if value is None else f"{100 * value:.0f}%"


def interval(rate: Rate) -> str:
    """The interval of a rate."""
    return "-" if rate.low is None else f"{100 * rate.low:.0f}-{percent(rate.high)}"


def number(value: float | None, digits: int = 0) -> str:
    """A number; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name == "ends":  # its names differ from group to group
            found[prefix + name] = " ".join(f"{k}={v}" for k, v in value.items())
        elif isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}_")
        elif isinstance(value, list | tuple):
            found[prefix + name] = " ".join(map(str, value))
        else:
            found[prefix + name] = value
    return found


def csv_text(head: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as CSV; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(head), lineterminator="\n")
    writer.writeheader()
    for line in rows:
        writer.writerow({k: _cell(v) for k, v in line.items()})
    return stream.getvalue().encode()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
