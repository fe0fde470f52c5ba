"""`lerobot`: chunks from a LeRobot policy in an environment of its own.

LeRobot and the simulator do not fit into one environment, and LeRobot's own server unpickles what
it is sent. So `policies/servers/lerobot_server.py` runs beside LeRobot; it speaks openpi's protocol
and describes the policy's inputs and outputs in its metadata, which are checked before the episode.
"""

from collections.abc import Mapping
from typing import Any

from .named import named_mapping, patience_of
from .remote import RemotePolicy
from .websocket import WebsocketLink


class LerobotPolicy(RemotePolicy):
    """A `PreTrainedPolicy` behind `lerobot_server.py`.

    Args:
        host: a name or address, or a whole `ws://` or `wss://` address.
        port: None if the address has one.
        mapping: the server's names: one of `mappings`, or a mapping itself (`policies/mapping.py`).
        mappings: named mappings; None for those of the preset `lerobot`.
        execute: actions of each chunk that are carried out.
        patience: time-outs, see `remote.Patience`.

    Raises:
        ConfigError: for options that do not fit, no server, or a server that does not fit.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = 8010,
        mapping: str | Mapping[str, Any] = "robocasa365",
        mappings: Mapping[str, Any] | None = None,
        execute: int = 16,
        **patience: Any,
    ) -> None:
        super().__init__(
            WebsocketLink(host, port),
            named_mapping("lerobot", mapping, mappings),
            name="lerobot",
            execute=execute,
            patience=patience_of(patience),
        )
