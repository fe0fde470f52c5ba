"""What the numbers of an evaluation depend on, and how two such lists differ.

Two episodes belong into one evaluation only if everything that can change a result is equal. Not
part of it are the task and the seed (they name the episode), the preset's name, the video, what
failures are attributed with, and how many workers there are.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ...configs import RunConfig, to_dict
from ...envs.assets import AssetPack
from ..versions import versions

Facts = Mapping[str, Any]
"""Dotted name -> plain value."""

_CHANGES_NOTHING = ("task", "seed", "preset", "video", "attribution")
SIMULATION = ("rlinf-robocasa365", "praxis-robosuite", "mujoco")
"""Packages whose version decides what happens in the kitchen."""


def facts(config: RunConfig, pack: AssetPack) -> dict[str, Any]:
    """Everything that can change a result.

    Args:
        config: of any episode of the evaluation.
        pack: the assets in use.
    """
    data = {k: v for k, v in to_dict(config).items() if k not in _CHANGES_NOTHING}
    data["assets"] = f"{pack.kind}-{pack.version}"
    installed = versions()
    data["versions"] = {name: installed[name] for name in SIMULATION}
    return dict(sorted(_flat(data, "").items()))


def fingerprint(of: Facts) -> str:
    """A short name of these facts."""
    text = json.dumps(of, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(before: Facts, now: Facts) -> list[str]:
    """One line for each fact that differs, in alphabetical order."""
    return [
        f"{name}: was {_shown(before, name)}, now {_shown(now, name)}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name) or (name in before) != (name in now)
    ]


def _shown(of: Facts, name: str) -> str:
    return json.dumps(of[name], ensure_ascii=False) if name in of else "not set"


def _flat(data: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, Mapping):
            found[prefix + name] = value
    return found
