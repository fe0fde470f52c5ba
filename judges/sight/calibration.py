"""What a view's logit is worth, as kitchens that the judge was not trained on show it.

Training makes a judge surer than it is right: of what it never saw it says "not complete" with
odds of a billion to one, and by the card's rule, the mean of both views, one such view outvotes the
other whatever that sees. So each view's logit is brought to the odds that it had in kitchens held
out: stretched and moved (Platt 1999, "Probabilistic outputs for support vector machines"), and
never surer than a lapse lets it be, the share of windows in which it might as well have guessed
(Wichmann & Hill 2001, "The psychometric function: I", eq. 1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...envs.sensors import View
from ...envs.skills import TARGETS, VERBS, Skill

Calibrations = Mapping[View, "Calibration"]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """From logits to honest ones; as it is, the one changes nothing.

    Raises:
        ValueError: for figures that cannot be.
    """

    slope: float = 1.0
    shift: float = 0.0
    lapse: float = 0.0

    def __post_init__(self) -> None:
        figures = (self.slope, self.shift, self.lapse)
        if not np.isfinite(figures).all() or self.slope <= 0 or not 0 <= self.lapse < 1:
            raise ValueError(f"no calibration: {self}")

    def __call__(self, logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Logits of any shape -> calibrated ones, positive for complete."""
        moved = self.slope * np.asarray(logits, np.float64) + self.shift
        if not self.lapse:
            return moved
        guessed, told = np.log(self.lapse / 2), np.log1p(-self.lapse)
        # Both in logarithms: 1 - p of a sure answer would be 0.
        yes = np.logaddexp(guessed, told - np.logaddexp(0.0, -moved))
        no = np.logaddexp(guessed, told - np.logaddexp(0.0, moved))
        return yes - no


def read(part: Mapping[str, Any], views: tuple[View, ...]) -> dict[View, Calibration]:
    """Those of one member of `config.json`; where it says nothing, such as change nothing.

    Raises:
        TypeError, ValueError: if what it says cannot be.
    """
    said = part.get("calibration", {})
    return {view: Calibration(**said.get(view, {})) for view in views}


def read_kinds(
    part: Mapping[str, Any], views: tuple[View, ...]
) -> dict[str, dict[View, Calibration]]:
    """Those that kinds of subtasks (`Skill.kind`) have of their own.

    Raises:
        TypeError, ValueError: if what it says cannot be.
    """
    return {
        kind: {view: Calibration(**one["calibration"][view]) for view in views}
        for kind, one in _kinds(part)
        if "calibration" in one
    }


def _kinds(part: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(checked_kind(kind), one) for kind, one in part.get("kinds", {}).items()]


def read_doubt(part: Mapping[str, Any]) -> float:
    """The doubt that a member wants in a loop that has any; 0 where it says nothing.

    Raises:
        TypeError, ValueError: if what it says cannot be.
    """
    return checked_doubt(float(part.get("doubt", 0.0)))


def read_doubts(part: Mapping[str, Any]) -> dict[str, float]:
    """Those that kinds of subtasks (`Skill.kind`) have of their own.

    Raises:
        TypeError, ValueError: if what it says cannot be.
    """
    return {
        kind: checked_doubt(float(one["doubt"])) for kind, one in _kinds(part) if "doubt" in one
    }


def read_knows(part: Mapping[str, Any]) -> frozenset[str] | None:
    """The kinds of subtasks (`Skill.kind`) that a member was trained for; None where it is silent.

    Raises:
        TypeError, ValueError: if what it says cannot be.
    """
    said = part.get("knows")
    return None if said is None else frozenset(checked_kind(one) for one in said)


def checked_kind(text: str) -> str:
    """The same words.

    Raises:
        ValueError: if they are no kind (`Skill.kind`) that subtasks have.
    """
    verb, _, rest = text.partition(" ")
    target, _, far = rest.partition(" ")
    if verb in VERBS and target in TARGETS:
        skill = Skill(verb=verb, target=target, fully=far == "fully")  # type: ignore[arg-type]
        if skill.kind == text:
            return text
    raise ValueError(f"no kind of subtask: {text!r}")


def checked_doubt(doubt: float) -> float:
    """The same number.

    Raises:
        ValueError: if it is negative, or none.
    """
    if not 0 <= doubt < np.inf:
        raise ValueError(f"a doubt is 0 or more, not {doubt}")
    return doubt
