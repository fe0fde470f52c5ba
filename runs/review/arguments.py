"""The arguments of `leapcasa plan review`, and the way to its command."""

import argparse
from pathlib import Path

from ..console import Console

EPILOG = """\
  leapcasa plan review --data blind_10.jsonl --model base=Qwen3-VL-2B-Instruct leap=out/ckpt \\
    --judge gpt=https://api.openai.com/v1#gpt-4o-mini --api-key-env OPENAI_API_KEY
  leapcasa plan review --data blind_10.jsonl --plans a.jsonl b.jsonl --judge qwen=models/Qwen3-VL-4B
  leapcasa plan review --csv outputs.csv --judge local=http://127.0.0.1:8000/v1#qwen --rounds 4

Plans are shown unnamed and shuffled; every round turns their order by one place. All prompts and
answers are kept in DIR/judgements.jsonl: the same command goes on where it stopped. The key is read
from the environment and written nowhere. What the figures mean: docs/plan_review.md.
exit codes: 0 done, 1 a plan or judgement is missing (the rest counts), 2 bad input
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare what `plan review` takes."""
    many = {"nargs": "+", "action": "extend", "default": []}
    parser.add_argument("--data", metavar="JSONL", type=Path, help="tasks in LEAP's form")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="outputs of LEAP's own tool")
    parser.add_argument("--model", metavar="[LABEL=]PATH", help="checkpoints that plan", **many)
    parser.add_argument("--plans", metavar="[LABEL=]FILE", help="plans: .jsonl of id, plan", **many)
    parser.add_argument(
        "--judge", metavar="[LABEL=]WHERE", help="URL#MODEL of an OpenAI-compatible server, or the "
        "folder or hub id of a Qwen3-VL", **many,
    )  # fmt: skip
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[],
        help="how models and local judges are loaded; LABEL.KEY=VALUE for one; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--price", metavar="JUDGE=IN,OUT", action="append", default=[],
        help="dollars per million tokens read and written, for the costs",
    )  # fmt: skip
    parser.add_argument("--api-key-env", metavar="NAME", default="", help="variable with the key")
    parser.add_argument("--rubric", metavar="FILE", type=Path, help="other words for the judge")
    parser.add_argument("--rounds", metavar="N", type=int, default=2, help="(default: 2)")
    parser.add_argument("--limit", metavar="N", type=int, help="the first N samples")
    parser.add_argument("--no-image", action="store_true", help="judges see no picture")
    parser.add_argument("--concurrency", metavar="N", type=int, default=4, help="(default: 4)")
    parser.add_argument("--judge-temperature", type=float, default=0.0, help="(default: 0)")
    parser.add_argument("--timeout", metavar="S", type=float, default=120.0, help="(default: 120)")
    parser.add_argument("--temperature", type=float, default=0.7, help="of plans (default: 0.7)")
    parser.add_argument("--top-p", type=float, default=0.9, help="of plans (default: 0.9)")
    parser.add_argument("--max-new-tokens", type=int, default=256, help="of plans (default: 256)")
    parser.add_argument("--seed", type=int, default=0, help="of orders and plans (default: 0)")
    parser.add_argument(
        "--out", metavar="DIR", type=Path,
        help="(default: one below outputs/ that the same request finds again)",
    )  # fmt: skip


def review(options: argparse.Namespace, console: Console) -> int:
    """Run `plan review`."""
    from .command import ReviewRequest, review_command

    request = ReviewRequest(
        data=options.data,
        csv=options.csv,
        models=options.model,
        plans=options.plans,
        judges=options.judge,
        overrides=options.set,
        prices=options.price,
        api_key_env=options.api_key_env,
        rubric=options.rubric,
        rounds=options.rounds,
        limit=options.limit,
        show_image=not options.no_image,
        concurrency=options.concurrency,
        judge_temperature=options.judge_temperature,
        timeout=options.timeout,
        temperature=options.temperature,
        top_p=options.top_p,
        max_new_tokens=options.max_new_tokens,
        seed=options.seed,
        out=options.out,
    )
    return review_command(request, console)
