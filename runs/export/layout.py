"""What the data set calls things, from the mappings of the preset `lerobot`.

A policy that is trained on the export can be served with the same mapping, so that the names and
the order it learned are those it is asked in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ...envs.sensors import View
from ...policies.mapping import ACTION_PARTS, OFFSETS, STATE_PARTS, NameMapping
from ...policies.named import named_mapping

USUAL_SIZE = 256


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Names, order and sizes."""

    name: str
    mapping: NameMapping
    size: int
    """Side of the pictures [px]."""
    lossless: bool

    @property
    def views(self) -> dict[View, int]:
        """The views that are drawn, with their sides [px]."""
        return {view: self.size for view in self.mapping.views}

    def features(self) -> dict[str, dict[str, Any]]:
        """The data set's columns as LeRobot declares them, but for those it adds itself."""
        kind = "image" if self.lossless else "video"
        shape, axes = [self.size, self.size, 3], ["height", "width", "channels"]
        found: dict[str, dict[str, Any]] = {
            key: {"dtype": kind, "shape": shape, "names": axes} for key in self.mapping.images
        }
        for key, parts in (*self.mapping.state.items(), *self.mapping.actions.items()):
            sizes = ACTION_PARTS if key in self.mapping.actions else STATE_PARTS
            names = [f"{part}_{i}" for part in parts for i in range(sizes[part])]
            found[key] = {"dtype": "float32", "shape": [len(names)], "names": names}
        found["subtask_index"] = {"dtype": "int64", "shape": [1], "names": None}
        found["next.reward"] = {"dtype": "float32", "shape": [1], "names": None}
        found["next.done"] = {"dtype": "bool", "shape": [1], "names": None}
        return found

    def columns(
        self, felt: npt.NDArray[np.float32], actions: npt.NDArray[np.float32]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """State and action under the data set's names.

        Args:
            felt: (T, 16) proprioception.
            actions: (T, 12) in the official order.
        """
        starts = _offsets(STATE_PARTS)
        found = {
            key: np.concatenate(
                [felt[:, starts[p] : starts[p] + STATE_PARTS[p]] for p in parts], axis=1
            )
            for key, parts in self.mapping.state.items()
        }
        for key, parts in self.mapping.actions.items():
            spans = [actions[:, OFFSETS[p] : OFFSETS[p] + ACTION_PARTS[p]] for p in parts]
            found[key] = np.concatenate(spans, axis=1)
        return found

    def modality(self) -> dict[str, Any]:
        """`meta/modality.json`: where each part lies, as RoboCasa's data sets tell it."""
        state = [(k, _places(parts, STATE_PARTS)) for k, parts in self.mapping.state.items()]
        action = [(k, _places(parts, ACTION_PARTS)) for k, parts in self.mapping.actions.items()]
        return {
            "state": {p: {**at, "original_key": k} for k, places in state for p, at in places},
            "action": {p: {**at, "original_key": k} for k, places in action for p, at in places},
            "video": {
                key.removeprefix("observation.images."): {"original_key": key}
                for key in self.mapping.images
            },
            "annotation": {
                "human.task_description": {"original_key": "task_index"},
                "human.subtask": {"original_key": "subtask_index"},
            },
        }


def layout(name: str, size: int | None, *, lossless: bool) -> Layout:
    """The layout of a mapping of the preset `lerobot`.

    Raises:
        ConfigError: for an unknown mapping, one that leaves parts of the action out, or a size
            that no kitchen draws.
    """
    mapping = named_mapping("lerobot", name, None)
    if mapping.fixed:
        raise ConfigError(f"mapping {name!r} leaves {', '.join(mapping.fixed)} of the action out")
    side = size or mapping.image_size or USUAL_SIZE
    if not 16 <= side <= 2048 or side % 2:
        raise ConfigError(f"--size {side} is impossible; give an even number of 16 .. 2048 pixels")
    return Layout(name=name, mapping=mapping, size=side, lossless=lossless)


def _offsets(sizes: Mapping[str, int]) -> dict[str, int]:
    places, start = {}, 0
    for part, size in sizes.items():
        places[part] = start
        start += size
    return places


def _places(parts: tuple[str, ...], sizes: Mapping[str, int]) -> list[tuple[str, dict[str, int]]]:
    starts = _offsets({part: sizes[part] for part in parts})
    return [(p, {"start": starts[p], "end": starts[p] + sizes[p]}) for p in parts]
