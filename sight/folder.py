"""Trained networks on disk: `config.json` (sizes, where it comes from) and weights as safetensors.

Weights are kept in half precision, or in 8 bits (`packing.py`) where a member's `config.json` says
so; nothing is ever unpickled. Policy and judge read and write their
folders through this. A folder of several members (`members.py`) has what is said of each below
`members` in `config.json`, and a file of weights for each, without what the first has alike.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..configs import ConfigError
from .members import Members, new_gate
from .packing import packed, unpacked

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")

CONFIG = "config.json"
MEMBERS = "members"
BITS = "bits"
"""Where `config.json` says of a member that its weights are kept in so many: 8, or else 16."""
GATE = "gate.safetensors"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a folder holds."""

    what: str
    """In words: `policy`."""
    weights: str
    """Name of the file of weights, of the first member if there are several."""
    format: int
    """Version of `config.json` and of the network."""
    find: str
    """Which folder to name instead, for messages."""

    def file(self, number: int) -> str:
        """Name of the file of a member's weights."""
        return f"{Path(self.weights).stem}.{number}.safetensors" if number else self.weights

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


def joined_files(
    kind: Kind,
    states: Sequence[Mapping[str, "Tensor"]],
    gate: "nn.Module",
    bits: Sequence[int],
) -> dict[str, bytes]:
    """Names and contents of the files of weights of several members and their gate.

    Args:
        kind: of the folder.
        states: the members' weights.
        gate: between them.
        bits: that each member's weights are kept in, 8 or 16.
    """
    import torch
    from safetensors.torch import save

    first, made = states[0], {GATE: _halved(gate.state_dict())}
    for number, (state, each) in enumerate(zip(states, bits, strict=True)):
        if number:
            state = {
                n: v for n, v in state.items() if n not in first or not torch.equal(first[n], v)
            }
        made[kind.file(number)] = save(packed(state)) if each == 8 else _halved(state)
    return made


def _halved(state: Mapping[str, "Tensor"]) -> bytes:
    import torch
    from safetensors.torch import save

    return save({n: v.detach().cpu().to(torch.float16).contiguous() for n, v in state.items()})


def _config(folder: Path, kind: Kind) -> dict[str, Any]:
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


def parts(folder: Path, kind: Kind) -> list[dict[str, Any]]:
    """What `config.json` says of each member; all of it where there is one.

    Raises:
        ConfigError: if the folder holds nothing of that kind, or what is damaged or of another
            version.
    """
    data = _config(folder, kind)
    members = data.get(MEMBERS, [data])
    if (
        not isinstance(members, list)
        or not members
        or not all(isinstance(m, dict) for m in members)
    ):
        raise kind.damaged(folder, f"{MEMBERS} is no list of members")
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


def files(folder: Path, kind: Kind) -> list[Path]:
    """The files of weights: the first member's, the others', the gate's.

    Raises:
        ConfigError: if `config.json` cannot be read.
    """
    names = [kind.file(number) for number in range(len(parts(folder, kind)))]
    return [folder / name for name in (names if len(names) == 1 else [*names, GATE])]


def digest(folder: Path, kind: Kind) -> str:
    """SHA-256 of the files of weights, one behind the other.

    Raises:
        ConfigError: if there are none.
    """
    found = hashlib.sha256()
    try:
        for path in files(folder, kind):
            found.update(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{folder} holds no trained {kind.what}: {error.strerror}") from error
    return found.hexdigest()


def states(folder: Path, kind: Kind, count: int) -> list[dict[str, "Tensor"]]:
    """The weights of each of so many members.

    Raises:
        ConfigError: if a file is missing or damaged.
    """
    first, *more = (_read(folder, kind, kind.file(number)) for number in range(count))
    return [first, *({**first, **own} for own in more)]


def _read(folder: Path, kind: Kind, name: str) -> dict[str, "Tensor"]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return unpacked(load_file(folder / name))
    except (OSError, SafetensorError, ValueError) as error:
        raise kind.damaged(folder, f"{name}: {error}") from error


def fill(folder: Path, kind: Kind, networks: Sequence["nn.Module"]) -> "nn.EmbeddingBag | None":
    """Read the weights into all members, as float32, and make them ready to use.

    Returns:
        The gate between them; None for one.

    Raises:
        ConfigError: if there are no weights, or they are damaged or another network's.
    """
    try:
        for network, state in zip(networks, states(folder, kind, len(networks)), strict=True):
            network.load_state_dict({name: value.float() for name, value in state.items()})
            network.eval()
        if len(networks) == 1:
            return None
        gate = new_gate(len(networks))
        gate.load_state_dict({n: v.float() for n, v in _read(folder, kind, GATE).items()})
    except RuntimeError as error:
        raise kind.damaged(folder, error) from error
    return gate
