import errno
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leapcasa.configs import ConfigError
from leapcasa.runs import records
from leapcasa.runs.records import EventLog, RecordError, Table, make_folder, write_json

COLUMNS = {"step": pa.int32(), "action": pa.list_(pa.float32(), 12), "label": pa.string()}


def fill(table: Table, count: int) -> None:
    for step in range(count):
        action = np.full(12, step / 8, dtype=np.float32)
        table.append({"step": step, "action": action, "label": None if step % 2 else "x"})


def test_a_table_comes_back_as_it_was_written(tmp_path):
    table = Table(tmp_path / "steps.parquet", COLUMNS, {"note": "vectors in the official order"})
    fill(table, 451)
    table.save()
    back = pq.read_table(tmp_path / "steps.parquet")
    assert back.column_names == ["step", "action", "label"]
    assert back["step"].to_pylist() == list(range(451))
    actions = np.array(back["action"].to_pylist())
    assert actions.shape == (451, 12)
    assert np.array_equal(actions[:, 11], np.arange(451) / 8)
    assert back["label"].null_count == 225
    assert back.schema.metadata[b"note"] == b"vectors in the official order"


def test_an_empty_table_is_a_readable_file(tmp_path):
    Table(tmp_path / "steps.parquet", COLUMNS).save()
    assert pq.read_table(tmp_path / "steps.parquet").num_rows == 0


def test_a_killed_process_leaves_the_table_of_its_last_checkpoint(tmp_path):
    code = f"""
import os, signal, numpy, pyarrow as pa
from pathlib import Path
from leapcasa.runs.records import Table, CHECKPOINT_STEPS
table = Table(Path({str(tmp_path)!r}) / "t.parquet", {{"step": pa.int32()}})
for step in range(2 * CHECKPOINT_STEPS + 7):
    table.append({{"step": step}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code])
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 2 * records.CHECKPOINT_STEPS


def test_columns_that_are_missing_or_unknown_are_refused(tmp_path):
    table = Table(tmp_path / "t.parquet", {"step": pa.int32()})
    with pytest.raises(ValueError, match="expected"):
        table.append({"step": 1, "truth": True})


def opener(room: int):
    """`open` for a disk with room for so many bytes in each file."""
    return lambda *a, **k: FullDisk(open(*a, **k), room)


class FullDisk:
    """A disk with room for so many more bytes."""

    def __init__(self, real, room: int) -> None:
        self._real, self._room = real, room

    def __getattr__(self, name):
        return getattr(self._real, name)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._real.close()

    def write(self, data) -> int:
        size = memoryview(data).nbytes
        if size > self._room:
            self._real.write(bytes(data)[: self._room])
            self._room = 0
            raise OSError(errno.ENOSPC, "No space left on device")
        self._room -= size
        return self._real.write(data)


def test_a_full_disk_keeps_the_last_whole_table_and_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "steps.parquet"
    table = Table(path, COLUMNS)
    fill(table, 10)
    table.save()
    fill(table, 10)
    monkeypatch.setattr(records, "open", opener(40), raising=False)
    with pytest.raises(RecordError, match=r"No space left on device.*--out DIR"):
        table.save()
    assert pq.read_table(path).num_rows == 10
    assert [p.name for p in tmp_path.iterdir()] == ["steps.parquet"]


def write_many(log: EventLog, count: int) -> None:
    for step in range(count):
        log.write("Advanced", step, {"index": 1, "margin": np.float32(0.5)})


def test_a_full_disk_leaves_whole_lines_in_the_event_log(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    monkeypatch.setattr(records, "open", opener(150), raising=False)
    log = EventLog(path)
    with pytest.raises(RecordError, match="No space left"):
        write_many(log, 100)
    log.close()
    lines = path.read_text().splitlines()
    assert len(lines) >= 2
    assert [json.loads(line)["step"] for line in lines] == list(range(len(lines)))


def test_a_real_full_device_is_reported_not_crashed_on(tmp_path):
    link = tmp_path / "events.jsonl"
    log = EventLog(link)
    log._file.close()
    try:
        log._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    except OSError:
        pytest.skip("no /dev/full here")
    with pytest.raises(RecordError, match="No space left"):
        log.write("Advanced", 0, {})


def test_events_are_on_disk_before_the_log_is_closed(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("PlanMade", 0, {"subtasks": ("größer", "b"), "score": np.float64(1.5)})
    row = json.loads((tmp_path / "events.jsonl").read_text())
    assert row == {"step": 0, "event": "PlanMade", "subtasks": ["größer", "b"], "score": 1.5}
    log.close()


def test_json_is_replaced_in_one_move_and_refuses_what_is_not_a_number(tmp_path):
    path = tmp_path / "run.json"
    write_json(path, {"state": "running"})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"state": float("nan")})
    assert json.loads(path.read_text()) == {"state": "running"}
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_a_run_folder_must_be_new_or_empty(tmp_path):
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "a" / "b" / "run.json").touch()
    with pytest.raises(ConfigError, match=r"not empty.*another folder"):
        make_folder(tmp_path / "a" / "b")
    with pytest.raises(ConfigError, match="is a file"):
        make_folder(tmp_path / "a" / "b" / "run.json")


def test_a_place_that_cannot_be_written_to_is_refused_before_the_run():
    with pytest.raises(ConfigError, match=r"cannot write to .*--out DIR"):
        make_folder(__import__("pathlib").Path("/proc/leapcasa"))


def test_two_processes_may_write_the_same_file_at_once(tmp_path):
    code = """
import sys
from pathlib import Path
from leapcasa.runs.records import replace_file
for _ in range(200):
    replace_file(Path(sys.argv[1]), lambda stream: stream.write(sys.argv[2].encode() * 100_000))
"""
    path = tmp_path / "cache.npy"
    both = [subprocess.Popen([sys.executable, "-c", code, str(path), text]) for text in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(set(path.read_bytes())) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["cache.npy"]
