"""Checkpoints named on the command line: `[LABEL=]PATH`, how each is loaded, and asked in turn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from ..configs import ConfigError, LeapcasaError, ModelError, nearest
from ..vlm.generate import TextGenerator
from ..vlm.images import PixelBudget
from ..vlm.load import LoadConfig, load
from .journal import Journal, Keyed
from .judge_setup import content_hash
from .versions import version

FAILURES_IN_A_ROW = 5
"""A model that fails so often is broken as a whole."""
_Entry = TypeVar("_Entry", bound=Keyed)
_Sample = TypeVar("_Sample")


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

    def about(self) -> dict[str, Any]:
        """For the record: what was given, without what is as usual."""
        given = {k: v for k, v in asdict(self.config).items() if v not in (None, False)}
        return {**given, "least_pixels": self.budget.least, "most_pixels": self.budget.most}


def models(
    named: Sequence[str], overrides: Sequence[str], budget: PixelBudget, option: str = "--model"
) -> list[Model]:
    """The models that are named.

    Args:
        named: `PATH` or `LABEL=PATH` of a checkpoint's folder or a hub id.
        overrides: `[LABEL.]OPTION=VALUE` of `LoadConfig`, `least_pixels` and `most_pixels`.
        budget: of pictures, if nothing else is said.
        option: what the words were given with.

    Raises:
        ConfigError: for an unknown option, a value that does not fit, or two models of one label.
    """
    pairs = [labelled(text, option) for text in named]
    labels = [label for label, _ in pairs]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ConfigError(f"two models are called {twice!r}; name them as LABEL=PATH")
    own: dict[str, dict[str, Any]] = {label: {} for label in labels}
    for override in overrides:
        name, equals, value = override.partition("=")
        label, dot, key = name.strip().rpartition(".")
        if not equals or (dot and label not in own):
            raise ConfigError(
                f"--set {override!r}: write OPTION=VALUE or LABEL.OPTION=VALUE with a label of "
                f"{', '.join(labels) or 'a --model'}"
            )
        for one in [label] if dot else labels:
            own[one][key] = _value(key, value.strip())
    return [_model(label, path, own[label], budget) for label, path in pairs]


def labelled(text: str, option: str) -> tuple[str, str]:
    """`LABEL=PATH` taken apart; a path alone is called by its last part.

    Raises:
        ConfigError: for a label that cannot be one.
    """
    label, equals, path = text.partition("=")
    if not equals:
        path = text.rstrip("/")
        return Path(path).name if Path(path).expanduser().exists() else path, text
    if not label or not path or "." in label:
        raise ConfigError(f"{option} {text!r}: write PATH, or LABEL=PATH with a simple label")
    return label, path


def _value(key: str, text: str) -> Any:
    import yaml

    known = {f.name for f in fields(LoadConfig)} - {"base_model"} | {"least_pixels", "most_pixels"}
    if key not in known:
        raise ConfigError(
            f"--set {key}: unknown{nearest(key, known)}; there are {', '.join(sorted(known))}"
        )
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key}: {text!r} is no value: {error}") from error


def _model(label: str, path: str, options: Mapping[str, Any], budget: PixelBudget) -> Model:
    given = dict(options)
    least, most = given.pop("least_pixels", budget.least), given.pop("most_pixels", budget.most)
    try:
        return Model(
            label=label,
            config=LoadConfig(base_model=path, **given),
            budget=PixelBudget(least=least, most=most),
        )
    except TypeError as error:
        raise ConfigError(f"--set for {label}: a value does not fit: {error}") from error


def ask_each(
    model: Model,
    samples: Iterable[tuple[str, _Sample]],
    kept: Journal[_Entry],
    key: Callable[[_Sample], str],
    ask: Callable[[TextGenerator, _Sample, str], _Entry],
    report: Callable[[int, str], None],
    unit: str,
) -> tuple[dict[str, _Entry], dict[str, str]]:
    """One model's results for all samples, each kept before the next is asked for.

    Args:
        model: loaded only if something is not kept yet.
        samples: id and sample, in order.
        kept: earlier results are taken from here.
        key: of a sample's result.
        ask: has a result made, under its key.
        report: is told how many are done.
        unit: what the results are, for messages.

    Returns:
        Results, and why there is none, by id.

    Raises:
        ConfigError: if the model cannot be loaded.
        ModelError: if it fails on sample after sample.
    """
    found: dict[str, _Entry] = {}
    errors: dict[str, str] = {}
    generator: TextGenerator | None = None
    failures = 0
    for count, (name, sample) in enumerate(samples, 1):
        try:
            own = key(sample)
            known = kept.get(own)
            if known is None:
                generator = generator or TextGenerator(load(model.config), model.budget)
                known = ask(generator, sample, own)
                kept.add([known])
            found[name] = known
            failures = 0
        except LeapcasaError as error:
            if generator is None and not isinstance(error, ModelError):
                raise
            errors[name] = str(error)
            failures += 1
            if failures >= FAILURES_IN_A_ROW:
                raise ModelError(
                    f"{model.label}: {failures} {unit} in a row failed, the last of {name}: "
                    f"{error}; {unit} so far are kept, the same command goes on"
                ) from error
        report(count, f"{model.label}: {name}")
    return found, errors
