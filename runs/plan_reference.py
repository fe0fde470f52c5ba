"""What a plan is measured by: reference steps with every name that an argument may go by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..envs.composites import Composite, Step, positions, vocabulary
from .plan_commands import BESIDE
from .plan_reading import Action, read
from .plan_words import FIXTURES, same, thing

_COUNTERS = frozenset({"counter", "dining counter", "island"})
_NEAR: Mapping[str, str] = {
    "near": "",
    "far_from": BESIDE["away from"],
    "behind": BESIDE["behind"],
    "in_front_of": BESIDE["in front of"],
    "left_of": BESIDE["to the left of"],
    "right_of": BESIDE["to the right of"],
}
"""Arguments that say beside what -> the detail that tells them apart."""
_KIN: Mapping[str, tuple[str, ...]] = {
    "mug": ("cup", "coffee", "tea", "hot chocolate"),
    "cup": ("mug",),
    "plate": ("saucer",),
    "glass cup": ("glass",),
    "canned food": ("can",),
    "tupperware": ("container", "tupperware container"),
    "saucepan": ("pot", "pan"),
    "boxed food": ("cereal",),
}
"""What RoboCasa's instructions call some objects, where nothing else in the task is called so."""
_ROLES = ("object", "source", "target", "tool", "fixture", "under", "until")
_ESSENTIAL: Mapping[str, tuple[str, ...]] = {
    "PickPlace": ("object", "target"),
    "Pour": ("object", "target"),
    "Rinse": ("object",),
    "Press": ("object",),
    "Shake": ("object",),
    "Tilt": ("object",),
    "Rotate": ("object",),
    "Scrub": ("target",),
    "Stir": ("target",),
    "Wait": (),
}
"""The arguments without which a step is another step; of all other skills, the fixture."""
_FREE = ("source", "under")
"""Arguments that even an exact plan may leave out: the thing itself tells where it is."""
_DIRECTED = frozenset({"Slide", "Turn"})
"""Skills of which the direction is essential."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One reference step."""

    skill: str
    """A family of the vocabulary."""
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Argument -> all names it may go by."""
    things: frozenset[str] = frozenset()
    """The arguments that are objects; the others are fixtures."""
    detail: frozenset[str] = frozenset()
    optional: bool = False
    """Only some scenes call for it: a plan may have it or not."""

    def fits(self, action: Action) -> bool:
        """Whether an action is this step: the skill, with its essential arguments."""
        if action.skill != self.skill:
            return False
        if self.skill in _DIRECTED and self.detail and not self.detail <= action.detail:
            return False
        essential = _ESSENTIAL.get(self.skill, ("fixture",))
        return all(self._named(role, action) for role in essential)

    def fits_exactly(self, action: Action) -> bool:
        """Whether it is this step with all that is said of it: beside what, which shelf, how."""
        roles = [role for role in self.roles if role not in _FREE]
        if self.skill == "Rinse":
            roles = ["object"]
        which = not self.detail or ("second" in self.detail) == ("second" in action.detail)
        return (
            self.fits(action)
            and self.detail <= action.detail
            and which
            and all(self._named(role, action) for role in roles)
        )

    def arguments(self) -> dict[frozenset[str], bool]:
        """Each argument's names, and whether it is an object."""
        return {names: role in self.things for role, names in self.roles.items()}

    def _named(self, role: str, action: Action) -> bool:
        wanted = self.roles.get(role, frozenset())
        if not wanted or _meets(wanted, action.names(role)):
            return True
        # "Put the fork next to the plate" leaves the counter to the plate.
        beside = self.roles.get("near", frozenset())
        return role == "target" and not action.names(role) and _meets(beside, action.names("near"))


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The steps of one task, and which must come before which."""

    steps: tuple[Wanted, ...]
    before: frozenset[tuple[int, int]]
    """Every pair (earlier, later) whose order matters, as positions in `steps`."""

    def without(self, left_out: Iterable[int]) -> "Reference":
        """The reference without some of its steps."""
        gone = set(left_out)
        kept = [i for i in range(len(self.steps)) if i not in gone]
        place = {old: new for new, old in enumerate(kept)}
        pairs = ((place[i], place[j]) for i, j in self.before if i in place and j in place)
        return Reference(steps=tuple(self.steps[i] for i in kept), before=frozenset(pairs))


def mentioned(names: Iterable[str], wanted: frozenset[str]) -> bool:
    """Whether any of the names may mean an argument."""
    return _meets(wanted, tuple(names))


def of_composite(composite: Composite, names: Mapping[str, str]) -> Reference:
    """The reference of one episode.

    Args:
        composite: the task.
        names: object slot or word of the episode -> what it is called there.
    """
    always = set(positions(composite, names))
    chosen = [i for i, s in enumerate(composite.steps) if i in always or s.condition == "needed"]
    place = {old: new for new, old in enumerate(chosen)}
    reader = _Episode(composite, names)
    return Reference(
        steps=tuple(reader.wanted(composite.steps[i]) for i in chosen),
        before=frozenset(
            (place[i], place[j]) for i, j in composite.precedences() if i in place and j in place
        ),
    )


def of_texts(texts: Sequence[str], after: Sequence[Sequence[int]] | None = None) -> Reference:
    """The reference that a user wrote.

    Args:
        texts: the steps in order.
        after: for each step the positions, from 0, of those that must come before it; None if each
            must come after the one before.

    Raises:
        ValueError: if a text is not one known skill, or `after` names no earlier step.
    """
    steps: list[Wanted] = []
    for number, text in enumerate(texts, 1):
        found = read([text])
        if len(found.actions) != 1 or found.unknown:
            raise ValueError(
                f"step {number} {text!r} is read as {len(found.actions)} known actions; write one "
                "a step, in words such as 'Pick the cup from the sink and place it on the counter'"
            )
        steps.append(_as_said(found.actions[0]))
    bound = [[i - 1] if i else [] for i in range(len(steps))] if after is None else after
    if len(bound) != len(steps) or any(not 0 <= i < j for j, b in enumerate(bound) for i in b):
        raise ValueError("'after' has a list for each step, with positions of earlier steps from 0")
    return Reference(steps=tuple(steps), before=_closed(bound))


def _closed(bound: Sequence[Sequence[int]]) -> frozenset[tuple[int, int]]:
    earlier: list[set[int]] = []
    for direct in bound:
        earlier.append(set(direct).union(*(earlier[i] for i in direct)))
    return frozenset((i, j) for j, all_ in enumerate(earlier) for i in all_)


def _as_said(action: Action) -> Wanted:
    roles = {role: frozenset(names) for role, names in action.roles.items()}
    things = frozenset(role for role, names in roles.items() if not names & FIXTURES)
    return Wanted(skill=action.skill, roles=roles, things=things, detail=action.detail)


class _Episode:
    """Gives the arguments of a task's steps their names."""

    def __init__(self, composite: Composite, names: Mapping[str, str]) -> None:
        self._composite, self._names = composite, names
        counters = {self._fixture(ref) for ref in composite.fixtures} & _COUNTERS
        self._one_counter = len(counters) == 1

    def wanted(self, step: Step) -> Wanted:
        """One step."""
        arguments, slots = step.arguments, self._composite.objects
        roles: dict[str, frozenset[str]] = {}
        for role in _ROLES:
            if role in arguments:
                roles[role] = self._called(step, role)
        detail = frozenset[str]()
        for key, word in _NEAR.items():
            if key in arguments:
                roles["near"] = self._called(step, key)
                detail |= {word} if word else frozenset()
        beside = {arguments[key] for key in _NEAR if key in arguments}
        things = {role for role in roles if role in arguments and arguments[role] in slots}
        things |= {"near"} if beside & set(slots) else set()
        return Wanted(
            skill=step.family,
            roles=roles,
            things=frozenset(things),
            detail=detail | self._detail(step),
            optional=step.condition == "needed",
        )

    def _called(self, step: Step, role: str) -> frozenset[str]:
        values = (step.arguments[role], *step.alternatives.get(role, ()))
        part = {"target": "part", "fixture": "part", "source": "source_part"}.get(role, "")
        return frozenset[str]().union(
            *(self._thing(value, step.arguments.get(part, "")) for value in values)
        )

    def _thing(self, value: str, part: str) -> frozenset[str]:
        if value in self._composite.objects:
            said = (self._names.get(value, ""), self._composite.objects[value])
            found = {thing(name).name for name in said if name}
            others = {thing(n).name for slot, n in self._names.items() if slot != value}
            kin = {k for name in found for k in _KIN.get(name, ())}
            return frozenset(found | (kin - others))
        name = self._fixture(value)
        if name == "fridge" and part.startswith("freezer"):
            name = part
        elif name == "fridge" and part == "drawer":
            name = "fridge drawer"
        if name in _COUNTERS and self._one_counter:
            return _COUNTERS
        return frozenset({name})

    def _fixture(self, reference: str) -> str:
        """The one name of a fixture; some tasks register the dining counter as a plain one."""
        kind = self._composite.fixtures[reference]
        name = thing(vocabulary.noun(kind)).name
        dining = vocabulary.group(kind) == "COUNTER" and reference.startswith("dining")
        return "dining counter" if dining else name

    def _detail(self, step: Step) -> frozenset[str]:
        """Which part, which way, how much."""
        arguments = step.arguments
        part = arguments.get("shelf", "") or arguments.get("part", "")
        for word, name in self._names.items():
            part = part.replace(f"{{{word}}}", name)
        words = frozenset[str]()
        if "{" not in part and not part.startswith("freezer"):
            words = thing(f"{part} of the stove").detail if part else words
            words = frozenset(part.split()) if part.endswith("lever") else words
        value = arguments.get("value", "").removesuffix(" heat")
        given = {value, arguments.get("direction", "")} - {""}
        return words | given


def _meets(wanted: frozenset[str], names: Sequence[str]) -> bool:
    return any(same(one, other) for one in wanted for other in names)
