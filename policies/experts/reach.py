"""Standing where the hand reaches a spot well, and how it points there."""

import numpy as np

from ...envs.truth import Mat3, Vec3, rotation_about
from .control import Pose, arm_action, look, wrist_free
from .drive import travel_to
from .floor import BAND_M, Floor
from .motion import UP, Blocked, Motion, Operator

HEIGHTS_M, DOWN_RAD = (0.20, 0.85, 1.10, 1.45), (1.20, 0.85, 0.45, 0.15)
"""How steeply the fingers point down at what height; level below the chest, the wrist is at its
stop."""
STAND_M = (0.60, 0.68, 0.52, 0.76)
"""Distances from what the hand is to reach to the arm mount, the best first [m]."""

SHOULDER_M, WRIST_BACK_M = 0.33, 0.21
"""The shoulder above the arm mount, and the wrist behind the fingertips (Panda) [m]."""
STRETCHED_RAD, BENT_RAD = -0.55, -0.75
"""Beyond the first the elbow is about to bend the wrong way; up to the second it is well again."""


def stretched(op: Operator) -> bool:
    """True if the arm is all but straight, or its elbow bends the wrong way."""
    return op.robot.elbow > STRETCHED_RAD


def unbend(op: Operator, limit: int = 25) -> Motion:
    """Get an elbow that bends the wrong way back: stretch the arm and turn the fingers down.

    A hand that is called back only presses such an elbow against its stop.
    """
    for _ in range(limit):
        robot = op.robot
        if robot.elbow < BENT_RAD:
            return True
        out = robot.hand - WRIST_BACK_M * robot.hand_rot[:, 2] - robot.arm - SHOULDER_M * UP
        beyond = robot.hand + 0.1 * out / float(np.linalg.norm(out))
        turned = rotation_about(robot.base_rot[:, 1], 0.8) @ robot.hand_rot
        yield arm_action(robot, Pose(position=beyond, rot=turned), op.grip)
    return False


def stand_before(
    op: Operator, spot: Vec3, ways: list[Vec3], distances: tuple[float, ...] = STAND_M
) -> Motion:
    """Drive to where a spot is within good reach, straight ahead if there is room.

    Args:
        op: who drives.
        spot: what the hand is to reach, world.
        ways: directions from the spot to the robot, the best first; only their level part counts.
        distances: from the spot to the arm mount, the best first [m].
    """
    floor = Floor(op.referee.obstacles(*BAND_M))
    for turned in (0.0, 0.4, -0.4, 0.8, -0.8):
        for way in ways:
            for distance in distances:
                away = level(way)
                place = spot + distance * away
                heading = float(np.arctan2(-away[1], -away[0])) + turned
                if floor.free(place, heading):
                    return (yield from travel_to(op, place, heading))
    raise Blocked("there is no room to stand")


def reach_rot(op: Operator, spot: Vec3, ahead: Vec3) -> Mat3:
    """The hand orientation to touch a spot: level at the chest, the lower the steeper."""
    down = float(np.interp(spot[2], HEIGHTS_M, DOWN_RAD))
    pointing = ahead * np.cos(down) - UP * np.sin(down)
    return wrist_free(look(pointing, np.cross(UP, pointing)), op.robot)


def level(vector: Vec3) -> Vec3:
    """The unit vector of a vector's level part."""
    flat = vector * np.array([1.0, 1.0, 0.0])
    return flat / max(float(np.linalg.norm(flat)), 1e-9)
