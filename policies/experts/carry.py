"""Carrying: a jug taken by its rim from above, and put down into a sink somewhere else."""

import numpy as np

from ...envs.skills import Skill
from ...envs.truth import Vec3
from .control import Pose, look, nearer
from .drive import draw_in
from .motion import UP, Blocked, Motion, Operator, go, grasp, release, retreat
from .navigate import approach

ABOVE_M, BELOW_M = 0.10, 0.035
"""How far above the rim the open hand comes to rest, and how far below it the fingers close."""
LIFT_M = 0.15
GRASP_STEPS = 14
"""Until fingers that were open hold a thin wall."""
WALL_SHARE = 0.4
"""Colliders that are as high as this share of the jug are its wall; the ear's are not."""
FORWARD_M = 0.06
"""How far before the basin's middle a thing is put: behind it are spout and wall [m]."""
DROP_M = 0.08
"""From how high above the basin's floor it is let go: who sees the basin some centimetres off gets
so low, too, before something stops the hand [m]."""


def take(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Take a jug by its rim, the wall between the fingers, and lift it.

    Every second attempt takes it at the other side.

    Raises:
        Blocked: if it does not come along.
    """
    thing = op.referee.part(skill, fixture)
    if not op.referee.hangs(thing):
        yield from release(op, steps=2)
        rot = nearer(look(-UP, op.robot.base_rot[:, 1]), op.robot.hand_rot)
        rim = rim_of(op, fixture, thing, -1.0 if op.attempt % 2 else 1.0)
        yield from go(op, Pose(position=rim + ABOVE_M * UP, rot=rot), within_m=0.02)
        down = Pose(position=rim - BELOW_M * UP, rot=rot)
        yield from go(op, down, speed=0.6, within_m=0.01, limit=60)
        yield from grasp(op, steps=GRASP_STEPS)
        yield from retreat(op, UP, LIFT_M)
    yield from draw_in(op)
    if not op.referee.holds(thing):
        raise Blocked("the jug slipped out of the fingers")
    return True


def put(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Carry what is held to a sink, put it into the basin and take the hand away.

    Raises:
        Blocked: if nothing is held, or the way is not free.
    """
    thing = op.referee.part(skill, fixture)
    if not op.referee.inside(thing, fixture):
        if not op.referee.holds(thing):
            raise Blocked("nothing is held that could be put down")
        place, heading = op.referee.stand(fixture)
        yield from approach(op, place, heading, drop_spot(op, fixture))
        yield from _let_down(op, fixture, thing)
    yield from release(op)
    return (yield from retreat(op, 0.95 * UP - 0.3 * op.robot.base_rot[:, 0], 0.32))


def rim_of(op: Operator, fixture: str, thing: str, side: float = 1.0) -> Vec3:
    """(3,) the middle of a jug's rim at the robot's left (+1) or right (-1), world [m]."""
    middle, parts = op.referee.joint(fixture, thing).anchor, op.referee.parts(fixture, thing)
    top = max(float(box.center[2]) + box.extent(UP) for box in parts)
    bottom = min(float(box.center[2]) - box.extent(UP) for box in parts)
    wall = [box for box in parts if 2 * box.extent(UP) > WALL_SHARE * (top - bottom)]
    radius = float(np.median([np.linalg.norm((box.center - middle)[:2]) for box in wall]))
    rim = middle + side * radius * op.robot.base_rot[:, 1]
    return np.array([rim[0], rim[1], top])


def drop_spot(op: Operator, fixture: str) -> Vec3:
    """(3,) over which place of a sink's basin a thing is let go, as high as its rim, world [m]."""
    _, heading = op.referee.stand(fixture)
    middle, half = _basin(op, fixture)
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    return middle + half * UP - FORWARD_M * ahead


def floor_spot(op: Operator, fixture: str) -> Vec3:
    """(3,) the basin's floor where a thing is let go, world [m]."""
    _, half = _basin(op, fixture)
    return drop_spot(op, fixture) - 2 * half * UP


def _basin(op: Operator, fixture: str) -> tuple[Vec3, float]:
    """The middle of the basin nearest to who stands there, and half its depth [m]."""
    place, _ = op.referee.stand(fixture)
    regions = op.referee.raw_fixture(fixture).get_int_sites(relative=False).values()
    corners = [np.array(region, np.float64) for region in regions]
    middles = [(p[1] + p[2] + p[3] - p[0]) / 2 for p in corners]
    near = min(range(len(middles)), key=lambda i: np.linalg.norm((middles[i] - place)[:2]))
    return middles[near], abs(float(corners[near][3][2] - corners[near][0][2])) / 2


def _let_down(op: Operator, fixture: str, thing: str) -> Motion:
    """Bring what hangs from the fingers over the basin and down to its floor."""
    parts = op.referee.parts(fixture, thing)
    bottom = min(float(box.center[2]) - box.extent(UP) for box in parts)
    hangs = op.robot.hand - op.referee.joint(fixture, thing).anchor
    rot = nearer(look(-UP, op.robot.base_rot[:, 1]), op.robot.hand_rot)
    low = floor_spot(op, fixture) + hangs
    low[2] += DROP_M + float(op.referee.joint(fixture, thing).anchor[2]) - bottom
    high = np.array([low[0], low[1], max(float(op.robot.hand[2]), low[2])])
    yield from go(op, Pose(position=high, rot=rot), within_m=0.03)
    return (yield from go(op, Pose(position=low, rot=rot), speed=0.6, within_m=0.02, limit=60))
