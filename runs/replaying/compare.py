"""Where a rerun parts from its record: each quantity look by look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...envs.physics import digest
from ...envs.sensors import View
from .recorded import Recorded
from .rerun import Seen

FELT = (
    ("gripper_qpos", 2, "m"),
    ("base_position", 3, "m"),
    ("base_rotation", 4, "of a quaternion"),
    ("end_effector_position", 3, "m"),
    ("end_effector_rotation", 4, "of a quaternion"),
)
"""Parts of the proprioception vector, with sizes and units."""
ORDER = ("state", "proprioception", "success", "frames right", "frames left")
"""Quantities; of those that part at the same look, the first is told."""


@dataclass(kw_only=True)
class Track:
    """How one quantity goes over the episode."""

    quantity: str
    looks: int = 0
    """Looks that were compared."""
    same: int = 0
    first: int | None = None
    """Step of the first look that differs."""
    what: str = ""
    """What differs there, and how far."""
    by: float | None = None
    """How far, in the unit that `what` names; None if there is no measure."""
    most: float | None = None
    """The largest such difference of the episode."""
    most_step: int | None = None

    def take(self, step: int, same: bool, tell: Callable[[], tuple[str, float | None]]) -> None:
        """Count one look; `tell` says what differs and how far."""
        self.looks += 1
        if same:
            self.same += 1
            return
        what, by = tell()
        if self.first is None:
            self.first, self.what, self.by = step, what, by
        if by is not None and (self.most is None or by > self.most):
            self.most, self.most_step = by, step


class Comparison:
    """Takes looks of a rerun, keeps what differs from the record.

    Args:
        recorded: the record.
        joint: gives the name of the joint at a place of `Physics.joints`.
        pictures: whether the rerun draws what was recorded.
    """

    def __init__(
        self, recorded: Recorded, joint: Callable[[int], str], *, pictures: bool = True
    ) -> None:
        self._recorded, self._joint = recorded, joint
        self._views: tuple[View, ...] = tuple(recorded.frames) if pictures else ()
        names = [name for name in ORDER if not name.startswith("frames")]
        names += [f"frames {view}" for view in self._views]
        self.tracks = {name: Track(quantity=name) for name in names}

    def take(self, seen: Seen) -> dict[str, bool]:
        """Compare one look; which quantities are the same, of those that the record has here."""
        step, recorded = seen.sensors.step, self._recorded
        said: dict[str, bool] = {}
        if step in recorded.states:
            said["state"] = recorded.states[step] == seen.physics.digest
        if step < len(recorded.felt):
            felt = seen.sensors.proprioception.vector()
            said["proprioception"] = bool(np.array_equal(felt, recorded.felt[step]))
        if step in recorded.success:
            said["success"] = recorded.success[step] == seen.success
        for view in self._views:
            known = recorded.frames[view].get(step)
            if known is not None:
                said[f"frames {view}"] = known == digest(seen.sensors.image(view))
        for name, same in said.items():
            self.tracks[name].take(step, same, lambda name=name: self._tell(name, seen))
        return said

    @property
    def parted(self) -> Track | None:
        """What parts first; None if nothing does."""
        apart = [track for track in self.tracks.values() if track.first is not None]
        return min(apart, key=lambda t: (t.first, ORDER.index(t.quantity)), default=None)

    def _tell(self, name: str, seen: Seen) -> tuple[str, float | None]:
        step = seen.sensors.step
        if name == "state":
            return self._tell_state(step, seen)
        if name == "proprioception":
            return _tell_felt(self._recorded.felt[step], seen.sensors.proprioception.vector())
        if name == "success":
            words = "met" if self._recorded.success[step] else "not met"
            return f"RoboCasa's criterion was {words} in the record, and is not so now", None
        return "the pixels differ", None

    def _tell_state(self, step: int, seen: Seen) -> tuple[str, float | None]:
        known, now = self._recorded.joints.get(step), seen.physics.joints
        if known is None or known.shape != now.shape:
            return "the scene has other joints", None
        apart = np.abs(known.astype(np.float64) - now)
        index = int(apart.argmax())
        if not apart[index]:
            return "velocities or forces, or positions by less than float32 tells", 0.0
        return f"joint {self._joint(index)} is off by {apart[index]:.3g}", float(apart[index])


def _tell_felt(known: np.ndarray, now: np.ndarray) -> tuple[str, float]:
    apart = np.abs(known.astype(np.float64) - now)
    for turn in (slice(5, 9), slice(12, 16)):  # q and -q are the same rotation
        other = np.abs(known[turn].astype(np.float64) + now[turn])
        if other.max() < apart[turn].max():
            apart[turn] = other
    index = int(apart.argmax())
    start = 0
    for part, size, unit in FELT:
        if index < start + size:
            return f"{part}[{index - start}] is off by {apart[index]:.3g} {unit}", float(
                apart[index]
            )
        start += size
    raise ValueError(f"proprioception has {len(apart)} numbers")


def plain(track: Track) -> dict[str, Any]:
    """A track for JSON."""
    return {
        "quantity": track.quantity,
        "looks": track.looks,
        "same": track.same,
        "first_step": track.first,
        "what": track.what,
        "by": track.by,
        "most": track.most,
        "most_step": track.most_step,
    }
