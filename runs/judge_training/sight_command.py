"""`leapcasa judge train --recipe sight`, as the command line asks for it and shows it."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...configs import ConfigError, nearest
from ..console import Console, Stages

NAME = "sight"
NUMBERS = (
    "member", "seed", "steps", "look_steps", "undone", "still", "maps", "fresh", "heads",
)  # fmt: skip
"""What `--set` may change."""


def train(options: argparse.Namespace, console: Console) -> int:
    """Train and say how well it judges kitchens that were held out.

    Raises:
        ConfigError: for bad input.
        RecordError: if files cannot be written.
    """
    from ...policies.embedded.policy import SHIPPED
    from . import sight

    begin = Path(options.base_model).expanduser() if options.base_model else SHIPPED
    request = sight.SightRequest(
        data=[path.expanduser().absolute() for path in options.data],
        begin=begin.absolute(),
        out=options.out.expanduser().absolute(),
        only=options.only,
    )
    request = replace(request, **_numbers(options.set))
    with Stages() as stages, console.quiet_stdout():
        facts = sight.train(request, stages.told)
    console.result({**facts, "out": request.out}, _as_text(request.out, facts))
    return 0


def _numbers(given: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in NUMBERS:
            raise ConfigError(f"--set {text}: unknown{nearest(name, NUMBERS)}; there are "
                              f"{', '.join(NUMBERS)}")  # fmt: skip
        if not value.isdigit() or int(value) < (name == "steps"):
            raise ConfigError(f"--set {text}: give a whole number")
        found[name] = int(value)
    return found


def _as_text(out: Path, facts: Mapping[str, Any]) -> str:
    held = facts["held_out"]

    def shown(rate: Mapping[str, Any]) -> str:
        if rate["accuracy"] is None:
            return "none"
        return (f"{rate['accuracy']:.1%} ({rate['low']:.1%} to {rate['high']:.1%}) of "
                f"{rate['windows']}")  # fmt: skip

    lines = [f"held-out kitchens, {name:13s}{shown(held[name])}"
             for name in ("all", "complete", "not complete")]  # fmt: skip
    lines.append(f"always the commoner answer      {held['majority']:.1%}")
    lines += [
        f"  {name:28s} complete {shown(skill['complete'])}, not {shown(skill['not complete'])}"
        for name, skill in held["skills"].items()
    ]
    lines += [f"weights    {out}", f"preset     {out / 'judge.yaml'}"]
    return "\n".join(lines)
