"""Likelihoods measured so far, kept so that an interrupted evaluation goes on where it was.

`measured.jsonl` holds a line per clip under a key that is a hash of everything the numbers depend
on: the judge's weights and settings, the pixels' files and the instruction. A line is on disk
before the next batch starts, so that even `kill -9` costs one batch; a torn last line is dropped.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..configs import ConfigError
from ..envs.sensors import View
from ..judges.base import COMPLETE, NOT_COMPLETE
from ..judges.nll import AnswerNLL
from .judge_setup import Likelihoods
from .records import RecordError

FILE = "measured.jsonl"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a judge makes of one clip in every view it has."""

    key: str
    frames: int
    """Frames in the clip's files, before sampling."""
    likelihoods: Likelihoods


def key(identity: str, instruction: str, contents: Mapping[View, str]) -> str:
    """The name of a measurement.

    Args:
        identity: of the judge, `judge_setup.identity`.
        instruction: the subtask in words.
        contents: hash of each view's file.
    """
    facts = json.dumps([identity, instruction, dict(sorted(contents.items()))])
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def usable(likelihoods: Likelihoods) -> bool:
    """Whether both labels have a finite likelihood in every view."""
    return all(
        label in answers and math.isfinite(answers[label].nll) and answers[label].tokens >= 1
        for answers in likelihoods.values()
        for label in (NOT_COMPLETE, COMPLETE)
    )


class Store:
    """The measurements of one folder; for one process and thread.

    Args:
        folder: exists. `measured.jsonl` in it is read, and appended to.

    Raises:
        ConfigError: if another process has the folder open.
        RecordError: if the file cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        import filelock

        self._lock = filelock.FileLock(folder / ".lock")
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise ConfigError(
                f"another evaluation is writing to {folder}; wait for it, or use --out DIR"
            ) from None
        self._path = folder / FILE
        try:
            self._file: BinaryIO = open(self._path, "a+b", buffering=0)  # noqa: SIM115
            self._known, self._good = self._read()
        except OSError as error:
            self._lock.release()
            raise _unwritable(self._path, error) from error

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> Measured | None:
        """An earlier measurement; None if there is none."""
        return self._known.get(key)

    def add(self, batch: Iterable[Measured]) -> None:
        """Keep measurements; they are on disk when this returns.

        Raises:
            RecordError: if they cannot be written; the file still ends with a whole line.
        """
        made = list(batch)
        data = b"".join(_line(one) for one in made)
        try:
            if self._file.write(data) != len(data):
                raise OSError(28, "No space left on device")
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), self._good)
            raise _unwritable(self._path, error) from error
        self._good += len(data)
        self._known.update({one.key: one for one in made})

    def close(self) -> None:
        """Close the file and let others have the folder; may be called twice."""
        self._file.close()
        self._lock.release()

    def _read(self) -> tuple[dict[str, Measured], int]:
        """What the file holds, and its length after a torn last line was cut off."""
        self._file.seek(0)
        data = self._file.readall()  # pyright: ignore[reportAttributeAccessIssue]
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.ftruncate(self._file.fileno(), whole)
        known = (_parsed(line) for line in data[:whole].splitlines())
        return {one.key: one for one in known if one is not None}, whole


def _line(one: Measured) -> bytes:
    views = {
        view: {label: [answer.nll, answer.tokens] for label, answer in answers.items()}
        for view, answers in one.likelihoods.items()
    }
    row = {"key": one.key, "frames": one.frames, "views": views}
    return json.dumps(row, allow_nan=False).encode() + b"\n"


def _parsed(line: bytes) -> Measured | None:
    """One line; None if it is none of ours."""
    try:
        row: dict[str, Any] = json.loads(line)
        likelihoods: Likelihoods = {
            view: {
                label: AnswerNLL(nll=float(nll), tokens=int(tokens))
                for label, (nll, tokens) in answers.items()
            }
            for view, answers in row["views"].items()
        }
        return Measured(key=row["key"], frames=int(row["frames"]), likelihoods=likelihoods)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _unwritable(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"cannot write {path}: {error.strerror or error}; free some space, or use --out DIR on "
        "another disk"
    )
