"""The experts finish real episodes by actions alone; the pieces they are made of hold."""

from dataclasses import replace

import numpy as np
import pytest

from leapcasa.agent.loop import Agent
from leapcasa.configs import PolicyError, load
from leapcasa.envs.hanging import Hanger
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.envs.truth import Box, JointTruth, RobotTruth
from leapcasa.policies.experts import ExpertPolicy
from leapcasa.policies.experts.control import Pose, arm_action, base_action, look, wrist_free
from leapcasa.policies.experts.push import best_contact
from leapcasa.policies.experts.reach import STRETCHED_RAD
from leapcasa.policies.random import RandomPolicy
from leapcasa.runs.components import make

DOWN = np.array([0.0, 0.0, -1.0])
EAST, NORTH, UP = np.eye(3)


def robot(base_rot: np.ndarray | None = None) -> RobotTruth:
    return RobotTruth(
        hand=np.zeros(3),
        hand_rot=look(DOWN, EAST),
        arm=np.array([0.0, 0.0, -0.5]),
        base_rot=np.eye(3) if base_rot is None else base_rot,
        finger_gap=0.08,
        touching=frozenset(),
    )


def test_the_arm_is_asked_for_deltas_in_the_base_frame():
    facing_north = np.stack([NORTH, -EAST, UP], axis=1)
    target = Pose(position=0.01 * NORTH, rot=look(DOWN, EAST))
    action = arm_action(robot(facing_north), target, grip=1.0)
    assert action.dtype == np.float32
    assert action[:3] == pytest.approx([0.34, 0.0, 0.0], abs=1e-6)
    assert action[3:6] == pytest.approx(0.0)
    assert action[6] == 1.0
    assert action[11] == 0.0


def test_far_targets_saturate_at_the_speed_that_was_allowed():
    far = Pose(position=np.array([3.0, 4.0, 0.0]), rot=look(DOWN, -EAST))
    action = arm_action(robot(), far, grip=0.0, speed=0.5)
    assert np.linalg.norm(action[:3]) == pytest.approx(0.5)
    assert action[:2] == pytest.approx([0.3, 0.4])
    assert np.linalg.norm(action[3:6]) <= 1.0


def test_the_base_moves_only_in_its_own_mode():
    action = base_action(2.0, -0.5, 0.1, 0.0, grip=1.0)
    assert action[11] == 1.0
    assert not action[:6].any()
    assert action[7:11] == pytest.approx([1.0, -0.5, 0.1, 0.0])


def test_the_hand_points_where_it_is_told_and_is_a_rotation():
    rot = look(np.array([0.0, 2.0, -1.0]), EAST)
    assert rot.T @ rot == pytest.approx(np.eye(3))
    assert np.linalg.det(rot) == pytest.approx(1.0)
    assert rot[:, 2] == pytest.approx(np.array([0.0, 2.0, -1.0]) / np.sqrt(5))


def test_the_wrist_turns_half_round_for_what_lies_to_the_right():
    to_right = look(np.array([0.8, -0.5, -0.3]), NORTH)
    straight = look(np.array([1.0, 0.0, -0.5]), -NORTH)
    assert wrist_free(to_right, robot())[:, 0] @ NORTH < 0
    assert wrist_free(straight, robot())[:, 0] @ NORTH > 0


def test_a_lever_is_pushed_at_its_far_end_from_behind():
    lever = Box(
        name="lever",
        center=np.array([0.0, 0.0, 0.05]),
        rot=np.eye(3),
        half=np.array([0.013, 0.005, 0.05]),
    )
    hinge = JointTruth(
        name="handle_joint",
        kind="hinge",
        axis=-EAST,
        anchor=np.zeros(3),
        value=0.0,
        low=0.0,
        high=1.0,
    )
    spot, normal = best_contact(hinge, [lever], +1.0, DOWN).now([lever])
    assert normal == pytest.approx(-NORTH)
    assert spot[2] > 0.07
    _, other = best_contact(hinge, [lever], -1.0, DOWN).now([lever])
    assert other == pytest.approx(NORTH)


@pytest.mark.sim
@pytest.mark.parametrize(
    ("task", "split", "seed"),
    [
        ("RinseSinkBasin", "pretrain", 1),
        ("StartElectricKettle", "target", 12),
        ("PrepareDishwasher", "pretrain", 2),
        ("RotatePan", "target", 6),
        ("TurnOffStove", "target", 4),  # its knobs are on the front
        ("TurnOffSimmeredSauceHeat", "target", 3),
        ("CloseCabinet", "pretrain", 302),  # one of its doors lies against a wall
        ("ResetCabinetDoors", "pretrain", 303),
        ("OpenDrawer", "target", 712),  # an island stops the base half-way
        ("CloseDrawer", "pretrain", 700),
        ("NavigateKitchen", "target", 603),
        ("CleanBlenderJug", "target", 5),
    ],
)
def test_the_expert_completes_the_task_through_the_loop(task: str, split: str, seed: int):
    config = load("expert", task=task, split=split, seed=seed)
    kitchen = Kitchen(task, split=config.split, rendering=False)
    sensors = kitchen.begin(seed)
    referee = Referee(kitchen)
    parts = make(config, referee)
    agent = Agent(parts.planner, parts.policy, parts.judge, config.advance, seed=seed)
    agent.reset(sensors)
    success = False
    while not agent.done and sensors.step < 600:
        decision = agent.act(sensors)
        if decision.action is not None:
            sensors = kitchen.advance(decision.action)
            success = success or referee.success()
    kitchen.close()
    assert success
    assert agent.declared_success
    assert kitchen.clipped_actions == 0


@pytest.mark.sim
def test_an_arm_that_waits_beside_a_lever_under_a_low_cabinet_still_gets_to_the_spout():
    config = load("expert", task="RinseSinkBasin", split="pretrain", seed=92001)
    kitchen = Kitchen(config.task, split=config.split, rendering=False)
    kitchen.begin(config.seed)
    hanger = Hanger(kitchen)
    hanger.rehang(np.random.default_rng([92001, 2824239113, 3]))  # too low to come from above
    sensors = hanger.look()
    referee = Referee(kitchen)
    parts = make(config, referee)
    waiting = replace(config.advance, interval=2, consecutive=8, timeout=420, retries=0)
    agent = Agent(parts.planner, parts.policy, parts.judge, waiting, seed=config.seed)
    agent.reset(sensors)
    straightest = -np.inf
    while not agent.done and sensors.step < 500:
        decision = agent.act(sensors)
        if decision.action is not None:
            sensors = kitchen.advance(decision.action)
            straightest = max(straightest, referee.robot().elbow)
    success = referee.success()
    kitchen.close()
    assert success
    assert straightest < STRETCHED_RAD


def test_a_box_is_as_far_from_a_point_as_the_nearest_of_its_own_points():
    """Beside its faces, edges and corners, against points all over it."""
    rng = np.random.default_rng(0)
    rot = look(rng.normal(size=3), rng.normal(size=3))
    box = Box(name="", center=rng.normal(size=3), rot=rot, half=np.array([0.3, 0.1, 0.05]))
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 61)] * 3), -1).reshape(-1, 3)
    inside = box.center + (grid * box.half) @ rot.T
    for point in box.center + rng.normal(size=(30, 3)) * 0.4:
        nearest = np.linalg.norm(inside - point, axis=1).min()
        assert box.distance(point) == pytest.approx(nearest, abs=0.011)
    assert box.distance(inside[1000]) == pytest.approx(0.0, abs=1e-12)


def on_its_way(referee: Referee) -> bool:
    """True if the spout was at one side and is led to the other one."""
    turn = referee.joint(referee.fixture("spout"), "spout_joint").value
    return len(referee.visited()) == 2 and abs(turn) < 0.3


@pytest.mark.sim
def test_an_expert_that_resumes_a_sweep_keeps_its_hold_and_goes_where_nobody_was():
    """One that is reset does all of it again."""
    taken = {}
    for way in ("resume", "reset"):
        kitchen = Kitchen("RinseSinkBasin", rendering=False)
        sensors = kitchen.begin(1)
        referee = Referee(kitchen)
        expert = ExpertPolicy(referee)
        with pytest.raises(PolicyError, match="before reset"):
            expert.resume()
        for text in ("Turn on the sink", "wash all locations of the sink basin with the spout"):
            expert.reset(text, seed=0)
            while not referee.subtask_done() and not on_its_way(referee):
                sensors = kitchen.advance(expert.act(sensors, text)[0])
        assert referee.visited() < {"left", "center", "right"}
        before = sensors.step
        if way == "resume":
            expert.resume()
        else:
            expert.reset(text, seed=0)
        let_go = False
        while not referee.subtask_done() and sensors.step < before + 200:
            sensors = kitchen.advance(expert.act(sensors, text)[0])
            let_go |= referee.robot().finger_gap > 0.06
        assert referee.success()
        assert not let_go
        taken[way] = sensors.step - before
        kitchen.close()
    assert 0 < taken["resume"] < taken["reset"] - 10


@pytest.mark.sim
def test_the_expert_refuses_what_it_does_not_understand_or_cannot_do():
    kitchen = Kitchen("RinseSinkBasin", rendering=False)
    sensors = kitchen.begin(1)
    expert = ExpertPolicy(Referee(kitchen))
    assert expert.info.privileged
    with pytest.raises(PolicyError, match="before reset"):
        expert.act(sensors, "turn on the sink")
    with pytest.raises(PolicyError, match="juggle"):
        expert.reset("juggle the plates", seed=0)
    with pytest.raises(PolicyError, match="no kettle"):
        expert.reset("close the kettle lid", seed=0)
    with pytest.raises(PolicyError, match="no recipe"):
        expert.reset("open the oven door", seed=0)


@pytest.mark.sim
def test_the_expert_takes_over_from_a_random_policys_mess_while_it_is_disturbed():
    kitchen = Kitchen("StartElectricKettle", split="target", rendering=False)
    sensors = kitchen.begin(12)
    mess = RandomPolicy()
    mess.reset("", 12)
    for _ in range(3):
        for action in mess.act(sensors, ""):
            sensors = kitchen.advance(action)
    referee = Referee(kitchen)
    expert = ExpertPolicy(referee, disturb_every=30, disturb_amplitude=0.5)
    kinds = set()
    for text in ("Close the electric kettle lid", "turn on the electric kettle"):
        expert.reset(text, seed=5)
        for _ in range(300):
            if referee.subtask_done():
                break
            sensors = kitchen.advance(expert.act(sensors, text)[0])
            kinds.add(expert.step_kind)
        assert referee.subtask_done(), expert.trouble
    assert referee.success()
    kitchen.close()
    assert {"plain", "disturbed", "corrective"} == kinds
