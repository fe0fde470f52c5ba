"""The record of an episode: a folder whose files are readable whatever happens.

* `run.json`: what was run and what came of it; there from the first moment (`"state": "running"`),
  replaced in one move at the end.
* `events.jsonl`: what the agent did, a line an event, on disk at once.
* `steps.parquet`: what the agent saw of itself, believed and did, a row a step.
* `truth.parquet`: what the referee knows, a row a step, in a file of its own so that truth and
  belief are never mixed.
* `trace.parquet`: digests of states and pictures, a row a step, which a rerun is compared with.

The tables are replaced as a whole every `CHECKPOINT_STEPS`: even after a power cut they are
complete files that end a little earlier.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..configs import ConfigError, LeapcasaError

CHECKPOINT_STEPS = 200
"""Steps between two rewritings of the tables (about 10 s of simulated time, 30 kB)."""


class RecordError(LeapcasaError):
    """The record cannot be written, for instance because the disk is full."""


def check_free(path: Path) -> None:
    """Refuse, before long work, a folder that its result could not go to.

    Raises:
        ConfigError: if something is there already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(f"--out {path} is there already; name another folder")


def make_folder(path: Path) -> Path:
    """An empty, writable folder for one run.

    Args:
        path: a folder that does not exist yet, or is empty.

    Returns:
        Its absolute path.

    Raises:
        ConfigError: if something is there already, or it cannot be written to.
    """
    path = path.expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"--out {path} is a file; name a folder that is not there yet")
    if path.is_dir() and any(path.iterdir()):
        raise ConfigError(f"--out {path} is not empty; name another folder, or remove it first")
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".leapcasa-probe"
        probe.write_bytes(b"leapcasa")
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"cannot write to {path}: {error.strerror or error}; name another folder with --out DIR"
        ) from error
    return path


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file in one move.

    Raises:
        RecordError: if it cannot be written; the old file is then still whole.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, default=plain, allow_nan=False) + "\n"
    replace_file(path, lambda stream: stream.write(text.encode()))


def replace_file(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place and move it there as a whole.

    Args:
        path: the file.
        fill: writes the content to an open binary file.

    Raises:
        RecordError: if it cannot be written; the old file is then still whole.
    """
    # By process: two commands may fill the same cache at the same time.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _unwritable(path: Path, error: OSError) -> RecordError:
    why = error.strerror or str(error)
    mend = "free some space, or name a folder on another disk with --out DIR"
    return RecordError(f"cannot write {path}: {why}; {mend}")


def plain(value: object) -> Any:
    """A JSON value for what `json` does not know: numpy, paths, sets, dataclasses.

    Raises:
        TypeError: for anything else.
    """
    import dataclasses

    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: getattr(value, field.name) for field in fields}
    raise TypeError(f"{type(value).__name__} is no JSON value")


class EventLog:
    """`events.jsonl`: one JSON object a line, each on disk before the next step.

    Args:
        path: the file; must not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._good = path, 0
        try:
            self._file: BinaryIO = open(path, "xb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, kind: str, step: int, fields: Mapping[str, Any]) -> None:
        """Append one event.

        Raises:
            RecordError: if it cannot be written; the file still ends with a whole line.
        """
        row = {"step": step, "event": kind, **fields}
        line = json.dumps(row, ensure_ascii=False, default=plain).encode() + b"\n"
        try:
            written = self._file.write(line)
            if written != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            self._drop_partial_line()
            raise _unwritable(self.path, error) from error
        self._good += len(line)

    def _drop_partial_line(self) -> None:
        try:
            os.ftruncate(self._file.fileno(), self._good)
        except OSError:
            return

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()


class Table:
    """One columnar file with a row a step, in memory and on disk as of the last checkpoint.

    Args:
        path: the Parquet file.
        columns: Arrow type by name; `actions` and `proprioception` style vectors as fixed lists.
        metadata: text that explains the file to whoever opens it.
    """

    def __init__(
        self, path: Path, columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None
    ) -> None:
        import pyarrow

        self.path = path
        self._schema = pyarrow.schema(list(columns.items()), metadata=dict(metadata or {}))
        self._names = tuple(columns)
        self._rows: list[tuple[Any, ...]] = []
        self._saved = 0

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row; every column has to be named.

        Raises:
            RecordError: if a checkpoint was due and cannot be written.
        """
        if row.keys() != set(self._names):
            raise ValueError(f"columns {sorted(row)} given, {sorted(self._names)} expected")
        # One append a row: an interruption leaves whole rows.
        self._rows.append(tuple(row[name] for name in self._names))
        if len(self._rows) - self._saved >= CHECKPOINT_STEPS:
            self.save()

    def save(self) -> None:
        """Replace the file with all rows so far.

        Raises:
            RecordError: if it cannot be written; the file of the last checkpoint stays.
        """
        import pyarrow
        import pyarrow.parquet

        count = len(self._rows)
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in self._names)
        arrays = [
            _column(list(values), field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        table = pyarrow.Table.from_arrays(arrays, schema=self._schema)
        replace_file(
            self.path,
            lambda stream: pyarrow.parquet.write_table(table, stream, compression="zstd"),
        )
        self._saved = count


def _column(values: list[Any], kind: Any) -> Any:
    import pyarrow

    if isinstance(kind, pyarrow.FixedSizeListType):
        blank = np.zeros(kind.list_size, dtype=np.float32)
        rows = [blank if value is None else value for value in values]
        flat = np.asarray(rows, dtype=np.float32).reshape(-1)
        missing = pyarrow.array([value is None for value in values], pyarrow.bool_())
        return pyarrow.FixedSizeListArray.from_arrays(
            pyarrow.array(flat, kind.value_type), type=kind, mask=missing
        )
    return pyarrow.array(values, kind)


def last_words(log: Path) -> str:
    """The last line of a log, shortened; empty if there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4000))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
