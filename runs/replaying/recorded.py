"""What a record holds that a rerun can be made from and compared with.

Records of killed runs end at a checkpoint, and older ones have no trace: whatever is missing is
said, and the rest is compared.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ...envs.scene import SceneRecord
from ...envs.sensors import ACTION_SIZE, View
from .. import tracer
from ..records import CHECKPOINT_STEPS
from ..told import instruction

Frames = Mapping[int, int | None]
"""Step -> digest of a view's pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """One record; T actions, looks counted by their step."""

    folder: Path
    run: Mapping[str, Any]
    """`run.json`."""
    scene: SceneRecord
    actions: npt.NDArray[np.float32]
    """(T, 12), row t follows the look of step t."""
    felt: npt.NDArray[np.float32]
    """(T or T + 1, 16) proprioception, a row a look."""
    success: Mapping[int, bool]
    """Step -> RoboCasa's criterion; empty if it is not there."""
    states: Mapping[int, int]
    """Step -> digest of the state."""
    joints: Mapping[int, npt.NDArray[np.float32]]
    """Step -> positions of all joints, float32."""
    frames: Mapping[View, Frames]
    missing: Sequence[str]
    """What cannot be compared, and why."""

    @property
    def instruction(self) -> str:
        """The task in the words that the agent was given."""
        return str(instruction(self.run))

    @property
    def whole(self) -> bool:
        """Whether the run came to its end and wrote everything."""
        return self.run.get("state") == "finished"

    @property
    def result(self) -> Mapping[str, Any]:
        """What came of the run; empty if it never ended."""
        found = self.run.get("result")
        return found if isinstance(found, Mapping) else {}


def load(folder: Path) -> Recorded:
    """Read a record.

    Raises:
        ConfigError: if it holds too little to run it again.
    """
    run = _run(folder / "run.json")
    actions, felt = _steps(folder, run)
    missing: list[str] = []
    if run.get("state") != "finished":
        missing.append(
            f"the run never ended (killed?): the record has its first {len(actions)} actions, "
            f"for tables are written every {CHECKPOINT_STEPS} steps"
        )
    trace = _table(folder / tracer.FILE, missing, "states and pictures")
    truth = _table(folder / "truth.parquet", missing, "success")
    steps = trace.get("step", [])
    joints = trace.get("joints", [])
    return Recorded(
        folder=folder,
        run=run,
        scene=_scene(run, folder),
        actions=actions,
        felt=felt,
        success=dict(zip(truth.get("step", []), truth.get("success", []), strict=False)),
        states=dict(zip(steps, trace.get("state", []), strict=False)),
        joints={s: np.asarray(j, np.float32) for s, j in zip(steps, joints, strict=False)},
        frames={
            view: dict(zip(steps, trace[view], strict=True))
            for view in ("right", "left")
            if view in trace
        },
        missing=missing,
    )


def _run(path: Path) -> Mapping[str, Any]:
    try:
        run = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    if not isinstance(run, dict) or not isinstance(run.get("config"), dict):
        raise ConfigError(f"{path} is no record of a rollout")
    return run


def _scene(run: Mapping[str, Any], folder: Path) -> SceneRecord:
    scene = run.get("scene")
    if not isinstance(scene, dict):
        raise ConfigError(f"{folder} has no scene: the run broke before its kitchen was built")
    known = {f.name for f in fields(SceneRecord)}
    try:
        return SceneRecord(**{name: value for name, value in scene.items() if name in known})
    except TypeError as error:
        raise ConfigError(f"the scene in {folder / 'run.json'} is not whole: {error}") from error


def _steps(
    folder: Path, run: Mapping[str, Any]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    path = folder / "steps.parquet"
    if not path.is_file():
        why = "it was removed" if run.get("state") == "finished" else (
            f"the run was killed, or broke, before its first {CHECKPOINT_STEPS} steps were written"
        )  # fmt: skip
        raise ConfigError(f"{folder} holds no actions (steps.parquet is missing): {why}")
    said: list[str] = []
    table = _table(path, said, "actions")
    if said:
        raise ConfigError(f"cannot read {path}: {said[0]}")
    names = ("step", "action", "proprioception")
    if any(name not in table for name in names):
        raise ConfigError(f"{path} lacks one of the columns {', '.join(names)}")
    rows = [r for r in zip(*(table[name] for name in names), strict=True)]
    if [step for step, *_ in rows] != list(range(len(rows))) or not rows:
        raise ConfigError(f"{path} does not hold every step from 0 on")
    kept = [action for _, action, _ in rows if action is not None]
    if any(action is None for _, action, _ in rows[: len(kept)]):
        raise ConfigError(f"{path} lacks an action in the middle of the episode")
    actions = np.asarray(kept, np.float32).reshape(len(kept), -1)
    if len(kept) and (actions.shape[1] != ACTION_SIZE or not np.isfinite(actions).all()):
        raise ConfigError(f"{path} holds an action that is none: {ACTION_SIZE} finite numbers each")
    return actions, np.asarray([felt for *_, felt in rows], np.float32)


def _table(path: Path, missing: list[str], what: str) -> dict[str, list[Any]]:
    """All columns by name; empty, and told, if the file is not there or is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        missing.append(f"{what}: the record has no {path.name}")
        return {}
    try:
        return pq.read_table(path).to_pydict()
    except (OSError, pa.ArrowException) as error:
        missing.append(f"{what}: {path.name} is broken ({str(error).splitlines()[0]})")
        return {}
