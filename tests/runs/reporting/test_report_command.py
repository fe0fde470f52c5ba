"""`leapcasa report` as a command: what it reads, what it writes, what it refuses."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from made import ABOUT, evaluation, record

from leapcasa.runs import cli
from leapcasa.runs.evaluation.episode import Key
from leapcasa.runs.evaluation.store import Store

TASKS = ("RinseSinkBasin", "StartElectricKettle")
KEYS = [Key(task=task, split="target", seed=seed) for task in TASKS for seed in range(6)]


def report(capsys, *arguments) -> dict:
    assert cli.main(["report", *map(str, arguments), "--json"]) == 0
    captured = capsys.readouterr()
    return json.loads(captured.out)


def refused(capsys, *arguments) -> str:
    assert cli.main(["report", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.fixture
def folder(tmp_path) -> Path:
    return evaluation(tmp_path / "e", KEYS)


def test_the_numbers_are_those_of_the_rows(folder, capsys):
    answer = report(capsys, folder)
    made = json.loads((folder / "report.json").read_text())
    rows = made["episodes"]
    assert len(rows) == len(KEYS) == made["recorded"] == made["wanted"]
    wins = {task: [r["success"] for r in rows if r["task"] == task] for task in TASKS}
    for group in made["tasks"]:
        assert group["success"]["hits"] == sum(wins[group["name"]])
    failed = [r for r in rows if not r["success"]]
    assert made["failures"]["failed"] == len(failed)
    named = {one["reason"]: one["n"] for one in made["failures"]["reasons"]}
    declared = sum(r["declared_success"] for r in failed)
    assert named.pop("false_completion", 0) == declared
    for end, n in named.items():
        assert n == sum(r["end_reason"] == end and not r["declared_success"] for r in failed)
    attempts = [one for r in rows for one in r["believed"]["attempts"]]
    for line in made["failures"]["subtasks"]:
        mine = [one for one in attempts if one["text"] == line["text"]]
        assert line["attempts"] == len(mine)
        assert line["ran_out"] == sum(one["outcome"] == "ran_out" for one in mine)
    assert sum(r["timeouts"] for r in rows) == sum(o["outcome"] == "ran_out" for o in attempts)
    assert made["costs"][-1]["seconds_mean"] == 14.0
    assert made["costs"][-1]["judge_milliseconds_mean"] == 2.5
    assert answer["success"] == made["sets"][-1]["success"]
    assert made["leaderboard"] == json.loads((folder / "leaderboard.json").read_text())
    with open(folder / "attempts.csv") as stream:
        assert len(list(csv.DictReader(stream))) == len(attempts)
    with open(folder / "episodes.csv") as stream:
        assert [(r["task"], int(r["seed"])) for r in csv.DictReader(stream)] == [
            (key.task, key.seed) for key in KEYS
        ]


def test_a_running_evaluation_is_read_and_nothing_of_it_is_changed(tmp_path, capsys):
    missing = [Key(task="RinseSinkBasin", split="target", seed=99)]
    folder = evaluation(tmp_path / "e", KEYS[:3], missing=missing)
    store = Store(folder)  # another `leapcasa eval` has it open, lock and all
    try:
        before = sorted(store._db.iterdump())
        answer = report(capsys, folder)
        assert (answer["recorded"], answer["wanted"]) == (3, 4)
        assert "NOT COMPLETE: 3 of 4" in (folder / "report.html").read_text()
        assert sorted(store._db.iterdump()) == before
        store.want([Key(task="RinseSinkBasin", split="target", seed=100)])
    finally:
        store.close()
    assert report(capsys, folder)["wanted"] == 5


def test_an_evaluation_whose_process_was_killed_is_read(tmp_path, capsys):
    folder = evaluation(tmp_path / "e", KEYS[:1])
    script = (
        "import os, sys\nfrom pathlib import Path\n"
        "from leapcasa.runs.evaluation.store import Store\n"
        "from leapcasa.runs.evaluation.episode import Key\n"
        "store = Store(Path(sys.argv[1]))\n"
        "store.want([Key(task='CloseFridge', split='target', seed=1)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, folder]).returncode == -9
    assert (folder / "evaluation.sqlite-wal").stat().st_size > 0
    answer = report(capsys, folder, "--out", tmp_path / "page.html")
    assert (answer["recorded"], answer["wanted"]) == (1, 2)


def test_an_evaluation_without_episodes_has_a_page(tmp_path, capsys):
    folder = evaluation(tmp_path / "e", [], missing=KEYS[:2])
    answer = report(capsys, folder)
    assert (answer["recorded"], answer["scored"], answer["wanted"]) == (0, 0, 2)
    assert "nothing is scored yet" in (folder / "report.html").read_text()


def test_a_report_again_leaves_files_alone_that_say_the_same(folder, capsys):
    report(capsys, folder)
    names = ("episodes.csv", "per_task.csv", "attempts.csv")
    before = {name: (folder / name).stat().st_ino for name in names}
    report(capsys, folder)
    assert {name: (folder / name).stat().st_ino for name in names} == before


def test_a_page_elsewhere_has_its_files_beside_it_under_its_name(folder, tmp_path, capsys):
    before = sorted(path.name for path in folder.iterdir())
    page = tmp_path / "share" / "mine.html"
    answer = report(capsys, folder, "--out", page, "--title", "<Mine>")
    assert sorted(path.name for path in page.parent.iterdir()) == sorted(
        ["mine.html", "mine.json", "mine.leaderboard.json", "mine.episodes.csv",
         "mine.per_task.csv", "mine.attempts.csv"]
    )  # fmt: skip
    assert answer["title"] == "<Mine>"
    assert "<title>&lt;Mine&gt;</title>" in page.read_text()
    left = set(os.listdir(folder)) - {"evaluation.sqlite-shm", "evaluation.sqlite-wal"}
    assert left == set(before)


def test_a_single_rollout_has_a_page(tmp_path, capsys):
    record(tmp_path / "r", Key(task="RinseSinkBasin", split="target", seed=3), ["wash it"])
    answer = report(capsys, tmp_path / "r")
    assert (answer["kind"], answer["recorded"], answer["scored"]) == ("rollout", 1, 1)
    assert answer["title"] == "RinseSinkBasin, target scenes, seed 3"


@pytest.mark.parametrize(("change", "error"), [("running", "no result"), ("interrupted", "interr")])
def test_a_rollout_without_an_end_is_shown_and_not_scored(tmp_path, capsys, change, error):
    folder = tmp_path / "r"
    key = Key(task="RinseSinkBasin", split="target", seed=3)
    record(folder, key, ["wash it"], end_reason="interrupted")
    run = json.loads((folder / "run.json").read_text())
    if change == "running":
        run["result"] = None
    (folder / "run.json").write_text(json.dumps(run))
    answer = report(capsys, folder)
    assert (answer["scored"], answer["success"]["n"]) == (0, 0)
    (row,) = json.loads((folder / "report.json").read_text())["episodes"]
    assert row["status"] == "error"
    assert error in row["error"]
    assert row["believed"]["plans"]


def test_errors_are_grouped_by_what_broke(tmp_path, capsys):
    def change(key):
        broken = {"status": "error", "end_reason": "error", "success": False}
        return {**broken, "error": f"policy gave NaN in /tmp/x{key.seed}.npy after {key.seed}"}

    def result(key):
        values = change(key)
        values.pop("status")
        return values

    folder = evaluation(tmp_path / "e", KEYS[:4], change=result)
    report(capsys, folder)
    made = json.loads((folder / "report.json").read_text())
    assert made["errors"] == 4
    (group,) = made["failures"]["errors"]
    assert group["n"] == 4
    assert group["first"]["seed"] == 0
    assert made["failures"]["failed"] == 0


def test_records_that_are_gone_or_broken_do_not_stop_the_report(folder, capsys):
    places = sorted((folder / "episodes").iterdir())
    (places[0] / "events.jsonl").unlink()
    (places[1] / "run.json").write_text("{")
    (places[2] / "truth.parquet").write_bytes(b"no table")
    (places[3] / "video.mp4").write_bytes(b"")
    (places[5] / "events.jsonl").write_text("[" * 200_000)
    for path in places[4].iterdir():
        path.unlink()
    places[4].rmdir()
    report(capsys, folder)
    rows = json.loads((folder / "report.json").read_text())["episodes"]
    assert rows[0]["believed"] is None
    assert rows[1]["instruction"] == ""
    assert rows[2]["truth"] is None
    assert rows[4]["believed"] is rows[4]["truth"] is None
    assert rows[5]["believed"]["attempts"] == []


def test_a_row_that_points_out_of_the_folder_is_not_followed(tmp_path, capsys):
    folder = evaluation(tmp_path / "e", KEYS[:1])
    outside = tmp_path / "outside"
    record(outside, KEYS[0], ["a secret"])
    with sqlite3.connect(folder / "evaluation.sqlite") as db:
        (text,) = db.execute("SELECT row FROM episodes").fetchone()
        row = json.loads(text) | {"folder": "../outside", "assets": "\ud800"}
        db.execute("UPDATE episodes SET row = ?", [json.dumps(row)])
    report(capsys, folder)
    assert "a secret" not in (folder / "report.html").read_text()
    assert "a secret" not in (folder / "report.json").read_text()


def test_what_is_no_folder_of_ours_is_refused(tmp_path, capsys):
    assert "is not there" in refused(capsys, tmp_path / "none")
    assert "evaluation.sqlite" in refused(capsys, tmp_path)
    (tmp_path / "evaluation.sqlite").write_bytes(b"not a database at all")
    assert "is no evaluation" in refused(capsys, tmp_path)
    (tmp_path / "evaluation.sqlite").unlink()
    (tmp_path / "run.json").write_text("[]")
    assert "no record" in refused(capsys, tmp_path)


def test_a_page_that_can_be_none_is_refused(folder, tmp_path, capsys):
    assert "ends with .html" in refused(capsys, folder, "--out", tmp_path / "page.pdf")
    assert "ends with .html" in refused(capsys, folder, "--out", tmp_path)
    (tmp_path / "file").write_text("")
    assert cli.main(["report", str(folder), "--out", str(tmp_path / "file" / "p.html")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_more_videos_than_a_browser_opens_are_not_embedded(folder, tmp_path, capsys):
    place = sorted((folder / "episodes").iterdir())[0]
    with open(place / "video.mp4", "wb") as stream:
        stream.truncate(400 << 20)  # a hole: takes no room
    assert "leave it out" in refused(capsys, folder, "--embed-videos")
    assert report(capsys, folder)["videos_bytes"] == 400 << 20


def test_the_wheel_carries_templates_and_schema():
    root = Path(cli.__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    globs = project["package-data"]["leapcasa.runs.reporting"]
    here = root / "runs" / "reporting"
    data = [p for p in here.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert len(data) >= 10
    for path in data:
        assert any(fnmatch(path.relative_to(here).as_posix(), glob) for glob in globs), path


def test_attribution_is_taken_over_and_shown(folder, capsys):
    given = {
        "format": 1, "failed": 5, "episodes": 3, "sample": {"asked": 3, "seed": 0},
        "sentence": "the policy loses most",
        "variants": [
            {"replaced": [], "n": 3, "rescued": 0, "rate": 0, "interval": [0, 0.56], "errors": 0},
            {"replaced": ["policy"], "n": 3, "rescued": 2, "rate": 2 / 3, "interval": [0.2, 0.94]},
        ],
        "blame": [{"part": "policy", "alone_rescues": 2, "needed": 1, "shapley": 1.75,
                   "shapley_low": 1.5, "shapley_high": 2.25}],
        "episodes_table": [
            {"task": "RinseSinkBasin", "split": "target", "seed": 2,
             "rescued_by": [["policy"], ["planner", "judge"]]},
        ],
        "later": {"x": 1},
    }  # fmt: skip
    (folder / "attribution.json").write_text(json.dumps(given))
    report(capsys, folder)
    assert json.loads((folder / "report.json").read_text())["attribution"] == given
    page = (folder / "report.html").read_text()
    section = page[page.index('id="attribution"') : page.index('id="episode"')]
    for text in (
        "the policy loses most", "nothing (control)", "67%", "20-94%", "2 of 3", "1.8",
        "1.5 to 2.2", "policy; planner + judge", "A sample of at most 3 of 5 failed episodes.",
    ):  # fmt: skip
        assert text in section, text


@pytest.mark.parametrize(
    "given", ["[]", "{", "null", '{"variants": 5, "blame": [3], "episodes_table": {"a": 1}}']
)
def test_an_attribution_that_is_none_does_not_stop_the_report(folder, capsys, given):
    (folder / "attribution.json").write_text(given)
    report(capsys, folder)


def test_the_about_of_the_evaluation_is_on_record(folder, capsys):
    report(capsys, folder)
    about = json.loads((folder / "report.json").read_text())["about"]
    assert about["config"] == ABOUT["config"]
    assert about["versions"] == ABOUT["versions"]
    assert about["assets"] == "standin-test"


def test_a_rule_to_stop_by_is_told_and_rates_are_over_what_it_counts(tmp_path, capsys):
    folder = evaluation(tmp_path / "e", KEYS)
    order = [[key.split, key.seed] for key in KEYS[:6]]
    decision = {"verdict": "below", "place": 4, "n": 4, "successes": 1}
    task = {"order": order, "decision": decision}
    rule = {"format": 1, "rule": "sprt=0.5,0.7", "tasks": {"RinseSinkBasin": task}}
    (folder / "sequential.json").write_text(json.dumps(rule))
    report(capsys, folder)
    made = json.loads((folder / "report.json").read_text())
    assert made["sets"][-1]["n"] == 4
    assert made["failures"]["failed"] == 4 - made["sets"][-1]["success"]["hits"]
    assert made["stopped"][0].startswith("RinseSinkBasin: stopped after 4 episodes")
    assert "stopped early by a rule (sprt=0.5,0.7)" in made["leaderboard"]["notes"]
    assert "confidence sequence" in (folder / "report.html").read_text()
