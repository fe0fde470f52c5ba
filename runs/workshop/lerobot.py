"""LeRobot data sets with subtask annotations as samples: first frame, task, subtasks in order.

Understood are RoboCasa365's columns (`annotation.human.subtask`, an index into the tasks' table),
LeRobot's own (`subtask_index` into `meta/subtasks`) and plain text (`subtask`); layouts 2.x (a file
an episode) and 3.0 (many in one file). Read with pyarrow and json alone.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ...agent import prompts
from ...configs import ConfigError, LeapcasaError
from ..decoder import decode_range
from ..records import replace_file
from . import rows, said
from .agibot import Recordings, Report

FILE = "lerobot.jsonl"
COLUMNS: Mapping[str, str] = {
    "annotation.human.subtask": "tasks",
    "subtask_index": "subtasks",
    "subtask": "",
    "language.subtask": "",
}
"""Column -> the table its numbers point into; empty for text."""
STAGE = "annotation.human.subtask_stage"
FINISHED = frozenset({"done", "task complete", "complete", "finished"})
"""What is said when nothing is left to do."""


@dataclass(frozen=True, kw_only=True)
class LerobotRequest:
    """What to read."""

    folders: Sequence[Path]
    out: Path
    template: str = "leap-1"
    camera: str | None = None
    """Key of the film or pictures; None for the first that is no wrist."""


def make(request: LerobotRequest, report: Report) -> Recordings:
    """Write the samples; pictures that are there are not decoded again.

    Raises:
        ConfigError: if a folder is no such data set, or has no annotations.
        RecordError: if files cannot be written.
    """
    template = prompts.load(request.template)
    result = Recordings(file=request.out / FILE, skipped=Counter())
    (request.out / "images").mkdir(parents=True, exist_ok=True)
    made: list[dict[str, Any]] = []
    for folder in request.folders:
        source = _Source(folder.expanduser().absolute(), request.camera)
        for index, frames in source.episodes():
            told = source.told(index, frames, result)
            if told is None:
                continue
            name = f"images/{source.root.name}-{index}.png"
            try:
                if not (request.out / name).is_file():
                    picture = source.picture(index)
                    replace_file(
                        request.out / name, lambda stream, data=picture: stream.write(data)
                    )
            except LeapcasaError as error:
                result.errors[f"{source.root} episode {index}"] = str(error)
                continue
            made.append(_row(template, name, source.root.name, index, *told))
            report(len(made), f"{source.root.name} {index}")
    result.samples = rows.write(result.file, made)
    return result


def _row(
    template: prompts.Template,
    image: str,
    data_set: str,
    index: int,
    instruction: str,
    steps: Sequence[str],
) -> dict[str, Any]:
    return rows.as_json(
        template.text(instruction),
        said.numbered(list(steps)),
        [image],
        instruction=instruction,
        data_set=data_set,
        episode=index,
        source="lerobot",
        template=template.name,
        template_sha256=template.digest,
    )


class _Source:
    """One data set.

    Args:
        root: holds `meta/info.json`.
        camera: see `LerobotRequest`.

    Raises:
        ConfigError: if it is no LeRobot data set with annotations.
    """

    def __init__(self, root: Path, camera: str | None) -> None:
        self.root = root
        self._info = _json(root / "meta" / "info.json")
        self._tasks = _table(root, "tasks")
        self._files = sorted((root / "data").glob("**/*.parquet"))
        if not self._files or not self._tasks:
            raise ConfigError(f"{root} has no data/**/*.parquet, or no meta/tasks")
        there = self._names(self._files[0])
        column = next((name for name in COLUMNS if name in there), None)
        if column is None:
            raise ConfigError(
                f"{root} has no subtask annotations: none of the columns {', '.join(COLUMNS)}"
            )
        self._column = column
        table = COLUMNS[column]
        self._words = self._tasks if table == "tasks" else _table(root, table) if table else None
        if self._words is not None and not self._words:
            raise ConfigError(f"{root}: {column} points into meta/{table}, which is not there")
        self._stage = STAGE if STAGE in there else None
        self._camera = self._key(camera)
        self._places = _places(root) if self._whole else {}

    @property
    def _whole(self) -> bool:
        return str(self._info.get("codebase_version", "")).startswith("v3")

    def episodes(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Number and rows of each episode, by frame."""
        import pyarrow
        import pyarrow.parquet

        wanted = ["episode_index", "frame_index", "task_index", self._column]
        wanted += [self._stage] if self._stage else []
        waiting: dict[int, list[dict[str, Any]]] = {}
        for file in self._files:
            try:
                many = pyarrow.parquet.read_table(file, columns=wanted).to_pylist()
            except (OSError, KeyError, pyarrow.ArrowInvalid) as error:
                raise ConfigError(f"{file} cannot be read: {error}") from error
            for row in many:
                plain: dict[str, Any] = {
                    k: v[0] if isinstance(v, list) and v else v for k, v in row.items()
                }
                waiting.setdefault(int(plain["episode_index"]), []).append(plain)
            for index in sorted(waiting)[:-1]:
                yield index, sorted(waiting.pop(index), key=lambda row: row["frame_index"])
        for index in sorted(waiting):
            yield index, sorted(waiting[index], key=lambda row: row["frame_index"])

    def told(
        self, index: int, frames: Sequence[Mapping[str, Any]], result: Recordings
    ) -> tuple[str, list[str]] | None:
        """Instruction and subtasks of an episode; None if one is missing."""
        instruction = " ".join(self._tasks.get(int(frames[0]["task_index"]), "").split())
        said_: list[str] = []
        for value, group in groupby(frames, key=lambda row: row[self._column]):
            words = " ".join(self._text(value).split()).rstrip(" .")
            stage = next(iter(group)).get(self._stage) if self._stage else None
            stages = {words.casefold(), self._text(stage).casefold()}
            if words and not stages & FINISHED and (not said_ or said_[-1] != words):
                said_.append(words)
        if not instruction or not said_:
            result.skipped["no instruction or no subtasks"] += 1
            return None
        if any("<|" in text for text in (instruction, *said_)):
            result.skipped["words that a model takes for control tokens"] += 1
            return None
        return instruction, said_

    def _text(self, value: Any) -> str:
        if value is None:
            return ""
        if self._words is None or isinstance(value, str):
            return str(value)
        return self._words.get(int(value), "")

    def picture(self, index: int) -> bytes:
        """The first frame of an episode as PNG.

        Raises:
            ConfigError: if it cannot be read.
        """
        from PIL import Image

        place = self._places.get(index)
        per_folder = int(self._info.get("chunks_size", 1000))
        key = self._camera
        values = {
            "video_key": key,
            "episode_index": index,
            "episode_chunk": index // per_folder,
            "chunk_index": place[f"videos/{key}/chunk_index"] if place else 0,
            "file_index": place[f"videos/{key}/file_index"] if place else 0,
        }
        try:
            path = (self.root / str(self._info["video_path"]).format(**values)).resolve()
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(f"video_path of meta/info.json cannot be used: {error}") from error
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            raise ConfigError(f"the film {path} is missing, or outside the data set")
        begin = 0
        if place:
            seconds = float(place[f"videos/{key}/from_timestamp"])
            begin = round(seconds * float(self._info["fps"]))
        made = io.BytesIO()
        Image.fromarray(decode_range(path, range(begin, begin + 1))[0]).save(made, "png")
        return made.getvalue()

    def _key(self, camera: str | None) -> str:
        features = self._info.get("features")
        films = [k for k, v in (features or {}).items() if v.get("dtype") == "video"]
        if camera is not None and camera not in films:
            raise ConfigError(f"{self.root} has no film {camera!r}; it has {', '.join(films)}")
        if not films:
            raise ConfigError(f"{self.root} has no films")
        outside = [k for k in films if not any(w in k for w in ("hand", "wrist", "gripper"))]
        return camera or (outside or films)[0]

    def _names(self, file: Path) -> list[str]:
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.read_schema(file).names
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise ConfigError(f"{file} is no whole Parquet file: {error}") from error


def _table(root: Path, name: str) -> dict[int, str]:
    """A table of texts by number; empty if it is not there."""
    lines, table = root / "meta" / f"{name}.jsonl", root / "meta" / f"{name}.parquet"
    number, word = f"{name[:-1]}_index", name[:-1]
    try:
        if lines.is_file():
            many = [json.loads(line) for line in lines.read_text("utf-8").splitlines() if line]
        elif table.is_file():
            import pyarrow.parquet

            many = pyarrow.parquet.read_table(table).to_pylist()
        else:
            return {}
        # pandas keeps the words of layout 3.0 as the table's index
        return {int(r[number]): str(r.get(word, r.get("__index_level_0__", ""))) for r in many}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{root}: meta/{name} cannot be read: {error}") from error


def _places(root: Path) -> dict[int, dict[str, Any]]:
    """Where each episode's films are, of layout 3.0."""
    import pyarrow
    import pyarrow.parquet

    found: dict[int, dict[str, Any]] = {}
    for file in sorted((root / "meta" / "episodes").glob("**/*.parquet")):
        try:
            many = pyarrow.parquet.read_table(file).to_pylist()
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise ConfigError(f"{file} is no whole Parquet file: {error}") from error
        found.update({int(row["episode_index"]): row for row in many})
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"no LeRobot data set: {path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds no JSON object")
    return value
