"""A policy behind a server: asks for chunks, with time-outs, and survives what can be survived.

What happens when something goes wrong:

| what | what follows |
| --- | --- |
| before the episode: no server, another kind of server | `UnreachableError`, a `ConfigError` |
| before the episode: facts that do not fit | `ConfigError` |
| connection lost, no answer in time, or none that can be read | asked again, `attempts` times |
| server gone | reached again, with growing pauses, for `reconnect_s` |
| server came back as another one, or it kept state that is lost | `InfrastructureError` |
| the server reports an error, or a chunk is wrong (key, shape, NaN) | `InfrastructureError` |

An `InfrastructureError` ends the episode as `infrastructure_error`, which is never scored. There is
no action that stands for "no answer". Everything that was survived is an incident of the record.
"""

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..configs import ConfigError, InfrastructureError, UnreachableError
from ..envs.sensors import Sensors
from .base import Actions, PolicyInfo
from .facts import ServerFacts
from .incidents import Incident
from .mapping import NameMapping

LONGEST_PAUSE_S = 5.0
"""Between two attempts to reach a server; the first pause is `Patience.first_pause_s`."""


class Lost(Exception):
    """The connection or an answer failed in a way that another attempt may mend."""


class Foreign(Exception):
    """What listens there is no server of this kind, or nothing of this name exists."""


class Refused(Exception):
    """The server works and says no: asking again would give the same."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a server is waited for; all times in seconds."""

    connect_s: float = 20.0
    """Before the episode, until it can be reached."""
    reconnect_s: float = 60.0
    """In mid-episode, until it can be reached again."""
    first_answer_s: float = 300.0
    """For the first answer after each connection: models are compiled then."""
    answer_s: float = 60.0
    """For every other answer."""
    attempts: int = 3
    """How often one chunk is asked for."""
    first_pause_s: float = 0.25
    """The first pause between two attempts to reach the server; each next one is twice as long."""

    def __post_init__(self) -> None:
        for name in ("connect_s", "reconnect_s", "first_answer_s", "answer_s", "first_pause_s"):
            if not _is_number(getattr(self, name)) or not 0 < getattr(self, name) <= 86_400:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; it must lie in 0 .. 86400 s")
        if type(self.attempts) is not int or not 1 <= self.attempts <= 100:
            raise ConfigError(f"attempts is {self.attempts!r}; it must lie in 1 .. 100")


class Link(Protocol):
    """A connection to one server, in its protocol."""

    @property
    def address(self) -> str:
        """Where the server is, for messages."""
        ...

    def open(self, seconds: float) -> ServerFacts:
        """Connect, closing what was open, and hear what the server says of itself.

        Raises:
            Lost: if it cannot be reached now.
            Foreign: if there is no such server there.
        """
        ...

    def begin(self, instruction: str, seed: int, seconds: float) -> Mapping[str, Any]:
        """Tell the server that a subtask begins, if its protocol has a word for it.

        Returns:
            Its answer; empty if it has no word for it.

        Raises:
            Lost, Refused: as for `ask`.
        """
        ...

    def ask(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """One observation out, one answer in.

        Raises:
            Lost: if no answer came, or none that can be read.
            Refused: if the server reports an error.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; may be called twice."""
        ...


class RemotePolicy:
    """A policy whose chunks come from a server.

    Args:
        link: a connection that is not open yet.
        mapping: the server's names.
        name: of the policy, for the record.
        execute: how many actions of a chunk are carried out before the server is asked again.
        patience: time-outs.

    Raises:
        UnreachableError: if the server cannot be reached, or is none of this kind.
        ConfigError: if it does not fit the mapping.
    """

    def __init__(
        self, link: Link, mapping: NameMapping, *, name: str, execute: int, patience: Patience
    ) -> None:
        if type(execute) is not int or not 1 <= execute <= 10_000:
            raise ConfigError(f"policy.options.execute is {execute!r}; it must lie in 1 .. 10000")
        self._link, self._mapping, self._patience = link, mapping, patience
        self._name, self._execute = name, execute
        self._incidents: list[Incident] = []
        self._open, self._warm, self._in_subtask = False, False, False
        self._subtask = ("", 0)
        weakref.finalize(self, link.close)
        try:
            self._facts = self._reach(patience.connect_s)
        except (Lost, Foreign) as error:
            raise UnreachableError(
                f"{name}: no policy server of this kind at {link.address}: {error}. Start it, or "
                "name it with --set policy.options.host=... --set policy.options.port=..."
            ) from None
        if problems := self._facts.problems(mapping, execute):
            raise ConfigError(
                f"{name}: the server at {link.address} does not fit: "
                + "; ".join(problems)
                + "; another mapping or other settings are under policy.options"
            )

    @property
    def info(self) -> PolicyInfo:
        """Static facts, the server's own among them."""
        settings = {"server": self._link.address, "execute": str(self._execute)}
        settings |= {"server says": self._facts.told} if self._facts.told else {}
        return PolicyInfo(
            name=self._name,
            privileged=False,
            views=self._mapping.views,
            settings=settings | self._mapping.described(),
        )

    @property
    def incidents(self) -> Sequence[Incident]:
        """What was survived so far."""
        return tuple(self._incidents)

    def reset(self, instruction: str, seed: int) -> None:
        """Tell the server that a subtask begins, if its protocol has a word for it.

        Raises:
            InfrastructureError: if it cannot be told.
        """
        self._subtask, self._in_subtask = (instruction, seed), False
        self._insist(lambda seconds: self._link.begin(instruction, seed, seconds))

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """Ask the server.

        Returns:
            (execute, 12) float32, the beginning of the server's chunk.

        Raises:
            InfrastructureError: if it gives no valid chunk.
        """
        request = self._mapping.request(sensors, instruction)
        answer = self._insist(lambda seconds: self._link.ask(request, seconds))
        self._warm = self._in_subtask = True
        chunk = self._mapping.chunk(answer, self._link.address)
        if len(chunk) < self._execute:
            raise InfrastructureError(
                f"{self._link.address} gave {len(chunk)} actions and policy.options.execute is "
                f"{self._execute}; --set policy.options.execute={len(chunk)} fits it"
            )
        return chunk[: self._execute]

    def close(self) -> None:
        """Let go of the server; may be called twice."""
        self._open = False
        self._link.close()

    def _insist(self, ask: Callable[[float], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Ask until there is an answer, or it is clear that there will be none."""
        patience, last = self._patience, ""
        for attempt in range(1, patience.attempts + 1):
            try:
                if not self._open:
                    self._return_to_server(last)
                    self._link.begin(*self._subtask, patience.first_answer_s)
                return ask(patience.answer_s if self._warm else patience.first_answer_s)
            except (Refused, Foreign) as error:
                raise InfrastructureError(f"{self._link.address} says: {error}") from None
            except Lost as error:
                last = str(error)
                self.close()
                told = f"{last}; attempt {attempt} of {patience.attempts}"
                self._incidents.append(Incident(kind="unanswered", text=told))
        raise InfrastructureError(
            f"{self._link.address} gave no answer in {patience.attempts} attempts: {last}. If it "
            "is only slow: --set policy.options.answer_s=... (seconds)"
        )

    def _return_to_server(self, why: str) -> None:
        began, before = time.monotonic(), self._facts
        if before.stateful and self._in_subtask:
            raise InfrastructureError(
                f"{self._link.address} was lost ({why}); it keeps state within a subtask, which "
                "is gone with the connection"
            )
        try:
            now = self._reach(self._patience.reconnect_s)
        except (Lost, Foreign) as error:
            raise InfrastructureError(
                f"{self._link.address} was lost ({why}) and not found again within "
                f"{self._patience.reconnect_s:g} s: {error}"
            ) from None
        if now != before:
            raise InfrastructureError(
                f"{self._link.address} came back as another one: it said {before.told or '{}'} "
                f"and now says {now.told or '{}'}"
            )
        took = time.monotonic() - began
        text = f"found {self._link.address} again in {took:.1f} s"
        if now.told != before.told:
            text += f"; it said {before.told or '{}'} and now says {now.told or '{}'}"
        self._facts = now
        self._incidents.append(Incident(kind="reconnected", text=text))

    def _reach(self, seconds: float) -> ServerFacts:
        """Connect, with growing pauses while nobody is there."""
        deadline, pause = time.monotonic() + seconds, self._patience.first_pause_s
        while True:
            left = deadline - time.monotonic()
            try:
                facts = self._link.open(max(left, 0.1))
            except Lost:
                if deadline - time.monotonic() <= pause:
                    raise
            else:
                self._open, self._warm = True, False
                return facts
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
