"""The report of a plan evaluation for people."""

from collections.abc import Sequence
from pathlib import Path

from .judge_statistics import Rate
from .plan_results import PlannerResult
from .plan_statistics import MEASURES, Difference, Mean, Measure
from .tables import TextTable, shown


def as_text(
    results: Sequence[PlannerResult],
    compared: Sequence[tuple[str, str, list[Difference]]],
    errors: Sequence[str],
    folder: Path,
) -> str:
    """The whole report."""
    parts = [shown(measures_table(results))]
    parts += [
        f"{first} against {second}, task by task:\n{shown(difference_table(found))}"
        for first, second, found in compared
    ]
    notes = [
        f"{result.label}: {len(result.scores)} plans"
        + (f", {result.refused} refused" if result.refused else "")
        + (f", {result.mended} after something was rejected" if result.mended else "")
        + (", PRIVILEGED: it is told what the sensors do not show" if result.privileged else "")
        for result in results
    ]
    notes += errors
    notes += [f"results    {folder / 'results.json'}", f"per task   {folder / 'per_task.csv'}"]
    return "\n\n".join([*parts, "\n".join(notes)])


def measures_table(results: Sequence[PlannerResult]) -> TextTable:
    """A row per measure, a column per planner, each with its interval."""
    summaries = [result.summary() for result in results]
    return TextTable(
        head=("measure", *(result.label for result in results)),
        rows=[(m.title, *(figure(m, s[m.name]) for s in summaries)) for m in MEASURES],
    )


def difference_table(found: Sequence[Difference]) -> TextTable:
    """A row per measure that can be better or worse."""
    titles = {m.name: m for m in MEASURES}
    return TextTable(
        head=("measure", "difference", "wins", "ties", "losses", "p"),
        rows=[
            (
                titles[d.measure].title,
                figure(titles[d.measure], d.mean, signed=True),
                str(d.wins),
                str(d.ties),
                str(d.losses),
                "<0.0001" if d.p < 1e-4 else f"{d.p:.4f}",
            )
            for d in found
        ],
    )


def figure(measure: Measure, value: Rate | Mean, *, signed: bool = False) -> str:
    """A value with its interval, in per cent if it is a share; `-` where there is none."""
    if value.value is None or value.low is None or value.high is None:
        return "-"
    sign = "+" if signed or measure.name == "count_error" else ""
    if measure.share:
        form = f"{{:{sign}.1%}}"
    else:
        form = f"{{:{sign}.2f}}" if abs(value.value) < 100 else f"{{:{sign}.0f}}"
    middle, low, high = (form.format(v) for v in (value.value, value.low, value.high))
    return f"{middle} ({low} to {high})"
