"""Likelihoods measured so far, kept so that an interrupted evaluation goes on where it was.

`measured.jsonl` holds a line per clip under a key that is a hash of everything the numbers depend
on: the judge's weights and settings, the pixels' files and the instruction.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..envs.sensors import View
from ..judges.base import COMPLETE, NOT_COMPLETE
from ..judges.nll import AnswerNLL
from . import journal
from .journal import Journal
from .judge_setup import Likelihoods

FILE = "measured.jsonl"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a judge makes of one clip in every view it has."""

    key: str
    frames: int
    """Frames in the clip's files, before sampling."""
    likelihoods: Likelihoods


def key(identity: str, instruction: str, contents: Mapping[View, str]) -> str:
    """The name of a measurement.

    Args:
        identity: of the judge, `judge_setup.identity`.
        instruction: the subtask in words.
        contents: hash of each view's file.
    """
    return journal.key(identity, instruction, dict(contents))


def usable(likelihoods: Likelihoods) -> bool:
    """Whether both labels have a finite likelihood in every view."""
    return all(
        label in answers and math.isfinite(answers[label].nll) and answers[label].tokens >= 1
        for answers in likelihoods.values()
        for label in (NOT_COMPLETE, COMPLETE)
    )


def open_store(folder: Path) -> Journal[Measured]:
    """The measurements of one folder, see `Journal`."""
    return Journal(folder / FILE, _written, _read)


def _written(one: Measured) -> dict[str, Any]:
    views = {
        view: {label: [answer.nll, answer.tokens] for label, answer in answers.items()}
        for view, answers in one.likelihoods.items()
    }
    return {"key": one.key, "frames": one.frames, "views": views}


def _read(row: dict[str, Any]) -> Measured:
    likelihoods: Likelihoods = {
        view: {
            label: AnswerNLL(nll=float(nll), tokens=int(tokens))
            for label, (nll, tokens) in answers.items()
        }
        for view, answers in row["views"].items()
    }
    return Measured(key=row["key"], frames=int(row["frames"]), likelihoods=likelihoods)
