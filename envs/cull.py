"""Leaving out of the scene what a camera cannot see.

A geom whose bounding sphere lies outside the camera's pyramid draws no pixel. It is moved to a
geom group that is not shown while the scene is put together, and back again afterwards.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import mujoco

SHOWN, HIDDEN = 1, 5
"""Geom groups: RoboCasa shows group 1 (visuals), and has nothing in group 5."""


class Culler:
    """Culls for one model; a model with shadows is left alone, for they come from outside."""

    def __init__(self, model: "mujoco.MjModel") -> None:
        import mujoco

        self._model = model
        self._exact = not bool(np.any(model.light_castshadow))
        endless = model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE
        self._ids = np.flatnonzero((model.geom_group == SHOWN) & ~endless)
        self._radius = model.geom_rbound[self._ids]

    def outside(self, data: "mujoco.MjData", camera: int, aspect: float) -> npt.NDArray[np.intp]:
        """Ids of the shown geoms that draw no pixel.

        Args:
            data: the state; positions of geoms and cameras must be current.
            camera: id of a fixed camera.
            aspect: width / height of the image.
        """
        if not self._exact:
            return self._ids[:0]
        half = np.deg2rad(self._model.cam_fovy[camera]) / 2
        up, side = np.tan(half), np.tan(half) * aspect
        local = (data.geom_xpos[self._ids] - data.cam_xpos[camera]) @ data.cam_xmat[camera].reshape(
            3, 3
        )
        depth, reach = -local[:, 2], self._radius  # a camera looks along its -z
        seen = (
            (depth > -reach)
            & (np.abs(local[:, 0]) - side * depth < reach * np.hypot(1, side))
            & (np.abs(local[:, 1]) - up * depth < reach * np.hypot(1, up))
        )
        return self._ids[~seen]

    @contextlib.contextmanager
    def applied(self, data: "mujoco.MjData", camera: int, aspect: float) -> Iterator[None]:
        """Inside, geoms that the camera cannot see are in the hidden group."""
        hidden = self.outside(data, camera, aspect)
        self._model.geom_group[hidden] = HIDDEN
        try:
            yield
        finally:
            self._model.geom_group[hidden] = SHOWN
