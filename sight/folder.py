"""Trained networks on disk: `config.json` (sizes, where it comes from) and weights as safetensors.

Weights are kept in half precision; nothing is ever unpickled. Policy and judge read and write their
folders through this.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..configs import ConfigError

if TYPE_CHECKING:
    from torch import nn

CONFIG = "config.json"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a folder holds."""

    what: str
    """In words: `policy`."""
    weights: str
    """Name of the file of weights."""
    format: int
    """Version of `config.json` and of the network."""
    find: str
    """Which folder to name instead, for messages."""

    def damaged(self, folder: Path, why: object) -> ConfigError:
        """The error of a folder that cannot be read."""
        return ConfigError(
            f"the {self.what} in {folder} cannot be read: {why}; copy or train it again"
        )


def config_json(kind: Kind, value: Mapping[str, Any]) -> str:
    """The text of `config.json`.

    Args:
        kind: of the folder.
        value: all but the format, as JSON values.
    """
    return json.dumps({"format": kind.format, **value}, indent=1) + "\n"


def weights_bytes(network: "nn.Module") -> bytes:
    """The content of the file of weights, in half precision."""
    import torch
    from safetensors.torch import save

    state = network.state_dict().items()
    return save({n: v.detach().cpu().to(torch.float16).contiguous() for n, v in state})


def read_config(folder: Path, kind: Kind) -> dict[str, Any]:
    """What `config.json` says.

    Raises:
        ConfigError: if the folder holds nothing of that kind, or of another version.
    """
    try:
        data = json.loads((folder / CONFIG).read_text())
    except OSError as error:
        raise ConfigError(
            f"{folder} holds no trained {kind.what} ({CONFIG}: {error.strerror}); {kind.find}"
        ) from error
    except ValueError as error:
        raise kind.damaged(folder, f"{CONFIG}: {error}") from error
    if not isinstance(data, dict) or data.get("format") != kind.format:
        raise ConfigError(
            f"{folder / CONFIG} is not of format {kind.format}; train the {kind.what} again"
        )
    return data


def digest(folder: Path, kind: Kind) -> str:
    """SHA-256 of the file of weights.

    Raises:
        ConfigError: if there is none.
    """
    try:
        return hashlib.sha256((folder / kind.weights).read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{folder} holds no trained {kind.what}: {error.strerror}") from error


def fill(folder: Path, kind: Kind, network: "nn.Module") -> None:
    """Read the weights into a network, as float32, and make it ready to use.

    Raises:
        ConfigError: if there are none, or they are damaged or another network's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(folder / kind.weights)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise kind.damaged(folder, error) from error
    network.eval()
