"""Running a record's actions again, open loop, in its scene."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...configs import EnvironmentFault
from ...envs.kitchen import Kitchen
from ...envs.physics import Physics, joint_at, physics
from ...envs.referee import Referee
from ...envs.sensors import Sensors, View
from .recorded import Recorded


class UnbuildableError(EnvironmentFault):
    """The recorded scene cannot be built here."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One look of the rerun."""

    sensors: Sensors
    physics: Physics
    success: bool
    """RoboCasa's own criterion."""


class Rerun:
    """The episode once more. Use it as a context manager: it holds a kitchen.

    Args:
        recorded: what was done.
        image_size: side of each view [px]; empty to draw nothing.
        profile: render profile.

    Raises:
        ConfigError: if this version does not know the task.
        UnbuildableError: if the scene cannot be built here at all.
        EnvironmentFault: if nothing can be: no GL, no simulator.
    """

    def __init__(self, recorded: Recorded, *, image_size: Mapping[View, int], profile: str) -> None:
        scene = recorded.scene
        self._actions = recorded.actions
        self._kitchen = Kitchen(
            scene.task,
            split=scene.split,
            layout=scene.layout if scene.layout_pinned else None,
            style=scene.style if scene.style_pinned else None,
            image_size=dict(image_size),
            rendering=bool(image_size),
            render_profile=profile,
        )
        try:
            self._first = self._kitchen.begin(scene.seed)
        except EnvironmentFault as error:
            raise UnbuildableError(str(error)) from error
        self._referee = Referee(self._kitchen)

    def __enter__(self) -> "Rerun":
        return self

    def __exit__(self, *_: object) -> None:
        self._kitchen.close()

    @property
    def kitchen(self) -> Kitchen:
        """The kitchen it runs in."""
        return self._kitchen

    def looks(self) -> Iterator[Seen]:
        """Each look, the first one included; one more than there are actions.

        Raises:
            EnvironmentFault: if the simulation breaks down.
        """
        sensors = self._first
        for action in self._actions:
            yield self._see(sensors)
            sensors = self._kitchen.advance(action)
        yield self._see(sensors)

    def joint(self, index: int) -> str:
        """The name of the joint at a place of `Physics.joints`."""
        return joint_at(self._kitchen, index)

    def _see(self, sensors: Sensors) -> Seen:
        success = self._referee.success()  # read before the state, as in the run itself
        return Seen(sensors=sensors, physics=physics(self._kitchen), success=success)


def recorded_sizes(recorded: Recorded) -> dict[View, int]:
    """Sides of the external views in the record [px]; the eye in the hand has no digest."""
    sizes = recorded.run["config"].get("env", {}).get("image_size", {})
    return {view: int(sizes[view]) for view in ("right", "left") if view in sizes}


def recorded_profile(recorded: Recorded) -> str:
    """The record's render profile."""
    return str(recorded.run["config"].get("env", {}).get("render_profile", "exact"))
