"""Demonstrations as training reads them: pictures in memory-mapped files, labels in memory.

The pictures of an episode are unpacked once, into `.unpacked` beside the recordings; the operating
system keeps in memory what fits. The episodes of one kitchen are all trained on or all held out.
"""

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ...envs.skills import Skill
from ...policies.embedded import cameras, geometry
from ...policies.embedded.words import buckets
from ..console import Progress
from ..records import replace_file
from . import episode_file, wordings
from .data_cmd import JOURNAL, read_journal
from .episode_file import Header
from .record import VIEWS

UNPACKED = ".unpacked"
HELD_OUT = 10
"""One kitchen in so many is held out."""
DONE = 1.0
COLUMNS = (
    "pictures",
    "felt",
    "motion",
    "closed",
    "driving",
    "weight",
    "target",
    "places",
    "done",
)
"""What a batch takes of a stretch as it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A demonstration ready for training; T steps, K steps a chunk."""

    header: Header
    pictures: npt.NDArray[np.uint8]
    """(T, 3, 3, S, S), memory-mapped: right, left, hand."""
    felt: npt.NDArray[np.float32]
    """(T, FEATURES)."""
    motion: npt.NDArray[np.float32]
    """(T, K, MOTION)."""
    closed: npt.NDArray[np.float32]
    """(T, K) 1 where the gripper closes."""
    driving: npt.NDArray[np.float32]
    """(T, K) 1 where the base drives."""
    weight: npt.NDArray[np.float32]
    """(T, K) 0 for what nobody could foresee, or should imitate."""
    target: npt.NDArray[np.float32]
    """(T, 3), NaN where it is unknown."""
    places: npt.NDArray[np.float32]
    """(T, 3, 2) where each picture shows the part, see `cameras.project`; NaN where it does not."""
    done: npt.NDArray[np.float32]
    """(T,) 1 where the subtask is complete; NaN where it is unknown."""
    skills: tuple[Skill | None, ...]
    """By subtask."""
    subtask: npt.NDArray[np.int32]
    """(T,)."""

    @property
    def held_out(self) -> bool:
        """True if its kitchen is not trained on."""
        return zlib.crc32(self.header.scene.encode()) % HELD_OUT == 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """B looks, as numpy; see `Stretch` and `Network.forward`."""

    pictures: npt.NDArray[np.uint8]
    felt: npt.NDArray[np.float32]
    buckets: npt.NDArray[np.int64]
    motion: npt.NDArray[np.float32]
    closed: npt.NDArray[np.float32]
    driving: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    target: npt.NDArray[np.float32]
    places: npt.NDArray[np.float32]
    done: npt.NDArray[np.float32]


def load(folders: Sequence[Path], chunk: int, size: int) -> list[Stretch]:
    """All whole demonstrations of some folders, in a fixed order.

    Args:
        folders: of `leapcasa policy data`.
        chunk: K.
        size: side of the pictures the network wants [px].

    Raises:
        ConfigError: if there are none, one is damaged, or its pictures have another size.
    """
    files: list[tuple[Path, str]] = []
    for folder in folders:
        outcomes = read_journal(folder / JOURNAL)
        files += [(folder / one.file, one.sha256) for one in outcomes if one.file is not None]
    if not files:
        raise ConfigError(f"no demonstrations in {', '.join(map(str, folders))}")
    progress = Progress(len(files), "episodes")
    made: list[Stretch] = []
    try:
        for count, (path, sha256) in enumerate(sorted(files)):
            made.append(_stretch(path, sha256, chunk, size))
            progress.update(count, "unpacking")
    finally:
        progress.close()
    return made


def batch(stretches: Sequence[Stretch], picks: npt.NDArray[np.int64], rng: Any = None) -> Batch:
    """Gather looks.

    Args:
        stretches: where from.
        picks: (B, 2) int64: which stretch, which step.
        rng: draws the wording of each; None for the subtask's own words.
    """
    chosen = [(stretches[int(s)], int(t)) for s, t in picks]
    texts: list[str] = []
    for one, t in chosen:
        index = int(one.subtask[t])
        text = one.header.subtasks[index]
        texts.append(text if rng is None else wordings.said(text, one.skills[index], rng))
    columns = {name: np.stack([getattr(one, name)[t] for one, t in chosen]) for name in COLUMNS}
    return Batch(buckets=np.stack([buckets(text) for text in texts]), **columns)


def _stretch(path: Path, sha256: str, chunk: int, size: int) -> Stretch:
    header = episode_file.read_header(path)
    if header.size != size:
        raise ConfigError(
            f"{path} has pictures of {header.size} px and the network wants {size}; record with "
            f"--size {size}, or choose another preset"
        )
    pictures = path.parent / UNPACKED / f"{path.stem}_{sha256[:8]}.npy"
    demo = episode_file.read(path, sha256)
    if not pictures.is_file():
        _unpack(path, demo, pictures)
    at = np.minimum(np.arange(header.steps)[:, None] + np.arange(chunk), header.steps - 1)
    felt, motion = _by_subtask(demo, chunk)
    skills = tuple(wordings.skill_of(text, header.instruction) for text in header.subtasks)
    return Stretch(
        header=header,
        pictures=np.load(pictures, mmap_mode="r", allow_pickle=False),
        felt=felt,
        motion=motion,
        closed=(demo.expert[at, 6] >= geometry.SWITCH).astype(np.float32),
        driving=(demo.expert[at, 11] >= geometry.SWITCH).astype(np.float32),
        weight=_weights(demo, chunk),
        target=demo.target,
        places=cameras.project(
            demo.target, demo.proprioception[:, 9:12], demo.proprioception[:, 12:16]
        ),
        done=np.where(np.isnan(demo.progress), np.nan, demo.progress >= DONE).astype(np.float32),
        skills=skills,
        subtask=demo.subtask,
    )


def _by_subtask(demo: episode_file.Demonstration, chunk: int) -> tuple[Any, Any]:
    """Features and set points; the history of each begins with its subtask, as in the loop."""
    felt: list[Any] = []
    starts = [0, *(np.flatnonzero(np.diff(demo.subtask)) + 1), len(demo.subtask)]
    for begin, end in itertools.pairwise(starts):
        felt.append(geometry.features(demo.proprioception[begin:end]))
    return np.concatenate(felt), geometry.set_points(demo.proprioception, demo.expert, chunk)


def _weights(demo: episode_file.Demonstration, chunk: int) -> npt.NDArray[np.float32]:
    """1 for what follows from this look: not beyond its subtask, nor behind a later push."""
    steps = len(demo.subtask)
    ahead = np.arange(steps)[:, None] + np.arange(chunk)
    at = np.minimum(ahead, steps - 1)
    good = (ahead < steps) & (demo.subtask[at] == demo.subtask[:, None])
    good &= demo.imitate[at].astype(bool)
    pushes = np.concatenate([[0], np.cumsum(demo.pushed)])
    good &= (pushes[at] - pushes[:steps, None]) == 0
    return good.astype(np.float32)


def _unpack(path: Path, demo: episode_file.Demonstration, to: Path) -> None:
    size = demo.header.size
    views = [episode_file.decode(path, demo.pictures[view], size) for view in VIEWS]
    pictures = np.ascontiguousarray(np.stack(views, 1).transpose(0, 1, 4, 2, 3))
    to.parent.mkdir(exist_ok=True)
    replace_file(to, lambda stream: np.save(stream, pictures, allow_pickle=False))
