"""An episode's folder as bytes, for workers that share no disk with the evaluation.

Packed is what a sealed folder holds: plain files, side by side. Unpacked is only what is whole: the
bytes' hash is that of the sender, every file is on the disk before the seal is, and the seal names
the episode that was asked for.
"""

import hashlib
import io
import os
import tarfile
from pathlib import Path, PurePosixPath

from ...configs import LeapcasaError
from .episode import FILE, sealed
from .jobs import Job, sync


def pack(folder: Path) -> bytes:
    """The files of a folder as one tar, not compressed: videos and tables are already."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name, recursive=False)
    return stream.getvalue()


def digest(parcel: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(parcel).hexdigest()


def unpack(parcel: bytes, job: Job, told: str) -> None:
    """Lay the files into the job's folder, as if the episode had been run there.

    Args:
        parcel: by `pack`.
        job: what was asked for; its folder is replaced.
        told: the sender's `digest`.

    Raises:
        LeapcasaError: if the parcel is damaged or holds something else.
        OSError: if it cannot be written.
    """
    if digest(parcel) != told:
        raise LeapcasaError("the record was damaged on its way")
    job.folder.mkdir(exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(parcel), mode="r") as tar:
            members = sorted(tar.getmembers(), key=lambda m: m.name == FILE)  # the seal comes last
            for member in members:
                _lay(tar, member, job.folder)
    except tarfile.TarError as error:
        raise LeapcasaError(f"the record that came back is no tar: {error}") from error
    sync(job.folder)
    found = sealed(job.folder)
    if found is None or found[0].key != job.key or found[1] != job.fingerprint:
        raise LeapcasaError("the record that came back is not that of the episode asked for")


def _lay(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    content = tar.extractfile(member) if member.isfile() else None
    if content is None or PurePosixPath(member.name).name != member.name:
        raise LeapcasaError(f"the record that came back holds {member.name!r}, which is no file")
    path = folder / member.name
    with open(path, "wb") as file:
        while block := content.read(1 << 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
