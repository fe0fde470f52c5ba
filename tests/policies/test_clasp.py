"""A hand that comes to a spout again and again with open fingers closes; others are left alone."""

from pathlib import Path

import numpy as np
import pytest
from small_policy import at_one_place

from leapcasa.envs.actions import GRIPPER
from leapcasa.policies.embedded import EmbeddedPolicy
from leapcasa.policies.embedded.clasp import CLOSE_STEPS, VISITS, WAIT_STEPS, Clasp

SPOT = np.array([0.5, 0.0, 0.5])
POINTS = np.stack([SPOT, 0 * SPOT, 0 * SPOT])
OPEN, HOLDING, SHUT = 0.04, 0.013, 0.0
FAR = 0.10


def felt(fingers: float, beside: float = 0.01) -> np.ndarray:
    found = np.zeros(16)
    found[0], found[5:9], found[12:16] = fingers, (0, 0, 0, 1), (0, 0, 0, 1)
    found[9:12] = np.add(SPOT, (0.0, beside, 0.0))
    return found


def action(closed: bool, way: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    made = np.zeros(12, np.float32)
    made[:3], made[GRIPPER] = way, float(closed)
    return made


def aside(way: float) -> np.ndarray:
    """Away from the spot, where the hand is to the left of it."""
    return action(False, (0.0, way, 0.0))


def steps(
    clasp: Clasp, count: int, fingers: float, wanted: np.ndarray, beside: float = 0.01
) -> list[np.ndarray]:
    return [clasp.instead(felt(fingers, beside), wanted, POINTS) for _ in range(count)]


def closes(done: list[np.ndarray]) -> bool:
    return all(one[GRIPPER] == 1.0 and not one[:3].any() for one in done)


def left_alone(done: list[np.ndarray], wanted: np.ndarray) -> bool:
    return all((one == wanted).all() for one in done)


def visit(clasp: Clasp, end: np.ndarray) -> bool:
    """Whether it is left alone as it comes, ends its visit, and goes."""
    come, go = aside(-0.8), aside(0.8)
    return (
        left_alone(steps(clasp, 5, OPEN, come, FAR), come)
        and left_alone(steps(clasp, 3, OPEN, come), come)
        and left_alone(steps(clasp, 4, OPEN, end), end)
        and left_alone(steps(clasp, 5, OPEN, go, FAR), go)
    )


def test_a_hand_that_leaves_the_spot_for_the_third_time_closes_there():
    clasp = Clasp()
    assert VISITS == 3
    assert all(visit(clasp, aside(0.8)) for _ in range(2))
    assert left_alone(steps(clasp, 3, OPEN, aside(-0.8)), aside(-0.8))
    assert closes(steps(clasp, CLOSE_STEPS, OPEN, aside(0.8)))
    assert left_alone(steps(clasp, 20, OPEN, aside(0.8)), aside(0.8))  # it may go now
    steps(clasp, 5, OPEN, aside(0.8), FAR)
    assert closes(steps(clasp, CLOSE_STEPS, OPEN, aside(0.8)))  # the fourth


@pytest.mark.parametrize("way", [(0.0, -0.8, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 0.0)])
def test_waiting_there_ends_a_visit_as_well(way: tuple[float, float, float]):
    clasp, wanted = Clasp(), action(False, way)
    for _ in range(VISITS - 1):
        assert left_alone(steps(clasp, 3 * WAIT_STEPS, OPEN, wanted), wanted)
        steps(clasp, 1, OPEN, wanted, FAR)
    assert left_alone(steps(clasp, WAIT_STEPS - 1, OPEN, wanted), wanted)
    assert closes(steps(clasp, CLOSE_STEPS, OPEN, wanted))


def test_what_it_closed_on_is_left_to_the_network():
    clasp = Clasp()
    assert all(visit(clasp, aside(0.8)) for _ in range(2))
    steps(clasp, CLOSE_STEPS, OPEN, aside(0.8))
    for fingers, wanted in (
        (HOLDING, action(True, (0.0, 0.9, 0.0))),  # leads it
        (HOLDING, aside(0.8)),  # has done
        (OPEN, aside(0.8)),
    ):
        assert left_alone(steps(clasp, 40, fingers, wanted), wanted)


def test_who_closes_by_himself_begins_to_count_anew():
    clasp = Clasp()
    assert all(visit(clasp, aside(0.8)) for _ in range(2))
    steps(clasp, 1, OPEN, action(True))
    assert all(visit(clasp, aside(0.8)) for _ in range(2))
    assert closes(steps(clasp, CLOSE_STEPS, OPEN, aside(0.8)))


@pytest.mark.parametrize(
    ("fingers", "beside", "wanted"),
    [
        (SHUT, 0.01, action(True, (0.0, 0.9, 0.0))),  # a fist that pushes
        (SHUT, 0.01, aside(0.8)),  # and opens as it leaves
        (OPEN, 0.04, aside(0.8)),  # beside the spot
        (HOLDING, 0.01, aside(0.8)),
    ],
)
def test_what_is_no_visit_with_open_fingers_is_not_counted(fingers, beside, wanted):
    clasp = Clasp()
    for _ in range(2 * VISITS):
        assert left_alone(steps(clasp, WAIT_STEPS + 2, fingers, wanted, beside), wanted)
        steps(clasp, 2, fingers, wanted, FAR)
    assert all(visit(clasp, aside(0.8)) for _ in range(VISITS - 1))


def test_where_the_spout_is_unknown_nothing_is_closed():
    clasp, wanted = Clasp(), aside(0.8)
    for beside in 5 * [0.01, FAR]:
        one = clasp.instead(felt(OPEN, beside), wanted, np.full((3, 3), np.nan))
        assert (one == wanted).all()


def test_a_policy_minds_the_spout_alone(untrained: Path, monkeypatch: pytest.MonkeyPatch):
    policy, text = EmbeddedPolicy(path=str(untrained)), "sweep the spout over the basin"
    policy.reset("turn on the kettle", 0)
    assert policy._watcher is None
    policy.reset(text, 0)
    seen, asked = at_one_place(4), []
    first = policy.act(seen[0], text)

    def instead(self: Clasp, felt: np.ndarray, said: np.ndarray, points: np.ndarray) -> np.ndarray:
        asked.append((felt, said, points))
        return action(True)

    monkeypatch.setattr(Clasp, "instead", instead)
    monkeypatch.setattr(policy, "_points", lambda felt: POINTS)
    made = policy.act(seen[1], text)
    assert (made == action(True)).all()
    ((told, said, points),) = asked
    assert (told == seen[1].proprioception.vector()).all()
    assert (points == POINTS).all()
    assert said.shape == first[0].shape
    policy.reset(text, 0)  # a retry
    assert isinstance(policy._watcher, Clasp)
    assert policy._watcher._visits == 0
