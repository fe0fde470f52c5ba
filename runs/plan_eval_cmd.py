"""`leapcasa plan eval`: planners over all composite tasks, measured against reference steps."""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..agent.base import Planner, PlannerInfo
from ..configs import ConfigError, LeapcasaError
from ..envs.kitchen import SPLITS
from ..envs.sensors import Image, View
from . import plan_cases, plan_episodes, plan_planners, plan_results, plan_store
from .console import Console, Progress
from .journal import Journal
from .plan_cases import Case
from .plan_planners import Beginning, Contender
from .plan_report import as_text
from .plan_results import PlannerResult
from .plan_store import Made
from .records import replace_file, write_json


@dataclass(frozen=True, kw_only=True)
class EvalRequest:
    """What the user asked for."""

    planners: Sequence[str]
    """`NAME` or `LABEL=NAME`; empty for the preset's."""
    preset: str = "default"
    overrides: Sequence[str] = ()
    file: Path | None = None
    """Pairs of instruction and reference instead of RoboCasa's tasks."""
    tasks: str | None = None
    split: str = "target"
    seed: int = 0
    out: Path | None = None
    workers: int = 1


def eval_command(request: EvalRequest, console: Console) -> int:
    """Evaluate planners.

    Returns:
        0, or 1 if an episode could not be built (the others are evaluated).

    Raises:
        ConfigError: for bad input.
        LeapcasaError: if nothing could be evaluated, or results cannot be written.
    """
    _check(request)
    chosen = plan_planners.contenders(request.planners, request.preset, request.overrides)
    folder = (request.out or _default_folder(request, chosen)).expanduser().absolute()
    store = plan_store.open_store(folder)
    try:
        with console.quiet_stdout():
            cases, errors = _cases(request, console)
            source = _source(request)
            results = [_asked(one, cases, store, console) for one in chosen]
    finally:
        store.close()
    compared = plan_results.comparisons(results)
    value: dict[str, Any] = {
        "cases": len(cases),
        **source,
        "errors": errors,
        "planners": [plan_results.as_json(result) for result in results],
        "comparisons": [plan_results.comparison_json(*one) for one in compared],
    }
    files = _write(folder, cases, results, value)
    told = [f"FAILED {task}: {why}" for task, why in errors.items()]
    text = as_text(results, compared, told, folder)
    console.result({**value, "out": folder, "files": files}, text)
    return 1 if errors else 0


def _check(request: EvalRequest) -> None:
    if request.split not in SPLITS:
        raise ConfigError(f"--split {request.split!r} is neither {' nor '.join(SPLITS)}")
    if not 0 <= request.seed < 2**32:
        raise ConfigError(f"--seed {request.seed} is out of range; give 0 .. {2**32 - 1}")
    if request.workers < 1:
        raise ConfigError(f"--workers {request.workers} is impossible; give 1 or more")
    if request.file is not None and request.tasks is not None:
        raise ConfigError("--file and --tasks exclude each other: a file brings its own cases")


def _default_folder(request: EvalRequest, chosen: Sequence[Contender]) -> Path:
    """The same request finds the same folder again."""
    facts = [
        [[one.label, one.spec.name, dict(one.spec.options)] for one in chosen],
        str(request.file and request.file.expanduser().absolute()),
        [request.tasks, request.split, request.seed],
    ]
    name = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return Path("outputs") / f"plan-eval_{name}"


def _source(request: EvalRequest) -> dict[str, Any]:
    if request.file is not None:
        return {"file": str(request.file.expanduser().absolute())}
    return {
        "tasks": request.tasks or "all",
        "split": request.split,
        "seed": request.seed,
        "assets": plan_episodes.Place.of(request.split, request.seed).assets,
    }


def _cases(request: EvalRequest, console: Console) -> tuple[list[Case], dict[str, str]]:
    """The cases, and by task why an episode is missing."""
    if request.file is not None:
        return plan_cases.read_pairs(request.file), {}
    tasks = plan_cases.chosen_tasks(request.tasks)
    place = plan_episodes.Place.of(request.split, request.seed)
    progress = Progress(len(tasks), "episodes")
    try:
        episodes, errors = plan_episodes.collect(
            place, tasks, workers=request.workers, report=progress.update
        )
    except KeyboardInterrupt:
        progress.close()
        console.note(f"episodes built so far are kept in {place.folder}; the same command goes on")
        raise
    finally:
        progress.close()
    if not episodes:
        raise LeapcasaError(f"no episode could be built; the first: {next(iter(errors.items()))}")
    return [plan_cases.of_episode(episode) for episode in episodes.values()], errors


def _asked(
    contender: Contender, cases: Sequence[Case], store: Journal[Made], console: Console
) -> PlannerResult:
    """Ask one planner for every plan that is not there yet."""
    beginning = Beginning()
    planner = plan_planners.make(contender.spec, beginning)
    views = planner.info.views
    _check_views(contender, planner.info, cases)
    identity = plan_planners.identity(contender.spec)
    made: dict[str, Made] = {}
    with _progress(len(cases), contender, console) as progress:
        for case in cases:
            key = plan_store.key(identity, case.given(views))
            found = store.get(key)
            if found is None:
                beginning.task, beginning.slots = case.task, case.names
                found = ask(planner, case, key=key, label=contender.label)
                store.add([found])
            made[case.id] = found
            progress.update(len(made), f"{contender.label}: {case.id}")
    return PlannerResult(
        label=contender.label,
        name=planner.info.name,
        options=contender.spec.options,
        privileged=planner.info.privileged,
        made=made,
        scores={case.id: plan_results.score(case, made[case.id]) for case in cases},
    )


def ask(planner: Planner, case: Case, *, key: str, label: str) -> Made:
    """Have one plan made; a refusal is a result, too.

    Raises:
        ConfigError: if the planner cannot work at all with what it was given.
    """
    shown: list[View] = [view for view in planner.info.views if view in case.images]
    images: dict[View, Image] = {view: plan_cases.read_image(case.images[view]) for view in shown}
    began = time.perf_counter()
    error, subtasks, raw = "", (), ""
    rejected: tuple[str, ...] = ()
    try:
        plan = planner.plan(case.instruction, images)
        subtasks = tuple(subtask.text for subtask in plan.subtasks)
        raw, rejected = plan.raw, plan.rejected
    except ConfigError:
        raise
    except LeapcasaError as refusal:
        error = str(refusal) or type(refusal).__name__
    return Made(
        key=key,
        planner=label,
        case=case.id,
        subtasks=subtasks,
        raw=raw,
        rejected=rejected,
        error=error,
        milliseconds=1000 * (time.perf_counter() - began),
    )


@contextlib.contextmanager
def _progress(total: int, contender: Contender, console: Console) -> Iterator[Progress]:
    progress = Progress(total, "plans")
    try:
        yield progress
    except (KeyboardInterrupt, LeapcasaError):
        progress.close()
        console.note(f"plans of {contender.label} so far are kept; the same command goes on")
        raise
    finally:
        progress.close()


def _check_views(contender: Contender, info: PlannerInfo, cases: Sequence[Case]) -> None:
    for case in cases:
        missing = info.lacking(case.images)
        if missing:
            raise ConfigError(
                f"planner {contender.label!r} looks at the {missing[0]} view, and case "
                f"{case.id!r} has no such picture"
            )


def _write(
    folder: Path, cases: Sequence[Case], results: Sequence[PlannerResult], value: Mapping[str, Any]
) -> dict[str, str]:
    import pyarrow.parquet

    table = plan_results.rows(cases, results)
    arrow = plan_results.per_task_table(table)
    contents = {
        "per_task.csv": plan_results.per_task_csv(table),
        "per_planner.csv": plan_results.per_planner_csv(results),
    }
    for name, content in contents.items():
        replace_file(folder / name, lambda stream, content=content: stream.write(content))
    replace_file(
        folder / "per_task.parquet",
        lambda stream: pyarrow.parquet.write_table(arrow, stream, compression="zstd"),
    )
    write_json(folder / "results.json", value)
    names = ("results.json", "per_task.parquet", *contents)
    return {name: str(folder / name) for name in names}
