"""Where the robot's three cameras are, and where they see a point: the same in every kitchen.

Two cameras ride on the base, one on the hand, and nothing moves them there. So training can tell a
keypoint where in each picture the part in hand is (a label, never an input), and needs no other
truth for it than the part's place in the frame of the base.

Read from MuJoCo's `cam_xpos`, `cam_xmat` and `cam_fovy`; a test holds them against it.
"""

import numpy as np
import numpy.typing as npt

from .geometry import matrix

LEFT_M = np.array([-0.5, 0.35, 1.05])
"""In the frame of the base; the right camera mirrors the left one."""
LEFT_ROT = np.array(
    [
        [-0.201974, 0.528129, -0.824795],
        [-0.979297, -0.097261, 0.177530],
        [0.013538, 0.843576, 0.536840],
    ]
)
"""Axes as columns: to the right of the picture, up, and back towards the eye."""
_MIRROR = np.array([1.0, -1.0, 1.0])
RIGHT_M, RIGHT_ROT = LEFT_M * _MIRROR, LEFT_ROT * _MIRROR[:, None] * np.array([-1.0, 1.0, 1.0])
HAND_M = np.array([0.05, 0.0, -0.097])
"""In the frame of the hand's proprioception."""
HAND_ROT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
OUTER_FOV_DEG, HAND_FOV_DEG = 60.0, 75.0
NEAREST_M = 0.02

Floats = npt.NDArray[np.floating]


def project(points: Floats, hand: Floats, turned: Floats) -> npt.NDArray[np.float32]:
    """Where the cameras see points; what stands in the way is not known.

    Args:
        points: (T, 3) in the frame of the base, as the hand's proprioception [m].
        hand: (T, 3) the hand's position there [m].
        turned: (T, 4) the hand's orientation there, quaternion xyzw.

    Returns:
        (T, 3, 2) float32: views right, left, hand; x to the right and y down, the edges at
        -1 and 1; NaN for what lies outside of a picture.
    """
    rot = matrix(np.asarray(turned, np.float64))
    near = np.einsum("tji,tj->ti", rot, np.asarray(points, np.float64) - hand)
    seen = [
        _seen(points, RIGHT_M, RIGHT_ROT, OUTER_FOV_DEG),
        _seen(points, LEFT_M, LEFT_ROT, OUTER_FOV_DEG),
        _seen(near, HAND_M, HAND_ROT, HAND_FOV_DEG),
    ]
    return np.stack(seen, axis=1).astype(np.float32)


def rays(places: Floats, hand: Floats, turned: Floats) -> tuple[Floats, Floats, Floats]:
    """The planes in which points lie that the cameras see at some places.

    Args:
        places: (3, N, 2) views right, left, hand; as `project` gives them.
        hand: (3,) the hand's position in the frame of the base [m].
        turned: (4,) its orientation there, quaternion xyzw.

    Returns:
        (3, N, 2, 3) normals n of two planes each: n (x - c) = 0 for the point x; (3, 3) the cameras
        c; and (3, 4) per camera its way back and half its picture's width at one metre, which say
        how a place's error grows: by depth x half width.
    """
    rot = matrix(np.asarray(turned, np.float64))
    rots = np.stack([RIGHT_ROT, LEFT_ROT, rot @ HAND_ROT])
    centres = np.stack([RIGHT_M, LEFT_M, rot @ HAND_M + hand])
    halves = np.tan(np.radians([OUTER_FOV_DEG, OUTER_FOV_DEG, HAND_FOV_DEG]) / 2)
    x, y, back = rots[:, None, :, 0], rots[:, None, :, 1], rots[:, None, :, 2]
    u, v = (places[..., i, None] * halves[:, None, None] for i in (0, 1))
    normals = np.stack([x + u * back, y - v * back], axis=2)
    return normals, centres, np.concatenate([rots[:, :, 2], halves[:, None]], axis=1)


def _seen(points: Floats, at: Floats, rot: Floats, fov_deg: float) -> Floats:
    x, y, back = ((np.asarray(points, np.float64) - at) @ rot).T
    depth = np.maximum(-back, NEAREST_M) * np.tan(np.radians(fov_deg) / 2)
    place = np.stack([x / depth, -y / depth], axis=1)
    inside = (-back > NEAREST_M) & (np.abs(place) < 1.0).all(1)
    return np.where(inside[:, None], place, np.nan)
