"""What the judge `sight` learns from, looked at once by its eye.

A window is what the judge is shown at one moment: the looks of the last 64 frames, whatever was
done in them, and words. Its label is whether they are complete at its end, which nothing else is
told. Windows come from demonstrations (`policy data`) and from labelled clips (`judge data`).
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...envs.phrases import phrases
from ...envs.skills import kind_of
from ...judges.base import COMPLETE, Clip
from ...judges.sight.judge import VIEWS, difference
from ...judges.sight.network import JudgeConfig, Look
from ...sight.pictures import fitted
from ...sight.words import buckets
from ..clip_files import read_clip
from ..judge_data.script import opposite
from ..manifest import Row
from ..policy.dataset import Stretch
from ..policy.wordings import name_of
from .telling import labelled, told_by_a_look

AT_ONCE = 16
"""Pictures that go through the eye together."""
TOGETHER = 512
"""Windows that are judged together."""
LONGEST = 20_000
"""Frames of a film."""
UNTOUCHED = 0.005
"""Progress up to which a part is as the subtask found it, so that what undoes it is complete."""
LEAST_BACKWARDS = 4
"""Looks of a subtask that is shown backwards, at least."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """N windows; the pictures of one subtask stand one behind the other."""

    seen: Tensor
    """(L, 2, seen) of all pictures, right and left, see `Look`."""
    words: Tensor
    """(S, B) buckets of the subtasks."""
    kinds: npt.NDArray[np.str_]
    """(S,) of the subtasks, see `kind_of`."""
    at: Tensor
    """(N, looks) int64, rows of `seen`; the oldest is repeated where an episode begins."""
    changes: Tensor
    """(N, looks, 2) since the look before [grey levels], see `difference`."""
    subtask: Tensor
    """(N,) int64, rows of `words`."""
    complete: Tensor
    """(N,) float32, 1 where the subtask is complete at the window's end."""
    names: npt.NDArray[np.str_]
    """(N,) skill or phase."""


@dataclass(kw_only=True)
class _Gathering:
    """Windows in the making."""

    look: Look
    looks: int
    seen: list[Tensor] = field(default_factory=list)
    words: list[Ints] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    at: list[Ints] = field(default_factory=list)
    changes: list[npt.NDArray[np.float64]] = field(default_factory=list)
    subtask: list[int] = field(default_factory=list)
    complete: list[bool] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    total: int = 0

    def add(
        self, pictures: npt.NDArray[np.uint8], text: str, ends: Sequence[tuple[Ints, bool, str]]
    ) -> None:
        """Take windows of one subtask.

        Args:
            pictures: (L, 2, 3, S, S) uint8.
            text: the subtask in words.
            ends: (looks,) rows of `pictures`, whether complete, and a name, of each window.
        """
        told = buckets(text)
        words = torch.from_numpy(told)[None]

        @cache  # neighbouring windows share all but one
        def change(before: int, after: int) -> npt.NDArray[np.float64]:
            return difference(pictures[before], pictures[after])

        with torch.inference_mode():
            for start in range(0, len(pictures), AT_ONCE):
                some = torch.from_numpy(np.array(pictures[start : start + AT_ONCE]))
                seen = self.look(some.flatten(0, 1), words.expand(2 * len(some), -1))
                self.seen.append(seen.unflatten(0, (-1, len(VIEWS))).clone())
        for at, complete, name in ends:
            self.changes.append(
                np.stack([change(*pair) for pair in itertools.pairwise([at[0], *at])])
            )
            self.at.append(at + self.total)
            self.subtask.append(len(self.words))
            self.complete.append(complete)
            self.names.append(name)
        self.words.append(told)
        self.kinds.append(kind_of(text))
        self.total += len(pictures)

    def windows(self) -> Windows:
        return Windows(
            seen=torch.cat(self.seen),
            words=torch.from_numpy(np.stack(self.words)),
            kinds=np.array(self.kinds),
            at=torch.from_numpy(np.stack(self.at)),
            changes=torch.from_numpy(np.stack(self.changes).astype(np.float32)),
            subtask=torch.tensor(self.subtask),
            complete=torch.tensor(self.complete, dtype=torch.float32),
            names=np.array(self.names),
        )


def windows(
    stretches: Sequence[Stretch],
    rows: Sequence[Row],
    look: Look,
    config: JudgeConfig,
    *,
    seed: int | None,
    undone: bool = False,
    told: Callable[[int], None] = lambda count: None,
) -> Windows:
    """Look at everything.

    Args:
        stretches: demonstrations with a look at every fourth step, and posed looks, which are
            shown as if they stood still for a whole window.
        rows: of manifests of `judge data`.
        look: the judge's eye.
        config: how the judge looks.
        seed: draws the wording of each demonstrated subtask; None for its own words.
        undone: ask about demonstrations by what undoes them as well, both as they were played and
            backwards, so that a lever that is pushed on shows one that is pulled off.
        told: called with the number of demonstrations and films that are done.

    Raises:
        ConfigError: if a film cannot be read.
    """
    made = _Gathering(look=look, looks=config.looks)
    for number, one in enumerate(stretches):
        for begin, end in one.subtasks():
            rng = None if seed is None else np.random.default_rng([seed, number, begin])
            if not one.header.played:
                _stood(made, one, begin, end, rng)
                continue
            _demonstrated(made, one, begin, end, rng)
            if undone:
                _undone(made, one, begin, end, rng)
        told(number + 1)
    for number, group in enumerate(films(rows), len(stretches) + 1):
        _filmed(made, group, config)
        told(number)
    return made.windows()


def films(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows by the films they are cut from."""

    def key(row: Row) -> str:
        return str(row.clips["right"])

    return [list(group) for _, group in itertools.groupby(sorted(rows, key=key), key)]


def _demonstrated(
    made: _Gathering, one: Stretch, begin: int, end: int, rng: np.random.Generator | None
) -> None:
    first = max(0, begin - made.looks + 1)
    ends = [
        (_before(i, made.looks, first), done, one.name(one.step(i)))
        for i, done in labelled(one, begin, end)
    ]
    if ends:
        made.add(one.outer[first:end], _asked(one, begin, rng), ends)


def _stood(
    made: _Gathering, one: Stretch, begin: int, end: int, rng: np.random.Generator | None
) -> None:
    """Posed looks that tell whether their subtask is complete, each for a whole window."""
    told = ((look, told_by_a_look(one, look)) for look in range(begin, end))
    known = [(look, done) for look, done in told if done is not None]
    if known:
        pictures = one.outer[[look for look, _ in known]]
        ends = [
            (np.full(made.looks, at), done, f"{one.name(one.step(look))}, still")
            for at, (look, done) in enumerate(known)
        ]
        made.add(pictures, _asked(one, begin, rng), ends)


def _undone(
    made: _Gathering, one: Stretch, begin: int, end: int, rng: np.random.Generator | None
) -> None:
    """The same looks, asked about by what undoes the subtask, onwards and backwards."""
    skill = one.skills[int(one.subtask[one.step(begin)])]
    undo = None if skill is None else opposite(skill)
    words = () if undo is None else phrases(undo)
    if not words:
        return
    name, first, span = name_of(undo), max(0, begin - made.looks + 1), end - begin
    ends = []
    for i, done in labelled(one, begin, end):
        untouched = one.progress[one.step(i)] <= UNTOUCHED
        if not (done or untouched):
            continue
        ends.append((_before(i, made.looks, first), untouched, name))
        back = np.minimum(np.arange(i + made.looks - 1, i - 1, -1), end - 1)
        if span >= LEAST_BACKWARDS:
            ends.append((back - first, untouched, name))
    if ends:
        text = words[0] if rng is None else words[int(rng.integers(len(words)))]
        made.add(one.outer[first:end], text, ends)


def _asked(one: Stretch, begin: int, rng: np.random.Generator | None) -> str:
    """A subtask's own words, or such as `rng` draws."""
    own = rng is None or rng.random() < 0.5
    return one.text(one.step(begin), None if own else rng)


def _before(look: int, looks: int, first: int) -> Ints:
    """The looks of a window that ends with one, counted from the first, which is repeated."""
    return np.maximum(np.arange(look - looks + 1, look + 1) - first, 0)


def _filmed(made: _Gathering, rows: Sequence[Row], config: JudgeConfig) -> None:
    """All windows of one episode's films, a group of equal words after the other."""
    both = [read_clip(rows[0].clips[view], LONGEST).clip for view in VIEWS]
    for words, group in itertools.groupby(sorted(rows, key=lambda r: r.instruction),
                                          lambda r: r.instruction):  # fmt: skip
        shown = [(row, _frames(row, config)) for row in group]
        needed = np.unique(np.concatenate([frames for _, frames in shown]))
        pictures = np.stack([fitted_pair(both, int(at), config.size) for at in needed])
        ends = [
            (np.searchsorted(needed, frames), row.label == COMPLETE, row.phase or "clip")
            for row, frames in shown
        ]
        made.add(pictures, words, ends)


def _frames(row: Row, config: JudgeConfig) -> Ints:
    """The frames of a film that the judge looks at."""
    assert row.span is not None
    newest = row.span.end - config.stride * np.arange(config.looks - 1, -1, -1)
    return np.maximum(newest, row.span.begin)


def fitted_pair(both: Sequence[Clip], at: int, size: int) -> npt.NDArray[np.uint8]:
    """(2, 3, size, size) of the right and the left film's frame."""
    return np.stack([fitted(clip[at], size) for clip in both])


def joined(
    network: Any, data: Windows, at: Tensor, noise: Tensor | None = None, head: Any = None
) -> Tensor:
    """(B, 2) logits of the right and the left view.

    Args:
        network: the judge's.
        data: where the windows are.
        at: (B,) which ones.
        noise: (B, looks, 2, seen) added to what is seen.
        head: one of its verdicts, to be asked alone.
    """
    verdict = head or network.verdict
    seen = data.seen[data.at[at]]
    if noise is not None:
        seen = seen + noise
    words = network.look.words(data.words[data.subtask[at]])
    left = torch.zeros(len(at))
    each = [
        verdict(seen[:, :, view], data.changes[at][:, :, view], words, left + view)
        for view in range(len(VIEWS))
    ]
    return torch.stack(each, 1)


def all_logits(network: Any, data: Windows) -> Tensor:
    """(N, 2) logits, as trained, of every window."""
    with torch.inference_mode():
        some = torch.arange(len(data.complete)).split(TOGETHER)
        return torch.cat([joined(network, data, at) for at in some])
