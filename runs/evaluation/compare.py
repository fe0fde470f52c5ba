"""`leapcasa compare A B`: two evaluations on the same episodes, pair by pair."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ..console import Console
from ..tables import TextTable, shown
from . import identity, sequential_run
from .episode import Episode, Key
from .report import percent
from .statistics import Paired, paired
from .store import read_only


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two evaluations."""

    name: str
    identity: identity.Facts
    scored: dict[Key, Episode]
    errors: int
    """Episodes without a score."""
    rule: str | None
    """By which its tasks were stopped early; None for never."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All there is to say about two sides."""

    tasks: Sequence[Paired]
    overall: Paired
    warnings: Sequence[str]
    differences: Sequence[str]
    """In what the configurations differ: what is compared."""
    unpaired_a: int
    """Scored in A alone."""
    unpaired_b: int


def compare_command(first: Path, second: Path, console: Console) -> int:
    """Compare two evaluations.

    Args:
        first: folder of A.
        second: folder of B.
        console: where the answer goes.

    Returns:
        0.

    Raises:
        ConfigError: if they cannot be compared.
    """
    made = compare(side(first), side(second))
    value = {"a": str(first), "b": str(second), **asdict(made)}
    console.result(value, _text(made, first, second))
    return 0


def side(folder: Path) -> Side:
    """Read one evaluation, finished or not.

    Raises:
        ConfigError: if the folder holds none.
    """
    meta, every = read_only(folder)
    stopped = sequential_run.read(folder.expanduser().absolute())
    rows = stopped.counted(every) if stopped else every
    scored = {row.key: row for row in rows if row.status == "scored"}
    errors = len(rows) - len(scored)
    return Side(
        name=str(folder),
        identity=meta["identity"],
        scored=scored,
        errors=errors,
        rule=stopped.text if stopped else None,
    )


def compare(a: Side, b: Side) -> Comparison:
    """Pair the episodes and compare.

    Raises:
        ConfigError: if split or assets differ, or no episode is shared.
    """
    for name, word in (("split", "splits"), ("assets", "assets")):
        if a.identity[name] != b.identity[name]:
            raise ConfigError(
                f"{a.name} and {b.name} were run on different {word} ({a.identity[name]} and "
                f"{b.identity[name]}): their episodes are not the same scenes and make no pairs"
            )
    shared = sorted(a.scored.keys() & b.scored.keys())
    if not shared:
        raise ConfigError(
            f"{a.name} and {b.name} share no scored episode; run both on the same tasks and seeds"
        )
    pairs = {key: (a.scored[key].success, b.scored[key].success) for key in shared}
    tasks = sorted({key.task for key in shared})
    return Comparison(
        tasks=[paired(t, [p for key, p in pairs.items() if key.task == t]) for t in tasks],
        overall=paired("all", pairs.values()),
        warnings=_warnings(a, b, shared),
        differences=[
            line.replace(": was ", ": A ").replace(", now ", ", B ")
            for line in identity.differences(a.identity, b.identity)
        ],
        unpaired_a=len(a.scored) - len(shared),
        unpaired_b=len(b.scored) - len(shared),
    )


def _warnings(a: Side, b: Side, shared: Sequence[Key]) -> list[str]:
    found: list[str] = []
    horizons = {
        key.task: (a.scored[key].max_steps, b.scored[key].max_steps)
        for key in shared
        if a.scored[key].max_steps != b.scored[key].max_steps
    }
    for task, (one, other) in sorted(horizons.items()):
        found.append(f"{task}: A had {one} steps, B {other}; the difference may be theirs")
    for name in identity.SIMULATION:
        one, other = (side.identity.get(f"versions.{name}") for side in (a, b))
        if one != other:
            found.append(f"{name}: A ran with {one}, B with {other}; scenes may differ")
    for letter, side in (("A", a), ("B", b)):
        if side.rule:
            found.append(
                f"{letter} stopped early by its own results ({side.rule}); interval and p are "
                "those of a number fixed before"
            )
        if side.errors:
            found.append(f"{side.errors} episodes of {letter} have no score and make no pairs")
    return found


def _text(made: Comparison, first: Path, second: Path) -> str:
    lines = [f"A: {first}", f"B: {second}", ""]
    lines += [f"  {line}" for line in made.differences] or ["  the configurations are equal"]
    lines += ["", shown(_table(made)), ""]
    lines += [f"warning: {text}" for text in made.warnings]
    if made.unpaired_a or made.unpaired_b:
        lines.append(f"not paired: {made.unpaired_a} of A, {made.unpaired_b} of B")
    return "\n".join([*lines, verdict(made.overall)])


def verdict(overall: Paired) -> str:
    """The comparison in one sentence."""
    if overall.p < 0.05:
        better = "A" if overall.only_a > overall.only_b else "B"
        return f"{better} succeeds more often (p = {overall.p:.2g}, n = {overall.n} pairs)"
    text = f"no difference is shown (p = {overall.p:.2g}, n = {overall.n} pairs)"
    if overall.more is None:
        return f"{text}; both sides are alone in succeeding equally often, more may not help"
    return (
        f"{text}; if the difference is real and as large as seen, about {overall.more} more pairs "
        "would show it (80 % power)"
    )


def _table(made: Comparison) -> TextTable:
    head = ("task", "pairs", "A", "B", "both", "only A", "only B", "neither", "B - A", "95 %",
            "p", "more pairs")  # fmt: skip
    groups = made.tasks if len(made.tasks) == 1 else [*made.tasks, made.overall]
    return TextTable(head=head, rows=[_line(group) for group in groups])


def _line(one: Paired) -> tuple[str, ...]:
    counts: list[Any] = [one.both, one.only_a, one.only_b, one.neither]
    return (
        one.name,
        str(one.n),
        percent(one.rate_a),
        percent(one.rate_b),
        *map(str, counts),
        "-" if one.difference is None else f"{100 * one.difference:+.0f}%",
        "-"
        if one.low is None or one.high is None
        else f"{100 * one.low:+.0f}% to {100 * one.high:+.0f}%",
        f"{one.p:.3f}",
        "-" if one.more is None else str(one.more),
    )
