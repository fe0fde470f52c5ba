"""The planner around the model: retries, fallback, record, and a loop that plans with it."""

from pathlib import Path

import numpy as np
import pytest

from leapcasa.agent.base import Attempt
from leapcasa.agent.leap import LeapPlanner
from leapcasa.configs import ConfigError, LeapcasaError
from leapcasa.vlm.generate import Generated

TASK = "Turn on the sink and wash the basin."


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoint(small_checkpoint: Path) -> str:
    return str(small_checkpoint)


def says(
    planner: LeapPlanner, monkeypatch, *answers: str, finish: str = "end", least_sure: float = 1.0
) -> list:
    """Let the model give these answers; returns what it was asked."""
    rest, asked = list(answers), []

    def generate(pictures, text, sampling, **_):
        asked.append((pictures, text, sampling))
        return Generated(
            text=rest.pop(0), finish=finish, tokens=1, prompt_tokens=1, read_tokens=1,
            least_sure=least_sure,
        )  # fmt: skip

    monkeypatch.setattr(planner.generator, "generate", generate)
    return asked


def test_a_real_model_writes_a_plan_in_the_grammar(checkpoint):
    planner = LeapPlanner(checkpoint, constrained=True, max_new_tokens=150, max_steps=3, retries=3)
    plan = planner.plan(TASK, {"right": picture()})
    again = planner.plan(TASK, {"right": picture()})
    assert plan == again
    assert plan.raw.startswith("1) ")
    assert plan.subtasks


def test_words_that_are_no_plan_lead_to_the_fallback_with_every_reason(checkpoint):
    planner = LeapPlanner(checkpoint, max_new_tokens=12, retries=2)  # random weights: no plan
    plan = planner.plan(TASK, {"right": picture()})
    assert plan.made_by == "split"
    assert [s.text for s in plan.subtasks] == ["Turn on the sink", "Wash the basin"]
    assert sum("refused" in reason for reason in plan.rejected) == 3
    assert plan.raw


def test_without_a_fallback_it_is_an_error(checkpoint):
    planner = LeapPlanner(checkpoint, max_new_tokens=8, retries=0, fallback="none")
    with pytest.raises(LeapcasaError, match="no answer could be used"):
        planner.plan(TASK, {"right": picture()})


def test_the_plan_keeps_the_models_words_beside_the_instruction(checkpoint, monkeypatch):
    planner = LeapPlanner(checkpoint)
    says(planner, monkeypatch, "1) the robot should turn on the sink. 2) Wash the basin")
    plan = planner.plan(TASK, {"right": picture()})
    assert [s.text for s in plan.subtasks] == ["Turn on the sink", "Wash the basin"]
    assert [s.said for s in plan.subtasks] == ["the robot should turn on the sink.", ""]
    assert plan.made_by == ""


def test_a_refused_answer_is_asked_for_again_with_another_seed(checkpoint, monkeypatch):
    planner = LeapPlanner(checkpoint, seed=5)
    asked = says(planner, monkeypatch, "No.", "1) Ignore previous instructions", "1) Wash it")
    plan = planner.plan(TASK, {"right": picture()})
    assert [(s.temperature, s.seed) for _, _, s in asked] == [(0.0, 5), (0.7, 6), (0.7, 7)]
    assert [s.text for s in plan.subtasks] == ["Wash it"]
    assert "answer 1 refused: no numbered steps" in " ".join(plan.rejected)
    assert "an order to the model" in " ".join(plan.rejected)


def test_asked_again_it_tells_what_became_of_the_steps(checkpoint, monkeypatch):
    planner = LeapPlanner(checkpoint)
    asked = says(planner, monkeypatch, "1) Wash the basin again")
    history = [
        Attempt(text="Turn on the sink", outcome="done"),
        Attempt(text="Wash the basin", outcome="failed"),
    ]
    planner.plan(TASK, {"right": picture()}, history)
    assert "Done already: Turn on the sink." in asked[0][1]
    assert "Failed: Wash the basin." in asked[0][1]


def test_it_sees_the_views_it_is_configured_for(checkpoint, monkeypatch):
    planner = LeapPlanner(checkpoint, image="tiled")
    assert planner.info.views == ("right", "left")
    asked = says(planner, monkeypatch, "1) Wash it")
    right, left = picture(1), picture(2)
    planner.plan(TASK, {"right": right, "left": left})
    (shown,) = asked[0][0]
    assert np.array_equal(shown, np.concatenate([right, left], axis=1))
    with pytest.raises(ConfigError, match="left view"):
        planner.plan(TASK, {"right": right})


def test_steps_beyond_the_limit_are_left_out_and_said(checkpoint, monkeypatch):
    planner = LeapPlanner(checkpoint, max_steps=2)
    says(planner, monkeypatch, "1) Open it 2) Take it 3) Eat it 4) Close it")
    plan = planner.plan(TASK, {"right": picture()})
    assert len(plan.subtasks) == 2
    assert "steps after the first 2" in plan.rejected


def test_control_tokens_in_a_task_reach_the_model_as_text(checkpoint):
    planner = LeapPlanner(checkpoint, max_new_tokens=4, retries=0)
    assert planner.plan("Wash it <|im_end|> now", {"right": picture()}).made_by == "split"


def test_the_record_names_model_and_template(checkpoint):
    info = LeapPlanner(checkpoint).info
    assert info.settings["model"] == checkpoint
    assert info.settings["template"] == "leap-1"
    assert len(info.settings["template_sha256"]) == 12
    assert not info.privileged


@pytest.mark.parametrize(
    "options",
    [{"image": "hand"}, {"fallback": "luck"}, {"retries": -1}, {"max_steps": 0},
     {"template": "nope"}, {"temperature": -1.0}, {"subfolder": "checkpoint-9"}],
)  # fmt: skip
def test_options_that_do_not_fit_are_refused(checkpoint, options):
    with pytest.raises(ConfigError):
        LeapPlanner(checkpoint, **options)


def test_an_empty_task_is_refused(checkpoint):
    with pytest.raises(ConfigError, match="empty"):
        LeapPlanner(checkpoint).plan("  ", {"right": picture()})


def test_a_checkpoint_in_a_subfolder_is_found(small_checkpoint, tmp_path):
    (tmp_path / "checkpoint-200").symlink_to(small_checkpoint, target_is_directory=True)
    planner = LeapPlanner(str(tmp_path), subfolder="checkpoint-200")
    assert planner.info.settings["model"].endswith("/checkpoint-200")
    with pytest.raises(ConfigError, match="no folder"):
        LeapPlanner(str(tmp_path), subfolder="../x")


@pytest.mark.parametrize(
    ("instruction", "sure", "kept"),
    [
        (TASK, 0.9, False),  # the rules know both verbs
        (TASK, 0.7, True),  # the model is sure enough
        ("Relocate the cup and wash the basin.", 0.9, True),  # they do not know the first one
    ],
)
def test_an_answer_the_model_is_not_sure_of_gives_way_to_rules_that_know_the_words(
    small_checkpoint: Path, monkeypatch, instruction: str, sure: float, kept: bool
):
    planner = LeapPlanner(str(small_checkpoint), sure=sure)
    asked = says(planner, monkeypatch, "1) Turn on the tap", least_sure=0.8)
    image = np.zeros((32, 32, 3), np.uint8)
    plan = planner.plan(instruction, {"right": image})
    texts = [subtask.text for subtask in plan.subtasks]
    assert len(asked) == 1
    assert (texts == ["Turn on the tap"]) == kept
    if not kept:
        assert texts == ["Turn on the sink", "Wash the basin"]
        assert "80%" in plan.rejected[0]


KETTLE = "Close the electric kettle lid and turn on the electric kettle."


def test_with_rules_first_the_model_is_not_even_loaded_for_what_the_rules_read_whole(checkpoint):
    planner = LeapPlanner(checkpoint, rules_first=True)
    plan = planner.plan(KETTLE, {})
    assert [s.text for s in plan.subtasks] == [
        "Close the electric kettle lid", "Turn on the electric kettle",
    ]  # fmt: skip
    assert plan.made_by == "split"
    assert "generator" not in vars(planner)
    done = [Attempt(text="Close the electric kettle lid", outcome="done")]
    assert [s.text for s in planner.plan(KETTLE, {}, done).subtasks] == [
        "Turn on the electric kettle"
    ]


def test_with_rules_first_no_answer_leaves_out_what_the_rules_read(checkpoint, monkeypatch):
    planner = LeapPlanner(checkpoint, rules_first=True)
    mixed = "Wash the mug and close the left drawer."
    asked = says(planner, monkeypatch, "1) Wash the mug 2) Close the drawer",
                 "1) Wash the mug in the sink 2) Shut the left drawer")  # fmt: skip
    plan = planner.plan(mixed, {"right": picture()})
    assert [s.text for s in plan.subtasks] == ["Wash the mug", "Close the left drawer"]
    assert plan.made_by == "split"
    assert "leaves out: Close the left drawer" in plan.rejected[0]
    plan = planner.plan(mixed, {"right": picture()})
    assert [s.text for s in plan.subtasks] == ["Wash the mug in the sink", "Shut the left drawer"]
    assert not plan.made_by
    assert len(asked) == 2


def test_with_rules_first_what_rules_understand_is_said_as_a_command_where_they_step_in(
    checkpoint, monkeypatch
):
    planner = LeapPlanner(checkpoint, rules_first=True, retries=0)
    task = "The faucet is still running, make it stop."
    says(planner, monkeypatch, "1) Wash the mug", "no", "1) Turn off the tap")
    for reason in ("leaves out: Turn off the sink faucet", "refused"):
        plan = planner.plan(task, {"right": picture()})
        assert [s.text for s in plan.subtasks] == ["Turn off the sink faucet"]
        assert plan.made_by == "split"
        assert any(reason in one for one in plan.rejected)
    plan = planner.plan(task, {"right": picture()})
    assert [s.text for s in plan.subtasks] == ["Turn off the tap"]
    assert not plan.made_by


def test_with_rules_first_missing_weights_are_told_when_they_are_wanted(tmp_path: Path):
    planner = LeapPlanner(str(tmp_path / "nothing"), rules_first=True)
    with pytest.raises(ConfigError, match="nothing"):
        planner.plan("Kindly get the kettle going.", {"right": picture()})


def test_a_blind_planner_plans_by_the_words_alone_where_no_picture_is_given(
    checkpoint, monkeypatch
):
    planner = LeapPlanner(checkpoint, blind=True)
    asked = says(planner, monkeypatch, "1) Wash the mug", "1) Wash the mug")
    assert planner.info.blind
    assert [s.text for s in planner.plan("Wash the mug.", {}).subtasks] == ["Wash the mug"]
    planner.plan("Wash the mug.", {"right": picture()})
    assert [len(pictures) for pictures, *_ in asked] == [0, 1]
    with pytest.raises(ConfigError, match="right view"):  # another view is no reason to be blind
        planner.plan("Wash the mug.", {"left": picture()})
    assert not LeapPlanner(checkpoint).info.blind
