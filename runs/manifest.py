"""Reading the manifest of an evaluation: labelled clips, one a row.

JSONL (an object a line) or Parquet, with the columns

    instruction          the subtask in words
    label                "complete" or "not complete"
    right, left, hand    clips (videos, folders of pictures, .npy), at least one of them; paths are
                         relative to the manifest (`right_video`, `left_video`, `hand_video` too)
    end                  optional: the clips are whole recordings, and the moment is this frame
                         (from 0); the judge sees the frames up to it and none behind it
    begin                optional, with `end`: the first frame that belongs to the episode
    phase                optional, for instance "hard_negative": results are also told per phase
    id                   optional and unique; the row's number if it is missing
    group                optional, for instance the scene or episode (`scene` too)

All bad rows are reported at once, by file and line.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..configs import ConfigError, nearest
from ..envs.sensors import VIEWS, View
from ..judges.base import COMPLETE, NOT_COMPLETE
from .clip_files import Span

LABELS = (NOT_COMPLETE, COMPLETE)
ALIASES: Mapping[str, str] = {"scene": "group", **{f"{view}_video": view for view in VIEWS}}
FIELDS = ("id", "instruction", "label", "phase", "group", "begin", "end", *VIEWS)
SHOWN = 10
"""How many bad rows are told one by one."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One labelled clip."""

    id: str
    """Unique in the manifest."""
    where: str
    """`file:line`, for messages."""
    instruction: str
    label: str
    """`complete` or `not complete`: what is true at the end of the clip."""
    clips: Mapping[View, Path]
    span: Span | None = None
    """Which part of the clips' recordings it is; None where the clips are the moment itself."""
    phase: str = ""
    """Empty if the manifest names none."""
    group: str = ""
    """Scene, episode or whatever the rows come from; empty if the manifest names none."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All rows that are evaluated."""

    path: Path
    rows: tuple[Row, ...]
    ignored: tuple[str, ...] = ()
    """Columns that mean nothing here."""


class _Bad(Exception):
    """What is wrong with one row."""


def load(path: Path, limit: int | None = None) -> Manifest:
    """Read and check a manifest.

    Args:
        path: a `.jsonl` or `.parquet` file.
        limit: read only so many rows from the start; None for all.

    Raises:
        ConfigError: if it cannot be read, has no row, or a row is bad.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit {limit} is impossible; give 1 or more")
    path = path.expanduser()
    rows: list[Row] = []
    problems: list[str] = []
    ignored: dict[str, None] = {}
    first: dict[str, str] = {}
    for number, where, data in _rows(path):
        if limit is not None and number > limit:
            break
        try:
            row = _row(number, where, _fields(data, ignored), path.parent)
            if row.id in first:
                raise _Bad(f"field 'id': {row.id!r} is the id of {first[row.id]} already")
        except _Bad as bad:
            problems.append(f"{where}: {bad}")
            continue
        first[row.id] = where
        rows.append(row)
    if problems:
        raise ConfigError(_told(problems))
    if not rows:
        raise ConfigError(f"the manifest {path} has no rows; give one labelled clip a row")
    return Manifest(path=path, rows=tuple(rows), ignored=tuple(ignored))


def _told(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    more = f"\n  and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return f"{len(problems)} rows are bad:\n  " + "\n  ".join(problems[:SHOWN]) + more


def _rows(path: Path) -> Iterator[tuple[int, str, Any]]:
    """Number (from 1), place and raw content of each row; an undecodable line comes as `_Bad`."""
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"the manifest {path} is neither .jsonl nor .parquet")
    try:
        yield from reader(path)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the manifest {path}: {why}") from error


def _jsonl(path: Path) -> Iterator[tuple[int, str, Any]]:
    number = 0
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            number += 1
            try:
                data = json.loads(text)
            except ValueError as error:
                data = _Bad(f"is no JSON: {error}")
            yield number, f"{path}:{line}", data


def _parquet(path: Path) -> Iterator[tuple[int, str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=4096):
                for data in batch.to_pylist():
                    number += 1
                    yield number, f"{path}:{number}", data
    except pyarrow.ArrowInvalid as error:
        raise ConfigError(f"the manifest {path} is no whole Parquet file: {error}") from error


def _fields(data: Any, ignored: dict[str, None]) -> dict[str, Any]:
    """The known fields by their own names; null counts as missing, unknown ones are noted."""
    if isinstance(data, _Bad):
        raise data
    if not isinstance(data, dict):
        raise _Bad(f"is no JSON object but {type(data).__name__}; one object with fields a line")
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = ALIASES.get(key, key)
        if name not in FIELDS:
            ignored[key] = None
        elif name in found:
            raise _Bad(f"field {key!r}: {name!r} is given twice")
        elif value is not None:
            found[name] = value
    return found


def _row(number: int, where: str, fields: dict[str, Any], folder: Path) -> Row:
    instruction = _text(fields, "instruction", required=True)
    label = _text(fields, "label", required=True)
    if label not in LABELS:
        raise _Bad(
            f"field 'label': {label!r} is neither 'complete' nor 'not complete'"
            f"{nearest(label, LABELS)}"
        )
    clips: dict[View, Path] = {
        view: _clip(view, fields[view], folder) for view in VIEWS if view in fields
    }
    if not clips:
        hints = "".join(dict.fromkeys(nearest(name, VIEWS, 1) for name in fields))
        raise _Bad(f"no clip: name at least one of the fields {', '.join(VIEWS)}{hints}")
    return Row(
        id=_text(fields, "id") or str(number),
        where=where,
        instruction=instruction,
        label=label,
        clips=clips,
        span=_span(fields),
        phase=_text(fields, "phase"),
        group=_text(fields, "group"),
    )


def _text(fields: dict[str, Any], name: str, *, required: bool = False) -> str:
    value = fields.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool) and name in ("id", "group"):
        value = str(value)
    if not isinstance(value, str):
        raise _Bad(f"field {name!r}: must be text, got {value!r}")
    if required and not value.strip():
        raise _Bad(f"field {name!r}: is {'empty' if name in fields else 'missing'}")
    return value.strip()


def _span(fields: dict[str, Any]) -> Span | None:
    begin, end = fields.get("begin", 0), fields.get("end")
    for name, value in (("begin", begin), ("end", end)):
        if value is not None and (type(value) is not int or value < 0):
            raise _Bad(f"field {name!r}: must be a frame's number from 0 on, got {value!r}")
    if end is None:
        if "begin" in fields:
            raise _Bad("field 'begin': means nothing without 'end'")
        return None
    if begin > end:
        raise _Bad(f"field 'begin': {begin} is behind 'end', {end}")
    return Span(begin=begin, end=end)


def _clip(view: View, value: Any, folder: Path) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise _Bad(f"field {view!r}: must be a path, got {value!r}")
    path = folder / Path(value).expanduser()
    try:
        there = path.exists()
    except (OSError, ValueError) as error:
        raise _Bad(f"field {view!r}: {value!r} is no path: {error}") from None
    if not there:
        raise _Bad(f"field {view!r}: there is no clip {path}")
    return path
