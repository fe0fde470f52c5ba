"""Which records go into the data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...configs import ConfigError
from ..evaluation import store
from ..replaying.find import every, find
from ..replaying.recorded import Recorded, load
from ..result import BROKEN


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An episode that is not in the data set."""

    name: str
    why: str
    broke: bool
    """It should be there: 1 is the exit code."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """An episode that is to be made again."""

    name: str
    recorded: Recorded


def choose(
    folder: Path, episodes: Sequence[str], *, successful: bool
) -> tuple[list[Chosen], list[LeftOut]]:
    """The episodes to export, in order of task, split and seed, and those that are not.

    Args:
        folder: an evaluation, a rollout, or a folder of rollouts.
        episodes: names; empty for all.
        successful: only those where RoboCasa's criterion was met.

    Raises:
        ConfigError: if there is nothing to choose from, or a name is none.
    """
    chosen: list[Chosen] = []
    left: list[LeftOut] = []
    for name, path in _records(folder.expanduser().absolute(), episodes).items():
        try:
            recorded = load(path)
        except ConfigError as error:
            left.append(LeftOut(name=name, why=str(error), broke=True))
            continue
        if why := _unfit(recorded, successful=successful):
            left.append(LeftOut(name=name, why=why, broke=False))
        else:
            chosen.append(Chosen(name=name, recorded=recorded))
    chosen.sort(key=lambda c: (c.recorded.scene.task, c.recorded.scene.split,
                               c.recorded.scene.seed, c.name))  # fmt: skip
    return chosen, left


def _records(folder: Path, episodes: Sequence[str]) -> dict[str, Path]:
    if (folder / store.FILE).is_file():
        if episodes:
            found = [find(folder, name) for name in episodes]
            names = {path: name for name, path in every(folder).items()}
            return {names[path]: path for path in found}
        return {n: p for n, p in every(folder).items() if p.parent.name == "episodes"}
    if (folder / "run.json").is_file():
        return {folder.name: find(folder, episodes[0] if episodes else None)}
    inside = {p.parent.name: p.parent for p in sorted(folder.glob("*/run.json"))}
    if not inside:
        raise ConfigError(
            f"{folder} is no evaluation ({store.FILE}), no rollout (run.json) and holds no rollouts"
        )
    if unknown := [name for name in episodes if name not in inside]:
        raise ConfigError(f"{folder} has no rollout {unknown[0]!r}")
    return {name: inside[name] for name in episodes} if episodes else inside


def _unfit(recorded: Recorded, *, successful: bool) -> str:
    if not recorded.whole:
        return "the run never ended"
    if recorded.result.get("end_reason") in BROKEN:
        return f"it ended as {recorded.result.get('end_reason')}"
    if not len(recorded.actions):
        return "it has no action"
    if successful and not recorded.result.get("success"):
        return "no success"
    return ""
