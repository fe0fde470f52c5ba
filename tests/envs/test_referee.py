"""The referee against a real kitchen whose joints are set by hand; RoboCasa's own state is the
independent truth."""

import numpy as np
import pytest
import yaml

from leapcasa.configs import EnvironmentFault
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.posing import Poser
from leapcasa.envs.predicates import spout_side
from leapcasa.envs.referee import Referee
from leapcasa.envs.skills import UnknownSubtask
from leapcasa.envs.truth import JointTruth
from leapcasa.runs.policy.carrying import Carried

STILL = np.zeros(12, np.float32)


def set_joint(kitchen: Kitchen, referee: Referee, fixture: str, suffix: str, value: float) -> None:
    sim = kitchen.robocasa.sim
    sim.data.set_joint_qpos(referee.joint(fixture, suffix).name, value)
    sim.forward()


def test_a_point_is_carried_along_the_joints_arc():
    hinge = JointTruth(
        name="door",
        kind="hinge",
        axis=np.array([0.0, 0.0, 1.0]),
        anchor=np.array([1.0, 0.0, 0.0]),
        value=0.0,
        low=-1.0,
        high=0.0,
    )
    carried = hinge.carry(np.array([2.0, 0.0, 0.5]), np.pi / 2)
    assert carried == pytest.approx([1.0, 1.0, 0.5])
    assert hinge.direction(np.array([2.0, 0.0, 0.5])) == pytest.approx([0.0, 1.0, 0.0])
    assert hinge.opened == 0.0
    assert hinge.at(1.0) == -1.0


@pytest.mark.parametrize(
    ("angle", "side"), [(0.0, "center"), (0.5, "center"), (0.55, "right"), (-0.55, "left")]
)
def test_spout_sides_follow_robocasas_thirty_degrees(angle: float, side: str):
    assert spout_side(angle) == side


@pytest.fixture(scope="module")
def sink() -> tuple[Kitchen, Referee]:
    kitchen = Kitchen("RinseSinkBasin", rendering=False)
    kitchen.begin(0)
    return kitchen, Referee(kitchen)


@pytest.mark.sim
def test_water_follows_the_handle_both_ways(sink: tuple[Kitchen, Referee]):
    kitchen, referee = sink
    fixture = referee.fixture("faucet")
    for value, on in ((0.0, False), (0.6, True), (0.2, False)):
        set_joint(kitchen, referee, fixture, "handle_joint", value)
        theirs = kitchen.robocasa.sink.get_handle_state(env=kitchen.robocasa)["water_on"]
        assert bool(theirs) is on
        referee.watch("turn on the sink")
        assert referee.subtask_done() is on
        referee.watch("turn off the sink")
        assert referee.subtask_done() is not on


@pytest.mark.sim
def test_hot_water_has_to_run_and_to_be_hot(sink: tuple[Kitchen, Referee]):
    kitchen, referee = sink
    fixture = referee.fixture("faucet")
    joint = referee.joint(fixture, "handle_temp_joint")
    seen = set()
    for angle in (0.0, 0.6):
        for share in (0.5, 0.58, 0.62, 0.9):
            set_joint(kitchen, referee, fixture, "handle_joint", angle)
            warm = joint.low + share * (joint.high - joint.low)
            set_joint(kitchen, referee, fixture, "handle_temp_joint", warm)
            theirs = kitchen.robocasa.sink.get_handle_state(env=kitchen.robocasa)
            hot = bool(theirs["water_on"] and theirs["water_temp"] >= 0.6)
            referee.watch("Turn on the sink faucet with hot water")
            assert referee.subtask_done() is hot
            seen.add(hot)
    assert seen == {True, False}
    for suffix in ("handle_joint", "handle_temp_joint"):
        set_joint(kitchen, referee, fixture, suffix, 0.0)


@pytest.mark.sim
def test_a_sweep_counts_only_sides_visited_with_water_since_the_subtask_began(
    sink: tuple[Kitchen, Referee],
):
    kitchen, referee = sink
    fixture = referee.fixture("spout")
    set_joint(kitchen, referee, fixture, "handle_joint", 0.0)
    set_joint(kitchen, referee, fixture, "spout_joint", 0.8)
    referee.watch("maneuver the spout to wash all locations of the sink basin")
    assert referee.progress() == 0.0
    set_joint(kitchen, referee, fixture, "handle_joint", 0.7)
    for angle, thirds in ((0.8, 1), (0.0, 2), (0.8, 2), (-0.8, 3)):
        set_joint(kitchen, referee, fixture, "spout_joint", angle)
        kitchen.advance(STILL)
        assert referee.progress() == pytest.approx(thirds / 3)
    assert referee.subtask_done()
    referee.watch("maneuver the spout to wash all locations of the sink basin")
    assert not referee.subtask_done()


@pytest.mark.sim
def test_reading_success_leaves_no_trace(sink: tuple[Kitchen, Referee]):
    kitchen, referee = sink
    kitchen.begin(0)
    fixture = referee.fixture("spout")
    set_joint(kitchen, referee, fixture, "handle_joint", 0.7)
    assert kitchen.robocasa.washed_loc == [False, False, False]
    assert not referee.success()
    assert kitchen.robocasa.washed_loc == [False, False, False]
    kitchen.advance(STILL)
    assert kitchen.robocasa.washed_loc == [False, True, False]


@pytest.mark.sim
def test_what_the_kitchen_lacks_is_an_error_that_says_so(sink: tuple[Kitchen, Referee]):
    _, referee = sink
    with pytest.raises(EnvironmentFault, match="no kettle"):
        referee.fixture("kettle")
    with pytest.raises(UnknownSubtask):
        referee.watch("juggle the plates")
    with pytest.raises(EnvironmentFault, match="no pan"):
        referee.watch("rotate the pan")
    with pytest.raises(EnvironmentFault, match="no joint"):
        referee.joint(referee.fixture("faucet"), "antenna_joint")


@pytest.mark.sim
def test_dishwasher_predicates_follow_the_joints_and_robocasas_success():
    kitchen = Kitchen("PrepareDishwasher", split="target", rendering=False)
    kitchen.begin(11)
    referee = Referee(kitchen)
    fixture = referee.fixture("dishwasher_door")
    referee.watch("Open the dishwasher door")
    assert referee.progress() == pytest.approx(0.0, abs=1e-3)
    door = referee.joint(fixture, "door_joint")
    set_joint(kitchen, referee, fixture, "door_joint", door.at(0.5))
    assert 0.5 < referee.progress() < 0.6
    set_joint(kitchen, referee, fixture, "door_joint", door.at(0.95))
    assert referee.subtask_done()
    referee.watch("Close the dishwasher door")
    assert not referee.subtask_done()
    referee.watch("Pull out the top rack")
    assert not referee.subtask_done()
    assert not referee.success()
    rack = referee.joint(fixture, "rack1_joint")
    set_joint(kitchen, referee, fixture, "rack1_joint", rack.at(0.6))
    kitchen.robocasa.update_state()
    assert referee.subtask_done()
    assert referee.success()
    referee.watch("Push the top rack back in")
    assert not referee.subtask_done()


@pytest.mark.sim
def test_kettle_predicates_follow_lid_and_switch():
    kitchen = Kitchen("StartElectricKettle", split="target", rendering=False)
    kitchen.begin(11)
    referee = Referee(kitchen)
    fixture = referee.fixture("kettle")
    referee.watch("Close the electric kettle lid")
    assert referee.progress() == pytest.approx(0.0, abs=1e-3)
    set_joint(kitchen, referee, fixture, "lid_joint", 0.0)
    assert referee.subtask_done()
    referee.watch("turn on the electric kettle")
    assert not referee.subtask_done()
    switch = referee.joint(fixture, "switch_joint")
    set_joint(kitchen, referee, fixture, "switch_joint", switch.high)
    kitchen.robocasa.update_state()
    assert referee.subtask_done()
    assert referee.success()


@pytest.mark.sim
@pytest.mark.parametrize("task", ["OpenDrawer", "CloseDrawer"])
def test_a_drawer_counts_as_open_or_shut_where_robocasa_says_so(task: str):
    kitchen = Kitchen(task, split="target", rendering=False)
    kitchen.begin(3)
    referee = Referee(kitchen)
    fixture = referee.meant(referee.watch(referee.instruction))
    depth, done = float(kitchen.robocasa.drawer.size[1]), []
    for share in np.linspace(0.0, 1.1, 45):  # of 0.55 of its depth
        set_joint(kitchen, referee, fixture, "slidejoint", -0.55 * depth * share)
        theirs = bool(kitchen.robocasa._check_success())
        assert referee.subtask_done() is theirs
        done.append(theirs)
    assert 0 < sum(done) < len(done)


@pytest.mark.sim
def test_all_cabinets_are_closed_when_robocasa_says_so():
    kitchen = Kitchen("ResetCabinetDoors", split="target", rendering=False)
    kitchen.begin(0)
    referee = Referee(kitchen)
    skill = referee.watch("Close all open cabinet doors.")
    raw = kitchen.robocasa
    cabinets = {cabinet.name for cabinet in (raw.cab, raw.cab2, raw.cab3)}
    assert set(referee.fixtures(skill.target)) == cabinets
    doors = [(name, suffix) for name in sorted(cabinets) for suffix in referee.doors(name)]
    progress = [referee.progress()]
    for fixture, suffix in doors:
        assert not referee.subtask_done()
        assert not referee.success()
        joint = referee.joint(fixture, suffix)
        set_joint(kitchen, referee, fixture, suffix, joint.at(0.0))
        progress.append(referee.progress())
    assert progress == sorted(progress)
    assert referee.subtask_done()
    assert referee.success()
    for share in (0.004, 0.006, 0.5):
        for fixture, suffix in doors:
            joint = referee.joint(fixture, suffix)
            set_joint(kitchen, referee, fixture, suffix, joint.at(share))
            assert referee.subtask_done() == referee.success() == (share < 0.005)
            set_joint(kitchen, referee, fixture, suffix, joint.at(0.0))
    kitchen.close()


@pytest.mark.sim
def test_a_burner_is_the_one_the_words_name_and_follows_robocasas_own_state():
    kitchen = Kitchen("TurnOffStove", split="target", rendering=False)
    sensors = kitchen.begin(3)
    referee = Referee(kitchen)
    skill = referee.watch(sensors.instruction)
    fixture = referee.meant(skill)
    place = referee.part(skill, fixture)
    assert place == kitchen.robocasa.knob
    assert place.replace("_", " ") in sensors.instruction
    for value in (0.2, 0.5, 2.0):
        set_joint(kitchen, referee, fixture, f"knob_{place}_joint", value)
        theirs = referee.raw_fixture(fixture).is_burner_on(kitchen.robocasa, place)
        assert referee.subtask_done() is not bool(theirs)
        assert referee.success() is referee.subtask_done()
    referee.watch("wait 3 steps")
    for _ in range(5):
        assert not referee.subtask_done() or _ > 2
        kitchen.advance(STILL)
    assert referee.subtask_done()


@pytest.mark.sim
def test_a_jug_counts_as_picked_up_in_the_fingers_and_as_placed_where_robocasa_says_so():
    kitchen = Kitchen("CleanBlenderJug", split="target", rendering=False)
    kitchen.begin(5)
    referee, poser = Referee(kitchen), Poser(kitchen)
    raw, data = kitchen.robocasa, kitchen.robocasa.sim.data._data
    words = "Take the blender jug and place it in the sink to prepare it for cleaning."
    assert referee.instruction == words

    def jug(middle: np.ndarray) -> None:
        data.joint(raw.objects["blender_jug"].joints[0]).qpos[:3] = middle
        raw.sim.forward()

    skill = referee.watch("Take the blender jug")
    assert (skill.verb, referee.meant(skill)) == ("pick_up", raw.counter.name)
    stood = np.array(data.body(raw.obj_body_id["blender_jug"]).xpos)
    assert referee.progress() == pytest.approx(0.0)
    jug(stood + np.array([0.0, 0.0, 0.2]))  # in the air, and not in the fingers
    assert 0.8 < referee.progress() < 1.0
    carried = Carried(referee, poser, skill, raw.counter.name)
    jug(stood)
    carried.hang(np.random.default_rng(0))
    raw.sim.forward()
    assert not np.allclose(data.body(raw.obj_body_id["blender_jug"]).xpos, stood, atol=0.05)
    assert referee.holds("blender_jug")
    assert referee.subtask_done()

    referee.watch("Place it in the sink to prepare it for cleaning")
    assert referee.progress() == 0.0
    corners = np.array(next(iter(raw.sink.get_int_sites(relative=False).values())))
    middle = (corners[1] + corners[2] + corners[3] - corners[0]) / 2
    for place in np.linspace(middle, stood, 12):
        jug(place)
        assert referee.subtask_done() is bool(referee.success())
    jug(middle)
    assert referee.subtask_done()
    away = referee.robot().hand - middle
    jug(referee.robot().hand - 0.2 * away / np.linalg.norm(away))
    assert not referee.subtask_done()


@pytest.mark.sim
def test_a_place_to_stand_is_robocasas_and_asking_for_it_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    kitchen = Kitchen("NavigateKitchen", split="target", rendering=False)
    sensors = kitchen.begin(1)
    referee = Referee(kitchen)
    raw = kitchen.robocasa
    skill = referee.watch(sensors.instruction)
    assert referee.meant(skill) == raw.target_fixture.name
    before = raw.rng.bit_generator.state
    place, heading = referee.stand(raw.target_fixture.name)
    assert raw.rng.bit_generator.state == before
    assert place[:2] == pytest.approx(raw.target_pos[:2])
    assert np.cos(heading - raw.target_ori[2]) == pytest.approx(1.0)
    monkeypatch.setattr(yaml, "load", None)  # the layout's file is not read again
    again, same = referee.stand(raw.target_fixture.name)
    assert (again == place).all()
    assert same == heading
    assert not referee.subtask_done()
