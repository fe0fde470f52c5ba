"""Which part of the agent loses the episodes that failed, as pure arithmetic.

Every failed episode is run again with each *coalition* of parts replaced by their upper bounds: no
part (the control, for a rerun alone may succeed where the policy is not deterministic), one, two,
and all of them. An episode is *rescued* by a coalition if it then succeeds; it has no *answer* if
that run ended in an error, for instance because a replacement cannot do what the others ask of it.

* A *minimal rescuing set* is a coalition that rescues the episode while no smaller one within it
  does. There can be several, and where luck plays a part a larger one need not rescue too.
* A part is *needed* in an episode if every minimal rescuing set holds it.
* The *Shapley value* shares the rescued episodes out over the parts: the mean, over all orders in
  which parts can be replaced one after the other, of what a part's replacement adds
  (Shapley 1953, A value for n-person games, in Contributions to the Theory of Games II). With v(S)
  the number of episodes that S rescues, its values add up to v(all) - v(none): what luck does is
  nobody's. A missing answer counts as no rescue, and the bounds say what any answers could make
  of it.
"""

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..judge_statistics import Rate, wilson
from .episode import Key

PARTS = ("planner", "policy", "judge")

Coalition = tuple[str, ...]
"""Parts that are replaced, in the order of `PARTS`."""
Answers = Mapping[Coalition, bool | None]
"""Of one episode: whether each coalition rescues it; None for no answer."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """All episodes with the same parts replaced."""

    replaced: Coalition
    rate: Rate
    """Rescued among those with an answer."""
    errors: int
    """Episodes without an answer."""


@dataclass(frozen=True, kw_only=True)
class Blame:
    """What one part loses."""

    part: str
    alone_rescues: int
    """Episodes that its replacement rescues with nothing else replaced."""
    needed: int
    """Rescued episodes that cannot be rescued without it."""
    shapley: float
    """Its share of the rescued episodes, in episodes; see the module's docstring."""
    shapley_low: float
    """The least it could be, whatever the missing answers were."""
    shapley_high: float


def coalitions(parts: Sequence[str]) -> list[Coalition]:
    """All of them, the empty one first, by size."""
    return [
        chosen for size in range(len(parts) + 1) for chosen in itertools.combinations(parts, size)
    ]


def variants(parts: Sequence[str], table: Collection[Answers]) -> list[Variant]:
    """How many episodes each coalition rescues."""
    made: list[Variant] = []
    for coalition in coalitions(parts):
        answers = [one.get(coalition) for one in table]
        known = [answer for answer in answers if answer is not None]
        made.append(
            Variant(
                replaced=coalition,
                rate=wilson(sum(known), len(known)),
                errors=len(answers) - len(known),
            )
        )
    return made


def minimal(answers: Answers) -> list[Coalition]:
    """The minimal rescuing sets of one episode, by size; `[()]` if a rerun alone succeeds."""
    rescuing = [set(coalition) for coalition, answer in answers.items() if answer]
    smallest = [one for one in rescuing if not any(other < one for other in rescuing)]
    ordered = [tuple(part for part in PARTS if part in one) for one in smallest]
    return sorted(ordered, key=lambda one: (len(one), [PARTS.index(part) for part in one]))


def blame(parts: Sequence[str], table: Collection[Answers]) -> list[Blame]:
    """What each part loses.

    Args:
        parts: those that were replaced.
        table: the answers of each episode.
    """
    sets = [minimal(answers) for answers in table]
    made: list[Blame] = []
    for part in parts:
        share, low, high = _shapley(part, parts, table)
        made.append(
            Blame(
                part=part,
                alone_rescues=sum(bool(answers.get((part,))) for answers in table),
                needed=sum(bool(one) and all(part in chosen for chosen in one) for one in sets),
                shapley=share,
                shapley_low=low,
                shapley_high=high,
            )
        )
    return made


def _shapley(
    part: str, parts: Sequence[str], table: Collection[Answers]
) -> tuple[float, float, float]:
    """Value and bounds: the value is linear in v, so each missing answer moves it by its weight."""
    share = low = high = 0.0
    for coalition in coalitions(parts):
        weight = _weight(part, coalition, len(parts))
        answers = [one.get(coalition) for one in table]
        share += weight * sum(bool(answer) for answer in answers)
        unknown = sum(answer is None for answer in answers)
        low += min(0.0, weight) * unknown
        high += max(0.0, weight) * unknown
    return share, share + low, share + high


def _weight(part: str, coalition: Coalition, count: int) -> float:
    """How much v(coalition) counts in a part's value: a share of all orders, minus without it."""
    others = len(coalition) - (part in coalition)
    share = math.factorial(others) * math.factorial(count - others - 1) / math.factorial(count)
    return share if part in coalition else -share


def sentence(parts: Sequence[str], table: Collection[Answers]) -> str:
    """Who loses what, in plain words; every episode is told once."""
    total = len(table)
    if not parts:
        return "every part is its upper bound already: no part is to blame"
    if not total:
        return "there is no failed episode to attribute"
    kinds = Counter(tuple(minimal(answers)) for answers in table)
    luck, lost = kinds.pop(((),), 0), kinds.pop((), 0)
    told = [
        _words(sets, count, total if place == 0 else None)
        for place, (sets, count) in enumerate(sorted(kinds.items(), key=_order))
    ]
    if luck:
        told.append(f"{luck} {_does(luck, 'succeed')} when only run again")
    if lost:
        whole = "it" if len(parts) == 1 else "both" if len(parts) == 2 else "all three"
        told.append(f"{lost} {_does(lost, 'fail')} even with {whole} replaced")
    text = "; ".join(told)
    return text if kinds else f"of {total} failed episode{'s' * (total != 1)}, {text}"


def _order(item: tuple[tuple[Coalition, ...], int]) -> tuple[int, int, int]:
    sets, count = item
    return len(sets), len(sets[0]), -count


def _words(sets: Sequence[Coalition], count: int, total: int | None) -> str:
    of = f" of {total} failed episode{'s' * (total != 1)}" if total is not None else ""
    if len(sets) > 1:
        ways = ", or by ".join(_joined(chosen) for chosen in sets)
        return f"{count}{of} {'is' if count == 1 else 'are'} rescued by {ways}"
    (chosen,) = sets
    if len(chosen) == 1:
        return f"the {chosen[0]} alone loses {count}{of}"
    return (
        f"{count}{of} {_does(count, 'need')} {'both ' if len(chosen) == 2 else ''}{_joined(chosen)}"
    )


def _does(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _joined(chosen: Coalition) -> str:
    return " and ".join(chosen) if len(chosen) < 3 else f"{', '.join(chosen[:-1])} and {chosen[-1]}"


def sample(keys: Iterable[Key], count: int | None, seed: int) -> list[Key]:
    """Some episodes, each task's share as large as its share of all.

    Places go to tasks by Webster's method (the largest n / (2 taken + 1) is next), and within a
    task by a hash: a larger sample holds every smaller one, so that nothing is run in vain.

    Args:
        keys: to choose from.
        count: how many; None for all.
        seed: of the choice.
    """
    by_task: dict[str, list[Key]] = {}
    for key in sorted(keys):
        by_task.setdefault(key.task, []).append(key)
    queues = {task: sorted(own, key=lambda key: _hash(key, seed)) for task, own in by_task.items()}
    total = sum(map(len, queues.values()))
    taken: Counter[str] = Counter()
    chosen: list[Key] = []
    for _ in range(total if count is None else min(count, total)):
        open_ones = [task for task, own in queues.items() if taken[task] < len(own)]
        task = max(open_ones, key=lambda task: len(queues[task]) / (2 * taken[task] + 1))
        chosen.append(queues[task][taken[task]])
        taken[task] += 1
    return sorted(chosen)


def _hash(key: Key, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{key.name}".encode()).hexdigest()
