"""`leapcasa eval` as a user meets it, with episodes of milliseconds."""

import csv
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leapcasa.runs.evaluation.store import read_only

TASK = "RinseSinkBasin"
HERE = Path(__file__).parent


def rows(folder: Path) -> dict[int, dict]:
    with sqlite3.connect(f"file:{folder}/evaluation.sqlite?mode=ro", uri=True) as db:
        return {seed: json.loads(row) for seed, row in db.execute("SELECT seed, row FROM episodes")}


def test_an_evaluation_answers_with_one_object_and_writes_its_files(tool, answer, tmp_path):
    done = tool("play", "eval", TASK, "StartElectricKettle", "--episodes", "3", "--workers", "2",
                "--out", "e", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = answer(done)
    assert (told["wanted"], told["scored"], told["missing"], told["complete"]) == (6, 6, 0, True)
    assert json.loads((tmp_path / "e/summary.json").read_text()) == told
    with (tmp_path / "e/episodes.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["task"], line["seed"]) for line in lines] == [
        (task, str(seed)) for task in (TASK, "StartElectricKettle") for seed in range(3)
    ]
    from fake_episodes import success

    assert [line["success"] == "True" for line in lines] == [
        success(line["task"], int(line["seed"])) for line in lines
    ]
    for line in lines:
        record = json.loads((tmp_path / "e" / line["folder"] / "run.json").read_text())
        assert record["result"]["run_dir"] == str(tmp_path / "e" / line["folder"])
    assert {p.name for p in (tmp_path / "e/work").iterdir()} == set()
    assert "[6/6]" in done.stderr


def test_a_folder_that_holds_an_evaluation_is_refused_without_resume(tool, tmp_path):
    assert tool("play", "eval", TASK, "--episodes", "2", "--out", "e").returncode == 0
    before = rows(tmp_path / "e")
    again = tool("play", "eval", TASK, "--episodes", "2", "--out", "e")
    assert again.returncode == 2
    assert "--resume" in again.stderr
    assert rows(tmp_path / "e") == before


def test_resume_adds_episodes_and_tasks_and_runs_nothing_twice(tool, answer, tmp_path):
    assert tool("play", "eval", TASK, "--seeds", "0,2", "--out", "e").returncode == 0
    stamps = {p.name: p.stat().st_ino for p in (tmp_path / "e/episodes").iterdir()}
    more = tool("play", "eval", TASK, "StartElectricKettle", "--seeds", "0-2", "--resume",
                "--out", "e", "--json")  # fmt: skip
    told = answer(more)
    assert (told["wanted"], told["scored"]) == (6, 6)
    after = {p.name: p.stat().st_ino for p in (tmp_path / "e/episodes").iterdir()}
    assert len(after) == 6
    assert {name: after[name] for name in stamps} == stamps
    bare = tool("play", "eval", "--resume", "--out", "e", "--json")
    assert answer(bare)["scored"] == 6
    assert "0 to run" in bare.stderr


def test_a_changed_configuration_is_refused_with_the_difference_line_by_line(tool, tmp_path):
    begun = ("play", "eval", TASK, "--config", "expert", "--out", "e")
    assert tool(*begun, "--episodes", "1").returncode == 0
    changed = tool(*begun, "--resume", "--split", "pretrain", "--set", "advance.interval=8",
                   "--set", "judge=stillness")  # fmt: skip
    assert changed.returncode == 2
    lines = [line.strip() for line in changed.stderr.splitlines()]
    assert 'judge.name: was "referee", now "stillness"' in lines
    assert "advance.interval: was 2, now 8" in lines
    assert 'split: was "target", now "pretrain"' in lines
    assert len([line for line in lines if ": was " in line]) == 3
    assert len(rows(tmp_path / "e")) == 1


def test_words_of_one_s_own_are_for_one_task(tool, answer, tmp_path):
    own = ("--set", "env.instruction=Give the sink a rinse.")
    two = tool("play", "eval", TASK, "StartElectricKettle", "--episodes", "1", *own, "--out", "e")
    assert two.returncode == 2
    assert "env.instruction tells 2 tasks in the same words" in two.stderr
    assert not (tmp_path / "e").exists()
    one = answer(tool("play", "eval", TASK, "--episodes", "1", *own, "--out", "e", "--json"))
    assert one["scored"] == 1
    more = tool("play", "eval", "StartElectricKettle", "--episodes", "1", "--resume", "--out", "e")
    assert more.returncode == 2
    assert len(rows(tmp_path / "e")) == 1


def test_the_video_and_the_name_of_the_preset_are_no_change(tool, tmp_path):
    begun = tool("play", "eval", TASK, "--config", "expert", "--episodes", "1", "--out", "e")
    assert begun.returncode == 0
    preset = tmp_path / "mine.yaml"
    preset.write_text(
        "planner: {name: split}\npolicy: {name: expert}\njudge: {name: referee}\n"
        "advance: {interval: 2, consecutive: 1, timeout: 600, retries: 1, on_timeout: skip}\n"
    )
    same = tool("play", "eval", TASK, "--episodes", "2", "--resume", "--out", "e", "--no-video",
                "--config", str(preset))  # fmt: skip
    assert same.returncode == 0, same.stderr
    assert len(rows(tmp_path / "e")) == 2


def test_another_version_of_the_simulation_is_a_change_and_of_leapcasa_a_warning(tool, tmp_path):
    assert tool("play", "eval", TASK, "--episodes", "1", "--out", "e").returncode == 0
    with sqlite3.connect(tmp_path / "e/evaluation.sqlite") as db:
        (text,) = db.execute("SELECT value FROM meta WHERE name = 'versions'").fetchone()
        before = {**json.loads(text), "leapcasa": "0.0.1"}
        db.execute("UPDATE meta SET value = ? WHERE name = 'versions'", [json.dumps(before)])
    warned = tool("play", "eval", "--resume", "--out", "e")
    assert warned.returncode == 0
    assert 'leapcasa: was "0.0.1"' in warned.stderr
    with sqlite3.connect(tmp_path / "e/evaluation.sqlite") as db:
        (text,) = db.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()
        before = {**json.loads(text), "versions.mujoco": "2.0", "assets": "full-unknown"}
        db.execute("UPDATE meta SET value = ? WHERE name = 'identity'", [json.dumps(before)])
    refused = tool("play", "eval", "--resume", "--out", "e")
    assert refused.returncode == 2
    assert 'versions.mujoco: was "2.0"' in refused.stderr
    assert 'assets: was "full-unknown"' in refused.stderr


def test_only_one_process_may_use_a_folder(tool, tmp_path):
    environment = {**os.environ, "FAKE_SECONDS": "6"}
    first = subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--episodes", "2",
         "--workers", "1", "--out", "e"],
        cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    while not (tmp_path / "e/work").exists() or not any((tmp_path / "e/work").iterdir()):
        assert first.poll() is None
        time.sleep(0.02)
    second = tool("play", "eval", "--resume", "--out", "e")
    assert second.returncode == 2
    assert "another evaluation is running" in second.stderr
    meta, _ = read_only(tmp_path / "e")  # reading is always possible
    assert meta["preset"] == "default"
    assert first.wait(60) == 0, first.stderr
    assert len(rows(tmp_path / "e")) == 2


def test_death_hang_and_broken_policy_are_three_things_and_none_is_a_failure(
    tool, answer, tmp_path
):
    told = tool("troubled", "eval", TASK, "--episodes", "6", "--workers", "2", "--out", "e",
                "--time-limit", "3", "--json")  # fmt: skip
    assert told.returncode == 1
    summary = answer(told)
    assert (summary["scored"], summary["errors"], summary["infrastructure_errors"]) == (3, 1, 2)
    recorded = rows(tmp_path / "e")
    assert {seed: row["status"] for seed, row in recorded.items()} == {
        0: "scored", 1: "infrastructure_error", 2: "infrastructure_error", 3: "error",
        4: "scored", 5: "scored",
    }  # fmt: skip
    assert [recorded[seed]["attempt"] for seed in range(6)] == [1, 2, 2, 1, 2, 1]
    assert "Segmentation fault in libfake" in recorded[1]["error"]
    assert "not done within 3 s" in recorded[2]["error"]
    assert summary["tasks"][0]["success"]["n"] == 3
    assert (tmp_path / "e/broken" / f"{TASK}_target_s1" / "log.txt").exists()
    mended = tool("healed", "eval", "--resume", "--out", "e", "--json")
    assert mended.returncode == 1  # the policy's own error stays until it is asked for
    assert answer(mended)["infrastructure_errors"] == 0
    assert rows(tmp_path / "e")[1]["attempt"] == 3
    every = tool("healed", "eval", "--resume", "--retry-errors", "--out", "e", "--json")
    assert every.returncode == 0
    assert answer(every)["scored"] == 6


def test_a_worker_that_dies_between_two_episodes_hangs_nothing(tool, answer, tmp_path):
    told = tool("lingering", "eval", TASK, "--episodes", "24", "--workers", "2", "--out", "e",
                "--json", FAKE_SECONDS="0.03")  # fmt: skip
    summary = answer(told)
    assert summary["recorded"] == 24
    assert summary["scored"] >= 18
    mended = tool("play", "eval", "--resume", "--out", "e", "--json")
    assert (mended.returncode, answer(mended)["scored"]) == (0, 24)


def test_when_no_worker_lives_the_evaluation_stops_and_says_so(tool, answer, tmp_path):
    told = tool("deadly", "eval", TASK, "--episodes", "50", "--workers", "2", "--out", "e")
    assert told.returncode == 1
    assert "workers in a row" in told.stderr
    assert len(rows(tmp_path / "e")) < 10
    assert json.loads((tmp_path / "e/summary.json").read_text())["interrupted"]
    mended = tool("play", "eval", "--resume", "--out", "e", "--json")
    assert (mended.returncode, answer(mended)["scored"]) == (0, 50)


def test_bad_input_that_a_worker_finds_exits_2_and_leaves_nothing(tool, tmp_path):
    told = tool("refusing", "eval", TASK, "--out", "e", "--json")
    assert told.returncode == 2
    assert "judge 'x' cannot be made" in json.loads(told.stdout)["error"]
    assert not (tmp_path / "e").exists()
    (tmp_path / "mine").mkdir()
    assert tool("refusing", "eval", TASK, "--out", "mine").returncode == 2
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_server_that_was_never_there_is_bad_input_and_leaves_nothing(tool, tmp_path):
    told = tool("gone", "eval", TASK, "--workers", "2", "--out", "e")
    assert told.returncode == 2
    assert "no policy server at ws://x" in told.stderr
    assert not (tmp_path / "e").exists()


def test_a_server_that_goes_away_costs_no_episode_and_pauses(tool, answer, tmp_path):
    began = time.monotonic()
    told = tool("serverless", "eval", TASK, "--episodes", "3", "--workers", "1", "--out", "e",
                "--json")  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert time.monotonic() - began > 2 + 4  # no pause is shorter than it is said to be
    assert answer(told)["scored"] == 3
    assert [rows(tmp_path / "e")[seed]["attempt"] for seed in range(3)] == [1, 2, 2]
    assert told.stderr.count("no policy server at ws://x; will be tried again") == 2


def test_a_server_that_stays_away_stops_the_evaluation_and_nothing_is_lost(monkeypatch, tmp_path):
    from leapcasa.configs import LeapcasaError, load
    from leapcasa.runs.evaluation import course as courses
    from leapcasa.runs.evaluation.episode import Episode, Key
    from leapcasa.runs.evaluation.jobs import Outcome
    from leapcasa.runs.evaluation.pool import Ended
    from leapcasa.runs.evaluation.store import Store

    class Nobody:
        def began(self, job): ...
        def recorded(self, row, *, again): ...
        def tick(self): ...

    monkeypatch.setattr(courses, "FIRST_PAUSE_S", 0.001)
    keys = [Key(task=TASK, split="target", seed=seed) for seed in range(9)]
    store = Store(tmp_path / "e")
    store.begin({"preset": "x"})
    store.record(Episode(task=TASK, split="target", seed=99, status="scored", steps=5))
    course = courses.Course(store, load("default"), keys, "f", Nobody())
    away = Outcome(kind="unreachable", message="no server")

    def until_hopeless() -> None:
        while True:
            while not course.ready:
                time.sleep(0.001)
            course.take(Ended(job=course.next(), outcome=away))

    with pytest.raises(LeapcasaError, match="6 workers in a row"):
        until_hopeless()
    assert [row.status for row in store.episodes()] == ["infrastructure_error"] * 6 + ["scored"]
    store.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_evaluation_exits_130_with_whole_files_and_goes_on(
    number, tool, answer, tmp_path
):
    process = subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--episodes", "60",
         "--workers", "2", "--out", "e", "--json"],
        cwd=tmp_path, env={**os.environ, "FAKE_SECONDS": "0.2"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    folder = tmp_path / "e/episodes"
    while not folder.exists() or len(list(folder.iterdir())) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    out, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    summary = json.loads(out)
    assert summary["interrupted"]
    assert summary["recorded"] == len(rows(tmp_path / "e")) == len(list(folder.iterdir()))
    assert 3 <= summary["recorded"] < 60
    assert "--resume" in said
    assert not any((tmp_path / "e/work").iterdir())
    assert answer(tool("play", "eval", "--resume", "--out", "e", "--json"))["scored"] == 60


def test_no_room_for_a_record_ends_with_a_clear_message_and_goes_on_later(tool, answer, tmp_path):
    """A limit on the size of files stands for a full disk: both make writing fail."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--episodes", "3",
         "--workers", "1", "--out", "e"],
        cwd=tmp_path, env={**os.environ, "FAKE_BYTES": "400000"}, text=True, capture_output=True,
        preexec_fn=limited, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "--resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(tmp_path / "e") == {}
    assert answer(tool("play", "eval", "--resume", "--out", "e", "--json"))["scored"] == 3


def test_a_store_that_fills_up_in_the_middle_keeps_what_it_has(tool, answer, tmp_path):
    """The limit is met by the store itself while it takes rows in."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    done = subprocess.run(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--episodes", "60",
         "--workers", "1", "--out", "e"],
        cwd=tmp_path, env={**os.environ, "FAKE_BYTES": "100"}, text=True, capture_output=True,
        preexec_fn=limited, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    kept = rows(tmp_path / "e")
    assert 0 < len(kept) < 60
    assert answer(tool("play", "eval", "--resume", "--out", "e", "--json"))["scored"] == 60
    assert {seed: row for seed, row in rows(tmp_path / "e").items() if seed in kept} == kept


BAD = {
    "no task": ([], "name at least one task"),
    "unknown task": (["RinseSinkBasi"], "did you mean 'RinseSinkBasin'"),
    "unknown set": (["atomic_sen"], "did you mean 'atomic_seen'"),
    "no episodes": ([TASK, "--episodes", "0"], "give 1 or more"),
    "seeds in words": ([TASK, "--seeds", "one"], "is no seed"),
    "falling seeds": ([TASK, "--seeds", "9-3"], "is no range"),
    "more episodes than seeds": ([TASK, "--seeds", "0-3", "--episodes", "9"], "there are only 4"),
    "no workers": ([TASK, "--workers", "0"], "give 1 or more"),
    "no time": ([TASK, "--time-limit", "0"], "seconds above 0"),
    "resume of nothing": (["--resume", "--out", "none"], "name tasks"),
    "resume without a folder": ([TASK, "--resume"], "--out DIR"),
    "a task by --set": ([TASK, "--set", "task=X"], "name tasks"),
    "unknown policy": ([TASK, "--set", "policy=expart"], "did you mean 'expert'"),
    "unknown split": ([TASK, "--split", "traget"], "did you mean 'target'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_with_one_line_and_leaves_nothing(name, tool, tmp_path):
    arguments, hint = BAD[name]
    done = tool("play", "eval", *arguments)
    assert done.returncode == 2
    assert hint in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_somebody_elses_files_is_never_written_into(tool, tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    done = tool("play", "eval", TASK, "--out", ".")
    assert done.returncode == 2
    assert "mine.txt" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_that_is_no_evaluation_is_said_to_be_none(tool, tmp_path):
    (tmp_path / "e").mkdir()
    (tmp_path / "e/evaluation.sqlite").write_text("no database at all, but some text\n" * 100)
    done = tool("play", "eval", TASK, "--resume", "--out", "e")
    assert done.returncode == 2
    assert "is no evaluation" in done.stderr
    assert "Traceback" not in done.stderr
