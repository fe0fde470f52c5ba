"""What the tests of demonstrations and training share."""

import json
from pathlib import Path

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
