"""`leapcasa plan data check|robocasa|skills|agibot|lerobot`: samples looked through, and made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ..console import Console, Progress
from ..tables import TextTable, shown
from . import agibot, check, lerobot, robocasa
from . import skills as asked
from .agibot import AgibotRequest
from .check import Checked
from .lerobot import LerobotRequest
from .robocasa import DataRequest
from .skills import SkillRequest

SHOWN = 10
"""Problems told one by one; `--json` has all."""


def check_command(file: Path, out: Path | None, workers: int, console: Console) -> int:
    """Look through a file of samples.

    Returns:
        0 if every row can be trained on or a mended file was written, 1 otherwise.

    Raises:
        ConfigError: for a file that cannot be read.
        RecordError: if the mended file cannot be written.
    """
    if workers < 1:
        raise ConfigError(f"--workers {workers} is impossible; give 1 or more")
    file = file.expanduser()
    if out is not None and out.expanduser().absolute() == file.absolute():
        raise ConfigError("--out is the file itself; name another one")
    progress = Progress(None, "rows")
    try:
        found = check.check(
            file, workers=workers, report=lambda done: progress.update(done, file.name)
        )
    finally:
        progress.close()
    if out is not None:
        check.repaired(found, out.expanduser())
    value = {
        "file": str(file),
        "rows": found.rows,
        "kept": len(found.kept),
        "dropped": found.counts(),
        "notes": found.noted(),
        "problems": [vars(problem) for problem in found.dropped],
        "out": out and str(out),
    }
    console.result(value, _checked_text(found, file, out))
    return 1 if found.dropped and out is None else 0


def _checked_text(found: Checked, file: Path, out: Path | None) -> str:
    counts = {**found.counts(), **found.noted()}
    kinds = {**check.REASONS, **check.NOTES}
    rows = [(kind, str(counts[kind]), why) for kind, why in kinds.items() if kind in counts]
    lines = [f"{file}: {found.rows} rows, {len(found.kept)} kept, {len(found.dropped)} dropped"]
    if rows:
        lines.append(shown(TextTable(head=("what", "rows", "meaning"), rows=rows)))
    lines += [f"  line {p.line}: {p.kind}: {p.detail}" for p in found.dropped[:SHOWN]]
    if len(found.dropped) > SHOWN:
        lines.append(f"  and {len(found.dropped) - SHOWN} more")
    if out is not None:
        lines.append(f"wrote {out}")
    elif found.dropped:
        lines.append("--out FILE writes the rows that are kept, mended")
    return "\n".join(lines)


def robocasa_command(request: DataRequest, console: Console) -> int:
    """Make a data set of RoboCasa's composite tasks.

    Returns:
        0, or 1 if some episode could not be built (the others are in the files).

    Raises:
        LeapcasaError: if nothing could be made.
    """
    progress = Progress(None, "episodes")
    try:
        with console.quiet_stdout():
            made = robocasa.make(
                request, lambda done, total, text: progress.update(done, f"of {total}, {text}")
            )
    finally:
        progress.close()
    rows = [(name, str(count)) for name, count in made.files.items()]
    lines = [shown(TextTable(head=("file", "samples"), rows=rows)), f"wrote {request.out}"]
    lines += [f"FAILED {what}: {why}" for what, why in made.errors.items()]
    value = {"out": str(request.out), "files": made.files, "errors": made.errors}
    console.result(value, "\n".join(lines))
    return 1 if made.errors else 0


def skills_command(request: SkillRequest, console: Console) -> int:
    """Make a data set of what the policy that ships is asked for.

    Returns:
        0.

    Raises:
        ConfigError: for bad input.
        RecordError: if it cannot be written.
    """
    with console.quiet_stdout():
        files = asked.make(request)
    table = TextTable(head=("file", "samples"), rows=[(k, str(v)) for k, v in files.items()])
    value = {"out": str(request.out), "files": files}
    console.result(value, f"{shown(table)}\nwrote {request.out}")
    return 0


def agibot_command(request: AgibotRequest, console: Console) -> int:
    """Read archives of recordings.

    Returns:
        0, or 1 if an archive, or an episode of one, could not be read.

    Raises:
        LeapcasaError: if nothing could be made.
    """
    return _recordings(agibot.make, request, console)


def lerobot_command(request: LerobotRequest, console: Console) -> int:
    """Read the subtask annotations of LeRobot data sets.

    Returns:
        0, or 1 if an episode could not be read.

    Raises:
        LeapcasaError: if nothing could be made.
    """
    return _recordings(lerobot.make, request, console)


def _recordings(make: Any, request: Any, console: Console) -> int:
    progress = Progress(None, "episodes")
    try:
        with console.quiet_stdout():
            made = make(request, progress.update)
    finally:
        progress.close()
    value = {
        "out": str(request.out),
        "file": str(made.file),
        "samples": made.samples,
        "skipped": made.skipped,
        "errors": made.errors,
    }
    console.result(value, "\n".join(_made_text(made)))
    return 1 if made.errors else 0


def _made_text(made: Any) -> Sequence[str]:
    lines = [f"{made.samples} samples in {made.file}"]
    lines += [f"{count} episodes left out: {why}" for why, count in made.skipped.items()]
    lines += [f"FAILED {what}: {why}" for what, why in list(made.errors.items())[:SHOWN]]
    more = len(made.errors) - SHOWN
    return [*lines, *([f"and {more} more"] if more > 0 else [])]
