"""What a recorded run was told to do."""

from collections.abc import Mapping
from typing import Any


def instruction(run: Mapping[str, Any]) -> Any:
    """The task in the words that the agent was given: the user's own, or else RoboCasa's.

    Args:
        run: `run.json`, which may be damaged.

    Returns:
        Mostly text; None if nothing is there.
    """
    config, scene = run.get("config"), run.get("scene")
    env = config.get("env") if isinstance(config, Mapping) else None
    own = env.get("instruction") if isinstance(env, Mapping) else None
    return own or (scene.get("instruction") if isinstance(scene, Mapping) else None)
