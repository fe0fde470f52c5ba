"""The text tower in two passes: a clip's prefix once, then every question and answer behind it.

Why not `model(**inputs)`: two answers about one clip share all but their last tokens. The prefix
pass keeps the keys and values of each layer; the tail pass then reads the rest of the prompt and
all answers at once, as a tree: answers see the clip, the question and themselves, not each other.
Of the prefix's last layer only keys and values are needed, so its attention and MLP are left out.
The modules that do the arithmetic are transformers' own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..configs import ConfigError
from .load import LoadedModel
from .prompt import Prefix, Question

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, eq=False)
class PrefixState:
    """What the text tower remembers of a batch of clips."""

    keys: "tuple[torch.Tensor, ...]"
    """Per layer (B, kv heads, L, head dim)."""
    values: "tuple[torch.Tensor, ...]"
    """Likewise."""
    next_position: int


class _Recorder:
    """Stands where transformers' layers expect a cache: keeps what a prefix pass computes."""

    def __init__(self) -> None:
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def update(
        self, keys: "torch.Tensor", values: "torch.Tensor", layer: int, *_: Any, **__: Any
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        assert layer == len(self.keys)
        self.keys.append(keys)
        self.values.append(values)
        return keys, values


class _Behind:
    """Stands there in a tail pass: puts the prefix before what is computed, and changes nothing."""

    def __init__(self, state: PrefixState, rows: Sequence[int]) -> None:
        self._state, self._rows = state, list(rows)

    def update(
        self, keys: "torch.Tensor", values: "torch.Tensor", layer: int, *_: Any, **__: Any
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        import torch

        before_k, before_v = self._state.keys[layer], self._state.values[layer]
        if self._rows != list(range(len(before_k))):
            before_k, before_v = before_k[self._rows], before_v[self._rows]
        return torch.cat([before_k, keys], dim=2), torch.cat([before_v, values], dim=2)


class GrowingCache:
    """Keys and values of one text that is read bit by bit, in buffers that are made once.

    Cutting it back to a shorter text is setting `length`.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity, self.length = capacity, 0
        self._buffers: list[tuple[torch.Tensor, torch.Tensor]] = []

    def update(
        self, keys: "torch.Tensor", values: "torch.Tensor", layer: int, *_: Any, **__: Any
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Called by each layer: put the new keys and values behind the old, and give all."""
        if layer == len(self._buffers):
            shape = (*keys.shape[:2], self.capacity, keys.shape[3])
            self._buffers.append((keys.new_empty(shape), values.new_empty(shape)))
        end = self.length + keys.shape[2]
        kept_k, kept_v = self._buffers[layer]
        kept_k[:, :, self.length : end] = keys
        kept_v[:, :, self.length : end] = values
        return kept_k[:, :, :end], kept_v[:, :, :end]


class TextTower:
    """Runs the language model of one checkpoint.

    Raises:
        ConfigError: if the model was loaded with an attention that is not causal without a mask.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self._tower = loaded.model.model.language_model
        self._head = loaded.model.lm_head
        self._device, self._dtype = loaded.device, loaded.dtype
        attention = getattr(self._tower.config, "_attn_implementation", None)
        if attention != "sdpa":
            raise ConfigError(f"attn_implementation 'sdpa' is needed, the model has {attention!r}")

    def prefix(self, prefix: Prefix, features: "torch.Tensor") -> PrefixState:
        """Read a batch of clips.

        Args:
            prefix: tokens and positions, the same for all.
            features: (B, pairs, 1 + levels, tokens per pair, width), see `VisionEncoder.features`.
        """
        import torch

        batch = len(features)
        seen = torch.from_numpy(prefix.visual).to(self._device)
        levels = features.to(self._dtype).transpose(1, 2).flatten(2, 3)
        ids = torch.from_numpy(prefix.ids).to(self._device)
        hidden = self._tower.embed_tokens(ids)[None].repeat(batch, 1, 1).to(self._dtype)
        hidden[:, seen] = levels[:, 0]
        turn = self._rotation(hidden, torch.from_numpy(prefix.positions)[:, None])
        recorder = _Recorder()
        *layers, last = self._tower.layers
        for index, layer in enumerate(layers):
            hidden = _run(layer, hidden, turn, None, recorder)
            if index + 1 < levels.shape[1]:
                hidden = hidden.index_add(1, seen, levels[:, index + 1])
        recorder.update(*_keys_and_values(last, hidden, turn), len(layers))
        return PrefixState(
            keys=tuple(recorder.keys),
            values=tuple(recorder.values),
            next_position=prefix.next_position,
        )

    def answers(
        self, state: PrefixState, rows: Sequence[int], questions: Sequence[Question]
    ) -> list[list[float]]:
        """Negative log-likelihood of every answer.

        Args:
            state: of the clips.
            rows: which clip each question is about.
            questions: one per row.

        Returns:
            One list per question: the summed NLL of each of its answers [nats].
        """
        import torch

        trees = [_Tree(question) for question in questions]
        width = max(len(tree.ids) for tree in trees)
        ids = torch.tensor([tree.ids + [0] * (width - len(tree.ids)) for tree in trees])
        depth = torch.tensor([tree.depth + [0] * (width - len(tree.depth)) for tree in trees])
        length = state.keys[0].shape[2]
        mask = torch.stack([tree.mask(width) for tree in trees])
        seen = torch.ones(len(trees), width, length, dtype=torch.bool)
        mask = torch.cat([seen, mask], dim=2)[:, None].to(self._device)
        positions = (depth + state.next_position)[None].expand(3, -1, -1)
        hidden = self._tower.embed_tokens(ids.to(self._device)).to(self._dtype)
        turn = self._rotation(hidden, positions)
        behind = _Behind(state, rows)
        for layer in self._tower.layers:
            hidden = _run(layer, hidden, turn, mask, behind)
        picks = [tree.predictions for tree in trees]
        flat = [(row, at) for row, pick in enumerate(picks) for at, _ in pick]
        chosen = hidden[[r for r, _ in flat], [at for _, at in flat]]
        logits = self._head(self._tower.norm(chosen)).float()
        likely = logits.log_softmax(-1)
        wanted = torch.tensor([token for pick in picks for _, token in pick], device=self._device)
        losses = -likely.gather(1, wanted[:, None])[:, 0].double()
        return _grouped(losses.tolist(), questions)

    def read(
        self,
        ids: "torch.Tensor",
        positions: "torch.Tensor",
        cache: "GrowingCache",
        seen: "torch.Tensor | None" = None,
        features: "torch.Tensor | None" = None,
    ) -> "torch.Tensor":
        """Read more tokens of one text, behind those in the cache, which grows by them.

        Args:
            ids: (T,) token ids.
            positions: (3, T) their positions.
            cache: what was read before.
            seen: indices into `ids` of visual tokens.
            features: (1 + levels, len(seen), width), see `VisionEncoder.features`.

        Returns:
            (vocabulary,) float32 logits of the token after the last one.
        """
        import torch

        hidden = self._tower.embed_tokens(ids.to(self._device))[None].to(self._dtype)
        levels = 0
        if seen is not None and features is not None and len(seen):
            seen, features = seen.to(self._device), features.to(self._dtype)
            hidden[:, seen] = features[0]
            levels = len(features) - 1
        turn = self._rotation(hidden, positions[:, None])
        before, count = cache.length, len(ids)
        mask = None  # causal by itself while nothing is before, and for a single token
        if before and count > 1:
            mask = torch.ones(count, before + count, dtype=torch.bool, device=self._device)
            mask = mask.tril(before)[None, None]
        for index, layer in enumerate(self._tower.layers):
            hidden = _run(layer, hidden, turn, mask, cache)
            if index < levels and features is not None and seen is not None:
                hidden = hidden.index_add(1, seen, features[None, index + 1])
        cache.length = before + count
        return self._head(self._tower.norm(hidden[0, -1])).float()

    def _rotation(self, hidden: "torch.Tensor", positions: "torch.Tensor") -> Any:
        return self._tower.rotary_emb(hidden, positions.to(self._device))


class _Tree:
    """A question with all its answers as one row of tokens.

    The last token of an answer is predicted, never read, so it is not in the row.
    """

    def __init__(self, question: Question) -> None:
        self.ids = list(question.tail)
        self.depth = list(range(len(question.tail)))
        self._branches: list[range] = []
        self.predictions: list[tuple[int, int]] = []
        """(index into the row, the token it must predict), answer after answer."""
        trunk = len(question.tail)
        for answer in question.answers:
            start = len(self.ids)
            self.ids += answer[:-1]
            self.depth += range(trunk, trunk + len(answer) - 1)
            self._branches.append(range(start, len(self.ids)))
            read = [trunk - 1, *self._branches[-1]]
            self.predictions += zip(read, answer, strict=True)

    def mask(self, width: int) -> "torch.Tensor":
        """(width, width) bool: which tail token may see which. Padding sees itself alone."""
        import torch

        mask = torch.eye(width, dtype=torch.bool)
        size = len(self.ids)
        mask[:size, :size] = torch.ones(size, size, dtype=torch.bool).tril()
        for branch in self._branches:
            for other in self._branches:
                if other is not branch:
                    mask[branch.start : branch.stop, other.start : other.stop] = False
        return mask


def _run(layer: Any, hidden: Any, turn: Any, mask: Any, cache: Any) -> Any:
    """One decoder layer; transformers 4.57 and 5.x agree on these arguments."""
    out = layer(hidden, position_embeddings=turn, attention_mask=mask, past_key_values=cache)
    return out[0] if isinstance(out, tuple) else out


def _keys_and_values(layer: Any, hidden: Any, turn: Any) -> tuple[Any, Any]:
    """The part of a decoder layer that later tokens depend on."""
    from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb

    attention = layer.self_attn
    inside = layer.input_layernorm(hidden)
    shape = (*inside.shape[:-1], -1, attention.head_dim)
    keys = attention.k_norm(attention.k_proj(inside).view(shape)).transpose(1, 2)
    values = attention.v_proj(inside).view(shape).transpose(1, 2)
    return apply_rotary_pos_emb(keys, keys, *turn)[0], values


def _grouped(losses: Sequence[float], questions: Sequence[Question]) -> list[list[float]]:
    """Token losses back to one sum per answer."""
    rest = iter(losses)
    return [[sum(next(rest) for _ in answer) for answer in q.answers] for q in questions]
