"""`leapcasa rollout TASK`: reads the arguments, runs the episode, prints the summary."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..configs import ConfigError, RunConfig
from ..configs.presets import load
from ..envs.tasks import task as known_task
from .console import Console
from .narrator import ENDS

MARKS = {"done": "[x]", "failed": "[!]", "current": "[>]", "pending": "[ ]"}


def rollout_command(
    *,
    task: str,
    seed: str | None,
    split: str | None,
    preset: str,
    overrides: Sequence[str],
    out: Path | None,
    console: Console,
) -> int:
    """Run one episode.

    Args:
        task: a RoboCasa365 task.
        seed: as the user wrote it; None for the preset's.
        split: as the user wrote it; None for the preset's.
        preset: a name or the path of a YAML file.
        overrides: `key=value`.
        out: the run's folder; None for one below `outputs/`.
        console: where summary and progress go.

    Returns:
        0 if the episode ran to its end, 1 if it broke off, 130 if it was interrupted.

    Raises:
        ConfigError: for bad input.
        RecordError: if the result cannot be written.
    """
    config = configuration(task, seed, split, preset, overrides)
    with console.quiet_stdout():
        from .rollout import rollout

        result = rollout(config, out, tell=console.note)
    value = asdict(result)
    console.result(value, summary(value))
    if result.error:
        console.note(f"leapcasa: {result.error}")
        if result.privileged and result.steps == 0:
            console.note(
                "the scripted expert and the referee know some skills only; "
                "--config baseline runs on every task"
            )
    return {"error": 1, "infrastructure_error": 1, "interrupted": 130}.get(result.end_reason, 0)


def configuration(
    task: str, seed: str | None, split: str | None, preset: str, overrides: Sequence[str]
) -> RunConfig:
    """The checked configuration of one rollout.

    Raises:
        ConfigError: for an unknown task, split, preset or key, or a value that does not fit.
    """
    fixed: dict[str, Any] = {"task": known_task(task).name}
    if seed is not None:
        try:
            fixed["seed"] = int(seed)
        except ValueError:
            raise ConfigError(f"--seed {seed!r} is no whole number; give 0 .. 2**32 - 1") from None
    if split is not None:
        fixed["split"] = split
    return load(preset, overrides, **fixed)


def summary(value: dict[str, Any]) -> str:
    """The result for people."""
    verdict = "SUCCESS" if value["success"] else "no success"
    if value["end_reason"] in ("error", "infrastructure_error", "interrupted"):
        verdict = value["end_reason"].replace("_", " ").upper()
    rate = value["steps"] / value["seconds"] if value["seconds"] else 0.0
    why = ENDS.get(value["end_reason"], value["end_reason"])
    declared = "done" if value["declared_success"] else "not done"
    lines = [
        "",
        f"{verdict}: {value['task']} ({value['split']}, seed {value['seed']})",
        f"  end        {why} after {value['steps']} steps "
        f"({value['steps'] / 20:.1f} s simulated, {value['seconds']:.1f} s real, {rate:.1f}/s)",
        f"  agent says {declared}; RoboCasa's criterion "
        + ("met" if value["success"] else "not met")
        + (", and still so at the end" if value["success_at_end"] else ""),
    ]
    lines += [f"    {MARKS[s['status']]} {s['text']}" for s in value["subtasks"]]
    if value["privileged"]:
        lines.append(f"  PRIVILEGED {' and '.join(value['privileged'])} read the simulator's truth")
    if value["assets"] == "standin":
        lines.append("  STAND-IN   assets: does not compare with published RoboCasa365 numbers")
    lines.append(f"  video      {value['video'] or 'none'}")
    lines.append(f"  record     {value['run_dir']}")
    return "\n".join(lines)
