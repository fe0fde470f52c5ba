"""Put the robot and the parts of a kitchen into any state, without a step. Privileged.

For pictures to learn from: what a robot would see there, at a fraction of the cost of getting
there by steps. Nothing of it runs in a rollout.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from . import native
from .kitchen import Kitchen
from .sensors import Sensors
from .truth import HAND_SITE, ROBOT

_ARM_JOINTS = tuple(f"robot0_joint{i}" for i in range(1, 8))
_BASE_JOINTS = tuple(f"mobilebase0_joint_mobile_{way}" for way in ("forward", "side", "yaw"))
_FINGERS = ("gripper0_right_finger_joint1", "gripper0_right_finger_joint2")
_ROUNDS, _DAMPING, _STEP_RAD = 30, 0.05, 0.3
"""Of the damped least squares that bring the hand to its place."""
_NEAR_M, _NEAR_RAD = 0.02, 0.1
DEEPEST_M = 0.006
"""So far the robot may reach into something; a grasp does by a little."""

Floats = npt.NDArray[np.floating]


class Poser:
    """Poses one episode's kitchen; every pose starts from the state the poser was made in.

    Args:
        kitchen: has begun an episode.
    """

    def __init__(self, kitchen: Kitchen) -> None:
        self._kitchen, self._mj = kitchen, native.mujoco()
        sim = kitchen.robocasa.sim
        self._model, self._data = sim.model._model, sim.data._data
        self._begun = np.array(self._data.qpos)
        fixtures = kitchen.robocasa.fixtures.values()
        self._flags = [(one, _plain(one)) for one in fixtures]
        model = self._model
        self._hand = model.site(HAND_SITE).id
        self._arm = [model.joint(name).id for name in _ARM_JOINTS]
        self._robot = robot_geoms(model)

    def restart(self) -> None:
        """Back to the state the poser was made in."""
        self._data.qpos[:] = self._begun
        self._data.qvel[:] = 0.0
        for fixture, flags in self._flags:  # a switch that was on, a lid that is opening
            vars(fixture).update(flags)
        self._place()

    def part(self, joint: str, value: float) -> None:
        """Set a joint of a fixture, or turn a loose thing where it stands upright.

        Args:
            joint: its full name (`JointTruth.name`).
            value: [rad or m].
        """
        where = self._model.joint(joint)
        address = where.qposadr[0]
        if where.type[0] != self._mj.mjtJoint.mjJNT_FREE:
            self._data.qpos[address] = value
        else:
            turned = np.zeros(4)
            self._mj.mju_axisAngle2Quat(turned, np.array([0.0, 0.0, 1.0]), value)
            self._data.qpos[address + 3 : address + 7] = turned
        self._place()

    def clock(self, share: float) -> None:
        """Set how much of the time is over that a task wants waited for; some have no such clock.

        Args:
            share: 1 or more is the end.
        """
        raw = self._kitchen.robocasa
        if hasattr(raw, "simmer_timesteps"):
            raw.task_timestep = math.ceil(share * raw.simmer_timesteps)

    def base(self, forward: float, side: float, yaw: float) -> None:
        """Move the base from where the episode put it [m, m, rad]."""
        for name, way in zip(_BASE_JOINTS, (forward, side, yaw), strict=True):
            address = self._model.joint(name).qposadr[0]
            self._data.qpos[address] = self._begun[address] + way
        self._place()

    def fingers(self, opened: float) -> None:
        """Set the fingers: 0 shut .. 1 open."""
        for name, sign in zip(_FINGERS, (1.0, -1.0), strict=True):
            joint = self._model.joint(name)
            low, high = joint.range
            self._data.qpos[joint.qposadr[0]] = sign * opened * max(abs(low), abs(high))
        self._place()

    def held(self, joint: str, place: Floats, turned: Floats) -> None:
        """Put a loose thing where the hand holds it.

        Args:
            joint: its free joint's full name.
            place: (3,) of its middle in the frame of the grip site [m].
            turned: (3, 3) its rotation there.
        """
        rot = np.asarray(self._data.site_xmat[self._hand]).reshape(3, 3)
        self.loose(joint, self._data.site_xpos[self._hand] + rot @ place, rot @ turned)

    def loose(self, joint: str, place: Floats, turned: Floats) -> None:
        """Put a loose thing somewhere.

        Args:
            joint: its free joint's full name.
            place: (3,) of its body, world [m].
            turned: (3, 3) its rotation, world.
        """
        quaternion = np.zeros(4)
        self._mj.mju_mat2Quat(quaternion, np.asarray(turned, np.float64).flatten())
        address = self._model.joint(joint).qposadr[0]
        self._data.qpos[address : address + 7] = [*place, *quaternion]
        self._place()

    def hand(self, place: Floats, turned: Floats) -> bool:
        """Bring the hand to a place by moving the arm's joints, as near as they come.

        Args:
            place: (3,) of the grip site, world [m].
            turned: (3, 3) its rotation, world.

        Returns:
            True if it is there.
        """
        model, data, mj = self._model, self._data, self._mj
        at = [int(model.jnt_qposadr[j]) for j in self._arm]
        columns = [int(model.jnt_dofadr[j]) for j in self._arm]
        low, high = model.jnt_range[self._arm].T
        jac = np.zeros((6, model.nv))
        for _ in range(_ROUNDS):
            away = self._away(place, turned)
            if np.linalg.norm(away[:3]) < _NEAR_M and np.linalg.norm(away[3:]) < _NEAR_RAD:
                return True
            mj.mj_comPos(model, data)
            mj.mj_jacSite(model, data, jac[:3], jac[3:], self._hand)
            j = jac[:, columns]
            step = j.T @ np.linalg.solve(j @ j.T + _DAMPING**2 * np.eye(6), away)
            step *= min(1.0, _STEP_RAD / max(float(np.abs(step).max()), 1e-9))
            data.qpos[at] = np.clip(data.qpos[at] + step, low + 0.02, high - 0.02)
            self._place()
        return False

    def depth(self) -> float:
        """How far the robot reaches into the kitchen or itself at most [m]; 0 if it does not."""
        self._mj.mj_forward(self._model, self._data)
        contact = self._data.contact
        ours = self._robot[np.asarray(contact.geom)]
        deep = -np.asarray(contact.dist)[ours.any(axis=1)]
        return float(max(0.0, deep.max(initial=0.0)))

    def look(self) -> Sensors:
        """What the agent would see and feel here."""
        self._mj.mj_forward(self._model, self._data)
        self._kitchen.robocasa.update_state()
        return self._kitchen.look_again()

    def _place(self) -> None:
        self._mj.mj_kinematics(self._model, self._data)

    def _away(self, place: Floats, turned: Floats) -> Floats:
        """(6,) what is missing: way [m] and rotation vector [rad]."""
        data, mj = self._data, self._mj
        quaternion, turn = np.zeros(4), np.zeros(3)
        now = np.asarray(data.site_xmat[self._hand]).reshape(3, 3)
        mj.mju_mat2Quat(quaternion, (turned @ now.T).flatten())
        mj.mju_quat2Vel(turn, quaternion, 1.0)
        return np.concatenate([place - data.site_xpos[self._hand], turn])


def robot_geoms(model: Any) -> npt.NDArray[np.bool_]:
    """(geoms,) True for what belongs to the robot.

    Args:
        model: MuJoCo's.
    """
    bodies = [model.body(int(b)).name for b in model.geom_bodyid]
    return np.array([name.startswith(ROBOT) for name in bodies])


def _plain(fixture: Any) -> dict[str, Any]:
    """What a fixture keeps for itself as flags and numbers."""
    kept = (bool, int, float, type(None), np.number)
    return {name: value for name, value in vars(fixture).items() if isinstance(value, kept)}
