"""Pictures for a prompt: the size the model reads them at, by explicit budgets."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..configs import ConfigError

Picture = npt.NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""


@dataclass(frozen=True, kw_only=True)
class PixelBudget:
    """How many pixels a picture may have; it is scaled to lie between, its shape nearly kept."""

    least: int = 65536
    """The published checkpoints' `shortest_edge` (64 visual tokens)."""
    most: int = 768 * 32 * 32
    """LEAP's budget: 768 visual tokens."""
    factor: int = 32
    """Both sides become multiples of it: patch size x merge size."""

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.most or self.most < self.factor**2:
            raise ConfigError(f"0 < least <= most is needed, got {self.least} and {self.most}")

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width a picture is read at [px].

        Source: smart_resize of transformers' Qwen2-VL image processor.

        Raises:
            ConfigError: for a picture 200 times as long as wide, which the model cannot read.
        """
        if min(height, width) < 1 or max(height, width) / min(height, width) > 200:
            raise ConfigError(f"a picture of {width} x {height} px cannot be read")
        step = self.factor
        tall, wide = round(height / step) * step, round(width / step) * step
        if tall * wide > self.most:
            beta = math.sqrt(height * width / self.most)
            tall = max(step, math.floor(height / beta / step) * step)
            wide = max(step, math.floor(width / beta / step) * step)
        elif tall * wide < self.least:
            beta = math.sqrt(self.least / (height * width))
            tall, wide = (math.ceil(side * beta / step) * step for side in (height, width))
        return tall, wide


def fitted(picture: Picture, budget: PixelBudget) -> Picture:
    """The picture at the size the model reads, bicubic with antialiasing.

    Raises:
        ConfigError: if it is no (H, W, 3) uint8 picture.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ConfigError(f"a picture is (H, W, 3) uint8; got {picture.shape} {picture.dtype}")
    height, width = budget.size(*picture.shape[:2])
    if picture.shape[:2] == (height, width):
        return picture
    from PIL import Image

    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized)
