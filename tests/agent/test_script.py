import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leapcasa.agent.base import Attempt
from leapcasa.agent.docstring import RecordedTruth
from leapcasa.agent.script import ScriptPlanner, read, remaining
from leapcasa.configs import ConfigError, LeapcasaError, load
from leapcasa.envs.referee import Referee
from leapcasa.runs import components

STEPS = ["Open the fridge door", "Pick the milk", "Close the fridge door"]
STYLES = {
    "plain": "{text}",
    "paren": "{number}) {text}",
    "dot": "  {number}. {text}  ",
    "both": "({number}) {text}",
    "step": "Step {number}: {text}",
    "dash": "- {text}",
    "bullet": "• {text}",
}


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def texts(planner: ScriptPlanner, instruction: str = "x", history=()) -> list[str]:
    return [s.text for s in planner.plan(instruction, {}, history).subtasks]


@pytest.mark.parametrize("style", STYLES)
def test_lines_numbered_in_any_style_give_the_same_steps(style, tmp_path):
    lines = [STYLES[style].format(number=i, text=t) for i, t in enumerate(STEPS, 1)]
    file = written(tmp_path / "steps.txt", "# my plan\n\n" + "\r\n".join(lines) + "\n")
    assert texts(ScriptPlanner(file)) == STEPS


def test_numbers_inside_a_step_stay(tmp_path):
    file = written(tmp_path / "s.txt", "1) Wait 150 steps\n2 eggs go in the pan")
    assert texts(ScriptPlanner(file)) == ["Wait 150 steps", "2 eggs go in the pan"]


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_lists_and_mappings_are_read(suffix, tmp_path):
    dump = json.dumps if suffix == ".json" else yaml.safe_dump
    one = written(tmp_path / f"one{suffix}", dump(STEPS))
    assert texts(ScriptPlanner(one)) == STEPS
    by_task = {"MakeTea": ["Boil"], "Fetch the milk.": STEPS, "Numbered": "1) a\n2) b\n"}
    several = written(tmp_path / f"several{suffix}", dump(by_task))
    assert texts(ScriptPlanner(several, task="MakeTea"), "fetch the milk") == ["Boil"]
    assert texts(ScriptPlanner(several, task=lambda: "Other"), " fetch  the MILK") == STEPS
    assert texts(ScriptPlanner(several, task="Numbered")) == ["a", "b"]


def test_a_task_without_an_entry_is_refused_with_the_nearest_one(tmp_path):
    file = written(tmp_path / "s.json", json.dumps({"MakeTea": ["Boil"]}))
    with pytest.raises(ConfigError, match=r"no steps for 'MakeTae'; did you mean 'MakeTea'"):
        ScriptPlanner(file, task="MakeTae").plan("boil water", {})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("s.json", "{", "no valid JSON"),
        ("s.yaml", "a: [", "no valid YAML"),
        ("s.json", "3", "a list of texts, got int"),
        ("s.json", "[]", "no steps"),
        ("s.json", "{}", "empty mapping"),
        ("s.json", '["a", 3]', "step 2 is no text of a step: 3"),
        ("s.json", '{"A": ["b"], "C": {"d": 1}}', "C: steps are a list"),
        ("s.txt", "\n\n# nothing\n", "no steps"),
        ("s.txt", "a\n2) ...\n", "step 2"),
        ("s.txt", "x" * 1_000_001, "is no file of steps"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(name, text, said, tmp_path):
    file = written(tmp_path / name, text)
    with pytest.raises(ConfigError, match=said) as caught:
        ScriptPlanner(file)
    assert name in str(caught.value)


def test_a_missing_file_binary_file_or_option_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        ScriptPlanner(str(tmp_path / "none.txt"))
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot read"):
        ScriptPlanner(str(tmp_path / "b.txt"))
    with pytest.raises(ConfigError, match=r"planner\.options\.file"):
        ScriptPlanner("")


def test_it_sees_no_view_and_nothing_hidden(tmp_path):
    info = ScriptPlanner(written(tmp_path / "s.txt", "a")).info
    assert (info.name, info.privileged, info.views) == ("script", False, ())


def test_replanning_goes_on_after_what_is_done(tmp_path):
    planner = ScriptPlanner(written(tmp_path / "s.txt", "\n".join(STEPS)))
    history = [Attempt(text=STEPS[0], outcome="done"), Attempt(text=STEPS[1], outcome="failed")]
    assert texts(planner, history=history) == STEPS[1:]
    everything = [Attempt(text=text, outcome="done") for text in STEPS]
    with pytest.raises(LeapcasaError, match="all 3 steps"):
        planner.plan("x", {}, everything)


@given(st.lists(st.sampled_from("abc"), max_size=8), st.data())
def test_each_success_takes_one_equal_step_away(steps, data):
    done = data.draw(st.lists(st.sampled_from("abcd"), max_size=8))
    left = remaining(steps, [Attempt(text=text, outcome="done") for text in done])
    for letter in "abcd":
        assert left.count(letter) == max(0, steps.count(letter) - done.count(letter))


def test_the_file_is_read_once(tmp_path):
    file = written(tmp_path / "s.txt", "a")
    planner = ScriptPlanner(file)
    Path(file).unlink()
    assert texts(planner) == ["a"]
    assert read(Path(written(tmp_path / "t.txt", "b"))) == ["b"]
    assert planner.plan("x", {"right": np.zeros((2, 2, 3), np.uint8)}).raw == "a"


def test_a_run_takes_the_entry_of_its_task(tmp_path):
    file = written(tmp_path / "s.json", json.dumps({"MakeTea": ["Boil"], "MakeToast": ["Toast"]}))
    config = load("baseline", ["planner=script", f"planner.options.file={file}"])
    truth = cast(Referee, RecordedTruth(task="MakeToast", slots={}))
    made = components.make(config, truth)
    assert texts(cast(ScriptPlanner, made.planner)) == ["Toast"]
    assert made.privileged == ()
    own = load("baseline", ["planner=script", f"planner.options={{file: {file}, task: MakeTea}}"])
    assert texts(cast(ScriptPlanner, components.make(own, truth).planner)) == ["Boil"]
