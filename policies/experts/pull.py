"""Opening by grasping: fingers close on a bar and lead it along the joint's arc or slide."""

import numpy as np

from ...envs.truth import Vec3
from .bars import Bar
from .control import OPEN, Pose, look, nearer, wrist_free
from .motion import Blocked, Motion, Operator, go, grasp, lead, release, retreat, travel_front

LEAD_M = 0.035
"""How far ahead of the bar the hand aims while it pulls [m]; sets the force, which the friction of
the fingers must bear."""
DEPTH_M = 0.010
"""How far the grip site goes past the middle of the bar, so that the pads close on it [m]."""


def pull(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    *,
    bar: Bar,
    spot: Vec3,
    pointing: Vec3,
    distance: float = 0.12,
    follow: float = 0.0,
    away: Vec3 | None = None,
    limit: int = 140,
) -> Motion:
    """Take a bar and move its joint to a value, then let go and back off.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the joint in RoboCasa's contract.
        goal: joint value to reach [rad] or [m].
        bar: what to hold.
        spot: where on the bar, world.
        pointing: where the fingers point when they take it.
        distance: of the plane in front of the bar from which the hand comes [m].
        follow: share of the joint's turn that the hand turns along.
        away: unit vector from the bar to where the hand comes from; None is the fixture's front.
        limit: steps of pulling at most.
    """
    away = op.referee.place(fixture).outward if away is None else away
    if op.grip != OPEN:
        yield from release(op, steps=2)
    at = held_pose(op, bar, spot, pointing)
    if not (yield from travel_front(op, at.shifted(-pointing * 0.07), away, distance=distance)):
        raise Blocked("cannot get in front of the handle")
    if not (yield from go(op, at, speed=0.6, within_m=0.012, limit=50)):
        raise Blocked("cannot put the fingers around the handle")
    yield from grasp(op, steps=12)
    joint = op.referee.joint(fixture, suffix)
    done = yield from lead(
        op,
        fixture,
        suffix,
        goal,
        at=at,
        held=joint.value,
        ahead=joint.change_for(at.position, LEAD_M),
        follow=follow,
        limit=limit,
    )
    yield from release(op)
    yield from retreat(op, -op.robot.hand_rot[:, 2], 0.10)
    if not done:
        raise Blocked(f"{suffix} stopped short of {goal:.2f}")
    return True


def held_pose(op: Operator, bar: Bar, spot: Vec3, pointing: Vec3) -> Pose:
    """The hand that has a bar between its fingers.

    Args:
        op: whose hand.
        bar: what is held.
        spot: where on the bar, world.
        pointing: where the fingers point.
    """
    rot = look(pointing, np.cross(bar.along, pointing))
    upright = abs(rot[2, 0]) > 0.5
    rot = nearer(rot, op.robot.hand_rot) if upright else wrist_free(rot, op.robot)
    return Pose(position=spot + pointing * DEPTH_M, rot=rot)
