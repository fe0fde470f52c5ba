"""Planner, policy and judge by name: the short names, and a user's own `module:attribute`.

A user's class is constructed with the options of its configuration as keywords. It needs no
inheritance; what it lacks of the protocol is said before the episode starts.
"""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..agent.base import Planner
from ..configs import ComponentSpec, ConfigError, RunConfig, nearest
from ..envs.referee import Referee
from ..judges.base import Judge
from ..policies.base import Policy

Maker = Callable[..., Any]


def _expert(referee: Referee, **options: Any) -> Any:
    from ..policies.experts import ExpertPolicy

    return ExpertPolicy(referee, **options)


def _embedded(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.embedded import EmbeddedPolicy

    return EmbeddedPolicy(**options)


def _hold(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.hold import HoldPolicy

    return HoldPolicy(**options)


def _random(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.random import RandomPolicy

    return RandomPolicy(**options)


def _openpi(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.openpi import OpenpiPolicy

    return OpenpiPolicy(**options)


def _groot(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.groot import GrootPolicy

    return GrootPolicy(**options)


def _lerobot(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.lerobot import LerobotPolicy

    return LerobotPolicy(**options)


def _replay(referee: Referee, **options: Any) -> Any:
    del referee
    from ..policies.replay import ReplayPolicy

    return ReplayPolicy(**options)


def _split(referee: Referee, **options: Any) -> Any:
    del referee
    from ..agent.split import SplitPlanner

    return SplitPlanner(**options)


def _whole(referee: Referee, **options: Any) -> Any:
    del referee
    from ..agent.whole import WholePlanner

    return WholePlanner(**options)


def _script(referee: Referee, **options: Any) -> Any:
    from ..agent.script import ScriptPlanner

    # The name of the task is no secret of the kitchen: the user has typed it.
    return ScriptPlanner(**{"task": lambda: referee.task, **options})


def _docstring(referee: Referee, **options: Any) -> Any:
    from ..agent.docstring import DocstringPlanner

    return DocstringPlanner(referee, **options)


def _leap(referee: Referee, **options: Any) -> Any:
    del referee
    from ..agent.leap import LeapPlanner

    return LeapPlanner(**options)


def _referee(referee: Referee, **options: Any) -> Any:
    from ..judges.referee import RefereeJudge

    return RefereeJudge(referee, **options)


def _stillness(referee: Referee, **options: Any) -> Any:
    del referee
    from ..judges.stillness import StillnessJudge

    return StillnessJudge(**options)


def _sight(referee: Referee, **options: Any) -> Any:
    del referee
    from ..judges.sight import SightJudge

    return SightJudge(**options)


def _never(referee: Referee, **options: Any) -> Any:
    del referee
    from ..judges.never import NeverJudge

    return NeverJudge(**options)


def _qwen3vl(referee: Referee, **options: Any) -> Any:
    del referee
    from ..judges.qwen3vl import Qwen3VLJudge

    return Qwen3VLJudge(**options)


SHORT_NAMES: Mapping[str, Mapping[str, Maker]] = {
    "planner": {
        "leap": _leap,
        "docstring": _docstring,
        "script": _script,
        "split": _split,
        "whole": _whole,
    },
    "policy": {
        "embedded": _embedded,
        "expert": _expert,
        "groot": _groot,
        "hold": _hold,
        "lerobot": _lerobot,
        "openpi": _openpi,
        "random": _random,
        "replay": _replay,
    },
    "judge": {
        "never": _never,
        "qwen3vl": _qwen3vl,
        "referee": _referee,
        "sight": _sight,
        "stillness": _stillness,
    },
}
"""Part -> short name -> how it is made. The referee goes to those that declare themselves
privileged, and to nobody else."""

_PROTOCOL: Mapping[str, tuple[str, ...]] = {
    "planner": ("plan",),
    "policy": ("reset", "act"),
    "judge": ("reset", "score"),
}
_HOME = {
    "planner": "leapcasa.agent.base",
    "policy": "leapcasa.policies.base",
    "judge": "leapcasa.judges.base",
}


@dataclass(frozen=True, kw_only=True)
class Components:
    """The three parts of an agent, made for one kitchen."""

    planner: Planner
    policy: Policy
    judge: Judge

    @property
    def privileged(self) -> tuple[str, ...]:
        """Which parts see what the sensors do not show, for instance `("policy", "judge")`."""
        parts = {"planner": self.planner, "policy": self.policy, "judge": self.judge}
        return tuple(name for name, part in parts.items() if part.info.privileged)


def check_names(config: RunConfig) -> None:
    """Refuse unknown components before anything slow starts.

    Raises:
        ConfigError: for an unknown short name, or a module or attribute that is not there.
    """
    for part in SHORT_NAMES:
        maker(part, getattr(config, part))


def make(
    config: RunConfig, referee: Referee, *, judge: Callable[[], Judge] | None = None
) -> Components:
    """Make all three parts.

    Args:
        config: names and options.
        referee: the truth, for privileged parts alone.
        judge: makes the judge in place of the configuration; None for nobody.

    Raises:
        ConfigError: for names or options that do not fit.
    """
    own: dict[str, Any] = {} if judge is None else {"judge": judge()}
    parts = {
        part: own.get(part) or _make(part, getattr(config, part), referee) for part in SHORT_NAMES
    }
    return Components(**parts)


def make_planner(spec: ComponentSpec, truth: Any) -> Planner:
    """Make a planner alone, for plans without a kitchen.

    Args:
        spec: name and options.
        truth: stands for the referee to a privileged planner: `task`, and `names()` of objects.

    Raises:
        ConfigError: for a name or options that do not fit.
    """
    return _make("planner", spec, truth)


def make_judge(spec: ComponentSpec) -> Judge:
    """Make a judge alone, without a kitchen: one that needs no truth.

    Raises:
        ConfigError: for a name or options that do not fit.
    """
    return _make("judge", spec, None)


def _make(part: str, spec: ComponentSpec, referee: Any) -> Any:
    make_one = maker(part, spec)
    own = ":" in spec.name
    try:
        made = make_one(**spec.options) if own else make_one(referee, **spec.options)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{part} {spec.name!r} cannot be made with options {dict(spec.options)}: {error}"
        ) from error
    missing = [name for name in _PROTOCOL[part] if not callable(getattr(made, name, None))]
    if not hasattr(made, "info"):
        missing.append("info")
    if missing:
        raise ConfigError(
            f"{part} {spec.name!r} lacks {', '.join(missing)}; see the protocol in {_HOME[part]}"
        )
    return made


def maker(part: str, spec: ComponentSpec) -> Maker:
    """What makes a component, unmade: for a short name it takes the referee before its options.

    Args:
        part: planner, policy or judge.
        spec: its name; `module:attribute` gives the attribute itself.

    Raises:
        ConfigError: for an unknown short name, or a module or attribute that is not there.
    """
    known = SHORT_NAMES[part]
    if spec.name in known:
        return known[spec.name]
    if ":" not in spec.name:
        raise ConfigError(
            f"unknown {part} {spec.name!r}{nearest(spec.name, known)}; there are "
            f"{', '.join(sorted(known))}, or name your own as module:attribute"
        )
    module_name, _, attribute = spec.name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # a user's own file beside the command
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigError(
            f"{part} {spec.name!r}: cannot import {module_name!r}: {error}"
        ) from error
    made = getattr(module, attribute, None)
    if made is None:
        public = [name for name, _ in inspect.getmembers(module) if not name.startswith("_")]
        raise ConfigError(
            f"{part} {spec.name!r}: no {attribute!r} in {module_name!r}{nearest(attribute, public)}"
        )
    return made
