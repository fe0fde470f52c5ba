"""What the embedded policy does by rule, whatever its network says: retries, drives, drawers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_policy import at_one_place, looks

from leapcasa.policies.embedded import EmbeddedPolicy
from leapcasa.policies.embedded.policy import AWAY_STEPS, DRAW_SPEED
from leapcasa.policies.embedded.recovery import PRESSED_STEPS, UP_STEPS
from leapcasa.policies.experts.drawers import SPEED


def test_retries_doubt_the_room_and_then_the_side(untrained: Path):
    policy, believed = EmbeddedPolicy(path=str(untrained), look_every=2), []
    seen = list(looks(15))
    for start in (0, 3, 6, 9, 12):  # an attempt and four retries, in one episode
        policy.reset("turn on the kettle", 0)
        for one in seen[start : start + 3]:
            policy.act(one, "turn on the kettle")
        policy._hints[:] = [0.9, 0.8, -0.7]
        believed.append(policy._believed().tolist())
    free, little = [0.9, 0.8], [0.12, 0.12]
    wanted = [[*free, -0.7], [*little, -0.7], [*free, 0.7], [*little, 0.7], [*free, -0.7]]
    assert believed == [pytest.approx(one) for one in wanted]
    policy._attempt, policy._hints[:2] = 0, [0.3, 0.2]
    assert policy._believed()[:2].tolist() == pytest.approx([0.3, 0.2])
    policy._attempt = 1
    for policy._hints[:2] in ([0.3, 0.2], [0.9, 0.8]):  # whatever is said meanwhile
        assert policy._believed()[:2].tolist() == [1.0, 1.0]
    policy._hints[:2] = [0.6, 0.5]  # neither yes nor no
    decided = []
    for policy._attempt in (0, 1, 2):
        decided.append(policy._believed()[:2].tolist())
    assert decided == [pytest.approx([x, x]) for x in (0.12, 1.0, 0.12)]
    policy.reset("turn on the kettle", 0)
    policy.act(seen[0], "turn on the kettle")  # step 0: another episode
    assert policy._attempt == 0
    policy.reset("close the lid", 0)
    policy.act(seen[1], "close the lid")
    assert policy._attempt == 0


@pytest.mark.parametrize("text", ["open the drawer", "take the jug", "Navigate to the sink."])
def test_retries_of_what_hangs_on_no_hint_keep_to_what_is_seen(untrained: Path, text: str):
    policy = EmbeddedPolicy(path=str(untrained), look_every=2)
    hints = [1.0, 0.9, -0.7]
    for one in looks(5):  # an attempt and four retries, in one episode
        policy.reset(text, 0)
        policy.act(one, text)
        policy._hints[:] = hints
        assert policy._believed().tolist() == pytest.approx(hints)
    assert policy._attempt == 4


@pytest.fixture
def pushing(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedPolicy:
    """A policy that would drive, and reaches down where it does not."""
    policy = EmbeddedPolicy(path=str(untrained))
    forward = policy._network.control.forward

    def driving(*told: torch.Tensor):
        said = forward(*told)
        motion = said.motion.clone()
        motion[..., :3] = torch.tensor([0.0, 0.0, -1e4])
        return replace(said, motion=motion, driving=torch.ones_like(said.driving))

    monkeypatch.setattr(policy._network.control, "forward", driving)
    return policy


@pytest.mark.parametrize(
    ("text", "drives"),
    [("pick up the jug", 0), ("put the blender jug in the sink", 1), ("turn on the kettle", 1)],
)
def test_who_picks_something_up_stands_where_he_stands(
    pushing: EmbeddedPolicy, text: str, drives: int
):
    pushing.reset(text, 0)
    made = [pushing.act(one, text)[0] for one in at_one_place(4)]
    assert [action[11] for action in made] == [drives] * 4


@pytest.mark.parametrize("says", [-1.0, 1.0])
@pytest.mark.parametrize(
    ("place", "yaw", "drives"),
    [
        ((0.0, 0.0), 0.0, 0),
        ((0.05, -0.05), 0.09, 0),
        ((-0.03, 0.06), -0.09, 0),
        ((0.0, 0.09), 0.0, 1),
        ((-0.06, -0.06), 0.0, 1),
        ((0.0, 0.0), 0.12, 1),
        ((0.0, 0.0), -0.12, 1),
        ((0.0, 0.0), 3.0, 1),
        ((np.nan, 0.0), 0.0, 1),
        ((0.0, 0.0), np.nan, 1),
    ],
)
def test_who_drives_somewhere_stops_where_he_ought_to_and_nowhere_else(
    pushing: EmbeddedPolicy, monkeypatch: pytest.MonkeyPatch, place, yaw, drives: int, says: float
):
    forward = pushing._network.control.forward

    def saying(*told: object):
        said = forward(*told)
        return replace(said, driving=says * said.driving)

    monkeypatch.setattr(pushing._network.control, "forward", saying)
    at = np.array([*place, 0.0])
    spot = at + 0.6 * np.array([np.cos(yaw), np.sin(yaw), 1.5])
    monkeypatch.setattr(pushing, "_points", lambda felt: np.stack([spot, at, at + 1.0]))
    seen = at_one_place(4)
    for text, wanted in (("Navigate to the sink.", drives), ("place it in the sink", says > 0)):
        pushing.reset(text, 0)
        assert [pushing.act(one, text)[0][11] for one in seen] == [wanted] * 4


@pytest.mark.parametrize(
    ("text", "away"), [("Navigate to the sink.", AWAY_STEPS), ("place it in the sink", 0)]
)
def test_a_retry_of_a_drive_heeds_nothing_of_what_misled_the_attempt_before(
    pushing: EmbeddedPolicy, text: str, away: int
):
    for attempt in range(3):
        pushing.reset(text, 0)
        known = []
        for one in [replace(one, step=one.step + 1) for one in at_one_place(AWAY_STEPS + 8)]:
            pushing.act(one, text)
            known.append(bool(np.isfinite(pushing._tracker.unsure()).all()))
        assert known == [step >= (away if attempt else 0) for step in range(len(known))]


@pytest.mark.parametrize(
    ("text", "ways", "heeded"),
    [
        ("Navigate to the sink.", [2.0, 1.1, 0.7, 0.5, 0.3, 0.1], [1, 1, 1, 0, 0, 0]),
        ("Navigate to the sink.", [2.0, 0.5, 0.7, 0.5], [1, 0, 1, 0]),
        ("Navigate to the sink.", [0.5, 0.3, 0.9, 0.3], [1, 1, 1, 1]),  # it began here
        ("Navigate to the sink.", [np.nan, np.nan, 2.0, np.nan], [1, 1, 1, 1]),
        ("place it in the sink", [2.0, 0.5, 0.3], [1, 1, 1]),
    ],
)
def test_who_comes_in_from_afar_keeps_to_what_was_seen_there(
    pushing: EmbeddedPolicy, monkeypatch: pytest.MonkeyPatch, text: str, ways, heeded
):
    pushing.reset(text, 0)
    looked: list[int] = []
    monkeypatch.setattr(pushing._tracker, "look", lambda *told: looked.append(len(seen)))
    seen: list[float] = []
    for one, way in zip(at_one_place(len(ways)), ways, strict=True):
        seen.append(way)
        points = np.array([[way + 0.6, 0.0, 0.9], [way, 0.0, 0.0], [way, 0.0, 0.0]])
        monkeypatch.setattr(pushing, "_points", lambda felt, points=points: points)
        pushing._look(one, one.proprioception.vector())
    assert [int(n + 1 in looked) for n in range(len(ways))] == heeded


def test_a_hand_that_is_held_up_makes_it_look_anew(pushing: EmbeddedPolicy):
    text = "pick up the jug"
    pushing.reset(text, 0)
    seen, made, unsure = at_one_place(PRESSED_STEPS + UP_STEPS + 6), [], []
    for one in seen:
        made.append(pushing.act(one, text)[0])
        unsure.append(pushing._tracker.unsure())
    first = PRESSED_STEPS - 1
    assert all(action[2] < 0 for action in made[:first])
    assert all(action[2] == 1 for action in made[first : first + UP_STEPS])
    assert made[first + UP_STEPS][2] < 0
    assert np.isfinite(unsure[first - 1]).all()
    assert np.isinf(unsure[first]).all()  # nothing is known any more
    assert np.isfinite(unsure[-1]).all()  # and then it is seen again
    pushing.reset("turn on the kettle", 0)  # other skills may press as they were shown to
    assert pushing._watcher is None


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("open the left drawer", {-0.1: -DRAW_SPEED, -0.5: -0.5, 0.2: DRAW_SPEED, 0.05: 0.05}),
        ("close the drawer", {-0.1: -DRAW_SPEED, 0.3: DRAW_SPEED, 0.0: 0.0}),
        ("turn on the kettle", {-0.1: -0.1, 0.2: 0.2}),
        ("Navigate to the sink.", {-0.1: -0.1, 0.2: 0.2}),
    ],
)
def test_who_draws_a_drawer_goes_no_slower_than_was_shown(
    pushing: EmbeddedPolicy, monkeypatch: pytest.MonkeyPatch, text: str, wanted: dict, closed: bool
):
    assert DRAW_SPEED == SPEED
    control = pushing._network.control
    forward, (one,) = control.forward, at_one_place(1)
    for speed, executed in wanted.items():

        def saying(*told: object, speed: float = speed):
            said = forward(*told)
            motion = torch.zeros_like(said.motion)
            motion[..., 6:8] = speed / 0.02 * torch.tensor([0.6, 0.8])  # 0.02 is the unit of motion
            grip = (1.0 if closed else -1.0) * torch.ones_like(said.closed)
            return replace(said, motion=motion, closed=grip)

        with monkeypatch.context() as patched:
            patched.setattr(control, "forward", saying)
            pushing.reset(text, 0)
            made = pushing.act(one, text)[0]
        due = executed if closed else speed
        assert made[7:9] == pytest.approx(np.array([0.6, 0.8]) * due, abs=1e-6)
        assert made[11] == 1
