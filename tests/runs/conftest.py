"""Lets the tests of this folder share helper modules (importlib mode has no sibling imports)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

SHORT = {
    "limits.max_steps": 24,
    "advance.timeout": 14,
    "env.render_profile": "fast",
    "env.image_size": "{right: 64, left: 64, hand: 64}",
    "video.hold": 0,
}


@pytest.fixture(scope="session")
def short_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real rollout of 24 steps, made by a process of its own; not to be changed.

    Random motion in RinseSinkBasin; after 14 steps the agent goes on to the second subtask.
    """
    folder = tmp_path_factory.mktemp("short") / "run"
    sets = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
    head = [sys.executable, "-m", "leapcasa.runs", "rollout", "RinseSinkBasin", "--seed", "3"]
    done = subprocess.run(
        [*head, "--config", "baseline", *sets, "--out", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=400,
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 24
    return folder
