"""How well `leapcasa eval` uses the cores: the same episodes with one worker and with several.

    python benchmarks/eval.py [--episodes 12] [--workers 2] [--rounds 2] [--out PAGE]

Every evaluation is the real command in processes of its own: RinseSinkBasin with the `baseline`
preset, so every episode takes the same number of steps. Rounds alternate between one worker and
several, so that what else the machine does falls on both. Two numbers:

* efficiency: wall time with one worker / (N x wall time with N workers). 100 % is perfect. Whatever
  else runs on the cores, or cores that share caches and clock, count against it.
* busy: the share of the workers' time that is spent inside episodes, as the records tell it; the
  rest is starting workers, moving folders, the store. Other load hardly changes it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TASK = "RinseSinkBasin"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One evaluation."""

    workers: int
    wall_s: float
    """From the first episode's start to the last row, workers' start included."""
    inside_s: float
    """Sum of the episodes' own times."""
    load: float
    """Mean number of processes that wanted a core in the minute before."""


def measure(workers: int, episodes: int, steps: int) -> Measured:
    """Run one evaluation.

    Args:
        workers: processes.
        episodes: seeds from 0.
        steps: control steps of each.
    """
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "leapcasa.runs", "eval", TASK, "--episodes", str(episodes),
             "--workers", str(workers), "--config", "baseline", "--no-video", "--json",
             "--set", f"limits.max_steps={steps}", "--out", f"{folder}/e"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["scored"] == episodes
    inside = told["sets"][-1]["seconds"]
    return Measured(workers=workers, wall_s=told["seconds"], inside_s=inside, load=load)


def page(runs: list[Measured], options: argparse.Namespace, command: str) -> str:
    """The Markdown page of `docs/benchmarks_eval.md`.

    Args:
        runs: of one worker and of several, alternating.
        options: of the command line.
        command: what repeats them.
    """
    one = [run for run in runs if run.workers == 1]
    many = [run for run in runs if run.workers == options.workers]
    alone = statistics.median(run.wall_s for run in one)
    together = statistics.median(run.wall_s for run in many)
    efficiency = alone / (options.workers * together)
    lines = [
        "# How well `leapcasa eval` uses the cores",
        "",
        f"{options.episodes} episodes of {TASK}, {options.steps} steps each (`baseline`, exact "
        f"pixels, no video) on {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}. Repeat with "
        f"`{command}`.",
        "",
        f"**Efficiency of {options.workers} workers: {efficiency:.0%}** (medians of "
        f"{options.rounds} rounds: {alone:.0f} s with one worker, {together:.0f} s with "
        f"{options.workers}).",
        "",
        "| workers | wall s | inside episodes s | busy | load before |",
        "| --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {run.workers} | {run.wall_s:.1f} | {run.inside_s:.1f} | "
        f"{run.inside_s / (run.workers * run.wall_s):.0%} | {run.load:.1f} |"
        for run in runs
    ]
    lines += [
        "",
        "Busy is the share of the workers' time inside episodes; the rest is starting the "
        "processes (importing the simulation, once in 20 episodes), moving folders and the store. "
        "The load before a run includes the run before it; where it exceeds that run's workers, "
        "other work shared the cores, which lowers the efficiency but hardly the busy share.",
        "",
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks_eval.md"))
    options = parser.parse_args(argv)
    runs: list[Measured] = []
    for _ in range(options.rounds):
        for workers in (1, options.workers):
            runs.append(measure(workers, options.episodes, options.steps))
            print(runs[-1], flush=True)
    words = " ".join(sys.argv[1:] if argv is None else argv)
    text = page(runs, options, f"python benchmarks/eval.py {words}".strip())
    options.out.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
