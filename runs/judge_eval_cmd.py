"""`leapcasa judge eval MANIFEST`: a judge over labelled clips, and what its verdicts are worth."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..configs import ConfigError, JudgeError
from ..judges import nll
from . import judge_baselines, judge_measure, judge_results, judge_setup, judge_store, manifest
from .console import Console, Progress
from .journal import Journal
from .judge_measure import Measurement, Outcome
from .judge_report import as_text
from .judge_results import MethodResult
from .judge_setup import Choice
from .judge_store import Measured
from .manifest import Manifest
from .records import RecordError, replace_file, write_json

SHOWN_ERRORS = 10


@dataclass(frozen=True, kw_only=True)
class EvalRequest:
    """What the user asked for."""

    manifest: Path
    choice: Choice
    out: Path | None = None
    """Folder of the results; None for one below `outputs/` that the same request finds again."""
    methods: str | None = None
    """Short or full names, comma-separated; None for every method of the card."""
    false_advance_rate: float = 0.02
    batch: int = 4
    """Rows given to the judge at once."""
    limit: int | None = None
    train: Path | None = None
    """A manifest of training clips: the judge is compared with what needs no look."""


def eval_command(request: EvalRequest, console: Console) -> int:
    """Evaluate a judge.

    Returns:
        0, or 1 if a clip could not be read or judged (the others are evaluated).

    Raises:
        ConfigError: for bad input.
        JudgeError: if the judge fails on clip after clip, or nothing could be measured.
        RecordError: if results cannot be written.
    """
    _check(request)
    spec = request.choice.spec()
    rows = manifest.load(request.manifest, request.limit)
    train = manifest.load(request.train).rows if request.train else ()
    methods = chosen_methods(request.methods, rows)
    if rows.ignored:
        console.note(f"columns without a meaning here: {', '.join(rows.ignored)}")
    folder = (request.out or _default_folder(request)).expanduser().absolute()
    with contextlib.closing(judge_store.open_store(folder)) as store:
        outcome = _measure(request, rows, store, folder, console)
    results = judge_results.evaluate(
        rows.rows, outcome.measured, methods, request.false_advance_rate
    )
    if not results:
        _tell_errors(rows, outcome, console)
        raise JudgeError(f"no clip could be measured; {len(outcome.errors)} errors, see above")
    value = {
        "manifest": str(rows.path.absolute()),
        "model": judge_setup.described(spec),
        "clips": len(rows.rows),
        "measured": len(outcome.measured),
        "reused": outcome.reused,
        "errors": {i: why for i, why in sorted(outcome.errors.items())},
        "false_advance_rate": request.false_advance_rate,
        "mix": judge_results.mix(rows.rows),
        "missing": judge_results.missing(rows.rows),
        "baselines": judge_baselines.measured(
            [row for row in rows.rows if row.id in outcome.measured], train
        )
        if train
        else {},
        "primary": judge_results.primary(results).method.name,
        "methods": [judge_results.as_json(result) for result in results],
    }
    files = write(folder, rows, outcome, results, value)
    _tell_errors(rows, outcome, console)
    text = as_text(value, results, folder)
    console.result({**value, "out": folder, "files": files}, text)
    return 1 if outcome.errors else 0


def chosen_methods(asked: str | None, rows: Manifest) -> list[nll.Method]:
    """Methods to apply, in the order of the model card's table.

    Raises:
        ConfigError: for an unknown method, or one whose views no row has.
    """
    if asked is None:
        return [nll.METHODS[name] for name in judge_results.TITLES]
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if not names:
        raise ConfigError(f"--methods names none; there are {', '.join(nll.SHORT_METHODS)}")
    methods = list({how.name: how for how in map(nll.method, names)}.values())
    for how in methods:
        if not any(set(how.views) <= set(row.clips) for row in rows.rows):
            raise ConfigError(
                f"--methods {how.name}: no row of {rows.path} has the views {', '.join(how.views)}"
            )
    return methods


def write(
    folder: Path,
    rows: Manifest,
    outcome: Outcome,
    results: Sequence[MethodResult],
    value: dict[str, Any],
) -> dict[str, str]:
    """Write every file of the results, each in one move; returns their paths by what they are.

    Raises:
        RecordError: if one cannot be written.
    """
    import pyarrow.parquet

    from .judge_plots import draw

    table = judge_results.scores_table(rows.rows, outcome.measured)
    contents = {
        "per_method.csv": judge_results.per_method_csv(results),
        "per_phase.csv": judge_results.per_phase_csv(results),
        "sweep.csv": judge_results.sweep_csv(results),
        "plot.png": draw(results, "png"),
        "plot.svg": draw(results, "svg"),
    }
    replace_file(
        folder / "scores.parquet",
        lambda stream: pyarrow.parquet.write_table(table, stream, compression="zstd"),
    )
    for name, content in contents.items():
        replace_file(folder / name, lambda stream, content=content: stream.write(content))
    write_json(folder / "results.json", value)
    return {name: str(folder / name) for name in ("results.json", "scores.parquet", *contents)}


def _check(request: EvalRequest) -> None:
    rate = request.false_advance_rate
    if not 0 <= rate <= 1:
        raise ConfigError(f"--false-advance-rate {rate} is impossible; give a share from 0 to 1")
    if request.batch < 1:
        raise ConfigError(f"--batch {request.batch} is impossible; give 1 or more")


def _default_folder(request: EvalRequest) -> Path:
    """The same manifest and judge find the same folder again."""
    spec = request.choice.spec()
    facts = [str(request.manifest.expanduser().absolute()), judge_setup.described(spec)]
    name = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return Path("outputs") / f"judge-eval_{request.manifest.stem}_{name}"


def _measure(
    request: EvalRequest, rows: Manifest, store: Journal[Measured], folder: Path, console: Console
) -> Outcome:
    with console.quiet_stdout():
        scorer = judge_setup.make(request.choice)
        identity = judge_setup.identity(request.choice.spec())
        job = Measurement(scorer, identity, store, request.batch)
        progress = Progress(len(rows.rows), "clips")
        try:
            return job.run(rows.rows, lambda done, outcome: progress.update(done, _state(outcome)))
        except (KeyboardInterrupt, JudgeError, RecordError):
            progress.close()
            console.note(
                f"{len(job.outcome.measured)} of {len(rows.rows)} clips are measured and kept in "
                f"{folder}; the same command goes on from there"
            )
            raise
        finally:
            progress.close()


def _state(outcome: judge_measure.Outcome) -> str:
    parts = [f"{outcome.reused} measured earlier"] if outcome.reused else []
    parts += [f"{len(outcome.errors)} failed"] if outcome.errors else []
    return ", ".join(parts)


def _tell_errors(rows: Manifest, outcome: Outcome, console: Console) -> None:
    failed = [row for row in rows.rows if row.id in outcome.errors]
    for row in failed[:SHOWN_ERRORS]:
        console.note(f"{row.where}: {outcome.errors[row.id]}")
    if len(failed) > SHOWN_ERRORS:
        console.note(f"and {len(failed) - SHOWN_ERRORS} more, see results.json")
