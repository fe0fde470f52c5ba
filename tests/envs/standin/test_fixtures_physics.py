"""Fixtures under a hand: the force each asks for, the room it leaves, what it does afterwards.

Every instance is sized as its registry entry asks (RoboCasa's `Fixture.set_scale_from_size`), so
that a handle is judged at the size at which a robot meets it.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from leapcasa.envs.standin import fixtures, meshes
from leapcasa.envs.standin.registry import Registry

MOST_N = 20.0
"""What an OSC-controlled Panda pushes with; its payload is 30 N."""
FINGER_M = 0.022
"""Thickness of a Panda finger; the gripper opens 0.08 m."""
DOORED = (
    *("microwave", "oven", "toaster_oven", "dishwasher"),
    *("fridge_french_door", "fridge_side_by_side", "fridge_bottom_freezer"),
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    folder = tmp_path_factory.mktemp("fixtures")
    for path, content in [*fixtures.generate(registry), *meshes.generate(registry)]:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def scale_of(model: ET.Element, entry: Mapping[str, Any]) -> np.ndarray:
    """RoboCasa's rule: a missing size follows another axis; `max_size` shrinks uniformly."""
    region = next(g for g in model.iter("geom") if g.get("name") == "reg_main")
    own = 2 * np.array(region.get("size", "").split(), float)
    size = entry.get("size")
    if size is None:
        return np.full(3, float(entry.get("scale", 1)))
    # -1 stands for "the layout says"; such sizes differ by less than a quarter.
    s = [
        None if want is None or want <= 0 else want / have
        for want, have in zip(size, own, strict=True)
    ]
    s[0] = s[0] or s[2] or s[1]
    s[1] = s[1] or s[0] or s[2]
    s[2] = s[2] or s[0] or s[1]
    scale = np.array(s, float)
    caps = [c / f for c, f in zip(entry.get("max_size") or (), own * scale, strict=False) if c]
    return scale * min([1.0, *caps])


def sized(root: Path, xml: str, entry: Mapping[str, Any]) -> mujoco.MjModel:
    """One fixture, welded to the world, at the size of its registry entry."""
    path = root / xml / "model.xml"
    scale = scale_of(ET.parse(path).getroot(), entry)
    spec = mujoco.MjSpec.from_file(str(path))
    for geom in spec.geoms:
        turned = np.abs(rotation(geom.quat)).T @ scale
        geom.pos = geom.pos * scale
        if geom.type != mujoco.mjtGeom.mjGEOM_MESH:
            size = np.array(geom.size)
            if geom.type in (mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_CAPSULE):
                turned = np.array([turned[:2].mean(), turned[2], 1])
            geom.size = size * turned
    for mesh in spec.meshes:
        mesh.scale = mesh.scale * scale
    for joint in spec.joints:
        joint.pos = joint.pos * scale
        if joint.type == mujoco.mjtJoint.mjJNT_SLIDE:
            joint.range = joint.range * scale.min()
    return spec.compile()


def rotation(quat: np.ndarray) -> np.ndarray:
    out = np.zeros(9)
    mujoco.mju_quat2Mat(out, np.asarray(quat, float))
    return out.reshape(3, 3)


def instances(registry: Registry, kind: str, *, most: int = 4) -> Iterator[tuple[str, Any]]:
    """Some instances of a kind, spread over its registry."""
    every = list(registry.instances(kind).items())
    step = max(1, len(every) // most)
    yield from every[::step][:most]


def least_force(
    model: mujoco.MjModel, geom: int, joint: int, direction: np.ndarray, *, most: float = 40.0
) -> float:
    """The smallest force [N] on a geom's centre that moves a joint by a tenth of its range."""
    dof, address = model.jnt_dofadr[joint], model.jnt_qposadr[joint]
    span = float(np.ptp(model.jnt_range[joint]))
    for force in np.arange(1.0, most, 1.0):
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        start = float(data.qpos[address])
        for _ in range(500):
            data.qfrc_applied[:] = 0
            mujoco.mj_applyFT(
                model,
                data,
                direction * force,
                np.zeros(3),
                data.geom_xpos[geom],
                model.geom_bodyid[geom],
                data.qfrc_applied,
            )
            mujoco.mj_step(model, data)
        if abs(float(data.qpos[address]) - start) > 0.1 * span:
            return float(force)
        assert np.isfinite(data.qacc[dof])
    return most


def bars(model: mujoco.MjModel) -> Iterator[tuple[int, int]]:
    """(geom of a bar handle, its joint): the foremost collider of a door or a fronted drawer."""
    for joint in range(model.njnt):
        if not re.search(r"door|microjoint|freezer_drawer0", model.joint(joint).name):
            continue
        body = model.jnt_bodyid[joint]
        geoms = [
            g
            for g in range(
                model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]
            )
            if model.geom_group[g] == 0
        ]
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        yield min(geoms, key=lambda g: data.geom_xpos[g][1]), joint


def extent(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner of a geom's box in the world."""
    turn = data.geom_xmat[geom].reshape(3, 3)
    box = model.geom_aabb[geom]
    centre, half = data.geom_xpos[geom] + turn @ box[:3], np.abs(turn) @ box[3:]
    return centre - half, centre + half


@pytest.mark.parametrize("kind", DOORED)
def test_a_hand_opens_every_door_by_its_bar(kind: str, registry: Registry, root: Path):
    pulled = 0
    for xml, entry in instances(registry, kind, most=3):
        model = sized(root, xml, entry)
        for geom, joint in bars(model):
            force = least_force(model, geom, joint, np.array([0.0, -1.0, 0.0]))
            assert force <= MOST_N, (xml, model.joint(joint).name, force)
            pulled += 1
    assert pulled >= 3


@pytest.mark.parametrize("kind", DOORED)
def test_bars_are_thin_enough_to_grip_and_clear_their_door(
    kind: str, registry: Registry, root: Path
):
    for xml, entry in registry.instances(kind).items():
        model = sized(root, xml, entry)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        for bar, joint in bars(model):
            body = model.jnt_bodyid[joint]
            if "drawer" in model.joint(joint).name and model.geom_type[bar] != (
                mujoco.mjtGeom.mjGEOM_CYLINDER
            ):
                continue  # an inner bin with a lip
            low, high = extent(model, data, bar)
            slim = np.sort(high - low)[:2]
            assert slim.max() <= 0.035, (xml, slim)
            # The door is the largest collider of the same body.
            first = model.body_geomadr[body]
            own = [
                g
                for g in range(first, first + model.body_geomnum[body])
                if model.geom_group[g] == 0 and g != bar
            ]
            face = extent(model, data, max(own, key=lambda g: model.geom_rbound[g]))[0][1]
            assert face - high[1] >= FINGER_M + 0.003, (xml, face - high[1])


def moved(model: mujoco.MjModel, joint: str, *, force: float, seconds: float) -> float:
    """Where a joint is, as a share of its range, after a generalised force, then none for 0.5 s."""
    data = mujoco.MjData(model)
    index = model.joint(joint).id
    dof, address = model.jnt_dofadr[index], model.jnt_qposadr[index]
    for applied, time in ((force, seconds), (0.0, 0.5)):
        data.qfrc_applied[dof] = applied
        for _ in range(int(time / model.opt.timestep)):
            mujoco.mj_step(model, data)
    low, high = model.jnt_range[index]
    return float((data.qpos[address] - low) / (high - low))


Case = tuple[str, str, float, Callable[[float], bool]]
CASES: Mapping[str, Case] = {
    "racks slide out and stay": ("dishwasher", "rack1_joint", 10.0, lambda q: q > 0.9),
    "oven racks slide out and stay": ("oven", "rack0_joint", 10.0, lambda q: q > 0.9),
    "fridge drawers slide out and stay": (
        "fridge_side_by_side",
        "fridge_drawer0_joint",
        12.0,
        lambda q: q > 0.9,
    ),
    # 5 N at a lid's rim 13 cm from its hinge; RoboCasa keeps it open once it is beyond 0.9.
    "kettle lids lift": ("electric_kettle", "lid_joint", 0.6, lambda q: q > 0.85),
    # 3 N at a switch 3 cm from its pivot.
    "kettle switches are pressed by a fingertip": (
        "electric_kettle",
        "switch_joint",
        0.09,
        lambda q: q > 0.95,
    ),
    "kettle buttons spring back": (
        "electric_kettle",
        "button_lid_joint",
        5.0,
        lambda q: q < 0.5,
    ),
    # 20 N at the head's nose, 0.3 m from its hinge.
    "mixer heads tilt up and stay": ("stand_mixer", "head_joint", 6.0, lambda q: q > 0.9),
    "mixer heads stay down": ("stand_mixer", "head_joint", 0.0, lambda q: q < 0.02),
    "mixer knobs turn": ("stand_mixer", "knob_speed_joint", 0.2, lambda q: q > 0.9),
    # On is down: the joint's lower end.
    "toaster levers go down under a finger": (
        "toaster",
        "lever_joint",
        -10.0,
        lambda q: q < 0.05,
    ),
    "toaster levers stay up": ("toaster", "lever_joint", 0.0, lambda q: q > 0.9),
    "cancel buttons spring back": ("toaster", "button_cancel_joint", 4.0, lambda q: q < 1.01),
}


@pytest.mark.parametrize("claim", CASES)
def test_movable_parts(claim: str, registry: Registry, root: Path):
    kind, joint, force, holds = CASES[claim]
    seen = 0
    for xml, entry in instances(registry, kind):
        model = sized(root, xml, entry)
        names = [model.joint(i).name for i in range(model.njnt)]
        for name in (n for n in names if re.fullmatch(rf"(side[LR]_)?{joint}", n)):
            at = moved(model, name, force=force, seconds=1.5)
            assert holds(at), (xml, name, at)
            seen += 1
    assert seen >= 3


def test_a_tap_is_worked_with_the_side_of_a_finger(registry: Registry, root: Path):
    for xml, entry in instances(registry, "sink"):
        model = sized(root, xml, entry)
        paddle, lever = model.geom("handle_paddle").id, model.joint("handle_joint").id
        force = least_force(model, paddle, lever, np.array([0.0, 1.0, 0.0]))
        assert 2.0 <= force <= MOST_N, (xml, force)
        spout = model.joint("spout_joint").id
        nozzle = (
            model.body_geomadr[model.jnt_bodyid[spout]]
            + model.body_geomnum[model.jnt_bodyid[spout]]
        )
        tip = max(
            range(model.body_geomadr[model.jnt_bodyid[spout]], nozzle),
            key=lambda g: -model.geom_pos[g][1],
        )
        for way in (-1.0, 1.0):
            force = least_force(model, tip, spout, np.array([way, 0.0, 0.0]))
            assert force <= MOST_N, (xml, force)


def test_lever_and_spout_never_meet(registry: Registry, root: Path):
    # A hand that sweeps the spout must not close the tap: 21 cm is the palm's width.
    for xml, entry in registry.instances("sink").items():
        model = sized(root, xml, entry)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        paddle = extent(model, data, model.geom("handle_paddle").id)
        pivot = model.jnt_pos[model.joint("spout_joint").id]
        assert paddle[0][0] - pivot[0] > 0.105, xml


def test_region_numbers_rise_with_height(registry: Registry, root: Path):
    # RoboCasa takes the region with the highest number for the highest one.
    for kind in (*DOORED, "toaster_oven"):
        for xml, _ in registry.instances(kind).items():
            model = ET.parse(root / xml / "model.xml").getroot()
            floors: dict[str, list[tuple[int, float]]] = {}
            for geom in model.iter("geom"):
                found = re.fullmatch(
                    r"reg_(\w*?(?:shelf|drawer|rack|tray))(\d)", geom.get("name", "")
                )
                if found:
                    pos, half = geom.get("pos", "").split(), geom.get("size", "").split()
                    low = float(pos[2]) - float(half[2])
                    floors.setdefault(found[1], []).append((int(found[2]), low))
            for levels in floors.values():
                heights = [z for _, z in sorted(levels)]
                assert heights == sorted(heights), (xml, levels)


def test_fridges_have_a_shelf_that_tasks_may_use(registry: Registry, root: Path):
    # RoboCasa places on shelves at least 0.20 m high whose floor is 0.50 .. 1.50 m above ground.
    for kind in ("fridge_french_door", "fridge_side_by_side", "fridge_bottom_freezer"):
        for xml, entry in registry.instances(kind).items():
            model = sized(root, xml, entry)
            ground = -float(model.geom("reg_main").size[2])
            usable = 0
            for g in range(model.ngeom):
                if re.fullmatch(r"reg_fridge_shelf\d", model.geom(g).name):
                    half = float(model.geom_size[g][2])
                    floor = float(model.geom_pos[g][2]) - half - ground
                    usable += 2 * half >= 0.20 and 0.5 <= floor <= 1.5
            assert usable >= 2, xml


def test_hollow_parts_are_hollow(registry: Registry, root: Path):
    """No collider reaches into the inner 80 % of a region that objects are placed in."""
    kinds = (*DOORED, "sink", "blender", "stand_mixer", "toaster")
    checked = 0
    for kind in kinds:
        for xml, entry in instances(registry, kind, most=2):
            model = sized(root, xml, entry)
            regions = [
                g
                for g in range(model.ngeom)
                if (name := model.geom(g).name).startswith("reg_") and name != "reg_main"
            ]
            # The oven's whole inside holds racks; the microwave's `int` is its `tray`.
            regions = [g for g in regions if model.geom(g).name != "reg_int" or kind == "blender"]
            model.geom_size[regions] *= 0.8
            data = mujoco.MjData(model)
            mujoco.mj_forward(model, data)
            for region in regions:
                for g in np.flatnonzero(model.geom_group == 0):
                    gap = mujoco.mj_geomDistance(model, data, region, int(g), 1.0, None)
                    assert gap > 0, (xml, model.geom(region).name, model.geom(g).name, gap)
                checked += 1
    assert checked > 30
