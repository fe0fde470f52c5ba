"""Whole episodes through the real command, their policy behind a server in another process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from serving import Server, requests

from leapcasa.configs import load

pytestmark = pytest.mark.sim


def rollout(folder: Path, policy: str, *options: str) -> tuple[int, dict, str]:
    sets = [f"policy={policy}", "limits.max_steps=40", "env.render_profile=fast", *options]
    sets += ["video.enabled=false"]
    words = [part for option in sets for part in ("--set", option)]
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "rollout", "RinseSinkBasin", "--seed", "3",
         "--config", "baseline", "--json", "--out", str(folder), *words],
        capture_output=True, text=True, timeout=400, cwd=folder.parent,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def events(folder: Path, kind: str) -> list[dict]:
    rows = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [row for row in rows if row["event"] == kind]


def test_an_openpi_server_moves_the_robot_and_a_restart_is_in_the_record(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "run"
    with Server("openpi_server.py", log=log, fault="reset", after=3, times=1) as server:
        code, result, _ = rollout(
            folder, "openpi", f"policy.options.port={server.port}", "policy.options.execute=8"
        )
    assert code == 0
    assert (result["steps"], result["end_reason"], result["incidents"]) == (40, "horizon", 2)
    assert result["privileged"] == []
    calls = events(folder, "PolicyCalled")
    assert [call["horizon"] for call in calls] == [8] * len(calls)
    assert len(requests(log)) == len(calls) + 1
    told = events(folder, "PolicyIncident")
    assert [row["kind"] for row in told] == ["unanswered", "reconnected"]
    assert told[0]["step"] == calls[3]["step"]
    actions = np.array(pq.read_table(folder / "steps.parquet")["action"].to_pylist()[:-1])
    assert np.allclose(actions[:8, 0], 0.01 + np.arange(8) / 1000)
    assert (actions[:, 0] > 0).all()
    info = json.loads((folder / "run.json").read_text())["parts"]["policy"]
    assert info["settings"]["observation/image"] == "left view, 224 px"


def test_a_server_that_dies_ends_the_episode_as_infrastructure_error(tmp_path):
    folder = tmp_path / "run"
    with Server("openpi_server.py", fault="exit", after=2) as server:
        code, result, said = rollout(
            folder, "openpi", f"policy.options.port={server.port}", "policy.options.reconnect_s=1"
        )
    assert code == 1
    assert result["end_reason"] == "infrastructure_error"
    assert "not found again within 1 s" in result["error"]
    assert result["error"] in said
    assert 10 <= result["steps"] < 40
    record = json.loads((folder / "run.json").read_text())
    assert record["state"] == "finished"
    assert record["result"] == result
    assert events(folder, "Ended")[0]["reason"] == "infrastructure_error"
    assert pq.read_table(folder / "steps.parquet").num_rows >= result["steps"]


def test_no_server_is_bad_input_and_leaves_no_folder(tmp_path):
    code, result, _ = rollout(
        tmp_path / "run", "openpi", "policy.options.port=9", "policy.options.connect_s=0.5"
    )
    assert code == 2
    assert "no policy server of this kind at ws://127.0.0.1:9" in result["error"]
    assert not (tmp_path / "run").exists()


def test_a_groot_server_moves_the_robot_from_the_preset_of_its_name(tmp_path):
    folder = tmp_path / "run"
    with Server("groot_server.py", release="n1.6") as server:
        code, result, _ = rollout(
            folder, "groot", f"policy.options.port={server.port}", "policy.options.mapping=n1.6"
        )
    assert code == 0
    assert (result["steps"], result["end_reason"], result["incidents"]) == (40, "horizon", 0)
    actions = np.array(pq.read_table(folder / "steps.parquet")["action"].to_pylist()[:-1])
    assert np.allclose(actions[:16, 5], 0.01 + np.arange(16) / 1000)


def test_a_recorded_run_is_replayed_to_the_same_feelings(tmp_path):
    """The same scene, the same actions: the robot feels the same at every step."""
    first, again = tmp_path / "first", tmp_path / "again"
    assert rollout(first, "random", "limits.max_steps=24")[0] == 0
    code, result, _ = rollout(
        again, "replay", f"policy.options.path={first}", "limits.max_steps=24"
    )
    assert (code, result["end_reason"], result["incidents"]) == (0, "horizon", 0)
    tables = [pq.read_table(folder / "steps.parquet") for folder in (first, again)]
    for column in ("action", "proprioception"):
        assert tables[0][column].to_pylist() == tables[1][column].to_pylist()


def test_the_class_in_the_documentation_runs_as_it_is_written(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    source = text.split("```python\n")[1].split("```")[0]
    assert len([line for line in source.splitlines() if line.strip()]) <= 20
    (tmp_path / "my_policy.py").write_text(source)
    code, result, _ = rollout(tmp_path / "run", "my_policy:MyPolicy", "policy.options.speed=0.3")
    assert (code, result["steps"], result["privileged"]) == (0, 40, [])
    actions = np.array(pq.read_table(tmp_path / "run/steps.parquet")["action"].to_pylist()[:-1])
    assert (actions[:8, 2] == np.float32(-0.3)).all()


def test_the_presets_in_the_documentation_are_those_that_ship():
    text = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    for preset in ("openpi", "groot", "lerobot"):
        for name in load(preset).policy.options["mappings"]:
            assert f"`{name}`" in text
