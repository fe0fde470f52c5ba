"""A connection to a GR00T server: ZeroMQ request and reply, msgpack with .npy arrays inside.

A request is `{"endpoint": ..., "data": ...}`; an answer with a key `error` is the server's own
error. Releases differ: N1.5 takes the flat observation itself and answers with the flat action;
N1.6 and later take `{"observation": ..., "options": ...}` and answer `[action, info]`, flat if the
server runs its simulation wrapper, nested by modality if it does not. Servers older than that
answer in torch's serialisation, which has pickle inside and is refused.
"""

import contextlib
import json
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..configs import ConfigError
from .facts import ServerFacts, shortened
from .remote import Foreign, Lost, Refused
from .wire import MAX_BYTES, WireError, pack_groot, unpack_groot

if TYPE_CHECKING:
    import zmq

Release = Literal["auto", "n1.5", "n1.6", "n1.6-nested"]
RELEASES: tuple[Release, ...] = ("auto", "n1.5", "n1.6", "n1.6-nested")

_MODALITIES = ("video", "state", "action")
_PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How torch's archives and pickles begin; no msgpack dictionary does."""


class ZeromqLink:
    """One ZeroMQ socket, made anew whenever an answer fails to come.

    Args:
        host: a name or address.
        port: of the server.
        release: whose messages are spoken; `auto` hears it from the server's modality config,
            which N1.5 sends as text.
        api_token: sent with each request; None for none.

    Raises:
        ConfigError: for an impossible address or release.
    """

    def __init__(
        self, host: str, port: int, release: Release = "auto", api_token: str | None = None
    ) -> None:
        if release not in RELEASES:
            raise ConfigError(f"release is {release!r}; it is one of {', '.join(RELEASES)}")
        if type(port) is not int or not 1 <= port <= 65535:
            raise ConfigError(f"port is {port!r}; it must lie in 1 .. 65535")
        if not isinstance(host, str) or not host or any(c in host for c in " /"):
            raise ConfigError(f"host is {host!r}; give a name or address without tcp://")
        self._host, self._port, self._token = host, port, api_token
        self._asked_for, self._release = release, release
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None

    @property
    def address(self) -> str:
        """The server's address."""
        return f"tcp://{self._host}:{self._port}"

    def open(self, seconds: float) -> ServerFacts:
        """Connect, ping, and hear the modality config if the server has one.

        Raises:
            Lost: if nobody answers now.
            Foreign: if what answers is no such server.
        """
        self.close()
        deadline = time.monotonic() + seconds
        self._knock(seconds)
        self._connect()
        try:
            pong = self._call("ping", None, max(deadline - time.monotonic(), 0.1))
        except Refused as error:
            raise Foreign(f"it refuses a ping: {error}") from None
        if not isinstance(pong, Mapping):
            raise Foreign(f"it answers a ping with {pong!r:.60}")
        try:
            left = max(deadline - time.monotonic(), 0.1)
            config = self._call("get_modality_config", None, left)
        except Refused:
            config = {}  # servers of one's own need not have it
        modalities, release = _modalities(config)
        self._release = release if self._asked_for == "auto" else self._asked_for
        return facts_of(modalities)

    def begin(self, instruction: str, seed: int, seconds: float) -> Mapping[str, Any]:
        """N1.6 and later have an endpoint for it."""
        del instruction, seed
        if self._release == "n1.5":
            return {}
        answer = self._call("reset", {"options": None}, seconds)
        return answer if isinstance(answer, Mapping) else {}

    def ask(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """One observation with leading (batch, time) axes, one flat action.

        Raises:
            Lost: if no answer came, or none that can be read.
            Refused: if the server reports an error, or its answer has another form.
        """
        batched = {key: _batched(value) for key, value in request.items()}
        if self._release == "n1.5":
            action = self._call("get_action", batched, seconds)
        else:
            nested = self._release == "n1.6-nested"
            observation = _nested(batched) if nested else batched
            data = {"observation": observation, "options": None}
            answer = self._call("get_action", data, seconds)
            action = answer[0] if isinstance(answer, list | tuple) and answer else answer
            if nested and isinstance(action, Mapping):
                action = {f"action.{key}": value for key, value in action.items()}
        if not isinstance(action, Mapping):
            raise Refused(f"an answer that is no dictionary of actions but {action!r:.60}")
        return action

    def close(self) -> None:
        """Drop the socket with all that waits in it."""
        held, self._socket, self._monitor = self._socket, None, None
        if held is not None:
            held.disable_monitor()
        context, self._context = self._context, None
        if context is not None:
            context.destroy(linger=0)  # and all its sockets

    def _knock(self, seconds: float) -> None:
        """ZeroMQ connects silently to nobody; a plain connection says what is wrong."""
        try:
            with socket.create_connection((self._host, self._port), timeout=seconds):
                return
        except socket.gaierror as error:
            raise Foreign(f"the name cannot be resolved ({error.strerror})") from None
        except OSError as error:
            raise Lost(error.strerror or str(error) or "no connection in time") from None

    def _connect(self) -> None:
        import zmq

        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.REQ)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
        # ZeroMQ would wait for a lost server in silence and send the request again by itself.
        self._socket.setsockopt(zmq.RECONNECT_IVL, -1)
        ends = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
        ends |= zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        self._monitor = self._socket.get_monitor_socket(ends)
        self._socket.connect(self.address)

    def _call(self, endpoint: str, data: Any, seconds: float) -> Any:
        import zmq

        held = self._socket
        assert held is not None
        request: dict[str, Any] = {"endpoint": endpoint}
        request |= {} if data is None else {"data": data}
        request |= {"api_token": self._token} if self._token else {}
        try:
            self._check_connection(held, 0)
            held.setsockopt(zmq.SNDTIMEO, max(1, int(seconds * 1000)))
            held.send(pack_groot(request))
            if not self._check_connection(held, seconds):
                raise Lost(f"no answer to {endpoint} within {seconds:.1f} s")
            reply = held.recv()
        except zmq.ZMQError as error:
            raise Lost(f"ZeroMQ: {error}") from None
        return _understood(reply)

    def _check_connection(self, held: "zmq.Socket[bytes]", seconds: float) -> bool:
        """Wait for an answer; True if it is there, an error if the server has hung up instead."""
        import zmq

        poller = zmq.Poller()
        poller.register(held, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        ready = dict(poller.poll(max(0, int(seconds * 1000))))
        if held not in ready and self._monitor in ready:
            raise Lost("the connection broke")
        return held in ready


def _understood(reply: bytes) -> Any:
    if reply == b"ERROR":
        raise Refused("ERROR, without words; a server of an older release does so")
    if reply.startswith(_PICKLED):
        raise Foreign(
            "it answers in torch's serialisation, which has pickle inside and is never read; "
            "a newer release of GR00T speaks msgpack"
        )
    try:
        answer = unpack_groot(reply)
    except WireError as error:
        raise Lost(f"an answer that cannot be read: {error}") from None
    if isinstance(answer, Mapping) and "error" in answer:
        raise Refused(str(answer["error"])[:400])
    return answer


def _batched(value: Any) -> Any:
    """With the leading (batch, time) axes that GR00T wants; text as a list of one."""
    return [value] if isinstance(value, str) else value[None, None]


def _nested(flat: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By modality, as servers without the simulation wrapper want it."""
    made: dict[str, dict[str, Any]] = {"video": {}, "state": {}, "language": {}}
    for key, value in flat.items():
        modality, _, name = key.partition(".")
        if isinstance(value, list):
            made["language"][key] = [value]
        else:
            made[modality][name] = value
    return made


def _modalities(config: Any) -> tuple[Mapping[str, Any], Release]:
    """Modality -> its plain config, and the release that writes it so."""
    if not isinstance(config, Mapping):
        raise Foreign(f"its modality config is {config!r:.60}")
    release: Release = "n1.6" if config else "n1.5"
    found: dict[str, Any] = {}
    for name, content in config.items():
        if isinstance(content, str):
            release = "n1.5"
            with contextlib.suppress(ValueError):
                content = json.loads(content)
        if not isinstance(content, Mapping) or not _is_modality(content):
            raise Foreign(f"its modality config of {name!r} is {content!r:.60}")
        found[str(name)] = content
    return found, release


def _is_modality(content: Mapping[str, Any]) -> bool:
    keys, moments = content.get("modality_keys"), content.get("delta_indices")
    return (
        isinstance(keys, list)
        and all(isinstance(key, str) for key in keys)
        and isinstance(moments, list)
    )


def facts_of(modalities: Mapping[str, Any]) -> ServerFacts:
    """What a modality config says.

    Args:
        modalities: `video`, `state`, `action` and `language`, each with `modality_keys` and
            `delta_indices`; empty if the server has none.
    """
    if not modalities:
        return ServerFacts()
    keys = {name: _full_names(name, content) for name, content in modalities.items()}
    wants = {key for name, names in keys.items() if name != "action" for key in names}
    seen = [modalities[name]["delta_indices"] for name in ("video", "state") if name in modalities]
    action = modalities.get("action")
    return ServerFacts(
        wants=frozenset(wants),
        gives=frozenset(keys["action"]) if action else None,
        horizon=len(action["delta_indices"]) or None if action else None,
        frames=max((len(moments) for moments in seen), default=1),
        told=shortened(modalities),
    )


def _full_names(modality: str, content: Mapping[str, Any]) -> list[str]:
    """N1.5 names keys in full, N1.6 without their modality; language keys are always in full."""
    names = content["modality_keys"]
    if modality not in _MODALITIES:
        return names
    return [name if name.startswith(f"{modality}.") else f"{modality}.{name}" for name in names]
