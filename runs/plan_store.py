"""Plans made so far, kept so that an interrupted evaluation goes on where it was.

`plans.jsonl` holds a line per plan under a key that is a hash of the planner's configuration and of
all that the planner was given.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import journal
from .journal import Journal

FILE = "plans.jsonl"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What came of asking a planner once."""

    key: str
    planner: str
    """The label it had then."""
    case: str
    subtasks: tuple[str, ...]
    """Empty if it gave no plan."""
    raw: str
    rejected: tuple[str, ...]
    error: str
    """Why there is no plan; empty if there is one."""
    milliseconds: float


def key(identity: str, given: str) -> str:
    """The name of a plan.

    Args:
        identity: of the planner, `plan_planners.identity`.
        given: of the case, `Case.given`.
    """
    return journal.key(identity, given)


def open_store(folder: Path) -> Journal[Made]:
    """The plans of one folder, see `Journal`."""
    return Journal(folder / FILE, asdict, _read)


def _read(fields: dict[str, Any]) -> Made:
    lists = {name: tuple(fields[name]) for name in ("subtasks", "rejected")}
    return Made(**{**fields, **lists})
