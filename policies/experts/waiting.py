"""Subtasks of patience: keep out of the way while a task's own clock runs."""

from ...envs.skills import Skill
from .control import Action, arm_action
from .drive import rest
from .motion import Blocked, Motion, Operator, retreat
from .sweep import sweep

WAIT_STEPS = 590
WAIT_SPEED = 0.6
"""Share of the largest delta with which the hand is drawn back."""
RINSE_STEPS = 30
"""Steps without progress after which what is to be rinsed counts as out of the water."""
SPOUT_TRIES_RAD = (0.45, -0.45, 0.0)
"""Where the spout is led when the water misses, attempt by attempt."""


def wait(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Keep the hand by the robot until it is time."""
    del fixture, skill
    for _ in range(WAIT_STEPS):
        if op.referee.subtask_done():
            return True
        yield _drawn_back(op)
    raise Blocked("it is not time yet")


def rinse(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Keep away while water runs over a thing; lead the spout elsewhere if it misses."""
    del skill
    yield from retreat(op, op.referee.place(fixture).outward, 0.2)  # not straight up
    best, waited = op.referee.progress(), 0
    while not op.referee.subtask_done():
        progress = op.referee.progress()
        best, waited = (progress, 0) if progress > best else (best, waited + 1)
        if waited > RINSE_STEPS:
            goal = SPOUT_TRIES_RAD[op.attempt % len(SPOUT_TRIES_RAD)]
            yield from sweep(op, fixture, "spout_joint", [goal])
            raise Blocked("the water missed")
        yield _drawn_back(op)
    return True


def _drawn_back(op: Operator) -> Action:
    """Out of the way, and always at the same place."""
    robot = op.robot
    return arm_action(robot, rest(robot), op.grip, speed=WAIT_SPEED)
