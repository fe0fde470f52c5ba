"""The policy that ships: what its card says, and that it works in kitchens it never saw."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leapcasa.policies.embedded import checkpoint
from leapcasa.policies.embedded.policy import SHIPPED


def test_the_card_is_of_these_weights():
    card = (SHIPPED / "README.md").read_text()
    assert checkpoint.digest(SHIPPED) in card
    loaded = checkpoint.load(SHIPPED)
    numbers = sum(p.numel() for p in loaded.network.parameters())
    assert re.search(rf"{numbers / 1e6:.1f} million", card)
    assert (SHIPPED / checkpoint.KIND.weights).stat().st_size < 15e6


def test_the_cards_closed_loop_is_what_was_recorded_with_these_weights(module_at):
    check = module_at("benchmarks/stack_check.py")
    recorded = json.loads(check.RECORDED.read_text())
    assert recorded["policy"] == checkpoint.digest(SHIPPED)
    assert recorded["split"] == ["target"]
    assert check.table(recorded["tasks"]) in (SHIPPED / "README.md").read_text()
    assert check.compare(recorded["tasks"], recorded["tasks"])
    wrong = {task: {s: [not x[0], *x[1:]] for s, x in episodes.items()}
             for task, episodes in recorded["tasks"].items()}  # fmt: skip
    assert not check.compare(recorded["tasks"], wrong)
    added = check.added
    assert added(recorded, {"tasks": wrong}, same=True) == wrong  # played again: the newest counts
    (first, *rest) = wrong
    more = {"tasks": {first: {"7": [True, True, 99]}}}
    assert list(added(recorded, more, same=True)[first]) == ["7", *recorded["tasks"][first]]
    # Of other weights only what was played again and ended alike.
    assert added(recorded, {"tasks": wrong}, same=False) == wrong
    assert added(recorded, more, same=False) == more["tasks"]
    seed, ended = next(iter(recorded["tasks"][rest[0]].items()))
    again = {"tasks": {**more["tasks"], rest[0]: {seed: ended}}}
    assert added(recorded, again, same=False) == {
        **more["tasks"], rest[0]: recorded["tasks"][rest[0]]
    }  # fmt: skip


@pytest.mark.sim
def test_it_starts_a_kettle_in_an_unseen_kitchen_with_nothing_privileged(tmp_path: Path):
    """One of two episodes that the card counts as successes, as processors round differently."""
    assert any(_succeeds(tmp_path, seed) for seed in (0, 1))


def _succeeds(folder: Path, seed: int) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "rollout", "StartElectricKettle", "--seed",
         str(seed), "--split", "target", "--json", "--out", str(folder / str(seed)),
         "--set", "video.enabled=false"],
        capture_output=True, text=True, timeout=600, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["privileged"] == []
    return result["success"]
