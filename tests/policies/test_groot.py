"""The GR00T client against real server processes, some of which misbehave."""

import re
import threading
import time

import numpy as np
import pytest
from serving import HASTE, Server, look, refused_port, requests

from leapcasa.configs import ConfigError, InfrastructureError
from leapcasa.policies.groot import GrootPolicy

LOST = {
    "slow": "no answer to get_action within",
    "truncated": "cannot be read",
    "garbage": "",
    "objects": "dtype",
    "boast": "needs 13194139533312 bytes",
    "header": "header that is none",
    "huge": "the connection broke",
}
"""Faults that another attempt may mend, with what is said of them."""

WRONG = {
    "error": "CUDA out of memory",
    "pickle": "pickle inside and is never read",
    "torch": "pickle inside and is never read",
    "old-error": "older release",
    "missing": "without 'action.end_effector_position'",
    "nan": "action.end_effector_position[0, 0] = nan",
    "narrow": "shape (1, 16, 2); (horizon >= 1, 3) is wanted",
    "uneven": "different lengths: [13, 16] actions",
    "words": "no dictionary of actions but 'done'",
}
"""Answers that no further attempt would mend."""


def made(server: Server, **options) -> GrootPolicy:
    return GrootPolicy(port=server.port, **{**HASTE, **options})


RELEASES = {"n1.5": "n1.5", "n1.6": "n1.6", "n1.6-nested": "n1.6"}


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_gets_its_own_form_and_gives_a_chunk(release, tmp_path):
    log = tmp_path / "log"
    told = release if release.endswith("nested") else "auto"
    with Server("groot_server.py", release=release, log=log) as server:
        policy = made(server, mapping=RELEASES[release], release=told)
        policy.reset("x", 0)
        first, second = policy.act(look(), "Close the tap."), policy.act(look(1), "x")
    assert first.shape == (16, 12)
    assert np.allclose(first, 0.01 + np.arange(16)[:, None] / 1000)
    assert np.allclose(second[0], 0.02)
    assert not policy.incidents
    endpoints = [request["endpoint"] for request in requests(log)]
    begun = [] if release == "n1.5" else ["reset"]
    asked = ["get_action", "get_action"]
    assert endpoints == ["ping", "get_modality_config", *begun, *asked]


def test_the_request_of_n15_is_the_official_observation_with_batch_and_time(tmp_path):
    log = tmp_path / "log"
    with Server("groot_server.py", log=log) as server:
        made(server).act(look(), "Close the tap.")
    data = requests(log)[-1]["data"]
    video, state = ["uint8", [1, 1, 256, 256, 3]], {
        "gripper_qpos": 2, "base_position": 3, "base_rotation": 4,
        "end_effector_position_relative": 3, "end_effector_rotation_relative": 4,
    }  # fmt: skip
    wanted = {f"state.{key}": ["float32", [1, 1, width]] for key, width in state.items()}
    wanted |= {f"video.robot0_{name}": video for name in ("agentview_left", "agentview_right")}
    wanted |= {"video.robot0_eye_in_hand": video}
    wanted |= {"annotation.human.task_description": ["Close the tap."]}
    assert data == wanted


@pytest.mark.parametrize("fault", LOST)
def test_what_may_mend_itself_is_asked_again_and_told(fault):
    with Server("groot_server.py", fault=fault, after=1, times=1) as server:
        policy = made(server, answer_s=0.7)
        policy.act(look(), "x")
        chunk = policy.act(look(1), "x")
    assert np.allclose(chunk[0], 0.03)  # of the third request: nothing was made up
    assert [incident.kind for incident in policy.incidents] == ["unanswered", "reconnected"]
    assert LOST[fault] in policy.incidents[0].text


@pytest.mark.parametrize("fault", ["hang", "exit", "boast"])
def test_what_does_not_mend_itself_is_an_infrastructure_error(fault):
    with Server("groot_server.py", fault=fault, after=1) as server:
        policy = made(server, answer_s=1, reconnect_s=1.5, first_answer_s=1)
        policy.act(look(), "x")
        with pytest.raises(InfrastructureError, match=r"not found again|gave no answer"):
            policy.act(look(1), "x")


@pytest.mark.parametrize("fault", WRONG)
def test_an_answer_that_is_wrong_is_an_infrastructure_error_at_once(fault):
    with Server("groot_server.py", fault=fault, after=1) as server:
        policy = made(server)
        policy.act(look(), "x")
        with pytest.raises(InfrastructureError, match=re.escape(WRONG[fault])):
            policy.act(look(1), "x")
    assert not policy.incidents


def test_a_restart_in_mid_episode_is_survived_and_told():
    with Server("groot_server.py") as server:
        policy = made(server, answer_s=1)
        policy.act(look(), "x")
        server.stop()
        later = threading.Timer(0.7, server.start)
        later.start()
        chunk = policy.act(look(1), "x")
        later.join()
    assert np.allclose(chunk[0], 0.01)  # the first answer of the new process
    assert [incident.kind for incident in policy.incidents] == ["unanswered", "reconnected"]


def test_a_server_that_pickles_is_refused_before_the_episode():
    with (
        Server("groot_server.py", fault="pickle-ping") as server,
        pytest.raises(ConfigError, match="never read"),
    ):
        made(server)


MISFITS = {
    "other release": ({"release": "n1.6"}, {}, "it wants annotation.human.action.task_desc"),
    "short chunks": ({"horizon": 8}, {}, "its chunks have 8 actions, execute is 16"),
    "history": ({"frames": 4}, {}, "it wants 4 moments in each request"),
    "no token": ({"token": "secret"}, {}, "Unauthorized"),
    "unset token": ({}, {"api_token_env": "NO_SUCH"}, "'NO_SUCH', which is not set"),
    "unknown mapping": ({}, {"mapping": "n1.7"}, "unknown policy.options.mapping 'n1.7'"),
    "unknown release": ({}, {"release": "n2"}, "release is 'n2'; it is one of auto"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_server_that_does_not_fit_is_bad_input_before_the_episode(name):
    theirs, ours, said = MISFITS[name]
    with (
        Server("groot_server.py", **theirs) as server,
        pytest.raises(ConfigError, match=re.escape(said)),
    ):
        made(server, **ours)


def test_a_token_comes_from_the_environment_and_is_in_no_record(monkeypatch):
    monkeypatch.setenv("GROOT_TOKEN", "secret")
    with Server("groot_server.py", token="secret") as server:
        policy = made(server, api_token_env="GROOT_TOKEN")
        assert policy.act(look(), "x").shape == (16, 12)
    assert "secret" not in str(policy.info)


def test_a_server_without_a_modality_config_is_taken_as_n15():
    with Server("groot_server.py", config=0) as server:
        policy = made(server)
        assert policy.act(look(), "x").shape == (16, 12)
    assert "server says" not in policy.info.settings


def test_a_mapping_that_the_server_does_not_know_is_the_servers_own_error():
    """Without a modality config only the first request can tell."""
    with Server("groot_server.py", config=0, release="n1.5") as server:
        policy = made(server, mapping="n1.6")
        with pytest.raises(InfrastructureError, match=r"video\.robot0_agentview_left"):
            policy.act(look(), "x")


def test_nobody_there_is_bad_input_after_the_time_allowed():
    began = time.monotonic()
    with pytest.raises(ConfigError, match="Connection refused"):
        GrootPolicy(port=refused_port(), connect_s=1)
    assert 0.5 < time.monotonic() - began < 4


def test_another_kind_of_server_is_bad_input():
    with (
        Server("openpi_server.py") as server,
        pytest.raises(ConfigError, match=r"connection broke|no answer to ping"),
    ):
        made(server, connect_s=1.5)


@pytest.mark.parametrize("host", ["tcp://a", "", "a b"])
def test_an_address_that_is_none_is_bad_input(host):
    with pytest.raises(ConfigError, match="host is"):
        GrootPolicy(host=host)
