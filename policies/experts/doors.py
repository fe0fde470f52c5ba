"""Doors on upright hinges, and how they are opened: by the handle, then by the inner face."""

from dataclasses import dataclass

import numpy as np

from ...envs.skills import Skill, Target
from ...envs.truth import Box, JointTruth, Vec3
from .bars import find_bar
from .motion import UP, Blocked, Motion, Operator
from .pull import pull
from .push import Contact, press
from .reach import level, reach_rot, stand_before

HINGED: tuple[Target, ...] = ("cabinet_door", "fridge_door", "microwave_door")
"""Doors on upright hinges."""
CLOSED_SHARE = 0.003
"""Below RoboCasa's 0.005."""
AJAR, OPEN_SHARE = 0.2, 0.94
"""A door is pulled ajar by its handle, then pushed open from inside; RoboCasa wants 0.90."""
EDGE_M = 0.04
"""How far from the free edge the fingertips push: what fits between palm and tip [m]."""
EDGE_RAD = (-0.8, 1.0)
"""How far the fingers may be turned from along the door: towards the hand's own side, where they
hook the edge, and into the face [rad]."""
CHEST_M = 1.25
"""Height at which the arm works best [m]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaf:
    """One door as it stands now."""

    joint: JointTruth
    panel: Box
    normal: Vec3
    """Unit vector out of its outer face."""
    along: Vec3
    """Unit vector from the hinge to the free edge."""
    width: float
    """From hinge to free edge [m]."""

    def spot(
        self, lever: float, height: float, *, inner: bool = False, from_end: float = 0.05
    ) -> Contact:
        """A contact on its outer, or inner, face.

        Args:
            lever: share of the width from the hinge.
            height: above the floor, brought to within the panel [m].
            inner: on the inner face.
            from_end: how near to the panel's upper or lower end [m].
        """
        tall = self.panel.extent(UP) - from_end
        z = float(np.clip(height, self.panel.center[2] - tall, self.panel.center[2] + tall))
        side = -1.0 if inner else 1.0
        at = self.joint.anchor + lever * self.width * self.along
        depth = float((self.panel.center - at) @ self.normal) + side * self.panel.extent(
            self.normal
        )
        at = at + depth * self.normal
        at[2] = z
        return Contact(
            box=self.panel.name,
            local=self.panel.rot.T @ (at - self.panel.center),
            normal=self.panel.rot.T @ (side * self.normal),
        )


def leaf(op: Operator, fixture: str, suffix: str) -> Leaf:
    """The door behind a joint.

    Raises:
        Blocked: if it has no solid part.
    """
    joint = op.referee.joint(fixture, suffix)
    parts = op.referee.parts(fixture, suffix)
    if not parts:
        raise Blocked("the door has nothing to push")
    panel = max(parts, key=lambda box: float(box.half[0] * box.half[2] + box.half[1] * box.half[2]))
    normal = joint.turn(joint.value - joint.at(0.0)) @ op.referee.place(fixture).outward
    reach = panel.center - joint.anchor
    across = np.cross(UP, normal)
    along = across * np.sign(across @ reach)
    width = float(along @ reach) + panel.extent(along)
    return Leaf(joint=joint, panel=panel, normal=normal, along=along, width=width)


def open_door(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Open every door: by its handle as far as fingers get behind it, then by its inner face."""
    for suffix in op.referee.doors(fixture, skill.side):
        if op.referee.joint(fixture, suffix).opened < AJAR:
            yield from _pull_ajar(op, fixture, suffix)
        if op.referee.joint(fixture, suffix).opened < OPEN_SHARE:
            yield from _push_open(op, fixture, suffix)
    return True


def _push_open(op: Operator, fixture: str, suffix: str) -> Motion:
    """Push the inner face near its edge, the hand beyond it, on whichever side the robot is."""
    door = leaf(op, fixture, suffix)
    contact = door.spot(1.0 - EDGE_M / door.width, CHEST_M, inner=True)
    spot, face = contact.now([door.panel])
    ways: list[Vec3] = [door.along + share * face for share in (0.5, 1.0, 0.2, 0.0, -0.5)]
    yield from stand_before(op, spot, ways)
    ahead = _round_the_edge(level(spot - op.robot.arm), -door.along, -face)
    rot = reach_rot(op, spot, ahead)
    goal = door.joint.at(OPEN_SHARE)
    return (
        yield from press(op, fixture, suffix, goal, contact=contact, rot=rot, away=-ahead, gap=0.07)
    )


def _round_the_edge(ahead: Vec3, along: Vec3, into: Vec3) -> Vec3:
    """The direction nearest to `ahead` in which fingers still get behind a door's edge.

    Args:
        ahead: from the robot to the edge.
        along: from the edge to the hinge.
        into: into the face that is to be pushed.
    """
    angle = float(np.clip(np.arctan2(ahead @ into, ahead @ along), *EDGE_RAD))
    return along * np.cos(angle) + into * np.sin(angle)


def _pull_ajar(op: Operator, fixture: str, suffix: str) -> Motion:
    """Take the handle and pull the door open far enough for a hand."""
    door = leaf(op, fixture, suffix)
    outward = op.referee.place(fixture).outward
    bar = find_bar(op.referee.parts(fixture, suffix), outward)
    reach = max(0.0, bar.half - 0.04)
    higher = (
        float(np.clip(CHEST_M - bar.center[2], -reach, reach)) if bar.along[2] ** 2 > 0.5 else 0
    )
    spot = bar.center + higher * UP
    ways: list[Vec3] = [outward + share * door.along for share in (0.3, 0.0, 0.7, -0.3)]
    yield from stand_before(op, spot, ways)
    rot = reach_rot(op, spot, level(spot - op.robot.arm))
    return (
        yield from pull(
            op,
            fixture,
            suffix,
            door.joint.at(AJAR + 0.1),
            bar=bar,
            spot=spot,
            pointing=rot[:, 2],
            follow=0.5,
            away=level(op.robot.arm - spot),
        )
    )
