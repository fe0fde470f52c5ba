"""The mapping of names: what is sent, what is taken, and what is refused."""

import numpy as np
import pytest
from openpi_client import image_tools
from serving import look

from leapcasa.configs import ConfigError, InfrastructureError, PolicyError, load
from leapcasa.envs.sensors import Sensors
from leapcasa.policies.mapping import ACTION_PARTS, parsed, resized
from leapcasa.policies.named import named_mapping

ALL = list(ACTION_PARTS)
PLAIN = {"prompt": "prompt", "actions": {"actions": ALL}}
REMOTE = ("openpi", "groot", "lerobot")


@pytest.mark.parametrize("preset", REMOTE)
def test_every_shipped_mapping_is_whole_and_fits_the_preset(preset):
    options = load(preset).policy.options
    assert options["mapping"] in options["mappings"]
    for name in options["mappings"]:
        mapping = named_mapping(preset, name, options["mappings"])
        assert set(mapping.views) <= {"right", "left", "hand"}
        assert sum(mapping.width(key) for key in mapping.actions) == 12
        sent = mapping.request(look(), "x")
        assert all(value.dtype == np.float32 for k, value in sent.items() if k in mapping.state)


@pytest.mark.parametrize("shape", [(256, 256), (480, 640), (640, 480), (224, 224), (100, 333)])
@pytest.mark.parametrize("size", [224, 128])
def test_pictures_have_the_pixels_that_openpis_own_clients_send(shape, size):
    picture = np.random.default_rng(1).integers(0, 255, (*shape, 3), dtype=np.uint8)
    theirs = image_tools.resize_with_pad(picture, size, size)
    np.testing.assert_array_equal(resized(picture, size), theirs)


def test_the_state_of_robocasas_checkpoints_has_its_order():
    sensors = look()
    state = named_mapping("openpi", "robocasa365", None).request(sensors, "x")["observation/state"]
    felt = sensors.proprioception
    parts = [felt.end_effector_position, felt.end_effector_rotation, felt.base_position]
    parts += [felt.base_rotation, felt.gripper_qpos]
    np.testing.assert_array_equal(state, np.concatenate(parts))


def test_actions_of_another_order_come_out_in_the_official_one():
    mapping = named_mapping("lerobot", "dataset", None)
    theirs = np.arange(12, dtype=np.float64)[None]
    (ours,) = mapping.chunk({"action": theirs}, "server")
    assert ours.tolist() == [5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4]


def test_parts_the_server_does_not_give_have_the_value_that_was_written_down():
    arm = {
        "prompt": "prompt",
        "actions": {"actions": ["end_effector_position", "end_effector_rotation", "gripper_close"]},
        "fixed": {"base_motion": 0, "control_mode": -1},
    }
    chunk = parsed(arm, "here").chunk({"actions": np.full((3, 7), 0.5)}, "server")
    assert chunk[0].tolist() == [0.5] * 7 + [0.0] * 4 + [-1.0]


@pytest.mark.parametrize("shape", [(1, 6, 1), (6, 1), (1, 6), (6,)])
def test_a_number_a_step_may_come_without_its_last_axis(shape):
    mapping = named_mapping("groot", "n1.5", None)
    answer = {key: np.zeros((1, 6, mapping.width(key))) for key in mapping.actions}
    answer["action.gripper_close"] = np.arange(6.0).reshape(shape)
    assert mapping.chunk(answer, "server")[:, 6].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("shape", [(12,), (2, 6, 12), (6, 13), (0, 12), (1, 1, 6, 12), ()])
def test_a_chunk_of_another_shape_is_refused(shape):
    with pytest.raises(InfrastructureError, match="is wanted"):
        parsed(PLAIN, "here").chunk({"actions": np.zeros(shape)}, "server")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_number_that_is_not_finite_is_refused(value):
    actions = np.zeros((4, 12))
    actions[2, 5] = value
    with pytest.raises(InfrastructureError, match=r"actions\[2, 5\]"):
        parsed(PLAIN, "here").chunk({"actions": actions}, "server")


def test_a_view_that_the_run_does_not_carry_is_named():
    mapping = named_mapping("openpi", "robocasa365", None)
    whole = look()
    images = {view: image for view, image in whole.images.items() if view != "hand"}
    blind = Sensors(images=images, proprioception=whole.proprioception, instruction="x", step=0)
    with pytest.raises(PolicyError, match="wants the hand view as 'observation/wrist_image'"):
        mapping.request(blind, "x")


BAD = {
    "no mapping": (["left"], "must hold images, state"),
    "unknown entry": ({**PLAIN, "imges": {}}, "did you mean 'images'"),
    "unknown view": ({**PLAIN, "images": {"a": "top"}}, "images.a is 'top'; it is one of"),
    "unknown state": ({**PLAIN, "state": {"s": ["grippr_qpos"]}}, "did you mean 'gripper_qpos'"),
    "unknown part": ({"prompt": "p", "actions": {"a": ["gripper"]}}, "unknown part 'gripper'"),
    "part twice": ({"prompt": "p", "actions": {"a": [*ALL, "base_motion"]}}, "given twice"),
    "part missing": ({"prompt": "p", "actions": {"a": ALL[:3]}}, "base_motion, control_mode"),
    "fixed and given": ({**PLAIN, "fixed": {"base_motion": 0}}, "given twice"),
    "fixed too large": ({**PLAIN, "fixed": {"base_motion": 2}}, "must lie in -1 .. 1"),
    "no prompt": ({"actions": {"actions": ALL}}, "prompt must name the key"),
    "key twice": ({**PLAIN, "images": {"prompt": "left"}}, "prompt of the request is given twice"),
    "size in words": ({**PLAIN, "image_size": "224"}, "image_size is '224'"),
    "empty list": ({"prompt": "p", "actions": {"a": []}}, "must list its parts"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mapping_that_is_none_is_bad_input(name):
    data, said = BAD[name]
    with pytest.raises(ConfigError) as caught:
        parsed(data, "policy.options.mapping")
    assert said in str(caught.value)
    assert str(caught.value).startswith("policy.options.mapping")
