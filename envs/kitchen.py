"""A RoboCasa365 kitchen as sensors in, actions out.

`Kitchen` is a gymnasium environment: `reset` and `step` return plain arrays. The loop uses `begin`
and `advance`, which do the same and return `Sensors` whose frames are still being drawn while
physics goes on. Reward is always 0, `info` always empty: truth about the world is in
`envs.referee`, for those who may have it.

An observation shows the state at the end of the control step. RoboCasa's own wrapper samples its
images at the first of the 25 physics substeps of a step, so ours are newer by up to 48 ms.
"""

import atexit
import contextlib
import random
import string
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import gymnasium
import numpy as np
import numpy.typing as npt

from ..configs import ConfigError, EnvironmentFault, PolicyError, nearest
from . import assets, gl
from .actions import ControllerMap, checked
from .quiet import import_robocasa, quiet
from .sensors import ACTION_SIZE, VIEWS, Frame, Image, Proprioception, Sensors, View
from .tasks import task as known_task
from .yaml_cache import cached_yaml

Split = Literal["pretrain", "target"]
SPLITS: tuple[Split, ...] = ("pretrain", "target")
RenderProfile = Literal["exact", "fast"]
PROFILES: tuple[RenderProfile, ...] = ("exact", "fast")

DEFAULT_SIZE: Mapping[View, int] = {"right": 224, "left": 224, "hand": 224}
"""The judge's views are 224 x 224 pixels (its model card)."""

_STATES: tuple[tuple[str, str, int], ...] = (
    ("gripper_qpos", "robot0_gripper_qpos", 2),
    ("base_position", "robot0_base_pos", 3),
    ("base_rotation", "robot0_base_quat", 4),
    ("end_effector_position", "robot0_base_to_eef_pos", 3),
    ("end_effector_rotation", "robot0_base_to_eef_quat", 4),
)
"""Field of `Proprioception`, robosuite's observable, size."""


@dataclass(frozen=True, kw_only=True)
class SceneRecord:
    """What an episode takes place in; with task, split and seed it can be built again."""

    task: str
    split: str
    seed: int
    layout: int
    style: int
    instruction: str
    objects: Mapping[str, str] = field(default_factory=dict)
    """Name in the scene -> category and instance of the object model."""
    fixtures: Mapping[str, str] = field(default_factory=dict)
    """Role in the task -> name of the fixture."""


class Kitchen(gymnasium.Env[dict[str, Any], npt.NDArray[np.float32]]):
    """One RoboCasa365 task with the PandaOmron robot.

    Args:
        task: a RoboCasa365 task, for instance `RinseSinkBasin`.
        split: `pretrain` (2500 scenes) or `target` (10 other scenes and objects).
        seed: of the first episode, if `reset` names none.
        image_size: side in pixels of each view; a view that is not named is not offered.
        render_profile: `exact` for RoboCasa's own pixels, `fast` for no multisampling and lighter
            robot meshes.
        rendering: False offers no views at all, for work on physics alone.

    Raises:
        ConfigError: for an unknown task, split, view or profile.
        EnvironmentFault: if no GL backend renders.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        task: str,
        *,
        split: Split = "pretrain",
        seed: int | None = None,
        image_size: Mapping[View, int] = DEFAULT_SIZE,
        render_profile: RenderProfile = "exact",
        rendering: bool = True,
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.task, self.split = known_task(task).name, _one_of("split", split, SPLITS)
        self.render_profile = _one_of("render profile", render_profile, PROFILES)
        self.render_mode = render_mode
        self.image_size = _checked_sizes(image_size) if rendering else {}
        self.backend = gl.choose() if rendering else None
        self.assets = assets.ensure()
        import_robocasa()
        self._first_seed = seed
        self._robocasa: Any = None
        self._renderer: Any = None
        self._observables: list[Any] = []
        self._sensors: Sensors | None = None
        self._scene: SceneRecord | None = None
        self.step_count = 0
        """Control steps since the reset."""
        self.clipped_actions = 0
        """Numbers of actions that were out of range since the reset."""
        self.placement_retries = 0
        """How often the last reset had to lay out the scene anew."""
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)
        self.observation_space = self._make_observation_space()
        _open_kitchens.add(self)

    # the loop's interface ----------------------------------------------------------------------

    def begin(self, seed: int) -> Sensors:
        """Start the episode of this seed: same task, split and seed, same episode.

        Args:
            seed: 0 .. 2**32 - 1.

        Raises:
            ConfigError: for an impossible seed.
            EnvironmentFault: if RoboCasa cannot build the scene.
        """
        if not 0 <= seed < 2**32:
            raise ConfigError(f"seed {seed} is out of range; give 0 .. 2**32 - 1")
        self._close_renderer()
        self._build(seed)
        self.step_count = self.clipped_actions = 0
        self._map = ControllerMap(self._robocasa.robots[0])
        self._observables = [self._robocasa._observables[name] for _, name, _ in _STATES]
        self._scene = self._describe(seed)
        if self.image_size:
            self._open_renderer()
        return self._look()

    def advance(self, action: npt.ArrayLike) -> Sensors:
        """One control step (50 ms) with an official (12,) action.

        Raises:
            PolicyError: for an action of wrong shape or with numbers that are not finite.
            EnvironmentFault: before the first reset, or if the simulation diverges.
        """
        if self._sensors is None:
            raise EnvironmentFault("the kitchen has no episode yet; call reset first")
        action, clipped = checked(action)
        self.clipped_actions += clipped
        self._robocasa.step(self._map.vector(action))
        self.step_count += 1
        self._check_physics()
        return self._look()

    @property
    def sensors(self) -> Sensors:
        """The newest look at the world."""
        if self._sensors is None:
            raise EnvironmentFault("the kitchen has no episode yet; call reset first")
        return self._sensors

    @property
    def scene(self) -> SceneRecord:
        """What the current episode takes place in."""
        if self._scene is None:
            raise EnvironmentFault("the kitchen has no episode yet; call reset first")
        return self._scene

    @property
    def robocasa(self) -> Any:
        """RoboCasa's own environment: privileged, for `envs.referee` and benchmarks alone."""
        return self._robocasa

    # gymnasium's interface ---------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; see `begin`. Without a seed, a new one is drawn."""
        if seed is None and self._first_seed is not None:
            seed = self._first_seed
        self._first_seed = None
        super().reset(seed=seed, options=options)
        drawn = int(self.np_random.integers(2**31)) if seed is None else seed
        return self._arrays(self.begin(drawn)), {}

    def step(
        self, action: npt.ArrayLike
    ) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """One control step; reward is 0.0, nothing ends by itself, info is empty."""
        return self._arrays(self.advance(action)), 0.0, False, False, {}

    def render(self) -> Image:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The right and left views side by side, (H, 2 W, 3) uint8 RGB."""
        shown = [np.asarray(self.sensors.images[v]) for v in ("right", "left") if v in VIEWS]
        return np.concatenate(shown, axis=1)

    def close(self) -> None:
        """Free the simulation and all GL objects."""
        self._close_renderer()
        if self._robocasa is not None:
            self._robocasa.close()
            self._robocasa = None
        self._sensors = self._scene = None
        _open_kitchens.discard(self)

    # inside ------------------------------------------------------------------------------------

    def _build(self, seed: int) -> None:
        try:
            with quiet(), cached_yaml(), _global_seed(seed):
                if self._robocasa is None:
                    self._robocasa = _make_robocasa(self.task, self.split)
                elif self._robocasa.sim is not None:
                    self._robocasa._destroy_sim()  # robosuite forgets to, and its memory grows
                self.placement_retries = _reset_counting_retries(self._robocasa, seed)
        except Exception as error:
            raise EnvironmentFault(
                f"RoboCasa could not build {self.task} ({self.split}, seed {seed}): "
                f"{type(error).__name__}: {error}; try another seed, or `leapcasa doctor`"
            ) from error
        for observable in self._robocasa._observables.values():
            observable.set_enabled(False)  # nobody reads them; `_look` asks the sensors directly

    def _open_renderer(self) -> None:
        from .decimate import lighten
        from .render import Renderer

        model = self._robocasa.sim.model._model
        if self.render_profile == "fast":
            model.vis.quality.offsamples = 0
            lighten(model)
        self._renderer = Renderer(model, {v: (s, s) for v, s in self.image_size.items()})

    def _close_renderer(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _look(self) -> Sensors:
        images: dict[View, Frame] = {}
        for view in self.image_size:
            if view == "hand":
                images[view] = _HandFrame(self, self.step_count)
            else:
                images[view] = self._renderer.request(self._robocasa.sim.data._data, view)
        cache: dict[str, Any] = {}
        state = {
            name: np.asarray(observable._sensor(cache), dtype=np.float32)
            for (name, _, _), observable in zip(_STATES, self._observables, strict=True)
        }
        self._sensors = Sensors(
            images=images,
            proprioception=Proprioception(**state),
            instruction=self.scene.instruction,
            step=self.step_count,
        )
        return self._sensors

    def _check_physics(self) -> None:
        import mujoco

        data = self._robocasa.sim.data._data
        for kind in ("BADQPOS", "BADQVEL", "BADQACC"):
            if data.warning[getattr(mujoco.mjtWarning, f"mjWARN_{kind}")].number:
                raise EnvironmentFault(
                    f"the simulation of {self.task} (seed {self.scene.seed}) diverged "
                    f"at step {self.step_count} ({kind}); its result cannot be used"
                )

    def _describe(self, seed: int) -> SceneRecord:
        env = self._robocasa
        meta = env.get_ep_meta()
        return SceneRecord(
            task=self.task,
            split=self.split,
            seed=seed,
            layout=int(env.layout_id),
            style=int(env.style_id),
            instruction=str(meta.get("lang", "")),
            objects={cfg["name"]: _object_name(cfg) for cfg in env.object_cfgs},
            fixtures={str(role): str(f) for role, f in meta.get("fixture_refs", {}).items()},
        )

    def _arrays(self, sensors: Sensors) -> dict[str, Any]:
        state = {name: getattr(sensors.proprioception, name) for name, _, _ in _STATES}
        images = {view: sensors.image(view) for view in sensors.images}
        step = np.array(sensors.step, dtype=np.int64)
        return {**images, **state, "instruction": sensors.instruction, "step": step}

    def _make_observation_space(self) -> gymnasium.spaces.Dict:
        box = gymnasium.spaces.Box
        spaces: dict[str, gymnasium.Space[Any]] = {
            view: box(0, 255, (size, size, 3), np.uint8) for view, size in self.image_size.items()
        }
        spaces |= {name: box(-np.inf, np.inf, (size,), np.float32) for name, _, size in _STATES}
        spaces["instruction"] = gymnasium.spaces.Text(1000, charset=string.printable)
        spaces["step"] = box(0, np.iinfo(np.int64).max, (), np.int64)
        return gymnasium.spaces.Dict(spaces)


class _HandFrame:
    """The eye in the hand, drawn when somebody looks, which must be before the next step."""

    def __init__(self, kitchen: Kitchen, step: int) -> None:
        self._kitchen, self._step = kitchen, step
        self._pixels: Frame | None = None
        side = kitchen.image_size["hand"]
        self.shape: tuple[int, ...] = (side, side, 3)

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        if self._pixels is None:
            now = self._kitchen.step_count
            if now != self._step or self._kitchen._renderer is None:
                raise PolicyError(
                    f"the hand's view of step {self._step} was first asked for at step {now}; "
                    "it is drawn only on demand: look at it before the next step"
                )
            data = self._kitchen.robocasa.sim.data._data
            self._pixels = self._kitchen._renderer.request(data, "hand")
        return np.asarray(self._pixels, dtype=dtype)


def _make_robocasa(task: str, split: str) -> Any:
    """RoboCasa's environment by its own factory, without its renderers and camera sensors."""
    from robocasa.utils.env_utils import create_env

    env = create_env(env_name=task, split=split, camera_names=[], camera_widths=[], camera_heights=[])
    return env


def _reset_counting_retries(env: Any, seed: int) -> int:
    """Reset with a fresh generator; says how many scene layouts were thrown away."""
    env.rng = np.random.default_rng(seed)
    attempts = 0
    load = env._setup_model

    def counted() -> Any:
        nonlocal attempts
        attempts += 1
        return load()

    env._setup_model = counted
    try:
        env.reset()
    finally:
        del env._setup_model
    return attempts - 1


@contextlib.contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """RoboCasa draws a few things from the global generators; they are put back afterwards."""
    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


def _object_name(config: Mapping[str, Any]) -> str:
    """Category and instance of one entry of RoboCasa's `object_cfgs`."""
    path = str(config.get("info", {}).get("mjcf_path", ""))
    return "/".join(path.split("/")[-4:-1])


def _one_of(what: str, value: Any, known: tuple[Any, ...]) -> Any:
    if value not in known:
        hint = nearest(str(value), known)
        raise ConfigError(f"unknown {what} {value!r}; it is one of {', '.join(known)}{hint}")
    return value


def _checked_sizes(sizes: Mapping[View, int]) -> dict[View, int]:
    for view, size in sizes.items():
        _one_of("view", view, VIEWS)
        if not 16 <= size <= 2048:
            raise ConfigError(f"image size of view {view!r} is {size}; give 16 .. 2048 pixels")
    return dict(sizes)


_open_kitchens: "weakref.WeakSet[Kitchen]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """GL objects have to go before the GL libraries do."""
    for kitchen in list(_open_kitchens):
        kitchen.close()
