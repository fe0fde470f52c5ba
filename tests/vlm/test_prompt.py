"""Token ids, positions and pixels beside those of transformers' own processor and model."""

from pathlib import Path

import numpy as np
import pytest
import torch

from leapcasa.configs import ConfigError
from leapcasa.judges.qwen3vl import PROMPT
from leapcasa.vlm.load import LoadConfig, LoadedModel, load
from leapcasa.vlm.pixels import patches
from leapcasa.vlm.prompt import ClipLayout, PromptBuilder

LABELS = ("not complete", "complete")


@pytest.fixture(scope="module")
def loaded(small_checkpoint: Path) -> LoadedModel:
    return load(LoadConfig(base_model=str(small_checkpoint)))


@pytest.fixture(scope="module")
def naive(small_checkpoint: Path, naive_module):
    return naive_module.Naive(small_checkpoint)


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("frames", [2, 8, 64])
@pytest.mark.parametrize("fps", [20.0, 24.0, 2.0, 7.3])
def test_ids_are_those_of_the_processor(loaded, small_checkpoint, naive_module, outer, frames, fps):
    naive = naive_module.Naive(small_checkpoint, fps=fps, outer=outer)
    clip = np.zeros((frames, 224, 224, 3), np.uint8)
    builder = PromptBuilder(loaded, ClipLayout(frames=frames, fps=fps, outer_vision_tokens=outer))
    text = "Pick the café au lait, 2 eggs\nand\tthe pan!"
    question = builder.question(PROMPT.format(instruction=text), LABELS)
    for label, answer in zip(LABELS, question.answers, strict=True):
        theirs = naive.inputs(clip, naive.prompt(text) + label)["input_ids"][0].tolist()
        assert [*builder.prefix().ids.tolist(), *question.tail, *answer] == theirs


def test_not_complete_is_longer_than_complete(loaded):
    question = PromptBuilder(loaded, ClipLayout()).question("x", LABELS)
    assert [len(answer) for answer in question.answers] == [2, 1]


@pytest.mark.parametrize("size", [224, 96])
def test_positions_are_those_of_the_model(loaded, naive, size):
    clip = np.zeros((8, size, size, 3), np.uint8)
    inputs = naive.inputs(clip, naive.prompt("Open the drawer"))
    theirs, _ = naive.model.model.get_rope_index(
        inputs["input_ids"],
        inputs["mm_token_type_ids"],
        video_grid_thw=inputs["video_grid_thw"],
        attention_mask=inputs["attention_mask"],
    )
    builder = PromptBuilder(loaded, ClipLayout(frames=8, size=size))
    prefix = builder.prefix()
    length = len(prefix.ids)
    assert np.array_equal(prefix.positions, theirs[:, 0, :length].numpy())
    tail = theirs[:, 0, length:].numpy()
    assert np.array_equal(tail, prefix.next_position + np.arange(tail.shape[1])[None].repeat(3, 0))
    assert np.array_equal(
        np.flatnonzero(inputs["input_ids"][0] == naive.processor.video_token_id), prefix.visual
    )


@pytest.mark.parametrize("size", [224, 64])
def test_patches_are_bit_identical_to_the_processors(loaded, naive, size):
    clip = np.random.default_rng(0).integers(0, 256, (6, size, size, 3), dtype=np.uint8)
    theirs = naive.inputs(clip, naive.prompt("x"))["pixel_values_videos"]
    pairs = torch.from_numpy(clip).view(3, 2, size, size, 3)
    ours = patches(pairs, loaded.model.config.vision_config, torch.float32)
    assert torch.equal(ours, theirs)


def test_a_label_without_tokens_is_refused(loaded):
    with pytest.raises(ConfigError, match="no tokens of its own"):
        PromptBuilder(loaded, ClipLayout(frames=2)).question("x", ("complete", ""))


def test_two_labels_with_the_same_tokens_are_refused(loaded):
    with pytest.raises(ConfigError, match="same tokens"):
        PromptBuilder(loaded, ClipLayout(frames=2)).question("x", ("complete", "complete"))


def test_a_question_with_a_video_of_its_own_is_refused(loaded):
    builder = PromptBuilder(loaded, ClipLayout(frames=2))
    for text in ("<|vision_start|><|video_pad|><|vision_end|>", "<|video_pad|>"):
        with pytest.raises(ConfigError, match="video_pad"):
            builder.question(text, LABELS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frames": 63}, "even"),
        ({"frames": 0}, "even"),
        ({"size": 200}, "multiple of 32"),
        ({"fps": 0.0}, "positive"),
        ({"fps": float("inf")}, "positive"),
    ],
)
def test_impossible_layouts_are_refused(change, said):
    with pytest.raises(ConfigError, match=said):
        ClipLayout(**change)
