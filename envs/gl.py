"""How to draw on this machine.

A GL backend counts as working only after it drew a picture: in a process of its own, because a
broken driver may end the process it lives in, and because MuJoCo binds its backend for good when
it is first used. EGL is tried first (GPU, or Mesa's llvmpipe), then OSMesa (always software).
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..configs.errors import ConfigError, EnvironmentFault, nearest

BACKENDS = ("egl", "osmesa")
"""Headless backends of MuJoCo, in the order they are tried."""

REMEDY = (
    "Debian and Ubuntu: `apt-get install -y libegl1 libgl1-mesa-dri` (EGL, with or without a GPU) "
    "or `apt-get install -y libosmesa6` (OSMesa); then `leapcasa doctor`"
)
_TRIED = "LEAPCASA_GL_TRIED"
"""Set to the backend that drew a picture, so that worker processes need not try again."""
_TIMEOUT_S = 90.0
_PROBE = """
import sys
import numpy, mujoco
backend = __import__("mujoco." + sys.argv[1], fromlist=["GLContext"])
model = mujoco.MjModel.from_xml_string(
    "<mujoco><worldbody><light pos='0 0 2'/><geom type='box' size='.3 .2 .1' rgba='1 0 0 1'/>"
    "<camera name='c' pos='0 -1 1' xyaxes='1 0 0 0 1 1'/></worldbody></mujoco>")
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
context = backend.GLContext(64, 64)
context.make_current()
scene, camera = mujoco.MjvScene(model, 10), mujoco.MjvCamera()
camera.type, camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
drawer = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, drawer)
mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), mujoco.MjvPerturb(), camera,
                       mujoco.mjtCatBit.mjCAT_ALL, scene)
view, pixels = mujoco.MjrRect(0, 0, 64, 64), numpy.zeros((64, 64, 3), numpy.uint8)
mujoco.mjr_render(view, scene, drawer)
mujoco.mjr_readPixels(pixels, None, view, drawer)
red = pixels[32, 32].astype(int)
if red[0] < 40 or red[0] < 2 * red[1]:
    sys.exit(f"the middle of the test picture is not red but {red.tolist()}")
from OpenGL import GL
print("renderer:", GL.glGetString(GL.GL_RENDERER).decode())
drawer.free()
context.free()
"""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of trying one backend."""

    backend: str
    works: bool
    detail: str
    """The GL renderer's name, or why it does not work."""


def attempt(backend: str) -> Attempt:
    """Draws one picture with a backend, in a process of its own."""
    environment = {**os.environ, "MUJOCO_GL": backend}
    environment.pop("PYOPENGL_PLATFORM", None)
    command = [sys.executable, "-c", _PROBE, backend]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return Attempt(backend=backend, works=False, detail=f"no picture within {_TIMEOUT_S:g} s")
    if done.returncode == 0 and "renderer:" in done.stdout:
        name = done.stdout.rpartition("renderer:")[2].strip()
        return Attempt(backend=backend, works=True, detail=name)
    said = (done.stderr or done.stdout).strip().splitlines()
    reason = said[-1] if said else f"the process ended with code {done.returncode}"
    return Attempt(backend=backend, works=False, detail=reason)


def choose() -> str:
    """The backend to draw with, from now on also in `MUJOCO_GL`.

    A `MUJOCO_GL` set by the user is honoured: it is tried, and no other. The result is kept for
    this process and its children.

    Returns:
        `egl` or `osmesa`.

    Raises:
        ConfigError: if `MUJOCO_GL` names no headless backend.
        EnvironmentFault: if nothing can draw; says what to install.
    """
    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    if wanted and wanted not in BACKENDS:
        raise ConfigError(
            f"MUJOCO_GL={wanted!r} cannot draw without a window; set it to one of "
            f"{', '.join(BACKENDS)} or unset it{nearest(wanted, BACKENDS)}"
        )
    tried = os.environ.get(_TRIED)
    if tried and tried == (wanted or tried):
        return _use(tried)
    failures = []
    for backend in [wanted] if wanted else BACKENDS:
        result = attempt(backend)
        if result.works:
            return _use(backend)
        failures.append(f"{backend}: {result.detail}")
    asked = f" (MUJOCO_GL={wanted} is set)" if wanted else ""
    raise EnvironmentFault(
        f"no picture can be drawn on this machine{asked}: {'; '.join(failures)}. {REMEDY}"
    )


def refuse_triton() -> None:
    """Turn a crash to come into an import that fails; call once a GL context is open.

    Mesa's llvmpipe brings an LLVM into this process, and triton, imported after it, brings another
    and ends the process with a segmentation fault. transformers, peft and bitsandbytes import
    triton if they find it and do without if they do not. Imported before, it does no harm.
    """
    if "triton" in sys.modules:
        return
    try:
        loaded = Path("/proc/self/maps").read_text()
    except OSError:  # not Linux
        return
    if "libLLVM" in loaded:
        # What `import` raises ModuleNotFoundError for, and find_spec does not find.
        sys.modules["triton"] = None  # pyright: ignore[reportArgumentType]


def _use(backend: str) -> str:
    os.environ["MUJOCO_GL"] = backend
    os.environ[_TRIED] = backend
    os.environ.setdefault("PYOPENGL_PLATFORM", backend)
    return backend
