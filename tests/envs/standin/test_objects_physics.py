"""Objects as bodies: they rest where they are put, hold what is put in, and can be picked up."""

import xml.etree.ElementTree as ET
from pathlib import Path

import mujoco
import numpy as np
import object_scenes as scenes
import pytest

from leapcasa.envs.standin.objects import generate
from leapcasa.envs.standin.objects.catalogue import CATALOGUE, VESSELS
from leapcasa.envs.standin.registry import Registry

DROP_M = 0.005


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("objects")
    scenes.write_library(folder)
    return folder


def chunks(items: list, size: int) -> list[list]:
    return [items[i : i + size] for i in range(0, len(items), size)]


EVERY = [(category, index) for category in CATALOGUE for index in (0, 1)]


@pytest.mark.parametrize("wanted", chunks(EVERY, 80), ids=lambda w: w[0][0])
def test_dropped_objects_come_to_rest_upright_where_they_fell(library, wanted):
    model, placed = scenes.build(library, wanted, height=DROP_M)
    data = mujoco.MjData(model)
    bodies = scenes.body_ids(model, len(placed))
    mujoco.mj_step(model, data, 400)
    before = data.xpos[bodies].copy()
    mujoco.mj_step(model, data, 200)
    start = np.array([p.start for p in placed])
    names = np.array([f"{c}_{i}" for c, i in wanted])
    moved = np.linalg.norm((data.xpos[bodies] - start)[:, :2], axis=1)
    creep = np.linalg.norm(data.xpos[bodies] - before, axis=1)
    sunk = start[:, 2] - data.xpos[bodies][:, 2] - DROP_M
    assert not list(names[moved > 0.004]), moved.max()
    assert not list(names[creep > 0.0005]), creep.max()
    assert not list(names[np.abs(sunk) > 0.0025]), "sinks in or hovers"
    assert not list(names[scenes.upright_cosine(data, bodies) < np.cos(np.radians(3))])
    assert np.abs(data.qvel).max() < 0.02
    assert data.warning.number.sum() == 0


def test_bounding_boxes_hold_everything_seen_and_touched(library):
    """The box is checked against MuJoCo's own compiled geometry, mesh vertices included."""
    wanted = [(category, 2) for category in CATALOGUE]
    model, placed = scenes.build(library, wanted, height=0.0)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for k, item in enumerate(placed):
        centre = item.start + item.shape.bounds()[0]
        for geom in np.flatnonzero(model.geom_bodyid == scenes.body_ids(model, k + 1)[k]):
            name = model.geom(geom).name
            if name.endswith(("reg_bbox", "reg_int_0", "reg_int_1", "liquid")):
                continue
            low, high = extent(model, data, int(geom))
            slack = 0.0015
            assert np.all(low >= centre - item.half - slack), (item.category, name)
            assert np.all(high <= centre + item.half + slack), (item.category, name)


def extent(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> tuple[np.ndarray, np.ndarray]:
    """World axis-aligned box of a compiled geom."""
    pos, rot = data.geom_xpos[geom], data.geom_xmat[geom].reshape(3, 3)
    if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        points = model.mesh_vert[first : first + count] @ rot.T + pos
        return points.min(axis=0), points.max(axis=0)
    centre, half = model.geom_aabb[geom][:3], model.geom_aabb[geom][3:]
    if model.geom_type[geom] in (mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_CAPSULE):
        r, h = model.geom_size[geom][:2]
        cap = model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE
        along = np.abs(rot[:, 2])
        side = r if cap else r * np.sqrt(np.maximum(1 - along**2, 0))
        return pos - side - h * along, pos + side + h * along
    if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        reach = np.sqrt(((rot * half) ** 2).sum(axis=1))
        return pos - reach, pos + reach
    reach = np.abs(rot) @ half
    return pos + rot @ centre - reach, pos + rot @ centre + reach


# fmt: off
OPEN = [
    "bowl", "cup", "mug", "glass_cup", "pot", "saucepan", "pan", "tupperware", "jug",
    "jug_wide_opening", "pitcher", "blender_jug", "measuring_cup", "colander", "strainer",
    "basket", "wine_glass",
]
# fmt: on


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_a_ball_dropped_into_an_open_vessel_stays_inside(library, index):
    wanted = [(category, index) for category in OPEN]
    balls, starts = "", []
    probe = scenes.build(library, wanted, height=0.0005)[1]
    for k, item in enumerate(probe):
        x, y = item.start[:2] + np.array([0.012, 0.004])
        top = item.start[2] + item.shape.bounds()[0][2] + item.half[2]
        starts.append((x, y, top + 0.03))
        balls += (
            f'<body name="ball{k}" pos="{x} {y} {top + 0.03}"><freejoint/>'
            '<geom type="sphere" size="0.008" density="1000" friction="1 .01 .001"/></body>'
        )
    model, placed = scenes.build(library, wanted, height=0.0005, extra=balls)
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 750)
    for k, item in enumerate(placed):
        ball = data.xpos[model.body(f"ball{k}").id] - data.xpos[model.body(f"o{k}_object").id]
        centre = item.shape.bounds()[0]
        assert ball[2] < centre[2] + item.half[2] - 0.004, (item.category, ball)
        assert ball[2] > centre[2] - item.half[2] + 0.007, (item.category, "fell through", ball)
        assert np.linalg.norm(ball[:2]) < max(item.half[:2]), (item.category, ball)


@pytest.mark.parametrize("category", ["bowl", "cup", "pot", "saucepan", "tupperware", "mug"])
def test_a_ray_down_the_middle_meets_the_floor_not_a_lid(library, category):
    model, placed = scenes.build(library, [(category, 0)], height=0.0)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    item = placed[0]
    above = item.start + np.array([0, 0, item.half[2] + 0.1])
    hit = np.array([-1], dtype=np.int32)
    colliders = np.array([1, 0, 0, 0, 0, 0], dtype=np.uint8)
    depth = mujoco.mj_ray(model, data, above, np.array([0.0, 0, -1]), colliders, 1, -1, hit)
    floor = above[2] - depth
    assert 0.0005 < floor < 0.35 * 2 * item.half[2]


@pytest.mark.parametrize("category", ["saucepan_with_lid", "jar"])
def test_a_lid_put_on_its_anchor_stays_closed(tmp_path, category):
    """Base and lid from generated files, scaled as RoboCasa does (`saucepan_lid`: 0.98)."""
    folder = "saucepan" if category == "saucepan_with_lid" else "jar"
    files = dict(generate(Registry.load()))
    scenes.write_library(tmp_path)
    names = sorted(
        {p.split("/")[3] for p in files if p.startswith(f"objects/lightwheel/{folder}/")}
    )
    for name in names[:4]:
        paths = [f"objects/lightwheel/{folder}/{name}/{x}model.xml" for x in ("", f"{name}_Lid/")]
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(files[path])
        scale = (1.0, 0.98) if folder == "saucepan" else (0.9, 0.9)
        spec = mujoco.MjSpec.from_string(scenes.SLAB)
        root = ET.fromstring(files[paths[0]])
        anchor = np.array(root.find(".//site[@name='anchor_site']").get("pos").split(), float)
        box = next(g for g in root.iter("geom") if g.get("name") == "reg_bbox")
        half = float(box.get("size").split()[2])
        heights = (half * scale[0], (half + anchor[2]) * scale[0] + 0.001)
        for k in range(2):
            scenes.attach(spec, tmp_path / paths[k], scale[k], (0, 0, heights[k]), f"p{k}_")
        model = spec.compile()
        data = mujoco.MjData(model)
        mujoco.mj_step(model, data, 500)
        base, lid = data.xpos[model.body("p0_object").id], data.xpos[model.body("p1_object").id]
        assert np.linalg.norm(base[:2]) < 0.004, name
        assert np.linalg.norm(lid[:2] - base[:2]) < 0.004, name
        assert abs(lid[2] - heights[1]) < 0.004, (name, lid, heights)
        assert scenes.upright_cosine(data, [model.body("p1_object").id])[0] > 0.999


# Pads, travel, stiffness and force of robosuite's Panda hand (panda_gripper.xml).
PAD = "0.008 0.004 0.008"
GRIPPER = """
<body name="grip{k}" pos="{x} {y} {z}" euler="0 0 {yaw}">
 <joint name="lift{k}" type="slide" axis="0 0 1" damping="50"/>
 <inertial pos="0 0 0" mass="1" diaginertia=".01 .01 .01"/>
 <body pos="0 -0.05 0"><joint name="a{k}" type="slide" axis="0 1 0" damping="100" armature="1"/>
  <geom type="box" size="{pad}" pos="0 0.006 0" mass=".05" friction="2 .05 .0001"
        solref=".01 .5" contype="2" conaffinity="1"/></body>
 <body pos="0 0.05 0"><joint name="b{k}" type="slide" axis="0 -1 0" damping="100" armature="1"/>
  <geom type="box" size="{pad}" pos="0 -0.006 0" mass=".05" friction="2 .05 .0001"
        solref=".01 .5" contype="2" conaffinity="1"/></body>
</body>
"""
STIFFNESS_N_M, FORCE_N, TRAVEL_M, OPENING_M = 1000.0, 20.0, 0.04, 0.08
LIFT_M = 0.12
ON_HANDLE = {"pan", "saucepan", "saucepan_with_lid"}


def graspable() -> list[str]:
    """Categories that RoboCasa itself declares graspable."""
    known = Registry.load().categories
    return [c for c in CATALOGUE if c in known and known[c].get("graspable")]


def grasp(item: scenes.Placed) -> tuple[float, float, float, int]:
    """Where a top-down grasp takes the object: x, y, z in its scene frame and closing axis.

    The narrower horizontal side if the hand opens far enough, else a vessel's rim or handle.
    """
    shape = item.shape
    touched = scenes.Shape([p for p in shape.parts if p.touch])
    centre, half = touched.bounds()
    ground = shape.bounds()[0][2] - item.half[2]
    top = float(centre[2] + half[2])
    x, y, z = float(centre[0]), float(centre[1]), min(float(centre[2]), top - 0.008)
    axis = int(np.argmin(half[:2]))
    if item.category == "coffee_cup":
        x = y = 0.0
    elif item.category in ON_HANDLE:
        x, y, axis = 0.0, float(shape.bounds()[0][1] - item.half[1]) + 0.04, 0
        z = ground + max(0.009, item.half[2] * 1.6)
    elif item.category == "kettle_non_electric":
        x, y, z, axis = 0.0, 0.0, top - 0.008, 0
    elif item.category == "teapot":
        x, y, axis = 0.0, float(shape.bounds()[0][1] - item.half[1]) + 0.006, 1
        z = ground + item.half[2] * 0.85
    elif item.category == "tupperware":
        y, z, axis = -item.half[1] + 0.004, top - 0.009, 1
    elif item.category in VESSELS and (2 * min(half[:2]) > 0.07 or shape.origin == "axis"):
        rim = max(p.size[0] for p in shape.parts if p.kind == "mesh")
        # The rim to the right: handle and lip are in front and behind.
        x, y, z, axis = rim * 0.965, 0.0, top - 0.009, 0
    return x, y, max(z, ground + 0.009), axis


@pytest.mark.parametrize("categories", chunks(graspable(), 40), ids=lambda c: c[0])
def test_a_panda_hand_lifts_what_robocasa_calls_graspable(library, categories):
    wanted = [(c, 1) for c in categories]
    probe = scenes.build(library, wanted, height=0.0005)[1]
    hands = ""
    for k, item in enumerate(probe):
        x, y, z, axis = grasp(item)
        at = item.start + np.array([x, y, z])
        hands += GRIPPER.format(k=k, x=at[0], y=at[1], z=at[2], yaw=0 if axis == 1 else 90, pad=PAD)
    model, placed = scenes.build(library, wanted, height=0.0005, extra=hands)
    data = mujoco.MjData(model)
    lifted = run_grasp(model, data, len(wanted)) - np.array([p.start[2] for p in placed])
    # Taken by the end of its handle a pan hangs down: its own axis rises less than the hand.
    low = [c for c, rise in zip(categories, lifted, strict=True) if rise < 0.6 * LIFT_M]
    assert not low


def run_grasp(model: mujoco.MjModel, data: mujoco.MjData, count: int) -> np.ndarray:
    """Close, then lift; the final heights of all objects."""

    def addresses(prefix: str) -> tuple[np.ndarray, np.ndarray]:
        joints = [model.joint(f"{prefix}{k}") for k in range(count)]
        return (
            np.array([j.qposadr[0] for j in joints]),
            np.array([j.dofadr[0] for j in joints]),
        )

    lift_q, lift_v = addresses("lift")
    fingers = [addresses("a"), addresses("b")]
    for step in range(1200):
        seconds = step * model.opt.timestep
        target = 0.0 if seconds < 1.3 else min((seconds - 1.3) * 0.2, LIFT_M)
        for q, v in fingers:
            goal = TRAVEL_M if seconds > 0.1 else 0.0
            data.qfrc_applied[v] = np.clip(STIFFNESS_N_M * (goal - data.qpos[q]), -FORCE_N, FORCE_N)
        gravity = 1.1 * 9.81
        data.qfrc_applied[lift_v] = (
            4000 * (target - data.qpos[lift_q]) - 200 * data.qvel[lift_v] + gravity
        )
        mujoco.mj_step(model, data)
    return data.xpos[scenes.body_ids(model, count)][:, 2]


def test_everything_graspable_by_its_body_fits_the_hand():
    # Vessels are taken by rim or handle, the reamer by its cone.
    for category in set(graspable()) - set(VESSELS) - {"tupperware", "reamer"}:
        shape = scenes.shape_of(category, 0)
        touched = scenes.Shape([p for p in shape.parts if p.touch])
        assert 2 * min(touched.bounds()[1][:2]) < OPENING_M - 0.004, category


@pytest.mark.parametrize(
    "category", ["mug", "pan", "saucepan", "measuring_cup", "jug", "teapot", "strainer", "pitcher"]
)
@pytest.mark.parametrize("index", [0, 1])
def test_handles_point_to_the_front(category, index):
    """Tasks name sides by them: `OrganizeMugsByHandle` wants yaw 90 degrees for "to the right"."""
    centre, half = scenes.shape_of(category, index).bounds()
    back, front = half[1] + centre[1], half[1] - centre[1]
    spouts = 0.03 if category == "teapot" else 0.0
    assert front > back + 0.012 - spouts
    assert abs(centre[0]) < 0.004


@pytest.mark.parametrize("category", sorted(CATALOGUE))
def test_no_object_stands_on_the_end_of_a_cylinder(category):
    # MuJoCo 3.3.1 throws such objects off the seams of counters.
    parts = [p for p in scenes.shape_of(category, 0).parts if p.touch]
    lows = {i: p.pos[2] - p.extent()[2] for i, p in enumerate(parts)}
    standing = [parts[i] for i, low in lows.items() if low - min(lows.values()) < 4e-4]
    ends = [p for p in standing if p.kind == "cylinder" and abs(p.rot[2, 2]) > 0.999]
    assert not ends
