"""The arguments of `leapcasa judge score` and `leapcasa judge eval`, and the way to their commands.

Everything heavy is imported when a command is called.
"""

import argparse
from pathlib import Path
from typing import Any

from ..envs.sensors import CAMERAS, VIEWS, View
from .console import Console

SCORE_EPILOG = """\
The options and the JSON of the published judge's own script, which prints
  {"prediction": "complete", "ensemble": "right_left_mean_normalized_nll",
   "scores": {"not complete": 0.2324, "complete": 0.1846}}
and the scores of each view besides. Lower scores win.

A clip is a video, a folder of pictures, or an .npy file of (T, H, W, 3) uint8. Of longer clips 64
frames are looked at, uniformly from the first to the last; the moment that is judged is the last.
To score as the loop does (the newest 64 frames at 20 Hz), cut the clip to its last 3.2 s.

methods: right_left (default), right, left, hand, vote, three_view
exit codes: 0 scored (whatever the verdict), 1 the model failed, 2 bad input
"""
EVAL_EPILOG = """\
MANIFEST is JSONL or Parquet, one labelled clip a row, paths relative to it:
  {"instruction": "turn on the faucet", "label": "not complete", "phase": "hard_negative",
   "right": "clips/17_right.mp4", "left": "clips/17_left.mp4", "id": "17", "group": "scene 3"}
right, left, hand: at least one; phase, id, group are optional.

Every clip is measured once; then all methods of the model card are computed from that. What was
measured is kept in DIR: an interrupted evaluation goes on with the same command, and another
threshold or method costs nothing.

exit codes: 0 done, 1 a clip or the model failed (the rest is evaluated), 2 bad input
"""


def add_score(parser: argparse.ArgumentParser) -> None:
    """Declare what `judge score` takes."""
    for view, camera in CAMERAS.items():
        parser.add_argument(
            f"--{view}", f"--{view}-video", dest=view, metavar="CLIP", type=Path,
            help=f"the moment as {camera} saw it",
        )  # fmt: skip
    parser.add_argument("--instruction", metavar="TEXT", required=True, help="the subtask in words")
    parser.add_argument(
        "--method",
        metavar="NAME",
        help="how views are joined (default: right_left, or the single view that is given)",
    )
    _add_judge(parser)


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Declare what `judge eval` takes."""
    parser.add_argument("manifest", metavar="MANIFEST", type=Path, help=".jsonl or .parquet")
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="results and what was measured; an earlier evaluation's folder is continued "
        "(default: one below outputs/ that the same manifest and judge find again)",
    )
    parser.add_argument(
        "--methods", metavar="A,B", help="only these (default: all whose views are there)"
    )
    parser.add_argument(
        "--false-advance-rate",
        metavar="SHARE",
        type=float,
        default=0.02,
        help="find the smallest margin at which at most this share of clips that are not complete "
        "is declared complete (default: 0.02)",
    )
    parser.add_argument(
        "--batch", metavar="N", type=int, default=4, help="rows judged at once (default: 4)"
    )
    parser.add_argument("--limit", metavar="N", type=int, help="only the first N rows")
    parser.add_argument(
        "--train",
        metavar="MANIFEST",
        type=Path,
        help="of the clips it was trained on: also tell what is right without looking",
    )
    _add_judge(parser)


def _add_judge(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the judge")
    group.add_argument(
        "--config", metavar="PRESET", default="card-4b",
        help="whose judge it is, see `leapcasa config list` (default: card-4b)",
    )  # fmt: skip
    group.add_argument(
        "--base-model", metavar="NAME", help="a Qwen3-VL checkpoint: a folder or a hub id"
    )
    group.add_argument(
        "--adapter-id", metavar="NAME", help="a LoRA adapter: a folder, a hub id, or none"
    )
    group.add_argument("--quantization", choices=("nf4", "none"), help="4-bit NF4, or none")
    group.add_argument(
        "--fps", metavar="HZ", type=float, help="frame rate of the time stamps in the prompt"
    )
    group.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N")
    group.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one value of the preset, for instance --set judge.options.size=224",
    )


def score(options: argparse.Namespace, console: Console) -> int:
    """Run `judge score`."""
    from .judge_score_cmd import score_command

    videos: dict[View, Path] = {
        view: getattr(options, view) for view in VIEWS if getattr(options, view) is not None
    }
    return score_command(
        videos=videos,
        instruction=options.instruction,
        method=options.method,
        choice=_choice(options),
        console=console,
    )


def evaluate(options: argparse.Namespace, console: Console) -> int:
    """Run `judge eval`."""
    from .judge_eval_cmd import EvalRequest, eval_command

    request = EvalRequest(
        manifest=options.manifest,
        choice=_choice(options),
        out=options.out,
        methods=options.methods,
        false_advance_rate=options.false_advance_rate,
        batch=options.batch,
        limit=options.limit,
        train=options.train,
    )
    return eval_command(request, console)


def _choice(options: argparse.Namespace) -> Any:
    from .judge_setup import Choice

    named = {
        "base_model": options.base_model,
        "adapter": options.adapter_id,
        "quantization": options.quantization,
        "fps": options.fps,
        "device": options.device,
    }
    given = {key: value for key, value in named.items() if value is not None}
    if given.get("adapter") == "none":
        given["adapter"] = None
    return Choice(preset=options.config, overrides=options.set, options=given)
