"""When work on loose things is complete: turned, picked up, put into something. Privileged."""

from dataclasses import dataclass

import numpy as np

from .predicates import Memory, Truth

LIFTED_M = 0.08
"""How far up a thing counts as picked up; RoboCasa has no criterion of it."""
PAN_TURNED_RAD, HAND_AWAY_M = np.pi / 12, 0.25
"""`RotatePan._check_success`, and `gripper_obj_far` there."""


@dataclass(frozen=True)
class Rotated:
    """A pan was turned about its own axis since the subtask began, and the hand is away from it."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Note how far it has been turned."""
        now = truth.joint(memory.fixture, memory.part).value
        if memory.start is None:
            memory.start = now
        memory.most = max(memory.most, abs(now - memory.start))

    def progress(self, truth: Truth, memory: Memory) -> float:
        """Mostly the turn, a tenth for taking the hand away."""
        turned = min(1.0, memory.most / PAN_TURNED_RAD)
        if turned < 1.0:
            return 0.9 * turned
        return _hand_away(truth, memory)


@dataclass(frozen=True)
class PickedUp:
    """A thing hangs from the fingers, higher than it stood as the subtask began."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Note how high it stood; one that is held already counts as lifted from below."""
        if memory.start is None:
            height = float(truth.joint(memory.fixture, memory.part).anchor[2])
            memory.start = height - (LIFTED_M if truth.hangs(memory.part) else 0.0)

    def progress(self, truth: Truth, memory: Memory) -> float:
        """Mostly the way up; complete once it touches the fingers and nothing else."""
        height = float(truth.joint(memory.fixture, memory.part).anchor[2])
        start = height if memory.start is None else memory.start
        share = max(0.0, min(1.0, (height - start) / LIFTED_M))
        return 1.0 if share >= 1.0 and truth.hangs(memory.part) else 0.9 * share


@dataclass(frozen=True)
class Placed:
    """A thing is in a fixture, by RoboCasa's own test, and the hand is away from it."""

    def observe(self, truth: Truth, memory: Memory) -> None:
        """Nothing to remember."""

    def progress(self, truth: Truth, memory: Memory) -> float:
        """Nine tenths for being there, the rest for taking the hand away."""
        if not truth.inside(memory.part, memory.fixture):
            return 0.0
        return _hand_away(truth, memory)


def _hand_away(truth: Truth, memory: Memory) -> float:
    """0.9 while the hand is at the thing, 1 once it is away from it."""
    away = truth.robot().hand - truth.joint(memory.fixture, memory.part).anchor
    share = float(np.linalg.norm(away)) / HAND_AWAY_M
    return 1.0 if share > 1.0 else 0.9 + 0.09 * share
