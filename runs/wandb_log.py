"""Logging an evaluation to Weights & Biases, beside its own store: never needed, never in the way.

Everything is done in a thread of its own, so a slow or missing network holds no episode up. The
first thing that goes wrong is told once and ends the logging; the evaluation does not notice.
`WANDB_MODE=offline` writes to `DIR/wandb` alone, for `wandb sync` later.
"""

import contextlib
import importlib.util
import json
import os
import queue
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..configs import ConfigError
from .evaluation.course import Onlooker
from .evaluation.episode import Episode, Key
from .evaluation.jobs import Job
from .evaluation.store import Store
from .judge_statistics import wilson
from .records import write_json

FILE = "wandb.json"
"""In the evaluation's folder: which run of which project it is logged to."""
STEP = "episodes/recorded"
INIT_SECONDS, FINISH_SECONDS = 60, 120
NO_NETWORK = ("offline", "disabled", "dryrun")

Event = tuple[str, Any]


@dataclass(frozen=True, kw_only=True)
class Project:
    """Where an evaluation is logged."""

    entity: str | None
    name: str

    @property
    def words(self) -> str:
        """`ENTITY/PROJECT`, or the project alone."""
        return f"{self.entity}/{self.name}" if self.entity else self.name


def project(words: str | None) -> Project | None:
    """The project that `--wandb` names, checked before anything is run.

    Args:
        words: `PROJECT` or `ENTITY/PROJECT`; None for no log.

    Raises:
        ConfigError: if wandb is not installed, knows no key, or the words name no project.
    """
    if words is None:
        return None
    entity, _, name = words.rpartition("/")
    if not name or "/" in entity or any(sign in words for sign in "\\#?%: \t"):
        raise ConfigError(f"--wandb {words!r} names no project; write PROJECT or ENTITY/PROJECT")
    if importlib.util.find_spec("wandb") is None:
        raise ConfigError("--wandb needs the package: pip install leapcasa[wandb]")
    if os.environ.get("WANDB_MODE", "online") not in NO_NETWORK:
        _check_key()
    return Project(entity=entity or None, name=name)


def _check_key() -> None:
    import wandb

    try:
        wandb.login(anonymous="never")
    except Exception as error:
        raise ConfigError(
            f"wandb knows no key ({error}); run `wandb login`, or set WANDB_MODE=offline and "
            "`wandb sync` later"
        ) from error


class Both:
    """An onlooker that tells two others."""

    def __init__(self, first: Onlooker, second: Onlooker) -> None:
        self._two = (first, second)

    def began(self, job: Job) -> None:
        """An episode was given to a worker."""
        for one in self._two:
            one.began(job)

    def recorded(self, row: Episode, *, again: bool) -> None:
        """A row was written."""
        for one in self._two:
            one.recorded(row, again=again)

    def tick(self) -> None:
        """Some time has passed."""
        for one in self._two:
            one.tick()


class NoLog:
    """What stands in the log's place where none is wanted."""

    def beside(self, board: Onlooker) -> Onlooker:
        """The onlooker of the evaluation."""
        return board

    def finish(
        self, summary: Mapping[str, Any], rows: Sequence[Episode], *, interrupted: bool
    ) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Nothing to end."""


def open_log(
    place: Project | None, store: Store, note: Callable[[str], None]
) -> "WandbLog | NoLog":
    """The log of an evaluation that was begun.

    Args:
        place: where; None for no log.
        store: of the evaluation.
        note: tells the user a line.
    """
    if place is None:
        return NoLog()
    names = ("preset", "config", "identity", "versions", "machine", "begun")
    about: dict[str, Any] = {}
    for name in names:
        with contextlib.suppress(KeyError):  # an evaluation that an earlier version began
            about[name] = store.about(name)
    return WandbLog(place, store.folder, about, store.episodes(), note)


class WandbLog:
    """An onlooker that logs rows as they come, running rates, and the whole table at the end.

    Args:
        place: the project.
        folder: of the evaluation; holds the run's id and wandb's own files.
        about: what the evaluation is, for the run's configuration.
        rows: those recorded before.
        note: tells the user a line.
    """

    def __init__(
        self,
        place: Project,
        folder: Path,
        about: Mapping[str, Any],
        rows: Sequence[Episode],
        note: Callable[[str], None],
    ) -> None:
        self._place, self._folder, self._about, self._note = place, folder, about, note
        self._rows: dict[Key, Episode] = {row.key: row for row in rows}
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.failure = ""
        """Why nothing is logged any more; empty while all is well."""

    def beside(self, board: Onlooker) -> Onlooker:
        """The onlooker of the evaluation: the board and this log."""
        return Both(board, self)

    def began(self, job: Job) -> None:
        """Nothing to log yet."""

    def recorded(self, row: Episode, *, again: bool) -> None:
        """Log a row, unless its episode will be run again."""
        if again:
            return
        self._rows[row.key] = row
        self._put(("log", (row, list(self._rows.values()))))

    def tick(self) -> None:
        """Nothing to do."""

    def finish(
        self, summary: Mapping[str, Any], rows: Sequence[Episode], *, interrupted: bool
    ) -> None:
        """Log the whole table and the summary, and end the run."""
        self._put(("finish", (summary, list(rows), 130 if interrupted else 0)))
        self.close()

    def close(self) -> None:
        """End the run as broken, if it was not finished; may be called twice."""
        if self._thread is None:
            return
        self._events.put(None)
        self._thread.join(FINISH_SECONDS)
        if self._thread.is_alive():
            self._fail(f"it did not end within {FINISH_SECONDS} s; `wandb sync` sends the rest")
        self._thread = None

    def _put(self, event: Event) -> None:
        if self.failure:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="leapcasa-wandb", daemon=True)
            self._thread.start()
        self._events.put(event)

    def _work(self) -> None:
        """The thread: until None comes, takes everything, even after a failure."""
        run: Any = None
        while (event := self._events.get()) is not None:
            if self.failure:
                continue
            try:
                run = run or self._init()
                kind, content = event
                if kind == "log":
                    run.log(_values(*content))
                else:
                    _finish(run, *content)
                    run = None
            except (Exception, SystemExit) as error:
                self._fail(f"{type(error).__name__}: {error}")
        if run is not None and not self.failure:
            try:
                run.finish(exit_code=1)
            except (Exception, SystemExit) as error:
                self._fail(f"{type(error).__name__}: {error}")

    def _init(self) -> Any:
        import wandb

        offline = os.environ.get("WANDB_MODE", "online") in NO_NETWORK
        name, known = self._run_id()
        run = wandb.init(
            project=self._place.name,
            entity=self._place.entity,
            id=name,
            name=self._folder.name,
            resume=None if offline else "allow",
            dir=str(self._folder),
            config=dict(self._about),
            job_type="eval",
            settings=wandb.Settings(console="off", silent=True, init_timeout=INIT_SECONDS),
        )
        run.define_metric(STEP)
        run.define_metric("*", step_metric=STEP)
        place = f"offline, in {self._folder / 'wandb'}" if offline else run.url
        self._note(f"wandb: {'goes on' if known else 'logs'} as {name} of {self._place.words} "
                   f"({place})")  # fmt: skip
        return run

    def _run_id(self) -> tuple[str, bool]:
        """The run's id, and whether an earlier call began it."""
        path = self._folder / FILE
        wanted = asdict(self._place)
        try:
            told = json.loads(path.read_text())
            if told["project"] == wanted and isinstance(told["id"], str):
                return told["id"], True
        except (OSError, ValueError, KeyError, TypeError):
            pass
        name = uuid.uuid4().hex[:8]
        write_json(path, {"id": name, "project": wanted})
        return name, False

    def _fail(self, why: str) -> None:
        if not self.failure:
            self.failure = why
            self._note(f"warning: wandb: {why}; nothing more is logged there, the evaluation and "
                       "its own files are not touched by it")  # fmt: skip


def _values(row: Episode, rows: Sequence[Episode]) -> dict[str, Any]:
    """What is logged with one row."""
    found: dict[str, Any] = {
        STEP: len(rows),
        "episodes/errors": sum(one.status != "scored" for one in rows),
        "episode/task": row.task,
        "episode/seed": row.seed,
        "episode/status": row.status,
    }
    if row.status == "scored":
        found |= {
            "episode/success": int(row.success),
            "episode/declared_success": int(row.declared_success),
            "episode/subtask_progress": row.progress,
            "episode/steps": row.steps,
            "episode/seconds": row.seconds,
            "episode/replans": row.replans,
        }
    for name in dict.fromkeys(("all", row.task)):
        scored = [r for r in rows if r.status == "scored" and name in ("all", r.task)]
        rate = wilson(sum(r.success for r in scored), len(scored))
        if rate.value is not None:
            found |= {f"success/{name}": rate.value, f"success_low/{name}": rate.low,
                      f"success_high/{name}": rate.high, f"scored/{name}": rate.n}  # fmt: skip
    return found


def _finish(run: Any, summary: Mapping[str, Any], rows: Sequence[Episode], exit_code: int) -> None:
    import wandb

    cells = [_cells(row) for row in rows]
    columns = list(_cells(Episode(task="", split="", seed=0, status="scored")))
    data = [[cell[name] for name in columns] for cell in cells]
    run.log({STEP: len(rows), "episodes": wandb.Table(columns=columns, data=data)})
    run.summary.update(_flat_summary(summary))
    run.finish(exit_code=exit_code)


def _cells(row: Episode) -> dict[str, str | int | float | bool | None]:
    """A row of the table: plain values, the judge's counts by name."""
    plain = asdict(row)
    judge: dict[str, int] = plain.pop("judge")
    plain["privileged"] = " ".join(row.privileged)
    return {**plain, **{f"judge_{name}": value for name, value in judge.items()}}


def _flat_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The final numbers of tasks and sets, by `final/NAME/...`."""
    names = ("wanted", "recorded", "scored", "errors", "infrastructure_errors", "interrupted")
    found = {f"final/{name}": summary.get(name) for name in names}
    found["final/compares_with_published"] = summary.get("compares_with_published")
    found["final/privileged"] = " ".join(summary.get("privileged", ()))
    for group in (*summary.get("tasks", ()), *summary.get("sets", ())):
        head = f"final/{group['name']}"
        rate = group["success"]
        found |= {
            f"{head}/n": group["n"],
            f"{head}/success": rate["value"],
            f"{head}/low": rate["low"],
            f"{head}/high": rate["high"],
        }
        for name in ("progress", "steps_median", "seconds_mean", "timeouts", "replans"):
            found[f"{head}/{name}"] = group.get(name)
    return found
