"""What the points of a skill keep to in every kitchen: heights, distances, and what is in line.

A part that one picture alone shows has a direction and no distance. But a faucet's lever is about
as high over every sink, and a dishwasher's bar as far from its hinge: so one direction is enough,
and often a neighbour's. Learned from demonstrations (`runs/policy/shapes.py`), kept with the
weights, and found by the subtask's words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...envs.skills import skill_of
from ...sight import POINTS

PAIRS = ((0, 1), (1, 2), (0, 2))
"""Whose distances are measured: part and joint, joint and fixture, part and fixture."""
MEASURES = POINTS + len(PAIRS) + 1

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """Of one skill's points, over kitchens and moments; see `measures`."""

    mean: npt.NDArray[np.float64]
    """(MEASURES,) [m]."""
    std: npt.NDArray[np.float64]
    """(MEASURES,) [m]; what is wide says little."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Shape":
        """From the lists of `as_json`.

        Raises:
            KeyError, TypeError, ValueError: if they are something else.
        """
        made = cls(mean=np.array(data["mean"], float), std=np.array(data["std"], float))
        for value in (made.mean, made.std):
            if value.shape != (MEASURES,) or not np.isfinite(value).all():
                raise ValueError(f"a shape is {MEASURES} means and standard deviations")
        if (made.std < 0).any():
            raise ValueError("a standard deviation is negative")
        return made

    def as_json(self) -> dict[str, list[float]]:
        """Plain lists, to a tenth of a millimetre."""
        return {"mean": self.mean.round(4).tolist(), "std": self.std.round(4).tolist()}


def measures(points: Floats) -> npt.NDArray[np.float64]:
    """What a shape is made of.

    Args:
        points: (.., POINTS, 3) part, joint, fixture [m]; z upwards.

    Returns:
        (.., MEASURES) the three heights; the distances of `PAIRS`; and how far the part is to the
        left of the upright plane through fixture and joint, NaN where these are above each other.
    """
    points = np.asarray(points, np.float64)
    apart = [np.linalg.norm(points[..., a, :] - points[..., b, :], axis=-1) for a, b in PAIRS]
    front, way = points[..., 1, :2] - points[..., 2, :2], points[..., 0, :2] - points[..., 2, :2]
    with np.errstate(invalid="ignore", divide="ignore"):
        aside = (front[..., 0] * way[..., 1] - front[..., 1] * way[..., 0]) / np.linalg.norm(
            front, axis=-1
        )
    return np.stack([*np.moveaxis(points[..., 2], -1, 0), *apart, aside], axis=-1)


def found(shapes: Mapping[str, Shape], text: str) -> Shape | None:
    """The shape that a subtask in words is about.

    What the words leave unnamed is looked for among the shapes: "pull out the top rack" is the
    dishwasher's, where no oven's is known.

    Args:
        shapes: by the name of the skill (`envs.skills.Skill.name`).
        text: the subtask.

    Returns:
        None if the words are not understood, or may mean several.
    """
    own = skill_of(text, text)
    if own is not None:
        return shapes.get(own.name)
    read = [skill_of(text, name.replace("_", " ")) for name in shapes]
    named = {skill.name for skill in read if skill is not None}
    meant = [name for name in shapes if name in named]
    return shapes[meant[0]] if len(meant) == 1 else None
