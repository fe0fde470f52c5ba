"""The embedded policy with its eyes shut: it is told where the points are, not quite exactly.

A learner that needs no pictures, so the control can be corrected at half the cost. The
points are moved about as they are in the control's training. Privileged.
"""

import numpy as np
import numpy.typing as npt

from ...envs.referee import Referee
from ...envs.sensors import Sensors
from ...policies.base import Actions, PolicyInfo
from ...policies.embedded import EmbeddedPolicy
from ...policies.embedded.geometry import POINTS
from .augment import FAR_SHARE, NEAR_M, SPREAD, WORST
from .keypoints import Points

Floats = npt.NDArray[np.float64]


class ToldPolicy(EmbeddedPolicy):
    """The control of a policy, told the points.

    Args:
        path: a folder of `leapcasa policy train`.
        referee: of the kitchen it works in.
        rng: draws how far off it is told they are, anew for each attempt.
        astray: standard deviation of what they are further off, all alike, in each direction [m]:
            so it just misses what it should hit, and just hits it.
    """

    def __init__(
        self, path: str, referee: Referee, rng: np.random.Generator, astray: float = 0.0
    ) -> None:
        self._truth, self._rng, self._astray = Points(referee), rng, astray
        self._off, self._beside = np.zeros((POINTS, 3)), np.zeros(3)
        super().__init__(path=path)

    @property
    def info(self) -> PolicyInfo:
        """Privileged."""
        return PolicyInfo(name="told", privileged=True)

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(1, 12) float32; wants no views."""
        if instruction != self._text:
            self._begin(instruction)
        if self._looks == 0:
            self._truth.begin(instruction)
            common, each = self._rng.normal(size=(1, 3)), self._rng.normal(size=(POINTS, 3))
            self._off = SPREAD * min(WORST, np.exp(self._rng.normal())) * (common + each)
            self._beside = self._rng.normal(size=3) * self._astray if self._astray else np.zeros(3)
            self._hints = np.nan_to_num(self._truth.hints)
            self._looks = 1
        return self._moved(sensors.proprioception.vector())

    def _points(self, felt: npt.NDArray[np.float32]) -> Floats:
        """(POINTS, 3), off by a share of their distance from the hand."""
        true = self._truth.now(felt[9:12]).astype(np.float64)
        far = np.linalg.norm(true - felt[9:12], axis=1, keepdims=True)
        return true + (NEAR_M + FAR_SHARE * far) * self._off + self._beside
