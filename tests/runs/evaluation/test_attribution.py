"""Who is to blame, against brute force over orders and coalitions."""

import itertools
import random
from collections import Counter

import pytest

from leapcasa.runs.evaluation.attribution import (
    PARTS,
    blame,
    coalitions,
    minimal,
    sample,
    sentence,
    variants,
)
from leapcasa.runs.evaluation.episode import Key


def tables(count: int, unknown: float, parts=PARTS):
    chance = random.Random(7)
    for _ in range(count):
        yield [
            {
                c: None if chance.random() < unknown else chance.random() < 0.4
                for c in coalitions(parts)
            }
            for _ in range(chance.randrange(1, 9))
        ]


def by_orders(part: str, parts, table) -> float:
    """The Shapley value by its definition: the mean over all orders of what a part adds."""

    def value(chosen) -> int:
        key = tuple(p for p in PARTS if p in chosen)
        return sum(bool(answers[key]) for answers in table)

    orders = list(itertools.permutations(parts))
    added = 0
    for order in orders:
        before = set(order[: order.index(part)])
        added += value(before | {part}) - value(before)
    return added / len(orders)


@pytest.mark.parametrize("parts", [PARTS, PARTS[1:], PARTS[:1]])
def test_shapley_values_are_the_mean_over_all_orders_and_add_up(parts):
    for table in tables(120, 0.0, parts):
        told = {one.part: one for one in blame(parts, table)}
        for part in parts:
            wanted = by_orders(part, parts, table)
            assert told[part].shapley == pytest.approx(wanted)
            assert (told[part].shapley_low, told[part].shapley_high) == pytest.approx((wanted,) * 2)
        gain = sum(bool(a[parts]) - bool(a[()]) for a in table)
        assert sum(one.shapley for one in told.values()) == pytest.approx(gain)


def test_bounds_hold_whatever_the_missing_answers_were_and_are_reached():
    for table in tables(25, 0.15):
        missing = [(row, c) for row, answers in enumerate(table) for c in answers
                   if answers[c] is None]  # fmt: skip
        if not 0 < len(missing) <= 8:
            continue
        seen: dict[str, list[float]] = {part: [] for part in PARTS}
        for guess in itertools.product((False, True), repeat=len(missing)):
            filled = [dict(answers) for answers in table]
            for (row, coalition), answer in zip(missing, guess, strict=True):
                filled[row][coalition] = answer
            for part in PARTS:
                seen[part].append(by_orders(part, PARTS, filled))
        for one in blame(PARTS, table):
            assert one.shapley_low == pytest.approx(min(seen[one.part]))
            assert one.shapley_high == pytest.approx(max(seen[one.part]))
            assert one.shapley == pytest.approx(seen[one.part][0])  # missing: no rescue


def test_minimal_sets_alone_and_needed_are_what_enumeration_gives():
    for table in tables(200, 0.1):
        told = {one.part: one for one in blame(PARTS, table)}
        needed, alone = Counter(), Counter()
        for answers in table:
            rescuing = [set(c) for c in answers if answers[c] is True]
            wanted = [c for c in rescuing if all(c <= o or not o <= c for o in rescuing)]
            assert {frozenset(c) for c in minimal(answers)} == {frozenset(c) for c in wanted}
            for part in PARTS:
                alone[part] += {part} in rescuing
                # needed: whatever rescues holds it, but for what holds a set that does without
                without = [c for c in rescuing if part not in c]
                needed[part] += bool(rescuing) and not without
        for part in PARTS:
            assert told[part].alone_rescues == alone[part]
            assert told[part].needed == needed[part]


def test_variants_count_answers_and_leave_errors_out_of_rates():
    for table in tables(30, 0.3):
        for one in variants(PARTS, table):
            answers = [row[one.replaced] for row in table]
            assert one.errors == answers.count(None)
            assert (one.rate.hits, one.rate.n) == (answers.count(True), len(table) - one.errors)


def rescued_by(*sets) -> dict:
    """Answers of an episode on which luck plays no part."""
    return {c: any(set(s) <= set(c) for s in sets) for c in coalitions(PARTS)}


def test_the_sentence_tells_every_episode_once_in_plain_words():
    table = [rescued_by(("judge",))] * 14 + [rescued_by(("policy", "judge"))] * 6
    table += [rescued_by()] * 3 + [rescued_by(())] * 2
    table += [rescued_by(("planner",), ("judge",))] * 4 + [rescued_by(PARTS)] * 2
    assert sentence(PARTS, table) == (
        "the judge alone loses 14 of 31 failed episodes; 6 need both policy and judge; "
        "2 need planner, policy and judge; 4 are rescued by planner, or by judge; "
        "2 succeed when only run again; 3 fail even with all three replaced"
    )
    assert sentence(PARTS, [rescued_by()]) == (
        "of 1 failed episode, 1 fails even with all three replaced"
    )
    assert "no failed episode" in sentence(PARTS, [])
    assert "upper bound already" in sentence((), [])


def test_a_sample_is_stratified_nested_and_follows_its_seed():
    counts = {"A": 60, "B": 30, "C": 10}
    keys = [Key(task=t, split="target", seed=seed) for t in counts for seed in range(counts[t])]
    ten = sample(keys, 10, 0)
    assert Counter(key.task for key in ten) == {"A": 6, "B": 3, "C": 1}
    chance = random.Random(1)
    shuffled = chance.sample(keys, len(keys))
    before: set[Key] = set()
    for count in range(1, 101):
        chosen = sample(shuffled, count, 0)
        assert len(chosen) == count
        assert before < set(chosen)
        before = set(chosen)
    assert sample(keys, None, 0) == sorted(keys) == sample(keys, 500, 3)
    assert sample(keys, 10, 1) != ten
    starts = Counter(min(k.seed for k in sample(keys, 10, s) if k.task == "A") for s in range(200))
    assert len(starts) > 10  # and not always the first seeds
