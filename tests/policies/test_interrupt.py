"""Ctrl-C while a server thinks, or while it is looked for, ends the wait at once."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from serving import Server

CLIENT = """
import sys
sys.path.insert(0, {here!r})
from serving import look
from leapcasa.policies.{name} import {kind}
policy = {kind}(port={port}, answer_s=60, first_answer_s=60, reconnect_s=60)
print("made", flush=True)
policy.act(look(), "x")
"""
KINDS = {"openpi": "OpenpiPolicy", "groot": "GrootPolicy"}


@pytest.mark.parametrize("fault", ["hang", "exit"])
@pytest.mark.parametrize("name", KINDS)
def test_ctrl_c_ends_the_wait_for_a_server(name, fault):
    with Server(f"{name}_server.py", fault=fault) as server:
        here = str(Path(__file__).parent)
        code = CLIENT.format(here=here, name=name, kind=KINDS[name], port=server.port)
        client = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert client.stdout is not None
        assert client.stdout.readline() == "made\n"
        time.sleep(1.0)
        began = time.monotonic()
        client.send_signal(signal.SIGINT)
        _, said = client.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert said.strip().splitlines()[-1] == "KeyboardInterrupt"
