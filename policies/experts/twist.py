"""Turning a knob between the fingers: they take the ridge across it and the wrist turns."""

import numpy as np

from ...envs.truth import Box, JointTruth, Mat3, Vec3
from .control import Pose, look
from .motion import Blocked, Motion, Operator, go, grasp, lead, release, retreat, travel_over

TWIST_RAD = 1.3
"""How far the wrist turns in one grip [rad]."""
AHEAD_RAD = 0.45
"""How far ahead of the knob the wrist aims; sets the torque."""
WRIST_MIDDLE_RAD = -0.6
"""The last joint's middle: how far the fingers' opening is then turned about where they point,
counted from the base's left [rad]."""


def twist(op: Operator, fixture: str, suffix: str, ridge: Box, out: Vec3, goal: float) -> Motion:
    """Grip a knob's ridge from above, turn it to a joint value or as far as the wrist goes, let go.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the knob's joint.
        ridge: the collider that stands out furthest.
        out: along the knob's axis, away from what it sits on.
        goal: joint value to reach [rad].
    """
    ref = op.referee
    joint = ref.joint(fixture, suffix)
    goal = joint.value + float(np.clip(goal - joint.value, -TWIST_RAD, TWIST_RAD))
    yield from release(op, steps=2)
    top = float((ridge.center - joint.anchor) @ out) + ridge.extent(out)
    at = Pose(
        position=joint.anchor + top * out, rot=_grip_rot(op, joint, ridge, out, goal - joint.value)
    )
    if not (yield from travel_over(op, at.shifted(0.07 * out), ref.place(fixture).outward)):
        raise Blocked("cannot get to the knob")
    if not (yield from go(op, at, speed=0.6, within_m=0.010, limit=50)):
        raise Blocked("cannot put the fingers round the knob")
    yield from grasp(op, steps=8)
    held = ref.joint(fixture, suffix).value
    done = yield from lead(
        op, fixture, suffix, goal, at=at, held=held, ahead=AHEAD_RAD, follow=1.0, within=0.03
    )
    yield from release(op, steps=5)
    yield from retreat(op, out, 0.08)
    if not done and abs(ref.joint(fixture, suffix).value - held) < 0.1:
        raise Blocked("the knob slips")
    return True


def _grip_rot(op: Operator, joint: JointTruth, ridge: Box, out: Vec3, change: float) -> Mat3:
    """Fingers along the axis and across the ridge, the way round that keeps off the wrist's stops.

    Args:
        op: who grips.
        joint: the knob's.
        ridge: its ridge.
        out: along the axis.
        change: how far it is to be turned [rad].
    """
    across = [ridge.rot[:, i] for i in range(3) if abs(ridge.rot[:, i] @ out) < 0.5]
    along = max(across, key=ridge.extent)
    left = look(-out, op.robot.base_rot[:, 1])[:, 0]
    turn = change * float(np.sign(joint.axis @ -out))

    def strain(rot: Mat3) -> float:
        angle = float(np.arctan2(np.cross(left, rot[:, 0]) @ -out, left @ rot[:, 0]))
        return max(abs(angle - WRIST_MIDDLE_RAD), abs(angle + turn - WRIST_MIDDLE_RAD))

    rot = look(-out, np.cross(out, along))
    return min((rot, rot @ np.diag([-1.0, -1.0, 1.0])), key=strain)
