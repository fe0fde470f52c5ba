"""Stopping early: what holds at every stop, and what does not."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from leapcasa.configs import ConfigError
from leapcasa.runs.evaluation.episode import Episode, Key
from leapcasa.runs.evaluation.sequential import Sprt, Width, decide, parsed, sequence
from leapcasa.runs.evaluation.sequential_run import Sequential, read
from leapcasa.runs.judge_statistics import wilson


def test_the_interval_is_the_rates_that_scipy_says_are_likely_enough():
    for n in (1, 2, 7, 40, 300):
        for successes in range(0, n + 1, max(1, n // 9)):
            now = sequence(successes, n)
            grid = np.linspace(0.0005, 0.9995, 1000)
            kept = grid[(n + 1) * stats.binom.pmf(successes, n, grid) > 0.05]
            assert now.low <= kept.min() <= now.low + 0.0011
            assert now.high - 0.0011 <= kept.max() <= now.high
            assert now.value == successes / n
    assert sequence(0, 0).low is None
    assert (sequence(0, 9).low, sequence(9, 9).high) == (0.0, 1.0)


def walked(stops, p: float, most: int) -> dict[str, float]:
    """The exact chance of each kind of stop within so many episodes: no simulation noise."""
    alive, ended = {0: 1.0}, Counter()
    for n in range(1, most + 1):
        after = Counter()
        for successes, chance in alive.items():
            after[successes] += chance * (1 - p)
            after[successes + 1] += chance * p
        alive = {}
        for successes, chance in after.items():
            stop = stops(successes, n)
            if stop:
                ended[stop] += chance
            else:
                alive[successes] = chance
    return ended


def missed(interval, p: float, most: int) -> float:
    """The chance that an interval excludes p at any n up to `most`."""

    def stops(successes, n):
        now = interval(successes, n)
        return None if now.low <= p <= now.high else "missed"

    return walked(stops, p, most)["missed"]


@pytest.mark.parametrize("p", [0.02, 0.1, 0.3, 0.5, 0.85])
def test_whoever_stops_when_the_interval_looks_best_is_still_right_in_95_of_100(p):
    assert missed(sequence, p, 200) <= 0.05
    assert missed(wilson, p, 200) > 0.2  # the same trick with a fixed-n interval


def runs(p: float, most: int, count: int = 4000) -> np.ndarray:
    return np.random.default_rng(3).random((count, most)) < p


@pytest.mark.parametrize("text", ["sprt=0.4,0.6", "width=0.3"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.62])
def test_after_our_stops_our_interval_covers_in_thousands_of_runs(text, p):
    rule, covered = parsed(text), 0
    for run in runs(p, 120):
        stop = decide(rule, run)
        n, successes = (stop.n, stop.successes) if stop else (120, int(run.sum()))
        now = sequence(successes, n)
        covered += now.low <= p <= now.high
    assert covered >= 0.95 * 4000


@pytest.mark.parametrize(("text", "p"), [("sprt=0.3,0.7", 0.5), ("sprt=0.5,0.7", 0.6)])
def test_after_the_same_stops_wilsons_interval_covers_too_rarely_and_ours_does_not(text, p):
    rule, covered = parsed(text), {wilson: 0, sequence: 0}
    for run in runs(p, 300):
        stop = decide(rule, run)
        n, successes = (stop.n, stop.successes) if stop else (300, int(run.sum()))
        for interval in covered:
            now = interval(successes, n)
            covered[interval] += now.low <= p <= now.high
    assert covered[wilson] < 0.92 * 4000
    assert covered[sequence] > 0.95 * 4000


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "beta"), [(0.5, 0.7, 0.05, 0.05), (0.2, 0.3, 0.1, 0.01)]
)
def test_the_ratio_test_errs_as_rarely_as_it_promises_and_decides_early(p0, p1, alpha, beta):
    rule = Sprt(p0=p0, p1=p1, alpha=alpha, beta=beta)
    low, high = walked(rule.verdict, p0, 600), walked(rule.verdict, p1, 600)
    assert 0.5 * alpha < low["above"] <= alpha
    assert 0.5 * beta < high["below"] <= beta
    assert min(low["below"], high["above"]) > 0.85
    fixed = ((stats.norm.isf(alpha) + stats.norm.isf(beta)) / (p1 - p0)) ** 2 * p1 * (1 - p1)
    stops = [decide(rule, run) for run in runs(p0, 1200, 300)]
    assert np.mean([stop.n for stop in stops if stop]) < fixed


def test_the_ratio_is_the_likelihood_ratio():
    rule = Sprt(p0=0.3, p1=0.6)
    for n in range(1, 40):
        for successes in range(n + 1):
            ratio = stats.binom.pmf(successes, n, 0.6) / stats.binom.pmf(successes, n, 0.3)
            wanted = "above" if ratio >= 20 else "below" if ratio <= 0.05 else None
            if abs(math.log(ratio)) - math.log(20) != pytest.approx(0, abs=1e-9):
                assert rule.verdict(successes, n) == wanted


def test_episodes_without_a_score_are_passed_over_and_the_rest_is_never_looked_at():
    outcomes = [True, None, True, True, None, True, True, True, True, True, True]
    stop = decide(Sprt(p0=0.5, p1=0.9), outcomes)
    assert stop is not None
    assert (stop.verdict, stop.n, stop.successes, stop.place) == ("above", 6, 6, 8)
    assert decide(Sprt(p0=0.5, p1=0.9), [*outcomes[:8], False, False]) == stop
    assert decide(Width(most=0.05), outcomes) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wide=0.2", "is no rule"),
        ("width", "is no rule"),
        ("width=0.2,0.3", "is no rule"),
        ("width=1.5", "between 0 and 1"),
        ("sprt=0.5", "is no rule"),
        ("sprt=0.7,0.5", "must rise"),
        ("sprt=0.5,0.7,0.05", "is no rule"),
        ("sprt=0.5,0.7,0.6,0.05", "error rates"),
        ("sprt=a,b", "is no rule"),
        ("width=nan", "between 0 and 1"),
    ],
)
def test_what_is_no_rule_is_refused(text, said):
    with pytest.raises(ConfigError, match=said):
        parsed(text)


def test_rules_are_read_as_they_are_written():
    assert parsed("width=0.2") == Width(most=0.2)
    assert parsed("sprt=0.5,0.7") == Sprt(p0=0.5, p1=0.7, alpha=0.05, beta=0.05)
    assert parsed("sprt=0.5, 0.7,0.01, 0.1") == Sprt(p0=0.5, p1=0.7, alpha=0.01, beta=0.1)


def test_whatever_finishes_first_the_decision_is_that_of_the_fixed_order(tmp_path):
    """Successes tend to finish first; whoever decided on arrivals would believe in them."""
    rule, chance, misled = "sprt=0.3,0.8", random.Random(5), 0
    keys = [Key(task="A", split="target", seed=seed) for seed in range(40)]
    for _ in range(60):
        wins = [chance.random() < 0.55 for _ in keys]
        rows = [
            Episode(task="A", split="target", seed=seed, status="scored", success=won)
            for seed, won in enumerate(wins)
        ]
        wanted = decide(parsed(rule), wins)
        arrivals = sorted(rows, key=lambda row: row.seed - 8 * row.success + 4 * chance.random())
        course = Sequential(tmp_path, rule, {})
        course.begin(keys, [], keys)
        for count, row in enumerate(arrivals):
            dropped = course.take(row, again=False)
            there = {one.seed for one in arrivals[: count + 1]}
            gapless = next(seed for seed in range(41) if seed not in there)
            assert bool(dropped) == (wanted is not None and gapless >= wanted.place)
        counted = course.counted(rows)
        assert [row.seed for row in counted] == list(range(wanted.place if wanted else 40))
        again = read(tmp_path)
        assert again is not None
        assert again.told(rows) == course.told(rows)
        naive = decide(parsed(rule), [row.success for row in arrivals])
        misled += naive is not None and (wanted is None or naive.verdict != wanted.verdict)
    assert misled > 3  # so the order matters


def test_a_run_that_will_be_repeated_holds_the_decision_back(tmp_path):
    keys = [Key(task="A", split="target", seed=seed) for seed in range(9)]
    course = Sequential(tmp_path, "sprt=0.3,0.8", {})
    course.begin(keys, [], keys)
    lost = Episode(task="A", split="target", seed=0, status="infrastructure_error")
    assert not course.take(lost, again=True)
    for key in keys[1:]:
        row = Episode(task="A", split="target", seed=key.seed, status="scored", success=True)
        assert not course.take(row, again=False)
    assert course.take(lost, again=False) == tuple(keys)  # given up: passed over
    assert [row.seed for row in course.counted([lost])] == [0]
