"""What is right without looking, counted by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from leapcasa.runs import judge_baselines, manifest
from leapcasa.runs.cli import main

ON, OFF = "Turn on the lamp", "turn off the  lamp."


def write(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    np.save(path.parent / "c.npy", np.zeros((4, 32, 32, 3), np.uint8))
    text = "\n".join(
        json.dumps({"instruction": words, "label": label, "phase": phase, "right": "c.npy"})
        for words, label, phase in rows
    )
    path.write_text(text)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    yes, no = "complete", "not complete"
    train = [(ON, yes, "s")] * 3 + [(ON, no, "p")] * 2 + [(OFF, no, "p")] * 4
    test = [(ON, yes, "s"), (ON, no, "p"), ("TURN OFF the lamp", no, "p"), ("Sit", yes, "s")]
    write(tmp_path / "train.jsonl", train)
    write(tmp_path / "test.jsonl", test)
    return tmp_path


def test_labels_are_counted_in_the_training_clips_alone(folder: Path) -> None:
    train = manifest.load(folder / "train.jsonl").rows
    found = judge_baselines.measured(manifest.load(folder / "test.jsonl").rows, train)
    majority, words = found["majority"], found["words"]
    assert majority["accuracy"]["overall"]["hits"] == 2  # 6 of 9 are not complete
    assert majority["accuracy"]["complete"]["hits"] == 0
    # ON is mostly complete, OFF never, and nothing is known of sitting.
    assert words["accuracy"]["overall"]["hits"] == 2
    assert words["accuracy"]["complete"]["hits"] == 1
    assert words["phases"]["p"]["overall"] == {**words["phases"]["p"]["overall"], "hits": 1, "n": 2}


def test_a_tie_declares_nothing_done(folder: Path) -> None:
    train = [*manifest.load(folder / "test.jsonl").rows]
    found = judge_baselines.measured(train, train)
    assert found["majority"]["accuracy"]["not_complete"]["value"] == 1.0


def test_the_command_tells_them_beside_the_judge(
    folder: Path, small_checkpoint: Path, capsys: pytest.CaptureFixture
) -> None:
    command = ["judge", "eval", str(folder / "test.jsonl"), "--base-model", str(small_checkpoint),
               "--adapter-id", "none", "--quantization", "none", "--device", "cpu", "--set",
               "judge.options.frames=4", "--set", "judge.options.size=32", "--set",
               "judge.options.dtype=float32", "--out", str(folder / "out")]  # fmt: skip
    assert main([*command, "--train", str(folder / "train.jsonl")]) == 0
    told = capsys.readouterr().out
    assert "always the commonest label" in told
    assert "the commonest label of the same instruction" in told
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["baselines"] == {}
