"""From the official flat action to robosuite's controller vector.

The order is that of every RoboCasa365 policy server (`ACTION_SIZE`); the mapping is that of
RoboCasa's `PandaOmronKeyConverter.unmap_action`: gripper and control mode are switches at 0.5.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..configs import PolicyError
from .sensors import ACTION_SIZE

HAND = slice(0, 6)
GRIPPER = 6
BASE = slice(7, 10)
TORSO = slice(10, 11)
MODE = 11
SWITCH = 0.5
"""At or above it the gripper closes, and the base drives instead of the arm."""


def checked(action: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], int]:
    """Refuse what is no action, clip what is out of range.

    Args:
        action: 12 numbers, meant to lie in [-1, 1].

    Returns:
        The (12,) float32 action within [-1, 1], and how many of its numbers were clipped.

    Raises:
        PolicyError: for a wrong shape, or a number that is not finite.
    """
    try:
        given = np.asarray(action, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise PolicyError(f"an action must be {ACTION_SIZE} numbers, got {action!r}") from error
    if given.shape != (ACTION_SIZE,):
        raise PolicyError(f"an action must have shape ({ACTION_SIZE},), got {given.shape}")
    bad = np.flatnonzero(~np.isfinite(given))
    if bad.size:
        raise PolicyError(
            f"action[{bad[0]}] is {given[bad[0]]}; every number of an action must be finite"
        )
    clipped = np.clip(given, -1.0, 1.0)
    return clipped, int(np.count_nonzero(clipped != given))


class ControllerMap:
    """Where each part of an action goes in the vector that robosuite's `step` takes."""

    def __init__(self, robot: Any) -> None:
        controller = robot.composite_controller
        self._size = controller.action_limits[0].shape[0]
        self._spans = {
            part: slice(*controller._action_split_indexes[part])
            for part in ("right", "right_gripper", "base", "torso")
        }

    def vector(self, action: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The controller vector of a checked (12,) action."""
        out = np.zeros(self._size)
        out[self._spans["right"]] = action[HAND]
        out[self._spans["right_gripper"]] = -1.0 if action[GRIPPER] < SWITCH else 1.0
        out[self._spans["base"]] = action[BASE]
        out[self._spans["torso"]] = action[TORSO]
        out[-1] = -1.0 if action[MODE] < SWITCH else 1.0
        return out
