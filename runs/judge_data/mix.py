"""Which windows make a dataset: splits by scene, two not complete for each complete, phases.

The published dataset's figures (its model card): 28,416 / 3,786 / 3,648 samples; not complete :
complete = 23,900 : 11,950; phases 17,925 + 5,975 and 8,754 + 3,196. Where an episode gives too few
windows of a phase, the others of the same label stand in: the labels' balance comes first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...judges.base import COMPLETE, NOT_COMPLETE
from .script import unit
from .windows import HARD, OTHER, PHASES, PRE, STABLE, TERMINAL, Window

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
CARD_SPLITS: Mapping[Split, int] = {"train": 28_416, "val": 3_786, "test": 3_648}
CARD_PHASES: Mapping[str, int] = {PRE: 17_925, STABLE: 8_754, HARD: 5_975, TERMINAL: 3_196}
NEGATIVES = 2
"""Not complete for each complete."""
LABEL_PHASES = {NOT_COMPLETE: (PRE, HARD), COMPLETE: (STABLE, TERMINAL)}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A window and where it comes from."""

    id: str
    """A hash of episode, step and words; it says nothing of the label."""
    episode: int
    scene: str
    split: Split
    window: Window


def split_of(scene: str, kitchens: str, seed: int) -> Split:
    """The split of a scene: target kitchens are the test, some of the others validate.

    Args:
        scene: layout and style.
        kitchens: `pretrain` or `target`.
        seed: of the dataset.
    """
    if kitchens == "target":
        return "test"
    share = CARD_SPLITS["val"] / (CARD_SPLITS["train"] + CARD_SPLITS["val"])
    return "val" if unit(seed, "scene", scene) < share else "train"


def balanced(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of one split that are kept, in the order of their ids.

    Ids are hashes that know nothing of labels, so neither does the order. Of a phase, its kinds are
    taken in turn, so that the commonest does not crowd out the others; what was never completed by
    anybody is not asked about, or the words alone would tell the answer.
    """
    completed = {s.window.skill for s in samples if s.window.label == COMPLETE}
    fair = [s for s in samples if s.window.why != OTHER or s.window.skill in completed]
    by_phase = {phase: _in_turn([s for s in fair if s.window.phase == phase]) for phase in PHASES}
    have = {
        label: sum(len(by_phase[phase]) for phase in phases)
        for label, phases in LABEL_PHASES.items()
    }
    complete = min(have[COMPLETE], have[NOT_COMPLETE] // NEGATIVES)
    wanted = {COMPLETE: complete, NOT_COMPLETE: NEGATIVES * complete}
    kept: list[Sample] = []
    for label, phases in LABEL_PHASES.items():
        there = {phase: len(by_phase[phase]) for phase in phases}
        for phase, count in _shares(wanted[label], there).items():
            kept += by_phase[phase][:count]
    return sorted(kept, key=lambda s: s.id)


def _in_turn(samples: Sequence[Sample]) -> list[Sample]:
    """One of each kind, then the next of each."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, str, Sample]] = []
    for one in sorted(samples, key=lambda s: s.id):
        ranked.append((seen[one.window.why], one.id, one))
        seen[one.window.why] += 1
    return [one for _, _, one in sorted(ranked, key=lambda row: row[:2])]


def _shares(wanted: int, there: Mapping[str, int]) -> dict[str, int]:
    """How many of each phase: the card's proportions as far as there are enough."""
    whole = sum(CARD_PHASES[phase] for phase in there)
    first, second = there
    count = min(there[first], round(wanted * CARD_PHASES[first] / whole))
    other = min(there[second], wanted - count)
    return {first: min(there[first], wanted - other), second: other}


def counts(samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    """How many samples each label, phase, and kind of a phase has, in the card's order."""
    labels = Counter(s.window.label for s in samples)
    phases = Counter(s.window.phase for s in samples)
    kinds = Counter(f"{s.window.phase}: {s.window.why}" for s in samples)
    return {
        "labels": {label: labels[label] for label in (NOT_COMPLETE, COMPLETE)},
        "phases": {phase: phases[phase] for phase in PHASES},
        "kinds": dict(kinds.most_common()),
    }
