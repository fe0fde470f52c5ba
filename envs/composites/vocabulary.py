"""The skills that reference steps are made of, and the words for RoboCasa's fixtures.

The skills themselves are data: `vocabulary.yaml`. 65 of them are RoboCasa365's atomic tasks under
their own names; the rest are marked as outside that vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ...configs import ConfigError, nearest

GROUPS: Mapping[str, tuple[str, ...]] = {
    "COUNTER": (
        "COUNTER",
        "COUNTER_NON_CORNER",
        "COUNTER_NON_DINING",
        "DINING_COUNTER",
        "ISLAND",
    ),
    "CABINET": (
        "CABINET",
        "CABINET_WITH_DOOR",
        "CABINET_SINGLE_DOOR",
        "CABINET_DOUBLE_DOOR",
        "SHELF",
    ),
    "DRAWER": ("DRAWER", "TOP_DRAWER"),
}
"""FixtureType names that one skill serves alike; every other type stands for itself."""

_NOUNS: Mapping[str, str] = {
    "COUNTER_NON_CORNER": "counter",
    "COUNTER_NON_DINING": "counter",
    "CABINET_WITH_DOOR": "cabinet",
    "CABINET_SINGLE_DOOR": "cabinet",
    "CABINET_DOUBLE_DOOR": "cabinet",
    "TOP_DRAWER": "drawer",
}


@dataclass(frozen=True, kw_only=True)
class Skill:
    """One skill of the vocabulary."""

    name: str
    atomic: bool
    """True if it is one of RoboCasa365's 65 atomic tasks."""
    family: str
    """The action without its object: PickPlace, Open, Close, TurnOn, ..."""
    say: str
    """The key that names it in corrections.yaml; empty for an atomic task that no step uses."""
    of: str
    """The group of FixtureTypes that it works on; empty if any."""
    part: str
    ends: tuple[str, str] | None
    """For PickPlace skills: the groups that it takes from and brings to."""
    text: str
    """What a step says, with the step's arguments in braces; empty for PickPlace skills."""
    subtask: tuple[str, str] | None
    """Verb and target that `envs.skills.parse` finds in the text, if it knows the skill."""


@cache
def skills() -> Mapping[str, Skill]:
    """Every skill by name."""
    path = Path(__file__).with_name("vocabulary.yaml")
    raw: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    return {name: _skill(name, entry) for name, entry in raw.items()}


def _skill(name: str, entry: Mapping[str, Any]) -> Skill:
    subtask = entry.get("subtask")
    return Skill(
        name=name,
        atomic=entry.get("atomic", True),
        family=entry["family"],
        say=entry["say"] or "",
        of=entry.get("of", ""),
        part=entry.get("part", ""),
        ends=(entry["from"], entry["to"]) if "from" in entry else None,
        text=entry.get("text", ""),
        subtask=(subtask[0], subtask[1]) if subtask else None,
    )


def skill(name: str) -> Skill:
    """One skill by its exact name.

    Raises:
        ConfigError: if there is none, with the nearest names.
    """
    known = skills()
    if name not in known:
        raise ConfigError(
            f"unknown skill {name!r}{nearest(name, known)}; "
            f"envs/composites/vocabulary.yaml lists all {len(known)}"
        )
    return known[name]


def group(kind: str) -> str:
    """The group of a FixtureType name: CABINET for CABINET_WITH_DOOR."""
    return next((name for name, members in GROUPS.items() if kind in members), kind)


def noun(kind: str) -> str:
    """What a FixtureType is called in a step."""
    return _NOUNS.get(kind, kind.replace("_", " ").casefold())


def known_action(say: str) -> None:
    """Check that a key names an action.

    Raises:
        ConfigError: if it names none, with the nearest keys.
    """
    known = {s.say for s in skills().values() if s.say} | {"slide_in", "slide_out"}
    if say not in known:
        raise ConfigError(f"unknown action {say!r}{nearest(say, known)}")


def find(say: str, kind: str = "", part: str = "") -> Skill:
    """The skill that a correction means by `{say: fixture}`.

    Args:
        say: the key, for instance `turn_on`.
        kind: the fixture's FixtureType name; empty if the skill works on no fixture.
        part: the part of the fixture that is named.

    Raises:
        ConfigError: if no skill of the vocabulary does this.
    """
    known_action(say)
    named = [s for s in skills().values() if s.say == say and s.ends is None]
    fitting = [s for s in named if s.of in ("", group(kind))]
    exact = [s for s in fitting if s.part == part]
    whole = [s for s in fitting if not s.part and say not in ("open", "close")]
    if not exact and not whole:
        raise ConfigError(f"no skill does {say!r} on {part or 'the whole'} of a {kind or 'thing'}")
    return (exact or whole)[0]


def pick_place(source: str, target: str) -> Skill:
    """The atomic pick-and-place task between two places; `PickPlace` where there is none.

    Args:
        source: the group of the fixture that the object comes from, with its part if that matters.
        target: the same of the fixture that it goes to.
    """
    for candidate in skills().values():
        if candidate.ends == (source, target):
            return candidate
    return skills()["PickPlace"]
