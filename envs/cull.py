"""Leaving out of the scene what a camera cannot see.

A geom whose bounding box lies outside one of the planes of the camera's pyramid draws no pixel. It
is moved to a geom group that is not shown while the scene is put together, and back afterwards. The
test errs on the side of drawing, so the pixels are the same. RoboCasa's lights cast no shadows;
where one does, nothing is left out, for a shadow may fall into view from outside.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from . import native

SHOWN, HIDDEN = 1, 5
"""Geom groups: RoboCasa shows group 1 (visuals) and has nothing in group 5."""


class Culler:
    """Culls for one compiled model."""

    def __init__(self, model: Any) -> None:
        mujoco = native.mujoco()

        self._model = model
        self._exact = not bool(np.any(model.light_castshadow))
        endless = model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE
        self._ids = np.flatnonzero((model.geom_group == SHOWN) & ~endless)
        self._centre = model.geom_aabb[self._ids, :3]
        self._half = model.geom_aabb[self._ids, 3:]

    def outside(self, data: Any, camera: int, aspect: float) -> npt.NDArray[np.intp]:
        """Ids of the shown geoms that draw no pixel.

        Args:
            data: the state; positions of geoms and cameras must be current.
            camera: id of a fixed camera.
            aspect: width / height of the image.
        """
        if not self._exact:
            return self._ids[:0]
        planes = self._planes(data, camera, aspect)
        # The planes seen from each geom: (geom, plane, axis).
        axes = planes @ data.geom_xmat[self._ids].reshape(-1, 3, 3)
        away = (data.geom_xpos[self._ids] - data.cam_xpos[camera]) @ planes.T
        nearest = away + np.einsum("gpi,gi->gp", axes, self._centre)
        reach = np.einsum("gpi,gi->gp", np.abs(axes), self._half)
        return self._ids[(nearest > reach + 1e-6).any(axis=1)]

    def _planes(self, data: Any, camera: int, aspect: float) -> npt.NDArray[np.float64]:
        """(5, 3) outward unit normals of the pyramid's sides and of the plane behind its tip."""
        up = np.tan(np.deg2rad(self._model.cam_fovy[camera]) / 2)
        side = up * aspect
        normals = np.array(  # a camera looks along its -z
            [[1, 0, side], [-1, 0, side], [0, 1, up], [0, -1, up], [0, 0, 1]]
        )
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return normals @ data.cam_xmat[camera].reshape(3, 3).T

    @contextlib.contextmanager
    def applied(self, data: Any, camera: int, aspect: float) -> Iterator[None]:
        """Inside, geoms that the camera cannot see are in the hidden group."""
        hidden = self.outside(data, camera, aspect)
        self._model.geom_group[hidden] = HIDDEN
        try:
            yield
        finally:
            self._model.geom_group[hidden] = SHOWN
