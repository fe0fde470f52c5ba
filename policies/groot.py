"""`groot`: chunks from a GR00T N1.5 or N1.6 server over ZeroMQ, without pickle anywhere."""

from collections.abc import Mapping
from typing import Any

from .named import named_mapping, patience_of, secret
from .remote import RemotePolicy
from .zeromq import Release, ZeromqLink


class GrootPolicy(RemotePolicy):
    """A policy server of GR00T.

    Args:
        host: a name or address.
        port: of the server.
        mapping: the server's names: one of `mappings`, or a mapping itself (`policies/mapping.py`).
        mappings: named mappings; None for those of the preset `groot`.
        execute: actions of each chunk that are carried out.
        release: `n1.5`, `n1.6`, `n1.6-nested` (a server without its simulation wrapper), or
            `auto`, which hears it from the server.
        api_token_env: the environment variable that holds the token sent with each request.
        patience: time-outs, see `remote.Patience`.

    Raises:
        ConfigError: for options that do not fit, no server, or a server that does not fit.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 5555,
        mapping: str | Mapping[str, Any] = "n1.5",
        mappings: Mapping[str, Any] | None = None,
        execute: int = 16,
        release: Release = "auto",
        api_token_env: str | None = None,
        **patience: Any,
    ) -> None:
        super().__init__(
            ZeromqLink(host, port, release, secret("api_token_env", api_token_env)),
            named_mapping("groot", mapping, mappings),
            name="groot",
            execute=execute,
            patience=patience_of(patience),
        )
