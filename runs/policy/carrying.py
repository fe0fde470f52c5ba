"""Things in the hand of a posed robot, as the experts take them."""

import numpy as np

from ...envs.posing import Poser
from ...envs.referee import Referee
from ...envs.skills import Skill
from ...policies.embedded.geometry import rotation
from ...policies.experts.carry import BELOW_M, rim_of
from ...policies.experts.motion import Operator

SHUT = 0.05
"""How far the fingers are open that hold a thin wall, as a share."""
SWAY_M = 0.008
"""Spread of how much less deep the wall is between the fingers: deeper it meets the palm."""
_FLIP = np.diag([1.0, -1.0, -1.0])
"""What stands upright in the frame of a hand that points down."""


class Carried:
    """A jug that hangs by its rim.

    Args:
        referee: of the kitchen; the jug stands.
        poser: of the same.
        skill: what picks it up or puts it down.
        fixture: what that is about.
    """

    def __init__(self, referee: Referee, poser: Poser, skill: Skill, fixture: str) -> None:
        self._referee, self._poser = referee, poser
        thing = referee.part(skill, fixture)
        joint = referee.joint(fixture, thing)
        self._name = joint.name
        away = rim_of(Operator(referee), fixture, thing) - joint.anchor
        self._radius, self._up = float(np.linalg.norm(away[:2])), float(away[2])

    def hang(self, rng: np.random.Generator) -> None:
        """Put it into the hand as that is now, its left side between the fingers."""
        self._poser.fingers(SHUT)
        robot = self._referee.robot()
        side = np.sign(robot.hand_rot[:, 0] @ robot.base_rot[:, 1]) or 1.0
        middle = np.array([-side * self._radius, 0.0, self._up - BELOW_M])
        middle[2] += abs(rng.normal(0.0, SWAY_M))
        self._poser.held(self._name, middle, _FLIP @ _about_up(rng))


def _about_up(rng: np.random.Generator) -> np.ndarray:
    """(3, 3) any turn about the vertical."""
    return rotation(np.array([0.0, 0.0, rng.uniform(-np.pi, np.pi)]))
