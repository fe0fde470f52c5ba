"""`leapcasa eval --share-models`: one judge for all workers, with episodes of milliseconds."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asking_episodes import moments, words
from flat_judge import FlatJudge

HERE = Path(__file__).parent
TASK = "RinseSinkBasin"
FLAT = ("--set", "judge=flat_judge:FlatJudge")


def begin(folder: Path, *arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, HERE / "asking_episodes.py", "eval", TASK, "--out", "e", *FLAT,
         *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def rows(folder: Path) -> dict[int, dict]:
    with sqlite3.connect(f"file:{folder}/e/evaluation.sqlite?mode=ro", uri=True) as db:
        return {seed: json.loads(row) for seed, row in db.execute("SELECT seed, row FROM episodes")}


def verdicts(folder: Path, seed: int) -> list[float]:
    sealed = folder / f"e/episodes/{TASK}_target_s{seed}/episode.json"
    return [float(x) for x in json.loads(sealed.read_text())["episode"]["folder"].split(",")]


def children(pid: int) -> set[int]:
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.add(int(place.name))
    return found


def scoring_process(pid: int) -> int | None:
    """The child that has the socket open."""
    for child in children(pid):
        try:
            maps = (Path("/proc") / str(child) / "fd").iterdir()
            if any("/leapcasa-" in os.readlink(fd) for fd in maps):  # its log
                return child
        except OSError:
            continue
    return None


def test_all_workers_get_their_verdicts_from_one_process_and_no_identity_changes(tmp_path):
    room = tmp_path / "t"
    room.mkdir()
    own_room = {**os.environ, "TMPDIR": str(room)}
    shared = begin(tmp_path, "--episodes", "6", "--workers", "3", "--share-models", env=own_room)
    _, said = shared.communicate(timeout=120)
    assert shared.returncode == 0, said
    assert "loading one judge 'flat_judge:FlatJudge' for 3 workers" in said
    assert not list(room.glob("leapcasa-*"))  # no socket, no log is left
    own = FlatJudge()
    for seed in range(6):
        by_hand = [own.score(clips, words(seed)).scores["complete"] for clips in moments(seed)]
        assert verdicts(tmp_path, seed) == by_hand
    more = begin(tmp_path, "--episodes", "7", "--workers", "2", "--resume", "--no-share-models")
    _, said = more.communicate(timeout=120)
    assert more.returncode == 1  # not refused: these episodes have no desk to ask, and say so
    assert "no desk" in rows(tmp_path)[6]["error"]


@pytest.mark.parametrize("victim", ["scoring", "worker"])
def test_a_death_costs_the_episodes_in_hand_one_run_and_no_more(tmp_path, victim):
    slow = ("--set", "judge.options.slow=0.1")
    process = begin(tmp_path, "--episodes", "6", "--workers", "2", "--share-models", *slow)
    deadline = time.monotonic() + 60
    while len(rows(tmp_path) if (tmp_path / "e/episodes").exists() else {}) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    server = scoring_process(process.pid)
    assert server is not None
    time.sleep(0.15)  # in the middle of an episode of 0.6 s
    if victim == "scoring":
        os.kill(server, signal.SIGKILL)
    else:
        workers = [c for c in children(process.pid) - {server} if _is_worker(c)]
        os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    recorded = rows(tmp_path)
    assert [recorded[seed]["status"] for seed in range(6)] == ["scored"] * 6
    lost = re.findall(r"infrastructure error: (.*?); will be tried again", said)
    assert 1 <= len(lost) <= (2 if victim == "scoring" else 1), said
    cause = "the scoring process has ended" if victim == "scoring" else "the worker died"
    assert all(cause in one for one in lost)
    own = FlatJudge()
    for seed in range(6):
        by_hand = [own.score(clips, words(seed)).scores["complete"] for clips in moments(seed)]
        assert verdicts(tmp_path, seed) == by_hand


def _is_worker(pid: int) -> bool:
    words_of = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    return b"spawn_main" in words_of


def test_a_judge_that_kills_its_process_every_time_ends_the_evaluation_with_a_reason(tmp_path):
    process = begin(tmp_path, "--episodes", "9", "--workers", "1", "--share-models",
                    "--set", "judge.options.fatal=button")  # fmt: skip
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert "the scoring process (--share-models) ended 4 times in a row" in said
    assert "--no-share-models" in said
    assert "Traceback" not in said
    assert (tmp_path / "e/summary.json").exists()


def test_what_cannot_be_shared_is_refused_before_anything_is_written(tmp_path):
    refused = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "eval", TASK, "--share-models", "--out", "e"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "'sight' has no model to share" in refused.stderr
    assert not (tmp_path / "e").exists()
