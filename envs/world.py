"""RoboCasa's own environment behind a kitchen: built repeatably, sampled when RoboCasa samples.

Privileged: holds the raw environment. Only `envs.kitchen`, `envs.referee` and benchmarks touch it.

What is switched off changes no state: RoboCasa's renderers and camera sensors (the kitchen draws
itself) and its 40 and more observables, which nobody reads. RoboCasa's wrapper samples images and
proprioception in the last of the 25 physics substeps of a control step, before fixtures update what
they show (water, flames); `World.step` calls back at that very moment.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..configs import ConfigError, EnvironmentFault
from . import native
from .actions import ControllerMap
from .determinism import repeatable
from .sensors import Proprioception
from .yaml_cache import cached_yaml

_DIVERGED = ("BADQPOS", "BADQVEL", "BADQACC", "BADCTRL")
_EXHAUSTED = ("INERTIA", "CONTACTFULL", "CNSTRFULL")
"""MuJoCo's warnings after which a state is not physics any more."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which episode is wanted."""

    task: str
    split: str
    seed: int
    layout: int | None = None
    """None: drawn by the seed from the split's layouts."""
    style: int | None = None


class World:
    """One episode's simulation, from the first state on.

    Args:
        request: what to build.

    Raises:
        ConfigError: if the task cannot take place in the layout or style asked for.
        EnvironmentFault: if RoboCasa cannot build the scene.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._on_sample: Callable[[], None] | None = None
        self._substep = 0
        self.attempts = 0
        """Scenes laid out until one was possible; 1 if the first was."""
        # A new environment for every episode: nothing of an earlier one can linger. It costs 1 ms,
        # the scene itself is built by `reset`.
        self.env: Any = _switched_off(request)
        try:
            with repeatable(request.seed), cached_yaml(), _no_second_compile():
                self._reset()
        except Exception as error:
            self.close()
            raise EnvironmentFault(
                f"RoboCasa could not build {request.task} ({request.split}, seed {request.seed}): "
                f"{type(error).__name__}: {error}; try another seed, or `leapcasa doctor`"
            ) from error
        self._substeps = int(self.env.control_timestep / self.env.model_timestep)
        self._controls = ControllerMap(self.env.robots[0])
        self._robot = _RobotSense(self.env)
        self.env._update_observables = self._count_substep
        self._check()

    @property
    def model(self) -> Any:
        """The `mujoco.MjModel`."""
        return self.env.sim.model._model

    @property
    def data(self) -> Any:
        """The `mujoco.MjData`."""
        return self.env.sim.data._data

    @property
    def time(self) -> float:
        """Simulated time, the settling before the first look included [s]."""
        return float(self.data.time)

    def step(self, action: np.ndarray, on_sample: Callable[[], None]) -> None:
        """One control step.

        Args:
            action: (12,) float32 within [-1, 1], the official order.
            on_sample: called once, when RoboCasa's wrapper would look.

        Raises:
            EnvironmentFault: if the simulation diverges.
        """
        self._on_sample, self._substep = on_sample, 0
        self.env.step(self._controls.vector(action))
        self._check()

    def proprioception(self) -> Proprioception:
        """What the robot feels now."""
        return self._robot.read()

    def close(self) -> None:
        """Free the simulation.

        robosuite leaves models of 100 MB and more to the garbage collector, or runs a whole
        collection for them; here they go at once.
        """
        env, self.env = self.env, None
        if env is not None and env.sim is not None:
            sim, env.sim = env.sim, None
            for part in ("_render_context_offscreen", "data", "model"):
                vars(sim).pop(part, None)

    def _reset(self) -> None:
        env, lay_out = self.env, self.env._setup_model

        def counted() -> None:
            self.attempts += 1
            lay_out()

        env._setup_model = counted
        try:
            env.reset()
        finally:
            del env._setup_model

    def _count_substep(self, force: bool = False) -> None:
        """Takes the place of updating observables, which robosuite does in every substep."""
        self._substep += 1
        if self._substep == self._substeps and self._on_sample is not None:
            self._on_sample()

    def _check(self) -> None:
        mujoco = native.mujoco()

        counts = {
            kind: int(self.data.warning[getattr(mujoco.mjtWarning, f"mjWARN_{kind}")].number)
            for kind in (*_DIVERGED, *_EXHAUSTED)
        }
        raised = [kind for kind, number in counts.items() if number]
        if raised or not np.isfinite(self.data.qpos).all():
            request = self.request
            raise EnvironmentFault(
                f"the simulation of {request.task} ({request.split}, seed {request.seed}) broke "
                f"down after {self.time:.2f} s ({', '.join(raised) or 'NaN'}); the episode "
                "cannot be used, a different seed may"
            )


@contextlib.contextmanager
def _no_second_compile() -> Iterator[None]:
    """Leaves out robosuite's compilation of the robot on its own.

    Its result, `RobotModel.mujoco_model`, serves whole-body inverse kinematics only, which the
    PandaOmron does not use; the scene is compiled with the robot in it afterwards.
    """
    model: Any = importlib.import_module("robosuite.models.robots.robot_model").RobotModel
    compile_alone = model.set_mujoco_model
    model.set_mujoco_model = lambda robot, mujoco_model=None: None
    try:
        yield
    finally:
        model.set_mujoco_model = compile_alone


def _switched_off(request: Request) -> Any:
    """RoboCasa's environment from its own factory, before its first reset."""
    env_utils: Any = importlib.import_module("robocasa.utils.env_utils")
    env = env_utils.create_env(
        env_name=request.task,
        split=request.split,
        seed=request.seed,
        camera_names=[],
        camera_widths=[],
        camera_heights=[],
    )
    env.has_offscreen_renderer = env.use_camera_obs = False
    env.renderer = "mujoco"  # with no renderer of either kind: this one makes no viewer
    env._setup_observables = dict
    scenes = [
        (layout, style)
        for layout, style in env.layout_and_style_ids
        if request.layout in (None, layout) and request.style in (None, style)
    ]
    if not scenes:
        raise ConfigError(
            f"{request.task} ({request.split}) does not take place in layout {request.layout}, "
            f"style {request.style}; it has {len(env.layout_and_style_ids)} scenes, among them "
            f"{env.layout_and_style_ids[0]} (layout, style)"
        )
    if len(scenes) < len(env.layout_and_style_ids):
        env.layout_and_style_ids = scenes
    return env


class _RobotSense:
    """Reads the robot's own sensors as RoboCasa's wrapper reports them.

    The same numbers as the observables `robot0_gripper_qpos`, `_base_pos`, `_base_quat`,
    `_base_to_eef_pos` and `_base_to_eef_quat`: the hand's position is that of the grip site, its
    rotation that of the hand's body.
    """

    def __init__(self, env: Any) -> None:
        robot, self._sim = env.robots[0], env.sim
        self._fingers = list(robot._ref_gripper_joint_pos_indexes["right"])
        self._base = self._sim.model.site_name2id(robot.robot_model.base.correct_naming("center"))
        self._grip = robot.eef_site_id["right"]
        self._hand = self._sim.model.body_name2id(robot.robot_model.eef_name["right"])

    def read(self) -> Proprioception:
        import robosuite.utils.transform_utils as transform

        data = self._sim.data
        base, hand = np.eye(4), np.eye(4)
        base[:3, :3] = data.site_xmat[self._base].reshape(3, 3)
        base[:3, 3] = data.site_xpos[self._base]
        hand[:3, :3] = transform.quat2mat(
            transform.convert_quat(data.body_xquat[self._hand], to="xyzw")
        )
        hand[:3, 3] = data.site_xpos[self._grip]
        relative = np.linalg.inv(base) @ hand
        return Proprioception(
            gripper_qpos=data.qpos[self._fingers].astype(np.float32),
            base_position=base[:3, 3].astype(np.float32),
            base_rotation=transform.mat2quat(base[:3, :3]).astype(np.float32),
            end_effector_position=relative[:3, 3].astype(np.float32),
            end_effector_rotation=transform.mat2quat(relative[:3, :3]).astype(np.float32),
        )
