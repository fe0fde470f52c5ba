"""Turning knobs: the fingers take one by its rim and turn it, stroke by stroke."""

import numpy as np

from ...envs.referee import Referee
from ...envs.skills import Skill
from ...envs.truth import Box, FixtureTruth, JointTruth, Vec3
from .drive import bring_within_reach, draw_in
from .motion import UP, Blocked, Motion, Operator, retreat
from .reach import stand_before
from .twist import Hold, take, twist

LEAN_RAD = 1.0
"""How far the fingers lean down at a knob on a front; level, the wrist comes to its stops."""
FRONT_STAND_M = (0.72, 0.68, 0.76, 0.64, 0.60, 0.56, 0.52)
"""Distances from a knob on a front to the arm mount, the best first [m]."""
HOLD_SHARE = 0.5
"""How high up a knob the fingers take it, as a share of what stands out."""
TOP_STROKE_RAD, FRONT_STROKE_RAD = 2.8, 1.5
"""How far the wrist turns in one grip; on a front the whole hand goes round with it."""
MOST_STROKES = 4
"""Half a circle on a front takes three."""


def burner(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Turn a burner's knob on or off, and withdraw.

    Every stroke is a whole one, and strokes go on: who learns from it does not see how far a knob
    stands from off, so neither the end of a stroke nor their number may hang on that.

    Args:
        op: who does it.
        fixture: the stove's name.
        skill: says which burner, and which way.

    Raises:
        Blocked: if the knob has no solid part, or does not turn.
    """
    suffix = joint_of(op.referee, fixture, skill)
    place, joint = op.referee.place(fixture), op.referee.joint(fixture, suffix)
    on_top, out = is_on_top(joint), outwards(joint, place)
    yield from _stand(op, joint.anchor, place, on_top=on_top)
    hold = hold_of(op, fixture, suffix)
    sign = 1.0 if skill.verb == "turn_on" else -1.0
    for _ in range(MOST_STROKES):
        yield from take(op, place, joint, hold, sign)
        yield from twist(op, fixture, suffix, hold, sign)
        yield from retreat(op, out, 0.10)
        if not on_top:  # turned back before the knob, the wrist would come to its stops
            yield from draw_in(op)
    return True


def joint_of(referee: Referee, fixture: str, skill: Skill) -> str:
    """The joint of the knob that is meant."""
    return f"knob_{referee.part(skill, fixture)}_joint"


def hold_of(op: Operator, fixture: str, suffix: str) -> Hold:
    """How a stove's knob is held.

    Args:
        op: who holds it.
        fixture: the stove's name.
        suffix: the knob's joint.

    Raises:
        Blocked: if the knob has no solid part.
    """
    place, joint = op.referee.place(fixture), op.referee.joint(fixture, suffix)
    on_top, out = is_on_top(joint), outwards(joint, place)
    lean = 0.0 if on_top else LEAN_RAD
    return Hold(
        spot=_middle(op.referee.parts(fixture, suffix), joint.anchor, out),
        pointing=-out * np.cos(lean) - UP * np.sin(lean),
        opening=place.rot[:, 0],
        stroke=TOP_STROKE_RAD if on_top else FRONT_STROKE_RAD,
    )


def is_on_top(joint: JointTruth) -> bool:
    """True if a knob stands on top of its stove, not on its front."""
    return abs(float(joint.axis[2])) > 0.7


def outwards(joint: JointTruth, place: FixtureTruth) -> Vec3:
    """The unit vector along a knob's axis away from its stove."""
    return joint.axis * np.sign(joint.axis @ (UP if is_on_top(joint) else place.outward))


def _stand(op: Operator, spot: Vec3, place: FixtureTruth, *, on_top: bool) -> Motion:
    """Stand where the wrist has room: for a knob on a front, further back than for one on top."""
    if on_top:
        return (yield from bring_within_reach(op, spot, place))
    ahead = float((op.robot.arm - spot) @ place.outward)
    off = abs(float((op.robot.arm - spot) @ place.rot[:, 0]))
    if 0.64 < ahead < 0.78 and off < 0.2:
        return True
    try:
        return (yield from stand_before(op, spot, [place.outward], FRONT_STAND_M))
    except Blocked:  # something stands behind: as far back as there is room
        return (yield from bring_within_reach(op, spot, place))


def _middle(parts: list[Box], anchor: Vec3, out: Vec3) -> Vec3:
    """The point on a knob's axis half way up what stands out.

    Raises:
        Blocked: if the knob has no solid part.
    """
    if not parts:
        raise Blocked("the knob has nothing to take hold of")
    height = max(float((box.center - anchor) @ out) + box.extent(out) for box in parts)
    return anchor + HOLD_SHARE * height * out
