"""Drawing the views of a kitchen while its physics goes on.

For each frame the main thread only lists what there is to draw (`mjv_updateScene`, 0.2 ms with
culling); a worker thread with a GL context draws it and reads the pixels. The scene list is a copy,
so the state may move on meanwhile, and the pixels are those that RoboCasa's own `sim.render` gives
for the state at the time of the request.

A context is made, used and freed in its worker thread alone: a context freed while another one is
current would free the other's objects. One context of a process draws at a time: Mesa's software
renderer (22.3, whose rasterizer all contexts share anyway) looks through the other contexts' lists
of what is being drawn without a lock, and so crashed once in some thousands of episodes. So all
views of a kitchen share one: a second would only take its half second, and its memory, to be made.
"""

import atexit
import importlib
import queue
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np
import numpy.typing as npt

from . import gl, native
from .cull import Culler
from .sensors import CAMERAS, Image, View

_live: "weakref.WeakSet[Renderer]" = weakref.WeakSet()
_at_exit = False
_drawing = threading.Lock()
"""Held by the worker that uses GL; kitchens side by side have one each."""


class PendingFrame:
    """A frame that is being drawn; `numpy.asarray` waits for its pixels.

    Args:
        shape: (H, W, 3).
        pixels: called at most once, by the first reader; returns the finished image.
    """

    def __init__(self, shape: tuple[int, int, int], pixels: Callable[[], Image]) -> None:
        self._shape = shape
        self._finish: Callable[[], Image] | None = pixels
        self._image: Image | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""
        return self._shape

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        """(H, W, 3) uint8 RGB, row 0 at the top; read-only unless a copy is asked for."""
        if self._image is None:
            assert self._finish is not None
            image = self._finish()
            image.flags.writeable = False
            self._image, self._finish = image, None
        if dtype is not None and np.dtype(dtype) != self._image.dtype:
            return self._image.astype(dtype)
        return self._image.copy() if copy else self._image


class _Worker:
    """One thread that owns one GL context for one model."""

    def __init__(self, backend: str, model: Any, side: int) -> None:
        self._backend, self._model, self._side = backend, model, side
        self._gl: Any = None
        self._context: Any = None
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._jobs = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="leapcasa-render", daemon=True)
        self._thread.start()
        self._opened = self._submit(self._open)

    def draw(self, scene: Any, side: int) -> "Future[Image]":
        """Draw a square image [px] of a scene list, which must stay as it is until then."""
        return self._submit(lambda: self._draw(scene, side))

    def close(self) -> None:
        """Free the GL objects in their own thread, and end it."""
        self._submit(self._free).exception()
        self._jobs.put(None)
        self._thread.join()

    def _submit(self, work: Callable[[], Any]) -> "Future[Any]":
        if not self._thread.is_alive():  # nobody would ever answer
            raise RuntimeError("this renderer is closed")
        done: Future[Any] = Future()
        self._jobs.put((done, work))
        return done

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            done, work = job
            try:
                with _drawing:
                    done.set_result(work())
            except BaseException as error:
                done.set_exception(error)
            del job, done, work  # hold no frame and no scene while waiting for the next

    def _open(self) -> None:
        mujoco = native.mujoco()

        # MuJoCo binds `mujoco.GLContext` on import; naming the backend does not depend on that.
        library = importlib.import_module(f"mujoco.{self._backend}")
        self._gl = library.GLContext(self._side, self._side)
        _close_at_exit()  # only now: MuJoCo's first context registers the end of the GL display
        self._gl.make_current()
        gl.refuse_triton()
        self._context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_150)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)

    def _draw(self, scene: Any, side: int) -> Image:
        mujoco = native.mujoco()

        self._opened.result()
        # robosuite's own contexts, where a process has any, unbind whatever thread collects them.
        self._gl.make_current()
        port = mujoco.MjrRect(0, 0, side, side)
        mujoco.mjr_render(port, scene, self._context)
        pixels = np.empty((side, side, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(pixels, None, port, self._context)
        return np.ascontiguousarray(pixels[::-1])  # GL counts rows from the bottom

    def _free(self) -> None:
        if self._context is not None:
            self._gl.make_current()
            self._context.free()
        if self._gl is not None:
            self._gl.free()
        self._context = self._gl = self._model = None


class _List:
    """What there is to draw in one frame, and the drawing of it, if one was started."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.drawing: Future[Image] | None = None

    def wait(self) -> None:
        """Return when nothing is drawn from the list any more."""
        if self.drawing is not None:
            self.drawing.exception()
            self.drawing = None


def _close_at_exit() -> None:
    """GL objects have to go before their display does, so this runs before MuJoCo's own exit."""
    global _at_exit
    if not _at_exit:
        _at_exit = True
        atexit.register(lambda: [renderer.close() for renderer in list(_live)])


class Renderer:
    """Draws the views of one compiled model.

    Args:
        model: the compiled model; its visual settings are read now.
        sizes: side of each view's square image [px].
        backend: `egl` or `osmesa`.
        cull: leave out what a camera cannot see.
    """

    def __init__(
        self,
        model: Any,
        sizes: Mapping[View, int],
        backend: str,
        *,
        cull: bool = True,
    ) -> None:
        mujoco = native.mujoco()

        self._model, self._sizes = model, dict(sizes)
        self._culler = Culler(model) if cull else None
        largest = max(sizes.values())
        # The drawing buffer is as large as the images. Its size changes no pixel, only the work.
        model.vis.global_.offheight = model.vis.global_.offwidth = largest
        if not np.any(model.light_castshadow):
            model.vis.quality.shadowsize = 0  # 64 MB a context that nothing would be drawn into
        self._worker = _Worker(backend, model, largest)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[0] = 0  # robosuite's choice: visuals, no colliders
        room = 2 * (model.ngeom + model.nsite) + 1000  # each is listed once; some are decorated
        # Two lists a view: the next frame can be listed while the one before is being drawn.
        self._lists = {
            view: deque(_List(mujoco.MjvScene(model, room)) for _ in "ab") for view in sizes
        }
        self._cameras = {view: self._camera(view) for view in sizes}
        _live.add(self)

    def _camera(self, view: View) -> Any:
        mujoco = native.mujoco()

        camera = mujoco.MjvCamera()
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = self._model.camera(CAMERAS[view]).id
        return camera

    def request(self, data: Any, view: View) -> PendingFrame:
        """Start drawing a view of the state as it is now.

        Args:
            data: the state, its derived positions current; not kept.
            view: one of the views this renderer was made for.
        """
        listed = self._list(data, view)
        return PendingFrame(self._shape(view), self._start(view, listed).result)

    def prepare(self, data: Any, view: View, current: Callable[[], None]) -> PendingFrame:
        """List what there is to see now, and draw it only if somebody looks.

        Args:
            data: the state, its derived positions current; not kept.
            view: one of the views this renderer was made for.
            current: called by the first reader; raises if the list is not that of the frame
                any more.
        """
        listed = self._list(data, view)

        def finish() -> Image:
            current()
            return self._start(view, listed).result()

        return PendingFrame(self._shape(view), finish)

    def close(self) -> None:
        """Free all GL objects; frames requested before stay readable. Again does nothing."""
        if self not in _live:
            return
        _live.discard(self)
        if sys.is_finalizing():  # the workers' threads do not run any more: do not wait for them
            return
        for listed in (one for pair in self._lists.values() for one in pair):
            listed.wait()
        self._worker.close()
        self._lists.clear()

    def _shape(self, view: View) -> tuple[int, int, int]:
        return self._sizes[view], self._sizes[view], 3

    def _list(self, data: Any, view: View) -> "_List":
        mujoco = native.mujoco()
        listed = self._lists[view][0]
        self._lists[view].rotate()
        listed.wait()
        camera = self._cameras[view]
        rest = (None, camera, mujoco.mjtCatBit.mjCAT_ALL.value, listed.scene)
        if self._culler is None:
            mujoco.mjv_updateScene(self._model, data, self._option, *rest)
            return listed
        with self._culler.applied(data, camera.fixedcamid, aspect=1.0):
            mujoco.mjv_updateScene(self._model, data, self._option, *rest)
        return listed

    def _start(self, view: View, listed: "_List") -> "Future[Image]":
        side = self._sizes[view]
        listed.drawing = self._worker.draw(listed.scene, side)
        return listed.drawing
