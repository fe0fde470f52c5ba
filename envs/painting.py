"""Paint a kitchen anew, for pictures to learn from. Privileged.

A network that looks has seen the walls, counters and fixtures of a few dozen styles and takes their
colours for part of what it looks for. Surfaces that wear each other's textures, tinted, and
fixtures of any brightness leave it the shapes (domain randomisation: Tobin et al. 2017,
arXiv:1703.06907). Nothing moves, and the robot stays as it is.
"""

import numpy as np
import numpy.typing as npt

from .kitchen import Kitchen
from .posing import robot_geoms

SURFACES = ("floor", "wall", "counter_top", "")
"""What wears one texture together, by a part of the material's name; the last has all the rest."""
WORN = 0.7
"""Chance of a surface to wear another one's texture."""
DIMMED, TINT = (0.35, 1.0), (0.6, 1.0)
"""Least and most of a tint: of all channels, and of each."""
TINTED = 0.6
"""Chance of a surface to be tinted."""
RECOLOURED = 0.5
"""Chance of a plain material to get another colour."""
GREYNESS = 0.75
"""Share of a new plain colour that is a grey: appliances and taps mostly are."""


class Painter:
    """Paints one episode's kitchen; one of it an episode.

    Args:
        kitchen: has begun an episode.
    """

    def __init__(self, kitchen: Kitchen) -> None:
        model = self._model = kitchen.robocasa.sim.model._model
        kept = (model.geom_group == 1) & (model.geom_matid >= 0) & ~robot_geoms(model)
        self._worn = np.array(model.geom_matid), np.array(model.mat_rgba)
        textured = np.asarray(model.mat_texid).max(axis=1) >= 0
        used = np.unique(self._worn[0][kept])
        self._plain = used[~textured[used]]
        surfaces: dict[str, list[int]] = {}
        for material in used[textured[used]]:
            name = model.mat(int(material)).name
            kind = next(one for one in SURFACES if one in name)
            surfaces.setdefault(kind, []).append(int(material))
        self._surfaces = [
            (np.array(materials), np.flatnonzero(kept & np.isin(self._worn[0], materials)))
            for materials in surfaces.values()
        ]

    def repaint(self, rng: np.random.Generator) -> None:
        """Give every surface a texture of the kitchen, a tint, and plain things other colours."""
        self.restore()
        for materials, geoms in self._surfaces:
            worn = materials
            if rng.random() < WORN:
                worn = self._surfaces[int(rng.integers(len(self._surfaces)))][0]
                self._model.geom_matid[geoms] = worn[rng.integers(len(worn))]
            if rng.random() < TINTED:
                self._model.mat_rgba[worn, :3] = rng.uniform(*DIMMED) * rng.uniform(*TINT, 3)
        for material in self._plain:
            if rng.random() < RECOLOURED:
                self._model.mat_rgba[material, :3] = _colour(rng)

    def restore(self) -> None:
        """As the episode has it."""
        self._model.geom_matid[:], self._model.mat_rgba[:] = self._worn


def _colour(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(3,) what a tap or an appliance may be painted."""
    return GREYNESS * rng.random() + (1 - GREYNESS) * rng.random(3)
