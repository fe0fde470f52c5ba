"""Stopping a task early without spoiling its numbers, as pure arithmetic.

An interval for a fixed number of episodes (Wilson's) is not valid where the results decide when to
stop: whoever looks after every episode sees it miss the truth sooner or later. Here stands one that
holds at every number of episodes at once, a *confidence sequence* (Robbins 1970, Statistical
methods related to the law of the iterated logarithm, Annals of Mathematical Statistics 41): all
rates p under which exactly what was seen has a probability above alpha / (n + 1),

    (n + 1) C(n, s) p^s (1 - p)^(n - s) > alpha.

The left side's inverse is the likelihood ratio of a uniform mixture of rates against p, a
martingale of mean 1 if p is true; by Ville's inequality it ever reaches 1 / alpha with probability
at most alpha. So the interval may be looked at whenever one likes, and reported at any stop.

Rules:

* `width=W`: stop when that interval is at most W wide.
* `sprt=P0,P1` or `sprt=P0,P1,ALPHA,BETA`: Wald's sequential probability ratio test of a rate of at
  most P0 against one of at least P1 (Wald 1945, Sequential tests of statistical hypotheses, Annals
  of Mathematical Statistics 16). It stops when the likelihood ratio reaches 1 / ALPHA ("above") or
  BETA ("below"): with these limits, a little wider than his usual ones, the chance to say "above"
  at a rate of P0 is at most ALPHA, and to say "below" at P1 at most BETA, wherever the episodes
  asked for end the test undecided.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ...configs import ConfigError
from ..judge_statistics import CONFIDENCE, Rate

Verdict = Literal["narrow", "above", "below"]
ALPHA = BETA = 0.05
FORMS = "width=0.2, sprt=0.5,0.7 or sprt=0.5,0.7,0.05,0.05"
_BISECTIONS = 60


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Where a task's episodes stopped to matter."""

    verdict: Verdict
    place: int
    """How many episodes of the fixed order were looked at, those without a score included."""
    n: int
    """Scored ones among them."""
    successes: int


@dataclass(frozen=True, kw_only=True)
class Width:
    """Stop when the confidence sequence is narrow."""

    most: float

    def verdict(self, successes: int, n: int) -> Verdict | None:
        """What this many episodes say; None for nothing yet."""
        now = sequence(successes, n)
        assert now.low is not None
        assert now.high is not None
        return "narrow" if now.high - now.low <= self.most else None


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """Stop when Wald's test has decided between two rates."""

    p0: float
    p1: float
    alpha: float = ALPHA
    beta: float = BETA

    def verdict(self, successes: int, n: int) -> Verdict | None:
        """What this many episodes say; None for nothing yet."""
        ratio = successes * math.log(self.p1 / self.p0)
        ratio += (n - successes) * math.log((1 - self.p1) / (1 - self.p0))
        if ratio >= -math.log(self.alpha):
            return "above"
        return "below" if ratio <= math.log(self.beta) else None


Rule = Width | Sprt


def parsed(text: str) -> Rule:
    """A rule from its words.

    Raises:
        ConfigError: if they are none.
    """
    name, _, values = text.partition("=")
    try:
        numbers = [float(value) for value in values.split(",")]
    except ValueError:
        numbers = []
    if name.strip() == "width" and len(numbers) == 1:
        if not 0 < numbers[0] < 1:
            raise ConfigError(f"--stop-when {text}: the width must lie between 0 and 1")
        return Width(most=numbers[0])
    if name.strip() == "sprt" and len(numbers) in (2, 4):
        rule = Sprt(**dict(zip(("p0", "p1", "alpha", "beta"), numbers, strict=False)))
        if not 0 < rule.p0 < rule.p1 < 1:
            raise ConfigError(f"--stop-when {text}: the rates must rise between 0 and 1")
        if not (0 < rule.alpha < 0.5 and 0 < rule.beta < 0.5):
            raise ConfigError(f"--stop-when {text}: error rates must lie between 0 and 0.5")
        return rule
    raise ConfigError(f"--stop-when {text!r} is no rule; write {FORMS}")


def decide(rule: Rule, outcomes: Iterable[bool | None]) -> Decision | None:
    """The first moment at which the rule says something.

    Args:
        rule: when to stop.
        outcomes: of the episodes in their fixed order, without gaps; None for one without a score.
    """
    n = successes = 0
    for place, outcome in enumerate(outcomes, start=1):
        if outcome is None:
            continue
        n, successes = n + 1, successes + outcome
        verdict = rule.verdict(successes, n)
        if verdict is not None:
            return Decision(verdict=verdict, place=place, n=n, successes=successes)
    return None


def sequence(successes: int, n: int, confidence: float = CONFIDENCE) -> Rate:
    """A rate with its interval of the confidence sequence; see the module's docstring.

    Args:
        successes: so many.
        n: among so many; 0 gives a rate of None.
        confidence: that the interval holds the true rate at every n at once.
    """
    if not n:
        return Rate(hits=0, n=0, value=None, low=None, high=None)
    low, high = _limits(successes, n, 1 - confidence)
    return Rate(hits=successes, n=n, value=successes / n, low=low, high=high)


@cache
def _limits(successes: int, n: int, alpha: float) -> tuple[float, float]:
    """Where log((n + 1) C(n, s) p^s (1 - p)^(n - s)) crosses log(alpha), on each side of s / n."""
    fails, peak = n - successes, successes / n
    ways = math.log(n + 1) + math.lgamma(n + 1)
    ways -= math.lgamma(successes + 1) + math.lgamma(fails + 1)

    def inside(p: float) -> bool:
        if (p <= 0 and successes) or (p >= 1 and fails):
            return False
        told = ways
        told += successes * math.log(p) if successes else 0.0
        told += fails * math.log1p(-p) if fails else 0.0
        return told > math.log(alpha)

    low = 0.0 if not successes else _crossing(inside, peak, 0.0)
    high = 1.0 if not fails else _crossing(inside, peak, 1.0)
    return low, high


def _crossing(inside: Callable[[float], bool], within: float, beyond: float) -> float:
    """The border between a rate that is inside and one that is not, from the outside."""
    for _ in range(_BISECTIONS):
        middle = (within + beyond) / 2
        within, beyond = (middle, beyond) if inside(middle) else (within, middle)
    return beyond
