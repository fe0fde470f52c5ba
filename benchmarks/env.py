"""The kitchen beside RoboCasa's own gym wrapper, measured in one process.

    python benchmarks/env.py [--resets 50] [--steps 40]

Both build the same scenes from the same seeds and take the same actions. Measurements alternate
between the two, so that a load from elsewhere meets both; medians and ratios are reported. What
is measured is what a closed loop pays: a step counts until the pixels of the step before are read,
as the frame rings of the loop do it.
"""

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leapcasa.envs import assets, gl
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.quiet import import_robocasa, quiet
from leapcasa.envs.ring import FrameRing
from leapcasa.envs.sensors import View

DOC = Path(__file__).resolve().parent.parent / "docs" / "benchmarks_env.md"
SIDE = 224
TWO: tuple[View, ...] = ("right", "left")
THREE: tuple[View, ...] = ("right", "left", "hand")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    ours: "Clock"
    theirs: "Clock"
    target: float | None
    """Least ratio asked for, or None."""
    limit_s: float | None = None
    """Most seconds asked for, or None."""

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.theirs.wall_s / self.ours.wall_s

    def cells(self) -> str:
        """The line as Markdown."""
        wanted = [f">= {self.target:g}x"] if self.target else []
        wanted += [f"<= {self.limit_s:g} s"] if self.limit_s else []
        met = (not self.target or self.ratio >= self.target) and (
            not self.limit_s or self.ours.wall_s <= self.limit_s
        )
        verdict = ("met" if met else "**not met**") if wanted else ""
        return (
            f"| {self.what} | {_time(self.ours.wall_s)} | {_time(self.theirs.wall_s)} "
            f"| {self.ratio:.2f}x | {_time(self.ours.cpu_s)} | {_time(self.theirs.cpu_s)} "
            f"| {' and '.join(wanted)} | {verdict} |"
        )


class Clock:
    """Wall and CPU time of repeated work; CPU time is that of all threads of this process."""

    def __init__(self) -> None:
        self._walls: list[float] = []
        self._cpus: list[float] = []

    def time(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do it, and remember how long it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work(*arguments)
        self._walls.append(time.perf_counter() - wall)
        self._cpus.append(time.process_time() - cpu)
        return result

    @property
    def wall_s(self) -> float:
        """Median."""
        return statistics.median(self._walls)

    @property
    def cpu_s(self) -> float:
        """Mean: what runs on beside one step falls into the next."""
        return statistics.fmean(self._cpus)


def main() -> None:
    arguments = _arguments()
    started = time.perf_counter()
    gl.choose()
    assets.ensure()
    import_robocasa()
    lines = [*_report(arguments)]
    lines.append(f"\nThe whole run took {time.perf_counter() - started:.0f} s.")
    text = "\n".join(lines) + "\n"
    print(text)
    if not arguments.no_doc:
        DOC.parent.mkdir(exist_ok=True)
        DOC.write_text(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kitchen beside RoboCasa's wrapper.")
    parser.add_argument("--task", default="RinseSinkBasin")
    parser.add_argument("--steps", type=int, default=40, help="steps of each kind")
    parser.add_argument("--builds", type=int, default=3, help="constructions and resets")
    parser.add_argument("--resets", type=int, default=50, help="of the memory table; 0 leaves it")
    parser.add_argument("--no-doc", action="store_true", help=f"do not write {DOC.name}")
    return parser.parse_args()


def _report(arguments: argparse.Namespace) -> Iterator[str]:
    yield "# The kitchen beside RoboCasa's own wrapper\n"
    yield f"Command: `python benchmarks/env.py {' '.join(sys.argv[1:])}`".rstrip() + "\n"
    yield _machine(arguments.task) + "\n"
    yield "| what | leapcasa | RoboCasa | faster | CPU | CPU, RoboCasa | target | |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in _rows(arguments):
        print(row.cells(), file=sys.stderr, flush=True)
        yield row.cells()
    yield (
        "\nMedian wall times and mean CPU times of all threads; measurements of the two alternate. "
        "RoboCasa's wrapper always draws three views "
        "and builds one scene in its constructor and another in the first `reset`; a kitchen "
        "builds in `reset` alone, so its construction is counted with the first look. Both have "
        "the simulator imported already. Frames of the exact profile are bit for bit "
        "RoboCasa's (`tests/envs/test_kitchen.py`)."
    )
    if arguments.resets:
        yield from _memory(arguments.task, arguments.resets)


def _rows(arguments: argparse.Namespace) -> Iterator[Row]:
    yield from _building(arguments.task, arguments.builds)
    wrapper = _wrapper(arguments.task)
    try:
        exact = "step, the judge's two views, exact"
        yield _stepping(exact, arguments, "exact", TWO, wrapper, target=2.0)
        fast = "step, the judge's two views, fast"
        yield _stepping(fast, arguments, "fast", TWO, wrapper, target=3.5)
        yield _stepping("step, three views, exact", arguments, "exact", THREE, wrapper)
        yield _stepping("step, no view", arguments, "exact", (), wrapper)
        yield _hand(arguments, wrapper)
    finally:
        wrapper.close()


def _building(task: str, builds: int) -> Iterator[Row]:
    sizes: dict[View, int] = dict.fromkeys(THREE, SIDE)
    ours, theirs = (Clock(), Clock()), (Clock(), Clock())

    def first(seed: int) -> Kitchen:
        kitchen = Kitchen(task, image_size=sizes)
        _see(kitchen.begin(seed), TWO)
        return kitchen

    def again(kitchen: Kitchen, seed: int) -> None:
        _see(kitchen.begin(seed), TWO)

    for seed in range(builds):
        kitchen = ours[0].time(first, seed)
        wrapper = theirs[0].time(_wrapper, task, seed)
        for other in (seed + 100, seed + 200):
            ours[1].time(again, kitchen, other)
            theirs[1].time(lambda env, number: env.reset(seed=number), wrapper, other)
        kitchen.close()
        wrapper.close()
        del wrapper
        gc.collect()
    yield Row(
        what="construction to the first look",
        ours=ours[0],
        theirs=theirs[0],
        target=None,
        limit_s=3.0,
    )
    yield Row(
        what="reset to the first look", ours=ours[1], theirs=theirs[1], target=None, limit_s=1.5
    )


def _bind(wrapper: Any) -> None:
    """Make RoboCasa's GL context current: freeing another one may have unbound it."""
    wrapper.env.sim._render_context_offscreen.gl_ctx.make_current()


def _their_step(wrapper: Any, action: np.ndarray) -> None:
    parts = np.split(action, [3, 6, 7, 11])
    names = ["end_effector_position", "end_effector_rotation", "gripper_close"]
    names += ["base_motion", "control_mode"]
    look, *_ = wrapper.step({f"action.{n}": p for n, p in zip(names, parts, strict=True)})
    if look["video.robot0_agentview_right"].std() < 5:
        raise SystemExit("RoboCasa's wrapper draws nothing: the comparison would be void")


def _stepping(
    what: str,
    arguments: argparse.Namespace,
    profile: str,
    views: tuple[View, ...],
    wrapper: Any,
    target: float | None = None,
) -> Row:
    kitchen = Kitchen(arguments.task, image_size=dict.fromkeys(views, SIDE), render_profile=profile)
    kitchen.begin(0)
    rings = {view: FrameRing(64, SIDE, SIDE) for view in views}
    ours, theirs = Clock(), Clock()

    def step(action: np.ndarray) -> None:
        look = kitchen.advance(action)
        for view, ring in rings.items():
            ring.push(look.image(view) if view == "hand" else look.images[view])

    _bind(wrapper)
    for block in np.array_split(_actions(arguments.steps), max(1, arguments.steps // 5)):
        for action in block:
            ours.time(step, action)
        for ring in rings.values():
            ring.last(1)  # nothing of ours runs on beside theirs
        for action in block:
            theirs.time(_their_step, wrapper, action)
    kitchen.close()
    return Row(what=what, ours=ours, theirs=theirs, target=target)


def _hand(arguments: argparse.Namespace, wrapper: Any) -> Row:
    kitchen = Kitchen(arguments.task, image_size={"hand": SIDE})
    kitchen.begin(0)
    ours, theirs = Clock(), Clock()
    _bind(wrapper)
    for action in _actions(arguments.steps):
        ours.time(kitchen.advance(action).image, "hand")
        theirs.time(
            lambda: wrapper.env.sim.render(
                camera_name="robot0_eye_in_hand", width=SIDE, height=SIDE
            )
        )
    kitchen.close()
    return Row(what="the hand's view alone, when looked at", ours=ours, theirs=theirs, target=None)


def _memory(task: str, resets: int) -> Iterator[str]:
    yield f"\n## Memory over {resets} resets, three views drawn after each\n"
    kitchen = Kitchen(task, image_size=dict.fromkeys(THREE, SIDE))
    marks: list[tuple[int, float]] = []
    for done in range(resets + 1):
        _see(kitchen.begin(done), THREE)
        if done % max(1, resets // 10) == 0:
            gc.collect()
            marks.append((done, _resident_mb()))
    kitchen.close()
    yield "| resets | " + " | ".join(str(done) for done, _ in marks) + " |"
    yield "| --- |" + " --- |" * len(marks)
    yield "| resident MB | " + " | ".join(f"{size:.0f}" for _, size in marks) + " |"
    settled = [size for done, size in marks if done >= resets / 5]
    slope = np.polyfit(range(len(settled)), settled, 1)[0] if len(settled) > 1 else 0.0
    slope *= len(settled) / resets
    yield f"\nTrend after the first fifth: {slope:+.2f} MB a reset; scenes differ in size."


def _wrapper(task: str, seed: int = 0) -> Any:
    import gymnasium

    with quiet():
        return gymnasium.make(
            f"robocasa/{task}",
            split="pretrain",
            seed=seed,
            camera_widths=SIDE,
            camera_heights=SIDE,
            disable_env_checker=True,
        ).unwrapped


def _actions(steps: int) -> np.ndarray:
    drawn = np.random.default_rng(0).uniform(-1, 1, (steps, 12)).astype(np.float32)
    drawn[:, 11] = -1.0  # the arm moves; a base at full speed leaves the kitchen
    return drawn


def _see(look: Any, views: tuple[View, ...]) -> None:
    for view in views:
        look.image(view)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def _machine(task: str) -> str:
    renderer = gl.attempt(os.environ["MUJOCO_GL"]).detail
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    pack = assets.ensure()
    return (
        f"{task}, split pretrain, {SIDE} px views, assets: {pack.kind} ({pack.version}). "
        f"Machine: {len(os.sched_getaffinity(0))} cores of {model}, "
        f"load {os.getloadavg()[0]:.1f} when started; drawn by {os.environ['MUJOCO_GL']}: "
        f"{renderer}; Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
