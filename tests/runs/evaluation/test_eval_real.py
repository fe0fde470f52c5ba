"""One real evaluation through the real command line, killed once and continued."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

STEPS = 40
BEGIN = ["RinseSinkBasin", "--episodes", "2", "--config", "baseline",
         "--set", "env.render_profile=fast", "--set", f"limits.max_steps={STEPS}"]  # fmt: skip


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "leapcasa.runs", "eval", *arguments, "--workers", "1",
         "--no-video", "--out", folder, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@pytest.mark.sim
def test_the_official_protocol_hands_the_instruction_on_and_ends_at_the_horizon(tmp_path):
    """But for its length, which is cut."""
    process = start(tmp_path / "e", "CloseFridge", "--episodes", "1", "--config",
                    "official-multitask", "--set", f"limits.max_steps={STEPS}")  # fmt: skip
    out, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    told = json.loads(out)
    assert told["sets"][-1]["ends"] == {"horizon": 1}
    (place,) = (tmp_path / "e/episodes").iterdir()
    assert place.name == "CloseFridge_pretrain_s0"
    record = json.loads((place / "run.json").read_text())
    subtasks = [subtask["text"] for subtask in record["result"]["subtasks"]]
    assert subtasks == [record["scene"]["instruction"]]
    assert record["config"]["limits"]["success_every"] == 16
    assert '"JudgeCalled"' not in (place / "events.jsonl").read_text()
    assert told["sets"][-1]["steps_mean"] == STEPS


@pytest.mark.sim
def test_a_real_evaluation_goes_on_after_kill_9_and_its_rows_are_its_records(tmp_path):
    folder = tmp_path / "e"
    process = start(folder, *BEGIN)
    second = folder / "work"
    deadline = time.monotonic() + 240
    while not list(second.glob("*_s1_*/events.jsonl")):  # in the middle of the second episode
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (first,) = (folder / "episodes").iterdir()
    before = (first / "run.json").stat().st_ino

    process = start(folder, "--resume")
    out, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    told = json.loads(out)
    assert (told["scored"], told["missing"], told["privileged"]) == (2, 0, [])
    assert (first / "run.json").stat().st_ino == before
    assert "1 done, 1 to run" in said
    total = told["sets"][-1]
    assert total["steps_mean"] == STEPS
    assert total["ends"] == {"horizon": 2}
    judged = 0
    for place in (folder / "episodes").iterdir():
        row = json.loads((place / "episode.json").read_text())["episode"]
        record = json.loads((place / "run.json").read_text())
        assert record["result"]["run_dir"] == str(place)
        for name in ("success", "declared_success", "steps", "end_reason", "seed"):
            assert row[name] == record["result"][name]
        assert pq.read_table(place / "truth.parquet").num_rows == STEPS + 1
        assert (place / "log.txt").exists()
        judged += sum(row["judge"].values())
    steps = [p.read_text().count('"JudgeCalled"') for p in folder.glob("episodes/*/events.jsonl")]
    assert judged == sum(steps) == 4
    assert not any((folder / "work").iterdir())
