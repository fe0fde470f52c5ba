"""Posed looks at robots at work: at drawers, at a dishwasher's racks, at a stove's knobs."""

from collections.abc import Callable

import numpy as np
import pytest
from policy_demos import in_the_room, outcomes

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.envs.skills import parse
from leapcasa.policies.embedded import cameras
from leapcasa.policies.embedded.geometry import matrix
from leapcasa.runs.cli import main
from leapcasa.runs.policy import asking, episode_file
from leapcasa.runs.policy.episode_file import Demonstration

pytestmark = pytest.mark.sim
SEED, LOOKS = 1000, 24
OPENING = 1
"""Column of the felt hand's rotation: where the fingers open; 2 is where they point."""


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Demonstration]:
    """The looks at a task's kitchen of seed 1000, of several that one command poses."""
    folder = tmp_path_factory.mktemp("working")
    tasks = ["OpenDrawer", "CloseDrawer", "SlideDishwasherRack", "TurnOnStove"]
    words = f"--episodes 1 --first-seed {SEED} --posed {LOOKS} --size 64"
    assert main(["policy", "data", *tasks, *words.split(), "--out", str(folder)]) == 0
    files = {one["task"]: folder / one["file"] for one in outcomes(folder)}
    return lambda task: episode_file.read(files[task])


def hands(demo: Demonstration) -> tuple[np.ndarray, np.ndarray]:
    """(LOOKS, 3) and (LOOKS, 3, 3) of the looks asked about the subtask itself."""
    felt = demo.proprioception[demo.subtask == 0]
    return felt[:, 9:12], matrix(felt[:, 12:16].astype(np.float64))


@pytest.mark.parametrize("task", ["OpenDrawer", "CloseDrawer"])
def test_a_drawers_handle_is_as_far_from_where_it_is_once_shut_as_the_drawer_stands_open(
    at_work: Callable[[str], Demonstration], task: str
):
    demo = at_work(task)
    away = demo.points[:, 0] - demo.points[:, 1]
    out, done = np.linalg.norm(away, axis=1), demo.progress >= 1.0
    assert np.allclose(away[:, 2], 0.0, atol=0.005)
    assert 0.2 < out.max() < 0.34  # at most 0.55 of a depth of 0.6 m
    assert out.min() < 0.005
    assert 3 <= done.sum() <= 18
    if task == "OpenDrawer":
        assert out[done].min() > out[~done].max()
    else:
        assert out[done].max() < out[~done].min()


@pytest.mark.parametrize("task", ["OpenDrawer", "CloseDrawer"])
def test_most_looks_at_a_drawer_show_a_hand_as_it_takes_or_pushes_one(
    at_work: Callable[[str], Demonstration], task: str
):
    demo = at_work(task)
    felt = demo.proprioception[:24]  # then the same looks, asked about what undoes it
    hand, turned = felt[:, 9:12], matrix(felt[:, 12:16].astype(np.float64))
    pointing, opening = turned[:, :, 2], turned[:, :, OPENING]
    level = pointing[:, 2] > -np.sin(0.9)
    assert 8 <= level.sum() <= 20
    away = np.linalg.norm(demo.points[:24, 0] - hand, axis=1)
    assert np.median(away[level]) < 0.25
    # Some open their fingers up and down, as about a bar, some to the sides, as before a front.
    upright = np.abs(opening[level, 2]) > 0.7
    assert 2 <= upright.sum() <= level.sum() - 2
    seen = cameras.project(demo.points[:24, 0], hand, felt[:, 12:16])[:, 2]
    assert np.isfinite(seen[level]).all(axis=1).mean() > 0.3


def test_most_looks_at_a_rack_show_a_hand_as_it_takes_a_wire_of_it(
    at_work: Callable[[str], Demonstration],
):
    demo = at_work("SlideDishwasherRack")
    place, turned = hands(demo)
    level = turned[:, 2, 2] > -np.sin(0.75)  # the expert's point 0.4 rad down
    assert 8 <= level.sum() <= 20
    wire = demo.points[demo.subtask == 0][:, 0]
    assert np.median(np.linalg.norm(wire - place, axis=1)[level]) < 0.2
    # Fingers that are to close on an upright wire open to its sides.
    assert np.median(np.abs(turned[level, 2, OPENING])) < 0.3


def test_most_looks_at_a_knob_show_a_hand_turned_about_it(
    at_work: Callable[[str], Demonstration],
):
    demo = at_work("TurnOnStove")
    place, turned = hands(demo)
    knob = demo.points[demo.subtask == 0][:, 0]
    near = np.linalg.norm(knob - place, axis=1) < 0.25
    assert near.sum() >= 10
    opening = turned[near, :, OPENING]
    alike = np.linalg.eigvalsh(np.einsum("ti,tj->ij", opening, opening) / near.sum())[-1]
    assert alike < 0.94  # 1 where all open the same way


def test_a_look_at_a_knob_is_asked_about_others_of_the_stove(
    at_work: Callable[[str], Demonstration],
):
    """Whichever is asked about, its point is where RoboCasa has that knob."""
    demo = at_work("TurnOnStove")
    assert len(demo.subtask) == 3 * (demo.subtask == 0).sum()
    room = in_the_room(demo)
    kitchen = Kitchen("TurnOnStove", rendering=False)
    try:
        kitchen.begin(SEED)
        referee, raw = Referee(kitchen), kitchen.robocasa
        first = kitchen.sensors.proprioception.vector().astype(float)
        robot, stove = referee.robot(), raw.stove
        own = parse(referee.instruction)
        others = asking.knobs(referee, own)
        anchors = {
            place: raw.sim.data._data.xanchor[
                raw.sim.model.joint_name2id(f"{stove.naming_prefix}knob_{place}_joint")
            ].copy()
            for place, joint in stove.knob_joints.items()
            if joint is not None
        }
    finally:
        kitchen.close()
    assert len(others) == 2 * len(anchors) - 1
    assert list(demo.header.subtasks[1:]) == [text for text, _ in others]
    assert [text.startswith("Turn off") for text, _ in others] == [flag for _, flag in others]
    to_room = matrix(first[5:9]) @ robot.base_rot.T
    for number in np.unique(demo.subtask):
        words = demo.header.subtasks[number]
        place = next(name for name in anchors if name.replace("_", " ") in words)
        hand = matrix(first[5:9]) @ first[9:12] + first[2:5]
        anchor = to_room @ (anchors[place] - robot.hand) + hand
        seen = room[demo.subtask == number, 0]
        assert np.linalg.norm(seen - anchor, axis=1).max() < 0.05  # a knob is 2 to 4 cm thick
