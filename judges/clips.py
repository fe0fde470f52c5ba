"""Bringing a clip of any length to the number of frames a judge was trained on.

Longer clips are sampled uniformly from their first frame to their last, both included. Shorter
ones are padded as the ring buffers pad (`envs/ring.py`): the oldest frame is repeated at the
front, so that the newest frame always stays the newest. Worked example, to 4 frames:

    a b c d e f g  ->  a c e g      uniform: round(0, 2, 4, 6)
    a b c d e f    ->  a c d f      round(0, 1.67, 3.33, 5)
    a b            ->  a a a b      padded at the front

The published judge's clips are "64 sampled frames" (its model card); the rule is that of
transformers' Qwen3-VL video processor: numpy's linspace, rounded half to even.
"""

import numpy as np
import numpy.typing as npt

from ..configs import ConfigError
from .base import Clip

FRAMES = 64
"""Frames of a clip for the published judge (model card, "Reproducibility Notes")."""


def indices(total: int, frames: int = FRAMES) -> npt.NDArray[np.int64]:
    """Which frames of a clip are looked at.

    The last index is always `total - 1`: the moment that is judged is the end of the clip.

    Args:
        total: frames of the clip, at least 1.
        frames: frames wanted, at least 1.

    Returns:
        (frames,) int64 in 0..total-1: strictly rising where `total >= frames`; otherwise zeros
        followed by every index once.

    Raises:
        ConfigError: if a number is below 1.
    """
    if total < 1:
        raise ConfigError("a clip without frames cannot be judged; give at least 1 frame")
    if frames < 1:
        raise ConfigError(f"a judge looks at 1 frame or more, got frames={frames!r}")
    if frames == 1:
        return np.array([total - 1], dtype=np.int64)
    if total < frames:
        return np.maximum(np.arange(total - frames, total, dtype=np.int64), 0)
    return np.linspace(0, total - 1, frames).round().astype(np.int64)


def resample(clip: Clip, frames: int = FRAMES) -> Clip:
    """A clip of exactly `frames` frames.

    Args:
        clip: (T, H, W, 3) uint8, T >= 1.
        frames: frames wanted, at least 1.

    Returns:
        (frames, H, W, 3) uint8: `clip` itself, not a copy, where the length is right already.

    Raises:
        ConfigError: if the clip has another shape or dtype, no frame, or `frames` is below 1.
    """
    if clip.ndim != 4 or clip.shape[-1] != 3 or clip.dtype != np.uint8:
        raise ConfigError(
            f"a clip is (T, H, W, 3) uint8 RGB, got {clip.shape} {clip.dtype}; "
            "convert it before it is judged"
        )
    chosen = indices(len(clip), frames)
    return clip if len(clip) == frames else clip[chosen]
