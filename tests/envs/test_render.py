"""Pixels and who owns them, on real kitchens."""

import gc
import threading
import time

import numpy as np
import pytest

from leapcasa.configs import EnvironmentFault
from leapcasa.envs import native
from leapcasa.envs.cull import Culler
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.render import Renderer
from leapcasa.envs.sensors import CAMERAS

pytestmark = pytest.mark.sim

SIDE = 96
SIZES = {"right": SIDE, "left": SIDE, "hand": SIDE}


@pytest.fixture(scope="module")
def kitchen():
    kitchen = Kitchen("PickPlaceCounterToCabinet", image_size=SIZES)
    yield kitchen
    kitchen.close()


def mess(kitchen: Kitchen, steps: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        kitchen.advance(rng.uniform(-1, 1, 12))


def drawn(kitchen: Kitchen, view: str, *, cull: bool) -> np.ndarray:
    robocasa = kitchen.robocasa
    renderer = Renderer(robocasa.sim.model._model, {view: SIDE}, "egl", cull=cull)
    image = np.asarray(renderer.request(robocasa.sim.data._data, view))
    renderer.close()
    return image


@pytest.mark.parametrize("seed", [0, 1])
def test_culling_changes_no_pixel_and_leaves_most_geoms_out(kitchen, seed):
    kitchen.begin(seed)
    mess(kitchen, 3, seed)
    model, data = kitchen.robocasa.sim.model._model, kitchen.robocasa.sim.data._data
    groups = model.geom_group.copy()
    for view in SIZES:
        np.testing.assert_array_equal(
            drawn(kitchen, view, cull=True), drawn(kitchen, view, cull=False), err_msg=view
        )
        hidden = Culler(model).outside(data, model.camera(CAMERAS[view]).id, 1.0)
        assert hidden.size > 0.5 * (groups == 1).sum()
    np.testing.assert_array_equal(model.geom_group, groups)


def test_the_size_of_the_drawing_buffer_changes_no_pixel(kitchen):
    kitchen.begin(0)
    alone = drawn(kitchen, "right", cull=True)
    robocasa = kitchen.robocasa
    together = Renderer(robocasa.sim.model._model, {"right": SIDE, "left": 640}, "egl")
    image = np.asarray(together.request(robocasa.sim.data._data, "right"))
    together.close()
    np.testing.assert_array_equal(alone, image)


def test_one_context_draws_at_a_time(kitchen, monkeypatch: pytest.MonkeyPatch):
    kitchen.begin(0)
    mujoco, active, seen = native.mujoco(), [], []
    render = mujoco.mjr_render

    def watched(*given):
        active.append(1)
        seen.append(len(active))
        time.sleep(0.01)
        render(*given)
        active.pop()

    monkeypatch.setattr(mujoco, "mjr_render", watched)
    for _ in range(3):
        images = kitchen.advance(np.zeros(12)).images
        for view in ("right", "left"):
            np.asarray(images[view])
    assert len(seen) >= 6
    assert max(seen) == 1


def test_a_frame_shows_its_own_moment_however_late_it_is_read(kitchen):
    kitchen.begin(2)
    held, copies = [], []
    rng = np.random.default_rng(0)
    for _ in range(4):
        look = kitchen.advance(rng.uniform(-1, 1, 12))
        held.append(look.images["right"])
        copies.append(drawn(kitchen, "right", cull=True))
    for frame, copy in zip(held, copies, strict=True):
        np.testing.assert_array_equal(np.asarray(frame), copy)
    assert not np.array_equal(copies[0], copies[-1])


def test_external_frames_outlive_their_episode_and_are_read_only(kitchen):
    look = kitchen.begin(0)
    expected = look.image("left").copy()
    unread = kitchen.advance(np.zeros(12)).images["right"]
    kitchen.begin(1)
    np.testing.assert_array_equal(look.image("left"), expected)
    assert np.asarray(unread).shape == (SIDE, SIDE, 3)
    with pytest.raises(ValueError, match="read-only"):
        look.image("left")[0, 0] = 0
    changed = np.array(look.images["left"], copy=True)
    changed[:] = 0
    np.testing.assert_array_equal(look.image("left"), expected)


def test_the_hand_is_drawn_on_demand_and_only_while_it_is_current(kitchen):
    first = kitchen.begin(0)
    lists = kitchen._renderer._lists["hand"]
    assert all(one.drawing is None for one in lists)
    seen = first.image("hand")
    assert any(one.drawing is not None for one in lists)
    second = kitchen.advance(np.ones(12))
    np.testing.assert_array_equal(first.image("hand"), seen)
    third = kitchen.advance(np.ones(12))
    with pytest.raises(EnvironmentFault, match="before the next step"):
        second.image("hand")
    kitchen.begin(0)
    with pytest.raises(EnvironmentFault, match="episode's end"):
        third.image("hand")


def test_kitchens_side_by_side_never_swap_or_keep_views(kitchen):
    """Zetta-Embodiment#31: contexts freed while another one is current corrupt each other."""
    other = Kitchen("OpenDrawer", image_size={"right": SIDE, "left": SIDE})
    expected: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    for round_ in range(2):
        for seed in (0, 1):
            for index, env in enumerate((kitchen, other)):
                env.begin(seed)
                gc.collect()
                now = {v: env.sensors.image(v).copy() for v in ("right", "left")}
                known = expected.setdefault((index, seed), now)
                for view, image in now.items():
                    np.testing.assert_array_equal(image, known[view], err_msg=f"{round_} {view}")
    looks = [images[view] for images in expected.values() for view in ("right", "left")]
    for i, one in enumerate(looks):
        assert one.std() > 10, "an empty picture"
        assert all(not np.array_equal(one, two) for two in looks[i + 1 :])
    other.close()
    np.testing.assert_array_equal(kitchen.sensors.image("right"), expected[0, 1]["right"])


def test_closing_ends_every_render_thread():
    before = set(threading.enumerate())
    kitchen = Kitchen("OpenDrawer", image_size={"right": 32, "left": 32})
    kitchen.begin(0)
    kitchen.begin(1)
    assert len(set(threading.enumerate()) - before) == 1
    kitchen.close()
    kitchen.close()
    assert set(threading.enumerate()) <= before


def test_what_was_to_be_drawn_when_a_renderer_closed_is_refused(kitchen):
    kitchen.begin(0)
    sim = kitchen.robocasa.sim
    renderer = Renderer(sim.model._model, {"hand": SIDE}, "egl")
    frame = renderer.prepare(sim.data._data, "hand", lambda: None)
    renderer.close()
    with pytest.raises(RuntimeError, match="closed"):
        np.asarray(frame)


def test_the_fast_profile_looks_alike_and_moves_alike(kitchen):
    kitchen.begin(0)
    fast = Kitchen("PickPlaceCounterToCabinet", image_size=SIZES, render_profile="fast")
    fast.begin(0)
    mess(kitchen, 2)
    mess(fast, 2)
    np.testing.assert_array_equal(
        fast.robocasa.sim.data.qpos, kitchen.robocasa.sim.data.qpos, err_msg="physics differ"
    )
    for view in SIZES:
        ours = fast.sensors.image(view).astype(int)
        difference = np.abs(ours - kitchen.sensors.image(view)).mean()
        assert 0 < difference < 6, f"{view}: {difference:.2f} of 255 on average"
    faces = fast.robocasa.sim.model._model.mesh_facenum.sum()
    assert faces < 0.35 * kitchen.robocasa.sim.model._model.mesh_facenum.sum()
    fast.close()
