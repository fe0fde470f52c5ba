"""Loading a Qwen3-VL checkpoint, whole or 4-bit, with or without a LoRA adapter.

The published 4B weights and the small ones of `vlm.small` take this same path.
"""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..configs import ConfigError
from .weights import fetch, read_json, require_safetensors

if TYPE_CHECKING:
    import torch

Quantization = Literal["none", "nf4"]
Dtype = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class LoadConfig:
    """Which weights, in which form, on which device."""

    base_model: str
    """A folder, or a hub id such as `Qwen/Qwen3-VL-4B-Instruct`."""
    subfolder: str | None = None
    """Where in the folder or repository the checkpoint lies, for instance `checkpoint-5000`."""
    adapter: str | None = None
    """A LoRA adapter: a folder or hub id; None for the bare model."""
    quantization: Quantization = "none"
    """`nf4`: 4-bit NormalFloat with double quantisation, computed in `dtype`, as the card's."""
    dtype: Dtype = "auto"
    """What weights and arithmetic are in; auto: bfloat16 on a GPU, float32 on a CPU."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:N`; auto takes the first GPU there is."""
    revision: str | None = None
    """Of the base model on the hub."""
    adapter_revision: str | None = None
    """Of the adapter on the hub."""
    local_files_only: bool = False
    """Never use the network."""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("quantization", self.quantization, ("none", "nf4")),
            ("dtype", self.dtype, ("auto", "float32", "bfloat16")),
        ):
            if value not in known:
                raise ConfigError(f"{name} is one of {', '.join(known)}; got {value!r}")
        if not self.base_model:
            raise ConfigError("no base model is named: a folder, or a hub id")


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel:
    """A model in eval mode with its tokenizer."""

    model: Any
    """`Qwen3VLForConditionalGeneration`, its linear layers wrapped where an adapter is attached."""
    tokenizer: Any
    chat_template: str
    device: "torch.device"
    dtype: "torch.dtype"
    config: LoadConfig


def load(config: LoadConfig) -> LoadedModel:
    """Load a checkpoint for inference.

    Raises:
        ConfigError: for weights that are missing, damaged, of another model class, or that do not
            fit the device or the adapter.
    """
    folder = fetch(
        config.base_model,
        subfolder=config.subfolder,
        revision=config.revision,
        local_files_only=config.local_files_only,
    )
    described = read_json(folder, "config.json")
    if described.get("model_type") != "qwen3_vl":
        raise ConfigError(
            f"{config.base_model} is a {described.get('model_type')!r} model; "
            "a Qwen3-VL (model_type 'qwen3_vl') is needed"
        )
    require_safetensors(folder, "model")
    device, dtype = _place(config)
    with quiet():
        model = _load_base(folder, config, device, dtype)
        if config.adapter is not None:
            model = _attach(model, config)
        tokenizer, template = _load_tokenizer(folder)
    model.eval()
    model.requires_grad_(False)
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        chat_template=template,
        device=device,
        dtype=dtype,
        config=config,
    )


def _place(config: LoadConfig) -> "tuple[torch.device, torch.dtype]":
    import torch

    name = config.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"no device {config.device!r}: {error}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device {config.device!r} was asked for and torch {torch.__version__} sees no GPU; "
            "look at `leapcasa doctor`, or set device=cpu"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"no device {config.device!r}: there are {torch.cuda.device_count()} GPUs"
        )
    if config.dtype == "auto":
        wide = config.quantization == "none" and device.type == "cpu"
        return device, torch.float32 if wide else torch.bfloat16
    return device, getattr(torch, config.dtype)


def _load_base(folder: Path, config: LoadConfig, device: Any, dtype: Any) -> Any:
    import torch
    from transformers import Qwen3VLForConditionalGeneration

    options: dict[str, Any] = {}
    if config.quantization == "nf4":
        options["quantization_config"] = _nf4(dtype)
    try:
        loaded: Any = Qwen3VLForConditionalGeneration.from_pretrained(
            folder,
            dtype=dtype,
            device_map={"": device},
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            **options,
        )
    except torch.cuda.OutOfMemoryError as error:
        free, total = (n / 2**30 for n in torch.cuda.mem_get_info(device))
        raise ConfigError(
            f"{config.base_model} does not fit on {device} ({free:.1f} of {total:.1f} GiB free): "
            "set quantization=nf4, free the GPU, or set device=cpu"
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{config.base_model} cannot be loaded: {_first(error)}") from error
    model, report = loaded
    wrong = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if wrong:  # transformers would fill them with random numbers
        raise ConfigError(
            f"{config.base_model} lacks {len(wrong)} tensors of its own config.json, first "
            f"{wrong[0]}: the checkpoint is incomplete, download it again"
        )
    return model


def _nf4(dtype: Any) -> Any:
    """The card's quantisation. Its model card loads with exactly these four settings."""
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"quantization=nf4 needs bitsandbytes ({error}): pip install bitsandbytes, "
            "or set quantization=none"
        ) from error
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _attach(model: Any, config: LoadConfig) -> Any:
    """Put a LoRA adapter into the model's linear layers.

    Raises:
        ConfigError: if the adapter is damaged, or made for another base model.
    """
    from peft import PeftModel

    assert config.adapter is not None
    folder = fetch(
        config.adapter,
        revision=config.adapter_revision,
        local_files_only=config.local_files_only,
    )
    described = read_json(folder, "adapter_config.json")
    require_safetensors(folder, "adapter_model")
    if described.get("peft_type") != "LORA":
        raise ConfigError(f"{config.adapter} is a {described.get('peft_type')!r}, not a LORA")
    _check_base(described, config)
    _check_tensors(model, folder, described, config)
    try:
        adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=False)
    except (OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise ConfigError(f"{_mismatch(config, described)}: {_first(error)}") from error
    return adapted.get_base_model()


def _check_base(described: Mapping[str, Any], config: LoadConfig) -> None:
    """Compare the names, where both are names of the hub."""
    named = str(described.get("base_model_name_or_path") or "")
    local = Path(named).exists() or Path(config.base_model).expanduser().exists()
    if named.count("/") == 1 and not local and named.lower() != config.base_model.lower():
        raise ConfigError(_mismatch(config, described))


def _check_tensors(
    model: Any, folder: Path, described: Mapping[str, Any], config: LoadConfig
) -> None:
    """Every LoRA factor must meet a linear layer of its width; peft drops what does not, silently.

    Widths are read from the layers (`in_features`), since 4-bit weights are stored packed.
    """
    from safetensors import safe_open

    layers = {name: m for name, m in model.named_modules() if hasattr(m, "in_features")}
    wrong, seen = [], 0
    for file in sorted(folder.glob("adapter_model*.safetensors")):
        with safe_open(file, framework="numpy") as tensors:
            for key in tensors.keys():  # noqa: SIM118 (not a mapping)
                target, _, factor = key.removeprefix("base_model.model.").partition(".lora_")
                if not factor.startswith(("A", "B")):
                    continue
                seen += 1
                layer, shape = layers.get(target), tensors.get_slice(key).get_shape()
                fits = layer is not None and (
                    layer.in_features == shape[1]
                    if factor.startswith("A")
                    else layer.out_features == shape[0]
                )
                if not fits:
                    wrong.append(f"{key} {tuple(shape)}")
    if wrong or not seen:
        what = f"{len(wrong)} of its {seen} tensors fit no layer, first {wrong[0]}" if wrong else (
            "it holds no LoRA tensors"
        )  # fmt: skip
        raise ConfigError(f"{_mismatch(config, described)}: {what}")


def _mismatch(config: LoadConfig, described: Mapping[str, Any]) -> str:
    return (
        f"adapter {config.adapter} was made for {described.get('base_model_name_or_path')!r} and "
        f"does not fit {config.base_model}; name the right pair"
    )


def _load_tokenizer(folder: Path) -> tuple[Any, str]:
    from transformers import AutoTokenizer

    if not any((folder / name).exists() for name in ("tokenizer.json", "vocab.json")):
        raise ConfigError(f"{folder} has no tokenizer (tokenizer.json); download it again")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{folder} has no usable tokenizer: {_first(error)}") from error
    template = getattr(tokenizer, "chat_template", None)
    if not template and (folder / "chat_template.json").exists():
        template = read_json(folder, "chat_template.json").get("chat_template")
    if not isinstance(template, str) or not template:
        raise ConfigError(f"{folder} has no chat template (chat_template.jinja or .json)")
    return tokenizer, template


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back notices about optional kernels and weight bars of half a second."""
    from transformers.utils import logging as hf_logging

    names = ("bitsandbytes", "transformers", "peft", "torch.utils.flop_counter")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    bars = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            hf_logging.enable_progress_bar()


def _first(error: Exception) -> str:
    """The first line of a library's error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
