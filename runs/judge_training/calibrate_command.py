"""The arguments of `leapcasa judge calibrate`, and its command."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ...configs import ConfigError
from ..console import Console, Stages
from ..records import check_free

T = TypeVar("T")
EPILOG = """\
  leapcasa judge calibrate clips/train.jsonl --base-model outputs/judge --out outputs/calibrated

DATA must be of kitchens that the judge was not trained on: manifests as `judge eval` reads them or
folders of `judge data` (all rows but its test), and folders of `policy data` (of these the kitchens
held out of all training; all of them with --all). Weights stay what they are; each view's answer is
brought to the odds that it has there, two of three clips not complete. Of a joined judge every
network is calibrated by what is its own; one of which there is too little stays as it was.

--kind KIND gives a kind of subtask figures of its own, and leaves all else as it is: where a
network is wrong about that kind in another way than about its others.

In the closed loop a network may still be wrong more often than its odds say, as the policy comes
to what no recording holds. --doubt N=X gives network N of the judge a doubt of its own, which
counts where it is greater than the option `doubt`, and not where that is 0 (as in `judge eval`).
--doubt "N,KIND=X" is for one kind of subtask, and counts there alone, greater or not.
It needs no DATA: choose it on episodes of `leapcasa eval` and measure on others.

--knows N=KIND says what network N was trained for. In a loop that has any doubt, a subtask of any
other kind is never complete, so nothing is declared done that no network ever saw done.

exit codes: 0 done, 2 bad input
"""


def add_calibrate(parser: argparse.ArgumentParser) -> None:
    """Declare what `judge calibrate` takes."""
    parser.add_argument("data", metavar="DATA", type=Path, nargs="*", help="what it is shown")
    parser.add_argument(
        "--all", action="store_true",
        help="all kitchens of `policy data`, as no network was trained on these folders",
    )  # fmt: skip
    parser.add_argument(
        "--base-model", metavar="DIR", type=Path,
        help="a folder of `judge train --recipe sight` or `judge join` (default: the one that "
        "ships)",
    )  # fmt: skip
    parser.add_argument(
        "--kind", metavar="KIND", type=_kind, action="append", default=[],
        help='a kind of subtask, as "turn_on faucet", that gets figures of its own; may be '
        "repeated",
    )  # fmt: skip
    parser.add_argument(
        "--doubt", metavar="N[,KIND]=X", type=_doubt, action="append", default=[],
        help="what network N of the judge wants in the closed loop, of one kind of subtask or of "
        "all that have none of their own; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--knows", metavar="N=KIND", type=_known, action="append", default=[],
        help='a kind of subtask that network N was trained for, as "4=turn_on faucet"; all of '
        "them, by repeating this",
    )  # fmt: skip
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where it goes")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run `judge calibrate`.

    Raises:
        ConfigError: for bad input.
        RecordError: if files cannot be written.
    """
    from ...judges.sight.judge import SHIPPED
    from . import calibrate

    if not options.data and not options.doubt and not options.knows:
        raise ConfigError("name what the judge is to be shown (DATA), or a --doubt, or --knows")
    if options.kind and not options.data:
        raise ConfigError("--kind needs what the judge is to be shown (DATA)")
    out = options.out.expanduser().absolute()
    check_free(out)
    request = calibrate.CalibrateRequest(
        data=[path.expanduser().absolute() for path in options.data],
        kinds=tuple(dict.fromkeys(options.kind)),
        judge=(options.base_model or SHIPPED).expanduser().absolute(),
        out=out,
        doubts=dict(options.doubt),
        knows=_gathered(options.knows),
        everything=options.all,
    )
    with Stages() as stages, console.quiet_stdout():
        facts = calibrate.calibrate(request, partial(stages.told, "looking"))
    doubts = {_named(*key): doubt for key, doubt in request.doubts.items()}
    knows = {str(number): list(kinds) for number, kinds in request.knows.items()}
    shown = _as_text(out, facts, doubts, knows)
    console.result({"members": facts, "doubts": doubts, "knows": knows, "out": out}, shown)
    return 0


def _kind(text: str) -> str:
    """`turn_on faucet`."""
    from ...judges.sight.calibration import checked_kind

    try:
        return checked_kind(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'{error}; like "turn_on faucet"') from error


def _doubt(text: str) -> tuple[tuple[int, str], float]:
    """`1=2.0` or `1,turn_on faucet=2.0`: which network, of which kind of subtask, and its doubt."""
    from ...judges.sight.calibration import checked_doubt

    which, _, said = text.partition("=")
    number, comma, kind = which.partition(",")
    wanted = "a doubt of 0 or more, like 1=2.0"
    known, doubt = _numbered(
        f"{number}={said}", lambda doubt: checked_doubt(float(doubt)), wanted, text
    )
    return (known, _kind(kind.strip()) if comma else ""), doubt


def _known(text: str) -> tuple[int, str]:
    """`4=turn_on faucet`: which network, and what it knows."""
    from ...judges.sight.calibration import checked_kind

    return _numbered(text, checked_kind, 'what it knows, like "4=turn_on faucet"')


def _numbered(text: str, read: Callable[[str], T], wanted: str, whole: str = "") -> tuple[int, T]:
    number, _, said = text.partition("=")
    try:
        return int(number), read(said)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{whole or text!r} is not a network's number and {wanted}"
        ) from error


def _named(number: int, kind: str) -> str:
    return f"{number}, {kind}" if kind else str(number)


def _gathered(pairs: Sequence[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for number, kind in pairs:
        found.setdefault(number, []).append(kind)
    return found


def _as_text(
    out: Path,
    facts: Mapping[str, Any],
    doubts: Mapping[str, float],
    knows: Mapping[str, Sequence[str]],
) -> str:
    lines = [f"network {number} wants a doubt of {doubt:g}" for number, doubt in doubts.items()]
    lines += [f"network {number} knows {', '.join(kinds)}" for number, kinds in knows.items()]
    for number, one in facts.items():
        lines.append(f"network {number}, {one['windows']} windows")
        for view, figures in one["calibration"].items():
            shown = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
            lines.append(f"  {view:6s}{shown}")
        for name, before in one["before"].items():
            after = one["after"][name]
            lines.append(
                f"  {name:13s}{before['value']:.1%} -> {after['value']:.1%} "
                f"({after['low']:.1%} to {after['high']:.1%}) of {after['n']}"
            )
    return "\n".join([*lines, f"preset     {out / 'judge.yaml'}"])
