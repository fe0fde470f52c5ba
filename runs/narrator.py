"""Turns looks into what people see: frames of the video and the line of progress."""

from collections.abc import Mapping, Sequence

from ..agent import events as log
from ..envs.sensors import Frame, View
from .chart import JudgeMark
from .console import Progress
from .episode import Look
from .overlay import SHOWN, Ending, Row
from .video import Shot, Video

ENDS: Mapping[str, str] = {
    "completed": "the agent declared every subtask done",
    "incomplete": "the plan came to its end, not all of it done",
    "gave_up": "the agent gave up",
    "horizon": "out of steps",
    "wall_time": "out of time",
    "interrupted": "interrupted",
    "error": "an error",
    "infrastructure_error": "the policy's server or the simulation failed; no failure of the task",
}
"""The reason of the end, in words."""


class Filmer:
    """An observer that hands each look to the video."""

    def __init__(self, video: Video) -> None:
        self._video, self._news = video, ""
        self._verdict: JudgeMark | None = None

    def saw(self, look: Look) -> None:
        """Film one look."""
        self._news = news(look.events) or self._news
        marks: list[JudgeMark] = []
        for event in look.events:
            if isinstance(event, log.JudgeCalled):
                self._verdict = _mark(event)
                marks.append(self._verdict)
            elif isinstance(event, log.SubtaskStarted):
                self._verdict = None
        view = look.view
        rows = tuple(
            Row(text=s.text, status=s.status, tries=view.attempt + 1 if i == view.current else 1)
            for i, s in enumerate(view.subtasks)
        )
        images = look.sensors.images
        shown: dict[View, Frame] = {view: images[view] for view in SHOWN if view in images}
        self._video.add(
            Shot(
                images=shown,
                step=look.sensors.step,
                rows=rows,
                verdict=self._verdict,
                news=self._news,
                judged=marks,
                policy_called=any(isinstance(e, log.PolicyCalled) for e in look.events),
                began=[e.index for e in look.events if isinstance(e, log.SubtaskStarted)],
            )
        )


class Ticker:
    """An observer that keeps the line of progress moving."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def saw(self, look: Look) -> None:
        """Show where the episode is."""
        view = look.view
        if view.current is None:
            text = "done"
        else:
            place = f"{view.current + 1}/{len(view.subtasks)}"
            text = f"{place} {view.subtasks[view.current].text}"
        self._progress.update(look.sensors.step, text)


def news(events: Sequence[log.Event]) -> str:
    """What the newest of these events did to the plan, in words; empty if nothing."""
    words = ""
    for event in events:
        if isinstance(event, log.PlanMade):
            count = len(event.subtasks)
            words = f"planned {count} subtask{'s' * (count != 1)}{_spare(event)}"
        elif isinstance(event, log.Replanned):
            words = f"planned anew: {len(event.subtasks)} more subtasks{_spare(event)}"
        elif isinstance(event, log.Advanced):
            words = f"subtask {event.index + 1} declared done"
        elif isinstance(event, log.Retried):
            words = f"subtask {event.index + 1} failed and is tried again"
        elif isinstance(event, log.Skipped):
            words = f"subtask {event.index + 1} failed and is skipped"
        elif isinstance(event, log.Stopped) and event.reason in ENDS:
            words = ENDS[event.reason]
    return words


def _spare(event: log.PlanMade | log.Replanned) -> str:
    return f" by the fallback {event.made_by}" if event.made_by else ""


def ending(end_reason: str, success: bool, first_success_s: float | None) -> Ending:
    """What the last frames say."""
    why = ENDS.get(end_reason, end_reason)
    if success and first_success_s is not None:
        return Ending(
            headline="SUCCESS",
            detail=f"RoboCasa's criterion was met at {first_success_s:.2f} s; end: {why}",
            good=True,
        )
    broken = {
        "error": "ERROR",
        "infrastructure_error": "SERVER FAILED",
        "interrupted": "INTERRUPTED",
    }
    headline = broken.get(end_reason, "NO SUCCESS")
    detail = f"RoboCasa's criterion was never met; end: {why}"
    return Ending(headline=headline, detail=detail, good=False)


def _mark(event: log.JudgeCalled) -> JudgeMark:
    return JudgeMark(step=event.step, margin=event.margin, complete=event.accepted)
