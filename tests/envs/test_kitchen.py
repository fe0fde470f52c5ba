"""Real kitchens; RoboCasa's own gym wrapper is the independent truth."""

import gc
import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from leapcasa.configs import ConfigError, EnvironmentFault, PolicyError
from leapcasa.envs.determinism import repeatable
from leapcasa.envs.kitchen import STYLES, Kitchen
from leapcasa.envs.quiet import import_robocasa
from leapcasa.envs.yaml_cache import cached_yaml

pytestmark = pytest.mark.sim

TASK, SEED, SIDE = "RinseSinkBasin", 3, 96
SIZES = {"right": SIDE, "left": SIDE, "hand": SIDE}
STATES = {
    "gripper_qpos": "state.gripper_qpos",
    "base_position": "state.base_position",
    "base_rotation": "state.base_rotation",
    "end_effector_position": "state.end_effector_position_relative",
    "end_effector_rotation": "state.end_effector_rotation_relative",
}
CAMERAS = {
    "right": "video.robot0_agentview_right",
    "left": "video.robot0_agentview_left",
    "hand": "video.robot0_eye_in_hand",
}


def actions(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (n, 12)).astype(np.float32)


def as_robocasa(action: np.ndarray) -> dict[str, np.ndarray]:
    parts = np.split(action, [3, 6, 7, 11])
    names = ["end_effector_position", "end_effector_rotation", "gripper_close"]
    names += ["base_motion", "control_mode"]
    return {f"action.{name}": part for name, part in zip(names, parts, strict=True)}


@pytest.fixture(scope="module")
def kitchen():
    kitchen = Kitchen(TASK, image_size=SIZES)
    yield kitchen
    kitchen.close()


@pytest.fixture(scope="module")
def contexts():
    """Keeps robosuite's GL contexts from being collected while the wrapper is in use.

    One that is collected unbinds the current context and frees its own textures by number, whatever
    context they belong to: the wrapper's next pictures would come out wrong, now and then.
    """
    from robosuite.utils.binding_utils import MjRenderContext

    kept, plain = [], MjRenderContext.__init__

    def init(self, *args, **kwargs) -> None:
        plain(self, *args, **kwargs)
        kept.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MjRenderContext, "__init__", init)
        yield
    kept.clear()
    gc.collect()  # here, in the main thread, where no context of ours is current


@pytest.fixture(scope="module")
def wrapper(kitchen, contexts):
    """RoboCasa's own environment, with nothing of ours but the fixed order of regions."""
    with repeatable(SEED), cached_yaml():
        env = gymnasium.make(
            f"robocasa/{TASK}",
            split="pretrain",
            seed=SEED,
            camera_widths=SIDE,
            camera_heights=SIDE,
            disable_env_checker=True,
        )
    yield env.unwrapped
    env.close()


def test_observations_are_those_of_robocasas_wrapper_bit_for_bit(kitchen, wrapper):
    with repeatable(SEED), cached_yaml():
        theirs, _ = wrapper.reset(seed=SEED)
    ours, _ = kitchen.reset(seed=SEED)
    for action in [None, *actions(8)]:
        if action is not None:
            theirs, *_ = wrapper.step(as_robocasa(action))
            ours, *_ = kitchen.step(action)
        assert ours["instruction"] == theirs["annotation.human.task_description"]
        for name, key in STATES.items():
            np.testing.assert_array_equal(ours[name], theirs[key], err_msg=name)
        for view, key in CAMERAS.items():
            np.testing.assert_array_equal(ours[view], theirs[key], err_msg=view)
    np.testing.assert_array_equal(kitchen.robocasa.sim.data.qpos, wrapper.env.sim.data.qpos)


@pytest.mark.filterwarnings("ignore:.*Box observation space m.*imum value:UserWarning")
def test_gymnasiums_own_check_passes():
    env = gymnasium.make(
        "leapcasa.envs.kitchen:leapcasa/Kitchen-v0",
        task="OpenDrawer",
        image_size={"right": 32},
        render_profile="fast",  # it resets a dozen times, and asks no pixel's colour
        layout=14,  # of those that are built quickest
    )
    check_env(env.unwrapped, skip_render_check=False)
    env.close()


def episode(kitchen: Kitchen, seed: int, steps: int = 3) -> tuple:
    looks = [kitchen.begin(seed), *(kitchen.advance(a) for a in actions(steps))]
    images = [np.asarray(look.images["right"]).copy() for look in looks]
    return kitchen.scene, images, kitchen.robocasa.sim.data.qpos.copy()


def test_a_seed_repeats_its_episode_whatever_ran_before(kitchen):
    first = episode(kitchen, SEED)
    np.random.seed(12345)
    kitchen.begin(SEED + 1)
    kept = [bytearray(n) for n in range(1000, 9000, 7)]  # another layout of memory
    second = episode(kitchen, SEED)
    assert len(kept)
    assert first[0] == second[0]
    for a, b in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first[2], second[2])


def test_different_seeds_give_different_scenes(kitchen):
    scenes = {(kitchen.begin(s), kitchen.scene.layout, kitchen.scene.style)[1:] for s in (0, 1)}
    assert len(scenes) == 2


SCENE_OF = """
import hashlib, sys
from leapcasa.envs.kitchen import Kitchen
kitchen = Kitchen("PrepareCoffee", split="target", rendering=False)
kitchen.begin(7)
print("RESULT", kitchen.scene, hashlib.sha256(kitchen.robocasa.sim.data.qpos.tobytes()).hexdigest())
"""


def test_processes_with_other_hash_seeds_build_the_same_scene():
    said = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", SCENE_OF], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        said.add(done.stdout)
        assert done.stdout.startswith("RESULT"), "import noise reached the terminal"
        assert done.stderr == "", "import noise reached the terminal"
    assert len(said) == 1


def test_a_recorded_scene_is_built_again(kitchen):
    look = kitchen.begin(11)
    qpos, image, record = kitchen.robocasa.sim.data.qpos.copy(), look.image("left"), kitchen.scene
    again = Kitchen.from_record(record, image_size={"left": SIDE})
    np.testing.assert_array_equal(again.robocasa.sim.data.qpos, qpos)
    np.testing.assert_array_equal(again.sensors.image("left"), image)
    again.close()


def test_a_layout_and_a_style_can_be_asked_for():
    kitchen = Kitchen("OpenDrawer", rendering=False, layout=15, style=22)
    kitchen.begin(0)
    assert (kitchen.scene.layout, kitchen.scene.style) == (15, 22)
    assert kitchen.scene.layout_pinned
    assert kitchen.scene.style_pinned
    kitchen.close()
    impossible = Kitchen("OpenDrawer", rendering=False, layout=3, split="pretrain")
    with pytest.raises(ConfigError, match="layout 3"):
        impossible.begin(0)
    impossible.close()


def test_an_instruction_of_the_user_s_own_changes_what_is_told_and_nothing_else(kitchen):
    first = kitchen.begin(SEED)
    own = Kitchen(TASK, image_size=SIZES, instruction="  Give the sink\n a rinse. ")
    try:
        told = own.begin(SEED)
        assert told.instruction == own.instruction == "Give the sink a rinse."
        assert own.advance(np.zeros(12, np.float32)).instruction == told.instruction
        assert own.scene == kitchen.scene
        assert kitchen.instruction == first.instruction == kitchen.scene.instruction
        np.testing.assert_array_equal(told.images["right"], first.images["right"])
    finally:
        own.close()


def test_each_split_has_the_styles_of_robocasas_registry():
    import_robocasa()
    from robocasa.models.scenes.scene_registry import STYLE_GROUPS_TO_IDS

    groups = {"pretrain": -2, "target": -1}
    assert {split: list(STYLES[split]) for split in groups} == {
        split: STYLE_GROUPS_TO_IDS[group] for split, group in groups.items()
    }


@pytest.mark.parametrize("split", ["pretrain", "target"])
def test_scenes_come_from_the_split(split):
    kitchen = Kitchen("OpenDrawer", split=split, rendering=False)
    for seed in (0, 1):
        kitchen.begin(seed)
        target = kitchen.scene.layout <= 10 and kitchen.scene.layout == kitchen.scene.style
        assert target == (split == "target")
    kitchen.close()


def test_nothing_but_sensors_crosses(kitchen):
    observation, info = kitchen.reset(seed=SEED)
    _, reward, terminated, truncated, step_info = kitchen.step(np.zeros(12, np.float32))
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info == step_info == {}
    assert set(observation) == {*SIZES, *STATES, "instruction", "step"}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (np.zeros(11), r"\(11,\)"),
        (np.zeros((1, 12)), r"\(1, 12\)"),
        (np.r_[np.zeros(5), np.nan, np.zeros(6)], r"action\[5\] is nan"),
        (np.r_[np.zeros(11), -np.inf], r"action\[11\] is -inf"),
        (["a"] * 12, "12 numbers"),
    ],
)
def test_bad_actions_are_refused_and_change_nothing(kitchen, action, said):
    kitchen.begin(SEED)
    before = kitchen.robocasa.sim.data.qpos.copy()
    with pytest.raises(PolicyError, match=said):
        kitchen.advance(action)
    assert kitchen.step_count == 0
    np.testing.assert_array_equal(kitchen.robocasa.sim.data.qpos, before)


def test_numbers_out_of_range_are_clipped_and_counted(kitchen):
    kitchen.begin(SEED)
    kitchen.advance(np.r_[2.0, -3.0, np.full(10, 0.5)])
    clipped = kitchen.robocasa.sim.data.qpos.copy()
    assert kitchen.clipped_actions == 2
    kitchen.begin(SEED)
    assert kitchen.clipped_actions == 0
    kitchen.advance(np.r_[1.0, -1.0, np.full(10, 0.5)])
    np.testing.assert_array_equal(kitchen.robocasa.sim.data.qpos, clipped)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "RinseSinkBasn"}, "RinseSinkBasin"),
        ({"task": TASK, "split": "test"}, "unknown split 'test'"),
        ({"task": TASK, "image_size": {"rigth": 224}}, "did you mean 'right'"),
        ({"task": TASK, "image_size": {"right": 4}}, "16 .. 2048"),
        ({"task": TASK, "render_profile": "fas"}, "did you mean 'fast'"),
        ({"task": TASK, "instruction": " .\n"}, "say what the task is"),
        ({"task": TASK, "instruction": "a " * 3000}, "4000 characters"),
        ({"task": TASK, "seed": -1}, "out of range"),
        ({"task": TASK, "seed": 1.5}, "whole number"),
    ],
)
def test_bad_input_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        Kitchen(**options)


def test_a_kitchen_without_episode_says_so():
    kitchen = Kitchen(TASK, rendering=False)
    with pytest.raises(EnvironmentFault, match="call reset first"):
        kitchen.advance(np.zeros(12))
    kitchen.close()


def test_a_diverged_simulation_is_a_fault_and_not_a_result(kitchen):
    kitchen.begin(SEED)
    kitchen.robocasa.sim.data.qvel[:] = np.inf
    with pytest.raises(EnvironmentFault, match="broke down"):
        kitchen.advance(np.zeros(12))


def test_without_rendering_there_are_no_images_and_the_same_physics(kitchen):
    blind = Kitchen(TASK, rendering=False)
    seen, unseen = episode_state(kitchen), episode_state(blind)
    assert blind.sensors.images == {}
    np.testing.assert_array_equal(seen, unseen)
    blind.close()


def test_a_program_that_forgets_to_close_a_kitchen_ends_all_the_same():
    program = (
        "from leapcasa.envs.kitchen import Kitchen\n"
        f"kitchen = Kitchen({TASK!r}, image_size={SIZES!r})\n"
        f"kitchen.begin({SEED})\n"  # its frames are still being drawn when the program ends
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=120, capture_output=True)
    assert done.returncode == 0, done.stderr


def episode_state(kitchen: Kitchen) -> np.ndarray:
    kitchen.begin(SEED)
    for action in actions(3):
        kitchen.advance(action)
    return kitchen.robocasa.sim.data.qpos.copy()
