import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leapcasa.agent import plan as plans
from leapcasa.agent.base import PlannerInfo
from leapcasa.runs import cli


class LooksAtPictures:
    """A user's own planner: says how bright each view is."""

    info = PlannerInfo(name="bright", privileged=False, views=("right", "left"))

    def plan(self, instruction, images, history=()):
        del history
        os.write(1, b"a library prints to stdout\n")
        said = [f"{instruction} {view} {image.mean():.0f}" for view, image in images.items()]
        return plans.checked(said, raw="|".join(said), rejected=["too dark"])


class Speechless(LooksAtPictures):
    info = PlannerInfo(name="none", privileged=False)

    def plan(self, instruction, images, history=()):
        return plans.checked([], raw="")


@pytest.fixture(autouse=True)
def own_module(monkeypatch):
    """Lets a preset name this file's planners."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def made(capfd, *arguments: object) -> tuple[int, dict, str]:
    code = cli.main(["plan", "make", *map(str, arguments), "--json"])
    said = capfd.readouterr()
    assert said.out.count("\n") == 1
    return code, json.loads(said.out), said.err


def picture(path: Path, value: int, size=(32, 24), mode="RGB") -> Path:
    Image.fromarray(np.full((size[1], size[0], 3), value, np.uint8)).convert(mode).save(path)
    return path


def test_a_plan_is_one_object_with_its_steps_in_order(capfd):
    code, found, _ = made(
        capfd, "Open the fridge, then take the milk and close the fridge.", "--set", "planner=split"
    )
    assert code == 0
    assert found["subtasks"] == ["Open the fridge", "Take the milk", "Close the fridge"]
    assert (found["planner"], found["privileged"], found["views"]) == ("split", False, [])
    assert found["rejected"] == []
    assert found["raw"].startswith("Open the fridge,")
    assert found["milliseconds"] > 0


def test_without_json_the_steps_are_numbered(capfd):
    assert cli.main(["plan", "make", "Open the fridge and take the milk", "--set",
                     "planner=split"]) == 0  # fmt: skip
    assert capfd.readouterr().out == "1) Open the fridge\n2) Take the milk\n"


def test_the_preset_default_needs_no_picture_and_says_who_made_the_plan(capfd, tmp_path):
    right = picture(tmp_path / "r.png", 100, size=(224, 224))
    for shown in ([], ["--image", right]):
        code, found, _ = made(capfd, "Open the fridge and close the left drawer", *shown)
        assert code == 0
        assert found["subtasks"] == ["Open the fridge", "Close the left drawer"]
        assert (found["planner"], found["made_by"]) == ("leap", "split")
        code, found, _ = made(capfd, "The kettle ought to be boiling by now", *shown)
        assert code == 0
        assert (found["planner"], found["made_by"]) == ("leap", "leap")
        assert found["raw"].startswith("1) ")
    code, found, _ = made(capfd, "The kettle ought to be boiling by now", "--left", right)
    assert code == 0  # the left view is none of its own: as if none were given


def test_a_planner_gets_the_pictures_it_asks_for(capfd, tmp_path):
    right = picture(tmp_path / "r.png", 10, mode="L")
    left = picture(tmp_path / "l.png", 200, mode="RGBA")
    code, found, err = made(
        capfd, "Look", "--image", right, "--left", left,
        "--set", "planner=test_plan_make:LooksAtPictures",
    )  # fmt: skip
    assert code == 0
    assert found["subtasks"] == ["Look right 10", "Look left 200"]
    assert found["rejected"] == ["too dark"]
    assert "a library prints" in err


def test_a_missing_view_is_named_with_its_option(capfd, tmp_path):
    right = picture(tmp_path / "r.png", 10)
    code, found, _ = made(
        capfd, "Look", "--image", right, "--set", "planner=test_plan_make:LooksAtPictures"
    )
    assert code == 2
    assert "--left PNG" in found["error"]


def test_a_picture_that_nobody_looks_at_is_noted(capfd, tmp_path):
    code, _, err = made(capfd, "Open the oven", "--image", picture(tmp_path / "r.png", 1), "--set",
                        "planner=split")  # fmt: skip
    assert code == 0
    assert "does not look at the right view" in err


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_a_bad_picture_is_bad_input(content, capfd, tmp_path):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    code, found, _ = made(capfd, "Open the oven", "--image", path)
    assert (code, found["kind"]) == (2, "ConfigError")
    assert "bad.png" in found["error"]


def test_a_torn_missing_or_tiny_picture_is_bad_input(capfd, tmp_path):
    whole = picture(tmp_path / "whole.png", 7, size=(300, 300)).read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    picture(tmp_path / "tiny.png", 7, size=(3, 3))
    for name in ("torn.png", "missing.png", "tiny.png", "."):
        code, found, _ = made(capfd, "Open the oven", "--image", tmp_path / name)
        assert code == 2, found


@pytest.mark.parametrize("text", ["", "   ", "...", "\n"])
def test_an_instruction_without_words_is_bad_input(text, capfd):
    code, found, _ = made(capfd, text)
    assert code == 2
    assert "has no words" in found["error"]


def test_a_planner_without_a_plan_is_a_failure_and_not_bad_input(capfd):
    code, found, _ = made(capfd, "x", "--set", "planner=test_plan_make:Speechless")
    assert (code, found["kind"]) == (1, "LeapcasaError")


def test_docstring_gives_a_tasks_steps_with_nouns_for_its_objects(capfd):
    docstring = ["--set", "planner=docstring"]
    code, found, _ = made(capfd, "Sear the meat", "--task", "SearingMeat", *docstring)
    assert code == 0
    assert found["privileged"] is True
    assert found["subtasks"] == [
        "Pick the pan from the cabinet and place it on the burner of the stove.",
        "Pick the meat from the container and place it in the pan.",
        "Turn on the stove burner under the pan.",
    ]
    code, found, _ = made(capfd, "Open it", "--task", "OpenDrawer", *docstring)
    assert found["subtasks"] == ["Open it"]
    code, found, _ = made(capfd, "Sear the meat", *docstring)
    assert code == 2
    assert "--task" in found["error"]
    code, found, _ = made(capfd, "Sear", "--task", "SearingMeet", *docstring)
    assert code == 2
    assert "did you mean 'SearingMeat'" in found["error"]


def test_script_reads_the_steps_of_a_file(capfd, tmp_path):
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps({"SearingMeat": ["Open the cabinet", "Take the pan"]}))
    script = ["--set", "planner=script", "--set", f"planner.options.file={steps}"]
    code, found, _ = made(capfd, "Sear the meat", "--task", "SearingMeat", *script)
    assert code == 0
    assert found["subtasks"] == ["Open the cabinet", "Take the pan"]
    code, found, _ = made(capfd, "Bake", *script)
    assert code == 2
    assert "has no steps for 'Bake'" in found["error"]
    code, found, _ = made(capfd, "Bake", "--set", "planner=script")
    assert code == 2
    assert "file" in found["error"]
