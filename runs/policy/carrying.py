"""Things in the hand of a posed robot, as the experts take them, or where it let them go."""

import numpy as np

from ...envs.posing import Poser
from ...envs.referee import Referee
from ...envs.skills import Skill
from ...envs.truth import Vec3
from ...policies.embedded.geometry import rotation
from ...policies.experts.carry import BELOW_M, drop_spot, floor_spot, rim_of
from ...policies.experts.motion import UP, Operator

SHUT = 0.05
"""How far the fingers are open that hold a thin wall, as a share."""
SWAY_M = 0.008
"""Spread of how much less deep the wall is between the fingers: deeper it meets the palm."""
LAID_M = 0.05
"""Spread of where it lies about where it is let go."""
BESIDE_SHARE, BESIDE_M = 0.3, (0.28, 0.5)
"""Share of those that lie beside the basin instead, and how far to a side."""
FALLEN_SHARE = 0.35
"""Share of those that have fallen over."""
_FLIP = np.diag([1.0, -1.0, -1.0])
"""What stands upright in the frame of a hand that points down."""
_ON_ITS_SIDE = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""What stood upright lies along x."""


class Carried:
    """A jug that hangs by its rim, or was let go.

    Args:
        referee: of the kitchen; the jug stands.
        poser: of the same.
        skill: what picks it up or puts it down.
        fixture: what that is about.
    """

    def __init__(self, referee: Referee, poser: Poser, skill: Skill, fixture: str) -> None:
        self._referee, self._poser, self._fixture = referee, poser, fixture
        thing = referee.part(skill, fixture)
        joint, parts = referee.joint(fixture, thing), referee.parts(fixture, thing)
        self._name = joint.name
        away = rim_of(Operator(referee), fixture, thing) - joint.anchor
        self._radius, self._up = float(np.linalg.norm(away[:2])), float(away[2])
        bottom = min(float(box.center[2]) - box.extent(UP) for box in parts)
        self._down = float(joint.anchor[2]) - bottom

    def hang(self, rng: np.random.Generator) -> None:
        """Put it into the hand as that is now, its left side between the fingers."""
        self._poser.fingers(SHUT)
        robot = self._referee.robot()
        side = np.sign(robot.hand_rot[:, 0] @ robot.base_rot[:, 1]) or 1.0
        middle = np.array([-side * self._radius, 0.0, self._up - BELOW_M])
        middle[2] += abs(rng.normal(0.0, SWAY_M))
        self._poser.held(self._name, middle, _FLIP @ _about_up(rng))

    def lay(self, spot: Vec3, rng: np.random.Generator, *, there: bool) -> None:
        """Put it into the basin or beside it, or elsewhere, upright or fallen over.

        Args:
            spot: (3,) over the place where it is let go, world [m].
            rng: draws how it lies.
            there: whether that is the basin; elsewhere it lies as high as the basin's rim.
        """
        op, side = Operator(self._referee), self._referee.robot().base_rot[:, 1]
        if not there:
            place = np.append(spot[:2], drop_spot(op, self._fixture)[2])
        elif rng.random() < BESIDE_SHARE:
            way = rng.choice([-1.0, 1.0]) * rng.uniform(*BESIDE_M) * side
            place = drop_spot(op, self._fixture) + way
        else:
            place = floor_spot(op, self._fixture)
        place = place + np.append(rng.normal(0.0, LAID_M, 2), 0.0)
        if rng.random() < FALLEN_SHARE:
            turned = _about_up(rng) @ _ON_ITS_SIDE
            middle = turned @ np.array([0.0, 0.0, (self._up - self._down) / 2])
            place = place + self._radius * UP - middle
        else:
            turned, place = _about_up(rng), place + self._down * UP
        self._poser.loose(self._name, place, turned)


def _about_up(rng: np.random.Generator) -> np.ndarray:
    """(3, 3) any turn about the vertical."""
    return rotation(np.array([0.0, 0.0, rng.uniform(-np.pi, np.pi)]))
