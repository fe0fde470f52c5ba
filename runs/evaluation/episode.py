"""What an evaluation keeps of one episode: a row of plain values, read from the finished record.

The row is made once, by the worker that ran the episode, and written beside the record as
`episode.json`, last of all files: a folder that holds it is whole.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ..records import write_json

FILE = "episode.json"
Status = Literal["scored", "error", "infrastructure_error"]
"""`scored`: success or not, it counts. `error`: a part of the agent broke. `infrastructure_error`:
what the episode ran on broke (worker, server, simulation, time limit). Neither error is a failure
of the task.
"""


@dataclass(frozen=True, kw_only=True, order=True)
class Key:
    """Which episode: everything the scene follows from."""

    task: str
    split: str
    seed: int

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.task}_{self.split}_s{self.seed}"


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Verdicts of the judge beside the referee's truth at the same step."""

    true_complete: int = 0
    """Declared complete and so it was."""
    false_complete: int = 0
    true_not_complete: int = 0
    false_not_complete: int = 0
    """Declared not complete, though it was."""
    unknown: int = 0
    """The referee cannot check these words."""

    def __add__(self, other: "Confusion") -> "Confusion":
        pairs = zip(asdict(self).items(), asdict(other).values(), strict=True)
        return Confusion(**{name: a + b for (name, a), b in pairs})


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One row of an evaluation."""

    task: str
    split: str
    seed: int
    status: Status
    attempt: int = 1
    """Which run of this episode it was, from 1."""
    end_reason: str = ""
    error: str | None = None
    error_kind: str | None = None
    """What broke, see `runs.result.ErrorKind`; None in rows from before there were kinds, and for
    workers that died."""
    success: bool = False
    """RoboCasa's own criterion held at some step."""
    success_at_end: bool = False
    first_success_step: int | None = None
    declared_success: bool = False
    """The agent declared every subtask done."""
    steps: int = 0
    max_steps: int = 0
    """Control steps after which the episode ends whatever happens."""
    subtasks: int = 0
    subtasks_done: int = 0
    """Declared done."""
    timeouts: int = 0
    """Attempts at a subtask that ran out of time, or of the judge's refusals."""
    replans: int = 0
    policy_calls: int = 0
    judge: Confusion = field(default_factory=Confusion)
    clipped_actions: int = 0
    seconds: float = 0.0
    """Wall time of the episode, without building the kitchen."""
    setup_seconds: float = 0.0
    privileged: tuple[str, ...] = ()
    assets: str = ""
    """Kind and version."""
    folder: str | None = None
    """The record, relative to the evaluation; None if there is no whole one."""

    @property
    def key(self) -> Key:
        """Which episode it is."""
        return Key(task=self.task, split=self.split, seed=self.seed)

    @property
    def progress(self) -> float:
        """Share of the subtasks that were declared done."""
        return self.subtasks_done / self.subtasks if self.subtasks else 0.0


def to_json(episode: Episode) -> str:
    """The row as one line."""
    return json.dumps(asdict(episode), ensure_ascii=False)


def from_dict(data: Mapping[str, Any]) -> Episode:
    """The row back; fields of later versions are passed over.

    Raises:
        TypeError: if it is no row.
    """
    known = {f.name for f in fields(Episode)}
    given = {name: value for name, value in data.items() if name in known}
    given["judge"] = Confusion(**given.get("judge", {}))
    given["privileged"] = tuple(given.get("privileged", ()))
    return Episode(**given)


def seal(folder: Path, episode: Episode, fingerprint: str) -> None:
    """Write the row beside the record; from now on the folder is whole.

    Raises:
        RecordError: if it cannot be written.
    """
    write_json(folder / FILE, {"fingerprint": fingerprint, "episode": asdict(episode)})


def sealed(folder: Path) -> tuple[Episode, str] | None:
    """The row of a folder and the fingerprint it was made under; None if the folder is not whole.

    Args:
        folder: may be missing, or hold anything.
    """
    try:
        data = json.loads((folder / FILE).read_text())
        return from_dict(data["episode"]), str(data["fingerprint"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
