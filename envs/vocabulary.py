"""What a subtask can ask for, as data; `skills` reads it from words."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

Verb = Literal[
    "turn_on",
    "turn_off",
    "open",
    "close",
    "pull_out",
    "push_in",
    "turn",
    "rotate",
    "sweep",
    "drive_to",
    "set_hot",
    "rinse",
    "wait",
    "pick_up",
    "place",
]
Target = Literal[
    "faucet",
    "spout",
    "kettle",
    "kettle_lid",
    "dishwasher",
    "dishwasher_door",
    "dishwasher_rack",
    "microwave",
    "microwave_door",
    "oven",
    "oven_door",
    "oven_rack",
    "toaster_oven",
    "toaster_oven_door",
    "fridge",
    "fridge_door",
    "cabinet_door",
    "drawer",
    "burner",
    "stove",
    "sink",
    "toaster",
    "coffee_machine",
    "stand_mixer",
    "hood",
    "shelves",
    "pan",
    "jug",
]
Side = Literal["left", "center", "right"]
Level = Literal["top", "bottom"]
Row = Literal["front", "rear"]

VERBS: tuple[Verb, ...] = get_args(Verb)
TARGETS: tuple[Target, ...] = get_args(Target)


@dataclass(frozen=True, kw_only=True)
class Skill:
    """One subtask as data."""

    verb: Verb
    target: Target
    side: Side | None = None
    """Which way, or which of several (left burner, right door)."""
    level: Level | None = None
    """Which of several above each other (top rack)."""
    row: Row | None = None
    """Which of several behind each other (front burner)."""
    fully: bool = False
    """True if the words ask for all of the way."""
    hot: bool = False
    """True if the words ask for hot water."""
    every: bool = False
    """True if the words ask for all parts of the kind, on whatever fixture they are."""
    steps: int | None = None
    """How long to wait, where the words give a number [control steps]."""

    @property
    def drives(self) -> bool:
        """True if the robot has to get somewhere first."""
        return self.verb in ("drive_to", "place")

    @property
    def carries(self) -> bool:
        """True if it is about a thing in the hand."""
        return self.verb in ("pick_up", "place")

    @property
    def kind(self) -> str:
        """What is done to what, whichever of several it is: `turn_on faucet`.

        A rack to be pulled out fully is of a kind of its own: half of the way completes the other.
        """
        farther = " fully" if self.fully and self.verb == "pull_out" else ""
        return f"{self.verb} {self.target}{farther}"

    @property
    def name(self) -> str:
        """Short, for tables and what is learned by skill: `pull_out dishwasher_rack top`."""
        every = "every " if self.every else ""
        which = [value for value in (self.side, self.level, self.row) if value]
        return " ".join([self.verb, f"{every}{self.target}", *which])

    @property
    def key(self) -> str:
        """The name, and whatever else makes it another kind: what tells two skills apart.

        `pull_out dishwasher_rack top fully` is another matter than the same drawn out.
        """
        return self.name + self.kind.removeprefix(f"{self.verb} {self.target}")

    @property
    def plain(self) -> "Skill":
        """The same without "fully" where that makes it no other kind, as people mostly say it."""
        half = replace(self, fully=False)
        return half if half.kind == self.kind else self
