"""The closed loop as a state machine over sensors: plan, act, judge, advance.

It knows nothing of a simulator, so a test drives it with recorded frames, and a robot could.
`reset` takes the first look and makes the plan; `act` takes each look and gives the next action.
The order of what happens within one look is written in `agent.events`. The same looks and the same
seed give the same decisions.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..configs import AdvanceConfig, PolicyError
from ..envs.ring import FrameRing
from ..envs.sensors import ACTION_SIZE, Image, Sensors, View
from ..judges.base import Clip, Judge, Verdict
from ..policies.base import Actions, Policy
from . import events as log
from .advance import AdvanceRule
from .base import Attempt, Plan, Planner
from .plan import waits

Status = Literal["pending", "current", "done", "failed"]
EndReason = Literal["completed", "incomplete", "gave_up"]
"""All subtasks declared complete; the end of the plan with some skipped; stopped before the end."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the agent decided on one look."""

    action: npt.NDArray[np.float32] | None
    """(12,) float32 in [-1, 1], the official order; None once the agent is done."""
    events: tuple[log.Event, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SubtaskView:
    """One line of the agent's list."""

    text: str
    status: Status


@dataclass(frozen=True, kw_only=True)
class AgentView:
    """What an onlooker may show of an agent; reading it changes nothing."""

    subtasks: tuple[SubtaskView, ...]
    current: int | None
    """Index of the subtask in hand; None once none is left, or the agent is done."""
    attempt: int
    replans: int
    verdict: Verdict | None
    """The newest one on the subtask in hand."""
    end_reason: EndReason | None


class Agent:
    """Carries out a task by a plan, a policy and a judge.

    Args:
        planner: breaks the task into subtasks.
        policy: moves the robot.
        judge: says when a subtask is done.
        advance: when to ask the judge, and what to believe.
        seed: the only source of randomness.
    """

    def __init__(
        self,
        planner: Planner,
        policy: Policy,
        judge: Judge,
        advance: AdvanceConfig,
        *,
        seed: int,
    ) -> None:
        self._planner, self._policy, self._judge = planner, policy, judge
        self._rule = AdvanceRule(advance)
        self._seed = seed
        self._rings: dict[View, FrameRing] = {}
        self._forget()

    @property
    def done(self) -> bool:
        """True once there is nothing left to do, or the agent has given up."""
        return self._stopped

    @property
    def end_reason(self) -> EndReason | None:
        """Why the agent is done; None while it is not."""
        return self._reason if self._stopped else None

    @property
    def declared_success(self) -> bool:
        """True once every subtask was declared complete, also while the last of them settles."""
        return self._reason == "completed"

    def view(self) -> AgentView:
        """What an onlooker may show."""
        pairs = zip(self._texts, self._statuses, strict=True)
        return AgentView(
            subtasks=tuple(SubtaskView(text=text, status=status) for text, status in pairs),
            current=None if self._reason else self._index,
            attempt=self._rule.attempt,
            replans=self._rule.replans,
            verdict=self._verdict,
            end_reason=self.end_reason,
        )

    def reset(self, sensors: Sensors) -> tuple[log.Event, ...]:
        """Begin an episode: make the plan for the first look.

        Raises:
            LeapcasaError: if the planner gives none.
        """
        self._forget()
        self._open_rings(sensors)
        plan = self._plan(sensors)
        self._texts = [subtask.text for subtask in plan.subtasks]
        self._statuses = ["pending" for _ in self._texts]
        self._note(
            log.PlanMade(
                step=sensors.step,
                subtasks=tuple(self._texts),
                raw=plan.raw,
                rejected=plan.rejected,
                said=_said(plan),
                made_by=plan.made_by,
            )
        )
        self._index = -1
        self._go_on(sensors)
        return self._flush()

    def act(self, sensors: Sensors) -> Decision:
        """Take one look in and decide.

        Raises:
            PolicyError: if the policy gives no valid chunk.
            JudgeError: if the judge gives no verdict.
        """
        for view, ring in self._rings.items():
            # The eye in the hand is drawn only when it is looked at, and only at its own moment.
            ring.push(sensors.image(view) if view == "hand" else sensors.images[view])
        if self._reason is None:
            self._judge_or_time_out(sensors)
        self._stop_once_settled(sensors)
        if self.done:
            return Decision(action=None, events=self._flush())
        if self._next == len(self._chunk):
            self._ask_policy(sensors)
        action = self._chunk[self._next]
        self._next += 1
        return Decision(action=action, events=self._flush())

    # judging -----------------------------------------------------------------------------------

    def _judge_or_time_out(self, sensors: Sensors) -> None:
        steps = sensors.step - self._began
        if self._rule.judge_due(steps):
            verdict = self._judge.score(self._clips(steps), self._texts[self._index])
            self._verdict = verdict
            accepted = self._rule.accepts(verdict.margin)
            self._note(
                log.JudgeCalled.of(verdict, step=sensors.step, index=self._index, accepted=accepted)
            )
            if self._rule.complete(verdict.margin):
                self._note(log.Advanced(step=sensors.step, index=self._index))
                self._statuses[self._index] = "done"
                self._go_on(sensors)
                return
        if self._rule.timed_out(steps) or self._rule.refused_too_often:
            self._remedy(sensors)

    def _clips(self, steps: int) -> Mapping[View, Clip]:
        """The newest frames of each view the judge wants, all of `info.frames` length."""
        wanted = self._judge.info.frames
        own = steps + 1 if self._rule.config.window == "subtask" else wanted
        return {view: _clip(ring, wanted, min(own, wanted)) for view, ring in self._rings.items()}

    def _remedy(self, sensors: Sensors) -> None:
        remedy = self._rule.remedy()
        if remedy == "retry":
            self._note(log.Retried(step=sensors.step, index=self._index))
            self._start(sensors)
            return
        self._statuses[self._index] = "failed"
        if remedy == "skip":
            self._note(log.Skipped(step=sensors.step, index=self._index))
            self._go_on(sensors)
        elif remedy == "replan":
            self._replan(sensors)
        else:
            self._end(sensors, "gave_up")

    def _replan(self, sensors: Sensors) -> None:
        plan = self._plan(sensors)
        kept = self._index + 1
        fresh = [subtask.text for subtask in plan.subtasks]
        self._texts = self._texts[:kept] + fresh
        self._statuses = [*self._statuses[:kept], *("pending" for _ in fresh)]
        self._replanned.add(self._index)
        self._note(
            log.Replanned(
                step=sensors.step,
                subtasks=tuple(fresh),
                raw=plan.raw,
                rejected=plan.rejected,
                said=_said(plan),
                made_by=plan.made_by,
            )
        )
        self._go_on(sensors)

    # the course of the plan --------------------------------------------------------------------

    def _go_on(self, sensors: Sensors) -> None:
        self._index += 1
        text = self._texts[self._index] if self._index < len(self._texts) else None
        self._rule.begin_subtask(waits=text is not None and waits(text))
        if text is not None:
            self._start(sensors)
            return
        # A subtask that was planned anew is made up for by what replaced it.
        missed = {i for i, s in enumerate(self._statuses) if s != "done"} - self._replanned
        # Nothing is left to settle of a subtask that failed.
        settle = self._rule.config.settle if self._statuses[-1] == "done" else 0
        self._end(sensors, "incomplete" if missed else "completed", settle)

    def _start(self, sensors: Sensors) -> None:
        text, attempt = self._texts[self._index], self._rule.attempt
        self._statuses[self._index] = "current"
        self._began = sensors.step
        self._verdict = None
        self._chunk = np.empty((0, ACTION_SIZE), np.float32)  # what was in flight is dropped
        self._next = 0
        self._judge.reset(text)
        self._policy.reset(text, _derived_seed(self._seed, self._index, attempt))
        self._note(
            log.SubtaskStarted(step=sensors.step, index=self._index, text=text, attempt=attempt)
        )

    def _end(self, sensors: Sensors, reason: EndReason, settle: int = 0) -> None:
        self._reason, self._until = reason, sensors.step + settle

    def _stop_once_settled(self, sensors: Sensors) -> None:
        if self._reason and not self._stopped and sensors.step >= self._until:
            self._stopped = True
            self._note(log.Stopped(step=sensors.step, reason=self._reason))

    # the parts ---------------------------------------------------------------------------------

    def _plan(self, sensors: Sensors) -> Plan:
        images: dict[View, Image] = {v: sensors.image(v) for v in self._planner.info.views}
        history = [
            Attempt(text=text, outcome="done" if status == "done" else "failed")
            for text, status in zip(self._texts, self._statuses, strict=True)
            if status in ("done", "failed")
        ]
        return self._planner.plan(sensors.instruction, images, history)

    def _ask_policy(self, sensors: Sensors) -> None:
        index = min(self._index, len(self._texts) - 1)  # the last one while it settles
        chunk = self._policy.act(sensors, self._texts[index])
        self._chunk, clipped = checked_chunk(chunk, self._policy.info.name)
        self._next = 0
        self._note(
            log.PolicyCalled(
                step=sensors.step, index=index, horizon=len(self._chunk), clipped=clipped
            )
        )

    def _open_rings(self, sensors: Sensors) -> None:
        info = self._judge.info
        self._rings = {}
        for view in info.views if info.frames else ():
            height, width, _ = sensors.images[view].shape
            self._rings[view] = FrameRing(info.frames, height, width)

    # bookkeeping -------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._texts: list[str] = []
        self._statuses: list[Status] = []
        self._replanned: set[int] = set()
        self._index = self._began = self._next = self._until = 0
        self._chunk: Actions = np.empty((0, ACTION_SIZE), np.float32)
        self._verdict: Verdict | None = None
        self._reason: EndReason | None = None
        self._stopped = False
        self._events: list[log.Event] = []
        self._rule.begin_episode()

    def _note(self, event: log.Event) -> None:
        self._events.append(event)

    def _flush(self) -> tuple[log.Event, ...]:
        flushed, self._events = tuple(self._events), []
        return flushed


def checked_chunk(chunk: npt.ArrayLike, policy: str) -> tuple[Actions, int]:
    """Refuse what is no chunk of actions, clip what is out of range.

    Returns:
        (horizon, 12) float32 within [-1, 1], and how many numbers were clipped.

    Raises:
        PolicyError: for a wrong shape, or a number that is not finite.
    """
    try:
        given = np.asarray(chunk, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise PolicyError(f"policy {policy!r} gave no numbers: {chunk!r:.80}") from error
    if given.ndim != 2 or given.shape[1] != ACTION_SIZE or not len(given):
        raise PolicyError(
            f"policy {policy!r} gave actions of shape {given.shape}; "
            f"(horizon >= 1, {ACTION_SIZE}) is wanted"
        )
    bad = np.argwhere(~np.isfinite(given))
    if bad.size:
        row, column = bad[0]
        raise PolicyError(f"policy {policy!r}: action[{row}, {column}] is {given[row, column]}")
    clipped = np.clip(given, -1.0, 1.0)
    return clipped, int(np.count_nonzero(clipped != given))


def _said(plan: Plan) -> tuple[str, ...]:
    """The planner's own words, if any of them differ from the subtasks'."""
    words = tuple(subtask.said for subtask in plan.subtasks)
    return words if any(words) else ()


def _clip(ring: FrameRing, frames: int, own: int) -> Clip:
    """The newest `frames` frames, those before the newest `own` replaced by the oldest own one."""
    if own == frames:
        return ring.last(frames)
    newest = ring.last(own)
    return np.concatenate([np.repeat(newest[:1], frames - own, axis=0), newest])


def _derived_seed(seed: int, index: int, attempt: int) -> int:
    """A seed of its own for every attempt at every subtask."""
    digest = hashlib.sha256(f"{seed}/{index}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
