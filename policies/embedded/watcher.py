"""What a subtask has beside its network: a rule for where the hand or the base gets nowhere."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from .clasp import Clasp
from .geometry import Floats
from .manner import Manner
from .recovery import Recovery
from .regrip import Regrip
from .slide import Slide


class Watcher(Protocol):
    """Watches one subtask, from its beginning on."""

    @property
    def anew(self) -> bool:
        """True while what was seen so far is to be forgotten."""
        ...

    def instead(self, felt: Floats, action: Floats, points: Floats) -> npt.NDArray[np.float32]:
        """What to do instead of an action; mostly that itself.

        Args:
            felt: (16,) proprioception.
            action: (12,) official action.
            points: (3, 3) of the subtask, in the frame of the base [m]; NaN if unknown.

        Returns:
            (12,) float32.
        """
        ...


def watcher_of(manner: Manner) -> Watcher | None:
    """A new one for a subtask of this manner; None if its network is left alone."""
    if manner.recovers:
        return Recovery()
    if manner.turns:
        return Regrip()
    if manner.slides:
        return Slide()
    return Clasp() if manner.leads else None
