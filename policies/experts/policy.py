"""The expert as a policy: understands a subtask, runs its recipe, recovers when it gets stuck."""

import numpy as np

from ...configs.errors import EnvironmentFault, PolicyError
from ...envs.referee import Referee
from ...envs.sensors import Sensors
from ...envs.skills import Skill, UnknownSubtask
from ..base import Actions, PolicyInfo
from .control import CLOSED, Action, hold_action
from .disturb import DisturbConfig, Disturber, StepKind
from .motion import UP, Blocked, Motion, Operator, retreat
from .recipes import RECIPES

MAX_ATTEMPTS = 6
HOLDING_M = 0.02
"""Fingers closer together than this are shut, or hold something thin [m]."""


class ExpertPolicy:
    """Scripted and privileged: reads true geometry, moves the robot by actions alone.

    It may take over at any state of an episode, whoever brought it about: `reset` and `resume`
    start the recipe afresh from what is true at that moment.

    Args:
        referee: the truth of the kitchen it works in.
        disturb_every: mean number of plain steps between disturbances; 0 never disturbs.
        disturb_amplitude: largest part of a disturbing action, 0..1.

    Raises:
        ValueError: for disturbances that make no sense.
    """

    def __init__(
        self, referee: Referee, *, disturb_every: float = 0.0, disturb_amplitude: float = 0.6
    ) -> None:
        self._referee = referee
        self._op = Operator(referee)
        self._disturb = DisturbConfig(every=disturb_every, amplitude=disturb_amplitude)
        self._disturber = Disturber(self._disturb, 0)
        self._last: Action = hold_action(self._op.grip)
        self.step_kind: StepKind = "plain"
        """What the newest action was; cloning should pass over `disturbed` ones."""
        self._subtask: tuple[Skill, str] | None = None
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
            seed: of the disturbances; without them the expert has no randomness.

        Raises:
            PolicyError: if the words are not understood or nothing can be done about them.
        """
        try:
            skill = self._referee.watch(instruction)
            fixture = self._referee.meant(skill)
        except (UnknownSubtask, EnvironmentFault) as problem:
            raise PolicyError(f"the expert cannot do {instruction!r}: {problem}") from problem
        if (skill.verb, skill.target) not in RECIPES:
            raise PolicyError(
                f"the expert has no recipe to {skill.verb.replace('_', ' ')} "
                f"{skill.target.replace('_', ' ')}; choose another policy"
            )
        self._disturber = Disturber(self._disturb, seed)
        self._subtask = (skill, fixture)
        self.resume()

    def resume(self) -> None:
        """Begin the recipe anew from what is true now, after somebody else moved the robot.

        What the subtask has come to so far counts, where `reset` forgets it.

        Raises:
            PolicyError: if `reset` was not called.
        """
        if self._subtask is None:
            raise PolicyError("the expert was asked to resume before reset()")
        self.trouble = []
        self._op = Operator(self._referee, grip=self._grip_now())
        self._last = hold_action(self._op.grip)
        self._motion = self._attempts(*self._subtask)

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """The next single action, from the truth of this moment.

        Raises:
            PolicyError: if `reset` was not called.
        """
        del sensors, instruction
        if self._motion is None:
            raise PolicyError("the expert was asked to act before reset()")
        self._referee.observe()
        self.step_kind = self._disturber.begin_step()
        if self.step_kind == "disturbed" and self._disturber.replaces:
            return self._disturber.disturb(self._last)[None]
        action = next(self._motion, None)
        self._last = hold_action(self._op.grip) if action is None else action
        if self.step_kind == "disturbed":
            return self._disturber.disturb(self._last)[None]
        return np.asarray(self._last, np.float32)[None]

    def _grip_now(self) -> float:
        """The gripper command that keeps the fingers where another policy may have left them."""
        return CLOSED if self._op.robot.finger_gap < HOLDING_M else self._op.grip

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
