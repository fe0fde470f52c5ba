"""The embedded policy without a simulation: geometry, words, checkpoints, and how it is asked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from leapcasa.configs import ConfigError, PolicyError
from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint, geometry
from leapcasa.policies.embedded.policy import AWAY_STEPS
from leapcasa.policies.embedded.recovery import PRESSED_STEPS, UP_STEPS
from leapcasa.sight import folder as folders
from leapcasa.sight.words import MOST, buckets

RNG = np.random.default_rng(0)


def felt(count: int, seed: int = 0) -> np.ndarray:
    """(count, 16) a hand that wanders and a base that stands somewhere."""
    rng = np.random.default_rng(seed)
    quaternions = [Rotation.random(count, random_state=seed + i).as_quat() for i in range(2)]
    parts = [rng.uniform(0, 0.04, (count, 2)), rng.normal(0, 3, (count, 3)), quaternions[0]]
    return np.concatenate([*parts, rng.normal(0, 0.4, (count, 3)), quaternions[1]], 1)


def arm_actions(count: int) -> np.ndarray:
    """(count, 12) actions of the hand, no longer than an action may be."""
    out = np.zeros((count, 12))
    for columns in (slice(0, 3), slice(3, 6)):
        ways = RNG.normal(size=(count, 3))
        out[:, columns] = (
            ways / np.linalg.norm(ways, axis=1, keepdims=True) * RNG.uniform(0, 1, (count, 1))
        )
    return out  # fmt: skip


def leading(motion: np.ndarray, start: np.ndarray, driving: bool = False) -> geometry.Leading:
    on = np.full(len(motion), driving)
    return geometry.Leading(start, motion, np.zeros(len(motion), bool), on)


# geometry


def test_rotations_are_those_of_an_independent_library():
    quaternions = Rotation.random(20, random_state=1).as_quat()
    assert np.allclose(
        geometry.matrix(quaternions), Rotation.from_quat(quaternions).as_matrix(), atol=1e-12
    )


def test_set_points_lead_to_the_very_actions_they_were_made_of():
    robot, actions = felt(9), arm_actions(9)
    motion = geometry.set_points(robot, actions, chunk=4)
    for t in range(9):
        assert np.allclose(leading(motion[t], robot[t]).action(robot[t], 0), actions[t], atol=1e-4)


def test_a_later_step_of_a_chunk_gives_that_step_s_action_if_all_goes_as_shown():
    robot, actions = felt(9), arm_actions(9)
    motion = geometry.set_points(robot, actions, chunk=4)
    made = leading(motion[2], robot[2]).action(robot[5], 3)
    assert np.allclose(made, actions[5], atol=1e-4)


def test_a_hand_that_was_pushed_aside_is_led_back():
    robot, actions = felt(6), np.zeros((6, 12))
    robot[:, 9:16] = robot[0, 9:16]
    motion = geometry.set_points(robot, actions, chunk=4)
    aside = robot[1].copy()
    aside[9:12] += [0.0, 0.02, 0.0]
    assert np.allclose(
        leading(motion[0], robot[0]).action(aside, 1)[:3], [0.0, -0.4, 0.0], atol=1e-6
    )


def test_driving_takes_the_base_s_speeds_and_leaves_the_hand_alone():
    robot, actions = felt(3), np.zeros((3, 12))
    actions[:, 7:12] = [0.5, -0.2, 1.0, 0.3, 1.0]
    motion = geometry.set_points(robot, actions, chunk=2)
    made = leading(motion[0], robot[0], driving=True).action(robot[1], 1)
    assert np.allclose(made, actions[1])


def test_nothing_the_network_is_told_depends_on_where_in_the_world_the_robot_is():
    robot = felt(40)
    moved = robot.copy()
    turn = Rotation.from_euler("z", 1.3)
    moved[:, 2:5] = turn.apply(robot[:, 2:5]) + np.array([4.0, -2.0, 0.0])
    moved[:, 5:9] = (turn * Rotation.from_quat(robot[:, 5:9])).as_quat()
    assert np.allclose(geometry.features(robot), geometry.features(moved), atol=1e-4)
    assert geometry.features(robot).shape == (40, geometry.FEATURES)


def test_what_lies_before_a_subtask_is_not_looked_at():
    robot, other = felt(40), felt(40, seed=7)
    other[10:] = robot[10:]
    assert np.array_equal(geometry.features(robot, 10), geometry.features(other, 10))


# words


def test_case_and_punctuation_do_not_count():
    assert np.array_equal(buckets("Turn ON the sink!"), buckets("turn on the sink"))


def test_an_unseen_form_of_a_word_shares_most_of_its_buckets():
    known, unseen, other = (set(buckets(t)) - {0} for t in ("rinse", "rinsing", "kettle"))
    assert len(known & unseen) >= 3
    assert not known & other


def test_a_long_text_is_cut():
    assert buckets("open the door " * 100).shape == (MOST,)


# checkpoints and the policy


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny policy with random weights."""
    import torch

    from leapcasa.policies.embedded.network import Network, NetworkConfig

    config = NetworkConfig(
        size=32, hand_size=32, chunk=6, channels=(8, 8, 8), words=8, width=32, depth=1
    )
    folder = tmp_path_factory.mktemp("untrained")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(config)
    ones, zeros = np.ones((6, geometry.MOTION), np.float32), np.zeros(geometry.FEATURES, np.float32)
    stats = checkpoint.Statistics(
        felt_mean=zeros, felt_std=zeros + 1, motion_mean=0 * ones, motion_std=0.02 * ones
    )
    (folder / folders.CONFIG).write_text(checkpoint.config_json(config, stats, {}))
    (folder / checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return folder


class CountedFrame:
    """A frame that counts how often its pixels are asked for."""

    def __init__(self, seed: int, size: int) -> None:
        self.pixels = np.random.default_rng(seed).integers(0, 255, (size, size, 3), np.uint8)
        self.reads = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.pixels.shape

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        self.reads += 1
        return self.pixels


def looks(count: int, size: int = 32, views: tuple[str, ...] = ("right", "left", "hand")):
    for step, row in enumerate(felt(count).astype(np.float32)):
        parts = np.split(row, [2, 5, 9, 12])
        names = list(Proprioception.__dataclass_fields__)
        yield Sensors(
            images={view: CountedFrame(step, size) for view in views},  # type: ignore[misc]
            proprioception=Proprioception(**dict(zip(names, parts, strict=True))),
            instruction="Turn on the kettle.",
            step=step,
        )


def test_it_looks_every_few_steps_and_acts_at_each(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained), execute=2, look_every=3)
    policy.reset("turn on the kettle", 0)
    seen = list(looks(7))
    made = [policy.act(one, "turn on the kettle") for one in seen]
    assert [sum(f.reads for f in one.images.values()) for one in seen] == [3, 0, 0, 3, 0, 0, 3]  # type: ignore[attr-defined]
    assert all(a.shape == (1, 12) and a.dtype == np.float32 for a in made)
    assert not policy.info.privileged


def test_the_same_looks_give_the_same_actions_after_a_reset(untrained: Path):
    policy, runs = EmbeddedPolicy(path=str(untrained), execute=2, look_every=2), []
    for seed in (0, 1):
        policy.reset("turn on the kettle", seed)
        runs.append([policy.act(one, "turn on the kettle") for one in looks(5)])
    assert np.array_equal(runs[0], runs[1])


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


@pytest.fixture
def pushing(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedPolicy:
    """A policy that would drive, and reaches down where it does not."""
    import torch

    policy = EmbeddedPolicy(path=str(untrained))
    forward = policy._network.control.forward

    def driving(*told: torch.Tensor):
        said = forward(*told)
        motion = said.motion.clone()
        motion[..., :3] = torch.tensor([0.0, 0.0, -1e4])
        return replace(said, motion=motion, driving=torch.ones_like(said.driving))

    monkeypatch.setattr(policy._network.control, "forward", driving)
    return policy


def at_one_place(count: int) -> list[Sensors]:
    first, *_ = looks(1)
    return [replace(first, step=step) for step in range(count)]


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
    assert pushing._recovery is None


def test_words_change_what_it_does(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained))
    made = []
    for text in ("turn on the kettle", "close the lid"):
        policy.reset(text, 0)
        made.append(policy.act(next(looks(1)), text))
    assert not np.array_equal(*made)


def test_larger_pictures_are_averaged_down(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained))
    policy.reset("turn on the kettle", 0)
    small, large = next(looks(1)), next(looks(1, size=64))
    for view, frame in small.images.items():
        large.images[view].pixels = frame.pixels.repeat(2, 0).repeat(2, 1)  # type: ignore[attr-defined]
    first = policy.act(small, "turn on the kettle")
    policy.reset("turn on the kettle", 0)
    assert np.allclose(first, policy.act(large, "turn on the kettle"))


def test_a_missing_view_ends_the_episode_with_its_name(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained))
    policy.reset("turn on the kettle", 0)
    with pytest.raises(PolicyError, match="no hand view"):
        policy.act(next(looks(1, views=("right", "left"))), "turn on the kettle")


def test_it_stays_where_it_is_until_there_is_a_picture(untrained: Path):
    policy = EmbeddedPolicy(path=str(untrained), look_every=1)
    policy.reset("turn on the kettle", 0)
    blind, seen = next(looks(1, views=())), next(looks(1))
    for _ in range(3):
        action = policy.act(blind, "turn on the kettle")[0]
        assert not action[:6].any()
        assert not action[7:].any()
    moved = policy.act(seen, "turn on the kettle")[0]
    assert np.delete(moved, 6).any()
    policy.reset("turn on the kettle", 0)

    def wait() -> None:
        for _ in range(100):
            policy.act(blind, "turn on the kettle")

    with pytest.raises(PolicyError, match="no right, left, hand view"):
        wait()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "/nowhere"}, "holds no trained policy"),
        ({"execute": 7}, "give 1 .. 6"),
        ({"device": "cuda"}, "no GPU"),
    ],
)
def test_bad_options_say_how_to_mend_them(untrained: Path, options: dict, message: str):
    import torch

    if options.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    given = options if "path" in options else {"path": str(untrained), **options}
    with pytest.raises(ConfigError, match=message):
        EmbeddedPolicy(**given)


@pytest.mark.parametrize("harm", ["cut weights", "no json", "other sizes", "other format"])
def test_a_damaged_checkpoint_is_refused(untrained: Path, tmp_path: Path, harm: str):
    text = (untrained / folders.CONFIG).read_text()
    data = json.loads(text)
    weights = (untrained / checkpoint.KIND.weights).read_bytes()
    if harm == "other sizes":
        data["network"]["width"] = 48
    if harm == "other format":
        data["format"] = 99
    text = "{" if harm == "no json" else json.dumps(data)
    (tmp_path / folders.CONFIG).write_text(text)
    kept = weights[:1000] if harm == "cut weights" else weights
    (tmp_path / checkpoint.KIND.weights).write_bytes(kept)
    with pytest.raises(ConfigError, match="train"):
        checkpoint.load(tmp_path)
