"""What an attribution says: `attribution.json`, and a table with one plain sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...configs import to_dict
from ..records import write_json
from ..tables import TextTable, shown
from .attribution import PARTS, Blame, Coalition, Variant, blame, minimal, sentence, variants
from .attribution_run import CONTROL, Reruns, folder_of
from .episode import Key
from .report import interval, percent

FILE = "attribution.json"
FORMAT = 1
"""Of `attribution.json`; goes up when a field changes its meaning."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The answer to `--attribute`."""

    summary: Mapping[str, Any]
    """The content of `attribution.json`."""
    text: str
    """The same for people."""
    finished: bool
    """False if it was interrupted."""
    unanswered: int
    """Runs that broke through what they ran on; `--resume` tries them again."""


def summarize(made: Reruns) -> dict[str, Any]:
    """The content of `attribution.json`."""
    table = list(made.table.values())
    bounds = made.config.attribution
    return {
        "format": FORMAT,
        "interrupted": not made.finished,
        "failed": made.failed,
        "episodes": len(table),
        "parts": list(made.parts),
        "upper_bounds": {part: to_dict(getattr(bounds, part)) for part in PARTS},
        "skipped": [
            {"part": part, "why": f"{getattr(bounds, part).name} is the upper bound already"}
            for part in PARTS
            if part not in made.parts and made.failed
        ],
        "sample": {"asked": made.count, "seed": bounds.seed},
        "no_upper_bound": [{**asdict(key), "why": why} for key, why in made.unbound.items()],
        "variants": [_variant(one, made) for one in variants(made.parts, table) if made.parts],
        "blame": [asdict(one) for one in blame(made.parts, table)],
        "minimal_sets": _kinds(made),
        "sentence": _sentence(made),
        "episodes_table": [_line(key, made) for key in sorted(made.table)],
    }


def _sentence(made: Reruns) -> str:
    if made.unbound and not made.table:
        return "no failed episode has an upper bound: nothing can be said about its parts"
    parts = made.parts if made.failed else PARTS
    return sentence(parts, list(made.table.values()))


def told(folder: Path, made: Reruns) -> Attribution:
    """Write the file and put it in words.

    Raises:
        RecordError: if it cannot be written.
    """
    summary = summarize(made)
    write_json(folder / FILE, summary)
    rows = [row for own in made.rows.values() for row in own.values()]
    return Attribution(
        summary=summary,
        text=_text(summary, made, folder),
        finished=made.finished,
        unanswered=sum(row.status == "infrastructure_error" for row in rows),
    )


def _text(summary: Mapping[str, Any], made: Reruns, folder: Path) -> str:
    """The attribution for people."""
    lines = ["", "which part loses the failed episodes", ""]
    if made.table:
        table = list(made.table.values())
        lines += [shown(_variants(variants(made.parts, table))), ""]
        lines += [shown(_blame(blame(made.parts, table))), ""]
    lines.append(f"  {summary['sentence']}")
    if not made.finished:
        lines.append("  INTERRUPTED: runs that are missing show as no answer")
    names = [f"{part} {getattr(made.config.attribution, part).name}" for part in made.parts]
    if names:
        lines.append(f"  upper bounds: {', '.join(names)}")
    seen = {part for own in made.rows.values() for row in own.values() for part in row.privileged}
    if seen:
        lines.append(f"  PRIVILEGED {' and '.join(sorted(seen))} read the simulator's truth here")
    lines += [f"  {one['part']}: {one['why']}, nothing to replace" for one in summary["skipped"]]
    if made.count is not None and made.count < made.failed:
        lines.append(f"  a sample of {made.count} of {made.failed} failed episodes")
    reasons = Counter((key.task, why) for key, why in made.unbound.items())
    lines += [
        f"  no upper bound: {count} of {task}: {why}" for (task, why), count in reasons.items()
    ]
    return "\n".join([*lines, f"  {folder / FILE}"])


def _variant(one: Variant, made: Reruns) -> dict[str, Any]:
    rows = made.rows.get(one.replaced, {}).values()
    return {
        "replaced": list(one.replaced),
        "n": one.rate.n,
        "rescued": one.rate.hits,
        "rate": one.rate.value,
        "interval": None if one.rate.low is None else [one.rate.low, one.rate.high],
        "errors": one.errors,
        "folder": folder_of(one.replaced),
        "privileged": sorted({part for row in rows for part in row.privileged}),
    }


def _kinds(made: Reruns) -> list[dict[str, Any]]:
    """How many episodes have which minimal rescuing sets."""
    counts = Counter(tuple(minimal(answers)) for answers in made.table.values())
    return [
        {"sets": [list(one) for one in sets], "episodes": count}
        for sets, count in sorted(counts.items(), key=lambda item: -item[1])
    ]


def _line(key: Key, made: Reruns) -> dict[str, Any]:
    answers = made.table[key]
    return {
        **asdict(key),
        "rescued_by": [list(one) for one in minimal(answers)],
        "answers": {"+".join(one) or CONTROL: answer for one, answer in answers.items()},
    }


def _variants(made: Sequence[Variant]) -> TextTable:
    rows = [
        (
            _named(one.replaced),
            str(one.rate.n),
            f"{one.rate.hits} ({percent(one.rate.value)})",
            interval(one.rate),
            str(one.errors),
        )
        for one in made
    ]
    return TextTable(head=("replaced", "n", "rescued", "95 %", "no answer"), rows=rows)


def _blame(made: Sequence[Blame]) -> TextTable:
    rows = [
        (one.part, str(one.alone_rescues), str(one.needed), f"{one.shapley:.1f}", _bounds(one))
        for one in made
    ]
    head = ("part", "rescues alone", "needed", "share (Shapley)", "whatever is missing")
    if all(one.shapley_low == one.shapley_high for one in made):  # no answer is missing
        head, rows = head[:-1], [row[:-1] for row in rows]
    return TextTable(head=head, rows=rows)


def _bounds(one: Blame) -> str:
    return f"{one.shapley_low:.1f} to {one.shapley_high:.1f}"


def _named(coalition: Coalition) -> str:
    return " + ".join(coalition) or "nothing (control)"
