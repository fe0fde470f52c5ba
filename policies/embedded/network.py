"""The network: pictures, words and the robot's own state in, a chunk of set points out.

Each picture goes through a small convolutional net that is modulated by the words (FiLM, Perez et
al. 2018, arXiv:1709.07871) and ends in *keypoints*: places in the picture as expected coordinates
(spatial softmax, Finn et al. 2016, arXiv:1509.06113), each with a few numbers read off there. As
the cameras ride on the robot, a place in both pictures is a place in the frame of the base, which
the layers behind it work out together with the hand's own pose. The chunk of actions is that of
ACT (Zhao et al. 2023, arXiv:2304.13705).

Importing this module imports torch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .geometry import FEATURES, MOTION
from .words import BUCKETS

EXTERNAL = ("right", "left")
SHARP = 4.0
"""How much sharper than usual the layer begins that says where keypoints are."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Sizes of the network; stored beside its weights."""

    size: int = 128
    """Side of the pictures [px]; divisible by 8."""
    chunk: int = 16
    """Steps predicted at once."""
    channels: tuple[int, int] = (32, 64)
    """Of the feature maps at a quarter and an eighth of the size."""
    keypoints: int = 24
    """Per picture."""
    values: int = 8
    """Numbers read off at each keypoint."""
    words: int = 64
    """Width of the instruction's vector."""
    width: int = 384
    """Of the layers behind the pictures."""
    depth: int = 3
    dropout: float = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The network's answer for B looks, in normalised units; K steps a chunk."""

    motion: Tensor
    """(B, K, MOTION)."""
    closed: Tensor
    """(B, K) logit that the gripper closes."""
    driving: Tensor
    """(B, K) logit that the base drives."""
    target: Tensor
    """(B, 3) the part to be worked on, in the frame of the base [m]; trained beside the rest."""
    done: Tensor
    """(B,) logit that the subtask is complete; trained beside the rest."""
    places: Tensor
    """(B, 3, N, N) logits of where the part is in each picture (right, left, hand): the first
    keypoint's own, trained beside the rest."""


class Words(nn.Module):
    """Buckets of a text -> its vector."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(BUCKETS, width, padding_idx=0)
        self.mix = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )

    def forward(self, buckets: Tensor) -> Tensor:
        """(B, N) int64 -> (B, width)."""
        count = (buckets > 0).sum(1, keepdim=True).clamp(min=1)
        return self.mix(self.table(buckets).sum(1) / count)


class Eye(nn.Module):
    """Pictures of one kind of camera -> keypoints."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        c1, c2 = config.channels
        # The first layer goes to a quarter of the size at once: wider maps cost most on a CPU.
        self.c1 = nn.Conv2d(3, c1, 8, 4, 2)
        self.n1 = nn.GroupNorm(4, c1)
        self.c2 = nn.Conv2d(c1, c1, 3, 1, 1)
        self.n2 = nn.GroupNorm(4, c1)
        self.c3 = nn.Conv2d(c1, c2, 3, 2, 1)
        self.n3 = nn.GroupNorm(4, c2)
        self.c4 = nn.Conv2d(c2, c2, 3, 1, 1)
        self.n4 = nn.GroupNorm(4, c2)
        self.c5 = nn.Conv2d(c2, c2, 3, 1, 1)
        self.n5 = nn.GroupNorm(4, c2)
        self.lateral = nn.Conv2d(c1, c2, 1)
        self.where = nn.Conv2d(c2, config.keypoints, 1)
        self.what = nn.Conv2d(c2, config.values, 1)
        self.widths = (c1, c2, c2)
        self.film = nn.Linear(config.words, 2 * sum(self.widths))
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        with torch.no_grad():  # else every keypoint begins as the middle of the picture
            self.where.weight.mul_(SHARP)

    def forward(self, pictures: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) in [-1, 1] and (B, words) -> (B, keypoints * (2 + values)), (B, N, N)."""
        scale, shift = self.film(words)[:, :, None, None].chunk(2, 1)
        s2, s3, s4 = scale.split(self.widths, 1)
        b2, b3, b4 = shift.split(self.widths, 1)
        x = functional.relu(self.n1(self.c1(pictures)))
        fine = functional.relu(self.n2(self.c2(x)) * (1 + s2) + b2)
        x = functional.relu(self.n3(self.c3(fine)) * (1 + s3) + b3)
        x = x + self.n5(self.c5(functional.relu(self.n4(self.c4(x)) * (1 + s4) + b4)))
        x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        x = functional.relu(x + self.lateral(fine))
        where = self.where(x)
        return self._read(where, self.what(x)), where[:, 0].float()

    def _read(self, logits: Tensor, values: Tensor) -> Tensor:
        batch, _, height, width = logits.shape
        share = logits.flatten(2).float().softmax(2)
        ys = torch.linspace(-1, 1, height, device=share.device)
        xs = torch.linspace(-1, 1, width, device=share.device)
        grid = torch.stack(torch.meshgrid(ys, xs, indexing="ij"), -1).reshape(-1, 2)
        # In float32, also where the layers before are not: half a pixel is a centimetre.
        with torch.autocast(share.device.type, enabled=False):
            read = share @ torch.cat([grid.expand(batch, -1, -1), values.flatten(2).mT.float()], 2)
        return read.reshape(batch, -1)


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


class Network(nn.Module):
    """The whole network.

    Args:
        config: its sizes.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.words = Words(config.words)
        self.outer, self.hand = Eye(config), Eye(config)
        self.side = nn.Parameter(torch.zeros(len(EXTERNAL), config.words))
        seen = 3 * config.keypoints * (2 + config.values)
        self.join = nn.Linear(seen + FEATURES + config.words, config.width)
        self.blocks = nn.Sequential(
            *(Block(config.width, config.dropout) for _ in range(config.depth))
        )
        self.norm = nn.LayerNorm(config.width)
        self.answer = nn.Linear(config.width, config.chunk * (MOTION + 2))
        self.truth = nn.Linear(config.width, 4)

    def forward(self, pictures: Tensor, felt: Tensor, buckets: Tensor) -> Prediction:
        """Predict.

        Args:
            pictures: (B, 3, 3, S, S) uint8: right, left, hand; RGB.
            felt: (B, FEATURES) float32, normalised.
            buckets: (B, N) int64, see `words.buckets`.
        """
        batch = len(pictures)
        words = self.words(buckets)
        dtype = torch.float32
        scaled = pictures.to(dtype).div(127.5).sub(1.0)
        outside = scaled[:, :2].flatten(0, 1).contiguous(memory_format=torch.channels_last)
        inside = scaled[:, 2].contiguous(memory_format=torch.channels_last)
        sides = (words[:, None] + self.side).flatten(0, 1)
        seen, outer_places = self.outer(outside, sides)
        near, near_place = self.hand(inside, words)
        parts = [seen.reshape(batch, -1), near, felt, words]
        x = self.join(torch.cat(parts, 1).to(dtype))
        x = self.norm(self.blocks(x))
        steps = self.answer(x).reshape(batch, self.config.chunk, MOTION + 2).float()
        truth = self.truth(x).float()
        return Prediction(
            motion=steps[..., :MOTION],
            closed=steps[..., MOTION],
            driving=steps[..., MOTION + 1],
            target=truth[:, :3],
            done=truth[:, 3],
            places=torch.cat(
                [outer_places.unflatten(0, (batch, len(EXTERNAL))), near_place[:, None]], 1
            ),
        )
