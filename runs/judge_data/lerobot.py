"""Demonstrations with subtask annotations (RoboCasa365's composite data, LeRobot format).

Each frame names its subtask by number (`subtask_idx`) and its words by their place in the tasks'
table (`annotation.human.subtask`); `annotation.human.subtask_stage` says "done" behind the last
one. A subtask is complete from the first frame of the next on. The films are the data set's own and
stay where they are.

Layouts 2.x (a file an episode) and 3.0 (many episodes in one file) are read, with pyarrow and json
alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...envs.sensors import CAMERAS, CONTROL_HZ, View
from .assemble import Episode
from .script import unit
from .truths import Watch

TARGET_SHARE = 0.1018
"""Of scenes kept for the test, as of the published dataset's samples."""
SUBTASK, STAGE = "annotation.human.subtask", "annotation.human.subtask_stage"
_COLUMNS = ("episode_index", "frame_index", "subtask_idx", SUBTASK)
_FINISHED = frozenset({"done", "task complete", "complete", "finished"})
_VIEWS: tuple[View, ...] = ("right", "left")


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Neighbouring frames of one subtask."""

    text: str
    began: int
    ended: int
    """The first frame behind it."""
    finished: bool
    """The demonstration says that nothing is left to do."""


def episodes(folders: Sequence[Path]) -> Iterator[Episode]:
    """All annotated episodes of some data sets.

    Args:
        folders: each holds `meta/info.json`.

    Raises:
        ConfigError: if one is no such data set, has no annotations, or lacks a film.
    """
    number = 0
    for folder in folders:
        root = folder.expanduser().absolute()
        for episode in _dataset(root, number):
            number += 1
            yield episode


def _dataset(root: Path, first: int) -> Iterator[Episode]:
    info = _json(root / "meta" / "info.json")
    if info.get("fps") != CONTROL_HZ:
        raise ConfigError(f"{root} has {info.get('fps')!r} frames a second; judges look at 20")
    tasks = _tasks(root)
    whole = str(info.get("codebase_version", "")).startswith("v3")
    places = _places(root) if whole else {}
    for offset, (index, rows) in enumerate(_episodes(root)):
        films: dict[View, Path] = {
            view: _film(root, info, view, index, places.get(index)) for view in _VIEWS
        }
        begin: dict[View, int] = {view: _begin(info, view, places.get(index)) for view in _VIEWS}
        scene, known = _scene(root, index)
        held_out = unit("lerobot", scene) < TARGET_SHARE
        yield Episode(
            number=first + offset,
            scene=scene if known else f"{root.parent.name}-{scene}",
            kitchens="target" if held_out else "demonstrated",
            films=films,
            watches=watches(_parts(rows, tasks, root), len(rows)),
            begin=begin,
        )


def watches(parts: Sequence[_Part], frames: int) -> list[Watch]:
    """What was true, as far as the annotations tell.

    Args:
        parts: in order.
        frames: of the episode.
    """
    made: list[Watch] = []
    for part in (p for p in parts if not p.finished):
        whole = part.ended < frames  # the last frames of a demonstration may still be under way
        progress = [0.0] * (part.ended - part.began) + [1.0] * (frames - part.ended)
        if not whole:
            progress[-1] = 1.0
        made.append(
            Watch(
                texts=(part.text,),
                skill=(part.text,),
                began=part.began,
                ended=part.ended if whole else None,
                manner="demonstrated",
                progress=progress,
            )
        )
        begins = min(p.began for p in parts if p.text == part.text)
        if begins:
            made.append(
                Watch(texts=(part.text,), skill=(part.text,), began=0, progress=[0.0] * begins)
            )
    return made


def _parts(rows: Sequence[Mapping[str, Any]], tasks: Mapping[int, str], root: Path) -> list[_Part]:
    found: list[_Part] = []
    for _, group in groupby(enumerate(rows), key=lambda pair: pair[1]["subtask_idx"]):
        frames = list(group)
        began, row = frames[0]
        words = _words(tasks, row[SUBTASK], root)
        stage = _words(tasks, row[STAGE], root) if row.get(STAGE) is not None else ""
        found.append(
            _Part(
                text=words,
                began=began,
                ended=frames[-1][0] + 1,
                finished=bool({words.casefold(), stage.casefold()} & _FINISHED),
            )
        )
    return found


def _words(tasks: Mapping[int, str], index: Any, root: Path) -> str:
    words = tasks.get(int(index))
    if words is None:
        raise ConfigError(f"{root}: an annotation names task {index}, which its tasks do not have")
    return words.strip()


def _episodes(root: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Episode number and its rows in order of their frames."""
    import pyarrow
    import pyarrow.parquet

    files = sorted((root / "data").glob("**/*.parquet"))
    if not files:
        raise ConfigError(f"{root} holds no data/**/*.parquet")
    waiting: dict[int, list[dict[str, Any]]] = {}
    for file in files:
        try:
            there = pyarrow.parquet.read_schema(file).names
            missing = [name for name in _COLUMNS if name not in there]
            if missing:
                raise ConfigError(
                    f"{file} has no column {missing[0]!r}: only composite tasks' demonstrations "
                    "from 7/2026 on carry subtask annotations"
                )
            names = [*_COLUMNS, *([STAGE] if STAGE in there else [])]
            rows = pyarrow.parquet.read_table(file, columns=names).to_pylist()
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise ConfigError(f"{file} is no whole Parquet file: {error}") from error
        for row in rows:
            plain = {k: v[0] if isinstance(v, list) else v for k, v in row.items()}
            waiting.setdefault(int(plain["episode_index"]), []).append(plain)
        # Episodes come in order, and a file may end within one: all but the last are whole.
        for index in sorted(waiting)[:-1]:
            yield index, _ordered(waiting.pop(index), root, index)
    for index in sorted(waiting):
        yield index, _ordered(waiting[index], root, index)


def _ordered(rows: list[dict[str, Any]], root: Path, index: int) -> list[dict[str, Any]]:
    rows.sort(key=lambda row: row["frame_index"])
    if [row["frame_index"] for row in rows] != list(range(len(rows))):
        raise ConfigError(f"{root}: episode {index} lacks frames")
    return rows


def _film(
    root: Path, info: Mapping[str, Any], view: View, index: int, place: Mapping[str, Any] | None
) -> Path:
    key = f"observation.images.{CAMERAS[view]}"
    per_folder = int(info.get("chunks_size", 1000))
    values = {
        "video_key": key,
        "episode_index": index,
        "episode_chunk": index // per_folder,
        "chunk_index": place[f"videos/{key}/chunk_index"] if place else 0,
        "file_index": place[f"videos/{key}/file_index"] if place else 0,
    }
    try:
        path = root / str(info["video_path"]).format(**values)
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigError(f"{root}/meta/info.json: video_path cannot be used: {error}") from error
    if not path.is_file():
        raise ConfigError(f"{root}: the film {path} of episode {index} is missing")
    return path


def _begin(info: Mapping[str, Any], view: View, place: Mapping[str, Any] | None) -> int:
    if place is None:
        return 0
    seconds = place[f"videos/observation.images.{CAMERAS[view]}/from_timestamp"]
    return round(float(seconds) * float(info["fps"]))


def _places(root: Path) -> dict[int, dict[str, Any]]:
    """Where each episode's films are, of layout 3.0."""
    import pyarrow
    import pyarrow.parquet

    found: dict[int, dict[str, Any]] = {}
    for file in sorted((root / "meta" / "episodes").glob("**/*.parquet")):
        try:
            rows = pyarrow.parquet.read_table(file).to_pylist()
        except (OSError, pyarrow.ArrowInvalid) as error:
            raise ConfigError(f"{file} is no whole Parquet file: {error}") from error
        found.update({int(row["episode_index"]): row for row in rows})
    if not found:
        raise ConfigError(f"{root} is of layout 3.0 and has no meta/episodes/**/*.parquet")
    return found


def _tasks(root: Path) -> dict[int, str]:
    """The table that annotations point into."""
    lines, table = root / "meta" / "tasks.jsonl", root / "meta" / "tasks.parquet"
    try:
        if lines.is_file():
            rows = [json.loads(line) for line in lines.read_text().splitlines() if line.strip()]
        elif table.is_file():
            import pyarrow.parquet

            rows = pyarrow.parquet.read_table(table).to_pylist()
        else:
            raise ConfigError(f"{root} has neither meta/tasks.jsonl nor meta/tasks.parquet")
        # pandas keeps the words of layout 3.0 as the table's index
        return {
            int(row["task_index"]): str(row.get("task", row.get("__index_level_0__", "")))
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{root}: its tasks cannot be read: {error}") from error


def _scene(root: Path, index: int) -> tuple[str, bool]:
    """The kitchen of an episode, and whether the data set tells it."""
    path = root / "extras" / f"episode_{index:06d}" / "ep_meta.json"
    try:
        told = json.loads(path.read_text())
        return f"layout{int(told['layout_id'])}-style{int(told['style_id'])}", True
    except (OSError, ValueError, KeyError, TypeError):
        return f"episode{index}", False


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"no LeRobot data set: {path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds no JSON object")
    return value
