"""Lets these tests share the fake episodes, and drive the real command line with them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture
def tool(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """`tool(play, *arguments, **environment)`: one whole call of the command line."""

    def run(play: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, str(HERE / "fake_episodes.py"), play, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **environment},
        )

    return run


@pytest.fixture
def answer() -> Callable[[subprocess.CompletedProcess], dict]:
    """The one JSON object of a call."""
    return lambda done: json.loads(done.stdout)
