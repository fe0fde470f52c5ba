"""The whole vertical, through the real command and the real simulation."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pyarrow.parquet as pq
import pytest

TASK, STEPS = "RinseSinkBasin", 40
SHORT = ["--config", "baseline", "--set", "env.render_profile=fast", "--json"]
WANTED = {
    "task", "seed", "split", "success", "declared_success", "steps", "end_reason", "subtasks",
    "video", "run_dir", "privileged", "assets", "seconds", "config",
}  # fmt: skip


def command(folder: Path, *more: str) -> list[str]:
    head = [sys.executable, "-m", "leapcasa.runs", "rollout", TASK, "--seed", "3"]
    return [*head, *SHORT, "--out", str(folder), *more]


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[dict, str, Path]:
    """One short episode in which nothing is privileged."""
    folder = tmp_path_factory.mktemp("rollout") / "run"
    limit = [f"limits.max_steps={STEPS}", "video.hold=1"]
    told = subprocess.run(
        command(folder, "--set", limit[0], "--set", limit[1]),
        capture_output=True,
        text=True,
        timeout=400,
        cwd=folder.parent,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout), told.stderr, folder


@pytest.mark.sim
def test_a_rollout_answers_with_one_json_object_and_no_noise(done):
    result, said, folder = done
    assert set(result) >= WANTED
    assert (result["task"], result["seed"], result["steps"]) == (TASK, 3, STEPS)
    assert result["end_reason"] == "horizon"
    assert result["privileged"] == []
    assert result["run_dir"] == str(folder)
    assert "WARNING" not in said
    assert "Traceback" not in said


@pytest.mark.sim
def test_the_record_says_what_ran_and_what_came_of_it(done):
    result, _, folder = done
    record = json.loads((folder / "run.json").read_text())
    assert record["state"] == "finished"
    assert record["result"] == result
    assert record["config"]["policy"]["name"] == "random"
    assert record["config"]["limits"]["max_steps"] == STEPS
    assert record["scene"]["instruction"]
    assert record["versions"]["mujoco"]
    assert record["compares_with_published"] is (record["assets"]["kind"] == "full")


@pytest.mark.sim
def test_the_tables_have_a_row_a_look_and_keep_truth_apart(done):
    _, _, folder = done
    steps = pq.read_table(folder / "steps.parquet")
    truth = pq.read_table(folder / "truth.parquet")
    assert steps["step"].to_pylist() == truth["step"].to_pylist() == list(range(STEPS + 1))
    actions = steps["action"].to_pylist()
    assert actions[-1] is None
    moved = np.array(actions[:-1])
    assert moved.shape == (STEPS, 12)
    assert np.abs(moved).max() <= 1.0
    assert moved.std() > 0.1
    assert not {"success", "subtask_progress"} & set(steps.column_names)
    assert truth["success"].to_pylist() == [False] * (STEPS + 1)


@pytest.mark.sim
def test_the_events_tell_the_story_in_order(done):
    _, _, folder = done
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    names = [event["event"] for event in events]
    assert names[:3] == ["PlanMade", "SubtaskStarted", "PolicyCalled"]
    assert names[-1] == "Ended"
    assert [e["step"] for e in events] == sorted(e["step"] for e in events)
    judged = [e["step"] for e in events if e["event"] == "JudgeCalled"]
    assert judged[0] == 16


@pytest.mark.sim
def test_the_video_shows_every_look_and_holds_the_result(done):
    result, _, folder = done
    assert result["video"] == str(folder / "video.mp4")
    reader = imageio_ffmpeg.read_frames(result["video"])
    meta = next(reader)
    frames = [np.frombuffer(raw, np.uint8) for raw in reader]
    assert (meta["codec"], meta["size"]) == ("h264", (1280, 720))
    assert meta["pix_fmt"].startswith("yuv420p")
    assert len(frames) == STEPS + 1 + 20
    views = frames[5].reshape(720, 1280, 3)[94:500, 16:912]
    assert views.std() > 25  # a kitchen, not a blank
    later = frames[STEPS].reshape(720, 1280, 3)[94:500, 16:912]
    assert np.abs(views.astype(int) - later).mean() > 1  # in which something moves


@pytest.mark.sim
def test_ctrl_c_finishes_all_files_and_says_interrupted(tmp_path):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        command(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not _seen(folder, "JudgeCalled"):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    told, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    result = json.loads(told)
    assert result["end_reason"] == "interrupted"
    assert json.loads((folder / "run.json").read_text())["result"] == result
    rows = pq.read_table(folder / "steps.parquet").num_rows
    assert result["steps"] <= rows <= result["steps"] + 1
    assert pq.read_table(folder / "truth.parquet").num_rows >= rows - 1
    frames, _ = imageio_ffmpeg.count_frames_and_secs(result["video"])
    assert frames >= rows
    assert not list(folder.glob(".*"))


def _seen(folder: Path, event: str) -> bool:
    path = folder / "events.jsonl"
    return path.exists() and f'"{event}"' in path.read_text()


@pytest.mark.sim
def test_the_loop_runs_with_the_vision_language_judge(small_checkpoint, tmp_path):
    """Nothing privileged, a real Qwen3-VL between steps; its margin is made unreachable."""
    options = [
        "judge=qwen3vl",
        f"judge.options.base_model={small_checkpoint}",
        "advance.interval=16",
        "judge.options.method=three_view",
        "advance.margin=50",
        "limits.max_steps=34",
    ]
    more = [part for option in options for part in ("--set", option)]
    told = subprocess.run(
        command(tmp_path / "run", *more), capture_output=True, text=True, timeout=400
    )
    assert told.returncode == 0, told.stderr
    result = json.loads(told.stdout)
    assert result["privileged"] == []
    lines = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    calls = [event for event in events if event.get("event") == "JudgeCalled"]
    assert [call["step"] for call in calls] == [16, 32]
    assert set(calls[0]["per_view"]) == {"right", "left", "hand"}
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["config"]["judge"]["options"]["base_model"] == str(small_checkpoint)


@pytest.mark.sim
def test_the_loop_runs_with_a_plan_written_by_a_model(small_checkpoint, tmp_path):
    """A real Qwen3-VL with random weights writes the plan, twice: nothing it says gets done."""
    options = [
        "planner=leap",
        f"planner.options.base_model={small_checkpoint}",
        "planner.options.constrained=true",
        "planner.options.max_new_tokens=24",
        "planner.options.retries=0",
        "advance.timeout=10",
        "advance.on_timeout=replan",
        "advance.max_replans=1",
        "limits.max_steps=25",
    ]
    more = [part for option in options for part in ("--set", option)]
    told = subprocess.run(
        command(tmp_path / "run", *more), capture_output=True, text=True, timeout=400
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["privileged"] == []
    lines = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    plans = [event for event in events if event["event"] in ("PlanMade", "Replanned")]
    assert [event["event"] for event in plans] == ["PlanMade", "Replanned"]
    assert all(event["raw"].startswith("1) ") for event in plans)
    assert all(event["rejected"] and event["made_by"] == "split" for event in plans)
    parts = json.loads((tmp_path / "run" / "run.json").read_text())["parts"]
    assert parts["planner"]["settings"]["template"] == "leap-1"
