"""What every training's folder has: what was asked, the log, and checkpoints to go on from.

train.json       what was asked (`asked`), and what came of it
history.jsonl    the log, a line at once
checkpoints/     the Trainer's `checkpoint-N`
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..configs import ConfigError

TRAINING, HISTORY, CHECKPOINTS = "train.json", "history.jsonl", "checkpoints"


def claimed(out: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `train.json` says of the same request; empty if there is none.

    Args:
        out: the folder; need not be there.
        asked: all that decides the training, as JSON values.

    Raises:
        ConfigError: if the folder holds something else, or another training.
    """
    path = out / TRAINING
    if not path.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise ConfigError(f"--out {out} is not empty and holds no training; name another")
        return {}
    try:
        known = json.loads(path.read_text("utf-8"))
        there = known["asked"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); name another --out") from error
    if there != asked:
        names = sorted(key for key in asked if there.get(key) != asked[key])
        raise ConfigError(
            f"--out {out} holds a training with other {', '.join(names)}; the same command goes on "
            "with it, another one wants another --out"
        )
    return known


def newest(out: Path) -> Path | None:
    """The last checkpoint that is whole: the Trainer writes its state last."""
    folders = (out / CHECKPOINTS).glob("checkpoint-*")
    whole = [p for p in folders if (p / "trainer_state.json").is_file()]
    numbered = {int(p.name[11:]): p for p in whole if p.name[11:].isdigit()}
    return numbered[max(numbered)] if numbered else None


def read_history(path: Path) -> list[dict[str, Any]]:
    """The log of a run; a last line that was cut off is left out."""
    entries: list[dict[str, Any]] = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries


class History:
    """The log on disk; on going on, what came behind the checkpoint is taken back.

    Args:
        out: the folder.
        resume: the checkpoint the training goes on from.
        told: is given every new line.
    """

    def __init__(
        self, out: Path, resume: Path | None, told: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self._path, self._told = out / HISTORY, told
        last = int(resume.name.rpartition("-")[2]) if resume else 0
        self.entries: list[Mapping[str, Any]] = [
            entry for entry in read_history(self._path) if entry["step"] <= last
        ]
        self._before = max((e.get("seconds", 0.0) for e in self.entries), default=0.0)
        lines = (json.dumps(entry) + "\n" for entry in self.entries)
        self._path.write_text("".join(lines), encoding="utf-8")

    def add(self, entry: Mapping[str, Any]) -> None:
        """Keep and show a line; its `seconds` are those of all processes so far."""
        whole = dict(entry)
        if "seconds" in whole:
            whole["seconds"] = round(whole["seconds"] + self._before, 3)
        self.entries.append(whole)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(whole) + "\n")
        self._told(whole)
