"""How the policy is trained: sizes and schedules by name."""

from dataclasses import dataclass, field

from ...configs import ConfigError, nearest
from ...policies.embedded.network import NetworkConfig


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    steps: int = 20_000
    batch: int = 32
    peak_rate: float = 7.0e-4
    """Learning rate after warming up; falls to a hundredth along a cosine."""
    warm_up: int = 200
    weight_decay: float = 0.02
    clip: float = 1.0
    """Largest norm of the gradient."""
    memory: float = 0.998
    """Of the running mean of the weights that is kept; shorter at the beginning."""
    measure_every: int = 200
    """Steps between two measurements on the held-out kitchens, and two saved states."""
    measured: int = 512
    """Looks a measurement takes."""


PRESETS = {
    "small": Recipe(),
    "tiny": Recipe(
        network=NetworkConfig(
            size=64, chunk=8, channels=(8, 16), keypoints=8, values=4, words=16, width=160, depth=1,
            dropout=0.0,
        ),
        steps=300, batch=16, peak_rate=3.0e-3, warm_up=20, measure_every=50, measured=64,
        memory=0.98,
    ),
}  # fmt: skip


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"unknown --preset {name!r}{nearest(name, PRESETS)}; there are {', '.join(PRESETS)}"
        )
    return PRESETS[name]
