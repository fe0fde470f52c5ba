"""The arguments of `leapcasa plan vlabench`, and the way to its command."""

import argparse
from pathlib import Path

from ..console import Console

EPILOG = """\
  leapcasa plan vlabench --model Qwen/Qwen3-VL-2B-Instruct --data vlm_evaluation_v1.0
  leapcasa plan vlabench --model base=models/Qwen3-VL-2B-Instruct leap=output/checkpoint-5000 \\
    --data vlm_evaluation_v1.0 --dimension "M&T" --shots 1
  leapcasa plan vlabench --outputs theirs=eva_results --data vlm_evaluation_v1.0

DATA has [DIMENSION/]TASK/exampleN/{input,output}, as VLABench publishes it. Every answer is kept in
DIR at once: the same command goes on where it stopped. What the scores mean, and which of them
compare with published ones: docs/vlabench.md.
exit codes: 0 done, 1 a sample or model failed (the rest is evaluated), 2 bad input
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare what `plan vlabench` takes."""
    parser.add_argument("--data", metavar="DATA", type=Path, required=True, help="the samples")
    parser.add_argument(
        "--model",
        metavar="[LABEL=]PATH",
        nargs="+",
        action="extend",
        default=[],
        help="checkpoints: a folder or hub id of any Qwen3-VL",
    )
    parser.add_argument(
        "--outputs",
        metavar="[LABEL=]FILE",
        nargs="+",
        action="extend",
        default=[],
        help="answers of other tools: output.json, a folder of them, or .jsonl of sample and raw",
    )
    parser.add_argument(
        "--dimension", metavar="NAME", default="all",
        help="M&T, CommonSense, Semantic, Spatial, PhysicsLaw, Complex or all (default)",
    )  # fmt: skip
    parser.add_argument("--shots", metavar="N", type=int, default=0, help="examples (default: 0)")
    parser.add_argument("--language", default="en", help="of the questions: en or zh (default: en)")
    parser.add_argument("--cot", action="store_true", help="ask for reasoning before the answer")
    parser.add_argument(
        "--prompt",
        metavar="FILE",
        type=Path,
        help="what is said first, such as VLABench's own",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="how models are loaded: adapter, quantization, dtype, device, most_pixels, ...; "
        "LABEL.KEY=VALUE for one model; may be repeated",
    )
    parser.add_argument("--limit", metavar="N", type=int, help="samples of each task at most")
    parser.add_argument("--temperature", type=float, default=0.0, help="(default: 0, greedy)")
    parser.add_argument("--top-p", type=float, default=0.9, help="(default: 0.9)")
    parser.add_argument("--max-new-tokens", type=int, default=512, help="(default: 512)")
    parser.add_argument("--seed", type=int, default=0, help="of shots and sampling (default: 0)")
    parser.add_argument(
        "--out", metavar="DIR", type=Path,
        help="(default: one below outputs/ that the same request finds again)",
    )  # fmt: skip


def vlabench(options: argparse.Namespace, console: Console) -> int:
    """Run `plan vlabench`."""
    from .command import VlabenchRequest, vlabench_command

    request = VlabenchRequest(
        data=options.data,
        models=options.model,
        outputs=options.outputs,
        dimension=options.dimension,
        shots=options.shots,
        language=options.language,
        chain_of_thought=options.cot,
        prompt=options.prompt,
        overrides=options.set,
        limit=options.limit,
        temperature=options.temperature,
        top_p=options.top_p,
        max_new_tokens=options.max_new_tokens,
        seed=options.seed,
        out=options.out,
    )
    return vlabench_command(request, console)
