"""Disturbances of a demonstrator, so that what is learnt from it has seen recoveries.

The expert's motions look at the world before every step, so whatever pushes the hand off its way is
corrected by the steps that follow. A disturbance is either instead of the expert (a nudge, a turn,
a pause: its motion waits) or on top of it (a drift: a wrong approach that it has to correct).
Every step is labelled; cloning should learn from `plain` and `corrective` steps and pass over
`disturbed` ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .control import CLOSED, Action

StepKind = Literal["plain", "disturbed", "corrective"]
Kind = Literal["nudge", "turn", "pause", "drift"]
KINDS: tuple[Kind, ...] = ("nudge", "turn", "pause", "drift")
LENGTHS: dict[Kind, tuple[int, int]] = {
    "nudge": (2, 6),
    "turn": (2, 5),
    "pause": (3, 10),
    "drift": (6, 14),
}
"""Least and most steps of each kind."""
CORRECTIVE_STEPS = 12
"""Steps after a disturbance that count as its correction."""


@dataclass(frozen=True, kw_only=True)
class DisturbConfig:
    """How often and how hard a demonstrator is disturbed."""

    every: float = 0.0
    """Mean number of plain steps between disturbances; 0 never disturbs."""
    amplitude: float = 0.6
    """Largest part of a disturbing action, as a share of the action's range, 0..1."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: for a negative `every`, or an amplitude outside 0..1.
        """
        if self.every < 0 or not 0.0 <= self.amplitude <= 1.0:
            raise ValueError(
                f"disturbances need every >= 0 and amplitude within 0..1, "
                f"not {self.every!r} and {self.amplitude!r}"
            )


class Disturber:
    """Decides, step by step, whether the expert is disturbed and how.

    Args:
        config: how often and how hard.
        seed: the only source of randomness.
    """

    def __init__(self, config: DisturbConfig, seed: int) -> None:
        self._config = config
        self._rng = np.random.default_rng(seed)
        self._kind: Kind = "pause"
        self._left = 0
        self._since = CORRECTIVE_STEPS
        self._push = np.zeros(12, np.float32)

    def begin_step(self) -> StepKind:
        """Draw what the next step is; call once before every step."""
        if self._left > 0:
            self._left -= 1
            return "disturbed"
        if self._since < CORRECTIVE_STEPS:
            self._since += 1
            return "corrective"
        if self._config.every > 0 and self._rng.random() < 1.0 / self._config.every:
            self._start()
            return "disturbed"
        return "plain"

    @property
    def replaces(self) -> bool:
        """True if the present disturbance acts instead of the expert."""
        return self._kind != "drift"

    def disturb(self, last: Action) -> Action:
        """The disturbed action.

        Args:
            last: what the expert wants now (drift), or wanted last (the other kinds).

        Returns:
            (12,) float32 in [-1, 1], in the same control mode and with the same gripper command.
        """
        action = np.array(last, np.float32)
        base = action[11] > 0.5
        moving = slice(7, 10) if base else (slice(3, 6) if self._kind == "turn" else slice(0, 3))
        if self._kind != "drift":
            action[0:6] = 0.0
            action[7:11] = 0.0
        if self._kind != "pause":
            action[moving] = action[moving] + self._push[moving]
        if self._kind == "drift" and action[6] == CLOSED and not base:
            action[moving] = last[moving] + 0.5 * self._push[moving]
        return np.clip(action, -1.0, 1.0)

    def _start(self) -> None:
        self._kind = KINDS[int(self._rng.integers(len(KINDS)))]
        low, high = LENGTHS[self._kind]
        self._left = int(self._rng.integers(low, high + 1)) - 1
        self._since = 0
        self._push = np.zeros(12, np.float32)
        for part in (slice(0, 3), slice(3, 6), slice(7, 10)):
            way = self._rng.normal(size=3)
            size = self._config.amplitude * self._rng.uniform(0.4, 1.0)
            self._push[part] = way / np.linalg.norm(way) * size
