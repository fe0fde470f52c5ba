"""A trained policy on disk: `config.json` (sizes, statistics, shapes) and `policy.safetensors`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...sight import folder as folders
from ...sight.members import Members
from .geometry import FEATURES, MOTION
from .shape import Shape, found

if TYPE_CHECKING:
    from .network import Network, NetworkConfig

KIND = folders.Kind(
    what="policy",
    weights="policy.safetensors",
    format=3,
    find="name a folder of `leapcasa policy train` with --set policy.options.path=DIR",
)
SHAPES = "shapes"
"""Where `config.json` has what the points of each skill keep to."""


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
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """Of the points of each skill, by its name."""

    def shape(self, text: str) -> Shape | None:
        """That of a subtask in words; None where it is not known."""
        return found(self.shapes, text)


def config_json(
    config: "NetworkConfig",
    statistics: Statistics,
    about: Mapping[str, Any],
    shapes: Mapping[str, Shape] | None = None,
) -> str:
    """The text of `config.json`."""
    value = {
        "network": asdict(config),
        "statistics": statistics.as_json(),
        SHAPES: shapes_json(shapes or {}),
        "about": about,
    }
    return folders.config_json(KIND, value)


def shapes_json(shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """What `config.json` says of shapes."""
    return {name: shape.as_json() for name, shape in sorted(shapes.items())}


def load(folder: Path, member: int = 0) -> Checkpoint:
    """Read one member of a trained policy, see `load_all`.

    Raises:
        ConfigError: as `load_all`, or if there is no such member.
    """
    return folders.member(folder, KIND, load_all(folder), member)


def load_all(folder: Path) -> Members[Checkpoint]:
    """Read a trained policy; float32, ready to predict.

    Raises:
        ConfigError: if the folder holds none, or one that is damaged or of another version.
    """
    from .network import Network, NetworkConfig

    folder = folder.expanduser()
    parts = folders.parts(folder, KIND)
    made = []
    try:
        for part in parts:
            sizes = part["network"]
            config = NetworkConfig(**{**sizes, "channels": tuple(sizes["channels"])})
            statistics = _statistics(part["statistics"], config.chunk)
            shapes = {name: Shape.read(own) for name, own in part.get(SHAPES, {}).items()}
            made.append(Checkpoint(network=Network(config), statistics=statistics,
                                   about=part.get("about", {}), shapes=shapes))  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise KIND.damaged(folder, error) from error
    gate = folders.fill(folder, KIND, [one.network for one in made])
    return Members(every=tuple(made), gate=gate)


def digest(folder: Path) -> str:
    """A hash of the weights and, where there are any, of the shapes.

    Raises:
        ConfigError: if there are none.
    """
    weights = folders.digest(folder, KIND)
    shapes = [part.get(SHAPES) or {} for part in folders.parts(folder, KIND)]
    if not any(shapes):
        return weights
    text = weights + json.dumps(shapes, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _statistics(data: Mapping[str, Any], chunk: int) -> Statistics:
    made = Statistics(**{name: np.array(value, np.float32) for name, value in data.items()})
    shapes = {"felt": (FEATURES,), "motion": (chunk, MOTION)}
    for name, shape in shapes.items():
        for part in ("mean", "std"):
            if getattr(made, f"{name}_{part}").shape != shape:
                raise ValueError(f"statistics of {name} are not of shape {shape}")
    return made
