"""The openpi client against real server processes, some of which misbehave."""

import http.server
import re
import socket
import threading
import time

import numpy as np
import pytest
from serving import HASTE, Server, look, refused_port, requests

from leapcasa.configs import ConfigError, InfrastructureError
from leapcasa.policies.openpi import OpenpiPolicy

LOST = {
    "close": "closed the connection",
    "reset": "connection",
    "hang": "no answer within",
    "truncated": "cannot be read",
    "garbage": "cannot be read",
    "nothing": "cannot be read",
    "huge": "more than 67108864 bytes",
    "objects": "dtype '|O'",
    "boast": "needs",
}
"""Faults that another attempt may mend, with what is said of them."""

WRONG = {
    "error": "KeyError: 'observation/state'",
    "nan": r"actions\[1, 3\] = nan",
    "inf": r"actions\[1, 3\] = inf",
    "narrow": r"shape \(10, 11\)",
    "flat": r"shape \(120,\)",
    "empty": r"shape \(0, 12\)",
    "short": "execute=2 fits",
    "words": "no numbers",
    "missing": "without 'actions'; it sent action",
    "list": "no dictionary but list",
    "number": "no dictionary but int",
}
"""Answers that no further attempt would mend."""


def made(server: Server, **options) -> OpenpiPolicy:
    return OpenpiPolicy(port=server.port, **{**HASTE, **options})


def test_a_chunk_is_cut_to_what_is_executed_and_asked_for_again():
    with Server("openpi_server.py") as server:
        policy = made(server, execute=4)
        policy.reset("x", 0)
        first, second = policy.act(look(), "x"), policy.act(look(1), "x")
    assert first.shape == second.shape == (4, 12)
    assert first.dtype == np.float32
    assert np.allclose(first[:, 0], 0.01 + np.arange(4) / 1000)
    assert np.allclose(second[:, 11], 0.02 + np.arange(4) / 1000)
    assert not policy.incidents


def test_the_request_has_the_names_sizes_and_order_of_the_mapping(tmp_path):
    log = tmp_path / "log"
    with Server("openpi_server.py", log=log) as server:
        made(server).act(look(), "Close the tap.")
        made(server, mapping="agentview-9").act(look(), "Close the tap.")
    plain, forked = requests(log)
    assert plain == {
        "observation/image": ["uint8", [224, 224, 3]],
        "observation/wrist_image": ["uint8", [224, 224, 3]],
        "observation/state": ["float32", [16]],
        "prompt": "Close the tap.",
    }
    assert forked["observation/eye_in_hand"] == ["uint8", [224, 224, 3]]
    assert forked["observation/state"] == ["float32", [9]]


@pytest.mark.parametrize("fault", LOST)
def test_what_may_mend_itself_is_asked_again_and_told(fault):
    with Server("openpi_server.py", fault=fault, after=1, times=1) as server:
        # what is huge takes its time on a busy machine; who hangs would be waited for in vain
        policy = made(server, answer_s=10 if fault == "huge" else 1)
        policy.reset("x", 0)
        policy.act(look(), "x")
        chunk = policy.act(look(1), "x")
    assert np.allclose(chunk[0], 0.03)  # of the third request: nothing was made up
    assert [incident.kind for incident in policy.incidents] == ["unanswered", "reconnected"]
    assert LOST[fault] in policy.incidents[0].text


@pytest.mark.parametrize("fault", [fault for fault in LOST if fault != "huge"])
def test_what_does_not_mend_itself_is_an_infrastructure_error(fault):
    with Server("openpi_server.py", fault=fault, after=1) as server:
        policy = made(server, answer_s=1, reconnect_s=1, first_answer_s=1)
        policy.act(look(), "x")
        with pytest.raises(InfrastructureError, match=re.escape(LOST[fault])):
            policy.act(look(1), "x")
    assert [incident.kind for incident in policy.incidents].count("unanswered") == 2


def test_a_server_that_dies_of_the_request_is_an_infrastructure_error():
    with Server("openpi_server.py", fault="exit", after=1) as server:
        policy = made(server, reconnect_s=1)
        policy.act(look(), "x")
        with pytest.raises(InfrastructureError, match="not found again within 1 s"):
            policy.act(look(1), "x")


@pytest.mark.parametrize("fault", WRONG)
def test_an_answer_that_is_wrong_is_an_infrastructure_error_at_once(fault):
    with Server("openpi_server.py", fault=fault, after=1) as server:
        policy = made(server, execute=4)
        policy.act(look(), "x")
        with pytest.raises(InfrastructureError, match=WRONG[fault]):
            policy.act(look(1), "x")
    assert not policy.incidents


def test_a_restart_in_mid_episode_is_survived_and_told():
    with Server("openpi_server.py") as server:
        policy = made(server)
        policy.reset("x", 0)
        policy.act(look(), "x")
        server.stop()
        later = threading.Timer(0.7, server.start)
        later.start()
        chunk = policy.act(look(1), "x")
        later.join()
    assert np.allclose(chunk[0], 0.01)  # the first answer of the new process
    assert [incident.kind for incident in policy.incidents] == ["unanswered", "reconnected"]


def test_a_server_that_never_comes_back_ends_the_episode_in_the_time_allowed():
    with Server("openpi_server.py") as server:
        policy = made(server, reconnect_s=1.5)
        policy.act(look(), "x")
        server.stop()
        began = time.monotonic()
        with pytest.raises(InfrastructureError, match=r"not found again within 1\.5 s"):
            policy.act(look(1), "x")
        assert time.monotonic() - began < 4
        server.start()


def test_a_server_that_comes_back_as_another_one_ends_the_episode():
    with Server("openpi_server.py", metadata='{"action_horizon": 10}') as server:
        policy = made(server)
        policy.act(look(), "x")
        server.stop()
        server.change(metadata='{"action_horizon": 20}')
        server.start()
        with pytest.raises(InfrastructureError, match="came back as another one"):
            policy.act(look(1), "x")


def test_a_server_that_keeps_state_is_not_asked_again_after_it_was_lost():
    with Server("openpi_server.py", metadata='{"stateful": true}') as server:
        policy = made(server)
        policy.reset("x", 0)
        policy.act(look(), "x")
        server.stop()
        server.start()
        with pytest.raises(InfrastructureError, match="keeps state"):
            policy.act(look(1), "x")


METADATA = {
    '{"action_dim": 7}': "its actions have 7 numbers, the mapping 12",
    '{"action_horizon": 3}': "its chunks have 3 actions, execute is 5",
    '{"state_dim": 9}': "its state has 9 numbers, ours 16",
    '{"action_dim": "wide"}': "action_dim = 'wide', which is no count",
    '{"inputs": {"observation/top": [224, 224, 3]}}': "it wants observation/top",
    '{"inputs": {"observation/image": [96, 96, 3]}}': "96 x 96 px there and 224 x 224 px here",
    '{"inputs": {"observation/state": [8]}}': "observation/state has 8 numbers there and 16 here",
    '{"inputs": [3]}': "which are no shapes",
    '{"outputs": {"a": [10, 12]}}': "it does not give actions",
    "[1, 2]": "no dictionary but list",
}


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_that_does_not_fit_is_bad_input_before_the_episode(metadata):
    with (
        Server("openpi_server.py", metadata=metadata) as server,
        pytest.raises(ConfigError, match=METADATA[metadata]),
    ):
        made(server)


def test_metadata_that_means_nothing_to_us_is_kept_for_the_record():
    with Server("openpi_server.py", metadata='{"reset_pose": [0, 1]}') as server:
        policy = made(server)
    assert policy.info.settings["server says"] == '{"reset_pose": [0, 1]}'
    assert policy.info.settings["observation/image"] == "left view, 224 px"
    assert policy.info.views == ("left", "hand")
    assert not policy.info.privileged


@pytest.mark.parametrize(
    ("greeting", "said"),
    [("text", "greets with text"), ("garbage", "cannot be read"), ("never", "no answer within")],
)
def test_a_server_that_greets_otherwise_is_bad_input(greeting, said):
    with (
        Server("openpi_server.py", greeting=greeting) as server,
        pytest.raises(ConfigError, match=said),
    ):
        made(server, connect_s=1.5)


def test_a_server_that_stops_reading_does_not_hold_a_large_request_for_ever():
    names = ["observation/a", "observation/b", "observation/c"]
    mapping = {
        "images": dict(zip(names, ("right", "left", "hand"), strict=True)),
        "image_size": 2048,
        "prompt": "prompt",
        "actions": {"actions": ["end_effector_position", "end_effector_rotation"]},
        "fixed": {"gripper_close": 0, "base_motion": 0, "control_mode": 0},
    }
    with Server("openpi_server.py", greeting="deaf") as server:
        policy = made(server, mapping=mapping, first_answer_s=1, attempts=1)
        began = time.monotonic()
        with pytest.raises(InfrastructureError, match="gave no answer"):
            policy.act(look(), "x")
        assert time.monotonic() - began < 5


def test_nobody_there_is_bad_input_after_the_time_allowed():
    began = time.monotonic()
    with pytest.raises(ConfigError, match="Connection refused"):
        OpenpiPolicy(port=refused_port(), connect_s=1)
    assert 0.5 < time.monotonic() - began < 4


def test_a_server_that_starts_a_little_later_is_waited_for():
    with Server("openpi_server.py") as server:
        server.stop()
        later = threading.Timer(0.7, server.start)
        later.start()
        policy = made(server)
        later.join()
        assert policy.act(look(), "x").shape == (5, 12)


def test_a_host_that_does_not_exist_is_bad_input_at_once():
    began = time.monotonic()
    with pytest.raises(ConfigError, match="cannot be resolved"):
        OpenpiPolicy(host="no-such-host.invalid", connect_s=30)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("host", ["ws://:x", "a b", "ws://host:99999999"])
def test_an_address_that_is_none_is_bad_input(host):
    with pytest.raises(ConfigError, match=r"address|no policy server"):
        OpenpiPolicy(host=host, port=None, connect_s=0.5)


@pytest.mark.parametrize(
    ("version", "said"), [("HTTP/1.0", "does not speak websocket"), ("HTTP/1.1", "status 501")]
)
def test_another_kind_of_server_is_bad_input(version, said):
    handler = type("Handler", (http.server.BaseHTTPRequestHandler,), {"protocol_version": version})
    plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    with pytest.raises(ConfigError, match=said):
        OpenpiPolicy(port=plain.server_port, connect_s=1)
    plain.shutdown()
    plain.server_close()


def test_a_socket_that_says_nothing_is_bad_input():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ConfigError, match="no policy server"):
            OpenpiPolicy(port=silent.getsockname()[1], connect_s=1)


OPTIONS = {
    "mapping": ("robocasa36", "did you mean 'robocasa365'"),
    "execute": (0, "execute is 0"),
    "answer_s": (-1, "answer_s is -1"),
    "attempts": (1.5, "attempts is 1.5"),
    "anser_s": (1, "did you mean 'answer_s'"),
    "mappings": ([1], "named mappings"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_do_not_fit_are_bad_input_before_any_connection(name):
    value, said = OPTIONS[name]
    with pytest.raises(ConfigError, match=said):
        OpenpiPolicy(port=refused_port(), **{name: value, "connect_s": 1})


def test_a_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("OPENPI_KEY", "secret")
    with Server("openpi_server.py", key="secret") as server:
        assert made(server, api_key_env="OPENPI_KEY").act(look(), "x").shape == (5, 12)
        with pytest.raises(ConfigError, match="wrong key"):
            made(server, connect_s=1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of openpi's client
def test_the_real_client_of_openpi_gets_the_same_answers():
    """Our server of the tests speaks the protocol as openpi's own client knows it."""
    from openpi_client.websocket_client_policy import WebsocketClientPolicy

    with Server("openpi_server.py") as server:
        client = WebsocketClientPolicy("127.0.0.1", server.port)
        theirs = client.infer({"observation/state": np.zeros(16), "prompt": "x"})["actions"]
        ours = made(server, execute=10).act(look(), "x")
    assert np.allclose(theirs + 0.01, ours)
