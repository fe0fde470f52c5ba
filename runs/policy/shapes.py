"""What the points of each skill keep to, learned from demonstrations (`embedded.shape`)."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ...policies.embedded.shape import Shape, measures
from .dataset import Stretch

FEWEST_KITCHENS = 8
"""In fewer, deviations say nothing of another one."""


def learned(stretches: Sequence[Stretch]) -> dict[str, Shape]:
    """The shapes of all skills that are shown in enough kitchens, by name.

    Args:
        stretches: demonstrations and posed looks; those of kitchens held out are left aside.
    """
    rows: dict[str, list[npt.NDArray[np.float64]]] = {}
    kitchens: dict[str, set[str]] = {}
    for one in stretches:
        for name, values in ({} if one.held_out else _measured(one)).items():
            rows.setdefault(name, []).append(values)
            kitchens.setdefault(name, set()).add(one.header.scene)
    return {
        name: _shape(np.concatenate(parts))
        for name, parts in sorted(rows.items())
        if len(kitchens[name]) >= FEWEST_KITCHENS
    }


def _measured(one: Stretch) -> Mapping[str, npt.NDArray[np.float64]]:
    """(N, MEASURES) by skill, where the truth is known."""
    points = one.points.astype(np.float64)
    points[:, :, 2] += one.raw[:, 4:5]  # the base stands upright
    every = measures(points)
    known = np.isfinite(every).all(1)
    found: dict[str, list[npt.NDArray[np.float64]]] = {}
    for number, skill in enumerate(one.skills):
        own = known & (one.subtask == number)
        if skill is not None and own.any():
            found.setdefault(skill.name, []).append(every[own])
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _shape(rows: npt.NDArray[np.float64]) -> Shape:
    return Shape(mean=rows.mean(0), std=rows.std(0))
