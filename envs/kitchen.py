"""A RoboCasa365 kitchen as sensors in, actions out.

`Kitchen` is a gymnasium environment: `reset` and `step` return plain arrays. The loop uses `begin`
and `advance`, which do the same and return `Sensors` whose frames are still being drawn while
physics goes on. Reward is always 0, `info` always empty: truth about the world is in
`envs.referee`, for those who may have it.

The same task, split and seed give the same scene, instruction and frames, whatever ran before.
Observations are those of RoboCasa's own wrapper `robocasa/<task>`, pixel for pixel in the `exact`
render profile.
"""

import contextlib
import string
import weakref
from collections.abc import Mapping
from typing import Any, Literal

import gymnasium
import numpy as np
import numpy.typing as npt

from ..configs import ConfigError, EnvironmentFault, nearest
from . import assets, gl
from .actions import checked
from .quiet import import_robocasa
from .scene import SceneRecord, describe
from .sensors import ACTION_SIZE, VIEWS, Frame, Image, Sensors, View
from .tasks import task as known_task
from .world import Request, World

Split = Literal["pretrain", "target"]
SPLITS: tuple[Split, ...] = ("pretrain", "target")
STYLES: Mapping[Split, range] = {"pretrain": range(11, 61), "target": range(1, 11)}
"""Kitchen styles of each split (robocasa/models/scenes/scene_registry.py: train, test)."""
RenderProfile = Literal["exact", "fast"]
PROFILES: tuple[RenderProfile, ...] = ("exact", "fast")

DEFAULT_SIZE: Mapping[View, int] = {"right": 224, "left": 224, "hand": 224}
"""The judge's views are 224 x 224 pixels (its model card)."""

_MOST_CHARACTERS = 4000
"""Of an instruction."""
_STATE_SIZES = {
    "gripper_qpos": 2,
    "base_position": 3,
    "base_rotation": 4,
    "end_effector_position": 3,
    "end_effector_rotation": 4,
}
"""The fields of `Proprioception` with their sizes."""


class Kitchen(gymnasium.Env[dict[str, Any], npt.NDArray[np.float32]]):
    """One RoboCasa365 task with the PandaOmron robot. For one thread.

    Args:
        task: a RoboCasa365 task, for instance `RinseSinkBasin`.
        split: `pretrain` (2500 scenes) or `target` (10 other scenes and objects).
        seed: of the first episode, if `reset` names none.
        image_size: side in pixels of each view; a view that is not named is not offered.
        render_profile: `exact` for RoboCasa's own pixels, `fast` for no multisampling and lighter
            robot meshes.
        rendering: False offers no views at all and needs no GL, for work on physics alone.
        look_every: offer views at every so many steps only, counted from the reset; the sensors of
            the steps between hold no image, and nothing is drawn for them.
        layout: take this kitchen layout instead of one drawn by the seed.
        style: take this kitchen style instead of one drawn by the seed.
        instruction: what the sensors say instead of RoboCasa's words; the scene's record and what
            counts as success stay what they are.
        render_mode: gymnasium's; `rgb_array` or None.

    Nothing is built before the first `reset` or `begin`. For gymnasium's registry:
    `gymnasium.make("leapcasa.envs.kitchen:leapcasa/Kitchen-v0", task="RinseSinkBasin")`.

    Raises:
        ConfigError: for an unknown task, split, view or profile, or an instruction without words.
        EnvironmentFault: if no GL backend renders, or the simulator cannot be imported.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        task: str,
        *,
        split: str = "pretrain",
        seed: int | None = None,
        image_size: Mapping[View, int] = DEFAULT_SIZE,
        render_profile: str = "exact",
        rendering: bool = True,
        look_every: int = 1,
        layout: int | None = None,
        style: int | None = None,
        instruction: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.task: str = known_task(task).name
        self.split: Split = _one_of("split", split, SPLITS)
        self.render_profile: RenderProfile = _one_of("render profile", render_profile, PROFILES)
        self.render_mode = _one_of("render mode", render_mode, (None, "rgb_array"))
        self.image_size = _checked_sizes(image_size) if rendering else {}
        self._first_seed = None if seed is None else _checked_seed(seed)
        self._layout, self._style = layout, style
        self._own_words = None if instruction is None else _checked_words(instruction)
        if look_every < 1:
            raise ConfigError(f"look_every is {look_every}; give 1 or more steps")
        self._look_every = look_every
        self.backend = gl.choose() if self.image_size else None
        self.assets = assets.ensure()
        import_robocasa()
        self._world: World | None = None
        self._renderer: Any = None
        self._sensors: Sensors | None = None
        self._scene: SceneRecord | None = None
        self.step_count = 0
        """Control steps since the reset."""
        self.clipped_actions = 0
        """Numbers of actions that were out of range since the reset, and were clipped."""
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)
        self.observation_space = self._make_observation_space()

    @classmethod
    def from_record(cls, record: SceneRecord, **options: Any) -> "Kitchen":
        """Build a recorded episode again, up to its first look.

        Args:
            record: the scene of that episode.
            options: as for the constructor: image sizes, render profile.

        Raises:
            EnvironmentFault: if the scene came out different, for instance on other assets.
        """
        kitchen = cls(
            record.task,
            split=record.split,
            layout=record.layout if record.layout_pinned else None,
            style=record.style if record.style_pinned else None,
            **options,
        )
        kitchen.begin(record.seed)
        if differences := record.differences(kitchen.scene):
            kitchen.close()
            raise EnvironmentFault(
                f"the recorded scene of {record.task} cannot be built again here; recorded / now: "
                + "; ".join(differences)
            )
        return kitchen

    # the loop's interface

    def begin(self, seed: int) -> Sensors:
        """Start the episode of this seed.

        Args:
            seed: 0 .. 2**32 - 1.

        Raises:
            ConfigError: for an impossible seed, or a layout or style the task does not have.
            EnvironmentFault: if RoboCasa cannot build the scene.
        """
        seed = _checked_seed(seed)
        self._end_episode()
        world = World(
            Request(
                task=self.task,
                split=self.split,
                seed=seed,
                layout=self._layout,
                style=self._style,
            )
        )
        self._world = world
        self._scene = describe(world, f"{self.assets.kind} {self.assets.version}")
        self.step_count = self.clipped_actions = 0
        if self.image_size:
            self._open_renderer(world)
        self._look()
        return self.sensors

    def advance(self, action: npt.ArrayLike) -> Sensors:
        """One control step (50 ms) with an official (12,) action.

        Raises:
            PolicyError: for an action of wrong shape or with numbers that are not finite.
            EnvironmentFault: before the first reset, or if the simulation diverges.
        """
        world = self._running()
        action, clipped = checked(action)
        self.clipped_actions += clipped
        self.step_count += 1
        try:
            world.step(action, self._look)
        except EnvironmentFault:
            self._sensors = None
            raise
        return self.sensors

    def look_again(self) -> Sensors:
        """Look without a step, after the simulation was changed by hand (`envs.posing`)."""
        self._running()
        self._look()
        return self.sensors

    @property
    def sensors(self) -> Sensors:
        """The newest look at the world."""
        self._running()
        assert self._sensors is not None
        return self._sensors

    @property
    def scene(self) -> SceneRecord:
        """What the current episode takes place in."""
        self._running()
        assert self._scene is not None
        return self._scene

    @property
    def instruction(self) -> str:
        """The task in the words that the sensors have."""
        return self._own_words or self.scene.instruction

    @property
    def time(self) -> float:
        """Simulated time, half a second of settling before the first look included [s]."""
        return self._running().time

    @property
    def placement_retries(self) -> int:
        """How many layouts of the scene were thrown away before this one was possible."""
        return self._running().attempts - 1

    @property
    def robocasa(self) -> Any:
        """RoboCasa's own environment of this episode: privileged, for `envs.referee` alone."""
        return self._running().env

    # gymnasium's interface

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; see `begin`. Without a seed, one is drawn from the last one."""
        if seed is None:
            seed, self._first_seed = self._first_seed, None
        super().reset(seed=seed, options=options)
        drawn = int(self.np_random.integers(2**31)) if seed is None else seed
        return self._arrays(self.begin(drawn)), {}

    def step(
        self, action: npt.ArrayLike
    ) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """One control step; reward is 0.0, nothing ends by itself, info is empty."""
        return self._arrays(self.advance(action)), 0.0, False, False, {}

    def render(self) -> Image | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The external views side by side, (H, W, 3) uint8 RGB; None without `render_mode`."""
        if self.render_mode is None:
            return None
        external = [self.sensors.image(view) for view in self.image_size if view != "hand"]
        shown = external or [self.sensors.image(view) for view in self.image_size]
        if len({image.shape for image in shown}) != 1:
            raise ConfigError("rgb_array needs a view, and external views of one size")
        return np.concatenate(shown, axis=1)

    def close(self) -> None:
        """Free the simulation and all GL objects."""
        self._end_episode()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    # inside

    def _running(self) -> World:
        if self._world is None:
            raise EnvironmentFault("the kitchen has no episode; call reset first")
        return self._world

    def _end_episode(self) -> None:
        renderer, self._renderer = self._renderer, None
        world, self._world = self._world, None
        self._sensors = self._scene = None
        if renderer is not None:
            renderer.close()
        if world is not None:
            world.close()

    def _open_renderer(self, world: World) -> None:
        from .decimate import lighten
        from .render import Renderer

        if self.render_profile == "fast":
            world.model.vis.quality.offsamples = 0
            lighten(world.model)
        assert self.backend is not None
        self._renderer = Renderer(world.model, self.image_size, self.backend)

    def _look(self) -> None:
        world, step = self._running(), self.step_count
        images: dict[View, Frame] = {}
        for view in self.image_size if step % self._look_every == 0 else ():
            if view == "hand":
                still = _StillCurrent(self, step)
                images[view] = self._renderer.prepare(world.data, view, still)
            else:
                images[view] = self._renderer.request(world.data, view)
        self._sensors = Sensors(
            images=images,
            proprioception=world.proprioception(),
            instruction=self.instruction,
            step=step,
        )

    def _arrays(self, sensors: Sensors) -> dict[str, Any]:
        felt = sensors.proprioception
        return {
            **{view: np.array(sensors.images[view]) for view in sensors.images},
            **{name: getattr(felt, name) for name in _STATE_SIZES},
            "instruction": sensors.instruction,
            "step": np.array(sensors.step, dtype=np.int64),
        }

    def _make_observation_space(self) -> gymnasium.spaces.Dict:
        box = gymnasium.spaces.Box
        spaces: dict[str, gymnasium.Space[Any]] = {
            view: box(0, 255, (size, size, 3), np.uint8) for view, size in self.image_size.items()
        }
        spaces |= {name: box(-np.inf, np.inf, (n,), np.float32) for name, n in _STATE_SIZES.items()}
        spaces["instruction"] = gymnasium.spaces.Text(_MOST_CHARACTERS, charset=string.printable)
        spaces["step"] = box(0, np.iinfo(np.int64).max, (), np.int64)
        return gymnasium.spaces.Dict(spaces)


class _StillCurrent:
    """Refuses to draw the eye in the hand once the world has moved on."""

    def __init__(self, kitchen: Kitchen, step: int) -> None:
        self._kitchen, self._step = weakref.ref(kitchen), step
        self._scene = kitchen.scene

    def __call__(self) -> None:
        kitchen = self._kitchen()
        if kitchen is None or kitchen._scene is not self._scene:
            raise EnvironmentFault("the hand's view was first looked at after its episode's end")
        if kitchen.step_count != self._step:
            raise EnvironmentFault(
                f"the hand's view of step {self._step} was first looked at in step "
                f"{kitchen.step_count}; it is drawn on demand only: look before the next step"
            )


def _one_of(what: str, value: Any, known: tuple[Any, ...]) -> Any:
    if value not in known:
        names = [str(name) for name in known]
        hint = nearest(str(value), names)
        raise ConfigError(f"unknown {what} {value!r}; it is one of {', '.join(names)}{hint}")
    return value


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ConfigError(f"a seed is a whole number, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed {seed} is out of range; give 0 .. {2**32 - 1}")
    return int(seed)


def _checked_words(instruction: Any) -> str:
    """One line of at most `_MOST_CHARACTERS`, as the observation space has room for."""
    words = " ".join(instruction.split()) if isinstance(instruction, str) else ""
    if not any(c.isalnum() for c in words) or len(words) > _MOST_CHARACTERS:
        raise ConfigError(
            f"the instruction {str(instruction)[:80]!r} has no words, or more than "
            f"{_MOST_CHARACTERS} characters; say what the task is"
        )
    return words


def _checked_sizes(sizes: Mapping[View, int]) -> dict[View, int]:
    for view, size in sizes.items():
        _one_of("view", view, VIEWS)
        if isinstance(size, bool) or not isinstance(size, int) or not 16 <= size <= 2048:
            raise ConfigError(f"image size of view {view!r} is {size!r}; give 16 .. 2048 pixels")
    return dict(sizes)


gymnasium.register(
    id="leapcasa/Kitchen-v0", entry_point=f"{__name__}:Kitchen", disable_env_checker=True
)
