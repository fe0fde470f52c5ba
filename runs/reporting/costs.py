"""What episodes cost in wall time, by task and in all."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from ..evaluation.episode import Episode
from .failures import Belief


def costs(episodes: Sequence[tuple[Episode, Belief | None]]) -> list[dict[str, Any]]:
    """A line for each task, and `all` at the end if there are several."""
    tasks = sorted({row.task for row, _ in episodes})
    lines = [_line(task, [e for e in episodes if e[0].task == task]) for task in tasks]
    return [*lines, _line("all", episodes)] if len(tasks) > 1 else lines


def _line(name: str, episodes: Sequence[tuple[Episode, Belief | None]]) -> dict[str, Any]:
    """Wall times of scored episodes [s]; they include whatever else the machine did."""
    scored = [(row, belief) for row, belief in episodes if row.status == "scored"]
    seconds = sorted(row.seconds + row.setup_seconds for row, _ in scored)
    running = math.fsum(row.seconds for row, _ in scored)
    verdicts = [ms for _, belief in scored if belief for ms in belief["judge"]["milliseconds"]]
    every = [row.seconds + row.setup_seconds for row, _ in episodes]
    return {
        "name": name,
        "n": len(scored),
        "seconds_mean": _mean(seconds),
        "seconds_median": round(statistics.median(seconds), 2) if seconds else None,
        "seconds_p90": seconds[math.ceil(0.9 * len(seconds)) - 1] if seconds else None,
        "setup_seconds_mean": _mean([row.setup_seconds for row, _ in scored]),
        "steps_per_second": round(sum(r.steps for r, _ in scored) / running, 2)
        if running
        else None,
        "policy_calls_mean": _mean([row.policy_calls for row, _ in scored]),
        "judge_calls_mean": round(len(verdicts) / len(scored), 2) if scored else None,
        "judge_milliseconds_mean": _mean(verdicts),
        "seconds_total": round(math.fsum(every), 2),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(math.fsum(values) / len(values), 2) if values else None
