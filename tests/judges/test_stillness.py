import numpy as np
import pytest

from leapcasa.configs import JudgeError
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.judges.stillness import StillnessJudge, motions


def clip(moving: int, still: int) -> np.ndarray:
    """Random frames, then the last of them repeated."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (moving, 32, 32, 3), dtype=np.uint8)
    return np.concatenate([frames, np.repeat(frames[-1:], still, axis=0)])


def test_complete_needs_motion_and_then_rest_in_every_view():
    judge = StillnessJudge(rest=16)
    moved_then_still, never_moved = clip(44, 20), clip(1, 63)
    assert judge.score({"right": moved_then_still}, "x").label == COMPLETE
    judge.reset("x")
    assert judge.score({"right": never_moved}, "x").label == NOT_COMPLETE
    both = {"right": moved_then_still, "left": clip(60, 4)}
    judge.reset("x")
    assert judge.score(both, "x").label == NOT_COMPLETE


def test_motion_is_remembered_until_the_next_subtask():
    judge = StillnessJudge(rest=16)
    judge.score({"right": clip(60, 4)}, "x")
    assert judge.score({"right": clip(1, 63)}, "x").label == COMPLETE
    judge.reset("y")
    assert judge.score({"right": clip(1, 63)}, "y").label == NOT_COMPLETE


def test_motion_is_the_mean_absolute_difference():
    frames = clip(5, 0)
    thin = frames[:, ::4, ::4].astype(float)
    naive = [np.mean(np.abs(thin[i + 1] - thin[i])) for i in range(4)]
    assert np.allclose(motions(frames), naive)


def test_clips_that_cannot_be_judged_are_refused():
    with pytest.raises(JudgeError, match="no clip"):
        StillnessJudge().score({}, "x")
    with pytest.raises(JudgeError, match="3 frames"):
        StillnessJudge().score({"right": clip(3, 0)}, "x")
    with pytest.raises(ValueError, match="still <= moved"):
        StillnessJudge(moved=0.1, still=0.2)
