"""The state of the simulation as numbers, to tell whether two runs are the same. Privileged.

Only `runs` uses it, and nothing of it is given to an agent: it stands in a file of its own beside
the record, and `leapcasa replay` compares with it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from . import native
from .kitchen import Kitchen


@dataclass(frozen=True, kw_only=True, eq=False)
class Physics:
    """One state."""

    digest: int
    """XXH3, 64 bit, of everything that MuJoCo computes the next state from (`mjSTATE_INTEGRATION`:
    time, positions, velocities, activations, controls, applied forces, warm start)."""
    joints: npt.NDArray[np.float32]
    """(nq,) positions of all joints [m, rad, or parts of a quaternion], rounded to float32."""


def physics(kitchen: Kitchen) -> Physics:
    """The state as it is now.

    Args:
        kitchen: has begun an episode.
    """
    mujoco = native.mujoco()
    simulation = kitchen.robocasa.sim
    model, data = simulation.model._model, simulation.data._data
    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    state = np.empty(mujoco.mj_stateSize(model, kind))
    mujoco.mj_getState(model, data, state, kind)
    return Physics(digest=digest(state), joints=data.qpos.astype(np.float32))


def digest(array: npt.NDArray[np.generic]) -> int:
    """XXH3 of an array's bytes, 0 .. 2**64 - 1."""
    return xxhash.xxh3_64_intdigest(np.ascontiguousarray(array).data)


def joint_at(kitchen: Kitchen, index: int) -> str:
    """The name of the joint that a place in `Physics.joints` belongs to."""
    model = kitchen.robocasa.sim.model._model
    starts = np.asarray(model.jnt_qposadr)
    joint = int(np.searchsorted(starts, index, side="right")) - 1
    return str(model.joint(joint).name)
