"""`leapcasa policy data`: demonstrations by the experts, recorded in parallel and resumed.

A folder holds a file an episode, `episodes.jsonl` (a line an episode, also for those left out) and
`manifest.json`. An episode is determined by its task, split, seed and the settings, whatever ran
before it and in whichever worker.
"""

import itertools
import multiprocessing
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...envs import assets
from ...envs.kitchen import PROFILES, SPLITS, STYLES
from ...envs.tasks import task as known_task
from .. import journal
from ..console import Console, Progress
from ..evaluation.pool import THREAD_VARIABLES, die_with_parent
from ..journal import Journal
from ..records import write_json
from ..versions import versions
from .demonstrator import LEAST_LED, MOST_LED
from .episode_file import FORMAT, SUFFIX
from .record import ATTEMPT_STEPS, MOST_STEPS, DemoJob, DemoOutcome, record

JOURNAL = "episodes.jsonl"
MANIFEST = "manifest.json"
EPISODES_PER_WORKER = 20
TIME_LIMIT_S = 1800.0


@dataclass(frozen=True, kw_only=True)
class DataRequest:
    """What the user asked for."""

    tasks: Sequence[str]
    out: Path
    episodes: int = 50
    first_seed: int = 1000
    split: str = "pretrain"
    workers: int = 1
    noise: float = 1.0
    size: int = 224
    look_every: int = 4
    profile: str = "fast"
    learner: Path | None = None
    told: bool = False
    alone: bool = False
    astray_cm: float = 0.0
    posed: int = 0
    most_led: int = MOST_LED
    given: int = ATTEMPT_STEPS
    hang: bool = False
    script: Path | None = None
    styles: Sequence[int] = ()


def data_command(request: DataRequest, console: Console) -> int:
    """Record demonstrations.

    Returns:
        0, or 1 if the simulation broke in some episodes, which the same command tries again.

    Raises:
        ConfigError: for bad input.
    """
    _check(request)
    folder = request.out.expanduser().absolute()
    kept = open_journal(folder)
    try:
        jobs = jobs_of(request, folder)
        todo = [job for job in jobs if _missing(kept.get(job.key), folder)]
        if len(todo) < len(jobs):
            console.note(f"{len(jobs) - len(todo)} of {len(jobs)} episodes are there already")
        with console.quiet_stdout():
            broken = _run(todo, kept, request.workers)
        done = [one for one in (kept.get(job.key) for job in jobs) if one is not None]
        _write_manifest(folder, request)
    finally:
        kept.close()
    value = _summary(done, broken, folder)
    console.result(value, _as_text(value, done, broken))
    return 1 if broken else 0


def open_journal(folder: Path) -> Journal[DemoOutcome]:
    """The outcomes recorded in a folder, see `Journal`."""
    return Journal(folder / JOURNAL, asdict, lambda fields: DemoOutcome(**fields))


def jobs_of(request: DataRequest, folder: Path) -> list[DemoJob]:
    """The episodes of a request, tasks taking turns, so that every part of it is mixed."""
    pack = assets.ensure()
    learner = None if request.learner is None else _learner(request.learner)
    script = None if request.script is None else str(request.script.expanduser().absolute())
    steps = {task: _steps(request.script, task) for task in request.tasks}
    made: list[DemoJob] = []
    seeds = range(request.first_seed, request.first_seed + request.episodes)
    for seed, style in zip(seeds, itertools.cycle(request.styles or (None,)), strict=False):
        for task in request.tasks:
            facts = [FORMAT, task, request.split, seed, request.noise, request.size]
            facts += [request.look_every]
            facts += [request.profile, learner and learner[1], f"{pack.kind} {pack.version}"]
            # Only what is asked for counts, so that episodes of before keep their names.
            facts += [f"told {request.told}"] * request.told + ["alone"] * request.alone
            facts += [f"astray {request.astray_cm}"] * bool(request.astray_cm)
            facts += [f"posed {request.posed}"] * bool(request.posed)
            facts += [f"led {request.most_led}"] * (request.most_led != MOST_LED)
            facts += [f"given {request.given}"] * (request.given != ATTEMPT_STEPS)
            facts += ["hung"] * request.hang
            facts += [f"style {style}"] * (style is not None)
            facts += steps[task]
            key = journal.key(*facts)
            made.append(
                DemoJob(
                    key=key,
                    task=task,
                    split=request.split,
                    seed=seed,
                    noise=request.noise,
                    size=request.size,
                    look_every=request.look_every,
                    profile=request.profile,
                    path=str(folder / f"{task}_{request.split}_s{seed}_{key[:6]}{SUFFIX}"),
                    learner=None if learner is None else learner[0],
                    told=request.told,
                    alone=request.alone,
                    astray=request.astray_cm / 100,
                    posed=request.posed,
                    most_led=request.most_led,
                    given=request.given,
                    hang=request.hang,
                    script=script,
                    style=style,
                )
            )
    return made


def _check(request: DataRequest) -> None:
    for name in request.tasks:
        known_task(name)
    if len(set(request.tasks)) != len(request.tasks):
        raise ConfigError("a task is named twice")
    if request.split not in SPLITS:
        raise ConfigError(f"--split {request.split!r} is neither {' nor '.join(SPLITS)}")
    if request.profile not in PROFILES:
        raise ConfigError(f"--profile {request.profile!r} is neither {' nor '.join(PROFILES)}")
    if not 0.0 <= request.noise <= 1.0:
        raise ConfigError(f"--noise {request.noise} is out of range; give 0 .. 1")
    if not 32 <= request.size <= 512:
        raise ConfigError(f"--size {request.size} is out of range; give 32 .. 512 pixels")
    if not 1 <= request.look_every <= 100:
        raise ConfigError(f"--look-every {request.look_every} is out of range; give 1 .. 100 steps")
    if request.posed < 0 or request.posed > 1000:
        raise ConfigError(f"--posed {request.posed} is out of range; give 1 .. 1000 looks")
    if request.posed and request.learner is not None:
        raise ConfigError("--posed shows states that nobody played, so it takes no --learner")
    if not LEAST_LED < request.most_led <= ATTEMPT_STEPS // 2:
        raise ConfigError(
            f"--led {request.most_led} is out of range; give {LEAST_LED + 1} .. "
            f"{ATTEMPT_STEPS // 2} steps"
        )
    if request.most_led != MOST_LED and (request.learner is None or request.alone):
        raise ConfigError("--led is how long a --learner drives that does not play --alone")
    if not 2 * request.most_led <= request.given <= MOST_STEPS:
        raise ConfigError(
            f"--given {request.given} is out of range; give {2 * request.most_led} .. "
            f"{MOST_STEPS} steps, at least twice --led"
        )
    if request.given != ATTEMPT_STEPS and (request.posed or request.alone):
        raise ConfigError("--given is what the expert has; it takes no part in --posed and --alone")
    if request.hang and (request.posed or request.split != "pretrain"):
        raise ConfigError(
            "--hang changes kitchens of --split pretrain that are played; those that are measured "
            "on stay as they are, and --posed always hangs cabinets anew"
        )
    styles = STYLES[request.split]
    if other := [style for style in request.styles if style not in styles]:
        raise ConfigError(
            f"--style {other[0]} is none of --split {request.split}; give {styles[0]} .. "
            f"{styles[-1]}"
        )
    if (request.told or request.alone) and request.learner is None:
        raise ConfigError("--told and --alone are of a --learner; name one")
    if not 0.0 <= request.astray_cm <= 20.0:
        raise ConfigError(f"--astray {request.astray_cm:g} is out of range; give 0 .. 20 cm")
    if request.astray_cm and not (request.told and request.alone):
        raise ConfigError("--astray leads a learner astray that plays --alone and is --told")
    if request.episodes < 1 or request.workers < 1:
        raise ConfigError("--episodes and --workers must be 1 or more")
    if not 0 <= request.first_seed < 2**32 - request.episodes:
        raise ConfigError(f"--first-seed {request.first_seed} is out of range")


def _steps(script: Path | None, task: str) -> list[str]:
    """What a file of subtasks says of a task; nothing if there is no file.

    Raises:
        ConfigError: if the file says nothing.
    """
    if script is None:
        return []
    from ...agent.script import ScriptPlanner

    plan = ScriptPlanner(str(script), task).plan("", {}, ())
    return ["script", *(one.text for one in plan.subtasks)]


def _learner(folder: Path) -> tuple[str, str]:
    """Its absolute path, and a hash of its weights."""
    from ...policies.embedded import checkpoint

    path = folder.expanduser().absolute()
    return str(path), checkpoint.digest(path)


def _missing(known: DemoOutcome | None, folder: Path) -> bool:
    return known is None or (known.file is not None and not (folder / known.file).is_file())


def _run(todo: Sequence[DemoJob], kept: Journal[DemoOutcome], workers: int) -> list[str]:
    """Record what is missing; why some broke."""
    from pebble import ProcessExpired, ProcessPool

    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    broken: list[str] = []
    if not todo:
        return broken
    pool = ProcessPool(
        min(workers, len(todo)),
        max_tasks=EPISODES_PER_WORKER,
        initializer=die_with_parent,
        context=multiprocessing.get_context("spawn"),
    )
    progress = Progress(len(todo), "episodes")
    # Few at a time: whatever ends this process loses no more than what is in hand.
    waiting, running, count = list(reversed(todo)), dict[Future[DemoOutcome], DemoJob](), 0
    died: set[str] = set()
    try:
        while waiting or running:
            while waiting and len(running) < workers + 1:
                job = waiting.pop()
                running[pool.schedule(record, args=[job], timeout=TIME_LIMIT_S)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                # Drawing without a GPU crashes once in thousands of episodes, each time elsewhere.
                if isinstance(future.exception(), ProcessExpired) and job.key not in died:
                    died.add(job.key)
                    waiting.append(job)
                    continue
                count += 1
                told = _taken(future, job, kept, broken)
                progress.update(count, f"{job.task} seed {job.seed}: {told}")
    finally:
        progress.close()
        pool.stop()
        pool.join()
    return broken


def _taken(
    future: "Future[DemoOutcome]", job: DemoJob, kept: Journal[DemoOutcome], broken: list[str]
) -> str:
    try:
        outcome = future.result()
    except Exception as error:  # of the simulation, or the worker died: others go on
        broken.append(f"{job.task} seed {job.seed}: {type(error).__name__}: {error}"[:300])
        return "broken"
    kept.add([outcome])
    return outcome.reason or f"{outcome.steps} steps, {outcome.seconds:.0f} s"


def _write_manifest(folder: Path, request: DataRequest) -> None:
    entries = [one for one in _every(folder) if one.file is not None]
    write_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            "episodes": len(entries),
            "steps": sum(one.steps for one in entries),
            "bytes": sum(one.bytes for one in entries),
            "by_task": Counter(f"{one.task} {one.split}" for one in entries),
            "kitchens": len({one.scene for one in entries}),
            "newest_request": {**asdict(request), "out": str(request.out)},
            "versions": versions(),
            "files": {one.file: one.sha256 for one in entries},
        },
    )


def _every(folder: Path) -> list[DemoOutcome]:
    return read_journal(folder / JOURNAL)


def read_journal(path: Path) -> list[DemoOutcome]:
    """The outcomes in a journal that somebody else may be writing, the newest of each key.

    Raises:
        ConfigError: if there is none.
    """
    import json

    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(
            f"{path.parent} holds no demonstrations ({error.strerror or error}); make some with "
            "`leapcasa policy data`"
        ) from error
    found: dict[str, DemoOutcome] = {}
    for line in lines:
        try:
            one = DemoOutcome(**json.loads(line))
        except (ValueError, TypeError):
            continue  # a last line that is being written
        found[one.key] = one
    return list(found.values())


def _summary(done: Sequence[DemoOutcome], broken: Sequence[str], folder: Path) -> dict[str, Any]:
    good = [one for one in done if one.file is not None]
    return {
        "episodes": len(good),
        "left_out": len(done) - len(good),
        "broken": list(broken),
        "steps": sum(one.steps for one in good),
        "megabytes": round(sum(one.bytes for one in good) / 1e6, 1),
        "seconds_per_episode": round(sum(o.seconds for o in done) / max(len(done), 1), 2),
        "out": folder,
    }


def _as_text(value: dict[str, Any], done: Sequence[DemoOutcome], broken: Sequence[str]) -> str:
    lines = [f"left out: {o.task} seed {o.seed}: {o.reason}" for o in done if o.file is None]
    lines += [f"BROKEN {one}" for one in broken]
    lines.append(
        f"{value['episodes']} episodes, {value['steps']} steps, {value['megabytes']} MB in "
        f"{value['out']}"
    )
    return "\n".join(lines)
