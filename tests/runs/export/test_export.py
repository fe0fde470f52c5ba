"""Export: episodes made again and laid down, and LeRobot's own word on the data set.

Stand-ins for LeRobot's interpreter speak the script's protocol. With LEAPCASA_LEROBOT_PYTHON, the
interpreter of an environment with the real one, the real data set is written, opened and played.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from leapcasa.envs.kitchen import Kitchen
from leapcasa.policies.recordings import read
from leapcasa.runs import cli
from leapcasa.runs.export import command, stage
from leapcasa.runs.export.layout import layout
from leapcasa.runs.replaying.recorded import load

STEPS = 24
REAL = os.environ.get("LEAPCASA_LEROBOT_PYTHON", "")
CAMERAS = {
    "observation.images.robot0_agentview_left": "left",
    "observation.images.robot0_agentview_right": "right",
    "observation.images.robot0_eye_in_hand": "hand",
}
QUICK = ["--size", "64", "--profile", "fast"]


def exported(*arguments, capfd) -> tuple[int, dict, str]:
    code = cli.main(["export", *map(str, arguments), "--json"])
    out, said = capfd.readouterr()
    return code, json.loads(out), said


def interpreter(folder: Path, writes: str) -> Path:
    """A program that answers like an interpreter with lerobot; `writes` is its answer to a plan."""
    script = folder / "python"
    script.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        "if '--check' in sys.argv:\n    print(json.dumps({'lerobot': '0'}))\n    sys.exit(0)\n"
        f"plan = json.loads(pathlib.Path(sys.argv[-1]).read_text())\n{writes}\n"
    )
    script.chmod(0o755)
    return script


GOOD = """
out = pathlib.Path(plan["out"])
(out / "meta").mkdir(parents=True)
(out / "plan.json").write_text(json.dumps(plan))
frames = sum(json.loads(pathlib.Path(e, "episode.json").read_text())["frames"]
             for e in plan["episodes"])
print("wrote 1/1 run")
print(json.dumps({"lerobot": "0", "subtasks": {}, "frames": frames, "worst_psnr_db": None,
                  "unchecked": ""}))
"""
BAD = "print('wrote 0/1 run')\nraise SystemExit('OSError: No space left on device')"


@pytest.fixture(scope="module")
def rollouts(short_record, tmp_path_factory) -> Path:
    """The record among others: one that ended in an error, one that was killed."""
    folder = tmp_path_factory.mktemp("rollouts")
    for name in ("run", "failed", "killed"):
        shutil.copytree(short_record, folder / name)
    run = json.loads((folder / "run" / "run.json").read_text())
    broken = {**run, "result": {**run["result"], "end_reason": "infrastructure_error"}}
    (folder / "failed" / "run.json").write_text(json.dumps(broken))
    killed = {**run, "state": "running", "result": None}
    (folder / "killed" / "run.json").write_text(json.dumps(killed))
    return folder


@pytest.fixture(scope="module")
def staged(rollouts, tmp_path_factory) -> Path:
    """The folder where an export was left when LeRobot failed, with one staged episode."""
    place = tmp_path_factory.mktemp("export")
    arguments = [rollouts, place / "ds", *QUICK, "--lerobot-python", interpreter(place, BAD)]
    assert cli.main(["export", *map(str, arguments)]) == 1
    assert not (place / "ds").exists()
    return place / ".ds.export" / "staged" / "run"


def test_the_script_needs_nothing_of_leapcasa():
    source = command.SCRIPT.read_text()
    assert "import leapcasa" not in source
    assert "from leapcasa" not in source
    assert "from ." not in source


@pytest.mark.sim
def test_the_pictures_are_those_of_the_kitchen_and_the_numbers_those_of_the_record(
    staged, short_record
):
    steps = pq.read_table(short_record / "steps.parquet").to_pydict()
    felt = np.array(steps["proprioception"], np.float32)
    with np.load(staged / "arrays.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["action"], np.array(steps["action"][:STEPS], np.float32))
        order = [*range(9, 16), *range(2, 9), 0, 1]  # hand, base, gripper
        assert np.array_equal(arrays["observation.state"], felt[:STEPS, order])
        assert arrays["reward"].tolist() == [0.0] * STEPS
        begins = {view: arrays[f"begins.{view}"] for view in ("right", "left", "hand")}
    kitchen = Kitchen(
        "RinseSinkBasin", split="target", render_profile="fast",
        image_size={"right": 64, "left": 64, "hand": 64},
    )  # fmt: skip
    try:
        sensors = kitchen.begin(3)
        for step in range(4):
            for view, places in begins.items():
                assert len(places) == STEPS + 1
                data = (staged / f"{view}.png").read_bytes()[places[step] : places[step + 1]]
                picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
                assert picture is not None
                assert np.array_equal(picture[..., ::-1], sensors.image(view)), (view, step)
            sensors = kitchen.advance(np.asarray(steps["action"][step], np.float32))
    finally:
        kitchen.close()


@pytest.mark.sim
def test_each_frame_has_the_subtask_that_was_in_hand(staged, short_record):
    events = [json.loads(line) for line in (short_record / "events.jsonl").read_text().splitlines()]
    starts = {e["step"]: e["text"] for e in events if e["event"] == "SubtaskStarted"}
    assert len(set(starts.values())) > 1
    told = json.loads((staged / "episode.json").read_text())
    with np.load(staged / "arrays.npz", allow_pickle=False) as arrays:
        words = [told["subtasks"][index] for index in arrays["subtask"]]
    for step, word in enumerate(words):
        assert word == starts[max(begun for begun in starts if begun <= step)]
    assert (
        told["task"] == json.loads((short_record / "run.json").read_text())["scene"]["instruction"]
    )
    assert set(told["verified"]) == {
        "state", "proprioception", "success", "frames right", "frames left"
    }  # fmt: skip


@pytest.mark.sim
def test_the_same_command_goes_on_after_lerobot_failed_and_others_are_left_out(
    staged, rollouts, tmp_path, capfd
):
    out = staged.parents[2] / "ds"
    before = (staged / "arrays.npz").stat().st_ino
    kept = shutil.copytree(staged, tmp_path / "kept")
    arguments = [rollouts, out, *QUICK, "--lerobot-python"]
    code, said, _ = exported(*arguments, interpreter(tmp_path, BAD), capfd=capfd)
    assert code == 1
    assert "No space left on device" in said["error"]
    assert (staged / "arrays.npz").stat().st_ino == before
    code, value, heard = exported(*arguments[:2], "--size", 66, *QUICK[2:], "--lerobot-python",
                                  interpreter(tmp_path, GOOD), capfd=capfd)  # fmt: skip
    assert code == 2
    assert "another export was begun" in value["error"]
    code, value, heard = exported(*arguments, interpreter(tmp_path, GOOD), capfd=capfd)
    assert code == 0
    assert "made by an earlier call" in heard
    assert (value["episodes"], value["frames"]) == (1, STEPS)
    reasons = {one["name"]: one["why"] for one in value["left_out"]}
    assert reasons == {
        "failed": "it ended as infrastructure_error", "killed": "the run never ended"
    }  # fmt: skip
    plan = json.loads((out / "plan.json").read_text())
    assert plan["fps"] == 20
    assert plan["images"] == CAMERAS
    assert plan["features"]["action"]["names"][7:] == [
        "base_motion_0", "base_motion_1", "base_motion_2", "base_motion_3", "control_mode_0"
    ]  # fmt: skip
    about = plan["extra"]["meta/leapcasa.json"]
    assert about["episodes"][0]["record"] == "run"
    assert about["compares_with_published"] is False
    assert not staged.exists()
    shutil.copytree(kept, staged)  # for whoever comes after


@pytest.mark.sim
def test_an_episode_that_parts_from_its_record_is_left_out_and_that_is_a_failure(
    short_record, tmp_path, capfd
):
    record = Path(shutil.copytree(short_record, tmp_path / "run"))
    run = json.loads((record / "run.json").read_text())
    (record / "run.json").write_text(json.dumps({**run, "scene": {**run["scene"], "style": 99}}))
    code, value, _ = exported(record, tmp_path / "ds", *QUICK, "--lerobot-python",
                              interpreter(tmp_path, GOOD), capfd=capfd)  # fmt: skip
    assert code == 1
    assert "its scene comes out different here: style: 99" in value["error"]
    assert not (tmp_path / "ds").exists()


def test_bad_input_is_refused_before_anything_is_built(short_record, tmp_path, capfd):
    good = ["--lerobot-python", interpreter(tmp_path, GOOD)]

    def refused(*arguments) -> str:
        code, value, _ = exported(*arguments, capfd=capfd)
        assert code == 2
        return value["error"]

    assert "is there already" in refused(short_record, tmp_path, *good)
    assert "no rollouts" in refused(tmp_path, tmp_path / "ds", *good)
    out = tmp_path / "ds"
    assert "did you mean 'robocasa365'" in refused(
        short_record, out, "--mapping", "robocasa", *good
    )
    assert "--size 7 is impossible" in refused(short_record, out, "--size", "7", *good)
    assert "--format 'hdf5' is unknown" in refused(short_record, out, "--format", "hdf5", *good)
    assert "run: no success" in refused(short_record, out, "--successful", *good)
    assert "has no lerobot that works" in refused(
        short_record, out, "--lerobot-python", sys.executable
    )
    assert "does not run" in refused(short_record, out, "--lerobot-python", tmp_path / "nothing")
    assert not out.exists()
    assert not list(tmp_path.glob(".ds*"))


def test_the_mapping_dataset_has_the_order_of_robocasas_own_data_sets():
    drawn = layout("dataset", None, lossless=True)
    actions = np.arange(24, dtype=np.float32).reshape(2, 12)
    columns = drawn.columns(np.zeros((2, 16), np.float32), actions)
    assert columns["action"][0].tolist() == [7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6]
    assert drawn.modality()["action"]["base_motion"]["end"] == 4
    assert {f["dtype"] for k, f in drawn.features().items() if "images" in k} == {"image"}
    assert drawn.size == 256


def test_subtasks_of_a_record_without_events_are_its_instruction(short_record, tmp_path):
    record = Path(shutil.copytree(short_record, tmp_path / "run"))
    (record / "events.jsonl").unlink()
    texts, index = stage.subtasks(load(record))
    assert texts == [load(record).scene.instruction]
    assert index.tolist() == [0] * STEPS


@pytest.mark.sim
@pytest.mark.skipif(not REAL, reason="needs LEAPCASA_LEROBOT_PYTHON, an environment with lerobot")
@pytest.mark.parametrize("lossless", [True, False])
def test_real_lerobot_opens_what_it_wrote_and_our_replay_plays_it(
    staged, rollouts, tmp_path, capfd, lossless
):
    out = tmp_path / "real"
    shutil.copytree(staged, tmp_path / "kept")
    more = ["--lossless"] if lossless else []
    code, value, _ = exported(rollouts, out, *QUICK, *more, "--lerobot-python", REAL, capfd=capfd)
    assert code == 0, value
    assert value["frames"] == STEPS
    assert value["worst_psnr_db"] > (90 if lossless else 28)
    code = (
        "import json, sys, numpy as np\n"
        "from lerobot.datasets.lerobot_dataset import LeRobotDataset\n"
        "d = LeRobotDataset('x/y', root=sys.argv[1], video_backend='pyav')\n"
        "i = [d[k] for k in range(len(d))]\n"
        "print(json.dumps({'fps': d.fps, 'subtask': [x['subtask'] for x in i],"
        " 'task': i[0]['task'], 'time': [float(x['timestamp']) for x in i],"
        " 'image': list(i[3]['observation.images.robot0_eye_in_hand'].shape)}))\n"
    )
    done = subprocess.run([REAL, "-c", code, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    told = json.loads((tmp_path / "kept" / "episode.json").read_text())
    with np.load(tmp_path / "kept" / "arrays.npz", allow_pickle=False) as arrays:
        assert seen["subtask"] == [told["subtasks"][index] for index in arrays["subtask"]]
    assert (seen["fps"], seen["task"], seen["image"]) == (20, told["task"], [3, 64, 64])
    assert np.allclose(seen["time"], np.arange(STEPS) / 20, atol=1e-4)
    again = read(out, 0)
    recorded = pq.read_table(rollouts / "run" / "steps.parquet")["action"].to_pylist()
    assert np.array_equal(again.actions, np.array(recorded[:STEPS], np.float32))
