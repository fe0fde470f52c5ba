"""Poses, held against what the simulation itself says of them."""

import numpy as np
import pytest

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.posing import Poser
from leapcasa.envs.referee import Referee
from leapcasa.envs.truth import rotation_about

pytestmark = pytest.mark.sim
SIZE = 64
SIZES = {"right": SIZE, "left": SIZE, "hand": SIZE}


@pytest.fixture(scope="module")
def kitchen():
    made = Kitchen("RinseSinkBasin", image_size=SIZES, render_profile="fast")  # pyright: ignore
    made.begin(3)
    yield made
    made.close()


def test_the_hand_goes_where_it_is_sent_and_feels_it(kitchen: Kitchen):
    poser, referee = Poser(kitchen), Referee(kitchen)
    before = referee.robot()
    felt = kitchen.look_again().proprioception.end_effector_position
    wanted = before.hand + before.base_rot @ np.array([0.1, 0.05, 0.06])
    turned = rotation_about(np.array([0.0, 0.0, 1.0]), 0.4) @ before.hand_rot
    assert poser.hand(wanted, turned)
    sensors = poser.look()
    assert np.linalg.norm(referee.robot().hand - wanted) < 0.02
    away = sensors.proprioception.end_effector_position - felt
    assert np.allclose(away, [0.1, 0.05, 0.06], atol=0.02)
    angle = np.arccos((np.trace(referee.robot().hand_rot.T @ turned) - 1) / 2)
    assert angle < 0.1
    poser.restart()


def test_a_place_out_of_reach_is_told_apart(kitchen: Kitchen):
    poser, robot = Poser(kitchen), Referee(kitchen).robot()
    assert not poser.hand(robot.hand + np.array([0.0, 0.0, 5.0]), robot.hand_rot)
    poser.restart()


def test_base_and_fingers_move_as_the_robot_feels(kitchen: Kitchen):
    poser = Poser(kitchen)
    before = kitchen.look_again().proprioception
    poser.base(0.0, 0.2, 0.3)
    poser.fingers(0.0)
    after = poser.look().proprioception
    assert np.linalg.norm(after.base_position - before.base_position) > 0.15
    assert np.allclose(after.end_effector_position, before.end_effector_position, atol=1e-3)
    assert np.abs(after.gripper_qpos).max() < 1e-3 < np.abs(before.gripper_qpos).max()
    poser.restart()


def test_a_part_that_is_set_is_seen_and_the_water_runs(kitchen: Kitchen):
    poser, referee = Poser(kitchen), Referee(kitchen)
    sink = referee.fixture("faucet")
    lever = referee.joint(sink, "handle_joint")
    closed = np.array(poser.look().image("right"), np.int16)
    poser.part(lever.name, lever.at(0.9))
    opened = np.array(poser.look().image("right"), np.int16)
    assert referee.joint(sink, "handle_joint").opened == pytest.approx(0.9)
    assert kitchen.robocasa.fixtures[sink].get_handle_state(kitchen.robocasa)["water_on"]
    assert np.abs(opened - closed).max() > 30
    poser.restart()
    assert np.array_equal(np.array(poser.look().image("right"), np.int16), closed)


def test_a_pan_that_is_turned_and_left_alone_is_what_robocasa_calls_rotated():
    made = Kitchen("RotatePan", rendering=False)
    try:
        made.begin(3)
        poser, referee = Poser(made), Referee(made)
        skill = referee.watch("Rotate the pan")
        stove = referee.meant(skill)
        name = referee.part(skill, stove)
        pan, raw = referee.joint(stove, name), made.robocasa
        body = raw.obj_body_id[name]

        def handle() -> np.ndarray:
            return np.array(raw.sim.data.body_xmat[body]).reshape(3, 3)[:, 1]

        def turn(angle: float) -> None:
            poser.restart()
            poser.part(pan.name, pan.value + angle)
            raw.sim.data.time += 0.05
            raw.sim.forward()

        assert not referee.success()
        assert not hasattr(raw, "_initial_yaw")  # reading leaves no trace
        raw._check_success()  # as the simulation itself does at every step
        first = handle()
        for angle, done in ((0.2, False), (-0.2, False), (0.3, True)):
            turn(angle)
            turned = np.arctan2(np.cross(first, handle())[2], first @ handle())
            assert turned == pytest.approx(angle, abs=1e-3)
            assert referee.joint(stove, name).value == pytest.approx(pan.value + angle, abs=1e-3)
            share = 1.0 if done else 0.9 * 0.2 / np.deg2rad(15)
            assert referee.progress() == pytest.approx(share, abs=0.01)
            assert referee.success() == done
        robot = referee.robot()  # now the hand comes back to the pan
        assert poser.hand(pan.anchor + np.array([0.0, 0.0, 0.15]), robot.hand_rot)
        raw.sim.forward()
        assert 0.9 < referee.progress() < 1.0
        assert not referee.success()
    finally:
        made.close()


def test_a_hand_in_the_counter_reaches_deep(kitchen: Kitchen):
    poser, referee = Poser(kitchen), Referee(kitchen)
    assert poser.depth() < 0.006
    robot, place = referee.robot(), referee.place(referee.fixture("faucet"))
    poser.hand(place.center - place.outward * 0.1, robot.hand_rot)
    assert poser.depth() > 0.006
    poser.restart()


def test_a_switch_that_was_on_is_off_again_after_a_restart():
    made = Kitchen("StartElectricKettle", image_size=SIZES, render_profile="fast")  # pyright: ignore
    try:
        made.begin(3)
        poser, referee = Poser(made), Referee(made)
        kettle = referee.raw_fixture(referee.fixture("kettle"))
        switch = referee.joint(kettle.name, "switch_joint")
        poser.part(switch.name, switch.at(1.0))
        poser.look()
        assert kettle.get_state(made.robocasa)["turned_on"]
        poser.restart()
        poser.look()
        assert not kettle.get_state(made.robocasa)["turned_on"]
        assert referee.joint(kettle.name, "switch_joint").opened < 0.5
    finally:
        made.close()


def test_a_sauce_looks_as_long_simmered_as_the_clock_says():
    made = Kitchen("TurnOffSimmeredSauceHeat", image_size=SIZES, render_profile="fast")  # pyright: ignore
    try:
        made.begin(5)
        poser, referee, raw = Poser(made), Referee(made), made.robocasa
        begun, done = raw.START_SAUCE_COLOR, raw.FINISHED_SAUCE_COLOR
        for share in (0.0, 1.0, 0.5):
            poser.restart()
            referee.watch("Wait until the sauce is simmered")
            poser.clock(share)
            poser.look()
            colour = raw.sim.model.geom_rgba[raw.sim.model.geom_name2id("saucepan_liquid")]
            assert np.allclose(colour, begun + share * (done - begun), atol=0.01)
            assert referee.subtask_done() == (share == 1.0)
            assert referee.progress() == pytest.approx(share, abs=0.01)
    finally:
        made.close()


def test_a_kitchen_without_a_clock_has_none_to_set(kitchen: Kitchen):
    before = Poser(kitchen).look().image("right")
    poser = Poser(kitchen)
    poser.clock(0.5)
    assert np.array_equal(poser.look().image("right"), before)
