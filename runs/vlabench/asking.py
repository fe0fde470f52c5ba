"""Asking models, one answer a sample, each on disk before the next is asked for."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...vlm.generate import Sampling, TextGenerator
from ...vlm.images import PixelBudget
from .. import journal
from ..checkpoints import Model, ask_each
from ..journal import Journal
from ..judge_setup import content_hash
from ..plan_cases import read_image
from . import prompt
from .prompt import Asking
from .samples import Sample

FILE = "answers.jsonl"
BUDGET = PixelBudget(least=65536, most=16777216)
"""The published processors' own limits, which the public evaluation leaves as they are."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model said about a sample."""

    key: str
    model: str
    """The label it had then."""
    sample: str
    raw: str
    finish: str = ""
    """Why it ended, see `vlm.generate.Finish`; `ready-made` for another tool's output."""
    tokens: int = 0
    prompt_tokens: int = 0
    milliseconds: float = 0.0


def open_journal(folder: Path) -> Journal[Answer]:
    """The answers of one folder."""
    return Journal(folder / FILE, asdict, _read)


def _read(row: dict[str, Any]) -> Answer:
    return Answer(**{f.name: row[f.name] for f in fields(Answer)})


def ask(
    model: Model,
    samples: Sequence[Sample],
    asking: Asking,
    sampling: Sampling,
    answers: Journal[Answer],
    report: Callable[[int, str], None],
) -> tuple[dict[str, Answer], dict[str, str]]:
    """One model's answers to all samples; earlier ones are taken from the journal.

    Args:
        model: which.
        samples: what about; shots are taken from them, too.
        asking: in which words.
        sampling: how it writes.
        answers: where they are kept.
        report: is told how many are done.

    Returns:
        Answers, and why there is none, by sample id.

    Raises:
        ConfigError: if the model cannot be loaded.
        ModelError: if it fails on sample after sample.
    """
    identity = [*model.identity(), asdict(sampling), asking.digest]

    def key(shown: tuple[Sample, ...]) -> str:
        return journal.key(identity, [_contents(one) for one in shown])

    def made(generator: TextGenerator, shown: tuple[Sample, ...], own: str) -> Answer:
        sample, *examples = shown
        turn = prompt.turn(sample, examples, asking)
        return _answered(generator, turn, sampling, own, model.label, sample.id)

    asked = ((one.id, (one, *prompt.shots(one, samples, asking))) for one in samples)
    return ask_each(model, asked, answers, key, made, report, "answers")


def _answered(
    generator: TextGenerator,
    turn: Sequence[str | Path],
    sampling: Sampling,
    key: str,
    label: str,
    sample: str,
) -> Answer:
    began = time.perf_counter()
    shown = [part if isinstance(part, str) else read_image(part) for part in turn]
    said = generator.answer(shown, sampling)
    return Answer(
        key=key,
        model=label,
        sample=sample,
        raw=said.text,
        finish=said.finish,
        tokens=said.tokens,
        prompt_tokens=said.prompt_tokens,
        milliseconds=1000 * (time.perf_counter() - began),
    )


def _contents(sample: Sample) -> list[Any]:
    pictures = [content_hash(path) for path in (sample.picture, sample.tagged)]
    return [sample.id, sample.instruction, pictures, sample.reference]
