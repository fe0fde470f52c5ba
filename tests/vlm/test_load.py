"""Loading: what a user's checkpoint or adapter can have wrong, and what is said about it."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from leapcasa.configs import ConfigError
from leapcasa.vlm.load import LoadConfig, _check_base, load
from leapcasa.vlm.small import SPECIAL_TOKENS, SmallConfig, build


def config(base: Path, **options) -> LoadConfig:
    return LoadConfig(base_model=str(base), **options)


@pytest.fixture
def copied(small_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_checkpoint, tmp_path / "copy"))


@pytest.fixture
def adapter(small_adapter: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_adapter, tmp_path / "adapter"))


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_same_seed_builds_the_same_weights(small_checkpoint, tmp_path):
    again, other = build(tmp_path / "a"), build(tmp_path / "b", seed=1)
    first = (small_checkpoint / "model.safetensors").read_bytes()
    assert (again / "model.safetensors").read_bytes() == first
    assert (other / "model.safetensors").read_bytes() != first


def test_the_small_tokenizer_has_the_real_special_tokens(small_checkpoint):
    loaded = load(config(small_checkpoint))
    for token in SPECIAL_TOKENS:
        assert len(loaded.tokenizer(token, add_special_tokens=False)["input_ids"]) == 1
    text = "Pick the mug, naïvely; 12 eggs\n\tand  more 漢字"
    assert loaded.tokenizer.decode(loaded.tokenizer(text)["input_ids"]) == text


def test_weights_and_geometry_are_what_the_file_says(small_checkpoint):
    loaded = load(config(small_checkpoint))
    assert loaded.dtype == torch.float32
    assert loaded.device.type == "cpu" or torch.cuda.is_available()
    tensors = load_file(small_checkpoint / "model.safetensors")
    parameters = dict(loaded.model.named_parameters())
    assert all(torch.equal(parameters[name], value) for name, value in tensors.items())


def test_four_bit_weights_are_packed_and_the_head_is_not(small_checkpoint):
    loaded = load(config(small_checkpoint, quantization="nf4"))
    layer = loaded.model.model.language_model.layers[0].self_attn.q_proj
    assert layer.weight.dtype == torch.uint8
    assert layer.weight.quant_type == "nf4"
    assert layer.weight.quant_state.nested  # double quantisation
    assert loaded.model.lm_head.weight.dtype == torch.bfloat16


def test_missing_weights_say_what_to_download_and_where_to_put_it():
    with pytest.raises(ConfigError) as caught:
        load(LoadConfig(base_model="Qwen/Qwen3-VL-4B-Instruct", local_files_only=True))
    said = str(caught.value)
    assert "hf download Qwen/Qwen3-VL-4B-Instruct" in said
    assert "--local-dir" in said
    assert "leapcasa.vlm.small" in said


def test_a_folder_that_is_none_is_said(tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        load(config(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match=r"no config\.json"):
        load(config(tmp_path))


def test_another_model_class_is_refused(copied):
    edit(copied / "config.json", model_type="llama")
    with pytest.raises(ConfigError, match="'llama' model"):
        load(config(copied))


def test_a_broken_config_is_said(copied):
    (copied / "config.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(config(copied))


def test_pickled_weights_are_refused(copied):
    torch.save({}, copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"pytorch_model\.bin.*may run code"):
        load(config(copied))


def test_a_cut_short_download_is_said(copied):
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(ConfigError, match="damaged"):
        load(config(copied))


def test_missing_tensors_are_not_filled_with_random_numbers(copied):
    tensors = load_file(copied / "model.safetensors")
    tensors.pop(next(name for name in tensors if name.endswith("layers.1.mlp.up_proj.weight")))
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"lacks 1 tensors.*up_proj"):
        load(config(copied))


def test_a_tokenizer_that_is_missing_is_said(copied):
    for name in ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"):
        (copied / name).unlink()
    with pytest.raises(ConfigError, match="no tokenizer"):
        load(config(copied))


def test_a_chat_template_in_the_older_json_is_read(copied):
    template = (copied / "chat_template.jinja").read_text()
    (copied / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="no chat template"):
        load(config(copied))
    (copied / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    assert load(config(copied)).chat_template == template


def test_an_adapter_named_for_another_base_is_refused(copied, adapter):
    edit(adapter / "adapter_config.json", base_model_name_or_path="Qwen/Qwen3-VL-2B-Instruct")
    loaded = load(config(copied, adapter=str(adapter)))  # a folder may hold any model
    assert loaded is not None
    described = json.loads((adapter / "adapter_config.json").read_text())
    with pytest.raises(ConfigError, match="made for 'Qwen/Qwen3-VL-2B-Instruct'"):
        _check_base(described, LoadConfig(base_model="Qwen/Qwen3-VL-4B-Instruct"))


def test_an_adapter_of_other_widths_is_refused(tmp_path, adapter):
    wide = build(tmp_path / "wide", SmallConfig(text_width=256))
    with pytest.raises(ConfigError, match=r"does not fit.*tensors fit no layer"):
        load(config(wide, adapter=str(adapter)))


def test_an_adapter_of_more_layers_is_refused(tmp_path, adapter):
    shallow = build(tmp_path / "shallow", SmallConfig(text_layers=3))
    with pytest.raises(ConfigError, match=r"does not fit.*layers\.3\."):
        load(config(shallow, adapter=str(adapter)))


def test_an_adapter_without_safetensors_is_refused(small_checkpoint, adapter):
    tensors = load_file(adapter / "adapter_model.safetensors")
    torch.save(tensors, adapter / "adapter_model.bin")
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(ConfigError, match="may run code"):
        load(config(small_checkpoint, adapter=str(adapter)))


def test_what_is_no_lora_is_refused(small_checkpoint, adapter):
    edit(adapter / "adapter_config.json", peft_type="PROMPT_TUNING")
    with pytest.raises(ConfigError, match="not a LORA"):
        load(config(small_checkpoint, adapter=str(adapter)))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_said(small_checkpoint):
    with pytest.raises(ConfigError, match="sees no GPU"):
        load(config(small_checkpoint, device="cuda:0"))


def test_options_out_of_range_are_refused(small_checkpoint):
    with pytest.raises(ConfigError, match="no device"):
        load(config(small_checkpoint, device="toaster"))
    with pytest.raises(ConfigError, match="quantization is one of"):
        config(small_checkpoint, quantization="int3")
    with pytest.raises(ConfigError, match="no base model"):
        LoadConfig(base_model="")


def test_no_file_of_the_checkpoint_is_a_pickle(small_checkpoint):
    assert {p.suffix for p in small_checkpoint.iterdir()} <= {
        ".safetensors",
        ".json",
        ".jinja",
        ".txt",
    }
    with safe_open(small_checkpoint / "model.safetensors", framework="numpy") as file:
        assert len(list(file.keys())) > 100
