"""The arguments of `leapcasa report`, and the way to its command."""

import argparse
from pathlib import Path

from ..console import Console

EPILOG = """\
DIR is the folder of `leapcasa eval` (finished, running or killed) or of `leapcasa rollout`.
  leapcasa report outputs/rinse                          outputs/rinse/report.html and its files
  leapcasa report outputs/rinse --out share/page.html --embed-videos     one file to send

Beside the page lie report.json (everything), leaderboard.json and CSV files. Nothing of the
evaluation is changed.
exit codes: 0 written, 1 it cannot be written, 2 bad input
"""


def add_report(parser: argparse.ArgumentParser) -> None:
    """Declare what `report` takes."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="of an evaluation or a rollout")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="the page (default: DIR/report.html)"
    )
    parser.add_argument(
        "--embed-videos",
        action="store_true",
        help="put the videos into the page (large) instead of linking to them",
    )
    parser.add_argument("--title", metavar="TEXT", help="of the page (default: the tasks)")


def report(options: argparse.Namespace, console: Console) -> int:
    """Run `report`."""
    from .command import report_command

    return report_command(
        options.folder,
        out=options.out,
        embed=options.embed_videos,
        title=options.title,
        console=console,
    )
