"""How the doors stand that one subtask shuts, one after the other, while one of them is shut."""

from collections.abc import Sequence

import numpy as np

from ...envs.truth import JointTruth

IN_TURN = 0.85
"""Share of the other doors that stand as the order says: shut before their turn came, open after
it; the others stand the other way."""


def standing(
    doors: Sequence[JointTruth], opened: float, rng: np.random.Generator
) -> list[tuple[str, float]]:
    """Draw how they stand.

    Args:
        doors: of a subtask, as the episode began, the first one first.
        opened: how far the one is open that is being shut, 0..1.
        rng: draws which one that is.

    Returns:
        Name and value [rad] of each.
    """
    turn, values = int(rng.integers(len(doors))), []
    for number, door in enumerate(doors):
        shut = (number < turn) == (rng.random() < IN_TURN)
        share = opened if number == turn else 0.0 if shut else door.opened
        values.append((door.name, door.at(share)))
    return values
