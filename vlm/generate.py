"""Writing text about pictures: greedy or sampled, stopped as soon as the caller has enough.

Nothing is read twice that was read for the answer before: pictures are encoded once (by content),
and the longest common beginning of the old and the new prompt keeps its keys and values. A second
answer to the same prompt reads no prompt at all, an addition to a prompt reads the addition.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..configs import ConfigError, ModelError
from .images import Picture, PixelBudget, fitted
from .load import LoadedModel
from .positions import mrope
from .text import GrowingCache, TextTower
from .vision import Key, VisionEncoder, pair_keys

if TYPE_CHECKING:
    import torch

Finish = Literal["end", "stop", "length", "stuck"]
"""The model ended; the caller had enough; too long; no token was allowed."""
_START, _PAD, _END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    """0: the likeliest token (greedy)."""
    top_p: float = 0.9
    """Sampled from the likeliest tokens that together have this probability."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ConfigError(
                "max_new_tokens >= 1, temperature >= 0 and 0 < top_p <= 1 are needed: "
                f"{self.max_new_tokens}, {self.temperature}, {self.top_p}"
            )


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What was written, and at what cost."""

    text: str
    finish: Finish
    tokens: int
    """Tokens written, the end mark included."""
    prompt_tokens: int
    read_tokens: int
    """Tokens of the prompt that had to be read; the others were known."""
    least_sure: float = 1.0
    """Smallest probability that the model gave a token it wrote, before temperature."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prompt:
    ids: np.ndarray
    """(L,) int64"""
    marks: list[tuple[int, Key]]
    """Per token: its id, and the content key of the picture it belongs to (empty for text)."""
    positions: np.ndarray
    """(3, L) int64"""
    next_position: int
    features: "torch.Tensor | None"
    """(1 + levels, visual tokens, width)"""


class TextGenerator:
    """Writes answers with one model; for one thread.

    Args:
        loaded: the model.
        budget: sizes of pictures.
    """

    def __init__(self, loaded: LoadedModel, budget: PixelBudget | None = None) -> None:
        config = loaded.model.config
        self._loaded, self._tokenizer = loaded, loaded.tokenizer
        self._budget = budget or PixelBudget()
        self._pad = int(config.image_token_id)
        self._block = self._budget.factor
        self.vision = VisionEncoder(loaded, capacity=16)
        self._text = TextTower(loaded)
        self._ends = _end_ids(loaded)
        self._marks: list[tuple[int, Key]] = []
        self._cache: GrowingCache | None = None

    def generate(
        self,
        pictures: Sequence[Picture],
        text: str,
        sampling: Sampling,
        *,
        stop: Callable[[str], bool] | None = None,
        allow: Callable[[str, bool], bool] | None = None,
    ) -> Generated:
        """Answer a user's turn of pictures, in order, and then text; see `answer`."""
        return self.answer([*pictures, text], sampling, stop=stop, allow=allow)

    def answer(
        self,
        turn: Sequence[Picture | str],
        sampling: Sampling,
        *,
        stop: Callable[[str], bool] | None = None,
        allow: Callable[[str, bool], bool] | None = None,
    ) -> Generated:
        """Answer a user's turn.

        Args:
            turn: pictures, (H, W, 3) uint8 each, and texts in the order they are shown.
            sampling: how tokens are chosen; the same seed gives the same answer, up to what the
                rounding of a reused prompt can move (a tie, or a draw on the edge of two tokens).
            stop: told the answer so far; True ends it.
            allow: told a continued answer and whether it would end there; tokens for which it is
                False are passed over (constrained decoding).

        Raises:
            ConfigError: for a picture or text that cannot be shown.
            ModelError: if memory runs out or the numbers are not finite.
        """
        import torch

        try:
            with torch.inference_mode():
                return self._generate(turn, sampling, stop, allow)
        except torch.cuda.OutOfMemoryError as error:
            self._cache, self._marks = None, []
            raise ModelError(
                f"out of GPU memory while writing at most {sampling.max_new_tokens} tokens: show "
                "fewer or smaller pictures, set quantization=nf4, or device=cpu"
            ) from error

    def _generate(
        self,
        turn: Sequence[Picture | str],
        sampling: Sampling,
        stop: Callable[[str], bool] | None,
        allow: Callable[[str, bool], bool] | None,
    ) -> Generated:
        import torch

        prompt = self._prompt(turn)
        logits, read = self._read(prompt, sampling.max_new_tokens)
        assert self._cache is not None
        random = np.random.default_rng(sampling.seed)
        written: list[int] = []
        answer, finish, least = "", "length", 1.0
        for at in range(sampling.max_new_tokens):
            token = self._choose(logits, written, sampling, random, allow)
            if token is None:
                finish = "stuck"
                break
            written.append(token)
            least = min(least, float(logits.float().softmax(-1)[token]))
            if token in self._ends:
                finish = "end"
                break
            answer = self._decoded(written)
            if stop is not None and stop(answer):
                finish = "stop"
                break
            if len(written) == sampling.max_new_tokens:
                break
            position = torch.full((3, 1), prompt.next_position + at)
            logits = self._text.read(torch.tensor([token]), position, self._cache)
            self._marks.append((token, b""))
        return Generated(
            text=answer,
            finish=finish,  # type: ignore[arg-type]
            tokens=len(written),
            prompt_tokens=len(prompt.ids),
            read_tokens=read,
            least_sure=least,
        )

    # the prompt --------------------------------------------------------------------------------

    def _prompt(self, turn: Sequence[Picture | str]) -> _Prompt:
        for part in turn:
            if isinstance(part, str) and "<|" in part:
                raise ConfigError(f"the text must not contain control tokens: {part[:80]!r}")
        shown = [fitted(part, self._budget) for part in turn if not isinstance(part, str)]
        content = [
            {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}
            for part in turn
        ]
        rendered: str = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self._loaded.chat_template,
            tokenize=False,
            add_generation_prompt=True,
        )
        head, *parts = rendered.split(_START + _PAD + _END)
        if len(parts) != len(shown):
            raise ConfigError(f"the chat template must place {len(shown)} pictures: {rendered!r}")
        grids = [(p.shape[0] // self._block, p.shape[1] // self._block) for p in shown]
        for (rows, columns), part in zip(grids, parts, strict=True):
            head += _START + _PAD * (rows * columns) + _END + part
        ids = np.asarray(self._tokenizer(head, add_special_tokens=False)["input_ids"], np.int64)
        positions, following = mrope(ids, {self._pad}, grids)
        keys, features = self._encoded(shown)
        return _Prompt(
            ids=ids,
            marks=self._marked(ids, keys, grids),
            positions=positions,
            next_position=following,
            features=features,
        )

    def _encoded(self, shown: Sequence[Picture]) -> "tuple[list[Key], torch.Tensor | None]":
        """Content keys and features of all pictures; a picture is a clip of two equal frames."""
        import torch

        clips = [np.stack([picture, picture]) for picture in shown]
        names = [pair_keys(clip) for clip in clips]
        found = [self.vision.features([c], [n])[0, 0] for c, n in zip(clips, names, strict=True)]
        return [name[0] for name in names], torch.cat(found, dim=1) if found else None

    def _marked(
        self, ids: np.ndarray, keys: Sequence[Key], grids: Sequence[tuple[int, int]]
    ) -> list[tuple[int, Key]]:
        sizes = [rows * columns for rows, columns in grids]
        owners = iter(k for key, size in zip(keys, sizes, strict=True) for k in [key] * size)
        return [(int(i), next(owners) if i == self._pad else b"") for i in ids]

    def _read(self, prompt: _Prompt, more: int) -> "tuple[torch.Tensor, int]":
        """Read what of the prompt is not known yet; logits of the first token to write."""
        import torch

        known = _common(self._marks, prompt.marks[:-1])
        needed = len(prompt.ids) + more
        if self._cache is None or self._cache.capacity < needed:
            self._cache, known = GrowingCache(needed + 256), 0
        self._cache.length = known
        rest = prompt.ids[known:]
        seen = np.flatnonzero(rest == self._pad)
        features = prompt.features
        if features is not None:
            features = features[:, features.shape[1] - len(seen) :]
        logits = self._text.read(
            torch.from_numpy(rest),
            torch.from_numpy(prompt.positions[:, known:]),
            self._cache,
            torch.from_numpy(seen),
            features,
        )
        self._marks = list(prompt.marks)
        return logits, len(rest)

    # the answer --------------------------------------------------------------------------------

    def _choose(
        self,
        logits: "torch.Tensor",
        written: Sequence[int],
        sampling: Sampling,
        random: np.random.Generator,
        allow: Callable[[str, bool], bool] | None,
    ) -> int | None:
        """The next token; None if none is allowed."""
        values = logits.double().cpu().numpy()
        if not np.isfinite(values).all():
            raise ModelError("the model gave numbers that are not finite; its dtype is broken")
        order = _order(values, sampling, random)
        if allow is None:
            return next(order)
        before = self._decoded(written)
        for token in order:
            ends = token in self._ends
            longer = before if ends else self._decoded([*written, token])
            if (ends or longer != before) and allow(longer, ends):
                return token
        return None

    def _decoded(self, written: Sequence[int]) -> str:
        return self._tokenizer.decode(written, skip_special_tokens=True)


def _order(values: np.ndarray, sampling: Sampling, random: np.random.Generator) -> Iterator[int]:
    """Tokens in the order they are tried: the chosen one first, then the likeliest others."""
    ranked = np.argsort(-values, kind="stable")
    if sampling.temperature > 0:
        scaled = values[ranked] / sampling.temperature
        chances = np.exp(scaled - scaled.max())
        chances /= chances.sum()
        pool = np.cumsum(chances[: int(np.searchsorted(np.cumsum(chances), sampling.top_p)) + 1])
        # One number a token, whatever the pool: rounding must not shift all draws that follow.
        drawn = int(np.searchsorted(pool, random.random() * pool[-1], side="right"))
        yield int(ranked[drawn])
        ranked = np.delete(ranked, drawn)
    yield from (int(token) for token in ranked)


def _common(a: Sequence[object], b: Sequence[object]) -> int:
    """Length of the common beginning."""
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))


def _end_ids(loaded: LoadedModel) -> frozenset[int]:
    """Tokens that end an answer: the checkpoint's own, and the end of a chat turn."""
    found = {loaded.tokenizer.convert_tokens_to_ids("<|im_end|>"), loaded.tokenizer.eos_token_id}
    own = getattr(loaded.model.generation_config, "eos_token_id", None)
    found.update(own if isinstance(own, list) else [own])
    return frozenset(int(token) for token in found if token is not None)
