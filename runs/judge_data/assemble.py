"""From recorded episodes to the manifests of a dataset: windows, splits, balance, the card's table.

    train.jsonl  val.jsonl  test.jsonl   what `judge train` and `judge eval` read
    windows.jsonl                        every kept sample with its kind, for people
    dataset.json                         what was asked for, and the figures

A row of a manifest points into a film: `end` is the frame that is judged, and the judge sees the 64
frames up to it and none behind it.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...envs.sensors import View
from ..records import replace_file
from ..tables import TextTable, shown
from .mix import CARD_PHASES, CARD_SPLITS, SPLITS, Sample, Split, balanced, counts, split_of
from .truths import Watch
from .windows import windows


@dataclass(frozen=True, kw_only=True, eq=False)
class Episode:
    """A recorded episode."""

    number: int
    scene: str
    kitchens: str
    """`pretrain`, `target`, or another name for where its scene comes from."""
    films: Mapping[View, Path]
    watches: Sequence[Watch]
    begin: Mapping[View, int]
    """The frame of each film at which the episode begins."""


def assemble(
    folder: Path, episodes: Sequence[Episode], seed: int, dense: int = 1
) -> dict[Split, dict[str, Any]]:
    """Write the manifests.

    Args:
        folder: of the dataset.
        episodes: recorded ones, in any order.
        seed: of the dataset; the same episodes and seed give the same files.
        dense: so many times as many windows to train on; those to measure on stay as they are.

    Returns:
        Figures: per split its samples, labels, phases, kinds, scenes and episodes.

    Raises:
        ConfigError: if no split has both labels.
        RecordError: if they cannot be written.
    """
    known = {episode.number: episode for episode in episodes}
    every = [s for e in sorted(episodes, key=lambda e: e.number) for s in samples(e, seed, dense)]
    kept = {split: balanced([s for s in every if s.split == split]) for split in SPLITS}
    if not any(kept.values()):
        raise ConfigError(
            f"{len(episodes)} episodes give {len(every)} windows, and no split has both complete "
            "and not complete ones: record more episodes with --episodes N"
        )
    for split, chosen in kept.items():
        rows = [_row(folder, known[s.episode], s) for s in chosen]
        _write_lines(folder / f"{split}.jsonl", rows)
    _write_lines(
        folder / "windows.jsonl",
        [
            {"id": s.id, "split": s.split, "episode": s.episode, "why": s.window.why}
            for split in SPLITS
            for s in kept[split]
        ],
    )
    return {split: _figures(kept[split]) for split in SPLITS}


def samples(episode: Episode, seed: int, dense: int = 1) -> list[Sample]:
    """All windows of an episode with their split and id, before any are left out."""
    split = split_of(episode.scene, episode.kitchens, seed)
    return [
        Sample(
            id=_id(seed, episode.number, window.end, window.text),
            episode=episode.number,
            scene=f"{episode.kitchens}-{episode.scene}",
            split=split,
            window=window,
        )
        for window in windows(
            episode.watches, episode.number, seed, dense if split == "train" else 1
        )
    ]


def _id(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _row(folder: Path, episode: Episode, sample: Sample) -> dict[str, Any]:
    row: dict[str, Any] = {"id": sample.id, "instruction": sample.window.text}
    for view, film in episode.films.items():
        inside = film.is_relative_to(folder)
        row[view] = os.fspath(film.relative_to(folder) if inside else film)
    begins = set(episode.begin.values())
    if len(begins) != 1:
        raise ConfigError(f"the views of episode {episode.number} begin at different frames")
    begin = begins.pop()
    if begin:
        row["begin"] = begin
    return {
        **row,
        "end": begin + sample.window.end,
        "label": sample.window.label,
        "phase": sample.window.phase,
        "group": sample.scene,
    }


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    replace_file(path, lambda stream: stream.write(text.encode()))


def _figures(chosen: Sequence[Sample]) -> dict[str, Any]:
    return {
        "samples": len(chosen),
        **counts(chosen),
        "scenes": len({s.scene for s in chosen}),
        "episodes": len({s.episode for s in chosen}),
        "instructions": len({s.window.text for s in chosen}),
    }


def as_text(figures: Mapping[Split, Mapping[str, Any]]) -> str:
    """The figures in the form of the model card, its own beside them."""
    total = sum(f["samples"] for f in figures.values())
    card = sum(CARD_SPLITS.values())
    splits = TextTable(
        head=("Split", "Samples", "Episodes", "Scenes", "Card"),
        rows=[
            *(
                (split, f"{f['samples']:,}", f"{f['episodes']:,}", f"{f['scenes']:,}",
                 f"{CARD_SPLITS[split]:,}")
                for split, f in figures.items()
            ),
            ("total", f"{total:,}", "", "", f"{card:,}"),
        ],
    )  # fmt: skip
    labels, phases, kinds = Counter[str](), Counter[str](), Counter[str]()
    for f in figures.values():
        labels.update(f["labels"])
        phases.update(f["phases"])
        kinds.update(f["kinds"])
    parts = [
        shown(splits),
        shown(_shares("Label", labels, total, {"not complete": 23_900, "complete": 11_950})),
        shown(_shares("Phase", phases, total, CARD_PHASES)),
        shown(_shares("Kind of a phase", kinds, total, {})),
    ]
    return "\n\n".join(parts)


def _shares(head: str, found: Mapping[str, int], total: int, card: Mapping[str, int]) -> TextTable:
    whole = sum(card.values())
    return TextTable(
        head=(head, "Samples", "Share", "Card"),
        rows=[
            (name, f"{n:,}", f"{n / max(total, 1):.1%}",
             f"{card[name] / whole:.1%}" if name in card else "-")
            for name, n in found.items()
        ],
    )  # fmt: skip
