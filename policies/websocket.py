"""A connection to a server that speaks openpi's protocol: websocket frames of msgpack.

On connection the server sends its metadata, a dictionary. Each request is a dictionary of arrays
and text, each answer too. A text frame instead of a binary one is the server's own error, usually
a traceback, after which it closes the connection.

Two words go beyond openpi and are used only with servers whose metadata says `"resets": true`
(leapcasa's LeRobot server): a request `{"reset": true, "seed": n}` begins a subtask.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..configs import ConfigError
from .facts import ServerFacts, shortened
from .remote import Foreign, Lost, Refused
from .wire import MAX_BYTES, WireError, pack_openpi, unpack_openpi

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


class WebsocketLink:
    """One websocket connection.

    Args:
        host: a name or address, or a whole `ws://` or `wss://` address.
        port: None if the address has one.
        api_key: sent as openpi's client does; None for none.

    Raises:
        ConfigError: for an impossible address.
    """

    def __init__(self, host: str, port: int | None, api_key: str | None = None) -> None:
        from websockets.exceptions import InvalidURI
        from websockets.uri import parse_uri

        address = host if host.startswith(("ws://", "wss://")) else f"ws://{host}"
        self._url = address if port is None else f"{address}:{port}"
        try:
            parse_uri(self._url)
        except (InvalidURI, ValueError) as error:
            raise ConfigError(f"{self._url!r} is no address of a server: {error}") from None
        self._headers = {"Authorization": f"Api-Key {api_key}"} if api_key else None
        self._connection: ClientConnection | None = None
        self._held = contextlib.ExitStack()
        self._resets = False

    @property
    def address(self) -> str:
        """The server's address."""
        return self._url

    def open(self, seconds: float) -> ServerFacts:
        """Connect and read the metadata.

        Raises:
            Lost: if nobody answers now.
            Foreign: if what answers is no such server.
        """
        self.close()
        deadline = time.monotonic() + seconds
        self._connection = self._connect(seconds)
        greeting = self._receive(max(deadline - time.monotonic(), 0.1))
        if isinstance(greeting, str):
            raise Lost(f"it greets with text instead of metadata: {_last_line(greeting)!r}")
        try:
            metadata = unpack_openpi(greeting)
        except WireError as error:
            raise Foreign(f"its metadata cannot be read: {error}") from None
        facts = facts_of(metadata)
        self._resets = metadata.get("resets") is True
        return facts

    def begin(self, instruction: str, seed: int, seconds: float) -> Mapping[str, Any]:
        """Reset the server if it says that it can be reset."""
        if not self._resets:
            return {}
        return self.ask({"reset": True, "seed": seed, "prompt": instruction}, seconds)

    def ask(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """One request, one answer.

        Raises:
            Lost: if no answer came, or none that can be read.
            Refused: if the server reports an error, or its answer is no dictionary.
        """
        deadline = time.monotonic() + seconds
        self._send(pack_openpi(request), seconds)
        frame = self._receive(max(deadline - time.monotonic(), 0.0))
        if isinstance(frame, str):
            raise Refused(_last_line(frame))
        try:
            answer = unpack_openpi(frame)
        except WireError as error:
            raise Lost(f"an answer that cannot be read: {error}") from None
        if not isinstance(answer, Mapping):
            raise Refused(f"an answer that is no dictionary but {type(answer).__name__}")
        return answer

    def close(self) -> None:
        """Hang up, without waiting for the other side."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(Exception):
                self._held.close()

    def _connect(self, seconds: float) -> "ClientConnection":
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
        from websockets.sync.client import connect

        try:
            manager = connect(
                self._url,
                compression=None,
                max_size=MAX_BYTES,
                open_timeout=seconds,
                close_timeout=1,
                # Servers that think in their event loop answer no pings meanwhile; what is dead
                # is found by the time-out of the answer.
                ping_interval=None,
                proxy=None,
                additional_headers=self._headers,
            )
            return self._held.enter_context(manager)
        except socket.gaierror as error:
            raise Foreign(f"the name cannot be resolved ({error.strerror})") from None
        except OSError as error:
            raise Lost(error.strerror or str(error) or "no connection in time") from None
        except ConnectionClosed as error:
            raise Lost(_closing(error)) from None
        except InvalidStatus as error:
            status = error.response.status_code
            kind = Lost if status >= 500 else Foreign
            raise kind(f"it answers the handshake with HTTP status {status}") from None
        except InvalidHandshake as error:
            if isinstance(error.__cause__, EOFError):
                raise Lost("it hung up during the handshake") from None
            raise Foreign(f"it does not speak websocket ({error})") from None

    def _send(self, data: bytes, seconds: float) -> None:
        from websockets.exceptions import ConnectionClosed

        with self._hung_up_after(seconds) as connection:
            try:
                connection.send(data)
            except (ConnectionClosed, OSError) as error:
                raise Lost(_closing(error)) from None

    def _receive(self, seconds: float) -> bytes | str:
        from websockets.exceptions import ConnectionClosed

        assert self._connection is not None
        try:
            return self._connection.recv(timeout=seconds)
        except TimeoutError:
            raise Lost(f"no answer within {seconds:.1f} s") from None
        except (ConnectionClosed, OSError) as error:
            raise Lost(_closing(error)) from None

    @contextlib.contextmanager
    def _hung_up_after(self, seconds: float) -> "Iterator[ClientConnection]":
        """A server that stops reading would let a large request wait for ever."""
        connection = self._connection
        assert connection is not None

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()


def facts_of(metadata: Any) -> ServerFacts:
    """What openpi's metadata says, as far as it is understood.

    Args:
        metadata: usually `{}`; `action_dim`, `action_horizon`, `state_dim`, `stateful`, `inputs`
            and `outputs` (key -> shape) are understood, the rest is kept for the record.

    Raises:
        Foreign: if it is no dictionary, or one of these is no number or shape.
    """
    if not isinstance(metadata, Mapping):
        raise Foreign(f"its metadata is no dictionary but {type(metadata).__name__}")
    inputs, outputs = _shapes(metadata, "inputs"), _shapes(metadata, "outputs")
    pictures = {key: (s[0], s[1]) for key, s in (inputs or {}).items() if len(s) == 3}
    widths = {
        key: s[-1] for key, s in {**(inputs or {}), **(outputs or {})}.items() if len(s) in (1, 2)
    }
    return ServerFacts(
        wants=None if inputs is None else frozenset(inputs),
        gives=None if outputs is None else frozenset(outputs),
        widths=widths,
        pictures=pictures,
        state_width=_count(metadata, "state_dim"),
        action_width=_count(metadata, "action_dim"),
        horizon=_count(metadata, "action_horizon"),
        stateful=metadata.get("stateful") is True,
        told=shortened(metadata),
    )


def _count(metadata: Mapping[Any, Any], key: str) -> int | None:
    value = metadata.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Foreign(f"its metadata has {key} = {value!r:.60}, which is no count")
    return value


def _shapes(metadata: Mapping[Any, Any], key: str) -> dict[str, list[int]] | None:
    value = metadata.get(key)
    if value is None:
        return None
    good = isinstance(value, Mapping) and all(
        isinstance(name, str)
        and isinstance(shape, list)
        and all(type(size) is int for size in shape)
        for name, shape in value.items()
    )
    if not good:
        raise Foreign(f"its metadata has {key} = {value!r:.60}, which are no shapes")
    return dict(value)


def _last_line(text: str) -> str:
    """Of a traceback, the line that says what happened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "an error without words"


def _closing(error: Exception) -> str:
    from websockets.exceptions import ConnectionClosed

    if isinstance(error, ConnectionClosed):
        frame = error.sent or error.rcvd
        if frame is not None and frame.code == 1009:
            return f"an answer of more than {MAX_BYTES} bytes"
        if error.rcvd is not None:
            reason = json.dumps(error.rcvd.reason[:200])
            return f"it closed the connection (code {error.rcvd.code}, {reason})"
    return "the connection broke"
