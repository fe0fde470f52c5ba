"""Surfaces of revolution shared by the stand-in models, as Wavefront files.

Each has radius 1 and height 1 with z in 0..1, so that a model scales it to its own size. A profile
is a list of (radius, z): from the axis at the bottom outwards, up the outside, and, for vessels,
down the inside back to the axis.
"""

import math
from collections.abc import Iterator, Sequence

from .registry import Registry

Profile = Sequence[tuple[float, float]]

SEGMENTS = 20
_AXIS = 1e-3
"""Radius of points on the axis: not zero, MuJoCo rejects degenerate faces."""

PROFILES: dict[str, Profile] = {
    "bowl": [
        *[(_AXIS, 0), (0.45, 0), (0.75, 0.3), (0.93, 0.65), (1, 1)],
        *[(0.95, 1), (0.86, 0.62), (0.66, 0.3), (0.4, 0.1), (_AXIS, 0.08)],
    ],
    "cup": [
        *[(_AXIS, 0), (0.78, 0), (0.88, 0.3), (1, 1)],
        *[(0.93, 1), (0.82, 0.3), (0.7, 0.08), (_AXIS, 0.08)],
    ],
    "mugc": [
        *[(_AXIS, 0), (0.95, 0), (1, 0.1), (1, 1)],
        *[(0.92, 1), (0.9, 0.1), (_AXIS, 0.08)],
    ],
    "plate": [
        *[(_AXIS, 0), (0.6, 0), (0.7, 0.25), (1, 0.9), (1, 1)],
        *[(0.95, 1), (0.64, 0.45), (_AXIS, 0.4)],
    ],
    "pan": [(_AXIS, 0), (0.85, 0), (1, 1), (0.96, 1), (0.82, 0.1), (_AXIS, 0.1)],
    "wine": [
        *[(_AXIS, 0), (0.9, 0), (0.9, 0.02), (0.12, 0.05), (0.1, 0.45), (0.8, 0.6), (1, 0.8)],
        *[(0.85, 1), (0.8, 1), (0.93, 0.8), (0.72, 0.62), (_AXIS, 0.5)],
    ],
}


def revolve(profile: Profile, segments: int = SEGMENTS) -> str:
    """The Wavefront text of a closed profile turned about the z axis.

    Args:
        profile: (radius, z) points; the last is joined to the first.
        segments: how many steps make a full turn, >= 3.
    """
    rows = len(profile)
    vertices = [
        (
            radius * math.cos(2 * math.pi * step / segments),
            radius * math.sin(2 * math.pi * step / segments),
            z,
        )
        for step in range(segments)
        for radius, z in profile
    ]
    faces: list[tuple[int, int, int]] = []
    for step in range(segments):
        here, there = step * rows, (step + 1) % segments * rows
        for row in range(rows):
            after = (row + 1) % rows
            a, b, c, d = here + row, there + row, there + after, here + after
            # Near the axis one of the two triangles has no area.
            if profile[row][0] > 2 * _AXIS:
                faces.append((a + 1, b + 1, c + 1))
            if profile[after][0] > 2 * _AXIS:
                faces.append((a + 1, c + 1, d + 1))
    lines = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertices]
    lines += [f"f {a} {b} {c}" for a, b, c in faces]
    return "\n".join(lines) + "\n"


def generate(registry: Registry) -> Iterator[tuple[str, bytes]]:
    """All shared meshes as (path relative to the pack, content)."""
    del registry  # the same meshes whatever the package asks for
    for name, profile in PROFILES.items():
        yield f"objects/_meshes/{name}.obj", revolve(profile).encode()
