"""A small checkpoint of the very class the published weights have, made from nothing.

`python -m leapcasa.vlm.small DIR` writes a folder that `Qwen3VLForConditionalGeneration` and
`Qwen3VLProcessor` load as they load Qwen3-VL-4B-Instruct: the same files, the same special tokens,
the same chat layout, safetensors. Its weights are random, its tokenizer is trained on the words of
`words.txt`. What it is for: running and testing the real code where the real weights are not, and
the starting point of the project's own training.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..configs import ConfigError, nearest
from .load import quiet

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
"""Qwen3-VL's, in its order."""

_ROLES = ("system", "user", "assistant")
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Where Qwen2's byte-level tokenizer cuts before it merges (its tokenizer.json)."""


@dataclass(frozen=True, kw_only=True)
class SmallConfig:
    """Widths and depths; the defaults give 5.1 million parameters."""

    vocab_size: int = 4096
    text_width: int = 192
    text_mlp: int = 576
    text_layers: int = 4
    text_heads: int = 6
    text_kv_heads: int = 2
    head_dim: int = 32
    vision_width: int = 128
    vision_mlp: int = 384
    vision_layers: int = 4
    vision_heads: int = 4
    deepstack: tuple[int, ...] = (0, 1, 2)
    """Vision layers whose features enter the first text layers."""
    initial_scale: float = 0.06
    """Standard deviation of the random weights; large enough that every input matters."""


def build(
    folder: Path,
    config: SmallConfig | None = None,
    *,
    seed: int = 0,
    texts: Sequence[str] | None = None,
) -> Path:
    """Write a checkpoint.

    Args:
        folder: made if needed; files of the same names are replaced.
        config: its size.
        seed: of the random weights. The same seed gives the same file.
        texts: what the tokenizer is trained on; None for the words of `words.txt`.

    Returns:
        The folder.
    """
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    config = config or SmallConfig()
    folder.mkdir(parents=True, exist_ok=True)
    ids = _write_tokenizer(folder, config.vocab_size, _corpus(texts))
    described = _model_config(config, ids)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Qwen3VLForConditionalGeneration(Qwen3VLConfig(**described))
    with quiet():
        model.save_pretrained(folder, safe_serialization=True)
    # The published layout of this file is the one that every release of transformers reads.
    _write_json(folder / "config.json", described)
    _write_processor(folder)
    return folder


def _model_config(config: SmallConfig, ids: Mapping[str, int]) -> dict[str, Any]:
    """config.json with the keys of the published checkpoints."""
    half = config.head_dim // 2
    side = half * 5 // 16  # 24, 20, 20 of 64 in the published models
    text = {
        "model_type": "qwen3_vl_text",
        "vocab_size": config.vocab_size,
        "hidden_size": config.text_width,
        "intermediate_size": config.text_mlp,
        "num_hidden_layers": config.text_layers,
        "num_attention_heads": config.text_heads,
        "num_key_value_heads": config.text_kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_theta": 5_000_000,
        "rope_scaling": {
            "rope_type": "default",
            "mrope_interleaved": True,
            "mrope_section": [half - 2 * side, side, side],
        },
        "tie_word_embeddings": True,
        "initializer_range": config.initial_scale,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }
    vision = {
        "model_type": "qwen3_vl",
        "depth": config.vision_layers,
        "hidden_size": config.vision_width,
        "intermediate_size": config.vision_mlp,
        "num_heads": config.vision_heads,
        "hidden_act": "gelu_pytorch_tanh",
        "in_channels": 3,
        "patch_size": 16,
        "temporal_patch_size": 2,
        "spatial_merge_size": 2,
        "num_position_embeddings": 2304,
        "out_hidden_size": config.text_width,
        "deepstack_visual_indexes": list(config.deepstack),
        "initializer_range": config.initial_scale,
    }
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "model_type": "qwen3_vl",
        "tie_word_embeddings": True,
        "text_config": text,
        "vision_config": vision,
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def _write_tokenizer(folder: Path, vocab_size: int, texts: Sequence[str]) -> dict[str, int]:
    """A byte-level BPE tokenizer with tokens for the commonest words of the texts."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    cut = pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated")
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, plain])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    if tokenizer.get_vocab_size() > vocab_size:
        raise ConfigError(f"{vocab_size} tokens are too few; at least 300 are needed")
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer.model.save(str(folder))
    vocabulary = tokenizer.get_vocab()
    ids = {token: vocabulary[token] for token in SPECIAL_TOKENS}
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(ids))
    return ids


def _corpus(texts: Sequence[str] | None) -> list[str]:
    """The texts with the words of the chat; without texts every word of words.txt, in its forms."""
    if texts is not None:
        return [*texts, *_ROLES * max(1, len(texts) // 20)]
    words = (Path(__file__).parent / "words.txt").read_text().split()
    return [
        form
        for word in words
        for form in (word, f" {word}", word.capitalize(), f" {word.capitalize()}")
    ]


def _tokenizer_config(ids: Mapping[str, int]) -> dict[str, Any]:
    decoder = {
        str(index): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for token, index in ids.items()
    }
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_prefix_space": False,
        "added_tokens_decoder": decoder,
        "additional_special_tokens": list(SPECIAL_TOKENS[1:]),
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 32768,
        "split_special_tokens": False,
    }


def _write_processor(folder: Path) -> None:
    """The files that `Qwen3VLProcessor` reads beside the tokenizer's."""
    template = (Path(__file__).parent / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(template)
    pixels = {
        "patch_size": 16,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "processor_class": "Qwen3VLProcessor",
    }
    image = {
        "image_processor_type": "Qwen2VLImageProcessorFast",
        "size": {"shortest_edge": 65536, "longest_edge": 16777216},
    }
    video = {
        "video_processor_type": "Qwen3VLVideoProcessor",
        "size": {"shortest_edge": 4096, "longest_edge": 25165824},
    }
    _write_json(folder / "preprocessor_config.json", {**pixels, **image})
    _write_json(folder / "video_preprocessor_config.json", {**pixels, **video})


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _configured(given: Sequence[str]) -> SmallConfig:
    kinds = {f.name: f.type for f in fields(SmallConfig)}
    values: dict[str, Any] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in kinds:
            raise ConfigError(f"unknown size {name!r}{nearest(name, list(kinds))}")
        try:
            values[name] = (
                tuple(int(layer) for layer in value.split(","))
                if name == "deepstack"
                else type(getattr(SmallConfig, name))(value)
            )
        except ValueError:
            raise ConfigError(f"--set {text}: {value!r} is no number") from None
    return SmallConfig(**values)


def _texts(path: Path) -> list[str]:
    """Every `text` and `steps` of a file of samples, in order; of a row, what is said in it."""

    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, str):
                    yield from (inner,) if key in ("text", "steps") else ()
                else:
                    yield from strings(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from strings(inner)

    def said(row: Any) -> Iterator[str]:
        both = isinstance(row, dict) and "messages" in row
        yield from strings([row["messages"], row.get("target")] if both else row)

    try:
        with path.open(encoding="utf-8") as stream:
            found = [text for line in stream if line.strip() for text in said(json.loads(line))]
    except ValueError as error:
        raise ConfigError(f"{path} is no JSONL: {error}") from error
    if not found:
        raise ConfigError(f"{path} has no `text` or `steps`")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m leapcasa.vlm.small", description=__doc__)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--texts",
        metavar="JSONL",
        type=Path,
        help="train the tokenizer on every `text` and `steps` of these samples",
    )
    known = ", ".join(f.name for f in fields(SmallConfig))
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help=f"a size: {known}"
    )
    options = parser.parse_args(arguments)
    try:
        config = _configured(options.set)
        texts = None if options.texts is None else _texts(options.texts)
        print(build(options.folder, config, seed=options.seed, texts=texts))
    except (OSError, ConfigError) as error:
        print(f"cannot write {options.folder}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
