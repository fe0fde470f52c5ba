"""The network: an eye that finds the points of the subtask, and a verdict on what is there.

The eye is the policy's (`sight/eyes.py`) and stays as it is. Of every picture it gives where the
points are, how sure that is, and what the picture's finest map holds at these places; with how much
the picture has changed since the look before, that is all the verdict is made of. So it needs no
more kitchens to learn from than the eye does. Each view is judged by itself; the model card's rule
joins them (`judges/nll.py`), and training makes that rule's result right.

Importing this module imports torch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...sight import POINTS
from ...sight.eyes import Eye, Words, read, scaled

RECENT = 4
"""Newest looks whose mean counts beside the newest alone."""


@dataclass(frozen=True, kw_only=True)
class JudgeConfig:
    """Sizes of the network, and how it looks at a clip; stored beside its weights."""

    size: int = 224
    """Side of the pictures [px]; divisible by 16."""
    channels: tuple[int, int, int] = (32, 64, 96)
    """Of the eye, see `Eye`."""
    words: int = 48
    """Width of the instruction's vector."""
    width: int = 128
    dropout: float = 0.2
    looks: int = 16
    """Looks of a clip."""
    stride: int = 4
    """Frames from one look to the next: the newest, the fourth before it, ..."""

    @property
    def frames(self) -> int:
        """Length of a clip."""
        return self.looks * self.stride

    @property
    def seen(self) -> int:
        """Numbers of one picture, its change left out."""
        return POINTS * (self.channels[0] + 3)


class Look(nn.Module):
    """Words and eye: what there is to see of one look.

    Args:
        config: the network's sizes.
    """

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.words = Words(config.words)
        self.eye = Eye(config.channels, config.words)

    def forward(self, pictures: Tensor, buckets: Tensor) -> Tensor:
        """Look.

        Args:
            pictures: (B, 3, S, S) uint8 RGB.
            buckets: (B, N) int64, see `words.buckets`.

        Returns:
            (B, seen) float32.
        """
        fine, deep = self.eye.maps(scaled(pictures), self.words(buckets))
        places, unsure = read(self.eye.cells(fine, deep))
        there = functional.grid_sample(fine.float(), places[:, None], align_corners=False)
        return torch.cat([there[:, :, 0].flatten(1), places.flatten(1), unsure.log()], 1)


class Verdicts(nn.Module):
    """Looks of one view's clip and words -> how likely the subtask is complete at its end.

    Args:
        config: the network's sizes.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        width = config.width
        self.register_buffer("mean", torch.zeros(config.seen))
        self.register_buffer("std", torch.ones(config.seen))
        self.each = nn.Sequential(
            nn.Linear(config.seen + 2 + config.words, width), nn.GELU(),
            nn.Dropout(config.dropout), nn.Linear(width, width), nn.GELU(),
        )  # fmt: skip
        self.all = nn.Sequential(
            nn.Linear(4 * width, width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(width, 1)
        )

    def forward(self, seen: Tensor, changes: Tensor, words: Tensor, left: Tensor) -> Tensor:
        """Judge.

        Args:
            seen: (B, looks, seen) of `Look`, in time order.
            changes: (B, looks) since the look before [grey levels], see `judge.changed`.
            words: (B, W).
            left: (B,) float32, 1 for the left view and 0 for the right one.

        Returns:
            (B,) logits; positive for complete.
        """
        looks = seen.shape[1]
        told = [words[:, None].expand(-1, looks, -1), left[:, None, None].expand(-1, looks, 1)]
        shown = [(seen - self.mean) / self.std, changes.log1p()[..., None]]
        x = self.each(torch.cat([*shown, *told], 2))
        kept = [x[:, -1], x[:, -RECENT:].mean(1), x.amax(1), x[:, 0]]
        return self.all(torch.cat(kept, 1))[:, 0]


class Network(nn.Module):
    """Both parts.

    Args:
        config: its sizes.
    """

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.config = config
        self.look = Look(config)
        self.verdicts = Verdicts(config)
