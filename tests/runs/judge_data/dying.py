"""Recordings whose process dies, as a driver of graphics may take it along."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from leapcasa.runs.judge_data.record import Job


def dies_once(job: Job) -> dict[str, Any]:
    """Dies the first time, and then says that nothing was recorded."""
    if _deaths(job) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    job.truth.parent.mkdir(parents=True, exist_ok=True)
    job.truth.write_text(json.dumps({"watches": [], "error": "second try", "scene": ""}))
    return {"steps": 0, "seconds": 0.0, "error": "second try"}


def dies(job: Job) -> dict[str, Any]:
    """Dies each time."""
    _deaths(job)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _deaths(job: Job) -> int:
    marker = Path(job.folder) / f"tries-{job.number}"
    with marker.open("a") as stream:
        stream.write("x")
    return marker.stat().st_size
