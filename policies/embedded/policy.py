"""The embedded policy: sensors and a subtask in words in, actions out; nothing privileged."""

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError, PolicyError
from ...envs.sensors import Sensors, View
from ..base import Actions, PolicyInfo
from . import checkpoint, geometry
from .words import buckets

VIEWS: tuple[View, ...] = ("right", "left", "hand")


class EmbeddedPolicy:
    """Looks every few steps, and leads the hand along the set points it saw in between.

    Args:
        path: a folder of `leapcasa policy train`.
        execute: steps between two looks, at most the network's chunk.
        device: `cpu` or `cuda`.
        threads: of torch on a CPU, for the whole process; None leaves them alone.

    Raises:
        ConfigError: if there is no such policy or device.
    """

    def __init__(
        self,
        path: str = "",
        execute: int = 4,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        import torch

        if not path:
            raise ConfigError(
                "policy 'embedded' wants the folder of its weights: --set policy.options.path=DIR "
                "(`leapcasa policy train` makes one)"
            )
        if device != "cpu" and not torch.cuda.is_available():
            raise ConfigError(f"policy.options.device is {device!r}, and there is no GPU; use cpu")
        if threads is not None:
            torch.set_num_threads(int(threads))
        self._path = Path(path).expanduser()
        loaded = checkpoint.load(self._path)
        self._network = loaded.network.to(device)
        self._statistics, self._device = loaded.statistics, device
        self._config = loaded.network.config
        if not 1 <= execute <= self._config.chunk:
            raise ConfigError(
                f"policy.options.execute is {execute}; give 1 .. {self._config.chunk}, the "
                "network's chunk"
            )
        self._execute = execute
        self._digest = checkpoint.digest(self._path)[:12]
        self._buckets: dict[str, npt.NDArray[np.int64]] = {}
        self._felt: deque[npt.NDArray[np.float32]] = deque(maxlen=max(geometry.HISTORY_STEPS) + 1)
        self._leading: geometry.Leading | None = None
        self._since = 0

    @property
    def info(self) -> PolicyInfo:
        """Unprivileged; looks at all three views."""
        settings = {"weights": self._digest, "execute": str(self._execute)}
        return PolicyInfo(name="embedded", privileged=False, views=VIEWS, settings=settings)

    def reset(self, instruction: str, seed: int) -> None:
        """Begin a subtask: forget where the hand has been. The policy has no randomness."""
        del seed
        self._felt.clear()
        self._leading = None
        if instruction not in self._buckets:
            self._buckets[instruction] = buckets(instruction)

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(1, 12) float32; has to be asked at every step.

        Raises:
            PolicyError: if a view is missing, or the network says what is no number.
        """
        felt = sensors.proprioception.vector()
        self._felt.append(felt)
        if self._leading is None or self._since >= self._execute:
            self._leading, self._since = self._look(sensors, instruction), 0
        action = self._leading.action(felt, self._since)
        self._since += 1
        return action[None]

    def _look(self, sensors: Sensors, instruction: str) -> geometry.Leading:
        import torch

        statistics = self._statistics
        felt = np.stack(self._felt)
        told = (geometry.features(felt)[-1] - statistics.felt_mean) / statistics.felt_std
        words = self._buckets.get(instruction)
        words = buckets(instruction) if words is None else words
        given: list[Any] = [self._pictures(sensors), told, words]
        with torch.inference_mode():
            said = self._network(*(torch.from_numpy(x)[None].to(self._device) for x in given))
        motion = said.motion[0].cpu().numpy() * statistics.motion_std + statistics.motion_mean
        if not np.isfinite(motion).all():
            raise PolicyError(f"the policy in {self._path} predicts what is no number")
        closed, driving = (x[0].cpu().numpy() > 0 for x in (said.closed, said.driving))
        return geometry.Leading(felt[-1], motion, closed, driving)

    def _pictures(self, sensors: Sensors) -> npt.NDArray[np.uint8]:
        """(3, 3, S, S) uint8."""
        missing = [view for view in VIEWS if view not in sensors.images]
        if missing:
            raise PolicyError(
                f"policy 'embedded' looks at {', '.join(VIEWS)}, and this run has no "
                f"{', '.join(missing)} view"
            )
        size = self._config.size
        return np.stack([_fitted(sensors.image(view), size) for view in VIEWS])


def _fitted(picture: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """(3, size, size); larger pictures are averaged down."""
    if picture.shape[:2] != (size, size):
        import cv2

        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        picture = np.asarray(small, np.uint8)
    return np.ascontiguousarray(picture.transpose(2, 0, 1))
