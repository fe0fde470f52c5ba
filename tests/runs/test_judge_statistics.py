import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, mannwhitneyu

from leapcasa.runs.judge_statistics import (
    accuracy,
    auc,
    operating_point,
    probability,
    reliability,
    sweep,
    wilson,
)

# Few different values, so that ties are common.
values = st.one_of(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), st.floats(-50, 50))
judged = st.lists(st.tuples(values, st.booleans()), max_size=40)


def arrays(clips: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    margin = np.array([m for m, _ in clips], dtype=np.float64)
    return margin, np.array([c for _, c in clips], dtype=np.bool_)


@given(n=st.integers(1, 5000), share=st.floats(0, 1))
@settings(deadline=None)
def test_wilson_intervals_are_those_of_scipy(n, share):
    hits = round(share * n)
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    ours = wilson(hits, n)
    assert ours.value == hits / n
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


def test_a_rate_over_nothing_is_none_and_not_nan():
    assert wilson(0, 0) == wilson(0, 0)
    assert (wilson(0, 0).value, wilson(0, 0).low) == (None, None)


@given(judged)
def test_accuracy_counts_what_a_loop_counts(clips):
    margin, complete = arrays(clips)
    found = accuracy(margin > 0, complete)
    right = {True: 0, False: 0}
    for m, c in clips:
        right[c] += (m > 0) == c
    assert (found.complete.hits, found.complete.n) == (right[True], sum(c for _, c in clips))
    assert (found.not_complete.hits, found.not_complete.n) == (
        right[False],
        sum(not c for _, c in clips),
    )
    assert found.overall.hits == right[True] + right[False]
    assert found.overall.n == len(clips)


def test_the_models_card_example_of_accuracy_is_reproduced():
    """Card: 16 clips, complete 91.67 % (11 of 12), not complete 100 % (4 of 4), in all 93.75 %."""
    complete = np.array([True] * 12 + [False] * 4)
    declared = np.array([True] * 11 + [False] + [False] * 4)
    found = accuracy(declared, complete)
    assert found.overall.value == 0.9375
    assert found.complete.value == pytest.approx(0.9167, abs=1e-4)
    assert found.not_complete.value == 1.0


@given(st.floats(-700, 700), st.floats(-700, 700))
def test_probability_is_the_softmax_of_the_negated_scores(score_c, score_nc):
    naive = math.exp(-score_c) / (math.exp(-score_c) + math.exp(-score_nc))
    found = probability(np.array([score_nc - score_c]))[0]
    assert found == pytest.approx(naive, rel=1e-9, abs=1e-300)


def test_probability_of_huge_margins_is_zero_or_one_without_a_warning(recwarn):
    assert list(probability(np.array([-1e6, 0.0, 1e6]))) == [0.0, 0.5, 1.0]
    assert not recwarn.list


@given(judged)
def test_reliability_is_what_a_loop_over_bins_finds(clips):
    margin, complete = arrays(clips)
    found = reliability(margin, complete)
    if not clips:
        assert found is None
        return
    assert found is not None
    sure = [1 / (1 + math.exp(-m)) for m, _ in clips]
    ece = brier = 0.0
    for k in range(10):
        inside = [
            (p, c)
            for p, (_, c) in zip(sure, clips, strict=True)
            if int(p * 10) == k or (k == 9 and p == 1.0)
        ]
        assert found.bins[k].complete.n == len(inside)
        if inside:
            mean = sum(p for p, _ in inside) / len(inside)
            share = sum(c for _, c in inside) / len(inside)
            assert found.bins[k].mean == pytest.approx(mean)
            assert found.bins[k].complete.value == pytest.approx(share)
            ece += len(inside) / len(clips) * abs(mean - share)
        else:
            assert found.bins[k].mean is None
    brier = sum((p - c) ** 2 for p, (_, c) in zip(sure, clips, strict=True)) / len(clips)
    assert found.ece == pytest.approx(ece)
    assert found.brier == pytest.approx(brier)


def test_a_calibrated_judge_has_no_calibration_error_and_a_sure_wrong_one_all_of_it():
    rng = np.random.default_rng(0)
    margin = rng.normal(0, 2, 200_000)
    honest = reliability(margin, rng.random(len(margin)) < probability(margin))
    wrong = reliability(np.full(50, 30.0), np.zeros(50, dtype=bool))
    assert honest is not None
    assert wrong is not None
    assert honest.ece < 0.005
    assert wrong.ece == pytest.approx(1.0)
    assert wrong.brier == pytest.approx(1.0)


@given(judged)
def test_the_sweep_counts_what_a_loop_counts_at_every_threshold(clips):
    curve = sweep(*arrays(clips))
    assert curve.thresholds[-1] == -np.inf
    assert set(curve.thresholds[:-1]) == {m for m, _ in clips}
    assert (np.diff(curve.thresholds) < 0).all()
    for i, threshold in enumerate(curve.thresholds):
        assert curve.advances[i] == sum(c and m > threshold for m, c in clips)
        assert curve.false_advances[i] == sum(not c and m > threshold for m, c in clips)


@given(judged)
def test_auc_is_the_share_of_pairs_in_the_right_order(clips):
    found = auc(sweep(*arrays(clips)))
    yes = [m for m, c in clips if c]
    no = [m for m, c in clips if not c]
    if not yes or not no:
        assert found is None
        return
    pairs = [(a > b) + 0.5 * (a == b) for a in yes for b in no]
    assert found == pytest.approx(sum(pairs) / len(pairs))
    assert found == pytest.approx(mannwhitneyu(yes, no).statistic / len(pairs))


@given(judged, st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0]))
def test_the_operating_point_is_the_smallest_threshold_that_keeps_to_the_rate(clips, wanted):
    margin, complete = arrays(clips)
    point = operating_point(sweep(margin, complete), wanted)
    no = [m for m, c in clips if not c]
    if not no:
        assert point is None
        return
    assert point is not None
    threshold = -math.inf if point.margin is None else point.margin
    rate = sum(m > threshold for m in no) / len(no)
    assert rate <= wanted
    assert point.false_advance.value == rate
    assert point.recall.hits == sum(c and m > threshold for m, c in clips)
    # the next lower threshold that changes anything breaks the rate
    lower = max((m for m in margin if m < threshold), default=-math.inf)
    if threshold > -math.inf:
        assert sum(m > lower for m in no) / len(no) > wanted


def test_without_complete_clips_recall_is_none_and_the_threshold_is_still_found():
    point = operating_point(sweep(np.array([0.1, 0.5, 0.9]), np.zeros(3, dtype=bool)), 0.34)
    assert point is not None
    assert point.margin == 0.5
    assert point.recall.value is None
