"""Which planners are asked, made from a preset and the options of the command line."""

import contextlib
import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..agent import leap, prompts
from ..agent.base import Planner
from ..configs import ComponentSpec, ConfigError, LeapcasaError, RunConfig
from ..configs.presets import load
from . import components
from .judge_setup import content_hash
from .versions import version

WEIGHTS = ("model", "base_model", "checkpoint", "adapter")
"""Options that name weights: a folder, or a hub id."""


@dataclass(kw_only=True)
class Beginning:
    """What planners that ask for it are told of the episode; set anew for each plan."""

    task: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> Mapping[str, str]:
        """Object slot or word of the episode -> what it is called."""
        return self.slots


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One planner of an evaluation."""

    label: str
    spec: ComponentSpec


def contenders(named: Sequence[str], preset: str, overrides: Sequence[str]) -> list[Contender]:
    """The planners to evaluate.

    Args:
        named: `NAME`, or `LABEL=NAME` to have one planner several times; empty for the preset's.
        preset: whose planner, and whose options for a planner of that name.
        overrides: `LABEL.OPTION=VALUE` for one planner, any other setting of the preset for all.

    Raises:
        ConfigError: for an unknown planner or setting, or two planners of one label.
    """
    pairs = [_labelled(text) for text in named]
    labels = [label for label, _ in pairs]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ConfigError(f"two planners are called {twice!r}; name them as LABEL={twice}")
    own = {label: [] for label in labels}
    shared: list[str] = []
    for override in overrides:
        label, dot, rest = override.partition(".")
        if dot and label in own and label != "planner":
            own[label].append(f"planner.options.{rest.removeprefix('options.')}")
        else:
            shared.append(override)
    if not pairs:
        config = load(preset, shared)
        return [_checked(config, config.planner.name)]
    # The options of a planner are dropped where another one is named: they come after its name.
    options = [one for one in shared if one.startswith("planner.options.")]
    others = [one for one in shared if one not in options]
    return [
        _checked(load(preset, [*others, f"planner={name}", *options, *own[label]]), label)
        for label, name in pairs
    ]


def make(spec: ComponentSpec, beginning: Beginning) -> Planner:
    """Make a planner that has no kitchen.

    Raises:
        ConfigError: for options that do not fit.
    """
    return components.make_planner(spec, beginning)


def identity(spec: ComponentSpec) -> str:
    """A hash of all that decides a plan beside the case: options, files, weights, code."""
    facts: dict[str, Any] = {"planner": spec.name, "leapcasa": version("leapcasa")}
    facts["options"] = {k: _content(k, v) for k, v in spec.options.items()}
    facts["transformers"] = version("transformers")
    facts["code"] = _code()
    if ":" in spec.name:
        made_by = components.maker("planner", spec)
        source = getattr(inspect.getmodule(made_by), "__file__", None)
        facts["source"] = source and content_hash(Path(source))
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _content(key: str, value: Any) -> Any:
    """What an option stands for: the contents of a file or folder, the commit of weights."""
    if not isinstance(value, str) or not value or len(value) > 1000 or "\n" in value:
        return value
    path = Path(leap.located(value) if key == "base_model" else value).expanduser()
    if path.exists():
        return content_hash(path)
    if key == "template":
        with contextlib.suppress(ConfigError):
            return prompts.load(value).digest
    if key in WEIGHTS:
        from ..vlm.weights import fetch

        try:
            return f"{value}@{fetch(value, local_files_only=True).name}"
        except (LeapcasaError, TypeError):
            return value
    return value


def _code() -> str:
    """A hash of the rooms that plan: plans of other code are made anew."""
    told = hashlib.sha256()
    for room in ("agent", "vlm", "envs/composites"):
        folder = Path(__file__).parents[1] / room
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml", ".txt")):
            told.update(path.read_bytes())
    return told.hexdigest()


def _labelled(text: str) -> tuple[str, str]:
    label, separator, name = text.partition("=")
    if not separator:
        return text, text
    if not label or not name or "." in label or ":" in label:
        raise ConfigError(f"--planner {text!r}: write NAME, or LABEL=NAME with a simple label")
    return label, name


def _checked(config: RunConfig, label: str) -> Contender:
    components.maker("planner", config.planner)
    return Contender(label=label, spec=config.planner)
