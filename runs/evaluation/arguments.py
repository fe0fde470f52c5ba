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
    parser.add_argument("--workers", metavar="N", type=int, help="processes (default: one a core)")
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
    parser.add_argument("--no-video", action="store_true", help="record no videos")


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
    from .request import EvalRequest

    return EvalRequest(
        tasks=options.task,
        episodes=options.episodes,
        seeds=options.seeds,
        split=options.split,
        preset=options.config,
        overrides=options.set,
        workers=options.workers,
        out=options.out,
        resume=options.resume,
        retry_errors=options.retry_errors,
        time_limit=options.time_limit,
        video=not options.no_video,
    )


def compare(options: argparse.Namespace, console: Console) -> int:
    """Run `compare`."""
    from .compare import compare_command

    return compare_command(options.first, options.second, console)
