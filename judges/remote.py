"""A judge that runs in another process of this machine and serves several episodes at once."""

import itertools
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..configs import InfrastructureError, JudgeError
from ..envs.sensors import View
from . import wire
from .base import Clip, JudgeInfo, Verdict

HELLO_S = 60.0
"""How long the first answer may take; the model is loaded by then."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a shared judge listens."""

    address: str
    """Of ZeroMQ, `ipc://...`."""
    stream: str
    """Name of the episode; no other one has it."""


class RemoteJudge:
    """Asks the scoring process of an evaluation (`runs.scoring`).

    Its verdicts are those of the judge over there; their milliseconds are what the episode waited.

    Args:
        desk: where to ask.

    Raises:
        InfrastructureError: if nobody answers.
    """

    def __init__(self, desk: Desk) -> None:
        import zmq

        self._desk, self._zmq = desk, zmq
        context = zmq.Context()
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.maxmsgsize = wire.MOST_BYTES
        self._lost = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        # Also if nobody closes it: a context that is collected before its sockets waits for good.
        self._hang_up = weakref.finalize(self, _hang_up, self._socket, self._lost, context)
        self._sender, self._numbers = wire.Sender(), itertools.count(1)
        self._socket.connect(desk.address)
        try:
            number = next(self._numbers)
            self._send([wire.packed({"op": "hello", "id": number})])
            self._info = wire.info_in(self._answer(number, HELLO_S)["info"])
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> JudgeInfo:
        """That of the judge over there."""
        return self._info

    def reset(self, instruction: str) -> None:
        """Nothing to forget: what is kept of frames is kept by content."""
        del instruction

    def score(self, clips: Mapping[View, Clip], instruction: str) -> Verdict:
        """Judge the moment at the end of the clips.

        Args:
            clips: (T, H, W, 3) uint8, at least of the views in `info`; unchanged until this
                returns.
            instruction: the subtask.

        Raises:
            JudgeError: what the judge over there raised.
            InfrastructureError: if the scoring process is gone.
        """
        began = time.perf_counter()
        views = self._info.views
        wanted: dict[View, Clip] = {v: clip for v, clip in clips.items() if v in views}
        answer = self._asked(wanted, instruction)
        if answer.get("missing"):
            self._sender.forget()
            answer = self._asked(wanted, instruction)
        if "error" in answer:
            raise JudgeError(str(answer["error"]))
        spent = (time.perf_counter() - began) * 1e3
        return wire.verdict_in(answer.get("verdict") or {}, spent)

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._hang_up()

    def _asked(self, clips: Mapping[View, Clip], instruction: str) -> dict[str, Any]:
        number = next(self._numbers)
        self._send(self._sender.question(number, self._desk.stream, clips, instruction))
        return self._answer(number, None)

    def _send(self, parts: list[Any]) -> None:
        # Not copied: the frames stay as they are until the answer is here.
        self._socket.send_multipart([b"", *parts], copy=False)

    def _answer(self, number: int, seconds: float | None) -> dict[str, Any]:
        """The answer of this number; earlier ones are passed over."""
        until = None if seconds is None else time.monotonic() + seconds
        poller = self._zmq.Poller()
        poller.register(self._socket, self._zmq.POLLIN)
        poller.register(self._lost, self._zmq.POLLIN)
        while True:
            left = None if until is None else max(0.0, until - time.monotonic()) * 1e3
            ready = dict(poller.poll(left))
            if self._socket in ready:
                answer = _read(self._socket.recv_multipart())
                if answer.get("id") == number:
                    return answer
            elif ready:
                raise InfrastructureError("the scoring process has ended")
            else:
                raise InfrastructureError(f"the scoring process gave no answer in {seconds:g} s")


def _hang_up(socket: Any, monitor: Any, context: Any) -> None:
    socket.disable_monitor()
    for one in (monitor, socket):
        one.close(linger=0)
    context.term()


def _read(parts: list[bytes]) -> dict[str, Any]:
    try:
        return wire.unpacked(parts[-1])
    except wire.WireError as error:
        raise InfrastructureError(f"the scoring process sent {error}") from error
