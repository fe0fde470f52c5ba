"""Plain values the referee hands out: robot, joints and solid parts in world coordinates.

Only data and the geometry of one rigid joint live here, nothing that reads a simulator. World frame
throughout: metres, radians, z up; rotation matrices are (3, 3) float64 with the frame's axes as
columns.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Vec3 = npt.NDArray[np.floating[Any]]
"""(3,) float64."""
Mat3 = npt.NDArray[np.floating[Any]]
"""(3, 3) float64 rotation, axes as columns."""
ROBOT = ("gripper0", "robot0", "mobilebase0")
"""What the names of the robot's bodies begin with."""
HAND_SITE = "gripper0_right_grip_site"


def rotation_about(axis: Vec3, angle: float) -> Mat3:
    """The rotation by `angle` [rad] about a unit `axis` (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)


@dataclass(frozen=True, kw_only=True, eq=False)
class RobotTruth:
    """Where the robot really is."""

    hand: Vec3
    """Grip site between the fingertips [m]; the tips end 1.2 cm further along `hand_rot[:, 2]`."""
    hand_rot: Mat3
    """Columns: x = the way the fingers open, y = across, z = the way the fingers point."""
    arm: Vec3
    """Arm mount on the torso [m], the origin of the arm's deltas."""
    base_rot: Mat3
    """Base and arm mount; column 0 is forward, column 1 left."""
    finger_gap: float
    """Opening between the finger pads [m]."""
    touching: frozenset[str]
    """Names of fixture bodies that hand or fingers touch."""
    elbow: float = -2.0
    """Where the arm's fourth joint is: -3.07 folded, -0.07 at the other stop [rad]."""

    @property
    def heading(self) -> float:
        """Yaw of the base [rad]."""
        return float(np.arctan2(self.base_rot[1, 0], self.base_rot[0, 0]))


@dataclass(frozen=True, kw_only=True, eq=False)
class JointTruth:
    """One hinge or slide of a fixture at its present value."""

    name: str
    kind: Literal["hinge", "slide"]
    axis: Vec3
    """Unit vector, world."""
    anchor: Vec3
    """A point on the axis, world [m]."""
    value: float
    """Joint position [rad] or [m]."""
    low: float
    high: float

    @property
    def opened(self) -> float:
        """How far the joint is from its closed end, 0..1.

        RoboCasa counts from the lower end if the range is not negative, else from the upper end
        (`Fixture.get_joint_state`).
        """
        share = (self.value - self.low) / (self.high - self.low)
        return float(1.0 - share if self.low < 0 else share)

    def at(self, opened: float) -> float:
        """The joint position at which `opened` has the given value."""
        share = 1.0 - opened if self.low < 0 else opened
        return self.low + share * (self.high - self.low)

    def carry(self, point: Vec3, change: float) -> Vec3:
        """Where a point fixed to the moving body goes when the joint changes by `change`."""
        if self.kind == "slide":
            return point + change * self.axis
        return self.anchor + rotation_about(self.axis, change) @ (point - self.anchor)

    def turn(self, change: float) -> Mat3:
        """The rotation of the moving body when the joint changes by `change`."""
        return np.eye(3) if self.kind == "slide" else rotation_about(self.axis, change)

    def direction(self, point: Vec3, sign: float = 1.0) -> Vec3:
        """Unit velocity of a point of the moving body as the joint value goes up (or down)."""
        moved = self.axis if self.kind == "slide" else np.cross(self.axis, point - self.anchor)
        length = float(np.linalg.norm(moved))
        return np.sign(sign) * moved / max(length, 1e-9)

    def change_for(self, point: Vec3, distance: float) -> float:
        """By how much the joint changes while a point of the body travels a distance [m]."""
        return distance if self.kind == "slide" else distance / max(self.radius(point), 0.05)

    def radius(self, point: Vec3) -> float:
        """Distance of a point from the axis [m] (0 for slides, which have no lever)."""
        if self.kind == "slide":
            return 0.0
        return float(np.linalg.norm(np.cross(self.axis, point - self.anchor)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Box:
    """The bounding box of one collider, oriented as the collider is."""

    name: str
    center: Vec3
    rot: Mat3
    half: Vec3

    def corners(self) -> npt.NDArray[np.float64]:
        """(8, 3) world corners."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return self.center + (signs * self.half) @ self.rot.T

    def extent(self, direction: Vec3) -> float:
        """Half length of the box along a unit direction [m]."""
        return float(np.abs(self.rot.T @ direction) @ self.half)

    def distance(self, point: Vec3) -> float:
        """How far a point is from the box [m], 0 inside."""
        beyond = np.abs(self.rot.T @ (point - self.center)) - self.half
        return float(np.linalg.norm(np.maximum(beyond, 0.0)))

    def faces(self) -> list[tuple[Vec3, Vec3]]:
        """Centre and outward normal of its six faces."""
        return [
            (self.center + sign * self.half[i] * self.rot[:, i], sign * self.rot[:, i])
            for i in range(3)
            for sign in (-1.0, 1.0)
        ]


@dataclass(frozen=True, kw_only=True, eq=False)
class FixtureTruth:
    """A fixture's place in the room."""

    name: str
    kind: str
    """RoboCasa's class name, for instance `Sink`."""
    center: Vec3
    rot: Mat3
    """Columns: right, back, up, as seen by somebody standing in front of it."""
    half: Vec3

    @property
    def outward(self) -> Vec3:
        """Unit vector from the fixture towards somebody standing in front of it."""
        return -self.rot[:, 1]
