"""Results made so far, kept line by line so that interrupted work goes on where it was.

A journal is a file of JSON lines, each under a key that is a hash of everything the result depends
on. A line is on disk before the next piece of work starts, so that even `kill -9` costs one piece;
a torn last line is dropped, and lines that are none of ours are passed over.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from ..configs import ConfigError
from .records import RecordError

LOCK = ".lock"


class Keyed(Protocol):
    """Something that is kept in a journal."""

    @property
    def key(self) -> str:
        """Of what it is the result, see `key`."""
        ...


Entry = TypeVar("Entry", bound=Keyed)


def key(*facts: Any) -> str:
    """The name of a result: a hash of JSON values.

    Args:
        facts: everything the result depends on.
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


class Journal(Generic[Entry]):
    """The results in one file; for one process and thread.

    Args:
        path: the file; its folder is made if it is missing, and must otherwise hold this file or
            nothing.
        write: an entry as JSON values.
        read: the entry back; raises ValueError, TypeError, KeyError or AttributeError if the line
            is none.

    Raises:
        ConfigError: if another process has the folder open, the folder holds something else, or
            it cannot be written to.
    """

    def __init__(
        self,
        path: Path,
        write: Callable[[Entry], Mapping[str, Any]],
        read: Callable[[dict[str, Any]], Entry],
    ) -> None:
        self._path, self._write, self._read = path, write, read
        self._new = not path.parent.exists()
        self._lock = _locked(path)
        try:
            self._file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115
            self._known, self._good = self._load()
        except OSError as error:
            self._lock.release()
            raise _unwritable(path, error) from error

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> Entry | None:
        """An earlier result; None if there is none."""
        return self._known.get(key)

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep results; they are on disk when this returns.

        Raises:
            RecordError: if they cannot be written; the file still ends with a whole line.
        """
        made = list(entries)
        data = b"".join(self._line(one) for one in made)
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
        """Close the file and let others have the folder; may be called twice.

        If nothing was ever kept, and nothing else written, nothing is left behind.
        """
        self._file.close()
        self._lock.release()
        ours = (self._path, self._path.with_name(LOCK))
        if not self._known and not {*self._path.parent.iterdir()} - {*ours}:
            for path in ours:
                path.unlink(missing_ok=True)
            if self._new:
                with contextlib.suppress(OSError):
                    self._path.parent.rmdir()

    def _line(self, entry: Entry) -> bytes:
        text = json.dumps(self._write(entry), ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"

    def _load(self) -> tuple[dict[str, Entry], int]:
        """What the file holds, and its length after a torn last line was cut off."""
        self._file.seek(0)
        data = self._file.readall()  # pyright: ignore[reportAttributeAccessIssue]
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.ftruncate(self._file.fileno(), whole)
        known = (self._parsed(line) for line in data[:whole].splitlines())
        return {one.key: one for one in known if one is not None}, whole

    def _parsed(self, line: bytes) -> Entry | None:
        try:
            return self._read(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def _locked(path: Path) -> Any:
    import filelock

    folder = path.parent
    try:
        others = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        if others and path.name not in others and others != [LOCK]:
            raise ConfigError(
                f"--out {folder} holds {others[0]!r} and is no folder of an evaluation; name "
                "another one"
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ConfigError(
            f"another evaluation is writing to {folder}; wait for it, or use --out DIR"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror or error}; name another folder with "
            "--out DIR"
        ) from error
    return lock


def _unwritable(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"cannot write {path}: {error.strerror or error}; free some space, or use --out DIR on "
        "another disk"
    )
