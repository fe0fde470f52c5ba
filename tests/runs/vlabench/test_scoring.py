"""The scorer beside a brute-force matcher that shares no code with it."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leapcasa.runs.vlabench.scoring import SUBTASKS, Scores, exact_match, graph, score, subtasks

SKILLS = ["pick", "place", "insert", "pour", "pull", "lift", "push", "open_door", "press"]


def call(name, entity=None, container=None):
    params = {"target_entity_name": entity, "target_container_name": container}
    return {"name": name, "params": {k: v for k, v in params.items() if v is not None}}


calls = st.lists(
    st.builds(call, st.sampled_from(SKILLS), st.none() | st.integers(1, 3),
              st.none() | st.integers(1, 3)),
    max_size=9,
)  # fmt: skip


def brute_share(wanted, given):
    """Cross off one by one."""
    left, hits = list(given), 0
    for one in wanted:
        if one in left:
            left.remove(one)
            hits += 1
    return 100 * hits / len(wanted) if wanted else 0.0


def brute_subtasks(sequence):
    out, rest = [], list(sequence)
    while rest:
        names = [c["name"] for c in rest]
        for pattern in map(list, SUBTASKS):
            if names[: len(pattern)] == pattern:
                used = rest[: len(pattern)]
                entity = container = None
                for one in used:
                    entity = one["params"].get("target_entity_name", entity)
                    container = one["params"].get("target_container_name", container)
                out.append(("-".join(pattern), entity, container))
                rest = rest[len(pattern) :]
                break
        else:
            rest = rest[1:]
    return out


def brute_depth(node, edges):
    """Longest way from the start, by walking every path backwards."""
    return 1 + max((brute_depth(a, edges) for a, b in edges if b == node), default=0)


def brute_exact(reference, answer, edges_of):
    """Try every pairing."""
    a, b = brute_subtasks(reference), brute_subtasks(answer)
    if not a:
        return None
    ea, eb = edges_of(len(a)), edges_of(len(b))
    if ea is None or eb is None:
        return None

    def fits(i, j):
        pa, pb = [x for x, y in ea if y == i], [x for x, y in eb if y == j]
        return (
            a[i] == b[j]
            and brute_depth(i, ea) == brute_depth(j, eb)
            and len(pa) == len(pb)
            and all(any(a[p] == b[q] for q in pb) for p in pa)
        )

    best, slots = 0, [*range(len(b)), *[None] * len(a)]
    for chosen in set(itertools.permutations(slots, len(a))):
        best = max(best, sum(j is not None and fits(i, j) for i, j in enumerate(chosen)))
    return 100 * best / len(a)


@settings(deadline=None)
@given(calls, calls)
def test_order_free_scores_are_those_of_crossing_off(reference, answer):
    found = score(reference, answer)
    if not brute_subtasks(reference):
        assert found == Scores()
        return
    names = [[c["name"] for c in sequence] for sequence in (reference, answer)]
    targets = [[t for c in s for t in c["params"].items()] for s in (reference, answer)]
    assert found.skill_match == pytest.approx(brute_share(*names))
    assert found.entity_match == pytest.approx(brute_share(*targets))
    assert found.skill_with_entity_match == pytest.approx(brute_share(reference, answer))


@settings(deadline=None)
@given(calls)
def test_subtasks_are_found_as_by_hand(sequence):
    ours = [("-".join(s.skills), s.entity, s.container) for s in subtasks(sequence)]
    assert ours == brute_subtasks(sequence)


@settings(max_examples=150, deadline=None)
@given(calls, calls, st.sampled_from(["sequential", "independent"]))
def test_the_official_graphs_match_as_by_trying_every_pairing(reference, answer, kind):
    def edges(n):
        return [(i, i + 1) for i in range(n - 1)] if kind == "sequential" else []

    best = brute_exact(reference, answer, edges)
    if best is not None:
        assert exact_match(graph(reference, kind), graph(answer, kind)) == pytest.approx(best)
        assert score(reference, answer, kind).exact_match == pytest.approx(best)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_random_graphs_match_as_by_trying_every_pairing(seed):
    rng = random.Random(seed)

    def sequence(n):
        made = []
        for _ in range(n):
            if rng.random() < 0.5:
                made.append(call("press", rng.randint(1, 2)))
            else:
                made += [call("pick", rng.randint(1, 2)), call("place", None, 1)]
        return made

    n = rng.randint(1, 4)
    edges = {(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.4}
    reference, answer = sequence(n), sequence(n)
    dependency = {i + 1: [b + 1 for a, b in edges if a == i] for i in range(n)}
    best = brute_exact(reference, answer, lambda count: sorted(edges))
    found = exact_match(graph(reference, dependency), graph(answer, dependency))
    assert found == pytest.approx(best)


def positions(reference, answer):
    """What the public scorer's layers come to where each subtask follows the one before."""
    a, b = brute_subtasks(reference), brute_subtasks(answer)
    hits = sum(
        x == y and (i == 0 or a[i - 1] == b[i - 1])
        for i, (x, y) in enumerate(zip(a, b, strict=False))
    )
    return 100 * hits / len(a)


@settings(deadline=None)
@given(calls.filter(brute_subtasks), calls)
def test_sequential_tasks_are_scored_by_position(reference, answer):
    found = score(reference, answer).exact_match
    assert found == pytest.approx(positions(reference, answer))


def test_totals_are_the_published_and_the_declared_one():
    reference = [call("pick", 1), call("place", None, 2), call("pick", 3), call("place", None, 4)]
    swapped = [*reference[2:], *reference[:2]]
    found = score(reference, swapped)
    assert (found.skill_match, found.entity_match, found.skill_with_entity_match) == (100,) * 3
    assert found.exact_match == 0
    assert found.total_published == pytest.approx(80)
    assert found.total_full == pytest.approx(90)
    assert score(reference, swapped, "independent").total_full == pytest.approx(100)
    assert score(reference, reference).total_full == pytest.approx(100)


BROKEN = {
    "no list": {"skill_sequence": []},
    "a text": "pick",
    "calls that are texts": ["pick"],
    "no name": [{"params": {}}],
    "no params": [{"name": "pick"}],
    "params that are a list": [{"name": "pick", "params": [1]}],
    "a list as target": [call("pick", [1])],
    "a list as name": [call(["pick"])],
    "nothing": None,
    "a number": 3,
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_the_public_scorer_stumbles_over_scores_nothing(name):
    reference = [call("pick", 1), call("place", None, 2)]
    assert score(reference, BROKEN[name]) == Scores()


def test_a_reference_without_subtasks_scores_nothing():
    assert score([call("pick", 1)], [call("pick", 1)]) == Scores()


def test_circles_and_missing_subtasks_are_refused():
    two = [call("press", 1), call("press", 2)]
    with pytest.raises(ValueError, match="circle"):
        graph(two, {1: [2], 2: [1]})
    with pytest.raises(ValueError, match="no subtasks"):
        graph(two, {1: [3]})
    assert score(two, two[:1], {1: [2]}) == Scores()
