"""The parts of the agent whose episodes are recorded: a planner, a policy and a judge of a script.

All three are privileged. They run in the same loop as every other agent, so that what is recorded
is what the loop does.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from ...agent.base import Attempt, Plan, PlannerInfo, Subtask
from ...envs.referee import Referee
from ...envs.sensors import Image, Sensors, View
from ...envs.truth import Box, FixtureTruth, JointTruth, Vec3
from ...judges.base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict
from ...judges.referee import RefereeJudge
from ...policies.base import Actions, PolicyInfo
from ...policies.experts import ExpertPolicy
from ...policies.random import RandomPolicy
from .script import Stretch

NOISE_SCALE = (0.15, 0.7)
"""Standard deviation of a disturbed arm's action numbers, drawn for each burst."""
BURST_STEPS = (5, 30)
CALM_STEPS = (5, 25)
MISPLACED_M = (0.08, 0.20)
MISPLACED_STEPS = (30, 90)
PAUSE_AT = (5, 70)
PAUSE_STEPS = (15, 50)
RANDOM_STEPS = (15, 50)
_ARM = slice(0, 6)


class ScriptedPlanner:
    """Gives the texts of a script, whatever it is shown."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._plan = Plan(subtasks=tuple(Subtask(text=s.text) for s in stretches))

    @property
    def info(self) -> PlannerInfo:
        """Looks at nothing."""
        return PlannerInfo(name="scripted", privileged=True)

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """The script."""
        del instruction, images, history
        return self._plan


class StayingJudge:
    """The referee as a judge that declares a subtask complete some steps after it is.

    Args:
        referee: the truth.
        stretches: the script.
        interval: steps between two questions.
    """

    def __init__(self, referee: Referee, stretches: Sequence[Stretch], interval: int) -> None:
        self._judge = RefereeJudge(referee)
        self._stretches, self._interval = list(stretches), interval
        self._index, self._stayed = -1, 0

    @property
    def info(self) -> JudgeInfo:
        """As the referee's."""
        return JudgeInfo(name="staying", privileged=True, views=(), frames=0)

    def reset(self, instruction: str) -> None:
        """The next stretch begins."""
        self._index += 1
        self._stayed = 0
        self._judge.reset(instruction)

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Complete once it has been so for the stretch's stay."""
        verdict = self._judge.score(clips, instruction)
        if verdict.label == NOT_COMPLETE:
            self._stayed = 0
            return verdict
        if self._stayed >= self._stretches[self._index].stay:
            return verdict
        self._stayed += self._interval
        return Verdict(label=NOT_COMPLETE, scores={NOT_COMPLETE: 0.0, COMPLETE: 1.0})


class Misplaced(Referee):
    """A referee that says every fixture is somewhere else; what is done or not stays true."""

    shift: Vec3 = np.zeros(3)
    """World [m]."""

    def place(self, name: str) -> FixtureTruth:
        """Where the fixture is said to stand."""
        truth = super().place(name)
        return dataclasses.replace(truth, center=truth.center + self.shift)

    def joint(self, fixture: str, suffix: str) -> JointTruth:
        """The joint, its anchor moved."""
        truth = super().joint(fixture, suffix)
        return dataclasses.replace(truth, anchor=truth.anchor + self.shift)

    def parts(self, fixture: str, suffix: str) -> list[Box]:
        """The parts, moved."""
        return [self._moved(box) for box in super().parts(fixture, suffix)]

    def colliders(self, fixture: str) -> list[Box]:
        """The colliders, moved."""
        return [self._moved(box) for box in super().colliders(fixture)]

    def _moved(self, box: Box) -> Box:
        return dataclasses.replace(box, center=box.center + self.shift)


class ScriptedPolicy:
    """An expert that carries out each stretch in its manner.

    Args:
        referee: the truth.
        misplaced: the same truth, moved.
        stretches: the script; `reset` turns to the next.
    """

    def __init__(
        self, referee: Referee, misplaced: Misplaced, stretches: Sequence[Stretch]
    ) -> None:
        self._expert = ExpertPolicy(referee)
        self._lost = ExpertPolicy(misplaced)
        self._misplaced = misplaced
        self._random = RandomPolicy(horizon=1)
        self._stretches, self._index = list(stretches), -1
        self._rng = np.random.default_rng(0)

    @property
    def info(self) -> PolicyInfo:
        """Privileged, as its expert."""
        return PolicyInfo(name="scripted", privileged=True)

    def reset(self, instruction: str, seed: int) -> None:
        """The next stretch begins.

        Raises:
            PolicyError: if the expert cannot do it.
        """
        del seed
        self._index += 1
        stretch = self._stretches[self._index]
        self._rng = np.random.default_rng(stretch.seed)
        self._step = 0
        self._expert.reset(instruction, stretch.seed)
        self._noise, self._left, self._scale = np.zeros(6), 0, 0.0
        if stretch.manner == "misplaced":
            self._until = self._between(MISPLACED_STEPS)
            angle, lift = self._rng.uniform(0, 2 * np.pi), self._rng.uniform(0.0, 0.06)
            reach = self._rng.uniform(*MISPLACED_M)
            self._misplaced.shift = np.array([reach * np.cos(angle), reach * np.sin(angle), lift])
            self._lost.reset(instruction, stretch.seed)
        elif stretch.manner == "random":
            self._until = self._between(RANDOM_STEPS)
            self._random.reset(instruction, stretch.seed)
        elif stretch.manner == "paused":
            self._from = self._between(PAUSE_AT)
            self._until = self._from + self._between(PAUSE_STEPS)

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(1, 12) the next action."""
        manner = self._stretches[self._index].manner
        self._step += 1
        if manner == "misplaced" and self._step <= self._until:
            return self._lost.act(sensors, instruction)
        if manner == "random" and self._step <= self._until:
            return self._random.act(sensors, instruction)
        if manner == "paused" and self._from < self._step <= self._until:
            return np.zeros((1, 12), np.float32)
        action = self._expert.act(sensors, instruction)
        return self._disturbed(action) if manner == "noisy" else action

    def _disturbed(self, action: Actions) -> Actions:
        """Smooth noise on the arm, in bursts."""
        if self._left == 0:
            calm = self._scale > 0
            self._left = self._between(CALM_STEPS if calm else BURST_STEPS)
            self._scale = 0.0 if calm else float(self._rng.uniform(*NOISE_SCALE))
        self._left -= 1
        self._noise = 0.8 * self._noise + 0.6 * self._rng.normal(size=6)
        moved = action.copy()
        moved[:, _ARM] = np.clip(moved[:, _ARM] + self._scale * self._noise, -1, 1)
        return moved

    def _between(self, limits: tuple[int, int]) -> int:
        return int(self._rng.integers(*limits))
