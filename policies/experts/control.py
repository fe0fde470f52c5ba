"""From a wanted pose to one official action.

The arm takes deltas in the base frame, 0.05 m and 0.5 rad per unit, counted from where the hand
is now (RoboCasa's `default_pandaomron.json`); the base takes velocities, and only while the control
mode is on. Every function here is pure: truth in, one (12,) action out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...envs.sensors import ACTION_SIZE
from ...envs.truth import Mat3, RobotTruth, Vec3

Action = npt.NDArray[np.float32]
"""(12,) float32, the order of `envs.sensors.ACTION_SIZE`."""

METRES_PER_UNIT = 0.05
RADIANS_PER_UNIT = 0.5
OPEN, CLOSED = 0.0, 1.0
FINGERS_SHUT_M = 0.01
"""Fingers closer together than this are shut [m]."""

POSITION_GAIN = 1.7
"""Above 1 because a delta of the full error would close only part of it in a step."""
ROTATION_GAIN = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Pose:
    """Where the grip site should be."""

    position: Vec3
    rot: Mat3

    def shifted(self, offset: Vec3) -> "Pose":
        """The same orientation, moved by a world offset [m]."""
        return Pose(position=self.position + offset, rot=self.rot)


def wrapped(angle: float) -> float:
    """The same angle within -pi and pi [rad]."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def rotation_vector(rot: Mat3) -> Vec3:
    """Axis times angle [rad] of a rotation, angle in 0..pi."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(rot).as_rotvec()


def look(pointing: Vec3, opening: Vec3) -> Mat3:
    """The hand orientation whose fingers point one way and open as close as can be to another.

    Args:
        pointing: where the fingers point (need not be unit).
        opening: wanted direction of the finger opening; its part along `pointing` is dropped.
    """
    z = pointing / np.linalg.norm(pointing)
    x = opening - (opening @ z) * z
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def nearer(rot: Mat3, current: Mat3) -> Mat3:
    """Of a hand orientation and the same turned by half a circle, the one closer to `current`.

    The hand is symmetric about its pointing axis, so both do the same job.
    """
    flipped = rot @ np.diag([-1.0, -1.0, 1.0])
    return flipped if np.trace(flipped.T @ current) > np.trace(rot.T @ current) else rot


def wrist_free(rot: Mat3, robot: RobotTruth) -> Mat3:
    """Of a hand orientation and the same turned by half a circle, the one the last joint can reach.

    The Panda's last joint starts a quarter turn off its middle, with the fingers opening to the
    base's left. Reaching into something to the right of where the base faces turns it on, to its
    stop; there the other half circle has room.

    Args:
        rot: the wanted orientation, fingers opening about level.
        robot: the robot now.
    """
    left = robot.base_rot[:, 1]
    wanted = -1.0 if rot[:, 2] @ left < -0.2 else 1.0
    flipped = rot @ np.diag([-1.0, -1.0, 1.0])
    return rot if wanted * (rot[:, 0] @ left) >= 0 else flipped


def clipped(vector: Vec3, limit: float) -> Vec3:
    """The vector, shortened to `limit` if it is longer."""
    length = float(np.linalg.norm(vector))
    return vector if length <= limit else vector * (limit / length)


def arm_action(robot: RobotTruth, target: Pose, grip: float, speed: float = 1.0) -> Action:
    """One step of the hand towards a pose.

    Args:
        robot: the robot now.
        target: where the grip site should be, world.
        grip: 0 opens, 1 closes.
        speed: share of the largest delta that may be used, 0..1.
    """
    to_base = robot.base_rot.T
    shift = to_base @ (target.position - robot.hand) / METRES_PER_UNIT * POSITION_GAIN
    turn = to_base @ rotation_vector(target.rot @ robot.hand_rot.T) / RADIANS_PER_UNIT
    action = np.zeros(ACTION_SIZE, np.float32)
    action[0:3] = clipped(shift, speed)
    action[3:6] = clipped(turn * ROTATION_GAIN, min(1.0, speed + 0.2))
    action[6] = grip
    return action


def base_action(forward: float, left: float, yaw: float, up: float, grip: float) -> Action:
    """One step of base and torso; speeds in units of the action, clipped to [-1, 1]."""
    action = np.zeros(ACTION_SIZE, np.float32)
    action[6] = grip
    action[7:11] = np.clip([forward, left, yaw, up], -1.0, 1.0)
    action[11] = 1.0
    return action


def hold_action(grip: float) -> Action:
    """Stay, with the gripper commanded."""
    action = np.zeros(ACTION_SIZE, np.float32)
    action[6] = grip
    return action
