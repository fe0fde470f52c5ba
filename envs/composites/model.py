"""Reference steps: what they are, how to load them, how to put them into words.

The data are `steps.yaml`, written by `python -m leapcasa.envs.composites.build` and loaded here
without RoboCasa. They are truth about the tasks: a planner is scored with them and never sees them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from ...configs import ConfigError, nearest
from . import vocabulary

Condition = Literal["always", "present", "needed"]
"""When a step is part of an episode: always, if its object is there, if the scene calls for it."""

RESERVED = frozenset({"skill", "text", "after", "condition", "alternatives"})
"""Keys of a step in steps.yaml that are not arguments."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a composite task."""

    skill: str
    """A name of the vocabulary."""
    arguments: Mapping[str, str]
    """What the skill works on, for instance object, source, relation, target, fixture, near.

    Values are object slots, fixture references or plain words; `Composite` tells them apart.
    """
    text: str
    """The step in words, object slots and words of the episode in braces."""
    after: tuple[int, ...] = ()
    """Positions, from 0, of the steps that must come before; steps not so bound may be swapped."""
    condition: Condition = "always"
    alternatives: Mapping[str, tuple[str, ...]]
    """Argument -> other slots that would do as well, or instead in some episodes."""

    @property
    def family(self) -> str:
        """The action without its object: PickPlace, Open, Close, TurnOn, ..."""
        return vocabulary.skill(self.skill).family

    @property
    def atomic(self) -> bool:
        """Whether the skill is one of RoboCasa365's atomic tasks."""
        return vocabulary.skill(self.skill).atomic


@dataclass(frozen=True, kw_only=True)
class Composite:
    """The reference steps of one composite task."""

    task: str
    activity: str
    steps: tuple[Step, ...]
    objects: Mapping[str, str]
    """Object slot -> what it is called where the episode does not say."""
    fixtures: Mapping[str, str]
    """Fixture reference of the task -> RoboCasa's FixtureType name."""
    words: Mapping[str, str]
    """Words that the episode fills in -> what they mean, for instance which burner."""
    reviewed: bool
    """True if a person read the task's description, instruction and success criterion."""
    note: str = ""
    doubt: str = ""
    """What is uncertain about these steps; empty if nothing is."""

    def objects_of(self, step: Step) -> tuple[str, ...]:
        """The object slots that a step names, its alternatives left out."""
        return tuple(v for v in step.arguments.values() if v in self.objects)

    def fixtures_of(self, step: Step) -> tuple[str, ...]:
        """The FixtureType names of the fixtures that a step names."""
        named = step.arguments.values()
        return tuple(self.fixtures[v] for v in named if v in self.fixtures)

    def precedences(self) -> frozenset[tuple[int, int]]:
        """Every pair (earlier, later) of positions whose order matters."""
        before: list[set[int]] = []
        for step in self.steps:
            earlier = set(step.after)
            before.append(earlier.union(*(before[i] for i in earlier)))
        return frozenset((i, j) for j, earlier in enumerate(before) for i in earlier)


@cache
def all_steps() -> Mapping[str, Composite]:
    """The reference steps of all 300 composite tasks by name, in alphabetical order."""
    return read(Path(__file__).with_name("steps.yaml"))


def steps(task: str) -> Composite:
    """The reference steps of one composite task.

    Raises:
        ConfigError: if there is no such task, with the nearest names.
    """
    known = all_steps()
    if task not in known:
        raise ConfigError(
            f"unknown composite task {task!r}{nearest(task, known)}; "
            "`leapcasa tasks` lists all of them"
        )
    return known[task]


def read(path: Path) -> Mapping[str, Composite]:
    """Read a steps file.

    Raises:
        ConfigError: if it is not one, or a step is malformed; the message names the place.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        raw = yaml.load(path.read_text("utf-8"), Loader=loader)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read reference steps from {path.name}: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path.name} is no mapping of tasks to their steps")
    return {task: composite(task, entry) for task, entry in raw.items()}


def composite(task: str, entry: Mapping[str, Any]) -> Composite:
    """One task's entry of a steps file.

    Raises:
        ConfigError: if something is missing or malformed.
    """
    try:
        return Composite(
            task=task,
            activity=entry["activity"],
            steps=tuple(_step(raw) for raw in entry["steps"]),
            objects=entry.get("objects", {}),
            fixtures=entry.get("fixtures", {}),
            words=entry.get("words", {}),
            reviewed=entry["reviewed"],
            note=entry.get("note", ""),
            doubt=entry.get("doubt", ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"the reference steps of {task} are malformed ({error!r}); "
            "mend: python -m leapcasa.envs.composites.build"
        ) from error


def _step(raw: Mapping[str, Any]) -> Step:
    condition = raw.get("condition", "always")
    if condition not in get_args(Condition):
        raise ValueError(condition)
    others = raw.get("alternatives", {})
    return Step(
        skill=vocabulary.skill(raw["skill"]).name,
        arguments={k: str(v) for k, v in raw.items() if k not in RESERVED},
        text=raw["text"],
        after=tuple(raw.get("after", ())),
        condition=condition,
        alternatives={k: tuple(v) for k, v in others.items()},
    )


def render(composite: Composite, slots: Mapping[str, str]) -> tuple[str, ...]:
    """The steps of one episode in words.

    Args:
        composite: the task.
        slots: object slot or word of the episode -> what it is called there; may name more than
            the steps need. A slot left out is called by its category, a word left out is dropped.

    Returns:
        One sentence per step. Steps whose object is only sometimes there come if `slots` names it;
        steps that only some scenes call for are left out.
    """
    chosen = (composite.steps[i] for i in positions(composite, slots))
    return tuple(_in_words(step.text, composite, slots) for step in chosen)


def positions(composite: Composite, slots: Collection[str]) -> tuple[int, ...]:
    """Which steps an episode has, as positions from 0: the ones that `render` puts into words.

    Args:
        composite: the task.
        slots: the object slots that the episode has.
    """
    return tuple(
        i
        for i, step in enumerate(composite.steps)
        if step.condition == "always"
        or (step.condition == "present" and step.arguments.get("object") in slots)
    )


def _in_words(text: str, composite: Composite, slots: Mapping[str, str]) -> str:
    def name(found: re.Match[str]) -> str:
        key = found.group(1)
        return slots.get(key, composite.objects.get(key, ""))

    return re.sub(r" {2,}", " ", _PLACEHOLDER.sub(name, text))
