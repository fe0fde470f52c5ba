"""Why a rerun may part from its record: what is different here from where it was made.

RoboCasa's physics repeats itself on the same versions and assets only, so these are named first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..evaluation.identity import SIMULATION
from ..versions import machine, versions
from .recorded import Recorded

DECIDE = (*SIMULATION, "numpy", "leapcasa")
"""Packages that decide what happens; the others are told apart."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Between then and now; each a line."""

    assets: str
    """Empty if they are the same."""
    versions: tuple[str, ...]
    """Of the packages that decide what happens."""
    other_versions: tuple[str, ...]
    machine: tuple[str, ...]


def differences(recorded: Recorded, assets: str) -> Differences:
    """What differs.

    Args:
        recorded: the record.
        assets: kind and version of the assets in use now.
    """
    before = recorded.run.get("versions") or {}
    lines = _lines(before, versions())
    was = recorded.scene.assets
    return Differences(
        assets=f"assets: {was or 'unknown'} then, {assets} now" if was != assets else "",
        versions=tuple(line for name, line in lines if name in DECIDE),
        other_versions=tuple(line for name, line in lines if name not in DECIDE),
        machine=_machine(recorded.run.get("machine") or {}),
    )


def likely(found: Differences, quantity: str, step: int) -> str:
    """The likely reason that something parted.

    Args:
        found: what is different here.
        quantity: that parted first; `scene` if that came out different.
        step: at which it parted.
    """
    decisive = [*([found.assets] if found.assets else []), *found.versions]
    if decisive:
        return "it was recorded on something else: " + "; ".join(decisive)
    if quantity.startswith("frames"):
        drawn = "; ".join(found.machine) or "the same system by name"
        return f"the same physics, drawn by another GL driver or machine ({drawn})"
    if found.machine:
        return "the same versions on another machine: " + "; ".join(found.machine)
    action = f", for instance the action of step {step - 1}" if step else ""
    return (
        "nothing that is known of differs (assets, versions, machine): something was changed in "
        f"the record{action}, or in an asset folder or a package that kept its version"
    )


def _machine(before: Mapping[str, Any]) -> tuple[str, ...]:
    now = machine()
    if now["gl"] is None or "gl" not in before:  # nothing was drawn here, so none was chosen
        before, now = ({k: v for k, v in one.items() if k != "gl"} for one in (before, now))
    return tuple(line for _, line in _lines(before, now))


def _lines(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, f"{name}: {before.get(name)} then, {now.get(name)} now")
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
