"""Policy servers in processes of their own, and looks at the world to send them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from leapcasa.envs.sensors import Proprioception, Sensors

SERVERS = Path(__file__).parent / "servers"
HASTE = {"connect_s": 8, "reconnect_s": 5, "first_answer_s": 20, "answer_s": 3, "attempts": 2}
"""Time-outs for tests: servers start in a second."""


class Server:
    """A running server.

    Args:
        script: of `servers/`, or a path.
        python: the interpreter.
        path: for PYTHONPATH.
        options: of its command line, underscores for hyphens; None leaves one out.
    """

    def __init__(
        self, script: str | Path, *, python: str = sys.executable, path: str = "", **options: Any
    ) -> None:
        self._command = [python, str(SERVERS / script)]
        self._environment = {**os.environ, "PYTHONPATH": path} if path else None
        self._options = options
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, at the port it had if it ran before."""
        words = {**self._options, "port": self.port}
        more = [
            part
            for name, value in words.items()
            if value is not None
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]
        self._process = subprocess.Popen(
            [*self._command, *more], stdout=subprocess.PIPE, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if line.startswith("ready "))
        self.port = int(line.split()[1])

    def stop(self) -> None:
        """Kill it as a crash would."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def change(self, **options: Any) -> None:
        """What a later `start` does differently."""
        self._options |= options

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def requests(log: Path) -> list[dict[str, Any]]:
    """What a server with `--log` was asked: kind, dtype and shape of everything."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def look(step: int = 0, size: int = 256, seed: int = 0) -> Sensors:
    """A look at noise."""
    rng = np.random.default_rng((seed, step))
    images = {
        view: rng.integers(0, 255, (size, size, 3), dtype=np.uint8)
        for view in ("right", "left", "hand")
    }
    parts = np.split(rng.normal(size=16).astype(np.float32), [2, 5, 9, 12])
    names = ("gripper_qpos", "base_position", "base_rotation")
    names += ("end_effector_position", "end_effector_rotation")
    return Sensors(
        images=images,  # type: ignore[arg-type]
        proprioception=Proprioception(**dict(zip(names, parts, strict=True))),
        instruction="Rinse the sink.",
        step=step,
    )


def refused_port() -> int:
    """A port of this machine at which nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def within(seconds: float, began: float) -> bool:
    """True if no more time has passed."""
    return time.monotonic() - began <= seconds
