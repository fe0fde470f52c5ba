"""What the user asks for: words of the command line to episodes and a configuration."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError, RunConfig, load, nearest
from ...configs.presets import ATTRIBUTION, layers
from ...envs.tasks import all_tasks, task_sets
from . import executors, sequential
from .episode import Key
from .executors import Place

EPISODES = 10
"""The usual number of seeds."""
OFFICIAL = "official-multitask"
OFFICIAL_EPISODES = 50
"""The same with the preset of the official protocol, alone or among others."""
MOST_SEED = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class EvalRequest:
    """The arguments of `leapcasa eval`, as given."""

    tasks: Sequence[str]
    """Names of tasks and sets; may be empty with `resume`."""
    episodes: int | None
    seeds: str | None
    split: str | None
    preset: str | None
    overrides: Sequence[str]
    out: Path | None
    resume: bool
    retry_errors: bool
    time_limit: float
    video: bool
    attribute: bool = False
    attribute_episodes: int | None = None
    stop_when: str | None = None
    wandb: str | None = None
    """Project to log to; None for none."""
    place: Place = field(default_factory=Place)

    @property
    def names_configuration(self) -> bool:
        """Whether it says anything about how the evaluation's own episodes are run."""
        own = [one for one in self.overrides if not one.strip().startswith(f"{ATTRIBUTION}.")]
        return bool(self.preset or own or self.split)


def check(request: EvalRequest) -> None:
    """Refuse what makes no sense whatever lies on the disk.

    Raises:
        ConfigError: naming the argument.
    """
    if not request.tasks and not request.resume:
        raise ConfigError("name at least one task or task set, for instance atomic_seen")
    if not request.tasks and (request.seeds is not None or request.episodes is not None):
        raise ConfigError("--seeds and --episodes go with tasks; name the tasks to add episodes of")
    if request.resume and request.out is None:
        raise ConfigError("--resume needs the evaluation's folder: --out DIR")
    executors.check(request.place)
    if not request.time_limit > 0:
        raise ConfigError(
            f"--time-limit {request.time_limit:g} is impossible; give seconds above 0"
        )
    if request.retry_errors and not request.resume:
        raise ConfigError("--retry-errors goes with --resume")
    if request.attribute_episodes is not None and not request.attribute:
        raise ConfigError("--attribute-episodes goes with --attribute")
    if request.attribute_episodes is not None and request.attribute_episodes < 1:
        raise ConfigError(
            f"--attribute-episodes {request.attribute_episodes} is impossible; give 1 or more"
        )
    if request.stop_when is not None:
        sequential.parsed(request.stop_when)


def tasks(words: Sequence[str]) -> list[str]:
    """Names of tasks and sets to task names, each once, in the order given.

    Raises:
        ConfigError: for a word that is neither.
    """
    known, sets = all_tasks(), task_sets()
    found: dict[str, None] = {}
    for word in words:
        if word in known:
            found[word] = None
        elif word in sets:
            found |= dict.fromkeys(name for name in sets[word] if name in known)
        else:
            raise ConfigError(
                f"unknown task or task set {word!r}{nearest(word, [*known, *sets])}; "
                f"`leapcasa tasks` lists all; the sets are {', '.join(sets)}"
            )
    return list(found)


def usual_episodes(request: EvalRequest) -> int:
    """Seeds of each task, if neither their number nor the seeds are given."""
    official = request.preset is not None and OFFICIAL in layers(request.preset)
    return OFFICIAL_EPISODES if official else EPISODES


def seeds(text: str | None, episodes: int | None, usual: int = EPISODES) -> list[int]:
    """The seeds of each task.

    Args:
        text: `0-19`, `3,5,8` or a mixture; None for `episodes` seeds from 0.
        episodes: how many; with `text`, only so many of them, from the front.
        usual: how many if nothing is said.

    Raises:
        ConfigError: for words that are no seeds, or impossible numbers.
    """
    if episodes is not None and episodes < 1:
        raise ConfigError(f"--episodes {episodes} is impossible; give 1 or more")
    if text is None:
        return list(range(episodes or usual))
    found: dict[int, None] = {}
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise ConfigError(f"--seeds {text!r}: {part!r} is no seed; write 0-19 or 3,5,8")
        first, last = int(low), int(high or low)
        if last < first or last > MOST_SEED or last - first > 1_000_000:
            raise ConfigError(
                f"--seeds {text!r}: {part!r} is no range; seeds lie in 0 .. 2**32 - 1 and rise"
            )
        found |= dict.fromkeys(range(first, last + 1))
    every = list(found)
    if episodes is not None and episodes > len(every):
        raise ConfigError(f"--episodes {episodes} of --seeds {text}: there are only {len(every)}")
    return every[:episodes]


def configuration(request: EvalRequest) -> RunConfig:
    """The checked configuration of every episode, but for its task and seed.

    Raises:
        ConfigError: for an unknown preset or key, or a value that does not fit.
    """
    for override in request.overrides:
        name = override.partition("=")[0].strip()
        if name in ("task", "seed"):
            raise ConfigError(f"--set {name}=... is not for evaluations; name tasks and --seeds")
    fixed: dict[str, Any] = {"split": request.split} if request.split is not None else {}
    return load(request.preset or "default", request.overrides, **fixed)


def keys(names: Sequence[str], split: str, numbers: Sequence[int]) -> list[Key]:
    """All episodes, seed by seed over all tasks, so that early numbers cover every task."""
    return [Key(task=name, split=split, seed=seed) for seed in numbers for name in names]
