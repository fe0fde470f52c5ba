"""Sweeping a part that swings about an upright axis, held between the fingers (a spout)."""

import numpy as np

from ...envs.truth import Box, JointTruth, Vec3
from .control import OPEN, Pose, look, nearer
from .drive import bring_within_reach
from .motion import UP, Blocked, Motion, Operator, go, grasp, release, retreat, travel_over

TILT = 0.40
"""How far the fingers lean away from the robot when they reach down [rad]."""


def sweep(op: Operator, fixture: str, suffix: str, goals: list[float]) -> Motion:
    """Take a swinging arm from above and lead it through joint positions in turn.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the joint, for instance `spout_joint`.
        goals: joint positions to visit [rad], in order.
    """
    place, ref = op.referee.place(fixture), op.referee
    joint = ref.joint(fixture, suffix)
    point, across = _hold(joint, ref.parts(fixture, suffix), 0.62 - 0.1 * (op.attempt % 3))
    yield from bring_within_reach(op, point, place)
    op.grip = OPEN
    pointing = -UP * np.cos(TILT) - place.outward * np.sin(TILT)
    held = joint.value
    rot = nearer(look(pointing, across), op.robot.hand_rot)
    depth = 0.014 + 0.004 * (op.attempt % 3)
    at = Pose(position=point + pointing * depth, rot=rot)
    above = at.shifted(-pointing * 0.065)
    arrived = yield from travel_over(op, above, clearance=float(above.position[2]))
    if not arrived:
        raise Blocked("cannot get above the spout")
    if not (yield from go(op, at, speed=0.7, within_m=0.008, limit=50)):
        raise Blocked("cannot lower the fingers over the spout")
    yield from grasp(op)
    for goal in goals:
        yield from _lead(op, fixture, suffix, at, held, goal)
    yield from release(op)
    yield from retreat(op, -pointing, 0.12)
    return True


def _lead(op: Operator, fixture: str, suffix: str, at: Pose, held: float, goal: float) -> Motion:
    waited, best = 0, np.inf
    for _ in range(120):
        joint = op.referee.joint(fixture, suffix)
        left = goal - joint.value
        if abs(left) < 0.03:
            return True
        best, waited = (abs(left), 0) if abs(left) < best - 0.004 else (best, waited + 1)
        if waited > 15:
            raise Blocked("the spout does not move")
        ahead = joint.value - held + float(np.clip(left, -0.3, 0.3))
        start = JointTruth(**{**vars(joint), "value": held})
        wanted = Pose(
            position=start.carry(at.position, ahead), rot=joint.turn(0.8 * ahead) @ at.rot
        )
        yield from go(op, wanted, within_m=0.0, limit=1)
    return False


def _hold(joint: JointTruth, parts: list[Box], share: float) -> tuple[Vec3, Vec3]:
    """A point to hold on the part's horizontal run, and the direction across it."""
    tip = max(parts, key=lambda box: joint.radius(box.center) + box.extent(_radial(joint, box)))
    out = _radial(joint, tip)
    reach = joint.radius(tip.center) + tip.extent(out)
    want = joint.anchor + out * reach * share
    run = max(parts, key=lambda box: box.extent(out) - abs(box.extent(UP) - 0.013))
    point = want.copy()
    point[2] = run.center[2]
    return point, np.cross(joint.axis, out)


def _radial(joint: JointTruth, box: Box) -> Vec3:
    out = box.center - joint.anchor
    out = out - (out @ joint.axis) * joint.axis
    return out / max(float(np.linalg.norm(out)), 1e-9)
