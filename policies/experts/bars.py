"""What on a part can be taken hold of: handles, bars, upright wires."""

from dataclasses import dataclass

import numpy as np

from ...envs.truth import Box, Vec3
from .motion import UP, Blocked

THIN_M = 0.02
"""Half thickness up to which fingers close around a bar [m]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bar:
    """Something long to take hold of."""

    center: Vec3
    along: Vec3
    """Unit vector of its length."""
    half: float
    """Half its length [m]."""
    thick: float = 0.01
    """Half its thickness [m]."""


def find_bar(parts: list[Box], outward: Vec3) -> Bar:
    """The handle among a part's colliders: by name, else the outermost long and thin one.

    Raises:
        Blocked: if the part has nothing to hold.
    """
    named = [box for box in parts if box.name.endswith("handle_main") or "handle" in box.name]
    thin = [box for box in parts if np.sort(box.half)[1] <= THIN_M and box.half.max() >= 0.03]
    choice = named or thin
    if not choice:
        raise Blocked("the part has no bar to hold")
    box = max(choice, key=lambda b: float(b.center @ outward) + 0.3 * float(b.half.max()))
    longest = int(np.argmax(box.half))
    return Bar(
        center=box.center,
        along=box.rot[:, longest],
        half=float(box.half[longest]),
        thick=float(np.sort(box.half)[0]),
    )


def find_post(parts: list[Box], outward: Vec3, near: Vec3) -> Bar:
    """Of a part's thin upright bars at its front, the one nearest to a point.

    Args:
        parts: the colliders.
        outward: towards somebody in front of the fixture.
        near: world point; only the distance along the front counts.

    Raises:
        Blocked: if the part has no such bar.
    """
    upright = [
        box
        for box in parts
        if np.sort(box.half)[1] <= THIN_M and abs(box.rot[2, int(np.argmax(box.half))]) > 0.9
    ]
    if not upright:
        raise Blocked("the part has no upright bar to hold")
    front = max(float(box.center @ outward) for box in upright)
    across = np.cross(UP, outward)
    box = min(
        (b for b in upright if b.center @ outward > front - 0.03),
        key=lambda b: abs(float(across @ (b.center - near))),
    )
    return Bar(center=box.center, along=UP, half=float(box.half.max()), thick=float(box.half.min()))
