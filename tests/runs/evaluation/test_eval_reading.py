"""From records to rows, and from words to episodes."""

import dataclasses
import json
from pathlib import Path

import pytest

from leapcasa.configs import ConfigError
from leapcasa.runs.evaluation import reading, request
from leapcasa.runs.evaluation.episode import Confusion
from leapcasa.runs.evaluation.reading import confusion, read_events, read_truth
from leapcasa.runs.evaluation.report import _cell
from leapcasa.runs.records import Table
from leapcasa.runs.rollout import Result


def verdict(step: int, index: int, accepted: bool) -> dict:
    return {"event": "JudgeCalled", "step": step, "index": index, "accepted": accepted}


def test_each_verdict_is_held_beside_the_truth_of_its_step():
    truth = {2: (0, 0.5), 4: (0, 1.0), 6: (1, 0.99), 8: (1, 1.0), 10: (1, None)}
    events = [
        {"event": "PlanMade", "step": 0},
        verdict(2, 0, False),  # rightly not complete
        verdict(4, 0, True),  # rightly complete
        verdict(6, 1, True),  # a false advance
        verdict(8, 1, False),  # missed
        verdict(10, 1, True),  # nobody can say
        verdict(12, 1, True),  # no truth of this step
        verdict(8, 0, True),  # the truth is about another subtask
    ]
    assert confusion(events, truth) == Confusion(
        true_not_complete=1, true_complete=1, false_complete=1, false_not_complete=1, unknown=3
    )


def test_truth_is_read_from_the_recorders_own_table_and_may_be_missing(tmp_path: Path):
    import pyarrow as pa

    columns = {"step": pa.int32(), "subtask": pa.int16(), "subtask_progress": pa.float32()}
    table = Table(tmp_path / "truth.parquet", columns)
    table.append({"step": 0, "subtask": 0, "subtask_progress": 1.0})
    table.append({"step": 1, "subtask": None, "subtask_progress": None})
    table.save()
    assert read_truth(tmp_path / "truth.parquet") == {0: (0, 1.0), 1: (None, None)}
    assert read_truth(tmp_path / "none.parquet") == {}
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing")
    assert read_truth(tmp_path / "bad.parquet") == {}


def test_a_torn_line_of_events_is_passed_over(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(verdict(1, 0, True)) + '\n"text"\n{"event": "Adv')
    assert [event["step"] for event in read_events(path)] == [1]
    assert read_events(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(
    ("text", "episodes", "wanted"),
    [
        (None, None, list(range(10))),
        (None, 3, [0, 1, 2]),
        ("0-3", None, [0, 1, 2, 3]),
        ("5, 1,5,2-3", None, [5, 1, 2, 3]),
        ("10-19", 2, [10, 11]),
        ("7", None, [7]),
    ],
)
def test_seeds_are_what_was_written(text, episodes, wanted):
    assert request.seeds(text, episodes) == wanted


@pytest.mark.parametrize("text", ["", "1-", "-1", "a", "3-1", "1--2", "0-4294967296", "1.5", "²"])
def test_what_is_no_seed_is_refused(text):
    with pytest.raises(ConfigError, match="--seeds"):
        request.seeds(text, None)


def test_sets_and_tasks_mix_and_no_task_is_doubled():
    names = request.tasks(["PickPlaceCounterToSink", "atomic_seen"])
    assert len(names) == len(set(names))
    assert {"PickPlaceCounterToSink", *request.tasks(["atomic_seen"])} == set(names)
    assert len(request.tasks(["target50"])) == 50
    every = request.tasks(["atomic_seen", "composite_seen", "composite_unseen"])
    assert set(every) == set(request.tasks(["target50"]))


def test_early_episodes_cover_every_task():
    keys = request.keys(["A", "B"], "target", [0, 1])
    assert [(key.seed, key.task) for key in keys] == [(0, "A"), (0, "B"), (1, "A"), (1, "B")]


def test_a_cell_of_a_table_is_no_formula():
    assert _cell("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0"
    assert _cell(-3) == -3


def result(**changed) -> Result:
    known = {f.name: None for f in dataclasses.fields(Result)}
    known |= {
        "task": "A", "seed": 1, "split": "target", "success": False, "success_at_end": False,
        "declared_success": False, "steps": 30, "end_reason": "horizon", "run_dir": "x",
        "subtasks": [{"text": "a", "status": "done"}, {"text": "b", "status": "failed"}],
        "privileged": [], "assets": "standin", "assets_version": "1", "seconds": 2.0,
        "setup_seconds": 1.0, "config": "default", "clipped_actions": 0,
    }  # fmt: skip
    return Result(**{**known, **changed})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        *((end, "scored") for end in ("completed", "incomplete", "gave_up", "horizon")),
        ("wall_time", "scored"),
        ("error", "error"),
        ("infrastructure_error", "infrastructure_error"),
    ],
)
def test_every_end_of_an_episode_has_its_status(end, status, tmp_path: Path):
    row = reading.read(tmp_path, result(end_reason=end), attempt=1, max_steps=100)
    assert row.status == status


def test_every_attempt_that_ran_out_is_counted_once(tmp_path: Path):
    kinds = ["Retried", "Advanced", "Skipped", "Replanned", "PolicyCalled", "Stopped"]
    lines = [json.dumps({"step": i, "event": kind}) for i, kind in enumerate(kinds)]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    row = reading.read(tmp_path, result(end_reason="gave_up"), attempt=2, max_steps=100)
    assert (row.timeouts, row.replans, row.policy_calls, row.attempt) == (4, 1, 1, 2)
    assert (row.subtasks, row.subtasks_done, row.progress) == (2, 1, 0.5)
    assert row.assets == "standin-1"
