"""VLABench's planner samples on disk.

```
ROOT/[DIMENSION/]TASK/exampleN/input/input.png          four views of the scene
                              /input/input_mask.png     the same, objects numbered
                              /input/instruction.txt
                              /output/operation_sequence.json   {"skill_sequence": [call, ...]}
```
Source: the layout of `vlm_evaluation_v1.0` (VLyb/VLABench), with its spellings of the dimensions.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError, nearest
from .scoring import Dependency

_TUBE, _TOY = "select_chemistry_tube", "select_toy"
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "M&T": ("select_poker", "select_drink", "select_book", _TOY, "select_fruit",
            "select_toy_spatial", "add_condiment", "insert_flower", _TUBE),
    "CommonSense": ("select_drink_common_sense", f"{_TUBE}_common_sense",
                    "add_condiment_common_sense", "insert_flower_common_sense",
                    "select_nth_largest_poker", "select_fruit_common_sense",
                    "select_specific_type_book", f"{_TOY}_common_sense"),
    "Semantic": ("select_book_semantic", "add_condiment_semantic", f"{_TUBE}_semantic",
                 f"{_TOY}_semantic", "select_poker_semantic", "select_fruit_semantic",
                 "insert_flower_semantic", "select_drink_semantic"),
    "Spatial": ("select_fruit_spatial", f"{_TUBE}_spatial", "select_poker_spatial",
                "select_book_spatial", "add_condiment_spatial", "insert_bloom_flower",
                "select_drink_spatial"),
    "PhysicsLaw": ("friction_qa", "density_qa"),
    "Complex": ("cook_dishes", "book_rearrange", "texas_holdem", "cool_drink", "make_juice",
                "hammer_nail_and_hang_picture", "take_chemistry_experiment"),
}  # fmt: skip
"""Dimension -> its tasks; used where the folders are not grouped by dimension."""
_SPELLINGS = {
    "mt": "M&T", "meshtexture": "M&T", "memorytasks": "M&T", "commonsense": "CommonSense",
    "commensence": "CommonSense", "commonsence": "CommonSense", "commensense": "CommonSense",
    "semantic": "Semantic", "spatial": "Spatial", "physicslaw": "PhysicsLaw",
    "physicallaw": "PhysicsLaw", "complex": "Complex",
}  # fmt: skip
INDEPENDENT = frozenset({"cook_dishes", "texas_holdem"})
"""Tasks whose subtasks may come in any order."""
MASKS = ("input_mask.png", "input_gt.png")
"""The numbered picture; the second is an older name."""
_EXAMPLE = re.compile(r"example(\d+)")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One question with its reference answer."""

    dimension: str
    task: str
    number: int
    instruction: str
    picture: Path
    tagged: Path
    """The picture with numbered objects."""
    reference: tuple[Mapping[str, Any], ...]

    @property
    def id(self) -> str:
        """`TASK/exampleN`."""
        return f"{self.task}/example{self.number}"

    @property
    def dependency(self) -> Dependency:
        """Of its subtasks."""
        return "independent" if self.task in INDEPENDENT else "sequential"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What was found."""

    root: Path
    samples: tuple[Sample, ...]
    """By dimension, task and number."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Folder -> why it is no sample."""


def dimension(name: str) -> str:
    """The dimension of that name, in any of the spellings about.

    Raises:
        ConfigError: for an unknown one.
    """
    known = _SPELLINGS.get("".join(c for c in name.casefold() if c.isalnum()))
    if known is None:
        raise ConfigError(
            f"unknown dimension {name!r}{nearest(name, DIMENSIONS)}; there are all, "
            f"{', '.join(DIMENSIONS)}"
        )
    return known


def find(root: Path, dimensions: Sequence[str] = (), limit: int | None = None) -> Samples:
    """The samples below a folder.

    Args:
        root: the data set's folder.
        dimensions: names of `DIMENSIONS`; empty for all that are there.
        limit: samples of each task at most, the first ones.

    Raises:
        ConfigError: if there is none, or a wanted dimension has none.
    """
    root = root.expanduser()
    if not root.is_dir():
        raise ConfigError(f"--data {root} is no folder; name the data set's, vlm_evaluation_v1.0")
    found: list[Sample] = []
    broken: dict[str, str] = {}
    order = list(DIMENSIONS)
    tasks = sorted(_tasks(root), key=lambda pair: (order.index(pair[0]), pair[1].name))
    for where, folder in tasks:
        if dimensions and where not in dimensions:
            continue
        for number, example in _examples(folder)[:limit]:
            try:
                found.append(_sample(where, folder.name, number, example))
            except (OSError, ValueError) as error:
                broken[str(example.relative_to(root))] = str(error)
    there = {sample.dimension for sample in found}
    missing = [name for name in dimensions if name not in there]
    if missing or not found:
        what = f"no sample of {missing[0]}" if missing else "no sample"
        first = next((f"; the first broken one: {k}: {v}" for k, v in broken.items()), "")
        raise ConfigError(
            f"{root} holds {what}; expected are [DIMENSION/]TASK/example0/input/input.png{first}"
        )
    return Samples(root=root, samples=tuple(found), broken=broken)


def _tasks(root: Path) -> Iterator[tuple[str, Path]]:
    """Dimension and folder of every task."""
    of = {task: name for name, tasks in DIMENSIONS.items() for task in tasks}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if folder.name in of:
            yield of[folder.name], folder
            continue
        try:
            where = dimension(folder.name)
        except ConfigError:
            continue
        yield from ((where, task) for task in sorted(folder.iterdir()) if task.is_dir())


def _examples(task: Path) -> list[tuple[int, Path]]:
    found = [(_EXAMPLE.fullmatch(path.name), path) for path in task.iterdir() if path.is_dir()]
    return sorted((int(match[1]), path) for match, path in found if match)


def _sample(where: str, task: str, number: int, folder: Path) -> Sample:
    inside = folder / "input"
    tagged = next((inside / name for name in MASKS if (inside / name).is_file()), None)
    if tagged is None or not (inside / "input.png").is_file():
        missing = "input.png" if tagged else MASKS[0]
        raise ValueError(f"input/{missing} is missing")
    value = json.loads((folder / "output" / "operation_sequence.json").read_text("utf-8"))
    calls = value.get("skill_sequence") if isinstance(value, dict) else None
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise ValueError("output/operation_sequence.json has no list under skill_sequence")
    return Sample(
        dimension=where,
        task=task,
        number=number,
        instruction=(inside / "instruction.txt").read_text("utf-8").strip(),
        picture=inside / "input.png",
        tagged=tagged,
        reference=tuple(calls),
    )
