"""Wall cabinets hung anew, held against where the simulation then has their geoms."""

import numpy as np
import pytest

from leapcasa.envs import hanging
from leapcasa.envs.hanging import Hanger
from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.posing import Poser
from leapcasa.envs.referee import Referee

pytestmark = pytest.mark.sim
SIZES = {"right": 64, "left": 64}
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def kitchen():
    made = Kitchen("RinseSinkBasin", image_size=SIZES, render_profile="fast")  # pyright: ignore
    made.begin(3)
    yield made
    made.close()


@pytest.fixture(scope="module")
def hanger(kitchen: Kitchen) -> Hanger:
    return Hanger(kitchen)


def hung(hanger: Hanger, kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, rows) -> np.ndarray:
    """(N, 2) from where to where each geom above the sink goes along the sink's wall [m]."""
    monkeypatch.setattr(hanging, "_rows", lambda rng: rows)
    hanger.rehang(RNG)
    Poser(kitchen).restart()
    sim, sink = kitchen.robocasa.sim, kitchen.robocasa.sink
    model, data = sim.model._model, sim.data._data
    along = np.array([np.cos(sink.rot), np.sin(sink.rot), 0.0])
    inward = np.array([-np.sin(sink.rot), np.cos(sink.rot), 0.0])
    spans = []
    for geom in np.flatnonzero(model.geom_group == 1):
        turn = data.geom_xmat[geom].reshape(3, 3)
        middle = data.geom_xpos[geom] + turn @ model.geom_aabb[geom, :3] - sink.pos
        half = model.geom_aabb[geom, 3:]
        x, wide = middle @ along, np.abs(along @ turn) @ half
        name = model.body(model.geom_bodyid[geom]).name
        hangs = 0.7 < middle[2] < 1.6 and abs(middle @ inward) < 0.4 and "cab" in name
        if hangs and wide < 1.0:
            spans.append((x - wide, x + wide))
    return np.array(spans).reshape(-1, 2)


def room(kitchen: Kitchen, aside: float = 0.0) -> float:
    """Free height above a spot beside the spout [m]."""
    referee, sink = Referee(kitchen), kitchen.robocasa.sink
    spout = referee.joint(referee.fixture("faucet"), "spout_joint").anchor
    turned = np.array([np.cos(sink.rot), np.sin(sink.rot), 0.0])
    return referee.clearance(spout + [0, 0, 0.35] + aside * turned, np.array([0.0, 0.0, 1.0]))


def test_a_row_over_all_of_the_sink_leaves_little_room(hanger, kitchen, monkeypatch):
    spans = hung(hanger, kitchen, monkeypatch, [(-0.9, 0.9)])
    assert spans[:, 0].min() < -0.5
    assert spans[:, 1].max() > 0.2
    assert room(kitchen) < 0.4


def test_a_row_at_one_side_leaves_the_other_free(hanger, kitchen, monkeypatch):
    spans = hung(hanger, kitchen, monkeypatch, [(0.1, 1.3)])
    near = spans[(spans[:, 1] > -0.4) & (spans[:, 0] < 1.0)]
    assert len(near)
    assert near[:, 0].min() > 0.05
    assert room(kitchen, 0.3) < 0.4 < room(kitchen, -0.2)


def test_a_bare_wall_leaves_room_and_the_next_row_hangs_again(hanger, kitchen, monkeypatch):
    bare = hung(hanger, kitchen, monkeypatch, [])
    assert not len(bare[(bare[:, 1] > -0.5) & (bare[:, 0] < 0.5)])
    assert room(kitchen) > 0.8
    before = kitchen.look_again().image("left").copy()
    hung(hanger, kitchen, monkeypatch, [(-0.9, 0.9)])
    assert (Poser(kitchen).look().image("left") != before).mean() > 0.02


def test_rows_of_every_kind_are_drawn():
    rng = np.random.default_rng(1)
    drawn = [hanging._rows(rng) for _ in range(300)]
    over = [any(begin < 0.0 < end for begin, end in rows) for rows in drawn]
    assert 0.3 < np.mean(over) < 0.7
    assert {len(rows) for rows in drawn} == {0, 1, 2}


def test_a_kitchen_without_a_sink_to_work_at_has_nothing_to_hang():
    made = Kitchen("OpenDrawer", image_size=SIZES, render_profile="fast")  # pyright: ignore
    made.begin(0)
    assert not Hanger(made).works
    made.close()
