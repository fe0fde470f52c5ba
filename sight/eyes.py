"""The eyes: one picture and the words -> in which cell of the picture each point is.

A small convolutional net, modulated by the words (FiLM, Perez et al. 2018, arXiv:1709.07871), down
to a sixteenth of the picture's side and up again to a quarter. It says a distribution over the
cells and one more chance, that the point is not in the picture. Places between cells come from the
shares of neighbours, which is how training puts them (`spread`).

The convolutions together reach 68 of 224 pixels to each side. Where something about as far away
says which spot is meant (a burner that glows, which of four knobs), blocks of attention let every
cell of the deepest map know of every other.

Importing this module imports torch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import POINTS
from .words import BUCKETS

WINDOW = 2
"""Cells to each side of the likeliest one that a place is read from."""
GROUPS = 4
HEADS = 4
"""Of attention."""
FLOOR_CELLS = 0.3
"""A place is never surer than this [cells]."""


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


class Around(nn.Module):
    """A map whose cells have heard of each other (Vaswani et al. 2017, arXiv:1706.03762).

    It begins as if it were not there, so that an eye that sees already can be given it.

    Args:
        channels: of the map; divisible by 4.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            channels, HEADS, 2 * channels, 0.0, "gelu", batch_first=True, norm_first=True
        )
        for last in (self.layer.self_attn.out_proj, self.layer.linear2):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N, N) -> the same."""
        place = _waves(x.shape[1], x.shape[-1]).to(x)
        cells = x.flatten(2).transpose(1, 2)
        heard = self.layer(cells + place) - place
        return heard.transpose(1, 2).unflatten(2, x.shape[2:])


class Eye(nn.Module):
    """Pictures of one kind of camera -> logits of cells, and what they come from.

    Args:
        channels: of the maps at a quarter, an eighth and a sixteenth of the side.
        words: width of the words.
        blocks: of attention between the cells of the deepest map.
    """

    def __init__(self, channels: tuple[int, int, int], words: int, blocks: int = 0) -> None:
        super().__init__()
        a, b, c = channels
        # The first layer goes to a quarter of the size at once: wider maps cost most on a CPU.
        self.begin = nn.Conv2d(3, a, 8, 4, 2)
        self.down1, self.deep1 = nn.Conv2d(a, b, 3, 2, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.down2, self.deep2 = nn.Conv2d(b, c, 3, 2, 1), nn.Conv2d(c, c, 3, 1, 1)
        self.deep3 = nn.Conv2d(c, c, 3, 1, 1)
        self.up1, self.wide1 = nn.Conv2d(c, b, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.up2, self.wide2 = nn.Conv2d(b, a, 1), nn.Conv2d(a, a, 3, 1, 1)
        sizes = (a, b, b, c, c, c, b, a)
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, size) for size in sizes)
        self.widths = (a, b, c)
        self.film = nn.Linear(words, 2 * sum(self.widths))
        self.around = nn.Sequential(*(Around(c) for _ in range(blocks)))
        self.where = nn.Conv2d(a, POINTS, 1)
        self.absent = nn.Linear(c, POINTS)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, pictures: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """Look.

        Args:
            pictures: (B, 3, S, S) in [-1, 1].
            words: (B, W).

        Returns:
            (B, POINTS, (S / 4)^2 + 1) logits, see `cells`; (B, C, S / 16, S / 16) the deep map.
        """
        fine, deep = self.maps(pictures, words)
        return self.cells(fine, deep), deep

    def cells(self, fine: Tensor, deep: Tensor) -> Tensor:
        """Logits of a point's cells, row by row, and of its absence."""
        absent = self.absent(deep.mean((2, 3)))[:, :, None]
        return torch.cat([self.where(fine).flatten(2), absent], 2)

    def maps(self, pictures: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures and words as in `forward` -> the finest and the deepest map."""
        scale, shift = self.film(words)[:, :, None, None].chunk(2, 1)
        scales, shifts = scale.split(self.widths, 1), shift.split(self.widths, 1)

        def told(x: Tensor, level: int) -> Tensor:
            return functional.relu(x * (1 + scales[level]) + shifts[level])

        n = self.norms
        fine = told(n[0](self.begin(pictures)), 0)
        x = told(n[1](self.down1(fine)), 1)
        middle = functional.relu(x + n[2](self.deep1(x)))
        x = told(n[3](self.down2(middle)), 2)
        x = self.around(x + n[5](self.deep3(functional.relu(n[4](self.deep2(x))))))
        deep = functional.relu(x)
        x = functional.relu(self.up1(_twice(x)) + middle)
        x = functional.relu(x + n[6](self.wide1(x)))
        x = functional.relu(self.up2(_twice(x)) + fine)
        return functional.relu(x + n[7](self.wide2(x))), deep


def spread(places: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Where the share of a place goes: to the four cells around it, so that their mean is it.

    Args:
        places: (.., 2) x to the right and y down, the picture's edges at -1 and 1; NaN outside.
        cells: N, cells a side.

    Returns:
        (.., 4) int64 cells, all of them N * N (not in the picture) for NaN; (.., 4) their shares.
    """
    outside = places.isnan().any(-1, keepdim=True)
    at = ((places.nan_to_num() + 1) / 2 * cells - 0.5).clamp(0, cells - 1)
    low = at.floor().clamp(max=cells - 2)
    share = at - low
    x, y = low.long().unbind(-1)
    sx, sy = share.unbind(-1)
    index = torch.stack([y * cells + x, y * cells + x + 1, (y + 1) * cells + x,
                         (y + 1) * cells + x + 1], -1)  # fmt: skip
    shares = torch.stack([(1 - sy) * (1 - sx), (1 - sy) * sx, sy * (1 - sx), sy * sx], -1)
    return torch.where(outside, cells * cells, index), torch.where(outside, 0.25, shares)


def read(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Where points are, read around the likeliest cell, and how unsure that is.

    Args:
        logits: (.., N * N + 1).

    Returns:
        (.., 2) places as in `spread`; (..) standard deviations in the same units, large where the
        point may be elsewhere or out of the picture.
    """
    cells = round((logits.shape[-1] - 1) ** 0.5)
    share = logits.float().softmax(-1)[..., :-1]
    best = share.argmax(-1)
    steps = torch.arange(cells, device=logits.device)
    rows, columns = steps.repeat_interleave(cells), steps.repeat(cells)
    near = ((rows - (best // cells)[..., None]).abs() <= WINDOW) & (
        (columns - (best % cells)[..., None]).abs() <= WINDOW
    )
    share = share * near
    mass = share.sum(-1).clamp(min=1e-6)
    middle = torch.stack([columns, rows], -1).float() + 0.5
    mean = share @ middle / mass[..., None]
    away = (middle - mean[..., None, :]).square().sum(-1) / 2
    variance = (share * away).sum(-1) / mass + FLOOR_CELLS**2
    return mean / cells * 2 - 1, variance.sqrt() / mass.square() / cells * 2


def scaled(pictures: Tensor) -> Tensor:
    """uint8 RGB -> [-1, 1], as eyes want it."""
    unit = pictures.to(torch.float32).div(127.5).sub(1.0)
    return unit.contiguous(memory_format=torch.channels_last)


def _waves(channels: int, cells: int) -> Tensor:
    """(N * N, channels) sines of row and column, row by row: where each cell is."""
    rate = (torch.pi * cells) ** -torch.linspace(0, 1, channels // 4) * torch.pi
    angle = torch.arange(cells)[:, None] * rate
    waves = torch.cat([angle.sin(), angle.cos()], 1)
    both = [waves.repeat_interleave(cells, 0), waves.repeat(cells, 1)]
    return torch.cat(both, 1)


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
