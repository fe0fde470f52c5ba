"""What a Ray worker does: one episode, in place or in a folder of its own that is sent back.

Imported on the cluster's nodes. Whether a node shares the evaluation's disk is tried, not assumed:
the evaluation leaves a file with a random content beside the job's folder, and a node that reads
the same content there and may write works in place.
"""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...configs import LeapcasaError
from . import parcel
from .jobs import Job, Outcome, Play
from .pool import spare_threads

ROOM = "leapcasa-episode-"
GRACE_S = 120
"""Beyond the time limit: for imports, and for the evaluation to act first."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """First answer of a task: where it runs, now that it does."""

    node: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Second and last answer."""

    outcome: Outcome
    parcel: bytes | None = None
    """The sealed folder, where it does not lie on the evaluation's disk."""
    digest: str = ""


def run(
    play: Play, job: Job, token: tuple[Path, str] | None, limit: float, place: str
) -> Iterator[Begun | Finished]:
    """Run one job.

    Args:
        play: what to do.
        job: as the evaluation would give it to a process of its own.
        token: file and content by which a shared disk is known; None: there is none.
        limit: seconds after which the evaluation ends this process. Should it be unable to, the
            system does some time later, whatever the process is doing.
        place: the evaluation's current folder, where a user's own modules are looked for.
    """
    spare_threads()
    if os.path.isdir(place):
        os.chdir(place)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit + GRACE_S)
    try:
        problem = _problem(job)  # imports the simulation, which is not the episode's time
        yield Begun(node=socket.gethostname(), pid=os.getpid())
        if problem:
            yield Finished(outcome=Outcome(kind="refused", message=problem))
        else:
            yield _run(play, job, token)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _run(play: Play, job: Job, token: tuple[Path, str] | None) -> Finished:
    if token is not None and _shares(*token):
        return Finished(outcome=play(job))
    _tidy()
    room = Path(tempfile.mkdtemp(prefix=f"{ROOM}{os.getpid()}-"))
    try:
        outcome = play(replace(job, folder=room / job.folder.name, log=room / job.log.name))
        if outcome.kind != "sealed":
            return Finished(outcome=outcome)
        packed = parcel.pack(room / job.folder.name)
        return Finished(outcome=outcome, parcel=packed, digest=parcel.digest(packed))
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _problem(job: Job) -> str:
    """Why this node cannot run episodes of this evaluation; empty if it can."""
    from ...envs import assets
    from . import identity

    try:
        facts = identity.facts(job.config, assets.ensure())
    except LeapcasaError as error:
        return f"the node {socket.gethostname()} has no assets: {error}"
    if identity.fingerprint(facts) == job.fingerprint:
        return ""
    there = [f"{k} {v}" for k, v in facts.items() if k.startswith(("versions.", "assets"))]
    return (
        f"the node {socket.gethostname()} would run another simulation than this evaluation "
        f"({', '.join(there)}); install the same versions and assets on every node"
    )


def _shares(path: Path, content: str) -> bool:
    """Whether this is the evaluation's own disk, and may be written."""
    try:
        return path.read_text() == content and os.access(path.parent, os.W_OK)
    except OSError:
        return False


def _tidy() -> None:
    """Remove what killed workers left on this node."""
    for place in Path(tempfile.gettempdir()).glob(f"{ROOM}*"):
        owner = place.name.removeprefix(ROOM).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(place, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
