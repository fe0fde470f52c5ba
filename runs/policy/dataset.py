"""Demonstrations as training reads them: pictures in memory-mapped files, labels in memory.

The pictures of an episode are unpacked once, into `.unpacked` beside the recordings; the operating
system keeps in memory what fits. The episodes of one kitchen are all trained on or all held out.
"""

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ...envs.skills import Skill, skill_of
from ...policies.embedded import cameras, geometry
from ...policies.embedded.network import NetworkConfig
from ...sight.pictures import fitted
from ..console import Progress
from ..records import replace_file
from . import episode_file, wordings
from .data_cmd import JOURNAL, read_journal
from .episode_file import Header

UNPACKED = ".unpacked"
HELD_OUT = 10
"""One kitchen in so many is held out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A demonstration ready for training; T steps, L looks, K steps a chunk."""

    header: Header
    outer: npt.NDArray[np.uint8]
    """(L, 2, 3, S, S), memory-mapped: right, left."""
    inner: npt.NDArray[np.uint8]
    """(L, 3, H, H), memory-mapped: the hand's."""
    felt: npt.NDArray[np.float32]
    """(T, FEATURES)."""
    raw: npt.NDArray[np.float32]
    """(T, 16) proprioception as it was felt."""
    motion: npt.NDArray[np.float32]
    """(T, K, MOTION)."""
    closed: npt.NDArray[np.float32]
    """(T, K) 1 where the gripper closes."""
    driving: npt.NDArray[np.float32]
    """(T, K) 1 where the base drives."""
    weight: npt.NDArray[np.float32]
    """(T, K) 0 for what nobody could foresee, or should imitate."""
    points: npt.NDArray[np.float32]
    """(T, POINTS, 3) in the frame of the base, NaN where unknown."""
    hints: npt.NDArray[np.float32]
    """(T, HINTS), NaN where unknown."""
    places: npt.NDArray[np.float32]
    """(L, 3, POINTS, 2) where pictures show the points, see `cameras.project`; NaN where not."""
    skills: tuple[Skill | None, ...]
    """By subtask."""
    subtask: npt.NDArray[np.int32]
    """(T,)."""
    progress: npt.NDArray[np.float32]
    """(T,) of the subtask, 1 where it is complete; NaN where unknown."""

    @property
    def held_out(self) -> bool:
        """True if its kitchen is not trained on."""
        return zlib.crc32(self.header.scene.encode()) % HELD_OUT == 0

    def subtasks(self) -> Iterator[tuple[int, int]]:
        """First look of each subtask, and the look behind its last."""
        return _alike(self.subtask[:: self.header.look_every])

    def step(self, look: int) -> int:
        """The step of a look."""
        return look * self.header.look_every

    def name(self, step: int) -> str:
        """What is being done at a step, for tables."""
        return wordings.name_of(self.skills[int(self.subtask[step])])

    def text(self, step: int, rng: Any = None) -> str:
        """The subtask in words: its own, or such as `rng` draws."""
        index = int(self.subtask[step])
        own = self.header.subtasks[index]
        return own if rng is None else wordings.said(own, self.skills[index], rng)


def load(folders: Sequence[Path], config: NetworkConfig) -> list[Stretch]:
    """All whole demonstrations of some folders, in a fixed order.

    Args:
        folders: of `leapcasa policy data`.
        config: of the network that is to see them.

    Raises:
        ConfigError: if there are none, one is damaged, or its pictures are too small.
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
            made.append(_stretch(path, sha256, config))
            progress.update(count, "unpacking")
    finally:
        progress.close()
    return made


def check_split(stretches: Sequence[Stretch]) -> None:
    """Refuse what nothing may be learned from.

    Raises:
        ConfigError: if an episode is of another split than pretrain.
    """
    for one in stretches:
        if one.header.split != "pretrain":
            raise ConfigError(
                f"{one.header.task} seed {one.header.seed} is of the {one.header.split} split, "
                "which is for measuring alone; train on demonstrations of --split pretrain"
            )


def _stretch(path: Path, sha256: str, config: NetworkConfig) -> Stretch:
    header = episode_file.read_header(path)
    if header.size < config.size:
        raise ConfigError(
            f"{path} has pictures of {header.size} px and the network wants {config.size}; record "
            f"with --size {config.size}, or choose another preset"
        )
    demo = episode_file.read(path, sha256)
    outer, inner = _pictures(path, demo, f"{path.stem}_{sha256[:8]}", config)
    at = np.minimum(np.arange(header.steps)[:, None] + np.arange(config.chunk), header.steps - 1)
    felt, motion = _by_subtask(demo, config.chunk)
    skills = tuple(skill_of(text, header.instruction) for text in header.subtasks)
    return Stretch(
        header=header,
        outer=outer,
        inner=inner,
        felt=felt,
        raw=demo.proprioception,
        motion=motion,
        closed=(demo.expert[at, 6] >= geometry.SWITCH).astype(np.float32),
        driving=(demo.expert[at, 11] >= geometry.SWITCH).astype(np.float32),
        weight=_weights(demo, config.chunk),
        points=demo.points,
        hints=demo.hints,
        places=_places(demo),
        skills=skills,
        subtask=demo.subtask,
        progress=demo.progress,
    )


def _places(demo: episode_file.Demonstration) -> npt.NDArray[np.float32]:
    """(L, 3, POINTS, 2)."""
    steps = slice(None, None, demo.header.look_every)
    hand, turned = demo.proprioception[steps, 9:12], demo.proprioception[steps, 12:16]
    each = [cameras.project(demo.points[steps, p], hand, turned) for p in range(geometry.POINTS)]
    return np.stack(each, axis=2)


def _by_subtask(demo: episode_file.Demonstration, chunk: int) -> tuple[Any, Any]:
    """Features and set points; the history of each begins with its subtask, as in the loop."""
    felt: list[Any] = []
    for begin, end in _alike(demo.subtask):
        felt.append(geometry.features(demo.proprioception[begin:end]))
    return np.concatenate(felt), geometry.set_points(demo.proprioception, demo.expert, chunk)


def _alike(numbers: npt.NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """Begin and end of each run of equal numbers."""
    starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1), len(numbers)]
    return itertools.pairwise(int(start) for start in starts)


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


def _pictures(
    path: Path, demo: episode_file.Demonstration, stem: str, config: NetworkConfig
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Both kinds, unpacked before or now."""
    sides = {"outer": config.size, "inner": config.hand_size}
    files = {name: path.parent / UNPACKED / f"{stem}_{name}{n}.npy" for name, n in sides.items()}
    if not all(file.is_file() for file in files.values()):
        size = demo.header.size
        seen = {v: episode_file.decode(path, demo.pictures[v], size) for v in demo.pictures}
        near = [fitted(one, config.hand_size) for one in seen["hand"]]
        far = [[fitted(one, config.size) for one in seen[v]] for v in ("right", "left")]
        made = {"outer": np.stack([np.stack(one) for one in far], 1), "inner": np.stack(near)}
        for name, file in files.items():
            _keep(file, made[name])
    outer, inner = (np.load(files[n], mmap_mode="r", allow_pickle=False) for n in sides)
    return outer, inner


def _keep(file: Path, pictures: npt.NDArray[np.uint8]) -> None:
    file.parent.mkdir(exist_ok=True)
    replace_file(file, lambda stream: np.save(stream, pictures, allow_pickle=False))
