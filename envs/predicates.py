"""When a subtask is complete: one predicate per kind, over the truth a referee reads.

Privileged, as `envs.referee` is, and imported only by it and `criteria.py`. Thresholds are
RoboCasa's own where it has one; each names its source.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..configs.errors import EnvironmentFault
from .skills import Side, Target
from .truth import FixtureTruth, JointTruth, RobotTruth, Vec3

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
DRAWER_OPEN_SHARE, DRAWER_CLOSED_SHARE = 0.95, 0.05
"""`ManipulateDrawer._check_success`."""
DRAWER_WAY = 0.55
"""The share of a drawer's depth, and of its joint's range, that counts as all of its way
(`Drawer.get_door_state`)."""
RACK_FULLY_OUT_SHARE, RACK_IN_SHARE = 0.95, 0.05
"""`SlideDishwasherRack._check_success`."""
BURNER_ON_RAD = 0.35
"""`Stove.is_burner_on`."""
HOT_SHARE = 0.6
"""`RinseCuttingBoard._check_success`."""
RINSE_STEPS = 100
"""`RinseCuttingBoard._check_success`: how long the board must be under hot water."""
CONTROL_HZ = 20
NEAR_M, FACING = 0.20, 0.98
"""How far from its place the base may stand, and the least cosine of the error of its yaw
(`NavigateKitchen._check_success`)."""


class Truth(Protocol):
    """What a predicate may ask of the referee."""

    def joint(self, fixture: str, suffix: str) -> JointTruth:
        """One joint of a fixture."""
        ...

    def place(self, name: str) -> FixtureTruth:
        """Where a fixture stands."""
        ...

    def doors(self, fixture: str, side: str | None = None) -> list[str]:
        """The joints of a fixture's doors."""
        ...

    def fixtures(self, target: Target) -> list[str]:
        """The fixtures a target may mean."""
        ...

    def stand(self, fixture: str) -> tuple[Vec3, float]:
        """Where RoboCasa would put a robot that is to work at a fixture."""
        ...

    def robot(self) -> RobotTruth:
        """The robot as it stands."""
        ...

    def hangs(self, thing: str) -> bool:
        """Whether the hand touches a loose thing, and nothing else does."""
        ...

    def inside(self, thing: str, fixture: str) -> bool:
        """Whether a loose thing is in a fixture."""
        ...

    def time(self) -> float:
        """Simulated time since the reset [s]."""
        ...

    def task_value(self, name: str) -> float | None:
        """A number the task keeps for itself, None if it has none of that name."""
        ...

    def raw_fixture(self, name: str) -> Any:
        """RoboCasa's own object for a fixture."""
        ...


@dataclass(kw_only=True)
class Memory:
    """What is remembered since the subtask began."""

    fixture: str = ""
    part: str = ""
    """Which of several like parts of the fixture is meant (a burner's place)."""
    sides: set[Side] = field(default_factory=set)
    """Where the spout has been with the water on."""
    start: float | None = None
    """Share of the way that was already done, the time, or an angle, when the subtask began."""
    most: float = 0.0
    """How far it ever got [rad]."""


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
    share: float
    """To be reached, or fallen to."""
    side: Side | None = None

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The share of the door that has furthest to go."""
        return self.of(truth, memory.fixture)

    def of(self, truth: Truth, fixture: str) -> float:
        """The same of any fixture."""
        suffixes = truth.doors(fixture, self.side)
        shares = [truth.joint(fixture, suffix).opened for suffix in suffixes]
        if self.opened:
            least = min(shares)
            return 1.0 if least >= self.share else float(np.clip(least / self.share, 0.0, 0.99))
        most = max(shares)
        return 1.0 if most <= self.share else float(np.clip(1.0 - most, 0.0, 0.99))


@dataclass(frozen=True)
class EveryDoor:
    """The doors of all fixtures a target means are open, or closed (`ResetCabinetDoors`)."""

    target: Target
    doors: Doors

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The mean over the fixtures."""
        done = [self.doors.of(truth, fixture) for fixture in truth.fixtures(self.target)]
        return 1.0 if min(done) == 1.0 else min(0.99, sum(done) / len(done))


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
class Burner:
    """A burner of the stove is on, or off (`Stove.is_burner_on`)."""

    on: bool

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """All, or the way of the knob to the threshold."""
        turned = abs(truth.joint(memory.fixture, f"knob_{memory.part}_joint").value)
        if (BURNER_ON_RAD <= turned <= 2 * np.pi - BURNER_ON_RAD) == self.on:
            return 1.0
        share = turned / BURNER_ON_RAD if self.on else BURNER_ON_RAD / max(turned, 1e-6)
        return float(np.clip(share, 0.0, 0.99))


@dataclass(frozen=True)
class Hot:
    """The faucet is set to hot water."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The lever's share of its way from cold to hot."""
        joint = truth.joint(memory.fixture, "handle_temp_joint")
        share = (joint.value - joint.low) / (joint.high - joint.low)
        return 1.0 if share >= HOT_SHARE else float(np.clip(share / HOT_SHARE, 0.0, 0.99))


@dataclass(frozen=True)
class HotWater:
    """The faucet runs, and with hot water."""

    parts = (Water(on=True), Hot())

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The mean of both."""
        done = [part.progress(truth, memory) for part in self.parts]
        return 1.0 if min(done) == 1.0 else min(0.99, sum(done) / len(done))


@dataclass(frozen=True)
class Rinsed:
    """What the task wants rinsed has been under the water long enough, by the task's own count."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The share of the time that is over."""
        count = truth.task_value("rinsing_time")
        if count is None:
            raise EnvironmentFault("this task does not count how long a thing is rinsed")
        return 1.0 if count >= RINSE_STEPS else float(np.clip(count / RINSE_STEPS, 0.0, 0.99))


@dataclass(frozen=True)
class Waited:
    """Time has gone by: a number of steps, or what the task's own clock wants."""

    steps: int | None

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Remember when the subtask began."""
        if memory.start is None:
            memory.start = truth.time()

    def progress(self, truth: Truth, memory: Memory) -> float:
        """The share of the time that is over."""
        now, end = truth.task_value("task_timestep"), truth.task_value("simmer_timesteps")
        if self.steps is not None:
            begun = truth.time() if memory.start is None else memory.start
            now, end = CONTROL_HZ * (truth.time() - begun), float(self.steps)
        if now is None or end is None:
            raise EnvironmentFault("this task has no clock that says when it is done")
        return 1.0 if now > end else float(np.clip(now / end, 0.0, 0.99))


@dataclass(frozen=True)
class Near:
    """The base stands where `NavigateKitchen` wants it, facing the fixture."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """All or nothing: within 20 cm of RoboCasa's own place and within 11 degrees."""
        place, heading = truth.stand(memory.fixture)
        robot = truth.robot()
        away = float(np.linalg.norm((robot.arm - place)[:2]))
        return 1.0 if away <= NEAR_M and np.cos(robot.heading - heading) >= FACING else 0.0
