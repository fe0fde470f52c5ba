"""The proof that every task runs on the assets in use: `leapcasa tasks --check`.

Each task is reset in each split, stepped 20 times with small random actions, and asked whether it
is a success. It passes if all that works, nothing becomes infinite, falls through the floor or is
thrown about, and the task is not a success by itself. A few of RoboCasa's criteria hold at once in
some scenes whatever the assets are; such a seed is named, and the next one has to pass.

Results are appended to a file as they come, so a check that was stopped goes on where it was; rows
of other assets are ignored.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..configs import LeapcasaError
from ..envs import assets

if TYPE_CHECKING:
    from ..envs.kitchen import Kitchen

STEPS = 20
THROWN_M = 0.3
"""An object that moves farther during the steps was not pushed by the robot, it was thrown."""
ACTION_SCALE = 0.3
SECONDS_PER_TASK = 240
"""A task that takes longer has failed; impossible placements look like hangs."""
TASKS_PER_WORKER = 25
"""A worker is replaced after so many: bounds what RoboCasa leaks."""
SPLITS = ("pretrain", "target")
SEEDS_TRIED = 4
"""Seeds that may be a success by themselves before a task fails for it."""

Report = Callable[["Row"], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One task in one split with one seed."""

    task: str
    split: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one job."""

    task: str
    split: str
    seed: int
    assets: str
    """Kind and version of the assets."""
    ok: bool
    error: str = ""
    seconds: float = 0.0
    """Wall time for reset and steps."""
    retries: int = 0
    """How many layouts RoboCasa threw away because something could not be placed."""
    geoms: int = 0
    drift_m: float = 0.0
    """How far the object that moved most has moved during the steps."""
    layout: int = -1
    style: int = -1
    instruction: str = ""
    by_itself: tuple[int, ...] = ()
    """Seeds passed over because RoboCasa's criterion held without anybody acting."""


def check_one(job: Job, assets_name: str) -> Row:
    """Run one job in this process; never raises."""
    start = time.monotonic()
    try:
        facts = _exercise(job)
    except Exception as error:
        facts = {"ok": False, "error": f"{type(error).__name__}: {error}"[:400]}
    seconds = round(time.monotonic() - start, 2)
    return Row(**asdict(job), assets=assets_name, seconds=seconds, **facts)


class _ByItself(Exception):
    """RoboCasa's criterion holds though nobody acted."""


def _exercise(job: Job) -> dict[str, Any]:
    from ..envs.kitchen import Kitchen

    kitchen = Kitchen(job.task, split=job.split, rendering=False)  # pyright: ignore[reportArgumentType]
    passed_over: list[int] = []
    try:
        for seed in range(job.seed, job.seed + SEEDS_TRIED):
            try:
                return {**_play(kitchen, seed), "by_itself": tuple(passed_over)}
            except _ByItself:
                passed_over.append(seed)
        error = f"a success by itself with seeds {', '.join(map(str, passed_over))}"
        return {"ok": False, "error": error, "by_itself": tuple(passed_over)}
    finally:
        kitchen.close()


def _play(kitchen: "Kitchen", seed: int) -> dict[str, Any]:
    kitchen.begin(seed)
    env = kitchen.robocasa
    before = _object_positions(env)
    rng = np.random.default_rng(seed)
    for step in range(STEPS + 1):
        if env._check_success():
            raise _ByItself
        if step < STEPS:
            kitchen.advance(rng.uniform(-ACTION_SCALE, ACTION_SCALE, size=12))
    after = _object_positions(env)
    drift = float(np.linalg.norm(after - before, axis=1).max()) if len(after) else 0.0
    problem = _problem(env, after, drift)
    return {
        "ok": not problem,
        "error": problem,
        "retries": kitchen.placement_retries,
        "geoms": int(env.sim.model.ngeom),
        "drift_m": round(drift, 3),
        "layout": kitchen.scene.layout,
        "style": kitchen.scene.style,
        "instruction": kitchen.scene.instruction,
    }


def _problem(env: Any, positions: np.ndarray, drift: float) -> str:
    """The first thing that is wrong after the steps; empty if nothing is."""
    if not (np.isfinite(env.sim.data.qpos).all() and np.isfinite(env.sim.data.qvel).all()):
        return "the state is not finite"
    if len(positions) and positions[:, 2].min() < -0.05:
        return "an object fell through the floor"
    if drift > THROWN_M:
        return f"an object was thrown {drift:.2f} m"
    if not env.get_ep_meta().get("lang"):
        return "no instruction"
    return ""


def _object_positions(env: Any) -> np.ndarray:
    """(N, 3) positions of the task's movable objects [m]."""
    ids = list(env.obj_body_id.values())
    return np.array([env.sim.data.body_xpos[i] for i in ids]).reshape(-1, 3)


def read_rows(path: Path, assets_name: str) -> dict[tuple[str, str, int], Row]:
    """Rows of earlier checks on the same assets; a torn last line is ignored."""
    rows: dict[tuple[str, str, int], Row] = {}
    if not path.exists():
        return rows
    for line in path.read_text().splitlines():
        try:
            fields = json.loads(line)
            row = Row(**{**fields, "by_itself": tuple(fields.get("by_itself", ()))})
        except (ValueError, TypeError, AttributeError):
            continue
        if row.assets == assets_name:
            rows[row.task, row.split, row.seed] = row
    return rows


def run(
    jobs: Sequence[Job], *, results: Path, workers: int, report: Report | None = None
) -> list[Row]:
    """Check all jobs that have not passed yet.

    Args:
        jobs: what to check.
        results: JSON-lines file that rows are appended to and earlier ones are read from.
        workers: processes.
        report: called with each new row.

    Returns:
        One row per job, in the order of the jobs.
    """
    pack = assets.ensure()
    name = f"{pack.kind}-{pack.version}"
    done = {key: row for key, row in read_rows(results, name).items() if row.ok}
    todo = [job for job in jobs if (job.task, job.split, job.seed) not in done]
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.open("a") as file:
        for row in _rows(todo, name, workers):
            file.write(json.dumps(asdict(row)) + "\n")
            file.flush()
            done[row.task, row.split, row.seed] = row
            if report is not None:
                report(row)
    return [done[job.task, job.split, job.seed] for job in jobs]


def _rows(todo: Sequence[Job], name: str, workers: int) -> Iterable[Row]:
    from pebble import ProcessPool

    if not todo:
        return
    # One thread of linear algebra each: the workers are the parallelism.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    pool = ProcessPool(workers, max_tasks=TASKS_PER_WORKER, context=get_context("spawn"))
    with pool:
        futures: dict[Any, Job] = {
            pool.schedule(check_one, args=(job, name), timeout=SECONDS_PER_TASK): job
            for job in todo
        }
        try:
            for future in as_completed(futures):
                job = futures[future]
                try:
                    yield future.result()
                except FutureTimeout:
                    reason = f"not done within {SECONDS_PER_TASK} s"
                    yield Row(**asdict(job), assets=name, ok=False, error=reason)
                except Exception as error:  # the worker died: this job failed, the check goes on
                    reason = f"worker died: {type(error).__name__}: {error}"[:400]
                    yield Row(**asdict(job), assets=name, ok=False, error=reason)
        except BaseException:
            pool.stop()
            raise


def table(rows: Sequence[Row], command: str) -> str:
    """The results as a Markdown page.

    Args:
        rows: at least one, all of the same assets.
        command: what repeats the check.
    """
    if not rows:
        raise LeapcasaError("nothing was checked")
    ok = sum(row.ok for row in rows)
    retried = sum(row.retries > 0 for row in rows)
    lines = [
        "# Every task, proven",
        "",
        f"`{command}` on assets `{rows[0].assets}`: **{ok} of {len(rows)}** runs pass "
        f"({len({row.task for row in rows})} tasks, splits "
        f"{', '.join(sorted({row.split for row in rows}))}). A run is a reset, {STEPS} steps with "
        "small random actions and the success predicate: nothing infinite, nothing through the "
        "floor, nothing thrown about, no success by itself.",
        "",
        f"Layouts thrown away because something could not be placed: {retried} runs needed at "
        f"least one, the worst {max(row.retries for row in rows)}. Seconds are wall time of one "
        "worker among several on the machine that ran the check.",
        "",
    ]
    failed = [row for row in rows if not row.ok]
    if failed:
        lines += ["## What fails", "", "| task | split | seed | why |", "|---|---|---|---|"]
        lines += [f"| {r.task} | {r.split} | {r.seed} | {r.error} |" for r in failed]
        lines.append("")
    early = [row for row in rows if row.by_itself]
    if early:
        lines += [
            "## Criteria that hold by themselves in some scenes",
            "",
            "RoboCasa's own predicate, true before anybody acts; the next seed was played instead.",
            "",
            *(f"- {r.task} ({r.split}): seeds {', '.join(map(str, r.by_itself))}" for r in early),
            "",
        ]
    head = "| task | split | seed | result | s | retries | geoms | drift m | layout | style |"
    lines += ["## All runs", "", head, "|---|---|--:|---|--:|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {r.task} | {r.split} | {r.seed} | {'ok' if r.ok else 'FAIL'} | {r.seconds} | "
        f"{r.retries} | {r.geoms} | {r.drift_m} | {r.layout} | {r.style} |"
        for r in sorted(rows, key=lambda r: (r.task, r.split, r.seed))
    ]
    return "\n".join(lines) + "\n"
