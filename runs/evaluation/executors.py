"""Which executor runs the episodes, from what the user asks for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ...configs import ComponentSpec, ConfigError
from .base import Executor
from .jobs import Play
from .pool import Workers, machine_cores
from .ray_executor import RayOptions, RayWorkers

SHARED = ("qwen3vl",)
"""Judges whose model several workers share unless told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and how episodes are run; none of it changes a result."""

    executor: Literal["local", "ray"] = "local"
    workers: int | None = None
    """Episodes at once; None: one a core, or what the cluster has room for."""
    ray: RayOptions = field(default_factory=RayOptions)
    share: bool | None = None
    """One scoring process for all workers; None: if the judge has a model and there are several."""


def check(place: Place) -> None:
    """Refuse what makes no sense.

    Raises:
        ConfigError: naming the argument.
    """
    options = place.ray
    if place.workers is not None and place.workers < 1:
        raise ConfigError(f"--workers {place.workers} is impossible; give 1 or more")
    if place.executor != "ray" and options != RayOptions():
        raise ConfigError("--ray-address, --ray-cpus and --ray-gpus go with --executor ray")
    if options.cpus < 0 or options.gpus < 0:
        raise ConfigError("--ray-cpus and --ray-gpus cannot be below 0")
    if place.executor == "ray" and place.share:
        raise ConfigError(
            "--share-models goes with workers of this machine; on Ray each worker loads its own "
            "model, see --ray-gpus"
        )


def open_executor(
    place: Place,
    episodes: int,
    judge: ComponentSpec,
    play: Play,
    time_limit: float,
    note: Callable[[str], None],
) -> Executor:
    """Make ready what runs the episodes; whoever gets it stops it.

    Args:
        place: what was asked for.
        episodes: how many are to be run, at least one.
        judge: of their configuration.
        play: what a worker does.
        time_limit: seconds an episode may take.
        note: is given lines for the user.

    Raises:
        ConfigError: if Ray or the judge cannot be had.
        LeapcasaError: if the scoring process does not live.
    """
    wanted = place.workers and min(place.workers, episodes)
    if place.executor == "ray":
        note("connecting to Ray" if place.ray.address else "starting a Ray of this machine")
        most = wanted or (None if place.ray.address else min(machine_cores(), episodes))
        return RayWorkers(most, play, time_limit, place.ray)
    count = wanted or min(machine_cores(), episodes)
    workers = Workers(count, play, time_limit)
    if not (place.share or (place.share is None and count > 1 and judge.name in SHARED)):
        return workers
    from ..scoring.keeper import Keeper
    from .sharing import Sharing

    note(f"loading one judge {judge.name!r} for {count} worker{'s' * (count != 1)}")
    keeper = Keeper(judge, streams=2 * count, threads=machine_cores())
    try:
        keeper.open()
    except BaseException:
        keeper.close()
        raise
    return Sharing(workers, keeper)
