"""What the eyes make of recorded looks beside what is true, one after the other or each alone."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch

from ...policies.embedded.network import Network, Sight
from ...policies.embedded.tracker import Tracker
from ...sight.eyes import read
from ...sight.words import buckets
from .dataset import Stretch

Missed = dict[str, npt.NDArray[np.float64]]


def subtasks(chosen: Callable[[str], Network], one: Stretch) -> Iterator[tuple[str, Missed]]:
    """The errors of each subtask of an episode.

    Args:
        chosen: the network for a subtask in words.
        one: the episode.

    Yields:
        The skill's name and, for its L looks: `right_px`, `left_px`, `hand_px` (L, POINTS) in the
        network's pictures, NaN where a point is not in them; `part_cm`, `joint_cm`, `fixture_cm`
        (L,) of the places that are kept in mind; `room_cm` (L, 2) and `side` (L,) of the hints.
    """
    for begin, end in one.subtasks():
        network = chosen(one.text(one.step(begin)))
        yield one.name(one.step(begin)), _missed(network, one, np.arange(begin, end))


def glances(chosen: Callable[[str], Network], one: Stretch) -> Iterator[tuple[str, Missed]]:
    """The errors of looks that follow no other, as posed ones.

    Args:
        chosen: the network for a subtask in words.
        one: the looks of a kitchen.

    Yields:
        The skill's name and, for its L looks: `right_off`, `left_off`, `hand_off` (L,) how far off
        the part is, as a share of the picture's side, NaN where it is not in the picture;
        `room_cm` (L, 2) and `side` (L,) as in `subtasks`.
    """
    for begin, end in one.subtasks():
        network, looks = chosen(one.text(one.step(begin))), np.arange(begin, end)
        sight, places, _ = _seen(network, one, looks)
        away = np.linalg.norm(places - one.places[looks], axis=-1)[:, :, 0] / 2
        names = ("right_off", "left_off", "hand_off")
        yield (
            one.name(one.step(begin)),
            {
                **{name: away[:, index] for index, name in enumerate(names)},
                **_hints(sight, one, looks),
            },
        )


def _missed(network: Network, one: Stretch, looks: npt.NDArray[np.int64]) -> Missed:
    sight, places, unsure = _seen(network, one, looks)
    steps = looks * one.header.look_every
    tracker, away = Tracker(), []
    for index, step in enumerate(steps):
        tracker.look(one.raw[step], places[index], unsure[index])
        away.append(tracker.points(one.raw[step]) - one.points[step])
    missed = 100 * np.linalg.norm(np.stack(away), axis=-1)
    half = np.array([network.config.size, network.config.size, network.config.hand_size]) / 2
    px = np.linalg.norm(places - one.places[looks], axis=-1) * half[:, None]
    names = ("part_cm", "joint_cm", "fixture_cm")
    return {
        **{f"{view}_px": px[:, index] for index, view in enumerate(("right", "left", "hand"))},
        **{name: missed[:, index] for index, name in enumerate(names)},
        **_hints(sight, one, looks),
    }


def _seen(
    network: Network, one: Stretch, looks: npt.NDArray[np.int64]
) -> tuple[Sight, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What the eyes say; (L, 3, POINTS, 2) places and (L, 3, POINTS) how unsure they are."""
    words = torch.from_numpy(buckets(one.text(one.step(int(looks[0])))))[None]
    with torch.inference_mode():
        sight = network.eyes(
            torch.from_numpy(one.outer[looks]),
            torch.from_numpy(one.inner[looks]),
            words.expand(len(looks), -1),
        )
        seen = [read(logits) for logits in (sight.outer, sight.hand)]
    places, unsure = (torch.cat([part[i] for part in seen], 1).double().numpy() for i in (0, 1))
    return sight, places, unsure


def _hints(sight: Sight, one: Stretch, looks: npt.NDArray[np.int64]) -> Missed:
    away = np.abs(sight.hints.numpy() - one.hints[looks * one.header.look_every])
    return {"room_cm": 100 * away[:, :2], "side": away[:, 2]}
