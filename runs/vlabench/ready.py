"""Answers that another tool made: the public evaluation's `output.json`, or lines of ours."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from .results import Reply, reply

BOOKKEEPING = "benchmeatinfo"
"""A key of `output.json` that is no task."""


def read(path: Path) -> dict[str, Reply]:
    """The replies in a file or folder, by sample id (`TASK/exampleN`).

    Args:
        path: `output.json` as the public evaluation and LEAP write it (`{TASK: {N: reply}}`, a
            reply with `skill_sequence` and `origin_output`, or with `format_error`), a folder with
            such files anywhere below it, or JSON lines with `sample` and `raw`.

    Raises:
        ConfigError: if nothing can be read, or one sample is answered twice.
    """
    path = path.expanduser()
    files = sorted(path.rglob("output.json")) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"--outputs {path}: no output.json below it")
    found: dict[str, Reply] = {}
    for file in files:
        for sample, one in _replies(file):
            if sample in found:
                raise ConfigError(f"--outputs {file}: {sample} is answered twice")
            found[sample] = one
    if not found:
        raise ConfigError(f"--outputs {path} holds no answer")
    return found


def _replies(file: Path) -> Iterator[tuple[str, Reply]]:
    try:
        content = file.read_text("utf-8")
        lines = file.suffix == ".jsonl"
        values = [json.loads(one) for one in (content.splitlines() if lines else [content])]
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the outputs {file}: {error}") from error
    try:
        yield from _lines(values) if lines else _tasks(values[0])
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"the outputs {file} are in no known form: {error!r}") from error


def _lines(rows: list[Mapping[str, Any]]) -> Iterator[tuple[str, Reply]]:
    for row in rows:
        yield str(row["sample"]), reply(str(row["raw"]))


def _tasks(value: Mapping[str, Any]) -> Iterator[tuple[str, Reply]]:
    for task, examples in value.items():
        if task == BOOKKEEPING:
            continue
        for number, one in examples.items():
            raw = str(one.get("origin_output", ""))
            if "skill_sequence" in one and "format_error" not in one:
                made = Reply(raw=raw, calls=one["skill_sequence"])
            elif one:
                why = str(one.get("format_error") or "no answer")
                made = Reply(raw=raw or why, problem="no list of calls")
            else:
                continue  # the run was interrupted there
            yield f"{task}/example{int(number)}", made
