"""The arguments of `leapcasa replay`, and the way to the command."""

import argparse
from pathlib import Path

from ..console import Console

EPILOG = """\
  leapcasa replay outputs/RUN                               a single rollout
  leapcasa replay outputs/rinse RinseSinkBasin:3            an episode of an evaluation
  leapcasa replay outputs/rinse RinseSinkBasin_target_s3 --video --out outputs/again

The scene is built from the record and its actions are run again, open loop. State, proprioception,
RoboCasa's criterion and the pixels of the external views are compared look by look.
exit codes: 0 the same in everything that could be compared, 1 it parts (and where), 2 bad input
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare what `replay` takes."""
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="an evaluation's folder, or a rollout's"
    )
    parser.add_argument(
        "episode", metavar="EPISODE", nargs="?", help="TASK_SPLIT_sSEED or TASK:SEED"
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="write replay.json (and the video) there"
    )
    parser.add_argument(
        "--video", action="store_true", help="with --out: record and rerun side by side"
    )
    parser.add_argument(
        "--no-frames", action="store_true", help="compare physics alone: no pictures, no GL"
    )


def replay(options: argparse.Namespace, console: Console) -> int:
    """Run `replay`."""
    from .command import replay_command

    return replay_command(
        options.folder,
        options.episode,
        out=options.out,
        video=options.video,
        pictures=not options.no_frames,
        console=console,
    )
