"""An episode's course as the page draws it: as little as the eye can tell from the whole.

`report.json` holds everything; a page with thousands of episodes has to open.
"""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_VERDICTS = 240
"""Points of the judge's curve; of more, the lowest and highest of each stretch are kept, and the
first of those accepted in a row."""
MOST_CHANGES = 240
LONGEST_TEXT = 4000
"""Characters of a planner's own words, of an error."""


def course(believed: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The agent's side."""
    if believed is None:
        return None
    judge = believed["judge"]
    kept = chosen(judge["margin"], judge["accepted"])
    return {
        **believed,
        "plans": [{**plan, "raw": cut(plan["raw"])} for plan in believed["plans"]],
        "judge": {
            "n": len(judge["step"]),
            **{name: [judge[name][i] for i in kept] for name in ("step", "index", "margin")},
            "accepted": [int(judge["accepted"][i]) for i in kept],
        },
        "policy": {**believed["policy"], "runs": _calls(believed["policy"]["runs"])},
    }


def truth(known: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The referee's side."""
    if known is None:
        return None
    changes = known["progress"]
    if len(changes) <= MOST_CHANGES:
        return dict(known)
    every = -(-len(changes) // MOST_CHANGES)
    kept = [
        change
        for number, change in enumerate(changes)
        if number % every == 0 or _turn(changes, number)
    ]
    return {**known, "progress": kept}


def chosen(margins: Sequence[float], accepted: Sequence[bool]) -> list[int]:
    """Which verdicts are drawn: places, rising."""
    count = len(margins)
    if count <= MOST_VERDICTS:
        return list(range(count))
    width = -(-2 * count // MOST_VERDICTS)
    kept = {0, count - 1, *(i for i in range(count) if accepted[i] and _first(accepted, i))}
    for start in range(0, count, width):
        stretch = range(start, min(start + width, count))
        kept |= {min(stretch, key=margins.__getitem__), max(stretch, key=margins.__getitem__)}
    return sorted(kept)


def _calls(runs: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
    """Runs of calls; as one without a distance, which is drawn solid, if they are too many."""
    return runs if len(runs) <= MOST_CHANGES else [[runs[0][0], runs[-1][1], 0]]


def cut(text: str) -> str:
    """A text of at most `LONGEST_TEXT` characters."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _first(accepted: Sequence[bool], place: int) -> bool:
    return place == 0 or not accepted[place - 1]


def _turn(changes: Sequence[Sequence[Any]], number: int) -> bool:
    """Whether a change must be seen: another subtask, its completion, an unknown, the last one."""
    if number in (0, len(changes) - 1):
        return True
    before, now = changes[number - 1], changes[number]
    return before[1] != now[1] or (before[2] is None) != (now[2] is None) or now[2] == 1.0
