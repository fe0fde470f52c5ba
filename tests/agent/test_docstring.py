from typing import cast

import pytest

from leapcasa.agent.base import Attempt
from leapcasa.agent.docstring import DocstringPlanner, RecordedTruth
from leapcasa.configs import ConfigError, LeapcasaError, load
from leapcasa.envs import composites
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.runs import components

SLOTS = {"meat": "shrimp", "meat_container": "plate", "pan": "pan", "knob": "front right"}


def texts(task: str, slots=SLOTS, history=(), instruction: str = "do it") -> list[str]:
    planner = DocstringPlanner(RecordedTruth(task=task, slots=slots))
    return [s.text for s in planner.plan(instruction, {}, history).subtasks]


def test_it_says_that_it_is_privileged():
    info = DocstringPlanner(RecordedTruth(task="SearingMeat", slots={})).info
    assert (info.name, info.privileged, info.views) == ("docstring", True, ())


def test_it_plans_the_tasks_own_steps_with_the_episodes_objects():
    assert texts("SearingMeat") == [
        "Pick the pan from the cabinet and place it on the front right burner of the stove.",
        "Pick the shrimp from the plate and place it in the pan.",
        "Turn on the stove burner under the pan.",
    ]


def test_what_is_done_is_not_planned_again():
    first, *others = texts("SearingMeat")
    assert texts("SearingMeat", history=[Attempt(text=first, outcome="done")]) == others
    done = [Attempt(text=text, outcome="done") for text in (first, *others)]
    with pytest.raises(LeapcasaError, match="all 3 steps of SearingMeat"):
        texts("SearingMeat", history=done)


def test_an_atomic_task_is_its_own_only_step():
    assert texts("OpenDrawer", instruction="Open the drawer.") == ["Open the drawer."]


def test_without_a_task_it_refuses():
    with pytest.raises(LeapcasaError, match="its name is not given"):
        texts("")


def test_a_run_with_it_counts_the_planner_as_privileged():
    config = load("baseline", ["planner=docstring"])
    made = components.make(config, cast(Referee, RecordedTruth(task="SearingMeat", slots=SLOTS)))
    assert made.privileged == ("planner",)
    assert len(made.planner.plan("x", {}).subtasks) == 3
    with pytest.raises(ConfigError, match="docstring"):
        components.make(
            load("baseline", ["planner=docstring", "planner.options.x=1"]), cast(Referee, 0)
        )


@pytest.mark.sim
@pytest.mark.parametrize(
    "task",
    # Every task that leaves words to the episode, and a saucepan whose lid is an object of its own.
    sorted({n for n, c in composites.all_steps().items() if c.words} | {"BoilCorn"}),
)
def test_the_referee_tells_the_words_that_the_instruction_uses(task):
    kitchen = Kitchen(task, split="target", rendering=False)
    kitchen.begin(0)
    try:
        referee = Referee(kitchen)
        names, said = referee.names(), referee.instruction.casefold()
        assert referee.task == task
        known = composites.steps(task)
        assert set(known.words) <= set(names)
        for word in known.words:
            # "lower shelf" is said as "lower shelves".
            assert names[word].removesuffix("f") in said
        planned = [s.text for s in DocstringPlanner(referee).plan(said, {}).subtasks]
        assert planned == list(composites.render(known, names))
        assert not any("  " in text or "{" in text or "with lid" in text for text in planned)
    finally:
        kitchen.close()
