"""`leapcasa judge data`: record episodes, label them, and write a dataset to train on."""

import contextlib
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ...configs import ConfigError, JudgeError
from ...envs.tasks import task as known_task
from ..console import Console, Progress
from ..records import write_json
from . import assemble
from .assemble import Episode
from .mix import CARD_SPLITS
from .record import VIEWS, Job, record
from .script import derived
from .truths import Watch

TEST_SHARE = CARD_SPLITS["test"] / sum(CARD_SPLITS.values())
"""Of the episodes, as of the published dataset's samples."""
TIME_LIMIT = 1800.0
"""Seconds after which an episode is given up."""
HOPELESS = 3
"""So many failed episodes of a task, and none that went well, end the command."""
FORMAT, DATASET = 1, "dataset.json"


@dataclass(frozen=True, kw_only=True)
class DataRequest:
    """What the user asked for."""

    out: Path
    tasks: Sequence[str] = ()
    episodes: int = 100
    """Of each task."""
    seed: int = 5090
    """The published project's."""
    size: int = 224
    profile: str = "exact"
    crf: int = 0
    test_share: float = TEST_SHARE
    test_only: bool = False
    """Record only the episodes in target kitchens, which are those of the whole dataset."""
    dense: int = 1
    """So many times as many windows to train on."""
    workers: int = 1
    lerobot: Sequence[Path] = field(default_factory=tuple)
    """Folders of demonstrations with subtask annotations, instead of tasks."""


def data_command(request: DataRequest, console: Console) -> int:
    """Make a dataset, or go on with one.

    Returns:
        0, or 1 if an episode could not be recorded (the dataset is made of the others).

    Raises:
        ConfigError: for bad input.
        JudgeError: if no episode of a task can be recorded.
        RecordError: if the dataset cannot be written.
    """
    _check(request)
    folder = request.out.expanduser().absolute()
    with _locked(folder):
        _claim(folder, request)
        if request.lerobot:
            from .lerobot import episodes as demonstrations

            found, broken = list(demonstrations(request.lerobot)), {}
        else:
            jobs = [
                job for job in plan(request, folder)
                if not request.test_only or job.kitchens == "target" or job.truth.exists()
            ]  # fmt: skip
            _record_all(jobs, request.workers, console)
            found, broken = _read(jobs)
        figures = assemble.assemble(folder, found, request.seed, request.dense)
        value = {
            "format": FORMAT,
            "request": _identity(request),
            "dense": request.dense,
            "test_only": request.test_only,
            "episodes": len(found),
            "broken": broken,
            "splits": figures,
        }
        write_json(folder / DATASET, value)
    for number, why in list(broken.items())[:10]:
        console.note(f"episode {number}: {why}")
    text = f"{assemble.as_text(figures)}\n\n{len(found)} episodes, {len(broken)} broken\n{folder}"
    console.result({**value, "out": folder}, text)
    return 1 if broken else 0


def plan(request: DataRequest, folder: Path) -> Iterator[Job]:
    """The episodes of a dataset; more episodes later leave these as they are."""
    for turn in range(request.episodes):
        held_out = int((turn + 1) * request.test_share) > int(turn * request.test_share)
        for index, task in enumerate(request.tasks):
            yield Job(
                folder=str(folder),
                number=turn * len(request.tasks) + index,
                task=task,
                kitchens="target" if held_out else "pretrain",
                seed=derived(request.seed, task, turn),
                size=request.size,
                profile=request.profile,
                crf=request.crf,
            )


def _check(request: DataRequest) -> None:
    if bool(request.tasks) == bool(request.lerobot):
        raise ConfigError("name tasks to record, or --lerobot DIR with demonstrations; one of both")
    for name in request.tasks:
        known_task(name)
    if len(set(request.tasks)) != len(request.tasks):
        raise ConfigError("a task is named twice")
    for what, value, low, high in (
        ("--episodes", request.episodes, 1, 10**6),
        ("--workers", request.workers, 1, 1024),
        ("--size", request.size, 32, 1024),
        ("--crf", request.crf, 0, 51),
        ("--dense", request.dense, 1, 100),
    ):
        if not low <= value <= high:
            raise ConfigError(f"{what} {value} is impossible; give {low} .. {high}")
    if request.size % 2:
        raise ConfigError(f"--size {request.size} is odd; films need an even number of pixels")
    if not 0 <= request.test_share <= 1:
        raise ConfigError(f"--test-share {request.test_share} is impossible; give 0 .. 1")
    if request.test_only and request.lerobot:
        raise ConfigError("--test-only is for tasks; demonstrations say nothing of kitchens")
    if request.test_only and all(job.kitchens != "target" for job in plan(request, request.out)):
        raise ConfigError(
            f"--test-only leaves no episode: of {request.episodes} none is in a target kitchen by "
            f"--test-share {request.test_share:.3g}; ask for more --episodes, or a larger share"
        )


def _identity(request: DataRequest) -> dict[str, Any]:
    """What the recorded episodes depend on."""
    return {
        "tasks": list(request.tasks),
        "seed": request.seed,
        "size": request.size,
        "profile": request.profile,
        "crf": request.crf,
        "test_share": request.test_share,
        "lerobot": [str(path.expanduser().absolute()) for path in request.lerobot],
    }


def _claim(folder: Path, request: DataRequest) -> None:
    """Write down what the folder is for, or compare with what it is for already.

    Raises:
        ConfigError: if it holds something else.
    """
    path, wanted = folder / DATASET, _identity(request)
    if not path.exists():
        others = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if others:
            raise ConfigError(f"--out {folder} holds {others[0]!r} and is no dataset; name another")
        write_json(path, {"format": FORMAT, "request": wanted})
        return
    try:
        there = json.loads(path.read_text())["request"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; name another --out DIR") from error
    differ = [key for key, value in wanted.items() if there.get(key) != value]
    if differ:
        key = differ[0]
        raise ConfigError(
            f"--out {folder} was begun with {key} {there.get(key)!r}, now it is {wanted[key]!r}; "
            "repeat the command it was begun with (more --episodes are fine), or name another one"
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder for this command alone; a new one that nothing was written to is taken back.

    Raises:
        ConfigError: if another command writes there, or it cannot be written to.
    """
    import filelock

    fresh = not (folder / DATASET).exists()
    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ConfigError(f"another command is writing to {folder}; wait for it") from None
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror or error}; name another --out DIR"
        ) from error
    try:
        yield
    except ConfigError:
        if fresh and {p.name for p in folder.iterdir()} <= {".lock", DATASET}:
            (folder / DATASET).unlink(missing_ok=True)
            (folder / ".lock").unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    finally:
        lock.release()


def _record_all(jobs: Sequence[Job], workers: int, console: Console) -> None:
    from ..evaluation.pool import Workers

    waiting = deque(job for job in jobs if not job.truth.exists())
    if not waiting:
        return
    # The pool is told jobs and outcomes of its own kind; it only carries them.
    pool: Any = Workers(min(workers, len(waiting)), cast(Any, record), TIME_LIMIT)
    progress = Progress(len(jobs), "episodes")
    done, steps = len(jobs) - len(waiting), 0
    failures: dict[str, list[str]] = {}
    lost: set[int] = set()
    try:
        while waiting or pool.running:
            while pool.free and waiting:
                pool.start(waiting.popleft())
            ended = pool.wait(1.0)
            if ended is None:
                continue
            # Drawing without a GPU crashes once in thousands of episodes, each time elsewhere.
            if ended.outcome is None and not ended.late and ended.job.number not in lost:
                lost.add(ended.job.number)
                waiting.appendleft(ended.job)
                continue
            done += 1
            told = ended.outcome or {"error": ended.trouble, "steps": 0}
            trouble = told["error"]
            steps += told["steps"]
            _judge_failures(failures, ended.job.task, trouble)
            if trouble:
                console.note(f"episode {ended.job.number} of {ended.job.task}: {trouble}")
            progress.update(done, f"{steps} steps recorded")
    finally:
        progress.close()
        pool.stop()


def _judge_failures(failures: dict[str, list[str]], task: str, trouble: str | None) -> None:
    """End the command if a task's episodes fail one after the other from its start."""
    told = failures.setdefault(task, [])
    if trouble and len(told) < HOPELESS:
        told.append(trouble)
        if len(told) == HOPELESS:
            raise JudgeError(f"no episode of {task} can be recorded: {trouble}")
    elif not trouble:
        told += [""] * HOPELESS


def _read(jobs: Sequence[Job]) -> tuple[list[Episode], dict[int, str]]:
    """What was recorded, and what could not be."""
    found: list[Episode] = []
    broken: dict[int, str] = {}
    for job in jobs:
        try:
            facts = json.loads(job.truth.read_text())
            watches = [Watch.from_dict(value) for value in facts["watches"]]
            error, scene = facts["error"], str(facts["scene"])
        except (OSError, ValueError, KeyError, TypeError) as problem:
            broken[job.number] = f"{type(problem).__name__}: {problem}"
            continue
        if error:
            broken[job.number] = error
            continue
        found.append(
            Episode(
                number=job.number,
                scene=scene,
                kitchens=job.kitchens,
                films={view: job.film(view) for view in VIEWS},
                watches=watches,
                begin=dict.fromkeys(VIEWS, 0),
            )
        )
    return found, broken
