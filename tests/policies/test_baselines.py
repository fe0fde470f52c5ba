import numpy as np
import pytest

from leapcasa.policies.hold import HoldPolicy
from leapcasa.policies.random import RandomPolicy


def chunks(policy: RandomPolicy, seed: int, count: int) -> np.ndarray:
    policy.reset("x", seed)
    return np.concatenate([policy.act(None, "x") for _ in range(count)])  # type: ignore[arg-type]


def test_hold_stands_still():
    chunk = HoldPolicy(horizon=5).act(None, "x")  # type: ignore[arg-type]
    assert chunk.shape == (5, 12)
    assert chunk.dtype == np.float32
    assert not chunk.any()


def test_random_motion_depends_on_its_seed_alone():
    policy = RandomPolicy(horizon=7)
    first, again, other = (chunks(policy, seed, 4) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 1


def test_random_motion_has_the_documented_distribution():
    actions = chunks(RandomPolicy(scale=0.2, smoothness=0.8), 0, 3000)[:, :6]
    assert np.allclose(actions.mean(axis=0), 0, atol=0.02)
    assert np.allclose(actions.std(axis=0), 0.2, rtol=0.1)
    neighbours = (actions[1:] * actions[:-1]).mean() / (actions**2).mean()
    assert neighbours == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("options", [{"horizon": 0}, {"smoothness": 1.0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match=r"must"):
        RandomPolicy(**options)
