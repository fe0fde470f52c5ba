"""`leapcasa eval --executor ray` on a real Ray of this machine."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TASK = "RinseSinkBasin"
RAY = ("--executor", "ray", "--workers", "2", "--out", "e")

pytest.importorskip("ray")


def rows(folder: Path) -> dict[int, dict]:
    with sqlite3.connect(f"file:{folder}/e/evaluation.sqlite?mode=ro", uri=True) as db:
        return {seed: json.loads(row) for seed, row in db.execute("SELECT seed, row FROM episodes")}


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(place.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening(pids: set[int]) -> set[str]:
    """Local addresses of the TCP sockets that these processes listen on, as the kernel writes."""
    inodes = set()
    for pid in pids:
        try:
            inodes |= {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(fields[1].rpartition(":")[0])
    return found


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_death_hang_and_broken_policy_are_on_ray_what_they_are_in_processes(tool, answer, tmp_path):
    """Workers killed with SIGKILL in the middle of episodes among them."""
    done = tool("troubled", "eval", TASK, "--episodes", "6", "--time-limit", "5", "--json", *RAY)
    assert done.returncode == 1, done.stderr
    summary = answer(done)
    assert (summary["scored"], summary["errors"], summary["infrastructure_errors"]) == (3, 1, 2)
    recorded = rows(tmp_path)
    assert {seed: row["status"] for seed, row in recorded.items()} == {
        0: "scored", 1: "infrastructure_error", 2: "infrastructure_error", 3: "error",
        4: "scored", 5: "scored",
    }  # fmt: skip
    assert {seed: row["attempt"] for seed, row in recorded.items()} == {
        0: 1, 1: 2, 2: 2, 3: 1, 4: 2, 5: 1,
    }  # fmt: skip
    assert "Segmentation fault in libfake" in recorded[1]["error"]
    assert "--time-limit" in recorded[2]["error"]
    assert not any((tmp_path / "e/work").iterdir())


def test_ctrl_c_ends_everything_ray_listens_to_nobody_else_and_resume_goes_on(tool, tmp_path):
    process = subprocess.Popen(
        [sys.executable, HERE / "fake_episodes.py", "play", "eval", TASK, "--episodes", "8", *RAY],
        cwd=tmp_path, env={**os.environ, "FAKE_SECONDS": "1.5"}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not (tmp_path / "e/episodes").exists() or len(rows(tmp_path)) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    everybody = family(process.pid)
    assert len(everybody) > 3
    open_to = listening(everybody)
    assert open_to  # it does listen
    assert open_to <= LOOPBACK
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    before = rows(tmp_path)
    assert 2 <= len(before) < 8
    assert not any((tmp_path / "e/work").iterdir())
    while any(Path(f"/proc/{pid}").exists() for pid in everybody):
        assert time.monotonic() < deadline, "a process of Ray outlived its evaluation"
        time.sleep(0.1)
    again = tool("play", "eval", "--resume", *RAY)
    assert again.returncode == 0, again.stderr
    after = rows(tmp_path)
    assert sorted(after) == list(range(8))
    assert {seed: after[seed] for seed in before} == before


def test_records_come_back_whole_from_nodes_that_share_no_disk(tmp_path):
    """The real executor, told that nothing is shared."""
    script = tmp_path / "apart.py"
    script.write_text(
        f"""
from pathlib import Path
import fake_episodes
from leapcasa.configs import load
from leapcasa.envs import assets
from leapcasa.runs.evaluation import identity
from leapcasa.runs.evaluation.jobs import Job
from leapcasa.runs.evaluation.ray_executor import RayOptions, RayWorkers
from dataclasses import replace

here = Path({str(tmp_path)!r})
(here / "work").mkdir()
config = load("default")
print_ = identity.fingerprint(identity.facts(config, assets.ensure()))
workers = RayWorkers(2, fake_episodes.play, 60, RayOptions(), shared=False)
for seed, fingerprint in ((0, print_), (1, print_), (2, "that of another simulation")):
    while not workers.free:
        workers.wait(0.1)
    job = Job(config=replace(config, task="{TASK}", seed=seed), folder=here / "work" / str(seed),
              final=here / str(seed), log=here / "work" / "log", attempt=1,
              fingerprint=fingerprint)
    workers.start(job)
    while (ended := workers.wait(0.2)) is None:
        pass
    assert ended.outcome is not None, ended.trouble
    print(seed, ended.outcome.kind, ended.outcome.message, sorted(
        (p.name, p.stat().st_size) for p in job.folder.glob("*")))
workers.stop()
"""
    )
    environment = {**os.environ, "FAKE_BYTES": "300000", "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=150, env=environment
    )
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    for line in (first, second):
        assert line[2:].startswith("sealed")
        assert "('steps.bin', 300000)" in line
        assert "('episode.json'," in line
    assert third.startswith("2 refused")
    assert "another simulation" in third
    assert not (tmp_path / "work/2").exists()


def test_a_parcel_that_was_damaged_or_mixed_up_is_no_episode(tmp_path):
    from dataclasses import replace

    from fake_episodes import play

    from leapcasa.configs import LeapcasaError, load
    from leapcasa.runs.evaluation.jobs import Job
    from leapcasa.runs.evaluation.parcel import digest, pack, unpack

    job = Job(config=replace(load("default"), task=TASK, seed=3), folder=tmp_path / "a",
              final=tmp_path / "f", log=tmp_path / "log", attempt=1, fingerprint="x")  # fmt: skip
    assert play(job).kind == "sealed"
    parcel = pack(job.folder)
    there = replace(job, folder=tmp_path / "b")
    unpack(parcel, there, digest(parcel))
    for path in job.folder.iterdir():
        assert (there.folder / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(LeapcasaError, match="damaged"):
        unpack(parcel[:-600], replace(job, folder=tmp_path / "c"), digest(parcel))
    with pytest.raises(LeapcasaError, match="not that of the episode"):
        unpack(parcel, replace(there, fingerprint="y"), digest(parcel))
    (job.folder / "sub").mkdir()
    crooked = pack(job.folder)
    with pytest.raises(LeapcasaError, match="'sub', which is no file"):
        unpack(crooked, replace(job, folder=tmp_path / "d"), digest(crooked))


def test_without_ray_the_way_to_get_it_is_told(tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError('no such thing here')\n")
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "eval", TASK, *RAY],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install leapcasa[ray]" in done.stderr
    assert not (tmp_path / "e").exists()
    for arguments in (("--ray-address", "x:1"), ("--executor", "ray", "--share-models")):
        refused = subprocess.run(
            [sys.executable, "-m", "leapcasa.runs", "eval", TASK, *arguments],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr


@pytest.mark.sim
def test_a_real_episode_runs_on_ray_with_its_log_and_its_record(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "eval", TASK, "--episodes", "1", "--config",
         "baseline", "--set", "env.render_profile=fast", "--set", "limits.max_steps=16",
         "--no-video", "--json", *RAY],
        cwd=tmp_path, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scored"] == 1
    (place,) = (tmp_path / "e/episodes").iterdir()
    record = json.loads((place / "run.json").read_text())
    assert record["result"]["steps"] == 16
    assert record["result"]["run_dir"] == str(place)
    assert (place / "log.txt").exists()
