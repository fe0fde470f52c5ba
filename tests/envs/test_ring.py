import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leapcasa.envs.ring import FrameRing

HEIGHT, WIDTH = 2, 3


def picture(value: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), value, dtype=np.uint8)


class Pending:
    """A frame that is drawn only when it is read."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.reads = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return (HEIGHT, WIDTH, 3)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        self.reads += 1
        return picture(self.value)


def values(clip: np.ndarray) -> list[int]:
    assert (clip == clip[:, :1, :1, :1]).all(), "a frame mixes two pictures"
    return clip[:, 0, 0, 0].tolist()


PUSH = st.tuples(st.sampled_from(["array", "pending"]), st.integers(0, 255))
READ = st.tuples(st.just("last"), st.integers(1, 7))
RESET = st.tuples(st.just("reset"), st.just(0))


@settings(max_examples=300, deadline=None)
@given(capacity=st.integers(1, 7), moves=st.lists(PUSH | READ | RESET, max_size=60))
def test_ring_behaves_like_a_list_padded_with_its_oldest_frame(capacity, moves):
    ring, pushed = FrameRing(capacity, HEIGHT, WIDTH), []
    for move, number in moves:
        if move == "reset":
            ring.reset()
            pushed.clear()
        elif move == "last":
            n = min(number, capacity)
            if pushed:
                kept = pushed[-capacity:]
                expected = ([kept[0]] * n + kept)[-n:]
                assert values(ring.last(n)) == expected
            else:
                with pytest.raises(LookupError):
                    ring.last(n)
        else:
            ring.push(picture(number) if move == "array" else Pending(number))
            pushed.append(number)
        assert ring.count == len(ring) == min(len(pushed), capacity)


@settings(max_examples=50, deadline=None)
@given(capacity=st.integers(1, 9), pushes=st.integers(1, 30))
def test_every_clip_is_a_contiguous_view_of_the_same_memory(capacity, pushes):
    ring = FrameRing(capacity, HEIGHT, WIDTH)
    for value in range(pushes):
        ring.push(picture(value))
    for n in range(1, capacity + 1):
        clip = ring.last(n)
        assert clip.flags.c_contiguous
        assert not clip.flags.owndata
        assert not clip.flags.writeable
        assert np.shares_memory(clip, ring.last(1))


def test_padding_repeats_the_oldest_frame_at_the_front():
    ring = FrameRing(4, HEIGHT, WIDTH)
    ring.push(picture(9))
    assert values(ring.last(4)) == [9, 9, 9, 9]
    ring.push(picture(8))
    assert values(ring.last(4)) == [9, 9, 9, 8]
    assert ring.count == 2


def test_a_reset_ring_pads_with_the_new_episode_only():
    ring = FrameRing(3, HEIGHT, WIDTH)
    for value in (1, 2, 3, 4):
        ring.push(picture(value))
    ring.reset()
    ring.push(picture(7))
    assert values(ring.last(3)) == [7, 7, 7]


def test_a_pending_frame_is_read_once_and_not_before_the_next_push():
    ring, frame = FrameRing(3, HEIGHT, WIDTH), Pending(5)
    ring.push(frame)
    assert frame.reads == 0
    assert ring.count == 1
    ring.push(picture(6))
    assert frame.reads == 1
    assert values(ring.last(2)) == [5, 6]
    assert frame.reads == 1


def test_an_array_is_copied_at_once():
    ring, pixels = FrameRing(2, HEIGHT, WIDTH), picture(3)
    ring.push(pixels)
    pixels[:] = 200
    assert values(ring.last(1)) == [3]


def test_a_frame_of_another_shape_or_dtype_is_refused_and_changes_nothing():
    ring = FrameRing(2, HEIGHT, WIDTH)
    ring.push(picture(1))
    with pytest.raises(ValueError, match=r"\(3, 3, 3\)"):
        ring.push(np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        ring.push(np.zeros((HEIGHT, WIDTH, 3), np.float32))
    assert ring.count == 1
    assert values(ring.last(2)) == [1, 1]


@pytest.mark.parametrize("n", [0, -1, 3])
def test_clip_lengths_outside_the_capacity_are_refused(n):
    ring = FrameRing(2, HEIGHT, WIDTH)
    ring.push(picture(1))
    with pytest.raises(ValueError, match="1 to 2"):
        ring.last(n)


@pytest.mark.parametrize("sizes", [(0, 2, 2), (2, 0, 2), (2, 2, -1)])
def test_a_ring_without_room_is_refused(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        FrameRing(*sizes)
