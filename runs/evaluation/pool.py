"""Worker processes, each with one episode at a time, a time limit, and a short life.

Every worker is a pebble pool of one: no lock and no queue is shared between workers, so whatever
kills one of them, at whatever moment, costs its own episode alone.
"""

import multiprocessing
import os
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from multiprocessing import connection
from typing import Any

from .base import Ended
from .jobs import Job, Outcome, Play

EPISODES_PER_WORKER = 20
"""A worker is replaced after so many: bounds what the simulator leaks."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def machine_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spare_threads() -> None:
    """One thread of linear algebra for this process and those it starts; what is set stays."""
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")


class Workers:
    """A fixed number of worker processes; for one thread.

    Args:
        count: how many, at least one.
        play: what they do.
        time_limit: seconds an episode may take before its worker is killed.
    """

    def __init__(self, count: int, play: Play, time_limit: float) -> None:
        spare_threads()  # the workers are the parallelism
        self._play, self._limit = play, time_limit
        self._idle: list[Any] = [None] * count
        """Pools without a job; None stands for one that is still to be made."""
        self._busy: dict[Future[Outcome], tuple[Any, Job]] = {}
        self._ended: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()

    @property
    def free(self) -> int:
        """How many workers have nothing to do."""
        return len(self._idle)

    @property
    def running(self) -> Sequence[Job]:
        """The jobs in hand."""
        return [job for _, job in self._busy.values()]

    def start(self, job: Job) -> None:
        """Give a job to a free worker."""
        pool = self._idle.pop()
        if pool is None or not pool.active:
            _stop(pool)
            pool = _pool()
        future = pool.schedule(self._play, args=(job,), timeout=self._limit)
        self._busy[future] = (pool, job)
        future.add_done_callback(self._ended.put)

    def wait(self, seconds: float) -> Ended | None:
        """The next job that ended; None if there is none after so many seconds."""
        try:
            future = self._ended.get(timeout=seconds)
        except queue.Empty:
            return None
        pool, job = self._busy.pop(future)
        outcome, trouble = _answer(future, self._limit)
        if outcome is None:
            _stop(pool)
            pool = None
        self._idle.append(pool)
        late = outcome is None and isinstance(future.exception(), FutureTimeout)
        return Ended(job=job, outcome=outcome, trouble=trouble, late=late)

    def stop(self) -> None:
        """Kill all workers; jobs in hand are lost."""
        pools = [pool for pool, _ in self._busy.values()] + self._idle
        threads = [threading.Thread(target=_stop, args=(pool,)) for pool in pools]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._busy, self._idle = {}, []


def _pool() -> Any:
    from pebble import ProcessPool

    context = multiprocessing.get_context("spawn")
    return ProcessPool(1, max_tasks=EPISODES_PER_WORKER, initializer=die_with_parent,
                       context=context)  # fmt: skip


def _stop(pool: Any) -> None:
    if pool is not None:
        pool.stop()
        pool.join()


def _answer(future: "Future[Outcome]", limit: float) -> tuple[Outcome | None, str]:
    try:
        return future.result(), ""
    except FutureTimeout:
        return None, f"not done within {limit:g} s (--time-limit)"
    except CancelledError:
        return None, "the worker was stopped"
    except Exception as error:  # the worker died: this episode is lost, the evaluation goes on
        code = getattr(error, "exitcode", None)
        how = f" (exit code {code})" if code is not None else ""
        return None, f"the worker died{how}: {type(error).__name__}: {error}"[:400]


def die_with_parent() -> None:
    """End this worker as soon as the evaluation's process is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="die-with-parent").start()
