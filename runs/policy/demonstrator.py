"""Who moves the robot while demonstrations are made: the expert, disturbed, or after a learner."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...envs.sensors import Sensors
from ...policies.base import Actions, Policy, PolicyInfo
from ...policies.experts import ExpertPolicy
from .noise import Disturber

LEAST_LED, MOST_LED = 10, 130
"""For how many steps a learner drives at the beginning of a subtask, drawn anew for each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Move:
    """What was right, what was done, and whether it is worth imitating."""

    expert: npt.NDArray[np.float32]
    """(12,)."""
    executed: npt.NDArray[np.float32]
    """(12,)."""
    pushed: bool
    imitate: bool
    attempt: int
    """Attempts of the expert at this subtask that have failed."""


class Soloist:
    """A learner that plays alone: nothing of it is worth imitating, all of it worth judging.

    Args:
        learner: moves the robot.
    """

    def __init__(self, learner: Policy) -> None:
        self._learner = learner
        self._chunk: Actions = np.empty((0, 12), np.float32)
        self.move: Move | None = None
        """The newest one."""

    @property
    def info(self) -> PolicyInfo:
        """The learner's."""
        return self._learner.info

    def reset(self, instruction: str, seed: int) -> None:
        """Begin a subtask."""
        self._learner.reset(instruction, seed)
        self._chunk = self._chunk[:0]

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(1, 12) what is carried out now.

        Raises:
            PolicyError: if the learner gives no action.
        """
        if not len(self._chunk):
            self._chunk = self._learner.act(sensors, instruction)
        action, self._chunk = np.clip(self._chunk[0], -1.0, 1.0), self._chunk[1:]
        self.move = Move(expert=action, executed=action, pushed=True, imitate=False, attempt=0)
        return action[None]


class Demonstrator:
    """A policy that keeps what it did beside what the expert wanted.

    Args:
        expert: gives the right action, reading the truth at every step.
        disturber: changes what is carried out.
        learner: drives at the beginning of each subtask, before the expert takes over from where
            that led; None: the expert drives alone.
        rng: draws how long the learner drives.
        most_led: steps it drives at most.
    """

    def __init__(
        self,
        expert: ExpertPolicy,
        disturber: Disturber,
        learner: Policy | None,
        rng: np.random.Generator,
        most_led: int = MOST_LED,
    ) -> None:
        self._most_led = most_led
        self._expert, self._disturber, self._rng = expert, disturber, rng
        self._learner = None if learner is None else Soloist(learner)
        self._left = 0
        self.move: Move | None = None
        """The newest one."""

    @property
    def info(self) -> PolicyInfo:
        """Privileged, as the expert is."""
        return PolicyInfo(name="demonstrator", privileged=True)

    def reset(self, instruction: str, seed: int) -> None:
        """Begin a subtask.

        Raises:
            PolicyError: if the expert does not know it.
        """
        self._expert.reset(instruction, seed)
        self._left = 0
        if self._learner is not None:
            self._learner.reset(instruction, seed)
            self._left = int(self._rng.integers(LEAST_LED, self._most_led))

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(1, 12) what is carried out now.

        Raises:
            PolicyError: if expert or learner give no action.
        """
        if self._left > 0:
            assert self._learner is not None
            self._left -= 1
            actions = self._learner.act(sensors, instruction)
            self.move = self._learner.move
            if self._left == 0:  # the expert begins afresh from wherever this has led
                self._expert.resume()
            return actions
        clean = np.clip(self._expert.act(sensors, instruction)[0], -1.0, 1.0)
        done = self._disturber.apply(clean)
        self.move = Move(
            expert=clean,
            executed=done.action,
            pushed=done.pushed,
            imitate=True,
            attempt=len(self._expert.trouble),
        )
        return done.action[None]
