"""From a question about a clip to token ids and positions, the same ones every time.

What the model reads is this, for 64 frames at 20 fps:

    <|im_start|>user
    <0.0 seconds><|vision_start|>..<|vision_end|><0.1 seconds><|vision_start|>.. QUESTION<|im_end|>
    <|im_start|>assistant
    ANSWER

One `<T seconds>` and one block of visual tokens stand for each frame pair; T is the mean time of
its two frames, counted from the clip's first. Everything up to the last block is the *prefix*: it
is the same for every question about the same clip. The rest is the *tail*.

Releases of transformers differ here. 4.57 replaces the chat template's
`<|vision_start|><|video_pad|><|vision_end|>` as a whole; 5.x replaces the pad alone, which leaves
one more `<|vision_start|>` before the first time stamp and one more `<|vision_end|>` after the last
block. Which of the two a checkpoint was trained with is a setting (`outer_vision_tokens`), so that
scores do not depend on what is installed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..configs import ConfigError
from .load import LoadedModel
from .positions import mrope

_VIDEO, _START, _END = "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"


@dataclass(frozen=True, kw_only=True)
class ClipLayout:
    """How a clip is shown to the model."""

    frames: int = 64
    """Even: the vision tower reads pairs."""
    size: int = 224
    """Side of a frame [px], a multiple of 32."""
    fps: float = 20.0
    """Frames a second; the time stamps follow from it and from nothing else."""
    outer_vision_tokens: bool = False
    """False: the layout of transformers 4.57; True: of 5.x."""

    def __post_init__(self) -> None:
        if self.frames < 2 or self.frames % 2:
            raise ConfigError(f"frames must be even and at least 2, got {self.frames!r}")
        if self.size < 32 or self.size % 32:
            raise ConfigError(f"size must be a multiple of 32 px, got {self.size!r}")
        if not 0 < self.fps < float("inf"):
            raise ConfigError(f"fps must be positive, got {self.fps!r}")

    @property
    def pairs(self) -> int:
        """Frame pairs in a clip."""
        return self.frames // 2

    def times(self) -> list[float]:
        """Mean time of each pair [s]."""
        return [(2 * i / self.fps + (2 * i + 1) / self.fps) / 2 for i in range(self.pairs)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prefix:
    """Token ids up to the end of the clip."""

    ids: npt.NDArray[np.int64]
    """(L,)"""
    visual: npt.NDArray[np.int64]
    """(pairs * tokens per pair,) indices into `ids` of the visual tokens, in order."""
    positions: npt.NDArray[np.int64]
    """(3, L): time, row and column of every token (interleaved MRoPE)."""
    next_position: int
    """Position of the first token of a tail."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What follows the clip, and the answers to choose from."""

    tail: tuple[int, ...]
    """Token ids from the end of the clip to the start of the answer."""
    answers: tuple[tuple[int, ...], ...]
    """Token ids of every answer."""


class PromptBuilder:
    """Turns texts into token ids for one model and one clip layout.

    Args:
        loaded: the model, for its tokenizer, chat template and vision geometry.
        layout: of the clips.

    Raises:
        ConfigError: if the tokenizer lacks the special tokens.
    """

    def __init__(self, loaded: LoadedModel, layout: ClipLayout) -> None:
        self._tokenizer, self._template = loaded.tokenizer, loaded.chat_template
        self.layout = layout
        vision = loaded.model.config.vision_config
        self._grid = layout.size // (int(vision.patch_size) * int(vision.spatial_merge_size))
        self._video_id = int(loaded.model.config.video_token_id)
        self._end_id = int(loaded.model.config.vision_end_token_id)
        if self._tokenizer.convert_tokens_to_ids(_VIDEO) != self._video_id:
            raise ConfigError(f"the tokenizer's {_VIDEO} is not the model's video token")
        self.question = lru_cache(maxsize=256)(self._question)
        self._prefix: Prefix | None = None

    def prefix(self) -> Prefix:
        """What precedes every question about a clip of this layout."""
        if self._prefix is None:
            ids = self._split(self._ids(self._text("")))[0]
            self._prefix = self._with_positions(np.asarray(ids, np.int64))
        return self._prefix

    def _question(self, text: str, answers: tuple[str, ...]) -> Question:
        """The tail of a question and the ids of its answers.

        Args:
            text: what the user's turn says after the clip.
            answers: what the assistant may say.

        Raises:
            ConfigError: if an answer has no tokens of its own.
        """
        prompt = self._text(text)
        head, tail = self._split(self._ids(prompt))
        if not np.array_equal(head, self.prefix().ids):
            raise ConfigError(f"the question changes the tokens of the clip before it: {text!r}")
        whole = len(head) + len(tail)
        found: list[tuple[int, ...]] = []
        for answer in answers:
            ids = self._ids(prompt + answer)
            if ids[:whole] != [*head, *tail] or len(ids) == whole:
                raise ConfigError(
                    f"the label {answer!r} has no tokens of its own after the prompt; "
                    "name labels that the tokenizer keeps apart from the line before"
                )
            found.append(tuple(ids[whole:]))
        if len(set(found)) != len(found):
            raise ConfigError(f"two of the labels {list(answers)} have the same tokens")
        return Question(tail=tuple(tail), answers=tuple(found))

    def _text(self, question: str) -> str:
        if _VIDEO in question:
            raise ConfigError(f"the text must not contain {_VIDEO}: {question!r}")
        content = [{"type": "video"}, {"type": "text", "text": question}]
        rendered: str = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self._template,
            tokenize=False,
            add_generation_prompt=True,
        )
        placeholder = _START + _VIDEO + _END
        if rendered.count(placeholder) != 1:
            raise ConfigError(f"the chat template must write {placeholder} once: {rendered!r}")
        return rendered.replace(placeholder, self._clip_text())

    def _clip_text(self) -> str:
        block = _START + _VIDEO * self._grid**2 + _END
        text = "".join(f"<{time:.1f} seconds>{block}" for time in self.layout.times())
        return _START + text + _END if self.layout.outer_vision_tokens else text

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]

    def _split(self, ids: Sequence[int]) -> tuple[list[int], list[int]]:
        """Prefix and tail: cut after the last token of the clip."""
        last = max(i for i, token in enumerate(ids) if token == self._video_id)
        cut = last + 2 + self.layout.outer_vision_tokens
        if ids[cut - 1] != self._end_id:
            raise ConfigError("the tokenizer does not keep the clip's end mark as one token")
        return list(ids[:cut]), list(ids[cut:])

    def _with_positions(self, ids: npt.NDArray[np.int64]) -> Prefix:
        grids = [(self._grid, self._grid)] * self.layout.pairs
        positions, following = mrope(ids, {self._video_id}, grids)
        visual = np.flatnonzero(ids == self._video_id)
        return Prefix(ids=ids, visual=visual, positions=positions, next_position=following)
