"""Thousands of samples out of the training tasks: told in other words, about other things, joined.

Nothing here sees a task that was not given to it, so held-out tasks stay unseen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...agent import phrase
from ...agent.base import Attempt
from . import grammar, relex
from .wording import paraphrase

_TRIES = 20


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One real instruction."""

    task: str
    instruction: str
    steps: tuple[str, ...]
    """In the words the instruction offers (`said`)."""
    names: tuple[str, ...]
    """What its objects are called in them."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One composed sample."""

    instruction: str
    steps: tuple[str, ...]
    """Those that are left."""
    history: tuple[Attempt, ...] = ()
    """What is behind, for a plan that is made anew."""
    source: str = ""
    """Tasks it was made of, or `grammar`."""


def compose(
    patterns: Sequence[Pattern],
    count: int,
    seed: int,
    *,
    made_up: float = 0.4,
    joined: float = 0.15,
    replans: float = 0.08,
    most_steps: int = 8,
    rich: bool = False,
) -> Iterator[Made]:
    """Samples, hardly two of one instruction.

    Args:
        patterns: of training tasks alone.
        count: how many samples.
        seed: decides all of them.
        made_up: share of instructions by the grammar.
        joined: share of two real instructions in one.
        replans: share in which some steps are done or failed already.
        most_steps: of one plan, as far as drawing again helps.
        rich: more kinds of made-up commands.
    """
    random = np.random.default_rng(seed)
    seen: set[str] = set()
    for _ in range(count):
        text, steps, source = _one(patterns, random, made_up, joined, rich)
        for _ in range(_TRIES):
            if text not in seen and len(steps) <= most_steps:
                break
            text, steps, source = _one(patterns, random, made_up, joined, rich)
        seen.add(text)
        history: tuple[Attempt, ...] = ()
        if len(steps) > 1 and random.random() < replans:
            steps, history = _later(steps, random)
        yield Made(instruction=text, steps=tuple(steps), history=history, source=source)


def _one(
    patterns: Sequence[Pattern],
    random: np.random.Generator,
    made_up: float,
    joined: float,
    rich: bool,
) -> tuple[str, list[str], str]:
    drawn = random.random()
    if drawn < made_up or not patterns:
        text, steps = grammar.instruction(random, rich=rich)
        return relex.spoken(text, random), steps, "grammar"
    first = patterns[int(random.integers(len(patterns)))]
    text, steps = _retold(first, random)
    if drawn > made_up + joined:
        return text, steps, first.task
    second = patterns[int(random.integers(len(patterns)))]
    more, behind = _retold(second, random)
    link = (" Then ", " ", " After that, ", " Next, ")[int(random.integers(4))]
    more = more if link == " " else more[:1].lower() + more[1:]
    end = "" if text[-1] in ".!?" else "."
    return f"{text}{end}{link}{more}", steps + behind, f"{first.task}+{second.task}"


def _retold(pattern: Pattern, random: np.random.Generator) -> tuple[str, list[str]]:
    text, steps = relex.relexed(pattern.instruction, pattern.steps, pattern.names, random)
    return paraphrase(text, random, "train", change=float(random.choice([0.0, 0.3, 0.6]))), steps


def _later(
    steps: Sequence[str], random: np.random.Generator
) -> tuple[list[str], tuple[Attempt, ...]]:
    """The steps that are left after some are done, the next one perhaps failed once."""
    done = int(random.integers(1, len(steps)))
    behind = [Attempt(text=phrase.instruction(step), outcome="done") for step in steps[:done]]
    if random.random() < 0.5:
        behind.append(Attempt(text=phrase.instruction(steps[done]), outcome="failed"))
    return list(steps[done:]), tuple(behind)
