"""The loop of the scoring process: collect what waits, judge it together, answer each."""

import time
from collections.abc import Sequence
from typing import Any

from ...configs import JudgeError
from ...judges import wire
from ...judges.base import SharedJudge, Verdict

LINGER_S = 0.002
"""How long a request waits for company; small beside a decision."""
IDLE_MS = 1000


class Service:
    """A judge at a socket; for one thread.

    Args:
        judge: serves everybody.
        socket: a bound ROUTER socket.
        most: requests that are judged together.
        streams: episodes at once, at most; more are served, but nothing is kept for them.
    """

    def __init__(self, judge: SharedJudge, socket: Any, *, most: int, streams: int) -> None:
        self._judge, self._socket, self._most = judge, socket, most
        self._receiver = wire.Receiver(streams)
        self._seen: set[str] = set()
        self.requests = self.batches = 0
        """Verdicts given and calls of the judge so far."""

    def serve(self) -> None:
        """Serve for good; ends with the process."""
        while True:
            self.turn(IDLE_MS)

    def turn(self, wait_ms: int) -> None:
        """One batch.

        Args:
            wait_ms: how long to wait for the first request.
        """
        waiting: list[tuple[bytes, wire.Question]] = []
        until: float | None = None
        while len(waiting) < self._most:
            left = wait_ms if until is None else max(0.0, until - time.monotonic()) * 1e3
            if not self._socket.poll(left):
                break
            asked = self._read()
            if asked is not None:
                waiting.append(asked)
                until = until or time.monotonic() + LINGER_S
            elif until is None:
                break
        if waiting:
            self._judge_all(waiting)

    def _read(self) -> tuple[bytes, wire.Question] | None:
        """Take one message; what is no question is answered at once."""
        who, *rest = self._socket.recv_multipart(copy=False)
        try:
            # An empty part comes first, then what is said, then pixels.
            head = wire.unpacked(rest[1].bytes) if len(rest) > 1 else {}
            if head.get("op") == "score":
                question = self._receiver.question(head, [part.buffer for part in rest[2:]])
                if question is not None:
                    return who.bytes, question
                self._answer(who.bytes, {"id": head["id"], "missing": True})
            elif head.get("op") == "hello":
                info = wire.info_out(self._judge.info)
                counts = {"requests": self.requests, "batches": self.batches}
                self._answer(who.bytes, {"id": head.get("id"), "info": info, **counts})
            elif head.get("op") == "forget":
                self._forget(str(head.get("stream")))
        except wire.WireError as error:
            self._answer(who.bytes, {"id": None, "error": f"not understood: {error}"})
        return None

    def _judge_all(self, waiting: Sequence[tuple[bytes, wire.Question]]) -> None:
        self.requests += len(waiting)
        for (who, question), answer in zip(waiting, self._verdicts(waiting), strict=True):
            content = (
                {"error": str(answer)}
                if isinstance(answer, JudgeError)
                else {"verdict": wire.verdict_out(answer)}
            )
            self._answer(who, {"id": question.number, **content})
        self._drop_stale()

    def _verdicts(
        self, waiting: Sequence[tuple[bytes, wire.Question]]
    ) -> Sequence[Verdict | JudgeError]:
        """A verdict each; one that cannot be given spoils nobody else's."""
        self.batches += 1
        try:
            return self._judge.score_batch(
                [(question.clips, question.text) for _, question in waiting],
                [question.stream for _, question in waiting],
            )
        except JudgeError as error:
            if len(waiting) == 1:
                return [error]
        return [self._verdicts([one])[0] for one in waiting]

    def _drop_stale(self) -> None:
        """Forget streams that were pushed out by newer ones."""
        now = self._receiver.streams
        for stream in self._seen - now:
            self._judge.forget(stream)
        self._seen = now

    def _forget(self, stream: str) -> None:
        self._receiver.forget(stream)
        self._judge.forget(stream)
        self._seen.discard(stream)

    def _answer(self, who: bytes, content: dict[str, Any]) -> None:
        self._socket.send_multipart([who, b"", wire.packed(content)])
