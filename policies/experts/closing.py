"""Shutting doors on upright hinges: of a cabinet, all cabinets meant, a fridge, a microwave.

The nearest fixture comes first, of a pair of doors the left one: what does not depend on where the
hand happens to be is the easier to learn. A door that a push leaves as it was has its turn again
after the others, and then in another way; after some pushes it is left.
"""

from collections.abc import Mapping

import numpy as np

from ...envs.skills import Skill
from ...envs.truth import Mat3, Vec3
from .control import Pose, look
from .doors import Leaf, leaf
from .drive import draw_in, travel_to
from .floor import BAND_M, Floor, Stop
from .motion import UP, Blocked, Motion, Operator, go
from .push import press, touch
from .reach import SHOULDER_M, reach_rot, stretched, unbend
from .room import Room
from .shut import Way, edge_spot, ways

BAND_OF_HAND_M = (1.0, 1.75)
"""Heights between which a collider is in the way of hand or forearm [m]."""
CLEAR_M = 0.09
"""How far the hand leaves a door that it pushed: out from between the handles of a pair [m]."""
BESIDE_M = 0.15
"""How far beside a door the hand passes its edge on the way to the outer face [m]."""
PAST_M = 0.10
"""How far beyond the edge [m]."""
SHUT_SHARE = 0.0045
"""Such a door counts as shut, below RoboCasa's 0.005; it is pushed a little further."""
AT_HAND_M = 0.14
"""A shut door is still the one that is worked at while the hand is this near to its edge; who
pushed it goes away farther than this."""
PROGRESS = 0.1
"""A push that closes a door by less than this share has failed."""
PUSHES = 8
"""How often a door is pushed in one attempt."""
Door = tuple[str, str]
"""Fixture, and the joint's name in RoboCasa's contract."""


def shut_doors(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push every door that stands open shut, see the head of this file.

    Raises:
        Blocked: if one of them stays open however it is pushed.
    """
    every = doors_meant(op, fixture, skill)
    failed, pushed = dict.fromkeys(every, op.attempt), dict.fromkeys(every, 0)
    while left := [door for door in every if stands_open(op, door)]:
        able = [door for door in left if pushed[door] < PUSHES]
        if not able:
            raise Blocked(f"{len(left)} doors stay open")
        fewest = min(failed[door] for door in able)
        due = [door for door in able if failed[door] == fewest]
        door = _next(due, _distances(op, due))
        before = op.referee.joint(*door).opened
        pushed[door] += 1
        try:
            yield from _shut(op, *door, failed[door])
        except Blocked:
            failed[door] += before - op.referee.joint(*door).opened < PROGRESS
    return True


def doors_meant(op: Operator, fixture: str, skill: Skill) -> list[Door]:
    """The doors that a subtask is about."""
    fixtures = op.referee.fixtures(skill.target) if skill.every else [fixture]
    return [(name, suffix) for name in fixtures for suffix in op.referee.doors(name, skill.side)]


def worked_at(op: Operator, doors: list[Door]) -> Door:
    """The door that is being shut: an open one, or one that the hand has just shut.

    Args:
        op: who shuts them.
        doors: those of a subtask.

    Returns:
        The last door of the nearest fixture once all are shut.
    """
    away = _distances(op, doors)
    nearest = min(doors, key=away.__getitem__)
    left = [door for door in doors if stands_open(op, door)]
    if nearest not in left and away[nearest] < AT_HAND_M:
        return nearest
    return _next(left, away) if left else [door for door in doors if door[0] == nearest[0]][-1]


def _next(doors: list[Door], away: Mapping[Door, float]) -> Door:
    """The first of those of the fixture that is next to the hand."""
    nearest = min(doors, key=away.__getitem__)
    return next(door for door in doors if door[0] == nearest[0])


def stands_open(op: Operator, door: Door) -> bool:
    """True if a door is not shut yet."""
    return op.referee.joint(*door).opened > SHUT_SHARE


def push_spot(op: Operator, door: Door) -> Vec3:
    """Where a door is pushed best, next to its free edge [m]."""
    found = leaf(op, *door)
    return edge_spot(found, 1.0).now([found.panel])[0]


def ways_of(op: Operator, fixture: str, suffix: str, floor: Floor | None = None) -> list[Way]:
    """The ways to push a door as it stands, the best first; `floor`: if it is known already."""
    solid = op.referee.obstacles(*BAND_OF_HAND_M)
    own = {box.name for box in op.referee.parts(fixture, suffix)}
    room = Room([box for box in solid if box.name not in own])
    arm = op.robot.arm
    shoulder = float(arm[2]) + SHOULDER_M
    floor = floor or Floor(op.referee.obstacles(*BAND_M))
    return ways(leaf(op, fixture, suffix), room, floor, arm, shoulder)


def hand_at(op: Operator, fixture: str, suffix: str, way: Way) -> tuple[Pose, Vec3]:
    """The hand as a push begins, and the unit vector to where it comes from."""
    spot, normal = way.push.contact.now(op.referee.parts(fixture, suffix))
    rot = look(reach_rot(op, spot, way.push.pointing)[:, 2], -UP)
    # slanting fingers that hook the edge would meet it if they came the way they point
    along = leaf(op, fixture, suffix).along
    away = along if way.push.angle < 0 else -way.push.pointing
    return touch(spot, normal, rot, gap=way.push.gap), away


def _shut(op: Operator, fixture: str, suffix: str, turn: int) -> Motion:
    """One push of a door, in the best way or, after failures, in the next best."""
    floor, robot = Floor(op.referee.obstacles(*BAND_M)), op.robot
    start = Stop(place=robot.arm, heading=robot.heading)
    found = ways_of(op, fixture, suffix, floor)
    for way in found[turn % max(1, len(found)) :]:
        if floor.leads(start, Stop(place=way.place, heading=way.heading)):
            return (yield from _take(op, fixture, suffix, way))
    raise Blocked("there is no way to push the door")


def _take(op: Operator, fixture: str, suffix: str, way: Way) -> Motion:
    if stretched(op):
        yield from unbend(op)
        yield from draw_in(op)
    yield from travel_to(op, way.place, way.heading)
    at, away = hand_at(op, fixture, suffix, way)
    spot, _ = way.push.contact.now(op.referee.parts(fixture, suffix))
    yield from _round_edge(op, leaf(op, fixture, suffix), way, float(spot[2]), at.rot)
    return (
        yield from press(
            op,
            fixture,
            suffix,
            op.referee.joint(fixture, suffix).at(way.push.share),
            contact=way.push.contact,
            rot=at.rot,
            away=away,
            gap=way.push.gap,
            clear=CLEAR_M,
            spent=lambda: stretched(op),
        )
    )


def _round_edge(op: Operator, door: Leaf, way: Way, height: float, rot: Mat3) -> Motion:
    """Bring the hand from the inner side of a door past its edge, if it has to push further in."""
    hand = op.robot.hand - door.joint.anchor
    if way.push.lever == 1.0 or hand @ door.normal > BESIDE_M / 2:
        return True
    edge = door.joint.anchor * np.array([1.0, 1.0, 0.0]) + height * UP
    edge = edge + (door.width + PAST_M) * door.along
    for beside in (min(0.0, float(hand @ door.normal)), BESIDE_M):
        at = Pose(position=edge + beside * door.normal, rot=rot)
        yield from go(op, at, within_m=0.05, within_rad=0.6)
    return True


def _distances(op: Operator, doors: list[Door]) -> dict[Door, float]:
    """How far from the hand doors are pushed [m]."""
    hand = op.robot.hand
    return {door: float(np.linalg.norm(push_spot(op, door) - hand)) for door in doors}
