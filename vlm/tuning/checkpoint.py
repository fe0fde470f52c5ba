"""Trained weights as a folder that loads like the checkpoint they came from."""

import shutil
from pathlib import Path
from typing import Any

from ..load import quiet
from ..weights import fetch

_OTHERS = (
    "model.safetensors.index.json",
    "generation_config.json",
    "adapter_config.json",
    "trainer_state.json",
)
"""JSON files that belong to weights or to a training, not to the processor."""
_TEXTS = ("*.json", "*.jinja", "*.txt")


def copy_processor(base: Path, folder: Path, *, config: bool = True) -> None:
    """Tokenizer, chat template and processor files, byte for byte.

    Args:
        base: the checkpoint's folder.
        folder: where to.
        config: `config.json`, too. The base's own layout is the one every release of transformers
            reads, and training changes nothing that it says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = {*_OTHERS, *(() if config else ("config.json",))}
    for pattern in _TEXTS:
        for path in base.glob(pattern):
            if path.name not in left:
                shutil.copyfile(path, folder / path.name)


def base_folder(name: str, subfolder: str | None = None, revision: str | None = None) -> Path:
    """Where a base model's files lie; it was loaded before, so the network is not asked.

    Raises:
        ConfigError: if it is not there.
    """
    return fetch(name, subfolder=subfolder, revision=revision, local_files_only=True)


def save(model: Any, base: Path, folder: Path, *, dtype: str | None = None) -> Path:
    """Write a model, or the factors of a LoRA model, with the processor beside it.

    Args:
        model: as `adapter.prepared` made it; not changed.
        base: folder of the checkpoint it came from.
        folder: made if need be.
        dtype: of the saved weights (`float32`, `bfloat16`, `float16`); None as they are.

    Returns:
        The folder.
    """
    import torch

    state = None
    if dtype is not None:
        kind = getattr(torch, dtype)
        state = {k: v.to(kind) if v.is_floating_point() else v for k, v in _state(model).items()}
    adapted = hasattr(model, "peft_config")
    with quiet():
        model.save_pretrained(folder, safe_serialization=True, state_dict=state)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card
    copy_processor(base, folder, config=not adapted)
    for path in folder.glob("*.safetensors"):  # some releases write them for the owner alone
        shutil.copymode(folder / "tokenizer_config.json", path)
    return folder


def merged(model: Any) -> Any:
    """The whole model with its LoRA factors worked into the weights; the factors are gone."""
    return model.merge_and_unload() if hasattr(model, "peft_config") else model


def size_bytes(folder: Path) -> int:
    """Bytes of a folder's weights."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _state(model: Any) -> dict[str, Any]:
    if hasattr(model, "peft_config"):
        return {k: v for k, v in model.state_dict().items() if "lora_" in k}
    state = model.state_dict()
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    return state
