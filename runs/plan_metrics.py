"""How near one plan is to the reference steps of its task: pure counting.

Skills and arguments are compared apart from order; order is compared twice: against the reference
as it is written (longest common subsequence), and against what must come before what.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from .plan_reading import Action, Reading
from .plan_reference import Reference, Wanted, mentioned

Fits = Callable[[Wanted, Action], bool]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One plan, measured; shares are 0..1, and None where there is nothing to share."""

    reference_steps: int
    planned_steps: int
    """Steps as the plan has them, those that only drive left out."""
    count_error: int
    """planned_steps - reference_steps."""
    absolute_count_error: int
    skill_recall: float
    """Share of the reference's skills (families, as often as they occur) that the plan has."""
    skill_precision: float
    """Share of the plan's skills, steps that are not understood included, that are needed."""
    object_recall: float | None
    """Share of the objects of the reference that the plan names anywhere."""
    fixture_recall: float | None
    argument_recall: float | None
    """Of objects and fixtures together."""
    order: float
    """2 x longest common subsequence / (steps of the reference + actions of the plan)."""
    bound_pairs: int
    """Pairs of steps that the plan has and whose order matters."""
    violated_pairs: int
    precedence_violations: float | None
    """violated_pairs / bound_pairs."""
    exact: bool
    """The same steps with the same arguments, in an order that works."""
    valid: bool
    """The planner gave a plan, and every step of it is understood."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which action is which reference step."""

    steps: tuple[int | None, ...]
    """For each action the position of its step; None if it is none."""
    violated: int
    """Pairs that are in the wrong order."""
    bound: int
    """Pairs whose order matters and of which both are there."""

    @property
    def matched(self) -> int:
        """Actions that are a step."""
        return sum(step is not None for step in self.steps)


def measure(reference: Reference, reading: Reading, *, refused: bool) -> Score:
    """Measure one plan.

    Args:
        reference: the task's; of its optional steps, only those the plan has are counted.
        reading: what the plan asks for.
        refused: there was no plan; the reading is of no steps.
    """
    actions = reading.actions
    reference = _called_for(reference, actions)
    steps = reference.steps
    found = match(reference, actions, Wanted.fits)
    strictly = match(reference, actions, Wanted.fits_exactly)
    asked = len(actions) + len(reading.unknown)
    common = Counter(s.skill for s in steps) & Counter(a.skill for a in actions)
    recalls = argument_recalls(steps, actions)
    return Score(
        reference_steps=len(steps),
        planned_steps=reading.steps,
        count_error=reading.steps - len(steps),
        absolute_count_error=abs(reading.steps - len(steps)),
        skill_recall=common.total() / len(steps),
        skill_precision=common.total() / asked if asked else 0.0,
        object_recall=recalls[0],
        fixture_recall=recalls[1],
        argument_recall=recalls[2],
        order=2 * common_subsequence(steps, actions) / (len(steps) + asked),
        bound_pairs=found.bound,
        violated_pairs=found.violated,
        precedence_violations=found.violated / found.bound if found.bound else None,
        exact=strictly.matched == len(steps) == asked and not strictly.violated,
        valid=not refused and not reading.unknown,
    )


def argument_recalls(
    steps: Sequence[Wanted], actions: Sequence[Action]
) -> tuple[float | None, float | None, float | None]:
    """Shares of the reference's objects, fixtures and both that the plan names."""
    named = {name for action in actions for names in action.roles.values() for name in names}
    wanted: dict[tuple[frozenset[str], bool], bool] = {}
    for step in steps:
        for names, is_object in step.arguments().items():
            wanted[names, is_object] = mentioned(named, names)
    objects = [hit for (_, is_object), hit in wanted.items() if is_object]
    fixtures = [hit for (_, is_object), hit in wanted.items() if not is_object]
    return _share(objects), _share(fixtures), _share([*objects, *fixtures])


def common_subsequence(steps: Sequence[Wanted], actions: Sequence[Action]) -> int:
    """Length of the longest sequence of steps that the plan has in the reference's order."""
    before = [0] * (len(actions) + 1)
    for step in steps:
        row = [0]
        for j, action in enumerate(actions):
            row.append(before[j] + 1 if step.fits(action) else max(row[j], before[j + 1]))
        before = row
    return before[-1]


def match(reference: Reference, actions: Sequence[Action], fits: Fits) -> Match:
    """The way to see as many actions as possible as steps; of these, with the fewest violations.

    Args:
        reference: each of its steps can be matched once.
        actions: the plan's.
        fits: whether an action is a step.
    """
    steps, last = reference.steps, len(actions)
    fitting = [[i for i, s in enumerate(steps) if fits(s, action)] for action in actions]
    later = [frozenset(j for i, j in reference.before if i == k) for k in range(len(steps))]
    twins = _twins(reference)

    @cache
    def most(place: int, used: frozenset[int]) -> int:
        return _most(fitting[place:], used)

    @cache
    def best(place: int, used: frozenset[int]) -> tuple[int, tuple[int | None, ...]]:
        """Violations and choices for the actions from `place` on."""
        if place == last:
            return 0, ()
        reachable = most(place, used)
        options: list[tuple[int, tuple[int | None, ...]]] = []
        if most(place + 1, used) == reachable:
            cost, rest = best(place + 1, used)
            options.append((cost, (None, *rest)))
        tried: set[int] = set()
        for i in fitting[place]:
            if i in used or twins[i] in tried:
                continue
            tried.add(twins[i])
            after = used | {i}
            if 1 + most(place + 1, after) == reachable:
                cost, rest = best(place + 1, after)
                options.append((cost + len(later[i] & used), (i, *rest)))
        return min(options, key=lambda option: option[0])

    violated, chosen = best(0, frozenset())
    there = set(chosen)
    bound = sum(i in there and j in there for i, j in reference.before)
    return Match(steps=chosen, violated=violated, bound=bound)


def _most(fitting: Sequence[Sequence[int]], used: frozenset[int]) -> int:
    """How many actions can be matched at once (augmenting paths)."""
    owner: dict[int, int] = {}

    def give(place: int, seen: set[int]) -> bool:
        for i in fitting[place]:
            if i in used or i in seen:
                continue
            seen.add(i)
            if i not in owner or give(owner[i], seen):
                owner[i] = place
                return True
        return False

    return sum(give(place, set()) for place in range(len(fitting)))


def _twins(reference: Reference) -> list[int]:
    """For each step the first one that cannot be told from it, so that one of them is tried."""
    seen: dict[object, int] = {}
    out: list[int] = []
    for k, step in enumerate(reference.steps):
        before = frozenset(i for i, j in reference.before if j == k)
        later = frozenset(j for i, j in reference.before if i == k)
        key = (step.skill, frozenset(step.roles.items()), step.detail, before, later)
        out.append(seen.setdefault(key, k))
    return out


def _called_for(reference: Reference, actions: Sequence[Action]) -> Reference:
    """The reference with those optional steps that the plan has beside the others."""
    optional = [i for i, step in enumerate(reference.steps) if step.optional]
    out: set[int] = set(optional)
    fitting = [[i for i, s in enumerate(reference.steps) if s.fits(a)] for a in actions]
    for i in optional:
        if _most(fitting, frozenset(out - {i})) > _most(fitting, frozenset(out)):
            out.discard(i)
    return reference.without(out)


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
