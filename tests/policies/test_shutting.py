"""How a cabinet's door is pushed shut: what is thought of before, in made-up corners."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.posing import Poser
from leapcasa.envs.referee import Referee
from leapcasa.envs.skills import parse
from leapcasa.envs.truth import Box, JointTruth
from leapcasa.policies.experts.closing import (
    Door,
    doors_meant,
    push_spot,
    ways_of,
    worked_at,
)
from leapcasa.policies.experts.doors import Leaf
from leapcasa.policies.experts.floor import Floor
from leapcasa.policies.experts.motion import Operator
from leapcasa.policies.experts.room import Room
from leapcasa.policies.experts.shut import Way, ways

EAST, NORTH, UP = np.eye(3)
WIDTH, BOTTOM, TOP = 0.45, 1.4, 2.3
FINGERTIP_M, PALM_M, PALM_HALF_M = 0.012, 0.06, 0.032
"""Half a closed fingertip; from there back to the palm; half the palm's narrow side (Panda)."""
ARM_M = 0.72
"""From the shoulder to the wrist of a Panda whose elbow is straight."""
HERE = np.array([0.3, -0.9, 0.7])


def box(name: str, low: tuple[float, float, float], high: tuple[float, float, float]) -> Box:
    corners = np.array([low, high], dtype=np.float64)
    return Box(
        name=name, center=corners.mean(axis=0), rot=np.eye(3), half=(corners[1] - corners[0]) / 2
    )


def open_door(opened: float = 1.0) -> Leaf:
    """The left door of a cabinet that faces south; its hinge is at the origin."""
    turned = opened * np.pi / 2
    along = np.array([np.cos(turned), -np.sin(turned), 0.0])
    normal = np.array([-np.sin(turned), -np.cos(turned), 0.0])
    middle = WIDTH / 2 * along + (BOTTOM + TOP) / 2 * UP
    panel = Box(
        name="door",
        center=middle,
        rot=np.stack([along, np.cross(UP, along), UP], axis=1),
        half=np.array([WIDTH / 2, 0.01, (TOP - BOTTOM) / 2]),
    )
    hinge = JointTruth(
        name="leftdoorhinge",
        kind="hinge",
        axis=UP,
        anchor=np.array([0.0, 0.0, 1.8]),
        value=-turned,
        low=-np.pi / 2,
        high=0.0,
    )
    return Leaf(joint=hinge, panel=panel, normal=normal, along=along, width=WIDTH)


def thought_of(door: Leaf, solid: list[Box]) -> list[Way]:
    counter = box("counter", (-1.0, -0.25, 0.0), (1.5, 0.4, 0.9))
    return ways(door, Room(solid), Floor([counter, *solid]), HERE, 1.03)


def test_a_ball_is_as_deep_in_a_box_as_geometry_says():
    room = Room([box("wall", (0.0, -1.0, 0.0), (1.0, 1.0, 1.0))])
    beside, inside = np.array([[-0.3, 0.0, 0.5]]), np.array([[0.2, 0.0, 0.5]])
    assert room.depth(beside, np.array([0.25])) == 0.0
    assert room.depth(beside, np.array([0.35])) == pytest.approx(0.05)
    assert room.depth(inside, np.array([0.1])) == pytest.approx(0.3)
    assert room.depth(np.concatenate([beside, inside]), np.array([0.25, 0.1])) > 0.2
    assert Room([]).depth(inside, np.array([0.1])) == 0.0


def test_a_door_close_to_a_wall_is_hooked_at_its_edge_by_a_hand_that_leans_away():
    wall = box("wall", (-1.0, -3.0, 0.0), (-0.055, 0.4, 2.5))
    best = thought_of(open_door(), [wall])[0]
    assert best.push.lever == 1.0
    assert best.push.angle < 0.0
    spot, face = best.push.contact.now([open_door().panel])
    tip = spot + FINGERTIP_M * face
    palm = tip - PALM_M * best.push.pointing
    across = np.cross(UP, best.push.pointing)
    for point, half in ((tip, FINGERTIP_M), (palm, PALM_HALF_M)):
        assert (point - half * abs(across[0]) * EAST)[0] > -0.055


def test_where_there_is_room_the_fingers_end_square_to_the_shut_door():
    best = thought_of(open_door(0.6), [])[0]
    assert best.push.share < 0.01
    assert best.push.pointing @ NORTH > 0.8


@pytest.mark.parametrize("opened", [0.1, 0.4, 0.7, 1.0])
def test_the_arm_reaches_both_ends_of_the_push_and_the_base_stands_clear(opened: float):
    door = open_door(opened)
    best = thought_of(door, [])[0]
    spot, _ = best.push.contact.now([door.panel])
    turn = door.joint.at(best.push.share) - door.joint.value
    for at in (spot, door.joint.carry(spot, turn)):
        wrist = at - 0.21 * best.push.pointing - 0.088 * UP
        assert np.linalg.norm(wrist - best.place - 1.03 * UP) < ARM_M
    assert best.place[1] < -0.25 - 0.15
    assert spot[2] < BOTTOM + 0.06  # below the handle


def test_every_way_differs_from_the_others_so_that_an_attempt_is_no_repetition():
    found = thought_of(open_door(0.9), [])
    assert len(found) > 3
    assert [way.cost for way in found] == sorted(way.cost for way in found)
    assert not any(one.like(other) for one, other in itertools.combinations(found, 2))


@pytest.fixture(scope="module")
def pair() -> Iterator[Kitchen]:
    """A kitchen in which both doors of a wall cabinet stand open."""
    kitchen = Kitchen("CloseCabinet", rendering=False)
    kitchen.begin(1000)
    yield kitchen
    kitchen.close()


@pytest.mark.sim
def test_of_a_pair_of_doors_the_left_one_is_shut_first_and_is_left_once_the_hand_goes_away(
    pair: Kitchen,
):
    referee, poser = Referee(pair), Poser(pair)
    op, skill = Operator(referee), parse("close the cabinet doors")
    left, right = doors_meant(op, referee.meant(skill), skill)
    assert "left" in left[1]

    def meant(open_left: float, open_right: float, hand: Door | None) -> Door:
        poser.restart()
        for door, share in ((left, open_left), (right, open_right)):
            joint = referee.joint(*door)
            poser.part(joint.name, joint.at(share))
        if hand is not None:
            poser.hand(push_spot(op, hand), op.robot.hand_rot)
            assert np.linalg.norm(op.robot.hand - push_spot(op, hand)) < 0.05
        return worked_at(op, [left, right])

    assert meant(0.9, 0.9, None) == meant(0.9, 0.9, right) == left
    assert meant(0.0, 0.9, None) == meant(0.0, 0.9, right) == meant(0.0, 0.0, None) == right
    assert meant(0.0, 0.9, left) == left
    assert meant(0.0, 0.0, left) == left
    assert meant(0.0, 0.0, right) == meant(0.0, 0.02, right) == right
    poser.restart()


@pytest.mark.sim
def test_the_base_rather_looks_a_little_to_the_hinge_so_that_both_doors_are_mirror_images(
    pair: Kitchen,
):
    referee = Referee(pair)
    op, skill = Operator(referee), parse("close the cabinet doors")
    fixture = referee.meant(skill)
    into = -referee.place(fixture).outward
    for sign, door in zip((1.0, -1.0), doors_meant(op, fixture, skill), strict=True):
        best = ways_of(op, *door)[0]
        turned = best.heading - np.arctan2(into[1], into[0])
        turned = float(np.arctan2(np.sin(turned), np.cos(turned)))
        assert 0.15 < sign * turned < 0.8  # 0.45 is what it would like
