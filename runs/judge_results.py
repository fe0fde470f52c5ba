"""From likelihoods and labels to tables: every method of the model card over the same clips."""

import csv
import dataclasses
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..judges import nll
from ..judges.base import COMPLETE, NOT_COMPLETE
from .judge_statistics import (
    Accuracy,
    Flags,
    Floats,
    Operating,
    Rate,
    Reliability,
    Sweep,
    accuracy,
    auc,
    operating_point,
    reliability,
    sweep,
)
from .judge_store import Measured
from .manifest import Row

TITLES: Mapping[str, str] = {
    "right_normalized_nll": "right view only",
    "left_normalized_nll": "left view only",
    "hand_normalized_nll": "eye-in-hand only",
    "three_view_majority_vote": "three-view majority vote",
    "three_view_mean_nll": "three-view mean NLL",
    nll.RIGHT_LEFT: "right + left mean normalized NLL",
}
"""Methods as the model card's table names them, in its order."""
NO_PHASE = "(none)"


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodResult:
    """One method over all clips that have its views."""

    method: nll.Method
    margin: Floats
    """(N,) score(not complete) - score(complete)."""
    complete: Flags
    """(N,) what is true."""
    accuracy: Accuracy
    phases: Mapping[str, Accuracy]
    """By phase; `(none)` for clips whose row names none."""
    groups: Mapping[str, Accuracy]
    """By group; empty if no row names one."""
    curve: Sweep
    auc: float | None
    reliability: Reliability | None
    """None for a vote: its scores are shares of votes, no likelihoods."""
    operating: Operating | None

    @property
    def title(self) -> str:
        """The method in the model card's words."""
        return TITLES.get(self.method.name, self.method.name)


def evaluate(
    rows: Sequence[Row],
    measured: Mapping[str, Measured],
    methods: Sequence[nll.Method],
    false_advance_rate: float,
) -> list[MethodResult]:
    """Apply methods to measured clips.

    Args:
        rows: the manifest's.
        measured: by row id; rows without a measurement are left out.
        methods: each is applied to the rows that have its views, and left out if none has.
        false_advance_rate: for the operating point.
    """
    results = []
    for how in methods:
        chosen = [
            row for row in rows
            if row.id in measured and set(how.views) <= set(measured[row.id].likelihoods)
        ]  # fmt: skip
        if chosen:
            results.append(_one(chosen, measured, how, false_advance_rate))
    return results


def primary(results: Sequence[MethodResult]) -> MethodResult:
    """The method that plots and phases are about: the card's best rule, or the first there is."""
    return next((r for r in results if r.method.name == nll.RIGHT_LEFT), results[0])


def _one(
    rows: Sequence[Row], measured: Mapping[str, Measured], how: nll.Method, rate: float
) -> MethodResult:
    scores = [nll.scores(measured[row.id].likelihoods, how) for row in rows]
    margin = np.array([s[NOT_COMPLETE] - s[COMPLETE] for s in scores], dtype=np.float64)
    complete = np.array([row.label == COMPLETE for row in rows], dtype=np.bool_)
    declared = margin > 0
    curve = sweep(margin, complete)
    groups = [row.group for row in rows]
    return MethodResult(
        method=how,
        margin=margin,
        complete=complete,
        accuracy=accuracy(declared, complete),
        phases=_split([row.phase or NO_PHASE for row in rows], declared, complete),
        groups=_split(groups, declared, complete) if any(groups) else {},
        curve=curve,
        auc=auc(curve),
        reliability=reliability(margin, complete) if how.combine == "mean" else None,
        operating=operating_point(curve, rate),
    )


def _split(names: Sequence[str], declared: Flags, complete: Flags) -> dict[str, Accuracy]:
    place = np.array(names)
    return {
        str(name): accuracy(declared[place == name], complete[place == name])
        for name in dict.fromkeys(names)
    }


def mix(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How many rows have each label and each phase, the most frequent first."""
    return {
        "labels": dict(Counter(row.label for row in rows).most_common()),
        "phases": dict(Counter(row.phase or NO_PHASE for row in rows).most_common()),
    }


def missing(rows: Sequence[Row]) -> list[str]:
    """What cannot be measured because the manifest lacks a class, in words."""
    labels = {row.label for row in rows}
    told = []
    if COMPLETE not in labels:
        told.append("no clip is labelled complete: complete accuracy, recall and ROC are not there")
    if NOT_COMPLETE not in labels:
        told.append(
            "no clip is labelled not complete: not-complete accuracy, false-advance rate and ROC "
            "are not there"
        )
    return told


def as_json(result: MethodResult) -> dict[str, Any]:
    """All numbers of one method but the sweep, which is a file of its own."""
    return {
        "method": result.method.name,
        "title": result.title,
        "views": list(result.method.views),
        "clips": len(result.margin),
        "accuracy": dataclasses.asdict(result.accuracy),
        "phases": {name: dataclasses.asdict(a) for name, a in result.phases.items()},
        "groups": {name: dataclasses.asdict(a) for name, a in result.groups.items()},
        "auc": result.auc,
        "reliability": result.reliability and dataclasses.asdict(result.reliability),
        "operating_point": result.operating and dataclasses.asdict(result.operating),
    }


def per_method_csv(results: Sequence[MethodResult]) -> bytes:
    """A row a method."""
    head = ["method", "clips", *_rate_names("accuracy"), *_rate_names("complete_accuracy"),
            *_rate_names("not_complete_accuracy"), "auc", "ece", "brier", "wanted_false_advance",
            "margin", *_rate_names("false_advance"), *_rate_names("recall")]  # fmt: skip
    rows = []
    for r in results:
        point, sure = r.operating, r.reliability
        rows.append([
            r.method.name, len(r.margin), *_rate(r.accuracy.overall), *_rate(r.accuracy.complete),
            *_rate(r.accuracy.not_complete), r.auc, sure and sure.ece, sure and sure.brier,
            point and point.wanted, _margin(point),
            *_rate(point and point.false_advance), *_rate(point and point.recall),
        ])  # fmt: skip
    return _csv(head, rows)


def per_phase_csv(results: Sequence[MethodResult]) -> bytes:
    """A row a method and phase."""
    head = ["method", "phase", "clips", "complete_clips", *_rate_names("accuracy")]
    return _csv(head, [
        [r.method.name, phase, a.overall.n, a.complete.n, *_rate(a.overall)]
        for r in results for phase, a in r.phases.items()
    ])  # fmt: skip


def sweep_csv(results: Sequence[MethodResult]) -> bytes:
    """A row a method and threshold, from the strictest to -inf; see `judge_statistics.Sweep`."""
    head = ["method", "margin", "advances", "complete_clips", "recall",
            "false_advances", "not_complete_clips", "false_advance_rate"]  # fmt: skip
    rows = []
    for r in results:
        c = r.curve
        for threshold, good, bad in zip(c.thresholds, c.advances, c.false_advances, strict=True):
            rows.append([
                r.method.name, float(threshold), int(good), c.complete,
                int(good) / c.complete if c.complete else None,
                int(bad), c.not_complete, int(bad) / c.not_complete if c.not_complete else None,
            ])  # fmt: skip
    return _csv(head, rows)


def scores_table(rows: Sequence[Row], measured: Mapping[str, Measured]) -> Any:
    """A pyarrow table with a row per clip, view and candidate label."""
    import pyarrow

    made = [
        {
            "id": row.id, "instruction": row.instruction, "label": row.label, "phase": row.phase,
            "group": row.group, "frames": measured[row.id].frames, "view": view,
            "candidate": candidate, "nll": answer.nll, "tokens": answer.tokens,
            "mean_nll": answer.mean,
        }
        for row in rows if row.id in measured
        for view, answers in measured[row.id].likelihoods.items()
        for candidate, answer in answers.items()
    ]  # fmt: skip
    text, whole, real = pyarrow.string(), pyarrow.int32(), pyarrow.float64()
    kinds = {"id": text, "instruction": text, "label": text, "phase": text, "group": text,
             "frames": whole, "view": text, "candidate": text, "nll": real, "tokens": whole,
             "mean_nll": real}  # fmt: skip
    return pyarrow.Table.from_pylist(made, schema=pyarrow.schema(list(kinds.items())))


def _margin(point: Operating | None) -> float | None:
    if point is None:
        return None
    return -math.inf if point.margin is None else point.margin


def _rate_names(name: str) -> list[str]:
    return [name, f"{name}_low", f"{name}_high"]


def _rate(rate: Rate | None) -> list[float | None]:
    return [rate.value, rate.low, rate.high] if rate else [None, None, None]


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue().encode()
