"""What a low-level policy is: subtask text and sensors in, a chunk of actions out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..envs.sensors import Sensors, View

Actions = npt.NDArray[np.float32]
"""(horizon, 12) float32 in [-1, 1], the official order of `envs.sensors.ACTION_SIZE`."""


@dataclass(frozen=True, kw_only=True)
class PolicyInfo:
    """Static facts of a policy, written to the record."""

    name: str
    privileged: bool
    """True if it reads simulator state that the sensors do not show."""
    views: tuple[View, ...] = ()
    """The views it looks at when it is asked for a chunk."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else its actions depend on, for instance the server and the mapping of names."""


class Policy(Protocol):
    """Moves the robot. Taking part needs no inheritance."""

    @property
    def info(self) -> PolicyInfo:
        """Static facts, constant for the life of the policy."""
        ...

    def reset(self, instruction: str, seed: int) -> None:
        """Called before the first step of every subtask, retries included.

        Args:
            instruction: the subtask in words.
            seed: the only source of randomness until the next reset.
        """
        ...

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """Called when the previous chunk is used up.

        Args:
            sensors: the newest look at the world.
            instruction: the subtask in words.

        Returns:
            (horizon, 12) float32, horizon >= 1; values beyond [-1, 1] are clipped and counted.

        Raises:
            PolicyError: if no action can be given; ends the episode as an error.
        """
        ...
