"""The arguments of `leapcasa judge train`, and its command."""

import argparse
import json
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..console import Console, Progress

EPILOG = """\
recipes:
  card       QLoRA on Qwen3-VL-4B as the published judge's card tells it: NF4 with double
             quantisation, answer tokens only, 8 samples a step, once through, seed 5090
  embedded   a small Qwen3-VL of the same class from random weights, for a CPU
  sight      the judge that ships: its eye begins as an embedded policy's (--base-model, default:
             the shipped one) and learns how parts stand, then the verdict; from folders of
             `leapcasa policy data` and `judge data`, in an hour; look_steps=0 keeps the eye. Where
             --base-model is such a judge itself, it goes on learning; member=N means the Nth
             network of a joined folder

DATA is a folder that `leapcasa judge data` made, or a manifest as `judge eval` reads it (then
val.jsonl beside it is used). Every view of a row is a sample. On the way, clips of val.jsonl are
judged by the judge's own rule. DIR/judge.yaml is a preset with the trained judge:
  leapcasa judge eval DATA/test.jsonl --config DIR/judge.yaml

An interrupted training goes on with the same command, with the same losses.

exit codes: 0 done, 1 the training failed, 2 bad input, 130 stopped (a checkpoint is written)
"""


def add_train(parser: argparse.ArgumentParser) -> None:
    """Declare what `judge train` takes."""
    parser.add_argument(
        "data", metavar="DATA", type=Path, nargs="+",
        help="a dataset's folder or a manifest; for the recipe sight, folders of `policy data`",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="of the training")
    parser.add_argument(
        "--recipe", default="card", metavar="NAME", help="card (default), embedded, sight"
    )
    parser.add_argument(
        "--base-model", metavar="NAME", help="begin from this checkpoint: a folder or a hub id"
    )
    parser.add_argument("--quantization", choices=("nf4", "none"), help="of the base model")
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:N")
    parser.add_argument(
        "--views", metavar="A,B", default="right,left", help="learned from (default: right,left)"
    )
    parser.add_argument(
        "--eval-clips", metavar="N", type=int, default=96,
        help="clips judged on the way, 0 for none (default: 96)",
    )  # fmt: skip
    parser.add_argument("--limit", metavar="N", type=int, help="only the first N training rows")
    parser.add_argument(
        "--only", metavar="SKILL", action="append", default=[],
        help="recipe sight: the eye looks for this skill alone of all that DATA show, by its name "
             "in `policy eval` (\"place sink\"); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a figure of the recipe: learning_rate=1e-4, lora.rank=32, judge.size=128, "
        "small.text_width=256, ...",
    )


def train(options: argparse.Namespace, console: Console) -> int:
    """Run `judge train`.

    Raises:
        ConfigError: for bad input.
        ModelError: if the training fails.
    """
    from . import sight_command

    if options.recipe == sight_command.NAME:
        return sight_command.train(options, console)
    with console.quiet_stdout():
        facts, stopped = _train(options, console)
    check = facts.get("check") or {}
    lines = [
        f"{facts['state']} after {facts.get('steps', 0)} steps",
        f"loss       {facts.get('first_loss')} -> {facts.get('last_loss')}, "
        f"held out {facts.get('eval_loss')}",
    ]
    if check:
        lines.append(f"accuracy   {check['accuracy']:.2%} of {check['clips']} clips, "
                     f"{check['method']}")  # fmt: skip
    if "saved" in facts:
        lines.append(f"weights    {facts['saved']} ({facts['bytes'] / 1e6:.1f} MB)")
        lines.append(f"preset     {options.out / 'judge.yaml'}")
    console.result({**facts, "out": options.out}, "\n".join(lines))
    return 130 if stopped else 0


def _train(options: argparse.Namespace, console: Console) -> tuple[dict[str, Any], bool]:
    from . import run as training

    request = _request(options)
    asked_to_stop: list[bool] = []

    def stop(signum: int, frame: object) -> None:
        if asked_to_stop:
            raise KeyboardInterrupt
        asked_to_stop.append(True)
        console.note("stopping after this step (once more: at once)")

    progress: list[Progress] = []
    last: dict[str, str] = {}

    def step(done: int, total: int) -> None:
        if not progress:
            progress.append(Progress(total, "steps"))
        progress[0].update(done, ", ".join(last.values()))

    def entry(line: Mapping[str, Any]) -> None:
        for name in ("loss", "eval_loss", "accuracy"):
            if name in line and line[name] is not None:
                last[name] = f"{name.replace('_', ' ')} {line[name]:.4f}"
        if "accuracy" in line:
            console.note(f"step {line['step']}: {json.dumps(line)}")

    def began(facts: Mapping[str, Any]) -> None:
        trained, total = (facts["parameters"][k] / 1e6 for k in ("trainable", "total"))
        console.note(
            f"{facts['samples']} samples; {trained:.2f} of {total:.2f} M parameters are trained on "
            f"{facts['device']} in {facts['precision']}"
            + (f", going on from {facts['resume'].name}" if facts["resume"] else "")
        )

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        facts = training.run(
            request,
            training.Watch(began=began, entry=entry, step=step, stop=lambda: bool(asked_to_stop)),
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for bar in progress:
            bar.close()
    return facts, facts["state"] == "stopped"


def _request(options: argparse.Namespace) -> Any:
    from ...configs import ConfigError, nearest
    from ...envs.sensors import VIEWS
    from .recipes import named
    from .run import TrainRequest

    views = tuple(dict.fromkeys(v.strip() for v in options.views.split(",") if v.strip()))
    for view in views:
        if view not in VIEWS:
            raise ConfigError(f"--views {view}: there are {', '.join(VIEWS)}{nearest(view, VIEWS)}")
    if not views or options.eval_clips < 0:
        raise ConfigError("--views wants at least one view, --eval-clips 0 or more")
    if len(options.data) != 1:
        raise ConfigError(f"the recipe {options.recipe} takes one DATA, got {len(options.data)}")
    recipe = named(options.recipe, options.set)
    given = {"base_model": options.base_model, "quantization": options.quantization}
    judge = {**recipe.judge, **{k: v for k, v in given.items() if v is not None}}
    small = None if options.base_model else recipe.small
    return TrainRequest(
        data=options.data[0],
        out=options.out.expanduser().absolute(),
        recipe=replace(recipe, judge=judge, small=small),
        device=options.device,
        views=views,
        eval_clips=options.eval_clips,
        limit=options.limit,
    )
