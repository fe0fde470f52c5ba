"""Triangle meshes that object shapes are made of: turned, swept and extruded unit solids.

Every solid is normalised to the cube -1..1 on each axis, so a shape draws it by centre and half
sizes, like a box. They are coarse on purpose: software rendering is bound by the number of
triangles, and a 16-segment mesh costs a third of MuJoCo's own ellipsoid.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Profile = Sequence[tuple[float, float]]
Points = np.ndarray


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed triangle mesh.

    Attributes:
        vertices: (n, 3) float, inside -1..1.
        faces: (m, 3) int, counter-clockwise from outside.
        uv: (n, 2) float texture coordinates, or None.
    """

    vertices: Points
    faces: Points
    uv: Points | None = None

    def obj(self) -> bytes:
        """The mesh as a Wavefront OBJ file."""
        lines = [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in self.vertices]
        if self.uv is not None:
            lines += [f"vt {u:.4f} {v:.4f}" for u, v in self.uv]
            lines += ["f " + " ".join(f"{i + 1}/{i + 1}" for i in f) for f in self.faces]
        else:
            lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in self.faces]
        return ("\n".join(lines) + "\n").encode()


def _solid(vertices: Points, faces: Sequence[Sequence[int]], uv: Points | None = None) -> Solid:
    """Normalise to the unit cube and turn the faces outwards."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    v = 2 * (vertices - low) / np.maximum(high - low, 1e-9) - 1
    f = np.asarray(faces, dtype=int)
    a, b, c = v[f[:, 0]], v[f[:, 1]], v[f[:, 2]]
    if np.einsum("ij,ij->i", a, np.cross(b, c)).sum() < 0:
        f = f[:, ::-1]
    return Solid(v, f, uv)


def _skin(rings: Points) -> tuple[Points, list[tuple[int, int, int]]]:
    """Join rings (k, n, 3) of points into a closed surface, fans at both ends."""
    k, n, _ = rings.shape
    ends = np.stack([rings[0].mean(axis=0), rings[-1].mean(axis=0)])
    vertices = np.concatenate([rings.reshape(-1, 3), ends])
    faces: list[tuple[int, int, int]] = []
    for i in range(n):
        j = (i + 1) % n
        for m in range(k - 1):
            a, b, c, d = m * n + i, m * n + j, (m + 1) * n + j, (m + 1) * n + i
            faces += [(a, b, c), (a, c, d)]
        faces.append((k * n, j, i))
        faces.append((k * n + 1, (k - 1) * n + i, (k - 1) * n + j))
    return vertices, faces


def revolve(
    profile: Profile, *, segments: int = 16, lobes: int = 0, depth: float = 0.0, axis: str = "z"
) -> Solid:
    """A profile of (radius, height) turned about an axis; it may fold back to make a hollow.

    Args:
        profile: from the bottom outwards and up; for vessels back down inside.
        segments: around the axis.
        lobes: number of lobes round the axis (bell pepper, pumpkin), 0 for none.
        depth: how far the creases between lobes go in, as a part of the radius.
        axis: "z" stands up, "x" lies with the profile's top towards +x.
    """
    turn = 2 * math.pi * np.arange(segments) / segments
    swell = 1 - depth * (0.5 - 0.5 * np.cos(lobes * turn))
    p = np.asarray(profile, dtype=float)
    r = p[:, :1] * swell[None]
    rings = np.stack(
        [r * np.cos(turn), r * np.sin(turn), np.repeat(p[:, 1:], segments, axis=1)], axis=-1
    )
    if axis == "x":
        rings = rings[..., [2, 0, 1]]
    return _solid(*_skin(rings))


def sweep(
    path: Sequence[Sequence[float]],
    radii: Sequence[float] | Sequence[tuple[float, float]],
    *,
    segments: int = 8,
    closed: bool = False,
    normal: Sequence[float] = (0, 0, 1),
) -> Solid:
    """An elliptical tube along a path that lies in a plane with the given normal.

    Args:
        path: (k, 3) points.
        radii: per point one radius, or (in the plane, along the normal).
        segments: around the tube.
        closed: joins the end to the start (a ring).
        normal: of the plane of the path.
    """
    p = np.asarray(path, dtype=float)
    rr = np.asarray(radii, dtype=float)
    rr = np.stack([rr, rr], axis=1) if rr.ndim == 1 else rr
    up = np.asarray(normal, dtype=float)
    ahead = np.roll(p, -1, axis=0) - np.roll(p, 1, axis=0)
    if not closed:
        ahead[0], ahead[-1] = p[1] - p[0], p[-1] - p[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(up, ahead)
    turn = 2 * math.pi * np.arange(segments) / segments
    rings = (
        p[:, None]
        + rr[:, :1, None] * np.cos(turn)[None, :, None] * side[:, None]
        + rr[:, 1:, None] * np.sin(turn)[None, :, None] * up
    )
    if not closed:
        return _solid(*_skin(rings))
    k, n, _ = rings.shape
    faces: list[tuple[int, int, int]] = []
    for m in range(k):
        for i in range(n):
            j, q = (i + 1) % n, (m + 1) % k
            a, b, c, d = m * n + i, m * n + j, q * n + j, q * n + i
            faces += [(a, b, c), (a, c, d)]
    return _solid(rings.reshape(-1, 3), faces)


def prism(outline: Profile, levels: Profile = ((-1, 1), (1, 1)), *, plane: str = "xy") -> Solid:
    """An outline (star-shaped about its middle) extruded through levels.

    Args:
        outline: (n, 2) points, counter-clockwise.
        levels: (height, scale of the outline there) from bottom to top.
        plane: "xy" extrudes upwards, "xz" along y (the outline stands upright).
    """
    o = np.asarray(outline, dtype=float)
    rings = np.stack(
        [np.concatenate([o * s, np.full((len(o), 1), z)], axis=1) for z, s in levels], axis=0
    )
    if plane == "xz":
        rings = rings[..., [0, 2, 1]]
    return _solid(*_skin(rings))


def smooth(outline: Profile, per_side: int = 2) -> list[tuple[float, float]]:
    """A closed outline with `per_side` points per side, rounded by a Catmull-Rom spline."""
    p = np.asarray(outline, dtype=float)
    a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    out = []
    for i in range(per_side):
        t = i / per_side
        q = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - 3 * c + d - a)))
        out.append(q)
    points = np.stack(out, axis=1).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in points]


def arc(
    start: float, stop: float, count: int, *, plane: str = "xy", stretch: float = 1.0
) -> list[tuple[float, float, float]]:
    """Points on a unit arc between two angles [rad]; `stretch` scales the second axis."""
    out: list[tuple[float, float, float]] = []
    for a in np.linspace(start, stop, count):
        u, v = float(math.cos(a)), float(math.sin(a)) * stretch
        out.append((u, v, 0.0) if plane == "xy" else (u, 0.0, v))
    return out


def label_box() -> Solid:
    """A box whose front and back (+-y) show a label's art, the other faces its side band."""
    vertices, uv, faces = [], [], []
    for axis in range(3):
        for sign in (-1, 1):
            corners = []
            for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                p = [0.0, 0.0, 0.0]
                p[axis] = sign
                others = [i for i in range(3) if i != axis]
                p[others[0]], p[others[1]] = s, t
                corners.append((tuple(p), s, t))
            base = len(vertices)
            for p, s, t in corners:
                vertices.append(p)
                u, v = (s + 1) / 2, (t + 1) / 2
                if axis == 1:
                    uv.append(((u if sign < 0 else 1 - u) * 2 / 3, v))
                elif axis == 0:
                    uv.append((0.70 + 0.26 * u, v))
                else:
                    uv.append((0.68, 0.02))
            quad = [base, base + 1, base + 2, base + 3]
            outward = sign * (1 if axis != 1 else -1)
            quad = quad if outward > 0 else quad[::-1]
            faces += [(quad[0], quad[1], quad[2]), (quad[0], quad[2], quad[3])]
    return Solid(np.array(vertices, dtype=float), np.array(faces), np.array(uv, dtype=float))


def label_tube(segments: int = 20) -> Solid:
    """A cylinder wrapped by a label whose art shows twice, in front (-y) and behind."""
    vertices, uv, faces = [], [], []
    for i in range(segments + 1):
        a = 2 * math.pi * i / segments - math.pi / 2
        turn = (i / segments * 2 + 0.5) % 1.0 if i < segments else 0.5
        for z in (-1.0, 1.0):
            vertices.append((math.cos(a), math.sin(a), z))
            uv.append(((turn * 2 / 3), (z + 1) / 2))
    for i in range(segments):
        a = 2 * i
        faces += [(a, a + 2, a + 3), (a, a + 3, a + 1)]
    top, bottom = len(vertices), len(vertices) + 1
    vertices += [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0)]
    uv += [(0.68, 0.02), (0.68, 0.02)]
    for i in range(segments):
        a = 2 * i
        faces += [(a + 1, a + 3, top), (a + 2, a, bottom)]
    return Solid(np.array(vertices), np.array(faces), np.array(uv, dtype=float))


def pouch(corner: float = 0.35, *, columns: int = 8, rows: int = 8) -> Solid:
    """A filled bag standing upright: flat seams above and below, belly in the middle."""
    vertices, uv, faces = [], [], []
    for side in (-1, 1):
        for j in range(rows + 1):
            for i in range(columns + 1):
                u, v = 2 * i / columns - 1, 2 * j / rows - 1
                belly = (1 - u * u) ** 0.5 * (1 - abs(v) ** 3 * (1 - 0.06 / max(corner, 0.06)))
                belly = max(belly, 0.0)
                if abs(v) == 1:
                    belly *= 0.15
                vertices.append((u, side * belly, v))
                front = u if side < 0 else -u
                uv.append(((front + 1) / 3, (v + 1) / 2))
    stride, half = columns + 1, (rows + 1) * (columns + 1)
    for side in (0, 1):
        for j in range(rows):
            for i in range(columns):
                a = side * half + j * stride + i
                quad = (a, a + 1, a + stride + 1, a + stride)
                quad = quad if side == 0 else quad[::-1]
                faces += [(quad[0], quad[1], quad[2]), (quad[0], quad[2], quad[3])]
    for j in (0, rows):
        for i in range(columns):
            a, b = j * stride + i, half + j * stride + i
            quad = (a, b, b + 1, a + 1)
            quad = quad if j == 0 else quad[::-1]
            faces += [(quad[0], quad[1], quad[2]), (quad[0], quad[2], quad[3])]
    return _solid(np.array(vertices, dtype=float), faces, np.array(uv, dtype=float))


Maker = Callable[[], Solid]
