"""The loop without a simulator: recorded frames, small parts that speak the protocols."""

import dataclasses

import numpy as np
import pytest

from leapcasa.agent import Agent, Plan, PlannerInfo, Subtask, events
from leapcasa.configs import AdvanceConfig, PolicyError
from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE, JudgeInfo, Verdict
from leapcasa.policies.base import PolicyInfo
from leapcasa.policies.random import RandomPolicy


def look(step: int, instruction: str = "do a and b") -> Sensors:
    """A look whose right view is filled with the step number, the left with 100 + step."""
    zeros = {f.name: np.zeros(3, np.float32) for f in dataclasses.fields(Proprioception)}
    right = np.full((8, 8, 3), step % 256, np.uint8)
    images = {"right": right, "left": right + np.uint8(100)}
    return Sensors(
        images=images, proprioception=Proprioception(**zeros), instruction=instruction, step=step
    )


class ListPlanner:
    """Plans what it was given, one list a call, and keeps what it was asked."""

    info = PlannerInfo(name="list", privileged=False, views=("right",))

    def __init__(self, *plans: list[str]):
        self.plans, self.asked = list(plans), []

    def plan(self, instruction, images, history=()):
        self.asked.append((instruction, {v: i.copy() for v, i in images.items()}, tuple(history)))
        return Plan(subtasks=tuple(Subtask(text=t) for t in self.plans.pop(0)))


class CountingPolicy:
    """Numbers its actions, so that a test sees which of them were used."""

    info = PolicyInfo(name="counting", privileged=False)

    def __init__(self, horizon: int = 4):
        self.horizon, self.given, self.resets = horizon, 0, []

    def reset(self, instruction, seed):
        self.resets.append((instruction, seed))

    def act(self, sensors, instruction):
        chunk = np.zeros((self.horizon, 12), np.float32)
        for row in chunk:
            row[0] = self.given / 1000
            self.given += 1
        return chunk


class PlannedJudge:
    """Says complete at the steps it was given; keeps the clips it saw."""

    def __init__(self, complete_at: set[int], frames: int = 4):
        self.info = JudgeInfo(name="planned", privileged=False, frames=frames)
        self.complete_at, self.seen, self.resets = complete_at, [], []

    def reset(self, instruction):
        self.resets.append(instruction)

    def score(self, clips, instruction):
        self.seen.append({view: clip[:, 0, 0, 0].tolist() for view, clip in clips.items()})
        done = int(clips["right"][-1, 0, 0, 0]) in self.complete_at
        scores = {NOT_COMPLETE: 1.0, COMPLETE: 0.5 if done else 1.5}
        return Verdict(label=COMPLETE if done else NOT_COMPLETE, scores=scores)


def run(agent: Agent, steps: int = 100):
    """Drive the agent with looks until it is done; (actions, events)."""
    sensors = look(0)
    happened, actions = list(agent.reset(sensors)), []
    for step in range(1, steps + 1):
        decision = agent.act(sensors)
        happened += decision.events
        if decision.action is None:
            break
        actions.append(decision.action)
        sensors = look(step)
    return actions, happened


def make(judge, *, planner=None, policy=None, seed=0, **advance):
    config = AdvanceConfig(**{"interval": 2, "timeout": 10, "retries": 0, **advance})
    planner = planner or ListPlanner(["a", "b"])
    return Agent(planner, policy or CountingPolicy(), judge, config, seed=seed)


def names(happened) -> list[str]:
    return [type(event).__name__ for event in happened]


def test_a_plan_is_carried_out_and_declared():
    agent = make(PlannedJudge({4, 8}))
    actions, happened = run(agent)
    assert agent.done
    assert agent.declared_success
    assert agent.end_reason == "completed"
    assert len(actions) == 8
    assert names(happened) == [
        "PlanMade", "SubtaskStarted", "PolicyCalled",
        "JudgeCalled", "JudgeCalled", "Advanced", "SubtaskStarted", "PolicyCalled",
        "JudgeCalled", "JudgeCalled", "Advanced", "Stopped",
    ]  # fmt: skip
    assert [s.status for s in agent.view().subtasks] == ["done", "done"]
    assert agent.view().current is None


def test_a_chunk_in_flight_is_dropped_when_the_subtask_changes():
    policy = CountingPolicy(horizon=3)
    actions, _ = run(make(PlannedJudge({4, 8}), policy=policy))
    used = [round(float(a[0]) * 1000) for a in actions]
    assert used == [0, 1, 2, 3, 6, 7, 8, 9]  # 4 and 5 were in flight at the change


def test_the_judge_sees_the_newest_frames_of_each_view_padded_with_the_first():
    judge = PlannedJudge(set(), frames=4)
    run(make(judge, timeout=6, on_timeout="stop"))
    assert judge.seen[0] == {"right": [0, 0, 1, 2], "left": [100, 100, 101, 102]}
    assert judge.seen[1]["right"] == [1, 2, 3, 4]


def test_with_a_subtask_window_the_judge_sees_no_frame_from_before_the_subtask():
    judge = PlannedJudge({4, 8}, frames=6)
    run(make(judge, window="subtask"))
    assert judge.seen[2]["right"] == [4, 4, 4, 4, 5, 6]
    judge = PlannedJudge({4, 8}, frames=6)
    run(make(judge, window="episode"))
    assert judge.seen[2]["right"] == [1, 2, 3, 4, 5, 6]


def test_a_timeout_is_retried_with_another_seed_then_skipped():
    policy = CountingPolicy()
    agent = make(PlannedJudge({26}), policy=policy, retries=1, on_timeout="skip")
    _, happened = run(agent)
    assert names(happened).count("Retried") == 1
    assert names(happened).count("Skipped") == 1
    assert [text for text, _ in policy.resets] == ["a", "a", "b"]
    assert len({seed for _, seed in policy.resets}) == 3
    assert agent.end_reason == "incomplete"
    assert not agent.declared_success
    assert [s.status for s in agent.view().subtasks] == ["failed", "done"]


@pytest.mark.parametrize(
    ("complete_at", "ended"), [({24}, {24: "Advanced"}), (set(), {30: "Skipped"})]
)
def test_what_only_waits_has_a_time_of_its_own_and_no_second_attempt(complete_at, ended):
    policy = CountingPolicy()
    planner = ListPlanner(["Wait until the sauce is done", "b"])
    patience = {"retries": 3, "waiting": 30, "on_timeout": "skip", "timeout": 10}
    agent = make(PlannedJudge(complete_at), planner=planner, policy=policy, **patience)
    _, happened = run(agent)
    first = [e for e in happened if getattr(e, "index", None) == 0]
    assert {e.step: type(e).__name__ for e in first if type(e).__name__ in ended.values()} == ended
    assert [text for text, _ in policy.resets][:2] == ["Wait until the sauce is done", "b"]
    assert names(happened).count("Retried") == 3  # of what is done after the wait


def test_a_replan_gets_the_history_and_the_newest_image_and_can_still_succeed():
    planner = ListPlanner(["a", "b"], ["c"])
    agent = make(PlannedJudge({4, 18}), planner=planner, on_timeout="replan")
    _, happened = run(agent)
    instruction, images, history = planner.asked[1]
    assert instruction == "do a and b"
    assert int(images["right"][0, 0, 0]) == 14
    assert [(h.text, h.outcome) for h in history] == [("a", "done"), ("b", "failed")]
    assert agent.end_reason == "completed"
    assert [s.text for s in agent.view().subtasks] == ["a", "b", "c"]
    assert names(happened).count("Replanned") == 1


def test_refusals_in_a_row_fail_an_attempt_before_its_time():
    """Verdicts at 2, 4, 6 ...; the third refusal in a row ends the attempt, not the timeout."""
    agent = make(PlannedJudge(set()), timeout=100, max_refusals=3, retries=1, on_timeout="skip")
    _, happened = run(agent)
    failed = [e.step for e in happened if type(e).__name__ in ("Retried", "Skipped")]
    assert failed == [6, 12, 18, 24]


def test_a_streak_of_refusals_is_broken_by_a_verdict_that_says_complete():
    agent = make(PlannedJudge({4, 8, 12}), timeout=100, max_refusals=2, consecutive=2)
    _, happened = run(agent, steps=14)
    assert not any(type(e).__name__ in ("Skipped", "Replanned", "Stopped") for e in happened)


def test_the_last_subtask_settles_on_its_own_chunk_and_nobody_is_asked():
    policy, judge = CountingPolicy(horizon=3), PlannedJudge({4, 8, 10, 12})
    agent = make(judge, policy=policy, settle=5)
    actions, happened = run(agent, steps=9)  # the look of step 8 declares "b"
    assert not agent.done
    assert agent.declared_success
    assert agent.end_reason is None
    assert agent.view().current is None
    assert [s.status for s in agent.view().subtasks] == ["done", "done"]
    agent = make(judge, policy=(policy := CountingPolicy(horizon=3)), settle=5)
    judge.seen.clear()
    actions, happened = run(agent)
    assert len(judge.seen) == 4
    assert len(actions) == 13
    used = [round(float(a[0]) * 1000) for a in actions]
    assert used == [0, 1, 2, 3, 6, 7, 8, 9, *range(10, 15)]  # 10 and 11 were in flight
    assert len(policy.resets) == 2
    ends = {type(e).__name__: e.step for e in happened}
    assert (ends["Advanced"], ends["Stopped"]) == (8, 13)
    assert {e.index for e in happened if isinstance(e, events.PolicyCalled) and e.step > 8} == {1}
    assert agent.end_reason == "completed"


@pytest.mark.parametrize(("complete_at", "after"), [({4}, 0), ({14}, 5)])
def test_only_what_was_declared_settles(complete_at, after):
    agent = make(PlannedJudge(complete_at), settle=5, on_timeout="skip")
    actions, happened = run(agent)
    ended = max(e.step for e in happened if isinstance(e, events.Advanced | events.Skipped))
    assert len(actions) == ended + after
    assert agent.end_reason == "incomplete"
    assert not agent.declared_success


def test_the_planners_own_words_and_a_fallback_are_on_the_record():
    class Wordy(ListPlanner):
        def plan(self, instruction, images, history=()):
            self.asked.append(tuple(history))
            subtask = Subtask(text="Open it", said="then open it!")
            return Plan(subtasks=(subtask,), raw="raw", rejected=("why",), made_by="split")

    agent = make(
        PlannedJudge(set()), planner=Wordy(), timeout=4, on_timeout="replan", max_replans=1
    )
    _, happened = run(agent)
    for event in (e for e in happened if type(e).__name__ in ("PlanMade", "Replanned")):
        assert event.said == ("then open it!",)
        assert (event.made_by, event.raw, event.rejected) == ("split", "raw", ("why",))


def test_replans_are_bounded():
    planner = ListPlanner(["a"], ["b"], ["c"])
    agent = make(PlannedJudge(set()), planner=planner, on_timeout="replan", max_replans=1)
    run(agent)
    assert agent.end_reason == "gave_up"
    assert len(planner.asked) == 2


def test_the_same_looks_and_seed_give_the_same_decisions():
    def decisions(seed):
        agent = make(PlannedJudge({14, 30}), policy=RandomPolicy(horizon=5), seed=seed, retries=2)
        actions, happened = run(agent)
        return np.array(actions), [event.to_dict() for event in happened]

    first, second, other = decisions(3), decisions(3), decisions(4)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]
    assert not np.array_equal(first[0], other[0])


def test_an_agent_can_be_reset_and_remembers_nothing():
    judge = PlannedJudge({4, 8})
    agent = make(judge, planner=ListPlanner(["a", "b"], ["a", "b"]))
    _, first = run(agent)
    _, second = run(agent)
    assert [e.to_dict() for e in first] == [e.to_dict() for e in second]


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (np.zeros(12), r"shape \(12,\)"),
        (np.zeros((0, 12)), r"shape \(0, 12\)"),
        (np.zeros((2, 7)), r"shape \(2, 7\)"),
        (np.array([[0.0] * 12, [0.0] * 5 + [np.nan] + [0.0] * 6]), r"action\[1, 5\] is nan"),
        (np.full((1, 12), np.inf), r"action\[0, 0\] is inf"),
        ("nonsense", "no numbers"),
    ],
)
def test_bad_chunks_are_refused_by_place(chunk, said):
    policy = CountingPolicy()
    policy.act = lambda sensors, instruction: chunk
    with pytest.raises(PolicyError, match=said):
        run(make(PlannedJudge(set()), policy=policy))


def test_what_is_out_of_range_is_clipped_and_counted():
    policy = CountingPolicy()
    policy.act = lambda sensors, instruction: np.array([[3.0, -2.0] + [0.0] * 10])
    actions, happened = run(make(PlannedJudge({2, 4}), policy=policy))
    assert actions[0][:2].tolist() == [1.0, -1.0]
    assert {e.clipped for e in happened if isinstance(e, events.PolicyCalled)} == {2}


def test_a_judge_that_looks_at_nothing_gets_no_clips():
    class Blind(PlannedJudge):
        def score(self, clips, instruction):
            assert clips == {}
            return Verdict(label=COMPLETE, scores={NOT_COMPLETE: 1.0, COMPLETE: 0.0})

    agent = make(Blind(set(), frames=0))
    run(agent)
    assert agent.declared_success
