"""The arithmetic of evaluations, against enumeration, simulation and scipy."""

import itertools
import random

import numpy as np
import pytest
from scipy import stats

from leapcasa.runs.evaluation.episode import Confusion, Episode
from leapcasa.runs.evaluation.statistics import (
    difference_interval,
    group,
    mcnemar,
    paired,
    pairs_needed,
    per_set,
    per_task,
)


def episode(task: str = "A", seed: int = 0, **changed) -> Episode:
    known = {"split": "target", "status": "scored", "end_reason": "completed"}
    return Episode(**{"task": task, "seed": seed, **known, **changed})


def some(count: int) -> list[Episode]:
    chance = random.Random(4)
    return [
        episode(
            task=chance.choice("ABC"),
            seed=seed,
            status=chance.choice(["scored"] * 8 + ["error", "infrastructure_error"]),
            success=chance.random() < 0.4,
            declared_success=chance.random() < 0.5,
            steps=chance.randrange(500),
            subtasks=3,
            subtasks_done=chance.randrange(4),
            timeouts=chance.randrange(3),
            replans=chance.randrange(2),
            judge=Confusion(**{name: chance.randrange(4) for name in (
                "true_complete", "false_complete", "true_not_complete", "false_not_complete",
                "unknown")}),
            seconds=chance.random(),
            setup_seconds=1.0,
        )
        for seed in range(count)
    ]  # fmt: skip


def test_every_number_of_a_group_is_what_counting_by_hand_gives():
    rows = some(300)
    told = group("x", rows)
    scored = [r for r in rows if r.status == "scored"]
    assert told.n == len(scored) == 300 - told.errors - told.infrastructure_errors
    assert told.success.hits == len([r for r in scored if r.success])
    interval = stats.binomtest(told.success.hits, told.n).proportion_ci(method="wilson")
    assert (told.success.low, told.success.high) == pytest.approx((interval.low, interval.high))
    assert told.declared.false_completions == len(
        [r for r in scored if r.declared_success and not r.success]
    )
    assert told.declared.missed_completions == len(
        [r for r in scored if r.success and not r.declared_success]
    )
    d = told.declared
    assert told.n == sum(
        (d.true_completions, d.false_completions, d.missed_completions, d.true_failures)
    )
    assert told.progress == pytest.approx(np.mean([r.subtasks_done / 3 for r in scored]))
    assert told.steps_median == np.median([r.steps for r in scored])
    assert told.seconds_mean == pytest.approx(np.mean([r.seconds + 1 for r in scored]))
    assert told.judge.unknown == sum(r.judge.unknown for r in scored)
    by_hand = sum(r.judge.true_complete + r.judge.true_not_complete for r in scored)
    assert told.judge_accuracy.hits == by_hand
    rates = [np.mean([r.success for r in scored if r.task == task]) for task in "ABC"]
    assert told.task_mean == pytest.approx(np.mean(rates))


def test_errors_never_move_a_rate():
    good = [episode(seed=i, success=i < 3) for i in range(4)]
    broken = [
        episode(seed=9, status="error", success=True, steps=999),
        episode(seed=8, status="infrastructure_error", declared_success=True),
    ]
    with_errors, without = group("x", [*good, *broken]), group("x", good)
    assert (with_errors.errors, with_errors.infrastructure_errors) == (1, 1)
    for name in ("n", "success", "task_mean", "progress", "declared", "steps_mean", "ends"):
        assert getattr(with_errors, name) == getattr(without, name)


def test_nothing_scored_gives_none_and_no_crash():
    told = group("x", [episode(status="error")])
    assert told.success.value is None
    assert (told.task_mean, told.progress, told.steps_median) == (None, None, None)
    assert group("x", []).n == 0


def test_the_task_mean_weighs_tasks_and_the_pooled_rate_episodes():
    rows = [episode("A", i, success=True) for i in range(9)] + [episode("B", 0, success=False)]
    told = group("x", rows)
    assert told.task_mean == 0.5
    assert told.success.value == 0.9


def test_a_set_is_shown_once_all_its_tasks_are_there():
    rows = [episode("A"), episode("B"), episode("C")]
    sets = {"ab": ("A", "B"), "ad": ("A", "D"), "none": ()}
    assert [(g.name, g.n) for g in per_set(rows, sets)] == [("ab", 2), ("all", 3)]
    assert [g.name for g in per_task(rows)] == ["A", "B", "C"]


def test_mcnemar_is_scipys_exact_binomial_test():
    for only_a, only_b in itertools.product(range(30), repeat=2):
        n = only_a + only_b
        wanted = stats.binomtest(only_a, n, 0.5).pvalue if n else 1.0
        assert mcnemar(only_a, only_b) == pytest.approx(wanted, rel=1e-12)
    assert mcnemar(3000, 2000) == pytest.approx(stats.binomtest(3000, 5000).pvalue, rel=1e-9)


def test_paired_counts_are_the_two_by_two_table():
    pairs = [(True, True)] * 5 + [(True, False)] * 2 + [(False, True)] * 7 + [(False, False)] * 6
    told = paired("x", pairs)
    assert (told.both, told.only_a, told.only_b, told.neither, told.n) == (5, 2, 7, 6, 20)
    assert (told.rate_a, told.rate_b) == (0.35, 0.6)
    assert told.difference == pytest.approx(told.rate_b - told.rate_a)
    swapped = paired("x", [(b, a) for a, b in pairs])
    assert swapped.difference == pytest.approx(-told.difference)
    assert (swapped.low, swapped.high) == pytest.approx((-told.high, -told.low))
    assert swapped.p == told.p


@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.parametrize(
    "cells", [(0.3, 0.1, 0.3, 0.3), (0.1, 0.05, 0.05, 0.8), (0, 0.5, 0.1, 0.4)]
)
def test_the_interval_covers_the_true_difference_in_about_95_of_100_cases(n, cells):
    """Every table of n pairs, weighed by its probability: no simulation noise."""
    _, p_a, p_b, _ = cells
    covered = 0.0
    for only_a in range(n + 1):
        for only_b in range(n + 1 - only_a):
            low, high = difference_interval(only_a, only_b, n)
            if low <= p_b - p_a <= high:
                rest = n - only_a - only_b
                covered += stats.multinomial.pmf(
                    [only_a, only_b, rest], n, [p_a, p_b, 1 - p_a - p_b]
                )
    assert 0.93 <= covered <= 1.0


@pytest.mark.parametrize(("only_a", "only_b", "n"), [(2, 8, 40), (10, 20, 60), (1, 6, 20)])
def test_the_number_of_pairs_gives_about_the_power_it_promises(only_a, only_b, n):
    needed = pairs_needed(only_a, only_b, n)
    chance = np.random.default_rng(0)
    cells = [only_a / n, only_b / n, 1 - (only_a + only_b) / n]
    tables = chance.multinomial(needed, cells, size=4000)
    power = np.mean([mcnemar(int(a), int(b)) < 0.05 for a, b, _ in tables])
    assert 0.7 < power < 0.87  # the exact test is a little conservative, the formula approximate


def test_no_number_of_pairs_settles_a_tie_and_none_more_a_settled_difference():
    assert pairs_needed(4, 4, 20) is None
    assert paired("x", [(True, False)] * 4 + [(False, True)] * 4).more is None
    settled = paired("x", [(False, True)] * 12 + [(True, True)] * 4)
    assert settled.p < 0.05
    assert settled.more == 0
    assert paired("x", []).n == 0
