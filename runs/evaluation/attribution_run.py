"""`leapcasa eval --attribute`: runs the failed episodes again, with parts replaced.

Each coalition of replaced parts is an evaluation of its own in `DIR/attribution/PARTS/`, made by
the same machinery: it survives what an evaluation survives and goes on with `--resume`. All parts
together come first, for they tell which episodes have an upper bound at all; the others are told
apart and blamed on nobody.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...configs import ConfigError, RunConfig
from ...envs.assets import AssetPack
from ..components import check_names
from ..console import Console
from . import executors, identity, jobs, opening
from .attribution import PARTS, Answers, Coalition, coalitions, sample
from .course import pending
from .episode import Episode, Key
from .progress import Board
from .run import run
from .store import Store

FOLDER = "attribution"
CONTROL = "control"
"""The folder of the coalition that replaces nothing."""


@dataclass(frozen=True, kw_only=True)
class How:
    """How episodes are run again; none of it changes a result."""

    place: executors.Place
    time_limit: float
    """Seconds an episode may take."""
    play: jobs.Play
    count: int | None
    """Run only so many of the failed episodes again; None for all."""
    retry_errors: bool


@dataclass(frozen=True, kw_only=True)
class Reruns:
    """What became of the failed episodes with parts replaced."""

    config: RunConfig
    failed: int
    """Scored episodes without success in the evaluation."""
    count: int | None
    """How many of them were asked for; None for all."""
    parts: Coalition
    """Those that were replaced."""
    rows: Mapping[Coalition, Mapping[Key, Episode]]
    table: Mapping[Key, Answers]
    """The episodes that have an upper bound."""
    unbound: Mapping[Key, str]
    """Those that have none, and why."""
    finished: bool
    """False if it was interrupted."""


def check(config: RunConfig) -> None:
    """Refuse upper bounds that do not exist, before anything is run.

    Raises:
        ConfigError: for an unknown component.
    """
    check_names(replaced(config, PARTS))


def replaceable(config: RunConfig) -> Coalition:
    """The parts that are not their upper bound already."""
    bounds = config.attribution
    return tuple(part for part in PARTS if getattr(config, part) != getattr(bounds, part))


def replaced(config: RunConfig, coalition: Coalition) -> RunConfig:
    """The same configuration with some parts at their upper bound.

    With the judge go the settings that belong to a judge: how often it is asked, its threshold, and
    how many refusals are borne.
    """
    bounds, advance = config.attribution, config.advance
    if "judge" in coalition:
        advance = replace(
            advance,
            interval=bounds.interval,
            margin=bounds.margin,
            consecutive=bounds.consecutive,
            max_refusals=None,
        )
    return replace(config, advance=advance, **{part: getattr(bounds, part) for part in coalition})


def folder_of(coalition: Coalition) -> str:
    """Where a coalition's episodes lie, relative to the evaluation."""
    return f"{FOLDER}/{'+'.join(coalition) or CONTROL}"


def rerun(
    evaluation: Store, config: RunConfig, pack: AssetPack, how: How, console: Console
) -> Reruns:
    """Run the failed episodes again with every coalition of parts replaced.

    Args:
        evaluation: open, with its rows.
        config: of the evaluation.
        pack: the assets in use.
        how: workers, limits.
        console: is told how it goes on.

    Raises:
        ConfigError: if upper bounds are others than before, or cannot be run.
        RecordError: if something cannot be written.
        LeapcasaError: if no worker lives long enough.
    """
    rows = evaluation.episodes()
    failed = [row.key for row in rows if row.status == "scored" and not row.success]
    chosen = sample(failed, how.count, config.attribution.seed)
    parts = replaceable(config) if chosen else ()
    order = sorted(coalitions(parts), key=lambda one: one != parts) if parts else []
    made: dict[Coalition, Mapping[Key, Episode]] = {}
    unbound: dict[Key, str] = {}
    finished = True
    for coalition in order:
        keys = [key for key in chosen if key not in unbound]
        if not keys or not finished:
            break
        console.note(_heading(coalition, config, len(keys)))
        place = evaluation.folder / folder_of(coalition)
        variant = replaced(config, coalition)
        made[coalition], finished = _variant(place, variant, keys, pack, how, console)
        if coalition == parts:
            unbound = _without_bound(made[coalition], keys)
    table = {
        key: {one: _answer(made.get(one, {}).get(key)) for one in coalitions(parts)}
        for key in chosen
        if parts and key not in unbound
    }
    return Reruns(
        config=config,
        failed=len(failed),
        count=how.count,
        parts=parts,
        rows=made,
        table=table,
        unbound=unbound,
        finished=finished,
    )


def _without_bound(rows: Mapping[Key, Episode], keys: Sequence[Key]) -> dict[Key, str]:
    """Episodes that even the upper bounds cannot run: nothing can be said about their parts."""
    found = {key: rows[key] for key in keys if key in rows and rows[key].status == "error"}
    return {key: row.error or "unknown" for key, row in found.items()}


def _answer(row: Episode | None) -> bool | None:
    return row.success if row is not None and row.status == "scored" else None


def _heading(coalition: Coalition, config: RunConfig, count: int) -> str:
    if not coalition:
        return f"attribution: {_times(count)} again, with nothing replaced"
    named = [f"{part} by {getattr(config.attribution, part).name}" for part in coalition]
    return f"attribution: {_times(count)} again, replacing {', '.join(named)}"


def _times(count: int) -> str:
    return f"{count} episode{'s' * (count != 1)}"


def _variant(
    folder: Path,
    config: RunConfig,
    keys: Sequence[Key],
    pack: AssetPack,
    how: How,
    console: Console,
) -> tuple[Mapping[Key, Episode], bool]:
    """Run one coalition's episodes; its rows, and whether it came to its end."""
    facts = identity.facts(config, pack)
    store = Store(folder)
    fresh = not store.begun
    try:
        if fresh:
            opening.begin(store, config, facts)
        else:
            opening.check_same(
                store, facts, f"go on with what it was, or remove {folder.parent} to begin anew"
            )
        fingerprint = identity.fingerprint(facts)
        store.sweep(fingerprint)
        store.want(keys)
        rows = store.episodes()
        todo = pending(keys, rows, retry_errors=how.retry_errors)
        finished = True
        if todo:
            finished = _go(store, config, keys, todo, fingerprint, how, console)
        wanted = set(keys)
        return {row.key: row for row in store.episodes() if row.key in wanted}, finished
    except ConfigError:
        if fresh and not store.episodes():
            store.abandon()
        raise
    finally:
        store.close()


def _go(
    store: Store,
    config: RunConfig,
    keys: Sequence[Key],
    todo: Sequence[Key],
    fingerprint: str,
    how: How,
    console: Console,
) -> bool:
    executor = executors.open_executor(
        how.place, len(todo), config.judge, how.play, how.time_limit, console.note
    )
    before = [row for row in store.episodes() if row.key in set(keys)]
    with contextlib.closing(Board(keys, before, len(todo), console)) as board:
        # The failed episodes had it; should it be gone now, it is waited for.
        return run(store, config, todo, fingerprint, executor, board, reached=True)
