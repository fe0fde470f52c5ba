"""Asking models, one answer a sample, each on disk before the next is asked for."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError, ModelError
from ...vlm.generate import Sampling, TextGenerator
from ...vlm.images import PixelBudget
from ...vlm.load import LoadConfig, load
from .. import journal
from ..journal import Journal
from ..judge_setup import content_hash
from ..plan_cases import read_image
from ..versions import version
from . import prompt
from .prompt import Asking
from .samples import Sample

FILE = "answers.jsonl"
FAILURES_IN_A_ROW = 5
"""A model that fails so often is broken as a whole."""
LEAST_PIXELS, MOST_PIXELS = 65536, 16777216
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


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of an evaluation."""

    label: str
    config: LoadConfig
    budget: PixelBudget

    def identity(self) -> list[Any]:
        """All that decides an answer beside the question."""
        config = asdict(self.config)
        for name in ("base_model", "adapter"):
            path = Path(config[name]).expanduser() if config[name] else None
            if path is not None and path.exists():
                config[name] = content_hash(path)
        config.pop("local_files_only")
        return [config, asdict(self.budget), version("transformers"), version("leapcasa")]


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
    found: dict[str, Answer] = {}
    errors: dict[str, str] = {}
    generator: TextGenerator | None = None
    failures = 0
    for count, sample in enumerate(samples, 1):
        examples = prompt.shots(sample, samples, asking)
        try:
            key = journal.key(identity, [_contents(one) for one in (sample, *examples)])
            known = answers.get(key)
            if known is None:
                generator = generator or TextGenerator(load(model.config), model.budget)
                turn = prompt.turn(sample, examples, asking)
                known = _answered(generator, turn, sampling, key, model.label, sample.id)
                answers.add([known])
            found[sample.id] = known
            failures = 0
        except LeapcasaError as error:
            if generator is None and not isinstance(error, ModelError):
                raise
            errors[sample.id] = str(error)
            failures += 1
            if failures >= FAILURES_IN_A_ROW:
                raise ModelError(
                    f"{model.label}: {failures} samples in a row failed, the last at {sample.id}: "
                    f"{error}; answers so far are kept, the same command goes on"
                ) from error
        report(count, f"{model.label}: {sample.id}")
    return found, errors


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


def models(named: Sequence[str], overrides: Sequence[str]) -> list[Model]:
    """The models to evaluate.

    Args:
        named: `PATH` or `LABEL=PATH` of a checkpoint's folder or a hub id.
        overrides: `[LABEL.]OPTION=VALUE` of `LoadConfig`, `least_pixels` and `most_pixels`.

    Raises:
        ConfigError: for an unknown option, a value that does not fit, or two models of one label.
    """
    pairs = [_labelled(text) for text in named]
    labels = [label for label, _ in pairs]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ConfigError(f"two models are called {twice!r}; name them as LABEL=PATH")
    own: dict[str, dict[str, Any]] = {label: {} for label in labels}
    for override in overrides:
        name, equals, value = override.partition("=")
        label, dot, option = name.strip().rpartition(".")
        if not equals or (dot and label not in own):
            raise ConfigError(
                f"--set {override!r}: write OPTION=VALUE or LABEL.OPTION=VALUE with a label of "
                f"{', '.join(labels)}"
            )
        for one in [label] if dot else labels:
            own[one][option] = _value(option, value.strip())
    return [_model(label, path, own[label]) for label, path in pairs]


def _labelled(text: str) -> tuple[str, str]:
    label, equals, path = text.partition("=")
    if not equals:
        path = text.rstrip("/")
        return Path(path).name if Path(path).expanduser().exists() else path, text
    if not label or not path or "." in label:
        raise ConfigError(f"--model {text!r}: write PATH, or LABEL=PATH with a simple label")
    return label, path


def _value(option: str, text: str) -> Any:
    import yaml

    known = {f.name for f in fields(LoadConfig)} - {"base_model"} | {"least_pixels", "most_pixels"}
    if option not in known:
        raise ConfigError(f"--set {option}: unknown; there are {', '.join(sorted(known))}")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {option}: {text!r} is no value: {error}") from error


def _model(label: str, path: str, options: Mapping[str, Any]) -> Model:
    given = dict(options)
    budget = {
        "least": given.pop("least_pixels", LEAST_PIXELS),
        "most": given.pop("most_pixels", MOST_PIXELS),
    }
    try:
        return Model(
            label=label,
            config=LoadConfig(base_model=path, **given),
            budget=PixelBudget(**budget),
        )
    except TypeError as error:
        raise ConfigError(f"--set for {label}: a value does not fit: {error}") from error
