"""`leapcasa eval --stop-when` as a user meets it, with episodes of milliseconds."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_episodes import success
from scipy import stats

from leapcasa.runs.evaluation.sequential import sequence

TASKS, HERE = ("RinseSinkBasin", "OpenDrawer"), Path(__file__).parent
RULE = ["--stop-when", "sprt=0.3,0.8"]
ASK = ["eval", *TASKS, "--episodes", "40", *RULE]


def by_hand(task: str) -> tuple[str, int, int]:
    """Verdict, episodes and successes, met one after the other; seed 2 has no score."""
    n = hits = 0
    for seed in range(40):
        if seed == 2:
            continue
        n, hits = n + 1, hits + success(task, seed)
        ratio = stats.binom.pmf(hits, n, 0.8) / stats.binom.pmf(hits, n, 0.3)
        if ratio >= 20 or ratio <= 0.05:
            return ("above" if ratio > 1 else "below"), n, hits
    raise AssertionError("undecided")


def decided(told: dict) -> dict[str, tuple[str, int, int]]:
    return {
        one["task"]: (one["verdict"], one["n"], one["successes"])
        for one in told["sequential"]["tasks"]
    }


def seeds(folder: Path) -> set[tuple[str, int]]:
    with sqlite3.connect(f"file:{folder}/evaluation.sqlite?mode=ro", uri=True) as db:
        return set(db.execute("SELECT task, seed FROM episodes"))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The same evaluation with one worker and with four; failures are slow."""
    folder = tmp_path_factory.mktemp("sequential")
    calls = {}
    for workers in ("1", "4"):
        calls[workers] = subprocess.run(
            [sys.executable, HERE / "fake_episodes.py", "racing", *ASK, "--workers", workers,
             "--out", workers, "--json"],
            cwd=folder, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert calls[workers].returncode == 0, calls[workers].stderr
    return folder, calls


def test_each_task_stops_where_one_episode_after_the_other_would_have(stopped):
    folder, calls = stopped
    wanted = {task: by_hand(task) for task in TASKS}
    for workers, done in calls.items():
        told = json.loads(done.stdout)
        assert decided(told) == wanted
        assert told["complete"]
        assert told["sequential"]["not_needed"] == 80 - told["recorded"] > 20
        assert {g["name"]: g["success"]["n"] for g in told["tasks"]} == {
            task: wanted[task][1] for task in TASKS
        }
        assert len(seeds(folder / workers)) == told["recorded"]
        looked_at = sum(n + 1 for _, n, _ in wanted.values())  # seed 2 among them
        assert told["sequential"]["recorded_not_counted"] == told["recorded"] - looked_at
    one, four = (json.loads(done.stdout)["tasks"] for done in calls.values())
    for name in ("success", "errors", "declared", "judge", "steps_mean"):
        assert [group[name] for group in one] == [group[name] for group in four]


def test_the_interval_is_the_one_that_holds_at_every_stop_and_says_so(stopped):
    folder, calls = stopped
    told = json.loads(calls["1"].stdout)
    for group in told["tasks"]:
        now = sequence(group["success"]["hits"], group["success"]["n"])
        assert (group["success"]["low"], group["success"]["high"]) == (now.low, now.high)
        assert group["interval"] == "anytime"
    assert told["sets"][-1]["success"]["low"] is None  # pooled over different numbers: none
    text = subprocess.run(
        [sys.executable, HERE / "fake_episodes.py", "deadly", "eval", "--resume", "--out",
         folder / "1"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert text.returncode == 0, text.stderr
    assert "95 % anytime" in text.stdout
    for task in TASKS:
        verdict, n, _ = by_hand(task)
        assert f"{task}: stopped after {n} episodes, the rate is {verdict}" in text.stdout


def test_a_comparison_takes_what_counts_and_warns(stopped, tool):
    folder, _ = stopped
    done = tool("play", "compare", str(folder / "1"), str(folder / "4"), "--json")
    told = json.loads(done.stdout)
    assert told["overall"]["n"] == sum(by_hand(task)[1] for task in TASKS)
    assert (told["unpaired_a"], told["unpaired_b"]) == (0, 0)
    assert len([text for text in told["warnings"] if "stopped early" in text]) == 2


def test_resume_runs_nothing_more_and_no_rule_is_changed_or_added_later(stopped, tool, tmp_path):
    folder, calls = stopped
    before = seeds(folder / "4")
    again = tool("deadly", "eval", *TASKS, "--episodes", "60", "--resume", "--out",
                 str(folder / "4"), "--json")  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert decided(json.loads(again.stdout)) == decided(json.loads(calls["4"].stdout))
    assert seeds(folder / "4") == before
    other = tool("play", "eval", "--resume", "--out", str(folder / "4"), "--stop-when", "width=0.2")
    assert other.returncode == 2
    assert "began with sprt=0.3,0.8" in other.stderr
    assert tool("play", "eval", TASKS[0], "--episodes", "2", "--out", "e").returncode == 0
    late = tool("play", "eval", "--resume", "--out", "e", "--stop-when", "width=0.2")
    assert late.returncode == 2
    assert "worth nothing" in late.stderr


def test_kill_9_before_the_decision_changes_nothing(tool, answer, tmp_path):
    process = subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "racing", *ASK, "--workers", "2", "--out", "e"],
        cwd=tmp_path, env={**os.environ, "FAKE_SECONDS": "0.1"}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    place = tmp_path / "e/episodes"
    while not place.exists() or len(list(place.iterdir())) < 4:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = tool("racing", "eval", "--resume", "--workers", "2", "--out", "e", "--json")
    assert done.returncode == 0, done.stderr
    assert decided(answer(done)) == {task: by_hand(task) for task in TASKS}
    (tmp_path / "e/sequential.json").write_text("{}")
    broken = tool("play", "eval", "--resume", "--out", "e")
    assert broken.returncode == 2
    assert "cannot be read" in broken.stderr


def test_where_nothing_is_decided_all_episodes_run_and_the_end_says_so(tool, answer, tmp_path):
    done = tool("play", "eval", TASKS[0], "--episodes", "8", "--stop-when", "width=0.1", "--out",
                "e", "--json")  # fmt: skip
    told = answer(done)
    assert told["scored"] == 8
    assert told["sequential"]["tasks"] == [{"task": TASKS[0], "verdict": "undecided"}]
    assert told["tasks"][0]["interval"] == "anytime"
    assert f"{TASKS[0]}: undecided" in tool("play", "eval", "--resume", "--out", "e").stdout


def test_without_a_rule_nothing_changes(tool, answer, tmp_path):
    told = answer(tool("play", "eval", TASKS[0], "--episodes", "3", "--out", "e", "--json"))
    assert told["sequential"] is None
    assert told["tasks"][0]["interval"] == "wilson"
    assert not (tmp_path / "e/sequential.json").exists()


def test_bad_rules_exit_2_and_leave_nothing(tool, tmp_path):
    done = tool("play", *ASK[:3], "--stop-when", "width=2", "--out", "e")
    assert done.returncode == 2
    assert "between 0 and 1" in done.stderr
    assert list(tmp_path.iterdir()) == []
    refused = tool("refusing", *ASK, "--out", "e")
    assert refused.returncode == 2
    assert not (tmp_path / "e").exists()
