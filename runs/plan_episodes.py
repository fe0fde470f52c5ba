"""The beginnings of real episodes, for planners that are measured without a robot.

Per task, split and seed: RoboCasa's instruction, what the episode calls its objects, and the first
frame of both external views. They are collected once, in worker processes, and kept in the user's
cache, one folder per assets, split and seed. A file is there whole or not at all, so a collection
that was stopped goes on where it was.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..configs import LeapcasaError
from ..envs import assets
from ..envs.assets import AssetPack
from ..envs.sensors import View
from .records import RecordError, replace_file

FORMAT = 1
"""Counted up when what is collected changes."""
VIEWS: tuple[View, ...] = ("right", "left")
SIZE = 224
"""Side of the frames in pixels, as in every preset."""
SECONDS_PER_TASK = 240
TASKS_PER_WORKER = 25
"""A worker is replaced after so many: bounds what RoboCasa leaks."""

Report = Callable[[int, str], None]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """How one episode begins."""

    task: str
    split: str
    seed: int
    assets: str
    """Kind and version of the assets."""
    instruction: str
    names: Mapping[str, str]
    """Object slot or word of the episode -> what it is called; privileged."""
    layout: int
    style: int
    folder: Path
    """Where the frames are."""

    def image(self, view: View) -> Path:
        """The PNG of a view's first frame."""
        return _image(self.folder, self.task, view)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which episodes, and where they are kept."""

    split: str
    seed: int
    assets: str
    folder: Path

    @classmethod
    def of(cls, split: str, seed: int, root: Path | None = None) -> "Place":
        """The folder for the assets in use, built if need be.

        Args:
            split: `pretrain` or `target`.
            seed: of every episode.
            root: the cache; None for the user's own.
        """
        import platformdirs

        pack = assets.ensure()
        base = root or Path(platformdirs.user_cache_dir("leapcasa")) / "episodes"
        name = f"v{FORMAT}_{_known_as(pack)}_{split}_s{seed}_{SIZE}px"
        return cls(split=split, seed=seed, assets=f"{pack.kind} {pack.version}", folder=base / name)

    def episode(self, task: str) -> Episode | None:
        """A collected episode; None if there is none."""
        try:
            data = json.loads(_facts(self.folder, task).read_text("utf-8"))
            found = Episode(**data, folder=self.folder)
        except (OSError, ValueError, TypeError):
            return None
        return found if all(found.image(view).is_file() for view in VIEWS) else None


def collect(
    place: Place, tasks: Sequence[str], *, workers: int, report: Report
) -> tuple[dict[str, Episode], dict[str, str]]:
    """The beginnings of episodes, those that are missing built in real kitchens.

    Args:
        place: split, seed and folder.
        tasks: names of RoboCasa tasks.
        workers: processes.
        report: called after each new episode with how many are there, and its task.

    Returns:
        Episodes by task, and by task why there is none.

    Raises:
        RecordError: if the cache cannot be written.
    """
    found = {task: one for task in tasks if (one := place.episode(task)) is not None}
    todo = [task for task in tasks if task not in found]
    errors: dict[str, str] = {}
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"cannot write the episodes to {place.folder}: {error.strerror or error}; free some "
            "space, or name another cache with XDG_CACHE_HOME"
        ) from error
    for task, error in _built(place, todo, workers):
        one = None if error else place.episode(task)
        if one is None:
            errors[task] = error or f"its files in {place.folder} cannot be read"
        else:
            found[task] = one
        report(len(found) + len(errors), task)
    return {task: found[task] for task in tasks if task in found}, errors


def build(place: Place, task: str) -> str:
    """Build one episode in this process and keep its beginning; returns what went wrong."""
    from ..envs.kitchen import Kitchen
    from ..envs.referee import Referee

    kitchen = Kitchen(task, split=place.split, image_size=dict.fromkeys(VIEWS, SIZE))
    try:
        sensors = kitchen.begin(place.seed)
        for view in VIEWS:
            data = _png(sensors.image(view))
            replace_file(
                _image(place.folder, task, view), lambda stream, data=data: stream.write(data)
            )
        facts = {
            "task": task,
            "split": place.split,
            "seed": place.seed,
            "assets": place.assets,
            "instruction": sensors.instruction,
            "names": dict(Referee(kitchen).names()),
            "layout": kitchen.scene.layout,
            "style": kitchen.scene.style,
        }
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        replace_file(_facts(place.folder, task), lambda stream: stream.write(text.encode()))
    except LeapcasaError as error:
        return str(error)
    finally:
        kitchen.close()
    return ""


def _build(fields: Mapping[str, Any], task: str) -> str:
    """What a worker runs."""
    return build(Place(**fields), task)


def _built(place: Place, todo: Sequence[str], workers: int) -> Iterator[tuple[str, str]]:
    """Task and error, as they come."""
    from pebble import ProcessPool

    if not todo:
        return
    # One thread of linear algebra each: the workers are the parallelism.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    fields = asdict(place)
    with ProcessPool(workers, max_tasks=TASKS_PER_WORKER, context=get_context("spawn")) as pool:
        futures: dict[Any, str] = {
            pool.schedule(_build, args=(fields, task), timeout=SECONDS_PER_TASK): task
            for task in todo
        }
        try:
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except FutureTimeout:
                    yield futures[future], f"not done within {SECONDS_PER_TASK} s"
                except Exception as error:  # the worker died: its task failed, the others go on
                    yield futures[future], f"{type(error).__name__}: {error}"[:400]
        except BaseException:
            pool.stop()
            raise


def _known_as(pack: AssetPack) -> str:
    """The assets in a folder's name; full assets carry no version, so their place stands for it."""
    if pack.kind == "standin":
        return f"standin-{pack.version}"
    return "full-" + hashlib.sha256(str(pack.root.resolve()).encode()).hexdigest()[:8]


def _facts(folder: Path, task: str) -> Path:
    return folder / f"{task}.json"


def _image(folder: Path, task: str, view: View) -> Path:
    return folder / f"{task}_{view}.png"


def _png(image: Any) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "png")
    return stream.getvalue()
