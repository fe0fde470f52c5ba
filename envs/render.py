"""Drawing the views of a kitchen while its physics goes on.

For each frame the main thread only lists what there is to draw (`mjv_updateScene`, a tenth of a
millisecond); a worker thread with a GL context of its own draws it and reads the pixels. The scene
list is a copy, so the state may move on meanwhile, and the pixels are those that RoboCasa's own
`sim.render` gives for the state at the time of the request.

A context is made, used and freed in its worker thread alone: a context freed while another one is
current would free the other's objects.
"""

import contextlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .cull import Culler
from .sensors import CAMERAS, Image, View

if TYPE_CHECKING:
    import mujoco

_MAX_GEOMS = 10_000
"""As robosuite's render context; enough for every RoboCasa scene."""


class PendingFrame:
    """A frame that is being drawn; `numpy.asarray` waits for its pixels."""

    def __init__(self, shape: tuple[int, int, int], pixels: "Future[Image]") -> None:
        self._shape = shape
        self._pixels = pixels

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""
        return self._shape

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        """(H, W, 3) uint8 RGB, row 0 at the top."""
        image = self._pixels.result()
        if dtype is not None and np.dtype(dtype) != image.dtype:
            return image.astype(dtype)
        return image.copy() if copy else image


class _Worker:
    """One thread with one GL context for one model."""

    def __init__(self, model: "mujoco.MjModel", width: int, height: int) -> None:
        self._model, self._size = model, (width, height)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leapcasa-render")
        self._gl: Any = None
        self._context: Any = None
        self._ready = self._thread.submit(self._open)

    def _open(self) -> None:
        import mujoco
        from mujoco.gl_context import GLContext

        # Both need a current context only from this thread, which lives as long as they do.
        self._gl = GLContext(*self._size)  # pyright: ignore[reportOptionalCall]
        self._gl.make_current()
        scale = mujoco.mjtFontScale.mjFONTSCALE_150
        self._context = mujoco.MjrContext(self._model, scale)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)

    def draw(self, scene: "mujoco.MjvScene", height: int, width: int) -> "Future[Image]":
        return self._thread.submit(self._draw, scene, height, width)

    def _draw(self, scene: "mujoco.MjvScene", height: int, width: int) -> Image:
        import mujoco

        self._ready.result()
        port = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(port, scene, self._context)
        pixels = np.empty((height, width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(pixels, None, port, self._context)
        return np.ascontiguousarray(pixels[::-1])  # GL counts rows from the bottom

    def close(self) -> None:
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _close(self) -> None:
        if self._context is not None:
            self._context.free()
            self._context = None
        if self._gl is not None:
            self._gl.free()
            self._gl = None


class Renderer:
    """Draws the views of one compiled model.

    Args:
        model: the compiled model; its visual settings are read now.
        sizes: (height, width) of each view in pixels.
        cull: leave out what a camera cannot see.

    The eye in the hand shares the worker of the right view: it is looked at now and then only.
    """

    def __init__(
        self,
        model: "mujoco.MjModel",
        sizes: Mapping[View, tuple[int, int]],
        *,
        cull: bool = True,
    ) -> None:
        import mujoco

        self._model = model
        self._sizes = dict(sizes)
        self._culler = Culler(model) if cull else None
        height = max(h for h, _ in sizes.values())
        width = max(w for _, w in sizes.values())
        model.vis.global_.offheight = max(model.vis.global_.offheight, height)
        model.vis.global_.offwidth = max(model.vis.global_.offwidth, width)
        self._right = _Worker(model, width, height)
        self._left = _Worker(model, width, height) if "left" in sizes else self._right
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = (0, 1, 1, 0, 0, 0)  # robosuite's: visuals, no colliders
        self._scenes = {view: mujoco.MjvScene(model, _MAX_GEOMS) for view in sizes}
        self._cameras = {view: self._camera(view) for view in sizes}
        self._busy: dict[View, Future[Image]] = {}

    def _camera(self, view: View) -> "mujoco.MjvCamera":
        import mujoco

        camera = mujoco.MjvCamera()
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = self._model.camera(CAMERAS[view]).id
        return camera

    def request(self, data: "mujoco.MjData", view: View) -> PendingFrame:
        """Start drawing a view of the state as it is now.

        Args:
            data: the state, its derived positions current; not kept.
            view: one of the views this renderer was made for.
        """
        import mujoco

        if view in self._busy:
            self._busy[view].exception()  # the scene list is in use until its drawing is done
        height, width = self._sizes[view]
        camera, scene = self._cameras[view], self._scenes[view]
        cull = (
            contextlib.nullcontext()
            if self._culler is None
            else self._culler.applied(data, camera.fixedcamid, width / height)
        )
        with cull:
            mujoco.mjv_updateScene(
                self._model,
                data,
                self._option,
                None,
                camera,
                mujoco.mjtCatBit.mjCAT_ALL.value,
                scene,
            )
        worker = self._left if view == "left" else self._right
        self._busy[view] = worker.draw(scene, height, width)
        return PendingFrame((height, width, 3), self._busy[view])

    def close(self) -> None:
        """Free all GL objects; frames requested before stay readable."""
        for job in self._busy.values():
            job.exception()
        self._right.close()
        if self._left is not self._right:
            self._left.close()
