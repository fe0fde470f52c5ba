"""All there is about each episode: its row, its scene, its course as believed and as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...envs.sensors import CONTROL_HZ
from ..console import Progress
from ..evaluation.episode import Episode
from ..evaluation.reading import read_events
from ..told import instruction
from .belief import belief
from .clean import mapping, read_object, words
from .source import Source
from .truth import truth

VIDEO = "video.mp4"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One episode."""

    row: Episode
    record: Path | None
    """The folder of its record."""
    instruction: str
    scene: Mapping[str, Any]
    """Layout and style of the kitchen; empty if unknown."""
    parts: Mapping[str, Any]
    """Planner, policy and judge as they said of themselves."""
    plan: list[dict[str, str]]
    """Text and status of each subtask at the end."""
    course: Mapping[str, Any] | None
    """What `belief.belief` makes of it; None without a record."""
    truth: Mapping[str, Any] | None
    """What `truth.truth` makes of it."""
    video: Path | None
    """A file that is there."""

    def as_json(self) -> dict[str, Any]:
        """The episode in `report.json`."""
        return {
            **asdict(self.row),
            "instruction": self.instruction,
            "scene": self.scene,
            "plan": self.plan,
            "hz": CONTROL_HZ,
            "believed": self.course,
            "truth": self.truth,
        }


def _events(record: Path) -> Sequence[Mapping[str, Any]]:
    try:
        return read_events(record / "events.jsonl")
    except RecursionError:  # a line of a million brackets
        return []


def tell(source: Source) -> list[Told]:
    """Read every episode of a source, in the order of its rows."""
    progress = Progress(len(source.rows), unit="episodes")
    told: list[Told] = []
    try:
        for row in source.rows:
            told.append(_told(row, source.record(row)))
            progress.update(len(told), f"reading {row.task}")
    finally:
        progress.close()
    return told


def _told(row: Episode, record: Path | None) -> Told:
    run = read_object(record / "run.json") if record else {}
    scene = mapping(run.get("scene"))
    plan = mapping(run.get("result")).get("subtasks")
    has_events = record is not None and (record / "events.jsonl").is_file()
    video = record / VIDEO if record else None
    return Told(
        row=row,
        record=record,
        instruction=words(instruction(run)),
        scene={name: scene[name] for name in ("layout", "style") if name in scene},
        parts=mapping(run.get("parts")),
        plan=[
            {"text": words(one.get("text")), "status": words(one.get("status"))}
            for one in (plan if isinstance(plan, list) else [])
            if isinstance(one, dict)
        ],
        course=belief(_events(record)) if record and has_events else None,
        truth=truth(record / "truth.parquet") if record else None,
        video=video if video and video.is_file() and video.stat().st_size else None,
    )
