"""`openpi`: chunks from a server that speaks openpi's websocket protocol (pi0, pi0.5, forks)."""

from collections.abc import Mapping
from typing import Any

from .named import named_mapping, patience_of, secret
from .remote import RemotePolicy
from .websocket import WebsocketLink


class OpenpiPolicy(RemotePolicy):
    """A policy server of openpi, or one's own that speaks its protocol.

    Args:
        host: a name or address, or a whole `ws://` or `wss://` address.
        port: None if the address has one.
        mapping: the server's names: one of `mappings`, or a mapping itself (`policies/mapping.py`).
        mappings: named mappings; None for those of the preset `openpi`.
        execute: actions of each chunk that are carried out.
        api_key_env: the environment variable that holds the key sent with the handshake.
        patience: time-outs, see `remote.Patience`.

    Raises:
        ConfigError: for options that do not fit, no server, or a server that does not fit.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = 8000,
        mapping: str | Mapping[str, Any] = "robocasa365",
        mappings: Mapping[str, Any] | None = None,
        execute: int = 5,
        api_key_env: str | None = None,
        **patience: Any,
    ) -> None:
        super().__init__(
            WebsocketLink(host, port, secret("api_key_env", api_key_env)),
            named_mapping("openpi", mapping, mappings),
            name="openpi",
            execute=execute,
            patience=patience_of(patience),
        )
