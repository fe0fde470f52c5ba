"""The embedded policy without a simulation: geometry, words, checkpoints, and how it is asked."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from small_policy import felt, looks

from leapcasa.configs import ConfigError, PolicyError
from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint, geometry
from leapcasa.sight import folder as folders
from leapcasa.sight.words import MOST, buckets

RNG = np.random.default_rng(0)


def arm_actions(count: int) -> np.ndarray:
    """(count, 12) actions of the hand, no longer than an action may be."""
    out = np.zeros((count, 12))
    for columns in (slice(0, 3), slice(3, 6)):
        ways = RNG.normal(size=(count, 3))
        out[:, columns] = (
            ways / np.linalg.norm(ways, axis=1, keepdims=True) * RNG.uniform(0, 1, (count, 1))
        )
    return out  # fmt: skip


def leading(motion: np.ndarray, start: np.ndarray, driving: bool = False) -> geometry.Leading:
    on = np.full(len(motion), driving)
    return geometry.Leading(start, motion, np.zeros(len(motion), bool), on)


# geometry


def test_rotations_are_those_of_an_independent_library():
    quaternions = Rotation.random(20, random_state=1).as_quat()
    assert np.allclose(
        geometry.matrix(quaternions), Rotation.from_quat(quaternions).as_matrix(), atol=1e-12
    )


def test_set_points_lead_to_the_very_actions_they_were_made_of():
    robot, actions = felt(9), arm_actions(9)
    motion = geometry.set_points(robot, actions, chunk=4)
    for t in range(9):
        assert np.allclose(leading(motion[t], robot[t]).action(robot[t], 0), actions[t], atol=1e-4)


def test_a_later_step_of_a_chunk_gives_that_step_s_action_if_all_goes_as_shown():
    robot, actions = felt(9), arm_actions(9)
    motion = geometry.set_points(robot, actions, chunk=4)
    made = leading(motion[2], robot[2]).action(robot[5], 3)
    assert np.allclose(made, actions[5], atol=1e-4)


def test_a_hand_that_was_pushed_aside_is_led_back():
    robot, actions = felt(6), np.zeros((6, 12))
    robot[:, 9:16] = robot[0, 9:16]
    motion = geometry.set_points(robot, actions, chunk=4)
    aside = robot[1].copy()
    aside[9:12] += [0.0, 0.02, 0.0]
    assert np.allclose(
        leading(motion[0], robot[0]).action(aside, 1)[:3], [0.0, -0.4, 0.0], atol=1e-6
    )


def test_driving_takes_the_base_s_speeds_and_leaves_the_hand_alone():
    robot, actions = felt(3), np.zeros((3, 12))
    actions[:, 7:12] = [0.5, -0.2, 1.0, 0.3, 1.0]
    motion = geometry.set_points(robot, actions, chunk=2)
    made = leading(motion[0], robot[0], driving=True).action(robot[1], 1)
    assert np.allclose(made, actions[1])


def test_nothing_the_network_is_told_depends_on_where_in_the_world_the_robot_is():
    robot = felt(40)
    moved = robot.copy()
    turn = Rotation.from_euler("z", 1.3)
    moved[:, 2:5] = turn.apply(robot[:, 2:5]) + np.array([4.0, -2.0, 0.0])
    moved[:, 5:9] = (turn * Rotation.from_quat(robot[:, 5:9])).as_quat()
    assert np.allclose(geometry.features(robot), geometry.features(moved), atol=1e-4)
    assert geometry.features(robot).shape == (40, geometry.FEATURES)


def test_what_lies_before_a_subtask_is_not_looked_at():
    robot, other = felt(40), felt(40, seed=7)
    other[10:] = robot[10:]
    assert np.array_equal(geometry.features(robot, 10), geometry.features(other, 10))


# words


def test_case_and_punctuation_do_not_count():
    assert np.array_equal(buckets("Turn ON the sink!"), buckets("turn on the sink"))


def test_an_unseen_form_of_a_word_shares_most_of_its_buckets():
    known, unseen, other = (set(buckets(t)) - {0} for t in ("rinse", "rinsing", "kettle"))
    assert len(known & unseen) >= 3
    assert not known & other


def test_a_long_text_is_cut():
    assert buckets("open the door " * 100).shape == (MOST,)


# checkpoints and the policy


def test_it_looks_every_few_steps_and_acts_at_each(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained), execute=2, look_every=3)
    policy.reset("turn on the kettle", 0)
    seen = list(looks(7))
    made = [policy.act(one, "turn on the kettle") for one in seen]
    assert [sum(f.reads for f in one.images.values()) for one in seen] == [3, 0, 0, 3, 0, 0, 3]  # type: ignore[attr-defined]
    assert all(a.shape == (1, 12) and a.dtype == np.float32 for a in made)
    assert not policy.info.privileged


def test_the_same_looks_give_the_same_actions_after_a_reset(untrained: Path):
    policy, runs = EmbeddedPolicy(path=str(untrained), execute=2, look_every=2), []
    for seed in (0, 1):
        policy.reset("turn on the kettle", seed)
        runs.append([policy.act(one, "turn on the kettle") for one in looks(5)])
    assert np.array_equal(runs[0], runs[1])


def test_words_change_what_it_does(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained))
    made = []
    for text in ("turn on the kettle", "close the lid"):
        policy.reset(text, 0)
        made.append(policy.act(next(looks(1)), text))
    assert not np.array_equal(*made)


def test_larger_pictures_are_averaged_down(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained))
    policy.reset("turn on the kettle", 0)
    small, large = next(looks(1)), next(looks(1, size=64))
    for view, frame in small.images.items():
        large.images[view].pixels = frame.pixels.repeat(2, 0).repeat(2, 1)  # type: ignore[attr-defined]
    first = policy.act(small, "turn on the kettle")
    policy.reset("turn on the kettle", 0)
    assert np.allclose(first, policy.act(large, "turn on the kettle"))


def test_a_missing_view_ends_the_episode_with_its_name(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained))
    policy.reset("turn on the kettle", 0)
    with pytest.raises(PolicyError, match="no hand view"):
        policy.act(next(looks(1, views=("right", "left"))), "turn on the kettle")


def test_it_stays_where_it_is_until_there_is_a_picture(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained), look_every=1)
    policy.reset("turn on the kettle", 0)
    blind, seen = next(looks(1, views=())), next(looks(1))
    for _ in range(3):
        action = policy.act(blind, "turn on the kettle")[0]
        assert not action[:6].any()
        assert not action[7:].any()
    moved = policy.act(seen, "turn on the kettle")[0]
    assert np.delete(moved, 6).any()
    policy.reset("turn on the kettle", 0)

    def wait() -> None:
        for _ in range(100):
            policy.act(blind, "turn on the kettle")

    with pytest.raises(PolicyError, match="no right, left, hand view"):
        wait()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "/nowhere"}, "holds no trained policy"),
        ({"execute": 7}, "give 1 .. 6"),
        ({"device": "cuda"}, "no GPU"),
    ],
)
def test_bad_options_say_how_to_mend_them(untrained: Path, options: dict, message: str):
    import torch

    if options.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    given = options if "path" in options else {"path": str(untrained), **options}
    with pytest.raises(ConfigError, match=message):
        EmbeddedPolicy(**given)


@pytest.mark.parametrize("harm", ["cut weights", "no json", "other sizes", "other format"])
def test_a_damaged_checkpoint_is_refused(untrained: Path, tmp_path: Path, harm: str):
    text = (untrained / folders.CONFIG).read_text()
    data = json.loads(text)
    weights = (untrained / checkpoint.KIND.weights).read_bytes()
    if harm == "other sizes":
        data["network"]["width"] = 48
    if harm == "other format":
        data["format"] = 99
    text = "{" if harm == "no json" else json.dumps(data)
    (tmp_path / folders.CONFIG).write_text(text)
    kept = weights[:1000] if harm == "cut weights" else weights
    (tmp_path / checkpoint.KIND.weights).write_bytes(kept)
    with pytest.raises(ConfigError, match="train"):
        checkpoint.load(tmp_path)
