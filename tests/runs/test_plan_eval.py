import csv
import importlib
import json
import sys
from pathlib import Path
from typing import ClassVar

import pyarrow.parquet
import pytest

from leapcasa.agent import plan as plans
from leapcasa.agent.base import PlannerInfo
from leapcasa.configs import LeapcasaError
from leapcasa.runs import cli, plan_episodes, plan_store
from leapcasa.runs.plan_episodes import Place
from leapcasa.runs.plan_statistics import MEASURES
from leapcasa.runs.plan_store import Made

PAIRS = [
    {"id": "one", "instruction": "Open the fridge and put the milk on the table.",
     "reference": ["Open the fridge.", "Pick the milk from the fridge and place it on the table."]},
    {"id": "two", "instruction": "Close the oven. Turn on the oven.",
     "reference": ["Turn on the oven", "Close the oven"], "after": [[], []]},
    {"instruction": "Release the cup, then close the drawer.", "reference": ["Close the drawer"]},
]  # fmt: skip


class Counting:
    """Says the instruction; writes down each time it is asked; refuses what is about an oven."""

    info = PlannerInfo(name="counting", privileged=False)

    asked: ClassVar[list[str]] = []
    stop_after: ClassVar[int] = 99

    def __init__(self, mood: str = "calm") -> None:
        self.mood = mood

    def plan(self, instruction, images, history=()):
        del images, history
        log = sys.modules["test_plan_eval"].Counting  # the copy that the command imported
        if len(log.asked) == log.stop_after:
            raise KeyboardInterrupt
        log.asked.append(instruction)
        if "oven" in instruction:
            raise LeapcasaError("not near the oven")
        return plans.checked([instruction], raw=instruction)


@pytest.fixture(autouse=True)
def own_module(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def counting(own_module):
    """The planner as the command imports it, fresh."""
    made = importlib.import_module("test_plan_eval").Counting
    made.asked, made.stop_after = [], 99
    return made


def pairs(path: Path, rows=PAIRS) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def evaluated(capfd, *arguments: object) -> tuple[int, dict, str]:
    code = cli.main(["plan", "eval", *map(str, arguments), "--json"])
    said = capfd.readouterr()
    assert said.out.count("\n") == 1
    return code, json.loads(said.out), said.err


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_file_of_pairs_is_measured(capfd, tmp_path):
    out = tmp_path / "out"
    code, found, _ = evaluated(
        capfd, "--planner", "split", "--file", pairs(tmp_path / "p.jsonl"), "--out", out
    )
    assert code == 0
    (planner,) = found["planners"]
    measures = planner["measures"]
    # One and two are right, two in another order than written; three has a step nobody knows.
    assert (planner["cases"], measures["exact"]["hits"], measures["valid"]["hits"]) == (3, 2, 2)
    assert measures["skill_recall"]["value"] == 1
    assert measures["absolute_count_error"]["value"] == pytest.approx(1 / 3)
    rows = {row["case"]: row for row in table(out / "per_task.csv")}
    assert list(rows) == ["one", "two", "3"]
    assert float(rows["two"]["order"]) == 0.5
    stored = json.loads((out / "results.json").read_text())
    assert stored == {key: value for key, value in found.items() if key not in ("out", "files")}
    words = pyarrow.parquet.read_table(out / "per_task.parquet").to_pylist()
    assert words[2]["subtasks"] == ["Release the cup", "Close the drawer"]
    assert float(rows["one"]["argument_recall"]) == words[0]["argument_recall"] == 1


def test_planners_are_compared_task_by_task(capfd, tmp_path):
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps({row["instruction"]: row["reference"] for row in PAIRS}))
    code, found, _ = evaluated(
        capfd, "--planner", "split", "right=script", "--set", f"right.file={steps}",
        "--file", pairs(tmp_path / "p.jsonl"), "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    assert [p["planner"] for p in found["planners"]] == ["split", "right"]
    assert found["planners"][1]["measures"]["exact"]["value"] == 1
    (compared,) = found["comparisons"]
    exact = compared["measures"]["exact"]
    assert (compared["first"], compared["second"]) == ("split", "right")
    assert (exact["wins"], exact["ties"], exact["losses"]) == (0, 2, 1)
    assert exact["difference"] == pytest.approx(-1 / 3)


def test_an_interrupted_evaluation_goes_on_and_asks_nothing_twice(capfd, tmp_path, counting):
    given = ["--planner", "test_plan_eval:Counting", "--out", tmp_path / "out",
             "--file", pairs(tmp_path / "p.jsonl")]  # fmt: skip
    every = [row["instruction"] for row in PAIRS]
    counting.stop_after = 2
    code, _, err = evaluated(capfd, *given)
    assert code == 130
    assert "goes on" in err
    counting.stop_after = 99
    code, found, _ = evaluated(capfd, *given)
    assert (code, counting.asked) == (0, every)
    again = evaluated(capfd, *given)[1]
    assert counting.asked == every
    assert again["planners"] == found["planners"]
    (planner,) = found["planners"]
    assert (planner["refused"], planner["measures"]["valid"]["hits"]) == (1, 2)

    # Other options, another torn line, another instruction: what they touch is asked anew.
    counting.asked.clear()
    assert evaluated(capfd, *given, "--set", "planner.options.mood=wild")[0] == 0
    assert counting.asked == every
    path = tmp_path / "out" / plan_store.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:20])
    counting.asked.clear()
    assert evaluated(capfd, *given)[0] == 0
    assert counting.asked == every[1:]
    pairs(tmp_path / "p.jsonl", [{**PAIRS[0], "instruction": "Open the fridge."}, *PAIRS[1:]])
    counting.asked.clear()
    assert evaluated(capfd, *given)[0] == 0
    assert counting.asked == ["Open the fridge."]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nonsense", "Expecting value"),
        ("[1]", "no JSON object"),
        ({"instruction": "x"}, "'reference'"),
        ({"instruction": " ", "reference": ["Open the oven"]}, "'instruction'"),
        ({"instruction": "x", "reference": ["Dance"]}, "step 1 'Dance'"),
        ({"instruction": "x", "reference": ["Open the oven"], "after": [[0]]}, "'after'"),
        ({"instruction": "x", "reference": ["Open the oven"], "rihgt": "a"}, "mean 'right'"),
        ({"instruction": "x", "reference": ["Open the oven"], "right": "a.png"}, "no picture"),
        ({**PAIRS[0]}, "'one' is there twice"),
    ],
)  # fmt: skip
def test_bad_pairs_are_named_with_their_line(row, said, capfd, tmp_path):
    path = pairs(tmp_path / "p.jsonl")
    path.write_text(path.read_text() + (row if isinstance(row, str) else json.dumps(row)) + "\n")
    code, found, _ = evaluated(capfd, "--file", path, "--out", tmp_path / "out")
    assert code == 2
    assert "p.jsonl:4" in found["error"]
    assert said in found["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--planner", "splt"], "did you mean 'split'"),
        (["--planner", "split", "split"], "two planners are called 'split'"),
        (["--planner", "=split"], "LABEL=NAME"),
        (["--tasks", "composite_sene"], "composite_seen"),
        (["--tasks", "atomic_seen"], "no composite task"),
        (["--tasks", "OpenDrawer"], "atomic task"),
        (["--tasks", ","], "names none"),
        (["--split", "train"], "neither pretrain nor target"),
        (["--seed", "-1"], "out of range"),
        (["--workers", "0"], "give 1 or more"),
        (["--file", "a.jsonl", "--tasks", "target50"], "exclude each other"),
        (["--file", "missing.jsonl"], "No such file"),
        (["--set", "planer=split"], "unknown setting"),
    ],
)
def test_bad_input_is_refused_before_anything_is_built(arguments, said, capfd, tmp_path):
    code, found, _ = evaluated(capfd, *arguments, "--out", tmp_path / "out")
    assert code == 2
    assert said in found["error"]


def test_a_planner_that_looks_needs_pictures_in_every_pair(capfd, tmp_path):
    code, found, _ = evaluated(
        capfd, "--planner", "test_plan_make:LooksAtPictures", "--out", tmp_path / "out",
        "--file", pairs(tmp_path / "p.jsonl"),
    )  # fmt: skip
    assert code == 2
    assert "case 'one' has no such picture" in found["error"]


def test_a_folder_of_something_else_is_left_alone(capfd, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, found, _ = evaluated(capfd, "--file", pairs(tmp_path / "p.jsonl"), "--out", tmp_path)
    assert code == 2
    assert "is no folder of an evaluation" in found["error"]


def test_two_evaluations_do_not_share_a_folder(tmp_path):
    store = plan_store.open_store(tmp_path / "out")
    made = Made(key="k", planner="p", case="c", subtasks=("a",), raw="", rejected=(), error="",
                milliseconds=1.0)  # fmt: skip
    store.add([made])
    with pytest.raises(LeapcasaError, match="another evaluation"):
        plan_store.open_store(tmp_path / "out")
    store.close()
    again = plan_store.open_store(tmp_path / "out")
    assert again.get("k") == made
    again.close()


def test_the_page_on_planners_explains_every_measure_and_shows_its_command():
    page = (Path(__file__).parents[2] / "docs/planners.md").read_text("utf-8")
    for one in MEASURES:
        assert f"| {one.title} " in page
        assert f"**{one.title}**" in page
    assert "leapcasa plan eval --planner split docstring" in page


@pytest.mark.sim
def test_real_episodes_are_collected_once_and_measured(capfd, tmp_path):
    tasks = "PrepareToast,SearingMeat"
    code, found, _ = evaluated(
        capfd, "--planner", "split", "docstring", "--tasks", tasks, "--out", tmp_path / "out"
    )
    assert code == 0
    assert (found["cases"], found["split"], found["seed"], found["errors"]) == (2, "target", 0, {})
    assert found["assets"].split()[0] in ("standin", "full")
    split, docstring = found["planners"]
    assert (split["privileged"], docstring["privileged"]) == (False, True)
    assert docstring["measures"]["exact"]["hits"] == 2
    rows = table(tmp_path / "out" / "per_task.csv")
    assert [(row["planner"], row["task"]) for row in rows] == [
        (planner, task) for planner in ("split", "docstring") for task in tasks.split(",")
    ]


@pytest.mark.sim
def test_a_collection_keeps_what_it_has_and_tells_what_it_cannot_build(tmp_path):
    place = Place.of("target", 3, root=tmp_path)
    seen: list[str] = []
    tasks = ["SoakSponge", "NoSuchTask"]
    found, errors = plan_episodes.collect(
        place, tasks, workers=1, report=lambda done, task: seen.append(task)
    )
    assert set(found) == {"SoakSponge"}
    assert "NoSuchTask" in errors["NoSuchTask"]
    episode = found["SoakSponge"]
    assert episode.instruction
    assert episode.names["obj"] == "sponge"
    stamp = episode.image("right").stat().st_mtime_ns
    assert episode.image("right").read_bytes() != episode.image("left").read_bytes()
    again, _ = plan_episodes.collect(
        place, ["SoakSponge"], workers=1, report=lambda done, task: seen.append("again")
    )
    assert again == found
    assert "again" not in seen
    assert episode.image("right").stat().st_mtime_ns == stamp
    episode.image("left").unlink()
    assert place.episode("SoakSponge") is None
