"""Rows of a data set as samples for training: read, told with one template, measured."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...agent import answer, prompts
from ...agent.base import Attempt
from ...configs import ConfigError, LeapcasaError
from ...vlm.tuning.conversation import ConversationEncoder, Turn
from ..plan_cases import read_image
from . import rows
from .rows import Row

TRAIN, VAL = "train.jsonl", "val.jsonl"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file, and how often its rows come in an epoch."""

    path: Path
    times: int = 1


@dataclass(kw_only=True)
class Prepared:
    """Rows that can be trained on."""

    rows: list[Row] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    """Tokens of each."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Why other rows are left out -> how many."""
    example: str = ""
    """The first row that was left out, and why."""


def source(text: str) -> Source:
    """`FILE`, `FILE:TIMES`, or a folder with a train.jsonl.

    Raises:
        ConfigError: if there is no such file.
    """
    path = Path(text).expanduser()
    name, colon, times = text.rpartition(":")
    if colon and times.isdigit() and not path.exists():
        path = Path(name).expanduser()
        if int(times) < 1:
            raise ConfigError(f"{text!r}: the number behind the colon is how often, at least 1")
    else:
        times = "1"
    if path.is_dir():
        path = path / TRAIN
    if not path.is_file():
        raise ConfigError(
            f"there is no data {path}; give a JSONL file, FILE:TIMES, or a folder with {TRAIN}"
        )
    return Source(path=path, times=int(times))


def validation(sources: Sequence[Source], given: str | None) -> Source | None:
    """What is held out: the file that is given, or the val.jsonl beside the first one."""
    if given is not None:
        return source(given)
    beside = sources[0].path.with_name(VAL)
    return Source(path=beside) if beside.is_file() and beside != sources[0].path else None


def template_of(sources: Sequence[Source]) -> prompts.Template | None:
    """The template all rows of the files were made with, if the planner knows it unchanged."""
    named = {(r.facts.get("template"), r.facts.get("template_sha256")) for r in _parsed(sources)}
    if len(named) != 1:
        return None
    name, digest = named.pop()
    if not isinstance(name, str):
        return None
    try:
        template = prompts.load(name)
    except ConfigError:
        return None
    return template if template.digest == digest else None


def prepare(
    sources: Sequence[Source],
    encoder: ConversationEncoder,
    *,
    template: prompts.Template | None = None,
    report: Callable[[int, str], None] = lambda done, text: None,
) -> Prepared:
    """Read, tell and measure all rows; those that cannot be trained on are counted.

    Args:
        sources: the files.
        encoder: measures.
        template: puts each instruction into its own words; None takes the rows' words.
        report: told how many rows are behind, and the file.

    Raises:
        ConfigError: if nothing is left.
    """
    made = Prepared()
    done = 0
    for one in sources:
        for number, line in rows.lines(one.path):
            done += 1
            report(done, one.path.name)
            try:
                row = rows.parse(line, one.path.parent, number)
                row = row if template is None else told(row, template)
                length = _length(row, encoder)
            except (ValueError, LeapcasaError) as error:
                made.dropped[_kind(error)] += 1
                made.example = made.example or f"{one.path}:{number}: {error}"
                continue
            made.rows += [row] * one.times
            made.lengths += [length] * one.times
    if not made.rows:
        raise ConfigError(
            f"no row of {', '.join(str(s.path) for s in sources)} can be trained on; the first: "
            f"{made.example or 'the file is empty'}"
        )
    return made


def told(row: Row, template: prompts.Template) -> Row:
    """The row with its instruction in the template's words."""
    history = row.facts.get("history") or ()
    attempts = [Attempt(text=str(a["text"]), outcome=a["outcome"]) for a in history]
    return replace(row, text=template.text(row.instruction, attempts))


class RowSamples:
    """Samples of rows; pictures are read when a sample is asked for.

    Args:
        made: the rows.
        encoder: of the model.
    """

    def __init__(self, made: Prepared, encoder: ConversationEncoder) -> None:
        self._rows, self._encoder = made.rows, encoder

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        row = self._rows[index]
        pictures = [read_image(path) for path in row.images]
        return self._encoder.encode(turns(row), pictures).features()


def turns(row: Row) -> list[Turn]:
    """The conversation of a row."""
    return [
        Turn(role="user", text=row.text, pictures=len(row.images)),
        Turn(role="assistant", text=row.steps),
    ]


def _length(row: Row, encoder: ConversationEncoder) -> int:
    read = answer.read(row.steps)
    if read.refused:
        raise ValueError(f"target: {read.refused}")
    return len(encoder.words(turns(row), [_size(path) for path in row.images]).ids)


def _size(path: Path) -> tuple[int, int]:
    """Height and width from the head of a picture's file."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.size[1], picture.size[0]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"image: {error}") from error


def _parsed(sources: Sequence[Source]) -> list[Row]:
    found = []
    for one in sources:
        for number, line in rows.lines(one.path):
            try:
                found.append(rows.parse(line, one.path.parent, number))
            except ValueError:
                continue
    return found


def _kind(error: Exception) -> str:
    """A reason without what is particular to one row."""
    text = str(error)
    if "tokens, at most" in text:
        return "too long"
    return text.partition(":")[0][:60]
