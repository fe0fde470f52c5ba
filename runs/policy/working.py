"""Poses of a robot at work: it stands and holds its hand about as the experts do.

A hand that takes a handle or a wire points nearly level, and one at a knob is turned about it, as
neither ever is when an episode begins: its camera shows then what no look from about there shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...envs.posing import Poser
from ...envs.referee import Referee
from ...envs.skills import Skill, Target
from ...envs.truth import Vec3
from ...policies.embedded.geometry import rotation
from ...policies.experts import closing, knobs, racks
from ...policies.experts.control import Pose
from ...policies.experts.doors import HINGED
from ...policies.experts.drawers import (
    CLOSE_STANDS_M,
    OPEN_STANDS_M,
    drawing_pose,
    pushing_pose,
    stand_before,
)
from ...policies.experts.drive import REACH_M, SIDE_M, heading_to, place_beside, side_of
from ...policies.experts.motion import Blocked, Operator
from ...policies.experts.pull import held_pose
from .roaming import Roamer

STANDS, STAND_M, STAND_RAD = 5, 0.08, 0.12
"""How many of the experts' places to stand are taken, and the spread about them."""
AWAY_M, HAND_M, HAND_RAD = 0.18, 0.025, 0.15
"""How far the hand is on its way there, at most, and its spread about that way."""
FRONT_REACH_M, FRONT_SIDE_M = (0.56, 0.82), 0.2
"""Where the arm mount stands before a knob on a front: how far from it, and how far aside [m]."""
BEGUN_SHARE, BEGUN = 0.92, 0.5
"""How far a door is open as its push begins, and the share of the robots that stand and point as
they did then, where it is less open by now."""
DRAWS = 0.5
"""Share of the robots at a drawer that are to draw it; the others push."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Work:
    """What the poses of one robot at work are made of."""

    op: Operator
    poser: Poser
    roamer: Roamer
    skill: Skill
    fixture: str
    rng: np.random.Generator

    def stand(self, where: Vec3, heading: float) -> None:
        """About a place [m], with about a heading [rad]."""
        self.roamer.stand(where, heading + self.rng.normal(0.0, STAND_RAD))

    def hold(self, at: Pose, way: Vec3) -> None:
        """The hand about a pose, or on the way there from where it comes (unit vector, world)."""
        away = self.rng.random() * AWAY_M * way + self.rng.normal(0.0, HAND_M, 3)
        turned = rotation(self.rng.normal(0.0, HAND_RAD, 3)) @ at.rot
        self.poser.hand(at.position + away, turned)


def knows(skill: Skill) -> bool:
    """True if it is known how a robot stands that does this."""
    return skill.target in _POSES and not (skill.target in HINGED and skill.verb == "open")


def pose(
    referee: Referee, poser: Poser, roamer: Roamer, skill: Skill, rng: np.random.Generator
) -> None:
    """Put the robot to work at a part as it is now.

    Args:
        referee: of the kitchen.
        poser: of the same.
        roamer: of the same.
        skill: says which part is meant; one that is known.
        rng: draws the pose.
    """
    work = _Work(
        op=Operator(referee),
        poser=poser,
        roamer=roamer,
        skill=skill,
        fixture=referee.meant(skill),
        rng=rng,
    )
    try:
        _POSES[skill.target](work)
    except Blocked:  # what has nothing to take hold of is looked at from where the base stands
        return


def _at_drawer(work: _Work) -> None:
    """To draw it by its handle, or to push its front."""
    op, fixture, rng = work.op, work.fixture, work.rng
    suffix, place = op.referee.doors(fixture, work.skill.side)[0], op.referee.place(fixture)
    draws = rng.random() < DRAWS
    stands = (OPEN_STANDS_M if draws else CLOSE_STANDS_M)[:STANDS]
    before, aside = np.array(stands[rng.integers(STANDS)]) + rng.normal(0.0, STAND_M, 2)
    work.stand(stand_before(op, fixture, suffix, before, aside), heading_to(place))
    work.poser.fingers(float(rng.choice([1.0, rng.random()])) if draws else 0.0)
    at = (drawing_pose if draws else pushing_pose)(op, fixture, suffix)
    work.hold(at, place.outward)


def _at_rack(work: _Work) -> None:
    """Beside the door, a wire of the rack between the fingers."""
    op, fixture, rng = work.op, work.fixture, work.rng
    place, suffix = op.referee.place(fixture), racks.joint_of(work.skill)
    side = side_of(op, place)
    stand = np.array(racks.STANDS_M[rng.integers(len(racks.STANDS_M))])
    before, beside = stand + rng.normal(0.0, STAND_M, 2)
    where = place_beside(place, side, before=before, beside=beside)
    bar = racks.wire(op, fixture, suffix)
    facing = bar.center - where
    work.stand(where, float(np.arctan2(facing[1], facing[0])))
    work.poser.fingers(float(rng.choice([1.0, rng.random()])))
    pointing = racks.toward(op, place, down=racks.DOWN_RAD)
    work.hold(held_pose(op, bar, bar.center, pointing), place.outward)


def _at_knob(work: _Work) -> None:
    """The fingers about a knob, the hand anywhere in a stroke."""
    op, fixture, rng = work.op, work.fixture, work.rng
    suffix = knobs.joint_of(op.referee, fixture, work.skill)
    place, joint = op.referee.place(fixture), op.referee.joint(fixture, suffix)
    on_top = knobs.is_on_top(joint)
    before = rng.uniform(*(REACH_M if on_top else FRONT_REACH_M))
    aside = rng.uniform(-1.0, 1.0) * (SIDE_M if on_top else FRONT_SIDE_M)
    where = joint.anchor + before * place.outward + aside * place.rot[:, 0]
    work.stand(where, heading_to(place))
    work.poser.fingers(float(rng.choice([1.0, rng.random()])))
    hold = knobs.hold_of(op, fixture, suffix)
    at, turn = hold.begun(op, joint, 1.0), rng.random() * hold.stroke
    turned = Pose(position=at.position, rot=joint.turn(turn) @ at.rot)
    work.hold(turned, -turned.rot[:, 2])


def _at_door(work: _Work) -> None:
    """The fingers at the face of a door that is being shut, next to its free edge."""
    op, rng = work.op, work.rng
    door = closing.worked_at(op, closing.doors_meant(op, work.fixture, work.skill))
    joint = op.referee.joint(*door)
    if rng.random() < BEGUN and joint.opened < BEGUN_SHARE:
        work.poser.part(joint.name, joint.at(BEGUN_SHARE))
    found = closing.ways_of(op, *door)
    if not found:
        work.poser.part(joint.name, joint.value)
        raise Blocked("there is no way to push the door")
    way = found[0]
    work.stand(way.place, way.heading)
    begun, _ = closing.hand_at(op, *door, way)
    work.poser.part(joint.name, joint.value)
    at, away = closing.hand_at(op, *door, way)
    work.poser.fingers(0.0)
    work.hold(Pose(position=at.position, rot=begun.rot), away)


_POSES: Mapping[Target, Callable[[_Work], None]] = {
    "drawer": _at_drawer,
    "dishwasher_rack": _at_rack,
    "burner": _at_knob,
    **dict.fromkeys(HINGED, _at_door),
}
