"""A tiny policy with random weights, and looks to show it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.policies.embedded import checkpoint, geometry
from leapcasa.sight import folder as folders


def felt(count: int, seed: int = 0) -> np.ndarray:
    """(count, 16) a hand that wanders and a base that stands somewhere."""
    rng = np.random.default_rng(seed)
    quaternions = [Rotation.random(count, random_state=seed + i).as_quat() for i in range(2)]
    parts = [rng.uniform(0, 0.04, (count, 2)), rng.normal(0, 3, (count, 3)), quaternions[0]]
    return np.concatenate([*parts, rng.normal(0, 0.4, (count, 3)), quaternions[1]], 1)


def write_untrained(folder: Path) -> Path:
    """Write a tiny policy with random weights."""
    import torch

    from leapcasa.policies.embedded.network import Network, NetworkConfig

    config = NetworkConfig(
        size=32, hand_size=32, chunk=6, channels=(8, 8, 8), words=8, width=32, depth=1
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(config)
    ones, zeros = np.ones((6, geometry.MOTION), np.float32), np.zeros(geometry.FEATURES, np.float32)
    stats = checkpoint.Statistics(
        felt_mean=zeros, felt_std=zeros + 1, motion_mean=0 * ones, motion_std=0.02 * ones
    )
    (folder / folders.CONFIG).write_text(checkpoint.config_json(config, stats, {}))
    (folder / checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return folder


class CountedFrame:
    """A frame that counts how often its pixels are asked for."""

    def __init__(self, seed: int, size: int) -> None:
        self.pixels = np.random.default_rng(seed).integers(0, 255, (size, size, 3), np.uint8)
        self.reads = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.pixels.shape

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        self.reads += 1
        return self.pixels


def looks(
    count: int, size: int = 32, views: tuple[str, ...] = ("right", "left", "hand")
) -> Iterator[Sensors]:
    for step, row in enumerate(felt(count).astype(np.float32)):
        parts = np.split(row, [2, 5, 9, 12])
        names = list(Proprioception.__dataclass_fields__)
        yield Sensors(
            images={view: CountedFrame(step, size) for view in views},  # type: ignore[misc]
            proprioception=Proprioception(**dict(zip(names, parts, strict=True))),
            instruction="Turn on the kettle.",
            step=step,
        )


def at_one_place(count: int) -> list[Sensors]:
    first, *_ = looks(1)
    return [replace(first, step=step) for step in range(count)]
