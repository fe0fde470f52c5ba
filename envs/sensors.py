"""The firewall: the complete list of what an agent may see.

Nothing else crosses from the simulation to planner, policy or judge: no object poses, no success
flags, no reward. A privileged component gets its truth from `envs.referee`, says so, and is
flagged wherever its result is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

View = Literal["right", "left", "hand"]
"""A camera by short name: the two external views and the eye in the hand."""

VIEWS: tuple[View, ...] = ("right", "left", "hand")
CAMERAS: Mapping[View, str] = {
    "right": "robot0_agentview_right",
    "left": "robot0_agentview_left",
    "hand": "robot0_eye_in_hand",
}
"""RoboCasa's camera behind each view."""

CONTROL_HZ = 20
"""Control steps a second (RoboCasa365: 25 physics substeps of 2 ms each)."""

ACTION_SIZE = 12
"""Width of the official flat action: 3 hand position + 3 hand rotation (axis-angle) + 1 gripper
(>= 0.5 closes) + 4 base (forward, side, yaw, torso) + 1 control mode (>= 0.5 drives the base)."""

Image = npt.NDArray[np.uint8]
"""(H, W, 3) uint8 RGB, row 0 at the top."""


@runtime_checkable
class Frame(Protocol):
    """An image that is, or will be, there: `numpy.asarray(frame)` waits for its pixels.

    A plain (H, W, 3) uint8 array is a frame. A kitchen hands out frames that are still being
    drawn while physics goes on; the pixels are those of the moment the frame was taken.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3), known before the pixels are."""
        ...

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Proprioception:
    """What the robot feels of itself, all float32.

    Names and order follow RoboCasa's own gym wrapper (`state.*` keys).
    """

    gripper_qpos: npt.NDArray[np.float32]
    """(2,) finger joints [m]."""
    base_position: npt.NDArray[np.float32]
    """(3,) base in the world [m]."""
    base_rotation: npt.NDArray[np.float32]
    """(4,) base in the world, quaternion xyzw."""
    end_effector_position: npt.NDArray[np.float32]
    """(3,) hand in the base frame [m]."""
    end_effector_rotation: npt.NDArray[np.float32]
    """(4,) hand in the base frame, quaternion xyzw."""

    def vector(self) -> npt.NDArray[np.float32]:
        """All parts in the order above, as one (16,) float32 vector."""
        return np.concatenate(
            [
                self.gripper_qpos,
                self.base_position,
                self.base_rotation,
                self.end_effector_position,
                self.end_effector_rotation,
            ]
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensors:
    """One look at the world, all that an agent gets."""

    images: Mapping[View, Frame] = field(repr=False)
    """A frame per view. The eye in the hand is drawn only when somebody looks at it, which must
    be before the next step; the external views stay valid for ever."""
    proprioception: Proprioception
    instruction: str
    """The whole task in words."""
    step: int
    """Control steps since the reset; 0 for the first look."""

    def image(self, view: View) -> Image:
        """The pixels of one view, waiting for them if they are still being drawn.

        Raises:
            KeyError: if this run does not carry the view.
        """
        return np.asarray(self.images[view])

    @property
    def seconds(self) -> float:
        """Simulated time since the reset [s]."""
        return self.step / CONTROL_HZ
