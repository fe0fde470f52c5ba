"""The arguments of `leapcasa judge data`."""

import argparse
from pathlib import Path

from ..console import Console

EPILOG = """\
Episodes of the experts are recorded - clean, disturbed, at first at the wrong place, paused, after
random motion, undone and done again - and cut into 64-frame windows in the phases of the published
judge's dataset. The referee labels; nothing of it is in films, names or order.

DIR/train.jsonl, val.jsonl and test.jsonl are manifests for `leapcasa judge eval` and
`leapcasa judge train`. Test scenes are target kitchens, and no scene is in two splits.

An interrupted command goes on with the same command; more --episodes add to what is there. With
--test-only the clips to measure a judge with are the same, and soon made; the command without it
adds the rest.

exit codes: 0 done, 1 some episode broke (the dataset is made of the others), 2 bad input
"""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Declare what `judge data` takes."""
    parser.add_argument(
        "tasks", metavar="TASK", nargs="*", help="tasks whose subtasks the experts can carry out"
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="the dataset; a begun one goes on"
    )
    parser.add_argument(
        "--episodes", metavar="N", type=int, default=100, help="of each task (default: 100)"
    )
    parser.add_argument(
        "--lerobot",
        metavar="FOLDER",
        type=Path,
        nargs="+",
        default=[],
        help="instead of tasks: demonstrations in LeRobot format with subtask annotations",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=5090, help="(default: 5090)")
    parser.add_argument(
        "--size", metavar="PX", type=int, default=224, help="side of a frame (default: 224)"
    )
    parser.add_argument(
        "--profile",
        choices=("exact", "fast"),
        default="exact",
        help="how kitchens are drawn (default: exact)",
    )
    parser.add_argument(
        "--crf", metavar="N", type=int, default=0,
        help="x264 quality of the films; 0, the default, loses nothing",
    )  # fmt: skip
    parser.add_argument(
        "--test-share", metavar="SHARE", type=float,
        help="of the episodes, in target kitchens (default: 0.102, the published dataset's)",
    )  # fmt: skip
    parser.add_argument(
        "--test-only", action="store_true",
        help="record only the episodes in target kitchens",
    )  # fmt: skip
    parser.add_argument(
        "--dense", metavar="N", type=int, default=1,
        help="so many times as many windows of the same films to train on (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", metavar="N", type=int, default=1, help="processes (default: 1)"
    )


def data(options: argparse.Namespace, console: Console) -> int:
    """Run `judge data`."""
    from .command import TEST_SHARE, DataRequest, data_command

    request = DataRequest(
        out=options.out,
        tasks=options.tasks,
        episodes=options.episodes,
        seed=options.seed,
        size=options.size,
        profile=options.profile,
        crf=options.crf,
        test_share=TEST_SHARE if options.test_share is None else options.test_share,
        test_only=options.test_only,
        dense=options.dense,
        workers=options.workers,
        lerobot=options.lerobot,
    )
    return data_command(request, console)
