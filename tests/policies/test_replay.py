"""Replay of our own runs, and of demonstrations in LeRobot's format as RoboCasa writes them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from serving import look

from leapcasa.configs import ConfigError, PolicyError
from leapcasa.policies.replay import ReplayPolicy

OFFICIAL = np.random.default_rng(0).uniform(-1, 1, (20, 12)).astype(np.float32)
DATASET = [5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4]
"""Where RoboCasa's data sets keep each official number: base and mode come first."""
PLACES = {"base_motion": (0, 4), "control_mode": (4, 5), "end_effector_position": (5, 8),
          "end_effector_rotation": (8, 11), "gripper_close": (11, 12)}  # fmt: skip
NAMES = [f"{part}_{i}" for part, (start, end) in PLACES.items() for i in range(end - start)]


def stored(actions: np.ndarray) -> np.ndarray:
    shuffled = np.empty_like(actions)
    shuffled[:, DATASET] = actions
    return shuffled


def dataset(
    folder: Path, *, split: bool = True, names: object = None, modality: bool = True, fps: int = 20
) -> Path:
    """Three episodes of 20 frames; episode e holds the official actions times 1 - e / 10."""
    (folder / "meta").mkdir(parents=True)
    info = {"fps": fps, "features": {"action": {"shape": [12], "names": names}}}
    (folder / "meta" / "info.json").write_text(json.dumps(info))
    if modality:
        places = {part: {"start": a, "end": b} for part, (a, b) in PLACES.items()}
        (folder / "meta" / "modality.json").write_text(json.dumps({"action": places}))
    tables = []
    for episode in range(3):
        values = stored(OFFICIAL * (1 - episode / 10)).astype(np.float64)
        order = np.arange(20)[::-1]  # rows need not come in order
        columns = {
            "action": [list(values[i]) for i in order],
            "episode_index": [episode] * 20,
            "frame_index": list(order),
        }
        tables.append(pa.table(columns))
    chunk = folder / "data" / "chunk-000"
    chunk.mkdir(parents=True)
    if split:
        for episode, table in enumerate(tables):
            pq.write_table(table, chunk / f"episode_{episode:06d}.parquet")
    else:
        pq.write_table(pa.concat_tables(tables), chunk / "file-000.parquet")
    return folder


def run_folder(folder: Path) -> Path:
    """As `runs.recorder` writes it: a row a look, no action on the last one."""
    from leapcasa.runs.records import Table

    columns = {
        "step": pa.int32(),
        "action": pa.list_(pa.float32(), 12),
        "proprioception": pa.list_(pa.float32(), 16),
    }
    folder.mkdir()
    table = Table(folder / "steps.parquet", columns)
    for step in range(21):
        felt = look(step).proprioception.vector()
        action = OFFICIAL[step] if step < 20 else None
        table.append({"step": step, "action": action, "proprioception": felt})
    table.save()
    return folder


def replayed(policy: ReplayPolicy, steps: int = 20) -> np.ndarray:
    policy.reset("x", 0)
    done: list[np.ndarray] = []
    while len(done) < steps:
        done += list(policy.act(look(len(done)), "x"))
    return np.array(done[:steps])


def test_a_run_is_replayed_number_for_number(tmp_path):
    policy = ReplayPolicy(path=str(run_folder(tmp_path / "run")), execute=7)
    assert np.array_equal(replayed(policy), OFFICIAL)
    assert not policy.incidents
    assert not policy.info.privileged


def test_the_step_decides_even_if_a_chunk_was_dropped(tmp_path):
    policy = ReplayPolicy(path=str(run_folder(tmp_path / "run")))
    assert np.array_equal(policy.act(look(13), "x"), OFFICIAL[13:])


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("how", ["modality", "names", "motors", "order"])
def test_a_demonstration_comes_in_the_official_order(tmp_path, split, how):
    names = {"names": NAMES, "motors": {"motors": [f"action.{n}" for n in NAMES]}}.get(how)
    folder = dataset(tmp_path / "d", split=split, names=names, modality=how == "modality")
    order = list(PLACES) if how == "order" else None
    policy = ReplayPolicy(path=str(folder), episode=2, order=order)
    assert np.allclose(replayed(policy), OFFICIAL * 0.8, atol=1e-6)


def test_where_the_robot_parts_from_the_record_is_told_once(tmp_path):
    policy = ReplayPolicy(path=str(run_folder(tmp_path / "run")), execute=5)
    policy.act(look(0), "x")
    for step in (5, 10):
        policy.act(look(step, seed=1), "x")
    (incident,) = policy.incidents
    assert incident.kind == "parted"
    assert "at step 5" in incident.text


def test_the_end_of_a_recording_is_never_a_silent_zero(tmp_path):
    path = str(run_folder(tmp_path / "run"))
    with pytest.raises(PolicyError, match="max_steps=20"):
        ReplayPolicy(path=path).act(look(21), "x")
    assert len(ReplayPolicy(path=path).act(look(20), "x")) == 1  # the look at the end
    held = ReplayPolicy(path=path, at_end="hold", execute=3).act(look(20), "x")
    assert held.shape == (3, 12)
    assert (held[:, 6] == OFFICIAL[-1, 6]).all()
    assert not np.delete(held, 6, axis=1).any()


def test_bad_sources_are_bad_input(tmp_path):
    with pytest.raises(ConfigError, match="no recording"):
        ReplayPolicy(path=str(tmp_path))
    silent = dataset(tmp_path / "silent", modality=False)
    with pytest.raises(ConfigError, match=r"does not tell the order.*policy\.options\.order"):
        ReplayPolicy(path=str(silent))
    with pytest.raises(ConfigError, match=r"no episode 3; it has 0 \.\. 2"):
        ReplayPolicy(path=str(dataset(tmp_path / "d", split=False)), episode=3)
    with pytest.raises(ConfigError, match="30 frames a second"):
        ReplayPolicy(path=str(dataset(tmp_path / "fast", fps=30)))
    short = dataset(tmp_path / "short", modality=False, names=NAMES[:-1])
    with pytest.raises(ConfigError, match="0 of the action's names hold 'gripper_close'"):
        ReplayPolicy(path=str(short))
    with pytest.raises(ConfigError, match="did you mean 'base_motion'"):
        ReplayPolicy(path=str(silent), order=["base_moton"])
    (silent / "data/chunk-000/episode_000000.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(ConfigError, match="cannot read"):
        ReplayPolicy(path=str(silent), order=list(PLACES))


@pytest.mark.parametrize("options", [{"at_end": "loop"}, {"execute": 0}, {"episode": 1}])
def test_options_that_do_not_fit_are_bad_input(tmp_path, options):
    with pytest.raises(ConfigError, match=r"policy\.options"):
        ReplayPolicy(path=str(run_folder(tmp_path / "run")), **options)


def test_a_number_that_is_none_in_a_recording_is_bad_input(tmp_path):
    folder = dataset(tmp_path / "d")
    file = folder / "data/chunk-000/episode_000001.parquet"
    table = pq.read_table(file).to_pydict()
    table["action"][4][2] = float("nan")
    pq.write_table(pa.table(table), file)
    with pytest.raises(ConfigError, match="action 15 holds nan"):
        ReplayPolicy(path=str(folder), episode=1)
