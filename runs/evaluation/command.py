"""`leapcasa eval`: opens the store, runs what is missing, prints and writes the numbers."""

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError, RunConfig, from_dict, to_dict
from ...envs import assets
from ...envs.tasks import task_sets
from ..components import check_names
from ..console import Console
from ..tables import shown
from ..versions import machine, versions
from . import identity, jobs, report
from . import request as asked
from .episode import Episode, Key
from .progress import Board, duration
from .request import EvalRequest
from .run import Settings, run
from .store import Store

INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """An evaluation that is ready to run."""

    store: Store
    config: RunConfig
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
    folder = (request.out or default_folder()).expanduser().absolute()
    with console.quiet_stdout():
        opened = _open(request, folder, config, console)
        try:
            opened.store.want(asked.keys(names, opened.config.split, numbers))
            finished, seconds = _run(request, opened, console, play)
            rows, wanted = opened.store.episodes(), opened.store.wanted()
            summary = _written(opened, seconds=seconds, interrupted=not finished)
        finally:
            opened.store.close()
    sets = task_sets()
    console.result(summary, _text(summary, rows, wanted, folder, shown(report.table(rows, sets))))
    if not finished:
        console.note(f"interrupted; go on with --resume --out {folder}")
        return INTERRUPTED
    return 1 if summary["errors"] or summary["infrastructure_errors"] else 0


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
            facts = identity.facts(config, pack)
            _begin(store, config, facts)
        else:
            if not request.resume:
                raise ConfigError(_taken(store))
            if not request.names_configuration:
                config = from_dict(RunConfig, store.about("config"))
            facts = identity.facts(config, pack)
            _same(store, facts)
            _warn_of_versions(store, console)
        if not request.video:
            config = replace(config, video=replace(config.video, enabled=False))
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
    return _Opened(store=store, config=config, fingerprint=fingerprint, fresh=fresh)


def _begin(store: Store, config: RunConfig, facts: identity.Facts) -> None:
    store.begin(
        {
            "identity": dict(facts),
            "config": to_dict(config),
            "preset": config.preset,
            "begun": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "versions": versions(),
            "machine": machine(),
        }
    )


def _taken(store: Store) -> str:
    done, wanted = len(store.episodes()), len(store.wanted())
    return (
        f"{store.folder} holds an evaluation already ({done} of {wanted} episodes recorded); go "
        "on with --resume, or name another folder with --out DIR"
    )


def _same(store: Store, facts: identity.Facts) -> None:
    changed = identity.differences(store.about("identity"), facts)
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"the configuration is not that of the evaluation in {store.folder}:\n{lines}\n"
            "go on with what it was, or name another folder with --out DIR"
        )


def _warn_of_versions(store: Store, console: Console) -> None:
    for line in identity.differences(store.about("versions"), versions()):
        console.note(f"warning: the version of {line}; earlier episodes were run with the former")


def _run(
    request: EvalRequest, opened: _Opened, console: Console, play: jobs.Play
) -> tuple[bool, float]:
    """Run what is missing; the files are written whatever ends it."""
    store, began = opened.store, time.monotonic()
    rows, wanted = store.episodes(), store.wanted()
    todo = pending(wanted, rows, retry_errors=request.retry_errors)
    workers = min(request.workers or machine_cores(), max(1, len(todo)))
    console.note(
        f"{len(wanted)} episodes asked for, {len(wanted) - len(todo)} done, {len(todo)} to run "
        f"with {workers} worker{'s' * (workers != 1)} in {store.folder}"
    )
    settings = Settings(workers=workers, time_limit=request.time_limit, play=play)
    board = Board(wanted, rows, len(todo), console)
    try:
        finished = run(store, opened.config, todo, opened.fingerprint, settings, board)
    except ConfigError:
        board.close()
        if opened.fresh and not store.episodes():
            store.abandon()
        raise
    except LeapcasaError:
        board.close()
        _try_to_write(opened, time.monotonic() - began)
        raise
    finally:
        board.close()
    return finished, time.monotonic() - began


def pending(wanted: list[Key], rows: list[Episode], *, retry_errors: bool = False) -> list[Key]:
    """The episodes still to be run: seed by seed, so that early numbers cover every task.

    Args:
        wanted: all asked for.
        rows: all recorded.
        retry_errors: run episodes again that ended with an error of their own.
    """
    again = {"infrastructure_error", *(["error"] if retry_errors else [])}
    done = {row.key for row in rows if row.status not in again}
    return sorted((key for key in wanted if key not in done), key=lambda k: (k.seed, k.task))


def machine_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    summary = report.summarize(rows, store.wanted(), task_sets(), about)
    report.write(store.folder, summary, rows)
    return summary


def _text(
    summary: Mapping[str, Any], rows: list[Episode], wanted: list[Key], folder: Path, table: str
) -> str:
    """The result for people."""
    lines = ["", table, ""]
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
