"""One rollout: a kitchen, an agent, the record of what they did, and the result.

Whatever ends the episode - the agent, the clock, an error, Ctrl-C - its files are finished, and
`run.json` says why.
"""

import contextlib
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..agent.loop import Agent, AgentView
from ..configs import ConfigError, LeapcasaError, RunConfig
from ..configs.convert import to_dict
from ..envs.assets import AssetPack
from ..envs.kitchen import Kitchen, SceneRecord
from ..envs.referee import Referee
from ..envs.sensors import CONTROL_HZ, View
from ..envs.tasks import task as known_task
from ..judges.base import Judge
from ..policies.incidents import Held
from . import components
from .console import Progress
from .episode import Observer, run_episode
from .incidents import IncidentLog
from .narrator import ENDS, Filmer, Ticker, ending
from .overlay import Title
from .recorder import Recorder
from .records import make_folder, write_json
from .result import BROKEN, NOT_THE_AGENT, ErrorKind, Result, kind_of
from .tracer import Tracer
from .versions import machine, versions
from .video import Video
from .witness import Witness

FORMAT = 1
"""Of `run.json`; goes up when a field changes its meaning."""


@dataclass(kw_only=True)
class _Stage:
    """What has been put up so far; all of it may be missing when something breaks."""

    config: RunConfig
    folder: Path
    max_steps: int
    judge: Callable[[], Judge] | None = None
    kitchen: Kitchen | None = None
    scene: SceneRecord | None = None
    parts: components.Components | None = None
    agent: Agent | None = None
    witness: Witness | None = None
    recorder: Recorder | None = None
    tracer: Tracer | None = None
    incidents: IncidentLog | None = None
    video: Video | None = None
    progress: Progress | None = None
    set_up: float = field(default_factory=time.monotonic)
    began: float | None = None
    end_reason: str = "error"
    error: str | None = None
    error_kind: ErrorKind | None = None


def rollout(
    config: RunConfig,
    out: Path | None = None,
    *,
    tell: Callable[[str], None] = lambda text: None,
    judge: Callable[[], Judge] | None = None,
) -> Result:
    """Run one episode and record it.

    Args:
        config: complete, with a task.
        out: the run's folder, new or empty; None for one below `outputs/`.
        tell: is given short lines for the user.
        judge: makes what stands for the configured judge, elsewhere but the same; None for nobody.

    Returns:
        What came of it; an error during the episode is in it, not raised.

    Raises:
        ConfigError: if the episode cannot begin because of what was asked for.
        RecordError: if the result itself cannot be written.
    """
    max_steps = step_limit(config)
    components.check_names(config)
    fresh = out is not None and not out.expanduser().exists()
    folder = make_folder(default_folder(config) if out is None else out)
    stage = _Stage(config=config, folder=folder, max_steps=max_steps, judge=judge)
    try:
        _write_record(stage, None)
        _guarded(stage, tell)
    except ConfigError:
        _discard(folder, remove=fresh or out is None)
        raise
    with _uninterrupted():
        return _finish(stage, tell)


def step_limit(config: RunConfig) -> int:
    """After how many control steps the episode ends: as configured, else the official horizon.

    Raises:
        ConfigError: if the task is unknown or missing.
    """
    if not config.task:
        raise ConfigError("the configuration names no task; `leapcasa tasks` lists them")
    horizon = known_task(config.task).horizon
    return config.limits.max_steps or horizon or config.limits.fallback_steps


def default_folder(config: RunConfig) -> Path:
    """`outputs/<date-time>_<task>_s<seed>` below the current folder, not yet taken."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}_{config.task}_s{config.seed}"
    path, count = Path("outputs") / name, 1
    while path.exists():
        count += 1
        path = Path("outputs") / f"{name}_{count}"
    return path


def _guarded(stage: _Stage, tell: Callable[[str], None]) -> None:
    """Set up and run; the one place where everything is caught."""
    try:
        _set_up(stage, tell)
        _run(stage)
    except ConfigError:
        raise
    except KeyboardInterrupt:
        stage.end_reason = "interrupted"
    except LeapcasaError as error:
        _broke(stage, error)
    except Exception as error:
        _broke(stage, error)
        stage.error = f"unexpected {type(error).__name__}: {error}"
        path = stage.folder / "error.txt"
        with contextlib.suppress(OSError):
            path.write_text(traceback.format_exc())
            stage.error += f" (the traceback is in {path})"


def _set_up(stage: _Stage, tell: Callable[[str], None]) -> None:
    config, sizes = stage.config, stage.config.env.image_size
    image_size: dict[View, int] = {"right": sizes.right, "left": sizes.left, "hand": sizes.hand}
    tell(f"building the kitchen of {config.task} ({config.split}, seed {config.seed})")
    kitchen = stage.kitchen = Kitchen(
        config.task,
        split=config.split,
        image_size=image_size,
        render_profile=config.env.render_profile,
        instruction=config.env.instruction,
    )
    referee = Referee(kitchen)
    parts = stage.parts = components.make(config, referee, judge=stage.judge)
    stage.agent = Agent(parts.planner, parts.policy, parts.judge, config.advance, seed=config.seed)
    held = (referee,) if parts.privileged else ()
    stage.witness = Witness(
        Referee(kitchen), held, every=config.limits.success_every, last=stage.max_steps
    )


def _run(stage: _Stage) -> None:
    kitchen, agent, witness, config = stage.kitchen, stage.agent, stage.witness, stage.config
    assert kitchen is not None
    assert agent is not None
    assert witness is not None
    first = kitchen.begin(config.seed)
    stage.scene = kitchen.scene
    _write_record(stage, None)
    stage.recorder = Recorder(stage.folder)
    stage.tracer = Tracer(stage.folder, kitchen)
    assert stage.parts is not None
    stage.incidents = IncidentLog(stage.parts.policy, stage.recorder)
    observers: list[Observer] = [stage.recorder, stage.incidents, stage.tracer]
    if config.video.enabled:
        stage.video = Video(
            stage.folder / "video.mp4",
            _title(stage),
            hold=config.video.hold,
            quality=config.video.quality,
        )
        observers.append(Filmer(stage.video))
    stage.progress = Progress(stage.max_steps)
    observers.append(Ticker(stage.progress))
    stage.began = time.monotonic()
    stage.end_reason = run_episode(
        kitchen,
        agent,
        witness,
        observers,
        first=first,
        max_steps=stage.max_steps,
        wall_seconds=config.limits.wall_seconds,
    )


def _finish(stage: _Stage, tell: Callable[[str], None]) -> Result:
    """Close everything that is open; each part even if another one fails."""
    ended = time.monotonic()
    seconds = ended - stage.began if stage.began is not None else 0.0
    setup = (stage.began or ended) - stage.set_up
    if stage.progress is not None:
        stage.progress.close()
    result = _result(stage, seconds=round(seconds, 2), setup=round(setup, 2))
    if stage.recorder is not None:
        try:
            if stage.incidents is not None:
                stage.incidents.write(result.steps)
            stage.recorder.note("Ended", result.steps, {"reason": result.end_reason})
        except LeapcasaError as error:
            _broke(stage, error)
        for part in (stage.recorder, stage.tracer):
            try:
                if part is not None:
                    part.close()
            except LeapcasaError as error:
                _broke(stage, error)
    video = None
    if stage.video is not None:
        witness = stage.witness
        first = witness.first_success if witness else None
        at = None if first is None else first / CONTROL_HZ
        video = stage.video.close(ending(stage.end_reason, result.success, at))
        if stage.video.failure and not (stage.error and result.steps == 0):
            tell(f"warning: no video: {stage.video.failure}")
    result = _result(
        stage,
        seconds=result.seconds,
        setup=result.setup_seconds,
        video=str(video) if video else None,
    )
    if stage.parts is not None and isinstance(stage.parts.policy, Held):
        with contextlib.suppress(Exception):
            stage.parts.policy.close()
    if stage.kitchen is not None:
        with contextlib.suppress(Exception):
            stage.kitchen.close()
    _write_record(stage, result)
    return result


def _broke(stage: _Stage, error: Exception) -> None:
    """Take note of what broke; what broke first stays."""
    if stage.error is None:
        stage.error, stage.error_kind = str(error), kind_of(error)
    not_the_agent = stage.error_kind in NOT_THE_AGENT
    stage.end_reason = "infrastructure_error" if not_the_agent else "error"


def _result(stage: _Stage, *, seconds: float, setup: float, video: str | None = None) -> Result:
    config, witness = stage.config, stage.witness
    view = stage.agent.view() if stage.agent is not None else None
    truth = witness.last if witness is not None else None
    pack = stage.kitchen.assets if stage.kitchen is not None else None
    return Result(
        task=config.task,
        seed=config.seed,
        split=config.split,
        success=bool(truth and truth.ever),
        success_at_end=bool(truth and truth.success),
        first_success_step=witness.first_success if witness else None,
        declared_success=bool(stage.agent and stage.agent.declared_success),
        steps=stage.kitchen.step_count if stage.kitchen else 0,
        end_reason=stage.end_reason,
        subtasks=_subtasks(view),
        video=video,
        run_dir=str(stage.folder),
        privileged=list(stage.parts.privileged) if stage.parts else [],
        assets=pack.kind if pack else "none",
        assets_version=pack.version if pack else "none",
        seconds=seconds,
        setup_seconds=setup,
        config=config.preset,
        clipped_actions=stage.kitchen.clipped_actions if stage.kitchen else 0,
        incidents=stage.incidents.count if stage.incidents else 0,
        error=stage.error,
        error_kind=stage.error_kind,
    )


def _subtasks(view: AgentView | None) -> list[dict[str, str]]:
    return [{"text": s.text, "status": s.status} for s in view.subtasks] if view else []


def _title(stage: _Stage) -> Title:
    config, parts, kitchen = stage.config, stage.parts, stage.kitchen
    assert parts is not None
    assert kitchen is not None
    names = f"planner {config.planner.name}, policy {config.policy.name}, judge {config.judge.name}"
    return Title(
        task=config.task,
        instruction=kitchen.instruction,
        subtitle=f"{config.split} · seed {config.seed} · {names}",
        privileged=parts.privileged,
        standin=kitchen.assets.kind == "standin",
        threshold=config.advance.margin,
        limit=stage.max_steps,
    )


def _write_record(stage: _Stage, result: Result | None) -> None:
    """Replace `run.json` by what is known now."""
    kitchen, parts = stage.kitchen, stage.parts
    pack: AssetPack | None = kitchen.assets if kitchen else None
    record: dict[str, Any] = {
        "format": FORMAT,
        "state": "running" if result is None else "finished",
        "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "config": to_dict(stage.config),
        "max_steps": stage.max_steps,
        "seeds": {"kitchen": stage.config.seed, "agent": stage.config.seed},
        "versions": versions(),
        "machine": machine(),
        "assets": pack,
        "compares_with_published": pack.kind == "full" if pack else None,
        "scene": stage.scene,
        "parts": _parts(parts),
        "privileged": list(parts.privileged) if parts else [],
        "result": asdict(result) if result else None,
    }
    write_json(stage.folder / "run.json", record)


def _parts(parts: components.Components | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    named = {"planner": parts.planner, "policy": parts.policy, "judge": parts.judge}
    return {name: part.info for name, part in named.items()}


def _discard(folder: Path, *, remove: bool) -> None:
    """Take back what was written before the input turned out to be bad."""
    for name in ("run.json",):
        (folder / name).unlink(missing_ok=True)
    if remove:
        with contextlib.suppress(OSError):
            folder.rmdir()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Further Ctrl-C wait until the files are finished (seconds)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["BROKEN", "ENDS", "Result", "rollout"]
