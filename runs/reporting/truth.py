"""One episode over time as it really was: the referee's table, squeezed to its changes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLUMNS = ("step", "success", "subtask", "subtask_progress")


def truth(path: Path) -> dict[str, Any] | None:
    """The truth of an episode; None if the table is missing or broken.

    Args:
        path: `truth.parquet`.

    Returns:
        `last`, the last step seen; `success`, [first, last] of each stretch in which RoboCasa's
        criterion held; `progress`, [step, subtask, share] wherever the subtask in hand or its true
        progress changed. The share is rounded down to 0.01, so that 1 means complete; None where
        the referee cannot tell.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(COLUMNS))
        step, success, subtask, progress = (table[name].to_pylist() for name in COLUMNS)
    except (OSError, pa.ArrowException, KeyError):
        return None
    if not step or not all(isinstance(one, int) for one in step):
        return None
    return {
        "last": step[-1],
        "success": _stretches(step, success),
        "progress": _changes(step, subtask, progress),
    }


def _stretches(step: Sequence[int], holds: Sequence[Any]) -> list[list[int]]:
    found: list[list[int]] = []
    before = False
    for at, now in zip(step, holds, strict=True):
        if now is True:
            if before:
                found[-1][1] = at
            else:
                found.append([at, at])
        before = now is True
    return found


def _changes(
    step: Sequence[int], subtask: Sequence[Any], progress: Sequence[Any]
) -> list[list[Any]]:
    found: list[list[Any]] = []
    for at, which, share in zip(step, subtask, progress, strict=True):
        fits = isinstance(share, float) and math.isfinite(share)
        rounded = math.floor(min(max(share, 0.0), 1.0) * 100) / 100 if fits else None
        if not found or found[-1][1:] != [which, rounded]:
            found.append([at, which, rounded])
    return found
