"""What a worker process does: one episode into a folder of its own, sealed when it is whole.

The worker never touches the store. Whatever the episode prints goes to `log.txt` beside its
record, so that a crash deep in the simulator leaves its last words.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...configs import ConfigError, RunConfig, UnreachableError
from ...judges.remote import Desk, RemoteJudge
from ..records import RecordError, write_json
from .episode import Episode, Key, seal

LOG = "log.txt"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One episode to be run."""

    config: RunConfig
    """Complete: with task, split and seed."""
    folder: Path
    """Where the record is made; does not exist yet."""
    final: Path
    """Where it will be moved."""
    log: Path
    """What the episode prints, until the record is whole."""
    attempt: int
    fingerprint: str
    """Of the evaluation's configuration."""
    desk: Desk | None = None
    """Of the scoring process that stands for the configured judge; None: the worker makes it."""

    @property
    def key(self) -> Key:
        """Which episode it is."""
        return Key(task=self.config.task, split=self.config.split, seed=self.config.seed)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a worker tells its parent; the row itself is in the folder."""

    kind: Literal["sealed", "refused", "unreachable", "unwritable", "interrupted"]
    """`sealed`: the folder is whole. `refused`: what was asked for cannot be run (bad input).
    `unreachable`: the policy's server is not there. `unwritable`: the record could not be written,
    for instance on a full disk."""
    message: str = ""


Play = Callable[[Job], Outcome]
"""Runs one job; a function that a fresh process can import."""


def play(job: Job) -> Outcome:
    """Run one episode by `rollout`, seal its folder."""
    from ..rollout import rollout, step_limit
    from . import reading

    with open(job.log, "ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    try:
        with _judge(job) as judge:
            result = rollout(job.config, job.folder, judge=judge)
        if result.end_reason == "interrupted":
            return Outcome(kind="interrupted")
        if result.error_kind == "record":
            return Outcome(kind="unwritable", message=result.error or "")
        row = reading.read(
            job.folder, result, attempt=job.attempt, max_steps=step_limit(job.config)
        )
        finish(job, row)
    except UnreachableError as error:
        return Outcome(kind="unreachable", message=str(error))
    except ConfigError as error:
        return Outcome(kind="refused", message=str(error))
    except RecordError as error:
        return Outcome(kind="unwritable", message=str(error))
    except OSError as error:
        return Outcome(kind="unwritable", message=f"cannot write {job.folder}: {error}")
    return Outcome(kind="sealed")


@contextlib.contextmanager
def _judge(job: Job) -> Iterator[Callable[[], RemoteJudge] | None]:
    """What makes the shared judge of a job; None if the job's configuration makes its own."""
    with contextlib.ExitStack() as stack:
        if job.desk is None:
            yield None
        else:
            yield lambda desk=job.desk: stack.enter_context(contextlib.closing(RemoteJudge(desk)))


def finish(job: Job, row: Episode) -> None:
    """Make the record whole: final paths in it, everything on the disk, the seal last.

    Raises:
        OSError: if something cannot be written.
        RecordError: likewise.
    """
    _settle_paths(job)
    if job.log.exists():
        os.replace(job.log, job.folder / LOG)
    for path in job.folder.iterdir():
        sync(path)
    seal(job.folder, row, job.fingerprint)
    sync(job.folder)


def sync(path: Path) -> None:
    """Bring a file's contents, or a folder's entries, to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _settle_paths(job: Job) -> None:
    """Let `run.json` name the place where the record will lie."""
    path = job.folder / "run.json"
    if not path.exists():
        return
    record = json.loads(path.read_text())
    result = record.get("result") or {}
    result["run_dir"] = str(job.final)
    if result.get("video"):
        result["video"] = str(job.final / Path(result["video"]).name)
    write_json(path, record)
