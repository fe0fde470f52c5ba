"""What a completion judge is: the last frames of each view and a subtask in, a verdict out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..envs.sensors import View

COMPLETE = "complete"
NOT_COMPLETE = "not complete"

Clip = npt.NDArray[np.uint8]
"""(T, H, W, 3) uint8 RGB in time order, the newest frame last."""


@dataclass(frozen=True, kw_only=True)
class JudgeInfo:
    """Static facts of a judge, written to the record."""

    name: str
    privileged: bool
    """True if it reads simulator state that the clips do not show."""
    views: tuple[View, ...] = ("right", "left")
    frames: int = 64
    """How many of the newest frames it wants of each view; 0 if it looks at none."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One decision of a judge. Lower scores win, as in the model card's rule."""

    label: str
    """`complete` or `not complete`."""
    scores: Mapping[str, float]
    """Score per label, lower is better (for the published judge: mean-token NLL)."""
    per_view: Mapping[View, Mapping[str, float]] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    """Answer tokens per label, where a language model judged."""
    milliseconds: float = 0.0
    """Wall time of the decision; not part of what a decision depends on."""

    @property
    def margin(self) -> float:
        """score(not complete) - score(complete): positive when complete wins."""
        return self.scores[NOT_COMPLETE] - self.scores[COMPLETE]


class Judge(Protocol):
    """Says whether a subtask is done. Taking part needs no inheritance."""

    @property
    def info(self) -> JudgeInfo:
        """Static facts, constant for the life of the judge."""
        ...

    def reset(self, instruction: str) -> None:
        """Called when a subtask begins, retries included: forget what was seen before."""
        ...

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Judge the moment at the end of the clips.

        Args:
            clips: one (T, H, W, 3) clip per view in `info.views`, same T for all.
            instruction: the subtask in words.

        Raises:
            JudgeError: if no verdict can be given; ends the episode as an error.
        """
        ...


class SharedJudge(Judge, Protocol):
    """A judge that can serve several episodes at once.

    Its verdicts follow from clips and words alone: nothing of them is left over from earlier calls.
    """

    def score_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]], streams: Sequence[str] = ()
    ) -> Sequence[Verdict]:
        """Judge several moments, each as `score` would.

        Args:
            items: clips and subtask of each.
            streams: the episode each belongs to, by which work may be reused; empty: all to one.

        Raises:
            JudgeError: if one of them can be given no verdict.
        """
        ...

    def forget(self, stream: str) -> None:
        """An episode has ended: drop what was kept to be reused in it."""
        ...
