"""What a planner's steps ask for: text -> skill and arguments, in the composite tasks' vocabulary.

Planners word their steps freely, so this reading is tolerant where `envs.skills.parse` is strict:
synonyms, plurals, left-out articles, several commands or several objects in one step. Picking
something up and the step that then does something with it are one action ("Pick up the cup", "Put
it in the sink"), as in the reference steps. A step without a known command is a step that is not
understood; nothing is guessed from the kitchen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .plan_commands import AT_FIXTURE, DRIVE, PICK, TOOLED, Command, commands
from .plan_words import FIXTURES, Thing, same

_LIDDED = frozenset({"blender", "electric kettle"})
"""Fixtures that are closed by putting their lid on."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One skill with its arguments; each argument is the names it may go by."""

    skill: str
    """A family of the vocabulary (PickPlace, Open, TurnOn, ...), or `PICK`."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """object, source, target, tool, fixture, near, until -> names."""
    detail: frozenset[str] = frozenset()
    """Words that say which part, which side, how far: {"top", "shelf"}, {"out"}, {"hot"}."""

    def names(self, role: str) -> tuple[str, ...]:
        """The names of an argument; empty if it is not said."""
        return self.roles.get(role, ())


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a plan asks for."""

    actions: tuple[Action, ...]
    """In order; driving is left out."""
    steps: int
    """Steps of the plan that are more than driving."""
    unknown: tuple[str, ...]
    """Steps that are not understood."""


def read(texts: Sequence[str]) -> Reading:
    """What the steps of a plan ask for.

    Args:
        texts: the steps in order.
    """
    hand = _Hand()
    unknown: list[str] = []
    steps = 0
    for text in texts:
        found = list(commands(text))
        steps += not found or any(command.skill != DRIVE for command in found)
        if not found:
            unknown.append(text)
        for command in found:
            hand.take(command)
    return Reading(actions=hand.actions(), steps=steps, unknown=tuple(unknown))


class _Hand:
    """Follows a plan's commands: what is in the hand, and what "it" means."""

    def __init__(self) -> None:
        self._done: list[Action | None] = []
        self._held: list[tuple[str, int]] = []
        """What was picked up, and where in `_done` its picking stands."""
        self._last: tuple[str, ...] = ()
        self._place: tuple[str, ...] = ()
        """The fixture that was spoken of last."""

    def actions(self) -> tuple[Action, ...]:
        """All that was asked for."""
        return tuple(action for action in self._done if action is not None)

    def take(self, command: Command) -> None:
        """Go on with one command."""
        if command.skill == DRIVE:
            return
        if command.skill in AT_FIXTURE or command.skill == "Wait":
            self._done.append(self._at_fixture(command))
            return
        objects = self._objects(command)
        if command.skill == PICK:
            again = {name for name, _ in self._held}
            for name in objects:
                if name not in again:
                    self._held.append((name, len(self._done)))
                    self._done.append(self._action(command, name))
        elif command.skill in TOOLED:
            self._with_tool(command, objects)
        else:
            for name in objects or ("",):
                self._carry(command, name)
        if objects:
            self._last = tuple(dict.fromkeys(objects))

    def _objects(self, command: Command) -> tuple[str, ...]:
        """The things a command handles, as often as it says; "it" is what was handled last."""
        names: list[str] = []
        for one in command.things or (Thing(name=""),):
            known = [name for name, _ in self._held] or list(self._last)
            several = one.count > 1 or not command.things
            names += [one.name] * one.count if one.name else known if several else known[-1:]
        return tuple(names)

    def _carry(self, command: Command, name: str) -> None:
        """An action on what is in the hand takes the picking up into itself."""
        action = self._action(command, name)
        if command.skill == "Pour" and self._held:
            # "Lift the kettle", "Pour the water in the mug": what is poured from is in the hand.
            holding = self._held[-1][0]
            action = replace(
                action, roles={**action.roles, "object": (*action.names("object"), holding)}
            )
            name = holding
        picked = self._let_go([name])
        if picked is not None and command.skill == "PickPlace":
            action = replace(action, roles={**picked.roles, **action.roles})
        lidded = set(action.names("target")) & _LIDDED
        if name.endswith("lid") and lidded and command.skill == "PickPlace":
            action = Action(skill="Close", roles={"fixture": tuple(lidded)})
        self._done.append(action)

    def _let_go(self, names: Sequence[str]) -> Action | None:
        """Take back the picking up of the first thing held that has one of the names."""
        for held in self._held:
            if any(same(held[0], name) for name in names):
                self._held.remove(held)
                picked, self._done[held[1]] = self._done[held[1]], None
                return picked
        return None

    def _with_tool(self, command: Command, objects: Sequence[str]) -> None:
        tool = command.roles.get("tool", ())
        if not tool and self._held:
            tool = (self._held[-1][0],)
        self._let_go(tool)
        said = command.roles.get("target", ())
        target = (*objects[:1], *said) if command.skill == "Stir" else tuple(objects[:1]) or said
        roles = {"target": target, "tool": tool}
        self._done.append(Action(skill=command.skill, roles={k: v for k, v in roles.items() if v}))

    def _at_fixture(self, command: Command) -> Action:
        named = [one.name for one in command.things if one.name]
        roles = dict(command.roles)
        fixture = roles.pop("fixture", ()) or tuple(named)
        fixture = fixture or (() if command.skill == "Wait" else self._place)
        if fixture:
            roles["fixture"] = fixture
        self._place = tuple(name for name in fixture if name in FIXTURES) or self._place
        return Action(skill=command.skill, roles=roles, detail=command.detail)

    def _action(self, command: Command, name: str) -> Action:
        roles = {**({"object": (name,)} if name else {}), **command.roles}
        if command.skill != "Press":
            roles.pop("tool", None)
        for role, names in roles.items():
            roles[role] = tuple(n for one in names for n in ((one,) if one else self._place))
        for role in ("source", "target"):
            places = tuple(n for n in roles.get(role, ()) if n in FIXTURES)
            self._place = places or self._place
        roles = {role: names for role, names in roles.items() if names}
        return Action(skill=command.skill, roles=roles, detail=command.detail)
