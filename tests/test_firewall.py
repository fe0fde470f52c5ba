"""Nothing that the sensors do not show reaches an agent's decisions.

The same episode runs twice. The second time every hidden quantity that RoboCasa would report is
scrambled: success, reward, poses and names of objects, states of fixtures, observables, and the
referee raises when asked. Unprivileged parts must decide exactly as before; a policy that peeks
must not, or the test could not fail.
"""

import dataclasses
from typing import Any

import numpy as np
import pytest

from leapcasa.agent import Agent
from leapcasa.configs import load
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.policies.base import PolicyInfo
from leapcasa.runs import components

TASK, SEED, STEPS = "PickPlaceCounterToSink", 4, 40


class Asked(Exception):
    """Somebody asked the referee."""


def silence(referee: Referee, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every public method of the referee raises."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise Asked

    for name in dir(type(referee)):
        if not name.startswith("_") and callable(getattr(type(referee), name)):
            monkeypatch.setattr(referee, name, refuse, raising=True)


def scramble(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make RoboCasa lie about everything hidden; physics and pixels stay as they are."""
    rng = np.random.default_rng(99)
    monkeypatch.setattr(env, "_check_success", lambda: bool(rng.random() < 0.5))
    monkeypatch.setattr(env, "reward", lambda action=None: float(rng.normal()))
    monkeypatch.setattr(env, "get_ep_meta", lambda: {"lang": "a lie"})
    ids = list(env.obj_body_id.values())
    lies = dict(zip(env.obj_body_id, rng.permutation(ids[::-1]), strict=True))
    monkeypatch.setattr(env, "obj_body_id", {name: int(i) - 7 for name, i in lies.items()})
    monkeypatch.setattr(env, "objects", {})
    monkeypatch.setattr(env, "object_cfgs", [])
    for observable in env._observables.values():
        monkeypatch.setattr(observable, "_current_observed_value", rng.normal(size=3))


def decisions(agent_of, monkeypatch: pytest.MonkeyPatch, *, scrambled: bool):
    """Actions, events and proprioception of one episode."""
    sizes = {"right": 64, "left": 64}
    kitchen = Kitchen(TASK, split="target", image_size=sizes, render_profile="fast")  # pyright: ignore
    with monkeypatch.context() as patch:
        sensors = kitchen.begin(SEED)
        referee = Referee(kitchen)
        agent: Agent = agent_of(kitchen, referee)
        if scrambled:
            scramble(kitchen.robocasa, patch)
            silence(referee, patch)
        happened, actions, felt = list(agent.reset(sensors)), [], []
        for _ in range(STEPS):
            decision = agent.act(sensors)
            happened += decision.events
            if decision.action is None:
                break
            actions.append(decision.action)
            felt.append(sensors.proprioception.vector())
            sensors = kitchen.advance(decision.action)
    kitchen.close()
    told = [{k: v for k, v in e.to_dict().items() if k != "milliseconds"} for e in happened]
    return np.array(actions), told, np.array(felt)


def unprivileged(kitchen: Kitchen, referee: Referee) -> Agent:
    config = load("baseline", ["advance.timeout=25", "judge.options.moved=0.2"], task=TASK)
    parts = components.make(config, referee)
    assert parts.privileged == ()
    return Agent(parts.planner, parts.policy, parts.judge, config.advance, seed=SEED)


class Peeker:
    """Steers by what RoboCasa says of the first object: a cheat."""

    info = PolicyInfo(name="peeker", privileged=True)

    def __init__(self, kitchen: Kitchen) -> None:
        self._env = kitchen.robocasa

    def reset(self, instruction: str, seed: int) -> None:
        pass

    def act(self, sensors, instruction):
        body = next(iter(self._env.obj_body_id.values()))
        action = np.zeros((4, 12), np.float32)
        action[:, :3] = np.tanh(self._env.sim.data.body_xpos[body])
        return action


def peeking(kitchen: Kitchen, referee: Referee) -> Agent:
    parts = components.make(load("baseline", task=TASK), referee)
    config = load("baseline").advance
    return Agent(parts.planner, Peeker(kitchen), parts.judge, config, seed=SEED)


@pytest.mark.sim
def test_scrambling_all_that_is_hidden_changes_no_decision(monkeypatch):
    actions, told, felt = decisions(unprivileged, monkeypatch, scrambled=False)
    again, told_again, felt_again = decisions(unprivileged, monkeypatch, scrambled=True)
    assert len(actions) > 30
    assert np.array_equal(actions, again)
    assert np.array_equal(felt, felt_again)
    assert told == told_again
    assert {"JudgeCalled", "PolicyCalled", "PlanMade"} <= {event["event"] for event in told}


@pytest.mark.sim
def test_a_policy_that_peeks_is_caught_by_the_same_scramble(monkeypatch):
    actions, *_ = decisions(peeking, monkeypatch, scrambled=False)
    again, *_ = decisions(peeking, monkeypatch, scrambled=True)
    assert not np.array_equal(actions, again)


@pytest.mark.sim
def test_a_judge_that_asks_the_referee_is_caught(monkeypatch):
    def with_referee(kitchen: Kitchen, referee: Referee) -> Agent:
        config = load("baseline", ["judge=referee"], task=TASK)
        parts = components.make(config, referee)
        assert parts.privileged == ("judge",)
        return Agent(parts.planner, parts.policy, parts.judge, config.advance, seed=SEED)

    with pytest.raises(Asked):
        decisions(with_referee, monkeypatch, scrambled=True)


def test_sensors_carry_nothing_else():
    from leapcasa.envs.sensors import Proprioception, Sensors

    assert [f.name for f in dataclasses.fields(Sensors)] == [
        "images",
        "proprioception",
        "instruction",
        "step",
    ]
    assert [f.name for f in dataclasses.fields(Proprioception)] == [
        "gripper_qpos",
        "base_position",
        "base_rotation",
        "end_effector_position",
        "end_effector_rotation",
    ]
