"""Logging to wandb: the real library, offline, and what it wrote read back by its own reader."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("wandb")

FAKE = Path(__file__).parent / "evaluation" / "fake_episodes.py"
OFFLINE = {"WANDB_MODE": "offline"}


def call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(FAKE), "play", "eval", *arguments, "--workers", "1", "--no-video",
         "--out", str(folder), "--json"],
        capture_output=True, text=True, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip


def written(folder: Path) -> list[dict]:
    """What each run's file holds, in order of time: id, rows, summary, exit code."""
    from wandb.proto import wandb_internal_pb2 as records
    from wandb.sdk.internal.datastore import DataStore

    found = []
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        run: dict = {"rows": [], "summary": {}, "exit": None, "config": {}}
        store = DataStore()
        store.open_for_scan(str(path))
        while (data := store.scan_data()) is not None:
            record = records.Record()
            record.ParseFromString(data)
            kind = record.WhichOneof("record_type")
            if kind == "run":
                run |= {"id": record.run.run_id, "project": record.run.project,
                        "entity": record.run.entity}  # fmt: skip
                run["config"] |= plain(record.run.config.update)
            elif kind == "history":
                run["rows"].append(plain(record.history.item))
            elif kind == "summary":
                run["summary"] |= plain(record.summary.update)
            elif kind == "exit":
                run["exit"] = record.exit.exit_code
        found.append(run)
    return found


def plain(items) -> dict:
    return {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}


def table(folder: Path) -> list[dict]:
    (path,) = sorted(folder.glob("wandb/offline-run-*/files/media/table/*.json"))[-1:]
    told = json.loads(path.read_text())
    return [dict(zip(told["columns"], row, strict=True)) for row in told["data"]]


def rows_of(folder: Path) -> list[dict]:
    with sqlite3.connect(folder / "evaluation.sqlite") as db:
        return [json.loads(text) for (text,) in db.execute("SELECT row FROM episodes")]


def test_rows_rates_table_and_summary_are_those_of_the_evaluation_and_it_goes_on(tmp_path):
    folder = tmp_path / "e"
    first = call(folder, "RinseSinkBasin", "--episodes", "3", "--wandb", "team/kitchens", **OFFLINE)
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    (run,) = written(folder)
    assert (run["project"], run["entity"], run["exit"]) == ("kitchens", "team", 0)
    assert run["config"]["config"]["task"] == ""
    logged = [row for row in run["rows"] if "episode/task" in row]
    stored = sorted(rows_of(folder), key=lambda row: row["seed"])
    assert [row["episode/success"] for row in logged] == [int(row["success"]) for row in stored]
    hits = 0
    for count, (row, known) in enumerate(zip(logged, stored, strict=True), start=1):
        hits += known["success"]
        assert row["episodes/recorded"] == row["scored/all"] == count
        assert row["success/all"] == row["success/RinseSinkBasin"] == pytest.approx(hits / count)
        assert row["success_low/all"] <= row["success/all"] <= row["success_high/all"]
        assert row["episode/steps"] == known["steps"]
    assert run["summary"]["final/all/success"] == pytest.approx(hits / 3)
    assert run["summary"]["final/scored"] == told["scored"] == 3

    more = call(folder, "RinseSinkBasin", "--episodes", "5", "--resume", "--wandb", "team/kitchens",
                **OFFLINE)  # fmt: skip
    assert more.returncode == 0, more.stderr
    _, second = written(folder)
    assert second["id"] == run["id"] == json.loads((folder / "wandb.json").read_text())["id"]
    assert "goes on as" in more.stderr
    counts = [row["episodes/recorded"] for row in second["rows"] if "episode/task" in row]
    assert counts == [4, 5]
    cells = {row["seed"]: row for row in table(folder)}
    assert {s: r["success"] for s, r in cells.items()} == {
        row["seed"]: row["success"] for row in rows_of(folder)
    }
    assert cells[4]["judge_true_not_complete"] == 4


def test_ctrl_c_ends_the_run_too(tmp_path):
    folder = tmp_path / "e"
    process = subprocess.Popen(
        [sys.executable, str(FAKE), "play", "eval", "RinseSinkBasin", "--episodes", "200",
         "--workers", "1", "--no-video", "--wandb", "kitchens", "--out", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, **OFFLINE, "FAKE_SECONDS": "0.3"},
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not list(folder.glob("wandb/offline-run-*/*.wandb")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process of the group
    _, said = process.communicate(timeout=90)
    assert process.returncode == 130, said
    assert "warning: wandb" not in said
    (run,) = written(folder)
    assert run["exit"] == 130
    assert run["summary"]["final/interrupted"] is True
    assert len(table(folder)) == len(rows_of(folder)) == run["summary"]["final/recorded"]


BROKEN = """
class Settings:
    def __init__(self, **_): pass
def login(**_): return True
def init(**_): raise {error}
"""


@pytest.mark.parametrize("error", ["OSError('no route to host')", "SystemExit(3)"])
def test_trouble_is_told_once_and_harms_nothing(tmp_path, error):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "wandb.py").write_text(BROKEN.format(error=error))
    folder = tmp_path / "e"
    done = call(folder, "RinseSinkBasin", "--episodes", "4", "--wandb", "kitchens",
                PYTHONPATH=str(tmp_path / "lib"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scored"] == len(rows_of(folder)) == 4
    assert done.stderr.count("warning: wandb:") == 1
    assert "Traceback" not in done.stderr


def test_without_the_package_or_a_project_it_is_bad_input(tmp_path, monkeypatch, capsys):
    from leapcasa.runs import cli

    out = tmp_path / "e"
    start = ["eval", "RinseSinkBasin", "--episodes", "1", "--out", str(out), "--json", "--wandb"]

    def refused(name: str) -> str:
        assert cli.main([*start, name]) == 2
        return json.loads(capsys.readouterr().out)["error"]

    assert "names no project" in refused("a/b/c")
    assert "names no project" in refused("")
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    assert "wandb login" in refused("kitchens")
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert "pip install leapcasa[wandb]" in refused("kitchens")
    assert not out.exists()
