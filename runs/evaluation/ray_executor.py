"""Episodes as tasks of a Ray cluster, or of a Ray of this machine alone.

A task is never retried by Ray (`max_retries=0`): how often an episode is run is for the evaluation
to decide. Each task first says that it has begun, so that waiting for a free node does not count
against the time limit. Ray's own wire is pickle inside: whoever may join the cluster may run code
on it, so only clusters are named whose members are trusted.
"""

import contextlib
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError
from . import parcel, ray_task
from .base import Ended
from .jobs import Job, Outcome, Play
from .pool import EPISODES_PER_WORKER, machine_cores

STORE_BYTES = 100 * 2**20
"""Of a local Ray's object store, through which only small answers go."""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    # A Ray of one machine: every socket on the loopback address, as on a desktop.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@dataclass(frozen=True, kw_only=True)
class RayOptions:
    """Which Ray, and what a worker takes of it."""

    address: str | None = None
    """Of a running cluster (`auto`, HOST:PORT); None: one is started here, for this evaluation."""
    cpus: float = 1.0
    """Of each worker."""
    gpus: float = 0.0
    """Of each worker; half of one lets two workers share it."""


@dataclass(kw_only=True)
class _InHand:
    job: Job
    began: float | None = None
    """Monotonic seconds; None while the task waits for a node."""
    where: str = ""


class RayWorkers:
    """An executor on Ray; for one thread.

    Args:
        count: how many episodes at once; None for as many as the cluster has room for.
        play: what a worker does.
        time_limit: seconds an episode may take once it runs.
        options: of Ray.
        shared: whether nodes may share this disk; False has every record sent back.

    Raises:
        ConfigError: if Ray is not installed, not found, or has no room for a worker.
    """

    def __init__(
        self,
        count: int | None,
        play: Play,
        time_limit: float,
        options: RayOptions,
        *,
        shared: bool = True,
    ) -> None:
        self._folder: Path | None = None
        self._token: tuple[Path, str] | None = None
        self._shared, self._limit = shared, time_limit
        self._ray = _ray()
        self._hands: dict[Any, _InHand] = {}
        self._connect(options, count)
        room = _room(self._ray, options)
        if room < 1:
            self.stop()
            raise ConfigError(
                f"this Ray has no room for a worker of {options.cpus:g} CPUs and {options.gpus:g} "
                f"GPUs (it has {_resources(self._ray)}); see --ray-cpus and --ray-gpus"
            )
        self.count = min(room, count or room)
        """Episodes at once."""
        self._task = self._ray.remote(
            max_retries=0,
            max_calls=EPISODES_PER_WORKER,
            num_cpus=options.cpus,
            num_gpus=options.gpus,
        )(ray_task.run)
        self._play = self._ray.put(play)

    @property
    def free(self) -> int:
        """How many more episodes fit."""
        return self.count - len(self._hands)

    @property
    def running(self) -> Sequence[Job]:
        """The jobs in hand."""
        return [hand.job for hand in self._hands.values()]

    def start(self, job: Job) -> None:
        """Hand a job to the cluster."""
        if self._shared and self._token is None:
            self._token = _leave_token(job.folder.parent)
        task = self._task.remote(self._play, job, self._token, self._limit, os.getcwd())
        self._hands[task] = _InHand(job=job)

    def wait(self, seconds: float) -> Ended | None:
        """The next job that ended; None if there is none after so many seconds.

        Raises:
            LeapcasaError: if the cluster is gone.
        """
        if not self._hands:
            time.sleep(seconds)
            return None
        try:
            ready, _ = self._ray.wait(list(self._hands), num_returns=1, timeout=seconds)
        except self._ray.exceptions.RaySystemError as error:
            raise LeapcasaError(f"the Ray cluster is gone: {error}; go on with --resume") from error
        for task in ready:
            ended = self._next(task)
            if ended is not None:
                return ended
        return self._overdue()

    def stop(self) -> None:
        """Cancel what runs; a Ray that was started here ends."""
        for task in self._hands:
            self._ray.cancel(task, force=True)
        self._hands = {}
        if self._token is not None:
            self._token[0].unlink(missing_ok=True)
            self._token = None
        self._ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _next(self, task: Any) -> Ended | None:
        """Take a task's next answer; None if it only says that it has begun."""
        hand = self._hands[task]
        try:
            answer = self._ray.get(next(task))
        except Exception as error:  # the worker or its node died: this episode alone is lost
            return self._lost(task, _words(error, hand.where))
        if isinstance(answer, ray_task.Begun):
            hand.began, hand.where = time.monotonic(), f" on {answer.node}, process {answer.pid}"
            return None
        del self._hands[task]
        outcome: Outcome = answer.outcome
        if answer.parcel is not None:
            try:
                parcel.unpack(answer.parcel, hand.job, answer.digest)
            except LeapcasaError as error:
                return Ended(job=hand.job, outcome=None, trouble=f"{error}{hand.where}")
            except OSError as error:
                message = f"cannot write {hand.job.folder}: {error.strerror or error}"
                outcome = Outcome(kind="unwritable", message=message)
        return Ended(job=hand.job, outcome=outcome)

    def _overdue(self) -> Ended | None:
        """End a task that has run out of time."""
        now = time.monotonic()
        for task, hand in self._hands.items():
            if hand.began is not None and now - hand.began > self._limit:
                self._ray.cancel(task, force=True)
                trouble = f"not done within {self._limit:g} s (--time-limit){hand.where}"
                return self._lost(task, trouble, late=True)
        return None

    def _lost(self, task: Any, trouble: str, *, late: bool = False) -> Ended:
        return Ended(job=self._hands.pop(task).job, outcome=None, trouble=trouble, late=late)

    def _connect(self, options: RayOptions, count: int | None) -> None:
        common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        try:
            with _signals_kept():
                if options.address is not None:
                    self._ray.init(address=options.address, **common)
                    return
                self._folder = Path(tempfile.mkdtemp(prefix="lc-ray-"))  # socket paths are short
                cores = max(1.0, options.cpus) * (count or machine_cores())
                self._ray.init(
                    address="local",
                    num_cpus=int(cores),
                    include_dashboard=False,
                    object_store_memory=STORE_BYTES,
                    _temp_dir=str(self._folder),
                    **common,
                )
        except (OSError, ValueError, RuntimeError, self._ray.exceptions.RayError) as error:
            where = "be started here" if options.address is None else f"reach {options.address!r}"
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"Ray cannot {where}: {first[:300]}") from error


def _ray() -> Any:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            f"--executor ray needs Ray ({error}): pip install leapcasa[ray], or leave it out"
        ) from error
    return ray


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray sets a handler for SIGTERM; ours stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _room(ray: Any, options: RayOptions) -> int:
    """How many workers fit on the nodes there are now."""
    fits = 0
    for node in ray.nodes():
        has = node["Resources"] if node["Alive"] else {}
        rooms = [has.get("CPU", 0.0) / options.cpus if options.cpus else float("inf")]
        rooms += [has.get("GPU", 0.0) / options.gpus] if options.gpus else []
        room = min(rooms)
        fits += int(room + 1e-6) if room != float("inf") else machine_cores()
    return fits


def _resources(ray: Any) -> str:
    has = ray.cluster_resources()
    return f"{has.get('CPU', 0):g} CPUs, {has.get('GPU', 0):g} GPUs"


def _leave_token(place: Path) -> tuple[Path, str]:
    """Beside the jobs' folders, the sign by which a node knows the evaluation's own disk."""
    content = secrets.token_hex(16)
    path = place / f".here-{content[:8]}"
    path.write_text(content)
    return path, content


def _words(error: Exception, where: str) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    first = first.partition(" Check python-core-worker")[0]  # logs of Ray, gone by then
    return f"the worker died{where}: {type(error).__name__}: {first}"[:400]
