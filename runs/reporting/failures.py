"""Why episodes failed: scored failures by reason, errors by kind, subtasks that ran out."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..evaluation.episode import Episode
from ..narrator import ENDS

REASONS: Mapping[str, str] = {
    "false_completion": "declared done, but RoboCasa's criterion was never met",
    "gave_up": "the agent gave up",
    "incomplete": "the plan came to its end, not all of it done",
    "horizon": "ran to the horizon",
    "wall_time": "ran out of wall time",
}
"""Reason -> words; other ends stand under their own name."""
LONGEST_MESSAGE = 300

Belief = Mapping[str, Any]
"""What `belief.belief` makes of one episode."""


def reason(row: Episode) -> str | None:
    """Why a scored episode failed; None if it succeeded or has no score."""
    if row.status != "scored" or row.success:
        return None
    return "false_completion" if row.declared_success else row.end_reason or "unknown"


def failures(episodes: Sequence[tuple[Episode, Belief | None]]) -> dict[str, Any]:
    """The breakdown.

    Args:
        episodes: each row with its course; None where there is no record.

    Returns:
        `failed` and `reasons` (scored failures), `missed_completions` (successes nobody declared),
        `errors` (by status and message), `subtasks` (attempts by text), `stood_at` (what scored
        failures had in hand at their end).
    """
    rows = [row for row, _ in episodes]
    reasons = Counter(found for row in rows if (found := reason(row)) is not None)
    return {
        "failed": sum(reasons.values()),
        "reasons": _reasons(reasons),
        "missed_completions": sum(
            row.status == "scored" and row.success and not row.declared_success for row in rows
        ),
        "errors": errors(rows),
        "subtasks": subtasks(episodes),
        "stood_at": _stood_at(episodes),
    }


def _reasons(counts: Counter[str]) -> list[dict[str, Any]]:
    total = sum(counts.values())
    order = {name: place for place, name in enumerate(REASONS)}
    names = sorted(counts, key=lambda name: (-counts[name], order.get(name, len(order)), name))
    return [
        {
            "reason": name,
            "words": REASONS.get(name, ENDS.get(name, name)),
            "n": counts[name],
            "share": counts[name] / total,
        }
        for name in names
    ]


def errors(rows: Sequence[Episode]) -> list[dict[str, Any]]:
    """Episodes without a score by what broke; numbers and paths in messages do not tell apart."""
    groups: dict[tuple[str, str, str], list[Episode]] = defaultdict(list)
    for row in rows:
        if row.status != "scored":
            groups[row.status, row.error_kind or "", _shape(row.error or "")].append(row)
    made = [
        {
            "status": status,
            "kind": kind,
            "n": len(found),
            "message": (found[0].error or "no message")[:LONGEST_MESSAGE],
            "first": asdict(found[0].key),
        }
        for (status, kind, _), found in groups.items()
    ]
    return sorted(made, key=lambda one: -one["n"])


def subtasks(episodes: Sequence[tuple[Episode, Belief | None]]) -> list[dict[str, Any]]:
    """Attempts at each subtask, by its words, in scored episodes; what ran out most comes first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, belief in episodes:
        if row.status != "scored" or belief is None:
            continue
        for one in belief["attempts"]:
            counts[one["text"]]["attempts"] += 1
            counts[one["text"]][one["outcome"]] += 1
        for text in {one["text"] for one in belief["attempts"]}:
            counts[text]["episodes"] += 1
    names = ("episodes", "attempts", "done", "ran_out", "cut")
    made = [{"text": text, **{n: found[n] for n in names}} for text, found in counts.items()]
    return sorted(made, key=lambda one: (-one["ran_out"], -one["attempts"], one["text"]))


def _stood_at(episodes: Sequence[tuple[Episode, Belief | None]]) -> list[dict[str, Any]]:
    counts = Counter(
        belief["attempts"][-1]["text"]
        for row, belief in episodes
        if reason(row) is not None and belief is not None and belief["attempts"]
    )
    return [{"text": text, "n": n} for text, n in counts.most_common()]


def _shape(message: str) -> str:
    """A message without what differs from episode to episode."""
    first = (message.splitlines() or [""])[0]
    return re.sub(r"\d+", "#", re.sub(r"/\S+", "/...", first))[:LONGEST_MESSAGE]
