"""`leapcasa plan make INSTRUCTION`: one plan, without a robot."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..agent.base import PlannerInfo
from ..configs import ComponentSpec, ConfigError
from ..configs.presets import load
from ..envs import composites
from ..envs.sensors import Image, View
from ..envs.tasks import task as known_task
from . import plan_planners
from .console import Console
from .plan_cases import read_image
from .plan_planners import Beginning

OPTIONS: Mapping[str, str] = {"right": "--image", "left": "--left", "hand": "--hand"}
"""View -> the option that gives its picture."""


@dataclass(frozen=True, kw_only=True)
class MakeRequest:
    """What the user asked for."""

    instruction: str
    pictures: Mapping[View, Path] = field(default_factory=dict)
    task: str = ""
    preset: str = "default"
    overrides: Sequence[str] = ()


def make_command(request: MakeRequest, console: Console) -> int:
    """Make a plan and print it.

    Returns:
        0.

    Raises:
        ConfigError: for bad input, a missing picture or task among them.
        LeapcasaError: if the planner gives no plan.
    """
    instruction = request.instruction.strip()
    if not any(c.isalnum() for c in instruction):
        raise ConfigError(f"the instruction {request.instruction!r} has no words")
    spec = load(request.preset, request.overrides).planner
    pictures: dict[View, Image] = {v: read_image(path) for v, path in request.pictures.items()}
    beginning = _beginning(request.task, spec)
    with console.quiet_stdout():
        planner = plan_planners.make(spec, beginning)
        images = _needed(planner.info, pictures, console)
        began = time.perf_counter()
        plan = planner.plan(instruction, images)
        milliseconds = 1000 * (time.perf_counter() - began)
    texts = [subtask.text for subtask in plan.subtasks]
    value = {
        "instruction": instruction,
        "task": request.task or None,
        "planner": planner.info.name,
        "options": dict(spec.options),
        "privileged": planner.info.privileged,
        "views": list(planner.info.views),
        "subtasks": texts,
        "raw": plan.raw,
        "rejected": list(plan.rejected),
        "said": [subtask.said or subtask.text for subtask in plan.subtasks],
        "made_by": plan.made_by or planner.info.name,
        "milliseconds": round(milliseconds, 3),
    }
    lines = [f"{number}) {text}" for number, text in enumerate(texts, 1)]
    lines += [f"rejected: {reason}" for reason in plan.rejected]
    if plan.made_by:
        lines.append(f"made by the fallback {plan.made_by}")
    if planner.info.privileged:
        lines.append("PRIVILEGED: this planner is told what the sensors do not show")
    console.result(value, "\n".join(lines))
    return 0


def _beginning(task: str, spec: ComponentSpec) -> Beginning:
    if not task:
        if spec.name == "docstring":
            raise ConfigError(
                "the planner 'docstring' gives a task's own steps: name the task with --task TASK"
            )
        return Beginning()
    known = composites.all_steps().get(known_task(task).name)
    # Without an episode, every slot is called by its noun.
    return Beginning(task=task, slots=dict(known.objects) if known else {})


def _needed(
    info: PlannerInfo, pictures: Mapping[View, Image], console: Console
) -> dict[View, Image]:
    name, views = info.name, info.views
    missing = info.lacking(pictures)
    if missing:
        raise ConfigError(
            f"the planner {name!r} looks at the {' and '.join(views)} view; give "
            + " and ".join(f"{OPTIONS[view]} PNG" for view in missing)
        )
    for view in sorted(set(pictures) - set(views)):
        console.note(f"the planner {name!r} does not look at the {view} view")
    return {view: pictures[view] for view in views if view in pictures}
