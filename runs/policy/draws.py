"""What a step of training sees, drawn from the seed and the step's number alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ...policies.embedded import geometry
from ...sight.words import buckets as hashed
from .dataset import Stretch

_SIDES = {"left", "right"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Picks:
    """Moments of demonstrations that can be drawn, and how likely each is."""

    at: npt.NDArray[np.int64]
    """(N, 2) stretch, and look or step."""
    names: npt.NDArray[np.str_]
    """(N,) the skill."""
    share: npt.NDArray[np.float64]
    """(N,) sums to 1: rare skills come more often than their number says (its square root)."""

    def drawn(
        self, count: int, seed: int, step: int
    ) -> tuple[npt.NDArray[np.int64], np.random.Generator]:
        """(count, 2), and the generator to go on with."""
        rng = np.random.default_rng([seed, step])
        return self.at[rng.choice(len(self.at), count, p=self.share)], rng

    def spread(self, count: int) -> npt.NDArray[np.int64]:
        """Numbers of at most `count` moments, evenly over all."""
        return np.unique(np.linspace(0, len(self.at) - 1, count).astype(int))


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """B looks for the eyes, see `Eyes.forward` and `Stretch`."""

    outer: npt.NDArray[np.uint8]
    inner: npt.NDArray[np.uint8]
    buckets: npt.NDArray[np.int64]
    places: npt.NDArray[np.float32]
    hints: npt.NDArray[np.float32]
    mirror: npt.NDArray[np.bool_]
    """Whether the words name no side, so that the looks may be mirrored."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """B steps for the control, see `Control.forward` and `Stretch`."""

    points: npt.NDArray[np.float32]
    hints: npt.NDArray[np.float32]
    hand: npt.NDArray[np.float32]
    felt: npt.NDArray[np.float32]
    buckets: npt.NDArray[np.int64]
    motion: npt.NDArray[np.float32]
    closed: npt.NDArray[np.float32]
    driving: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]


def of_skills(picks: Picks, names: Sequence[str]) -> Picks:
    """Those of some skills alone, by name; all if none is named."""
    if not names:
        return picks
    own = np.isin(picks.names, list(names))
    return _picks([(int(a), int(b)) for a, b in picks.at[own]], picks.names[own].tolist())


def all_looks(stretches: Sequence[Stretch], *, held_out: bool) -> Picks:
    """Every look of the kitchens that are trained on, or of those held out.

    However it came about: where things are is to be seen in each.
    """
    at, names = [], []
    for index, one in enumerate(stretches):
        if one.held_out == held_out:
            at += [(index, look) for look in range(len(one.outer))]
            names += [one.name(one.step(look)) for look in range(len(one.outer))]
    return _picks(at, names)


def all_moments(stretches: Sequence[Stretch], *, held_out: bool) -> Picks:
    """Every step worth imitating."""
    at, names = [], []
    for index, one in enumerate(stretches):
        if one.held_out == held_out:
            steps = np.flatnonzero(one.weight[:, 0] > 0).tolist()
            at += [(index, step) for step in steps]
            names += [one.name(step) for step in steps]
    return _picks(at, names)


def all_steps(stretches: Sequence[Stretch]) -> Picks:
    """Every step of the kitchens that are trained on, whoever moved the robot."""
    at, names = [], []
    for index, one in enumerate(stretches):
        if not one.held_out:
            at += [(index, step) for step in range(len(one.subtask))]
            names += [one.name(step) for step in range(len(one.subtask))]
    return _picks(at, names)


def looks(
    stretches: Sequence[Stretch], at: npt.NDArray[np.int64], rng: np.random.Generator | None = None
) -> Looks:
    """Gather looks.

    Args:
        stretches: where from.
        at: (B, 2) stretch and look.
        rng: draws the wording of each; None for the subtask's own words.
    """
    chosen = [(stretches[int(s)], int(look)) for s, look in at]
    texts = [one.text(one.step(look), rng) for one, look in chosen]
    return Looks(
        outer=np.stack([one.outer[look] for one, look in chosen]),
        inner=np.stack([one.inner[look] for one, look in chosen]),
        buckets=np.stack([_buckets(text) for text in texts]),
        places=np.stack([one.places[look] for one, look in chosen]),
        hints=np.stack([one.hints[one.step(look)] for one, look in chosen]),
        mirror=np.array([names_no_side(text) for text in texts]),
    )


def moments(
    stretches: Sequence[Stretch], at: npt.NDArray[np.int64], rng: np.random.Generator | None = None
) -> Moments:
    """Gather steps, see `looks`."""
    chosen = [(stretches[int(s)], int(step)) for s, step in at]
    texts = [one.text(step, rng) for one, step in chosen]

    def column(name: str) -> npt.NDArray[np.float32]:
        return np.stack([getattr(one, name)[step] for one, step in chosen])

    names = ("points", "hints", "felt", "motion", "closed", "driving", "weight")
    return Moments(
        hand=geometry.hand_of(column("raw")),
        buckets=np.stack([_buckets(text) for text in texts]),
        **{name: column(name) for name in names},
    )


def names_no_side(text: str) -> bool:
    """Whether a look may be mirrored and the words stay true."""
    return not _SIDES & set(text.casefold().split())


def rarity(names: Sequence[str] | npt.NDArray[np.str_]) -> npt.NDArray[np.float64]:
    """(N,) how likely each is drawn, up to a factor: by the square root of how rare its name is."""
    _, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    return (1.0 / np.sqrt(counts))[inverse] if len(names) else np.zeros(0)


def _picks(at: list[tuple[int, int]], names: list[str]) -> Picks:
    share = rarity(names)
    return Picks(
        at=np.array(at, np.int64).reshape(-1, 2),
        names=np.array(names, dtype=np.str_),
        share=share / share.sum() if names else share,
    )


@cache
def _buckets(text: str) -> npt.NDArray[np.int64]:
    return hashed(text)
