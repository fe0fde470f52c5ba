"""Turning a knob between the fingers: they close on its rim and the wrist turns."""

from dataclasses import dataclass

from ...envs.truth import FixtureTruth, JointTruth, Mat3, Vec3
from .control import Pose, look, wrist_free
from .motion import (
    UP,
    Blocked,
    Motion,
    Operator,
    go,
    grasp,
    lead,
    release,
    travel_front,
    travel_over,
)

AHEAD_RAD = 0.45
"""How far ahead of the knob the wrist aims; sets the torque."""

SLIPPED_RAD = 0.1
"""A knob with room to turn that turned less has slipped."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hold:
    """How a knob is held."""

    spot: Vec3
    """Between the fingers, on the knob's axis [m]."""
    pointing: Vec3
    """Where the fingers point in the middle of a stroke."""
    opening: Vec3
    """The way they open then."""
    stroke: float
    """How far the wrist turns in one grip at most [rad]."""

    def begun(self, op: Operator, joint: JointTruth, sign: float) -> Pose:
        """The hand as a stroke up, or down, begins: turned back by half of one."""
        middle: Mat3 = wrist_free(look(self.pointing, self.opening), op.robot)
        turned = -sign * self.stroke / 2
        return Pose(position=self.spot, rot=joint.turn(turned) @ middle)


def take(op: Operator, place: FixtureTruth, joint: JointTruth, hold: Hold, sign: float) -> Motion:
    """Bring the open fingers before a knob, turned as the first stroke begins.

    Turned later the wrist would cross the pose in which its fifth and last axes are one.

    Args:
        op: who does it.
        place: the knob's fixture.
        joint: the knob's.
        hold: how to hold it.
        sign: +1 to raise the joint's value, -1 to lower it.

    Raises:
        Blocked: if the hand does not get there.
    """
    yield from release(op, steps=2)
    before = hold.begun(op, joint, sign).shifted(-0.08 * hold.pointing)
    if hold.pointing @ UP < -0.9:
        there = yield from travel_over(op, before, place.outward)
    else:
        there = yield from travel_front(op, before, place.outward, distance=0.10)
    if not there:
        raise Blocked("cannot get to the knob")
    return True


def twist(op: Operator, fixture: str, suffix: str, hold: Hold, sign: float) -> Motion:
    """Turn a knob by one stroke of the wrist, or to its stop, and let go.

    Args:
        op: who does it, the open fingers before the knob.
        fixture: the fixture's name.
        suffix: the knob's joint.
        hold: how to hold it.
        sign: +1 to raise the joint's value, -1 to lower it.

    Raises:
        Blocked: if the fingers do not get round the knob, or it slips.
    """
    ref = op.referee
    joint = ref.joint(fixture, suffix)
    held = joint.value
    at = hold.begun(op, joint, sign)
    if not (yield from go(op, at, speed=0.6, within_m=0.012, within_rad=0.15, limit=60)):
        raise Blocked("cannot put the fingers round the knob")
    yield from grasp(op, steps=6)
    end = held + sign * hold.stroke
    if sign < 0 <= held and joint.low < -SLIPPED_RAD:  # without a stop at off it is stopped there
        end = max(end, 0.0)
    yield from lead(
        op, fixture, suffix, end, at=at, held=held, ahead=AHEAD_RAD, follow=1.0, within=0.03
    )
    yield from release(op, steps=4)
    room = abs(min(max(end, joint.low), joint.high) - held)
    moved = abs(ref.joint(fixture, suffix).value - held)
    if room > 2 * SLIPPED_RAD > 2 * moved:
        raise Blocked("the knob slips")
    return True
