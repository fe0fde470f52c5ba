"""The report of an evaluation for people: the model card's tables, with intervals."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import judge_results
from .judge_results import NO_PHASE, MethodResult
from .judge_statistics import Rate
from .tables import TextTable, shown


def as_text(value: Mapping[str, Any], results: Sequence[MethodResult], folder: Path) -> str:
    """The whole report.

    Args:
        value: what `results.json` holds.
        results: of every method.
        folder: where the files are.
    """
    main = judge_results.primary(results)
    methods = TextTable(
        head=("Method", "Accuracy", "95 % interval", "Complete", "Not complete",
              "AUC", "Clips"),
        rows=[
            (r.title, percent(r.accuracy.overall), interval(r.accuracy.overall),
             percent(r.accuracy.complete), percent(r.accuracy.not_complete),
             "-" if r.auc is None else f"{r.auc:.3f}", str(len(r.margin)))
            for r in results
        ],
    )  # fmt: skip
    labels = TextTable(
        head=("Label", "Samples"),
        rows=[(label, f"{n:,}") for label, n in value["mix"]["labels"].items()],
    )
    phases = TextTable(
        head=("Phase", "Samples", "Accuracy", "95 % interval"),
        rows=[_phase(name, n, main) for name, n in value["mix"]["phases"].items()],
    )
    parts = [shown(methods), *_baselines(value["baselines"]), shown(labels)]
    if list(value["mix"]["phases"]) != [NO_PHASE]:
        parts.append(f"By phase, {main.title}:\n{shown(phases)}")
    notes = [*value["missing"], *_operating(main)]
    notes.append(f"{value['measured']} of {value['clips']} clips measured"
                 + (f" ({value['reused']} of them earlier)" if value["reused"] else "")
                 + (f", {len(value['errors'])} FAILED" if value["errors"] else ""))  # fmt: skip
    notes.append(f"results    {folder / 'results.json'}")
    notes.append(f"plot       {folder / 'plot.png'}")
    return "\n\n".join([*parts, "\n".join(notes)])


def _baselines(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The table of what needs no look at the clips, if there is one."""
    if not found:
        return []
    rows = []
    for one in found.values():
        rates = {name: Rate(**rate) for name, rate in one["accuracy"].items()}
        rows.append(
            (one["title"], percent(rates["overall"]), interval(rates["overall"]),
             percent(rates["complete"]), percent(rates["not_complete"]))
        )  # fmt: skip
    head = ("Without looking", "Accuracy", "95 % interval", "Complete", "Not complete")
    return [shown(TextTable(head=head, rows=rows))]


def percent(rate: Rate) -> str:
    """A share as in the model card, `-` where there is none."""
    return "-" if rate.value is None else f"{rate.value:.2%}"


def interval(rate: Rate) -> str:
    """The Wilson interval of a share."""
    if rate.low is None or rate.high is None:
        return "-"
    return f"{rate.low:.1%} to {rate.high:.1%}"


def _phase(name: str, count: int, main: MethodResult) -> tuple[str, str, str, str]:
    found = main.phases.get(name)
    if found is None:
        return name, f"{count:,}", "-", "-"
    return name, f"{count:,}", percent(found.overall), interval(found.overall)


def _operating(main: MethodResult) -> list[str]:
    point = main.operating
    if point is None:
        return []
    if point.margin is None:
        return [f"false advances stay within {point.wanted:.1%} at any margin"]
    # Rounded up, so that what is typed keeps to the rate too.
    shown_margin = math.ceil(point.margin * 1e6) / 1e6
    kept = f", {percent(point.recall)} of the complete clips still count" if point.recall.n else ""
    false = point.false_advance
    return [
        f"{main.title}: with margin > {shown_margin:g} (--set advance.margin={shown_margin:g}) "
        f"{percent(false)} ({interval(false)}) are false advances, at most "
        f"{point.wanted:.1%} was asked for{kept}; chosen on these same clips"
    ]
