"""Nothing is lost and nothing doubled when the evaluation is killed at any moment.

`LEAPCASA_KILLS=200 pytest tests/runs/evaluation/test_eval_kill.py` for the long form.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from fake_episodes import success

from leapcasa.runs.evaluation.episode import sealed

HERE = Path(__file__).parent
KILLS = int(os.environ.get("LEAPCASA_KILLS", "14"))
TASK, AHEAD = "RinseSinkBasin", 60
"""So many episodes are always still to do: a run is killed in the middle of them."""


def start(folder: Path, episodes: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--episodes",
         str(episodes), "--workers", "2", "--resume", "--out", folder],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "FAKE_SECONDS": "0.02"},
    )  # fmt: skip


def state(folder: Path) -> dict[int, tuple[str, int]]:
    """Seed -> row and inode of its folder, read as a stranger would."""
    if not (folder / "evaluation.sqlite").exists():
        return {}
    with sqlite3.connect(folder / "evaluation.sqlite", timeout=10) as db:
        try:
            found = db.execute("SELECT seed, row FROM episodes").fetchall()
        except sqlite3.OperationalError:  # killed before the tables were there
            return {}
    assert len(found) == len({seed for seed, _ in found})
    return {seed: (row, whole(folder, seed)) for seed, row in found}


def whole(folder: Path, seed: int) -> int:
    place = folder / "episodes" / f"{TASK}_target_s{seed}"
    episode = sealed(place)
    assert episode is not None, f"seed {seed} has a row and no whole folder"
    assert episode[0].seed == seed
    assert {p.name for p in place.iterdir()} == {
        "run.json", "events.jsonl", "steps.bin", "episode.json"
    }  # fmt: skip
    return (place / "episode.json").stat().st_ino


def test_kill_at_random_moments_loses_nothing_and_doubles_nothing(tmp_path):
    chance, folder = random.Random(os.environ.get("LEAPCASA_KILL_SEED", "0")), tmp_path / "e"
    before, wanted, torn, workers = {}, AHEAD, 0, 0
    for kill in range(KILLS):
        process = start(folder, wanted)
        time.sleep(chance.uniform(0.6, 2.6))
        victim = worker_of(process.pid) if kill % 4 == 3 else None
        if victim is None:
            process.kill()
            process.wait()
            torn += any((folder / "work").glob("*"))
        else:  # a worker alone: the evaluation itself goes on to its end
            workers += 1
            os.kill(victim, signal.SIGKILL)
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said
        now = state(folder)
        assert {seed: now.get(seed) for seed in before} == before, "a recorded episode changed"
        before = now
        wanted = len(now) + AHEAD
    process = start(folder, wanted)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    after = state(folder)
    assert {seed: after[seed] for seed in before} == before
    assert sorted(after) == list(range(wanted))
    for seed, (row, _) in after.items():
        assert json.loads(row)["success"] == success(TASK, seed)
    assert len(list((folder / "episodes").iterdir())) == wanted
    assert not any((folder / "work").iterdir())
    print(
        f"\n{KILLS} kills, {workers} of them of a worker; {torn} tore an episode; {wanted} episodes"
    )


def worker_of(pid: int) -> int | None:
    """A worker process of an evaluation; None if there is none yet."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid and b"spawn_main" in _words(int(place.name)):
            return int(place.name)
    return None


def test_workers_end_when_their_evaluation_is_killed(tmp_path):
    process = subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--workers", "2",
         "--out", tmp_path / "e"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "FAKE_SECONDS": "30"},
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while len(list((tmp_path / "e/work").glob("*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    worker = worker_of(process.pid)
    assert worker is not None
    process.kill()
    process.wait()
    while Path(f"/proc/{worker}").exists() and b"spawn_main" in _words(worker):
        assert time.monotonic() < deadline, "a worker outlived its evaluation"
        time.sleep(0.05)


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
