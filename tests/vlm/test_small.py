"""A small checkpoint of one's own size, with a tokenizer of one's own texts."""

import json

import pytest

from leapcasa.vlm import small
from leapcasa.vlm.load import LoadConfig, load

SIZES = ["text_width=64", "text_mlp=64", "text_layers=2", "text_heads=2", "text_kv_heads=1",
         "vision_width=32", "vision_mlp=32", "vision_layers=2", "vision_heads=1", "deepstack=1",
         "vocab_size=500"]  # fmt: skip


def test_texts_of_samples_decide_the_tokens(tmp_path, capsys):
    row = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Fetch the zorblax"}]}],
        "target": {"steps": "1) Pick the zorblax"},
        "instruction": "never read quuxly",
    }
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 30)
    sizes = [word for size in SIZES for word in ("--set", size)]
    texts = ["--texts", str(tmp_path / "rows.jsonl")]
    assert small.main([str(tmp_path / "model"), *texts, *sizes]) == 0
    loaded = load(LoadConfig(base_model=str(tmp_path / "model"), device="cpu"))
    assert len(loaded.tokenizer.tokenize(" zorblax")) == 1
    assert len(loaded.tokenizer.tokenize("assistant")) == 1
    assert len(loaded.tokenizer.tokenize(" quuxly")) > 2
    assert loaded.model.config.text_config.hidden_size == 64
    assert loaded.model.config.vision_config.deepstack_visual_indexes == [1]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--set", "text_layer=2"], "did you mean 'text_layers'"),
        (["--set", "text_layers=two"], "is no number"),
        (["--texts", "none.jsonl"], "none.jsonl"),
    ],
)
def test_bad_sizes_and_texts_are_told(tmp_path, capsys, more, why):
    assert small.main([str(tmp_path / "model"), *more]) == 2
    assert why in capsys.readouterr().err
