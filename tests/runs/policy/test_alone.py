"""A learner that plays alone, held against a second run of the same learner in the same kitchen."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint
from leapcasa.policies.embedded.policy import SHIPPED
from leapcasa.runs.cli import main
from leapcasa.runs.policy import dataset, draws, episode_file, record
from leapcasa.runs.policy.data_cmd import JOURNAL, DataRequest, jobs_of, open_journal
from leapcasa.runs.policy.presets import recipe
from leapcasa.runs.policy.told import ToldPolicy

pytestmark = pytest.mark.sim
SEED, STEPS = 11002, 24


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One episode of the shipped policy, cut short."""
    folder = tmp_path_factory.mktemp("alone")
    request = DataRequest(
        tasks=["StartElectricKettle"], out=folder, episodes=1, first_seed=SEED, learner=SHIPPED,
        alone=True,
    )  # fmt: skip
    journal = open_journal(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "ALONE_STEPS", STEPS)
        patch.setattr(record, "ALONE_RETRIES", 0)
        for job in jobs_of(request, folder):
            journal.add([record.record(job)])
    journal.close()
    assert (folder / JOURNAL).is_file()
    return folder


def test_it_is_kept_though_it_failed_and_says_who_played(alone: Path):
    (path,) = alone.glob("*.safetensors")
    demo = episode_file.read(path)
    assert demo.header.driver == "learner alone"
    assert not demo.header.success
    assert demo.header.steps == STEPS * len(demo.header.subtasks)
    assert np.isfinite(demo.progress).all()
    assert demo.progress.max() < 1.0


def test_the_recorded_actions_are_the_learners_own(alone: Path):
    (path,) = alone.glob("*.safetensors")
    demo = episode_file.read(path)
    sizes = dict.fromkeys(("right", "left", "hand"), 224)
    kitchen = Kitchen(
        "StartElectricKettle", split="pretrain", image_size=sizes, render_profile="fast",
        look_every=4,
    )  # pyright: ignore  # fmt: skip
    policy, sensors = EmbeddedPolicy(), kitchen.begin(SEED)
    text = demo.header.subtasks[0]
    policy.reset(text, 0)
    for t in range(STEPS):
        action = policy.act(sensors, text)[0]
        assert np.allclose(np.clip(action, -1, 1), demo.executed[t], atol=1e-6)
        sensors = kitchen.advance(action)
    kitchen.close()


def test_the_eyes_may_learn_from_it_and_the_control_does_not(alone: Path):
    stretches = dataset.load([alone], recipe("tiny").network)
    held_out = stretches[0].held_out
    assert len(draws.all_looks(stretches, held_out=held_out).at) == STEPS * 2 // 4
    assert not len(draws.all_moments(stretches, held_out=held_out).at)


def test_what_the_eyes_see_of_it_is_measured_and_no_action(
    alone: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["policy", "eval", str(SHIPPED), str(alone), "--all", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["eyes"]
    assert value["control"] == {}
    assert value["other_words_m"] is None
    assert main(["policy", "eval", str(SHIPPED), str(alone), "--all"]) == 0
    assert "no action of these episodes is to be imitated" in capsys.readouterr().out


def test_nobody_plays_alone_who_is_not_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["policy", "data", "StartElectricKettle", "--alone", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--learner" in capsys.readouterr().err


def test_a_learner_that_is_led_astray_aims_beside_what_there_is(monkeypatch: pytest.MonkeyPatch):
    # 80 learners of the same weights
    monkeypatch.setattr(checkpoint, "load_all", cache(checkpoint.load_all))
    kitchen = Kitchen("StartElectricKettle", split="pretrain", render_profile="fast",
                      look_every=100_000)  # pyright: ignore  # fmt: skip
    try:
        sensors, text = kitchen.begin(SEED), "Close the electric kettle lid"
        referee, away = Referee(kitchen), []
        felt = sensors.proprioception.vector()
        for seed in range(40):
            plain, astray = (
                ToldPolicy(str(SHIPPED), referee, np.random.default_rng(seed), metres)
                for metres in (0.0, 0.02)
            )
            for policy in (plain, astray):
                policy.reset(text, 0)
                policy.act(sensors, text)
            moved = astray._points(felt) - plain._points(felt)
            assert np.allclose(moved, moved[0])  # all points alike: what is there keeps its shape
            away.append(moved[0])
        assert 0.015 < np.std(away) < 0.025
        assert np.abs(np.mean(away)) < 0.01
    finally:
        kitchen.close()


@pytest.mark.parametrize(
    ("more", "message"),
    [(["--astray", "1"], "--told"), (["--astray", "-1"], "0 .. 20 cm")],
)
def test_only_a_told_learner_alone_is_led_astray(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
):
    words = ["policy", "data", "StartElectricKettle", "--alone", "--learner", str(SHIPPED)]
    assert main([*words, *more, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
