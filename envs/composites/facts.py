"""What is known about a composite task: plain data that the sources are read into."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

GoalKind = Literal["at", "on_counter", "near", "closed", "on", "off"]


class Part(NamedTuple):
    """A fixture, or one part of it that opens by itself."""

    fixture: str
    part: str = ""


class Goal(NamedTuple):
    """One thing the success criterion asks for; names are slots, fixtures or parts."""

    kind: GoalKind
    object: str
    target: str = ""
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One object of a task."""

    name: str
    groups: tuple[str, ...]
    """RoboCasa's categories or groups it is sampled from; empty if any will do."""
    start: str
    """The fixture or slot where it starts; empty if not known."""
    part: str
    """The part of that fixture: `freezer`, or empty."""
    sometimes: bool
    """True if only some episodes have it."""


@dataclass(kw_only=True)
class Facts:
    """What is known about one task."""

    name: str
    activity: str
    fixtures: dict[str, str] = field(default_factory=dict)
    """Reference name -> FixtureType name."""
    slots: dict[str, Slot] = field(default_factory=dict)
    open: set[Part] = field(default_factory=set)
    """What is open when an episode starts."""
    running: set[str] = field(default_factory=set)
    """Fixtures that run when an episode starts."""
    mentioned: set[str] = field(default_factory=set)
    """Slots and fixtures that the success criterion looks at."""
    goals: list[Goal] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    """Families of actions that the description names."""
    kinds: set[str] = field(default_factory=set)
    """FixtureType names that the source mentions anywhere."""
    text: str = ""
    """The class's source, for looking up names in; never written anywhere."""
