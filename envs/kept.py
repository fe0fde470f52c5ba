"""What takes long to read from installed files, kept in the user's cache folder as JSON."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import platformdirs


def kept(
    name: str, files: Iterable[Path], find: Callable[[], Any], folder: Path | None = None
) -> Any:
    """What `find` returns, or returned when these files were last as they are now.

    A cache that cannot be read or written costs time and nothing else.

    Args:
        name: of what is kept; each list of paths has a file of its own.
        files: what the answer depends on, this package's own code included; known by their paths,
            sizes and times of change.
        find: finds it out; plain values that JSON gives back as they were.
        folder: where it is kept; the user's cache folder if None.

    Raises:
        OSError: if one of the files cannot be looked at.
    """
    paths = sorted(map(os.fspath, files))
    key = _hash(
        [[path, found.st_size, found.st_mtime_ns] for path in paths for found in [os.stat(path)]]
    )
    folder = folder or Path(platformdirs.user_cache_dir("leapcasa"))
    place = folder / f"{name}-{_hash(paths)}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        there = json.loads(place.read_text("utf-8"))
        if there["key"] == key:
            return there["value"]
    value = find()
    with contextlib.suppress(OSError):
        _write(place, json.dumps({"key": key, "value": value}))
    return value


def _hash(of: Any) -> str:
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()[:16]


def _write(place: Path, text: str) -> None:
    """Whole or not at all, whoever writes at the same time."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(scratch, place)
    except BaseException:
        os.unlink(scratch)
        raise
