"""Opening by a bar: take it from the front and lead it along the joint's arc or slide."""

from dataclasses import dataclass

import numpy as np

from ...envs.truth import Box, FixtureTruth, JointTruth, Vec3
from .control import OPEN, Pose, look, wrist_free
from .motion import (
    UP,
    Blocked,
    Motion,
    Operator,
    go,
    grasp,
    release,
    retreat,
    travel_front,
)

LEAD_M = 0.035
"""How far ahead of the bar the hand aims while it pulls [m]; sets the force, which the friction of
the fingers must bear."""
DEPTH_M = 0.010
"""How far the grip site goes past the middle of the bar, so that the pads close on it [m]."""
BAR_END_M = 0.11
"""Distance kept from the ends of a bar [m]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bar:
    """Something long to take hold of."""

    center: Vec3
    along: Vec3
    """Unit vector of its length."""
    half: float
    """Half its length [m]."""
    thick: float = 0.01
    """Half its thickness [m]."""

    def nearest(self, point: Vec3, shift: float = 0.0) -> Vec3:
        """The spot of the bar nearest to a point, kept away from the ends.

        Args:
            point: world [m].
            shift: how far to move on along the bar, towards its middle [m].
        """
        room = max(0.0, self.half - BAR_END_M)
        where = float(np.clip(self.along @ (point - self.center), -room, room))
        where -= np.sign(where) * min(shift, abs(where))
        return self.center + where * self.along


def find_bar(parts: list[Box], outward: Vec3) -> Bar:
    """The handle among a part's colliders: by name, else the outermost long and thin one.

    Raises:
        Blocked: if the part has nothing to hold.
    """
    named = [box for box in parts if box.name.endswith("handle_main") or "handle" in box.name]
    thin = [box for box in parts if np.sort(box.half)[1] <= 0.02 and box.half.max() >= 0.03]
    choice = named or thin
    if not choice:
        raise Blocked("the part has no bar to hold")
    box = max(choice, key=lambda b: float(b.center @ outward) + 0.3 * float(b.half.max()))
    longest = int(np.argmax(box.half))
    return Bar(center=box.center, along=box.rot[:, longest], half=float(box.half[longest]), thick=float(np.sort(box.half)[0]))


def find_post(parts: list[Box], outward: Vec3, near: Vec3) -> Bar:
    """Of a part's thin upright bars at its front, the one nearest to a point.

    Args:
        parts: the colliders.
        outward: towards somebody in front of the fixture.
        near: world point; only the distance along the front counts.

    Raises:
        Blocked: if the part has no such bar.
    """
    upright = [
        box
        for box in parts
        if np.sort(box.half)[1] <= 0.02 and abs(box.rot[2, int(np.argmax(box.half))]) > 0.9
    ]
    if not upright:
        raise Blocked("the part has no upright bar to hold")
    front = max(float(box.center @ outward) for box in upright)
    across = np.cross(UP, outward)
    box = min(
        (b for b in upright if b.center @ outward > front - 0.03),
        key=lambda b: abs(float(across @ (b.center - near))),
    )
    return Bar(
        center=box.center, along=UP, half=float(box.half.max()), thick=float(box.half.min())
    )


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
        limit: steps of pulling at most.
    """
    ref, place = op.referee, op.referee.place(fixture)
    if op.grip != OPEN:
        yield from release(op, steps=2)
    rot = wrist_free(look(pointing, np.cross(bar.along, pointing)), op.robot)
    at = Pose(position=spot + pointing * DEPTH_M, rot=rot)
    if not (yield from travel_front(op, at.shifted(-pointing * 0.07), place.outward, distance=distance)):
        raise Blocked("cannot get in front of the handle")
    if not (yield from go(op, at, speed=0.6, within_m=0.012, limit=50)):
        raise Blocked("cannot put the fingers around the handle")
    yield from grasp(op, steps=12)
    held = ref.joint(fixture, suffix).value
    done = yield from _lead(op, fixture, suffix, goal, at, held, follow, limit)
    yield from release(op)
    yield from retreat(op, -op.robot.hand_rot[:, 2], 0.10)
    if not done:
        raise Blocked(f"{suffix} stopped short of {goal:.2f}")
    return True


def _lead(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    at: Pose,
    held: float,
    follow: float,
    limit: int,
) -> Motion:
    best, waited = np.inf, 0
    for _ in range(limit):
        joint = op.referee.joint(fixture, suffix)
        left = goal - joint.value
        if abs(left) < 1e-3 or np.sign(left) != np.sign(goal - held):
            return True
        best, waited = (abs(left), 0) if abs(left) < best - 0.002 else (best, waited + 1)
        if waited > 18:
            return False
        ahead = joint.value - held + np.sign(left) * min(LEAD_M / _lever(joint, at), abs(left) + 0.1)
        start = JointTruth(**{**vars(joint), "value": held})
        wanted = Pose(
            position=start.carry(at.position, ahead), rot=joint.turn(follow * ahead) @ at.rot
        )
        yield from go(op, wanted, within_m=0.0, limit=1)
    return False


def _lever(joint: JointTruth, at: Pose) -> float:
    return 1.0 if joint.kind == "slide" else max(joint.radius(at.position), 0.05)


def slanted(place: FixtureTruth, down: float) -> Vec3:
    """A direction into the fixture, tilted down by an angle [rad]."""
    return -place.outward * np.cos(down) - UP * np.sin(down)
