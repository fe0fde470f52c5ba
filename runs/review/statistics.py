"""Figures of a review: means, agreement between judges, bias by order, paired comparisons."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plan_statistics import Mean, mean, sign_test
from .question import CRITERIA, FINAL

MEASURES = (FINAL, *CRITERIA)


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What one judge gave one plan in one round."""

    judge: str
    sample: str
    model: str
    round: int
    position: int
    """At which place it was shown, from 0."""
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two models on the samples that both were rated on."""

    measure: str
    first: str
    second: str
    mean: Mean
    """Of the differences, first minus second; a sample's ratings are averaged before."""
    wins: int
    ties: int
    losses: int
    p_sign: float
    """Exact sign test, two-sided."""
    p_wilcoxon: float | None
    """Wilcoxon signed-rank test, two-sided; None where all differences are zero."""


def per_sample(
    ratings: Sequence[Rating], model: str, measure: str, judge: str = ""
) -> dict[str, float]:
    """A model's mean by sample, over rounds and (unless one is named) judges.

    Each judge counts alike, however many of its answers could be used.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for one in ratings:
        if one.model == model and judge in ("", one.judge):
            by_judge = found.setdefault(one.sample, {})
            by_judge.setdefault(one.judge, []).append(one.scores[measure])
    return {
        sample: float(np.mean([np.mean(values) for values in by_judge.values()]))
        for sample, by_judge in found.items()
    }


def compare(ratings: Sequence[Rating], first: str, second: str, measure: str) -> Paired:
    """Two models, sample by sample."""
    a, b = (per_sample(ratings, name, measure) for name in (first, second))
    deltas = [a[sample] - b[sample] for sample in a if sample in b]
    wins, losses = sum(d > 0 for d in deltas), sum(d < 0 for d in deltas)
    p = None
    if wins or losses:
        from scipy.stats import wilcoxon

        test: Any = wilcoxon(deltas, zero_method="wilcox")
        p = float(test.pvalue)
    return Paired(
        measure=measure,
        first=first,
        second=second,
        mean=mean(deltas),
        wins=wins,
        ties=len(deltas) - wins - losses,
        losses=losses,
        p_sign=sign_test(wins, losses),
        p_wilcoxon=p,
    )


def order_bias(ratings: Sequence[Rating], measure: str, judge: str = "") -> Mean | None:
    """How much more a plan gets for being shown first than for being shown last.

    Per sample, judge and model that was seen at both places; then the mean over samples. What a
    plan is worth cancels out, for each is compared with itself.

    Returns:
        None if no plan was seen at both places.
    """
    last = max((one.position for one in ratings), default=0)
    if not last:
        return None
    seen: dict[tuple[str, str, str], dict[int, list[float]]] = {}
    for one in ratings:
        if judge in ("", one.judge) and one.position in (0, last):
            places = seen.setdefault((one.sample, one.judge, one.model), {})
            places.setdefault(one.position, []).append(one.scores[measure])
    by_sample: dict[str, list[float]] = {}
    for (sample, _, _), places in seen.items():
        if len(places) == 2:
            delta = float(np.mean(places[0]) - np.mean(places[last]))
            by_sample.setdefault(sample, []).append(delta)
    return mean([float(np.mean(values)) for values in by_sample.values()]) if by_sample else None


def agreement(ratings: Sequence[Rating], measure: str) -> float | None:
    """Krippendorff's alpha between judges; units are plans, a judge's rounds are averaged."""
    table: dict[tuple[str, str], dict[str, list[float]]] = {}
    for one in ratings:
        unit = table.setdefault((one.sample, one.model), {})
        unit.setdefault(one.judge, []).append(one.scores[measure])
    return krippendorff([[float(np.mean(v)) for v in unit.values()] for unit in table.values()])


def consistency(ratings: Sequence[Rating], measure: str, judge: str) -> float | None:
    """Krippendorff's alpha between the rounds of one judge."""
    table: dict[tuple[str, str], list[float]] = {}
    for one in ratings:
        if one.judge == judge:
            table.setdefault((one.sample, one.model), []).append(one.scores[measure])
    return krippendorff(list(table.values()))


def _squared(a: float, b: float) -> float:
    return (a - b) ** 2


def krippendorff(
    units: Sequence[Sequence[float]], distance: Callable[[float, float], float] = _squared
) -> float | None:
    """Krippendorff's alpha: 1 is agreement, 0 is chance, below is worse.

    Args:
        units: the values each unit was given, by whomever; units with one value tell nothing.
        distance: between two values; squared differences are the interval metric.

    Returns:
        None if no unit has two values, or all values are the same.

    Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
    """
    pairable = [list(values) for values in units if len(values) >= 2]
    values = [value for unit in pairable for value in unit]
    n = len(values)
    if not n:
        return None
    observed = sum(
        sum(distance(a, b) for a in unit for b in unit) / (len(unit) - 1) for unit in pairable
    )
    expected = sum(distance(a, b) for a in values for b in values) / (n - 1)
    return 1.0 - observed / expected if expected and math.isfinite(expected) else None
