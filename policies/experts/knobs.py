"""Turning knobs: on top by the wrist, on a front by a fingertip that pushes the ridge round."""

import numpy as np

from ...envs.skills import Skill
from ...envs.truth import Box, FixtureTruth, JointTruth, Vec3
from .control import look, nearer
from .drive import bring_within_reach
from .motion import UP, Blocked, Motion, Operator
from .push import Contact, press
from .reach import stand_before
from .twist import twist

LEAN_RAD = 0.85
"""How far the fingers lean down at a knob on a front; level, the wrist comes to its stops."""
FRONT_STAND_M = (0.62, 0.56, 0.68, 0.50)
"""Distances from a knob on a front to the arm mount, the best first [m]."""
NEAR_RAD = 0.15
"""Near enough to the wanted joint value."""
END_SHARE = 0.7
"""Where on the ridge the fingertip pushes, as a share of its half length."""
BURNER_ON_RAD, BURNER_OFF_RAD = 0.9, 0.12
"""Well inside RoboCasa's 0.35."""


def burner(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Turn a burner's knob on or off."""
    suffix = f"knob_{op.referee.part(skill, fixture)}_joint"
    goal = BURNER_ON_RAD if skill.verb == "turn_on" else BURNER_OFF_RAD
    value = np.inf
    while abs(op.referee.joint(fixture, suffix).value - value) > NEAR_RAD:
        value = op.referee.joint(fixture, suffix).value
        try:
            return (yield from turn_knob(op, fixture, suffix, goal))
        except Blocked:
            if abs(op.referee.joint(fixture, suffix).value - value) <= NEAR_RAD:
                raise
    raise Blocked("the knob does not turn")


def turn_knob(op: Operator, fixture: str, suffix: str, goal: float) -> Motion:
    """Push a knob's ridge until its joint has a value, and withdraw.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the knob's joint.
        goal: joint value to reach [rad].
    """
    ref, place = op.referee, op.referee.place(fixture)
    joint = ref.joint(fixture, suffix)
    on_top = abs(float(joint.axis[2])) > 0.7
    out = joint.axis * np.sign(joint.axis @ (UP if on_top else place.outward))
    ridge = _ridge(ref.parts(fixture, suffix), out)
    yield from _stand(op, ridge.center, place, on_top=on_top)
    if on_top:
        while abs(ref.joint(fixture, suffix).value - goal) > NEAR_RAD:
            ridge = _ridge(ref.parts(fixture, suffix), out)
            yield from twist(op, fixture, suffix, ridge, out, goal)
        return True
    pointing = -out * np.cos(LEAN_RAD) - UP * np.sin(LEAN_RAD)
    rot = nearer(look(pointing, place.rot[:, 0]), op.robot.hand_rot)
    sign = 1.0 if goal > joint.value else -1.0
    contact = _contact(ridge, joint, out, sign, other=op.attempt % 2 == 1)
    return (
        yield from press(
            op, fixture, suffix, goal, contact=contact, rot=rot, away=place.outward, gap=0.025
        )
    )


def _stand(op: Operator, spot: Vec3, place: FixtureTruth, *, on_top: bool) -> Motion:
    """Stand where the wrist has room: for a knob on a front, further back than for one on top."""
    if on_top:
        return (yield from bring_within_reach(op, spot, place))
    ahead = float((op.robot.arm - spot) @ place.outward)
    off = abs(float((op.robot.arm - spot) @ place.rot[:, 0]))
    if 0.5 < ahead < 0.72 and off < 0.2:
        return True
    return (yield from stand_before(op, spot, [place.outward], FRONT_STAND_M))


def _ridge(parts: list[Box], out: Vec3) -> Box:
    """The part of a knob that stands out furthest.

    Raises:
        Blocked: if the knob has no solid part.
    """
    if not parts:
        raise Blocked("the knob has nothing to push")
    return max(parts, key=lambda box: float(box.center @ out) + box.extent(out))


def _contact(ridge: Box, joint: JointTruth, out: Vec3, sign: float, *, other: bool) -> Contact:
    """A spot at the top of the ridge near the end that goes down, pushed from above.

    Args:
        ridge: the ridge's collider.
        joint: the knob's.
        out: along its axis, away from what it sits on.
        sign: +1 to raise the joint's value, -1 to lower it.
        other: push the other end.
    """
    across = [i for i in range(3) if abs(ridge.rot[:, i] @ out) < 0.5]
    long = max(across, key=lambda i: ridge.half[i])
    wide = next(i for i in across if i != long)
    up = next(i for i in range(3) if i not in across)

    def moved(end: float) -> Vec3:
        return joint.direction(ridge.center + end * ridge.half[long] * ridge.rot[:, long], sign)

    end = max((1.0, -1.0), key=lambda e: -moved(e)[2] + 0.3 * e * ridge.rot[2, long])
    end = -end if other else end
    local, normal = np.zeros(3), np.zeros(3)
    normal[wide] = -1.0 if ridge.rot[:, wide] @ moved(end) > 0 else 1.0
    local[long] = end * END_SHARE * ridge.half[long]
    local[up] = np.sign(ridge.rot[:, up] @ out) * ridge.half[up]
    local[wide] = normal[wide] * ridge.half[wide]
    return Contact(box=ridge.name, local=local, normal=normal)
