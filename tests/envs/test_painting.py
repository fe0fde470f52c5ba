"""Kitchens painted anew: other colours, nothing else, and the old ones come back."""

import numpy as np
import pytest

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.painting import Painter
from leapcasa.envs.posing import Poser

pytestmark = pytest.mark.sim
SIZES = {"right": 96, "left": 96}


@pytest.fixture(scope="module")
def kitchen():
    made = Kitchen("RinseSinkBasin", image_size=SIZES, render_profile="fast")  # pyright: ignore
    made.begin(3)
    yield made
    made.close()


def seen(kitchen: Kitchen) -> np.ndarray:
    """(H, W, 3) of the right view, as numbers that can be subtracted."""
    return Poser(kitchen).look().image("right").astype(int)


def places(kitchen: Kitchen) -> np.ndarray:
    """(geoms, 3) where everything is."""
    return np.array(kitchen.robocasa.sim.data._data.geom_xpos)


def test_most_of_the_kitchen_changes_colour_and_nothing_its_place(kitchen):
    painter, rng = Painter(kitchen), np.random.default_rng(0)
    before, where = seen(kitchen), places(kitchen)
    changed = []
    for _ in range(6):
        painter.repaint(rng)
        changed.append((np.abs(seen(kitchen) - before).max(axis=-1) > 20).mean())
        assert np.array_equal(places(kitchen), where)
    assert np.median(changed) > 0.3
    painter.restore()
    assert np.array_equal(seen(kitchen), before)


def test_the_robot_keeps_its_colours(kitchen):
    model = kitchen.robocasa.sim.model._model
    names = [model.body(int(b)).name for b in model.geom_bodyid]
    robot = np.array([n.startswith(("robot0", "gripper0", "mobilebase0")) for n in names])
    worn = np.unique(model.geom_matid[robot & (model.geom_matid >= 0)])
    before = model.geom_matid[robot].copy(), model.mat_rgba[worn].copy()
    painter = Painter(kitchen)
    for seed in range(5):
        painter.repaint(np.random.default_rng(seed))
        assert np.array_equal(model.geom_matid[robot], before[0])
        assert np.array_equal(model.mat_rgba[worn], before[1])
    painter.restore()


def test_walls_wear_the_textures_of_other_surfaces_and_the_seed_says_which(kitchen):
    model, painter = kitchen.robocasa.sim.model._model, Painter(kitchen)
    walls = [
        geom for geom in np.flatnonzero(model.geom_matid >= 0)
        if "room_wall_mat" in (name := model.mat(int(model.geom_matid[geom])).name)
        and "floor" not in name
    ]  # fmt: skip
    assert walls
    worn = []
    for seed in range(12):
        painter.repaint(np.random.default_rng(seed))
        once = np.array(model.geom_matid), np.array(model.mat_rgba)
        painter.repaint(np.random.default_rng(seed))
        assert np.array_equal(once[0], model.geom_matid)
        assert np.array_equal(once[1], model.mat_rgba)
        worn.append(model.mat(int(model.geom_matid[walls[0]])).name)
    painter.restore()
    assert len({name.split("_")[0] for name in worn}) > 2
