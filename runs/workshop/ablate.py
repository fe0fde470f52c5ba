"""`leapcasa plan ablate`: presets trained for equally many steps, measured, in one table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError
from .. import plan_cases, plan_episodes, plan_metrics, plan_planners
from ..console import Console, Progress
from ..plan_cases import Case
from ..plan_eval_cmd import ask
from ..plan_reading import read
from ..records import replace_file, write_json
from ..tables import TextTable, markdown, shown
from ..training_folder import HISTORY, read_history
from . import curves, splits, train_run
from .live import duration
from .train_command import INTERRUPTED, Stop, TrainOptions, request, stoppable, watched

MEASURES = (
    "exact", "valid", "skill_recall", "skill_precision", "argument_recall", "order",
    "absolute_count_error",
)  # fmt: skip
"""Means over the cases, by the names of `plan_metrics.Score`."""
TITLES: Mapping[str, str] = {
    "exact": "exact match", "valid": "valid", "skill_recall": "skill recall",
    "skill_precision": "skill precision", "argument_recall": "argument recall",
    "order": "order (LCS)", "absolute_count_error": "step count error",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AblateOptions:
    """What the user asked for."""

    presets: Sequence[str]
    training: Mapping[str, Any]
    """Fields of `TrainOptions`; `out` is the ablation's folder."""
    tasks: str | None = None
    file: Path | None = None
    max_new_tokens: int = 256


@dataclass(kw_only=True)
class Outcome:
    """What one preset came to."""

    preset: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of its training."""
    figures: Mapping[str, float | None] = field(default_factory=dict)
    milliseconds: float | None = None
    """Of one plan."""
    error: str = ""


def ablate_command(options: AblateOptions, console: Console) -> int:
    """Train and measure presets; those that are done are not touched again.

    Returns:
        0, 1 if a preset failed (the others are done), 130 if it was stopped.

    Raises:
        ConfigError: for bad input.
    """
    out = Path(options.training["out"]).expanduser()
    if not options.presets or len(set(options.presets)) != len(options.presets):
        raise ConfigError("--presets names none, or one twice")
    asked = {name: request(_training(options, name, out)) for name in options.presets}
    with console.quiet_stdout(), stoppable() as stop:
        cases = _cases(options, console)
        outcomes: list[Outcome] = []
        for number, (name, one) in enumerate(asked.items(), 1):
            title = f"{name} ({number} of {len(asked)})"
            outcome = _outcome(name, one, title, cases, options, console, stop)
            if outcome is None:
                console.error(
                    f"stopped while training {name}; the same command goes on from there",
                    kind="interrupted",
                    code=INTERRUPTED,
                )
                return INTERRUPTED
            outcomes.append(outcome)
    value = {"presets": [_as_json(one) for one in outcomes], "cases": len(cases), "out": str(out)}
    table = as_table(outcomes)
    _write(out, outcomes, value, table)
    failed = [f"FAILED {one.preset}: {one.error}" for one in outcomes if one.error]
    text = "\n".join([shown(table), f"{len(cases)} cases, curves in {out}/curves.png", *failed])
    console.result(value, text)
    return 1 if failed else 0


def _training(options: AblateOptions, preset: str, out: Path) -> TrainOptions:
    fields = {**options.training, "preset": preset, "out": out / preset}
    if preset == "full":  # its settings of factors are meant for the others
        fields["lora"] = {}
    return TrainOptions(**fields)


def _outcome(
    name: str,
    asked: train_run.TrainRequest,
    title: str,
    cases: Sequence[Case],
    options: AblateOptions,
    console: Console,
    stop: Stop,
) -> Outcome | None:
    """One preset's outcome; None if the user stopped it."""
    try:
        done = watched(asked, console, stop, title)
        if done.stopped:
            return None
        figures, milliseconds = _measured(asked.out, cases, options, name)
        return Outcome(preset=name, facts=done.facts, figures=figures, milliseconds=milliseconds)
    except ConfigError:
        raise
    except LeapcasaError as error:
        console.note(f"{name}: {error}")
        return Outcome(preset=name, error=str(error))


def _cases(options: AblateOptions, console: Console) -> list[Case]:
    if options.file is not None:
        return plan_cases.read_pairs(options.file)
    names = splits.tasks()["held_out"] if options.tasks is None else None
    tasks = list(names) if names else plan_cases.chosen_tasks(options.tasks)
    progress = Progress(len(tasks), "episodes")
    try:
        place = plan_episodes.Place.of("target", 0)
        episodes, errors = plan_episodes.collect(place, tasks, workers=1, report=progress.update)
    finally:
        progress.close()
    for task, why in errors.items():
        console.note(f"FAILED {task}: {why}")
    if not episodes:
        raise LeapcasaError("no episode could be built to measure on")
    return [plan_cases.of_episode(episode) for episode in episodes.values()]


def _measured(
    out: Path, cases: Sequence[Case], options: AblateOptions, name: str
) -> tuple[dict[str, float | None], float]:
    """Figures of the model alone, without its fallback; kept beside the training."""
    kept = out / "figures.json"
    key = {"cases": [case.id for case in cases], "max_new_tokens": options.max_new_tokens}
    try:
        known = json.loads(kept.read_text("utf-8"))
        if known["asked"] == key:
            return known["figures"], known["milliseconds"]
    except (OSError, ValueError, KeyError):
        pass
    overrides = [
        "planner.options.fallback=none",
        "planner.options.retries=0",
        f"planner.options.max_new_tokens={options.max_new_tokens}",
        f"planner.options.device={options.training['device']}",
    ]
    (contender,) = plan_planners.contenders([], str(out / "planner.yaml"), overrides)
    planner = plan_planners.make(contender.spec, plan_planners.Beginning())
    progress = Progress(len(cases), "plans")
    scores, times = [], []
    try:
        for number, case in enumerate(cases, 1):
            made = ask(planner, case, key="", label=name)
            scores.append(
                plan_metrics.measure(case.reference, read(made.subtasks), refused=not made.subtasks)
            )
            times.append(made.milliseconds)
            progress.update(number, f"{name}: {case.id}")
    finally:
        progress.close()
    figures = {measure: _mean([getattr(s, measure) for s in scores]) for measure in MEASURES}
    milliseconds = sum(times) / len(times)
    write_json(kept, {"asked": key, "figures": figures, "milliseconds": milliseconds})
    return figures, milliseconds


def _mean(values: Sequence[float | None]) -> float | None:
    there = [float(v) for v in values if v is not None]
    return sum(there) / len(there) if there else None


def as_table(outcomes: Sequence[Outcome]) -> TextTable:
    """A row a preset: what was trained, at what cost, how good it is."""
    head = ("preset", "trained", "share", "MB", "time", "loss", "held out",
            *TITLES.values(), "ms a plan")  # fmt: skip
    return TextTable(head=head, rows=[_row(one) for one in outcomes])


def _row(one: Outcome) -> tuple[str, ...]:
    if one.error:
        return (one.preset, "failed", *[""] * (len(TITLES) + 6))
    facts, sizes = one.facts, one.facts["parameters"]
    held = facts["eval_loss"]
    figures = [
        "-" if (v := one.figures[m]) is None else f"{v:.2f}" if "count" in m else f"{v:.1%}"
        for m in MEASURES
    ]
    return (
        one.preset,
        f"{sizes['trainable']:,}",
        f"{sizes['trainable'] / sizes['total']:.2%}",
        f"{facts['bytes'] / 1e6:.1f}",
        duration(facts["seconds"]),
        f"{facts['last_loss']:.4f}",
        "-" if held is None else f"{held:.4f}",
        *figures,
        f"{one.milliseconds:.0f}",
    )


def _as_json(one: Outcome) -> dict[str, Any]:
    names = ("steps", "seconds", "parameters", "bytes", "first_loss", "last_loss", "eval_loss",
             "saved")  # fmt: skip
    return {
        "preset": one.preset,
        **{name: one.facts.get(name) for name in names},
        "figures": dict(one.figures),
        "milliseconds": one.milliseconds,
        "error": one.error,
    }


def _write(
    out: Path, outcomes: Sequence[Outcome], value: Mapping[str, Any], table: TextTable
) -> None:
    write_json(out / "ablation.json", value)
    lines = [",".join(f'"{cell}"' for cell in row) for row in (table.head, *table.rows)]
    texts = {"ablation.md": markdown(table) + "\n", "ablation.csv": "\n".join(lines) + "\n"}
    for name, text in texts.items():
        replace_file(out / name, lambda stream, text=text: stream.write(text.encode()))
    logs = {
        one.preset: read_history(out / one.preset / HISTORY) for one in outcomes if not one.error
    }
    if logs:
        for form in curves.FORMS:
            data = curves.draw(logs, form)
            replace_file(out / f"curves.{form}", lambda stream, data=data: stream.write(data))
