"""Servers that are killed at random moments: each chunk is one that a server made, or none."""

import os
import threading
import time

import numpy as np
import pytest
from serving import HASTE, Server, look

from leapcasa.policies.groot import GrootPolicy
from leapcasa.policies.openpi import OpenpiPolicy

KILLS = int(os.environ.get("LEAPCASA_SERVER_KILLS", "6"))
KINDS = {"openpi": OpenpiPolicy, "groot": GrootPolicy}


@pytest.mark.parametrize("name", KINDS)
def test_a_server_killed_at_random_moments_never_gives_a_made_up_chunk(name):
    rng = np.random.default_rng(5)
    with Server(f"{name}_server.py") as server:
        patience = {**HASTE, "reconnect_s": 60, "attempts": 20}
        policy = KINDS[name](port=server.port, execute=5, **patience)
        over = threading.Event()

        def kill() -> None:
            for _ in range(KILLS):
                time.sleep(rng.uniform(0.02, 0.3))
                server.stop()
                server.start()
            over.set()

        killer = threading.Thread(target=kill)
        killer.start()
        sensors, chunks = look(), []
        while not over.is_set() or len(chunks) < 20:
            chunks.append(policy.act(sensors, "x"))
        killer.join()
    rows = np.array(chunks)
    first = np.round(rows[:, 0, 0] * 100)
    assert (first >= 1).all()
    wanted = first[:, None, None] / 100 + np.arange(5)[None, :, None] / 1000
    assert np.allclose(rows, np.broadcast_to(wanted, rows.shape), atol=1e-4)
    kinds = [incident.kind for incident in policy.incidents]
    assert 1 <= kinds.count("reconnected") <= kinds.count("unanswered")
    # A process counts its own requests from one: every step back is a restart that was survived.
    assert (np.diff(first) <= 0).sum() <= kinds.count("reconnected")
