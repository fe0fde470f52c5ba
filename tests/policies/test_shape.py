"""What points keep to: measured, found by words, and met by the tracker."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from leapcasa.envs.skills import parse
from leapcasa.policies.embedded import cameras
from leapcasa.policies.embedded.shape import MEASURES, Shape, found, measures
from leapcasa.policies.embedded.tracker import MEMORY, PRIOR_AT, PRIOR_M, Tracker

RNG = np.random.default_rng(0)
SURE, LOST = 0.01, 1000.0
HEIGHT_M = 0.7
"""Of the base's frame."""
NAMES = ("turn_on faucet", "open dishwasher_door", "pull_out dishwasher_rack top")


def robot() -> np.ndarray:
    """(16,) proprioception: turned a little, hand pointing down."""
    turned = Rotation.from_euler("z", 0.3).as_quat()
    down = Rotation.from_euler("x", np.pi).as_quat()
    return np.concatenate([[0.04, 0.04], [1.0, 2.0, HEIGHT_M], turned, [0.5, 0.0, 1.2], down])


def seen(points: np.ndarray, felt: np.ndarray, views: tuple[int, ...]) -> tuple:
    """What perfect eyes say of points in the frame of the base, if only some views show them."""
    hand, turned = felt[None, 9:12], felt[None, 12:16]
    places = np.stack([cameras.project(p[None], hand, turned)[0] for p in points], 1)
    unsure = np.where(np.isnan(places).any(-1), LOST, SURE)
    unsure[[v for v in range(3) if v not in views]] = LOST
    return np.nan_to_num(places), unsure


def points() -> np.ndarray:
    """(3, 3) in the frame of the base: all in the left view and the right one."""
    return np.array([[0.75, 0.1, 0.3], [0.8, 0.0, 0.2], [1.0, 0.05, 0.1]])


def true_shape(std: float = 0.001) -> Shape:
    world = points() + np.array([0.0, 0.0, HEIGHT_M])
    return Shape(mean=measures(world), std=np.full(MEASURES, std))


def test_measures_are_heights_distances_and_what_stands_aside():
    for part, joint, fixture in RNG.normal(size=(20, 3, 3)):
        made = measures(np.array([part, joint, fixture]))
        assert made[:3] == pytest.approx([part[2], joint[2], fixture[2]])
        apart = [np.sqrt(((a - b) ** 2).sum())
                 for a, b in ((part, joint), (joint, fixture), (part, fixture))]  # fmt: skip
        assert made[3:6] == pytest.approx(apart)
        # turned so that the joint lies straight ahead of the fixture, the part's y is what is meant
        ahead = np.arctan2(*(joint - fixture)[[1, 0]])
        turned = Rotation.from_euler("z", -ahead).apply(part - fixture)
        assert made[6] == pytest.approx(turned[1])
    assert np.isnan(measures(np.array([[1.0, 2, 3], [0, 0, 1], [0, 0, 2]]))[6])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Turn on the sink", "turn_on faucet"),
        ("please switch the tap on", "turn_on faucet"),
        ("Open the dishwasher door", "open dishwasher_door"),
        ("Pull out the top rack", "pull_out dishwasher_rack top"),
        ("open the door", "open dishwasher_door"),  # of all doors, that alone is known
        ("Turn off the sink", None),
        ("Pull out the bottom rack", None),
        ("Put the plate on the rack", None),
        ("", None),
    ],
)
def test_a_shape_is_found_by_words(text: str, name: str | None):
    shapes = {name: Shape(mean=np.full(MEASURES, n), std=np.ones(MEASURES))
              for n, name in enumerate(NAMES)}  # fmt: skip
    assert found(shapes, text) is (None if name is None else shapes[name])


def test_what_may_mean_several_is_not_guessed():
    one = Shape(mean=np.zeros(MEASURES), std=np.ones(MEASURES))
    shapes = {"open dishwasher_door": one, "open oven_door": one}
    assert found(shapes, "open the door") is None
    assert found(shapes, "open the oven door") is one


def test_a_skills_name_says_which_part_is_meant():
    said = ("pull out the top dishwasher rack", "turn on the front left burner", "open the drawer")
    names = ["pull_out dishwasher_rack top", "turn_on burner left front", "open drawer"]
    assert [parse(text).name for text in said] == names


def missed(tracker: Tracker, felt: np.ndarray) -> np.ndarray:
    """(3,) how far off the points are [m]; infinite where they are not known."""
    away = np.linalg.norm(tracker.points(felt) - points(), axis=1)
    return np.where(np.isnan(away), np.inf, away)


@pytest.mark.parametrize("view", [0, 1])
def test_one_view_is_enough_where_the_shape_is_known(view: int):
    felt = robot()
    plain, shaped = Tracker(), Tracker(true_shape())
    for tracker in (plain, shaped):
        tracker.look(felt, *seen(points(), felt, (view,)))
    assert (missed(plain, felt) > 0.05).all()
    assert (missed(shaped, felt) < 0.01).all()
    assert (shaped.unsure() < 0.03).all()


def test_a_part_that_no_view_shows_is_placed_by_its_neighbours():
    """A dishwasher's bar behind the arm: joint and fixture seen, its height and distance known."""
    felt, tracker = robot(), Tracker(true_shape())
    places, unsure = seen(points(), felt, (0, 1))
    unsure[:, 0] = LOST
    for _ in range(3):
        tracker.look(felt, places, unsure)
    assert (missed(tracker, felt)[1:] < 0.01).all()
    assert missed(tracker, felt)[0] < 0.03


def test_a_wide_shape_says_nothing():
    felt = robot()
    plain, shaped = Tracker(), Tracker(true_shape(std=1000.0))
    for _ in range(3):
        for tracker in (plain, shaped):
            tracker.look(felt, *seen(points(), felt, (0, 1)))
    assert shaped.points(felt) == pytest.approx(plain.points(felt), abs=1e-5)


def test_it_is_the_least_squares_of_all_that_is_known():
    """Against scipy's minimiser of the same sum, plainly written, where nothing is an outlier."""
    felt, right = robot(), true_shape(std=0.02)
    shape = Shape(mean=right.mean + RNG.normal(0, 0.01, MEASURES), std=right.std)
    places, unsure = seen(points(), felt, (0,))
    unsure[0], places[0] = 0.1, places[0] + RNG.normal(0, 0.02, (3, 2))
    tracker = Tracker(shape)
    tracker.look(felt, places, unsure)

    normals, centres, depths = cameras.rays(places, felt[9:12], felt[12:16])
    up = np.array([0.0, 0.0, HEIGHT_M])

    def cost(flat: np.ndarray) -> np.ndarray:
        at = flat.reshape(3, 3)
        rows = [
            n @ (at[p] - centres[v]) / (depths[v, 3] * unsure[v, p] * depths[v, :3]
                                        @ (centres[v] - at[p]))
            for p in range(3) for v in range(3) for n in normals[v, p]
        ]  # fmt: skip
        rows += list((at - PRIOR_AT).ravel() * MEMORY**0.5 / PRIOR_M)
        return np.array([*rows, *((measures(at + up) - shape.mean) / (1.5 * shape.std))])

    best = least_squares(cost, points().ravel()).x.reshape(3, 3)
    assert np.abs(best - points()).max() > 0.01  # not simply the truth
    assert np.abs(tracker.points(felt) - best).max() < 0.003


def test_a_shape_comes_back_from_its_lists_and_refuses_others():
    one = true_shape()
    again = Shape.read(one.as_json())
    assert again.mean == pytest.approx(one.mean, abs=1e-4)
    assert again.std == pytest.approx(one.std, abs=1e-4)
    good = one.as_json()
    bad = ({**good, "mean": good["mean"][1:]}, {**good, "std": [-1.0] * MEASURES},
           {**good, "std": [float("nan")] * MEASURES}, {"mean": good["mean"]})  # fmt: skip
    for wrong in bad:
        with pytest.raises((KeyError, ValueError)):
            Shape.read(wrong)
