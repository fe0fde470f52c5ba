"""Labelled clips as training samples: one for each view of a row, read when it is its turn."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...configs import ConfigError, LeapcasaError, ModelError
from ...envs.sensors import View
from ...judges.base import COMPLETE, NOT_COMPLETE
from ...judges.clips import resample
from ...judges.qwen3vl import PROMPT, asked
from ...vlm.tuning.clips import ClipEncoder
from ..manifest import Row
from .frames import FrameStore

LABELS = (NOT_COMPLETE, COMPLETE)


class ClipSamples:
    """Implements `vlm.tuning.trainer.Samples`.

    Args:
        rows: of a manifest.
        views: those that are learned from; a row gives a sample for each that it has.
        encoder: of the model that is trained.
        store: where clips are read.
        prompt: the judge's.
        suffix: the judge's `answer_suffix`.

    Raises:
        ConfigError: if no row has such a view.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        views: Sequence[View],
        encoder: ClipEncoder,
        store: FrameStore,
        *,
        prompt: str = PROMPT,
        suffix: str = "",
    ) -> None:
        self._encoder, self._store, self._prompt = encoder, store, prompt
        self._answers = tuple(label + suffix for label in LABELS)
        self._items: list[tuple[Row, View]] = [
            (row, view) for row in rows for view in views if view in row.clips
        ]
        if not self._items:
            raise ConfigError(f"no row has a clip of the views {', '.join(views)}")

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """One sample by the names of the model's arguments.

        Raises:
            ModelError: if its clip cannot be read any more.
        """
        row, view = self._items[index]
        frames = self._encoder.layout.frames
        try:
            clip = self._store.clip(row.clips[view], frames, row.span)
        except LeapcasaError as error:  # told as bad input before the training, or broken since
            raise ModelError(f"{row.where}: {error}") from error
        return {**self._tokens(row), **self._encoder.pixels(resample(clip, frames))}

    def lengths(self) -> list[int]:
        """Tokens of each sample."""
        return [len(self._tokens(row)["input_ids"]) for row, _ in self._items]

    def _tokens(self, row: Row) -> dict[str, Any]:
        text = asked(row.instruction, self._prompt)
        return self._encoder.tokens(text, self._answers, LABELS.index(row.label))
