"""What is reviewed: samples with reference steps, and each model's plan for them.

Samples come in LEAP's JSONL (`messages` and `target.steps`), plans from models that are asked here
or from files: JSON lines of `id` and `plan`, or the CSV that LEAP's own tool writes, which brings
its samples with it.
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...vlm.generate import Sampling, TextGenerator
from .. import journal
from ..checkpoints import Model, ask_each
from ..journal import Journal
from ..judge_setup import content_hash
from ..plan_cases import read_image
from ..workshop import rows

FILE = "plans.jsonl"
CSV_COLUMNS = ("model_name", "sample_idx", "prompt_text", "model_output", "reference_steps")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One task."""

    id: str
    task: str
    reference: str
    turn: tuple[str | Path, ...]
    """What a planner is shown, in order."""

    @property
    def image(self) -> Path | None:
        """The first picture."""
        return next((part for part in self.turn if isinstance(part, Path)), None)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a model wrote for a sample."""

    key: str
    model: str
    sample: str
    plan: str


def read_data(path: Path, limit: int | None = None) -> list[Sample]:
    """Samples of a LEAP data set.

    Args:
        path: JSON lines; pictures are relative to it.
        limit: the first so many.

    Raises:
        ConfigError: if it cannot be read; bad lines are named (`leapcasa plan data check` mends).
    """
    path = path.expanduser()
    samples: list[Sample] = []
    problems: list[str] = []
    for number, line in rows.lines(path):
        try:
            samples.append(_sample(rows.parse(line, path.parent), str(len(samples))))
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
        if limit is not None and len(samples) == limit:
            break
    if problems:
        raise ConfigError(
            f"{len(problems)} lines are bad, the first: {problems[0]}; `leapcasa plan data check` "
            "shows and mends them"
        )
    if not samples:
        raise ConfigError(f"--data {path} holds no sample")
    twice = next(
        (s.id for i, s in enumerate(samples) if any(o.id == s.id for o in samples[:i])), ""
    )
    if twice:
        raise ConfigError(f"--data {path}: the id {twice!r} is there twice")
    return samples


def _sample(row: rows.Row, number: str) -> Sample:
    missing = next((path for path in row.images if not path.is_file()), None)
    if missing is not None:
        raise ValueError(f"the picture {missing} is missing")
    if not row.text or not row.steps:
        raise ValueError("needs words of the user and target.steps")
    return Sample(
        id=str(row.facts.get("id", number)),
        task=row.instruction,
        reference=row.steps,
        # Control tokens in a data file must not reach the tokenizer as such.
        turn=(*row.images, row.text.replace("<|", "< |")),
    )


def read_plans(path: Path) -> dict[str, str]:
    """Plans by sample id, of JSON lines with `id` (or `sample`) and `plan`.

    Raises:
        ConfigError: if it cannot be read.
    """
    found: dict[str, str] = {}
    for number, line in rows.lines(path.expanduser()):
        try:
            row = json.loads(line)
            name, plan = str(row.get("id", row.get("sample"))), row["plan"]
            if isinstance(plan, list):
                plan = "\n".join(f"{i}) {step}" for i, step in enumerate(plan, 1))
            if not isinstance(plan, str):
                raise ValueError("plan is neither text nor a list")
            found[name] = plan
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{path}:{number}: needs id and plan: {error}") from error
    return found


def read_csv(path: Path) -> tuple[list[Sample], dict[str, dict[str, str]]]:
    """The samples and every model's plans in a CSV of LEAP's tool.

    Raises:
        ConfigError: if it cannot be read or lacks a column.
    """
    path = path.expanduser()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    missing = [name for name in CSV_COLUMNS if not table or name not in table[0]]
    if missing:
        raise ConfigError(f"{path} has no rows or lacks the column {missing[0]}")
    samples: dict[str, Sample] = {}
    plans: dict[str, dict[str, str]] = {}
    for row in table:
        name = row["sample_idx"]
        images = [path.parent / one for one in (row.get("image_paths") or "").split(";") if one]
        turn = (*(one for one in images if one.is_file()), row["prompt_text"])
        samples.setdefault(
            name,
            Sample(
                id=name,
                task=rows.Row(text=row["prompt_text"], steps="").instruction,
                reference=row["reference_steps"],
                turn=turn,
            ),
        )
        plans.setdefault(row["model_name"], {})[name] = row["model_output"]
    return list(samples.values()), plans


def write_plans(
    model: Model,
    samples: Sequence[Sample],
    sampling: Sampling,
    kept: Journal[Made],
    report: Callable[[int, str], None],
) -> tuple[dict[str, str], dict[str, str]]:
    """Have one model write its plans; earlier ones are taken from the journal.

    Returns:
        Plans, and why there is none, by sample id.

    Raises:
        ConfigError: if the model cannot be loaded.
        ModelError: if it fails on sample after sample.
    """
    identity = [*model.identity(), asdict(sampling)]

    def key(sample: Sample) -> str:
        return journal.key(identity, sample.id, [_content(part) for part in sample.turn])

    def made(generator: TextGenerator, sample: Sample, own: str) -> Made:
        turn = [p if isinstance(p, str) else read_image(p) for p in sample.turn]
        said = generator.answer(turn, sampling)
        return Made(key=own, model=model.label, sample=sample.id, plan=said.text)

    asked = ((sample.id, sample) for sample in samples)
    found, errors = ask_each(model, asked, kept, key, made, report, "plans")
    return {name: one.plan for name, one in found.items()}, errors


def open_journal(folder: Path) -> Journal[Made]:
    """The plans of one folder."""
    return Journal(folder / FILE, asdict, _read)


def _read(row: dict[str, Any]) -> Made:
    return Made(**{f.name: row[f.name] for f in fields(Made)})


def _content(part: str | Path) -> str:
    return part if isinstance(part, str) else content_hash(part)
