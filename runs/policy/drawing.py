"""Poses of a robot at work at a drawer: it stands and holds its hand about as the experts do.

A hand that takes a handle points nearly level, the fingers one above the other, as it never does
when an episode begins: its camera shows then what no look from about there shows.
"""

import numpy as np

from ...envs.posing import Poser
from ...envs.referee import Referee
from ...envs.skills import Skill
from ...policies.embedded.geometry import rotation
from ...policies.experts.drawers import (
    CLOSE_STANDS_M,
    OPEN_STANDS_M,
    drawing_pose,
    pushing_pose,
    stand_before,
)
from ...policies.experts.drive import heading_to
from ...policies.experts.motion import Operator
from .roaming import Roamer

STANDS, STAND_M, STAND_RAD = 5, 0.08, 0.12
"""How many of the experts' places to stand are taken, and the spread about them."""
AWAY_M, HAND_M, HAND_RAD = 0.18, 0.025, 0.15
"""How far the hand is on its way there, at most, and its spread about that way."""


def pose(
    referee: Referee, poser: Poser, roamer: Roamer, skill: Skill, rng: np.random.Generator
) -> None:
    """Put the robot before the drawer as it is now, to draw it or to push it.

    Args:
        referee: of the kitchen.
        poser: of the same.
        roamer: of the same.
        skill: says which drawer is meant.
        rng: draws the pose.
    """
    op, fixture = Operator(referee), referee.meant(skill)
    suffix, place = referee.doors(fixture, skill.side)[0], referee.place(fixture)
    draws = rng.random() < 0.5
    stands = (OPEN_STANDS_M if draws else CLOSE_STANDS_M)[:STANDS]
    before, aside = np.array(stands[rng.integers(STANDS)]) + rng.normal(0.0, STAND_M, 2)
    where = stand_before(op, fixture, suffix, before, aside)
    roamer.stand(where, heading_to(place) + rng.normal(0.0, STAND_RAD))
    poser.fingers(float(rng.choice([1.0, rng.random()])) if draws else 0.0)
    at = (drawing_pose if draws else pushing_pose)(op, fixture, suffix)
    away = rng.random() * AWAY_M * place.outward + rng.normal(0.0, HAND_M, 3)
    poser.hand(at.position + away, rotation(rng.normal(0.0, HAND_RAD, 3)) @ at.rot)
