"""Films decoded once and kept at the size a judge reads, so that an epoch costs no decoding.

Frames are resized one by one, by the function the judge itself uses; what comes out of the store is
what comes out of the film.
"""

import functools
from pathlib import Path

import numpy as np

from ...judges.base import Clip
from ...vlm.pixels import resized
from ..clip_files import Span, read_clip
from ..judge_setup import content_hash
from ..records import replace_file

WHOLE = 20_000
"""Frames of the longest film that is kept; longer ones are read from where they lie."""


class FrameStore:
    """Reads clips, of recordings by way of a folder of arrays.

    Args:
        folder: of the arrays; made when needed.
        size: side of a frame as the judge reads it [px].
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self._size = folder, size
        self._kept = functools.cache(self._keep)

    def clip(self, path: Path, frames: int, span: Span | None) -> Clip:
        """The frames that a judge is shown; see `clip_files.read_clip`.

        Args:
            path: of the clip, or of the recording where there is a span.
            frames: how many the judge looks at.
            span: which moment of a recording.

        Returns:
            (at most `frames`, H, W, 3) uint8; of `size` where it comes from the store.

        Raises:
            ConfigError: if it cannot be read.
            RecordError: if the store cannot be written.
        """
        # Many episodes in one film begin behind its start; such a film may be hours long.
        if span is None or span.begin > 0 or path.is_dir():
            return read_clip(path, frames, span).clip
        return read_clip(self._kept(path), frames, span).clip

    def _keep(self, path: Path) -> Path:
        kept = self._folder / f"{content_hash(path)}-{self._size}.npy"
        if not kept.exists():
            whole = read_clip(path, WHOLE)
            if whole.total > WHOLE:
                return path
            made = np.ascontiguousarray(resized(whole.clip, self._size))
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(kept, lambda stream: np.save(stream, made))
        return kept
