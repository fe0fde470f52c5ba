"""The cache of visual features: bit-identical to encoding afresh, whatever happens to the clip.

How many pairs go through the tower at once can change a last bit: matrix products have kernels for
few rows and for many, and which they are depends on the processor. So bits are compared between
pairs that go one by one.
"""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from leapcasa.envs.ring import FrameRing
from leapcasa.vlm.load import LoadConfig, LoadedModel, load
from leapcasa.vlm.vision import VisionEncoder, pair_keys

SIZE, FRAMES = 64, 16


@pytest.fixture(scope="module")
def loaded(small_checkpoint: Path) -> LoadedModel:
    return load(LoadConfig(base_model=str(small_checkpoint)))


ROUNDING = 1e-4
"""Of float32 through the tower; features are of the order of 1."""


def encode(encoder: VisionEncoder, *clips: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return encoder.features(clips, [pair_keys(clip) for clip in clips])


def by_the_model(loaded: LoadedModel, naive, clip: np.ndarray) -> list[torch.Tensor]:
    """All levels for a whole clip, by transformers' own processor and vision tower."""
    inputs = naive.inputs(clip, naive.prompt("x"))
    with torch.inference_mode():
        out = loaded.model.model.visual(inputs["pixel_values_videos"], inputs["video_grid_thw"])
    return [out.pooler_output, *out.deepstack_features]


def test_features_are_those_of_the_whole_clip(loaded, small_checkpoint, naive_module, film):
    naive = naive_module.Naive(small_checkpoint)
    clip = film(64)
    ours = encode(VisionEncoder(loaded), clip)
    whole = by_the_model(loaded, naive, clip)
    assert ours.shape == (1, 32, 4, 49, 192)
    for level, theirs in enumerate(whole):
        assert torch.equal(ours[0, :, level].flatten(0, 1), theirs)


def test_a_pair_encoded_alone_is_as_among_others(loaded, film):
    clip = film(FRAMES, size=224)
    together = encode(VisionEncoder(loaded), clip)[0]
    for index in range(FRAMES // 2):
        alone = encode(VisionEncoder(loaded), clip[2 * index : 2 * index + 2])[0]
        off = (alone - together).abs().flatten(1).amax(1)
        assert off[index] < ROUNDING
        assert all(off[other] > 100 * ROUNDING for other in range(FRAMES // 2) if other != index)


def test_a_window_that_slides_by_an_even_number_encodes_only_what_is_new(loaded, film):
    frames = film(64 + 48)
    encoder = VisionEncoder(loaded)
    for step in range(0, 49, 16):
        encode(encoder, frames[step : step + 64])
    assert encoder.encoded == 32 + 3 * 8
    assert encoder.reused == 3 * 24


def test_repeated_frames_are_encoded_once(loaded, film):
    still = np.repeat(film(1), 64, axis=0)
    encoder = VisionEncoder(loaded)
    encode(encoder, still, still)
    assert encoder.encoded == 1


def test_one_bit_of_one_pixel_makes_another_key(film):
    clip = film(4, size=SIZE)
    changed = clip.copy()
    changed[3, SIZE - 1, SIZE - 1, 2] ^= 1
    assert pair_keys(clip)[0] == pair_keys(changed)[0]
    assert pair_keys(clip)[1] != pair_keys(changed)[1]
    assert pair_keys(clip) != pair_keys(clip.reshape(4, SIZE // 2, SIZE * 2, 3))


def pairs(clip: np.ndarray) -> list[np.ndarray]:
    return [clip[start : start + 2] for start in range(0, len(clip), 2)]


@pytest.fixture(scope="module")
def alone(loaded: LoadedModel) -> Callable[[np.ndarray], torch.Tensor]:
    """The features of a pair that an encoder of its own saw, kept by the pixels themselves."""

    @functools.cache
    def seen(pixels: bytes) -> torch.Tensor:
        pair = np.frombuffer(pixels, np.uint8).reshape(2, SIZE, SIZE, 3).copy()
        return encode(VisionEncoder(loaded), pair)[0, 0]

    return lambda pair: seen(pair.tobytes())


@pytest.mark.parametrize("capacity", [0, 3, 8, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_fuzzed_streams_never_get_a_stale_feature(loaded, alone, capacity, seed):
    """Odd steps, dropped and repeated frames, resets, another episode's frames, two views."""
    rng = np.random.default_rng(seed)
    library = rng.integers(0, 256, (40, SIZE, SIZE, 3), dtype=np.uint8)
    streaming = VisionEncoder(loaded, capacity=capacity, chunk=1)
    many = VisionEncoder(loaded, capacity=capacity)
    rings = [FrameRing(FRAMES, SIZE, SIZE) for _ in range(2)]
    at = 0
    for _ in range(40):
        event = rng.choice(["step", "odd", "drop", "repeat", "reset", "jump", "touch"])
        count = {"step": 4, "odd": int(rng.integers(1, 8)), "repeat": 1}.get(event, 2)
        if event == "reset":
            for ring in rings:
                ring.reset()
        if event == "jump":
            at = int(rng.integers(0, 40))
        for _ in range(count):
            at += {"drop": 2, "repeat": 0}.get(event, 1)
            for view, ring in enumerate(rings):
                frame = library[(at + 20 * view) % 40].copy()
                if event == "touch":
                    frame[0, 0, 0] ^= 1
                ring.push(frame)
        clips = [ring.last(FRAMES) for ring in rings]
        fresh = torch.stack([torch.stack([alone(pair) for pair in pairs(clip)]) for clip in clips])
        assert torch.equal(encode(streaming, *clips), fresh)
        assert (encode(many, *clips) - fresh).abs().max() < ROUNDING
    assert streaming.encoded + streaming.reused == 40 * 2 * FRAMES // 2
    assert len(streaming._known[""]) <= capacity


def test_a_quick_stream_leaves_the_features_of_a_slow_one_alone(loaded):
    rng = np.random.default_rng(0)
    slow, *quick = rng.integers(0, 256, (6, FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
    encoder = VisionEncoder(loaded, capacity=FRAMES // 2)
    first = encoder.features([slow], [pair_keys(slow)], ["slow"])
    for clip in quick:
        encoder.features([clip], [pair_keys(clip)], ["quick"])
    before = encoder.encoded
    again = encoder.features(
        [slow, quick[-1]], [*map(pair_keys, (slow, quick[-1]))], ["slow", "quick"]
    )
    assert encoder.encoded == before
    assert torch.equal(again[0], first[0])
    encoder.forget("slow")
    encoder.forget("never heard of")
    encoder.features([slow], [pair_keys(slow)], ["slow"])
    assert encoder.encoded == before + FRAMES // 2


def test_features_do_not_follow_later_changes_of_the_frames(loaded, film):
    clip = film(4, size=SIZE).copy()
    encoder = VisionEncoder(loaded)
    before = encode(encoder, clip).clone()
    clip[:] = 0
    assert not torch.equal(encode(encoder, clip), before)
