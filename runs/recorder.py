"""Writes an episode down while it runs: `events.jsonl`, `steps.parquet`, `truth.parquet`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..agent import events as log
from ..envs.sensors import ACTION_SIZE
from .episode import Look
from .records import EventLog, Table

PROPRIOCEPTION = "gripper_qpos 2, base_position 3, base_rotation xyzw 4, " + (
    "end_effector_position 3, end_effector_rotation xyzw 4"
)
STEPS_NOTE = {
    "action": "end_effector_position 3, end_effector_rotation 3, gripper_close 1, base_motion 4, "
    "control_mode 1; the action that followed this look, null on the last one",
    "proprioception": PROPRIOCEPTION,
    "subtask": "index of the subtask in hand after this look; null once the agent is done",
    "judge_margin": "score(not complete) - score(complete); null where no verdict was asked for",
}
TRUTH_NOTE = {
    "success": "RoboCasa's own criterion at this step; never shown to an agent",
    "subtask": "the subtask in hand when the step was seen, before the agent decided",
    "subtask_progress": "0..1, 1 when it is really complete; null if the referee cannot tell",
}


class Recorder:
    """An observer that keeps the tables of one episode.

    Args:
        folder: of the run; holds none of the three files yet.
    """

    def __init__(self, folder: Path) -> None:
        self._events = EventLog(folder / "events.jsonl")
        self._steps = Table(folder / "steps.parquet", _step_columns(), STEPS_NOTE)
        self._truth = Table(folder / "truth.parquet", _truth_columns(), TRUTH_NOTE)

    def saw(self, look: Look) -> None:
        """Write one look down."""
        for event in look.events:
            fields = event.to_dict()
            self._events.write(fields.pop("event"), fields.pop("step"), fields)
        self._steps.append(_step_row(look))
        self._truth.append(
            {
                "step": look.sensors.step,
                "success": look.truth.success,
                "subtask": look.truth.subtask,
                "subtask_progress": look.truth.progress,
            }
        )

    def note(self, kind: str, step: int, fields: Mapping[str, Any]) -> None:
        """Write one event of the run itself down."""
        self._events.write(kind, step, fields)

    def close(self) -> None:
        """Bring everything to the disk; may be called twice.

        Raises:
            RecordError: if a table cannot be written; the others are written nevertheless.
        """
        self._events.close()
        try:
            self._steps.save()
        finally:
            self._truth.save()


def _step_row(look: Look) -> dict[str, Any]:
    verdict = next((e for e in look.events if isinstance(e, log.JudgeCalled)), None)
    view = look.view
    return {
        "step": look.sensors.step,
        "action": look.action,
        "proprioception": look.sensors.proprioception.vector(),
        "subtask": view.current,
        "attempt": view.attempt,
        "policy_called": any(isinstance(e, log.PolicyCalled) for e in look.events),
        "judge_label": verdict.label if verdict else None,
        "judge_margin": verdict.margin if verdict else None,
        "judge_accepted": verdict.accepted if verdict else None,
    }


def _step_columns() -> dict[str, Any]:
    import pyarrow as pa

    return {
        "step": pa.int32(),
        "action": pa.list_(pa.float32(), ACTION_SIZE),
        "proprioception": pa.list_(pa.float32(), 16),
        "subtask": pa.int16(),
        "attempt": pa.int16(),
        "policy_called": pa.bool_(),
        "judge_label": pa.string(),
        "judge_margin": pa.float32(),
        "judge_accepted": pa.bool_(),
    }


def _truth_columns() -> dict[str, Any]:
    import pyarrow as pa

    return {
        "step": pa.int32(),
        "success": pa.bool_(),
        "subtask": pa.int16(),
        "subtask_progress": pa.float32(),
    }
