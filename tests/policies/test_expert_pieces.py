"""The pieces of the experts that need no simulator: the floor, disturbances, knobs."""

import itertools
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from leapcasa.envs.truth import Box, JointTruth, RobotTruth
from leapcasa.policies.experts.control import base_action, hold_action
from leapcasa.policies.experts.disturb import LENGTHS, DisturbConfig, Disturber
from leapcasa.policies.experts.floor import FOOT_M, Floor, Stop
from leapcasa.policies.experts.knobs import _middle
from leapcasa.policies.experts.motion import Blocked, Operator
from leapcasa.policies.experts.navigate import in_view
from leapcasa.policies.experts.twist import Hold
from leapcasa.policies.experts.ways import Ways

UP = np.array([0.0, 0.0, 1.0])


def robot() -> RobotTruth:
    """One that faces north, its fingers pointing down."""
    return RobotTruth(
        hand=np.zeros(3),
        hand_rot=np.diag([1.0, -1.0, -1.0]),
        arm=np.zeros(3),
        base_rot=np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
        finger_gap=0.08,
        touching=frozenset(),
    )


def block(x: float, y: float, half_x: float, half_y: float) -> Box:
    return Box(
        name="block",
        center=np.array([x, y, 0.4]),
        rot=np.eye(3),
        half=np.array([half_x, half_y, 0.4]),
    )


def room() -> list[Box]:
    """A room of 6 m by 4 m with a wall across its middle that leaves 1.2 m free at the top."""
    walls = [block(0, -2.1, 3.2, 0.1), block(0, 2.1, 3.2, 0.1)]
    walls += [block(-3.1, 0, 0.1, 2.2), block(3.1, 0, 0.1, 2.2)]
    return [*walls, block(0, -0.6, 0.1, 1.4)]


def feet(place: np.ndarray, heading: float) -> np.ndarray:
    """Points of the base's outline, worked out apart from the floor's own."""
    rear, front, half = FOOT_M
    local = [(x, y) for x in np.linspace(rear, front, 8) for y in (-half, half)]
    turn = np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
    return np.array(local) @ turn.T + place[:2]


def test_a_way_leads_round_a_wall_and_touches_nothing():
    floor = Floor(room())
    start = Stop(place=np.array([-1.5, -1.0, 0.0]), heading=0.0)
    goal = Stop(place=np.array([1.5, -1.0, 0.0]), heading=0.0)
    way = [start, *floor.path(start, goal)]
    assert way[-1] is goal
    assert max(stop.place[1] for stop in way) > 0.8
    for here, there in itertools.pairwise(way):
        turn = (there.heading - here.heading + np.pi) % (2 * np.pi) - np.pi
        for share in np.linspace(0, 1, 30):
            points = feet(
                here.place + share * (there.place - here.place), here.heading + share * turn
            )
            for wall in room():
                inside = np.all(np.abs(points - wall.center[:2]) < wall.half[:2] - 0.01, axis=1)
                assert not inside.any()


def test_a_free_way_is_straight_and_a_closed_room_is_only_tried():
    floor = Floor(room())
    start = Stop(place=np.array([-2.0, 0.0, 0.0]), heading=0.0)
    near = Stop(place=np.array([-1.2, 0.4, 0.0]), heading=0.3)
    assert floor.path(start, near) == [near]
    closed = Floor([*room(), block(0, 1.4, 0.1, 0.7)])
    beyond = Stop(place=np.array([1.5, 0.0, 0.0]), heading=0.0)
    assert closed.path(start, beyond) == [beyond]


def test_the_base_fits_where_its_corners_do():
    floor = Floor(room())
    assert floor.free(np.array([-2.0, 0.0, 0.0]), 0.0)
    assert not floor.free(np.array([-2.6, 0.0, 0.0]), 0.0)
    assert floor.free(np.array([-2.6, 0.0, 0.0]), np.pi)


def test_stop_by_stop_a_base_that_drives_ahead_comes_round_a_wall_and_touches_nothing():
    goal = np.array([1.5, -1.0, 0.0])
    ways, here, left = Ways(Floor(room()), goal), np.array([-1.5, -1.0, 0.0]), list[float]()
    stops = 0
    while not np.allclose(here[:2], goal[:2]):
        stop = ways.stop(here)
        heading = float(np.arctan2(*(stop - here)[[1, 0]]))
        for share in np.linspace(0, 1, 30):
            points = feet(here + share * (stop - here), heading)
            for wall in room():
                inside = np.all(np.abs(points - wall.center[:2]) < wall.half[:2] - 0.01, axis=1)
                assert not inside.any()
        left.append(ways.left(here))
        here, stops = stop, stops + 1
        assert stops <= 8
    assert stops >= 2
    assert left == sorted(left, reverse=True)
    around = 2 * np.hypot(1.5, 2.0)  # past the wall's end at (0, 0.8), a little away from it
    assert around < left[0] < 2 * around


def test_what_lies_straight_ahead_is_the_only_stop_and_so_is_what_cannot_be_reached():
    goal = np.array([1.5, 0.0, 0.0])
    ways = Ways(Floor(room()), goal)
    assert ways.stop(np.array([1.5, 1.2, 0.0])) == pytest.approx(goal)
    closed = Ways(Floor([*room(), block(0, 1.4, 0.1, 0.7)]), goal)
    assert closed.stop(np.array([-1.5, 0.0, 0.0])) == pytest.approx(goal)
    assert closed.left(np.array([-1.5, 0.0, 0.0])) == np.inf


def test_open_places_have_room_and_a_way_and_are_in_the_room():
    ways = Ways(Floor([*room(), block(0, 1.4, 0.1, 0.7)]), np.array([1.5, 0.0, 0.0]))
    places = ways.open_places(0.4)
    assert places[:, 0].min() == pytest.approx(0.5, abs=0.08)  # nothing beyond the wall
    assert places[:, 0].max() == pytest.approx(2.6, abs=0.08)
    assert np.abs(places[:, 1]).max() == pytest.approx(1.6, abs=0.08)


def test_a_spot_is_in_view_from_the_left_to_the_right_and_not_behind_nor_above():
    def seen(degrees: float, height: float) -> bool:
        """Whether what is 2 m away that much to the left of ahead is seen."""
        angle = np.radians(90 + degrees)  # the robot faces north
        return in_view(robot(), np.array([2 * np.cos(angle), 2 * np.sin(angle), height]))

    assert all(seen(degrees, 0.2) for degrees in (-30, -10, 0, 10, 30))
    assert not any(seen(degrees, 0.2) for degrees in (-70, 70, 120, 180))
    assert not seen(0, 1.5)  # the cameras look down


def test_disturbances_follow_the_seed_and_every_one_is_followed_by_its_correction():
    config = DisturbConfig(every=10, amplitude=0.5)
    kinds = []
    for _ in range(2):
        disturber = Disturber(config, seed=3)
        kinds.append([disturber.begin_step() for _ in range(400)])
    assert kinds[0] == kinds[1]
    assert set(kinds[0]) == {"plain", "disturbed", "corrective"}
    runs = "".join(kind[0] for kind in kinds[0]).split("d")
    assert all(run.startswith("c") for run in runs[1:-1] if run)
    longest = max(most for _, most in LENGTHS.values())
    assert "d" * (longest + 1) not in "".join(kind[0] for kind in kinds[0])


def test_without_a_rate_nothing_is_disturbed():
    disturber = Disturber(DisturbConfig(), seed=0)
    assert {disturber.begin_step() for _ in range(200)} == {"plain"}


@pytest.mark.parametrize("wanted", [hold_action(1.0), base_action(0.3, 0.1, 0.0, 0.0, 0.0)])
def test_a_disturbance_keeps_mode_and_gripper_and_its_bounds(wanted: np.ndarray):
    disturber = Disturber(DisturbConfig(every=2, amplitude=0.5), seed=1)
    moved = 0.0
    for _ in range(200):
        if disturber.begin_step() != "disturbed":
            continue
        action = disturber.disturb(wanted)
        assert action[11] == wanted[11]
        assert action[6] == wanted[6]
        assert np.abs(action).max() <= 1.0
        assert np.linalg.norm((action - wanted)[:3]) <= 0.5 + 1e-6
        moved = max(moved, float(np.abs(action - wanted).max()))
    assert moved > 0.1


def test_impossible_disturbances_are_refused():
    with pytest.raises(ValueError, match="amplitude within"):
        DisturbConfig(every=10, amplitude=1.5)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_stroke_begins_turned_back_by_half_of_it(sign: float):
    out = np.array([0.0, -1.0, 0.0])
    knob = JointTruth(
        name="knob", kind="hinge", axis=-out, anchor=np.zeros(3), value=0.5, low=0.0, high=3.1
    )
    spot = 0.015 * out
    hold = Hold(
        spot=spot, pointing=-0.6 * out - 0.8 * UP, opening=np.array([1.0, 0.0, 0.0]), stroke=1.5
    )
    pose = hold.begun(cast("Operator", SimpleNamespace(robot=robot())), knob, sign)
    assert pose.position == pytest.approx(spot)
    # Carried by the knob through half a stroke the hand is as asked for: upright before the front.
    middle = knob.turn(sign * 0.75) @ pose.rot
    assert middle[:, 2] == pytest.approx(hold.pointing)
    assert abs(middle[:, 0]) == pytest.approx(hold.opening)


def test_a_knob_is_taken_on_its_axis_half_way_up():
    out = np.array([0.0, -1.0, 0.0])
    cap = Box(name="cap", center=0.008 * out, rot=np.eye(3), half=np.array([0.02, 0.008, 0.02]))
    aside = np.array([0.01, 0.0, 0.0])
    ridge = Box(
        name="ridge", center=0.02 * out + aside, rot=np.eye(3), half=np.array([0.02, 0.01, 0.005])
    )
    assert _middle([cap, ridge], np.zeros(3), out) == pytest.approx(0.015 * out)
    with pytest.raises(Blocked, match="take hold"):
        _middle([], np.zeros(3), out)
