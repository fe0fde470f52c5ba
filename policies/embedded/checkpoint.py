"""A trained policy on disk: `config.json` (sizes, statistics) and `policy.safetensors` (weights).

Weights are kept in half precision; nothing is ever unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from .geometry import FEATURES, MOTION

if TYPE_CHECKING:
    from .network import Network, NetworkConfig

FORMAT = 3
CONFIG = "config.json"
WEIGHTS = "policy.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistics:
    """Of the demonstrations; the network sees and says numbers of about unit size."""

    felt_mean: npt.NDArray[np.float32]
    """(FEATURES,)."""
    felt_std: npt.NDArray[np.float32]
    motion_mean: npt.NDArray[np.float32]
    """(K, MOTION)."""
    motion_std: npt.NDArray[np.float32]

    def as_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {f.name: getattr(self, f.name).tolist() for f in fields(self)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """A policy as it was read."""

    network: "Network"
    statistics: Statistics
    about: Mapping[str, Any]
    """Where it comes from: data, settings, figures."""


def config_json(config: "NetworkConfig", statistics: Statistics, about: Mapping[str, Any]) -> str:
    """The text of `config.json`."""
    value = {
        "format": FORMAT,
        "network": asdict(config),
        "statistics": statistics.as_json(),
        "about": about,
    }
    return json.dumps(value, indent=1) + "\n"


def weights_bytes(network: "Network") -> bytes:
    """The content of `policy.safetensors`, in half precision."""
    import torch
    from safetensors.torch import save

    state = network.state_dict().items()
    return save(
        {name: value.detach().cpu().to(torch.float16).contiguous() for name, value in state}
    )


def load(folder: Path) -> Checkpoint:
    """Read a trained policy; float32, ready to predict.

    Raises:
        ConfigError: if the folder holds none, or one that is damaged or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .network import Network, NetworkConfig

    folder = folder.expanduser()
    try:
        data = json.loads((folder / CONFIG).read_text())
    except OSError as error:
        raise ConfigError(
            f"{folder} holds no trained policy ({CONFIG}: {error.strerror}); name a folder of "
            "`leapcasa policy train` with --set policy.options.path=DIR"
        ) from error
    except ValueError as error:
        raise _damaged(folder, f"{CONFIG}: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ConfigError(f"{folder / CONFIG} is not of format {FORMAT}; train the policy again")
    try:
        sizes = data["network"]
        config = NetworkConfig(**{**sizes, "channels": tuple(sizes["channels"])})
        statistics = _statistics(data["statistics"], config.chunk)
        network = Network(config)
        weights = load_file(folder / WEIGHTS)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _damaged(folder, error) from error
    return Checkpoint(network=network.eval(), statistics=statistics, about=data.get("about", {}))


def digest(folder: Path) -> str:
    """A hash of the weights.

    Raises:
        ConfigError: if there are none.
    """
    try:
        return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{folder} holds no trained policy: {error.strerror}") from error


def _statistics(data: Mapping[str, Any], chunk: int) -> Statistics:
    made = Statistics(**{name: np.array(value, np.float32) for name, value in data.items()})
    shapes = {"felt": (FEATURES,), "motion": (chunk, MOTION)}
    for name, shape in shapes.items():
        for part in ("mean", "std"):
            if getattr(made, f"{name}_{part}").shape != shape:
                raise ValueError(f"statistics of {name} are not of shape {shape}")
    return made


def _damaged(folder: Path, why: object) -> ConfigError:
    return ConfigError(f"the policy in {folder} cannot be read: {why}; copy or train it again")
