"""The arguments of `leapcasa eval` and `leapcasa compare`, and the way to their commands.

Everything heavy is imported when a command is called.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import Console

if TYPE_CHECKING:
    from .request import EvalRequest

TIME_LIMIT_S = 3600.0
EVAL_EPILOG = """\
TASK is a task or a task set: atomic_seen, composite_seen, composite_unseen, target50, ...
  leapcasa eval RinseSinkBasin --episodes 20 --workers 2 --out outputs/rinse
  leapcasa eval --resume --out outputs/rinse              goes on after anything, as it was begun
  leapcasa eval RinseSinkBasin --seeds 0-49 --resume --out outputs/rinse     adds episodes
  leapcasa eval --resume --attribute --out outputs/rinse  which part loses the failed episodes
  leapcasa compare outputs/rinse outputs/other

Every episode is recorded once, whole or not at all. An episode whose worker dies or exceeds the
time limit is an infrastructure error: run once more, and again with --resume, never counted as a
failure of the task; nor is an error of the agent's own parts.

exit codes: 0 every episode is scored (whatever the success rate), 1 errors are left or nothing
could be written, 2 bad input, 130 interrupted (what is recorded stays)
"""
COMPARE_EPILOG = """\
Both folders have to hold episodes of the same tasks, seeds, split and assets. Only episodes that
are scored on both sides count.
exit codes: 0 compared (whatever the difference), 2 bad input
"""


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Declare what `eval` takes."""
    parser.add_argument("task", metavar="TASK", nargs="*", help="tasks and task sets")
    parser.add_argument(
        "--episodes",
        metavar="N",
        type=int,
        help="episodes of each task (default: 10, official-multitask: 50)",
    )
    parser.add_argument(
        "--seeds", metavar="LIST", help="0-19 or 3,5,8 (default: from 0, as many as --episodes)"
    )
    parser.add_argument("--split", help="pretrain or target scenes (default: the preset's)")
    parser.add_argument(
        "--config",
        metavar="PRESET",
        help="see `leapcasa config list` (default: default); official-multitask,openpi lays the "
        "second over the first",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one value of the preset, for instance --set policy=random; may be repeated",
    )
    _add_place(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, help="(default: outputs/eval-DATE-TIME)")
    parser.add_argument("--resume", action="store_true", help="go on with the evaluation in DIR")
    parser.add_argument(
        "--retry-errors",
        action="store_true",
        help="with --resume: also run episodes again that ended with an error of their own",
    )
    parser.add_argument(
        "--time-limit",
        metavar="SECONDS",
        type=float,
        default=TIME_LIMIT_S,
        help="wall time after which an episode's worker is killed (default: 3600)",
    )
    parser.add_argument(
        "--stop-when",
        metavar="RULE",
        help="end each task as soon as this is known: width=0.2 (the interval is so narrow) or "
        "sprt=0.5,0.7 (the rate is below the first or above the second); off by default",
    )
    parser.add_argument(
        "--attribute",
        action="store_true",
        help="run failed episodes again with parts replaced by their upper bounds: who is to blame",
    )
    parser.add_argument(
        "--attribute-episodes",
        metavar="N",
        type=int,
        help="with --attribute: only N of the failed episodes, each task's share (default: all)",
    )
    parser.add_argument("--no-video", action="store_true", help="record no videos")
    parser.add_argument(
        "--wandb",
        metavar="[ENTITY/]PROJECT",
        help="also log to Weights & Biases (WANDB_MODE=offline is honoured)",
    )


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Declare where episodes are run."""
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="episodes at once (default: one a core, or what the Ray cluster has room for)",
    )
    parser.add_argument(
        "--share-models",
        action=argparse.BooleanOptionalAction,
        help="one process scores for all workers (default: if several would load a judge's model)",
    )
    parser.add_argument(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="processes of this machine, or Ray (pip install leapcasa[ray])",
    )
    parser.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="a running cluster: auto, or HOST:PORT (default: a Ray of this machine alone)",
    )
    parser.add_argument(
        "--ray-cpus", metavar="N", type=float, default=1.0, help="of each worker (default: 1)"
    )
    parser.add_argument(
        "--ray-gpus",
        metavar="N",
        type=float,
        default=0.0,
        help="of each worker, 0.5 lets two share one (default: 0)",
    )


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Declare what `compare` takes."""
    parser.add_argument("first", metavar="DIR_A", type=Path, help="an evaluation's folder")
    parser.add_argument("second", metavar="DIR_B", type=Path, help="another one")


def evaluate(options: argparse.Namespace, console: Console) -> int:
    """Run `eval`."""
    from .command import eval_command

    return eval_command(request(options), console)


def request(options: argparse.Namespace) -> "EvalRequest":
    """What the arguments of `eval` ask for."""
    from .executors import Place
    from .ray_executor import RayOptions
    from .request import EvalRequest

    return EvalRequest(
        tasks=options.task,
        episodes=options.episodes,
        seeds=options.seeds,
        split=options.split,
        preset=options.config,
        overrides=options.set,
        out=options.out,
        resume=options.resume,
        retry_errors=options.retry_errors,
        time_limit=options.time_limit,
        video=not options.no_video,
        stop_when=options.stop_when,
        wandb=options.wandb,
        attribute=options.attribute,
        attribute_episodes=options.attribute_episodes,
        place=Place(
            executor=options.executor,
            workers=options.workers,
            ray=RayOptions(
                address=options.ray_address, cpus=options.ray_cpus, gpus=options.ray_gpus
            ),
            share=options.share_models,
        ),
    )


def compare(options: argparse.Namespace, console: Console) -> int:
    """Run `compare`."""
    from .compare import compare_command

    return compare_command(options.first, options.second, console)
