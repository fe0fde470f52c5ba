"""Films of made-up episodes, and the sizes of a judge that learns from them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.judges.sight.network import JudgeConfig
from leapcasa.policies.embedded import checkpoint, geometry
from leapcasa.policies.embedded.network import Network
from leapcasa.runs.policy.presets import recipe
from leapcasa.sight import folder as folders

SIZES = recipe("tiny").network
CONFIG = JudgeConfig(size=SIZES.size, channels=SIZES.channels, words=SIZES.words, width=32)


def films(folder: Path, film: Callable[..., np.ndarray], bright: int = 0) -> list[dict]:
    """Rows of one episode of 90 frames; its newest third is brighter, and complete."""
    rows: list[dict] = []
    for number in range(2):
        for view, seed in (("right", 1), ("left", 2)):
            made = film(90, 10 * number + seed, CONFIG.size) // 2
            made[60:] += np.uint8(bright)
            np.save(folder / f"{number}.{view}.npy", made)
        for end in (21, 43, 59, 63, 75, 89):
            rows.append(
                {
                    "id": f"{number}-{end}",
                    "instruction": "Turn on the kettle" if end % 3 else "Close the lid",
                    "label": COMPLETE if end >= 60 else NOT_COMPLETE,
                    "phase": "stable_complete_30" if end >= 60 else "pre_completion_negative",
                    "right": f"{number}.right.npy",
                    "left": f"{number}.left.npy",
                    "end": end,
                }
            )
    return rows


def written(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_policy(folder: Path) -> Path:
    """Write a policy that has learned nothing; its eye is real."""
    torch.manual_seed(4)
    features, motion = np.zeros(geometry.FEATURES), np.zeros((SIZES.chunk, geometry.MOTION))
    stats = checkpoint.Statistics(felt_mean=features, felt_std=features + 1,
                                  motion_mean=motion, motion_std=motion + 1)  # fmt: skip
    (folder / folders.CONFIG).write_text(checkpoint.config_json(SIZES, stats, {}))
    (folder / checkpoint.KIND.weights).write_bytes(folders.weights_bytes(Network(SIZES)))
    return folder
