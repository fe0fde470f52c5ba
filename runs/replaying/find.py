"""Which record is meant: an evaluation's folder and an episode, or the folder of one rollout."""

from pathlib import Path

from ...configs import ConfigError, nearest
from ..evaluation import store

SHOWN = 6
"""Names that a message lists."""


def find(folder: Path, episode: str | None) -> Path:
    """The folder of one record.

    Args:
        folder: of an evaluation, or of a rollout.
        episode: of an evaluation: `TASK_SPLIT_sSEED`, or `TASK:SEED`; None if there is only one.

    Raises:
        ConfigError: if there is none, or several are meant.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name that of an evaluation or of a rollout")
    if not (folder / store.FILE).is_file():
        return _rollout(folder, episode)
    records = every(folder)
    if not records:
        raise ConfigError(f"the evaluation in {folder} has recorded no episode yet")
    return records[_named(episode, list(records), folder)]


def every(folder: Path) -> dict[str, Path]:
    """All records in an evaluation's folder by name, those that dead workers left last."""
    whole = {path.name: path for path in sorted((folder / "episodes").glob("*")) if _record(path)}
    broken = {
        path.parent.name: path
        for path in sorted((folder / "broken").glob("*/run"))
        if _record(path) and path.parent.name not in whole
    }
    return whole | broken


def _record(path: Path) -> bool:
    return (path / "run.json").is_file()


def _rollout(folder: Path, episode: str | None) -> Path:
    if not _record(folder):
        raise ConfigError(
            f"{folder} holds neither an evaluation ({store.FILE}) nor a rollout (run.json)"
        )
    if episode is not None:
        raise ConfigError(f"{folder} is a single rollout; name no episode ({episode!r}) with it")
    return folder


def _named(episode: str | None, names: list[str], folder: Path) -> str:
    if episode is None:
        if len(names) == 1:
            return names[0]
        raise ConfigError(f"name one of the episodes of {folder}: {_some(names)}")
    if episode in names:
        return episode
    task, colon, seed = episode.rpartition(":")
    if colon:
        found = [n for n in names if n.startswith(f"{task}_") and n.endswith(f"_s{seed}")]
        found = [n for n in found if n.removesuffix(f"_s{seed}").rpartition("_")[0] == task]
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigError(f"{episode} is ambiguous: name one of {', '.join(found)}")
    hint = nearest(episode, names)
    raise ConfigError(f"{folder} has no episode {episode!r}{hint}; it has {_some(names)}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
