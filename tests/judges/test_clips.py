import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leapcasa.configs import ConfigError
from leapcasa.envs.ring import FrameRing
from leapcasa.judges.clips import indices, resample


def numbered(total: int) -> np.ndarray:
    """A clip whose frame i is filled with i (mod 256) and i // 256."""
    clip = np.zeros((total, 2, 2, 3), dtype=np.uint8)
    clip[..., 0] = (np.arange(total) % 256)[:, None, None]
    clip[..., 1] = (np.arange(total) // 256)[:, None, None]
    return clip


def test_the_worked_examples_of_the_docstring_hold():
    assert list(indices(7, 4)) == [0, 2, 4, 6]
    assert list(indices(6, 4)) == [0, 2, 3, 5]
    assert list(indices(2, 4)) == [0, 0, 0, 1]


@given(total=st.integers(1, 100_000), frames=st.integers(2, 128))
def test_longer_clips_are_sampled_uniformly_and_both_ends_are_kept(total, frames):
    chosen = indices(total, frames)
    assert len(chosen) == frames
    assert chosen[0] == 0
    assert chosen[-1] == total - 1
    if total >= frames:
        assert (np.diff(chosen) >= 1).all()
        exact = [k * (total - 1) / (frames - 1) for k in range(frames)]
        assert all(abs(c - e) <= 0.5 + 1e-6 for c, e in zip(chosen, exact, strict=True))


@pytest.mark.parametrize("total", [1, 2, 5, 63, 64])
def test_short_clips_are_padded_as_the_ring_buffer_pads(total):
    clip = numbered(total)
    ring = FrameRing(64, 2, 2)
    for frame in clip:
        ring.push(frame)
    assert np.array_equal(resample(clip), ring.last(64))


def test_a_single_frame_is_the_newest_one():
    assert list(indices(10, 1)) == [9]


def test_a_clip_of_the_right_length_is_not_copied():
    clip = numbered(64)
    assert resample(clip) is clip


def test_frames_of_a_long_clip_are_those_of_the_indices():
    sampled = resample(numbered(1000))
    low, high = sampled[:, 0, 0, :2].astype(int).T
    values = low + 256 * high
    assert list(values) == list(np.linspace(0, 999, 64).round().astype(int))


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (numbered(4).astype(np.float32), "float32"),
        (numbered(4)[..., :2], r"\(4, 2, 2, 2\)"),
        (numbered(4)[0], r"\(2, 2, 3\)"),
        (numbered(0), "without frames"),
    ],
)
def test_what_is_no_clip_is_refused(clip, said):
    with pytest.raises(ConfigError, match=said):
        resample(clip)


def test_impossible_numbers_are_refused():
    with pytest.raises(ConfigError, match="frames=0"):
        indices(5, 0)
