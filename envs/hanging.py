"""Hang the wall cabinets about a sink anew, for pictures to learn from. Privileged.

In RoboCasa's pretrain layouts one sink in ten has a cabinet above it and none has one above a half;
in other kitchens most have. Whether the hand fits above a part can only be learned where it varies.
Cabinets move rigidly along the sink's wall; they come from anywhere in the kitchen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import native
from .kitchen import Kitchen
from .sensors import Sensors
from .truth import Mat3, rotation_about

KINDS = ("HingeCabinet", "SingleCabinet", "OpenCabinet", "Box")
"""RoboCasa's classes of what hangs on a wall in a row."""
LOWEST_M, DEEPEST_M, LEAST_M = 1.4, 0.45, 0.4
"""Of a wall cabinet: height of its middle above the floor, depth, and its own height."""
BEHIND_M, MIDDLE_M = 0.10, 1.85
"""Where they hang beside RoboCasa's sinks: behind the sink's middle, and above the floor."""
SPREAD_M = (0.02, 0.06)
"""How far from there they are hung: in depth and in height."""
CLEAR_M = 0.6
"""The row is hung anew so far to both sides of the sink's middle."""
UP = np.array([0.0, 0.0, 1.0])
AWAY_M = 30.0
"""Cabinets that are not needed go so far below the floor."""


@dataclass(frozen=True, kw_only=True)
class _Cabinet:
    body: int
    place: npt.NDArray[np.float64]
    """(3,) its middle, world [m]."""
    yaw: float
    width: float


class Hanger:
    """Hangs cabinets above the sink of one episode's kitchen; one of it an episode.

    Args:
        kitchen: has begun an episode.
    """

    def __init__(self, kitchen: Kitchen) -> None:
        raw = kitchen.robocasa
        self._model, self._data = raw.sim.model._model, raw.sim.data._data
        self._kitchen = kitchen
        self._sink: Any = getattr(raw, "sink", None)
        fixtures = raw.fixtures.values() if self._sink is not None else ()
        self._cabinets = [_cabinet(self._model, one) for one in fixtures if _hangs(one)]
        self._begun = np.array(self._model.body_pos), np.array(self._model.body_quat)

    @property
    def works(self) -> bool:
        """True if there is a sink, and something to hang above it."""
        return len(self._cabinets) > 0

    def rehang(self, rng: np.random.Generator) -> None:
        """Hang a row from somewhere left to somewhere right of the sink, or leave the wall bare."""
        self._model.body_pos[:], self._model.body_quat[:] = self._begun
        for one in self._cabinets:
            if self._above(one):
                self._model.body_pos[one.body, 2] -= AWAY_M
        depth, height = rng.normal(0.0, SPREAD_M)
        for begin, end in _rows(rng):
            at = begin
            for index in rng.permutation(len(self._cabinets)):
                one = self._cabinets[index]
                if at + one.width > end + 0.05:
                    continue
                self._hang(one, at + one.width / 2, depth, MIDDLE_M + height)
                at += one.width

    def look(self) -> Sensors:
        """What the agent sees of what hangs now, before it has moved."""
        native.mujoco().mj_forward(self._model, self._data)
        return self._kitchen.look_again()

    def _above(self, one: _Cabinet) -> bool:
        x, y = self._turn().T @ (one.place[:2] - np.asarray(self._sink.pos)[:2])
        return bool(abs(x) < CLEAR_M + one.width / 2 and abs(y) < 0.5)

    def _hang(self, one: _Cabinet, aside: float, depth: float, height: float) -> None:
        place = np.array([*self._sink.pos[:2], height])
        place[:2] += self._turn() @ [aside, BEHIND_M + depth]
        turned = self._sink.rot - one.yaw
        start, quat = (begun[one.body] for begun in self._begun)
        self._model.body_pos[one.body] = place + _yaw(turned) @ (start - one.place)
        mujoco, turn = native.mujoco(), np.zeros(4)
        mujoco.mju_axisAngle2Quat(turn, UP, turned)
        mujoco.mju_mulQuat(self._model.body_quat[one.body], turn, quat)

    def _turn(self) -> Mat3:
        return _yaw(float(self._sink.rot))[:2, :2]


def _rows(rng: np.random.Generator) -> list[tuple[float, float]]:
    """From where to where cabinets hang [m]: all over, at one side, at both sides, or nowhere."""
    edge = float(rng.uniform(-0.12, 0.12))
    draw = rng.random()
    if draw < 0.35:
        left = float(rng.uniform(-1.2, -0.4))
        return [(left, left + 1.8)]
    if draw < 0.50:
        return [(edge, edge + 1.1)]
    if draw < 0.65:
        return [(edge - 1.1, edge)]
    if draw < 0.80:
        return [(-1.4, -0.4 + edge), (0.4 + edge, 1.4)]
    return []


def _hangs(fixture: Any) -> bool:
    size = fixture.size
    if type(fixture).__name__ not in KINDS or size is None or fixture.pos[2] < LOWEST_M:
        return False
    return size[1] <= DEEPEST_M and size[2] >= LEAST_M


def _cabinet(model: Any, fixture: Any) -> _Cabinet:
    return _Cabinet(
        body=model.body(fixture.root_body).id,
        place=np.array(fixture.pos, float),
        yaw=float(fixture.rot),
        width=float(fixture.size[0]),
    )


def _yaw(angle: float) -> Mat3:
    return rotation_about(UP, angle)
