"""Floating point operations of one completion decision, counted from a Qwen3-VL's dimensions.

A multiplication with its addition counts as two. Left out: norms, activations, rotations, softmax
(below 1 %). `tests/test_flops.py` holds the counts to what torch counts while it runs.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """The dimensions that cost."""

    width: int
    mlp: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    vision_width: int
    vision_mlp: int
    vision_layers: int
    levels: int
    """DeepStack levels."""
    patch: int = 16
    merge: int = 2

    @classmethod
    def of(cls, config: Any) -> "Geometry":
        """From a `Qwen3VLConfig`."""
        text, vision = config.text_config, config.vision_config
        return cls(
            width=text.hidden_size,
            mlp=text.intermediate_size,
            layers=text.num_hidden_layers,
            heads=text.num_attention_heads,
            kv_heads=text.num_key_value_heads,
            head_dim=text.head_dim,
            vocabulary=text.vocab_size,
            vision_width=vision.hidden_size,
            vision_mlp=vision.intermediate_size,
            vision_layers=vision.depth,
            levels=len(vision.deepstack_visual_indexes),
        )

    def vision(self, pairs: int, size: int = 224) -> float:
        """Encoding frame pairs, mergers included."""
        patches, wide = (size // self.patch) ** 2, self.vision_width
        merged = patches // self.merge**2
        embed = patches * 2 * wide * 3 * 2 * self.patch**2
        layer = patches * 2 * (4 * wide * wide + 2 * wide * self.vision_mlp)
        attention = 4 * patches * patches * wide
        joined = wide * self.merge**2
        mergers = (1 + self.levels) * merged * 2 * (joined * joined + joined * self.width)
        return float(pairs) * (embed + self.vision_layers * (layer + attention) + mergers)

    def linear(self, tokens: float, *, layers: float | None = None) -> float:
        """Projections and MLP of the text layers."""
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        layer = 2 * (2 * self.width * q + 2 * self.width * kv + 3 * self.width * self.mlp)
        return tokens * layer * (self.layers if layers is None else layers)

    def attention(self, queries: float, keys: float, *, layers: float | None = None) -> float:
        """Scores and values; `keys` is the mean number a query sees."""
        wide = self.heads * self.head_dim
        return 4 * queries * keys * wide * (self.layers if layers is None else layers)

    def keys_values(self, tokens: float) -> float:
        """Keys and values of one layer."""
        return tokens * 2 * 2 * self.width * self.kv_heads * self.head_dim

    def head(self, tokens: float) -> float:
        """Logits."""
        return tokens * 2 * self.width * self.vocabulary


QWEN3_VL_4B = Geometry(
    width=2560,
    mlp=9728,
    layers=36,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=151936,
    vision_width=1024,
    vision_mlp=4096,
    vision_layers=24,
    levels=3,
)
"""Qwen/Qwen3-VL-4B-Instruct: its config.json; vision tower as in Qwen3-VL-2B's."""

H200_BF16 = 989.5e12
"""Dense bfloat16 operations a second of an H200 SXM (data sheet: 1,979 TFLOPS with sparsity)."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Operations of one decision, by part."""

    vision: float
    text: float
    """Projections, MLPs and attention."""
    head: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.vision + self.text + self.head


def naive(
    g: Geometry,
    *,
    prefix: int,
    tail: int,
    answers: tuple[int, ...],
    views: int = 2,
    pairs: int = 32,
) -> Cost:
    """The card's procedure: one full pass per view and label, logits at every position.

    Args:
        g: the model.
        prefix: tokens up to the end of the clip.
        tail: tokens from there to the answer.
        answers: tokens of each label.
        views: how many.
        pairs: frame pairs in a clip.
    """
    text = head = 0.0
    for answer in answers:
        length = prefix + tail + answer
        text += views * (g.linear(length) + g.attention(length, length / 2))
        head += views * g.head(length)
    return Cost(vision=views * len(answers) * g.vision(pairs), text=text, head=head)


def streaming(
    g: Geometry,
    *,
    prefix: int,
    tail: int,
    answers: tuple[int, ...],
    views: int = 2,
    new_pairs: float = 8,
) -> Cost:
    """Ours: new pairs alone, one prefix a view without most of its last layer, one shared tail."""
    before = g.layers - 1
    text = g.linear(prefix, layers=before) + g.attention(prefix, prefix / 2, layers=before)
    text += g.keys_values(prefix)
    read = tail + sum(answer - 1 for answer in answers)
    text += g.linear(read) + g.attention(read, prefix + read)
    return Cost(
        vision=views * g.vision(1) * new_pairs,
        text=views * text,
        head=views * g.head(sum(answers)),
    )
