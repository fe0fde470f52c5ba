"""A file of samples, looked through: what cannot be trained on, and what could be mended."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ...agent import answer
from ...configs import ConfigError
from ...vlm.images import PixelBudget
from . import rows
from .rows import Row

REASONS: Mapping[str, str] = {
    "malformed": "no JSON, or not in LEAP's form",
    "no words": "the user says nothing",
    "control tokens": "words that the model takes for control tokens",
    "empty target": "no steps to learn",
    "no steps": "a target in which the planner finds no numbered steps",
    "missing image": "the picture's file is not there",
    "corrupt image": "the picture cannot be read to its end",
    "odd image": "a picture that the model cannot be shown (size or shape)",
    "duplicate": "the same picture, words and steps as an earlier row",
}
"""Why rows are dropped."""
NOTES: Mapping[str, str] = {
    "no image": "no picture; kept",
    "contradiction": "the picture and words of an earlier row with other steps; kept",
    "image found elsewhere": "the picture's path is mended",
    "steps mended": "numbered anew, or white space taken away",
}
"""What is told of rows that are kept."""
SIDES = (16, 8192)
"""Least and most pixels of a picture's side."""
_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something about one row."""

    line: int
    kind: str
    """A key of `REASONS` or `NOTES`."""
    detail: str


@dataclass(kw_only=True)
class Checked:
    """What a file holds."""

    rows: int = 0
    kept: list[Row] = field(default_factory=list)
    dropped: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Dropped rows by reason."""
        return dict(Counter(problem.kind for problem in self.dropped))

    def noted(self) -> dict[str, int]:
        """Notes by kind."""
        return dict(Counter(problem.kind for problem in self.notes))


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """One row looked at by itself."""

    number: int
    row: Row | None
    problem: Problem | None = None
    notes: tuple[Problem, ...] = ()
    pictures: str = ""
    """Hash of the pictures' files."""


def check(path: Path, *, workers: int = 2, report: Callable[[int], None] | None = None) -> Checked:
    """Look through a file.

    Args:
        path: JSONL in LEAP's form; pictures are named relative to it.
        workers: threads that read pictures.
        report: told how many rows are behind.

    Raises:
        ConfigError: if the file cannot be read, or holds no rows.
    """
    result = Checked()
    first: dict[str, int] = {}
    asked: dict[str, str] = {}
    for one in _looked_at(rows.lines(path), path.parent, workers):
        result.rows += 1
        if report is not None:
            report(result.rows)
        result.notes += one.notes
        if one.row is None or one.problem is not None:
            assert one.problem is not None
            result.dropped.append(one.problem)
            continue
        question = _hash(one.pictures, one.row.text)
        whole = _hash(question, one.row.steps)
        if whole in first:
            told = f"as line {first[whole]}"
            result.dropped.append(Problem(line=one.number, kind="duplicate", detail=told))
            continue
        first[whole] = one.number
        if asked.setdefault(question, whole) != whole:
            told = f"line {first[asked[question]]} says other steps"
            result.notes.append(Problem(line=one.number, kind="contradiction", detail=told))
        result.kept.append(one.row)
    if not result.rows:
        raise ConfigError(f"{path} holds no rows")
    return result


def repaired(checked: Checked, out: Path) -> int:
    """Write the rows that are kept, mended; pictures are named relative to the new file.

    Raises:
        RecordError: if it cannot be written.
    """
    folder = out.absolute().parent
    return rows.write(out, (_as_json(row, folder) for row in checked.kept))


def _as_json(row: Row, folder: Path) -> dict[str, Any]:
    images = [os.path.relpath(image.absolute(), folder) for image in row.images]
    return rows.as_json(row.text, row.steps, images, **row.facts)


def _looked_at(lines: Iterable[tuple[int, str]], folder: Path, workers: int) -> Iterator[_Seen]:
    """Rows in their order; pictures are read by threads, a bounded number of rows ahead."""
    stream = iter(lines)
    with ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(stream, _AT_ONCE)):
            yield from pool.map(lambda line: _look(line[0], line[1], folder), batch)


def _look(number: int, line: str, folder: Path) -> _Seen:
    def bad(kind: str, detail: object) -> _Seen:
        return _Seen(
            number=number, row=None, problem=Problem(line=number, kind=kind, detail=str(detail))
        )

    try:
        row = rows.parse(line, folder, number)
    except ValueError as error:
        return bad("malformed", error)
    if not any(c.isalnum() for c in row.text):
        return bad("no words", repr(row.text[:60]))
    if "<|" in row.text or "<|" in row.steps:
        return bad("control tokens", (row.text if "<|" in row.text else row.steps)[:60])
    if not any(c.isalnum() for c in row.steps):
        return bad("empty target", repr(row.steps[:60]))
    read = answer.read(row.steps)
    if read.refused:
        return bad("no steps", read.refused)
    notes: list[Problem] = []
    told = hashlib.sha256()
    images: list[Path] = []
    for image in row.images:
        found = _found(image, folder)
        if found is None:
            return bad("missing image", image)
        if found != image:
            notes.append(
                Problem(line=number, kind="image found elsewhere", detail=f"{image} -> {found}")
            )
        why = _picture_fault(found)
        if why:
            return bad(why[0], f"{found}: {why[1]}")
        told.update(found.read_bytes())
        images.append(found)
    if not images:
        notes.append(Problem(line=number, kind="no image", detail=""))
    mended = _mended(row.steps)
    if mended != row.steps:
        notes.append(Problem(line=number, kind="steps mended", detail=repr(row.steps[:60])))
    whole = replace(row, images=tuple(images), steps=mended)
    return _Seen(number=number, row=whole, notes=tuple(notes), pictures=told.hexdigest())


def _found(image: Path, folder: Path) -> Path | None:
    """The picture's file; where its path is another machine's, the file of that name beside."""
    beside = (image, folder / image.name, folder / "images" / image.name)
    return next((path for path in beside if path.is_file()), None)


def _picture_fault(path: Path) -> tuple[str, str] | None:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if not all(SIDES[0] <= side <= SIDES[1] for side in picture.size):
                return "odd image", f"{width} x {height} px"
            picture.convert("RGB").load()
        PixelBudget().size(height, width)
    except ConfigError as error:
        return "odd image", str(error)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return "corrupt image", str(error)
    return None


def _mended(steps: str) -> str:
    """Lines without white space around them; empty ones gone."""
    lines = (" ".join(line.split()) for line in steps.splitlines())
    return "\n".join(line for line in lines if line)


def _hash(*texts: str) -> str:
    told = hashlib.sha256()
    for text in texts:
        told.update(text.encode() + b"\0")
    return told.hexdigest()
