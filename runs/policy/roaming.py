"""Poses of a robot that is on its way to a fixture: anywhere on the free floor, the hand drawn in.

Most of them have the fixture before them, as a robot that drives to it has; in the others it is
elsewhere, as for one that is looking for it.
"""

import numpy as np

from ...envs.posing import Poser
from ...envs.referee import Referee
from ...envs.truth import Vec3
from ...policies.embedded.geometry import rotation
from ...policies.experts.drive import rest
from ...policies.experts.floor import BAND_M, Floor
from ...policies.experts.motion import UP
from ...policies.experts.ways import Ways
from .carrying import Carried

ROOM_M = 0.32
"""From the arm mount to what is next, at least."""
NEAR_SHARE, NEAR_M = 0.3, 1.2
"""Share of the poses that are no farther than this from where the robot is to stand."""
ARRIVED_SHARE, ARRIVED_M, ARRIVED_RAD = 0.12, 0.12, 0.15
"""Share of the poses at the very place, and how far off they are."""
ARRIVED_CARRYING_SHARE, LAID_SHARE = 0.55, 0.45
"""The same with something that is to be put down there; and of these the share that have let go."""
FACING_SHARE, FACING_RAD = 0.75, 0.75
"""Share of the others that have the spot this far to one side of straight ahead, at most."""
HAND_M, HAND_RAD = 0.06, 0.15
"""Spread of the hand about where it is held on the way."""
OVER_M, LEFT_M = 0.12, 0.3
"""How high above the spot the hand is that lets something go there, and how much higher it goes
then, at most."""
TRIES = 30


class Roamer:
    """Puts the robot of one kitchen somewhere on the floor.

    Args:
        referee: of the kitchen.
        poser: of the same.
    """

    def __init__(self, referee: Referee, poser: Poser) -> None:
        self._referee, self._poser = referee, poser
        self._floor = Floor(referee.obstacles(*BAND_M))
        self._begun = referee.robot()

    def pose(
        self,
        spot: Vec3,
        place: Vec3,
        rng: np.random.Generator,
        carried: Carried | None = None,
        *,
        there: bool = True,
    ) -> None:
        """Stand somewhere.

        Args:
            spot: (3,) before the fixture, world [m].
            place: (3,) where to stand there.
            rng: draws the pose.
            carried: what is in the hand, or was put down at the spot or beside it.
            there: whether the spot is where it belongs.
        """
        arrived = rng.random() < (ARRIVED_CARRYING_SHARE if carried else ARRIVED_SHARE)
        laid = arrived and carried is not None and rng.random() < LAID_SHARE
        if arrived:
            shift = np.append(rng.normal(0.0, ARRIVED_M, 2), 0.0)
            where, heading = place + shift, _yaw(spot - place) + rng.normal(0.0, ARRIVED_RAD)
        else:
            where, heading = self._drawn(spot, place, rng)
        self.stand(where, heading)
        self._poser.fingers(float(rng.choice([1.0, 1.0, rng.random()])))
        held = rest(self._referee.robot())
        over = spot + OVER_M * UP - held.position if arrived and carried else np.zeros(3)
        left = rng.random() * LEFT_M * UP if laid else np.zeros(3)
        at = held.position + rng.random() * over + left + rng.normal(0.0, HAND_M, 3)
        self._poser.hand(at, rotation(rng.normal(0.0, HAND_RAD, 3)) @ held.rot)
        if carried is not None and laid:
            carried.lay(spot, rng, there=there)
        elif carried is not None:
            carried.hang(rng)

    def _drawn(self, spot: Vec3, place: Vec3, rng: np.random.Generator) -> tuple[Vec3, float]:
        spots = Ways(self._floor, place).open_places(ROOM_M)
        near = spots[np.linalg.norm(spots - place[:2], axis=1) < NEAR_M]
        if len(near) and rng.random() < NEAR_SHARE:
            spots = near
        where, heading = self._begun.arm, self._begun.heading
        for _ in range(TRIES if len(spots) else 0):
            where = np.append(spots[rng.integers(len(spots))] + rng.uniform(-0.025, 0.025, 2), 0.0)
            heading = rng.uniform(-np.pi, np.pi)
            if rng.random() < FACING_SHARE:
                heading = _yaw(spot - where) + rng.uniform(-FACING_RAD, FACING_RAD)
            if self._floor.free(where, heading):
                break
        return where, heading

    def stand(self, where: Vec3, heading: float) -> None:
        """Bring the arm mount over a place; the base does not turn quite about it.

        Args:
            where: (3,) world, z is ignored [m].
            heading: yaw of the base [rad].
        """
        way, yaw = np.zeros(2), heading - self._begun.heading
        for _ in range(3):
            self._poser.base(float(way[0]), float(way[1]), yaw)
            way += (self._begun.base_rot.T @ (where - self._referee.robot().arm))[:2]


def _yaw(way: Vec3) -> float:
    return float(np.arctan2(way[1], way[0]))
