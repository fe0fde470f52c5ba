"""A trained judge on disk: `config.json` (sizes) and `judge.safetensors` (weights)."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...sight import folder as folders

if TYPE_CHECKING:
    from .network import JudgeConfig, Network

KIND = folders.Kind(
    what="judge",
    weights="judge.safetensors",
    format=2,
    find="name a folder of `leapcasa judge train --recipe sight` with --set judge.options.path=DIR",
)


def config_json(config: "JudgeConfig", about: Mapping[str, Any]) -> str:
    """The text of `config.json`."""
    return folders.config_json(KIND, {"network": asdict(config), "about": about})


def load(folder: Path) -> "Network":
    """Read a trained judge; float32, ready to judge.

    Raises:
        ConfigError: if the folder holds none, or one that is damaged or of another version.
    """
    from .network import JudgeConfig, Network

    data = folders.read_config(folder, KIND)
    try:
        sizes = data["network"]
        network = Network(JudgeConfig(**{**sizes, "channels": tuple(sizes["channels"])}))
    except (KeyError, TypeError, ValueError) as error:
        raise KIND.damaged(folder, error) from error
    folders.fill(folder, KIND, network)
    return network
