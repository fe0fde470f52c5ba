"""Which way to push a door on upright hinges shut: ways are thought of before one is tried.

A way is a spot on the outer face, how the fingers point there, and a place for the base from which
the hand goes along with the door to the end of the push. Its cost counts what is awkward: an arm
that is stretched or folded, a wrist turned far aside, a hand or an arm that would be inside
something, a long drive. Where a door lies against a wall, what is left is the hand that hooks the
door's edge slantwise, its narrow side to the wall.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...envs.truth import Vec3
from .doors import CHEST_M, CLOSED_SHARE, EDGE_M, Leaf
from .floor import Floor
from .motion import UP
from .push import Contact
from .reach import WRIST_BACK_M
from .room import Room

Points = npt.NDArray[np.float64]
"""(N, 3) world [m]."""

SHARES = (CLOSED_SHARE, 0.35, 0.7)
"""To where a door is pushed in one go; what is left takes another push."""
LEVERS = (1.0, 0.8, 0.62)
"""Where, from the hinge to the spot next to the free edge."""
ANGLES_RAD = (-0.8, -0.5, -0.25, 0.0, 0.25, 0.5, 0.8, 1.1, 1.4)
"""How the fingers point when the push begins: from along the door to its hinge, 0, into its face,
pi / 2; below 0 they hook the edge."""
FLAT_RAD = 0.5
"""Away from the edge the palm meets the face before the fingers do below this angle."""
OVER_RAD = 1.9
"""Beyond this angle they would point to the free edge."""
SQUARE_RAD = 0.35
"""How far from square to a shut door the fingers may point; handles are near."""
ABOVE_BOTTOM_M = 0.03
"""Height of the spot above the lower edge of a door that hangs higher than the chest, as wall
cabinets do: the nearest to it, and below the handle [m]."""
WRIST_DOWN_M = 0.088
"""The wrist below level fingertips (Panda) [m]."""
FAR_M, NEAR_M, EASY_M = 0.64, 0.26, 0.46
"""From shoulder to wrist: the arm straight, folded, and at its best [m]."""
BEHIND_M = (0.0, 0.03, 0.07, 0.11, 0.16, 0.21)
THICK_M = (0.012, 0.014, 0.036, 0.036, 0.05, 0.06)
"""The hand as balls: how far behind the fingertips, and how thick with its narrow side level."""
GAPS_M = (0.05, 0.03, 0.015, 0.006)
"""Room between face and fingers before the push, the widest that fits."""
WORST = 12.0
"""A place that costs more for the arm alone is none."""
THROUGH_M = 0.12
"""A forearm that is deeper than this inside something reaches through a wall."""
LOOKED_AT = 24
"""For so many pushes, those with the freest hand, a place to stand is looked for."""
HOPELESS = 8.0
"""Ways that cost more are left out if there is a better one."""
HABIT_RAD, HABIT = 0.45, 0.5
"""How far the base is rather turned to the hinge from facing the cabinet, and what a radian beside
that costs: of ways that are as good the same one each time, so that it can be learned."""
PUSHES = 5
"""How many moments of a push are looked at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Push:
    """How the hand pushes a door, wherever the base may stand."""

    contact: Contact
    share: float
    """To where."""
    pointing: Vec3
    """Where the fingers point, level."""
    angle: float
    """The same from along the door [rad]."""
    lever: float
    gap: float
    """Room between face and fingers before the push [m]."""
    wrists: Points
    """(PUSHES, 3) where the wrist is on the way."""
    facing: float
    """Where the base rather faces, see `HABIT_RAD`: a yaw [rad]."""
    cost: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """One way to push a door."""

    push: Push
    place: Vec3
    """Of the arm mount; z is 0."""
    heading: float
    cost: float
    """Of all of it."""

    def like(self, other: "Way") -> bool:
        """True if both are about the same way."""
        one, two = self.push, other.push
        near = float(np.linalg.norm(self.place - other.place)) < 0.25
        return near and one.lever == two.lever and abs(one.angle - two.angle) < 0.45


def edge_spot(door: Leaf, lever: float) -> Contact:
    """Where the outer face is pushed: as near to the height of the chest as there is door.

    Args:
        door: as it stands.
        lever: from the hinge, 0, to the spot next to the free edge, 1.
    """
    return door.spot(lever * (1.0 - EDGE_M / door.width), CHEST_M, from_end=ABOVE_BOTTOM_M)


def ways(door: Leaf, room: Room, floor: Floor, here: Vec3, shoulder: float) -> list[Way]:
    """The ways to push a door, the best first and all different.

    Args:
        door: as it stands.
        room: what is in the way of hand and arm, the door itself left out.
        floor: where the base fits.
        here: where the arm mount is now, world [m].
        shoulder: its height [m].
    """
    pushes = [
        one
        for share in SHARES
        if share == CLOSED_SHARE or door.joint.opened > share + 0.1
        for lever in LEVERS
        for angle in ANGLES_RAD
        if (one := _push(door, room, share, lever, angle)) is not None
    ]
    pushes.sort(key=lambda one: one.cost)
    found = [_stood(one, room, floor, here, shoulder) for one in pushes[:LOOKED_AT]]
    kept: list[Way] = []
    for way in sorted((one for one in found if one is not None), key=lambda one: one.cost):
        if not any(way.like(other) for other in kept):
            kept.append(way)
    return [way for way in kept if way.cost <= max(HOPELESS, kept[0].cost)]


def _push(door: Leaf, room: Room, share: float, lever: float, angle: float) -> Push | None:
    """One push, wherever the base may stand; None if the hand cannot do that."""
    turn = door.joint.at(share) - door.joint.value
    last = angle + abs(turn)
    if last > OVER_RAD or (lever < 1.0 and angle < FLAT_RAD):
        return None
    contact = edge_spot(door, lever)
    spot, face = contact.now([door.panel])
    pointing = -np.cos(angle) * door.along - np.sin(angle) * door.normal
    tips = np.stack([door.joint.carry(spot, part * turn) for part in np.linspace(0, 1, PUSHES)])
    gap, cramped = _gap(room, spot, face, pointing)
    cost = 12.0 * cramped + 8.0 * _inside(room, tips[1:-1] + 0.012 * face, pointing)
    cost += 0.8 * np.sqrt(share - CLOSED_SHARE) + 0.4 * (1.0 - lever) - 0.2 * min(angle, 0.0)
    if share == CLOSED_SHARE:
        cost += 0.6 * max(0.0, abs(last - np.pi / 2) - SQUARE_RAD)
    return Push(
        contact=contact,
        share=share,
        pointing=pointing,
        angle=angle,
        lever=lever,
        gap=gap,
        wrists=tips - WRIST_BACK_M * pointing - WRIST_DOWN_M * UP,
        facing=_facing(door),
        cost=float(cost),
    )


def _facing(door: Leaf) -> float:
    """The yaw of a base that looks into the cabinet and a little to the door's hinge [rad]."""
    shut = door.joint.turn(door.joint.at(0.0) - door.joint.value)
    way = -np.cos(HABIT_RAD) * shut @ door.normal - np.sin(HABIT_RAD) * shut @ door.along
    return float(np.arctan2(way[1], way[0]))


def _stood(push: Push, room: Room, floor: Floor, here: Vec3, shoulder: float) -> Way | None:
    """A push with the best place to stand; None if there is none."""
    stand = _stand(push, room, floor, here, shoulder)
    if stand is None:
        return None
    place, heading, more = stand
    return Way(push=push, place=place, heading=heading, cost=push.cost + more)


def _gap(room: Room, spot: Vec3, face: Vec3, pointing: Vec3) -> tuple[float, float]:
    """The widest gap in which the hand fits, and how deep it would be inside something [m]."""
    depths = [_inside(room, (spot + (0.012 + gap) * face)[None], pointing) for gap in GAPS_M]
    best = min(range(len(GAPS_M)), key=lambda i: (round(depths[i], 3), i))
    return GAPS_M[best], depths[best]


def _inside(room: Room, tips: Points, pointing: Vec3) -> float:
    """How deep the hand is inside something at the worst of some places [m]."""
    balls = (tips[:, None] - np.array(BEHIND_M)[None, :, None] * pointing).reshape(-1, 3)
    return room.depth(balls, np.tile(THICK_M, len(tips)))


def _stand(
    push: Push, room: Room, floor: Floor, here: Vec3, shoulder: float
) -> tuple[Vec3, float, float] | None:
    """The best place of the arm mount for a push, the heading there, and what both cost."""
    wrists, pointing = push.wrists, push.pointing
    middle = (wrists.min(axis=0) + wrists.max(axis=0)) / 2
    towards = float(np.arctan2(pointing[1], pointing[0]))
    tried: list[tuple[float, float, Vec3]] = []
    for aside in (0.0, 0.35, -0.35, 0.7, -0.7):
        ahead = np.array([np.cos(towards + aside), np.sin(towards + aside), 0.0])
        for distance in (0.28, 0.36, 0.44, 0.52):
            place = (middle - distance * ahead) * np.array([1.0, 1.0, 0.0])
            cost = _arm(wrists, place + shoulder * UP, towards)
            if cost < WORST:
                cost += 0.5 * float(np.linalg.norm((place - here)[:2]))
                tried.append((cost, towards + aside, place))
    best: tuple[Vec3, float, float] | None = None
    for cost, ahead, place in sorted(tried, key=lambda one: one[:2]):
        if best is not None and cost >= best[2]:
            break
        free = _heading(floor, place, ahead)
        if free is None:
            continue
        through = _crossing(room, wrists[[0, -1]], place + shoulder * UP)
        if through > THROUGH_M:
            continue
        beside = float(abs(_turned(free[0] - push.facing)))
        cost += 0.6 * free[1] + 6.0 * through + HABIT * beside
        if best is None or cost < best[2]:
            best = (place, free[0], cost)
    return best


def _arm(wrists: Points, shoulder: Vec3, towards: float) -> float:
    """How awkward the arm is over a push: stretched, folded, or turned aside at the wrist."""
    out = wrists - shoulder
    length = np.linalg.norm(out, axis=1)
    level = np.linalg.norm(out[:, :2], axis=1)
    aside = np.abs(_turned(np.arctan2(out[:, 1], out[:, 0]) - towards))
    over = np.maximum(0.0, length - FAR_M) + np.maximum(0.0, NEAR_M - level)
    twisted = np.maximum(0.0, aside - 0.9)
    worst = float(np.max(60.0 * over + 4.0 * twisted))
    return worst + float(np.mean(6.0 * (length - EASY_M) ** 2 + 0.25 * aside**2))


def _heading(floor: Floor, place: Vec3, ahead: float) -> tuple[float, float] | None:
    """A heading with which the base fits, and how far it is turned from straight ahead."""
    for turned in (0.0, 0.4, -0.4, 0.9, -0.9):
        heading = round(ahead + turned, 1)  # the floor knows headings that it was asked before
        if floor.free(place, heading, 0.02):
            return heading, abs(turned)
    return None


def _turned(angle: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    """Angles, from -pi to pi [rad]."""
    return (np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi


def _crossing(room: Room, wrists: Points, shoulder: Vec3) -> float:
    """How deep the forearm would be inside something [m]."""
    shares = np.linspace(0.0, 0.6, 5)[:, None, None]
    points = (wrists + shares * (shoulder - wrists)).reshape(-1, 3)
    return room.depth(points, np.full(len(points), 0.06))
