"""The expert as a policy: understands a subtask, runs its recipe, recovers when it gets stuck."""

import numpy as np

from ...configs.errors import EnvironmentFault, PolicyError
from ...envs.referee import Referee
from ...envs.sensors import Sensors
from ...envs.skills import Skill, UnknownSubtask
from ..base import Actions, PolicyInfo
from .control import hold_action
from .motion import UP, Blocked, Motion, Operator, retreat
from .recipes import RECIPES

MAX_ATTEMPTS = 6


class ExpertPolicy:
    """Scripted and privileged: reads true geometry, moves the robot by actions alone.

    Args:
        referee: the truth of the kitchen it works in.
    """

    def __init__(self, referee: Referee) -> None:
        self._referee = referee
        self._op = Operator(referee)
        self._motion: Motion | None = None
        self.trouble: list[str] = []
        """Why attempts at the present subtask failed, in order."""

    @property
    def info(self) -> PolicyInfo:
        """Privileged; looks at no view."""
        return PolicyInfo(name="expert", privileged=True)

    def reset(self, instruction: str, seed: int) -> None:
        """Understand the subtask and start on it.

        Args:
            instruction: the subtask in words.
            seed: unused; the expert has no randomness.

        Raises:
            PolicyError: if the words are not understood or nothing can be done about them.
        """
        del seed
        try:
            skill = self._referee.watch(instruction)
            fixture = self._referee.fixture(skill.target)
        except (UnknownSubtask, EnvironmentFault) as problem:
            raise PolicyError(f"the expert cannot do {instruction!r}: {problem}") from problem
        if (skill.verb, skill.target) not in RECIPES:
            raise PolicyError(
                f"the expert has no recipe to {skill.verb.replace('_', ' ')} "
                f"{skill.target.replace('_', ' ')}; choose another policy"
            )
        self.trouble = []
        self._op = Operator(self._referee, grip=self._op.grip)
        self._motion = self._attempts(skill, fixture)

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """The next single action, from the truth of this moment.

        Raises:
            PolicyError: if `reset` was not called.
        """
        del sensors, instruction
        if self._motion is None:
            raise PolicyError("the expert was asked to act before reset()")
        self._referee.observe()
        action = next(self._motion, None)
        if action is None:
            action = hold_action(self._op.grip)
        return np.asarray(action, np.float32)[None]

    def _attempts(self, skill: Skill, fixture: str) -> Motion:
        recipe = RECIPES[(skill.verb, skill.target)]
        for attempt in range(MAX_ATTEMPTS):
            self._op.attempt = attempt
            if self._referee.subtask_done():
                return True
            try:
                yield from recipe(self._op, fixture, skill)
            except Blocked as problem:
                self.trouble.append(str(problem))
                yield from self._back_off(fixture)
            for _ in range(3):
                yield hold_action(self._op.grip)
        return self._referee.subtask_done()

    def _back_off(self, fixture: str) -> Motion:
        outward = self._referee.place(fixture).outward
        yield from retreat(self._op, -self._op.robot.hand_rot[:, 2], 0.10)
        return (yield from retreat(self._op, 0.6 * outward + 0.8 * UP, 0.15))
