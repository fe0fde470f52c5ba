"""The arguments of `leapcasa plan make` and `leapcasa plan eval`, and the way to their commands.

Everything heavy is imported when a command is called.
"""

import argparse
from pathlib import Path

from ..envs.sensors import View
from .console import Console

MAKE_EPILOG = """\
  leapcasa plan make "Put the cup in the sink and turn on the faucet"
  leapcasa plan make "Sear the meat" --task SearingMeat --set planner=docstring
  leapcasa plan make "Clean up" --image right.png --config leap

With --json one object: subtasks (texts in order), raw (what the planner said), rejected (reasons
for refused answers or steps), planner, milliseconds.
exit codes: 0 planned, 1 the planner gave no plan, 2 bad input
"""
EVAL_EPILOG = """\
  leapcasa plan eval --planner split docstring
  leapcasa plan eval --config leap --tasks composite_seen
  leapcasa plan eval --planner cold=leap hot=leap --config leap --set hot.temperature=0.7
  leapcasa plan eval --planner split --file pairs.jsonl

The first call builds each task's kitchen once (about 2 s each) and keeps instruction, objects and
first frames in the user's cache. PAIRS holds one object a line:
  {"instruction": "put the cup away", "reference": ["Open the cabinet door.",
   "Pick the cup from the counter and place it in the cabinet."], "id": "17", "right": "17.png"}
id, task, pictures (right, left, hand) and `after` are optional; `after` gives for each step the
positions, from 0, of the steps that must come before it, without it the order is strict.

Plans are kept in DIR under the planner's configuration: the same command goes on where it stopped,
and never makes a plan twice. What the measures mean: docs/planners.md.
exit codes: 0 done, 1 an episode could not be built (the rest is evaluated), 2 bad input
"""


def add_make(parser: argparse.ArgumentParser) -> None:
    """Declare what `plan make` takes."""
    parser.add_argument("instruction", metavar="INSTRUCTION", help="the task in words")
    for option, view in (("--image", "right"), ("--left", "left"), ("--hand", "hand")):
        parser.add_argument(option, metavar="PNG", type=Path, help=f"what the {view} view shows")
    parser.add_argument(
        "--task", metavar="TASK", default="", help="a RoboCasa365 task, for planners that ask"
    )
    _add_planner(parser)


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Declare what `plan eval` takes."""
    parser.add_argument(
        "--planner",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help="planners to evaluate and compare, LABEL=NAME for one of several configurations "
        "(default: the preset's)",
    )
    _add_planner(parser, more="; LABEL.OPTION=VALUE for one planner's option")
    parser.add_argument(
        "--file", metavar="PAIRS", type=Path, help="pairs of instruction and reference (.jsonl)"
    )
    parser.add_argument(
        "--tasks", metavar="SET", help="a task set, or composite tasks with commas (default: all)"
    )
    parser.add_argument("--split", default="target", help="pretrain or target (default: target)")
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of the episodes (default: 0)"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="results; an earlier evaluation's folder is continued (default: one below outputs/ "
        "that the same request finds again)",
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, default=1, help="kitchens built at once (default: 1)"
    )


def make(options: argparse.Namespace, console: Console) -> int:
    """Run `plan make`."""
    from .plan_make_cmd import MakeRequest, make_command

    given: dict[View, Path | None] = {
        "right": options.image, "left": options.left, "hand": options.hand
    }  # fmt: skip
    request = MakeRequest(
        instruction=options.instruction,
        pictures={view: path for view, path in given.items() if path is not None},
        task=options.task,
        preset=options.config,
        overrides=options.set,
    )
    return make_command(request, console)


def evaluate(options: argparse.Namespace, console: Console) -> int:
    """Run `plan eval`."""
    from .plan_eval_cmd import EvalRequest, eval_command

    request = EvalRequest(
        planners=options.planner,
        preset=options.config,
        overrides=options.set,
        file=options.file,
        tasks=options.tasks,
        split=options.split,
        seed=options.seed,
        out=options.out,
        workers=options.workers,
    )
    return eval_command(request, console)


def _add_planner(parser: argparse.ArgumentParser, more: str = "") -> None:
    parser.add_argument(
        "--config",
        metavar="PRESET",
        default="default",
        help="whose planner it is, see `leapcasa config list` (default: default)",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help=f"override one value of the preset, for instance --set planner=script --set "
        f"planner.options.file=steps.txt{more}; may be repeated",
    )
