"""A learner that plays alone, held against a second run of the same learner in the same kitchen."""

from pathlib import Path

import numpy as np
import pytest

from leapcasa.envs.kitchen import Kitchen
from leapcasa.policies.embedded import EmbeddedPolicy
from leapcasa.policies.embedded.policy import SHIPPED
from leapcasa.runs.cli import main
from leapcasa.runs.policy import dataset, draws, episode_file, record
from leapcasa.runs.policy.data_cmd import JOURNAL, DataRequest, jobs_of, open_journal
from leapcasa.runs.policy.presets import recipe

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


def test_nobody_plays_alone_who_is_not_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["policy", "data", "StartElectricKettle", "--alone", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--learner" in capsys.readouterr().err
