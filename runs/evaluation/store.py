"""The durable store of one evaluation: a folder with a SQLite file, for one process at a time.

```
DIR/evaluation.sqlite   the configuration, the episodes asked for, a row per recorded episode
DIR/episodes/NAME/      the record of each recorded episode
DIR/work/               what is being made; swept when the evaluation is opened
DIR/broken/NAME/        what a dead worker left of an episode, to look at
```

An episode is recorded in two steps: its whole folder is moved into place, then its row is inserted
in one transaction that is on the disk when `take_in` returns. A crash between the two leaves a
whole folder without a row, which is taken in when the evaluation is opened again; whatever is not
whole is thrown away and run again.
"""

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ...configs import ConfigError, LeapcasaError
from ..records import RecordError
from .episode import Episode, Key, from_dict, sealed, to_json
from .jobs import LOG, sync

FILE = "evaluation.sqlite"
LOCK = ".lock"
FORMAT = 1
"""Of the tables; goes up when a column changes its meaning."""
OURS = (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal", LOCK, "work", "episodes", "broken",
        "sequential.json")  # fmt: skip

Read = TypeVar("Read")

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE wanted (
  task TEXT NOT NULL, split TEXT NOT NULL, seed INTEGER NOT NULL, PRIMARY KEY (task, split, seed)
) WITHOUT ROWID;
CREATE TABLE episodes (
  task TEXT NOT NULL, split TEXT NOT NULL, seed INTEGER NOT NULL,
  status TEXT NOT NULL, attempt INTEGER NOT NULL, success INTEGER NOT NULL, row TEXT NOT NULL,
  PRIMARY KEY (task, split, seed)
) WITHOUT ROWID;
"""


class Store:
    """The evaluation in one folder.

    Args:
        folder: absolute; is made if it is missing.

    Raises:
        ConfigError: if another process uses the folder, or it holds something else.
        RecordError: if it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = not folder.exists()
        self._lock = _locked(folder)
        try:
            with _errors(folder):
                self._db = _connected(folder / FILE)
                self._meta = dict(self._db.execute("SELECT name, value FROM meta"))
                for name in ("work", "episodes"):
                    (folder / name).mkdir(exist_ok=True)
                for place in (folder, folder.parent):
                    sync(place)
            if self._meta and self._meta["format"] != str(FORMAT):
                raise ConfigError(
                    f"{folder} was written in format {self._meta['format']}, this is {FORMAT}; "
                    "go on with the version that began it, or name another folder"
                )
        except BaseException:
            self._lock.release()
            raise

    @property
    def begun(self) -> bool:
        """Whether an evaluation was begun here."""
        return bool(self._meta)

    def begin(self, about: Mapping[str, Any]) -> None:
        """Write down what the evaluation is; once.

        Args:
            about: plain values by name.
        """
        meta = {"format": str(FORMAT)} | {k: json.dumps(v) for k, v in about.items()}
        with self._transaction():
            self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        self._meta = meta

    def about(self, name: str) -> Any:
        """One of the values given to `begin`."""
        return json.loads(self._meta[name])

    def knows(self, name: str) -> bool:
        """Whether `begin` was given such a value."""
        return name in self._meta

    def want(self, keys: Iterable[Key]) -> None:
        """Add episodes to those asked for; known ones stay."""
        rows = [(key.task, key.split, key.seed) for key in keys]
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?)", rows)

    def wanted(self) -> list[Key]:
        """The episodes asked for so far, by task and seed."""
        return _wanted(self._db)

    def episodes(self) -> list[Episode]:
        """All recorded episodes, by task and seed."""
        return _episodes(self._db)

    def take_in(self, folder: Path) -> Episode:
        """Record an episode by its whole folder; it is on the disk when this returns.

        Raises:
            RecordError: if it cannot be written; the next opening makes up for it.
            LeapcasaError: if the folder is not whole.
        """
        found = sealed(folder)
        if found is None:
            raise LeapcasaError(f"{folder} is no whole episode")
        episode = found[0]
        final = self.folder / "episodes" / episode.key.name
        with _errors(self.folder):
            if folder != final:
                if final.exists():
                    self._throw_away(final)
                os.replace(folder, final)
                sync(final.parent)
                sync(folder.parent)
        row = from_dict({**json.loads(to_json(episode)), "folder": f"episodes/{final.name}"})
        self.record(row)
        return row

    def record(self, row: Episode) -> None:
        """Insert a row, or replace that of an error; a scored one is never replaced.

        Raises:
            RecordError: if it cannot be written.
        """
        values = (row.task, row.split, row.seed, row.status, row.attempt, row.success, to_json(row))
        with self._transaction():
            self._db.execute(
                "INSERT INTO episodes VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "status = excluded.status, attempt = excluded.attempt, "
                "success = excluded.success, row = excluded.row WHERE status <> 'scored'",
                values,
            )

    def sweep(self, fingerprint: str) -> int:
        """Take in whole episodes that have no row yet, throw the rest of `work` away.

        Args:
            fingerprint: of the configuration; folders made under another one are thrown away.

        Returns:
            How many were taken in.
        """
        known = {row.key: row for row in self.episodes()}
        names = {key.name: row for key, row in known.items()}
        taken = 0
        with _errors(self.folder):
            places = [p for name in ("episodes", "work") for p in (self.folder / name).iterdir()]
            for path in sorted(places):
                found = sealed(path)
                row = known.get(found[0].key) if found else names.get(path.name)
                if found and found[1] == fingerprint and _newer(found[0], row):
                    known[found[0].key] = self.take_in(path)
                    taken += 1
                elif path.parent.name == "work" or row is None:
                    self._throw_away(path)
        return taken

    def keep_broken(self, work: Path, log: Path, key: Key) -> None:
        """Put what a dead worker left aside, in place of what an earlier one left."""
        place = self.folder / "broken" / key.name
        with contextlib.suppress(OSError):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            if work.exists():
                os.replace(work, place / "run")
            if log.exists():
                os.replace(log, place / LOG)

    def close(self) -> None:
        """Let others have the folder; may be called twice."""
        self._db.close()
        self._lock.release()

    def abandon(self) -> None:
        """Close, and take everything back that was made here: nothing was recorded."""
        self.close()
        for name in OURS:
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if self._made:
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def _throw_away(self, path: Path) -> None:
        """Remove a file or folder; a folder first leaves its place in one move."""
        if path.is_dir():
            gone = self.folder / "work" / f".gone-{path.name}"
            shutil.rmtree(gone, ignore_errors=True)
            if path.parent.name == "episodes":
                os.replace(path, gone)
                path = gone
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with _errors(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise


def _newer(episode: Episode, row: Episode | None) -> bool:
    """Whether an episode found in a folder comes after what is recorded of it."""
    return row is None or (row.status != "scored" and episode.attempt > row.attempt)


def _locked(folder: Path) -> Any:
    import filelock

    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--out {folder} is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted(p.name for p in folder.iterdir() if p.name not in OURS)
        if foreign and not (folder / FILE).exists():
            raise ConfigError(
                f"--out {folder} is not empty and holds no evaluation (there is {foreign[0]}); "
                "name another folder"
            )
        lock = filelock.FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ConfigError(
            f"another evaluation is running in {folder}; wait for it, or name another folder "
            "with --out DIR"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror or error}; name another folder with "
            "--out DIR"
        ) from error
    return lock


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("BEGIN IMMEDIATE")
    if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in filter(str.strip, _TABLES.split(";")):
            db.execute(statement)
    db.execute("COMMIT")
    return db


@contextlib.contextmanager
def _errors(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into one message."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _unwritable(folder, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{folder / FILE} is no evaluation: {error}") from error
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error


def _unwritable(folder: Path, why: str) -> RecordError:
    return RecordError(
        f"cannot write to {folder}: {why}; what is recorded stays, free some space and go on with "
        f"--resume --out {folder}"
    )


def _wanted(db: sqlite3.Connection) -> list[Key]:
    rows = db.execute("SELECT task, split, seed FROM wanted ORDER BY task, split, seed")
    return [Key(task=task, split=split, seed=seed) for task, split, seed in rows]


def _episodes(db: sqlite3.Connection) -> list[Episode]:
    rows = db.execute("SELECT row FROM episodes ORDER BY task, split, seed")
    return [from_dict(json.loads(text)) for (text,) in rows]


def read_only(folder: Path) -> tuple[dict[str, Any], list[Episode]]:
    """What an evaluation is and its rows; works beside a running one and on read-only disks.

    Raises:
        ConfigError: if the folder holds no evaluation.
    """

    def read(db: sqlite3.Connection) -> tuple[dict[str, Any], list[Episode]]:
        meta = dict(db.execute("SELECT name, value FROM meta"))
        return {k: json.loads(v) for k, v in meta.items()}, _episodes(db)

    return _read(folder, read)


def read_wanted(folder: Path) -> list[Key]:
    """The episodes asked for, read as `read_only` does.

    Raises:
        ConfigError: if the folder holds no evaluation.
    """
    return _read(folder, _wanted)


def _read(folder: Path, read: Callable[[sqlite3.Connection], Read]) -> Read:
    path = folder.expanduser().absolute() / FILE
    if not path.is_file():
        raise ConfigError(f"{folder} holds no evaluation ({FILE} is missing)")
    last: Exception | None = None
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        try:
            with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as db:
                return read(db)
        except (sqlite3.Error, ValueError, TypeError) as error:
            last = error
    raise ConfigError(f"{path} is no evaluation: {last}")
