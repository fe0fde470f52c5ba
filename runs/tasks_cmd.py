"""`leapcasa tasks`: the catalogue, and the proof that all of it runs."""

import os
from dataclasses import asdict
from pathlib import Path

from ..configs import ConfigError
from ..envs.tasks import Task, all_tasks, task_set, task_sets
from .console import Console, Progress

RESULTS = Path("outputs") / "tasks-check"
CHECK_SEED = 0


def tasks_command(
    *,
    chosen: str | None,
    check: bool,
    out: Path | None,
    workers: int | None,
    console: Console,
) -> int:
    """List tasks, or check them.

    Args:
        chosen: a task set; None for all tasks.
        check: run every task in both splits instead of listing.
        out: folder of the check's results, which are resumed.
        workers: processes of the check; None for one a core.
        console: where the answer goes.

    Returns:
        0, or 1 if a checked task failed.

    Raises:
        ConfigError: for an unknown set or an impossible number of workers.
    """
    tasks = tuple(all_tasks().values()) if chosen is None else task_set(chosen)
    if not check:
        if out is not None or workers is not None:
            raise ConfigError("--out and --workers go with --check")
        return _list(chosen, tasks, console)
    if workers is not None and workers < 1:
        raise ConfigError(f"--workers {workers} is impossible; give 1 or more")
    return _check(tasks, out or RESULTS, workers or os.cpu_count() or 1, console)


def _list(chosen: str | None, tasks: tuple[Task, ...], console: Console) -> int:
    width = max((len(task.name) for task in tasks), default=0)
    lines = [
        f"{task.name:<{width}}  {task.kind:<9}  {task.horizon or '-':>5}  {', '.join(task.sets)}"
        for task in tasks
    ]
    count = sum(task.benchmark for task in tasks)
    lines = [f"{'task':<{width}}  {'kind':<9}  steps  sets", *lines, ""]
    lines.append(f"{len(tasks)} tasks, {count} of them in the benchmark")
    if chosen is None:
        lines.append(f"sets: {', '.join(sorted(task_sets()))}")
    value = {"set": chosen, "count": len(tasks), "tasks": [asdict(task) for task in tasks]}
    console.result(value, "\n".join(lines))
    return 0


def _check(tasks: tuple[Task, ...], out: Path, workers: int, console: Console) -> int:
    from . import check

    out = out.expanduser().absolute()
    jobs = [
        check.Job(task=task.name, split=split, seed=CHECK_SEED)
        for task in tasks
        for split in check.SPLITS
    ]
    progress, seen, failures = Progress(len(jobs), "runs"), 0, 0

    def report(row: check.Row) -> None:
        nonlocal seen, failures
        seen += 1
        failures += not row.ok
        if not row.ok:
            console.note(f"FAIL {row.task} {row.split}: {row.error}")
        progress.update(seen, f"{row.task} {row.split}, {failures} failed")

    try:
        with console.quiet_stdout():
            rows = check.run(jobs, results=out / "rows.jsonl", workers=workers, report=report)
    except OSError as error:
        raise ConfigError(f"cannot write to {out}: {error.strerror or error}; use --out DIR") from (
            error
        )
    finally:
        progress.close()
    page = out / "tasks.md"
    page.write_text(check.table(rows, "leapcasa tasks --check"))
    failed = [row for row in rows if not row.ok]
    text = f"{len(rows) - len(failed)} of {len(rows)} runs pass\n{page}"
    console.result(
        {
            "runs": len(rows),
            "passed": len(rows) - len(failed),
            "assets": rows[0].assets if rows else None,
            "table": page,
            "failed": [asdict(row) for row in failed],
        },
        text,
    )
    return 1 if failed else 0
