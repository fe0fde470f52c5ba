"""Which record is meant, and how quantities are compared; no kitchen."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from leapcasa.configs import ConfigError
from leapcasa.envs.physics import Physics
from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.runs.replaying.compare import Comparison
from leapcasa.runs.replaying.find import every, find
from leapcasa.runs.replaying.rerun import Seen

NAMES = ("Rinse_target_s1", "Rinse_target_s11", "Rinse_pretrain_s11", "RinseSink_target_s1")


@pytest.fixture
def evaluation(tmp_path) -> Path:
    (tmp_path / "evaluation.sqlite").write_bytes(b"")
    for name in NAMES:
        (tmp_path / "episodes" / name).mkdir(parents=True)
        (tmp_path / "episodes" / name / "run.json").write_text("{}")
    for name in ("Lost_target_s2", "Rinse_target_s1"):
        (tmp_path / "broken" / name / "run").mkdir(parents=True)
        (tmp_path / "broken" / name / "run" / "run.json").write_text("{}")
    return tmp_path


def test_an_episode_is_named_in_full_or_by_task_and_seed(evaluation):
    for name in NAMES:
        assert find(evaluation, name) == evaluation / "episodes" / name
    assert find(evaluation, "Rinse:1") == evaluation / "episodes/Rinse_target_s1"
    assert find(evaluation, "RinseSink:1") == evaluation / "episodes/RinseSink_target_s1"
    assert find(evaluation, "Lost:2") == evaluation / "broken/Lost_target_s2/run"
    assert set(every(evaluation)) == {*NAMES, "Lost_target_s2"}


@pytest.mark.parametrize(
    ("episode", "said"),
    [
        ("Rinse:11", "ambiguous.*Rinse_pretrain_s11, Rinse_target_s11"),
        ("Rinse:3", "no episode 'Rinse:3'"),
        ("Rinse_target_s2", "did you mean"),
        (None, "name one of the episodes"),
        ("../../etc", "no episode"),
    ],
)
def test_a_name_that_is_none_or_several_is_bad_input(evaluation, episode, said):
    with pytest.raises(ConfigError, match=said):
        find(evaluation, episode)


def seen(step: int, *, rotation=(0.0, 0.0, 0.0, 1.0), joints=(0.0, 1.0), digest=7, success=False):
    felt = Proprioception(
        gripper_qpos=np.zeros(2, np.float32),
        base_position=np.zeros(3, np.float32),
        base_rotation=np.array(rotation, np.float32),
        end_effector_position=np.zeros(3, np.float32),
        end_effector_rotation=np.array([0, 0, 0, 1], np.float32),
    )
    return Seen(
        sensors=Sensors(images={}, proprioception=felt, instruction="x", step=step),
        physics=Physics(digest=digest, joints=np.array(joints, np.float32)),
        success=success,
    )


def record(looks: int, **changed):
    known = {
        "felt": np.stack([seen(0).sensors.proprioception.vector()] * looks),
        "states": dict.fromkeys(range(looks), 7),
        "joints": {i: np.array([0, 1], np.float32) for i in range(looks)},
        "success": dict.fromkeys(range(looks), False),
        "frames": {},
    }
    return SimpleNamespace(**{**known, **changed})


def compared(recorded, *looks) -> Comparison:
    made = Comparison(recorded, lambda index: f"hinge{index}")
    for look in looks:
        made.take(look)
    return made


def test_the_earliest_difference_is_told_first_and_the_largest_is_kept():
    looks = (
        seen(0),
        seen(1, success=True),
        seen(2, digest=8, joints=(0.0, 1.25)),
        seen(3, digest=9, joints=(-2.0, 1.0)),
        seen(4),
    )
    made = compared(record(5), *looks)
    assert made.parted is made.tracks["success"]
    state = made.tracks["state"]
    assert (state.looks, state.same, state.first, state.by) == (5, 3, 2, 0.25)
    assert "hinge1 is off by 0.25" in state.what
    assert (state.most, state.most_step) == (2.0, 3)
    assert made.tracks["proprioception"].same == 5


def test_at_the_same_look_the_state_comes_before_what_follows_from_it():
    made = compared(record(1), seen(0, digest=8, success=True, rotation=(1, 0, 0, 0)))
    assert made.parted is made.tracks["state"]
    assert "velocities or forces" in made.tracks["state"].what


def test_a_rotation_by_the_other_quaternion_differs_in_bits_but_not_in_distance():
    made = compared(record(1), seen(0, rotation=(0.0, 0.0, 0.0, -1.0)))
    track = made.tracks["proprioception"]
    assert (track.first, track.by) == (0, 0.0)


def test_looks_that_the_record_lacks_are_not_compared():
    made = compared(record(2), *(seen(step, digest=8) for step in range(5)))
    assert [made.tracks[name].looks for name in ("state", "proprioception", "success")] == [2] * 3
