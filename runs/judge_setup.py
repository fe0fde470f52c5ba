"""Which judge scores, made from a preset and the options of the command line."""

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..configs import ComponentSpec, ConfigError, LeapcasaError
from ..configs.presets import load
from ..envs.sensors import VIEWS, View
from ..judges.base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo
from ..judges.clips import FRAMES
from ..judges.nll import AnswerNLL
from . import components
from .versions import version

Likelihoods = Mapping[View, Mapping[str, AnswerNLL]]
"""View -> label -> likelihood, as measured after one clip a view."""

MEASURING = ("qwen3vl", "sight")
"""Judges by short name that give likelihoods."""
NO_EFFECT = ("method", "batch", "cache_pairs", "local_files_only")
"""Options that leave the likelihoods as they are."""


class Scorer(Protocol):
    """A judge whose likelihoods can be had before any rule joins the views."""

    @property
    def info(self) -> JudgeInfo:
        """Static facts; `frames` is the length of the clips it looks at."""
        ...

    def measure_batch(
        self, items: Sequence[tuple[Mapping[View, Clip], str]]
    ) -> Sequence[Likelihoods]:
        """Likelihood of both labels, for several (clips by view, instruction) at once."""
        ...


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the user chose; None and empty mean: as the preset says."""

    preset: str = "card-4b"
    overrides: Sequence[str] = ()
    """`key=value`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the judge that the command line names itself, for instance `base_model`."""

    def spec(self) -> ComponentSpec:
        """The judge with all its options.

        Raises:
            ConfigError: for an unknown preset or setting, or a judge that measures no likelihoods.
        """
        chosen = load(self.preset, self.overrides).judge
        if chosen.name not in MEASURING and ":" not in chosen.name:
            raise ConfigError(
                f"the judge {chosen.name!r} of preset {self.preset!r} gives no likelihoods; use a "
                "preset with judge qwen3vl or sight (--config card-4b, default), or --set "
                "judge=module:attribute"
            )
        return ComponentSpec(name=chosen.name, options={**chosen.options, **self.options})


def make(choice: Choice) -> Scorer:
    """Load the judge.

    Raises:
        ConfigError: for options that do not fit, weights that are missing, or a class that lacks
            `info` or `measure_batch`.
    """
    spec = choice.spec()
    try:
        made = _judge_class(spec)(**spec.options)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"judge {spec.name!r} cannot be made with options {dict(spec.options)}: {error}"
        ) from error
    except ConfigError as error:
        raise ConfigError(f"{error}{_adapter_hint(choice, spec)}") from error
    missing = [name for name in ("info", "measure_batch") if not hasattr(made, name)]
    if missing:
        raise ConfigError(
            f"judge {spec.name!r} lacks {', '.join(missing)}; see leapcasa.runs.judge_setup.Scorer"
        )
    return made


def ordered(likelihoods: Likelihoods) -> dict[View, dict[str, AnswerNLL]]:
    """The two labels of every view with "not complete" first, views in their usual order.

    Where two labels tie, a rule takes the first, and a tie must not declare a subtask done.
    """
    return {
        view: {label: likelihoods[view][label] for label in (NOT_COMPLETE, COMPLETE)}
        for view in VIEWS
        if view in likelihoods
    }


def frames(spec: ComponentSpec) -> int:
    """How many frames the judge will probably want, before it is loaded."""
    wanted = spec.options.get("frames")
    return wanted if isinstance(wanted, int) and wanted > 0 else FRAMES


def described(spec: ComponentSpec) -> dict[str, Any]:
    """The judge and its options, for the record; results name their methods themselves."""
    return {"judge": spec.name, **{k: v for k, v in spec.options.items() if k != "method"}}


def identity(spec: ComponentSpec) -> str:
    """A hash of all that decides a likelihood, beside clip and instruction.

    It covers the contents of weights and adapter, every option with its default (but for those
    that have no effect on the numbers), the kind of device, this package's version, and the source
    file of a user's own judge. The judge has to be loaded before, so that its weights are on this
    machine.
    """
    made_by = _judge_class(spec)
    options = {**_defaults(made_by), **spec.options}
    facts: dict[str, Any] = {k: v for k, v in options.items() if k not in NO_EFFECT}
    for name, revision in (("base_model", "revision"), ("adapter", "adapter_revision")):
        if isinstance(facts.get(name), str):
            facts[name] = _weights(facts[name], options.get(revision))
    if spec.name == "qwen3vl" and facts.get("device") == "auto":
        facts["device"] = _device()
    if spec.name == "sight":
        from ..judges.sight.judge import SHIPPED

        facts["path"] = content_hash(Path(str(facts.get("path") or SHIPPED)).expanduser())
    facts["judge"], facts["leapcasa"] = spec.name, version("leapcasa")
    if ":" in spec.name:
        source = getattr(inspect.getmodule(made_by), "__file__", None)
        facts["source"] = source and content_hash(Path(source))
    same = {k: float(v) if type(v) is int else v for k, v in facts.items()}  # 20 is 20.0
    text = json.dumps(same, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_hash(path: Path) -> str:
    """A hash of a file's bytes, or of the names and bytes of all files in a folder.

    Raises:
        ConfigError: if it cannot be read.
    """
    import xxhash

    state = xxhash.xxh3_128()
    try:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if path.is_dir():
                state.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as stream:
                while block := stream.read(1 << 22):
                    state.update(block)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    return state.hexdigest()


def _judge_class(spec: ComponentSpec) -> Any:
    if spec.name == "qwen3vl":
        from ..judges.qwen3vl import Qwen3VLJudge

        return Qwen3VLJudge
    if spec.name == "sight":
        from ..judges.sight import SightJudge

        return SightJudge
    return components.maker("judge", spec)


def _defaults(made_by: Any) -> dict[str, Any]:
    try:
        parameters = inspect.signature(made_by).parameters.values()
    except (TypeError, ValueError):  # written in C: its defaults are not told
        return {}
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _weights(name: str, revision: str | None) -> str:
    """What is in a checkpoint: the commit of a hub snapshot, or the hash of a folder's files."""
    from ..vlm.weights import fetch

    try:
        folder = fetch(name, revision=revision, local_files_only=True)
    except LeapcasaError:
        return name  # of a user's own judge, which need not be a checkpoint
    if folder.parent.name == "snapshots":
        return f"{name}@{folder.name}"
    return content_hash(folder)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _adapter_hint(choice: Choice, spec: ComponentSpec) -> str:
    """Where an adapter came from that the user did not name, beside a model that they did."""
    if "base_model" in choice.options and "adapter" not in choice.options:
        adapter = spec.options.get("adapter")
        if adapter:
            return (
                f" [the adapter {adapter} is that of the preset {choice.preset}; "
                "--adapter-id none leaves it out]"
            )
    return ""
