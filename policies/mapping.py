"""What a policy server calls things: the observation and action mapping, as data.

Servers agree on neither names nor order. A mapping says, for each key of a request, which view or
which parts of proprioception go there, and for each key of an answer, which parts of the official
action it holds, in order:

    images: {observation/image: left, observation/wrist_image: hand}
    image_size: 224
    state: {observation/state: [end_effector_position, end_effector_rotation, gripper_qpos]}
    prompt: prompt
    actions: {actions: [end_effector_position, end_effector_rotation, gripper_close]}
    fixed: {base_motion: 0.0, control_mode: 0.0}

Every part of the official action has to come from somewhere: from the answer, or from `fixed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..configs import ConfigError, InfrastructureError, PolicyError, nearest
from ..envs.sensors import ACTION_SIZE, VIEWS, Image, Sensors, View
from .base import Actions

STATE_PARTS: Mapping[str, int] = {
    "gripper_qpos": 2,
    "base_position": 3,
    "base_rotation": 4,
    "end_effector_position": 3,
    "end_effector_rotation": 4,
}
"""Fields of `envs.sensors.Proprioception`, with their sizes; rotations are quaternions xyzw."""

ACTION_PARTS: Mapping[str, int] = {
    "end_effector_position": 3,
    "end_effector_rotation": 3,
    "gripper_close": 1,
    "base_motion": 4,
    "control_mode": 1,
}
"""The official 12-number action in its official order, with sizes."""

OFFSETS: Mapping[str, int] = {
    name: sum(list(ACTION_PARTS.values())[:index]) for index, name in enumerate(ACTION_PARTS)
}
"""Where each part of the official action begins."""


@dataclass(frozen=True, kw_only=True)
class NameMapping:
    """Which of our things go by which of a server's names."""

    images: Mapping[str, View]
    """Key of the request -> view; (size, size, 3) uint8 RGB."""
    state: Mapping[str, tuple[str, ...]]
    """Key of the request -> parts of `STATE_PARTS` in order; float32."""
    prompt: str
    """Key of the request that holds the subtask in words."""
    actions: Mapping[str, tuple[str, ...]]
    """Key of the answer -> parts of `ACTION_PARTS` in order."""
    image_size: int | None = None
    """Side in pixels [px]; bilinear, padded to a square. None: as the kitchen draws them."""
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Parts of the action that the server does not give, with the value each number gets."""

    @property
    def views(self) -> tuple[View, ...]:
        """The views that are sent."""
        return tuple(view for view in VIEWS if view in self.images.values())

    def width(self, key: str) -> int:
        """How many numbers an action has under one key of the answer."""
        return sum(ACTION_PARTS[part] for part in self.actions[key])

    def state_width(self, key: str) -> int:
        """How many numbers one key of the request's state has."""
        return sum(STATE_PARTS[part] for part in self.state[key])

    def described(self) -> dict[str, str]:
        """The mapping as text, for the record."""
        told = {
            key: f"{view} view, {self.image_size or 'kitchen'} px"
            for key, view in self.images.items()
        }
        told |= {key: " + ".join(parts) for key, parts in self.state.items()}
        told |= {self.prompt: "the subtask in words"}
        told |= {f"answer {key}": " + ".join(parts) for key, parts in self.actions.items()}
        return told | {f"fixed {part}": str(value) for part, value in self.fixed.items()}

    def request(self, sensors: Sensors, instruction: str) -> dict[str, Any]:
        """One observation under the server's names.

        Args:
            sensors: the newest look at the world.
            instruction: the subtask in words.

        Returns:
            Key -> (H, W, 3) uint8 image, (n,) float32 state, or text.

        Raises:
            PolicyError: if this run does not carry a view that is wanted.
        """
        told: dict[str, Any] = {}
        for key, view in self.images.items():
            if view not in sensors.images:
                raise PolicyError(
                    f"the server wants the {view} view as {key!r}, and this run does not carry it; "
                    f"it carries {', '.join(sensors.images)}"
                )
            told[key] = resized(sensors.image(view), self.image_size)
        for key, parts in self.state.items():
            values = [getattr(sensors.proprioception, part) for part in parts]
            told[key] = np.concatenate(values).astype(np.float32, copy=False)
        told[self.prompt] = instruction
        return told

    def chunk(self, answer: Mapping[str, Any], server: str) -> Actions:
        """The official actions in a server's answer.

        Args:
            answer: its keys with (horizon, width) arrays; a leading batch axis of 1 is accepted,
                and a missing last axis where the width is 1.
            server: its address, for messages.

        Returns:
            (horizon, 12) float32.

        Raises:
            InfrastructureError: for a missing key, a wrong shape, or a number that is not finite.
        """
        found: dict[str, npt.NDArray[np.float32]] = {}
        for key, parts in self.actions.items():
            values = _values(answer, key, self.width(key), server)
            start = 0
            for part in parts:
                found[part] = values[:, start : start + ACTION_PARTS[part]]
                start += ACTION_PARTS[part]
        horizons = {len(values) for values in found.values()}
        if len(horizons) != 1:
            raise InfrastructureError(
                f"{server} answered with chunks of different lengths: {sorted(horizons)} actions"
            )
        chunk = np.empty((horizons.pop(), ACTION_SIZE), np.float32)
        for part, offset in OFFSETS.items():
            columns = slice(offset, offset + ACTION_PARTS[part])
            chunk[:, columns] = found[part] if part in found else self.fixed[part]
        return chunk


def _values(
    answer: Mapping[str, Any], key: str, width: int, server: str
) -> npt.NDArray[np.float32]:
    """(horizon, width) of one key, checked."""
    if key not in answer:
        names = ", ".join(map(str, list(answer)[:12])) or "nothing"
        raise InfrastructureError(
            f"{server} answered without {key!r}; it sent {names}. "
            "Another mapping may fit: policy.options.mapping"
        )
    try:
        given = np.asarray(answer[key])
        with np.errstate(over="ignore"):  # what overflows is found to be infinite below
            values = given.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise InfrastructureError(f"{server} sent {key!r} that is no numbers: {error}") from error
    shape = values.shape
    row = width == 1 and values.ndim == 2 and shape[1] != 1  # (1, horizon): the width is left out
    if shape[:1] == (1,) and (values.ndim == 3 or row):
        values = values[0]
    if width == 1 and values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != width or not len(values):
        raise InfrastructureError(
            f"{server} sent {key!r} of shape {shape}; (horizon >= 1, {width}) is wanted. "
            "Another mapping may fit: policy.options.mapping"
        )
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = bad[0]
        raise InfrastructureError(f"{server} sent {key}[{row}, {column}] = {values[row, column]}")
    return values


def resized(image: Image, size: int | None) -> Image:
    """A square picture of `size` pixels: bilinear, keeping the proportions, padded with black.

    The same pixels as the openpi project's own clients send.
    """
    height, width = image.shape[:2]
    if size is None or (height, width) == (size, size):
        return np.ascontiguousarray(image)
    from PIL import Image as Pillow

    scale = max(width / size, height / size)
    inner = (int(width / scale), int(height / scale))
    small = Pillow.fromarray(np.ascontiguousarray(image)).resize(inner, Pillow.Resampling.BILINEAR)
    canvas = np.zeros((size, size, 3), np.uint8)
    left, top = max(0, (size - inner[0]) // 2), max(0, (size - inner[1]) // 2)
    canvas[top : top + inner[1], left : left + inner[0]] = np.asarray(small)
    return canvas


def parsed(data: Any, where: str) -> NameMapping:
    """A mapping from plain data (YAML).

    Args:
        data: as in the module's docstring.
        where: what it is called, for messages.

    Raises:
        ConfigError: for an unknown key, view or part, a part given twice or not at all.
    """
    known = tuple(NameMapping.__dataclass_fields__)
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where} must hold {', '.join(known)}; got {data!r:.80}")
    for key in data:
        if key not in known:
            raise ConfigError(f"{where} has an unknown entry {key!r}{nearest(str(key), known)}")
    images = _named(data.get("images") or {}, f"{where}: images")
    for key, view in images.items():
        if view not in VIEWS:
            raise ConfigError(f"{where}: images.{key} is {view!r}; it is one of {', '.join(VIEWS)}")
    prompt, size = data.get("prompt"), data.get("image_size")
    if not isinstance(prompt, str) or not prompt:
        raise ConfigError(f"{where}: prompt must name the key of the instruction, got {prompt!r}")
    if size is not None and not (type(size) is int and 8 <= size <= 2048):
        raise ConfigError(f"{where}: image_size is {size!r}; it must lie in 8 .. 2048 px, or null")
    actions = _lists(data.get("actions") or {}, ACTION_PARTS, f"{where}: actions")
    fixed = _fixed(data.get("fixed") or {}, f"{where}: fixed")
    _check_complete([part for parts in actions.values() for part in parts], fixed, where)
    state = _lists(data.get("state") or {}, STATE_PARTS, f"{where}: state")
    keys = [*images, *state, prompt]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ConfigError(f"{where}: {', '.join(twice)} of the request is given twice")
    return NameMapping(
        images=cast(Mapping[str, View], images),
        state=state,
        prompt=prompt,
        actions=actions,
        image_size=size,
        fixed=fixed,
    )


def _named(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise ConfigError(f"{where} must be a mapping of the server's keys, got {data!r:.80}")
    return dict(data)


def _lists(data: Any, known: Mapping[str, int], where: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, parts in _named(data, where).items():
        listed = [parts] if isinstance(parts, str) else parts
        if not isinstance(listed, Sequence) or not listed:
            raise ConfigError(f"{where}.{key} must list its parts in order, got {parts!r}")
        for part in listed:
            if part not in known:
                raise ConfigError(
                    f"{where}.{key} has an unknown part {part!r}{nearest(str(part), known)}; "
                    f"there are {', '.join(known)}"
                )
        found[key] = tuple(listed)
    return found


def _fixed(data: Any, where: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part, value in _named(data, where).items():
        if part not in ACTION_PARTS:
            raise ConfigError(f"{where} has an unknown part {part!r}{nearest(part, ACTION_PARTS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
            raise ConfigError(f"{where}.{part} is {value!r}; it must lie in -1 .. 1")
        found[part] = float(value)
    return found


def _check_complete(given: Sequence[str], fixed: Mapping[str, float], where: str) -> None:
    every = [*given, *fixed]
    twice = sorted({part for part in every if every.count(part) > 1})
    if twice:
        raise ConfigError(f"{where}: {', '.join(twice)} of the action is given twice")
    missing = [part for part in ACTION_PARTS if part not in every]
    if missing:
        raise ConfigError(
            f"{where}: nothing gives {', '.join(missing)} of the action; name the key under "
            "`actions`, or a value under `fixed`"
        )
