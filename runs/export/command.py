"""`leapcasa export`: makes each episode again, then has LeRobot write the data set."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError
from ...envs import assets
from ...envs.kitchen import PROFILES
from ...envs.sensors import CONTROL_HZ
from ..console import Console
from ..records import RecordError, write_json
from .choose import Chosen, LeftOut, choose
from .layout import Layout, layout
from .stage import PartedError, Staged, stage, staged

FORMATS = ("lerobot",)
VARIABLE = "LEAPCASA_LEROBOT_PYTHON"
SCRIPT = Path(__file__).with_name("lerobot_writer.py")
FORMAT = 1
"""Of `meta/leapcasa.json`; goes up when a field changes its meaning."""
ROBOT = "PandaOmron"
IMPORT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """The arguments of `leapcasa export`, as given."""

    folder: Path
    out: Path
    format: str = "lerobot"
    python: str | None = None
    episodes: Sequence[str] = field(default_factory=tuple)
    successful: bool = False
    mapping: str = "robocasa365"
    size: int | None = None
    profile: str = "exact"
    lossless: bool = False
    repo_id: str | None = None


def export_command(request: ExportRequest, console: Console) -> int:
    """Write a data set.

    Returns:
        0 if every chosen episode is in it, 1 if some could not be made again.

    Raises:
        ConfigError: for bad input.
        RecordError: if something cannot be written.
        LeapcasaError: if no episode could be made again, or LeRobot fails.
    """
    out = request.out.expanduser().absolute()
    drawn = _check(request, out)
    chosen, left = choose(request.folder, request.episodes, successful=request.successful)
    if not chosen:
        raise ConfigError(f"no episode of {request.folder} can be exported: {_why(left)}")
    python = _python(request.python)
    work = _work_folder(out, request, drawn)
    with console.quiet_stdout():
        assets.ensure()
        made, broken = _stage_all(chosen, work / "staged", drawn, request.profile, console)
        left = [*left, *broken]
        if not made:
            raise LeapcasaError(f"no episode could be made again: {_why(left)}")
        told = _write(python, request, drawn, made, left, work, console)
    try:
        os.replace(work / "dataset", out)
    except OSError as error:
        raise RecordError(f"cannot write {out}: {error.strerror or error}") from error
    shutil.rmtree(work, ignore_errors=True)
    value = {"out": str(out), "format": request.format, "episodes": len(made), **told,
             "left_out": [vars(one) for one in left]}  # fmt: skip
    console.result(value, _text(value))
    return 1 if any(one.broke for one in left) else 0


def _check(request: ExportRequest, out: Path) -> Layout:
    if request.format not in FORMATS:
        raise ConfigError(f"--format {request.format!r} is unknown; there is {', '.join(FORMATS)}")
    if request.profile not in PROFILES:
        raise ConfigError(f"--profile {request.profile!r} is none of {', '.join(PROFILES)}")
    if out.exists():
        raise ConfigError(f"{out} is there already; name a folder that is not")
    return layout(request.mapping, request.size, lossless=request.lossless)


def _python(named: str | None) -> str:
    """An interpreter that has lerobot, tried out.

    Raises:
        ConfigError: if there is none.
    """
    python = named or os.environ.get(VARIABLE, "")
    mend = "pip install lerobot in an environment of its own and name its python: --lerobot-python"
    if not python:
        raise ConfigError(f"--lerobot-python (or {VARIABLE}) is missing; {mend}")
    try:
        done = subprocess.run(
            [python, str(SCRIPT), "--check"],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            env=_environment(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"{python} does not run: {error}; {mend}") from error
    if done.returncode:
        raise ConfigError(f"{python} has no lerobot that works: {_last(done.stderr)}; {mend}")
    return python


def _environment() -> dict[str, str]:
    """Without what would lead the other interpreter to this one's packages."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    return {**kept, "HF_HUB_OFFLINE": "1"}


def _work_folder(out: Path, request: ExportRequest, drawn: Layout) -> Path:
    """Where the export is made, beside its place; an earlier one like it is gone on with."""
    work = out.with_name(f".{out.name}.export")
    asked = {
        "folder": str(request.folder.expanduser().absolute()),
        "mapping": drawn.name,
        "size": drawn.size,
        "profile": request.profile,
        "assets": _assets(),
    }
    path = work / "request.json"
    if path.exists():
        try:
            before = json.loads(path.read_text())
        except (OSError, ValueError):
            before = None
        if before != asked:
            raise ConfigError(
                f"another export was begun in {work} ({before}); go on as it was begun, or remove "
                "that folder"
            )
        return work
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write to {out.parent}: {error.strerror or error}") from error
    write_json(path, asked)
    return work


def _assets() -> str:
    pack = assets.ensure()
    return f"{pack.kind} {pack.version}"


def _stage_all(
    chosen: Sequence[Chosen], place: Path, drawn: Layout, profile: str, console: Console
) -> tuple[list[tuple[Chosen, Staged]], list[LeftOut]]:
    made: list[tuple[Chosen, Staged]] = []
    broken: list[LeftOut] = []
    for number, one in enumerate(chosen, start=1):
        folder = place / one.name
        head = f"[{number}/{len(chosen)}] {one.name}"
        if (there := staged(folder, one)) is not None:
            made.append((one, there))
            console.note(f"{head}: made by an earlier call")
            continue
        try:
            done = stage(folder, one, drawn, profile)
        except RecordError:
            raise
        except LeapcasaError as error:
            broken.append(LeftOut(name=one.name, why=str(error), broke=True))
            word = "left out" if isinstance(error, PartedError) else "broke"
            console.note(f"{head}: {word}: {error}")
            continue
        made.append((one, done))
        console.note(f"{head}: {done.frames} frames, the same in {', '.join(done.verified)}")
    return made, broken


def _write(
    python: str,
    request: ExportRequest,
    drawn: Layout,
    made: Sequence[tuple[Chosen, Staged]],
    left: Sequence[LeftOut],
    work: Path,
    console: Console,
) -> Mapping[str, Any]:
    """Have LeRobot write and check; what it says at the end."""
    target = work / "dataset"
    shutil.rmtree(target, ignore_errors=True)
    repo = request.repo_id or f"leapcasa/{request.out.name}"
    plan = {
        "repo_id": repo,
        "fps": CONTROL_HZ,
        "robot_type": ROBOT,
        "out": str(target),
        "lossless": drawn.lossless,
        "features": drawn.features(),
        "images": dict(drawn.mapping.images),
        "columns": [*drawn.mapping.state, *drawn.mapping.actions],
        "episodes": [str(one.folder) for _, one in made],
        "extra": {
            "meta/modality.json": drawn.modality(),
            "meta/leapcasa.json": _about(request, drawn, made, left),
        },
    }
    write_json(work / "plan.json", plan)
    command = [python, str(SCRIPT), "--plan", str(work / "plan.json")]
    with open(work / "lerobot.log", "w+") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=_environment()
        )
        last = ""
        try:
            assert process.stdout is not None
            for line in process.stdout:
                last = line.strip() or last
                if last.startswith("wrote "):
                    console.note(last)
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        said = log.read()
    if code:
        raise LeapcasaError(
            f"LeRobot could not write the data set: {_last(said)} (all it said: "
            f"{work / 'lerobot.log'}); what was made stays, the same command goes on"
        )
    return {"repo_id": repo, "fps": CONTROL_HZ, **json.loads(last)}


def _about(
    request: ExportRequest,
    drawn: Layout,
    made: Sequence[tuple[Chosen, Staged]],
    left: Sequence[LeftOut],
) -> dict[str, Any]:
    """`meta/leapcasa.json`: where every episode comes from and what was checked."""
    episodes = []
    for number, (_, one) in enumerate(made):
        told = json.loads((one.folder / "episode.json").read_text())
        episodes.append(
            {"episode_index": number, "record": told["name"], "verified": told["verified"],
             **told["about"]}
        )  # fmt: skip
    return {
        "format": FORMAT,
        "pictures": f"drawn anew at {drawn.size} px ({request.profile} profile) while the recorded "
        "actions were run again; not those of the record's video",
        "subtasks": "the subtask the agent had in hand, in its planner's words",
        "next.reward": "1 where RoboCasa's own criterion is met after the action",
        "mapping": drawn.name,
        "compares_with_published": all(str(one["assets"]).startswith("full") for one in episodes),
        "episodes": episodes,
        "left_out": [vars(one) for one in left],
    }


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _why(left: Sequence[LeftOut]) -> str:
    shown = "; ".join(f"{one.name}: {one.why}" for one in left[:3])
    return shown + (f"; and {len(left) - 3} more" if len(left) > 3 else "")


def _text(value: Mapping[str, Any]) -> str:
    counts = f"{value['episodes']} episodes, {value['frames']} frames at {value['fps']} Hz"
    counts += f", {len(value['subtasks'])} subtasks"
    lines = ["", f"{counts}, written by LeRobot {value['lerobot']}"]
    if value["worst_psnr_db"] is not None:
        lines.append(f"  pictures   read back at {value['worst_psnr_db']:.1f} dB or better")
    if value["unchecked"]:
        lines.append(f"  unchecked  {value['unchecked']}")
    lines += [f"  left out   {one['name']}: {one['why']}" for one in value["left_out"][:10]]
    if len(value["left_out"]) > 10:
        lines.append(f"  ... and {len(value['left_out']) - 10} more, see meta/leapcasa.json")
    lines.append(f"  data set   {value['out']}")
    return "\n".join(lines)
