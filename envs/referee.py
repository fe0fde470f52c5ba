"""The privileged truth of a kitchen: success, subtask state, fixture geometry, the robot itself.

Only `runs`, `policies/experts` and `judges/referee.py` may import this module; whatever uses it is
flagged as privileged. Everything is read from MuJoCo through the names RoboCasa gives a fixture, so
that it holds for any models that keep RoboCasa's contract, not only for the stand-in pack. Reading
never changes the episode.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ..configs.errors import EnvironmentFault
from . import choice, latches, things
from .composites import episode
from .criteria import predicate_for
from .predicates import Memory, Predicate, Side
from .skills import Skill, Target, parse
from .truth import HAND_SITE, ROBOT, Box, FixtureTruth, JointTruth, RobotTruth, Vec3

ARM_SITE = "robot0_right_center"
BASE_SITE = "mobilebase0_center"
ELBOW = "robot0_joint4"


class HasRobocasa(Protocol):
    """What the referee needs of a kitchen: the raw RoboCasa environment."""

    @property
    def robocasa(self) -> Any:
        """RoboCasa's own environment after a reset."""
        ...


class Referee:
    """Reads the truth of the episode a kitchen is in.

    `watch` begins a subtask and its memory; `observe` should be called once after every step (it
    is cheap, and repeating it within a step changes nothing); `subtask_done` and `progress` observe
    first by themselves.

    Args:
        kitchen: a kitchen, reset or to be reset before the first question.
    """

    def __init__(self, kitchen: HasRobocasa) -> None:
        self._kitchen = kitchen
        self._skill: Skill | None = None
        self._predicate: Predicate | None = None
        self._memory = Memory()
        self._seen_at = -1.0
        self._boxes: dict[tuple[int, int], list[int]] = {}

    # the task ----------------------------------------------------------------------------------

    @property
    def task(self) -> str:
        """The task's name."""
        return type(self._raw).__name__

    def names(self) -> Mapping[str, str]:
        """What this episode calls its objects: slot, or word left to the episode -> its name."""
        return episode.names(self._raw)

    @property
    def instruction(self) -> str:
        """The whole task in words."""
        return str(self._raw.get_ep_meta().get("lang", ""))

    def success(self) -> bool:
        """RoboCasa's own success criterion, read without leaving a trace."""
        return latches.success(self._raw)

    # subtasks ----------------------------------------------------------------------------------

    def watch(self, instruction: str) -> Skill:
        """Begin a subtask and forget what was remembered of the one before.

        Args:
            instruction: the subtask in words; what it leaves unnamed is taken from the task.

        Returns:
            What was understood.

        Raises:
            UnknownSubtask: if the words name no known action on a known part.
            EnvironmentFault: if this kitchen has no such part.
        """
        skill = parse(instruction, self.instruction)
        predicate = predicate_for(skill)
        self._skill, self._predicate = skill, predicate
        fixture = self.meant(skill)
        self._memory = Memory(fixture=fixture, part=self.part(skill, fixture))
        self._seen_at = -1.0
        self.observe()
        return skill

    def observe(self) -> None:
        """Take note of the present moment for predicates that look back."""
        now = float(self._raw.sim.data.time)
        if self._predicate is None or now == self._seen_at:
            return
        self._seen_at = now
        self._predicate.observe(self, self._memory)

    def subtask_done(self) -> bool:
        """True if the watched subtask is complete now.

        Raises:
            EnvironmentFault: if no subtask is being watched.
        """
        return self.progress() >= 1.0

    def progress(self) -> float:
        """How much of the watched subtask is done, 0..1; 1 exactly when it is complete.

        Raises:
            EnvironmentFault: if no subtask is being watched.
        """
        if self._predicate is None:
            raise EnvironmentFault("the referee watches no subtask yet; call watch() first")
        self.observe()
        return self._predicate.progress(self, self._memory)

    def visited(self) -> frozenset[Side]:
        """Where a spout has been with the water on since the watched subtask began."""
        self.observe()
        return frozenset(self._memory.sides)

    # fixtures ----------------------------------------------------------------------------------

    def fixture(self, target: Target) -> str:
        """The name of the fixture a target means in this scene.

        The one the task itself refers to, else the nearest of the kind.

        Raises:
            EnvironmentFault: if the scene has none.
        """
        return self.fixtures(target)[0]

    def fixtures(self, target: Target) -> list[str]:
        """The names of the fixtures a target may mean in this scene, the likeliest first.

        Those the task itself refers to, else every one of the kind.

        Raises:
            EnvironmentFault: if the scene has none.
        """
        return [str(f.name) for f in choice.fixtures(self._raw, target, self.robot().arm)]

    def count(self, target: Target) -> int:
        """How many fixtures of a kind the kitchen has."""
        return choice.count(self._raw, target)

    def meant(self, skill: Skill) -> str:
        """The name of the fixture a subtask means: of several the task names, one that needs it.

        Raises:
            EnvironmentFault: if the scene has none.
        """
        return str(choice.fixture(self._raw, skill, self.robot().arm).name)

    def part(self, skill: Skill, fixture: str) -> str:
        """Which of several like parts of a fixture a subtask means: a burner's place, or ""."""
        return choice.part(self._raw, skill, self._raw.fixtures[fixture])

    def burners(self, fixture: str) -> list[str]:
        """The places of a stove's burners that have a knob, such as `front_left`."""
        return choice.burners(self._raw.fixtures[fixture])

    def doors(self, fixture: str, side: str | None = None) -> list[str]:
        """The joints of a fixture's doors, by their names in RoboCasa's contract."""
        return choice.doors(self._raw.fixtures[fixture], side)

    def stand(self, fixture: str) -> tuple[Vec3, float]:
        """Where RoboCasa would put a robot that is to work at a fixture, and its yaw [m, rad]."""
        return choice.stand(self._raw, self._raw.fixtures[fixture])

    def obstacles(self, low: float, high: float) -> list[Box]:
        """All colliders but the robot's that reach into a band of heights.

        Args:
            low: lower edge of the band [m].
            high: upper edge [m].
        """
        model = self._model
        found: list[Box] = []
        for g in range(model.ngeom):
            if model.geom_group[g] != 0:
                continue
            if self._raw.sim.model.body_id2name(int(model.geom_bodyid[g])).startswith(ROBOT):
                continue
            box = self._box(g)
            reach = box.extent(np.array([0.0, 0.0, 1.0]))
            if box.center[2] + reach > low and box.center[2] - reach < high:
                found.append(box)
        return found

    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return float(self._raw.sim.data.time)

    def task_value(self, name: str) -> float | None:
        """A number the task keeps for itself, None if it has none of that name."""
        value = getattr(self._raw, name, None)
        return None if value is None else float(value)

    def raw_fixture(self, name: str) -> Any:
        """RoboCasa's own object for a fixture."""
        return self._raw.fixtures[name]

    def place(self, name: str) -> FixtureTruth:
        """Where a fixture stands."""
        fixture = self._raw.fixtures[name]
        yaw = float(fixture.rot)
        cos, sin = np.cos(yaw), np.sin(yaw)
        return FixtureTruth(
            name=name,
            kind=type(fixture).__name__,
            center=np.array(fixture.pos, dtype=np.float64),
            rot=np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]),
            half=np.array([fixture.width, fixture.depth, fixture.height], dtype=np.float64) / 2,
        )

    def joint(self, fixture: str, suffix: str) -> JointTruth:
        """One joint of a fixture, or a loose thing on it as what turns about its own axis.

        Args:
            fixture: the fixture's name.
            suffix: the joint's name in RoboCasa's contract, for instance `spout_joint`; or the
                name of an object.

        Raises:
            EnvironmentFault: if the fixture has no such joint.
        """
        if suffix in self._raw.objects:
            return things.hinge(self._raw, suffix, self._raw.fixtures[fixture])
        model, data = self._model, self._data
        full = f"{self._raw.fixtures[fixture].naming_prefix}{suffix}"
        if full not in self._raw.sim.model.joint_names:
            raise EnvironmentFault(f"fixture {fixture!r} has no joint {suffix!r}")
        index = self._raw.sim.model.joint_name2id(full)
        low, high = model.jnt_range[index]
        return JointTruth(
            name=full,
            kind="slide" if model.jnt_type[index] == 2 else "hinge",
            axis=np.array(data.xaxis[index]),
            anchor=np.array(data.xanchor[index]),
            value=float(data.qpos[model.jnt_qposadr[index]]),
            low=float(low),
            high=float(high),
        )

    def site(self, fixture: str, suffix: str) -> Vec3:
        """Where a marked place of a fixture is [m].

        Args:
            fixture: the fixture's name.
            suffix: the place's name in RoboCasa's contract, for instance `burner_on_rear_left`.

        Raises:
            EnvironmentFault: if the fixture has no such place.
        """
        full = f"{self._raw.fixtures[fixture].naming_prefix}{suffix}"
        if full not in self._raw.sim.model.site_names:
            raise EnvironmentFault(f"fixture {fixture!r} has no place {suffix!r}")
        return np.array(self._data.site_xpos[self._raw.sim.model.site_name2id(full)])

    def parts(self, fixture: str, suffix: str) -> list[Box]:
        """The colliders that move with a joint (see `joint`), outermost joints included."""
        name = self.joint(fixture, suffix).name
        model = self._model
        root = int(model.jnt_bodyid[self._raw.sim.model.joint_name2id(name)])
        key = (id(model), root)
        if key not in self._boxes:
            self._boxes[key] = [
                g
                for g in range(model.ngeom)
                if model.geom_group[g] == 0 and self._below(int(model.geom_bodyid[g]), root)
            ]
        return [self._box(g) for g in self._boxes[key]]

    def colliders(self, fixture: str) -> list[Box]:
        """All colliders of a fixture, moving ones included."""
        model, prefix = self._model, self._raw.fixtures[fixture].naming_prefix
        return [
            self._box(g)
            for g in range(model.ngeom)
            if model.geom_group[g] == 0
            and (self._raw.sim.model.geom_id2name(g) or "").startswith(prefix)
        ]

    def clearance(self, point: Vec3, direction: Vec3, limit: float = 2.0) -> float:
        """Free way from a point to the next collider [m], at most `limit`.

        Args:
            point: world; the robot, and what lies within 10 cm, do not count.
            direction: unit vector, world.
            limit: how far to look [m].
        """
        import mujoco

        group = np.array([1, 0, 0, 0, 0, 0], np.uint8)
        hit = np.zeros(1, np.int32)
        gone = 0.0
        while gone < limit:
            step = mujoco.mj_ray(  # pyright: ignore[reportAttributeAccessIssue]
                self._model, self._data, point + gone * direction, direction, group, 1, -1, hit
            )
            if step < 0:
                return limit
            gone += float(step)
            body = self._raw.sim.model.body_id2name(int(self._model.geom_bodyid[hit[0]]))
            if gone > 0.1 and not body.startswith(ROBOT):
                return min(gone, limit)
            gone += 1e-3
        return limit

    def holds(self, thing: str) -> bool:
        """Whether the hand touches a loose thing of the episode."""
        return any(name.startswith(ROBOT) for name in things.touching(self._raw, thing))

    def hangs(self, thing: str) -> bool:
        """Whether the hand touches a loose thing of the episode, and nothing else does."""
        touching = things.touching(self._raw, thing)
        return bool(touching) and all(name.startswith(ROBOT) for name in touching)

    def inside(self, thing: str, fixture: str) -> bool:
        """Whether a loose thing is in a fixture, by RoboCasa's own test."""
        return things.inside(self._raw, thing, self._raw.fixtures[fixture])

    # robot -------------------------------------------------------------------------------------

    def robot(self) -> RobotTruth:
        """The robot as it stands."""
        sim = self._raw.sim
        data, model = sim.data, sim.model
        arm = model.site_name2id(ARM_SITE)
        hand = model.site_name2id(HAND_SITE)
        base = model.site_name2id(BASE_SITE)
        fingers = [
            data.qpos[model.get_joint_qpos_addr(f"gripper0_right_finger_joint{i}")] for i in (1, 2)
        ]
        return RobotTruth(
            hand=np.array(data.site_xpos[hand]),
            hand_rot=np.array(data.site_xmat[hand]).reshape(3, 3),
            arm=np.array(data.site_xpos[arm]),
            base_rot=np.array(data.site_xmat[base]).reshape(3, 3),
            finger_gap=float(abs(fingers[0]) + abs(fingers[1])),
            touching=self._touching(),
            elbow=float(data.qpos[model.get_joint_qpos_addr(ELBOW)]),
        )

    # inside ------------------------------------------------------------------------------------

    @property
    def _raw(self) -> Any:
        return self._kitchen.robocasa

    @property
    def _model(self) -> Any:
        return self._raw.sim.model._model

    @property
    def _data(self) -> Any:
        return self._raw.sim.data._data

    def _below(self, body: int, root: int) -> bool:
        while body > 0:
            if body == root:
                return True
            body = int(self._model.body_parentid[body])
        return False

    def _box(self, geom: int) -> Box:
        model, data = self._model, self._data
        rot = np.array(data.geom_xmat[geom]).reshape(3, 3)
        bounds = np.array(model.geom_aabb[geom])
        return Box(
            name=self._raw.sim.model.geom_id2name(geom) or f"geom{geom}",
            center=np.array(data.geom_xpos[geom]) + rot @ bounds[:3],
            rot=rot,
            half=bounds[3:],
        )

    def _touching(self) -> frozenset[str]:
        model, data = self._model, self._data
        names = self._raw.sim.model
        touched: set[str] = set()
        for contact in data.contact[: data.ncon]:
            pair = [names.body_id2name(int(model.geom_bodyid[g])) for g in contact.geom]
            for one, other in (pair, pair[::-1]):
                if one.startswith(ROBOT) and not other.startswith(ROBOT):
                    touched.add(other)
        return frozenset(touched)
