"""Keeps an evaluation's scoring process running: starts it, notices its end, starts it anew."""

import contextlib
import multiprocessing
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from ...configs import ComponentSpec, ConfigError, LeapcasaError
from ..records import last_words
from .process import LOG, SOCKET, main

FIRST_PAUSE_S = 1.0
"""Before it is started again; twice as long each time."""
DEATHS = 4
"""So many ends without a scored episode in between: it will not work."""
LONGEST_PATH = 90
"""Of a socket's folder; the system allows 107 characters in all."""


class Keeper:
    """One scoring process; for one thread.

    Args:
        spec: of the judge.
        streams: episodes at once.
        threads: of its arithmetic on a CPU.
    """

    def __init__(self, spec: ComponentSpec, *, streams: int, threads: int) -> None:
        self.spec = spec
        self._streams, self._threads = streams, threads
        folder = Path(tempfile.mkdtemp(prefix="leapcasa-"))
        if len(str(folder)) > LONGEST_PATH:
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix="leapcasa-", dir="/tmp"))
        self._folder = folder
        self._process: Any = None
        self._pipe: Any = None
        self._listening = False
        self._deaths = 0
        self._not_before = 0.0
        self._kept = False

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"ipc://{self._folder / SOCKET}"

    @property
    def pid(self) -> int | None:
        """Of the process; None between two."""
        return self._process.pid if self._process is not None else None

    def open(self) -> None:
        """Start it and wait until it listens.

        Raises:
            ConfigError: if the judge cannot be made or shared.
            LeapcasaError: if it ends by itself, again and again.
        """
        while not self.ready():
            time.sleep(0.05)

    def ready(self) -> bool:
        """Whether it listens now; looks after it, and returns at once.

        Raises:
            ConfigError: if the judge cannot be made or shared.
            LeapcasaError: if it ends by itself, again and again.
        """
        if self._process is None:
            if time.monotonic() >= self._not_before:
                self._start()
            return False
        if not self._listening and self._pipe.poll():
            self._hear()
        if not self._process.is_alive():
            self._died()
        return self._listening

    def well(self) -> None:
        """An episode was scored: earlier deaths do not count any more."""
        self._deaths = 0

    def close(self) -> None:
        """End it; may be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        self._listening = False
        if not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe(duplex=False)
        (self._folder / SOCKET).unlink(missing_ok=True)
        self._process = context.Process(
            target=main,
            args=(self.spec, self._folder, self._streams, self._threads, theirs),
            name="leapcasa-scoring",
            daemon=True,
        )
        self._process.start()
        theirs.close()

    def _hear(self) -> None:
        with contextlib.suppress(EOFError):  # it died before it said anything
            told = self._pipe.recv()
            if told.problem:
                self.close()
                raise ConfigError(told.problem)
            self._listening = True

    def _died(self) -> None:
        """Plan the next start, or give up."""
        self._process.join()
        code = self._process.exitcode
        self._process, self._listening = None, False
        self._deaths += 1
        if self._deaths >= DEATHS:
            self._kept = True
            words = last_words(self._folder / LOG)
            raise LeapcasaError(
                f"the scoring process (--share-models) ended {self._deaths} times in a row, last "
                f"with exit code {code}" + (f": {words}" if words else "") + f"; its log is "
                f"{self._folder / LOG}; mend it and go on with --resume, or give each worker a "
                "model of its own with --no-share-models"
            )
        self._not_before = time.monotonic() + FIRST_PAUSE_S * 2 ** (self._deaths - 1)
