"""Driving to a fixture as one does who has to look for it first.

Nothing is done that a robot could not decide by what it sees: it backs off and turns to the left
until the fixture comes into one of the outer views, then drives there ahead, from stop to stop
round what stands in the way. So a policy that is shown it can learn it.
"""

import numpy as np

from ...envs.skills import Skill
from ...envs.truth import RobotTruth, Vec3
from ..embedded import cameras
from .control import base_action, wrapped
from .drive import draw_in, drive_to, travel_to
from .floor import BAND_M, Floor
from .motion import Blocked, Motion, Operator
from .ways import Ways

BEFORE_M, HEIGHT_M = 0.6, 0.9
"""Where a robot that stands at a fixture looks: so far ahead of its arm mount, so high [m]."""
BACK_STEPS = 14
"""How long to back off, half a metre where nothing is behind: then most things can be turned by."""
SEARCH_SPEED = 0.7
"""Of the turn: eyes that look every few steps need some looks to be sure."""
WELL_IN = 0.85
"""A spot is in a view if it is within so much of the picture's half sides."""
AHEAD_RAD = 0.35
"""Turned further from the way than this, the base drives slowly, and sideways: standing still its
rear end would stay behind what it meets."""
TURNING_SPEED = 0.4
ARRIVING_M = 0.55
"""From here on the base turns to face the fixture, no longer the way [m]."""
SLOW_M, SLOW_RAD = 0.08, 0.3
"""Below these the base slows down."""
PATIENCE, MOVED_M = 15, 0.05
"""A base that moves less than this in so many steps is stuck; a radian counts 0.3 m."""
LONGEST = 250
"""Steps of a turn or drive at most."""


def navigate(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Drive in front of a fixture and face it, where RoboCasa would put the robot.

    Raises:
        Blocked: if the base gets stuck; the next attempt plans its turns on the way as well.
    """
    del skill
    place, heading = op.referee.stand(fixture)
    return (yield from approach(op, place, heading, spot_before(place, heading)))


def approach(op: Operator, place: Vec3, heading: float, spot: Vec3) -> Motion:
    """Look about for a spot and drive to the place that belongs to it.

    Args:
        op: who drives.
        place: of the arm mount, world [m].
        heading: the base's yaw there [rad].
        spot: what has to come into view first, world [m].

    Raises:
        Blocked: if the base gets stuck; the next attempt plans its turns on the way as well.
    """
    if op.attempt % 2:
        return (yield from travel_to(op, place, heading))
    yield from draw_in(op)
    if not in_view(op.robot, spot):
        yield from _look_about(op, spot)
    yield from _follow(op, Ways(Floor(op.referee.obstacles(*BAND_M)), place), place)
    return (yield from drive_to(op, place, heading))


def spot_before(place: Vec3, heading: float) -> Vec3:
    """(3,) what a robot that stands at a fixture has before it, world [m].

    Args:
        place: of the arm mount, world.
        heading: yaw of the base [rad].
    """
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    return np.array([place[0], place[1], HEIGHT_M]) + BEFORE_M * ahead


def in_view(robot: RobotTruth, spot: Vec3, within: float = WELL_IN) -> bool:
    """True if a spot lies within one of the outer views; it may be hidden there.

    Args:
        robot: the robot now.
        spot: world [m].
        within: how much of the picture's half sides count.
    """
    near = (spot - robot.arm) @ robot.base_rot
    hand = (robot.hand - robot.arm) @ robot.base_rot
    places = cameras.project(near[None], hand[None], np.array([[0.0, 0.0, 0.0, 1.0]]))[0, :2]
    return bool((np.nan_to_num(np.abs(places), nan=np.inf) < within).all(-1).any())


def _look_about(op: Operator, spot: Vec3) -> Motion:
    """Back off and turn to the left, to the right where that is stuck, until a spot is in view."""
    back = BACK_STEPS
    for way in (SEARCH_SPEED, -SEARCH_SPEED):
        stuck = _Stuck()
        while not stuck.at(op.robot):
            if in_view(op.robot, spot):
                return True
            yield base_action(-1.0 if back > 0 else 0.0, 0.0, way, 0.0, op.grip)
            back -= 1
    raise Blocked("the base cannot turn to where the fixture comes into view")


def _follow(op: Operator, ways: Ways, place: Vec3) -> Motion:
    """Drive ahead from stop to stop until a place is near."""
    stuck = _Stuck()
    while not stuck.at(robot := op.robot):
        if np.linalg.norm((place - robot.arm)[:2]) < ARRIVING_M:
            return True
        way = ways.stop(robot.arm) - robot.arm
        turn = wrapped(float(np.arctan2(way[1], way[0])) - robot.heading)
        away = np.clip((robot.base_rot.T @ way)[:2] / SLOW_M, -1.0, 1.0)
        speed = 1.0 if abs(turn) < AHEAD_RAD else TURNING_SPEED
        yield base_action(
            float(speed * away[0]), float(speed * away[1]), turn / SLOW_RAD, 0.0, op.grip
        )
    raise Blocked("the base got stuck on its way")


class _Stuck:
    """Notices that a base that is driven stands still."""

    def __init__(self) -> None:
        self._places: list[RobotTruth] = []

    def at(self, robot: RobotTruth) -> bool:
        """True if it has hardly moved for a while, or drives for too long."""
        self._places.append(robot)
        if len(self._places) <= PATIENCE:
            return False
        before = self._places[-1 - PATIENCE]
        moved = float(np.linalg.norm((robot.arm - before.arm)[:2]))
        turned = abs(wrapped(robot.heading - before.heading))
        return moved + 0.3 * turned < MOVED_M or len(self._places) > LONGEST
