"""The control: where the points are, what the robot feels, and the words -> a chunk of set points.

Importing this module imports torch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .geometry import FEATURES, HINTS, MOTION, POINTS

FAR_M, NEAR_M, TOUCH_M = 0.3, 0.05, 0.015
"""Scales at which the way to the part is told: far off, close by, and while touching it."""
TOLD = 3 * (2 * POINTS + 2 + 6) + POINTS
"""Numbers the points come to, see `Control._told`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The control's answer for B moments, in normalised units; K steps a chunk."""

    motion: Tensor
    """(B, K, MOTION)."""
    closed: Tensor
    """(B, K) logit that the gripper closes."""
    driving: Tensor
    """(B, K) logit that the base drives."""


class Block(nn.Module):
    """A residual layer."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, width)."""
        return x + self.drop(self.down(functional.gelu(self.up(self.norm(x)))))


class Control(nn.Module):
    """Layers that turn points into motion.

    Args:
        words: width of the words.
        width: of the layers.
        depth: how many.
        chunk: steps predicted at once.
        dropout: in training.
    """

    def __init__(self, words: int, width: int, depth: int, chunk: int, dropout: float) -> None:
        super().__init__()
        self.chunk = chunk
        self.join = nn.Linear(TOLD + HINTS + FEATURES + words, width)
        self.blocks = nn.Sequential(*(Block(width, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.answer = nn.Linear(width, chunk * (MOTION + 2))

    def forward(
        self, points: Tensor, hints: Tensor, hand: Tensor, felt: Tensor, words: Tensor
    ) -> Prediction:
        """Predict.

        Args:
            points: (B, POINTS, 3) in the frame of the base [m]; NaN where unknown.
            hints: (B, HINTS).
            hand: (B, 12) the hand there: position [m], then its axes as columns, row by row.
            felt: (B, FEATURES) normalised.
            words: (B, words).
        """
        told = self._told(points, hand)
        x = self.join(torch.cat([told, hints.nan_to_num(), felt, words], 1))
        x = self.answer(self.norm(self.blocks(x)))
        steps = x.reshape(len(points), self.chunk, MOTION + 2).float()
        return Prediction(
            motion=steps[..., :MOTION], closed=steps[..., MOTION], driving=steps[..., MOTION + 1]
        )

    def _told(self, points: Tensor, hand: Tensor) -> Tensor:
        """(B, TOLD) the points as the hand has them before it, coarse and fine."""
        known = (~points.isnan().any(-1)).float()
        points = points.nan_to_num()
        away = (points - hand[:, None, :3]) * known[..., None]
        inside = away @ hand[:, 3:].reshape(-1, 3, 3)
        spot = away[:, 0]
        parts = [
            away.flatten(1) / FAR_M,
            inside.flatten(1) / FAR_M,
            (away[:, 1:] - away[:, :1]).flatten(1) / FAR_M,
            torch.tanh(spot / NEAR_M),
            torch.tanh(inside[:, 0] / NEAR_M),
            torch.tanh(inside[:, 1] / NEAR_M),
            torch.tanh(inside[:, 0] / TOUCH_M),
            torch.tanh((points[:, 1] - points[:, 0]) / NEAR_M),
            torch.tanh(away[:, 1] / NEAR_M),
            known,
        ]
        return torch.cat(parts, 1)
