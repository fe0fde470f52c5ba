"""The planner's writing beside transformers' own processor and `generate`, in one process.

    python benchmarks/planner.py [--rounds 15] [--tokens 48]

Both write the same number of greedy tokens about the same pictures; the texts are compared. What
is measured is one episode's course: the first plan, a second answer to the same prompt (what a
refused plan costs), a replan with the same picture, and a replan with a new one. The checkpoint has
random weights and the 2B model's depths (28 text and 24 vision layers).
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers import AutoProcessor

from leapcasa.agent import prompts
from leapcasa.agent.base import Attempt
from leapcasa.vlm.generate import Sampling, TextGenerator
from leapcasa.vlm.load import LoadConfig, LoadedModel, load
from leapcasa.vlm.small import SmallConfig, build

DOC = Path(__file__).resolve().parent.parent / "docs" / "benchmarks_planner.md"
LIKE_2B = SmallConfig(
    text_width=256,
    text_mlp=768,
    text_layers=28,
    text_heads=4,
    text_kv_heads=2,
    head_dim=32,
    vision_width=128,
    vision_mlp=512,
    vision_layers=24,
    vision_heads=4,
    deepstack=(5, 11, 17),
    initial_scale=0.03,
)
"""An eighth of the 2B model's width at its depths."""
TASK = "Pick the vegetables from the fridge, wash them in the sink and place them on the counter."
HISTORY = (
    Attempt(text="Open the fridge door", outcome="done"),
    Attempt(text="Pick the tomato from the fridge and place it in the sink", outcome="failed"),
)
SIDE = 448
CASES = ("first plan", "second answer", "replan, same picture", "replan, new picture")


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--out", type=Path, default=DOC)
    options = parser.parse_args()
    began, busy = time.perf_counter(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = build(Path(folder), LIKE_2B)
        loaded = load(LoadConfig(base_model=str(checkpoint)))
        processor = AutoProcessor.from_pretrained(checkpoint)
        rounds = [_round(loaded, processor, i, options.tokens) for i in range(options.rounds + 1)]
    text = _page(rounds[1:], options.tokens, busy, time.perf_counter() - began)
    options.out.write_text(text)
    print(text)
    return 0


def _round(loaded: LoadedModel, processor: Any, seed: int, tokens: int) -> list[dict[str, Any]]:
    """One episode's course, by both."""
    template = prompts.load("leap-1")
    random = np.random.default_rng(seed)
    first, newer = (_picture(random) for _ in range(2))
    plan, replan = template.text(TASK), template.text(TASK, HISTORY)
    generator = TextGenerator(loaded)
    course = [(first, plan), (first, plan), (first, replan), (newer, replan)]
    return [_both(loaded, processor, generator, *case, tokens) for case in course]


def _both(
    loaded: LoadedModel,
    processor: Any,
    generator: TextGenerator,
    picture: np.ndarray,
    text: str,
    tokens: int,
) -> dict[str, Any]:
    began = time.perf_counter()
    ours = generator.generate([picture], text, Sampling(max_new_tokens=tokens))
    middle = time.perf_counter()
    theirs = _plain(loaded, processor, picture, text, tokens)
    return {
        "ours_s": middle - began,
        "plain_s": time.perf_counter() - middle,
        "same": ours.text == theirs,
        "read": ours.read_tokens,
        "prompt": ours.prompt_tokens,
    }


def _plain(loaded: LoadedModel, processor: Any, picture: np.ndarray, text: str, tokens: int) -> str:
    content = [{"type": "image"}, {"type": "text", "text": text}]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    inputs = processor(text=[prompt], images=[picture], return_tensors="pt")
    with torch.inference_mode():
        out = loaded.model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    written = out[0, inputs["input_ids"].shape[1] :]
    return processor.tokenizer.decode(written, skip_special_tokens=True)


def _picture(random: np.random.Generator) -> np.ndarray:
    coarse = random.integers(0, 255, (SIDE // 16, SIDE // 16, 3), dtype=np.uint8)
    return coarse.repeat(16, 0).repeat(16, 1)


def _page(rounds: Sequence[Sequence[dict[str, Any]]], tokens: int, busy: float, s: float) -> str:
    lines = [
        "| | leapcasa | processor + generate | faster | prompt tokens read |",
        "| --- | --- | --- | --- | --- |",
    ]
    for index, name in enumerate(CASES):
        rows = [r[index] for r in rounds]
        ours, plain = (statistics.median(r[k] for r in rows) for k in ("ours_s", "plain_s"))
        ratio = statistics.median(r["plain_s"] / r["ours_s"] for r in rows)
        read = f"{rows[0]['read']} of {rows[0]['prompt']}"
        lines.append(f"| {name} | {ours:.2f} s | {plain:.2f} s | {ratio:.2f}x | {read} |")
    same = sum(row["same"] for r in rounds for row in r)
    return (
        "# The planner's writing beside transformers' generate\n\n"
        f"Command: `python benchmarks/planner.py {' '.join(sys.argv[1:])}`".rstrip(" `")
        + "`\n\n"
        + f"{os.cpu_count()} cores, load {busy:.1f} when started; torch {torch.__version__}, "
        f"transformers {transformers.__version__}, float32, Python {platform.python_version()}. "
        f"Random weights at the 2B model's depths, one {SIDE} px picture, {tokens} greedy tokens. "
        f"Medians over {len(rounds)} rounds; the ratio is the median of each round's own.\n\n"
        + "\n".join(lines)
        + f"\n\nTexts that are the same to the letter: {same} of {len(rounds) * len(CASES)}.\n\n"
        f"The whole run took {s:.0f} s.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
