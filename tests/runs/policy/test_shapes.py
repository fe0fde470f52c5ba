"""What points keep to is learned from demonstrations, and told to a policy that is there."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from policy_demos import outcomes

from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint
from leapcasa.runs.cli import main
from leapcasa.runs.policy import dataset, episode_file, presets, shapes
from leapcasa.sight import folder as folders

pytestmark = pytest.mark.sim


def test_a_shape_is_mean_and_deviation_over_the_moments_of_a_skill(
    demos: Path, monkeypatch: pytest.MonkeyPatch
):
    """Against the recorded files, moment by moment."""
    monkeypatch.setattr(shapes, "FEWEST_KITCHENS", 1)
    every = dataset.load([demos], presets.recipe("tiny").network)
    trained = {one.header.seed for one in every if not one.held_out}
    assert trained
    found = shapes.learned(every)
    assert found.keys() == {"close kettle_lid", "turn_on kettle"}
    for number, name in enumerate(found):
        heights, apart = [], []
        for one in outcomes(demos):
            if one["seed"] not in trained:
                continue
            demo = episode_file.read(demos / one["file"])
            for t in np.flatnonzero(demo.subtask == number):
                part, joint, _ = demo.points[t]
                heights.append(part[2] + demo.proprioception[t, 4])
                apart.append(np.linalg.norm(part - joint))
        shape = found[name]
        for index, values in ((0, heights), (3, apart)):
            assert shape.mean[index] == pytest.approx(np.mean(values), abs=1e-5)
            assert shape.std[index] == pytest.approx(np.std(values), abs=1e-5)


def test_few_kitchens_teach_nothing(demos: Path):
    assert shapes.learned(dataset.load([demos], presets.recipe("tiny").network)) == {}


def test_training_keeps_shapes_and_the_command_adds_them(
    demos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    plain, told = tmp_path / "plain", tmp_path / "told"
    train = ["policy", "train", str(demos), "--preset", "tiny", "--eyes-steps", "1",
             "--control-steps", "1", "--device", "cpu", "--threads", "1"]  # fmt: skip
    assert main([*train, "--out", str(plain)]) == 0
    assert main(["policy", "shapes", str(plain), str(demos), "--out", str(told)]) == 2
    assert "kitchens that are not held out" in capsys.readouterr().err
    assert not told.exists()

    monkeypatch.setattr(shapes, "FEWEST_KITCHENS", 1)
    assert main(["policy", "shapes", str(plain), str(demos), "--out", str(told), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    weights = [(folder / checkpoint.KIND.weights).read_bytes() for folder in (plain, told)]
    assert weights[0] == weights[1]
    made = checkpoint.load(told)
    assert checkpoint.shapes_json(made.shapes) == said["shapes"]
    assert set(said["members"].values()) == {0}
    assert made.shape("turn on the kettle") is made.shapes["turn_on kettle"]
    _check_identity(plain, told)

    more = tmp_path / "more"
    assert main([*train, "--out", str(more), "--from", str(told)]) == 0
    assert checkpoint.load(more).shapes.keys() == made.shapes.keys()
    assert main(["policy", "shapes", str(told), str(demos), "--out", str(told)]) == 2


def _check_identity(plain: Path, told: Path) -> None:
    """Other shapes are another policy, and what has none is named by its weights alone."""
    weights = (plain / checkpoint.KIND.weights).read_bytes()
    assert checkpoint.digest(plain) == hashlib.sha256(weights).hexdigest()
    assert checkpoint.digest(told) != checkpoint.digest(plain)
    names = [EmbeddedPolicy(path=str(path)).info.settings["weights"] for path in (plain, told)]
    assert names[0] != names[1]
    config = json.loads((told / folders.CONFIG).read_text())
    config[checkpoint.SHAPES]["turn_on kettle"]["mean"][0] += 0.01
    (told / folders.CONFIG).write_text(json.dumps(config))
    assert checkpoint.digest(told)[:12] != names[1]
    config[checkpoint.SHAPES]["turn_on kettle"]["mean"][0] -= 0.01
    (told / folders.CONFIG).write_text(json.dumps(config))


def test_a_damaged_shape_is_named(demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "policy"
    train = ["policy", "train", str(demos), "--preset", "tiny", "--eyes-steps", "1"]
    train += ["--control-steps", "1", "--threads", "1", "--out", str(folder)]
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        assert main(train) == 0
        assert torch.get_num_threads() == before + 1  # those of a training are its own
    finally:
        torch.set_num_threads(before)
    config = json.loads((folder / folders.CONFIG).read_text())
    config[checkpoint.SHAPES] = {"turn_on kettle": {"mean": [1.0], "std": [1.0]}}
    (folder / folders.CONFIG).write_text(json.dumps(config))
    assert main(["policy", "eval", str(folder), str(demos), "--all"]) == 2
    assert "cannot be read" in capsys.readouterr().err
