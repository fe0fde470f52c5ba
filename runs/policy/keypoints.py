"""Where the points are that a subtask is about: truth for labels, never an input.

Three points of the part and its fixture say where the hand has to go and how the part stands, so
they are all that the controlling layers are told of the kitchen. The hints are what an expert
decides by besides: the room above the part, and the side to begin with or to stand at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...configs import LeapcasaError
from ...envs.referee import Referee
from ...envs.skills import Skill, Target, parse
from ...envs.truth import FixtureTruth, JointTruth, RobotTruth, Vec3
from ...policies.embedded.geometry import HINTS, POINTS
from ...policies.experts import knobs, racks
from ...policies.experts.bars import find_bar
from ...policies.experts.carry import drop_spot, rim_of
from ...policies.experts.closing import doors_meant, push_spot, worked_at
from ...policies.experts.doors import HINGED
from ...policies.experts.drive import roomy_side, side_of
from ...policies.experts.floor import BAND_M, Floor
from ...policies.experts.motion import UP, Blocked, Operator
from ...policies.experts.navigate import in_view, spot_before
from ...policies.experts.ways import Ways

MOST_ROOM_M = 1.0
PALM_M = 0.12
_MOVING: Mapping[Target, str] = {
    "faucet": "handle_joint",
    "spout": "spout_joint",
    "kettle_lid": "lid_joint",
    "kettle": "switch_joint",
    "dishwasher_door": "door_joint",
}
"""The joint of the part that is worked on, where the target alone says it."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """What a subtask is about."""

    skill: Skill
    seen: Skill
    """What else is worked at at the same places; mostly the skill itself."""
    fixture: str
    suffix: str | None
    """The joint that the points are of; None if they are the fixture's."""
    hints: Floats


class Points:
    """The points and hints of an episode's subtasks.

    Args:
        referee: of the same kitchen.
    """

    def __init__(self, referee: Referee) -> None:
        self._referee = referee
        self._op = Operator(referee)
        self._text: str | None = None
        self._part: _Part | None = None
        self._ways: dict[str, Ways] = {}
        self._seen = False

    def begin(self, text: str) -> None:
        """Turn to a subtask; asking again for the same one changes nothing."""
        if text == self._text:
            return
        self._text, self._part, self._seen = text, None, False
        try:
            skill = parse(text, self._referee.instruction)
            fixture = self._referee.meant(skill)
            seen = _watched(skill)
            suffix = self._moving(seen, fixture)
            hints = self._hints(seen, fixture, suffix)
        except LeapcasaError:
            return
        self._part = _Part(skill=skill, seen=seen, fixture=fixture, suffix=suffix, hints=hints)

    @property
    def skill(self) -> Skill | None:
        """What the subtask asks for; None where nothing is known."""
        return None if self._part is None else self._part.skill

    @property
    def drives(self) -> bool:
        """Whether the subtask is to drive somewhere, with or without something in the hand."""
        return self._part is not None and self._part.skill.drives

    @property
    def hints(self) -> Floats:
        """(HINTS,), NaN where nothing is known; those of the subtask's beginning."""
        return np.full(HINTS, np.nan, np.float32) if self._part is None else self._part.hints

    def joint(self) -> JointTruth | None:
        """The joint of the part as it is now; None if nothing of it moves, or nothing is known."""
        part = self._part
        if part is None or part.suffix is None or part.skill is not part.seen:
            return None
        return self._referee.joint(part.fixture, part.suffix)

    def others(self) -> list[JointTruth]:
        """The joints of what else has to be done in the same subtask: a fixture's other doors."""
        part = self._part
        if part is None or not _shuts_doors(part.skill):
            return []
        doors = doors_meant(self._op, part.fixture, part.skill)
        return [self._referee.joint(*d) for d in doors if d != (part.fixture, part.suffix)]

    def now(self, hand: Floats) -> Floats:
        """Where the points are at this moment.

        Args:
            hand: (3,) the hand's proprioception [m].

        Returns:
            (POINTS, 3) float32 in the frame of that proprioception [m]; NaN where unknown. What is
            driven to is unknown until it has been in view.
        """
        robot = self._referee.robot()
        if self.drives and not self._found(robot):
            return np.full((POINTS, 3), np.nan, np.float32)
        away = (self.world() - robot.hand) @ robot.base_rot
        return (away + hand).astype(np.float32)

    def world(self) -> Vec3:
        """(POINTS, 3): the spot to be worked at, the joint's axis beside it, the fixture [m]."""
        part = self._part
        if part is None:
            return np.full((POINTS, 3), np.nan)
        if self.drives:
            return self._of_way(part.skill, part.fixture)
        place = self._referee.place(part.fixture)
        if part.suffix is None:
            return np.stack([place.center] * POINTS)
        try:
            if _shuts_doors(part.seen):
                return self._of_door(part.seen, part.fixture)
            return self._of_joint(part.seen, part.fixture, part.suffix, place)
        except (LeapcasaError, Blocked):
            return np.full((POINTS, 3), np.nan)

    def _found(self, robot: RobotTruth) -> bool:
        """True from when the spot before the fixture is in an outer view."""
        if not self._seen:
            self._seen = in_view(robot, self.world()[0], within=1.0)
        return self._seen

    def _of_way(self, skill: Skill, fixture: str) -> Vec3:
        """The spot before a fixture, where to stand there, and the next stop on the way there.

        What is carried is put down at the spot. Where the way there is straight the third is the
        foot of the first: never where the second is, so that all three keep to a shape.
        """
        place, heading = self._referee.stand(fixture)
        if fixture not in self._ways:
            self._ways[fixture] = Ways(Floor(self._referee.obstacles(*BAND_M)), place)
        carried = skill.verb == "place"
        spot = drop_spot(self._op, fixture) if carried else spot_before(place, heading)
        stop = self._ways[fixture].stop(self._referee.robot().arm)
        if np.allclose(stop[:2], place[:2]):
            stop = spot * np.array([1.0, 1.0, 0.0])
        return np.stack([spot, place, stop])

    def _of_joint(self, skill: Skill, fixture: str, suffix: str, place: FixtureTruth) -> Vec3:
        joint, parts = self._referee.joint(fixture, suffix), self._referee.parts(fixture, suffix)
        anchor = joint.anchor
        if skill.target == "dishwasher_rack":
            spot = racks.wire(self._op, fixture, suffix).center
            middle = np.mean([box.center for box in parts], axis=0)
            return np.stack([spot, middle, place.center])
        if skill.target in ("pan", "spout"):
            tip = max(parts, key=lambda box: joint.radius(box.center)).center
            highest = max(parts, key=lambda box: float(box.center[2])).center
            third = highest if skill.target == "spout" else place.center
            return np.stack([tip, _beside(anchor, tip, joint.axis), third])
        if skill.target == "jug":
            rim = rim_of(self._op, fixture, suffix)
            return np.stack([rim, [*anchor[:2], rim[2]], anchor])
        if skill.target == "faucet":
            lever = max(parts, key=lambda box: float(box.center[2]) + box.extent(UP))
            return np.stack([lever.center + lever.extent(UP) * UP, anchor, place.center])
        if skill.target == "burner":  # what glows, or does not, says which knob is meant
            knob = np.mean([box.center for box in parts], axis=0)
            burner = f"burner_on_{self._referee.part(skill, fixture)}"
            return np.stack([knob, self._referee.site(fixture, burner), place.center])
        if skill.target == "drawer":  # beside where it is once shut, the handle says how far open
            spot = find_bar(parts, place.outward).center
            shut = joint.carry(spot, joint.at(0.0) - joint.value)
            return np.stack([spot, shut, place.center])
        held = [box for box in parts if "handle" in box.name] or parts
        spot = np.mean([box.center for box in held], axis=0)
        return np.stack([spot, _beside(anchor, spot, joint.axis), place.center])

    def _of_door(self, skill: Skill, fixture: str) -> Vec3:
        """Where the expert pushes the door that it shuts now; the last one once all are shut."""
        door = worked_at(self._op, doors_meant(self._op, fixture, skill))
        joint, spot = self._referee.joint(*door), push_spot(self._op, door)
        shut = joint.carry(spot, joint.at(0.0) - joint.value)
        return np.stack([spot, _beside(joint.anchor, spot, joint.axis), shut])

    def _hints(self, skill: Skill, fixture: str, suffix: str | None) -> Floats:
        if skill.target in HINGED:  # what is above or behind such a door is in nobody's way
            return np.array([MOST_ROOM_M, MOST_ROOM_M, 0.0], np.float32)
        place = self._referee.place(fixture)
        right = place.rot[:, 0]
        above = place.center if suffix is None else self._referee.joint(fixture, suffix).anchor

        def room(aside: float, height: float) -> float:
            point = above + height * UP + aside * right
            return min(MOST_ROOM_M, self._referee.clearance(point, UP))

        height = 0.35 if skill.target == "spout" else 0.15  # a spout rises above its own joint
        rooms = [room(aside, height) for aside in (0.0, -PALM_M, PALM_M)]
        side = 0.0
        if skill.target == "spout":  # the roomier side first, as the experts do
            beside = [min(room(s * r, 0.35) for r in (0.1, 0.2, 0.3)) for s in (-1.0, 1.0)]
            side = 1.0 if beside[1] > beside[0] else -1.0
        elif skill.target == "dishwasher_door":
            side = roomy_side(self._op, place)
        elif skill.target in ("dishwasher_rack", "drawer"):
            side = side_of(self._op, place)
        return np.array([rooms[0], min(rooms), side], np.float32)

    def _moving(self, skill: Skill, fixture: str) -> str | None:
        """The joint of the part that is worked on; None for the fixture as a whole."""
        if skill.drives or skill.verb == "wait":
            return None
        if skill.target == "dishwasher_rack":
            return racks.joint_of(skill)
        if skill.target in ("pan", "jug"):
            return self._referee.part(skill, fixture)
        if skill.target == "burner":
            return knobs.joint_of(self._referee, fixture, skill)
        if skill.target in (*HINGED, "drawer"):
            return next(iter(self._referee.doors(fixture, skill.side)), None)
        return _MOVING.get(skill.target)


def _watched(skill: Skill) -> Skill:
    """Who waits at a stove looks where it is turned off afterwards: what simmers, its knob."""
    if (skill.verb, skill.target) != ("wait", "stove"):
        return skill
    return Skill(verb="turn_off", target="burner")


def _shuts_doors(skill: Skill) -> bool:
    return skill.verb == "close" and skill.target in HINGED


def _beside(anchor: Vec3, spot: Vec3, axis: Vec3) -> Vec3:
    """The point of a joint's axis nearest to a spot."""
    return anchor + ((spot - anchor) @ axis) * axis
