"""What the judge `sight` learns from: recorded demonstrations, looked at once by its eye.

A window is what the judge is shown at one moment of a subtask: the looks of the last 64 frames,
whatever was done in them. Its label is the true progress at its end, which nothing else is told.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...judges.sight.judge import changed
from ...judges.sight.network import Look, gathered
from ...sight.words import buckets
from ..policy.dataset import Stretch

AT_ONCE = 16
"""Looks that go through the eye together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """N windows; the looks of one subtask stand one behind the other."""

    seen: Tensor
    """(L, seen) of all looks, see `gathered`."""
    words: Tensor
    """(S, B) buckets of the subtasks."""
    at: Tensor
    """(N, looks) int64, rows of `seen`; the oldest is repeated where an episode begins."""
    subtask: Tensor
    """(N,) int64, rows of `words`."""
    complete: Tensor
    """(N,) float32, 1 where the subtask is complete at the window's end."""
    names: npt.NDArray[np.str_]
    """(N,) the skill."""


def windows(
    stretches: Sequence[Stretch],
    look: Look,
    looks: int,
    *,
    seed: int | None,
    told: Callable[[int], None] = lambda count: None,
) -> Windows:
    """Look at every demonstration.

    Args:
        stretches: recorded with a look at every fourth step.
        look: the judge's eye.
        looks: of a window.
        seed: draws the wording of each subtask; None for its own words.
        told: called with the number of demonstrations that are done.
    """
    seen: list[Tensor] = []
    texts: list[npt.NDArray[np.int64]] = []
    rows: list[tuple[npt.NDArray[np.int64], int, bool, str]] = []
    total = 0
    for number, one in enumerate(stretches):
        for begin, end in _subtasks(one):
            rng = None if seed is None else np.random.default_rng([seed, number, begin])
            own = rng is None or rng.random() < 0.5
            text = buckets(one.text(begin * one.header.look_every, None if own else rng))
            first = max(0, begin - looks + 1)
            made = _seen(one, first, end, look, text)
            for index, complete in _labelled(one, begin, end):
                at = np.maximum(np.arange(index - looks + 1, index + 1) - first, 0) + total
                rows.append((at, len(texts), complete, one.name(one.step(index))))
            seen.append(made)
            texts.append(text)
            total += len(made)
        told(number + 1)
    ats, owners, complete, names = zip(*rows, strict=True)
    return Windows(
        seen=torch.cat(seen),
        words=torch.from_numpy(np.stack(texts)),
        at=torch.from_numpy(np.stack(ats)),
        subtask=torch.tensor(owners),
        complete=torch.tensor(complete, dtype=torch.float32),
        names=np.array(names),
    )


def _subtasks(one: Stretch) -> Iterator[tuple[int, int]]:
    """First look and end of each subtask."""
    owner = one.subtask[:: one.header.look_every]
    starts = [0, *(np.flatnonzero(np.diff(owner)) + 1), len(owner)]
    yield from itertools.pairwise(int(start) for start in starts)


def _labelled(one: Stretch, begin: int, end: int) -> Iterator[tuple[int, bool]]:
    """Looks whose truth is known.

    At a subtask's first step the truth written down is still that of the one before.
    """
    for index in range(begin, end):
        step = one.step(index)
        known = step == 0 or one.subtask[step - 1] == one.subtask[step]
        if known and np.isfinite(one.progress[step]):
            yield index, bool(one.progress[step] >= 1.0)


def _seen(one: Stretch, begin: int, end: int, look: Look, text: npt.NDArray[np.int64]) -> Tensor:
    """(L, seen)."""
    pictures = np.asarray(one.outer[begin:end])
    words = torch.from_numpy(text)[None]
    parts: list[Any] = []
    with torch.inference_mode():
        for start in range(0, len(pictures), AT_ONCE):
            some = torch.from_numpy(pictures[start : start + AT_ONCE])
            parts.append(look(some, words.expand(len(some), -1)))
        changes = torch.from_numpy(changed(pictures.transpose(0, 1, 3, 4, 2)))
        return gathered(torch.cat(parts), changes).clone()
