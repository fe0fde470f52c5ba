"""Recorded demonstrations, held against the simulation itself."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from policy_demos import SEEDS, command, dies, dies_once, outcomes
from safetensors.numpy import load_file

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.envs.sensors import CAMERAS
from leapcasa.policies.embedded import cameras
from leapcasa.runs.cli import main
from leapcasa.runs.policy import data_cmd, episode_file
from leapcasa.runs.policy.noise import Disturber

pytestmark = pytest.mark.sim


def first(demos: Path) -> tuple[Path, episode_file.Demonstration]:
    one = outcomes(demos)[0]
    path = demos / one["file"]
    return path, episode_file.read(path, one["sha256"])


def test_the_recorded_actions_lead_the_same_kitchen_through_the_recorded_looks(demos: Path):
    _, demo = first(demos)
    kitchen = Kitchen(
        "StartElectricKettle",
        split="pretrain",
        image_size={"right": 64, "left": 64, "hand": 64},
        render_profile="fast",
    )
    try:
        sensors = kitchen.begin(SEEDS[0])
        for t in range(12):
            assert np.array_equal(sensors.proprioception.vector(), demo.proprioception[t])
            look, between = divmod(t, demo.header.look_every)
            for view, files in demo.pictures.items() if not between else ():
                seen = cv2.imdecode(np.frombuffer(files[look], np.uint8), cv2.IMREAD_COLOR)
                assert np.array_equal(seen[..., ::-1], sensors.image(view))
            sensors = kitchen.advance(demo.executed[t])
    finally:
        kitchen.close()


def test_the_label_is_the_undisturbed_action(demos: Path):
    demos_read = [episode_file.read(demos / one["file"]) for one in outcomes(demos)]
    changed = np.concatenate([np.abs(d.expert - d.executed).max(1) > 0 for d in demos_read])
    pushed = np.concatenate([d.pushed for d in demos_read]).astype(bool)
    assert 0 < pushed.mean() < 0.6
    assert changed[pushed].all()
    for demo in demos_read:
        assert np.array_equal(demo.expert[:, [6, 11]], demo.executed[:, [6, 11]])


def test_subtasks_follow_each_other_to_a_true_end(demos: Path):
    _, demo = first(demos)
    assert demo.header.success
    assert len(demo.header.subtasks) == 2
    assert np.array_equal(np.unique(demo.subtask), [0, 1])
    assert (np.diff(demo.subtask) >= 0).all()
    assert demo.progress[-1] > 0.9


def test_the_part_lies_where_the_hand_ends_up(demos: Path):
    """The switch's place is told in the frame of the hand's proprioception."""
    _, demo = first(demos)
    last = demo.subtask == 1
    spot = demo.points[last, 0]
    way = np.linalg.norm(demo.proprioception[last, 9:12] - spot, axis=1)
    assert way.min() < 0.08
    assert np.ptp(spot, axis=0).max() < 0.06


def test_points_are_those_of_the_simulation(demos: Path):
    """Lid, hinge and kettle at the first look, by MuJoCo's own names."""
    _, demo = first(demos)
    kitchen = Kitchen("StartElectricKettle", split="pretrain", rendering=False)
    try:
        kitchen.begin(SEEDS[0])
        sim, robot = kitchen.robocasa.sim, Referee(kitchen).robot()
        felt = demo.proprioception[0, 9:12]
        part, hinge, kettle = robot.hand + (demo.points[0] - felt) @ robot.base_rot.T
        names = [n for n in sim.model.joint_names if n.startswith("electric_kettle")]
        (joint,) = [n for n in names if n.endswith("_lid_joint") and "button" not in n]
        index = sim.model.joint_name2id(joint)
        away = hinge - sim.data.xanchor[index]
        assert np.linalg.norm(np.cross(away, sim.data.xaxis[index])) < 1e-4
        body = int(sim.model.jnt_bodyid[index])
        assert np.linalg.norm(part - sim.data.body_xpos[body]) < 0.12
        assert np.linalg.norm((kettle - hinge)[:2]) < 0.2
    finally:
        kitchen.close()


def test_hints_are_known_wherever_the_points_are(demos: Path):
    _, demo = first(demos)
    assert np.array_equal(np.isnan(demo.points).any((1, 2)), np.isnan(demo.hints).any(1))
    assert ((demo.hints[:, :2] > 0) & (demo.hints[:, :2] <= 1)).all()


def test_a_kitchen_draws_no_more_often_than_it_is_asked_to():
    kitchen = Kitchen("StartElectricKettle", image_size={"right": 32, "hand": 32}, look_every=3)
    try:
        seen = [kitchen.begin(0), *(kitchen.advance([0.0] * 12) for _ in range(4))]
        assert [sorted(one.images) for one in seen] == [
            ["hand", "right"],
            [],
            [],
            *[["hand", "right"], []],
        ]
    finally:
        kitchen.close()


def test_the_same_command_records_only_what_is_missing_and_the_same_again(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    known = outcomes(demos)[1]
    (tmp_path / "episodes.jsonl").write_bytes((demos / "episodes.jsonl").read_bytes())
    assert main(command(tmp_path, SEEDS[1])) == 0
    again = outcomes(tmp_path)[-1]
    assert again["sha256"] == known["sha256"]
    before = (tmp_path / again["file"]).stat().st_mtime_ns
    assert main(command(tmp_path, SEEDS[1])) == 0
    assert (tmp_path / again["file"]).stat().st_mtime_ns == before
    assert "1 of 1 episodes are there already" in capsys.readouterr().err


def test_the_file_is_plain_safetensors(demos: Path):
    path, demo = first(demos)
    arrays = load_file(path)
    assert np.array_equal(arrays["expert"], demo.expert)
    assert arrays["png.hand"].dtype == np.uint8


def test_the_cameras_are_where_the_simulation_has_them():
    """Points in the room, through MuJoCo's cameras and through ours, hand and base moved."""
    kitchen = Kitchen("StartElectricKettle", split="target", rendering=False)
    rng = np.random.default_rng(0)
    try:
        sensors = kitchen.begin(3)
        sim, referee = kitchen.robocasa.sim, Referee(kitchen)
        for action in ([0.5, 0.4, -0.6, 0.5] + [0.0] * 8, [0.0] * 7 + [0.4, 0.5, 0.6, 0.8, 1.0]):
            for _ in range(6):
                sensors = kitchen.advance(action)
            robot, felt = referee.robot(), sensors.proprioception
            hand, turned = felt.end_effector_position, felt.end_effector_rotation
            points = hand + rng.uniform(-0.4, 0.4, (200, 3))
            found = cameras.project(points, np.tile(hand, (200, 1)), np.tile(turned, (200, 1)))
            world = robot.hand + (points - hand) @ robot.base_rot.T
            for view, name in enumerate(CAMERAS.values()):
                index = sim.model.camera_name2id(name)
                x, y, back = (
                    (world - sim.data.cam_xpos[index]) @ sim.data.cam_xmat[index].reshape(3, 3)
                ).T
                half = np.tan(np.radians(sim.model.cam_fovy[index]) / 2)
                right = np.stack([x, -y], 1) / (-back * half)[:, None]
                seen = (back < -0.05) & (np.abs(right) < 0.98).all(1)
                assert seen.sum() > 20
                assert np.abs(found[seen, view] - right[seen]).max() < 0.02
                assert np.isnan(found[(back > 0) | (np.abs(right) > 1.02).any(1), view]).all()
    finally:
        kitchen.close()


def test_cabinets_are_hung_anew_where_an_episode_is_played(tmp_path: Path):
    """The expert has to come from the front, in a kitchen that is bare above its sink."""
    words = "policy data RinseSinkBasin --episodes 1 --first-seed 94000 --hang --look-every 100"
    assert main([*words.split(), "--size", "64", "--out", str(tmp_path)]) == 0
    demo = episode_file.read(tmp_path / outcomes(tmp_path)[0]["file"])
    size = {"right": 64, "left": 64, "hand": 64}
    kitchen = Kitchen("RinseSinkBasin", image_size=size, render_profile="fast")
    try:
        bare = kitchen.begin(94000).image("right")
        referee = Referee(kitchen)
        up = np.array([0.0, 0.0, 1.0])
        above = referee.joint(referee.fixture("spout"), "spout_joint").anchor + 0.35 * up
        assert referee.clearance(above, up) > 1.0
    finally:
        kitchen.close()
    assert (demo.hints[demo.subtask == 1, 0] < 0.5).all()
    seen = cv2.imdecode(np.frombuffer(demo.pictures["right"][0], np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(seen[..., ::-1].astype(int) - bare).max() > 50


def test_styles_that_are_asked_for_take_turns(tmp_path: Path):
    words = "policy data RinseSinkBasin --episodes 3 --posed 1 --style 40 --style 28 --size 64"
    assert main([*words.split(), "--out", str(tmp_path)]) == 0
    scenes = {one["seed"]: one["scene"].split("/") for one in outcomes(tmp_path)}
    assert [scenes[seed][2] for seed in (1000, 1001, 1002)] == ["40", "28", "40"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["StartElectricKetle"], "did you mean 'StartElectricKettle'"),
        (["StartElectricKettle", "--noise", "2"], "give 0 .. 1"),
        (["StartElectricKettle", "--look-every", "0"], "give 1 .. 100 steps"),
        (["StartElectricKettle", "--split", "test"], "neither pretrain nor target"),
        (["StartElectricKettle", "StartElectricKettle"], "named twice"),
        (["StartElectricKettle", "--learner", "/nowhere"], "holds no trained policy"),
        (["RinseSinkBasin", "--hang", "--split", "target"], "those that are measured on stay"),
        (["RinseSinkBasin", "--hang", "--posed", "2"], "--posed always hangs cabinets anew"),
        (["StartElectricKettle", "--script", "/nowhere.txt"], "cannot read the steps"),
        (["RinseSinkBasin", "--style", "9"], "none of --split pretrain; give 11 .. 60"),
        (["StartElectricKettle", "--led", "200"], "how long a --learner drives"),
        (["StartElectricKettle", "--led", "5", "--learner", "/nowhere"], "give 11 .. 210 steps"),
        (["CloseCabinet", "--given", "200"], "give 260 .. 1500 steps"),
        (["CloseCabinet", "--given", "700", "--posed", "2"], "takes no part in --posed"),
    ],
)
def test_bad_requests_are_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
):
    assert main(["policy", "data", *words, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_noise_leaves_switches_alone_marks_pushes_and_follows_from_the_seed():
    action = np.array([0.5] * 3 + [0.0] * 3 + [1.0] + [0.0] * 5, np.float32)
    runs = []
    for _ in range(2):
        disturber = Disturber(1.0, np.random.default_rng(5))
        runs.append([disturber.apply(action) for _ in range(200)])
    made = np.array([one.action for one in runs[0]])
    pushed = np.array([one.pushed for one in runs[0]])
    assert np.array_equal(made, [one.action for one in runs[1]])
    assert (made[:, 6:] == action[6:]).all()
    away = np.linalg.norm(made[:, :3] - action[:3], axis=1)
    assert away[pushed].mean() > 2 * away[~pushed].mean() > 0
    assert 0.05 < pushed.mean() < 0.5


def test_no_noise_changes_nothing():
    disturber = Disturber(0.0, np.random.default_rng(0))
    action = np.linspace(-1, 1, 12, dtype=np.float32)
    done = [disturber.apply(action) for _ in range(50)]
    assert all(np.array_equal(one.action, action) and not one.pushed for one in done)


def test_noise_moves_the_base_only_while_it_drives():
    disturber = Disturber(1.0, np.random.default_rng(1))
    driving = np.zeros(12, np.float32)
    driving[11] = 1.0
    made = np.array([disturber.apply(driving).action for _ in range(50)])
    assert (made[:, :6] == 0).all()
    assert made[:, 7:10].std() > 0


def test_an_episode_whose_process_died_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(data_cmd, "record", dies_once)
    assert main(command(tmp_path / "once", SEEDS[0])) == 0
    (one,) = outcomes(tmp_path / "once")
    assert one["reason"] == "second try"
    monkeypatch.setattr(data_cmd, "record", dies)
    assert main(command(tmp_path / "dead", SEEDS[0])) == 1
    assert "ProcessExpired" in capsys.readouterr().out
    (marker,) = (tmp_path / "dead").glob("*.died")
    assert marker.read_text() == "xx"
