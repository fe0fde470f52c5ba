"""When a subtask is complete: one predicate per kind, over the truth a referee reads.

Privileged, as `envs.referee` is, and imported only by it. Thresholds are RoboCasa's own where it
has one; each names its source.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..configs.errors import EnvironmentFault
from .skills import Side, Skill, Target
from .truth import FixtureTruth, JointTruth, RobotTruth

SPOUT_SIDE_RAD = np.pi / 6
"""A spout counts as left or right beyond this angle (`Sink.get_handle_state`)."""
WATER_ON_RAD = (0.40, np.pi)
"""Handle angles between which water runs (`Sink.get_handle_state`)."""
OPEN_SHARE = 0.90
"""`Fixture.is_open` default; drop doors included."""
CLOSED_SHARE = 0.005
"""`Fixture.is_closed` default."""
LID_CLOSED_SHARE = 0.01
"""`StartElectricKettle._check_success`."""
RACK_OUT_SHARE = 0.50
"""`PrepareDishwasher._check_success`."""
NEAR_M = 0.20
"""`NavigateKitchen` accepts the base within 20 cm of its place; here of the front of a fixture."""


class Truth(Protocol):
    """What a predicate may ask of the referee."""

    def joint(self, fixture: str, suffix: str) -> JointTruth:
        """One joint of a fixture."""
        ...

    def place(self, name: str) -> FixtureTruth:
        """Where a fixture stands."""
        ...

    def robot(self) -> RobotTruth:
        """The robot as it stands."""
        ...

    def raw_fixture(self, name: str) -> Any:
        """RoboCasa's own object for a fixture."""
        ...


@dataclass(kw_only=True)
class Memory:
    """What is remembered since the subtask began."""

    fixture: str = ""
    sides: set[Side] = field(default_factory=set)
    """Where the spout has been with the water on."""
    start: float | None = None
    """Share of the way that was already done when the subtask began."""


class Predicate(Protocol):
    """One subtask's criterion."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Take note of the present moment."""
        ...

    def progress(self, truth: Truth, memory: Memory) -> float:
        """0..1, and 1 exactly when the subtask is complete."""
        ...


def spout_side(value: float) -> Side:
    """Where a spout points, RoboCasa's way (`Sink.get_handle_state`).

    Args:
        value: spout joint position [rad].
    """
    angle = value % (2 * np.pi)
    if np.pi <= angle <= 2 * np.pi - SPOUT_SIDE_RAD:
        return "left"
    return "right" if SPOUT_SIDE_RAD <= angle <= np.pi else "center"


def water_on(truth: Truth, fixture: str) -> bool:
    """True if water runs (`Sink.get_handle_state`)."""
    angle = truth.joint(fixture, "handle_joint").value % (2 * np.pi)
    return WATER_ON_RAD[0] < angle < WATER_ON_RAD[1]


@dataclass(frozen=True)
class Share:
    """A joint's opened share must reach, or fall to, a threshold."""

    suffix: str
    threshold: float
    rising: bool

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Remember where the joint started."""
        if memory.start is None:
            memory.start = truth.joint(memory.fixture, self.suffix).opened

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The part of the way from start to threshold that is done."""
        now = truth.joint(memory.fixture, self.suffix).opened
        if (now >= self.threshold) if self.rising else (now <= self.threshold):
            return 1.0
        start = now if memory.start is None else memory.start
        way = self.threshold - start
        return 0.0 if abs(way) < 1e-6 else float(np.clip((now - start) / way, 0.0, 0.99))


@dataclass(frozen=True)
class Doors:
    """All doors of a fixture, or those of one side, are open, or closed (`Fixture.is_open`)."""

    opened: bool
    side: Side | None = None

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The share of the door that has furthest to go."""
        shares = [
            truth.joint(memory.fixture, suffix).opened for suffix in self._joints(truth, memory)
        ]
        if self.opened:
            least = min(shares)
            return 1.0 if least >= OPEN_SHARE else float(np.clip(least / OPEN_SHARE, 0.0, 0.99))
        most = max(shares)
        return 1.0 if most <= CLOSED_SHARE else float(np.clip(1.0 - most, 0.0, 0.99))

    def _joints(self, truth: Truth, memory: Memory) -> list[str]:
        fixture = truth.raw_fixture(memory.fixture)
        names = getattr(fixture, "_fridge_door_joint_names", None) or fixture.door_joint_names
        suffixes = [str(name).removeprefix(fixture.naming_prefix) for name in names]
        if self.side is not None:
            suffixes = [name for name in suffixes if self.side in name] or suffixes
        if not suffixes:
            raise EnvironmentFault(f"fixture {memory.fixture!r} has no door")
        return suffixes


@dataclass(frozen=True)
class Water:
    """The faucet runs, or does not."""

    on: bool

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """All or the way of the handle to its threshold."""
        if water_on(truth, memory.fixture) == self.on:
            return 1.0
        value = truth.joint(memory.fixture, "handle_joint").value
        share = value / WATER_ON_RAD[0] if self.on else WATER_ON_RAD[0] / max(value, 1e-6)
        return float(np.clip(share, 0.0, 0.99))


@dataclass(frozen=True)
class Swept:
    """The spout was left, centre and right with the water on since the subtask began."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Note where the spout is, if the water runs."""
        if water_on(truth, memory.fixture):
            memory.sides.add(spout_side(truth.joint(memory.fixture, "spout_joint").value))

    def progress(self, truth: Truth, memory: Memory) -> float:
        """A third for each side."""
        return len(memory.sides) / 3


@dataclass(frozen=True)
class Pointed:
    """The spout points to one side."""

    side: Side

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """All or nothing."""
        value = truth.joint(memory.fixture, "spout_joint").value
        return 1.0 if spout_side(value) == self.side else 0.0


@dataclass(frozen=True)
class Power:
    """An appliance that keeps its own flag `turned_on` is on, or off."""

    on: bool

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """All or nothing."""
        return 1.0 if bool(truth.raw_fixture(memory.fixture)._turned_on) == self.on else 0.0


@dataclass(frozen=True)
class Near:
    """The base stands in front of the fixture and faces it."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """Sideways distance to the fixture's middle and heading, both within RoboCasa's limits."""
        place, robot = truth.place(memory.fixture), truth.robot()
        offset = place.rot.T @ (robot.arm - place.center)
        facing = float(robot.base_rot[:, 0] @ -place.outward)
        reach = place.half[1] + 0.8
        near = abs(offset[0]) <= place.half[0] + NEAR_M and 0.0 < -offset[1] <= reach
        return 1.0 if near and facing >= 0.98 else 0.0


def predicate_for(skill: Skill) -> Predicate:
    """The criterion of a subtask.

    Raises:
        EnvironmentFault: if the referee has no criterion for it yet.
    """
    key = (skill.verb, skill.target)
    if skill.verb == "turn" and skill.side is not None:
        return Pointed(skill.side)
    if skill.verb == "drive_to":
        return Near()
    if skill.verb in ("open", "close") and skill.target in _DOORS:
        return Doors(opened=skill.verb == "open", side=skill.side)
    if skill.target == "dishwasher_rack":
        suffix = "rack0_joint" if skill.level == "bottom" else "rack1_joint"
        out = skill.verb == "pull_out"
        return Share(suffix, RACK_OUT_SHARE if out else 0.05, rising=out)
    found = _TABLE.get(key)
    if found is None:
        raise EnvironmentFault(
            f"the referee has no criterion for {skill.verb.replace('_', ' ')} "
            f"{skill.target.replace('_', ' ')} yet; choose a judge and a policy that need no truth"
        )
    return found


_DOORS: frozenset[Target] = frozenset(
    [
        *("dishwasher_door", "oven_door", "toaster_oven_door", "microwave_door"),
        *("fridge_door", "cabinet_door", "drawer"),
    ]
)
_TABLE: dict[tuple[str, str], Predicate] = {
    ("turn_on", "faucet"): Water(on=True),
    ("turn_off", "faucet"): Water(on=False),
    ("sweep", "spout"): Swept(),
    ("turn_on", "kettle"): Power(on=True),
    ("turn_off", "kettle"): Power(on=False),
    ("turn_on", "microwave"): Power(on=True),
    ("turn_off", "microwave"): Power(on=False),
    ("open", "kettle_lid"): Share("lid_joint", OPEN_SHARE, rising=True),
    ("close", "kettle_lid"): Share("lid_joint", LID_CLOSED_SHARE, rising=False),
}
