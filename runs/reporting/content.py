"""What a report says, as plain values: the content of `report.json`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...envs.tasks import task_sets
from ..evaluation import report as numbers
from ..evaluation import sequential_run
from ..versions import version
from .clean import clean, mapping
from .costs import costs
from .episodes import Told
from .failures import failures
from .leaderboard import figures, leaderboard
from .source import Source

FORMAT = 1
"""Of `report.json`; goes up when a field changes its meaning."""


def content(source: Source, told: Sequence[Told], title: str | None = None) -> dict[str, Any]:
    """Everything, the episodes' courses included.

    Args:
        source: the folder.
        told: its episodes.
        title: of the page; None for one made of the tasks.
    """
    sets, about = task_sets(), dict(source.about)
    about["stop_when"] = source.rule.text if source.rule else None
    summary = numbers.summarize(source.rows, source.wanted, sets, {}, source.rule)
    kept = source.rule.counted(source.rows) if source.rule else source.rows
    counted = {row.key for row in kept}
    pairs = [(one.row, one.course) for one in told]
    return clean(
        {
            "format": FORMAT,
            "title": title or _title(source),
            "kind": source.kind,
            "name": source.folder.name,
            "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "made_by": f"leapcasa {version('leapcasa')}",
            "about": {
                "preset": about.get("preset"),
                "begun": about.get("begun"),
                "assets": about.get("assets"),
                "config": mapping(about.get("config")),
                "parts": next((one.parts for one in told if one.parts), {}),
                "versions": mapping(about.get("versions")),
                "machine": mapping(about.get("machine")),
            },
            "compares_with_published": not figures(source.rows, about, sets).reasons,
            "stopped": sequential_run.lines(summary["sequential"]),
            **{
                name: value for name, value in summary.items() if name not in ("format", "unscored")
            },
            "failures": failures([pair for pair in pairs if pair[0].key in counted]),
            "costs": costs(pairs),
            "leaderboard": leaderboard(source.rows, about, sets),
            "attribution": source.attribution or None,
            "episodes": [one.as_json() for one in told],
        }
    )


def _title(source: Source) -> str:
    tasks = list(dict.fromkeys(key.task for key in source.wanted))
    if source.kind == "rollout":
        row = source.rows[0]
        return f"{row.task}, {row.split} scenes, seed {row.seed}"
    if not tasks:
        return "An evaluation without episodes"
    shown = tasks if len(tasks) <= 3 else tasks[:2]
    more = f" and {len(tasks) - len(shown)} more tasks" if len(tasks) > len(shown) else ""
    return ", ".join(shown) + more


def attempts_table(told: Sequence[Told]) -> list[Mapping[str, Any]]:
    """A row for each attempt at a subtask, of all episodes with a record."""
    return [
        {**asdict(one.row.key), **attempt}
        for one in told
        if one.course is not None
        for attempt in one.course["attempts"]
    ]


ATTEMPTS_HEAD = (
    "task", "split", "seed", "index", "text", "attempt", "from", "to", "outcome", "remedy"
)  # fmt: skip
