"""What the network is told of the robot, and how its answer becomes official actions.

The network speaks of *set points*: where the hand is to be commanded to at each of the next steps,
relative to where it is now, in the frame of the base. An action is the way from the hand, felt
afresh at each step, to the set point of that step; so a hand that is late or was pushed is led
back by itself between two looks of the network. Base and torso are driven by velocities, which are
predicted as they are.

T counts steps of an episode, K steps of a chunk. Rotations are (.., 3, 3), axes as columns.
"""

import numpy as np
import numpy.typing as npt

from ...envs.sensors import ACTION_SIZE
from ...sight import POINTS

BASE, GRIPPER, MODE, SWITCH = slice(7, 9), 6, 11, 0.5
"""Where the base's speeds and the switches are in the official action, and what is on."""
METRES_PER_UNIT = 0.05
RADIANS_PER_UNIT = 0.5
"""Of the official action (RoboCasa's `default_pandaomron.json`)."""
HISTORY_STEPS = (8, 24)
"""How long ago the robot's earlier places are that the network is told of. Far enough apart that
they show where the hand came from, and not simply the last action, which would be copied."""
FEATURES = 3 + 6 + 2 + len(HISTORY_STEPS) * 7 + 4
"""Hand position 3, rotation 6 (two axes), fingers 2; per earlier step: hand's way 3, fingers'
opening 1, base's way 2 and turn 1; how far the hand was to each side and height while it held."""
HELD_M = 0.03
"""Fingers opened less than this hold something, or are shut [m]; fully open is 0.04."""
HINTS = 3
"""Room above the part's joint [m], the least room beside it too [m], and the side (-1, 0, 1) that
is begun with or stood at."""
MOTION = 10
"""Set points per step: position 3 [m], rotation vector 3 [rad], base and torso 4 [action]."""

Floats = npt.NDArray[np.floating]


def matrix(quaternion: Floats) -> Floats:
    """(.., 3, 3) rotations of (.., 4) quaternions xyzw."""
    x, y, z, w = np.moveaxis(quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def rotation(vector: Floats) -> Floats:
    """(.., 3, 3) rotations of (.., 3) rotation vectors [rad]."""
    from scipy.spatial.transform import Rotation

    flat = Rotation.from_rotvec(np.asarray(vector, np.float64).reshape(-1, 3)).as_matrix()
    return flat.reshape(*np.shape(vector)[:-1], 3, 3)


def vector(rot: Floats) -> Floats:
    """(.., 3) rotation vectors [rad] of (.., 3, 3) rotations, angle 0..pi."""
    from scipy.spatial.transform import Rotation

    flat = Rotation.from_matrix(np.asarray(rot, np.float64).reshape(-1, 3, 3)).as_rotvec()
    return flat.reshape(*np.shape(rot)[:-2], 3)


def hand_of(felt: Floats) -> npt.NDArray[np.float32]:
    """(.., 12) float32: the hand's position in the frame of the base [m], then its rotation.

    Args:
        felt: (.., 16) proprioception.
    """
    felt = np.asarray(felt, np.float64)
    rot = matrix(felt[..., 12:16]).reshape(*felt.shape[:-1], 9)
    return np.concatenate([felt[..., 9:12], rot], axis=-1).astype(np.float32)


def features(felt: Floats, begun: int = 0) -> npt.NDArray[np.float32]:
    """What the network is told of the robot at every step of a stretch.

    Args:
        felt: (T, 16) proprioception, see `Proprioception.vector`.
        begun: the stretch's first step; what lies before it is not looked at.

    Returns:
        (T - begun, FEATURES) float32.
    """
    felt = np.asarray(felt[begun:], np.float64)
    fingers, hand, turned = felt[:, :2], felt[:, 9:12], matrix(felt[:, 12:16])
    columns = [hand, turned[:, :, 0], turned[:, :, 2], fingers * 20.0]
    steps = np.arange(len(felt))
    base = matrix(felt[:, 5:9])
    for ago in HISTORY_STEPS:
        before = np.maximum(steps - ago, 0)
        way = np.einsum("tji,tj->ti", base, felt[before, 2:5] - felt[:, 2:5])
        yaw = np.einsum("tji,tjk->tik", base, base[before])
        turn = np.arctan2(yaw[:, 1, 0], yaw[:, 0, 0])[:, None]
        opened = (fingers[before, :1] - fingers[:, :1]) * 20.0
        columns += [(hand[before] - hand) * 5.0, opened, way[:, :2] * 5.0, turn * 5.0]
    columns.append(5.0 * _reached(fingers, hand))
    return np.concatenate(columns, axis=1).astype(np.float32)


def _reached(fingers: Floats, hand: Floats) -> Floats:
    """(T, 4) how far beyond its present place the hand has been so far while it held.

    Left, right, up, down: so a sweep that went to one side knows that the other is left.
    """
    held = fingers[:, :1] < HELD_M
    side = hand[:, 1:3]
    most = np.maximum.accumulate(np.where(held, side, -np.inf), axis=0)
    least = np.minimum.accumulate(np.where(held, side, np.inf), axis=0)
    both = np.concatenate([most - side, side - least], axis=1)
    return np.where(np.isfinite(both), np.clip(both, 0.0, 0.5), 0.0)


def set_points(felt: Floats, actions: Floats, chunk: int) -> npt.NDArray[np.float32]:
    """What the network has to predict at every step of a stretch.

    Args:
        felt: (T, 16) proprioception.
        actions: (T, 12) the right actions.
        chunk: K; past the end the last action's set point is repeated.

    Returns:
        (T, K, MOTION) float32.
    """
    hand = np.asarray(felt[:, 9:12], np.float64)
    turned = matrix(np.asarray(felt[:, 12:16], np.float64))
    wanted = hand + METRES_PER_UNIT * actions[:, 0:3]
    wanted_rot = rotation(RADIANS_PER_UNIT * actions[:, 3:6]) @ turned
    at = np.minimum(np.arange(len(felt))[:, None] + np.arange(chunk), len(felt) - 1)
    shift = wanted[at] - hand[:, None]
    turn = vector(wanted_rot[at] @ np.swapaxes(turned, 1, 2)[:, None])
    return np.concatenate([shift, turn, actions[at, 7:11]], axis=2).astype(np.float32)


class Leading:
    """A chunk of set points on its way to become actions.

    Args:
        felt: (16,) proprioception when the network looked.
        motion: (K, MOTION) its answer.
        closed: (K,) whether the gripper closes.
        driving: (K,) whether the base drives.
    """

    def __init__(
        self, felt: Floats, motion: Floats, closed: npt.NDArray[np.bool_], driving: Floats
    ) -> None:
        felt = np.asarray(felt, np.float64)
        self._hand = felt[9:12] + motion[:, 0:3]
        self._rot = rotation(motion[:, 3:6]) @ matrix(felt[12:16])
        self._base = motion[:, 6:10]
        self._closed, self._driving = closed, driving

    def action(self, felt: Floats, step: int) -> npt.NDArray[np.float32]:
        """The official action of one step.

        Args:
            felt: (16,) proprioception now.
            step: steps since the network looked, 0 .. K - 1.

        Returns:
            (12,) float32 within [-1, 1].
        """
        felt = np.asarray(felt, np.float64)
        out = np.zeros(ACTION_SIZE, np.float32)
        out[GRIPPER] = self._closed[step]
        if self._driving[step]:
            out[7:11] = np.clip(self._base[step], -1.0, 1.0)
            out[MODE] = 1.0
            return out
        out[0:3] = shortened((self._hand[step] - felt[9:12]) / METRES_PER_UNIT)
        turn = vector(self._rot[step] @ matrix(felt[12:16]).T)
        out[3:6] = shortened(turn / RADIANS_PER_UNIT)
        return out


def still(felt: Floats) -> npt.NDArray[np.float32]:
    """(12,) float32: the action that changes nothing.

    Args:
        felt: (16,) proprioception; fingers that are shut or hold something stay closed.
    """
    out = np.zeros(ACTION_SIZE, np.float32)
    out[GRIPPER] = felt[0] < HELD_M
    return out


def shortened(way: Floats) -> Floats:
    """The vector, at most of length 1: as straight as before, unlike one clipped by number."""
    return way / max(1.0, float(np.linalg.norm(way)))


__all__ = ["FEATURES", "HINTS", "MOTION", "POINTS", "SWITCH", "Leading", "features", "set_points"]
