"""Recordings of `judge data` whose process dies."""

import json
from pathlib import Path
from typing import Any

from dying import die, tried

from leapcasa.runs.judge_data.record import Job


def dies_once(job: Job) -> dict[str, Any]:
    """Dies the first time, and then says that nothing was recorded."""
    if tried(_marker(job)) == 1:
        die()
    job.truth.parent.mkdir(parents=True, exist_ok=True)
    job.truth.write_text(json.dumps({"watches": [], "error": "second try", "scene": ""}))
    return {"steps": 0, "seconds": 0.0, "error": "second try"}


def dies(job: Job) -> dict[str, Any]:
    """Dies each time."""
    tried(_marker(job))
    die()


def _marker(job: Job) -> Path:
    return Path(job.folder) / f"tries-{job.number}"
