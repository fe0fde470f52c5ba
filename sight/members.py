"""Several trained networks in one folder, and the words that say which of them is asked.

What is learned anew spoils what was known, where nothing of it is shown any more. So a network that
was trained for new skills can be kept beside the first one instead (`leapcasa policy join`): a
mixture of experts whose gate sees the words alone and asks exactly one. All other words go to the
first, which stays what it was to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from .words import BUCKETS, buckets

if TYPE_CHECKING:
    from torch import Tensor, nn

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Members(Generic[T]):
    """What a folder holds."""

    every: tuple[T, ...]
    """The first is asked wherever the words do not speak for another."""
    gate: "nn.EmbeddingBag | None" = None
    """See `new_gate`; None where there is one member."""

    def index(self, text: str) -> int:
        """Which one a subtask in words is for."""
        return self.indices([text])[0]

    def indices(self, texts: Sequence[str]) -> list[int]:
        """Which ones subtasks are for."""
        if self.gate is None or not texts:
            return [0] * len(texts)
        import torch

        with torch.inference_mode():
            return answers(self.gate, told(texts)).tolist()

    def of(self, text: str) -> T:
        """The one that a subtask in words is for."""
        return self.every[self.index(text)]


def new_gate(count: int) -> "nn.EmbeddingBag":
    """A gate that knows nothing yet: words -> (count,) scores, the mean of their buckets'."""
    from torch import nn

    gate = nn.EmbeddingBag(BUCKETS, count, mode="mean", padding_idx=0)
    nn.init.zeros_(gate.weight)
    return gate


def told(texts: Sequence[str]) -> "Tensor":
    """(N, MOST) int64 buckets of N texts."""
    import numpy as np
    import torch

    return torch.from_numpy(np.stack([buckets(text) for text in texts]))


def answers(gate: "nn.EmbeddingBag", words: "Tensor") -> "Tensor":
    """(N,) int64 the members asked; the first where no other has more than half of the votes."""
    best, index = gate(words).softmax(-1).max(-1)
    return index * (best > 0.5)
