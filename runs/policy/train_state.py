"""The state of a training on disk: everything needed to go on as if nothing had happened.

One safetensors file, replaced in one move: weights, their running mean, the optimiser's moments,
and as text the step and the history. Nothing is pickled.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...configs import ConfigError
from ..records import replace_file
from .training import State

FILE = "state.safetensors"


def save(folder: Path, state: State) -> None:
    """Keep a state.

    Raises:
        RecordError: if it cannot be written; the state before is then still whole.
    """
    from safetensors.torch import save as as_bytes

    tensors: dict[str, Tensor] = {}
    for part in ("network", "mean"):
        module: torch.nn.Module = getattr(state, part)
        tensors |= {f"{part}.{name}": value for name, value in module.state_dict().items()}
    for part, optimiser in state.optimisers.items():
        for index, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"{part}.{index}.{name}": value for name, value in moments.items()}
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    text = json.dumps({"step": state.step, "history": state.history})
    data = as_bytes(plain, {"leapcasa": text})
    replace_file(folder / FILE, lambda stream: stream.write(data))


def load(folder: Path, state: State) -> None:
    """Put a kept state into one that has just begun.

    Raises:
        ConfigError: if there is none, or it is damaged or of other sizes.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        raise ConfigError(f"{folder} holds no training to go on with; leave --resume out")
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {})["leapcasa"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for part in ("network", "mean"):
            own = _below(tensors, part)
            getattr(state, part).load_state_dict(own)
        for part, optimiser in state.optimisers.items():
            _put_moments(optimiser, _below(tensors, part))
        state.step, state.history = int(told["step"]), list(told["history"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}; begin the training again in another folder"
        ) from error


def _below(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name[len(prefix) :]: v for name, v in tensors.items() if name.startswith(prefix)}


def _put_moments(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        index, _, which = name.partition(".")
        moments.setdefault(int(index), {})[which] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})
