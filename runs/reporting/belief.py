"""One episode over time as the agent saw it: plans, attempts at subtasks, verdicts, incidents.

Made from `events.jsonl` alone, which may end anywhere and hold anything: what does not fit is
passed over, never guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .clean import clean, number, texts, whole, words

OUTCOMES = {
    "Advanced": "done",
    "Retried": "ran_out",
    "Replanned": "ran_out",
    "Skipped": "ran_out",
}
"""What an event says of the attempt in hand: the agent declared it done, or it ran out of its time
(or of the judge's refusals)."""
REMEDIES = {"Retried": "retried", "Replanned": "replanned", "Skipped": "skipped"}


def belief(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The agent's side of an episode.

    Args:
        events: of the record, in order.

    Returns:
        `plans`, `attempts`, `judge` (columns, one value a verdict), `policy`, `incidents`, `end`;
        all in control steps.
    """
    kept = [clean(event) for event in events]
    plans = [_plan(event) for event in kept if event.get("event") in ("PlanMade", "Replanned")]
    return {
        "plans": plans,
        "attempts": attempts(kept),
        "judge": _judge(kept),
        "policy": _policy(kept),
        "incidents": [
            {"step": _step(e), "kind": words(e.get("kind")), "text": words(e.get("text"))}
            for e in kept
            if e.get("event") == "PolicyIncident"
        ],
        "end": _end(kept),
    }


def attempts(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each attempt at a subtask, in order.

    Returns:
        `index` of the subtask, its `text`, `attempt` from 0, `from` and `to` [steps], `outcome`
        (`done`, `ran_out`, or `cut` by the end of the episode) and what the agent did about it
        (`remedy`: `retried`, `skipped`, `replanned`, `gave_up` or nothing).
    """
    found: list[dict[str, Any]] = []
    open_one: dict[str, Any] | None = None
    last = 0
    for event in events:
        kind, last = event.get("event"), max(last, _step(event))
        if kind == "SubtaskStarted":
            open_one = {
                "index": whole(event.get("index")),
                "text": words(event.get("text")),
                "attempt": whole(event.get("attempt")),
                "from": _step(event),
                "to": None,
                "outcome": "cut",
                "remedy": "",
            }
            found.append(open_one)
            continue
        gave_up = kind == "Stopped" and event.get("reason") == "gave_up"
        if open_one is not None and (kind in OUTCOMES or gave_up):
            open_one["to"] = _step(event)
            open_one["outcome"] = "ran_out" if gave_up else OUTCOMES[str(kind)]
            open_one["remedy"] = "gave_up" if gave_up else REMEDIES.get(str(kind), "")
            open_one = None
    for number_, one in enumerate(found):
        if one["to"] is None:
            one["to"] = found[number_ + 1]["from"] if number_ + 1 < len(found) else last
    return found


def _plan(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "step": _step(event),
        "anew": event.get("event") == "Replanned",
        "made_by": words(event.get("made_by")),
        "subtasks": texts(event.get("subtasks")),
        "said": texts(event.get("said")),
        "rejected": texts(event.get("rejected")),
        "raw": words(event.get("raw")),
    }


def _judge(events: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "step": [], "index": [], "margin": [], "accepted": [], "milliseconds": []
    }  # fmt: skip
    for event in events:
        margin = number(event.get("margin"))
        if event.get("event") != "JudgeCalled" or margin is None:
            continue
        columns["step"].append(_step(event))
        columns["index"].append(whole(event.get("index")))
        columns["margin"].append(float(f"{margin:.4g}"))
        columns["accepted"].append(event.get("accepted") is True)
        columns["milliseconds"].append(round(number(event.get("milliseconds")) or 0.0, 2))
    return columns


def _policy(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Calls as runs of equal distance: [first, last, distance]."""
    runs: list[list[int]] = []
    calls = clipped = 0
    for event in events:
        if event.get("event") != "PolicyCalled":
            continue
        step, calls = _step(event), calls + 1
        clipped += whole(event.get("clipped"))
        run = runs[-1] if runs else None
        if run is not None and run[0] == run[1] < step:
            run[1], run[2] = step, step - run[0]
        elif run is not None and run[2] and step - run[1] == run[2]:
            run[1] = step
        else:
            runs.append([step, step, 0])
    return {"calls": calls, "clipped": clipped, "runs": runs}


def _end(events: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    for event in reversed(events):
        if event.get("event") == "Ended":
            return {"step": _step(event), "reason": words(event.get("reason"))}
    return None


def _step(event: Mapping[str, Any]) -> int:
    return max(0, whole(event.get("step")))
