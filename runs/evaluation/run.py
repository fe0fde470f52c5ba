"""The evaluation's own loop: hands episodes to workers and records what comes back.

The store is written here and nowhere else. Ctrl-C and SIGTERM set a flag that is looked at between
two episodes, so nothing is ever cut in half by them.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence

from ...configs import RunConfig
from .base import Executor
from .course import Course, Halt, Onlooker
from .episode import Key
from .store import Store

TICK_S = 0.2
"""How often a wish to stop is looked at."""


class Stop:
    """A wish to stop."""

    def __init__(self) -> None:
        self.wished = False

    def wish(self, *_: object) -> None:
        """Ask for an end after the row in hand; usable as a signal handler."""
        self.wished = True


def run(
    store: Store,
    config: RunConfig,
    todo: Sequence[Key],
    fingerprint: str,
    executor: Executor,
    onlooker: Onlooker,
    halt: Halt | None = None,
    *,
    reached: bool = False,
) -> bool:
    """Run episodes until all are recorded that are needed.

    Args:
        store: takes the rows.
        config: of every episode, but for task, split and seed.
        todo: episodes to run, in this order.
        fingerprint: of the configuration.
        executor: runs them; it is stopped in the end.
        onlooker: is told.
        halt: may end a task early; None for nobody.
        reached: whether the policy's server is known to have been there before.

    Returns:
        False if it was interrupted.

    Raises:
        ConfigError: if an episode cannot be run because of what was asked for.
        RecordError: if something cannot be written.
        LeapcasaError: if no worker lives long enough, or the policy's server stays away.
    """
    course = Course(store, config, todo, fingerprint, onlooker, halt, reached=reached)
    with _signals() as stop:
        try:
            while not stop.wished and (course.waiting or executor.running):
                while course.ready and executor.free and not stop.wished:
                    executor.start(course.next())
                ended = executor.wait(TICK_S)
                if ended is not None:
                    course.take(ended)
                onlooker.tick()
        finally:
            executor.stop()
            for job in course.in_hand:
                course.clear(job)
    return not stop.wished


@contextlib.contextmanager
def _signals() -> Iterator[Stop]:
    """While inside, Ctrl-C and SIGTERM are a wish, not an exception."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {n: signal.signal(n, stop.wish) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
