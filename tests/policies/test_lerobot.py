"""The LeRobot client and its server, in a process that has `lerobot` and not leapcasa.

The library is a stand-in with LeRobot's names; with LEAPCASA_LEROBOT_PYTHON, the interpreter of an
environment that has the real one, real policies with random weights are served as well.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from serving import HASTE, SERVERS, Server, look

import leapcasa.policies.servers
from leapcasa.configs import ConfigError, InfrastructureError
from leapcasa.policies.lerobot import LerobotPolicy

SCRIPT = Path(leapcasa.policies.servers.__path__[0]) / "lerobot_server.py"
CAMERAS = [f"observation.images.robot0_{c}" for c in ("agentview_left", "agentview_right")]
CAMERAS += ["observation.images.robot0_eye_in_hand"]
REAL = os.environ.get("LEAPCASA_LEROBOT_PYTHON", "")


def checkpoint(folder: Path, **changes) -> Path:
    told = {
        "type": "fake",
        "chunk_size": 20,
        "n_obs_steps": 1,
        "input_features": {"observation.state": [16]} | {key: [3, 256, 256] for key in CAMERAS},
        "output_features": {"action": [12]},
        **changes,
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def served(folder: Path, **changes) -> Server:
    path = checkpoint(folder / "policy", **changes)
    return Server(SCRIPT, path=str(SERVERS / "fake"), policy=path, device="cpu")


def made(server: Server, **options) -> LerobotPolicy:
    return LerobotPolicy(port=server.port, **{**HASTE, **options})


def test_the_script_needs_nothing_of_leapcasa():
    source = SCRIPT.read_text()
    assert "import leapcasa" not in source
    assert "from leapcasa" not in source
    assert "from ." not in source


def test_the_policy_sees_pictures_state_and_words_and_its_postprocessor_has_the_last_word(tmp_path):
    with served(tmp_path) as server:
        policy = made(server, execute=16)
        policy.reset("Close the tap.", 0)
        sensors = look()
        chunk = policy.act(sensors, "Close the tap.")
    assert chunk.shape == (16, 12)
    told = 2 * chunk[0]
    left = sensors.image("left").astype(np.float64) / 255
    assert np.allclose(told[:3], left.mean(axis=(0, 1)), atol=1e-4)
    assert told[3] == pytest.approx(left.max(), abs=1e-4)
    assert told[4] == pytest.approx(sensors.proprioception.end_effector_position[0], abs=1e-5)
    assert told[7] == pytest.approx(len("Close the tap.") / 100)


def test_the_seed_decides_and_a_subtask_begins_afresh(tmp_path):
    with served(tmp_path) as server:
        policy = made(server)
        runs = []
        for seed in (7, 7, 8):
            policy.reset("x", seed)
            runs.append([policy.act(look(step), "x") for step in range(3)])
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    assert [round(200 * chunk[0, 5]) for chunk in runs[2]] == [1, 2, 3]


def test_a_policy_that_remembers_is_asked_for_each_step_and_by_one_client(tmp_path):
    with served(tmp_path, n_obs_steps=2) as server:
        with pytest.raises(ConfigError, match="its chunks have 1 actions, execute is 16"):
            made(server)
        policy = made(server, execute=1)
        assert policy.act(look(), "x").shape == (1, 12)
        with pytest.raises(ConfigError, match="serves another client already"):
            made(server, execute=1, connect_s=1)
        policy.close()
        assert made(server, execute=1).act(look(), "x").shape == (1, 12)


def test_memory_that_is_lost_ends_the_episode(tmp_path):
    with served(tmp_path, n_obs_steps=2) as server:
        policy = made(server, execute=1)
        policy.reset("x", 0)
        policy.act(look(), "x")
        server.stop()
        server.start()
        with pytest.raises(InfrastructureError, match="keeps state"):
            policy.act(look(1), "x")


def test_a_restart_is_survived_by_a_policy_that_does_not_remember(tmp_path):
    with served(tmp_path) as server:
        policy = made(server)
        policy.reset("x", 5)
        first = policy.act(look(), "x")
        server.stop()
        server.start()
        again = policy.act(look(), "x")
    assert np.array_equal(first, again)  # the seed was told anew
    assert [incident.kind for incident in policy.incidents] == ["unanswered", "reconnected"]


def test_an_error_of_the_policy_is_told_in_its_own_words(tmp_path):
    with served(tmp_path) as server:
        policy = made(server)
        with pytest.raises(InfrastructureError, match="RuntimeError: CUDA error: device-side"):
            policy.act(look(), "boom")


MISFITS = {
    "seven numbers": ({"output_features": {"action": [7]}}, "action has 7 numbers there and 12"),
    "small pictures": (
        {"input_features": {CAMERAS[0]: [3, 96, 96], "observation.state": [16]}},
        "96 x 96 px there and 256 x 256 px here",
    ),
    "more inputs": (
        {"input_features": {"observation.environment_state": [3]}},
        "it wants observation.environment_state",
    ),
    "another state": ({"input_features": {"observation.state": [8]}}, "has 8 numbers there and 16"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_policy_that_does_not_fit_is_bad_input_before_the_episode(tmp_path, name):
    changes, said = MISFITS[name]
    with served(tmp_path, **changes) as server, pytest.raises(ConfigError, match=said):
        made(server)


def test_the_server_refuses_what_is_no_observation_and_listens_on_this_machine_alone(tmp_path):
    from openpi_client import msgpack_numpy
    from websockets.sync.client import connect

    evil = {b"__ndarray__": True, b"data": b"cos\nsystem\n.", b"dtype": "|O", b"shape": [1]}
    with served(tmp_path) as server:
        for request in (
            {"task": evil},
            {"task": 3},
            [1],
            {"task": "x"},
            {"reset": True, "seed": []},
        ):
            with connect(f"ws://127.0.0.1:{server.port}", proxy=None) as connection:
                msgpack_numpy.unpackb(connection.recv())
                connection.send(msgpack_numpy.packb(request))
                assert isinstance(connection.recv(), str)
        assert made(server).act(look(), "x").shape == (16, 12)
        listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True).stdout
    port = f":{server.port:04X}"
    places = {line.split()[1] for line in listening.splitlines() if port in line.split()[1]}
    assert {place.split(":")[0] for place in places} == {"0100007F"}


@pytest.mark.skipif(not REAL, reason="needs LEAPCASA_LEROBOT_PYTHON, an environment with lerobot")
@pytest.mark.parametrize(("kind", "execute"), [("act", 16), ("diffusion", 1)])
def test_real_policies_of_lerobot_act_and_repeat_themselves(tmp_path, kind, execute):
    subprocess.run(
        [REAL, str(SERVERS / "lerobot_policies.py"), kind, str(tmp_path / "p")], check=True
    )
    with Server(SCRIPT, python=REAL, policy=tmp_path / "p", device="cpu") as server:
        policy = made(server, execute=execute, answer_s=60)
        runs = []
        for _ in range(2):
            policy.reset("x", 3)
            runs.append([policy.act(look(step), "x") for step in range(3)])
    assert runs[0][0].shape == (execute, 12)
    assert np.array_equal(runs[0], runs[1])
    assert np.isfinite(runs[0]).all()
    assert not np.array_equal(runs[0][0], runs[0][1])
