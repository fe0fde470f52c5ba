"""`leapcasa replay`: runs a record again and says whether it is the same, or where it parts."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError, EnvironmentFault
from ...envs import assets
from ..console import Console, Progress
from ..encoder import EncoderError
from ..records import make_folder, write_json
from .compare import Comparison, plain
from .film import Film
from .find import find
from .reasons import Differences, differences, likely
from .recorded import Recorded, load
from .rerun import Rerun, UnbuildableError, recorded_profile, recorded_sizes

FORMAT = 1
"""Of `replay.json`; goes up when a field changes its meaning."""
SAME, PARTED = 0, 1


@dataclass(kw_only=True)
class Outcome:
    """What came of a rerun."""

    parted: dict[str, Any] | None = None
    """Step, quantity, what and how far; None if nothing parts."""
    tracks: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 0
    success: bool = False
    """RoboCasa's criterion held at some look of the rerun."""


def replay_command(
    folder: Path,
    episode: str | None,
    *,
    out: Path | None,
    video: bool,
    pictures: bool,
    console: Console,
) -> int:
    """Run one record again.

    Args:
        folder: of an evaluation or a rollout.
        episode: which one; None if there is only one.
        out: where `replay.json` and the video go; None for nowhere.
        video: film it.
        pictures: draw and compare the external views.
        console: where the result goes.

    Returns:
        0 if everything that could be compared is the same, 1 if it parts.

    Raises:
        ConfigError: for bad input, a record that cannot be run again included.
        RecordError: if something cannot be written.
    """
    if video and out is None:
        raise ConfigError("--video needs a place for the film: --out DIR")
    if video and not pictures:
        raise ConfigError("--video and --no-frames exclude each other")
    recorded = load(find(folder, episode))
    place = None if out is None else make_folder(out)
    began = time.monotonic()
    with console.quiet_stdout():
        pack = assets.ensure()
        scene = recorded.scene
        console.note(f"building the kitchen of {scene.task} ({scene.split}, seed {scene.seed})")
        film = Film(place / "replay.mp4", recorded) if video and place else None
        outcome = _again(recorded, pictures=pictures, film=film, console=console)
        found = differences(recorded, f"{pack.kind} {pack.version}")
    value = _value(recorded, outcome, found, pictures=pictures)
    value["seconds"] = round(time.monotonic() - began, 2)
    value["video"] = str(film.path) if film is not None and film.path.exists() else None
    if place is not None:
        write_json(place / "replay.json", value)
    console.result(value, _text(value))
    return SAME if outcome.parted is None else PARTED


def _again(recorded: Recorded, *, pictures: bool, film: Film | None, console: Console) -> Outcome:
    """Rerun and compare; what breaks on the way is a parting too."""
    outcome = Outcome()
    wanted = pictures and (bool(recorded.frames) or film is not None)
    try:
        with Rerun(
            recorded,
            image_size=recorded_sizes(recorded) if wanted else {},
            profile=recorded_profile(recorded),
        ) as rerun:
            if lines := _scene(recorded, rerun):
                outcome.parted = _parting(0, "scene", "; ".join(lines))
            else:
                comparison = Comparison(recorded, rerun.joint, pictures=wanted)
                _run(rerun, comparison, outcome, len(recorded.actions), film, console)
    except EnvironmentFault as error:
        if not outcome.looks and not isinstance(error, UnbuildableError):
            raise  # nothing can be run here, whatever was recorded
        broke_then = recorded.result.get("error_kind") == "environment"
        as_recorded = broke_then and outcome.looks == len(recorded.actions) > 0
        if outcome.parted is None and not as_recorded:
            what = "simulation" if outcome.looks else "scene"
            outcome.parted = _parting(outcome.looks, what, str(error))
    finally:
        _finish(film, outcome, console)
    return outcome


def _run(
    rerun: Rerun,
    comparison: Comparison,
    outcome: Outcome,
    total: int,
    film: Film | None,
    console: Console,
) -> None:
    progress = Progress(total)
    try:
        for seen in rerun.looks():
            said = comparison.take(seen)
            outcome.looks += 1
            outcome.success = outcome.success or seen.success
            first = comparison.parted
            if film is not None:
                apart = (first.first, first.quantity) if first and first.first is not None else None
                film.add(seen, said, apart)
            progress.update(seen.sensors.step, "the same" if first is None else "parted")
    finally:
        progress.close()
        outcome.tracks = [plain(track) for track in comparison.tracks.values() if track.looks]
        if (first := comparison.parted) and first.first is not None:
            outcome.parted = _parting(first.first, first.quantity, first.what, first.by)


def _finish(film: Film | None, outcome: Outcome, console: Console) -> None:
    if film is None:
        return
    try:
        if outcome.looks:
            film.close()
        else:
            film.abandon()
    except EncoderError as error:
        console.note(f"warning: no video: {error}")


def _scene(recorded: Recorded, rerun: Rerun) -> list[str]:
    """How the scene that was built differs; the assets' version alone is no difference."""
    lines = recorded.scene.differences(rerun.kitchen.scene)
    return [line for line in lines if not line.startswith("assets: ")]


def _parting(step: int, quantity: str, what: str, by: float | None = None) -> dict[str, Any]:
    return {"step": step, "quantity": quantity, "what": what, "by": by}


def _value(
    recorded: Recorded, outcome: Outcome, found: Differences, *, pictures: bool
) -> dict[str, Any]:
    scene, parted = recorded.scene, outcome.parted
    missing = [*recorded.missing]
    if not pictures:
        missing.append("pictures: --no-frames")
    ever = any(recorded.success.values())
    return {
        "format": FORMAT,
        "verdict": "same" if parted is None else "parted",
        "parted": parted,
        "likely": None if parted is None else likely(found, parted["quantity"], parted["step"]),
        "record": str(recorded.folder),
        "task": scene.task,
        "split": scene.split,
        "seed": scene.seed,
        "actions": len(recorded.actions),
        "looks": outcome.looks,
        "whole": recorded.whole,
        "compared": outcome.tracks,
        "not_compared": missing,
        "success": {"recorded": ever if recorded.success else None, "rerun": outcome.success},
        "differences": asdict(found),
    }


def _text(value: Mapping[str, Any]) -> str:
    """The result for people."""
    name = f"{value['task']} ({value['split']}, seed {value['seed']})"
    parted = value["parted"]
    if parted is None:
        compared = ", ".join(track["quantity"] for track in value["compared"])
        lines = ["", f"SAME: {name}, {value['actions']} actions run again; compared: {compared}"]
    else:
        lines = ["", f"PARTED at step {parted['step']}: {name}"]
        lines.append(f"  {parted['quantity']:15} {parted['what']}")
        lines.append(f"  likely          {value['likely']}")
    lines += [_line(track) for track in value["compared"]]
    lines += [f"  not compared    {line}" for line in value["not_compared"]]
    lines += [f"  note            {line}" for line in _notes(value)]
    if value["video"]:
        lines.append(f"  video           {value['video']}")
    lines.append(f"  record          {value['record']}")
    return "\n".join(lines)


def _line(track: Mapping[str, Any]) -> str:
    words = f"  {track['quantity']:15} {track['same']} of {track['looks']} looks the same"
    if track["first_step"] is not None:
        words += f", first difference at step {track['first_step']}"
    if track["most"]:
        words += f", largest {track['most']:.3g} at step {track['most_step']}"
    return words


def _notes(value: Mapping[str, Any]) -> Sequence[str]:
    """What is different here though nothing parted by it, or beside what did."""
    found = value["differences"]
    lines = [*([found["assets"]] if found["assets"] else []), *found["versions"]]
    return [*lines, *found["other_versions"]]
