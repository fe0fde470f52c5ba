"""What a judge is asked, and what its answer says.

The four criteria and the scale of 1 to 5 are LEAP's ("Blind-10"); the words are our own. LEAP shows
one plan at a time; shown together, plans are easier to tell apart, but their order can sway a
judge. So orders are balanced here, and the bias is measured (`statistics.order_bias`).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError

CRITERIA = ("completeness", "logical_sequence", "hallucination_redundancy", "granularity")
FINAL = "final"
"""The mean of the four."""
LOWEST, HIGHEST = 1, 5
_HERE = Path(__file__).parent / "prompts"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_PLANS = len(_LETTERS)

Scores = Mapping[str, float]
"""Criterion -> 1 to 5, and `final`."""


class UnusableAnswer(LeapcasaError):
    """A judge's answer holds no scores."""


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """The words around plans."""

    system: str
    sample: str

    @property
    def digest(self) -> str:
        """Changes with every word."""
        return hashlib.sha256(f"{self.system}\0{self.sample}".encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request to a judge."""

    system: str
    text: str
    letters: tuple[str, ...]
    """Names under which the plans are shown, in order."""


def rubric(file: Path | None = None) -> Rubric:
    """The built-in rubric, or one whose first part is a user's file.

    Raises:
        ConfigError: if the file cannot be read or lacks a placeholder.
    """
    path = file.expanduser() if file else _HERE / "together.txt"
    try:
        system = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the rubric {path}: {error}") from error
    if "{form}" not in system:
        raise ConfigError(f"the rubric {path} must say {{form}} where the answer's form belongs")
    return Rubric(system=system.strip(), sample=(_HERE / "sample.txt").read_text("utf-8").strip())


def question(rubric: Rubric, task: str, reference: str, plans: Sequence[str]) -> Question:
    """The request about plans in the order they are shown.

    Args:
        rubric: the words.
        task: the instruction.
        reference: the reference steps as text.
        plans: texts of the models.
    """
    letters = tuple(_LETTERS[: len(plans)])
    one = {name: 3 for name in CRITERIA}
    form = json.dumps({"reasoning": "...", "scores": {letter: one for letter in letters}}, indent=1)
    blocks = [f"Plan {a}:\n{plan.strip()}" for a, plan in zip(letters, plans, strict=True)]
    names = ", ".join(f"Plan {letter}" for letter in letters)
    system = _filled(rubric.system, count=str(len(plans)), names=names, form=form)
    text = _filled(rubric.sample, task=task, reference=reference, plans="\n\n".join(blocks))
    return Question(system=system, text=text, letters=letters)


def _filled(template: str, **values: str) -> str:
    """Placeholders replaced in one pass, so that what a model wrote is never taken for one."""
    import re

    names = "|".join(map(re.escape, values))
    return re.sub(rf"\{{({names})\}}", lambda match: values[match[1]], template)


def scores(answer: str, letters: Sequence[str]) -> list[Scores]:
    """The scores in a judge's answer, in the order of the letters.

    Raises:
        UnusableAnswer: if one is missing or no number from 1 to 5.
    """
    value = _json(answer)
    table = value.get("scores", value)
    if len(letters) == 1 and isinstance(table, dict) and letters[0] not in table:
        table = {letters[0]: table}
    return [_of(table, letter) for letter in letters]


def _of(table: Any, letter: str) -> Scores:
    row = table.get(letter, table.get(f"Plan {letter}")) if isinstance(table, dict) else None
    if not isinstance(row, dict):
        raise UnusableAnswer(f"no scores for plan {letter}")
    found: dict[str, float] = {}
    for name in CRITERIA:
        given = row.get(name)
        if isinstance(given, str):
            given = _number(given)
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise UnusableAnswer(f"plan {letter} has no number for {name}")
        if not (math.isfinite(given) and LOWEST <= given <= HIGHEST):
            raise UnusableAnswer(f"plan {letter} has {given} for {name}, not 1 to 5")
        found[name] = float(given)
    found[FINAL] = sum(found.values()) / len(CRITERIA)
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _json(answer: str) -> dict[str, Any]:
    """The first JSON object in a text."""
    decoder = json.JSONDecoder()
    at = answer.find("{")
    while at >= 0:
        try:
            value, _ = decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        at = answer.find("{", at + 1)
    raise UnusableAnswer("no JSON object")
