"""`leapcasa doctor`: is everything there, and what mends it if not.

Nothing is believed that can be tried: the simulator is imported in a process of its own, each GL
backend draws a picture, ffmpeg is asked for its encoders.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ..configs import LeapcasaError
from .console import Console
from .versions import PACKAGES, version

Level = Literal["ok", "warn", "fail"]
REINSTALL = "make install, or: pip install --no-deps --require-hashes -r requirements.lock"
ROBOSUITE_MEND = (
    "pip uninstall -y robosuite praxis-robosuite && "
    "pip install --no-deps praxis-robosuite==1.5.2.post1"
)
MIN_FREE_BYTES, GOOD_FREE_BYTES = 200_000_000, 2_000_000_000
IMPORT_SECONDS = 120

_IMPORT = """
import inspect, json, sys
from leapcasa.envs.quiet import quiet
found = {}
try:
    with quiet():
        import robosuite
        from robosuite.environments.manipulation.manipulation_env import ManipulationEnv
        from robosuite.models.tasks import ManipulationTask
        import robosuite.controllers.parts.controller_factory as factory
    accepts = lambda owner, name: name in inspect.signature(owner.__init__).parameters
    text = inspect.getsource(factory)
    found["where"] = robosuite.__file__
    found["missing"] = [name for name, there in (
        ("ManipulationEnv(load_model_on_init)", accepts(ManipulationEnv, "load_model_on_init")),
        ("ManipulationTask(enable_multiccd)", accepts(ManipulationTask, "enable_multiccd")),
        ("the controller JOINT_VELOCITY_LEGACY", "JOINT_VELOCITY_LEGACY" in text),
    ) if not there]
    with quiet():
        import robocasa
        import robocasa.utils.env_utils
    found["robocasa"] = robocasa.__version__
except BaseException as error:
    found["error"] = f"{type(error).__name__}: {error}"
print(json.dumps(found), file=sys.__stdout__)
"""
"""Signatures are compared because robosuite 1.5.2 and praxis-robosuite carry the same version."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the examination."""

    name: str
    level: Level
    found: str
    mend: str = ""
    """What to do about it; empty if it is ok."""


def doctor(console: Console) -> int:
    """Examine this machine.

    Returns:
        0, or 1 if something fails.
    """
    findings: list[Finding] = []
    for finding in examine():
        findings.append(finding)
        if not console.json:
            console.result({}, _line(finding))
    failed = [f for f in findings if f.level == "fail"]
    warned = [f for f in findings if f.level == "warn"]
    if console.json:
        console.result({"ok": not failed, "findings": [asdict(f) for f in findings]}, "")
    else:
        console.result({}, _verdict(len(failed), len(warned)))
    return 1 if failed else 0


def examine() -> Iterator[Finding]:
    """All findings, each as soon as it is there. A check that breaks is a finding that fails."""
    for check in (
        _python,
        _packages,
        _robosuite,
        _rendering,
        _assets,
        _ffmpeg,
        _gpu,
        _models,
        _disk,
    ):
        try:
            yield from check()
        except Exception as error:
            yield Finding(
                name=check.__name__.removeprefix("_"),
                level="fail",
                found=f"the check itself broke: {type(error).__name__}: {error}",
                mend=REINSTALL,
            )


def _line(finding: Finding) -> str:
    colour = {"ok": "32", "warn": "33", "fail": "31"}[finding.level]
    mark = f"{finding.level:<4}"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        mark = f"\033[1;{colour}m{mark}\033[0m"
    mend = f"\n{'':19}-> {finding.mend}" if finding.mend else ""
    return f"{mark}  {finding.name:<12} {finding.found}{mend}"


def _verdict(failed: int, warned: int) -> str:
    if failed:
        return f"\n{failed} of these must be mended first"
    hint = f" ({warned} warning{'s' * (warned > 1)})" if warned else ""
    return f"\nready{hint}: leapcasa rollout RinseSinkBasin"


def _python() -> Iterator[Finding]:
    found = f"{sys.version.split()[0]} ({sys.executable})"
    if (3, 11) <= sys.version_info[:2] <= (3, 12):
        yield Finding(name="python", level="ok", found=found)
    else:
        yield Finding(
            name="python",
            level="fail",
            found=found,
            mend="leapcasa needs Python 3.11 or 3.12: make PYTHON=python3.11 install",
        )


def _packages() -> Iterator[Finding]:
    missing = [name for name in PACKAGES if version(name) is None]
    found = ", ".join(f"{name} {version(name)}" for name in PACKAGES if name not in missing)
    if missing:
        found = f"not installed: {', '.join(missing)}"
    mend = REINSTALL if missing else ""
    yield Finding(name="packages", level="fail" if missing else "ok", found=found, mend=mend)
    numpy, mujoco = version("numpy"), version("mujoco")
    if mujoco not in (None, "3.3.1"):
        yield Finding(
            name="mujoco",
            level="warn",
            found=f"{mujoco}; RoboCasa365 1.0.1 is made for 3.3.1, physics may differ",
            mend="pip install --no-deps mujoco==3.3.1",
        )
    if numpy is not None and not numpy.startswith("2."):
        yield Finding(
            name="numpy",
            level="warn",
            found=f"{numpy}; leapcasa is tested with 2.2.5",
            mend="pip install --no-deps numpy==2.2.5",
        )


def _robosuite() -> Iterator[Finding]:
    if version("robosuite") is not None and version("praxis-robosuite") is not None:
        yield Finding(
            name="robosuite",
            level="fail",
            found="robosuite and praxis-robosuite are both installed and overwrite each other",
            mend=ROBOSUITE_MEND,
        )
        return
    # A broken GL is a finding of its own and must not look like a broken package.
    environment = {**os.environ, "MUJOCO_GL": "disable"}
    environment.pop("PYOPENGL_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT],
        capture_output=True,
        text=True,
        timeout=IMPORT_SECONDS,
        env=environment,
    )
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        told = {"error": reason}
    missing = told.get("missing", [])
    if missing:
        yield Finding(
            name="robosuite",
            level="fail",
            found=f"{told.get('where')} lacks {', '.join(missing)}",
            mend=ROBOSUITE_MEND,
        )
    elif "error" in told:
        mend = ROBOSUITE_MEND if "robosuite" in told["error"] else REINSTALL
        yield Finding(
            name="simulator", level="fail", found=f"no import: {told['error']}", mend=mend
        )
    else:
        found = f"RoboCasa {told['robocasa']} on {Path(told['where']).parent}"
        yield Finding(name="simulator", level="ok", found=found)


def _rendering() -> Iterator[Finding]:
    from ..envs import gl

    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    if wanted and wanted not in gl.BACKENDS:
        yield Finding(
            name="rendering",
            level="fail",
            found=f"MUJOCO_GL={wanted} draws into a window",
            mend=f"unset MUJOCO_GL, or set it to one of: {', '.join(gl.BACKENDS)}",
        )
        return
    failures = []
    for backend in [wanted] if wanted else gl.BACKENDS:
        result = gl.attempt(backend)
        if result.works:
            note = "" if wanted else ", chosen by itself"
            found = f"{backend} drew a picture: {result.detail}{note}"
            if failures:
                found += f" ({'; '.join(failures)})"
            yield Finding(name="rendering", level="ok", found=found)
            return
        failures.append(f"{backend}: {result.detail}")
    mend = f"unset MUJOCO_GL to try others; {gl.REMEDY}" if wanted else gl.REMEDY
    yield Finding(name="rendering", level="fail", found="; ".join(failures), mend=mend)


def _assets() -> Iterator[Finding]:
    from ..envs.assets import locate
    from ..envs.standin.pack import default_root

    try:
        pack = locate()
    except LeapcasaError as error:
        yield Finding(
            name="assets",
            level="fail",
            found=str(error),
            mend="mend or unset LEAPCASA_ASSETS and ROBOCASA_ASSETS_PATH",
        )
        return
    if pack is None:
        yield Finding(
            name="assets",
            level="warn",
            found=f"none yet; a stand-in pack is built on first use in {default_root()}",
            mend="leapcasa assets build, or export LEAPCASA_ASSETS=DIR with the full assets",
        )
    elif pack.kind == "standin":
        found = f"stand-in {pack.version} in {pack.root}; does not compare with published numbers"
        yield Finding(name="assets", level="ok", found=found)
    else:
        yield Finding(name="assets", level="ok", found=f"full RoboCasa365 assets in {pack.root}")


def _ffmpeg() -> Iterator[Finding]:
    from .encoder import ffmpeg

    try:
        path = ffmpeg()
        done = subprocess.run(
            [path, "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=60
        )
        reason = "" if "libx264" in done.stdout else f"{path} has no libx264"
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        path, reason = "", str(error)
    if reason:
        yield Finding(
            name="video",
            level="fail",
            found=reason,
            mend="pip install --force-reinstall --no-deps imageio-ffmpeg, "
            "or unset IMAGEIO_FFMPEG_EXE",
        )
    else:
        yield Finding(name="video", level="ok", found=f"ffmpeg with libx264 ({path})")


def _gpu() -> Iterator[Finding]:
    query = "--query-gpu=name,memory.total,driver_version"
    try:
        done = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=30,
        )
        gpus = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        broken = done.returncode != 0
    except FileNotFoundError:
        gpus, broken = [], False
    except (OSError, subprocess.TimeoutExpired):
        gpus, broken = [], True
    if broken:
        yield Finding(
            name="gpu",
            level="warn",
            found="nvidia-smi is there but does not answer",
            mend="check the NVIDIA driver; rollouts also run on the CPU",
        )
    else:
        found = "; ".join(gpus) or "none found; rollouts run on the CPU"
        yield Finding(name="gpu", level="ok", found=found)


def _models() -> Iterator[Finding]:
    """Which devices can hold a Qwen3-VL, and in which form; tried in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.vlm.support"],
        capture_output=True,
        text=True,
        timeout=IMPORT_SECONDS,
    )
    try:
        devices = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        yield Finding(name="models", level="fail", found=reason, mend=REINSTALL)
        return
    for device in devices:
        where = f"{device['device']} ({device['name']})"
        broken = {form: device[form] for form in ("bfloat16", "nf4") if device[form] != "ok"}
        if broken:
            found = "; ".join(f"no {form}: {reason}" for form, reason in broken.items())
            mend = "pip install --force-reinstall --no-deps bitsandbytes, or quantization=none"
            yield Finding(name="models", level="warn", found=f"{where}: {found}", mend=mend)
        else:
            slow = "; slow, meant for small checkpoints" if device["device"] == "cpu" else ""
            found = f"{where} runs float32, bfloat16 and 4-bit NF4{slow}"
            yield Finding(name="models", level="ok", found=found)


def _disk() -> Iterator[Finding]:
    from ..envs.standin.pack import default_root

    for purpose, folder in (("outputs", Path.cwd()), ("cache", default_root())):
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        level: Level = "ok"
        if free < GOOD_FREE_BYTES:
            level = "warn" if free >= MIN_FREE_BYTES else "fail"
        found = f"{free / 1e9:.1f} GB free for {purpose} in {folder}"
        if not os.access(folder, os.W_OK):
            level, found = "warn", f"{folder} is not writable, {purpose} cannot go there"
        where = "run elsewhere or name --out DIR" if purpose == "outputs" else "set XDG_CACHE_HOME"
        mend = "" if level == "ok" else f"free some space; {where}"
        yield Finding(name="disk", level=level, found=found, mend=mend)
