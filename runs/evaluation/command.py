"""`leapcasa eval`: opens the store, runs what is missing, prints and writes the numbers."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError, RunConfig, changed, from_dict
from ...envs import assets
from ...envs.tasks import task_sets
from ..components import check_names
from ..console import Console
from ..tables import shown
from ..wandb_log import NoLog, WandbLog, open_log, project
from . import (
    attribution_report,
    attribution_run,
    executors,
    identity,
    jobs,
    opening,
    report,
    sequential_run,
)
from . import request as asked
from .course import pending
from .episode import Episode, Key
from .progress import Board, duration
from .request import EvalRequest
from .run import run
from .store import Store

INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """An evaluation that is ready to run."""

    store: Store
    config: RunConfig
    pack: assets.AssetPack
    rule: sequential_run.Sequential | None
    """When to stop early; None for never."""
    fingerprint: str
    fresh: bool
    """It began with this call."""


def eval_command(request: EvalRequest, console: Console, play: jobs.Play = jobs.play) -> int:
    """Run or continue an evaluation.

    Args:
        request: the arguments.
        console: where summary and progress go.
        play: runs one episode in a worker.

    Returns:
        0 if every episode is scored, 1 if errors are left, 130 if it was interrupted.

    Raises:
        ConfigError: for bad input.
        RecordError: if something cannot be written; `--resume` goes on.
    """
    asked.check(request)
    names = asked.tasks(request.tasks)
    numbers = asked.seeds(request.seeds, request.episodes, asked.usual_episodes(request))
    config = asked.configuration(request)
    check_names(config)
    _check_told(config, names)
    logged = project(request.wandb)
    folder = (request.out or default_folder()).expanduser().absolute()
    with console.quiet_stdout():
        opened = _open(request, folder, config, console)
        log = open_log(logged, opened.store, console.note)
        try:
            known = [key.task for key in opened.store.wanted()]
            _check_told(opened.config, [*known, *names])
            opened.store.want(asked.keys(names, opened.config.split, numbers))
            finished, seconds = _run(request, opened, console, play, log)
            rows, wanted = opened.store.episodes(), opened.store.wanted()
            summary = _written(opened, seconds=seconds, interrupted=not finished)
            log.finish(summary, rows, interrupted=not finished)
            made = _attributed(request, opened, console, play) if finished else None
        finally:
            log.close()
            opened.store.close()
    table = report.table(rows, task_sets(), opened.rule)
    text = _text(summary, rows, wanted, folder, shown(table))
    if made is not None:
        finished = made.finished
        summary = {**summary, "attribution": made.summary}
        text += f"\n{made.text}"
    console.result(summary, text)
    if not finished:
        again = " --attribute" if request.attribute else ""
        console.note(f"interrupted; go on with --resume{again} --out {folder}")
        return INTERRUPTED
    errors = [row for row in rows if row.status != "scored" and not _decided(opened, row)]
    return 1 if errors or (made and made.unanswered) else 0


def default_folder() -> Path:
    """`outputs/eval-<date-time>` below the current folder, not yet taken."""
    name = time.strftime("eval-%Y%m%d-%H%M%S")
    path, count = Path("outputs") / name, 1
    while path.exists():
        count += 1
        path = Path("outputs") / f"{name}_{count}"
    return path


def _open(request: EvalRequest, folder: Path, config: RunConfig, console: Console) -> _Opened:
    """Begin the evaluation, or check that it is the one that was begun."""
    pack = assets.ensure()
    store = Store(folder)
    try:
        fresh = not store.begun
        if fresh:
            if not request.tasks:
                raise ConfigError(f"{folder} holds no evaluation to go on with; name tasks")
            _check_bounds(request, config)
            facts = identity.facts(config, pack)
            stop_when = {sequential_run.RULE: request.stop_when} if request.stop_when else {}
            opening.begin(store, config, facts, **stop_when)
        else:
            if not request.resume:
                raise ConfigError(_taken(store))
            if not request.names_configuration:
                config = changed(from_dict(RunConfig, store.about("config")), request.overrides)
            _check_bounds(request, config)
            facts = identity.facts(config, pack)
            remedy = "go on with what it was, or name another folder with --out DIR"
            opening.check_same(store, facts, remedy)
            opening.warn_of_versions(store, console)
        if not request.video:
            config = replace(config, video=replace(config.video, enabled=False))
        rule = sequential_run.opened(store, request.stop_when, fresh=fresh)
        fingerprint = identity.fingerprint(facts)
        taken = store.sweep(fingerprint)
        if taken:
            console.note(f"{taken} whole episodes of an earlier call were taken in")
    except BaseException:
        if store.begun:
            store.close()
        else:
            store.abandon()
        raise
    return _Opened(
        store=store, config=config, pack=pack, rule=rule, fingerprint=fingerprint, fresh=fresh
    )


def _check_told(config: RunConfig, tasks: Sequence[str]) -> None:
    """One instruction of the user's own is for one task."""
    if config.env.instruction is not None and len(set(tasks)) > 1:
        raise ConfigError(
            f"env.instruction tells {len(set(tasks))} tasks in the same words; evaluate one at a "
            "time, each with its own"
        )


def _check_bounds(request: EvalRequest, config: RunConfig) -> None:
    if request.attribute:
        attribution_run.check(config)


def _taken(store: Store) -> str:
    done, wanted = len(store.episodes()), len(store.wanted())
    return (
        f"{store.folder} holds an evaluation already ({done} of {wanted} episodes recorded); go "
        "on with --resume, or name another folder with --out DIR"
    )


def _run(
    request: EvalRequest,
    opened: _Opened,
    console: Console,
    play: jobs.Play,
    log: WandbLog | NoLog,
) -> tuple[bool, float]:
    """Run what is missing; the files are written whatever ends it."""
    store, began = opened.store, time.monotonic()
    rows, wanted = store.episodes(), store.wanted()
    todo = pending(wanted, rows, retry_errors=request.retry_errors)
    if opened.rule is not None:
        opened.rule.begin(wanted, rows, todo)
        todo = opened.rule.needed(todo)
    counts = f"{len(wanted)} episodes asked for, {len(wanted) - len(todo)} done, {len(todo)} to run"
    if not todo:
        console.note(f"{counts} in {store.folder}")
        return True, 0.0
    try:
        executor = executors.open_executor(
            request.place, len(todo), opened.config.judge, play, request.time_limit, console.note
        )
        workers = f"{executor.free} worker{'s' * (executor.free != 1)}"
        console.note(f"{counts} with {workers} in {store.folder}")
        bars = Board(wanted, rows, len(todo), console, anytime=opened.rule is not None)
        with contextlib.closing(bars) as board:
            if opened.rule is not None:
                opened.rule.listen(board.stopped)
            finished = run(
                store,
                opened.config,
                todo,
                opened.fingerprint,
                executor,
                log.beside(board),
                opened.rule,
            )
    except ConfigError:
        if opened.fresh and not store.episodes():
            store.abandon()
        raise
    except LeapcasaError:
        _try_to_write(opened, time.monotonic() - began)
        raise
    return finished, time.monotonic() - began


def _decided(opened: _Opened, row: Episode) -> bool:
    """Whether an episode's task was stopped early: what broke in it is not tried again."""
    return opened.rule is not None and opened.rule.decided(row.key)


def _attributed(
    request: EvalRequest, opened: _Opened, console: Console, play: jobs.Play
) -> attribution_report.Attribution | None:
    """Say which part loses the failed episodes, if that is asked for."""
    if not request.attribute:
        return None
    how = attribution_run.How(
        place=request.place,
        time_limit=request.time_limit,
        play=play,
        count=request.attribute_episodes,
        retry_errors=request.retry_errors,
    )
    made = attribution_run.rerun(opened.store, opened.config, opened.pack, how, console)
    return attribution_report.told(opened.store.folder, made)


def _try_to_write(opened: _Opened, seconds: float) -> None:
    with contextlib.suppress(LeapcasaError):
        _written(opened, seconds=seconds, interrupted=True)


def _written(opened: _Opened, *, seconds: float, interrupted: bool) -> Mapping[str, Any]:
    """Write the files and return what `summary.json` holds."""
    store = opened.store
    rows = store.episodes()
    about = {
        "interrupted": interrupted,
        "seconds": round(seconds, 2),
        "preset": store.about("preset"),
        "config": store.about("config"),
        "identity": store.about("identity"),
        "assets": store.about("identity")["assets"],
        "compares_with_published": store.about("identity")["assets"].startswith("full"),
        "versions": store.about("versions"),
        "machine": store.about("machine"),
        "folder": str(store.folder),
    }
    summary = report.summarize(rows, store.wanted(), task_sets(), about, opened.rule)
    report.write(store.folder, summary, rows)
    return summary


def _text(
    summary: Mapping[str, Any], rows: list[Episode], wanted: list[Key], folder: Path, table: str
) -> str:
    """The result for people."""
    lines = ["", table, ""]
    lines += [f"  {line}" for line in sequential_run.lines(summary["sequential"])]
    broken = [row for row in rows if row.status != "scored"]
    lines += [
        f"  {row.status.replace('_', ' ')}: {row.task} seed {row.seed}: {row.error}"
        for row in broken[:5]
    ]
    if len(broken) > 5:
        lines.append(f"  ... and {len(broken) - 5} more, see {report.EPISODES_CSV}")
    if summary["privileged"]:
        lines.append(
            f"  PRIVILEGED {' and '.join(summary['privileged'])} read the simulator's truth"
        )
    if not summary["compares_with_published"]:
        lines.append("  STAND-IN   assets: does not compare with published RoboCasa365 numbers")
    lines.append(
        f"  {len(rows)} of {len(wanted)} episodes recorded, {duration(summary['seconds'])} this "
        f"time\n  {folder / report.SUMMARY}"
    )
    return "\n".join(lines)
