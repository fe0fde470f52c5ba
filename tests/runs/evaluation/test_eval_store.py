"""The store between crashes: every state that a crash can leave, made by hand."""

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from leapcasa.configs import ConfigError, LeapcasaError
from leapcasa.runs.evaluation.episode import Confusion, Episode, Key, from_dict, seal, to_json
from leapcasa.runs.evaluation.store import Store, read_only

MARK = "f" * 16


def episode(seed: int = 0, **changed) -> Episode:
    known = {"task": "A", "split": "target", "status": "scored", "success": True}
    return Episode(**{**known, "seed": seed, **changed})


def made(place: Path, row: Episode, mark: str = MARK) -> Path:
    """A whole folder, as a worker leaves it."""
    place.mkdir(parents=True)
    (place / "data").write_text(f"attempt {row.attempt}")
    seal(place, row, mark)
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "e"


@pytest.fixture
def store(folder: Path):
    opened = Store(folder)
    opened.begin({"preset": "x"})
    yield opened
    opened.close()


def test_a_row_comes_back_as_it_was():
    row = episode(3, judge=Confusion(true_complete=4), privileged=("policy",), error="Ä\n'\"")
    assert from_dict(json.loads(to_json(row))) == row
    later = {**json.loads(to_json(row)), "field_of_tomorrow": 1}
    assert from_dict(later) == row


def test_taking_in_moves_the_folder_and_writes_the_row(store, folder):
    row = store.take_in(made(folder / "work/x", episode(1)))
    assert row.folder == "episodes/A_target_s1"
    assert (folder / row.folder / "data").exists()
    assert not (folder / "work/x").exists()
    assert store.episodes() == [row]


def test_a_folder_without_a_row_is_taken_in_wherever_the_crash_left_it(store, folder):
    made(folder / "work/x", episode(1))
    made(folder / "episodes/A_target_s2", episode(2))
    assert store.sweep(MARK) == 2
    assert [(r.seed, r.folder) for r in store.episodes()] == [
        (1, "episodes/A_target_s1"), (2, "episodes/A_target_s2"),
    ]  # fmt: skip
    assert list((folder / "work").iterdir()) == []
    assert store.sweep(MARK) == 0


def test_what_is_not_whole_or_of_another_configuration_is_thrown_away(store, folder):
    torn = made(folder / "work/torn", episode(1))
    (torn / "episode.json").write_text('{"fingerprint": "ffff')
    unsealed = made(folder / "episodes/A_target_s2", episode(2))
    (unsealed / "episode.json").unlink()
    made(folder / "work/other", episode(3), mark="0" * 16)
    (folder / "work/x.log").write_text("noise")
    assert store.sweep(MARK) == 0
    assert store.episodes() == []
    assert list((folder / "work").iterdir()) == []
    assert list((folder / "episodes").iterdir()) == []


def test_a_scored_episode_is_never_replaced(store, folder):
    first = store.take_in(made(folder / "work/x", episode(1)))
    made(folder / "work/orphan", episode(1, success=False, attempt=2))
    assert store.sweep(MARK) == 0
    store.record(episode(1, success=False, attempt=3))
    assert store.episodes() == [first]
    assert (folder / first.folder / "data").read_text() == "attempt 1"


def test_an_error_is_replaced_by_a_later_run_at_every_point_of_a_crash(store, folder):
    bad = episode(1, status="error", success=False)
    store.take_in(made(folder / "work/x", bad))
    second = replace(bad, status="scored", success=True, attempt=2)
    # a crash after the old folder was moved out of the way, before the new one came in
    (folder / "episodes/A_target_s1").rename(folder / "work/.gone-A_target_s1")
    made(folder / "work/y", second)
    assert store.sweep(MARK) == 1
    (row,) = store.episodes()
    assert (row.status, row.attempt) == ("scored", 2)
    assert (folder / row.folder / "data").read_text() == "attempt 2"
    assert list((folder / "work").iterdir()) == []


def test_an_old_row_with_a_new_folder_takes_the_new_one(store, folder):
    bad = episode(1, status="infrastructure_error", success=False)
    store.take_in(made(folder / "work/x", bad))
    shutil.rmtree(folder / "episodes/A_target_s1")
    made(folder / "episodes/A_target_s1", episode(1, attempt=2))
    assert store.sweep(MARK) == 1
    assert store.episodes()[0].attempt == 2


def test_wanted_episodes_are_added_once(store):
    keys = [Key(task="A", split="target", seed=s) for s in (2, 0)]
    store.want(keys)
    store.want(keys)
    assert store.wanted() == sorted(keys)


def test_two_stores_of_one_folder_are_refused_and_readers_are_not(store, folder):
    store.take_in(made(folder / "work/x", episode(1)))
    with pytest.raises(ConfigError, match="another evaluation is running"):
        Store(folder)
    meta, rows = read_only(folder)
    assert meta["preset"] == "x"
    assert rows == store.episodes()


def test_a_closed_evaluation_can_be_read_from_a_disk_that_is_read_only(store, folder):
    store.take_in(made(folder / "work/x", episode(1)))
    store.close()
    (folder / "evaluation.sqlite").chmod(0o444)
    folder.chmod(0o555)
    try:
        assert len(read_only(folder)[1]) == 1
    finally:
        folder.chmod(0o755)


def test_a_later_format_is_refused(store, folder):
    store.close()
    with sqlite3.connect(folder / "evaluation.sqlite") as db:
        db.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(ConfigError, match="format 99"):
        Store(folder)


def test_the_store_is_as_durable_as_it_says(store):
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_folder_that_is_not_whole_is_no_episode(store, folder):
    (folder / "work/x").mkdir()
    with pytest.raises(LeapcasaError, match="no whole episode"):
        store.take_in(folder / "work/x")


def test_what_holds_no_evaluation_is_said_to_hold_none(tmp_path):
    with pytest.raises(ConfigError, match="holds no evaluation"):
        read_only(tmp_path)
