"""The network: eyes that say where a few points are, and a control that acts on those points.

The eyes (`sight/eyes.py`) say where in each picture the points of the subtask are (part, joint,
fixture). Cameras at known places on the robot turn that into places in the frame of the base
(`tracker.py`), and the control (`control.py`) turns these, the robot's own state and the words into
a chunk of actions (as ACT does, Zhao et al. 2023, arXiv:2304.13705). Everything the control knows
of a kitchen goes through that bottleneck, so it needs no more kitchens to learn from than the
points do.

Importing this module imports torch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...sight.eyes import Eye, Words, scaled
from .control import Control
from .geometry import HINTS

OUTER = 2
"""External views, right and left; both are seen by one eye."""
GRID, THIN = 4, 24
"""Cells a side, and channels, of what hints are told of a picture."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Sizes of the network; stored beside its weights."""

    size: int = 224
    """Side of the external pictures [px]; divisible by 16."""
    hand_size: int = 112
    """Side of the hand's picture [px]; divisible by 16."""
    chunk: int = 16
    """Steps predicted at once."""
    channels: tuple[int, int, int] = (32, 64, 96)
    """Of the feature maps at a quarter, an eighth and a sixteenth of the size."""
    blocks: int = 0
    """Of attention in each eye, see `Eye`."""
    words: int = 48
    """Width of the instruction's vector."""
    width: int = 384
    """Of the control's layers."""
    depth: int = 4
    dropout: float = 0.15


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """What the eyes say of B looks."""

    outer: Tensor
    """(B, 2, POINTS, N * N + 1) logits of a point's cell in the right and left picture, row by row;
    the last is that it is not in the picture."""
    hand: Tensor
    """(B, 1, POINTS, M * M + 1) the same of the hand's picture."""
    hints: Tensor
    """(B, HINTS) see `geometry.HINTS`."""


class Hints(nn.Module):
    """Deep maps of the external pictures and the words -> `HINTS` numbers.

    A wall cabinet above a sink is a matter of where: so the maps are thinned out and not averaged.

    Args:
        channels: of a deep map.
        words: width of the words.
    """

    def __init__(self, channels: int, words: int) -> None:
        super().__init__()
        self.thin = nn.Conv2d(channels, THIN, 1)
        self.layers = nn.Sequential(
            nn.Linear(OUTER * THIN * GRID**2 + words, 64), nn.GELU(), nn.Linear(64, HINTS)
        )

    def forward(self, deep: Tensor, words: Tensor) -> Tensor:
        """(B, 2, C, N, N) and (B, W) -> (B, HINTS)."""
        maps = functional.relu(self.thin(deep.flatten(0, 1)))
        coarse = functional.adaptive_avg_pool2d(maps, GRID)
        return self.layers(torch.cat([coarse.reshape(len(deep), -1), words], 1))


class Eyes(nn.Module):
    """Pictures and words -> where the points are.

    Args:
        config: the network's sizes.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.words = Words(config.words)
        self.outer = Eye(config.channels, config.words, config.blocks)
        self.hand = Eye(config.channels, config.words, config.blocks)
        self.hints = Hints(config.channels[2], config.words)

    def forward(self, outer: Tensor, hand: Tensor, buckets: Tensor) -> Sight:
        """Look.

        Args:
            outer: (B, 2, 3, S, S) uint8 RGB: right, left.
            hand: (B, 3, H, H) uint8 RGB.
            buckets: (B, N) int64, see `words.buckets`.
        """
        batch, words = len(outer), self.words(buckets)
        doubled = words.repeat_interleave(OUTER, 0)
        places, deep = self.outer(scaled(outer.flatten(0, 1)), doubled)
        near, _ = self.hand(scaled(hand), words)
        said = self.hints(deep.unflatten(0, (batch, OUTER)), words)
        return Sight(
            outer=places.unflatten(0, (batch, OUTER)).float(),
            hand=near[:, None].float(),
            hints=said.float(),
        )


class Network(nn.Module):
    """Both parts; they are trained one after the other and share nothing.

    Args:
        config: its sizes.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.eyes = Eyes(config)
        self.words = Words(config.words)
        self.control = Control(config.words, config.width, config.depth, config.chunk,
                               config.dropout)  # fmt: skip
