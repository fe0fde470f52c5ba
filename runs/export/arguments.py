"""The arguments of `leapcasa export`, and the way to the command."""

import argparse
from pathlib import Path

from ..console import Console

EPILOG = """\
  leapcasa export outputs/rinse outputs/rinse-lerobot --lerobot-python ENV/bin/python
  leapcasa export outputs/RUN outputs/one --successful --lossless --lerobot-python ENV/bin/python

Each episode is run again from its record (open loop), checked to be the same, and its pictures are
drawn anew: the record's own video is annotated and lossy. LeRobot itself writes the data set, in an
environment of its own. The same command goes on where it stopped; OUT appears when it is whole.
exit codes: 0 every chosen episode is in it, 1 some could not be made again (they are named), or
LeRobot failed, 2 bad input, 130 interrupted
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare what `export` takes."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="an evaluation, a rollout, or a folder of rollouts"
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="the data set; must not exist yet")
    parser.add_argument("--format", default="lerobot", help="lerobot (v3.0, the default)")
    parser.add_argument(
        "--lerobot-python",
        metavar="PATH",
        help="the python of an environment with lerobot (default: $LEAPCASA_LEROBOT_PYTHON)",
    )
    parser.add_argument(
        "--episode",
        metavar="NAME",
        action="append",
        default=[],
        help="only this one (TASK_SPLIT_sSEED or TASK:SEED); may be repeated",
    )
    parser.add_argument(
        "--successful", action="store_true", help="only where RoboCasa's criterion was met"
    )
    parser.add_argument(
        "--mapping",
        metavar="NAME",
        default="robocasa365",
        help="names and order of the preset lerobot: robocasa365 (default) or dataset",
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, help="side of the pictures (default: the mapping's, 256)"
    )
    parser.add_argument(
        "--profile", default="exact", help="render profile, exact (default) or fast"
    )
    parser.add_argument(
        "--lossless", action="store_true", help="pictures as PNG in Parquet instead of AV1 videos"
    )
    parser.add_argument(
        "--repo-id", metavar="USER/NAME", help="the data set's name (default: leapcasa/OUT)"
    )


def export(options: argparse.Namespace, console: Console) -> int:
    """Run `export`."""
    from .command import ExportRequest, export_command

    return export_command(
        ExportRequest(
            folder=options.folder,
            out=options.out,
            format=options.format,
            python=options.lerobot_python,
            episodes=options.episode,
            successful=options.successful,
            mapping=options.mapping,
            size=options.size,
            profile=options.profile,
            lossless=options.lossless,
            repo_id=options.repo_id,
        ),
        console,
    )
