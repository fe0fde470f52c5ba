"""A judge of pixels that ships: small, unprivileged, for the skills it was trained on."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from ...configs import ConfigError, JudgeError
from ...envs.sensors import View
from ...sight.words import buckets
from ..base import COMPLETE, NOT_COMPLETE, Clip, JudgeInfo, Verdict
from . import checkpoint

VIEWS: tuple[View, ...] = ("right", "left")
SHIPPED = Path(__file__).parent / "weights"
"""The judge that is part of this project; its README is the model card."""
THIN = 4
"""Every so many pixels of so many rows tell how much a picture has changed."""
KEPT = 256
"""Looks that are remembered, so that those of the clip before are not looked at again."""


class SightJudge:
    """Finds the points of the subtask in every fourth frame of both views and judges by them.

    A verdict follows from clips and words alone. Scores are negative log likelihoods.

    Args:
        path: a folder of `leapcasa judge train --recipe sight`; without one, the weights that ship.
        device: `cpu` or `cuda`.

    Raises:
        ConfigError: if there is no such judge or device.
    """

    def __init__(self, path: str = "", device: str = "cpu") -> None:
        import torch

        if device != "cpu" and not torch.cuda.is_available():
            raise ConfigError(f"judge.options.device is {device!r}, and there is no GPU; use cpu")
        self._path = Path(path).expanduser() if path else SHIPPED
        self._network = checkpoint.load(self._path).to(device)
        self._config, self._device = self._network.config, device
        self._seen: OrderedDict[tuple[int, str], Any] = OrderedDict()

    @property
    def info(self) -> JudgeInfo:
        """Looks at both external views."""
        return JudgeInfo(name="sight", privileged=False, views=VIEWS, frames=self._config.frames)

    def reset(self, instruction: str) -> None:
        """Nothing to forget: what is remembered of a picture is true of it anywhere."""
        del instruction

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Judge the end of the clips.

        Raises:
            JudgeError: if a view is missing, clips are too short, or no number comes out.
        """
        import torch

        from .network import gathered

        begun = time.perf_counter()
        pictures = self._pictures(clips)
        words = torch.from_numpy(buckets(instruction))[None].to(self._device)
        with torch.inference_mode():
            looks = self._looks(pictures, instruction, words)
            changes = torch.from_numpy(changed(pictures)).to(self._device)
            told = self._network.look.words(words)
            logit = self._network.verdicts(gathered(looks, changes)[None], told)[0]
            scores = torch.nn.functional.softplus(torch.stack([-logit, logit])).tolist()
        if not np.isfinite(scores).all():
            raise JudgeError(f"the judge in {self._path} says what is no number")
        return Verdict(
            label=COMPLETE if scores[0] < scores[1] else NOT_COMPLETE,
            scores={COMPLETE: scores[0], NOT_COMPLETE: scores[1]},
            milliseconds=1e3 * (time.perf_counter() - begun),
        )

    def _pictures(self, clips: Mapping[View, Clip]) -> npt.NDArray[np.uint8]:
        """(looks, 2, S, S, 3) in time order."""
        import cv2

        stride, size = self._config.stride, self._config.size
        both = []
        for view in VIEWS:
            clip = clips.get(view)
            if clip is None or len(clip) < self._config.frames:
                got = "none" if clip is None else f"{len(clip)} frames"
                raise JudgeError(
                    f"judge 'sight' wants {self._config.frames} frames of the {view} view, "
                    f"got {got}"
                )
            frames = clip[-self._config.frames :][stride - 1 :: stride]
            if frames.shape[1:3] != (size, size):
                small = [cv2.resize(f, (size, size), interpolation=cv2.INTER_AREA) for f in frames]
                frames = np.stack(small)
            both.append(frames)
        return np.stack(both, 1)

    def _looks(self, pictures: npt.NDArray[np.uint8], text: str, words: Any) -> Any:
        """(looks, 2, N): remembered, or looked at now."""
        import torch

        keys = [
            (xxhash.xxh3_64_intdigest(np.ascontiguousarray(one).data), text) for one in pictures
        ]
        new = [i for i in {k: i for i, k in enumerate(keys)}.values() if keys[i] not in self._seen]
        if new:
            chosen = torch.from_numpy(np.ascontiguousarray(pictures[new].transpose(0, 1, 4, 2, 3)))
            made = self._network.look(chosen.to(self._device), words.expand(len(new), -1))
            self._seen.update({keys[i]: one for i, one in zip(new, made, strict=True)})
        found = torch.stack([self._seen[key] for key in keys])
        for key in dict.fromkeys(keys):
            self._seen.move_to_end(key)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return found


def changed(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """How much pictures differ from the ones before them.

    Args:
        pictures: (T, V, S, S, 3) uint8.

    Returns:
        (T, V) float32 mean absolute difference [grey levels]; 0 for the first.
    """
    thin = pictures[:, :, ::THIN, ::THIN].astype(np.int16)
    away = np.abs(np.diff(thin, axis=0)).mean((2, 3, 4))
    return np.concatenate([np.zeros_like(away[:1]), away]).astype(np.float32)
