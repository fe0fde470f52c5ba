import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from leapcasa.runs import doctor as room
from leapcasa.runs.doctor import examine


def find(name: str, check) -> room.Finding:
    return next(finding for finding in check() if finding.name == name)


@pytest.mark.sim
def test_a_machine_that_runs_this_suite_is_ready():
    findings = {finding.name: finding for finding in examine()}
    bad = [f for f in findings.values() if f.level == "fail"]
    assert not bad
    assert {
        "python",
        "packages",
        "simulator",
        "rendering",
        "assets",
        "video",
        "gpu",
        "disk",
    } <= set(findings)
    assert "drew a picture" in findings["rendering"].found


def test_a_backend_that_draws_into_a_window_fails_with_the_mend(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    finding = find("rendering", room._rendering)
    assert finding.level == "fail"
    assert "unset MUJOCO_GL" in finding.mend


def test_both_robosuites_at_once_fail_with_the_commands_that_mend_it(monkeypatch):
    monkeypatch.setattr(room, "version", lambda name: "1.5.2")
    finding = find("robosuite", room._robosuite)
    assert finding.level == "fail"
    assert "pip uninstall -y robosuite praxis-robosuite" in finding.mend


def test_a_robosuite_without_the_needed_features_is_recognised_by_trying_it(tmp_path, monkeypatch):
    """An installed stand-in with robosuite 1.5.2's signatures, imported by the real probe."""
    for path, text in {
        "environments/manipulation/manipulation_env.py": (
            "class ManipulationEnv:\n    def __init__(self, robots): ...\n"
        ),
        "models/tasks.py": "class ManipulationTask:\n    def __init__(self, arena): ...\n",
        "controllers/parts/controller_factory.py": "NAMES = ('JOINT_VELOCITY',)\n",
    }.items():
        file = tmp_path / "robosuite" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        for parent in file.relative_to(tmp_path).parents:
            if parent.parts:
                (tmp_path / parent / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(room, "version", lambda name: None if name == "robosuite" else "1.5.2")
    finding = find("robosuite", room._robosuite)
    assert finding.level == "fail"
    for feature in ("load_model_on_init", "enable_multiccd", "JOINT_VELOCITY_LEGACY"):
        assert feature in finding.found
    assert "praxis-robosuite==1.5.2.post1" in finding.mend


def test_assets_that_are_none_fail(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAPCASA_ASSETS", str(tmp_path))
    assert find("assets", room._assets).level == "fail"


def test_an_ffmpeg_without_h264_fails(tmp_path, monkeypatch):
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho 'V..... mpeg4'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(fake))
    finding = find("video", room._ffmpeg)
    assert finding.level == "fail"
    assert "libx264" in finding.found


@pytest.mark.parametrize(("free", "level"), [(5e10, "ok"), (1e9, "warn"), (1e8, "fail")])
def test_a_disk_is_judged_by_its_room(free, level, monkeypatch):
    usage = SimpleNamespace(total=1e12, used=0, free=int(free))
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: usage)
    assert find("disk", room._disk).level == level


def test_devices_are_tried_with_real_weights():
    finding = find("models", room._models)
    assert finding.level == "ok"
    assert finding.found.startswith("cpu")
    assert "NF4" in finding.found


@pytest.mark.parametrize(
    ("printed", "level", "said"),
    [
        ('[{"device": "cuda:0", "name": "H200", "bfloat16": "ok", "nf4": "no kernel"}]', "warn",
         "no nf4: no kernel"),
        ("Illegal instruction", "fail", "exit code 0"),
    ],
)  # fmt: skip
def test_a_device_that_cannot_hold_a_model_is_said(printed, level, said, monkeypatch):
    done = SimpleNamespace(stdout=printed, stderr="", returncode=0)
    monkeypatch.setattr(room.subprocess, "run", lambda *a, **k: done)
    finding = find("models", room._models)
    assert finding.level == level
    assert said in finding.found


def test_a_check_that_breaks_is_a_failure_and_the_others_go_on(monkeypatch):
    for name in ("_robosuite", "_rendering", "_gpu", "_ffmpeg", "_models"):
        monkeypatch.setattr(room, name, lambda: iter(()))

    def broken():
        raise RuntimeError("no such thing")
        yield

    broken.__name__ = "_python"
    monkeypatch.setattr(room, "_python", broken)
    findings = {finding.name: finding for finding in examine()}
    assert findings["python"].level == "fail"
    assert "no such thing" in findings["python"].found
    assert "disk" in findings


def test_json_is_one_object_and_the_exit_code_is_1_when_something_fails(tmp_path):
    import os

    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "doctor", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "MUJOCO_GL": "glfw"},
        timeout=240,
    )
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["ok"] is False
    assert [f["name"] for f in told["findings"] if f["level"] == "fail"] == ["rendering"]
