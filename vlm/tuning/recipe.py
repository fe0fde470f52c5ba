"""How a model is trained: LEAP's full fine-tune and its four LoRA presets, and what may be changed.

Source of the figures: LEAP's public training scripts. What its sources leave open is transformers'
default (linear decay, AdamW, gradients clipped at norm 1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...configs import ConfigError

Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["linear", "cosine", "constant_with_warmup"]
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank factors beside linear layers of the text tower; all else stays as it is."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = _ATTENTION
    """Names of linear layers."""

    def __post_init__(self) -> None:
        if self.rank < 1 or self.alpha < 1 or not 0 <= self.dropout < 1 or not self.targets:
            raise ConfigError(
                "LoRA needs rank >= 1, alpha >= 1, 0 <= dropout < 1 and a target: "
                f"{self.rank}, {self.alpha}, {self.dropout}, {list(self.targets)}"
            )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run; the defaults are LEAP's full fine-tune."""

    batch_size: int = 6
    """Samples that go through the model at once."""
    accumulation: int = 6
    """Batches a step; gradients are those of one batch of all their answer tokens."""
    learning_rate: float = 1.5e-5
    schedule: Schedule = "linear"
    warmup_steps: int = 800
    weight_decay: float = 0.01
    beta2: float = 0.999
    """AdamW's second moment; shorter runs from scratch want less."""
    clip: float = 1.0
    """Norm at which gradients are clipped."""
    epochs: float = 2.0
    max_steps: int | None = None
    """Ends the run before or after `epochs`; None: the epochs decide."""
    save_steps: int = 200
    keep: int | None = None
    """Checkpoints kept, the newest ones; None keeps all."""
    eval_steps: int = 200
    log_steps: int = 10
    seed: int = 42
    precision: Precision = "auto"
    """Of the arithmetic: auto is bfloat16 on a GPU that has it, float32 elsewhere."""
    weights: Precision = "auto"
    """Of the weights in training: auto is float32; under LoRA, the base's are as `precision`."""
    checkpointing: bool = True
    """Gradient checkpointing: activations are computed again, memory falls."""
    freeze_vision: bool = False
    """Leave the vision tower as it is."""
    lora: Lora | None = None
    """None: every weight is trained."""
    workers: int = 0
    """Processes that read samples; 0 reads them in the training process."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "accumulation", "save_steps", "eval_steps", "log_steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)!r}")
        for name, value, known in (
            ("precision", self.precision, ("auto", "float32", "bfloat16")),
            ("weights", self.weights, ("auto", "float32", "bfloat16")),
            ("schedule", self.schedule, ("linear", "cosine", "constant_with_warmup")),
        ):
            if value not in known:
                raise ConfigError(f"{name} is one of {', '.join(known)}; got {value!r}")
        if self.max_steps is not None and self.max_steps < 1:
            raise ConfigError(f"max_steps must be at least 1, got {self.max_steps!r}")
        sound = (
            self.learning_rate > 0
            and self.epochs > 0
            and self.warmup_steps >= 0
            and self.weight_decay >= 0
            and 0 < self.beta2 < 1
            and self.clip > 0
            and self.workers >= 0
            and (self.keep is None or self.keep >= 1)
        )
        if not sound:
            raise ConfigError(
                "learning_rate, epochs and clip must be positive, warmup_steps, weight_decay and "
                "workers not negative, beta2 between 0 and 1, keep at least 1"
            )


_LORA_STEPS = 5000
"""LEAP stops all LoRA runs there, so that they compare fairly."""
_EVERYWHERE = (*_ATTENTION, *_MLP)

PRESETS: Mapping[str, Recipe] = {
    "full": Recipe(),
    "light": Recipe(
        max_steps=_LORA_STEPS,
        lora=Lora(rank=8, alpha=16, dropout=0.1, targets=("q_proj", "v_proj")),
    ),
    "standard": Recipe(max_steps=_LORA_STEPS, lora=Lora(rank=16, alpha=32, dropout=0.05)),
    "full-lora": Recipe(
        max_steps=_LORA_STEPS, lora=Lora(rank=32, alpha=64, dropout=0.05, targets=_EVERYWHERE)
    ),
    "aggressive": Recipe(
        max_steps=_LORA_STEPS, lora=Lora(rank=64, alpha=128, dropout=0.05, targets=_EVERYWHERE)
    ),
}
"""`full` is the full fine-tune; the LoRA preset that LEAP calls full is `full-lora`."""
