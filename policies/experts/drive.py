"""Driving: the base to a place on the floor, the torso to a height."""

import numpy as np

from ...envs.truth import FixtureTruth, RobotTruth, Vec3
from .control import Pose, base_action, look, nearer, wrapped
from .floor import BAND_M, Floor, Stop
from .motion import Motion, Operator, go

REACH_M = (0.46, 0.74)
"""Forward distance from the arm mount at which hands work well [m]."""
SIDE_M = 0.30
"""Sideways distance up to which hands work well [m]."""
NEAR_M, NEAR_RAD = 0.25, 0.6
"""Up to here a drive is no travel: the hand stays where it is."""
PLANS = 3
"""How often a way is planned anew when the base gets stuck."""
REST_M = np.array([0.25, 0.0, 0.57])
"""Where RoboCasa's robot holds its hand when an episode begins, from the arm mount [m]."""
REST_POINTING = np.array([0.22, 0.0, -0.97])


def drive_to(
    op: Operator,
    place: Vec3,
    heading: float,
    *,
    within_m: float = 0.03,
    within_rad: float = 0.05,
    limit: int = 160,
) -> Motion:
    """Drive the base until the arm mount stands over a point with a heading.

    Args:
        op: who drives.
        place: world x and y (z is ignored) [m].
        heading: wanted yaw of the base [rad].
        within_m: arrived when this close ...
        within_rad: ... and this well turned.
        limit: steps at most.
    """
    best, waited = np.inf, 0
    for _ in range(limit):
        robot = op.robot
        away = (robot.base_rot.T @ (place - robot.arm))[:2]
        turn = wrapped(heading - robot.heading)
        if np.linalg.norm(away) <= within_m and abs(turn) <= within_rad:
            return True
        error = float(np.linalg.norm(away) + 0.3 * abs(turn))
        best, waited = (error, 0) if error < best - 0.01 else (best, waited + 1)
        if waited >= 15:
            return False
        forward, left = np.clip(away / 0.08, -1.0, 1.0)
        yield base_action(float(forward), float(left), float(turn / 0.3), 0.0, op.grip)
    return False


def travel_to(op: Operator, place: Vec3, heading: float) -> Motion:
    """Drive to a place with a heading round what stands in the way, the hand drawn in.

    Args:
        op: who drives.
        place: world x and y of the arm mount (z is ignored) [m].
        heading: wanted yaw of the base [rad].
    """
    robot = op.robot
    turn = abs(wrapped(heading - robot.heading))
    if np.linalg.norm((place - robot.arm)[:2]) < NEAR_M and turn < NEAR_RAD:
        return (yield from drive_to(op, place, heading))
    yield from draw_in(op)
    goal = Stop(place=place, heading=heading)
    for _ in range(PLANS):
        robot = op.robot
        floor = Floor(op.referee.obstacles(*BAND_M))
        arrived = True
        for stop in floor.path(Stop(place=robot.arm, heading=robot.heading), goal)[:-1]:
            arrived = yield from drive_to(
                op, stop.place, stop.heading, within_m=0.06, within_rad=0.15
            )
            if not arrived:
                break
        if arrived and (yield from drive_to(op, place, heading)):
            return True
        robot = op.robot
        if np.linalg.norm((place - robot.arm)[:2]) < 0.15:
            return False
        back = robot.arm - 0.15 * robot.base_rot[:, 0]
        yield from drive_to(op, back, robot.heading, limit=25)
    return False


def draw_in(op: Operator) -> Motion:
    """Bring the hand close to the base, where it meets nothing while driving."""
    return (yield from go(op, lambda: rest(op.robot), within_m=0.06, within_rad=0.4, limit=50))


def rest(robot: RobotTruth) -> Pose:
    """Where the hand is held while nothing is to be done with it."""
    rot = look(robot.base_rot @ REST_POINTING, robot.base_rot[:, 1])
    return Pose(position=robot.arm + robot.base_rot @ REST_M, rot=nearer(rot, robot.hand_rot))


def raise_torso(op: Operator, change: float, limit: int = 25) -> Motion:
    """Lift or lower the torso by a height [m] (its range is 0.34 m)."""
    goal = float(op.robot.arm[2]) + change
    for _ in range(limit):
        missing = goal - float(op.robot.arm[2])
        if abs(missing) < 0.01:
            return True
        yield base_action(0.0, 0.0, 0.0, missing / 0.05, op.grip)
    return False


def heading_to(place: FixtureTruth) -> float:
    """The base's yaw when it faces a fixture squarely [rad]."""
    return float(np.arctan2(-place.outward[1], -place.outward[0]))


def side_of(op: Operator, place: FixtureTruth) -> float:
    """+1 if the robot stands to the right of the fixture's middle, -1 if to the left."""
    return 1.0 if place.rot[:, 0] @ (op.robot.arm - place.center) >= 0 else -1.0


def roomy_side(op: Operator, place: FixtureTruth, room: float = 1.0) -> float:
    """The side to work from: where the robot is, unless only the other side has room.

    Args:
        op: who drives.
        place: the fixture; nothing of it may stand open.
        room: free way needed from the fixture's middle to the side [m].
    """
    here = side_of(op, place)

    def free(side: float) -> bool:
        for height in (0.25, 1.1):
            for front in (0.1, 0.3, 0.5, 0.8):
                start = place.center + place.outward * (place.half[1] + front)
                start[2] = height
                if op.referee.clearance(start, side * place.rot[:, 0]) < room:
                    return False
        return True

    return here if free(here) or not free(-here) else -here


def stand_at(op: Operator, place: FixtureTruth, right: float, front: float) -> Motion:
    """Stand squarely before a fixture.

    Args:
        op: who drives.
        place: the fixture.
        right: of the fixture's middle [m].
        front: from the fixture's front face to the arm mount [m].
    """
    goal = place.center + place.rot[:, 0] * right + place.outward * (place.half[1] + front)
    return (yield from drive_to(op, goal, heading_to(place)))


def stand_beside(
    op: Operator,
    place: FixtureTruth,
    spot: Vec3,
    side: float,
    *,
    before: float,
    beside: float,
) -> Motion:
    """Stand beside what will swing or slide out of a fixture, turned towards a spot of it.

    Args:
        op: who drives.
        place: the fixture.
        spot: what the hand is to reach, world.
        side: +1 to stand on the right, -1 on the left.
        before: from the fixture's face to the arm mount [m].
        beside: from the fixture's side to the arm mount [m]; the base is 0.5 m wide, so from 0.26
            on a door falls past it.
    """
    goal = place_beside(place, side, before=before, beside=beside)
    facing = spot - goal
    heading = float(np.arctan2(facing[1], facing[0]))
    robot = op.robot
    if np.linalg.norm((goal - robot.arm)[:2]) < 0.05 and abs(heading - robot.heading) < 0.15:
        return True
    return (yield from drive_to(op, goal, heading))


def place_beside(place: FixtureTruth, side: float, *, before: float, beside: float) -> Vec3:
    """Where the arm mount stands beside a fixture (see `stand_beside`), world [m]."""
    goal = place.center + place.rot[:, 0] * side * (place.half[0] + beside)
    return goal + place.outward * (place.half[1] + before)


def bring_within_reach(op: Operator, point: Vec3, place: FixtureTruth) -> Motion:
    """Drive along and before the fixture's front until a point is within the arm's good reach.

    Does nothing when the point is already there. A counter may stop the base short of where it
    wants to be; that is no failure, the arm then reaches further.

    Args:
        op: who drives.
        point: what the hand is to reach, world.
        place: the fixture it belongs to.
    """
    robot = op.robot
    right, into = place.rot[:, 0], -place.outward
    off = float(right @ (point - robot.arm))
    ahead = float(into @ (point - robot.arm))
    turn = wrapped(heading_to(place) - robot.heading)
    low, high = REACH_M
    if abs(off) <= SIDE_M and low <= ahead <= high and abs(turn) < 0.3:
        return True
    sideways = 0.0 if abs(off) <= SIDE_M else off
    goal = robot.arm + right * sideways + into * (ahead - float(np.clip(ahead, low, high)))
    return (yield from drive_to(op, goal, heading_to(place)))
