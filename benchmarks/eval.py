"""How well `leapcasa eval` uses the cores: workers beside each other against one on its own.

    python benchmarks/eval.py [--episodes 12] [--workers N] [--rounds 1] [--out PAGE]
    python benchmarks/eval.py judge         memory with and without a shared judge, printed

Every evaluation is the real command in processes of its own: RinseSinkBasin with the `baseline`
preset, the same seeds each time, and every episode takes the same number of steps. Three ways:

* `1 on 1`: one worker that may use one core;
* `N on N`: a worker for each core;
* `1 on N`: one worker that may use all cores. It can: it draws in threads of its own while its
  physics goes on, and Mesa draws in several.

Efficiency is the throughput of N workers on N cores over N times that of one worker on one core.
100 % is perfect; what the workers share (caches, memory, clock, the evaluation's own process, and
whatever else runs) counts against it. The speed-up over `1 on N` says what workers are worth to
somebody who would otherwise run one.

CPU seconds say the same without a quiet machine: if an episode costs no more of them with
neighbours than without, the cores do nothing but episodes.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TASK = "RinseSinkBasin"
SAMPLE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One evaluation."""

    workers: int
    cores: int
    episodes: int
    wall_s: float
    """From the first worker's start to the last row."""
    cpu_s: float
    """User and system seconds of all processes."""
    inside_s: float
    """Sum of the episodes' own wall times."""
    memory_gb: float
    """Largest sum over all processes (PSS: shared pages counted once)."""
    load: float
    """Mean number of processes that wanted a core in the minute before."""

    @property
    def name(self) -> str:
        """`1 on 1`, for instance."""
        return f"{self.workers} on {self.cores}"

    @property
    def rate(self) -> float:
        """Episodes a minute."""
        return 60 * self.episodes / self.wall_s


def measure(workers: int, cores: int, options: argparse.Namespace, *more: str) -> Measured:
    """Run one evaluation.

    Args:
        workers: processes.
        cores: how many they may use together.
        options: episodes and steps.
        more: further arguments of `leapcasa eval`.
    """
    load, allowed = os.getloadavg()[0], sorted(os.sched_getaffinity(0))[:cores]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "leapcasa.runs", "eval", TASK,
            "--episodes", str(options.episodes), "--workers", str(workers), "--config", "baseline",
            "--no-video", "--json", "--set", f"limits.max_steps={options.steps}",
            "--out", f"{folder}/e", *more,
        ]  # fmt: skip
        with open(f"{folder}/told", "w+") as told, open(f"{folder}/said", "w+") as said:
            process = subprocess.Popen(
                command, stdout=told, stderr=said,
                preexec_fn=lambda: os.sched_setaffinity(0, allowed),
            )  # fmt: skip
            peak = _watched(process)
            told.seek(0)
            said.seek(0)
            assert process.returncode == 0, said.read()
            summary = json.load(told)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert summary["scored"] == options.episodes
    return Measured(
        workers=workers,
        cores=cores,
        episodes=options.episodes,
        wall_s=summary["seconds"],
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        inside_s=summary["sets"][-1]["seconds"],
        memory_gb=peak / 2**30,
        load=load,
    )


def _watched(process: subprocess.Popen) -> int:
    """Wait for the end; the largest memory of the process and its descendants on the way [B]."""
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(SAMPLE_S):
            peak = max(peak, sum(map(_pss, _family(process.pid))))

    thread = threading.Thread(target=watch)
    thread.start()
    process.wait()
    done.set()
    thread.join()
    return peak


def _family(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(place.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def page(runs: list[Measured], options: argparse.Namespace, command: str) -> str:
    """The Markdown page of `docs/benchmarks_eval.md`.

    Args:
        runs: of the three ways.
        options: of the command line.
        command: what repeats them.
    """
    n = options.workers
    alone, beside, wide = (_medians(runs, *way) for way in ((1, 1), (n, n), (1, n)))
    efficiency = beside["rate"] / (n * alone["rate"])
    lines = [
        "# How well `leapcasa eval` uses the cores",
        "",
        f"{options.episodes} episodes of {TASK}, {options.steps} steps each (`baseline`, exact "
        f"pixels, no video), {n} cores, {time.strftime('%Y-%m-%d')}. Repeat with `{command}`.",
        "",
        f"**Efficiency of {n} workers on {n} cores: {efficiency:.0%}**: {beside['rate']:.2f} "
        f"episodes a minute against {n} x {alone['rate']:.2f} of one worker on one core, the start "
        f"of the workers included. Inside episodes: {alone['inside'] / beside['inside']:.0%}. CPU "
        f"seconds an episode: {alone['cpu']:.1f} alone, {beside['cpu']:.1f} beside others.",
        "",
        f"One worker that may use all {n} cores makes {wide['rate']:.2f} episodes a minute, for it "
        "draws in threads of its own while its physics goes on: "
        f"{n} workers are {beside['rate'] / wide['rate']:.2f} times as fast as that.",
        "",
        "| workers on cores | episodes a minute | wall s | CPU s an episode | busy | memory GB | "
        "load before |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {run.name} | {run.rate:.2f} | {run.wall_s:.0f} | {run.cpu_s / run.episodes:.1f} | "
        f"{run.inside_s / (run.workers * run.wall_s):.0%} | {run.memory_gb:.2f} | {run.load:.1f} |"
        for run in runs
    ]
    each = (beside["memory"] - alone["memory"]) / max(1, n - 1)
    lines += [
        "",
        f"A further worker takes {each:.2f} GB. Busy is the share of the workers' time inside "
        "episodes; the rest is their start (importing the simulation, once in 20 episodes), moving "
        "folders and the store. The load before a run includes the run before it; where it exceeds "
        "that run's cores, other work shared them, and only the CPU seconds can be relied on.",
        "",
    ]
    return "\n".join(lines)


def _medians(runs: list[Measured], workers: int, cores: int) -> dict[str, float]:
    those = [run for run in runs if (run.workers, run.cores) == (workers, cores)]
    values = {
        "rate": [run.rate for run in those],
        "cpu": [run.cpu_s / run.episodes for run in those],
        "inside": [run.inside_s / run.episodes for run in those],
        "memory": [run.memory_gb for run in those],
    }
    return {name: statistics.median(value) for name, value in values.items()}


def judge(options: argparse.Namespace) -> None:
    """Print what a shared judge saves: memory and CPU seconds, with the small checkpoint."""
    from leapcasa.vlm.small import build

    print("| judge | workers | memory GB | CPU s an episode |\n| --- | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder:
        model = build(Path(folder) / "small")
        chosen = ("--set", "judge=qwen3vl", "--set", f"judge.options.base_model={model}",
                  "--set", "advance.interval=16")  # fmt: skip
        for workers in (1, options.workers):
            for how in ("--no-share-models", "--share-models"):
                run = measure(workers, options.workers, options, *chosen, how)
                name = "each its own" if "no" in how else "one for all"
                per_episode = run.cpu_s / run.episodes
                print(f"| {name} | {workers} | {run.memory_gb:.2f} | {per_episode:.1f} |")


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("cores", "judge"), default="cores")
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks_eval.md"))
    options = parser.parse_args(argv)
    if options.what == "judge":
        judge(options)
        return 0
    runs: list[Measured] = []
    for _ in range(options.rounds):
        for workers, cores in ((1, 1), (options.workers,) * 2, (1, options.workers)):
            runs.append(measure(workers, cores, options))
            print(runs[-1], flush=True)
    words = " ".join(sys.argv[1:] if argv is None else argv)
    text = page(runs, options, f"python benchmarks/eval.py {words}".strip())
    options.out.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
