"""What is right without looking: the commonest label, and the commonest label of the same words.

A judge that does not beat them has learned nothing from pixels. Labels come from a training
manifest, never from the clips that are measured.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..judges.base import COMPLETE, NOT_COMPLETE
from .judge_statistics import Accuracy, accuracy
from .manifest import Row

TITLES: Mapping[str, str] = {
    "majority": "always the commonest label",
    "words": "the commonest label of the same instruction",
}


def measured(rows: Sequence[Row], train: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Accuracy of each baseline.

    Args:
        rows: those that are measured.
        train: those that labels are counted in.

    Returns:
        By name: `title`, `accuracy`, and `phases` with their accuracies.
    """
    overall = Counter(row.label for row in train)
    by_words: dict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        by_words[_plain(row.instruction)][row.label] += 1
    told = {
        "majority": [_commonest(overall) for _ in rows],
        "words": [_commonest(by_words.get(_plain(r.instruction), overall)) for r in rows],
    }
    truth = np.array([row.label == COMPLETE for row in rows], dtype=np.bool_)
    phases = np.array([row.phase for row in rows])
    found: dict[str, dict[str, Any]] = {}
    for name, labels in told.items():
        said = np.array([label == COMPLETE for label in labels], dtype=np.bool_)
        parts: dict[str, Accuracy] = {
            str(p): accuracy(said[phases == p], truth[phases == p])
            for p in dict.fromkeys(phases.tolist())
            if p
        }
        found[name] = {
            "title": TITLES[name],
            "accuracy": asdict(accuracy(said, truth)),
            "phases": {phase: asdict(part) for phase, part in parts.items()},
        }
    return found


def _commonest(labels: Counter[str]) -> str:
    """Of a tie "not complete", which declares nothing done."""
    return COMPLETE if labels[COMPLETE] > labels[NOT_COMPLETE] else NOT_COMPLETE


def _plain(instruction: str) -> str:
    return " ".join(instruction.casefold().split()).rstrip(" .")
