"""From the scores of single plans to figures with 95 % intervals, and to comparisons."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .judge_statistics import Rate, wilson
from .plan_metrics import Score

RESAMPLES = 10_000
_NUMBERS_AT_ONCE = 4_000_000
"""Bounds the bootstrap's memory (64 MB), however many cases there are."""
SEED = 0
"""Of the bootstrap: the same scores give the same intervals."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One plan's score with the time it took."""

    score: Score
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure of a plan."""

    name: str
    title: str
    of: Callable[[Scored], float | None]
    better: int
    """+1 if more is better, -1 if less is, 0 if neither: then nothing is compared."""
    rate: bool = False
    """A yes or no a plan."""
    share: bool = True
    """Between 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over tasks with its bootstrap interval (percentiles over resampled tasks)."""

    n: int
    """Tasks for which there is a figure."""
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One planner against another on the tasks that both have a figure for."""

    measure: str
    mean: Mean
    """Of the differences, first minus second."""
    wins: int
    """Tasks on which the first is better."""
    ties: int
    losses: int
    p: float
    """Two-sided exact sign test; of yes-or-no measures that is McNemar's exact test."""


def _field(name: str) -> Callable[[Scored], float | None]:
    return lambda scored: getattr(scored.score, name)


MEASURES: tuple[Measure, ...] = (
    Measure(name="exact", title="exact match", of=_field("exact"), better=1, rate=True),
    Measure(name="valid", title="valid", of=_field("valid"), better=1, rate=True),
    Measure(name="skill_recall", title="skill recall", of=_field("skill_recall"), better=1),
    Measure(name="skill_precision", title="skill precision", of=_field("skill_precision"),
            better=1),
    Measure(name="argument_recall", title="argument recall", of=_field("argument_recall"),
            better=1),
    Measure(name="object_recall", title="object recall", of=_field("object_recall"), better=1),
    Measure(name="fixture_recall", title="fixture recall", of=_field("fixture_recall"), better=1),
    Measure(name="order", title="order (LCS)", of=_field("order"), better=1),
    Measure(name="precedence_violations", title="precedence violations",
            of=_field("precedence_violations"), better=-1),
    Measure(name="absolute_count_error", title="step count error, absolute",
            of=_field("absolute_count_error"), better=-1, share=False),
    Measure(name="count_error", title="step count error, signed", of=_field("count_error"),
            better=0, share=False),
    Measure(name="milliseconds", title="milliseconds", of=lambda scored: scored.milliseconds,
            better=-1, share=False),
)  # fmt: skip


def summary(scores: Sequence[Scored]) -> dict[str, Rate | Mean]:
    """Every measure over all tasks."""
    out: dict[str, Rate | Mean] = {}
    for one in MEASURES:
        values = [v for scored in scores if (v := one.of(scored)) is not None]
        out[one.name] = (
            wilson(sum(bool(v) for v in values), len(values)) if one.rate else mean(values)
        )
    return out


def mean(values: Sequence[float]) -> Mean:
    """A mean with its interval; None where there are no values."""
    if not values:
        return Mean(n=0, value=None, low=None, high=None)
    data = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(SEED)
    at_once = max(1, _NUMBERS_AT_ONCE // len(data))
    means = [
        data[rng.integers(len(data), size=(min(at_once, RESAMPLES - done), len(data)))].mean(axis=1)
        for done in range(0, RESAMPLES, at_once)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Mean(n=len(data), value=float(data.mean()), low=float(low), high=float(high))


def compare(first: Mapping[str, Scored], second: Mapping[str, Scored]) -> list[Difference]:
    """Two planners, task by task.

    Args:
        first: scores by task.
        second: the same of the other planner.
    """
    both = [task for task in first if task in second]
    out: list[Difference] = []
    for one in MEASURES:
        if not one.better:
            continue
        pairs = [(one.of(first[t]), one.of(second[t])) for t in both]
        known = [float(a) - float(b) for a, b in pairs if a is not None and b is not None]
        wins = sum(d * one.better > 0 for d in known)
        losses = sum(d * one.better < 0 for d in known)
        out.append(
            Difference(
                measure=one.name,
                mean=mean(known),
                wins=wins,
                ties=len(known) - wins - losses,
                losses=losses,
                p=sign_test(wins, losses),
            )
        )
    return out


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact probability of so uneven a split, or a more uneven one, by chance."""
    n, k = wins + losses, min(wins, losses)
    tail = sum(math.comb(n, i) for i in range(k + 1))
    return min(1.0, 2 * tail / 2**n)
