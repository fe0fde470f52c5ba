"""Fixtures keep RoboCasa's contracts, move under a hand's force and hold still without one."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest

from leapcasa.envs.standin import fixtures, pack
from leapcasa.envs.standin.registry import Registry

NAMES = {
    # What robocasa.models.fixtures looks up by name: joints, geoms, sites.
    "microwave": {"microjoint", "start_button", "stop_button", "door_handle_main", "reg_tray"},
    "sink": {"handle_joint", "handle_temp_joint", "spout_joint", "water"},
    "oven": {"door_joint", "rack0_joint", "knob_temp_joint", "knob_time_joint", "reg_rack0"},
    "toaster_oven": {"door_joint", "knob_temp_joint", "knob_function_joint", "knob_time_joint"},
    "dishwasher": {"door_joint", "rack0_joint", "rack1_joint", "reg_rack0", "reg_rack1"},
    "coffee_machine": {"start_button", "receptacle_place_site", "coffee_liquid"},
    "blender": {"power_button_main", "anchor_site", "reg_int"},
    "stand_mixer": {"head_joint", "button_head_lock_joint", "knob_speed_joint", "bowl_joint"},
    "electric_kettle": {"lid_joint", "switch_joint", "button_lid_joint"},
    "stove": {"knob_front_left_joint", "burner_on_front_left", "burner_front_left_place_site"},
    "stove_wide": {"knob_rear_center_joint", "burner_on_rear_center"},
    "stovetop": {"knob_rear_right_joint", "burner_on_rear_right"},
    "fridge_french_door": {
        "fridge_left_door_joint",
        "fridge_right_door_joint",
        "reg_fridge_shelf2",
    },
    "fridge_side_by_side": {"fridge_door_joint", "freezer_door_joint", "reg_freezer_shelf0"},
    "fridge_bottom_freezer": {"fridge_door_joint", "freezer_door_joint", "reg_freezer_drawer0"},
}
SLIDE_N, HINGE_NM = 30.0, 8.0
"""What the Panda gives with ease: its payload is 3 kg, a door's handle is 0.4 m from its hinge."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack.build(tmp_path_factory.mktemp("pack") / "pack")


@pytest.fixture(scope="module")
def models(registry: Registry) -> dict[str, dict[str, ET.Element]]:
    """Kind -> instance path -> parsed model."""
    out: dict[str, dict[str, ET.Element]] = {kind: {} for kind in fixtures.GENERATORS}
    made = dict(fixtures.generate(registry))
    for kind in fixtures.GENERATORS:
        for xml in registry.instances(kind):
            out[kind][xml] = ET.fromstring(made[f"{xml}/model.xml"])
    return out


def everything(models) -> Iterator[tuple[str, ET.Element]]:
    for instances in models.values():
        yield from instances.items()


def compiled(path: Path) -> mujoco.MjModel:
    """A fixture welded to the world, as RoboCasa mounts it."""
    return mujoco.MjModel.from_xml_path(str(path))


def test_every_generated_fixture_compiles(root: Path):
    paths = sorted((root / "fixtures").rglob("model.xml"))
    assert len(paths) > 600
    for path in paths:
        model = compiled(path)
        assert model.ngeom > 0, path


def test_names_that_robocasa_looks_up_are_there(models):
    for kind, names in NAMES.items():
        for path, model in models[kind].items():
            found = {element.get("name") for element in model.iter()}
            assert names <= found, (path, names - found)


def test_every_geom_names_its_group_and_every_joint_its_range(models):
    for path, model in everything(models):
        for geom in model.iter("geom"):
            assert geom.get("group") in ("0", "1"), path
            if geom.get("group") == "1":
                assert geom.get("contype") == "0", path
                assert geom.get("conaffinity") == "0", path
        for joint in model.iter("joint"):
            low, high = map(float, joint.get("range", "").split())
            assert low < high, path


def test_moving_bodies_have_no_offset_of_their_own(models):
    # RoboCasa reads regions of moving bodies as offsets in the fixture's frame.
    for path, model in everything(models):
        for body in model.iter("body"):
            assert body.get("pos") is None, path
            assert body.get("quat") is None, path


def test_sinks_toasters_and_toaster_ovens_have_what_tasks_count_on(models, registry):
    doubles = registry.allowed_instances("divide_basins.py", "sink")
    doubles |= registry.allowed_instances("pre_rinse_station.py", "sink")
    for path, model in models["sink"].items():
        regions = {
            g.get("name") for g in model.iter("geom") if g.get("name", "").startswith("reg_")
        }
        two = path.split("/")[-1] in doubles
        assert ({"reg_basin_left", "reg_basin_right"} <= regions) == two, path
        assert ("reg_basin" in regions) != two, path
    pairs = registry.allowed_instances("toast_one_slot_pair.py", "toaster")
    for path, model in models["toaster"].items():
        names = {g.get("name") for g in model.iter("geom")}
        assert ("sideL_slotL_floor" in names) == (path.split("/")[-1] in pairs), path
    racks = registry.allowed_instances("toast_on_correct_rack.py", "toaster_oven")
    for path, model in models["toaster_oven"].items():
        levels = {g.get("name") for g in model.iter("geom")} & {"reg_rack1", "reg_tray1"}
        assert bool(levels) == (path.split("/")[-1] in racks), path


def test_instances_of_a_family_differ(models):
    for kind, instances in models.items():
        if kind == "blender_lid":
            continue  # a lid is fitted to its jug, and many jugs are alike
        looks = {ET.tostring(model) for model in instances.values()}
        assert len(looks) > len(instances) * 0.5, kind


def handles(model: mujoco.MjModel) -> list[int]:
    return [
        i
        for i in range(model.njnt)
        if re.search(r"door|rack|drawer|tray|microjoint", model.joint(i).name)
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "microwave",
        "oven",
        "toaster_oven",
        "dishwasher",
        "fridge_french_door",
        "fridge_side_by_side",
        "fridge_bottom_freezer",
    ],
)
def test_doors_and_drawers_move_under_a_hands_force_and_hold_still_without(kind, registry, root):
    for xml in list(registry.instances(kind))[:3]:
        model = compiled(root / xml / "model.xml")
        model.opt.timestep = 0.002
        for joint in handles(model):
            data = mujoco.MjData(model)
            address, dof = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
            for _ in range(500):
                mujoco.mj_step(model, data)
            span = float(np.ptp(model.jnt_range[joint]))
            assert abs(data.qpos[address]) < 0.02 * span, (xml, model.joint(joint).name)
            slide = model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_SLIDE
            data.qfrc_applied[dof] = SLIDE_N if slide else HINGE_NM
            for _ in range(2000):
                mujoco.mj_step(model, data)
            assert data.qpos[address] > 0.6 * span, (xml, model.joint(joint).name)


@pytest.mark.parametrize("kind", ["stove", "stove_wide", "stovetop", "oven", "toaster_oven"])
def test_knobs_turn_under_two_fingers_and_stay(kind, registry, root):
    for xml in list(registry.instances(kind))[:3]:
        model = compiled(root / xml / "model.xml")
        for joint in range(model.njnt):
            if not model.joint(joint).name.startswith("knob"):
                continue
            data = mujoco.MjData(model)
            dof = model.jnt_dofadr[joint]
            data.qfrc_applied[dof] = 0.25  # two fingers 2 cm apart with 12 N each
            for _ in range(1500):
                mujoco.mj_step(model, data)
            assert data.qpos[model.jnt_qposadr[joint]] > 1.4, (xml, model.joint(joint).name)
            data.qfrc_applied[dof] = 0
            mujoco.mj_step(model, data)
            turned = float(data.qpos[model.jnt_qposadr[joint]])
            for _ in range(500):
                mujoco.mj_step(model, data)
            assert abs(data.qpos[model.jnt_qposadr[joint]] - turned) < 0.15


def test_taps_stay_where_a_hand_puts_them(registry, root):
    for xml in list(registry.instances("sink"))[:4]:
        model = compiled(root / xml / "model.xml")
        for name, target in (("handle_joint", 0.7), ("spout_joint", 1.0), ("spout_joint", -1.0)):
            data = mujoco.MjData(model)
            joint = model.joint(name).id
            data.qpos[model.jnt_qposadr[joint]] = target
            for _ in range(1000):
                mujoco.mj_step(model, data)
            assert abs(data.qpos[model.jnt_qposadr[joint]] - target) < 0.05, (xml, name)


def numbers(element: ET.Element, name: str) -> list[float]:
    return [float(value) for value in element.get(name, "").split()]


def test_bar_handles_leave_room_for_fingers(models):
    # The Panda's finger is 2.2 cm thick; the free space is between the bar and the closed door.
    seen = 0
    for kind in ("dishwasher", "oven", "microwave"):
        for path, model in models[kind].items():
            for body in model.iter("body"):
                geoms = {g.get("name"): g for g in body.findall("geom")}
                bar = geoms.get("door_handle_main")
                panel = geoms.get("door_panel", geoms.get("door_main"))
                if bar is None or panel is None:
                    continue
                seen += 1
                bar_y = numbers(bar, "pos")[1]
                thick = numbers(bar, "size")[0 if bar.get("type") == "cylinder" else 1]
                face = numbers(panel, "pos")[1] - numbers(panel, "size")[1]
                assert face - (bar_y + thick) >= 0.028, (path, face - (bar_y + thick))
    assert seen > 90
