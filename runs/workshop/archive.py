"""Files of an archive or folder, one after the other, with distrust.

Nothing is unpacked by its own path: a caller is handed each file's name and bytes and decides where
they go. Links, devices, absolute paths and paths that lead upwards are refused; what is read is
bounded, whatever the archive says of its size.
"""

import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ...configs import ConfigError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
MEMBER_BYTES = 8 << 30
"""Of one file, at most."""
MEMBERS = 5_000_000
"""Files of one archive, at most."""
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Member:
    """One plain file."""

    name: PurePosixPath
    """Relative, without `..`."""
    size: int
    """As the archive says [bytes]."""
    open: Callable[[], IO[bytes]]
    """To be read before the next member is asked for."""

    def copy(self, target: IO[bytes], most: int) -> int:
        """Copy its bytes; how many.

        Raises:
            ConfigError: if there are more than `most`.
        """
        copied = 0
        with self.open() as source:
            while block := source.read(_BLOCK):
                copied += len(block)
                if copied > most:
                    raise ConfigError(f"{self.name} is larger than {most} bytes")
                target.write(block)
        return copied


def members(path: Path, most_bytes: int, refused: Callable[[str, str], None]) -> Iterator[Member]:
    """Every plain file.

    Args:
        path: a folder or archive.
        most_bytes: of all files together, as the archive says.
        refused: told name and reason of what is passed over.

    Raises:
        ConfigError: if it is no archive, is damaged, or is larger than allowed.
    """
    found = _folder(path) if path.is_dir() else _archive(path, refused)
    total = count = 0
    try:
        for member in found:
            count += 1
            total += member.size
            if total > most_bytes or count > MEMBERS:
                raise ConfigError(
                    f"{path} holds more than {most_bytes} bytes or {MEMBERS} files; if it is what "
                    "you expect, allow more with --max-gigabytes"
                )
            if member.size > MEMBER_BYTES:
                refused(str(member.name), f"{member.size} bytes in one file")
                continue
            yield member
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ConfigError(f"{path} is no archive, or damaged: {error}") from error


def _archive(path: Path, refused: Callable[[str, str], None]) -> Iterator[Member]:
    if not path.is_file():
        raise ConfigError(f"there is no archive or folder {path}")
    if path.name.lower().endswith(".zip"):
        yield from _zip(path, refused)
    elif path.name.lower().endswith(SUFFIXES):
        yield from _tar(path, refused)
    else:
        raise ConfigError(f"{path}: an archive ends in one of {', '.join(SUFFIXES)}")


def _tar(path: Path, refused: Callable[[str, str], None]) -> Iterator[Member]:
    # As a stream: never a seek, and each byte is decompressed once.
    with tarfile.open(path, "r|*") as archive:
        for entry in archive:
            if entry.isdir():
                continue
            name = plain_name(entry.name)
            if not entry.isreg():
                refused(entry.name, "a link or device")
            elif name is None:
                refused(entry.name, "a path that leads out")
            else:

                def opened(entry: tarfile.TarInfo = entry) -> IO[bytes]:
                    stream = archive.extractfile(entry)
                    if stream is None:
                        raise ConfigError(f"{path}: {entry.name} cannot be read")
                    return stream

                yield Member(name=name, size=entry.size, open=opened)


def _zip(path: Path, refused: Callable[[str, str], None]) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            mode = entry.external_attr >> 16
            name = plain_name(entry.filename)
            if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
                refused(entry.filename, "a link or device")
            elif name is None:
                refused(entry.filename, "a path that leads out")
            else:

                def opened(entry: zipfile.ZipInfo = entry) -> IO[bytes]:
                    return archive.open(entry)

                yield Member(name=name, size=entry.file_size, open=opened)


def _folder(root: Path) -> Iterator[Member]:
    for folder, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        for file in sorted(files):
            path = Path(folder) / file
            if path.is_symlink() or not path.is_file():
                continue
            name = PurePosixPath(path.relative_to(root).as_posix())
            yield Member(
                name=name, size=path.stat().st_size, open=lambda path=path: path.open("rb")
            )


def plain_name(name: str) -> PurePosixPath | None:
    """A member's path if it is relative and stays below; None otherwise."""
    if "\\" in name or "\0" in name or name.startswith("/") or name[1:2] == ":":
        return None
    path = PurePosixPath(name)
    return path if path.parts and ".." not in path.parts else None
