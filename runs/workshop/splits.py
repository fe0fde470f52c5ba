"""Which composite tasks a planner may learn from, and which it is tested on."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ...envs import composites

Part = Literal["train", "val", "held_out"]
HELD_OUT, VALIDATION = 60, 20
"""Tasks of 300."""


def tasks(seed: int = 0) -> dict[Part, tuple[str, ...]]:
    """The 300 composite tasks in three parts, drawn by seed; names in alphabetical order.

    A held-out task is in no training data: neither its instruction nor its reference steps.
    """
    drawn = np.random.default_rng(seed).permutation(list(composites.all_steps())).tolist()
    held_out, rest = drawn[:HELD_OUT], drawn[HELD_OUT:]
    return {
        "train": tuple(sorted(rest[VALIDATION:])),
        "val": tuple(sorted(rest[:VALIDATION])),
        "held_out": tuple(sorted(held_out)),
    }


def names(parts: Sequence[Part], seed: int = 0) -> list[str]:
    """The tasks of some parts together, in alphabetical order."""
    drawn = tasks(seed)
    return sorted(name for part in parts for name in drawn[part])
