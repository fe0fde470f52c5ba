"""The arguments of `leapcasa policy join` and `leapcasa judge join`, and their command."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..console import Console

EPILOG = """\
  leapcasa {0} join --add outputs/pan "rotate the pan" --out outputs/joined

DIR, a folder of `leapcasa {0} train`, is asked whenever a subtask is one of those named (in any
words), BASE whenever it is another. BASE stays what it was to the last bit: nothing that was
learned anew can spoil it. BASE may be joined already; what DIR is for is then taken from the
others.
exit codes: 0 joined, 2 bad input
"""


def add(inner: Any, make: Callable[..., argparse.ArgumentParser], what: str) -> None:
    """Declare `join` below `policy` or `judge`."""
    parser = make(inner, "join", f"keep a {what} for new skills beside another, in one folder",
                  partial(join, what), epilog=EPILOG.format(what))  # fmt: skip
    parser.add_argument(
        "base", metavar="BASE", type=Path, nargs="?", help="(default: the one that ships)"
    )
    parser.add_argument(
        "--add", metavar=("DIR", "SUBTASK"), nargs="+", action="append", default=[],
        help="a folder, and in words the subtasks that it is for; may be repeated",
    )  # fmt: skip
    parser.add_argument("--first", metavar="SUBTASK", nargs="+", default=[],
                        help="sentences that stay with BASE's first member, where what is added "
                             "is asked for in words much like them")  # fmt: skip
    parser.add_argument("--bits", metavar="N", type=int, choices=(8, 16), default=16,
                        help="that each weight of what is added is kept in: 16 (default), or 8, "
                             "which takes half of the space")  # fmt: skip
    parser.add_argument("--shrink", metavar="N", type=int, action="append", default=[],
                        help="keep BASE's own member N (0 is the first) in 8 bits a weight from "
                             "now on; may be repeated")  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where it goes")


def join(what: str, options: argparse.Namespace, console: Console) -> int:
    """Run `policy join` or `judge join`."""
    from ...judges.sight import checkpoint as judge
    from ...judges.sight.judge import SHIPPED as JUDGE
    from ...policies.embedded import checkpoint as policy
    from ...policies.embedded.policy import SHIPPED as POLICY
    from .command import JoinRequest, join_command

    kind, shipped = {"policy": (policy.KIND, POLICY), "judge": (judge.KIND, JUDGE)}[what]
    request = JoinRequest(
        kind=kind,
        base=options.base or shipped,
        added=[(Path(folder), texts) for folder, *texts in options.add],
        out=options.out,
        bits=options.bits,
        shrunk=options.shrink,
        first=options.first,
    )
    return join_command(request, console)
