"""What planners are asked in an evaluation: beginnings of episodes, or a user's own pairs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..configs import ConfigError, nearest
from ..envs import composites
from ..envs.sensors import VIEWS, Image, View
from ..envs.tasks import all_tasks, task_set, task_sets
from .plan_episodes import VIEWS as COLLECTED
from .plan_episodes import Episode
from .plan_reference import Reference, of_composite, of_texts

FIELDS = ("instruction", "reference", "after", "id", "task", *VIEWS)
_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Case:
    """One instruction with the steps that would be right."""

    id: str
    """The task's name, or the row's own."""
    task: str
    """Empty if it is not known."""
    instruction: str
    reference: Reference
    names: Mapping[str, str] = field(default_factory=dict)
    """What the episode calls its objects; for privileged planners alone."""
    images: Mapping[View, Path] = field(default_factory=dict)

    def given(self, views: Sequence[View]) -> str:
        """A hash of all that a planner is given, the pictures of these views included."""
        pictures = [self.images[view].read_bytes() for view in views if view in self.images]
        facts = [self.task, self.instruction, dict(sorted(self.names.items()))]
        told = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for picture in pictures:
            told.update(hashlib.sha256(picture).digest())
        return told.hexdigest()


def chosen_tasks(asked: str | None) -> list[str]:
    """Names of composite tasks.

    Args:
        asked: a task set, or task names with commas between; None for all 300.

    Raises:
        ConfigError: for an unknown name, or a set without composite tasks.
    """
    every = composites.all_steps()
    if asked is None:
        return list(every)
    if asked in task_sets():
        named = [task.name for task in task_set(asked)]
        found = [name for name in named if name in every]
        if not found:
            raise ConfigError(
                f"--tasks {asked}: no composite task in it, and only those have steps"
            )
        return found
    names = [name.strip() for name in asked.split(",") if name.strip()]
    for name in names:
        if name in every:
            continue
        if name in all_tasks():
            raise ConfigError(f"--tasks {name} is an atomic task; only composite ones have steps")
        raise ConfigError(
            f"unknown task or task set {name!r}{nearest(name, [*task_sets(), *every])}; there are "
            f"the sets {', '.join(sorted(task_sets()))}, and {len(every)} composite tasks"
        )
    if not names:
        raise ConfigError("--tasks names none")
    return list(dict.fromkeys(names))


def of_episode(episode: Episode) -> Case:
    """The case that an episode's beginning makes."""
    return Case(
        id=episode.task,
        task=episode.task,
        instruction=episode.instruction,
        reference=of_composite(composites.steps(episode.task), episode.names),
        names=episode.names,
        images={view: episode.image(view) for view in COLLECTED},
    )


def read_pairs(path: Path) -> list[Case]:
    """The cases of a user's file.

    One JSON object a line: `instruction`, `reference` (a list of steps), and optionally `after`
    (for each step the positions, from 0, of those that must come before it; without it the order is
    strict), `id`, `task`, and pictures under `right`, `left`, `hand` (paths relative to the file).

    Raises:
        ConfigError: if the file cannot be read; all bad rows are named at once.
    """
    path = path.expanduser()
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the pairs {path}: {why}") from error
    cases: list[Case] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = _case(json.loads(line), str(len(cases) + 1), path.parent)
            if any(case.id == other.id for other in cases):
                raise ValueError(f"the id {case.id!r} is there twice")
            cases.append(case)
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        more = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise ConfigError(
            f"{len(problems)} rows are bad:\n  " + "\n  ".join(problems[:_SHOWN]) + more
        )
    if not cases:
        raise ConfigError(f"the pairs {path} have no rows")
    return cases


def read_image(path: Path) -> Image:
    """A picture as (H, W, 3) uint8 RGB.

    Raises:
        ConfigError: if it is none, or larger than a view can be.
    """
    import numpy as np
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as picture:
            if not all(16 <= side <= 8192 for side in picture.size):
                raise ConfigError(
                    f"the picture {path} has {picture.size[0]} x {picture.size[1]} pixels; give "
                    "sides of 16 to 8192"
                )
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the picture {path}: {why}") from error


def _case(row: Any, number: str, folder: Path) -> Case:
    if not isinstance(row, dict):
        raise ValueError(f"is no JSON object but {type(row).__name__}")
    for name in row:
        if name not in FIELDS:
            raise ValueError(f"unknown field {name!r}{nearest(name, FIELDS)}")
    instruction, steps = row.get("instruction"), row.get("reference")
    if not isinstance(instruction, str) or not instruction.strip():
        raise ValueError("field 'instruction': must be text")
    if not isinstance(steps, list) or not steps or not all(isinstance(s, str) for s in steps):
        raise ValueError("field 'reference': must be a list of steps")
    after = row.get("after")
    if after is not None and not (
        isinstance(after, list)
        and all(isinstance(b, list) and all(type(i) is int for i in b) for b in after)
    ):
        raise ValueError("field 'after': must be a list of lists of positions")
    images: dict[View, Path] = {v: folder / str(row[v]) for v in VIEWS if row.get(v) is not None}
    missing = next((p for p in images.values() if not p.is_file()), None)
    if missing is not None:
        raise ValueError(f"there is no picture {missing}")
    return Case(
        id=str(row.get("id", number)),
        task=str(row.get("task", "")),
        instruction=instruction.strip(),
        reference=of_texts(steps, after),
        images=images,
    )
