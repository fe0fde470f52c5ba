import shutil
from pathlib import Path

import pytest

from leapcasa.configs import ComponentSpec, ConfigError
from leapcasa.runs.judge_setup import Choice, content_hash, identity


def spec(model: Path, **options) -> ComponentSpec:
    return ComponentSpec(name="qwen3vl", options={"base_model": str(model), **options})


def test_named_options_win_over_overrides_and_those_over_the_preset():
    choice = Choice(overrides=["judge.options.fps=5", "judge.options.size=64"],
                    options={"fps": 7.0, "adapter": None})  # fmt: skip
    options = choice.spec().options
    assert (options["fps"], options["size"], options["adapter"]) == (7.0, 64, None)
    assert options["base_model"] == "Qwen/Qwen3-VL-4B-Instruct"
    assert options["quantization"] == "nf4"


def test_a_preset_whose_judge_gives_no_likelihoods_is_refused():
    with pytest.raises(ConfigError, match="--config card-4b"):
        Choice(preset="baseline").spec()


def test_a_copy_of_the_weights_is_the_same_judge_and_other_weights_are_another(
    small_checkpoint, tmp_path
):
    copy = Path(shutil.copytree(small_checkpoint, tmp_path / "elsewhere"))
    assert identity(spec(copy)) == identity(spec(small_checkpoint))
    weights = copy / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert identity(spec(copy)) != identity(spec(small_checkpoint))


@pytest.mark.parametrize(
    ("option", "value", "same"),
    [
        ("method", "left", True),
        ("batch", 3, True),
        ("cache_pairs", 0, True),
        ("fps", 20.0, True),  # the default, said aloud
        ("fps", 10.0, False),
        ("prompt", "Is this done: {instruction}", False),
        ("answer_suffix", "<|im_end|>", False),
        ("frames", 32, False),
    ],
)
def test_only_what_changes_the_numbers_makes_another_judge(small_checkpoint, option, value, same):
    plain, other = spec(small_checkpoint), spec(small_checkpoint, **{option: value})
    assert (identity(plain) == identity(other)) is same


def test_an_adapter_makes_another_judge(small_checkpoint, small_adapter):
    adapted = spec(small_checkpoint, adapter=str(small_adapter))
    assert identity(adapted) != identity(spec(small_checkpoint))


def test_an_edited_judge_of_the_users_own_is_another_judge(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "my_own_judge.py"
    module.write_text("class Mine:\n    def __init__(self, a=1): ...\n")
    mine = ComponentSpec(name="my_own_judge:Mine")
    before = identity(mine)
    assert identity(ComponentSpec(name="my_own_judge:Mine", options={"a": 1})) == before
    module.write_text("class Mine:\n    def __init__(self, a=1): return\n")
    assert identity(mine) != before


def test_a_folders_hash_covers_names_and_bytes_of_every_file(tmp_path):
    folder = tmp_path / "frames"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"12")
    (folder / "inner" / "b.png").write_bytes(b"3")
    first = content_hash(folder)
    (folder / "a.png").write_bytes(b"1")
    (folder / "inner" / "b.png").write_bytes(b"23")
    assert content_hash(folder) != first
    (folder / "a.png").write_bytes(b"12")
    (folder / "inner" / "b.png").write_bytes(b"3")
    assert content_hash(folder) == first
    (folder / "a.png").rename(folder / "c.png")
    assert content_hash(folder) != first


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.mp4"):
        content_hash(tmp_path / "gone.mp4")
