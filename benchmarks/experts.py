"""How often the scripted experts complete tasks, measured over seeds.

    python benchmarks/experts.py [--task NAME ...] [--seeds 20] [--workers 2] [--out PAGE]
                                 [--planner split] [--disturb-every 40] [--after-random 60]

Each episode is the real loop with the `expert` preset and no rendering: the planner makes the
subtasks, the expert acts, the referee says when to go on. Success is RoboCasa's own, read every
step and latched. Half of the seeds are played in each split. The horizon is RoboCasa's. The expert
may be disturbed, and may have to take over from a random policy.
"""

import argparse
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TASKS = ("RinseSinkBasin", "StartElectricKettle", "PrepareDishwasher")


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What became of one seed."""

    task: str
    seed: int
    split: str
    layout: int
    style: int
    success: bool
    """RoboCasa's own criterion, latched."""
    declared: bool
    """The agent declared every subtask complete."""
    steps: int
    trouble: str
    """Empty, or what the expert reported while it recovered or gave up."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Job:
    """One episode to play."""

    task: str
    split: str
    seed: int
    planner: str
    disturb_every: float
    """Mean number of plain steps between disturbances; 0 for none."""
    after_random: int
    """Steps a random policy plays before the expert takes over."""


def play(job: Job) -> Episode:
    """One episode."""
    import numpy as np

    from leapcasa.agent.loop import Agent
    from leapcasa.configs import load
    from leapcasa.envs.kitchen import Kitchen
    from leapcasa.envs.referee import Referee
    from leapcasa.envs.tasks import task as known_task
    from leapcasa.policies.random import RandomPolicy
    from leapcasa.runs.components import make

    name, split, seed = job.task, job.split, job.seed
    begun = time.perf_counter()
    options = [f"planner={job.planner}", f"policy.options.disturb_every={job.disturb_every}"]
    config = load("expert", options, task=name, split=split, seed=seed)
    kitchen = Kitchen(name, split=config.split, rendering=False)
    sensors = kitchen.begin(seed)
    referee = Referee(kitchen)
    parts = make(config, referee)
    agent = Agent(parts.planner, parts.policy, parts.judge, config.advance, seed=seed)
    mess = RandomPolicy()
    mess.reset("", seed)
    while sensors.step < job.after_random:
        for action in np.asarray(mess.act(sensors, ""))[: job.after_random - sensors.step]:
            sensors = kitchen.advance(action)
    agent.reset(sensors)
    horizon = known_task(name).horizon or config.limits.fallback_steps
    success, trouble = False, []
    while not agent.done and sensors.step < horizon:
        decision = agent.act(sensors)
        trouble += [problem for problem in parts.policy.trouble if problem not in trouble]
        if decision.action is not None:
            sensors = kitchen.advance(decision.action)
            referee.observe()
            success = success or referee.success()
    scene = kitchen.scene
    kitchen.close()
    return Episode(
        task=name,
        seed=seed,
        split=split,
        layout=scene.layout,
        style=scene.style,
        success=success,
        declared=agent.declared_success,
        steps=sensors.step,
        trouble="; ".join(trouble),
        seconds=time.perf_counter() - begun,
    )


def report(episodes: Iterable[Episode], assets: str, command: str) -> str:
    """The Markdown page of `docs/experts.md`.

    Args:
        episodes: of one or more tasks.
        assets: kind and version of the assets they were played on.
        command: what repeats them.
    """
    every = sorted(episodes, key=lambda e: (e.task, e.seed))
    lines = [
        "# The scripted experts",
        "",
        f"Success of `policy=expert judge=referee` on assets `{assets}`, both",
        "splits mixed. The experts are privileged (they read true geometry) and move the robot by",
        "official actions alone; the numbers are an upper bound for the loop and do not compare",
        "with published ones. They were written while looking at seeds 0 to 19 and 100 to 111.",
        "",
        f"Repeat with `{command}`.",
        "",
        "| task | n | successes | rate | 95 % interval (Wilson) | median steps | horizon |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    from leapcasa.envs.tasks import task as known_task
    from leapcasa.runs.judge_statistics import wilson

    for name in sorted({e.task for e in every}):
        mine = [e for e in every if e.task == name]
        if not mine:
            continue
        wins, n = sum(e.success for e in mine), len(mine)
        rate = wilson(wins, n)
        middle = statistics.median(e.steps for e in mine)
        lines.append(
            f"| {name} | {n} | {wins} | {wins / n:.0%} | {rate.low:.0%} to {rate.high:.0%} "
            f"| {middle:.0f} | {known_task(name).horizon} |"
        )
    lines += [
        "",
        "## Every episode",
        "",
        "| task | seed | split | layout | style | success | declared | steps | the expert met |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {e.task} | {e.seed} | {e.split} | {e.layout} | {e.style} | "
        f"{'yes' if e.success else '**no**'} | {'yes' if e.declared else 'no'} | {e.steps} | "
        f"{e.trouble} |"
        for e in every
    ]
    return "\n".join([*lines, ""])


def main(argv: list[str] | None = None) -> int:
    """Play, print and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--task", nargs="+", default=list(TASKS))
    parser.add_argument("--planner", default="split", help="split or docstring")
    parser.add_argument("--disturb-every", type=float, default=0.0)
    parser.add_argument("--after-random", type=int, default=0, help="steps")
    parser.add_argument("--seeds", type=int, default=20, help="episodes a task, half per split")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/experts.md"))
    options = parser.parse_args(argv)
    half = (options.seeds + 1) // 2
    jobs = [
        Job(
            task=task,
            split="pretrain" if seed < half else "target",
            seed=options.first_seed + seed,
            planner=options.planner,
            disturb_every=options.disturb_every,
            after_random=options.after_random,
        )
        for task in options.task
        for seed in range(options.seeds)
    ]
    from leapcasa.envs import assets

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
    words = " ".join(sys.argv[1:] if argv is None else argv)
    pack = assets.ensure()
    page = report(
        episodes, f"{pack.kind}-{pack.version}", f"python benchmarks/experts.py {words}".strip()
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page)
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
