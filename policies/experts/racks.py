"""A dishwasher's racks: the fingers close on an upright wire of the front and lead it out or in."""

import numpy as np

from ...envs.skills import Skill
from ...envs.truth import FixtureTruth, Vec3
from .bars import Bar, find_post
from .drive import side_of, stand_beside
from .motion import UP, Motion, Operator
from .pull import pull

STANDS_M = ((0.45, 0.36), (0.50, 0.29), (0.53, 0.36))
"""Where to stand for what lies inside a fixture, attempt by attempt: before and beside it [m]. The
second helps where a tall neighbour leaves no room, the third where something stands in front."""
DOWN_RAD = 0.40
"""How steeply the fingers point down at a rack; steeper, the forearm meets the counter's edge."""
OUT_SHARE, FULLY_OUT_SHARE, IN_SHARE = 0.75, 0.98, 0.02
"""Shares of its way to which a rack is drawn out or pushed in."""
BESIDE_M = 0.12
"""How far from the rack's middle, to the side of the robot, it is taken [m]."""


def rack(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Hold a rack by an upright wire of its front and lead it out or in."""
    ref, place, suffix = op.referee, op.referee.place(fixture), joint_of(skill)
    out = FULLY_OUT_SHARE if skill.fully else OUT_SHARE
    goal = ref.joint(fixture, suffix).at(out if skill.verb == "pull_out" else IN_SHARE)
    bar = wire(op, fixture, suffix, far=op.attempt % 3 == 2)
    before, beside = STANDS_M[op.attempt % len(STANDS_M)]
    side = side_of(op, place)
    yield from stand_beside(op, place, bar.center, side, before=before, beside=beside)
    pointing = toward(op, place, down=DOWN_RAD)
    return (yield from pull(op, fixture, suffix, goal, bar=bar, spot=bar.center, pointing=pointing))


def joint_of(skill: Skill) -> str:
    """The joint of the rack that is meant: the lower one only if the words say so."""
    return "rack0_joint" if skill.level == "bottom" else "rack1_joint"


def wire(op: Operator, fixture: str, suffix: str, *, far: bool = False) -> Bar:
    """The wire by which a rack is taken, on the side where the robot stands.

    Args:
        op: who takes it.
        fixture: the rack's.
        suffix: its joint.
        far: take it on the other side.

    Raises:
        Blocked: if the rack has none.
    """
    place = op.referee.place(fixture)
    aside = side_of(op, place) * (-BESIDE_M if far else BESIDE_M)
    near = place.center + place.rot[:, 0] * aside
    return find_post(op.referee.parts(fixture, suffix), place.outward, near)


def toward(op: Operator, place: FixtureTruth, down: float, share: float = 0.3) -> Vec3:
    """A direction down into the fixture, turned a little to where the base faces.

    Args:
        op: who reaches.
        place: the fixture.
        down: angle below the horizon [rad].
        share: 0 is square to the fixture, 1 straight ahead of the base.
    """
    level = share * op.robot.base_rot[:, 0] - (1 - share) * place.outward
    level = level / np.linalg.norm(level)
    return level * np.cos(down) - UP * np.sin(down)
