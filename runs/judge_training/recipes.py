"""How judges are trained: the published one's way, and the small one's.

The model card of the published judge says: QLoRA on Qwen3-VL-4B in NF4 with double quantisation, a
two-choice target, 3,552 optimizer steps on 28,416 samples (so 8 samples a step, once through), seed
5090, an evaluation on 96 samples. It does not say rank, targets or learning rate of the factors:
those here are the common choice for QLoRA (rank 16 on every linear layer of the text tower, 1e-4).
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import yaml

from ...configs import ConfigError, nearest
from ...vlm.small import SmallConfig
from ...vlm.tuning.recipe import Lora, Recipe

CARD_SEED = 5090
SaveDtype = Literal["float32", "bfloat16", "float16"]
_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class JudgeRecipe:
    """A training run and the judge it makes."""

    name: str
    recipe: Recipe
    judge: Mapping[str, Any]
    """Options of `judges.qwen3vl.Qwen3VLJudge`: what is trained is what will be asked."""
    small: SmallConfig | None = None
    """Begin from random weights of this size; None: from a checkpoint that is named."""
    save_dtype: SaveDtype | None = None
    """Of the trained model's file; None: as in training. It is read as `judge.dtype` says."""


RECIPES: Mapping[str, JudgeRecipe] = {
    "card": JudgeRecipe(
        name="card",
        recipe=Recipe(
            batch_size=1,
            accumulation=8,
            learning_rate=1e-4,
            schedule="cosine",
            warmup_steps=100,
            weight_decay=0.0,
            epochs=1.0,
            save_steps=200,
            keep=2,
            eval_steps=200,
            seed=CARD_SEED,
            lora=Lora(rank=16, alpha=32, dropout=0.05, targets=_LINEAR),
        ),
        judge={
            "base_model": "Qwen/Qwen3-VL-4B-Instruct",
            "quantization": "nf4",
            "dtype": "bfloat16",
            "frames": 64,
            "size": 224,
        },
    ),
    "embedded": JudgeRecipe(
        name="embedded",
        recipe=Recipe(
            batch_size=8,
            accumulation=1,
            learning_rate=5e-4,
            schedule="cosine",
            warmup_steps=100,
            weight_decay=0.05,
            beta2=0.95,
            epochs=4.0,
            save_steps=200,
            keep=2,
            eval_steps=200,
            seed=CARD_SEED,
            checkpointing=False,
        ),
        judge={"quantization": "none", "dtype": "float32", "frames": 64, "size": 96},
        small=SmallConfig(vocab_size=1024, initial_scale=0.02),
        save_dtype="float16",
    ),
}
"""By name; `--set` changes any figure."""


def named(name: str, overrides: Sequence[str] = ()) -> JudgeRecipe:
    """A recipe with figures of the user's own.

    Args:
        name: of `RECIPES`.
        overrides: `key=value`; keys of `Recipe`, of its `lora` as `lora.rank`, of the judge as
            `judge.size`, of the small model as `small.text_width`.

    Raises:
        ConfigError: for an unknown name or key, or an impossible value.
    """
    if name not in RECIPES:
        raise ConfigError(f"unknown recipe {name!r}{nearest(name, RECIPES)}; there are "
                          f"{', '.join(RECIPES)}")  # fmt: skip
    made = RECIPES[name]
    for text in overrides:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text}: give key=value")
        made = _changed(made, key.strip(), yaml.safe_load(value))
    return made


def _changed(made: JudgeRecipe, key: str, value: Any) -> JudgeRecipe:
    part, dot, inner = key.partition(".")
    if part == "judge" and dot:
        return replace(made, judge={**made.judge, inner: value})
    if part == "small" and dot:
        if made.small is None:
            raise ConfigError(f"--set {key}: the recipe {made.name!r} begins from a checkpoint")
        return replace(made, small=_replaced(made.small, key, inner, value))
    if part == "lora" and dot:
        if made.recipe.lora is None:
            raise ConfigError(f"--set {key}: the recipe {made.name!r} trains without LoRA")
        lora = _replaced(made.recipe.lora, key, inner, value)
        return replace(made, recipe=replace(made.recipe, lora=lora))
    return replace(made, recipe=_replaced(made.recipe, key, key, value))


def _replaced(thing: Any, key: str, name: str, value: Any) -> Any:
    known = [f.name for f in fields(thing) if f.name != "lora"]
    if name not in known:
        raise ConfigError(f"--set {key}: unknown{nearest(name, known)}; there are "
                          f"{', '.join(known)}")  # fmt: skip
    now = getattr(thing, name)
    if isinstance(now, tuple):
        value = tuple(value) if isinstance(value, list) else (value,)
    elif isinstance(now, float) and type(value) in (int, str):  # YAML takes 1e-4 for a word
        with contextlib.suppress(ValueError):
            value = float(value)
    if now is not None and type(value) is not type(now) and value is not None:
        raise ConfigError(f"--set {key}={value!r}: {type(now).__name__} is wanted")
    return replace(thing, **{name: value})
