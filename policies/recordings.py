"""Recorded actions: of a run of leapcasa, or of a demonstration in LeRobot's format.

Both are read with pyarrow and json alone; nothing is unpickled.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..configs import ConfigError, nearest
from ..envs.sensors import ACTION_SIZE, CONTROL_HZ
from .base import Actions
from .mapping import ACTION_PARTS, OFFSETS


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """The actions of one episode."""

    source: str
    """Where they come from, for messages and the record."""
    actions: Actions
    """(steps, 12) float32 in the official order; row t follows the look of step t."""
    proprioception: npt.NDArray[np.float32] | None = None
    """(steps, 16) float32, what the robot felt at each of these looks; None if not recorded."""


def read(path: Path, episode: int, order: Sequence[str] | None = None) -> Recording:
    """Read one episode.

    Args:
        path: the folder of a run, or of a LeRobot data set.
        episode: of a data set, from 0; a run has one.
        order: parts of the action in a data set's order; None to take it from the data set.

    Raises:
        ConfigError: if it is neither, or holds no such episode.
    """
    path = path.expanduser()
    if (path / "steps.parquet").is_file():
        return _run(path, episode)
    if (path / "meta" / "info.json").is_file():
        return _demonstration(path, episode, order)
    raise ConfigError(
        f"{path} is no recording: a run of leapcasa has steps.parquet, a LeRobot data set has "
        "meta/info.json"
    )


def _run(path: Path, episode: int) -> Recording:
    if episode != 0:
        raise ConfigError(f"{path} is one run; policy.options.episode must be 0, got {episode}")
    table = _table(path / "steps.parquet", ["step", "action", "proprioception"])
    rows = [row for row in table.to_pylist() if row["action"] is not None]
    if [row["step"] for row in rows] != list(range(len(rows))):
        raise ConfigError(f"{path / 'steps.parquet'} does not hold every step from 0 on")
    return Recording(
        source=str(path),
        actions=_checked([row["action"] for row in rows], str(path)),
        proprioception=np.asarray([row["proprioception"] for row in rows], np.float32),
    )


def _demonstration(path: Path, episode: int, order: Sequence[str] | None) -> Recording:
    info = _json(path / "meta" / "info.json")
    if info.get("fps", CONTROL_HZ) != CONTROL_HZ:
        raise ConfigError(f"{path} has {info['fps']} frames a second; actions here have 20")
    parts = tuple(order) if order is not None else None
    columns = _given_order(parts) if parts else _told_order(path, info)
    rows = _episode_rows(path, episode)
    given = _checked(rows, f"{path}, episode {episode}")
    return Recording(source=f"{path}, episode {episode}", actions=given[:, columns])


def _episode_rows(path: Path, episode: int) -> list[Any]:
    """The action of each frame of one episode, in order; one file an episode or many in one."""
    own = sorted((path / "data").glob(f"**/episode_{episode:06d}.parquet"))
    files = own or sorted((path / "data").glob("**/*.parquet"))
    wanted: list[tuple[int, Any]] = []
    seen: set[int] = set()
    for file in files:
        for row in _table(file, ["action", "episode_index", "frame_index"]).to_pylist():
            seen.add(row["episode_index"])
            if row["episode_index"] == episode:
                wanted.append((row["frame_index"], row["action"]))
    if not wanted:
        there = f"0 .. {max(seen)}" if seen else "none"
        raise ConfigError(f"{path} has no episode {episode}; it has {there}")
    return [action for _, action in sorted(wanted, key=lambda pair: pair[0])]


def _told_order(path: Path, info: dict[str, Any]) -> list[int]:
    """Which column of the data set is each official number."""
    modality = path / "meta" / "modality.json"
    if modality.is_file():
        return _modality_order(modality)
    names = info.get("features", {}).get("action", {}).get("names")
    if isinstance(names, dict):
        names = next(iter(names.values()), None)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return _names_order(names, str(path / "meta" / "info.json"))
    raise ConfigError(
        f"{path} does not tell the order of its actions (no meta/modality.json, no names in "
        "meta/info.json); give policy.options.order, for instance "
        f"[{', '.join(ACTION_PARTS)}]"
    )


def _modality_order(file: Path) -> list[int]:
    """RoboCasa's own data sets say where each part begins and ends."""
    told = _json(file).get("action", {})
    columns: list[int] = []
    for part, size in ACTION_PARTS.items():
        place = told.get(part, {})
        start, end = place.get("start"), place.get("end")
        if type(start) is not int or type(end) is not int or end - start != size:
            raise ConfigError(f"{file}: action.{part} must span {size} columns, got {place!r:.80}")
        columns += range(start, end)
    return _each_once(columns, str(file))


def _names_order(names: Sequence[str], where: str) -> list[int]:
    """Columns by name: `base_motion_0`, `action.base_motion.0` and their like."""
    columns: list[int] = []
    for part, size in ACTION_PARTS.items():
        found = [index for index, name in enumerate(names) if part in name]
        if len(found) != size:
            raise ConfigError(
                f"{where}: {len(found)} of the action's names hold {part!r}, {size} should; "
                "give policy.options.order"
            )
        columns += found
    return _each_once(columns, where)


def _given_order(parts: Sequence[str]) -> list[int]:
    for part in parts:
        if part not in ACTION_PARTS:
            raise ConfigError(
                f"policy.options.order: unknown part {part!r}{nearest(str(part), ACTION_PARTS)}"
            )
    if sorted(parts) != sorted(ACTION_PARTS):
        raise ConfigError(f"policy.options.order must name each of {', '.join(ACTION_PARTS)} once")
    columns = [0] * ACTION_SIZE
    start = 0
    for part in parts:
        for index in range(ACTION_PARTS[part]):
            columns[OFFSETS[part] + index] = start + index
        start += ACTION_PARTS[part]
    return columns


def _each_once(columns: list[int], where: str) -> list[int]:
    if sorted(columns) != list(range(ACTION_SIZE)):
        raise ConfigError(f"{where}: the parts of the action do not fill {ACTION_SIZE} columns")
    return columns


def _checked(rows: list[Any], where: str) -> Actions:
    try:
        actions = np.asarray(rows, np.float32)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: its actions are no numbers: {error}") from error
    if actions.ndim != 2 or actions.shape[1] != ACTION_SIZE:
        raise ConfigError(f"{where}: its actions have shape {actions.shape}, (steps, 12) is wanted")
    bad = np.argwhere(~np.isfinite(actions))
    if bad.size:
        raise ConfigError(f"{where}: action {bad[0][0]} holds {actions[tuple(bad[0])]}")
    return actions


def _table(file: Path, columns: list[str]) -> Any:
    import pyarrow
    import pyarrow.parquet

    try:
        names = pyarrow.parquet.read_schema(file).names
        if missing := [name for name in columns if name not in names]:
            raise ConfigError(f"{file} has no column {', '.join(missing)}; it has {names}")
        return pyarrow.parquet.read_table(file, columns=columns)
    except (OSError, pyarrow.ArrowException) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error


def _json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{file} must hold an object")
    return data
