import pytest

from leapcasa.agent import prompts
from leapcasa.agent.base import Attempt
from leapcasa.configs import ConfigError


def test_the_shipped_template_carries_leaps_marker_and_the_task():
    text = prompts.load("leap-1").text("Clean the sink.")
    assert "Task name: Clean the sink. Based on" in text  # LEAP's tools read the task between these


def test_a_replan_tells_what_is_done_and_what_failed():
    history = [
        Attempt(text="Open the fridge", outcome="done"),
        Attempt(text="Pick the {done} milk.", outcome="failed"),
    ]
    text = prompts.load("leap-1").text("Fetch milk", history)
    assert "Done already: Open the fridge." in text
    assert "Failed: Pick the {done} milk." in text
    assert "Task name: Fetch milk." in text


def test_a_draft_is_what_the_rules_cut_the_task_into():
    text = prompts.load("draft-1").text("Open the drawer, then take the {task} mug out.")
    assert "Draft: 1) Open the drawer 2) Take the {task} mug out. Based on" in text


def test_a_long_history_is_told_from_its_end():
    history = [Attempt(text=f"Step {i} of many", outcome="done") for i in range(100)]
    text = prompts.load("leap-1").text("x", history)
    assert "Step 99 of many" in text
    assert "Step 79 of many" not in text


def test_a_users_own_pair_of_files(tmp_path):
    (tmp_path / "mine.plan.txt").write_text("Do {task}")
    (tmp_path / "mine.replan.txt").write_text("Do {task}, done {done}, failed {failed}")
    template = prompts.load(str(tmp_path / "mine"))
    assert template.text("it") == "Do it"
    before = template.digest
    (tmp_path / "mine.plan.txt").write_text("Now do {task}")
    assert prompts.load(str(tmp_path / "mine")).digest != before


def test_wrong_templates_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="there are draft-1, leap-1"):
        prompts.load("leap-2")
    with pytest.raises(ConfigError, match="cannot be read"):
        prompts.load(str(tmp_path / "none"))
    (tmp_path / "bad.plan.txt").write_text("Do it")
    (tmp_path / "bad.replan.txt").write_text("{task} {done} {failed}")
    with pytest.raises(ConfigError, match=r"\{task\} once"):
        prompts.load(str(tmp_path / "bad"))
