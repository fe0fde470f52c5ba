"""The planner that reads its steps from a user's file.

The file holds one plan, or a plan per task:

- text: one step a line; numbers, bullets, blank lines and lines that begin with `#` do not count;
- `.json`, `.yaml`, `.yml`: a list of steps, or a mapping from a task's name (or its whole
  instruction) to its list of steps, or to one text of steps.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..configs import ConfigError, LeapcasaError, nearest
from ..envs.sensors import Image, View
from . import plan as plans
from .base import Attempt, Plan, PlannerInfo

_NUMBER = re.compile(r"^\s*(?:step\s+)?(?:\(?\d{1,3}\s*[).:\]]|[-*•])\s*", re.IGNORECASE)
_MOST_CHARACTERS = 1_000_000
"""A larger file is no plan, but a mistake."""


class ScriptPlanner:
    """Plans what a file says.

    Args:
        file: the path; read once, when the planner is made.
        task: the entry to take of a file with several, or what tells its name when the first plan
            is made; without one, the entry whose key is the instruction itself.

    Raises:
        ConfigError: if the file cannot be read, or holds no steps.
    """

    def __init__(self, file: str, task: str | Callable[[], str] = "") -> None:
        if not isinstance(file, str) or not file:
            raise ConfigError(
                f"the planner 'script' needs a file of steps, got {file!r}; "
                "--set planner.options.file=STEPS.txt"
            )
        self._path = Path(file).expanduser()
        self._task = task
        self._plans = read(self._path)

    @property
    def info(self) -> PlannerInfo:
        """A planner of language alone."""
        return PlannerInfo(name="script", privileged=False)

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """The file's steps; on a later call, those that were not declared done.

        Args:
            instruction: the task in words; chooses the entry of a file with several.
            images: not looked at.
            history: what was declared done and what failed.

        Raises:
            ConfigError: if the file has no steps for this task.
            LeapcasaError: if every step is done.
        """
        del images
        steps = self._steps(instruction)
        left = remaining(steps, history)
        if not left:
            raise LeapcasaError(f"all {len(steps)} steps of {self._path} are declared done")
        return plans.checked(left, raw="\n".join(steps))

    def _steps(self, instruction: str) -> Sequence[str]:
        if not isinstance(self._plans, dict):
            return self._plans
        name = self._task if isinstance(self._task, str) else self._task()
        for wanted in (name, instruction):
            for key, steps in self._plans.items():
                if wanted and _plain(key) == _plain(wanted):
                    return steps
        said = name or instruction
        raise ConfigError(
            f"{self._path} has no steps for {said!r}{nearest(said, self._plans)}; it has "
            f"{len(self._plans)} entries, add one under the task's name or its instruction"
        )


def remaining(steps: Sequence[str], history: Sequence[Attempt]) -> list[str]:
    """The steps without those declared done; of equal steps, each success takes one away.

    Args:
        steps: the whole plan.
        history: what became of earlier subtasks, in the words of the plan.
    """
    left = list(steps)
    for attempt in history:
        if attempt.outcome != "done":
            continue
        match = next((s for s in left if _plain(s) == _plain(attempt.text)), None)
        if match is not None:
            left.remove(match)
    return left


def read(path: Path) -> list[str] | dict[str, list[str]]:
    """The steps of a file: of one plan, or by task.

    Raises:
        ConfigError: if it cannot be read, or something in it is no step; the message says where.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the steps {path}: {why}") from error
    if len(text) > _MOST_CHARACTERS:
        raise ConfigError(f"{path} has {len(text)} characters and is no file of steps")
    if path.suffix.lower() not in (".json", ".yaml", ".yml"):
        return _listed(_lines(text), str(path))
    data = _parsed(text, path)
    if not isinstance(data, dict):
        return _listed(data, str(path))
    if not data:
        raise ConfigError(f"{path} is an empty mapping; write TASK: [step, step, ...]")
    return {str(key): _listed(value, f"{path}: {key}") for key, value in data.items()}


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        kind = path.suffix[1:].upper()
        raise ConfigError(f"the steps {path} are no valid {kind}: {error}") from error


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]


def _listed(value: Any, where: str) -> list[str]:
    if isinstance(value, str):
        value = _lines(value)
    if not isinstance(value, list):
        raise ConfigError(f"{where}: steps are a list of texts, got {type(value).__name__}")
    steps: list[str] = []
    for number, item in enumerate(value, 1):
        words = " ".join(_NUMBER.sub("", item).split()) if isinstance(item, str) else ""
        if not any(c.isalnum() for c in words):
            raise ConfigError(f"{where}: step {number} is no text of a step: {item!r}")
        steps.append(words)
    if not steps:
        raise ConfigError(f"{where}: no steps; write one a line")
    return steps


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".! ")
