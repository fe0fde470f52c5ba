"""Plans made so far, kept so that an interrupted evaluation goes on where it was.

`plans.jsonl` holds a line per plan under a key that is a hash of the planner's configuration and of
all that the planner was given. A line is on disk before the next plan is made; a torn last line is
dropped.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..configs import ConfigError
from .records import RecordError

FILE = "plans.jsonl"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What came of asking a planner once."""

    key: str
    planner: str
    """The label it had then."""
    case: str
    subtasks: tuple[str, ...]
    """Empty if it gave no plan."""
    raw: str
    rejected: tuple[str, ...]
    error: str
    """Why there is no plan; empty if there is one."""
    milliseconds: float


def key(identity: str, given: str) -> str:
    """The name of a plan.

    Args:
        identity: of the planner, `plan_planners.identity`.
        given: of the case, `Case.given`.
    """
    return hashlib.sha256(f"{identity} {given}".encode()).hexdigest()[:32]


class PlanStore:
    """The plans of one folder; for one process and thread.

    Args:
        folder: made if it is not there. `plans.jsonl` in it is read, and appended to.

    Raises:
        ConfigError: if the folder holds something else, or another process has it open.
    """

    def __init__(self, folder: Path) -> None:
        import filelock

        self._path = folder / FILE
        try:
            others = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
            if others and FILE not in others and others != [".lock"]:
                raise ConfigError(
                    f"--out {folder} holds {others[0]!r} and is no folder of an evaluation; name "
                    "another one"
                )
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = filelock.FileLock(folder / ".lock")
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise ConfigError(
                f"another evaluation is writing to {folder}; wait for it, or use --out DIR"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"cannot write to {folder}: {error.strerror or error}; name another folder with "
                "--out DIR"
            ) from error
        self._file: BinaryIO = open(self._path, "a+b", buffering=0)  # noqa: SIM115
        self._known = self._read()

    def get(self, key: str) -> Made | None:
        """An earlier plan; None if there is none."""
        return self._known.get(key)

    def add(self, made: Made) -> None:
        """Keep a plan; it is on disk when this returns.

        Raises:
            RecordError: if it cannot be written; the file still ends with a whole line.
        """
        data = json.dumps(asdict(made), ensure_ascii=False).encode() + b"\n"
        length = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(data) != len(data):
                raise OSError(28, "No space left on device")
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), length)
            raise RecordError(
                f"cannot write {self._path}: {error.strerror or error}; free some space, or use "
                "--out DIR on another disk"
            ) from error
        self._known[made.key] = made

    def close(self) -> None:
        """Close the file and let others have the folder; may be called twice."""
        self._file.close()
        self._lock.release()

    def _read(self) -> dict[str, Made]:
        self._file.seek(0)
        data = self._file.readall()  # pyright: ignore[reportAttributeAccessIssue]
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.ftruncate(self._file.fileno(), whole)
        known = [made for line in data[:whole].splitlines() if (made := _parsed(line)) is not None]
        return {made.key: made for made in known}


def _parsed(line: bytes) -> Made | None:
    """One line; None if it is none of ours."""
    try:
        fields: dict[str, Any] = json.loads(line)
        lists = {name: tuple(fields[name]) for name in ("subtasks", "rejected")}
        return Made(**{**fields, **lists})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
