"""Where everything is while a task's steps are played through."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...configs import ConfigError, nearest
from . import vocabulary
from .facts import Facts, Part
from .vocabulary import Skill

_GENERIC = frozenset({"all", "food", "object", "container", "obj", "tool", "receptacle"})
_RENAMED: Mapping[str, str] = {
    "kettle_non_electric": "kettle",
    "kettle_electric": "electric kettle",
    "bread_flat": "bread",
    "oil_and_vinegar_bottle": "oil or vinegar bottle",
    "salt_and_pepper_shaker": "shaker",
    "jug_wide_opening": "jug",
    "saucepan_with_lid": "saucepan",
}


@dataclass(kw_only=True)
class Move:
    """One step while it is being worked out."""

    skill: Skill
    arguments: dict[str, str]
    text: str
    alternatives: dict[str, tuple[str, ...]]
    condition: str
    moved: str = ""
    """The slot that the hand carries."""
    resting: frozenset[str] = frozenset()
    """Slots that must be where they are: what it is put on, and what that stands on.

    What it is put beside does not count: of a cluster, any one may come first.
    """
    origin: frozenset[str] = frozenset()
    """Slots that it is taken out of, outermost included."""
    inside: frozenset[str] = frozenset()
    """Slots that are carried along."""
    reached: tuple[Part, ...] = ()
    """Fixtures it reaches into."""
    put_in: str = ""
    """The fixture that receives something."""
    after: tuple[int, ...] = ()


@dataclass(kw_only=True)
class World:
    """Where everything is while the steps are played through."""

    facts: Facts
    spot: dict[str, Part] = field(default_factory=dict)
    """Slot -> the fixture or slot that it is in or on, with the part."""

    @classmethod
    def at_start(cls, facts: Facts, starts: Mapping[str, str]) -> "World":
        """The world when an episode starts; `starts` says what the sources leave open."""
        spot = {s.name: Part(s.start, s.part) for s in facts.slots.values() if s.start}
        return cls(facts=facts, spot=spot | {k: Part(v) for k, v in starts.items()})

    def chain(self, slot: str) -> list[str]:
        """What a slot is in or on, and that in turn; a fixture comes last."""
        out: list[str] = []
        while slot in self.spot and self.spot[slot].fixture not in out:
            slot = self.spot[slot].fixture
            out.append(slot)
        return out

    def root(self, name: str) -> Part:
        """The fixture, with its part, that a slot or fixture rests on."""
        place = Part(name)
        for _ in range(len(self.spot) + 1):
            if place.fixture not in self.spot:
                break
            place = self.spot[place.fixture]
        return place

    def contents(self, slot: str) -> frozenset[str]:
        """The slots that are in or on a slot."""
        return frozenset(s for s in self.spot if slot in self.chain(s))

    def kind(self, fixture: str) -> str:
        """The FixtureType name of a reference, or of a type that is named itself."""
        if fixture in self.facts.fixtures:
            return self.facts.fixtures[fixture]
        return fixture if fixture in self.facts.kinds else ""

    def known(self, name: str) -> str:
        """A slot, fixture reference or FixtureType of this task.

        Raises:
            ConfigError: if the task uses nothing of that name.
        """
        if name in self.facts.slots or self.kind(name):
            return name
        names = {*self.facts.slots, *self.facts.fixtures}
        raise ConfigError(f"{self.facts.name} uses no {name!r}{nearest(name, names)}")

    def phrase(self, name: str) -> str:
        """A slot as a placeholder, a fixture by its noun."""
        if name in self.facts.slots:
            return f"{{{name}}}"
        kind = self.kind(name)
        # Some tasks register the dining counter as a plain counter beside a stool.
        dining = vocabulary.group(kind) == "COUNTER" and name.startswith("dining")
        return vocabulary.noun("DINING_COUNTER" if dining else kind)


def noun(facts: Facts, slot: str) -> str:
    """What an object is called where the episode does not say."""
    if slot.endswith("_auxiliary"):
        return f"{noun(facts, slot.removesuffix('_auxiliary'))} lid"
    groups = facts.slots[slot].groups
    stem = slot.rstrip("0123456789_")
    if slot.endswith("_container"):
        stem = "container"
    word = groups[0] if len(groups) == 1 and groups[0] not in _GENERIC else stem
    if word in ("obj", "item"):
        word = "object"
    return _RENAMED.get(word, word).replace("_", " ")
