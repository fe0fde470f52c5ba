"""What the tests of demonstrations and training share."""

import json
from pathlib import Path

import numpy as np
from dying import die, tried

from leapcasa.policies.embedded.geometry import matrix
from leapcasa.runs.policy.episode_file import Demonstration
from leapcasa.runs.policy.record import DemoJob, DemoOutcome

SEEDS = (1001, 1005)
"""Short episodes in kitchens that are trained on."""


def command(folder: Path, seed: int) -> list[str]:
    words = ["policy", "data", "StartElectricKettle", "--episodes", "1", "--size", "64"]
    return [*words, "--first-seed", str(seed), "--out", str(folder)]


def outcomes(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "episodes.jsonl").read_text().splitlines()]


def copied(demos: Path, to: Path) -> Path:
    """The demonstrations again, to be harmed."""
    to.mkdir()
    for path in demos.iterdir():
        if path.is_file():
            (to / path.name).write_bytes(path.read_bytes())
    return to


def dies_once(job: DemoJob) -> DemoOutcome:
    """A recording whose process dies the first time, as a driver of graphics may."""
    if tried(_marker(job)) == 1:
        die()
    return DemoOutcome(key=job.key, file=None, sha256="", reason="second try", task=job.task,
                       split=job.split, seed=job.seed, scene="", steps=0, bytes=0,
                       seconds=0.0)  # fmt: skip


def dies(job: DemoJob) -> DemoOutcome:
    """One whose process dies each time."""
    tried(_marker(job))
    die()


def _marker(job: DemoJob) -> Path:
    return Path(f"{job.path}.died")


def in_the_room(demo: Demonstration) -> np.ndarray:
    """(T, POINTS, 3) the points in the world's frame, by the base's own proprioception."""
    felt = demo.proprioception.astype(float)
    turn, base = matrix(felt[:, 5:9]), felt[:, 2:5]
    return np.einsum("tij,tpj->tpi", turn, demo.points) + base[:, None]
