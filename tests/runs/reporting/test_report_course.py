"""What the report says of one episode, against what really went on in it, step by step."""

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made import play

from leapcasa.runs.evaluation.reading import read_events
from leapcasa.runs.reporting import compact
from leapcasa.runs.reporting.belief import belief
from leapcasa.runs.reporting.truth import truth

WORDS = ["open it", "wash it\u2028now", "close it"]


@pytest.mark.parametrize("seed", range(12))
def test_attempts_are_the_subtask_and_try_the_agent_had_in_hand_at_each_step(tmp_path, seed):
    agent, looks = play(tmp_path, WORDS, seed)
    found = belief(read_events(tmp_path / "events.jsonl"))
    seen = [(look.view.current, look.view.attempt) for look in looks]
    for step, (current, attempt) in enumerate(seen):
        if current is None:
            continue
        (one,) = [a for a in found["attempts"] if a["from"] <= step < a["to"]] or [
            found["attempts"][-1]  # the last look of an episode that was cut off
        ]
        assert (one["index"], one["attempt"]) == (current, attempt), step
        assert one["text"] == looks[step].view.subtasks[current].text
    done = [s.status == "done" for s in agent.view().subtasks]
    declared = {a["index"] for a in found["attempts"] if a["outcome"] == "done"}
    assert declared == {i for i, was in enumerate(done) if was}
    gave_up = [a for a in found["attempts"] if a["remedy"] == "gave_up"]
    assert len(gave_up) == (agent.end_reason == "gave_up")
    assert len(found["plans"]) == 1 + agent.view().replans
    assert found["end"]["reason"] == (agent.end_reason or "horizon")


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_and_calls_are_those_of_the_looks(tmp_path, seed):
    _, looks = play(tmp_path, WORDS, seed)
    found = belief(read_events(tmp_path / "events.jsonl"))
    events = [event for look in looks for event in look.events]
    verdicts = [e for e in events if type(e).__name__ == "JudgeCalled"]
    assert found["judge"]["step"] == [e.step for e in verdicts]
    assert found["judge"]["accepted"] == [e.accepted for e in verdicts]
    assert np.allclose(found["judge"]["margin"], [e.margin for e in verdicts], rtol=1e-3)
    calls = [e.step for e in events if type(e).__name__ == "PolicyCalled"]
    spread = [
        step
        for first, last, distance in found["policy"]["runs"]
        for step in (range(first, last + 1, distance) if distance else [first])
    ]
    assert spread == calls
    assert found["policy"]["calls"] == len(calls)


@pytest.mark.parametrize("seed", range(5))
def test_the_squeezed_truth_says_the_same_at_every_step(tmp_path, seed):
    _, looks = play(tmp_path, WORDS, seed)
    found = truth(tmp_path / "truth.parquet")
    assert found is not None
    assert found["last"] == looks[-1].sensors.step
    for look in looks:
        step, real = look.sensors.step, look.truth
        now = [change for change in found["progress"] if change[0] <= step][-1]
        known = None if real.progress is None else math.floor(np.float32(real.progress) * 100) / 100
        assert now[1:] == [real.subtask, known]
        inside = any(first <= step <= last for first, last in found["success"])
        assert inside == real.success


@pytest.mark.parametrize("table", [None, b"", b"PAR1 no", "columns", "empty"])
def test_a_truth_that_is_missing_or_broken_is_none(tmp_path, table):
    path = tmp_path / "truth.parquet"
    if isinstance(table, bytes):
        path.write_bytes(table)
    elif table == "columns":
        pq.write_table(pa.table({"step": [0]}), path)
    elif table == "empty":
        names = ("step", "success", "subtask", "subtask_progress")
        pq.write_table(pa.table({name: pa.array([], pa.int32()) for name in names}), path)
    assert truth(path) is None


def test_events_that_are_none_are_passed_over_and_numbers_that_are_none_too(tmp_path):
    good = {"step": 3, "event": "SubtaskStarted", "index": 0, "text": "go", "attempt": 0}
    lines = [
        '{"step": NaN, "event": "PlanMade", "subtasks": ["a", 5, null], "raw": 7}',
        json.dumps(good),
        '{"step": 1e400, "event": "JudgeCalled", "margin": Infinity, "index": "x"}',
        '{"step": 4, "event": "JudgeCalled", "margin": "high"}',
        '{"step": 5, "event": "JudgeCalled", "margin": 0.25, "accepted": "yes", "index": 1e99}',
        '{"step": -7, "event": "Unheard"}',
        '{"step": 6, "event": "PolicyIncident", "kind": "\\ud800", "text": "a\\u0000b"}',
        "[1, 2]", "no json", '{"step": 9, "event": "Adv',
    ]  # fmt: skip
    (tmp_path / "events.jsonl").write_bytes("\n".join(lines).encode() + b"\xff\n")
    found = belief(read_events(tmp_path / "events.jsonl"))
    assert [plan["subtasks"] for plan in found["plans"]] == [["a"]]
    assert found["attempts"] == [
        {"index": 0, "text": "go", "attempt": 0, "from": 3, "to": 6, "outcome": "cut", "remedy": ""}
    ]
    assert found["judge"]["margin"] == [0.25]
    assert found["judge"]["accepted"] == [False]
    assert found["incidents"] == [{"step": 6, "kind": "\ufffd", "text": "a\ufffdb"}]
    json.dumps(found, allow_nan=False).encode()


def test_thinned_verdicts_keep_every_extreme_and_every_first_acceptance():
    rng = np.random.default_rng(0)
    margins = rng.normal(size=5000).tolist()
    accepted = [bool(m > 2.5) for m in margins]
    kept = compact.chosen(margins, accepted)
    assert kept == sorted(set(kept))
    firsts = [i for i in range(5000) if accepted[i] and (i == 0 or not accepted[i - 1])]
    assert len(kept) <= compact.MOST_VERDICTS + 2 + len(firsts)
    assert set(firsts) <= set(kept)
    assert {0, 4999, int(np.argmin(margins)), int(np.argmax(margins))} <= set(kept)
    few = margins[: compact.MOST_VERDICTS]
    assert compact.chosen(few, accepted) == list(range(len(few)))


def test_thinned_truth_keeps_completions_unknowns_and_changes_of_the_subtask():
    rng = np.random.default_rng(1)
    changes = [[i, i // 500, float(rng.random())] for i in range(2000)]
    changes[701][2], changes[1234][2] = 1.0, None
    kept = compact.truth({"last": 1999, "success": [], "progress": changes})
    assert kept is not None
    steps = {change[0] for change in kept["progress"]}
    assert {0, 500, 701, 1000, 1234, 1235, 1500, 1999} <= steps
    assert len(steps) < compact.MOST_CHANGES + 10


def test_calls_at_too_many_distances_are_drawn_as_one_band_from_first_to_last():
    believed = {
        "plans": [],
        "judge": {"step": [], "index": [], "margin": [], "accepted": []},
        "policy": {"calls": 900, "clipped": 0, "runs": [[3 * i, 3 * i + 1, 1] for i in range(450)]},
    }
    drawn = compact.course(believed)
    assert drawn is not None
    assert drawn["policy"] == {"calls": 900, "clipped": 0, "runs": [[0, 1348, 0]]}
