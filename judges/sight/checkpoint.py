"""A trained judge on disk: `config.json` (sizes) and `judge.safetensors` (weights, float16)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...configs import ConfigError

if TYPE_CHECKING:
    from .network import JudgeConfig, Network

FORMAT = 1
CONFIG = "config.json"
WEIGHTS = "judge.safetensors"


def config_json(config: "JudgeConfig", about: Mapping[str, Any]) -> str:
    """The text of `config.json`."""
    value = {"format": FORMAT, "network": asdict(config), "about": about}
    return json.dumps(value, indent=1) + "\n"


def weights_bytes(network: "Network") -> bytes:
    """The content of `judge.safetensors`."""
    import torch
    from safetensors.torch import save

    state = network.state_dict().items()
    return save({n: v.detach().cpu().to(torch.float16).contiguous() for n, v in state})


def load(folder: Path) -> "Network":
    """Read a trained judge; float32, ready to judge.

    Raises:
        ConfigError: if the folder holds none, or one that is damaged or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .network import JudgeConfig, Network

    try:
        data = json.loads((folder / CONFIG).read_text())
    except OSError as error:
        raise ConfigError(
            f"{folder} holds no trained judge ({CONFIG}: {error.strerror}); name a folder of "
            "`leapcasa judge train --recipe sight` with --set judge.options.path=DIR"
        ) from error
    except ValueError as error:
        raise _damaged(folder, f"{CONFIG}: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ConfigError(f"{folder / CONFIG} is not of format {FORMAT}; train the judge again")
    try:
        sizes = data["network"]
        network = Network(JudgeConfig(**{**sizes, "channels": tuple(sizes["channels"])}))
        weights = load_file(folder / WEIGHTS)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _damaged(folder, error) from error
    return network.eval()


def _damaged(folder: Path, why: object) -> ConfigError:
    return ConfigError(f"the judge in {folder} cannot be read: {why}; copy or train it again")
