"""From a finished record to its row: counts of events, and the judge beside the truth."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..result import Result
from .episode import Confusion, Episode, Status

FAILED_ATTEMPTS = ("Retried", "Skipped", "Replanned")
"""Exactly one of these, or a stop with `gave_up`, follows an attempt that ran out."""
STATUSES: Mapping[str, Status] = {
    "error": "error",
    "infrastructure_error": "infrastructure_error",
}
"""End reason -> status; every other end is scored."""


def read(folder: Path, result: Result, *, attempt: int, max_steps: int) -> Episode:
    """The row of one finished record.

    Args:
        folder: of the record; its tables may be missing if the episode broke early.
        result: what the rollout said.
        attempt: which run of this episode it was.
        max_steps: the episode's limit.
    """
    events = read_events(folder / "events.jsonl")
    kinds = Counter(str(event.get("event")) for event in events)
    done = sum(subtask["status"] == "done" for subtask in result.subtasks)
    return Episode(
        task=result.task,
        split=result.split,
        seed=result.seed,
        status=STATUSES.get(result.end_reason, "scored"),
        attempt=attempt,
        end_reason=result.end_reason,
        error=result.error,
        error_kind=result.error_kind,
        success=result.success,
        success_at_end=result.success_at_end,
        first_success_step=result.first_success_step,
        declared_success=result.declared_success,
        steps=result.steps,
        max_steps=max_steps,
        subtasks=len(result.subtasks),
        subtasks_done=done,
        timeouts=sum(kinds[kind] for kind in FAILED_ATTEMPTS) + (result.end_reason == "gave_up"),
        replans=kinds["Replanned"],
        policy_calls=kinds["PolicyCalled"],
        judge=confusion(events, read_truth(folder / "truth.parquet")),
        clipped_actions=result.clipped_actions,
        seconds=result.seconds,
        setup_seconds=result.setup_seconds,
        privileged=tuple(result.privileged),
        assets=f"{result.assets}-{result.assets_version}",
    )


def confusion(
    events: Iterable[Mapping[str, Any]], truth: Mapping[int, tuple[int | None, float | None]]
) -> Confusion:
    """Each verdict beside the truth of the same step.

    Args:
        events: of the record, in order.
        truth: step -> the subtask in hand and how much of it was really done (1 is all).
    """
    counts: Counter[str] = Counter()
    for event in events:
        if event.get("event") != "JudgeCalled":
            continue
        subtask, progress = truth.get(event["step"], (None, None))
        if progress is None or subtask != event["index"]:
            counts["unknown"] += 1
            continue
        right = bool(event["accepted"]) == (progress >= 1.0)
        label = "complete" if event["accepted"] else "not_complete"
        counts[f"{'true' if right else 'false'}_{label}"] += 1
    return Confusion(**counts)


def read_events(path: Path) -> Sequence[Mapping[str, Any]]:
    """All whole lines of `events.jsonl`; none if the file is missing."""
    events: list[Mapping[str, Any]] = []
    try:
        # Not splitlines: a text may hold other ends of lines, such as U+2028.
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return events
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def read_truth(path: Path) -> Mapping[int, tuple[int | None, float | None]]:
    """Step -> subtask in hand and its true progress; empty if the file is missing or broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["step", "subtask", "subtask_progress"])
    except (OSError, pa.ArrowException):
        return {}
    columns = (table[name].to_pylist() for name in ("step", "subtask", "subtask_progress"))
    return {step: (subtask, progress) for step, subtask, progress in zip(*columns, strict=True)}
