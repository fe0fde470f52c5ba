"""A judge of several verdicts: each is learned by itself, and their mean counts."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from judge_films import films, write_policy, written

from leapcasa.judges.sight import SightJudge, checkpoint
from leapcasa.runs.cli import main

TEXT = "Turn on the kettle"


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture
def clips(tmp_path: Path, film: Callable[..., np.ndarray]) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for part in ("train", "val"):
        written(folder / f"{part}.jsonl", films(folder, film, bright=120))
    return folder


def trained(clips: Path, begin: Path, out: Path, **numbers: int) -> Path:
    words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model", str(begin)]
    for name, value in {"look_steps": 0, "steps": 5, **numbers}.items():
        words += ["--set", f"{name}={value}"]
    assert main([*words, "--out", str(out)]) == 0
    return out


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    mine, others = one.state_dict(), other.state_dict()
    return all(torch.equal(mine[name], others[name]) for name in mine.keys() | others.keys())


def test_each_verdict_is_what_a_training_of_it_alone_makes(
    clips: Path, policy: Path, tmp_path: Path
):
    first = trained(clips, policy, tmp_path / "first", steps=10)
    three = trained(clips, first, tmp_path / "three", heads=3, seed=7)
    found = checkpoint.load(three)
    assert found.config.heads == len(found.heads) == 3
    for number, head in enumerate(found.heads):
        alone = checkpoint.load(trained(clips, first, tmp_path / f"{number}", seed=7 + number))
        assert same(head, alone.verdicts)
        assert same(found.look, alone.look)
    assert not same(found.heads[0], found.heads[1])
    assert checkpoint.load(trained(clips, three, tmp_path / "on")).config.heads == 3
    two = checkpoint.load(trained(clips, three, tmp_path / "two", heads=2, steps=1))
    assert len(two.heads) == 2
    new = checkpoint.load(trained(clips, policy, tmp_path / "new", heads=2, steps=1))
    assert not same(*new.heads)


def test_verdicts_may_begin_anew_with_an_eye_that_has_learned(
    clips: Path, policy: Path, tmp_path: Path
):
    first = trained(clips, policy, tmp_path / "first", steps=150, look_steps=2)
    found = [checkpoint.load(first)]
    right = []
    for fresh in (0, 1):
        out = trained(clips, first, tmp_path / f"{fresh}", fresh=fresh, steps=1)
        found.append(checkpoint.load(out))
        right.append(json.loads((out / "train.json").read_text())["held_out"]["all"]["accuracy"])
    assert right[0] == 1.0 > right[1]  # one step teaches nothing
    assert all(same(one.look, found[0].look) for one in found)
    assert not same(found[2].verdicts, found[0].verdicts)
    assert torch.equal(found[1].verdicts.mean, found[0].verdicts.mean)


def test_a_verdict_is_the_mean_of_all(clips: Path, policy: Path, tmp_path: Path):
    first = trained(clips, policy, tmp_path / "first", steps=10)
    folders = [trained(clips, first, tmp_path / "three", heads=3, seed=7)]
    folders += [trained(clips, first, tmp_path / f"{n}", seed=7 + n) for n in range(3)]
    right, left = (np.load(clips / f"0.{view}.npy")[10:74] for view in ("right", "left"))
    margins = [
        SightJudge(path=str(folder)).score({"right": right, "left": left}, TEXT).margin
        for folder in folders
    ]
    assert margins[0] == pytest.approx(np.mean(margins[1:]), abs=1e-3)
    assert np.ptp(margins[1:]) > 0.01


def test_members_of_one_folder_may_have_different_numbers_of_verdicts(
    clips: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    one = trained(clips, policy, tmp_path / "one")
    three = trained(clips, one, tmp_path / "three", heads=3)
    join = ["judge", "join", str(one), "--add", str(three), "close the kettle lid"]
    assert main([*join, "--out", str(tmp_path / "both")]) == 0
    found = checkpoint.load(tmp_path / "both", 1)
    assert all(map(same, found.heads, checkpoint.load(three).heads))
    assert len(checkpoint.load(tmp_path / "both", 0).heads) == 1
    capsys.readouterr()
    join = ["judge", "join", str(three), "--add", str(one), TEXT]
    assert main([*join, "--out", str(tmp_path / "none")]) == 2
    assert "3 verdicts" in capsys.readouterr().err
