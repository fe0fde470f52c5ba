"""What a judge's scores are worth, as pure arithmetic on arrays.

Two arrays describe N judged clips: `margin`, (N,) float64, is score(not complete) - score(complete)
[nats per token]; `complete`, (N,) bool, is what is true. A clip is declared complete when its
margin exceeds a threshold; the card's rule is the threshold 0, on which a tie declares nothing.

A *false advance* is a clip that is not complete and is declared complete: in the loop the agent
would go on with the subtask undone. Its rate is the false-positive rate of the ROC curve, and what
is left of complete clips at that threshold is the recall.

Where a class of clips is missing, what depends on it is None, never NaN.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CONFIDENCE = 0.95
BINS = 10


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share with its 95 % Wilson score interval."""

    hits: int
    n: int
    value: float | None
    """hits / n; None if n is 0."""
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How often the declared label is the true one."""

    overall: Rate
    complete: Rate
    """Among the complete clips."""
    not_complete: Rate
    """Among the clips that are not complete."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The clips whose probability of complete lies in [low, high); the last bin includes 1."""

    low: float
    high: float
    mean: float | None
    """Mean predicted probability; None if the bin is empty."""
    complete: Rate
    """The share that is complete."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Whether "80 % sure" means right in 80 %."""

    bins: tuple[Bin, ...]
    ece: float
    """Expected calibration error: mean over clips of |bin's share - bin's mean probability|."""
    brier: float
    """Mean squared difference between probability and truth (0 or 1)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """What every threshold does, from the strictest to the laxest.

    Point i declares complete what has `margin > thresholds[i]`. The thresholds are all margins
    that occur, falling, and -inf at the end, which declares every clip complete.
    """

    thresholds: Floats
    """(K,), strictly falling."""
    advances: npt.NDArray[np.int64]
    """(K,) complete clips declared complete."""
    false_advances: npt.NDArray[np.int64]
    """(K,) clips declared complete that are not."""
    complete: int
    """Complete clips in all."""
    not_complete: int
    """Clips that are not complete in all."""

    @property
    def recall(self) -> Floats:
        """(K,) share of complete clips declared complete; needs complete clips."""
        return self.advances / self.complete

    @property
    def false_advance_rate(self) -> Floats:
        """(K,) share of not-complete clips declared complete; needs such clips."""
        return self.false_advances / self.not_complete


@dataclass(frozen=True, kw_only=True)
class Operating:
    """The smallest threshold that keeps to a false-advance rate, and what it costs."""

    wanted: float
    margin: float | None
    """A clip counts as complete when its margin exceeds this; None: any clip may count."""
    false_advance: Rate
    recall: Rate


def wilson(hits: int, n: int) -> Rate:
    """A share with its 95 % Wilson score interval (Wilson 1927, without continuity correction).

    Args:
        hits: 0 to n.
        n: 0 or more.
    """
    if n == 0:
        return Rate(hits=0, n=0, value=None, low=None, high=None)
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    p = hits / n
    scale = 1 + z * z / n
    middle = (p + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return Rate(hits=hits, n=n, value=p, low=low, high=high)


def accuracy(declared: Flags, complete: Flags) -> Accuracy:
    """Accuracy over all clips and in each class.

    Args:
        declared: (N,) bool, declared complete.
        complete: (N,) bool, truly complete.
    """
    right = declared == complete
    return Accuracy(
        overall=_share(right),
        complete=_share(right[complete]),
        not_complete=_share(right[~complete]),
    )


def probability(margin: Floats) -> Floats:
    """How sure the judge is of "complete": exp(-s_c) / (exp(-s_c) + exp(-s_nc)), (N,) in 0..1.

    It is the softmax over the two labels' negated scores, which depends on their difference alone.
    """
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-margin))


def reliability(margin: Floats, complete: Flags, bins: int = BINS) -> Reliability | None:
    """Reliability curve in equally wide bins; None without clips."""
    if not len(margin):
        return None
    sure = probability(margin)
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    made = tuple(
        Bin(
            low=k / bins,
            high=(k + 1) / bins,
            mean=float(sure[place == k].mean()) if (place == k).any() else None,
            complete=_share(complete[place == k]),
        )
        for k in range(bins)
    )
    gaps = [b.complete.n * abs(b.complete.value - b.mean) for b in made
            if b.complete.value is not None and b.mean is not None]  # fmt: skip
    return Reliability(
        bins=made,
        ece=math.fsum(gaps) / len(margin),
        brier=float(np.mean((sure - complete) ** 2)),
    )


def sweep(margin: Floats, complete: Flags) -> Sweep:
    """Every threshold that makes a difference."""
    values = np.unique(margin)[::-1]
    thresholds = np.append(values, -np.inf)
    return Sweep(
        thresholds=thresholds,
        advances=_above(margin[complete], thresholds),
        false_advances=_above(margin[~complete], thresholds),
        complete=int(complete.sum()),
        not_complete=int((~complete).sum()),
    )


def auc(curve: Sweep) -> float | None:
    """Area under the ROC curve; None if a class is missing.

    It is the probability that a complete clip has a larger margin than one that is not, with
    ties counted half.
    """
    if not curve.complete or not curve.not_complete:
        return None
    return float(np.trapezoid(curve.recall, curve.false_advance_rate))


def operating_point(curve: Sweep, wanted: float) -> Operating | None:
    """The smallest threshold whose false-advance rate is at most `wanted`.

    It is chosen on these clips, so on others the rate scatters around it: the interval says how
    far.

    Args:
        curve: of `sweep`.
        wanted: 0 to 1.

    Returns:
        None if no clip is labelled not complete: then there is nothing to choose by.
    """
    if not curve.not_complete:
        return None
    allowed = np.flatnonzero(curve.false_advance_rate <= wanted)
    best = int(allowed[-1])  # the first point, above every margin, has no false advance
    threshold = float(curve.thresholds[best])
    return Operating(
        wanted=wanted,
        margin=threshold if math.isfinite(threshold) else None,
        false_advance=wilson(int(curve.false_advances[best]), curve.not_complete),
        recall=wilson(int(curve.advances[best]), curve.complete),
    )


def _share(flags: Flags) -> Rate:
    return wilson(int(flags.sum()), len(flags))


def _above(margin: Floats, thresholds: Floats) -> npt.NDArray[np.int64]:
    """(K,) how many margins exceed each threshold."""
    return len(margin) - np.searchsorted(np.sort(margin), thresholds, side="right")
