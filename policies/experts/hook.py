"""Opening by hooking: closed fingers reach behind a level bar and draw it along its joint."""

import numpy as np

from ...envs.truth import Vec3
from .bars import Bar
from .control import CLOSED, Pose, look, wrist_free
from .motion import UP, Blocked, Motion, Operator, finger_support, go, lead, retreat, travel_front

LEAD_M = 0.06
"""How far ahead of the bar the hand aims while it pulls [m]; sets the force."""
PAST_M = 0.020
"""How far the grip site goes past the bar; the fingertips end another 12 mm further [m]."""
PLAY_M = 0.004
"""Room left between finger and bar when the hook goes in [m]."""


def hook(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    *,
    bar: Bar,
    spot: Vec3,
    pointing: Vec3,
    distance: float = 0.16,
    enter: float = 0.08,
    limit: int = 140,
) -> Motion:
    """Hook a bar from above and behind, move its joint to a value, lift the hook out.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the joint in RoboCasa's contract.
        goal: joint value to reach [rad] or [m].
        bar: what to hook.
        spot: where on the bar, world.
        pointing: where the fingers point: down and into the fixture.
        distance: of the plane in front of the bar from which the hand comes [m].
        enter: length of the straight way in, along the fingers [m].
        limit: steps of pulling at most.
    """
    place = op.referee.place(fixture)
    op.grip = CLOSED
    rot = wrist_free(look(pointing, np.cross(UP, pointing)), op.robot)
    inner = _inner(pointing, bar.along, -place.outward)
    room = bar.thick + finger_support(rot, inner) + PLAY_M
    at = Pose(position=spot + inner * room + pointing * PAST_M, rot=rot)
    before = at.shifted(-pointing * enter)
    if not (yield from travel_front(op, before, place.outward, distance=distance)):
        raise Blocked("cannot get in front of the handle")
    if not (yield from go(op, at, speed=0.6, within_m=0.010, limit=50)):
        raise Blocked("cannot put the fingers behind the handle")
    joint = op.referee.joint(fixture, suffix)
    ahead = joint.change_for(at.position, LEAD_M)
    done = yield from lead(
        op, fixture, suffix, goal, at=at, held=joint.value, ahead=ahead, limit=limit
    )
    yield from retreat(op, inner, 0.02)
    yield from retreat(op, -op.robot.hand_rot[:, 2], 0.12)
    if not done:
        raise Blocked(f"{suffix} stopped short of {goal:.2f}")
    return True


def _inner(pointing: Vec3, along: Vec3, into: Vec3) -> Vec3:
    """The direction across bar and fingers that leads into the fixture."""
    across = np.cross(along, pointing)
    across = across / np.linalg.norm(across)
    return across if across @ into > 0 else -across
