"""How the policy is trained: sizes and schedules by name."""

from dataclasses import dataclass, field

from ...configs import ConfigError, nearest
from ...policies.embedded.network import NetworkConfig


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How one part of the network is trained."""

    steps: int
    batch: int
    peak_rate: float
    """Learning rate after warming up; falls to a hundredth along a cosine."""
    warm_up: int = 200
    memory: float = 0.998
    """Of the running mean of the weights that is kept; shorter at the beginning."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train: first the eyes, then the control."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    eyes: Schedule = Schedule(steps=3000, batch=32, peak_rate=1.0e-3)
    control: Schedule = Schedule(steps=3000, batch=512, peak_rate=1.0e-3)
    weight_decay: float = 0.05
    clip: float = 1.0
    """Largest norm of the gradient."""
    measure_every: int = 250
    """Steps between two measurements on the held-out kitchens, and two saved states."""
    measured: int = 256
    """Looks or moments a measurement takes."""

    @property
    def steps(self) -> int:
        """Of both parts."""
        return self.eyes.steps + self.control.steps

    def schedule(self, step: int) -> tuple[str, Schedule, int]:
        """Which part is trained at a step: its name, its schedule, and the step counted in it."""
        if step < self.eyes.steps:
            return "eyes", self.eyes, step
        return "control", self.control, step - self.eyes.steps


PRESETS = {
    "small": Recipe(),
    "tiny": Recipe(
        network=NetworkConfig(size=64, hand_size=64, chunk=8, channels=(8, 16, 16), words=16,
                              width=128, depth=1, dropout=0.0),
        eyes=Schedule(steps=150, batch=8, peak_rate=3.0e-3, warm_up=20, memory=0.98),
        control=Schedule(steps=300, batch=64, peak_rate=3.0e-3, warm_up=20, memory=0.98),
        measure_every=50, measured=32,
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
