"""Moving a joint by pushing its part with the side or the tip of closed fingers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...envs.truth import Box, JointTruth, Mat3, Vec3
from .control import CLOSED, Pose, arm_action, look, nearer
from .drive import bring_within_reach
from .motion import (
    Blocked,
    Motion,
    Operator,
    finger_support,
    go,
    retreat,
    travel_front,
    travel_over,
)

HOLD_STEPS = 5
"""Steps for which a push goes on once its goal is reached: who learns from it cannot see so well
when that was, and a push that ends too early has done nothing."""
LEAD_M = 0.06
"""How far ahead of the surface the hand aims while it pushes [m]; sets the force."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contact:
    """A spot on a moving part where a push does good."""

    box: str
    """Name of the collider."""
    local: Vec3
    """The spot in the collider's own frame [m]."""
    normal: Vec3
    """Outward normal there, in the collider's own frame."""

    def now(self, parts: list[Box]) -> tuple[Vec3, Vec3]:
        """Spot and normal in the world at this moment."""
        box = next(b for b in parts if b.name == self.box)
        return box.center + box.rot @ self.local, box.rot @ self.normal


def best_contact(
    joint: JointTruth,
    parts: list[Box],
    sign: float,
    pointing: Vec3,
    *,
    skip: int = 0,
    free_m: float = 0.012,
) -> Contact:
    """The spot where a push moves the joint with the longest lever and the least slip.

    Args:
        joint: the joint to move.
        parts: its colliders.
        sign: +1 to raise the joint's value, -1 to lower it.
        pointing: where the fingers will point; spots that face away from the hand lose.
        skip: leave out that many of the best (each attempt tries another).
        free_m: distance kept from the edges of a face [m].

    Raises:
        Blocked: if no face can be pushed that way.
    """
    found: list[tuple[float, Contact]] = []
    for box in parts:
        for center, normal in box.faces():
            local_n = box.rot.T @ normal
            for u, v in ((0, 0), (0.7, 0), (-0.7, 0), (0, 0.7), (0, -0.7)):
                spot = center + box.rot @ _on_face(box, local_n, u, v, free_m)
                drive = joint.direction(spot, sign)
                aligned = float(-normal @ drive)
                if aligned < 0.5:
                    continue
                lever = joint.radius(spot) if joint.kind == "hinge" else 0.1
                toward = float(normal @ -pointing)
                score = aligned * lever * (1.0 + 0.3 * toward) + 0.15 * float(-pointing @ spot)
                local = box.rot.T @ (spot - box.center)
                found.append((score, Contact(box=box.name, local=local, normal=local_n)))
    if not found:
        raise Blocked("no face of the part can be pushed that way")
    found.sort(key=lambda pair: -pair[0])
    return found[min(skip, len(found) - 1)][1]


def push(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    *,
    pointing: Vec3,
    opening: Vec3,
    from_front: bool = False,
    gap: float = 0.05,
    speed: float = 1.0,
    limit: int = 140,
) -> Motion:
    """Push a joint to a value and withdraw.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the joint in RoboCasa's contract.
        goal: joint value to reach [rad] or [m].
        pointing: where the fingers point, world.
        opening: the way the (closed) fingers would open, world: the hand's broad side.
        from_front: come from in front of the fixture instead of from above.
        gap: between surface and fingertips before the push begins [m].
        speed: share of the largest delta while pushing.
        limit: steps of pushing at most.
    """
    ref, place = op.referee, op.referee.place(fixture)
    joint = ref.joint(fixture, suffix)
    pointing = pointing / np.linalg.norm(pointing)
    sign = 1.0 if goal > joint.value else -1.0
    contact = best_contact(joint, ref.parts(fixture, suffix), sign, pointing, skip=op.attempt)
    spot, _ = contact.now(ref.parts(fixture, suffix))
    yield from bring_within_reach(op, spot, place)
    rot = nearer(look(pointing, opening), op.robot.hand_rot)
    away = place.outward if from_front else None
    return (
        yield from press(
            op,
            fixture,
            suffix,
            goal,
            contact=contact,
            rot=rot,
            away=away,
            gap=gap,
            speed=speed,
            limit=limit,
        )
    )


def press(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    *,
    contact: Contact,
    rot: Mat3,
    away: Vec3 | None = None,
    gap: float = 0.05,
    speed: float = 1.0,
    limit: int = 140,
    clear: float = 0.03,
    spent: Callable[[], bool] = lambda: False,
) -> Motion:
    """Push a joint to a value at a chosen contact, from where the base stands, and withdraw.

    Args:
        op: who does it.
        fixture: the fixture's name.
        suffix: the joint in RoboCasa's contract.
        goal: joint value to reach [rad] or [m].
        contact: where to push.
        rot: hand orientation, kept all the way.
        away: unit vector from the contact to where the hand comes from; None comes from above.
        gap: between surface and fingertips before the push begins [m].
        speed: share of the largest delta while pushing.
        limit: steps of pushing at most.
        clear: how far the hand then leaves the face before it goes back `away` [m].
        spent: asked at each step of pushing; True ends it there.
    """
    ref = op.referee
    sign = 1.0 if goal > ref.joint(fixture, suffix).value else -1.0
    spot, normal = contact.now(ref.parts(fixture, suffix))
    op.grip = CLOSED
    start = touch(spot, normal, rot, gap=gap)
    if away is not None:
        ok = yield from travel_front(op, start, away, distance=0.15)
    else:
        before = start.shifted(-rot[:, 2] * 0.10)
        ok = yield from travel_over(op, before, ref.place(fixture).outward)
        ok = ok and (yield from go(op, start, within_m=0.02, limit=40))
    if not ok:
        short = float(np.linalg.norm(start.position - op.robot.hand))
        raise Blocked(f"cannot get to where the push begins, {short:.2f} m short")
    done = yield from _press_on(op, fixture, suffix, goal, contact, rot, sign, speed, limit, spent)
    _, normal = contact.now(ref.parts(fixture, suffix))
    yield from retreat(op, normal, clear)
    yield from retreat(op, -rot[:, 2] if away is None else away, 0.12)
    if not done:
        raise Blocked(f"{suffix} stopped short of {goal:.2f}")
    return True


def _press_on(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    contact: Contact,
    rot: Mat3,
    sign: float,
    speed: float,
    limit: int,
    spent: Callable[[], bool],
) -> Motion:
    best, waited, held = -np.inf, 0, 0
    for _ in range(limit):
        if spent():
            return held > 0
        joint = op.referee.joint(fixture, suffix)
        held += sign * (joint.value - goal) >= 0
        if held > HOLD_STEPS:
            return True
        spot, normal = contact.now(op.referee.parts(fixture, suffix))
        pose = touch(spot, normal, rot, gap=0.0)
        pose = pose.shifted(joint.direction(spot, sign) * LEAD_M)
        gone = sign * joint.value - 0.5 * float(np.linalg.norm(pose.position - op.robot.hand))
        best, waited = (gone, 0) if gone > best + 0.002 else (best, waited + 1)
        if waited > 18:
            return held > 0
        yield arm_action(op.robot, pose, op.grip, speed)
    return False


def touch(spot: Vec3, normal: Vec3, rot: Mat3, *, gap: float) -> Pose:
    """The hand pose at which the fingertips touch a spot, or stay `gap` metres from it.

    Args:
        spot: (3,) world [m].
        normal: out of the face there.
        rot: of the hand.
        gap: [m].
    """
    return Pose(position=spot + normal * (finger_support(rot, normal) + gap), rot=rot)


def _on_face(box: Box, local_normal: Vec3, u: float, v: float, free_m: float) -> Vec3:
    axes = [i for i in range(3) if abs(local_normal[i]) < 0.5]
    offset = np.zeros(3)
    for axis, share in zip(axes, (u, v), strict=False):
        room = max(0.0, float(box.half[axis]) - free_m)
        offset[axis] = share * room
    return offset
