"""What of a loaded model is trained: all of it, or LoRA factors beside its linear layers."""

from dataclasses import dataclass
from typing import Any

from ...configs import ConfigError
from ..load import LoadedModel, quiet
from .recipe import Lora, Recipe


@dataclass(frozen=True, kw_only=True)
class Size:
    """Numbers of parameters."""

    trainable: int
    total: int


def prepared(loaded: LoadedModel, recipe: Recipe) -> Any:
    """The model with gradients where the recipe wants them; LoRA factors are put in place.

    A 4-bit base (`quantization=nf4`) takes LoRA alone (QLoRA).

    Raises:
        ConfigError: if the recipe does not fit the model.
    """
    model = loaded.model
    quantized = loaded.config.quantization != "none"
    if recipe.lora is not None:
        import torch

        # The factors begin at random: the recipe's seed decides them, whatever was drawn before.
        with quiet(), torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            model = _with_lora(model, recipe.lora, quantized, recipe.checkpointing)
    elif quantized:
        raise ConfigError("4-bit weights cannot be trained themselves: choose a LoRA preset")
    else:
        model.requires_grad_(True)
        if recipe.freeze_vision:
            model.model.visual.requires_grad_(False)
    model.config.use_cache = False
    model.train()
    return model


def size(model: Any) -> Size:
    """Parameters of a prepared model; 4-bit weights count by their number, not their bytes."""
    trainable = total = 0
    for weight in model.parameters():
        count = weight.numel()
        if type(weight).__name__ == "Params4bit":
            count *= 2 * weight.element_size()
        total += count
        trainable += weight.numel() if weight.requires_grad else 0
    return Size(trainable=trainable, total=total)


def _with_lora(model: Any, lora: Lora, quantized: bool, checkpointing: bool) -> Any:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    linear = [name.rpartition(".")[2] for name, m in model.named_modules() if hasattr(m, "weight")]
    missing = [name for name in lora.targets if name not in linear]
    if missing:
        raise ConfigError(f"the model has no layers called {', '.join(missing)} for LoRA")
    if quantized:
        # The Trainer switches checkpointing on; here it is only told of inputs that need gradients.
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if checkpointing:
        model.enable_input_require_grads()
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)
