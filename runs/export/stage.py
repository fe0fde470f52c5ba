"""One episode made again and laid down without loss, for LeRobot's environment to take up.

```
NAME/episode.json   what it is, its subtasks in words, what was checked
NAME/arrays.npz     state, action, subtask, reward; where each picture begins
NAME/VIEW.png       the pictures of a view, one PNG behind the other
```
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...configs import LeapcasaError
from ...envs.physics import digest
from ...envs.sensors import View
from ..evaluation.jobs import sync
from ..evaluation.reading import read_events
from ..records import RecordError, write_json
from ..replaying.compare import Comparison
from ..replaying.recorded import Recorded
from ..replaying.rerun import Rerun, recorded_profile, recorded_sizes
from .choose import Chosen
from .layout import Layout

FILE = "episode.json"
PNG_EFFORT = 1


class PartedError(LeapcasaError):
    """The rerun is not the recorded episode, so its pictures are not those of the record."""


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What lies in one folder."""

    folder: Path
    frames: int
    verified: Sequence[str]
    """Quantities that were the same at every look."""


def staged(folder: Path, chosen: Chosen) -> Staged | None:
    """What an earlier call made of this very record; None if there is nothing whole."""
    try:
        told = json.loads((folder / FILE).read_text())
        if told["record_digest"] != _record_digest(chosen.recorded):
            return None
        return Staged(folder=folder, frames=told["frames"], verified=tuple(told["verified"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stage(folder: Path, chosen: Chosen, layout: Layout, profile: str) -> Staged:
    """Run the episode again and write it down; whole or not at all.

    Args:
        folder: is replaced.
        chosen: the episode.
        layout: names and sizes.
        profile: render profile.

    Raises:
        PartedError: if the rerun parts from the record.
        EnvironmentFault: if the scene cannot be built, or breaks.
        RecordError: if it cannot be written.
    """
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        made = _make(part, chosen, layout, profile)
        for path in part.iterdir():
            sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    except OSError as error:
        raise RecordError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Staged(folder=folder, frames=made["frames"], verified=tuple(made["verified"]))


def _make(part: Path, chosen: Chosen, layout: Layout, profile: str) -> dict[str, Any]:
    recorded = chosen.recorded
    count = len(recorded.actions)
    reward = np.zeros(count, np.float32)
    with Rerun(recorded, image_size=layout.views, profile=profile) as rerun:
        _same_scene(recorded, rerun)
        pictures = _comparable(layout, profile, recorded)
        comparison = Comparison(recorded, rerun.joint, pictures=pictures)
        films: dict[View, _Pictures] = {
            view: _Pictures(part / f"{view}.png") for view in layout.views
        }
        try:
            for seen in rerun.looks():
                comparison.take(seen)
                _refuse(comparison)
                step = seen.sensors.step
                if step > 0:
                    reward[step - 1] = float(seen.success)
                if step < count:
                    for view, film in films.items():
                        film.add(seen.sensors.image(view))
        finally:
            for film in films.values():
                film.close()
    texts, subtask = subtasks(recorded)
    arrays: dict[str, np.ndarray] = {
        **layout.columns(recorded.felt[:count], recorded.actions),
        "subtask": subtask,
        "reward": reward,
        **{f"begins.{view}": np.array(film.begins, np.int64) for view, film in films.items()},
    }
    np.savez(part / "arrays.npz", allow_pickle=False, **arrays)
    verified = [track.quantity for track in comparison.tracks.values() if track.looks == track.same
                and track.looks > count]  # fmt: skip
    told = _about(chosen, texts, count, verified)
    write_json(part / FILE, told)
    return told


def _about(
    chosen: Chosen, texts: Sequence[str], count: int, verified: Sequence[str]
) -> dict[str, Any]:
    recorded = chosen.recorded
    result, scene = recorded.result, recorded.scene
    return {
        "name": chosen.name,
        "record_digest": _record_digest(recorded),
        "frames": count,
        "task": recorded.instruction,
        "subtasks": list(texts),
        "verified": list(verified),
        "about": {
            "robocasa_task": scene.task,
            "split": scene.split,
            "seed": scene.seed,
            "success": bool(result.get("success")),
            "declared_success": bool(result.get("declared_success")),
            "end_reason": result.get("end_reason"),
            "parts": recorded.run.get("parts"),
            "privileged": recorded.run.get("privileged"),
            "assets": scene.assets,
            "versions": recorded.run.get("versions"),
        },
    }


def subtasks(recorded: Recorded) -> tuple[list[str], np.ndarray]:
    """The subtasks in words, and for each action which of them was in hand, (T,) int64."""
    starts: dict[int, str] = {}
    for event in read_events(recorded.folder / "events.jsonl"):
        if event.get("event") == "SubtaskStarted" and isinstance(event.get("step"), int):
            starts[event["step"]] = str(event.get("text", ""))
    known: dict[str, int] = {}
    index = np.zeros(len(recorded.actions), np.int64)
    text = recorded.instruction
    for step in range(len(index)):
        text = starts.get(step, text)
        index[step] = known.setdefault(text, len(known))
    return list(known), index


def _same_scene(recorded: Recorded, rerun: Rerun) -> None:
    lines = recorded.scene.differences(rerun.kitchen.scene)
    if apart := [line for line in lines if not line.startswith("assets: ")]:
        raise PartedError("its scene comes out different here: " + "; ".join(apart))


def _refuse(comparison: Comparison) -> None:
    if (first := comparison.parted) is not None:
        raise PartedError(
            f"run again it parts from the record at step {first.first}: {first.quantity}, "
            f"{first.what}; `leapcasa replay` tells more"
        )


def _comparable(layout: Layout, profile: str, recorded: Recorded) -> bool:
    """Whether the export's own pictures are drawn as the record's were."""
    sizes: Mapping[View, int] = recorded_sizes(recorded)
    return profile == recorded_profile(recorded) and all(
        layout.views.get(view) == sizes.get(view) for view in recorded.frames
    )


def _record_digest(recorded: Recorded) -> str:
    """Of what decides: the actions, and what they are compared with."""
    parts = (recorded.actions, recorded.felt, np.array(list(recorded.states.values()), np.uint64))
    return "-".join(f"{digest(part):016x}" for part in parts)


class _Pictures:
    """PNGs in one file."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "wb")  # noqa: SIM115
        self.begins = [0]

    def add(self, image: np.ndarray) -> None:
        done, data = cv2.imencode(
            ".png", image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT]
        )
        if not done:
            raise LeapcasaError("a picture could not be encoded")
        self._file.write(data.tobytes())
        self.begins.append(self._file.tell())

    def close(self) -> None:
        self._file.close()
