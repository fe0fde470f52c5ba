"""The network: an eye that finds the points of the subtask, and a verdict on what is there.

The eye begins as the policy's (`sight/eyes.py`) and goes on learning with what it is for here. Of
every picture it gives where the points are, how sure that is, what the picture's finest map holds
at these places, and how the part stands by what is around them (`State`); with how much the picture
has changed since the look before, that is all the verdict is made of. So it needs no more kitchens
to learn from than the eye does. Each view is judged by itself; the model card's rule joins them
(`judges/nll.py`), and training makes that rule's result right.

Importing this module imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, repeat

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...sight import POINTS
from ...sight.eyes import Eye, Words, read, scaled
from .calibration import Calibrations

RECENT = 4
"""Newest looks whose mean counts beside the newest alone."""
CELLS, THIN = 5, 12
"""Cells a side of the finest map around a point, and channels that are looked at of them."""
PIXELS, STROKE, STROKES = 20, 4, 16
"""Pixels a side around a point, looked at in squares of so many a side, by so many kinds."""


@dataclass(frozen=True, kw_only=True)
class JudgeConfig:
    """Sizes of the network, and how it looks at a clip; stored beside its weights."""

    size: int = 224
    """Side of the pictures [px]; divisible by 16."""
    channels: tuple[int, int, int] = (32, 64, 96)
    """Of the eye, see `Eye`."""
    blocks: int = 0
    """Of attention in the eye."""
    words: int = 48
    """Width of the instruction's vector."""
    width: int = 128
    dropout: float = 0.2
    state: int = 24
    """Numbers that say how the part stands."""
    looks: int = 16
    """Looks of a clip."""
    stride: int = 4
    """Frames from one look to the next: the newest, the fourth before it, ..."""
    heads: int = 1
    """Verdicts, each learned by itself; their mean logit counts, which is nearer the truth than any
    one's (deep ensembles, Lakshminarayanan et al. 2017)."""

    @property
    def frames(self) -> int:
        """Length of a clip."""
        return self.looks * self.stride

    @property
    def seen(self) -> int:
        """Numbers of one picture, its change left out."""
        return POINTS * (self.channels[0] + 3) + self.state + 1


class State(nn.Module):
    """What a picture holds around the points -> how the part stands.

    Args:
        config: the network's sizes.
    """

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.thin = nn.Conv2d(config.channels[0], THIN, 1)
        self.strokes = nn.Conv2d(3, STROKES, STROKE, STROKE)
        around = THIN * CELLS**2 + STROKES * (PIXELS // STROKE) ** 2
        self.layers = nn.Sequential(
            nn.Linear(POINTS * around + config.words, config.width), nn.GELU(),
            nn.Dropout(config.dropout), nn.Linear(config.width, config.state), nn.GELU(),
        )  # fmt: skip
        self.done = nn.Linear(config.state, 1)

    def forward(self, pictures: Tensor, fine: Tensor, places: Tensor, words: Tensor) -> Tensor:
        """Look closely.

        Args:
            pictures: (B, 3, S, S) in [-1, 1].
            fine: (B, C, S / 4, S / 4) the eye's finest map.
            places: (B, POINTS, 2) see `eyes.spread`.
            words: (B, W).

        Returns:
            (B, state + 1); the last is the logit of completion, as far as one look tells it.
        """
        batch = len(pictures)
        coarse = _around(self.thin(fine), places, CELLS)
        close = self.strokes(_around(pictures, places, PIXELS).flatten(0, 1)).unflatten(
            0, (batch, POINTS)
        )
        told = [coarse.flatten(1), functional.relu(close).flatten(1), words]
        state = self.layers(torch.cat(told, 1))
        return torch.cat([state, self.done(state)], 1)


class Look(nn.Module):
    """Words and eye: what there is to see of one look.

    Args:
        config: the network's sizes.
    """

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.words = Words(config.words)
        self.eye = Eye(config.channels, config.words, config.blocks)
        self.state = State(config)

    def forward(self, pictures: Tensor, buckets: Tensor) -> Tensor:
        """Look.

        Args:
            pictures: (B, 3, S, S) uint8 RGB.
            buckets: (B, N) int64, see `words.buckets`.

        Returns:
            (B, seen) float32.
        """
        return self.closely(scaled(pictures), self.words(buckets))[0]

    def closely(self, pictures: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """What there is to see, and where the points are.

        Args:
            pictures: (B, 3, S, S) in [-1, 1].
            words: (B, W).

        Returns:
            (B, seen), its last the logit of completion as far as one look tells it; (B, POINTS,
            (S / 4)^2 + 1) logits of the points' cells, see `Eye.cells`.
        """
        fine, deep = self.eye.maps(pictures, words)
        cells = self.eye.cells(fine, deep)
        places, unsure = read(cells)
        there = functional.grid_sample(fine.float(), places[:, None], align_corners=False)
        state = self.state(pictures, fine, places, words)
        shown = [there[:, :, 0].flatten(1), places.flatten(1), unsure.log(), state]
        return torch.cat(shown, 1), cells


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
    """Both parts, the second as often as there are heads.

    Args:
        config: its sizes.
        calibrations: of each view; none of a network that is trained just now.
        kinds: calibrations that kinds of subtasks (`Skill.kind`) have of their own.
        doubt: that it wants in a loop that has any, see `SightJudge`.
        doubts: that kinds of subtasks have instead.
        knows: the kinds of subtasks that it was trained for; None if nothing is said of that.
    """

    def __init__(
        self,
        config: JudgeConfig,
        calibrations: Calibrations | None = None,
        *,
        kinds: Mapping[str, Calibrations] | None = None,
        doubt: float = 0.0,
        doubts: Mapping[str, float] | None = None,
        knows: frozenset[str] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.calibrations, self.kinds = dict(calibrations or {}), dict(kinds or {})
        self.doubt, self.doubts, self.knows = doubt, dict(doubts or {}), knows
        self.look = Look(config)
        self.verdicts = Verdicts(config)
        self.others = nn.ModuleList(Verdicts(config) for _ in range(config.heads - 1))

    @property
    def heads(self) -> "list[Verdicts]":
        """All verdicts."""
        return [self.verdicts, *self.others]  # pyright: ignore

    def calibrations_of(self, kind: str) -> Calibrations:
        """Those of a kind of subtask: its own, or else all others'."""
        return self.kinds.get(kind, self.calibrations)

    def doubt_of(self, kind: str, asked: float) -> float:
        """Of a kind of subtask in a loop that has any: its own, or the greater of both others."""
        return self.doubts.get(kind, max(asked, self.doubt))

    def verdict(self, seen: Tensor, changes: Tensor, words: Tensor, left: Tensor) -> Tensor:
        """Judge; see `Verdicts.forward`.

        Returns:
            (B,) the mean of all verdicts' logits.
        """
        return torch.stack([head(seen, changes, words, left) for head in self.heads]).mean(0)

    def renewed(self, heads: int) -> "Network":
        """The same eye, and so many verdicts that have learned nothing: to be trained."""
        made = Network(replace(self.config, heads=heads))
        made.look = self.look
        return made

    def widened(self, heads: int) -> "Network":
        """The same with so many verdicts, to go on learning; the new ones begin as the first.

        What the answers of the old number are worth says nothing of the new one's.
        """
        if heads == self.config.heads:
            return self
        made = self.renewed(heads)
        made.verdicts = self.verdicts
        for new, old in zip(made.others, chain(self.others, repeat(self.verdicts)), strict=False):
            new.load_state_dict(old.state_dict())
        return made


def _around(x: Tensor, places: Tensor, side: int) -> Tensor:
    """What maps (B, C, N, N) hold around places (B, P, 2): (B, P, C, side, side), a cell apart."""
    cell = 2.0 / x.shape[-1]
    steps = (torch.arange(side, device=x.device) - (side - 1) / 2) * cell
    away = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)
    grid = (places[:, :, None, None] + away).flatten(1, 2)
    found = functional.grid_sample(x.float(), grid, align_corners=False)
    return found.unflatten(2, (places.shape[1], side)).transpose(1, 2)
