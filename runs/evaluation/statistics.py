"""What the rows of an evaluation say, as pure arithmetic.

Only scored episodes count in rates; errors are counted beside them and never as failures. Where
nothing can be said, a value is None.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from ..judge_statistics import CONFIDENCE, Rate, wilson
from .episode import Confusion, Episode
from .sequential import sequence

Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the agent declared beside what was true, in scored episodes."""

    true_completions: int
    false_completions: int
    """Declared done, but RoboCasa's criterion was never met."""
    missed_completions: int
    """The criterion was met, but the agent did not declare the task done."""
    true_failures: int
    """Neither met nor declared."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The episodes of one task, or of a set of tasks."""

    name: str
    tasks: int
    n: int
    """Scored episodes."""
    errors: int
    infrastructure_errors: int
    success: Rate
    """Of scored episodes, pooled over tasks, with its interval."""
    interval: Literal["wilson", "anytime"]
    """`wilson` for a fixed number of episodes. `anytime` where results decide when to stop (the
    confidence sequence of `runs.evaluation.sequential`); several tasks together have none then."""
    task_mean: float | None
    """Mean of the tasks' own rates, as the official tables average; None without scored tasks."""
    progress: float | None
    """Mean share of subtasks declared done."""
    declared: Declared
    ends: Mapping[str, int]
    """Scored episodes by the reason of their end."""
    timeouts: int
    """Attempts at subtasks that ran out, in all."""
    replans: int
    judge: Confusion
    judge_accuracy: Rate
    """Verdicts that agree with the referee, among those it can check. Verdicts of one episode
    depend on each other: the interval is too narrow."""
    steps_mean: float | None
    steps_median: float | None
    seconds_mean: float | None
    """Wall time of an episode, kitchen included, beside whatever else ran."""
    seconds: float
    """In all, every recorded attempt that left a record."""


def group(name: str, rows: Iterable[Episode], *, anytime: bool = False) -> Group:
    """Everything about some episodes.

    Args:
        name: of the task or set.
        rows: all its recorded episodes.
        anytime: whether results decided when to stop.
    """
    every = list(rows)
    scored = [row for row in every if row.status == "scored"]
    judge = sum((row.judge for row in scored), Confusion())
    right = judge.true_complete + judge.true_not_complete
    known = right + judge.false_complete + judge.false_not_complete
    seconds = [row.seconds + row.setup_seconds for row in scored]
    return Group(
        name=name,
        tasks=len({row.task for row in every}),
        n=len(scored),
        errors=sum(row.status == "error" for row in every),
        infrastructure_errors=sum(row.status == "infrastructure_error" for row in every),
        success=_success(scored, anytime=anytime),
        interval="anytime" if anytime else "wilson",
        task_mean=_task_mean(scored),
        progress=_mean([row.progress for row in scored]),
        declared=declared(scored),
        ends=dict(sorted(Counter(row.end_reason for row in scored).items())),
        timeouts=sum(row.timeouts for row in scored),
        replans=sum(row.replans for row in scored),
        judge=judge,
        judge_accuracy=wilson(right, known),
        steps_mean=_mean([row.steps for row in scored]),
        steps_median=statistics.median([row.steps for row in scored]) if scored else None,
        seconds_mean=_mean(seconds),
        seconds=round(math.fsum(row.seconds + row.setup_seconds for row in every), 2),
    )


def declared(scored: Sequence[Episode]) -> Declared:
    """What was declared beside what was true."""
    counts = Counter((row.declared_success, row.success) for row in scored)
    return Declared(
        true_completions=counts[True, True],
        false_completions=counts[True, False],
        missed_completions=counts[False, True],
        true_failures=counts[False, False],
    )


def _success(scored: Sequence[Episode], *, anytime: bool) -> Rate:
    hits, n = sum(row.success for row in scored), len(scored)
    if not anytime:
        return wilson(hits, n)
    told = sequence(hits, n)
    # Tasks stop at different numbers: pooled, they are no draws from one distribution.
    pooled = len({row.task for row in scored}) > 1
    return replace(told, low=None, high=None) if pooled else told


def per_task(rows: Iterable[Episode], *, anytime: bool = False) -> list[Group]:
    """One group for each task, in alphabetical order; `anytime` as for `group`."""
    by_task: dict[str, list[Episode]] = {}
    for row in rows:
        by_task.setdefault(row.task, []).append(row)
    return [group(task, by_task[task], anytime=anytime) for task in sorted(by_task)]


def per_set(
    rows: Sequence[Episode], sets: Mapping[str, Sequence[str]], *, anytime: bool = False
) -> list[Group]:
    """One group for each set whose tasks are all there, and `all` at the end.

    Args:
        rows: of all tasks.
        sets: task names by set.
        anytime: as for `group`.
    """
    there = {row.task for row in rows}
    made = [
        group(name, [row for row in rows if row.task in set(tasks)], anytime=anytime)
        for name, tasks in sets.items()
        if tasks and set(tasks) <= there
    ]
    return [*made, group("all", rows, anytime=anytime)]


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two evaluations on the same episodes."""

    name: str
    n: int
    """Pairs scored on both sides."""
    both: int
    """Pairs in which both succeed."""
    only_a: int
    only_b: int
    neither: int
    rate_a: float | None
    rate_b: float | None
    difference: float | None
    """rate_b - rate_a."""
    low: float | None
    high: float | None
    """95 % interval of the difference (Bonett and Price 2012)."""
    p: float
    """Exact two-sided McNemar: how likely a split of the discordant pairs at least as uneven is if
    neither side is better."""
    needed: int | None
    """Pairs that give 80 % power at the observed discordance; None if none would."""
    more: int | None
    """How many of those are still missing; 0 if the difference is settled already."""


def paired(name: str, pairs: Iterable[tuple[bool, bool]]) -> Paired:
    """Compare two sides on the same episodes.

    Args:
        name: of the task, or `all`.
        pairs: success of A, success of B, for each shared episode.
    """
    counts = Counter((bool(a), bool(b)) for a, b in pairs)
    both, only_a, only_b = counts[True, True], counts[True, False], counts[False, True]
    neither = counts[False, False]
    n = both + only_a + only_b + neither
    p = mcnemar(only_a, only_b)
    low, high = difference_interval(only_a, only_b, n)
    needed = pairs_needed(only_a, only_b, n)
    settled = p < 1 - CONFIDENCE
    more = 0 if settled else None if needed is None else max(1, needed - n)
    return Paired(
        name=name,
        n=n,
        both=both,
        only_a=only_a,
        only_b=only_b,
        neither=neither,
        rate_a=(both + only_a) / n if n else None,
        rate_b=(both + only_b) / n if n else None,
        difference=(only_b - only_a) / n if n else None,
        low=low,
        high=high,
        p=p,
        needed=needed,
        more=more,
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided McNemar test: a binomial test of the discordant pairs against one half."""
    n, few = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(few + 1))
    return min(1.0, 2 * tail / 2**n)  # whole numbers up to here: exact


def difference_interval(only_a: int, only_b: int, n: int) -> tuple[float | None, float | None]:
    """95 % interval of rate_b - rate_a in paired samples.

    Bonett and Price (2012), adjusted Wald: one is added to each kind of discordant pair and two to
    n. Close to its level even for few pairs.
    """
    if n == 0:
        return None, None
    p_a, p_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    middle = p_b - p_a
    half = Z * math.sqrt((p_a + p_b - middle**2) / (n + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)


def pairs_needed(only_a: int, only_b: int, n: int, power: float = 0.8) -> int | None:
    """Pairs at which McNemar's test finds a difference as large as the observed one.

    Connor (1987): with the discordance psi = (b + c) / n and the difference d = |b - c| / n,
    n = (z_alpha/2 sqrt(psi) + z_beta sqrt(psi - d^2))^2 / d^2.

    Returns:
        None if both sides are equally often alone in succeeding: no number would do.
    """
    if n == 0 or only_a == only_b:
        return None
    psi, d = (only_a + only_b) / n, abs(only_a - only_b) / n
    z_beta = NormalDist().inv_cdf(power)
    return math.ceil((Z * math.sqrt(psi) + z_beta * math.sqrt(psi - d * d)) ** 2 / (d * d))


def _task_mean(scored: Sequence[Episode]) -> float | None:
    by_task: dict[str, list[bool]] = {}
    for row in scored:
        by_task.setdefault(row.task, []).append(row.success)
    return _mean([sum(wins) / len(wins) for wins in by_task.values()])


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
