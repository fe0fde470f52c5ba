"""How often the scripted experts complete the three composites, measured over seeds.

    python -m benchmarks.experts [--task NAME ...] [--seeds 20] [--workers 2] [--out PAGE]

Each episode is a closed-loop run without rendering: the task's instruction is cut into clauses, the
expert acts, the referee says when to go on, and success is RoboCasa's own, latched as its official
evaluators do. Even halves of the seeds are played in each split. The horizon is RoboCasa's.
"""

import argparse
import math
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TASKS = ("RinseSinkBasin", "StartElectricKettle", "PrepareDishwasher")
SUBTASK_LIMIT = 450
"""Control steps an expert gets for one subtask."""


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What became of one seed."""

    task: str
    seed: int
    split: str
    layout: int
    style: int
    success: bool
    steps: int
    trouble: str
    """Empty, or what the expert reported while it recovered or gave up."""
    seconds: float


def play(job: tuple[str, str, int]) -> Episode:
    """One episode.

    Args:
        job: task, split, seed.
    """
    from leapcasa.agent.split import SplitPlanner
    from leapcasa.envs.kitchen import Kitchen
    from leapcasa.envs.referee import Referee
    from leapcasa.envs.tasks import task as known_task
    from leapcasa.policies.experts import ExpertPolicy

    name, split, seed = job
    begun = time.perf_counter()
    kitchen = Kitchen(name, split=split, rendering=False)  # pyright: ignore[reportArgumentType]
    sensors = kitchen.begin(seed)
    referee = Referee(kitchen)
    expert = ExpertPolicy(referee)
    horizon = known_task(name).horizon or 1000
    success, trouble = False, []
    for subtask in SplitPlanner().plan(sensors.instruction, {}).subtasks:
        expert.reset(subtask.text, seed=seed)
        for _ in range(SUBTASK_LIMIT):
            for action in expert.act(sensors, subtask.text):
                sensors = kitchen.advance(action)
                referee.observe()
                success = success or referee.success()
            if referee.subtask_done() or sensors.step >= horizon:
                break
        trouble += [f"{subtask.text}: {problem}" for problem in expert.trouble]
        if not referee.subtask_done():
            break
    scene = kitchen.scene
    kitchen.close()
    return Episode(
        task=name,
        seed=seed,
        split=split,
        layout=scene.layout,
        style=scene.style,
        success=success,
        steps=sensors.step,
        trouble="; ".join(trouble),
        seconds=time.perf_counter() - begun,
    )


def wilson(wins: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson score interval of a rate.

    Args:
        wins: successes.
        n: trials, at least one.
        z: normal quantile.
    """
    rate = wins / n
    centre = rate + z * z / (2 * n)
    spread = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (centre - spread) / scale, (centre + spread) / scale


def report(episodes: Iterable[Episode]) -> str:
    """The Markdown page of `docs/experts.md`."""
    every = sorted(episodes, key=lambda e: (TASKS.index(e.task), e.seed))
    lines = [
        "# The scripted experts",
        "",
        "Success of `planner=split policy=expert judge=referee` on the stand-in assets, both",
        "splits mixed. The experts are privileged (they read true geometry) and move the robot by",
        "official actions alone; the numbers are an upper bound for the loop and do not compare",
        "with published ones. Repeat with `uv run --no-sync python -m benchmarks.experts`.",
        "",
        "| task | n | successes | rate | 95 % interval (Wilson) | median steps | horizon |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    from leapcasa.envs.tasks import task as known_task

    for name in TASKS:
        mine = [e for e in every if e.task == name]
        if not mine:
            continue
        wins, n = sum(e.success for e in mine), len(mine)
        low, high = wilson(wins, n)
        middle = statistics.median(e.steps for e in mine)
        lines.append(
            f"| {name} | {n} | {wins} | {wins / n:.0%} | {low:.0%} to {high:.0%} | {middle:.0f} | "
            f"{known_task(name).horizon} |"
        )
    lines += [
        "",
        "## Every episode",
        "",
        "| task | seed | split | layout | style | success | steps | what the expert met |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {e.task} | {e.seed} | {e.split} | {e.layout} | {e.style} | "
        f"{'yes' if e.success else '**no**'} | {e.steps} | {e.trouble} |"
        for e in every
    ]
    return "\n".join([*lines, ""])


def main(argv: list[str] | None = None) -> int:
    """Play, print and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--task", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=20, help="episodes a task, half per split")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/experts.md"))
    options = parser.parse_args(argv)
    half = (options.seeds + 1) // 2
    jobs = [
        (task, "pretrain" if seed < half else "target", seed)
        for task in options.task
        for seed in range(options.seeds)
    ]
    episodes: list[Episode] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.workers, maxtasksperchild=10) as pool:
        for episode in pool.imap_unordered(play, jobs):
            episodes.append(episode)
            print(
                f"{len(episodes)}/{len(jobs)} {episode.task} seed {episode.seed} {episode.split} "
                f"{'success' if episode.success else 'FAIL'} {episode.steps} steps "
                f"{episode.seconds:.0f} s {episode.trouble}",
                flush=True,
            )
    page = report(episodes)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page)
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
