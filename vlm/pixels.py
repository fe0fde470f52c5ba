"""Frames to the patch vectors the vision tower reads, as Qwen3-VL's own processor makes them.

Sizes are given, never guessed: transformers' processors pick a size from pixel budgets that change
between releases, so nothing here depends on them.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Pixels = npt.NDArray[np.uint8]


def resized(clip: Pixels, size: int) -> Pixels:
    """Frames brought to a square, bicubic with antialiasing; what fits already is not touched.

    Args:
        clip: (T, H, W, 3) uint8 RGB.
        size: side of the square [px].

    Returns:
        (T, size, size, 3) uint8.
    """
    if clip.shape[1:3] == (size, size):
        return clip
    from PIL import Image

    frames = (Image.fromarray(frame) for frame in clip)
    return np.stack([np.asarray(f.resize((size, size), Image.Resampling.BICUBIC)) for f in frames])


def patches(pairs: "torch.Tensor", vision: Any, dtype: "torch.dtype") -> "torch.Tensor":
    """Cut frame pairs into patch vectors, normalised to -1..1.

    Args:
        pairs: (N, 2, H, W, 3) uint8, H and W multiples of patch x merge size.
        vision: the vision config of the model (patch_size, spatial_merge_size).
        dtype: of the result; the arithmetic is float32.

    Returns:
        (N * H/patch * W/patch, 3 * 2 * patch * patch): rows in the order the model merges them,
        a row is channel, time, y, x. Source: Qwen3VLVideoProcessor of transformers.
    """
    side, merge = int(vision.patch_size), int(vision.spatial_merge_size)
    count, time, height, width, channels = pairs.shape
    block = side * merge
    cut = pairs.view(
        count, time, height // block, merge, side, width // block, merge, side, channels
    )
    rows = count * (height // side) * (width // side)
    # Reordered as bytes, a quarter of the memory traffic of doing it in float32.
    ordered = cut.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(rows, channels * time * side * side)
    # mean = std = 0.5 of 1, on the 0..255 scale
    return ordered.float().sub_(127.5).div_(127.5).to(dtype)
