"""A conversation as the model is trained on it: token ids, what of them is learned, and pictures.

What is learned are the assistant's turns: their words and the mark that ends them, found through
the checkpoint's own chat template. The prompt before an answer is, token by token, the one that
`vlm.generate` shows the model when it plans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ..images import Picture, PixelBudget, fitted
from ..load import LoadedModel
from ..pixels import patches
from ..positions import mrope

if TYPE_CHECKING:
    import torch

IGNORED = -100
"""The label of a token that is not learned."""
_START, _PAD, _END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message: pictures first, then words."""

    role: Literal["system", "user", "assistant"]
    text: str
    pictures: int = 0
    """How many pictures stand before the words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """One conversation, ready for `collate.Collator`."""

    ids: npt.NDArray[np.int64]
    """(L,)"""
    labels: npt.NDArray[np.int64]
    """(L,): the ids of what is learned, `IGNORED` elsewhere; not shifted."""
    positions: npt.NDArray[np.int64]
    """(3, L): time, row and column (interleaved MRoPE)."""
    pixels: "torch.Tensor | None" = None
    """(patches, channels * time * side * side) float32 of all pictures in order."""
    grids: npt.NDArray[np.int64] | None = None
    """(pictures, 3): frames pairs, rows and columns of patches."""

    def features(self) -> dict[str, Any]:
        """By the names of the model's own arguments."""
        made = {"input_ids": self.ids, "labels": self.labels, "position_ids": self.positions}
        if self.pixels is not None:
            made |= {"pixel_values": self.pixels, "image_grid_thw": self.grids}
        return made


class Words(NamedTuple):
    """A conversation's tokens before its pictures are read."""

    ids: npt.NDArray[np.int64]
    """(L,)"""
    labels: npt.NDArray[np.int64]
    """(L,)"""


class ConversationEncoder:
    """Turns conversations into ids, labels and patches for one model.

    Args:
        tokenizer: the checkpoint's, a fast one.
        chat_template: the checkpoint's.
        vision: the vision config of the model (patch_size, spatial_merge_size).
        budget: sizes of pictures.
        max_length: tokens of a conversation, those of its pictures included.

    Raises:
        ConfigError: if the tokenizer cannot tell which characters a token stands for.
    """

    def __init__(
        self,
        tokenizer: Any,
        chat_template: str,
        vision: Any,
        *,
        budget: PixelBudget | None = None,
        max_length: int = 4096,
    ) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ConfigError("training needs a fast tokenizer (tokenizer.json beside the weights)")
        self._tokenizer, self._template, self._vision = tokenizer, chat_template, vision
        self.budget, self.max_length = budget or PixelBudget(), max_length
        self._block = int(vision.patch_size) * int(vision.spatial_merge_size)
        self._pad = int(tokenizer.convert_tokens_to_ids(_PAD))

    @classmethod
    def of(
        cls, loaded: LoadedModel, *, budget: PixelBudget | None = None, max_length: int = 4096
    ) -> "ConversationEncoder":
        """The encoder for a loaded model."""
        vision = loaded.model.config.vision_config
        return cls(
            loaded.tokenizer,
            loaded.chat_template,
            vision,
            budget=budget,
            max_length=max_length,
        )

    def words(self, turns: Sequence[Turn], sizes: Sequence[tuple[int, int]] = ()) -> Words:
        """Ids and labels without reading the pictures.

        Args:
            turns: the conversation.
            sizes: height and width of each picture [px], in order.

        Raises:
            ConfigError: for a conversation that is too long, has no answer, holds control tokens,
                or has another number of pictures than `sizes`.
        """
        _check(turns, len(sizes))
        whole = self._rendered(turns)
        spans = [self._span(turns, i, whole) for i, t in enumerate(turns) if t.role == "assistant"]
        shown = [self.budget.size(*size) for size in sizes]
        text, spans = self._expanded(whole, spans, shown)
        told = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids = np.asarray(told["input_ids"], np.int64)
        if len(ids) > self.max_length:
            raise ConfigError(f"{len(ids)} tokens, at most {self.max_length} are trained on")
        labels = np.full_like(ids, IGNORED)
        for index, (first, last) in enumerate(told["offset_mapping"]):
            # A token that begins before the answer belongs to the prompt.
            if any(begin <= first and last <= end and first < last for begin, end in spans):
                labels[index] = ids[index]
        if (labels == IGNORED).all():
            raise ConfigError("nothing of the conversation is an answer to learn")
        return Words(ids, labels)

    def encode(self, turns: Sequence[Turn], pictures: Sequence[Picture] = ()) -> Encoded:
        """A whole conversation.

        Args:
            turns: the conversation.
            pictures: (H, W, 3) uint8 each, in the order of the turns.

        Raises:
            ConfigError: as `words`, or for a picture that cannot be shown.
        """
        import torch

        ids, labels = self.words(turns, [(p.shape[0], p.shape[1]) for p in pictures])
        shown = [fitted(picture, self.budget) for picture in pictures]
        blocks = [(p.shape[0] // self._block, p.shape[1] // self._block) for p in shown]
        positions, _ = mrope(ids, {self._pad}, blocks)
        if not shown:
            return Encoded(ids=ids, labels=labels, positions=positions)
        pairs = (torch.from_numpy(np.stack([p, p])[None]) for p in shown)
        pixels = torch.cat([patches(pair, self._vision, torch.float32) for pair in pairs])
        side = int(self._vision.patch_size)
        grids = [[1, p.shape[0] // side, p.shape[1] // side] for p in shown]
        return Encoded(
            ids=ids,
            labels=labels,
            positions=positions,
            pixels=pixels,
            grids=np.asarray(grids, np.int64),
        )

    def _rendered(self, turns: Sequence[Turn], *, asking: bool = False) -> str:
        text: str = self._tokenizer.apply_chat_template(
            [_message(turn) for turn in turns],
            chat_template=self._template,
            tokenize=False,
            add_generation_prompt=asking,
        )
        return text

    def _span(self, turns: Sequence[Turn], index: int, whole: str) -> tuple[int, int]:
        """Characters of one answer, the mark that ends it included."""
        before = self._rendered(turns[:index], asking=True)
        after = self._rendered(turns[: index + 1])
        answer = turns[index].text
        if not (whole.startswith(after) and after.startswith(before + answer)):
            raise ConfigError(
                "the chat template changes earlier turns or the answer's words, so that what is "
                f"learned cannot be told from what is given: {after[-120:]!r}"
            )
        end = len(before) + len(answer)
        mark = str(self._tokenizer.eos_token)
        if after[end:].startswith(mark):
            end += len(mark)
        return len(before), end

    def _expanded(
        self, whole: str, spans: Sequence[tuple[int, int]], shown: Sequence[tuple[int, int]]
    ) -> tuple[str, list[tuple[int, int]]]:
        """The text with one pad a visual token, and where the spans are in it."""
        mark = _START + _PAD + _END
        head, *parts = whole.split(mark)
        if len(parts) != len(shown):
            raise ConfigError(f"the chat template must place {len(shown)} pictures: {whole!r}")
        moves: list[tuple[int, int]] = []
        text, at = head, len(head)
        for (height, width), part in zip(shown, parts, strict=True):
            tokens = height * width // self._block**2
            text += _START + _PAD * tokens + _END + part
            at += len(mark) + len(part)
            moves.append((at - len(part), (tokens - 1) * len(_PAD)))

        def moved(place: int) -> int:
            return place + sum(by for behind, by in moves if place >= behind)

        return text, [(moved(begin), moved(end)) for begin, end in spans]


def _check(turns: Sequence[Turn], pictures: int) -> None:
    wanted = sum(turn.pictures for turn in turns)
    if wanted != pictures:
        raise ConfigError(f"the turns show {wanted} pictures and {pictures} are given")
    for turn in turns:
        if "<|" in turn.text:
            raise ConfigError(f"a turn must not contain control tokens: {turn.text[:80]!r}")


def _message(turn: Turn) -> Mapping[str, Any]:
    """Answers as plain text, for every template writes that; the rest as parts."""
    if not turn.pictures and turn.role != "user":
        return {"role": turn.role, "content": turn.text}
    shown = [{"type": "image"} for _ in range(turn.pictures)]
    return {"role": turn.role, "content": [*shown, {"type": "text", "text": turn.text}]}
