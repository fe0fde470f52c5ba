"""What an episode and a shared judge say to each other, as parts of ZeroMQ messages.

The first part of a message is msgpack with plain values (never pickle), further parts are pixels.

A clip crosses as the hashes of its frames, with the pixels of those frames only that the other side
does not have yet: of a window that slides by 16 of 64 frames a quarter crosses. The judge's side
keeps the frames of a stream's newest request and says so when some are missing, for instance after
it was started anew; then all are sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt

from ..configs import JudgeError
from ..envs.sensors import VIEWS, View
from .base import Clip, JudgeInfo, Verdict

MOST_BYTES = 64 * 2**20
"""Of one part of a message."""
MOST_WORDS = 2**20
"""Bytes of the first part."""
MOST_SIDE = 4096
"""Of a frame [px]."""
HASH_BYTES = 16

Frame = npt.NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""


class WireError(Exception):
    """A message that is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """A request for a verdict, its clips whole again."""

    number: int
    stream: str
    text: str
    clips: Mapping[View, Clip]


def packed(values: Mapping[str, Any]) -> bytes:
    """The first part of a message."""
    return msgpack.Packer(use_bin_type=True).pack(values)


def unpacked(part: bytes) -> dict[str, Any]:
    """The first part back.

    Raises:
        WireError: if it is none.
    """
    if len(part) > MOST_WORDS:
        raise WireError(f"{len(part)} bytes where words should be")
    try:
        values = msgpack.unpackb(part, raw=False, strict_map_key=True)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise WireError(f"no msgpack: {error}") from error
    if not isinstance(values, dict):
        raise WireError(f"no mapping but {type(values).__name__}")
    return values


class Sender:
    """The episode's side: knows which frames the judge has."""

    def __init__(self) -> None:
        self._sent: set[bytes] = set()

    def question(
        self, number: int, stream: str, clips: Mapping[View, Clip], text: str
    ) -> list[Any]:
        """Parts of a request; pixels are views of the clips, not copies."""
        names = {view: [_hash(frame) for frame in clip] for view, clip in clips.items()}
        fresh: dict[bytes, Frame] = {}
        for view, clip in clips.items():
            for name, frame in zip(names[view], clip, strict=True):
                if name not in self._sent:
                    fresh.setdefault(name, frame)
        self._sent = {name for row in names.values() for name in row}
        head = {
            "op": "score",
            "id": number,
            "stream": stream,
            "text": text,
            "views": names,
            "fresh": [[name, *frame.shape[:2]] for name, frame in fresh.items()],
        }
        return [packed(head), *(np.ascontiguousarray(frame) for frame in fresh.values())]

    def forget(self) -> None:
        """The judge has lost what it was sent."""
        self._sent = set()


class Receiver:
    """The judge's side: keeps the frames of each stream's newest request.

    Args:
        most: streams that are kept, those not heard of for longest go first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._streams: dict[str, dict[bytes, Frame]] = {}

    def question(self, head: Mapping[str, Any], pixels: Sequence[Any]) -> Question | None:
        """A request made whole; None if frames are missing that it takes for known.

        Args:
            head: the first part.
            pixels: buffers of the others; kept.

        Raises:
            WireError: if it is no request.
        """
        try:
            number, stream, text = int(head["id"]), str(head["stream"]), str(head["text"])
            known = self._streams.pop(stream, {})
            fresh = {bytes(n): (int(h), int(w)) for n, h, w in head["fresh"]}
            views = {view: [bytes(name) for name in row] for view, row in head["views"].items()}
        except (KeyError, TypeError, ValueError) as error:
            raise WireError(f"no question: {error!r}") from error
        if len(pixels) != len(fresh) or not set(views) <= set(VIEWS) or not all(views.values()):
            raise WireError("parts are missing")
        for (name, size), part in zip(fresh.items(), pixels, strict=True):
            known[name] = _frame(part, *size)
        used = {name for row in views.values() for name in row}
        if not used <= known.keys():
            return None
        self._streams[stream] = {name: known[name] for name in used}
        while len(self._streams) > self._most:
            self.forget(next(iter(self._streams)))
        clips = {view: _stacked([known[name] for name in row]) for view, row in views.items()}
        return Question(number=number, stream=stream, text=text, clips=clips)

    @property
    def streams(self) -> set[str]:
        """Those of which frames are kept."""
        return set(self._streams)

    def forget(self, stream: str) -> None:
        """A stream has ended; unknown ones are passed over."""
        self._streams.pop(stream, None)


def verdict_out(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain values."""
    return {
        "label": verdict.label,
        "scores": dict(verdict.scores),
        "per_view": {view: dict(scores) for view, scores in verdict.per_view.items()},
        "tokens": dict(verdict.tokens),
    }


def verdict_in(values: Mapping[str, Any], milliseconds: float) -> Verdict:
    """A verdict back.

    Raises:
        JudgeError: if it is none.
    """
    try:
        return Verdict(**values, milliseconds=milliseconds)
    except TypeError as error:
        raise JudgeError(f"the scoring process gave no verdict: {error}") from error


def info_out(info: JudgeInfo) -> dict[str, Any]:
    """Facts of a judge as plain values."""
    return asdict(info)


def info_in(values: Mapping[str, Any]) -> JudgeInfo:
    """Facts of a judge back."""
    return JudgeInfo(**{**values, "views": tuple(values["views"])})


def _hash(frame: Frame) -> bytes:
    import xxhash

    return xxhash.xxh3_128_digest(np.ascontiguousarray(frame).data)


def _frame(part: Any, height: int, width: int) -> Frame:
    if not (0 < height <= MOST_SIDE and 0 < width <= MOST_SIDE):
        raise WireError(f"a frame of {height} x {width} px")
    flat = np.frombuffer(part, np.uint8)
    if flat.size != height * width * 3:
        raise WireError(f"a frame of {height} x {width} px in {flat.size} bytes")
    return flat.reshape(height, width, 3)


def _stacked(frames: Sequence[Frame]) -> Clip:
    if len({frame.shape for frame in frames}) != 1:
        raise WireError("frames of one clip have several sizes")
    return np.stack(frames)
