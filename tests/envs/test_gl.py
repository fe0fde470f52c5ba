import json
import os
import subprocess
import sys

import pytest

from leapcasa.configs import ConfigError, EnvironmentFault
from leapcasa.envs import gl


@pytest.fixture
def bare(monkeypatch):
    """An environment in which nothing about GL was chosen yet; restored afterwards."""
    for name in ("MUJOCO_GL", "PYOPENGL_PLATFORM", gl._TRIED):
        monkeypatch.setenv(name, "")  # so that monkeypatch puts back what `choose` sets
        monkeypatch.delenv(name)


def test_the_backend_chosen_drew_a_picture_and_is_kept(bare):
    backend = gl.choose()
    assert backend in gl.BACKENDS
    assert os.environ["MUJOCO_GL"] == backend
    assert gl.attempt(backend).works


def test_the_choice_is_not_tried_again(bare, monkeypatch):
    backend = gl.choose()
    monkeypatch.setattr(gl, "_PROBE", "raise SystemExit('tried again')")
    assert gl.choose() == backend


def test_a_backend_the_user_set_is_tried_and_no_other(bare, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    monkeypatch.setattr(gl, "_PROBE", "import sys; sys.exit('no ' + sys.argv[1])")
    with pytest.raises(EnvironmentFault) as fault:
        gl.choose()
    assert "osmesa: no osmesa" in str(fault.value)
    assert "egl: " not in str(fault.value)


def test_a_machine_that_cannot_draw_is_told_what_to_install(bare, monkeypatch):
    monkeypatch.setattr(gl, "_PROBE", "import sys; sys.exit('driver of ' + sys.argv[1])")
    with pytest.raises(EnvironmentFault) as fault:
        gl.choose()
    for part in ("egl: driver of egl", "osmesa: driver of osmesa", "libegl1", "libosmesa6"):
        assert part in str(fault.value)
    assert "MUJOCO_GL" not in os.environ


def test_a_driver_that_kills_its_process_is_a_failed_attempt(bare, monkeypatch):
    monkeypatch.setattr(gl, "_PROBE", "import os; os.abort()")
    result = gl.attempt("egl")
    assert not result.works
    assert "code" in result.detail


def test_a_driver_that_hangs_is_a_failed_attempt(bare, monkeypatch):
    monkeypatch.setattr(gl, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(gl, "_TIMEOUT_S", 0.5)
    assert "no picture within 0.5 s" in gl.attempt("egl").detail


@pytest.mark.parametrize("value", ["glfw", "egll"])
def test_a_backend_that_needs_a_window_is_refused(bare, monkeypatch, value):
    monkeypatch.setenv("MUJOCO_GL", value)
    with pytest.raises(ConfigError, match="egl, osmesa"):
        gl.choose()


IMPORTS = """
import json, sys
import leapcasa.envs.kitchen
print(json.dumps([m for m in ("mujoco", "robosuite", "robocasa", "torch") if m in sys.modules]))
"""


def test_importing_the_kitchen_imports_no_simulator():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert json.loads(done.stdout) == []


@pytest.mark.sim
def test_models_can_be_loaded_after_a_kitchen_has_drawn(small_checkpoint):
    """Mesa's LLVM and triton's do not live in one process; it must not end in a crash."""
    script = f"""
from leapcasa.envs.kitchen import Kitchen
kitchen = Kitchen("RinseSinkBasin", split="target", render_profile="fast")
kitchen.begin(0).image("right")
from leapcasa.vlm.load import LoadConfig, load
for quantization in ("none", "nf4"):
    load(LoadConfig(base_model={str(small_checkpoint)!r}, quantization=quantization))
kitchen.close()
print("both live")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "both live", f"{done.returncode}: {done.stderr[-2000:]}"
