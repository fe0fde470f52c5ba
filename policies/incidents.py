"""What went wrong on the way to an action and was mended: told to the record, never hidden.

A policy that keeps such a list is `Watched`; `runs` writes each new incident to `events.jsonl` at
the step it happened on, and their number to the result.
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
class Watched(Protocol):
    """A policy that tells its incidents."""

    @property
    def incidents(self) -> Sequence[Incident]:
        """All of them since the policy was made, in order; only ever appended to."""
        ...
