"""What a policy tells and holds beside its actions: incidents that it got over, a connection.

A policy that holds on to something is `Held`, and is let go at the end of the episode. One that
keeps a list of incidents is `Watched`; `runs` writes each new one to `events.jsonl` at the step it
happened on, and their number to the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One thing that a policy got over."""

    kind: str
    """In one word, for instance `reconnected`."""
    text: str
    """For people: what happened, and what was done about it."""


@runtime_checkable
class Held(Protocol):
    """A policy that holds on to something outside, for instance a connection."""

    def close(self) -> None:
        """Let go of it; may be called twice."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A policy that tells its incidents."""

    @property
    def incidents(self) -> Sequence[Incident]:
        """All of them since the policy was made, in order; only ever appended to."""
        ...
