"""Samples of planning as JSONL, in LEAP's form: `messages` of the user, `target.steps`.

Beside LEAP's fields a row of ours keeps the bare `instruction`, the `template` its prompt was made
with, `task`, `source`, and what else is known; other tools pass over these.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ..records import replace_file

MARKERS = ("Task name:", "Based on")
"""Between them LEAP's own tools read the task out of a prompt."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One sample."""

    text: str
    """The user's words."""
    steps: str
    """What the assistant is to say."""
    images: tuple[Path, ...] = ()
    """Pictures, shown before the words."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """All other fields of the line."""
    number: int = 0
    """Line in the file, from 1."""

    @property
    def instruction(self) -> str:
        """The bare task; of a prompt that does not tell it apart, the prompt."""
        known = self.facts.get("instruction")
        if isinstance(known, str) and known.strip():
            return known
        begin, end = (self.text.find(marker) for marker in MARKERS)
        if begin < 0 or end < begin:
            return self.text
        return self.text[begin + len(MARKERS[0]) : end].strip(" .")


def as_json(text: str, steps: str, images: Sequence[str] = (), **facts: Any) -> dict[str, Any]:
    """One line's object.

    Args:
        text: the user's words.
        steps: `1) ... 2) ...`.
        images: paths, relative to the file.
        facts: further fields.
    """
    shown = [{"type": "image", "image": image} for image in images]
    content = [*shown, {"type": "text", "text": text}]
    return {
        "messages": [{"role": "user", "content": content}],
        "target": {"steps": steps},
        **facts,
    }


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a file of rows, whole or not at all; how many there are.

    Raises:
        RecordError: if it cannot be written.
    """
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    replace_file(path, lambda stream: stream.write("".join(lines).encode()))
    return len(lines)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line that is not empty.

    Raises:
        ConfigError: if the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error


def parse(line: str, folder: Path, number: int = 0) -> Row:
    """One line.

    Args:
        line: JSON.
        folder: pictures are named relative to it.
        number: of the line.

    Raises:
        ValueError: if it is no sample; the message says why.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    facts = {k: v for k, v in value.items() if k not in ("messages", "target")}
    text, images, said = _messages(value.get("messages"))
    target = value.get("target")
    steps = target.get("steps") if isinstance(target, dict) else said
    if isinstance(steps, list) and all(isinstance(step, str) for step in steps):
        steps = "\n".join(f"{n}) {step}" for n, step in enumerate(steps, 1))
    if not isinstance(steps, str):
        raise ValueError("no target.steps")
    return Row(
        text=text,
        steps=steps.strip(),
        images=tuple(folder / image for image in images),
        facts=facts,
        number=number,
    )


def _messages(value: Any) -> tuple[str, list[str], str | None]:
    """The user's words and pictures, and the assistant's words if they are there."""
    if not isinstance(value, list) or not value:
        raise ValueError("no messages")
    texts: list[str] = []
    images: list[str] = []
    said: str | None = None
    for message in value:
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("user", "assistant") or (role == "user" and said is not None):
            raise ValueError("messages are not one turn of the user with at most one answer")
        words, shown = _content(message.get("content"))
        if role == "assistant":
            said = words
        else:
            if shown and texts:
                raise ValueError("a picture behind words; pictures come first")
            texts.append(words)
            images += shown
    return "\n".join(texts).strip(), images, said


def _content(value: Any) -> tuple[str, list[str]]:
    if isinstance(value, str):
        return value, []
    if not isinstance(value, list):
        raise ValueError("a message without content")
    words, shown = [], []
    for part in value:
        kind = part.get("type") if isinstance(part, dict) else None
        named = part.get("image") if kind == "image" else part.get("text") if part else None
        if kind not in ("image", "text") or not isinstance(named, str):
            raise ValueError(f"a part that is neither text nor the name of an image: {kind!r}")
        if kind == "image" and words:
            raise ValueError("a picture behind words; pictures come first")
        (shown if kind == "image" else words).append(named)
    return "\n".join(words), shown
