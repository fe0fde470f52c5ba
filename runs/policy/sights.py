"""What the eyes make of recorded looks beside what is true, one after the other or each alone."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch

from ...policies.embedded.checkpoint import Checkpoint
from ...policies.embedded.tracker import Tracker
from ...sight.eyes import read
from ...sight.words import buckets
from .dataset import Stretch

Missed = dict[str, npt.NDArray[np.float64]]
Chosen = Callable[[str], Checkpoint]
VIEWS = ("right", "left", "hand")
PLACED = ("part", "joint", "fixture")


def subtasks(chosen: Chosen, one: Stretch) -> Iterator[tuple[str, Missed]]:
    """The errors of each subtask of an episode.

    Args:
        chosen: the member for a subtask in words.
        one: the episode.

    Yields:
        The skill's name and, for its L looks: `right_px`, `left_px`, `hand_px` (L, POINTS) in the
        network's pictures, NaN where a point is not in them; `part_cm`, `joint_cm`, `fixture_cm`
        (L,) of the places that are kept in mind, NaN where none is; `room_cm` (L, 2) and `side`
        (L,) of the hints.
    """
    for begin, end in one.subtasks():
        seen = _Seen(chosen, one, np.arange(begin, end))
        size, near = seen.member.network.config.size, seen.member.network.config.hand_size
        px = seen.away() * np.array([size, size, near])[:, None]
        views = {f"{view}_px": px[:, number] for number, view in enumerate(VIEWS)}
        yield one.name(one.step(begin)), {**views, **seen.placed(follow=True), **seen.hints()}


def glances(chosen: Chosen, one: Stretch) -> Iterator[tuple[str, Missed]]:
    """The errors of looks that follow no other, as posed ones.

    Args:
        chosen: the member for a subtask in words.
        one: the looks of a kitchen.

    Yields:
        The skill's name and, for its L looks: `right_off`, `left_off`, `hand_off` (L,) how far off
        the part is, as a share of the picture's side, NaN where it is not in the picture; what
        `subtasks` has of places and hints, of each look alone.
    """
    for begin, end in one.subtasks():
        seen = _Seen(chosen, one, np.arange(begin, end))
        away = seen.away()[:, :, 0]
        views = {f"{view}_off": away[:, number] for number, view in enumerate(VIEWS)}
        yield one.name(one.step(begin)), {**views, **seen.placed(follow=False), **seen.hints()}


class _Seen:
    """What the eyes say at L looks of one subtask."""

    def __init__(self, chosen: Chosen, one: Stretch, looks: npt.NDArray[np.int64]) -> None:
        text = one.text(one.step(int(looks[0])))
        self.member = chosen(text)
        self._shape = self.member.shape(text)
        self._one, self._looks, self._steps = one, looks, looks * one.header.look_every
        words = torch.from_numpy(buckets(text))[None]
        with torch.inference_mode():
            sight = self.member.network.eyes(
                torch.from_numpy(one.outer[looks]),
                torch.from_numpy(one.inner[looks]),
                words.expand(len(looks), -1),
            )
            seen = [read(logits) for logits in (sight.outer, sight.hand)]
        self._said = sight.hints.numpy()
        self._places, self._unsure = (
            torch.cat([part[i] for part in seen], 1).double().numpy() for i in (0, 1)
        )

    def away(self) -> npt.NDArray[np.float64]:
        """(L, 3, POINTS) how far off places are, as a share of the picture's side."""
        return np.linalg.norm(self._places - self._one.places[self._looks], axis=-1) / 2

    def placed(self, *, follow: bool) -> Missed:
        """How far off the places in the room are; each look after the others, or alone."""
        tracker, away = Tracker(self._shape), []
        for index, step in enumerate(self._steps):
            if not follow:
                tracker = Tracker(self._shape)
            felt = self._one.raw[step]
            tracker.look(felt, self._places[index], self._unsure[index])
            away.append(tracker.points(felt) - self._one.points[step])
        missed = 100 * np.linalg.norm(np.stack(away), axis=-1)
        return {f"{name}_cm": missed[:, number] for number, name in enumerate(PLACED)}

    def hints(self) -> Missed:
        """How far off the hints are."""
        away = np.abs(self._said - self._one.hints[self._steps])
        return {"room_cm": 100 * away[:, :2], "side": away[:, 2]}
