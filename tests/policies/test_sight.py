"""From cells of pictures to places in the room: reading, projecting back, keeping in mind."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from leapcasa.policies.embedded import cameras, geometry
from leapcasa.policies.embedded.tracker import UNKNOWN_M, Tracker
from leapcasa.sight.eyes import read, spread

RNG = np.random.default_rng(0)
CELLS = 28
SURE, LOST = 0.01, 3.0


def logits_of(places: torch.Tensor) -> torch.Tensor:
    """What an eye says that has learnt `places` perfectly."""
    index, share = spread(places, CELLS)
    out = torch.full((*places.shape[:-1], CELLS * CELLS + 1), 1e-9)
    return out.scatter_add_(-1, index, share).log()


def robot(hand: tuple[float, float, float] = (0.5, 0.0, 1.2), base: float = 0.0) -> np.ndarray:
    """(16,) proprioception: hand pointing down, base turned and moved by `base`."""
    turned = Rotation.from_euler("z", base).as_quat()
    down = Rotation.from_euler("x", np.pi).as_quat()
    return np.concatenate([[0.04, 0.04], [base, 2 * base, 0.7], turned, hand, down])


def seen(points: np.ndarray, felt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What perfect eyes say of points in the frame of the base."""
    hand, turned = felt[None, 9:12], felt[None, 12:16]
    places = np.stack([cameras.project(p[None], hand, turned)[0] for p in points], 1)
    unsure = np.where(np.isnan(places).any(-1), LOST, SURE)
    return np.nan_to_num(places), unsure


# cells


def test_places_between_cells_come_back_as_they_were():
    places = torch.from_numpy(RNG.uniform(-0.95, 0.95, (50, 2))).float()
    found, unsure = read(logits_of(places))
    assert torch.allclose(found, places, atol=1e-3)
    assert (unsure < 2 / CELLS).all()


def test_shares_fall_on_the_nearest_four_cells():
    index, share = spread(torch.tensor([[-1.0 + 2 * 10.25 / CELLS, -1.0 + 2 * 5.5 / CELLS]]), CELLS)
    told = dict(zip(index[0].tolist(), share[0].tolist(), strict=True))
    assert told[5 * CELLS + 9] == pytest.approx(0.25, abs=1e-4)
    assert told[5 * CELLS + 10] == pytest.approx(0.75, abs=1e-4)


def test_what_is_not_in_the_picture_is_said_to_be_unsure():
    outside = logits_of(torch.tensor([[float("nan"), 0.0]]))
    assert outside.argmax(-1).item() == CELLS * CELLS
    assert read(outside)[1].item() > 100
    divided = torch.logaddexp(logits_of(torch.tensor([[0.5, 0.5]])), outside)
    assert read(divided)[1].item() > 2 * read(logits_of(torch.tensor([[0.5, 0.5]])))[1].item()


# places in the room


def points_before(felt: np.ndarray) -> np.ndarray:
    return felt[9:12] + np.array([[0.15, 0.05, -0.2], [0.1, -0.1, -0.25], [0.2, 0.0, -0.3]])


def test_three_views_meet_in_the_very_point():
    felt, tracker = robot(), Tracker()
    points = points_before(felt)
    for _ in range(4):
        tracker.look(felt, *seen(points, felt))
    assert np.abs(tracker.points(felt) - points).max() < 0.005
    assert (tracker.unsure() < 0.02).all()


def test_points_stay_in_the_room_while_the_base_drives():
    felt, tracker = robot(), Tracker()
    points = points_before(felt)
    for _ in range(4):
        tracker.look(felt, *seen(points, felt))
    moved = robot(base=0.3)
    world = points @ geometry.matrix(felt[5:9]).T + felt[2:5]
    there = (world - moved[2:5]) @ geometry.matrix(moved[5:9])
    assert np.abs(tracker.points(moved) - there).max() < 0.005


def test_a_part_that_moved_is_found_again():
    felt, tracker = robot(), Tracker()
    points = points_before(felt)
    for _ in range(8):
        tracker.look(felt, *seen(points, felt))
    moved = points + np.array([0.05, 0.06, -0.08])
    for _ in range(4):
        tracker.look(felt, *seen(moved, felt))
    assert np.abs(tracker.points(felt) - moved).max() < 0.01


def test_one_view_that_is_wrong_does_not_mislead():
    felt, tracker = robot(), Tracker()
    points = points_before(felt)
    places, unsure = seen(points, felt)
    for _ in range(3):
        tracker.look(felt, places, unsure)
    wrong = places.copy()
    wrong[0] += 0.5
    tracker.look(felt, wrong, unsure)
    assert np.abs(tracker.points(felt) - points).max() < 0.02


def test_what_no_view_has_seen_is_unknown():
    felt, tracker = robot(), Tracker()
    assert np.isnan(tracker.points(felt)).all()
    tracker.look(felt, np.zeros((3, 3, 2)), np.full((3, 3), 1000.0))
    assert (tracker.unsure() > UNKNOWN_M).all()
    assert np.isnan(tracker.points(felt)).all()


def test_rays_go_through_what_was_projected():
    felt = robot()
    point = points_before(felt)[0]
    places = cameras.project(point[None], felt[None, 9:12], felt[None, 12:16])[0]
    normals, centres, _ = cameras.rays(places[:, None], felt[9:12], felt[12:16])
    missed = np.einsum("vki,vi->vk", normals[:, 0], point - centres)
    assert np.abs(missed[~np.isnan(places).any(1)]).max() < 1e-6


def test_how_far_the_hand_has_been_is_counted_while_it_holds():
    felt = np.tile(robot(), (60, 1))
    felt[:, 10:12] = RNG.normal(0, 0.1, (60, 2)).cumsum(0) * 0.1
    felt[:, :2] = np.where(RNG.random(60) < 0.5, 0.01, 0.04)[:, None]
    found = geometry.features(felt)[:, -4:] / 5
    for t in range(60):
        held = [s for s in range(t + 1) if felt[s, 0] < geometry.HELD_M]
        for column, (axis, sign) in enumerate([(10, 1), (11, 1), (10, -1), (11, -1)]):
            most = max((sign * (felt[s, axis] - felt[t, axis]) for s in held), default=0.0)
            assert found[t, column] == pytest.approx(min(0.5, max(0.0, most)), abs=1e-5)


def test_what_is_driven_to_may_be_as_unsure_as_it_is_far():
    felt = robot()
    points = np.array([[4.0, 0.3, -0.4], [4.0, 0.8, -0.3], [0.8, 0.1, 0.1]])
    near, far = Tracker(), Tracker(far_share=0.2)
    places, _ = seen(points, felt)
    unsure = np.where(places == 0.0, LOST, 0.05).max(-1)  # half a metre at four metres
    for tracker in (near, far):
        tracker.look(felt, places, unsure)
    assert (near.unsure()[:2] > UNKNOWN_M).all()
    assert np.isnan(near.points(felt)).all(1).tolist() == [True, True, False]
    known = far.points(felt)
    assert np.isfinite(known).all()
    assert np.linalg.norm(known - points, axis=1).max() < 0.5
    assert known[2] == pytest.approx(points[2], abs=0.01)
