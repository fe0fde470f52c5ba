"""VLABench's scores of one skill sequence against the reference; pure arithmetic.

Source: Zhang et al. 2024 (arXiv 2412.18194), section on vision-language models, and the behaviour
of the public scorer (OpenMOSS/VLABench, evaluation/utils.py), which is reproduced to the letter:
an answer that its code would stumble over scores 0 in everything.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Call = Mapping[str, Any]
"""`{"name": skill, "params": {"target_entity_name" | "target_container_name": number}}`"""
Dependency = Literal["sequential", "independent"] | Mapping[int, Sequence[int]]
"""How subtasks depend on each other: each on the one before it, none on another, or subtask
(counted from 1) -> the subtasks that come after it."""
ENTITY, CONTAINER = "target_entity_name", "target_container_name"
SUBTASKS: tuple[tuple[str, ...], ...] = (
    ("pick", "place"),
    ("pick", "insert"),
    ("pick", "pour", "place"),
    ("pick", "pour"),
    ("pick", "pull"),
    ("pick", "lift"),
    ("pick", "push", "pull"),
    ("pick", "push", "place"),
    ("pick", "push"),
    ("pick", "open_door"),
    ("press",),
)
"""Skills that make a subtask together; the first pattern that fits is taken."""
WEIGHTS: Mapping[str, float] = {
    "skill_match": 0.4, "entity_match": 0.4, "skill_with_entity_match": 0.1, "exact_match": 0.1
}  # fmt: skip
"""Of the full total."""
PUBLISHED = ("skill_match", "entity_match")
"""What the public scorer added up when LEAP's table was made; later releases add all four."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of one sample; 0 to 100 each."""

    skill_match: float = 0.0
    """Share of the reference's skills that the answer has, in any order."""
    entity_match: float = 0.0
    """Share of its entities and containers, in any order and with any skill."""
    skill_with_entity_match: float = 0.0
    """Share of its calls, skill and target together, in any order."""
    exact_match: float = 0.0
    """Share of its subtasks that stand at the same place of the dependency graph."""

    @property
    def total_full(self) -> float:
        """All four, weighted as declared: 0.4, 0.4, 0.1, 0.1."""
        return sum(weight * getattr(self, name) for name, weight in WEIGHTS.items())

    @property
    def total_published(self) -> float:
        """0.4 x skill + 0.4 x entity: `total_score` as LEAP's README gives it; at most 80."""
        return sum(WEIGHTS[name] * getattr(self, name) for name in PUBLISHED)


@dataclass(frozen=True, kw_only=True)
class Subtask:
    """A node of the graph."""

    skills: tuple[str, ...]
    entity: Any
    """The last one named in it; None for none."""
    container: Any


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Subtasks and what each depends on; edges go from lower to higher layers."""

    nodes: tuple[Subtask, ...]
    before: tuple[frozenset[int], ...]
    """Per node the nodes it directly depends on; empty for those that depend on the start."""
    layer: tuple[int, ...]
    """Longest way from the start."""


def score(
    reference: Sequence[Call], answer: Sequence[Call], dependency: Dependency = "sequential"
) -> Scores:
    """Score an answer.

    Args:
        reference: the calls of the sample.
        answer: the calls of the model; anything may be in them.
        dependency: of the sample's task.

    Returns:
        All zero for an answer, or a reference, that the public scorer could not score.
    """
    try:
        return Scores(
            skill_match=_share(_skills(reference), _skills(answer)),
            entity_match=_share(_targets(reference), _targets(answer)),
            skill_with_entity_match=_share(_calls(reference), _calls(answer)),
            exact_match=exact_match(graph(reference, dependency), graph(answer, dependency)),
        )
    except (TypeError, KeyError, AttributeError, ValueError, ZeroDivisionError):
        return Scores()


def _skills(calls: Sequence[Call]) -> list[Any]:
    return [call["name"] for call in calls]


def _targets(calls: Sequence[Call]) -> list[tuple[str, Any]]:
    return [
        (kind, call["params"][kind])
        for call in calls
        for kind in (ENTITY, CONTAINER)
        if call["params"].get(kind) is not None
    ]


def _calls(calls: Sequence[Call]) -> list[tuple[Any, Any, Any]]:
    return [(c["name"], c["params"].get(ENTITY), c["params"].get(CONTAINER)) for c in calls]


def _share(wanted: Sequence[Any], given: Sequence[Any]) -> float:
    """Percentage of the wanted things that are given, each counted as often as it is there."""
    if not wanted:
        Counter(given)  # what cannot be counted is an error all the same
        return 0.0
    return 100.0 * (Counter(wanted) & Counter(given)).total() / len(wanted)


def subtasks(calls: Sequence[Call]) -> list[Subtask]:
    """The subtasks in a sequence of calls; calls that belong to none are passed over."""
    names = tuple(call["name"] for call in calls)
    found: list[Subtask] = []
    at = 0
    while at < len(names):
        skills = next((p for p in SUBTASKS if names[at : at + len(p)] == p), None)
        if skills is None:
            at += 1
            continue
        part = [call["params"] for call in calls[at : at + len(skills)]]
        entities = [p[ENTITY] for p in part if p.get(ENTITY) is not None]
        containers = [p[CONTAINER] for p in part if p.get(CONTAINER) is not None]
        found.append(
            Subtask(
                skills=skills,
                entity=entities[-1] if entities else None,
                container=containers[-1] if containers else None,
            )
        )
        at += len(skills)
    return found


def graph(calls: Sequence[Call], dependency: Dependency) -> Graph:
    """The subtasks of a sequence with their dependencies.

    Raises:
        ValueError: for a dependency on a subtask that is not there, or a cycle.
    """
    nodes = subtasks(calls)
    before: list[set[int]] = [set() for _ in nodes]
    if dependency == "sequential":
        for index in range(1, len(nodes)):
            before[index].add(index - 1)
    elif not isinstance(dependency, str):
        for first, then in dependency.items():
            for second in then:
                if not (1 <= first <= len(nodes) and 1 <= second <= len(nodes)):
                    raise ValueError(f"no subtasks {first} and {second} in {len(nodes)}")
                before[second - 1].add(first - 1)
    return Graph(
        nodes=tuple(nodes),
        before=tuple(frozenset(one) for one in before),
        layer=tuple(_layers(before)),
    )


def _layers(before: Sequence[set[int]]) -> list[int]:
    layers = [1] * len(before)
    for _ in before:
        updated = [max((layers[b] + 1 for b in ones), default=1) for ones in before]
        if updated == layers:
            return layers
        layers = updated
    if layers != [max((layers[b] + 1 for b in ones), default=1) for ones in before]:
        raise ValueError("the dependencies go round in a circle")
    return layers


def exact_match(reference: Graph, answer: Graph) -> float:
    """Percentage of the reference's subtasks with a counterpart in the answer.

    Counterparts are the same subtask (skills, entity, container) in the same layer, with as many
    dependencies, each of them on the same subtask; every subtask of the answer counts once. Of
    several pairings the largest is taken. (The public scorer takes the first that fits; for
    sequential and independent tasks, which are all there are, that is the same number.)

    Raises:
        ZeroDivisionError: if the reference has no subtask.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    fits = np.array(
        [
            [_fits(reference, i, answer, j) for j in range(len(answer.nodes))]
            for i in range(len(reference.nodes))
        ],
        dtype=bool,
    )
    if not fits.any():
        return 0.0 / len(reference.nodes)
    pairs = maximum_bipartite_matching(csr_matrix(fits), perm_type="column")
    return 100.0 * int((pairs >= 0).sum()) / len(reference.nodes)


def _fits(a: Graph, i: int, b: Graph, j: int) -> bool:
    return (
        a.layer[i] == b.layer[j]
        and a.nodes[i] == b.nodes[j]
        and len(a.before[i]) == len(b.before[j])
        and all(any(a.nodes[p] == b.nodes[q] for q in b.before[j]) for p in a.before[i])
    )
