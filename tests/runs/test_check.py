import json
from dataclasses import asdict
from pathlib import Path

import pytest

from leapcasa.configs import LeapcasaError
from leapcasa.runs import check
from leapcasa.runs.check import Job, Row


def row(task: str, **fields) -> Row:
    known = {"split": "target", "seed": 0, "assets": "standin-x", "ok": True}
    return Row(task=task, **{**known, **fields})


def test_rows_are_read_back_whatever_the_file_went_through(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    rows = [row("A"), row("B", by_itself=(0, 1)), row("C", assets="other")]
    text = "".join(json.dumps(asdict(r)) + "\n" for r in rows)
    path.write_text(text + '{"task": "D", "spl')
    read = check.read_rows(path, "standin-x")
    assert read == {("A", "target", 0): rows[0], ("B", "target", 0): rows[1]}
    assert check.read_rows(tmp_path / "none.jsonl", "standin-x") == {}


@pytest.mark.sim
def test_a_check_runs_resumes_and_repeats_only_what_failed(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    jobs = [
        Job(task="OpenDrawer", split="target", seed=0),
        Job(task="NoTask", split="target", seed=0),
    ]
    seen: list[str] = []
    rows = check.run(jobs, results=path, workers=1, report=lambda r: seen.append(r.task))
    assert [r.ok for r in rows] == [True, False]
    assert "unknown task" in rows[1].error
    assert sorted(seen) == ["NoTask", "OpenDrawer"]
    again = check.run(jobs, results=path, workers=1, report=lambda r: seen.append(r.task))
    assert seen[2:] == ["NoTask"]
    assert again[0] == rows[0]


def test_the_page_counts_and_names_failures():
    rows = [row("A", retries=3), row("B", ok=False, error="hung"), row("C", by_itself=(0,))]
    page = check.table(rows, "leapcasa tasks --check")
    assert "**2 of 3** runs pass" in page
    assert "| B | target | 0 | hung |" in page
    assert "the worst 3" in page
    assert "- C (target): seeds 0" in page
    with pytest.raises(LeapcasaError, match="nothing was checked"):
        check.table([], "x")
