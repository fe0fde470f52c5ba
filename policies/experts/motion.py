"""Closed-loop motions of the hand, as generators.

A motion yields one official action at a time and reads the truth afresh whenever it is resumed, so
skills read top to bottom although each step waits for the world. Motions return True when they
arrived and False when the hand stopped getting closer.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np

from ...envs.referee import Referee
from ...envs.truth import RobotTruth, Vec3
from .control import CLOSED, OPEN, Action, Pose, arm_action, hold_action, rotation_vector

Motion = Generator[Action, None, bool]

UP = np.array([0.0, 0.0, 1.0])
FINGER_HALF = np.array([0.012, 0.011, 0.012])
"""Half sizes of the closed fingertips about the grip site, in the hand frame [m]."""


OVERSHOOT = 0.4
"""How far beyond the goal a held part is aimed, as a share of what is aimed ahead on the way."""
STUCK_STEPS = 18
"""Steps without progress of the joint after which a push or pull gives up."""


class Blocked(Exception):
    """A skill cannot go on from here; another approach may."""


@dataclass
class Operator:
    """What a skill works with: the truth, the gripper command and which attempt this is."""

    referee: Referee
    attempt: int = 0
    grip: float = OPEN

    @property
    def robot(self) -> RobotTruth:
        """The robot now."""
        return self.referee.robot()


def finger_support(rot: np.ndarray, normal: Vec3) -> float:
    """How far the closed fingertips reach from the grip site against a surface normal [m].

    Args:
        rot: hand orientation.
        normal: outward unit normal of the touched surface.
    """
    local = rot.T @ -normal
    reach = float(np.abs(local[:2]) @ FINGER_HALF[:2])
    return reach + max(0.0, float(local[2])) * float(FINGER_HALF[2])


def go(
    op: Operator,
    target: Pose | Callable[[], Pose],
    *,
    speed: float = 1.0,
    within_m: float = 0.015,
    within_rad: float = 0.2,
    patience: int = 14,
    limit: int = 120,
) -> Motion:
    """Move the hand to a pose, fixed or followed.

    Args:
        op: who moves.
        target: the pose, or a function asked anew each step.
        speed: share of the largest delta, 0..1.
        within_m: arrived when this close [m] ...
        within_rad: ... and this well turned [rad].
        patience: steps without getting closer before giving up.
        limit: steps at most.
    """
    best, waited = np.inf, 0
    for _ in range(limit):
        robot = op.robot
        pose = target() if callable(target) else target
        away = float(np.linalg.norm(pose.position - robot.hand))
        turned = float(np.linalg.norm(rotation_vector(pose.rot @ robot.hand_rot.T)))
        if away <= within_m and turned <= within_rad:
            return True
        error = away + 0.1 * turned
        best, waited = (error, 0) if error < best - 0.002 else (best, waited + 1)
        if waited >= patience:
            return False
        yield arm_action(robot, pose, op.grip, speed)
    return False


def lead(
    op: Operator,
    fixture: str,
    suffix: str,
    goal: float,
    *,
    at: Pose,
    held: float,
    ahead: float,
    follow: float = 0.0,
    within: float = 0.0,
    limit: int = 140,
) -> Motion:
    """Carry a part that is held or hooked along its joint, by aiming ahead of where it is.

    Args:
        op: who moves.
        fixture: the fixture's name.
        suffix: the joint in RoboCasa's contract.
        goal: joint value to reach, from whichever side it is now [rad] or [m].
        at: the hand's pose when it took hold ...
        held: ... and the joint's value then.
        ahead: how far ahead of the part the hand aims [rad] or [m]; sets the force.
        follow: share of the joint's turn that the hand turns along.
        within: reached when this close to the goal.
        limit: steps at most.
    """
    joint = op.referee.joint(fixture, suffix)
    sign = 1.0 if goal > joint.value else -1.0
    best, waited = np.inf, 0
    for _ in range(limit):
        joint = op.referee.joint(fixture, suffix)
        left = sign * (goal - joint.value)
        if left <= within:
            return True
        best, waited = (left, 0) if left < best - 0.002 else (best, waited + 1)
        if waited > STUCK_STEPS:
            return False
        change = joint.value - held + sign * min(ahead, left + OVERSHOOT * ahead)
        start = replace(joint, value=held)
        wanted = Pose(
            position=start.carry(at.position, change),
            rot=joint.turn(follow * change) @ at.rot,
        )
        yield arm_action(op.robot, wanted, op.grip)
    return False


def through(op: Operator, poses: list[Pose], *, speed: float = 1.0) -> Motion:
    """Pass via points loosely and arrive at the last pose."""
    for pose in poses[:-1]:
        yield from go(op, pose, speed=speed, within_m=0.05, within_rad=0.6)
    return (yield from go(op, poses[-1], speed=speed))


def travel_over(op: Operator, target: Pose, outward: Vec3) -> Motion:
    """Reach a pose from above: lift and come back from under cabinets, cross, come down.

    Args:
        op: who moves.
        target: where to arrive; the hand crosses no lower than this.
        outward: unit normal of the fixture's front, horizontal.
    """
    robot = op.robot
    height = float(target.position[2])
    back = max(0.0, float(outward @ (target.position - robot.hand)))
    lifted = robot.hand + outward * back
    lifted[2] = max(height, float(robot.hand[2]))
    above = np.array([*target.position[:2], height])
    poses = []
    if robot.hand[2] < height - 0.03:
        poses.append(Pose(position=lifted, rot=robot.hand_rot))
    poses += [Pose(position=above, rot=target.rot), target]
    return (yield from through(op, poses))


def travel_front(op: Operator, target: Pose, outward: Vec3, *, distance: float) -> Motion:
    """Reach a pose at the front of a fixture: back off, move in a plane before it, go in.

    Args:
        op: who moves.
        target: where to arrive.
        outward: unit normal of the fixture's front, horizontal.
        distance: how far in front of `target` the plane lies [m].
    """
    robot = op.robot
    missing = float(distance - outward @ (robot.hand - target.position))
    back = robot.hand + outward * max(0.0, missing)
    poses = [
        Pose(position=back, rot=robot.hand_rot),
        Pose(position=target.position + outward * distance, rot=target.rot),
        target,
    ]
    return (yield from through(op, poses))


def retreat(op: Operator, direction: Vec3, distance: float) -> Motion:
    """Move the hand straight away, keeping its orientation."""
    robot = op.robot
    away = Pose(position=robot.hand + direction * distance, rot=robot.hand_rot)
    return (yield from go(op, away, within_m=0.03, limit=25, patience=8))


def grasp(op: Operator, steps: int = 8) -> Motion:
    """Close the fingers on whatever is between them."""
    op.grip = CLOSED
    for _ in range(steps):
        yield hold_action(op.grip)
    return True


def release(op: Operator, steps: int = 6) -> Motion:
    """Open the fingers."""
    op.grip = OPEN
    for _ in range(steps):
        yield hold_action(op.grip)
    return True
