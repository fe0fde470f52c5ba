import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from pixel_judge import FRAMES, PixelJudge, clip
from scipy.stats import binomtest

from leapcasa.configs import JudgeError
from leapcasa.runs import cli
from leapcasa.runs.judge_measure import Measurement
from leapcasa.runs.judge_store import open_store
from leapcasa.runs.manifest import load

PIXELS = ["--set", "judge=pixel_judge:PixelJudge"]
PHASES = {
    "complete": ("stable_complete_30", "terminal_complete_partial"),
    "not complete": ("pre_completion_negative", "hard_negative"),
}
METHODS = {
    "right_normalized_nll": ("right",),
    "left_normalized_nll": ("left",),
    "hand_normalized_nll": ("hand",),
    "three_view_majority_vote": ("right", "left", "hand"),
    "three_view_mean_nll": ("right", "left", "hand"),
    "right_left_mean_normalized_nll": ("right", "left"),
}


def write(folder: Path, clips: list[dict]) -> Path:
    """A manifest; each clip names label, margins by view, and whatever its row should say."""
    rows = []
    for number, one in enumerate(clips):
        row = {"id": f"c{number}", "instruction": "turn on the faucet", **one}
        margins = row.pop("margins")
        green = row.pop("green", 0)
        for view, margin in margins.items():
            name = f"{number}_{view}.npy"
            np.save(folder / name, clip(margin, green=green))
            row[view] = name
        rows.append(json.dumps(row) + "\n")
    path = folder / "clips.jsonl"
    path.write_text("".join(rows))
    return path


def random_clips(count: int, seed: int = 0) -> list[dict]:
    """Clips of both labels, every phase and three views of falling quality; multiples of 1/32."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        label = "complete" if rng.random() < 0.4 else "not complete"
        centre = 0.7 if label == "complete" else -0.7
        made.append({
            "label": label,
            "phase": PHASES[label][int(rng.random() < 0.3)],
            "group": int(rng.integers(3)),
            "margins": {
                view: round(float(np.clip(rng.normal(centre, noise), -3.9, 3.9)) * 32) / 32
                for view, noise in (("right", 0.8), ("left", 1.2), ("hand", 3))
            },
        })  # fmt: skip
    return made


def judged(capfd, *arguments: str | Path) -> tuple[int, dict, str]:
    """Exit code, JSON and stderr of `leapcasa judge eval --json`."""
    code = cli.main(["judge", "eval", *PIXELS, *map(str, arguments), "--json"])
    said = capfd.readouterr()
    assert said.out.count("\n") == 1
    return code, json.loads(said.out), said.err


def margin(one: dict, method: str) -> float:
    """What the method makes of a clip, straight from the card's words."""
    values = [one["margins"][view] for view in METHODS[method]]
    if method == "three_view_majority_vote":
        # score(l) is the share of views that did not vote for l
        yes = sum(value > 0 for value in values)
        return yes / 3 - (3 - yes) / 3
    return sum(values) / len(values)


def by_name(found: dict) -> dict[str, dict]:
    return {method["method"]: method for method in found["methods"]}


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_every_method_is_what_a_loop_over_the_manifest_counts(tmp_path, capfd):
    clips = random_clips(60)
    code, found, _ = judged(capfd, write(tmp_path, clips), "--out", tmp_path / "out")
    assert code == 0
    assert (found["clips"], found["measured"], found["reused"]) == (60, 60, 0)
    methods = by_name(found)
    assert list(methods) == list(METHODS)
    for name, method in methods.items():
        hits = {"complete": [], "not complete": []}
        phases: dict[str, list[bool]] = {}
        for one in clips:
            right = (margin(one, name) > 0) == (one["label"] == "complete")
            hits[one["label"]].append(right)
            phases.setdefault(one["phase"], []).append(right)
        told = method["accuracy"]
        assert told["complete"]["hits"] == sum(hits["complete"])
        assert told["not_complete"]["n"] == len(hits["not complete"])
        both = hits["complete"] + hits["not complete"]
        theirs = binomtest(sum(both), 60).proportion_ci(method="wilson")
        assert told["overall"]["value"] == sum(both) / 60
        assert told["overall"]["low"] == pytest.approx(theirs.low)
        assert told["overall"]["high"] == pytest.approx(theirs.high)
        for phase, right in phases.items():
            assert method["phases"][phase]["overall"]["hits"] == sum(right)
        assert sum(group["overall"]["n"] for group in method["groups"].values()) == 60
    assert methods["three_view_majority_vote"]["reliability"] is None


def test_the_files_say_the_same_as_the_result(tmp_path, capfd):
    clips = random_clips(40, seed=1)
    out = tmp_path / "out"
    code, found, err = judged(capfd, write(tmp_path, clips), "--out", out,
                              "--false-advance-rate", "0.1")  # fmt: skip
    assert code == 0, (found, err)
    stored = json.loads((out / "results.json").read_text())
    assert stored == {key: value for key, value in found.items() if key not in ("out", "files")}
    assert {Path(path).name for path in found["files"].values()} == set(found["files"])

    scores = pyarrow.parquet.read_table(out / "scores.parquet").to_pylist()
    assert len(scores) == 40 * 3 * 2
    for row in scores:
        one = clips[int(row["id"][1:])]
        half = one["margins"][row["view"]] / 2
        wanted = 3 - half if row["candidate"] == "complete" else 3 + half
        assert row["mean_nll"] == pytest.approx(wanted)
        assert row["nll"] == pytest.approx(wanted * row["tokens"])
        assert (row["label"], row["phase"], row["frames"]) == (one["label"], one["phase"], 12)

    for row in table(out / "per_method.csv"):
        told = by_name(found)[row["method"]]
        assert float(row["accuracy"]) == told["accuracy"]["overall"]["value"]
        assert float(row["margin"]) == told["operating_point"]["margin"]
        assert (row["ece"] == "") == (told["reliability"] is None)
    phases = table(out / "per_phase.csv")
    assert len(phases) == len(METHODS) * 4
    for name in METHODS:
        no = [margin(one, name) for one in clips if one["label"] == "not complete"]
        yes = [margin(one, name) for one in clips if one["label"] == "complete"]
        points = [row for row in table(out / "sweep.csv") if row["method"] == name]
        assert points[-1]["margin"] == "-inf"
        for point in points:
            threshold = float(point["margin"])
            false = sum(m > threshold + 1e-9 for m in no) / len(no)
            assert float(point["false_advance_rate"]) == pytest.approx(false)
            recall = sum(m > threshold + 1e-9 for m in yes) / len(yes)
            assert float(point["recall"]) == pytest.approx(recall)
        chosen = by_name(found)[name]["operating_point"]
        assert chosen["false_advance"]["value"] <= 0.1


def card_clips() -> list[dict]:
    """Sixteen clips on which each method has the accuracy of the model card's table."""
    right = [1] * 6 + [2] * 4 + [-0.5] * 2
    left = [1] * 6 + [-0.5] * 4 + [2, -0.5]
    hand = [-0.5, -0.5, -0.5, -0.5, -0.5, -0.5, 0.5, 0.5, -3, -3, -3, -0.5]
    clips = [
        {"label": "complete", "margins": {"right": r, "left": le, "hand": h}}
        for r, le, h in zip(right, left, hand, strict=True)
    ]
    for h in (-1, -1, -1, 0.5):
        views = {"right": -1, "left": -1, "hand": h}
        clips.append({"label": "not complete", "margins": views})
    return clips


def test_the_model_cards_tables_come_out_of_one_command(tmp_path, capfd):
    path = write(tmp_path, card_clips())
    assert cli.main(["judge", "eval", str(path), "--out", str(tmp_path / "out"), *PIXELS]) == 0
    lines = capfd.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    told = {row[0]: row[1:] for row in cells if len(row) > 1}
    card = {
        "right view only": "87.50%",
        "left view only": "68.75%",
        "eye-in-hand only": "31.25%",
        "three-view majority vote": "75.00%",
        "three-view mean NLL": "75.00%",
        "right + left mean normalized NLL": "93.75%",
    }
    assert [row[0] for row in cells if row[0] in card] == list(card)
    assert {name: told[name][0] for name in card} == card
    assert told["Method"][:1] == ["Accuracy"]
    # the card's other tables: (accuracy,) interval, complete, not complete
    assert told["right view only"][2:4] == ["83.33%", "100.00%"]
    assert told["right + left mean normalized NLL"][2:4] == ["91.67%", "100.00%"]
    assert (told["complete"], told["not complete"]) == (["12"], ["4"])


def test_rows_with_different_views_count_where_their_views_are(tmp_path, capfd):
    clips = random_clips(20)
    for one in clips[5:]:
        del one["margins"]["left"]
    _, found, _ = judged(capfd, write(tmp_path, clips), "--out", tmp_path / "out")
    counts = {name: method["clips"] for name, method in by_name(found).items()}
    assert counts["right_normalized_nll"] == 20
    assert counts["right_left_mean_normalized_nll"] == 5
    assert found["primary"] == "right_left_mean_normalized_nll"


@pytest.mark.parametrize("label", ["complete", "not complete"])
def test_a_missing_class_is_said_and_is_null_and_not_nan(label, tmp_path, capfd):
    clips = [one for one in random_clips(20) if one["label"] == label]
    path = write(tmp_path, clips)
    _, found, _ = judged(capfd, path, "--out", tmp_path / "out")
    other = "not complete" if label == "complete" else "complete"
    assert f"no clip is labelled {other}" in found["missing"][0]
    for method in found["methods"]:
        assert method["auc"] is None
        assert method["accuracy"][other.replace(" ", "_")]["value"] is None
    assert cli.main(["judge", "eval", str(path), "--out", str(tmp_path / "out"), *PIXELS]) == 0
    out = capfd.readouterr().out
    assert f"no clip is labelled {other}" in out
    assert "nan" not in out.lower()
    assert "nan" not in (tmp_path / "out" / "results.json").read_text().lower()


def test_only_what_is_new_is_measured_again(tmp_path, capfd):
    clips = random_clips(12)
    out = tmp_path / "out"
    run = ("--out", out)
    _, first, _ = judged(capfd, write(tmp_path, clips), *run)
    _, again, _ = judged(capfd, write(tmp_path, clips), *run)
    assert again["reused"] == 12
    assert again["methods"] == first["methods"]
    clips[0]["label"] = "complete" if clips[0]["label"] == "not complete" else "not complete"
    clips[1]["margins"]["right"] += 0.5
    clips[2]["instruction"] = "turn it off"
    _, changed, _ = judged(capfd, write(tmp_path, clips), *run)
    assert changed["reused"] == 10  # a label is no input of the judge
    _, biased, _ = judged(capfd, tmp_path / "clips.jsonl", *run,
                          "--set", "judge.options.bias=0.5")  # fmt: skip
    assert biased["reused"] == 0
    _, other_rule, _ = judged(capfd, tmp_path / "clips.jsonl", *run, "--methods", "left,vote",
                              "--set", "judge.options.method=left")  # fmt: skip
    assert other_rule["reused"] == 12
    assert list(by_name(other_rule)) == ["left_normalized_nll", "three_view_majority_vote"]


def test_the_same_request_finds_its_default_folder_again(tmp_path, capfd, monkeypatch):
    path = write(tmp_path, random_clips(6))
    monkeypatch.chdir(tmp_path)
    _, first, _ = judged(capfd, path)
    _, again, _ = judged(capfd, path)
    assert first["out"] == again["out"]
    assert Path(first["out"]).parent == tmp_path / "outputs"
    assert again["reused"] == 6


SLOW = """
import time
from pixel_judge import PixelJudge
class Slow(PixelJudge):
    def measure_batch(self, items):
        time.sleep(0.2)
        return super().measure_batch(items)
"""


def test_a_killed_evaluation_goes_on_where_it_was_and_ends_the_same(tmp_path, capfd):
    path, out = write(tmp_path, random_clips(24)), tmp_path / "out"
    (tmp_path / "slow_judge.py").write_text(SLOW)
    folders = os.pathsep.join([str(tmp_path), str(Path(__file__).parent)])
    command = [sys.executable, "-m", "leapcasa.runs", "judge", "eval", str(path), "--out", str(out),
               "--batch", "2", "--set", "judge=slow_judge:Slow", "--json"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": folders}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    kept = out / "measured.jsonl"
    for _ in range(300):
        if kept.exists() and kept.read_bytes().count(b"\n") >= 6:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    before = kept.read_bytes().count(b"\n")
    assert 6 <= before < 24
    kept.write_bytes(kept.read_bytes() + b'{"key": "torn')
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["reused"] == before
    assert kept.read_bytes().count(b"\n") == 24
    _, whole, _ = judged(capfd, path, "--out", tmp_path / "whole")
    assert found["methods"] == whole["methods"]


def test_an_interruption_says_what_is_kept_and_exits_130(tmp_path):
    path, out = write(tmp_path, random_clips(40)), tmp_path / "out"
    (tmp_path / "slow_judge.py").write_text(SLOW)
    folders = os.pathsep.join([str(tmp_path), str(Path(__file__).parent)])
    process = subprocess.Popen(
        [sys.executable, "-m", "leapcasa.runs", "judge", "eval", str(path), "--out", str(out),
         "--batch", "1", "--set", "judge=slow_judge:Slow"],
        env={**os.environ, "PYTHONPATH": folders}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(300):
        if (out / "measured.jsonl").exists() and (out / "measured.jsonl").stat().st_size:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said


def test_a_clip_that_cannot_be_read_or_judged_is_told_and_never_scored(tmp_path, capfd):
    clips = random_clips(10)
    clips[3]["green"] = 1
    clips[6]["green"] = 2
    path = write(tmp_path, clips)
    (tmp_path / "8_left.npy").write_bytes(b"junk")
    code, found, err = judged(capfd, path, "--out", tmp_path / "out")
    assert code == 1
    assert set(found["errors"]) == {"c3", "c6", "c8"}
    assert "gave up on this clip" in found["errors"]["c3"]
    assert "no finite likelihood" in found["errors"]["c6"]
    assert "8_left.npy" in found["errors"]["c8"]
    assert f"{path}:9: " in err
    assert {method["clips"] for method in found["methods"]} == {7}
    assert found["measured"] == 7


def test_a_judge_that_fails_on_clip_after_clip_ends_the_evaluation(tmp_path, capfd):
    clips = [{**one, "green": int(i >= 4)} for i, one in enumerate(random_clips(30))]
    code, found, err = judged(capfd, write(tmp_path, clips), "--out", tmp_path / "out")
    assert code == 1
    assert "3 clips in a row" in found["error"]
    assert "4 of 30 clips are measured and kept" in err


def test_batches_have_the_asked_size_and_each_clip_is_measured_once(tmp_path):
    rows = load(write(tmp_path, random_clips(11))).rows
    judge, seen = PixelJudge(), []
    store = open_store(tmp_path / "out")
    outcome = Measurement(judge, "x", store, batch=4).run(rows, lambda n, _: seen.append(n))
    assert judge.calls == [4, 4, 3]
    assert seen[-1] == 11
    assert len(outcome.measured) == len(store) == 11
    assert store.get(next(iter(outcome.measured.values())).key) is not None
    store.close()


def test_the_judge_gets_exactly_the_frames_it_looks_at(tmp_path):
    class Watching(PixelJudge):
        def measure_batch(self, items):
            assert {len(c) for clips, _ in items for c in clips.values()} == {FRAMES}
            return super().measure_batch(items)

    rows = load(write(tmp_path, random_clips(3))).rows
    store = open_store(tmp_path / "out")
    assert not Measurement(Watching(), "x", store, batch=2).run(rows, lambda *_: None).errors
    store.close()


def test_a_store_keeps_numbers_exactly_and_drops_lines_that_are_none(tmp_path):
    rows = load(write(tmp_path, random_clips(5))).rows
    store = open_store(tmp_path / "out")
    before = Measurement(PixelJudge(bias=math.pi), "x", store, 2).run(rows, lambda *_: None)
    store.close()
    with (tmp_path / "out" / "measured.jsonl").open("ab") as file:
        file.write(b'{"key": 1}\nnonsense\n')
    store = open_store(tmp_path / "out")
    assert len(store) == 5
    assert all(store.get(one.key) == one for one in before.measured.values())
    store.close()


def test_two_evaluations_never_write_into_one_folder(tmp_path, capfd):
    path, out = write(tmp_path, random_clips(3)), tmp_path / "out"
    out.mkdir()
    store = open_store(out)
    code, found, _ = judged(capfd, path, "--out", out)
    store.close()
    assert code == 2
    assert "another evaluation" in found["error"]


BAD = {
    "missing manifest": (["gone.jsonl"], "No such file"),
    "bad row": (["bad.jsonl"], "bad.jsonl:1: field 'label'"),
    "rate above one": (["clips.jsonl", "--false-advance-rate", "2"], "0 to 1"),
    "no batch": (["clips.jsonl", "--batch", "0"], "--batch 0"),
    "no limit": (["clips.jsonl", "--limit", "0"], "--limit 0"),
    "unknown method": (["clips.jsonl", "--methods", "right,lft"], "did you mean 'left'"),
    "method without its view": (["clips.jsonl", "--methods", "hand"], "no row"),
    "folder of others": (["clips.jsonl", "--out", "mine"], "'precious.txt'"),
    "folder that is a file": (["clips.jsonl", "--out", "clips.jsonl"], "name another folder"),
    "folder that is not writable": (["clips.jsonl", "--out", "/proc/x"], "--out DIR"),
    "judge that cannot be made": (["clips.jsonl", "--set", "judge.options.x=1"], "'x'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_and_leaves_nothing(name, tmp_path, monkeypatch, capfd):
    clips = random_clips(3)
    for one in clips:
        del one["margins"]["hand"]
    write(tmp_path, clips)
    (tmp_path / "bad.jsonl").write_text('{"instruction": "x", "label": "?"}\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("x")
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    arguments, hint = BAD[name]
    code, found, err = judged(capfd, *arguments)
    assert code == 2
    assert hint in found["error"]
    assert "Traceback" not in err
    assert [p for p in sorted(tmp_path.iterdir()) if p.name != "outputs"] == before
    assert not any((tmp_path / "outputs").glob("*"))


def test_a_manifest_of_videos_is_evaluated_with_the_real_judge(
    small_checkpoint, film, tmp_path, capfd
):
    """Real videos, the real model class, every view; the result is what the judge alone says."""
    from leapcasa.judges.qwen3vl import Qwen3VLJudge
    from leapcasa.runs.clip_files import read_clip
    from leapcasa.runs.encoder import Encoder

    options = {"frames": 8, "size": 64, "dtype": "float32"}
    rows = []
    for number in range(4):
        row = {"instruction": "turn on the faucet", "label": "complete" if number else
               "not complete"}  # fmt: skip
        for offset, view in enumerate(("right", "left", "hand")):
            row[view] = f"{number}_{view}.mp4"
            encoder = Encoder(tmp_path / row[view], width=64, height=64, fps=20)
            for frame in film(20, 10 * number + offset, 64):
                encoder.write(frame)
            encoder.close()
        rows.append(row)
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = [a for k, v in options.items() for a in ("--set", f"judge.options.{k}={v}")]
    code = cli.main(["judge", "eval", str(path), "--out", str(tmp_path / "out"), *settings,
                     "--base-model", str(small_checkpoint), "--adapter-id", "none",
                     "--quantization", "none", "--device", "cpu", "--json"])  # fmt: skip
    found = json.loads(capfd.readouterr().out)
    assert code == 0
    assert found["measured"] == 4
    judge = Qwen3VLJudge(str(small_checkpoint), **options)
    scores = pyarrow.parquet.read_table(tmp_path / "out" / "scores.parquet").to_pylist()
    for number, row in enumerate(rows):
        for view in ("right", "left", "hand"):
            read = read_clip(tmp_path / row[view], 8)
            alone = judge.measure({view: read.clip}, row["instruction"])[view]
            for stored in scores:
                if (stored["id"], stored["view"]) == (str(number + 1), view):
                    answer = alone[stored["candidate"]]
                    assert stored["nll"] == pytest.approx(answer.nll, abs=1e-3)
                    assert stored["tokens"] == answer.tokens


def test_a_model_that_fails_is_an_error_of_the_judge(tmp_path):
    rows = load(write(tmp_path, [{**one, "green": 1} for one in random_clips(5)])).rows
    store = open_store(tmp_path / "out")
    with pytest.raises(JudgeError, match=r"clips.jsonl:3"):
        Measurement(PixelJudge(), "x", store, batch=1).run(rows, lambda *_: None)
    store.close()
