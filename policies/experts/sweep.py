"""Sweeping a part that swings about an upright axis, held between the fingers (a spout).

Its level run is taken from above where the room allows it; under a low wall cabinet its end is
taken from the front.
"""

from dataclasses import dataclass

import numpy as np

from ...envs.truth import Box, FixtureTruth, JointTruth, Vec3
from .control import CLOSED, FINGERS_SHUT_M, Pose, look, nearer
from .drive import bring_within_reach
from .motion import (
    UP,
    Blocked,
    Motion,
    Operator,
    go,
    grasp,
    lead,
    release,
    retreat,
    travel_front,
    travel_over,
)

TILT = 0.40
"""How far the fingers lean away from the robot when they reach down [rad]."""
FRONT_TILT = 0.90
"""The same when they come from the front."""
HAND_HEIGHT_M = 0.60
"""Room the wrist needs above a point that is taken from above [m]."""
PALM_HALF_M = 0.12
"""Half the palm's width, with some room [m]."""
HELD_M = 0.06
"""Fingers that have something between them are closer together than this [m] ..."""
BETWEEN_M = 0.006
"""... and the part is this near to the middle between them [m]."""
AHEAD_RAD = 0.3
"""How far ahead of the part the hand aims; sets the force."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hold:
    """Where and how to take the part."""

    at: Pose
    approach: Pose
    front: bool

    @property
    def follow(self) -> float:
        """Share of the part's turn that the hand turns along; an upright end turns in the grip."""
        return 0.4 if self.front else 0.8


def sweep(op: Operator, fixture: str, suffix: str, goals: list[float]) -> Motion:
    """Take a swinging arm and lead it through joint positions in turn.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the joint, for instance `spout_joint`.
        goals: joint positions to visit [rad], in order.
    """
    place, ref = op.referee.place(fixture), op.referee
    hold = _held(op, ref.parts(fixture, suffix)) if op.attempt == 0 else None
    if hold is None:
        tip = _tip(ref.joint(fixture, suffix), ref.parts(fixture, suffix))
        yield from bring_within_reach(op, tip.center, place)
        yield from release(op, steps=2)
        hold = _choose(op, fixture, suffix, place)
        yield from _reach(op, hold, place)
        yield from grasp(op)
    op.grip = CLOSED
    held = ref.joint(fixture, suffix).value
    for goal in goals:
        reached = yield from lead(
            op,
            fixture,
            suffix,
            goal,
            at=hold.at,
            held=held,
            ahead=AHEAD_RAD,
            follow=hold.follow,
            within=0.03,
        )
        if not reached:
            raise Blocked("the spout does not move")
    yield from release(op)
    yield from retreat(op, -op.robot.hand_rot[:, 2], 0.12)
    return True


def _held(op: Operator, parts: list[Box]) -> Hold | None:
    """The hold somebody else left the hand with, None if the part is not between its fingers."""
    robot = op.robot
    at = Pose(position=robot.hand, rot=robot.hand_rot)
    if not FINGERS_SHUT_M < robot.finger_gap < HELD_M:
        return None
    if min(box.distance(robot.hand) for box in parts) > BETWEEN_M:
        return None
    leaning = float(np.arccos(np.clip(-robot.hand_rot[2, 2], -1.0, 1.0)))
    return Hold(at=at, approach=at, front=leaning > (TILT + FRONT_TILT) / 2)


def _choose(op: Operator, fixture: str, suffix: str, place: FixtureTruth) -> Hold:
    joint, parts = op.referee.joint(fixture, suffix), op.referee.parts(fixture, suffix)
    tip = _tip(joint, parts)
    out = _radial(joint, tip)
    reach = joint.radius(tip.center) + tip.extent(out)
    run = max(parts, key=lambda box: box.extent(out) - box.extent(UP))
    spot = joint.anchor + out * reach * 0.62
    spot[2] = run.center[2]
    across = np.cross(joint.axis, out)
    above = [op.referee.clearance(spot + side * PALM_HALF_M * across, UP) for side in (-1, 0, 1)]
    front = min(above) < HAND_HEIGHT_M
    if op.attempt % 3 == 2:
        front = not front
    tilt = FRONT_TILT if front else TILT + 0.05 * op.attempt
    level = out if front else place.outward
    pointing = -UP * np.cos(tilt) - level * np.sin(tilt)
    rot = nearer(look(pointing, across), op.robot.hand_rot)
    if front:
        at = Pose(position=tip.center + pointing * 0.002, rot=rot)
        return Hold(at=at, approach=at.shifted(-pointing * 0.08), front=True)
    at = Pose(position=spot + pointing * 0.014, rot=rot)
    return Hold(at=at, approach=at.shifted(-pointing * 0.065), front=False)


def _reach(op: Operator, hold: Hold, place: FixtureTruth) -> Motion:
    if hold.front:
        ok = yield from travel_front(op, hold.approach, place.outward, distance=0.10)
    else:
        ok = yield from travel_over(op, hold.approach, place.outward)
    if not ok:
        raise Blocked("cannot get to the spout")
    if not (yield from go(op, hold.at, speed=0.7, within_m=0.010, limit=50)):
        raise Blocked("cannot put the fingers around the spout")
    return True


def _tip(joint: JointTruth, parts: list[Box]) -> Box:
    """The collider that reaches furthest from the axis."""
    return max(parts, key=lambda box: joint.radius(box.center) + box.extent(_radial(joint, box)))


def _radial(joint: JointTruth, box: Box) -> Vec3:
    out = box.center - joint.anchor
    out = out - (out @ joint.axis) * joint.axis
    return out / max(float(np.linalg.norm(out)), 1e-9)
