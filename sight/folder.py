"""Trained networks on disk: `config.json` (sizes, where it comes from) and weights as safetensors.

Weights are kept in half precision; nothing is ever unpickled. Policy and judge read and write their
folders through this. A folder of several members (`members.py`) has what is said of each below
`members` in `config.json`, and their weights by number; what the first has alike is not repeated.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..configs import ConfigError
from .members import Members, new_gate

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")

CONFIG = "config.json"
MEMBERS = "members"
GATE = "gate"


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
    return _halved(network.state_dict())


def joined_bytes(states: Sequence[Mapping[str, "Tensor"]], gate: "nn.Module") -> bytes:
    """The content of the file of weights of several members."""
    import torch

    kept = {f"{GATE}.{name}": value for name, value in gate.state_dict().items()}
    for number, state in enumerate(states):
        for name, value in state.items():
            first = states[0].get(name)
            if not number or first is None or not torch.equal(first, value):
                kept[f"{number}.{name}"] = value
    return _halved(kept)


def _halved(state: Mapping[str, "Tensor"]) -> bytes:
    import torch
    from safetensors.torch import save

    return save({n: v.detach().cpu().to(torch.float16).contiguous() for n, v in state.items()})


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


def parts(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `config.json` says of each member; all of it where there is one.

    Raises:
        TypeError: if it is no list of such.
    """
    members = data.get(MEMBERS, [data])
    if (
        not isinstance(members, list)
        or not members
        or not all(isinstance(m, dict) for m in members)
    ):
        raise TypeError(f"{MEMBERS} is no list of members")
    return members


def member(folder: Path, kind: Kind, members: Members[T], number: int) -> T:
    """One of the members of a folder.

    Raises:
        ConfigError: if there is no such member.
    """
    if not 0 <= number < len(members.every):
        raise ConfigError(
            f"the {kind.what} in {folder} has no member {number}; "
            f"there are 0 .. {len(members.every) - 1}"
        )
    return members.every[number]


def digest(folder: Path, kind: Kind) -> str:
    """SHA-256 of the file of weights.

    Raises:
        ConfigError: if there is none.
    """
    try:
        return hashlib.sha256((folder / kind.weights).read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{folder} holds no trained {kind.what}: {error.strerror}") from error


def weights(folder: Path, kind: Kind) -> dict[str, "Tensor"]:
    """What the file of weights holds.

    Raises:
        ConfigError: if there is none, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(folder / kind.weights)
    except (OSError, SafetensorError, ValueError) as error:
        raise kind.damaged(folder, error) from error


def states(held: Mapping[str, "Tensor"], count: int) -> list[dict[str, "Tensor"]]:
    """The weights of each of so many members."""
    if count == 1:
        return [dict(held)]
    first = _below(held, "0")
    return [first, *({**first, **_below(held, str(number))} for number in range(1, count))]


def fill(folder: Path, kind: Kind, networks: Sequence["nn.Module"]) -> "nn.EmbeddingBag | None":
    """Read the weights into all members, as float32, and make them ready to use.

    Returns:
        The gate between them; None for one.

    Raises:
        ConfigError: if there are no weights, or they are damaged or another network's.
    """
    held = weights(folder, kind)
    try:
        for network, state in zip(networks, states(held, len(networks)), strict=True):
            network.load_state_dict({name: value.float() for name, value in state.items()})
            network.eval()
        if len(networks) == 1:
            return None
        gate = new_gate(len(networks))
        gate.load_state_dict({n: v.float() for n, v in _below(held, GATE).items()})
    except RuntimeError as error:
        raise kind.damaged(folder, error) from error
    return gate


def _below(held: Mapping[str, "Tensor"], part: str) -> dict[str, "Tensor"]:
    prefix = f"{part}."
    return {name[len(prefix) :]: v for name, v in held.items() if name.startswith(prefix)}
