"""The network: an eye that finds the points of the subtask, and a verdict on what is there.

The eye is the policy's (`sight/eyes.py`) and stays as it is. Of every look and view it gives where
the points are, how sure that is, and what the picture's finest map holds at these places; with how
much the picture has changed since the look before, that is all the verdict is made of. So it needs
no more kitchens to learn from than the eye does.

Importing this module imports torch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...sight import POINTS
from ...sight.eyes import Eye, Words, read, scaled

VIEWS = 2
"""Right and left, seen by one eye."""
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
        """Numbers of one look, of both views."""
        return VIEWS * (POINTS * (self.channels[0] + 3) + 1)


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
            pictures: (B, 2, 3, S, S) uint8 RGB: right, left.
            buckets: (B, N) int64, see `words.buckets`.

        Returns:
            (B, 2, POINTS * (channels + 3)) float32 per view.
        """
        batch = len(pictures)
        words = self.words(buckets).repeat_interleave(VIEWS, 0)
        maps, pooled = self.eye.maps(scaled(pictures.flatten(0, 1)), words)
        places, unsure = read(self.eye.cells(maps, pooled))
        there = functional.grid_sample(maps.float(), places[:, None], align_corners=False)
        parts = [there[:, :, 0].flatten(1), places.flatten(1), unsure.log()]
        return torch.cat(parts, 1).unflatten(0, (batch, VIEWS))


class Verdicts(nn.Module):
    """Looks of a clip and words -> how likely the subtask is complete at its end.

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
            nn.Linear(config.seen + config.words, width), nn.GELU(),
            nn.Dropout(config.dropout), nn.Linear(width, width), nn.GELU(),
        )  # fmt: skip
        self.all = nn.Sequential(
            nn.Linear(4 * width, width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(width, 1)
        )

    def forward(self, seen: Tensor, words: Tensor) -> Tensor:
        """Judge.

        Args:
            seen: (B, looks, seen) in time order, see `gathered`.
            words: (B, W).

        Returns:
            (B,) logits; positive for complete.
        """
        told = words[:, None].expand(-1, seen.shape[1], -1)
        x = self.each(torch.cat([(seen - self.mean) / self.std, told], 2))
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


def gathered(looks: Tensor, changes: Tensor) -> Tensor:
    """The numbers of looks as `Verdicts` wants them.

    Args:
        looks: (.., 2, N) of `Look`.
        changes: (.., 2) mean absolute change since the look before [grey levels].

    Returns:
        (.., seen) float32.
    """
    both = torch.cat([looks, changes.log1p()[..., None]], -1)
    return both.flatten(-2)
