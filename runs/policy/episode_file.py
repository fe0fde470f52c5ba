"""One demonstration in one file: safetensors, its pictures as lossless PNG one behind the other.

Per control step: what the robot felt, what the expert would do (the label), what was carried out,
which subtask was in hand, how far it truly was, and where the points are that it is about.
Progress, points and hints are truth of the simulation, for labels alone: nothing of them is ever
given to a policy. Pictures are kept at every few steps only.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ...envs.sensors import View
from ..records import replace_file

FORMAT = 2
NOBODY = "nobody: posed"
"""The driver of looks at states that nobody played, see `posed`."""
SUFFIX = ".safetensors"
PNG_EFFORT = 1
"""zlib's level: higher ones save a tenth of the space for twice the time."""

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What an episode is, in the file's own metadata."""

    format: int
    task: str
    split: str
    seed: int
    layout: int
    style: int
    instruction: str
    subtasks: tuple[str, ...]
    """The texts the policy was given, `subtask` of a step counts in it."""
    steps: int
    success: bool
    """RoboCasa's own criterion held at some step."""
    noise: float
    driver: str
    """Who moved the robot: `expert`, or the policy that the expert corrects."""
    views: tuple[View, ...]
    size: int
    """Side of the pictures [px]."""
    look_every: int
    """Steps from one picture to the next; the first is of the first step."""
    assets: str

    @property
    def played(self) -> bool:
        """Whether one step led to the next."""
        return self.driver != NOBODY

    @property
    def scene(self) -> str:
        """The kitchen: all episodes of one kitchen are on the same side of a split."""
        return f"{self.split}/{self.layout}/{self.style}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Demonstration:
    """An episode in memory; T steps."""

    header: Header
    proprioception: npt.NDArray[np.float32]
    """(T, 16) in the order of `Proprioception.vector`."""
    expert: npt.NDArray[np.float32]
    """(T, 12) the right action."""
    executed: npt.NDArray[np.float32]
    """(T, 12) the action that was carried out."""
    pushed: npt.NDArray[np.uint8]
    """(T,) 1 while a disturbance lasts."""
    imitate: npt.NDArray[np.uint8]
    """(T,) 1 where the expert's action is worth imitating (its attempt did not fail)."""
    subtask: npt.NDArray[np.int32]
    """(T,) index into the header's subtasks."""
    progress: npt.NDArray[np.float32]
    """(T,) true progress of the subtask, 0..1; NaN where it is unknown."""
    points: npt.NDArray[np.float32]
    """(T, POINTS, 3) see `keypoints`, in the frame of the hand's proprioception [m]; NaN where they
    are unknown."""
    hints: npt.NDArray[np.float32]
    """(T, HINTS)."""
    pictures: Mapping[View, list[bytes]]
    """(ceil(T / look_every),) PNG files per view."""


_STEPS = (
    "proprioception",
    "expert",
    "executed",
    "pushed",
    "imitate",
    "subtask",
    "progress",
    "points",
    "hints",
)


def encode(picture: npt.NDArray[np.uint8]) -> bytes:
    """An RGB picture as a PNG file."""
    import cv2

    done, data = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT])
    assert done
    return data.tobytes()


def write(path: Path, made: Demonstration) -> str:
    """Write an episode, whole or not at all.

    Returns:
        The file's SHA-256.

    Raises:
        RecordError: if it cannot be written.
    """
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(made, name) for name in _STEPS}
    for view, files in made.pictures.items():
        arrays[f"png.{view}"] = np.frombuffer(b"".join(files), np.uint8)
        arrays[f"ends.{view}"] = np.cumsum([len(one) for one in files]).astype(np.int64)
    data = save(arrays, {"leapcasa": json.dumps(asdict(made.header))})
    replace_file(path, lambda stream: stream.write(data))
    return hashlib.sha256(data).hexdigest()


def read_header(path: Path) -> Header:
    """What an episode is, without reading it.

    Raises:
        ConfigError: if the file is no episode, or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return _header(path, file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _damaged(path, error) from error


def read(path: Path, sha256: str | None = None) -> Demonstration:
    """Read an episode.

    Args:
        path: the file.
        sha256: what its hash has to be; None if that is not known.

    Raises:
        ConfigError: if the file is no episode, or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(path, "its content is not what was recorded")
        arrays, header = load(data), read_header(path)
        pictures: dict[View, list[bytes]] = {v: _files(arrays, v) for v in header.views}
        steps = {name: arrays[name] for name in _STEPS}
    except (OSError, SafetensorError, KeyError) as error:
        raise _damaged(path, error) from error
    return Demonstration(header=header, pictures=pictures, **steps)


def decode(path: Path, files: list[bytes], size: int) -> npt.NDArray[np.uint8]:
    """(T, size, size, 3) uint8 RGB.

    Raises:
        ConfigError: if one of them is no picture of that size.
    """
    import cv2

    out = np.empty((len(files), size, size, 3), np.uint8)
    for index, file in enumerate(files):
        picture = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
        if picture is None or picture.shape != (size, size, 3):
            raise _damaged(path, f"picture {index} cannot be decoded")
        out[index] = picture[..., ::-1]
    return out


def _files(arrays: Arrays, view: View) -> list[bytes]:
    data, ends = arrays[f"png.{view}"].tobytes(), arrays[f"ends.{view}"]
    return [data[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def _header(path: Path, metadata: Mapping[str, str]) -> Header:
    try:
        fields = json.loads(metadata["leapcasa"])
        lists = {name: tuple(fields[name]) for name in ("subtasks", "views")}
        header = Header(**{**fields, **lists})
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"it has no header of a demonstration ({error})") from error
    if header.format != FORMAT:
        raise ConfigError(
            f"{path} has format {header.format}, this version reads {FORMAT}; record it again"
        )
    return header


def _damaged(path: Path, why: object) -> ConfigError:
    return ConfigError(
        f"{path} is no whole demonstration: {why}; delete it and run the same "
        "`leapcasa policy data` command again, which records what is missing"
    )
