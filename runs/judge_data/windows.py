"""From the truth of an episode to labelled windows, in the phases of the judge's model card.

With c the first step at which a watched instruction is complete, a window that ends at step t is

    pre_completion_negative    not complete at t, and t < c (or there is no c)
    stable_complete_30         complete at t, c <= t <= c + 30
    terminal_complete_partial  the same, where the episode ends before c + 30
    hard_negative              not complete at t, though it looks so: nearly done, undone again,
                               the right motion at the wrong place, or something else was done

Windows end at odd steps: the frame pairs of a window are then pairs of the whole episode, whose
features can be shared between windows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...judges.base import COMPLETE, NOT_COMPLETE
from .script import derived
from .truths import Watch

PRE, STABLE, HARD, TERMINAL = (
    "pre_completion_negative",
    "stable_complete_30",
    "hard_negative",
    "terminal_complete_partial",
)
PHASES = (PRE, STABLE, HARD, TERMINAL)
OTHER = "other"
"""The kind of hard negative in which something else was done."""
SETTLED_STEPS = 30
"""How long after its completion a subtask gives complete windows (the card's "p30")."""
NEARLY_STEPS, NEARLY_SHARE = 8, 0.8
"""Nearly done: so shortly before the completion, or so much of the way."""
UNDONE_STEPS = 40
PRE_EVERY, NEARLY_EVERY, COMPLETE_EVERY, UNDONE_EVERY, OTHER_EVERY = 10, 3, 6, 8, 24
"""Mean distance of two windows of a kind [steps]."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One labelled moment of an episode."""

    end: int
    """The last frame that is shown."""
    text: str
    label: str
    phase: str
    why: str
    """What kind of its phase it is, for tables; never shown to a judge."""
    skill: tuple[str, ...] = ()
    """What is asked about, whatever the words."""


def windows(watches: Sequence[Watch], number: int, seed: int, dense: int = 1) -> list[Window]:
    """All windows of one episode, before any are left out for the balance.

    Args:
        watches: of the episode.
        number: of the episode.
        seed: of the dataset; which steps and words are taken follows from it and the number.
        dense: so many times as many windows, as far as there are odd steps.
    """
    found: dict[tuple[int, str], Window] = {}
    for index, watch in enumerate(watches):
        kinds = _told(watch) if watch.manner is not None else _other(watch, watches)
        for end, phase, why, every in kinds:
            if end % 2 == 0 or derived(seed, number, index, end) % max(every // 2 // dense, 1):
                continue
            draw = derived(seed, number, index, end, "words")
            # The task's own words and the others', half and half.
            own = draw % 2 == 0 or len(watch.texts) == 1
            text = watch.texts[0] if own else watch.texts[1 + draw // 2 % (len(watch.texts) - 1)]
            label = COMPLETE if phase in (STABLE, TERMINAL) else NOT_COMPLETE
            found.setdefault(
                (end, text),
                Window(end=end, text=text, label=label, phase=phase, why=why, skill=watch.skill),
            )
    return list(found.values())


def _told(watch: Watch) -> Iterator[tuple[int, str, str, int]]:
    """Moments of a subtask that the robot was told to do: end, phase, why, mean distance."""
    stop = watch.last if watch.ended is None else watch.ended
    steps = range(watch.began, watch.last + 1)
    first = next((t for t in steps if watch.done(t)), None)
    for t in range(watch.began, stop + 1 if first is None else first):
        yield _before(watch, t, first)
    if first is None:
        return
    undone: int | None = None
    for t in range(first, watch.last + 1):
        if watch.done(t):
            undone = None
            if t <= first + SETTLED_STEPS:
                whole = watch.last >= first + SETTLED_STEPS
                yield t, STABLE if whole else TERMINAL, "complete", COMPLETE_EVERY
        else:
            undone = t if undone is None else undone
            if t <= undone + UNDONE_STEPS:
                yield t, HARD, "undone", UNDONE_EVERY


def _before(watch: Watch, t: int, first: int | None) -> tuple[int, str, str, int]:
    near = first is not None and first - t <= NEARLY_STEPS
    if near or watch.progress[t - watch.began] >= NEARLY_SHARE:
        return t, HARD, "nearly", NEARLY_EVERY
    if watch.manner == "misplaced":
        return t, HARD, "misplaced", PRE_EVERY
    return t, PRE, watch.manner or "", PRE_EVERY


def _other(watch: Watch, watches: Sequence[Watch]) -> Iterator[tuple[int, str, str, int]]:
    """Moments at which something else was done than what is asked about.

    Only where the answer is no: that something was true all along is not to be seen in a clip.
    """
    for t in range(watch.began, watch.last + 1):
        told = any(
            other.manner is not None and other.skill == watch.skill and other.began <= t
            for other in watches
        )
        if not told and not watch.done(t):
            yield t, HARD, OTHER, OTHER_EVERY
