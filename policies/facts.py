"""What a policy server says of itself, and whether a mapping fits it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .mapping import ACTION_PARTS, NameMapping

TOLD_CHARACTERS = 2000
"""How much of a server's own words goes to the record."""


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """What is known of a server before it is asked; None and empty: it does not say."""

    wants: frozenset[str] | None = None
    """Keys that every request must have."""
    gives: frozenset[str] | None = None
    """Keys of its answers."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Numbers under a key of the state, or in one action under a key of the answer."""
    pictures: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """(height, width) of the pictures under a key [px]."""
    state_width: int | None = None
    """Numbers of the whole state."""
    action_width: int | None = None
    """Numbers of a whole action."""
    horizon: int | None = None
    """Actions in a chunk."""
    frames: int = 1
    """Moments that one request must show."""
    stateful: bool = False
    """True if an answer depends on earlier requests of the same subtask."""
    told: str = field(default="", compare=False)
    """Its own words, shortened. Two servers that differ in nothing else are the same."""

    def problems(self, mapping: NameMapping, execute: int) -> list[str]:
        """What does not fit, in words.

        Args:
            mapping: how we would talk to it.
            execute: how many actions of a chunk we would carry out.
        """
        found = [*self._keys(mapping), *self._sizes(mapping)]
        if self.horizon is not None and self.horizon < execute:
            found.append(f"its chunks have {self.horizon} actions, execute is {execute}")
        if self.frames != 1:
            found.append(f"it wants {self.frames} moments in each request, we send the newest")
        return found

    def _keys(self, mapping: NameMapping) -> list[str]:
        found = []
        sent = {*mapping.images, *mapping.state, mapping.prompt}
        if missing := sorted((self.wants or frozenset()) - sent):
            found.append(f"it wants {', '.join(missing)} (we would send {', '.join(sorted(sent))})")
        if self.gives is not None and (missing := sorted(set(mapping.actions) - self.gives)):
            given = ", ".join(sorted(self.gives)) or "nothing"
            found.append(f"it does not give {', '.join(missing)} (it gives {given})")
        return found

    def _sizes(self, mapping: NameMapping) -> list[str]:
        ours = {key: mapping.state_width(key) for key in mapping.state}
        state = sum(ours.values())
        ours |= {key: mapping.width(key) for key in mapping.actions}
        action = sum(mapping.width(key) for key in mapping.actions)
        found = [
            f"{key} has {width} numbers there and {ours[key]} here"
            for key, width in self.widths.items()
            if ours.get(key, width) != width
        ]
        if self.state_width not in (None, state):
            found.append(f"its state has {self.state_width} numbers, ours {state}")
        if self.action_width not in (None, action):
            parts = sum(ACTION_PARTS.values())
            found.append(
                f"its actions have {self.action_width} numbers, the mapping {action} of {parts}"
            )
        size = mapping.image_size
        found += [
            f"{key} is {height} x {width} px there and {size} x {size} px here"
            for key, (height, width) in self.pictures.items()
            if size is not None and key in mapping.images and (height, width) != (size, size)
        ]
        return found


def shortened(words: Any) -> str:
    """A server's own words as one line of JSON, for the record; empty for nothing."""
    if not words:
        return ""
    text = json.dumps(words, default=str, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= TOLD_CHARACTERS else text[:TOLD_CHARACTERS] + " ..."
