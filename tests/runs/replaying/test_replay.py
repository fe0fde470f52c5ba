"""Replay of a real record: the same across processes, and the place where a changed one parts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import mujoco
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

from leapcasa.envs.kitchen import Kitchen
from leapcasa.runs import cli

STEPS = 24


@pytest.fixture
def copy(short_record, tmp_path) -> Path:
    """The record, to be changed."""
    return Path(shutil.copytree(short_record, tmp_path / "copy"))


def told(arguments: list, capfd) -> tuple[int, dict, str]:
    """Exit code, the JSON object and what was said, of one call in this process."""
    code = cli.main(["replay", *map(str, arguments), "--json"])
    out, said = capfd.readouterr()
    return code, json.loads(out), said


def change(path: Path, **changed) -> None:
    """Top-level fields of a JSON file."""
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, **changed}))


def rewrite(path: Path, column: str, values: list) -> None:
    table = pq.read_table(path)
    place = table.column_names.index(column)
    field = table.schema.field(place)
    pq.write_table(table.set_column(place, field, pa.array(values, field.type)), path)


def cut(path: Path, rows: int) -> None:
    pq.write_table(pq.read_table(path).slice(0, rows), path)


@pytest.mark.sim
def test_another_process_comes_to_the_same_states_and_pixels(short_record, tmp_path):
    out = tmp_path / "again"
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "replay", short_record, "--video", "--out", out,
         "--json"],
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert (value["verdict"], value["parted"], value["not_compared"]) == ("same", None, [])
    counts = {t["quantity"]: (t["looks"], t["same"]) for t in value["compared"]}
    names = ("state", "proprioception", "success", "frames right", "frames left")
    assert counts == dict.fromkeys(names, (STEPS + 1, STEPS + 1))
    assert json.loads((out / "replay.json").read_text()) == value
    film = imageio_ffmpeg.read_frames(value["video"])
    width, height = next(film)["size"]
    frames = [np.frombuffer(data, np.uint8).reshape(height, width, 3) for data in film]
    assert len(frames) == STEPS + 1
    left, right = frames[9][84:396, 16:640], frames[9][84:396, 656:1280]
    assert left.std() > 20  # a kitchen, not a blank
    assert np.abs(left[:270].astype(int) - right[:270]).mean() < 12  # the record's video is lossy


@pytest.mark.sim
def test_the_trace_holds_what_an_independent_rerun_sees(short_record):
    trace = pq.read_table(short_record / "trace.parquet").to_pydict()
    actions = pq.read_table(short_record / "steps.parquet")["action"].to_pylist()
    kitchen = Kitchen(
        "RinseSinkBasin", split="target", render_profile="fast",
        image_size={"right": 64, "left": 64, "hand": 64},
    )  # fmt: skip
    try:
        sensors = kitchen.begin(3)
        for action in actions[:5]:
            sensors = kitchen.advance(np.asarray(action, np.float32))
        simulation = kitchen.robocasa.sim
        model, data = simulation.model._model, simulation.data._data
        kind = mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.zeros(mujoco.mj_stateSize(model, kind))
        mujoco.mj_getState(model, data, state, kind)
        assert trace["state"][5] == xxhash.xxh3_64(state.tobytes()).intdigest()
        assert np.array_equal(np.float32(trace["joints"][5]), data.qpos.astype(np.float32))
        for view in ("right", "left"):
            pixels = np.array(sensors.image(view))
            assert pixels.std() > 10
            assert trace[view][5] == xxhash.xxh3_64(pixels.tobytes()).intdigest()
    finally:
        kitchen.close()
    assert trace["step"] == list(range(STEPS + 1))
    assert len(set(trace["state"])) == STEPS + 1


@pytest.mark.sim
def test_a_changed_action_parts_at_its_step(copy, capfd):
    actions = pq.read_table(copy / "steps.parquet")["action"].to_pylist()
    actions[10][3] = -actions[10][3] + 0.5
    rewrite(copy / "steps.parquet", "action", actions)
    code, value, _ = told([copy, "--no-frames"], capfd)
    assert code == 1
    assert (value["parted"]["step"], value["parted"]["quantity"]) == (11, "state")
    assert "joint robot0_" in value["parted"]["what"]
    assert 0 < value["parted"]["by"] < 1
    assert "the action of step 10" in value["likely"]
    state = next(track for track in value["compared"] if track["quantity"] == "state")
    assert (state["looks"], state["same"]) == (STEPS + 1, 11)
    assert "pictures: --no-frames" in value["not_compared"]


@pytest.mark.sim
def test_a_record_of_other_assets_without_a_trace_is_the_same_as_far_as_it_goes(copy, capfd):
    (copy / "trace.parquet").unlink()
    run = json.loads((copy / "run.json").read_text())
    change(copy / "run.json", scene={**run["scene"], "assets": "standin 0000"},
           versions={**run["versions"], "mujoco": "3.2.0"})  # fmt: skip
    code, value, _ = told([copy], capfd)
    assert (code, value["verdict"]) == (0, "same")
    assert {track["quantity"] for track in value["compared"]} == {"proprioception", "success"}
    assert value["not_compared"] == ["states and pictures: the record has no trace.parquet"]
    assert "standin 0000 then" in value["differences"]["assets"]
    assert any("mujoco: 3.2.0 then" in line for line in value["differences"]["versions"])


@pytest.mark.sim
def test_a_scene_that_comes_out_different_is_named_with_its_likely_reason(copy, capfd):
    run = json.loads((copy / "run.json").read_text())
    scene = {**run["scene"], "layout": 9999, "assets": "standin 0000"}
    change(copy / "run.json", scene=scene)
    code, value, said = told([copy, "--no-frames"], capfd)
    assert (code, value["parted"]["quantity"], value["looks"]) == (1, "scene", 0)
    assert "layout: 9999" in value["parted"]["what"]
    assert "assets: standin 0000 then" in value["likely"]
    assert "Traceback" not in said


@pytest.mark.sim
def test_a_record_of_a_killed_run_is_compared_as_far_as_it_reaches(copy, capfd):
    change(copy / "run.json", state="running", result=None)
    for name, rows in (("steps", 9), ("truth", 9), ("trace", 7)):
        cut(copy / f"{name}.parquet", rows)
    code, value, _ = told([copy, "--no-frames"], capfd)
    assert (code, value["verdict"], value["whole"]) == (0, "same", False)
    assert (value["actions"], value["looks"]) == (9, 10)
    looks = {track["quantity"]: track["looks"] for track in value["compared"]}
    assert looks == {"state": 7, "proprioception": 9, "success": 9}
    assert "the run never ended" in value["not_compared"][0]


def test_what_cannot_be_run_again_is_bad_input(copy, tmp_path, capfd):
    def refused(*arguments, **said) -> str:
        code, value, heard = told(list(arguments), capfd)
        assert code == 2
        assert "Traceback" not in heard
        return value["error"]

    assert "is no folder" in refused(tmp_path / "nowhere")
    assert "neither an evaluation" in refused(tmp_path)
    assert "name no episode" in refused(copy, "RinseSinkBasin:3")
    assert "--out DIR" in refused(copy, "--video")
    whole = (copy / "run.json").read_text()
    change(copy / "run.json", scene=None)
    assert "before its kitchen was built" in refused(copy)
    (copy / "run.json").write_text(whole)
    rows = pq.read_table(copy / "steps.parquet")["action"].to_pylist()
    rewrite(copy / "steps.parquet", "action", [*rows[:3], None, *rows[4:]])
    assert "lacks an action in the middle" in refused(copy)
    (copy / "steps.parquet").write_bytes(b"PAR1 nothing PAR1")
    assert "steps.parquet is broken" in refused(copy)
    (copy / "steps.parquet").unlink()
    assert "it was removed" in refused(copy)
    change(copy / "run.json", state="running")
    assert "before its first 200 steps were written" in refused(copy)
    (copy / "run.json").write_text("{")
    assert "cannot read" in refused(copy)
