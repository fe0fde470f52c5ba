"""What a report is made of: an evaluation's folder, or that of a single rollout, only read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ...configs import ConfigError
from ..evaluation import reading, sequential_run, store
from ..evaluation.episode import Episode, Key
from ..result import Result
from .clean import clean, mapping, read_object, whole, words

ATTRIBUTION = "attribution.json"
ASIDE = "broken"
"""Where an evaluation keeps what a dead worker left."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What lies in the folder."""

    kind: Literal["evaluation", "rollout"]
    folder: Path
    """Absolute."""
    rows: Sequence[Episode]
    wanted: Sequence[Key]
    about: Mapping[str, Any]
    """`preset`, `config`, `identity`, `assets`, `versions`, `machine`, `begun`; what is unknown is
    missing."""
    attribution: Mapping[str, Any] = field(default_factory=dict)
    """Of `leapcasa eval --attribute`; empty if it was not run."""
    rule: sequential_run.Sequential | None = None
    """What `leapcasa eval --stop-when` stopped by, and decided."""

    def record(self, row: Episode) -> Path | None:
        """The folder of an episode's record; None if there is none inside this folder."""
        if self.kind == "rollout":
            return self.folder
        named = row.folder or f"{ASIDE}/{row.key.name}/run"
        place = (self.folder / named).resolve()
        inside = place.is_relative_to(self.folder.resolve())
        return self.folder / named if inside and place.is_dir() else None


def open_source(folder: Path) -> Source:
    """Read a folder, also beside a running evaluation, or after it was killed.

    Raises:
        ConfigError: if it holds neither an evaluation nor a rollout.
    """
    folder = folder.expanduser().absolute()
    if (folder / store.FILE).is_file():
        return _evaluation(folder)
    if (folder / "run.json").is_file():
        return _rollout(folder)
    what = "is not there" if not folder.exists() else "holds neither"
    raise ConfigError(
        f"{folder} {what}: name the folder of an evaluation ({store.FILE}) or of a rollout "
        "(run.json)"
    )


def _evaluation(folder: Path) -> Source:
    meta, rows = store.read_only(folder)
    meta = clean(meta)
    identity = mapping(meta.get("identity"))
    return Source(
        kind="evaluation",
        folder=folder,
        rows=[_fit(row) for row in rows],
        wanted=store.read_wanted(folder),
        about={**meta, "identity": identity, "assets": words(identity.get("assets"))},
        attribution=read_object(folder / ATTRIBUTION),
        rule=sequential_run.read(folder),
    )


def _rollout(folder: Path) -> Source:
    run = read_object(folder / "run.json")
    config = mapping(run.get("config"))
    if not config:
        raise ConfigError(f"{folder / 'run.json'} is no record of a rollout")
    row = _row(folder, run, config)
    assets = mapping(run.get("assets"))
    about = {
        "preset": words(config.get("preset")),
        "config": config,
        "identity": {},
        "assets": "-".join(words(assets.get(name)) for name in ("kind", "version")).strip("-"),
        "versions": mapping(run.get("versions")),
        "machine": mapping(run.get("machine")),
        "begun": words(run.get("written")),
    }
    return Source(kind="rollout", folder=folder, rows=[row], wanted=[row.key], about=about)


def _row(folder: Path, run: Mapping[str, Any], config: Mapping[str, Any]) -> Episode:
    """The row of a single rollout; without a result it is no measurement."""
    result = mapping(run.get("result"))
    known = {f.name for f in fields(Result)}
    try:
        made = Result(**{name: value for name, value in result.items() if name in known})
        row = reading.read(folder, made, attempt=1, max_steps=whole(run.get("max_steps")))
    except (TypeError, ValueError, AttributeError, KeyError):
        return Episode(
            task=words(config.get("task")),
            split=words(config.get("split")),
            seed=whole(config.get("seed")),
            status="error",
            end_reason="unfinished",
            error="there is no result: the rollout is running, or was killed",
            max_steps=whole(run.get("max_steps")),
            privileged=tuple(map(str, run.get("privileged") or ())),
        )
    if row.end_reason == "interrupted":
        changed = {"status": "error", "error": row.error or "interrupted before its end"}
        row = Episode(**{**_plain(row), **changed})
    return _fit(row)


def _fit(row: Episode) -> Episode:
    """The row with texts that a page can carry."""
    plain = _plain(row)
    texts = {name: clean(value) for name, value in plain.items() if isinstance(value, str)}
    return Episode(**{**plain, **texts, "privileged": tuple(clean(row.privileged))})


def _plain(row: Episode) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(Episode)}
