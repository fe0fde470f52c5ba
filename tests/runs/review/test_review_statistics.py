"""Figures of a review beside published examples, naive sums and planted effects."""

import itertools
import random

import numpy as np
import pytest
from scipy.stats import wilcoxon

from leapcasa.runs.review.question import CRITERIA, FINAL
from leapcasa.runs.review.statistics import (
    Rating,
    agreement,
    compare,
    consistency,
    krippendorff,
    order_bias,
    per_sample,
)

NO = None
# Krippendorff 2011, section D: four observers, twelve units, gaps.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NO, NO, NO],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NO, 3],
    [NO, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NO],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NO],
]
UNITS = [[row[i] for row in OBSERVERS if row[i] is not None] for i in range(12)]


def test_alpha_is_that_of_krippendorffs_own_example():
    assert krippendorff(UNITS) == pytest.approx(0.849, abs=5e-4)
    assert krippendorff(UNITS, lambda a, b: float(a != b)) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_agreement_chance_and_nothing():
    assert krippendorff([[1, 1], [5, 5], [3, 3]]) == 1
    rng = np.random.default_rng(0)
    assert abs(krippendorff(rng.integers(1, 6, (4000, 2)).tolist()) or 1) < 0.05
    assert krippendorff([[1], [2]]) is None
    assert krippendorff([[3, 3], [3, 3]]) is None


def rating(judge, sample, model, turn, position, value):
    scores = {name: float(value) for name in (*CRITERIA, FINAL)}
    return Rating(judge=judge, sample=sample, model=model, round=turn, position=position,
                  scores=scores)  # fmt: skip


def made(bias=0.0, noise=0.0, quality=None, judges=("j",), samples=60, seed=0):
    """Ratings with a planted quality of each model and a planted bonus for the first place."""
    rng = random.Random(seed)
    quality = quality or {"a": 3.0, "b": 3.0}
    out = []
    for judge, sample in itertools.product(judges, map(str, range(samples))):
        own = rng.gauss(0, 0.5)
        for turn, order in enumerate(itertools.permutations(quality)):
            for position, model in enumerate(order):
                value = quality[model] + own + bias * (position == 0) + rng.gauss(0, noise)
                out.append(rating(judge, sample, model, turn, position, value))
    return out


def test_a_planted_order_bias_is_found_whatever_the_models_are_worth():
    found = order_bias(made(bias=0.7, noise=0.2, quality={"a": 2.0, "b": 4.0}), FINAL)
    assert found is not None
    assert found.low < 0.7 < found.high
    assert found.low > 0.5


def test_better_models_alone_are_no_order_bias():
    found = order_bias(made(noise=0.3, quality={"a": 2.0, "b": 4.0, "c": 3.0}), FINAL)
    assert found is not None
    assert found.low < 0 < found.high


def test_a_single_order_tells_nothing_of_bias():
    ratings = [one for one in made() if one.round == 0]
    assert order_bias(ratings, FINAL) is None
    assert order_bias([one for one in made() if one.position == 0], FINAL) is None


def test_each_judge_counts_alike():
    ratings = [rating("loud", "s", "a", i, 0, 5) for i in range(9)] + [
        rating("quiet", "s", "a", 0, 0, 1)
    ]
    assert per_sample(ratings, "a", FINAL) == {"s": 3.0}
    assert per_sample(ratings, "a", FINAL, "loud") == {"s": 5.0}


def test_pairs_are_samples_and_tests_are_scipys():
    ratings = made(noise=0.4, quality={"a": 3.3, "b": 3.0}, samples=25)
    found = compare(ratings, "a", "b", FINAL)
    a, b = per_sample(ratings, "a", FINAL), per_sample(ratings, "b", FINAL)
    deltas = [a[s] - b[s] for s in a]
    assert found.mean.value == pytest.approx(np.mean(deltas))
    assert found.p_wilcoxon == pytest.approx(wilcoxon(deltas).pvalue)
    assert found.wins + found.ties + found.losses == 25
    assert found.wins == sum(d > 0 for d in deltas)


def test_the_same_plans_are_never_different():
    ratings = made(quality={"a": 3.0, "b": 3.0})
    found = compare(ratings, "a", "b", FINAL)
    assert (found.wins, found.losses, found.p_sign, found.p_wilcoxon) == (0, 0, 1.0, None)


def test_agreement_is_between_judges_and_consistency_within_one():
    ratings = [
        rating(judge, str(s), model, turn, 0, (s % 5) + 1 if judge != "contrary" else 5 - s % 5)
        for judge in ("x", "y", "contrary")
        for s in range(20)
        for model in "ab"
        for turn in range(2)
    ]
    alike = [one for one in ratings if one.judge != "contrary"]
    assert agreement(alike, FINAL) == pytest.approx(1)
    assert (agreement(ratings, FINAL) or 0) < 0.1
    assert consistency(ratings, FINAL, "contrary") == pytest.approx(1)
