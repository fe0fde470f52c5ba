"""The scoring process itself: loads the judge once, says whether it could, and serves.

It ends with the process that started it, however that went.
"""

import os
import shutil
import threading
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from ...configs import ComponentSpec, LeapcasaError

MOST_TOGETHER = 16
"""Requests in one call of the judge."""
SOCKET = "desk"
LOG = "log.txt"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the scoring process says once: ready, or why not."""

    problem: str = ""
    """Empty: it listens."""


def main(spec: ComponentSpec, folder: Path, streams: int, threads: int, pipe: Any) -> None:
    """Run the scoring process.

    Args:
        spec: of the judge.
        folder: private to the user; takes socket and log.
        streams: episodes at once.
        threads: of the arithmetic on a CPU.
        pipe: takes one `Told`.
    """
    _die_with_parent(folder)
    # The evaluation's workers are single-threaded; the one process with the model is not.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    with open(folder / LOG, "ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    try:
        judge = _judge(spec)
    except LeapcasaError as error:
        pipe.send(Told(problem=str(error)))
        return
    import zmq

    from ...judges import wire
    from .desk import Service

    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.linger = 0
    socket.maxmsgsize = wire.MOST_BYTES
    socket.bind(f"ipc://{folder / SOCKET}")
    pipe.send(Told())
    Service(judge, socket, most=MOST_TOGETHER, streams=streams).serve()


def _judge(spec: ComponentSpec) -> Any:
    from ...configs import ConfigError
    from .. import components

    if spec.name in components.SHORT_NAMES["judge"] and spec.name not in SHAREABLE:
        raise ConfigError(
            f"the judge {spec.name!r} has no model to share; leave --share-models out"
        )
    judge = components.make_judge(spec)
    lacks = [n for n in ("score_batch", "forget") if not callable(getattr(judge, n, None))]
    if lacks or judge.info.privileged:
        why = f"it lacks {', '.join(lacks)}" if lacks else "it is privileged"
        raise ConfigError(
            f"the judge {spec.name!r} cannot be shared: {why} (see SharedJudge in "
            "leapcasa.judges.base); use --no-share-models"
        )
    return judge


SHAREABLE = ("qwen3vl",)
"""Judges of ours that own a model."""


def _die_with_parent(folder: Path) -> None:
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="die-with-parent").start()
