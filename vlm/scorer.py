"""Scoring answers about clips: how likely a model finds each, and nothing computed twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..configs import ConfigError, ModelError
from .load import LoadedModel
from .pixels import Pixels, resized
from .prompt import ClipLayout, PromptBuilder
from .text import PrefixState, TextTower
from .vision import Key, VisionEncoder, pair_keys

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipQuestion:
    """One question about one clip."""

    clip: Pixels
    """(layout.frames, H, W, 3) uint8 RGB, any H and W."""
    text: str
    answers: tuple[str, ...]
    stream: str = ""
    """Whose windows these are; features are reused within a stream."""


@dataclass(frozen=True, kw_only=True)
class AnswerScore:
    """How unlikely one answer is."""

    nll: float
    """Summed negative log-likelihood of its tokens [nats]."""
    tokens: int


class AnswerScorer:
    """Scores answers with one model; for one thread.

    What is computed once: the features of a frame pair (`VisionEncoder`), the prefix of a clip,
    shared by all answers and by further questions about the same clips, and the question itself,
    shared by its answers.

    Args:
        loaded: the model.
        layout: how clips are shown to it.
        batch: how many clips go through the text tower at once; bounds its memory. None: 16 on a
            GPU; 2 on a CPU, whose caches a larger batch leaves.
        cache_pairs: see `VisionEncoder`.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        layout: ClipLayout,
        *,
        batch: int | None = None,
        cache_pairs: int = 256,
    ) -> None:
        if batch is None:
            batch = 2 if loaded.device.type == "cpu" else 16
        if batch < 1 or cache_pairs < 0:
            raise ConfigError(f"batch >= 1 and cache_pairs >= 0 are needed: {batch}, {cache_pairs}")
        self.layout = layout
        self.prompts = PromptBuilder(loaded, layout)
        self.vision = VisionEncoder(loaded, capacity=cache_pairs)
        self._text = TextTower(loaded)
        self._batch = batch
        self._last: tuple[tuple[tuple[Key, ...], ...], PrefixState] | None = None
        self.prefixes = 0
        """Clips whose prefix was read so far."""

    def score(self, items: Sequence[ClipQuestion]) -> list[dict[str, AnswerScore]]:
        """Score every answer of every question, in batches.

        Returns:
            One mapping answer -> score per item, in order.

        Raises:
            ConfigError: for a clip that does not fit the layout, or an answer without tokens.
            ModelError: if memory runs out or the numbers are not finite.
        """
        import torch

        results: list[dict[str, AnswerScore]] = []
        try:
            with torch.inference_mode():
                for start in range(0, len(items), self._batch):
                    results += self._score(items[start : start + self._batch])
        except torch.cuda.OutOfMemoryError as error:
            self._last = None
            raise ModelError(
                f"out of GPU memory with {min(len(items), self._batch)} clips of "
                f"{self.layout.frames} frames at once: set a smaller batch or cache_pairs, "
                "quantization=nf4, or device=cpu"
            ) from error
        return results

    def _score(self, items: Sequence[ClipQuestion]) -> list[dict[str, AnswerScore]]:
        questions = [self.prompts.question(item.text, tuple(item.answers)) for item in items]
        clips = [self._fitted(item.clip) for item in items]
        names = [pair_keys(clip) for clip in clips]
        rows = list(dict.fromkeys(names))
        first = [names.index(row) for row in rows]
        state = self._state(rows, [clips[i] for i in first], [items[i].stream for i in first])
        losses = self._text.answers(state, [rows.index(name) for name in names], questions)
        results = []
        for item, question, sums in zip(items, questions, losses, strict=True):
            if not all(abs(value) < float("inf") for value in sums):
                raise ModelError(
                    f"the model gave no finite likelihood for {item.text[:80]!r}: {sums}; "
                    "its weights or its dtype are broken"
                )
            pairs = zip(item.answers, sums, question.answers, strict=True)
            results.append({a: AnswerScore(nll=s, tokens=len(ids)) for a, s, ids in pairs})
        return results

    def _state(
        self, rows: list[tuple[Key, ...]], clips: list[Pixels], streams: list[str]
    ) -> PrefixState:
        """The prefixes of these clips, kept until other clips are asked about."""
        if self._last is not None and self._last[0] == tuple(rows):
            return self._last[1]
        self._last = None  # free it before the next one is made
        features: torch.Tensor = self.vision.features(clips, rows, streams)
        state = self._text.prefix(self.prompts.prefix(), features)
        self.prefixes += len(rows)
        self._last = (tuple(rows), state)
        return state

    def _fitted(self, clip: Pixels) -> Pixels:
        if clip.ndim != 4 or clip.shape[3] != 3 or clip.dtype.name != "uint8":
            raise ConfigError(f"a clip is (T, H, W, 3) uint8; got {clip.shape} {clip.dtype}")
        if len(clip) != self.layout.frames:
            raise ConfigError(f"a clip of {len(clip)} frames; {self.layout.frames} are wanted")
        return resized(clip, self.layout.size)
