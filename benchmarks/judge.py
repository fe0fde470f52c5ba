"""The completion judge beside the model card's procedure, in one process on one checkpoint.

    python benchmarks/judge.py [speed] [--windows 100]     docs/benchmarks_judge.md
    python benchmarks/judge.py batches                     docs/benchmarks_judge_batches.md

The baseline is `tests/vlm/naive.py`: transformers' processor and one full forward pass per view and
label. Ours is the judge of the loop. Both score the same sliding windows of the same recorded
frames, one after the other, so that a load from elsewhere meets both. The checkpoint has random
weights and the 4B model's proportions: 36 text and 24 vision layers, its shares of vision, text
and logits. How fast the 4B model itself can be is computed from its dimensions.
"""

import argparse
import importlib.util
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flops
import numpy as np
import torch
import transformers
from transformers import AutoConfig

from leapcasa.judges.qwen3vl import Qwen3VLJudge
from leapcasa.vlm.small import SmallConfig, build

ROOT = Path(__file__).resolve().parent.parent
DOCS = {
    "speed": ROOT / "docs" / "benchmarks_judge.md",
    "batches": ROOT / "docs" / "benchmarks_judge_batches.md",
}
LIKE_4B = SmallConfig(
    vocab_size=9700,
    text_width=192,
    text_mlp=728,
    text_layers=36,
    text_heads=2,
    text_kv_heads=1,
    head_dim=24,
    vision_width=64,
    vision_mlp=256,
    vision_layers=24,
    vision_heads=4,
    deepstack=(5, 11, 17),
    initial_scale=0.03,
)
"""A thirteenth of the 4B model's width at its depths. Attention costs linearly where the rest costs
quadratically in the width, so it gets fewer heads to keep its share."""
TASKS = ("Turn on the sink faucet.", "Pick the mug from the counter and place it in the sink.")
SPREAD = 16


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One window scored by both."""

    ours_s: float
    plain_s: float
    difference: float
    """Largest difference of a score (mean-token NLL joined over views)."""


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=tuple(DOCS), default="speed")
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--out", type=Path, help="default: the part's page in docs/")
    options = parser.parse_args()
    began = time.perf_counter()
    load = os.getloadavg()[0]
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        big = build(Path(folder) / "like-4b", LIKE_4B)
        if options.part == "speed":
            sections = [
                _speed("proportions of the 4B model", big, options.windows),
                _speed("small checkpoint", build(Path(folder) / "small"), options.windows),
                _flops(big),
            ]
        else:
            sections = [_intervals(big), _batches(big)]
    text = _page(sections, load, time.perf_counter() - began)
    (options.out or DOCS[options.part]).write_text(text)
    print(text)
    return 0


def _speed(name: str, checkpoint: Path, windows: int) -> str:
    judge, plain = Qwen3VLJudge(str(checkpoint)), _naive(checkpoint)
    timed = list(_compare(judge, plain, windows))
    ratio = statistics.median(t.plain_s / t.ours_s for t in timed)
    ours, theirs = (statistics.median(getattr(t, x) for t in timed) for x in ("ours_s", "plain_s"))
    worst = max(t.difference for t in timed)
    return (
        f"## Interval 16, {name}\n\n"
        f"| | leapcasa | four full passes | faster | target |\n| --- | --- | --- | --- | --- |\n"
        f"| a decision, two views | {ours * 1e3:.0f} ms | {theirs * 1e3:.0f} ms | {ratio:.2f}x "
        f"| {_target(ratio)} |\n\n"
        f"Largest difference of a score over {len(timed)} windows: {worst:.1e} (asked: 1e-4). "
        f"Frame pairs encoded {judge.scorer.vision.encoded}, reused "
        f"{judge.scorer.vision.reused}. Medians; the ratio is the median of each window's own.\n"
    )


def _target(ratio: float) -> str:
    return ">= 2.5x, " + ("met" if ratio >= 2.5 else "**not met**")


def _compare(judge: Qwen3VLJudge, plain: Any, windows: int) -> Iterator[Timed]:
    """The first window is new to both and is not counted."""
    right, left = (_film(64 + 16 * windows, seed) for seed in (0, 1))
    for index in range(windows + 1):
        clip = slice(16 * index, 16 * index + 64)
        task = TASKS[index // SPREAD % 2]
        began = time.perf_counter()
        verdict = judge.score({"right": right[clip], "left": left[clip]}, task)
        ours = time.perf_counter() - began
        began = time.perf_counter()
        views = [plain(right[clip], task), plain(left[clip], task)]
        spent = time.perf_counter() - began
        scores = {
            label: sum(view[label][0] / view[label][1] for view in views) / 2 for label in views[0]
        }
        difference = max(abs(scores[label] - verdict.scores[label]) for label in scores)
        if index:
            yield Timed(ours_s=ours, plain_s=spent, difference=difference)


def _intervals(checkpoint: Path) -> str:
    """What the distance between two decisions costs."""
    lines = ["| steps between decisions | pairs to encode | a decision |", "| --- | --- | --- |"]
    film = _film(64 + 64 * 4, 2), _film(64 + 64 * 4, 3)
    for step in (2, 8, 16, 32, 64):
        judge = Qwen3VLJudge(str(checkpoint))
        spent = []
        for at in range(0, 4 * step + 1, step):
            began = time.perf_counter()
            judge.score({"right": film[0][at : at + 64], "left": film[1][at : at + 64]}, TASKS[0])
            spent.append(time.perf_counter() - began)
        lines.append(f"| {step} | {step} | {statistics.median(spent[1:]) * 1e3:.0f} ms |")
    return "## Other intervals, proportions of the 4B model\n\n" + "\n".join(lines) + "\n"


def _batches(checkpoint: Path) -> str:
    """Several environments in one call, against one call each."""
    lines = [
        "| environments | one call each | one call | gain | one call, all at once | gain |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for count in (1, 2, 4, 8):
        films = [(_film(128, 10 + i), _film(128, 30 + i)) for i in range(count)]
        spent: list[list[float]] = [[], [], []]
        judges = [
            Qwen3VLJudge(str(checkpoint), batch=batch, cache_pairs=64 * 2 * count)
            for batch in (None, None, 2 * count)
        ]
        for at in (0, 16, 32, 48, 64):
            items = [
                ({"right": r[at : at + 64], "left": f[at : at + 64]}, TASKS[i % 2])
                for i, (r, f) in enumerate(films)
            ]
            for index, judge in enumerate(judges):
                began = time.perf_counter()
                for part in [[item] for item in items] if index == 0 else [items]:
                    judge.score_batch(part)
                spent[index].append(time.perf_counter() - began)
        alone, chosen, whole = (statistics.median(times[1:]) for times in spent)
        gains = [
            statistics.median(a / b for a, b in list(zip(spent[0], other, strict=True))[1:])
            for other in spent[1:]
        ]
        lines.append(
            f"| {count} | {alone * 1e3:.0f} ms | {chosen * 1e3:.0f} ms | {gains[0]:.2f}x "
            f"| {whole * 1e3:.0f} ms | {gains[1]:.2f}x |"
        )
    return (
        "## Batched over environments, interval 16, proportions of the 4B model\n\n"
        + "\n".join(lines)
        + "\n\nOn a CPU the judge puts two clips at a time through the text tower (`batch`), since "
        "one environment fills all cores and a larger batch leaves the caches; on a GPU, 16. No "
        "GPU was measured.\n"
    )


def _flops(checkpoint: Path) -> str:
    """The 4B model's work against what an H200 can do, and the scaled checkpoint's shares."""
    judge = Qwen3VLJudge(str(checkpoint))
    question = judge.scorer.prompts.question(*judge._ask(TASKS[0]))
    sizes = {
        "prefix": len(judge.scorer.prompts.prefix().ids),
        "tail": len(question.tail),
        "answers": tuple(map(len, question.answers)),
    }
    scaled = flops.Geometry.of(AutoConfig.from_pretrained(checkpoint))
    lines = [
        "| | vision | text | logits | TFLOP a decision | H200 at 100 % | at 40 % |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    full = flops.naive(flops.QWEN3_VL_4B, **sizes)
    costs = [("four full passes", full)]
    costs += [
        (
            f"leapcasa, interval {2 * new}",
            flops.streaming(flops.QWEN3_VL_4B, **sizes, new_pairs=new),
        )
        for new in (1, 8, 32)
    ]
    for name, cost in costs:
        limit = cost.total / flops.H200_BF16 * 1e3
        lines.append(
            f"| {name} | {_share(cost.vision, cost)} | {_share(cost.text, cost)} "
            f"| {_share(cost.head, cost)} | {cost.total / 1e12:.1f} | {limit:.0f} ms "
            f"| {limit / 0.4:.0f} ms |"
        )
    mine = flops.naive(scaled, **sizes)
    ratio = full.total / costs[2][1].total
    own = mine.total / flops.streaming(scaled, **sizes).total
    return (
        "## The real 4B model, computed\n\n"
        + "\n".join(lines)
        + f"\n\nLess work at interval 16: {ratio:.2f}x for the 4B model, {own:.2f}x for the scaled "
        f"checkpoint, whose four passes split into {_share(mine.vision, mine)} vision, "
        f"{_share(mine.text, mine)} text, {_share(mine.head, mine)} logits. Two views, 64 frames "
        f"at 224 px: {sizes['prefix']} tokens up to the clip's end and {sizes['tail']} behind it "
        "(the small tokenizer's count; the published one's differs by a few). 989.5 TFLOPS dense "
        "bfloat16; 4-bit weights are multiplied in bfloat16. 40 % is what large matrix products "
        "commonly reach; no H200 was measured.\n"
    )


def _share(part: float, cost: flops.Cost) -> str:
    return f"{100 * part / cost.total:.0f} %"


def _page(sections: Sequence[str], load: float, seconds: float) -> str:
    return (
        "# The completion judge beside the model card's procedure\n\n"
        f"Command: `{' '.join(['python benchmarks/judge.py', *sys.argv[1:]])}`"
        f"\n\n{os.cpu_count()} cores of {_cpu()}, load {load:.1f} when started; torch "
        f"{torch.__version__}, transformers {transformers.__version__}, float32, Python "
        f"{platform.python_version()}. Random weights, made-up frames.\n\n"
        + "\n".join(sections)
        + f"\nThe whole run took {seconds:.0f} s.\n"
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _film(frames: int, seed: int) -> np.ndarray:
    """(frames, 224, 224, 3) uint8: a scrolling coarse pattern, every frame another."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (14 + frames, 14, 3), dtype=np.uint8)
    return np.stack([coarse[i : i + 14].repeat(16, 0).repeat(16, 1) for i in range(frames)])


def _naive(checkpoint: Path) -> Any:
    path = ROOT / "tests" / "vlm" / "naive.py"
    spec = importlib.util.spec_from_file_location("naive_judge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Naive(checkpoint)


if __name__ == "__main__":
    sys.exit(main())
