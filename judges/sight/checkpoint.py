"""A trained judge on disk: `config.json` (sizes) and `judge.safetensors` (weights)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ...envs.sensors import View
from ...sight import folder as folders
from ...sight.members import Members
from . import calibration

if TYPE_CHECKING:
    from .network import JudgeConfig, Network

VIEWS: tuple[View, ...] = ("right", "left")
KIND = folders.Kind(
    what="judge",
    weights="judge.safetensors",
    format=2,
    find="name a folder of `leapcasa judge train --recipe sight` with --set judge.options.path=DIR",
)


def preset_yaml(folder: Path) -> str:
    """The text of a preset with the judge in a folder."""
    return yaml.safe_dump({"judge": {"name": "sight", "options": {"path": str(folder)}}})


def config_json(config: "JudgeConfig", about: Mapping[str, Any]) -> str:
    """The text of `config.json`."""
    return folders.config_json(KIND, {"network": asdict(config), "about": about})


def load(folder: Path, member: int = 0) -> "Network":
    """Read one member of a trained judge, see `load_all`.

    Raises:
        ConfigError: as `load_all`, or if there is no such member.
    """
    return folders.member(folder, KIND, load_all(folder), member)


def load_all(folder: Path) -> "Members[Network]":
    """Read a trained judge; float32, ready to judge.

    Raises:
        ConfigError: if the folder holds none, or one that is damaged or of another version.
    """
    from .network import JudgeConfig, Network

    parts = folders.parts(folder, KIND)
    made = []
    try:
        for part in parts:
            sizes = part["network"]
            config = JudgeConfig(**{**sizes, "channels": tuple(sizes["channels"])})
            made.append(
                Network(
                    config,
                    calibration.read(part, VIEWS),
                    kinds=calibration.read_kinds(part, VIEWS),
                    doubt=calibration.read_doubt(part),
                    doubts=calibration.read_doubts(part),
                    knows=calibration.read_knows(part),
                )
            )
        _alike([network.config for network in made])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise KIND.damaged(folder, error) from error
    return Members(every=tuple(made), gate=folders.fill(folder, KIND, made))


def _alike(configs: "Sequence[JudgeConfig]") -> None:
    """All members are shown the same pictures of a clip.

    Raises:
        ValueError: if they would not be.
    """
    if len({(config.size, config.looks, config.stride) for config in configs}) > 1:
        raise ValueError("its members look at clips in different ways")
