"""`leapcasa eval --attribute` as a user meets it, with episodes of milliseconds."""

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_episodes import cured

from leapcasa.configs import load

TASK, HERE = "RinseSinkBasin", Path(__file__).parent
ASK = ["eval", TASK, "--config", "baseline", "--workers", "2"]
PARTS = ("planner", "policy", "judge")


def truth(seeds) -> dict[int, dict[str, bool]]:
    """Seed -> folder of each coalition -> does it succeed; by asking the episodes themselves."""
    best = {"planner": "docstring", "policy": "expert", "judge": "referee"}
    found: dict[int, dict[str, bool]] = {}
    for seed in seeds:
        found[seed] = {}
        for size in range(4):
            for chosen in itertools.combinations(PARTS, size):
                config = load("baseline", [f"{part}={best[part]}" for part in chosen])
                found[seed]["+".join(chosen) or "control"] = cured(config, seed)
    return found


def rows(folder: Path) -> dict[int, dict]:
    with sqlite3.connect(f"file:{folder}/evaluation.sqlite?mode=ro", uri=True) as db:
        return {seed: json.loads(row) for seed, row in db.execute("SELECT seed, row FROM episodes")}


@pytest.fixture(scope="module")
def attributed(tmp_path_factory):
    """An evaluation of 14 seeds, and what its attribution said."""
    folder = tmp_path_factory.mktemp("attribution")
    done = subprocess.run(
        [sys.executable, HERE / "fake_episodes.py", "blamed", *ASK, "--episodes", "14",
         "--attribute", "--out", "e"],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "e", done


def test_every_failed_episode_runs_under_every_coalition_and_the_parts_are_blamed(attributed):
    folder, done = attributed
    told = json.loads((folder / "attribution.json").read_text())
    failed = [seed for seed in range(14) if seed % 7 not in (0, 6)]
    wanted = truth(failed)
    assert (told["format"], told["episodes"], told["failed"]) == (1, 10, 12)
    assert told["parts"] == list(PARTS)
    assert {line["seed"]: line["answers"] for line in told["episodes_table"]} == wanted
    by_name = {"+".join(one["replaced"]) or "control": one for one in told["variants"]}
    assert set(by_name) == set(wanted[1])
    for name, one in by_name.items():
        assert one["rescued"] == sum(wanted[seed][name] for seed in failed)
        assert (one["n"], one["errors"]) == (10, 0)
        assert one["rate"] == one["rescued"] / 10
        assert one["interval"][0] <= one["rate"] <= one["interval"][1]
        place = rows(folder / one["folder"])
        assert {s: r["success"] for s, r in place.items() if s in wanted} == {
            seed: wanted[seed][name] for seed in failed
        }
        assert one["privileged"] == sorted(one["replaced"])
    blame = {one["part"]: one for one in told["blame"]}
    assert {p: (b["alone_rescues"], b["needed"]) for p, b in blame.items()} == {
        "planner": (2, 0), "policy": (2, 4), "judge": (4, 4),
    }  # fmt: skip
    # 2 each: judge; policy; half of policy and judge each; half of planner and judge each
    assert [blame[part]["shapley"] for part in PARTS] == pytest.approx([1, 3, 4])
    assert told["sentence"].startswith("the judge alone loses 2 of 10 failed episodes")
    assert told["sentence"] in done.stdout
    assert "2 fail even with all three replaced" in told["sentence"]


def test_an_episode_without_an_upper_bound_is_nobodys_fault_and_not_run_further(attributed):
    folder, done = attributed
    told = json.loads((folder / "attribution.json").read_text())
    assert [(one["seed"], one["why"]) for one in told["no_upper_bound"]] == [
        (6, "no recipe"), (13, "no recipe"),
    ]  # fmt: skip
    assert f"no upper bound: 2 of {TASK}: no recipe" in done.stdout
    assert {6, 13} <= rows(folder / "attribution/planner+policy+judge").keys()
    assert not {6, 13} & rows(folder / "attribution/control").keys()


def test_a_second_call_runs_nothing_and_says_the_same(attributed, tool, answer):
    folder, _ = attributed
    before = json.loads((folder / "attribution.json").read_text())
    again = tool("deadly", "eval", "--resume", "--attribute", "--out", str(folder), "--json")
    assert again.returncode == 0, again.stderr
    assert answer(again)["attribution"] == before
    assert json.loads((folder / "summary.json").read_text())["scored"] == 14


def test_other_upper_bounds_than_before_are_refused_with_the_difference(attributed, tool):
    folder, _ = attributed
    done = tool("blamed", "eval", "--resume", "--attribute", "--out", str(folder),
                "--set", "attribution.policy=hold")  # fmt: skip
    assert done.returncode == 2
    assert 'policy.name: was "expert", now "hold"' in done.stderr
    unknown = tool("blamed", "eval", "--resume", "--attribute", "--out", str(folder),
                   "--set", "attribution.policy=holt")  # fmt: skip
    assert unknown.returncode == 2
    assert "did you mean 'hold'" in unknown.stderr


def test_a_part_that_is_its_upper_bound_is_skipped_with_a_note(tool, answer, tmp_path):
    done = tool("blamed", *ASK, "--set", "judge=referee", "--set", "planner=docstring",
                "--episodes", "6", "--attribute", "--out", "e", "--json")  # fmt: skip
    told = answer(done)["attribution"]
    assert told["parts"] == ["policy"]
    assert {one["part"] for one in told["skipped"]} == {"planner", "judge"}
    assert [one["replaced"] for one in told["variants"]] == [[], ["policy"]]
    assert told["sentence"].startswith("the policy alone loses 2 of 3 failed episodes")
    every = tool("blamed", "eval", TASK, "--config", "expert",
                 "--set", "planner=docstring", "--episodes", "6",
                 "--attribute", "--out", "f", "--json")  # fmt: skip
    told = answer(every)["attribution"]
    assert (told["parts"], told["variants"], told["failed"]) == ([], [], 1)
    assert "upper bound already" in told["sentence"]
    assert not (tmp_path / "f/attribution").exists()


def test_a_sample_is_run_and_a_larger_one_goes_on_from_it(tool, answer, tmp_path):
    begun = tool("blamed", *ASK, "--episodes", "6", "--attribute", "--attribute-episodes", "2",
                 "--out", "e", "--json")  # fmt: skip
    first = answer(begun)["attribution"]
    assert (first["episodes"], first["sample"]["asked"], first["failed"]) == (2, 2, 5)
    marks = {p: p.stat().st_ino for p in (tmp_path / "e/attribution").glob("*/episodes/*")}
    assert len(marks) == 16
    more = tool("blamed", "eval", "--resume", "--attribute", "--attribute-episodes", "3",
                "--out", "e", "--json")  # fmt: skip
    assert answer(more)["attribution"]["episodes"] == 3
    after = {p: p.stat().st_ino for p in (tmp_path / "e/attribution").glob("*/episodes/*")}
    assert len(after) == 24
    assert {place: after[place] for place in marks} == marks


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_attribution_goes_on_and_runs_nothing_twice(number, tool, answer, tmp_path):
    begun = tool("blamed", *ASK, "--episodes", "14", "--out", "e")
    assert begun.returncode == 0
    process = subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "blamed", "eval", "--resume", "--attribute",
         "--workers", "2", "--out", "e"],
        cwd=tmp_path, env={**os.environ, "FAKE_SECONDS": "0.1"}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    place = tmp_path / "e/attribution/control/episodes"
    while not place.exists() or len(list(place.iterdir())) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
    if number == signal.SIGINT:
        told = json.loads((tmp_path / "e/attribution.json").read_text())
        assert told["interrupted"]
        assert "--resume --attribute" in said
    marks = {p: (p / "episode.json").stat().st_ino
             for p in (tmp_path / "e/attribution").glob("*/episodes/*")}  # fmt: skip
    done = tool("blamed", "eval", "--resume", "--attribute", "--out", "e", "--json")
    assert done.returncode == 0, done.stderr
    told = answer(done)["attribution"]
    wanted = truth([seed for seed in range(14) if seed % 7 not in (0, 6)])
    assert {line["seed"]: line["answers"] for line in told["episodes_table"]} == wanted
    assert all((place / "episode.json").stat().st_ino == mark for place, mark in marks.items())


def test_nothing_failed_and_nothing_is_run(tool, answer, tmp_path):
    done = tool("blamed", *ASK, "--seeds", "0,7", "--attribute", "--out", "e", "--json")
    told = answer(done)["attribution"]
    assert (done.returncode, told["episodes"], told["variants"]) == (0, 0, [])
    assert told["sentence"] == "there is no failed episode to attribute"
    assert not (tmp_path / "e/attribution").exists()


BAD = {
    "a sample of nothing": (["--attribute-episodes", "3"], "goes with --attribute"),
    "no sample": (["--attribute", "--attribute-episodes", "0"], "give 1 or more"),
    "unknown bound": (["--attribute", "--set", "attribution.judge=refere"], "did you mean"),
    "unknown part": (["--set", "attribution.jugde=referee"], "did you mean 'attribution.judge"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_and_leaves_nothing(name, tool, tmp_path):
    arguments, hint = BAD[name]
    done = tool("blamed", *ASK, "--out", "e", *arguments)
    assert done.returncode == 2
    assert hint in done.stderr
    assert list(tmp_path.iterdir()) == []
