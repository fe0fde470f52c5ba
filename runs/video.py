"""The annotated video of an episode, drawn and encoded beside the simulation.

A thread waits for the pixels, draws the frame and feeds the encoder; the simulation only hands
over plain values. The queue between them is short: a slow encoder slows the episode down rather
than filling the memory. If the encoder dies, the episode goes on without a video.
"""

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..envs.sensors import CONTROL_HZ, Frame, View
from .chart import JudgeMark
from .encoder import Encoder, EncoderError
from .overlay import HEIGHT, WIDTH, Ending, Moment, Overlay, Row, Title

QUEUE_FRAMES = 16
"""Frames that may wait to be drawn (0.8 s of simulated time)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shot:
    """One step as the simulation hands it over; the pixels may still be on their way."""

    images: Mapping[View, Frame]
    step: int
    rows: tuple[Row, ...]
    verdict: JudgeMark | None = None
    news: str = ""
    policy_called: bool = False
    judged: Sequence[JudgeMark] = ()
    """Verdicts given at this step."""
    began: Sequence[int] = field(default=())
    """Subtasks that began at this step, counted from 0."""


class Video:
    """One video. All methods are for the simulation's thread.

    Args:
        path: the MP4 file.
        title: what is true of the whole episode.
        hold: how long the last frame stays, with the result on it [s].
        quality: x264's constant rate factor; lower is better and larger.
    """

    def __init__(
        self,
        path: Path,
        title: Title,
        *,
        hold: float = 2.0,
        quality: int = 21,
    ) -> None:
        self.path, self._hold = path, hold
        self.failure = ""
        """Why there is no video; empty if there is one."""
        self._overlay = Overlay(title)
        self._queue: queue.Queue[Shot | Ending | None] = queue.Queue(QUEUE_FRAMES)
        self._encoder: Encoder | None = None
        self._thread: threading.Thread | None = None
        try:
            self._encoder = Encoder(path, width=WIDTH, height=HEIGHT, fps=CONTROL_HZ, crf=quality)
        except EncoderError as error:
            self._give_up(str(error))
            return
        self._thread = threading.Thread(target=self._work, name="leapcasa-video", daemon=True)
        self._thread.start()

    def add(self, shot: Shot) -> None:
        """Hand over one step; returns at once unless the encoder is far behind."""
        if self._thread is not None and not self.failure:
            self._queue.put(shot)

    def close(self, ending: Ending | None) -> Path | None:
        """Show the result, finish the file and wait for it; may be called twice.

        Returns:
            The file, or None if there is no video.
        """
        if self._thread is not None:
            if ending is not None:
                self._queue.put(ending)
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        return self.path if not self.failure else None

    def _work(self) -> None:
        """The drawing thread: until None comes, takes everything, even after a failure."""
        last: Moment | None = None
        while (job := self._queue.get()) is not None:
            if self.failure:
                continue
            try:
                last = self._draw(job, last)
            except Exception as error:
                self._give_up(_reason(error))
        if self._encoder is None or self.failure:
            return
        if last is None:
            self._give_up("the episode ended before its first step")
            return
        try:
            self._encoder.close()
        except EncoderError as error:
            self._give_up(str(error))

    def _draw(self, job: Shot | Ending, last: Moment | None) -> Moment | None:
        assert self._encoder is not None
        if isinstance(job, Ending):
            if last is not None:
                final = self._overlay.draw(replace(last, ending=job))
                for _ in range(round(self._hold * CONTROL_HZ)):
                    self._encoder.write(final)
            return last
        chart = self._overlay.chart
        for index in job.began:
            chart.subtask_began(job.step, index)
        if job.policy_called:
            chart.policy_called(job.step)
        for mark in job.judged:
            chart.judged(mark)
        moment = Moment(
            images={view: np.asarray(frame) for view, frame in job.images.items()},
            step=job.step,
            rows=job.rows,
            verdict=job.verdict,
            news=job.news,
        )
        self._encoder.write(self._overlay.draw(moment))
        return moment

    def _give_up(self, reason: str) -> None:
        self.failure = reason
        if self._encoder is not None:
            self._encoder.abandon()


def _reason(error: Exception) -> str:
    if isinstance(error, EncoderError):
        return str(error)
    return f"drawing a frame failed: {type(error).__name__}: {error}"
