"""Looks at posed states: the files, and what is learned from them."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from policy_demos import in_the_room, outcomes

from leapcasa.envs.kitchen import Kitchen
from leapcasa.envs.referee import Referee
from leapcasa.envs.skills import parse
from leapcasa.policies.embedded import cameras, checkpoint
from leapcasa.policies.embedded.geometry import matrix
from leapcasa.policies.embedded.tracker import Tracker
from leapcasa.runs.cli import main
from leapcasa.runs.policy import dataset, draws, episode_file
from leapcasa.runs.policy.episode_file import Demonstration
from leapcasa.runs.policy.presets import recipe
from leapcasa.sight.eyes import read
from leapcasa.sight.words import buckets

pytestmark = pytest.mark.sim
LOOKS = 4


@pytest.fixture(scope="module")
def posed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("posed")
    words = f"policy data RinseSinkBasin --episodes 1 --first-seed 1003 --posed {LOOKS} --size 64"
    assert main([*words.split(), "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Demonstration]:
    """The looks at a task's kitchen of seed 1000, of several that one command poses."""
    folder = tmp_path_factory.mktemp("several")
    tasks = ["PrepareDishwasher", "TurnOffSimmeredSauceHeat", "RotatePan", "TurnOffStove"]
    return _posed_by_one_command(folder, 1000, [*tasks, "CloseCabinet"])


@pytest.fixture(scope="module")
def roaming(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Demonstration]:
    """The same of tasks that drive, seed 3172."""
    folder = tmp_path_factory.mktemp("roaming")
    return _posed_by_one_command(folder, 3172, ["NavigateKitchen", "CleanBlenderJug"])


def _posed_by_one_command(
    folder: Path, seed: int, tasks: list[str]
) -> Callable[[str], Demonstration]:
    words = f"--episodes 1 --first-seed {seed} --posed 24 --size 64"
    assert main(["policy", "data", *tasks, *words.split(), "--out", str(folder)]) == 0
    files = {one["task"]: folder / one["file"] for one in outcomes(folder)}
    return lambda task: episode_file.read(files[task])


def test_every_subtask_is_looked_at_in_as_many_states(posed: Path):
    demo = episode_file.read(posed / outcomes(posed)[0]["file"])
    assert not demo.header.played
    assert demo.header.steps == 3 * LOOKS
    assert np.bincount(demo.subtask).tolist() == [LOOKS, LOOKS, LOOKS]
    hands = demo.proprioception[:, 9:12]
    assert len(np.unique(hands.round(3), axis=0)) > LOOKS
    assert np.isfinite(demo.points).all()


def test_what_undoes_a_subtask_is_asked_about_in_the_same_looks(posed: Path):
    demo = episode_file.read(posed / outcomes(posed)[0]["file"])
    on, swept, off = (demo.subtask == index for index in range(3))
    assert parse(demo.header.subtasks[2]).verb == "turn_off"
    assert np.array_equal(demo.points[on], demo.points[off])
    right = demo.pictures["right"]
    assert [right[i] for i in np.flatnonzero(on)] == [right[i] for i in np.flatnonzero(off)]
    assert np.isnan(demo.progress[swept]).all()  # it depends on where the spout has been
    assert np.array_equal(demo.progress[on] >= 1.0, demo.progress[off] < 1.0)


def test_posed_parts_count_as_done_where_robocasa_says_so(several: Callable[[str], Demonstration]):
    demo = several("PrepareDishwasher")
    door = demo.subtask == 0
    turn = matrix(demo.proprioception[:, 5:9])
    bar = np.einsum("tij,tj->ti", turn, demo.points[:, 0] - demo.points[:, 1])[door]
    flat = np.arctan2(np.linalg.norm(bar[:, :2], axis=1), bar[:, 2])  # 0 shut .. 90 degrees open
    done = demo.progress[door] >= 1.0
    assert 0 < done.sum() < len(done)
    assert flat[done].min() > flat[~done].max()
    assert np.corrcoef(flat[~done], demo.progress[door][~done])[0, 1] > 0.95


def test_who_waits_at_a_stove_looks_at_its_knob_and_what_glows(
    several: Callable[[str], Demonstration],
):
    demo = several("TurnOffSimmeredSauceHeat")
    wait, off = demo.subtask == 0, demo.subtask == 1
    apart = np.linalg.norm(demo.points[:, [0, 0, 1]] - demo.points[:, [1, 2, 2]], axis=2)
    assert apart.min() > 0.05
    assert np.allclose(apart[wait], apart[off].mean(0), atol=0.02)  # a knob's middle, as it turns
    assert {*np.unique(demo.progress[wait] >= 1.0), *np.unique(demo.progress[off] >= 1.0)} == {0, 1}
    assert ((demo.progress[wait] > 0.3) & (demo.progress[wait] < 0.99)).any()


def test_of_a_wait_without_a_clock_nothing_is_known(tmp_path: Path):
    (tmp_path / "steps.txt").write_text("Wait until the kettle is done\n")
    words = "policy data StartElectricKettle --episodes 1 --first-seed 1000 --posed 2 --size 64"
    more = ["--script", str(tmp_path / "steps.txt"), "--out", str(tmp_path / "out")]
    assert main([*words.split(), *more]) == 0
    demo = episode_file.read(tmp_path / "out" / outcomes(tmp_path / "out")[0]["file"])
    assert len(demo.progress) == 2
    assert np.isnan(demo.progress).all()


def test_a_pan_is_turned_any_way(several: Callable[[str], Demonstration]):
    demo = several("RotatePan")
    assert np.isnan(demo.progress).all()  # it depends on how the pan stood before
    assert not demo.hints[:, 2].any()  # nor does a pose say which way it is to be turned
    turn = matrix(demo.proprioception[:, 5:9])
    handle = np.einsum("tij,tj->ti", turn, demo.points[:, 0] - demo.points[:, 1])
    assert np.allclose(handle[:, 2], 0.0, atol=0.03)
    assert np.ptp(np.linalg.norm(handle[:, :2], axis=1)) < 0.01
    assert np.ptp(np.arctan2(handle[:, 1], handle[:, 0])) > 0.5


def test_subtasks_in_other_words_are_posed_as_well_and_count_by_the_spouts_side(tmp_path: Path):
    script = tmp_path / "steps.yaml"
    sides = ["Turn the sink spout to the left", "Turn the sink spout to the right"]
    script.write_text(json.dumps({"RinseSinkBasin": sides}))
    words = "policy data RinseSinkBasin --episodes 1 --first-seed 1003 --posed 24 --size 64"
    out = tmp_path / "out"
    assert main([*words.split(), "--script", str(script), "--out", str(out)]) == 0
    demo = episode_file.read(out / outcomes(out)[0]["file"])
    assert list(demo.header.subtasks) == sides
    room = in_the_room(demo)
    way = room[:, 0] - room[:, 1]
    turned = np.unwrap(np.degrees(np.arctan2(way[:, 1], way[:, 0])), period=360)
    left, right = demo.subtask == 0, demo.subtask == 1
    done = demo.progress >= 1.0
    for side, sign in ((left, -1), (right, 1)):  # seen from above, a joint's angle grows leftwards
        assert 4 <= (done & side).sum() <= 20
        assert (sign * turned)[done & side].min() > (sign * turned)[~done & side].max()
    assert turned[done & right].min() - turned[done & left].max() >= 60


def test_a_pair_of_doors_is_looked_at_with_one_shut_and_with_both(
    several: Callable[[str], Demonstration],
):
    demo = several("CloseCabinet")
    closing = demo.subtask == 0
    assert np.isfinite(demo.points).all()
    done = demo.progress[closing] >= 1.0
    assert 0 < done.sum() < len(done)
    radius = np.linalg.norm(demo.points[closing, 0] - demo.points[closing, 1], axis=1)
    assert np.ptp(radius) < 0.01  # next to the free edge, however far open
    assert radius.mean() > 0.3
    shut = np.linalg.norm(demo.points[closing, 2] - demo.points[closing, 0], axis=1)
    assert np.allclose(shut[done], 0.0, atol=0.005)  # the third is where the first will be
    assert shut.max() > 0.3
    hinges = in_the_room(demo)[closing, 1, :2]
    apart = np.linalg.norm(hinges[:, None] - hinges[None], axis=-1)
    assert apart.max() > 0.6  # both doors have their turn


def test_who_drives_is_posed_about_the_floor_and_asked_for_several_fixtures(
    roaming: Callable[[str], Demonstration],
):
    demo = roaming("NavigateKitchen")
    texts = demo.header.subtasks
    assert len(demo.subtask) == 3 * 24
    assert len({parse(text).target for text in texts}) == len(texts) >= 6
    felt, known = demo.proprioception, np.isfinite(demo.points).all((1, 2))
    assert len(np.unique(felt[:, 2:4].round(2), axis=0)) >= 20
    spots = np.nan_to_num(demo.points[:, 0])
    seen = np.isfinite(cameras.project(spots, felt[:, 9:12], felt[:, 12:16])[:, :2]).all(2).any(1)
    assert 0.4 < known.mean() < 0.95
    assert seen[known].all()
    room, kitchen = in_the_room(demo), Kitchen("NavigateKitchen", rendering=False)
    from robocasa.utils.env_utils import compute_robot_base_placement_pose

    try:
        kitchen.begin(3172)
        referee, raw = Referee(kitchen), kitchen.robocasa
        for number, text in enumerate(texts):
            fixture = referee.meant(parse(text))
            place, turned = compute_robot_base_placement_pose(raw, raw.fixtures[fixture])
            ahead = np.array([np.cos(turned[2]), np.sin(turned[2])])
            own = known & (demo.subtask == number)
            assert room[own, 1] == pytest.approx(np.tile([*place[:2], 0], (own.sum(), 1)), abs=0.01)
            assert room[own, 0, :2] - room[own, 1, :2] == pytest.approx(
                np.tile(0.6 * ahead, (own.sum(), 1)), abs=0.01
            )
    finally:
        kitchen.close()
    # RoboCasa's criterion, from what is stored: within 20 cm, and the cosine of the turn.
    spot, place = demo.points[known, 0, :2], demo.points[known, 1, :2]
    facing = (spot - place)[:, 0] / np.linalg.norm(spot - place, axis=1)
    arrived = (np.linalg.norm(place, axis=1) <= 0.20) & (facing >= 0.98)
    assert np.array_equal(demo.progress[known] == 1.0, arrived)
    assert 1 <= arrived.sum() <= 12
    assert (demo.progress[known][~arrived] == 0.0).all()
    straight = np.linalg.norm(room[known, 2, :2] - room[known, 0, :2], axis=1) < 0.01
    assert 0.2 < straight.mean() < 1.0


def test_a_jug_is_posed_on_the_counter_in_the_hand_and_in_the_sink(
    roaming: Callable[[str], Demonstration],
):
    demo = roaming("CleanBlenderJug")
    take, put = (demo.subtask == number for number in (0, 1))
    assert take.sum() == put.sum() == 24
    rim, top, middle = np.moveaxis(demo.points[take], 1, 0)
    assert np.allclose(np.linalg.norm(rim - top, axis=1), 0.052, atol=0.012)
    assert ((rim - top)[:, 1] > 0.04).all()  # always at the robot's left
    assert np.allclose((top - middle)[:, 2], 0.095, atol=0.015)
    felt = demo.proprioception[take]
    held = demo.progress[take] >= 1.0
    assert 2 <= held.sum() <= 14
    assert (np.linalg.norm(felt[held, 9:12] - rim[held], axis=1) < 0.06).all()
    assert (felt[held, 0] < 0.01).all()
    assert (demo.progress[take][~held] == 0.0).all()
    shut, there = np.abs(demo.proprioception[:, 0]) < 0.01, demo.progress > 0.0
    assert shut[put].mean() > 0.6  # and hold it on the way
    assert not (shut & there)[put].all()
    assert 1 <= (there & put).sum() <= 10
    away = np.linalg.norm(demo.proprioception[:, 9:12] - demo.points[:, 0], axis=1)
    assert (away[there & put] < 1.0).all()  # who has put it down stands before the sink
    assert (demo.progress[there & put] >= 0.9).all()
    if (far := (away > 0.5) & there & put).any():
        assert (demo.progress[far] == 1.0).all()
    known = put & np.isfinite(demo.points).all((1, 2))
    assert known.any()
    apart = np.linalg.norm((demo.points[known, 0] - demo.points[known, 1])[:, :2], axis=1)
    assert (apart < 0.75).all()  # where it is let go is within reach of where to stand


def test_a_knob_is_posed_on_and_off_and_its_burner_is_shown(
    several: Callable[[str], Demonstration],
):
    demo = several("TurnOffStove")
    own = demo.subtask == 0  # the others are of the stove's other knobs
    assert 4 <= (demo.progress[own] == 1.0).sum() <= 14
    room = in_the_room(demo)[own]
    assert np.ptp(room[:, 0], axis=0).max() < 0.03  # the knob turns about itself
    assert np.ptp(room[:, 1], axis=0).max() < 0.01
    kitchen = Kitchen("TurnOffStove", rendering=False)
    try:
        kitchen.begin(1000)
        raw = kitchen.robocasa
        stove, place = raw.stove, raw.knob
        name = f"{stove.naming_prefix}burner_on_{place}"
        knob = raw.sim.model.joint_name2id(f"{stove.naming_prefix}knob_{place}_joint")
        way = raw.sim.data._data.xanchor[knob] - raw.sim.data.get_site_xpos(name)
    finally:
        kitchen.close()
    apart = np.linalg.norm(room[:, 0] - room[:, 1], axis=1)
    assert np.allclose(apart, np.linalg.norm(way), atol=0.03)


def test_points_stand_where_the_cameras_of_the_pose_see_them(posed: Path):
    """Seen from every pose, what does not move is at one place in the room."""
    demo = episode_file.read(posed / outcomes(posed)[0]["file"])
    room = in_the_room(demo)
    lever = demo.subtask == 0
    assert np.ptp(room[lever, 1:], axis=0).max() < 0.01  # the lever's axis and the sink
    kitchen = Kitchen("RinseSinkBasin", rendering=False)
    try:
        kitchen.begin(1003)
        referee = Referee(kitchen)
        anchor = referee.joint(referee.fixture("faucet"), "handle_joint").anchor
        hand = referee.robot()
        first = kitchen.sensors.proprioception.vector().astype(float)
    finally:
        kitchen.close()
    start = matrix(first[5:9])
    away = start.T @ (room[lever][0, 1] - first[2:5]) - first[9:12]
    assert np.allclose(hand.base_rot @ away + hand.hand, anchor, atol=0.01)
    felt = demo.proprioception
    seen = cameras.project(demo.points[:, 0], felt[:, 9:12], felt[:, 12:16])
    assert np.isfinite(seen).any()


def test_the_eyes_learn_from_them_and_the_control_does_not(posed: Path, demos: Path):
    config = recipe("tiny").network
    both = dataset.load([posed, demos], config)
    first = next(i for i, one in enumerate(both) if not one.header.played)
    looks = [draws.all_looks(both, held_out=h).at for h in (False, True)]
    moments = [draws.all_moments(both, held_out=h).at for h in (False, True)]
    assert sum((at[:, 0] == first).sum() for at in looks) == 3 * LOOKS
    assert not any((at[:, 0] == first).any() for at in moments)


def test_a_part_counts_as_lost_beyond_8_of_224_pixels(
    posed: Path, demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Held to looks read one by one from the recorded file, and to the cameras' own projection."""
    out = tmp_path / "policy"
    words = ["policy", "train", str(demos), "--preset", "tiny", "--eyes-steps", "20"]
    words += ["--control-steps", "0", "--device", "cpu", "--threads", "1", "--out", str(out)]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["policy", "eval", str(out), str(posed), "--all", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["episodes"] == 0
    assert not told["eyes"]
    network = checkpoint.load(out).network
    demo = episode_file.read(posed / outcomes(posed)[0]["file"])
    views = ("right", "left", "hand")
    pictures = {
        view: torch.from_numpy(
            np.stack([np.array(Image.open(io.BytesIO(png))) for png in demo.pictures[view]])
        ).permute(0, 3, 1, 2)
        for view in views
    }
    felt = demo.proprioception
    true = cameras.project(demo.points[:, 0], felt[:, 9:12], felt[:, 12:16])
    for subtask, name in enumerate(("turn_on faucet", "sweep spout", "turn_off faucet")):
        row, off, far = told["posed"][name], {view: [] for view in views}, []
        for look in np.flatnonzero(demo.subtask == subtask):
            asked = torch.from_numpy(buckets(demo.header.subtasks[subtask]))[None]
            pair = torch.stack([pictures["right"][look], pictures["left"][look]])[None]
            with torch.inference_mode():
                said = network.eyes(pair, pictures["hand"][look][None], asked)
            every, unsure = (
                torch.cat([read(said.outer)[i], read(said.hand)[i]], 1)[0].double().numpy()
                for i in (0, 1)
            )
            tracker = Tracker()
            tracker.look(felt[look], every, unsure)
            away = np.linalg.norm(tracker.points(felt[look]) - demo.points[look], axis=1)
            far.append([np.isnan(x) or x > 0.03 for x in away])
            places = every[:, 0]
            for index, view in enumerate(views):
                if np.isfinite(true[look, index]).all():
                    half = np.linalg.norm(places[index] - true[look, index])
                    off[view].append(half * 224 / 2 > 8)
        assert row["looks"] == LOOKS
        for view in views:
            assert row[f"{view}_lost"] == (np.mean(off[view]) if off[view] else None)
        shares = [row[f"{point}_far"] for point in ("part", "joint", "fixture")]
        assert shares == pytest.approx(np.mean(far, 0).tolist())


def test_poses_take_no_learner(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["policy", "data", "RinseSinkBasin", "--posed", "3", "--learner", str(tmp_path)]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "nobody played" in capsys.readouterr().err
    words = ["policy", "data", "RinseSinkBasin", "--told", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--learner" in capsys.readouterr().err
