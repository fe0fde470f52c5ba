"""One object's geometry as data, in metres, before it becomes MJCF.

A `Shape` is a list of parts: seen, touched or both. It knows its own bounding box, moves itself so
that the box is centred on the origin (RoboCasa places objects by that box), can be turned, and
is written as a model in a category's scaled units: RoboCasa multiplies every object by its
category's scale, so the model is the real size divided by it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ..mjcf import Model, Vec

Kind = Literal["box", "cylinder", "ellipsoid", "capsule", "mesh"]
MESH_FILE = "_meshes/solid_{}.obj"
TEXTURE_FILE = "../textures/standin/{}.png"
MIN_HALF_M = 0.0012
SOLE_M = 0.0015
"""How far a cylinder is lifted off its crossed boxes [m]."""


@dataclass(frozen=True)
class Look:
    """How a part looks: colour 0..1, transparency, shine and an optional texture's name."""

    rgb: tuple[float, float, float]
    alpha: float = 1.0
    specular: float = 0.25
    shininess: float = 0.3
    texture: str | None = None
    wrap: Literal["cube", "2d"] = "cube"

    def shade(self, factor: float) -> "Look":
        """The same look, darker (below 1) or lighter (above 1)."""
        r, g, b = (min(1.0, c * factor) for c in self.rgb)
        return replace(self, rgb=(r, g, b))

    def blend(self, other: "Look", part: float) -> "Look":
        """This look with `part` of the other's colour mixed in."""
        r, g, b = (a + part * (c - a) for a, c in zip(self.rgb, other.rgb, strict=True))
        return replace(self, rgb=(r, g, b))

    def glossy(self, specular: float = 0.7, shininess: float = 0.7) -> "Look":
        """The same look, shinier."""
        return replace(self, specular=specular, shininess=shininess)


@dataclass(frozen=True, eq=False)
class Part:
    """One geom: half sizes as MJCF wants them, `look=None` when unseen."""

    kind: Kind
    pos: np.ndarray
    size: tuple[float, ...]
    look: Look | None
    touch: bool
    rot: np.ndarray
    mesh: str | None = None

    def extent(self) -> np.ndarray:
        """Half sizes of the axis-aligned box around the part, (3,) metres."""
        s, rot = self.size, self.rot
        if self.kind in ("box", "mesh"):
            return np.abs(rot) @ np.array(s)
        if self.kind == "ellipsoid":
            return np.sqrt(((rot * np.array(s)) ** 2).sum(axis=1))
        along = np.abs(rot[:, 2])
        if self.kind == "capsule":
            return s[0] + s[1] * along
        return s[0] * np.sqrt(np.maximum(1 - along**2, 0)) + s[1] * along


def rotation(axis: Vec, angle: float) -> np.ndarray:
    """The 3x3 matrix that turns by `angle` [rad] about `axis`."""
    x, y, z = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * (k @ k)


def towards(direction: Vec) -> np.ndarray:
    """A rotation that takes +z to `direction`."""
    d = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    axis = np.cross((0, 0, 1), d)
    if np.linalg.norm(axis) < 1e-6:
        return np.eye(3) if d[2] > 0 else rotation((1, 0, 0), math.pi)
    return rotation(axis, math.acos(float(np.clip(d[2], -1, 1))))


def quaternion(rot: np.ndarray) -> tuple[float, float, float, float] | None:
    """Wxyz of a rotation matrix, None for no rotation."""
    if np.allclose(rot, np.eye(3), atol=1e-7):
        return None
    # The eigenvector of Bar-Itzhack's matrix: stable for every angle.
    m = rot
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]],
            [0, m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0]],
            [0, 0, m[1, 1] - m[0, 0] - m[2, 2], m[1, 2] + m[2, 1]],
            [0, 0, 0, m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    q = np.linalg.eigh(k + np.triu(k, 1).T)[1][:, -1]
    q = q if q[np.argmax(np.abs(q))] > 0 else -q
    return (float(q[0]), float(q[1]), float(q[2]), float(q[3]))


@dataclass
class Shape:
    """The parts of one object and the extras RoboCasa looks for.

    Attributes:
        parts: in drawing order.
        liquid: (centre, radius, half height) of what fills a container.
        anchor: where a lid or a partner stands, in the same frame as the parts.
        regions: further named boxes (centre, half sizes).
        origin: what becomes the model's origin. "box": the middle of the bounding box. "axis": the
            upright axis x = y = 0 at half height, because RoboCasa measures "is inside" from a
            receptacle's origin, handles or not. "own": where the shape was drawn, for lids (the
            plane they rest on) and pairs (the ground, so that partners stand level).
        stiff: True for thin walls: their hard contact then wins over the soft pads of the gripper,
            which would squeeze through 5 mm of a 10 g cup.
    """

    parts: list[Part] = field(default_factory=list)
    liquid: tuple[np.ndarray, float, float] | None = None
    anchor: np.ndarray | None = None
    regions: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    origin: Literal["box", "axis", "own"] = "box"
    stiff: bool = False

    def add(
        self,
        kind: Kind,
        pos: Vec,
        size: Sequence[float],
        look: Look | None,
        *,
        touch: bool = False,
        rot: np.ndarray | None = None,
        mesh: str | None = None,
    ) -> None:
        """Add one part; sizes are half sizes, cylinders and capsules (radius, half height)."""
        r = np.eye(3) if rot is None else rot
        half = tuple(max(float(s), MIN_HALF_M if touch else 2e-4) for s in size)
        self.parts.append(Part(kind, np.array(pos, dtype=float), half, look, touch, r, mesh))

    def seen(
        self,
        kind: Kind,
        pos: Vec,
        size: Sequence[float],
        look: Look,
        rot: np.ndarray | None = None,
    ) -> None:
        """A part that is only seen."""
        self.add(kind, pos, size, look, rot=rot)

    def touched(
        self, kind: Kind, pos: Vec, size: Sequence[float], rot: np.ndarray | None = None
    ) -> None:
        """A part that is only touched."""
        self.add(kind, pos, size, None, touch=True, rot=rot)

    def solid(
        self,
        kind: Kind,
        pos: Vec,
        size: Sequence[float],
        look: Look,
        rot: np.ndarray | None = None,
    ) -> None:
        """A part that is seen and touched."""
        self.add(kind, pos, size, look, touch=True, rot=rot)

    def mesh(
        self, name: str, pos: Vec, half: Sequence[float], look: Look, rot: np.ndarray | None = None
    ) -> None:
        """A seen mesh of the library `forms`, stretched to the given half sizes."""
        self.add("mesh", pos, half, look, rot=rot, mesh=name)

    def rod(
        self,
        start: Vec,
        end: Vec,
        radius: float,
        look: Look | None,
        *,
        touch: bool = False,
        kind: Literal["capsule", "cylinder"] = "capsule",
    ) -> None:
        """A straight rod between two points."""
        a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
        half = float(np.linalg.norm(b - a)) / 2
        self.add(kind, (a + b) / 2, (radius, half), look, touch=touch, rot=towards(b - a))

    def ring(
        self,
        radius: float,
        bottom: float,
        top: float,
        thickness: float,
        *,
        sides: int = 10,
        centre: Vec = (0, 0),
    ) -> None:
        """An unseen wall of upright boxes whose outer faces lie at `radius`."""
        mid, half = (bottom + top) / 2, (top - bottom) / 2
        # Corners stick out of the circle by as much as the faces' middles stay inside it.
        radius *= (1 + math.cos(math.pi / sides)) / 2
        wide = radius * math.tan(math.pi / sides)
        for i in range(sides):
            a = 2 * math.pi * i / sides
            r = radius - thickness / 2
            pos = (centre[0] + r * math.cos(a), centre[1] + r * math.sin(a), mid)
            self.touched("box", pos, (thickness / 2, wide, half), rotation((0, 0, 1), a))

    def fill(self, pos: Vec, radius: float, half_height: float) -> None:
        """Say where a vessel's liquid goes: a cylinder on its upright axis, metres."""
        self.liquid = (np.array(pos, dtype=float), radius, half_height)
        self.origin = "axis"

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre and half sizes of the box around all parts, metres."""
        low = np.min([p.pos - p.extent() for p in self.parts], axis=0)
        high = np.max([p.pos + p.extent() for p in self.parts], axis=0)
        return (low + high) / 2, (high - low) / 2

    def footed(self, tolerance: float = 3e-4) -> "Shape":
        """The same shape, touching the ground where it is seen to.

        Where colliders end above the lowest visible point, a low box under their middle fills the
        gap, so that the object neither sinks in nor hovers.
        """
        self._square_off_soles()
        touched = [p for p in self.parts if p.touch]
        low = min(float(p.pos[2] - p.extent()[2]) for p in touched)
        ground = min(float(p.pos[2] - p.extent()[2]) for p in self.parts)
        if low - ground < tolerance:
            return self
        sole = Shape(touched).bounds()
        base = min(touched, key=lambda p: float(p.pos[2] - p.extent()[2]))
        half = np.minimum(sole[1] * 0.7, base.extent() * 0.8)
        top = low + 0.3 * float(base.extent()[2])
        pos = (base.pos[0], base.pos[1], (ground + top) / 2)
        self.touched("box", pos, (half[0], half[1], (top - ground) / 2))
        return self

    def _square_off_soles(self) -> None:
        """Stand upright cylinders on crossed boxes.

        MuJoCo 3.3.1 sometimes reports a cylinder's flat end as centimetres deep in the edge of a
        box that it rests on, and throws the object into the air; boxes on boxes are not affected.
        """
        low = min(float(p.pos[2] - p.extent()[2]) for p in self.parts if p.touch)
        for i, part in enumerate(list(self.parts)):
            upright = part.kind == "cylinder" and abs(abs(float(part.rot[2, 2])) - 1) < 1e-6
            radius, half = part.size[0], part.size[1] if len(part.size) > 1 else 0.0
            bottom = float(part.pos[2]) - half
            if not (part.touch and upright and bottom - low < 5e-4):
                continue
            lift = min(SOLE_M, half)
            up = np.array([0, 0, lift / 2])
            self.parts[i] = replace(
                part, pos=part.pos + up, size=(radius, max(half - lift / 2, MIN_HALF_M))
            )
            thick = min(2 * SOLE_M, 2 * half) / 2
            at = (part.pos[0], part.pos[1], bottom + thick)
            for angle in (0.0, math.pi / 4):
                rot = rotation((0, 0, 1), angle)
                self.touched("box", at, (radius * 0.7, radius * 0.7, thick), rot)

    def moved(self, shift: Vec) -> "Shape":
        """The same shape elsewhere."""
        s = np.asarray(shift, dtype=float)
        return Shape(
            [replace(p, pos=p.pos + s) for p in self.parts],
            None if self.liquid is None else (self.liquid[0] + s, *self.liquid[1:]),
            None if self.anchor is None else self.anchor + s,
            {k: (c + s, h) for k, (c, h) in self.regions.items()},
            self.origin,
            self.stiff,
        )

    def turned(self, rot: np.ndarray) -> "Shape":
        """The same shape turned about the origin; regions, being axis-aligned, are dropped."""
        return Shape(
            [replace(p, pos=rot @ p.pos, rot=rot @ p.rot) for p in self.parts],
            None if self.liquid is None else (rot @ self.liquid[0], *self.liquid[1:]),
            None if self.anchor is None else rot @ self.anchor,
            origin=self.origin,
            stiff=self.stiff,
        )

    def centred(self) -> "Shape":
        """The same shape with its origin where `origin` says."""
        centre = self.bounds()[0]
        if self.origin == "own":
            return self
        return self.moved(np.array([0, 0, -centre[2]]) if self.origin == "axis" else -centre)

    def model(self, scale: Vec, *, depth: int = 3) -> Model:
        """The shape as a model to be multiplied by `scale` (3,) when loaded.

        Args:
            scale: of the category, one factor per axis.
            depth: how many folders below `objects/` the model file lies.
        """
        up = "../" * depth
        inverse = 1.0 / np.asarray(scale, dtype=float)
        shape = self.centred()
        model = Model(free=True)
        for part in shape.parts:
            _emit(model, part, inverse, up, 1 if shape.stiff else None)
        if shape.liquid is not None:
            pos, radius, half = shape.liquid
            model.liquid(pos * inverse, radius * inverse[0], half * inverse[2])
        for name, (centre, half_sizes) in shape.regions.items():
            model.region(name, centre * inverse, half_sizes * inverse)
        if shape.anchor is not None:
            model.outer_site("anchor_site", shape.anchor * inverse)
        centre, half_box = shape.bounds()
        model.region("bbox", centre * inverse, half_box * inverse)
        return model


def _rescaled(part: Part, inverse: np.ndarray) -> tuple[float, ...]:
    """Half sizes under a scale per axis, by the rule RoboCasa's `set_scale` uses."""
    s = np.array(part.size if len(part.size) == 3 else (part.size[0], *part.size))
    scaled = np.abs(part.rot.T @ (part.rot @ s * inverse))
    if np.ptp(inverse) < 1e-9:
        scaled = s * inverse[0]
    return tuple(scaled if len(part.size) == 3 else scaled[1:])


def _emit(model: Model, part: Part, inverse: np.ndarray, up: str, priority: int | None) -> None:
    pos, quat = part.pos * inverse, quaternion(part.rot)
    if part.look is not None:
        look = part.look
        texture = None if look.texture is None else up + TEXTURE_FILE.format(look.texture)
        material = model.material(
            (*look.rgb, look.alpha),
            specular=look.specular,
            shininess=look.shininess,
            texture=texture,
            wrap=look.wrap,
        )
        if part.kind == "mesh":
            file = up + MESH_FILE.format(part.mesh)
            name = model.mesh(file, np.array(part.size) * inverse)
            model.visual("mesh", pos, None, material, quat=quat, mesh=name)
        else:
            model.visual(part.kind, pos, _rescaled(part, inverse), material, quat=quat)
    if part.touch and part.kind != "mesh":
        model.collider(part.kind, pos, _rescaled(part, inverse), quat=quat, priority=priority)
