"""What a recorded run was told to do."""

from collections.abc import Mapping
from typing import Any

from .reporting.clean import mapping


def instruction(run: Mapping[str, Any]) -> Any:
    """The task in the words that the agent was given: the user's own, or else RoboCasa's.

    Args:
        run: `run.json`, which may be damaged.

    Returns:
        Mostly text; None if nothing is there.
    """
    own = mapping(mapping(run.get("config")).get("env")).get("instruction")
    return own or mapping(run.get("scene")).get("instruction")
