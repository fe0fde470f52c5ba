"""The judge that ships: what its card says, and that it judges a kitchen it never saw."""

import re
from pathlib import Path

import numpy as np
import pytest

from leapcasa.envs.skills import kind_of
from leapcasa.judges.sight import checkpoint
from leapcasa.judges.sight.judge import SHIPPED
from leapcasa.policies.embedded.network import NetworkConfig
from leapcasa.runs.cli import main
from leapcasa.runs.judge_training.sight_data import all_logits, windows
from leapcasa.runs.policy import dataset
from leapcasa.sight import folder as folders


def test_the_card_is_of_these_weights():
    card = (SHIPPED / "README.md").read_text()
    assert folders.digest(SHIPPED, checkpoint.KIND) in card
    numbers = sum(p.numel() for p in checkpoint.load(SHIPPED).parameters())
    assert re.search(rf"{numbers / 1e6:.2f} million", card)
    sizes = [path.stat().st_size for path in folders.files(SHIPPED, checkpoint.KIND)]
    assert sum(sizes) < 15e6


def test_each_view_is_as_sure_as_the_card_says():
    card = (SHIPPED / "README.md").read_text()
    for number, network in enumerate(checkpoint.load_all(SHIPPED).every):
        own = {f"{number}, {kind}": worth for kind, worth in network.kinds.items()}
        for name, worth in {str(number): network.calibrations, **own}.items():
            for view in checkpoint.VIEWS:
                one = worth[view]
                row = f"| {name} | {view} | {one.slope:.2f} | {one.shift:.2f} | {one.lapse:.3f} |"
                assert row in card


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Fully slide the top dishwasher rack out", 4),
        ("Fully slide the top dishwasher rack in", 4),
        ("Slide the top dishwasher rack back in", 3),
        ("Pull out the top dishwasher rack", 0),
        ("pull out the top rack", 0),
        ("Open the dishwasher", 0),
        ("Turn off the sink faucet", 3),
    ],
)
def test_who_is_asked_of_a_rack_knows_its_kind(text: str, number: int):
    members = checkpoint.load_all(SHIPPED)
    assert members.index(text) == number
    kind, known = kind_of(text), members.every[number].knows
    assert known is not None
    assert not kind or kind in known


@pytest.mark.sim
def test_it_judges_an_expert_in_a_kitchen_of_the_target_split(tmp_path: Path):
    """Windows of one disturbed episode, labelled by the referee: nine of ten are right."""
    words = "policy data StartElectricKettle --split target --episodes 1 --first-seed 3"
    assert main([*words.split(), "--out", str(tmp_path)]) == 0
    network = checkpoint.load(SHIPPED)
    (one,) = dataset.load([tmp_path], NetworkConfig())
    data = windows([one], [], network.look, network.config, seed=None)
    logits = all_logits(network, data).numpy()
    worth = [network.calibrations[view](logits[:, at]) for at, view in enumerate(checkpoint.VIEWS)]
    said = np.mean(worth, axis=0) > 0
    true = data.complete.numpy() > 0.5
    assert 0 < true.sum() < len(true)
    assert np.mean(said == true) >= 0.9
    assert said[true].any()
