"""Drawers: the hand takes the handle, or is held before the front, and the base draws or pushes.

A counter's edge stands out farther than a handle, so fingers that come from above do not get behind
it: they point nearly level, one above the bar and one below, from beside it.
"""

import numpy as np

from ...envs.predicates import DRAWER_WAY
from ...envs.skills import Skill
from ...envs.truth import Box, FixtureTruth, Vec3
from .bars import find_bar
from .control import CLOSED, Pose, base_action, look, wrist_free
from .drive import heading_to, side_of, travel_to
from .floor import BAND_M, Floor
from .motion import (
    UP,
    Blocked,
    Motion,
    Operator,
    go,
    grasp,
    lead,
    release,
    retreat,
    travel_front,
)
from .pull import LEAD_M
from .push import HOLD_STEPS

OUT_SHARE, SHUT_SHARE = 0.99 * DRAWER_WAY, 0.02 * DRAWER_WAY
"""RoboCasa wants 0.95 and 0.05."""
OPEN_STANDS_M = (
    (0.62, 0.25),
    (0.58, 0.28),
    (0.66, 0.25),
    (0.60, 0.35),
    (0.52, 0.28),
    (0.60, -0.28),
)
CLOSE_STANDS_M = (
    *((0.66, 0.25), (0.66, 0.40), (0.66, -0.25), (0.70, 0.10), (0.66, -0.40)),
    *((0.52, 0.40), (0.44, 0.45), (0.36, 0.50), (0.52, -0.40)),
)
"""Where to stand: from the handle to the arm mount, before it and to the side where the robot is
anyway [m]. Straight before it the wrist has no room to turn the fingers above each other; and who
crosses to the other side has its left drawer on the right."""
GRASP_RAD, PUSH_RAD = 0.35, 0.6
"""How steeply the fingers point down."""
DEPTH_M = 0.010
"""How far the grip site goes past the middle of the bar, so that the pads close on it [m]."""
LOW_M, LOWER_M = 0.115, 0.02
"""Where there is less than this between a handle and the counter above it the hand goes lower than
the bar, so that the palm passes below the counter's edge [m]."""
ASTRAY_M, ASIDE_M = 0.035, 0.07
"""A hand this far from where it should be still has the bar between its fingers, or the front
before them; low down the arm holds it no better [m]."""
BEFORE_M, GAP_M = 0.08, 0.05
"""How far before the handle, or the front, the hand begins [m]."""
BESIDE_M = 0.13
"""How far beside the handle's middle a front is pushed [m]."""
EDGE_M = 0.05
"""How near to the front's edge at most [m]."""
SPEED = 0.35
"""Of the base while it draws or pushes, as a share of the largest."""
PATIENCE, LIMIT = 12, 120
"""Steps without progress after which it gives up, and steps at most."""


def open_drawer(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Take the handle and drive back with it."""
    place, suffix = op.referee.place(fixture), op.referee.doors(fixture, skill.side)[0]
    goal = op.referee.joint(fixture, suffix).at(OUT_SHARE)
    yield from _stand(op, fixture, suffix, OPEN_STANDS_M)
    yield from _take_handle(op, fixture, suffix)
    done = yield from _drive_with(op, fixture, suffix, goal, place.outward)
    if not done:  # something is behind the base
        done = yield from _draw(op, fixture, suffix, goal)
    yield from release(op)
    yield from retreat(op, -op.robot.hand_rot[:, 2], 0.10)
    if not done:
        raise Blocked(f"{suffix} stopped short of {goal:.2f}")
    return True


def close_drawer(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Hold the fingertips before the front, beside the handle, and drive on."""
    place, suffix = op.referee.place(fixture), op.referee.doors(fixture, skill.side)[0]
    goal = op.referee.joint(fixture, suffix).at(SHUT_SHARE)
    yield from _stand(op, fixture, suffix, CLOSE_STANDS_M)
    op.grip = CLOSED
    before = pushing_pose(op, fixture, suffix)
    yield from travel_front(op, before, place.outward, distance=0.08)
    if float(np.linalg.norm(op.robot.hand - before.position)) > ASIDE_M:
        raise Blocked("cannot get in front of the drawer")
    done = yield from _drive_with(op, fixture, suffix, goal, -place.outward)
    yield from retreat(op, place.outward, 0.12)
    if not done:
        raise Blocked(f"{suffix} stopped short of {goal:.2f}")
    return True


def stand_before(op: Operator, fixture: str, suffix: str, before: float, aside: float) -> Vec3:
    """Where the arm mount stands before a drawer as it is (z means nothing) [m].

    Args:
        op: who stands there.
        fixture: the drawer.
        suffix: its joint.
        before: from the handle [m].
        aside: to the side where the robot is [m].
    """
    place = op.referee.place(fixture)
    bar = find_bar(op.referee.parts(fixture, suffix), place.outward)
    across = side_of(op, place) * place.rot[:, 0]
    return bar.center + before * place.outward + aside * across


def drawing_pose(op: Operator, fixture: str, suffix: str) -> Pose:
    """The hand about the handle of a drawer as it is, the robot standing before it.

    Args:
        op: who draws.
        fixture: the drawer.
        suffix: its joint.
    """
    place = op.referee.place(fixture)
    bar = find_bar(op.referee.parts(fixture, suffix), place.outward)
    pointing = _square(place, GRASP_RAD)
    rot = look(pointing, -side_of(op, place) * UP)  # the roll that the wrist has room for
    lower = LOWER_M if place.half[2] < LOW_M else 0.0
    return Pose(position=bar.center + pointing * DEPTH_M - lower * UP, rot=rot)


def pushing_pose(op: Operator, fixture: str, suffix: str) -> Pose:
    """The hand before the front of a drawer as it is, beside its handle; see `drawing_pose`."""
    place = op.referee.place(fixture)
    spot = _beside_handle(place, op.referee.parts(fixture, suffix), side_of(op, place))
    rot = wrist_free(look(_square(place, PUSH_RAD), place.rot[:, 0]), op.robot)
    return Pose(position=spot + GAP_M * place.outward, rot=rot)


def _square(place: FixtureTruth, down: float) -> Vec3:
    """Fingers square to the front, and down by an angle [rad]."""
    return -place.outward * np.cos(down) - UP * np.sin(down)


def _stand(
    op: Operator, fixture: str, suffix: str, stands: tuple[tuple[float, float], ...]
) -> Motion:
    """Stand squarely before the drawer as it is; each attempt begins with another place."""
    place = op.referee.place(fixture)
    heading = heading_to(place)
    floor, first = Floor(op.referee.obstacles(*BAND_M)), op.attempt % len(stands)
    for before, aside in (*stands[first:], *stands[:first]):
        there = stand_before(op, fixture, suffix, before, aside)
        if floor.free(there, heading):
            return (yield from travel_to(op, there, heading))
    raise Blocked("there is no room to stand")


def _take_handle(op: Operator, fixture: str, suffix: str) -> Motion:
    """Close the fingers on the bar, one above and one below it."""
    place = op.referee.place(fixture)
    yield from release(op, steps=2)
    at = drawing_pose(op, fixture, suffix)
    before = at.shifted(place.outward * BEFORE_M)
    yield from travel_front(op, before, place.outward, distance=0.06)
    missed = before.position - op.robot.hand  # low down, the arm gives way a little
    yield from go(op, before.shifted(missed), limit=20)
    yield from go(op, at.shifted(missed), speed=0.6, limit=40)
    if float(np.linalg.norm(op.robot.hand - at.position)) > ASTRAY_M:
        raise Blocked("cannot put the fingers around the handle")
    return (yield from grasp(op, steps=10))


def _drive_with(op: Operator, fixture: str, suffix: str, goal: float, way: Vec3) -> Motion:
    """Drive straight until the drawer is where it should be, and a little further.

    Args:
        op: who drives.
        fixture: the drawer.
        suffix: its joint.
        goal: the joint's value to reach [m].
        way: unit vector, world.
    """
    sign = 1.0 if goal > op.referee.joint(fixture, suffix).value else -1.0
    heading, best, waited, held = op.robot.heading, np.inf, 0, 0
    for _ in range(LIMIT):
        left = sign * (goal - op.referee.joint(fixture, suffix).value)
        held += left <= 0
        if held > HOLD_STEPS:
            return True
        best, waited = (left, 0) if left < best - 0.002 else (best, waited + 1)
        if waited > PATIENCE:
            return held > 0
        forward, aside = SPEED * (op.robot.base_rot.T @ way)[:2]
        turn = (heading - op.robot.heading + np.pi) % (2 * np.pi) - np.pi
        yield base_action(float(forward), float(aside), turn / 0.3, 0.0, op.grip)
    return held > 0


def _draw(op: Operator, fixture: str, suffix: str, goal: float) -> Motion:
    """Lead the handle that is held with the arm alone."""
    robot, held = op.robot, op.referee.joint(fixture, suffix).value
    at = Pose(position=robot.hand, rot=robot.hand_rot)
    return (yield from lead(op, fixture, suffix, goal, at=at, held=held, ahead=LEAD_M))


def _beside_handle(place: FixtureTruth, parts: list[Box], side: float) -> Vec3:
    """A spot on the front, to the right (side 1) or to the left (-1) of the handle [m]."""
    right = place.rot[:, 0]
    front = max(parts, key=lambda box: box.extent(right) * box.extent(UP))
    aside = min(BESIDE_M, front.extent(right) - EDGE_M)
    return front.center + side * aside * right + front.extent(place.outward) * place.outward
