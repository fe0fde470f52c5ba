"""The shape of a run's configuration: frozen dataclasses, a unit and a range under each number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["pretrain", "target"]
OnTimeout = Literal["replan", "skip", "stop"]


def _number(default: Any, low: float, high: float, *, even: bool = False, unit: str = "") -> Any:
    """A field with a closed range; `even` for numbers that must be divisible by two."""
    return field(default=default, metadata={"low": low, "high": high, "even": even, "unit": unit})


@dataclass(frozen=True, kw_only=True)
class ComponentSpec:
    """Which planner, policy or judge, and with what options."""

    name: str
    """A short name (`leapcasa config show default` lists them), or `module:attribute`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of its constructor."""


@dataclass(frozen=True, kw_only=True)
class AdvanceConfig:
    """When a subtask counts as done, and what happens if it never does."""

    interval: int = _number(16, 2, 10_000, even=True, unit="steps")
    """Control steps between two verdicts. Even, so that a judge can reuse features of frame pairs
    it has seen (the vision tower attends within two frames)."""
    margin: float = _number(0.0, -100.0, 100.0)
    """score(not complete) - score(complete) must exceed it."""
    consecutive: int = _number(1, 1, 100)
    """Verdicts in a row that must say complete."""
    settle: int = _number(0, 0, 10_000, unit="steps")
    """Control steps that the policy goes on with the last subtask after it was declared complete:
    a hand that still draws back gets to its end. No verdict is asked for."""
    timeout: int = _number(400, 1, 1_000_000, unit="steps")
    """Control steps after which an attempt at a subtask has failed."""
    waiting: int = _number(600, 1, 1_000_000, unit="steps")
    """The same of a subtask that only waits ("Wait until ..."), where `timeout` is less. It has one
    attempt: there is nothing to do better."""
    max_refusals: int | None = _number(None, 1, 1_000_000, unit="verdicts")
    """Refusals of the judge in a row after which an attempt has failed; null: only the timeout."""
    retries: int = _number(1, 0, 100)
    """Further attempts at the same subtask after the first."""
    on_timeout: OnTimeout = "replan"
    """What happens when all attempts have failed; `replan` falls back to `stop`."""
    max_replans: int = _number(1, 0, 100)
    """How often the planner is asked again in one episode."""
    window: Literal["episode", "subtask"] = "episode"
    """What the judge's clip may show: the last frames whatever they belong to, as the published
    judge was trained, or only frames since the subtask began."""


@dataclass(frozen=True, kw_only=True)
class ViewsConfig:
    """Side of each view in pixels."""

    right: int = _number(224, 16, 2048, unit="px")
    left: int = _number(224, 16, 2048, unit="px")
    hand: int = _number(224, 16, 2048, unit="px")


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """The kitchen."""

    image_size: ViewsConfig = field(default_factory=ViewsConfig)
    render_profile: Literal["exact", "fast"] = "exact"
    """`exact` draws RoboCasa's own pixels; `fast` without multisampling, with lighter meshes."""
    instruction: str | None = None
    """The task in words of your own; null for RoboCasa's. What counts as success stays the same."""


@dataclass(frozen=True, kw_only=True)
class LimitsConfig:
    """When an episode ends, whatever the agent thinks."""

    max_steps: int | None = _number(None, 1, 1_000_000, unit="steps")
    """Control steps; null for the task's official horizon."""
    fallback_steps: int = _number(1500, 1, 1_000_000, unit="steps")
    """For the tasks that have no official horizon."""
    success_every: int = _number(1, 1, 10_000, unit="steps")
    """Control steps between two readings of RoboCasa's criterion that count. The official
    evaluators read it after each chunk of 16 steps: what holds only in between is no success."""
    wall_seconds: float | None = _number(None, 1, 1_000_000, unit="s")
    """Wall time; null for none. It makes a result depend on the machine."""


@dataclass(frozen=True, kw_only=True)
class VideoConfig:
    """The annotated video."""

    enabled: bool = True
    hold: float = _number(2.0, 0.0, 60.0, unit="s")
    """How long the last frame stays."""
    quality: int = _number(21, 0, 51)
    """x264's constant rate factor; lower is better and larger."""


@dataclass(frozen=True, kw_only=True)
class AttributionConfig:
    """What `leapcasa eval --attribute` puts in place of each part: its upper bound."""

    planner: ComponentSpec = ComponentSpec(name="docstring")
    policy: ComponentSpec = ComponentSpec(name="expert")
    judge: ComponentSpec = ComponentSpec(name="referee")
    interval: int = _number(2, 2, 10_000, even=True, unit="steps")
    """Takes the place of `advance.interval` together with the judge, as do the next two: a
    threshold belongs to the judge it was chosen for. `advance.max_refusals` is null then."""
    margin: float = _number(0.0, -100.0, 100.0)
    consecutive: int = _number(1, 1, 100)
    seed: int = _number(0, 0, 2**32 - 1)
    """Of the sample, where only some of the failed episodes are run again."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One episode, completely."""

    preset: str = "default"
    """Name or path of the preset it began with; several with commas between them."""
    task: str = ""
    split: Split = "target"
    """`target` holds the kitchens and objects that nothing was trained on."""
    seed: int = _number(0, 0, 2**32 - 1)
    planner: ComponentSpec = ComponentSpec(name="split")
    policy: ComponentSpec = ComponentSpec(name="expert")
    judge: ComponentSpec = ComponentSpec(name="referee")
    advance: AdvanceConfig = field(default_factory=AdvanceConfig)
    env: EnvConfig = field(default_factory=EnvConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    video: VideoConfig = field(default_factory=VideoConfig)
    attribution: AttributionConfig = field(default_factory=AttributionConfig)
