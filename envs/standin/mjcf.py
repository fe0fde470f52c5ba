"""A small MJCF builder for the models RoboCasa365 loads.

It knows RoboCasa's contract for every `model.xml`: one body named `object`; geoms come in pairs of
a visual (group 1, weightless, collides with nothing) and a collider (group 0); regions are boxes
named `reg_*`. All parts of a model live in the model's own frame: moving child bodies have no
`pos`, their offsets are in geoms and joints, because RoboCasa reads regions as model-frame offsets.

Frame of a model: front is -y, left is -x, up is +z; metres. Boxes are given by centre and half
sizes, cylinders by (radius, half height), capsules likewise.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Vec = Sequence[float] | np.ndarray
GeomType = Literal["box", "cylinder", "ellipsoid", "capsule"]

# Quaternions (wxyz) that turn the z axis of a cylinder.
ALONG_Y = (0.70710678, 0.70710678, 0.0, 0.0)
ALONG_X = (0.70710678, 0.0, 0.70710678, 0.0)


def fmt(values: Vec | float) -> str:
    """Numbers as MJCF text, five significant digits: enough for a tenth of a millimetre."""
    seq = [values] if isinstance(values, int | float) else values
    return " ".join(f"{float(v):.5g}" for v in seq)


def attrs(**values: object) -> str:
    """XML attributes from keywords; `None` is left out, sequences become number lists."""
    out = []
    for key, value in values.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else fmt(value)  # type: ignore[arg-type]
        out.append(f' {key}="{text}"')
    return "".join(out)


@dataclass
class Body:
    """One MJCF body under construction: its name and its lines or child bodies."""

    name: str
    items: list["str | Body"] = field(default_factory=list)

    def lines(self, indent: int) -> Iterator[str]:
        """The body as indented XML lines."""
        pad = " " * indent
        yield f'{pad}<body name="{self.name}">'
        for item in self.items:
            if isinstance(item, Body):
                yield from item.lines(indent + 1)
            else:
                yield f"{pad} {item}"
        yield f"{pad}</body>"


class Model:
    """An MJCF model under construction.

    Args:
        free: True for objects that move freely (their colliders touch everything), False for
            fixtures. Fixture colliders get contype 1 / conaffinity 0: they touch robot and objects
            but never each other, so doors and drawers need no clearance against their carcass.
        density: of the colliders [kg/m^3].
    """

    def __init__(self, *, free: bool, density: float = 200.0) -> None:
        self.free = free
        self.density = density
        self._assets: list[str] = []
        self._materials: dict[tuple[object, ...], str] = {}
        self._meshes: dict[tuple[object, ...], str] = {}
        self._top = Body("object")
        self._outer: list[str] = []
        self._current = self._top

    # assets ------------------------------------------------------------------------------------

    def material(
        self,
        rgba: Vec,
        *,
        specular: float = 0.3,
        shininess: float = 0.3,
        texture: str | None = None,
        wrap: Literal["cube", "2d"] = "cube",
    ) -> str:
        """The name of a material, made once per distinct look.

        Args:
            rgba: 3 or 4 numbers in 0..1.
            specular: 0..1.
            shininess: 0..1.
            texture: image path relative to the model file.
            wrap: "cube" for primitive geoms, "2d" for meshes with texture coordinates.
        """
        full = tuple(rgba) if len(rgba) == 4 else (*rgba, 1.0)
        key = (fmt(full), specular, shininess, texture, wrap)
        if key not in self._materials:
            name = f"mat{len(self._materials)}"
            self._materials[key] = name
            tex = None
            if texture is not None:
                tex = f"img_{name}"
                self._assets.append(f"<texture{attrs(type=wrap, name=tex, file=texture)}/>")
            self._assets.append(
                "<material"
                + attrs(name=name, rgba=full, specular=specular, shininess=shininess, texture=tex)
                + "/>"
            )
        return self._materials[key]

    def mesh(self, file: str, scale: Vec) -> str:
        """The name of a mesh asset (path relative to the model file), scaled per axis."""
        key = (file, fmt(scale))
        if key not in self._meshes:
            name = f"mesh{len(self._meshes)}"
            self._meshes[key] = name
            self._assets.append(f"<mesh{attrs(name=name, file=file, scale=scale)}/>")
        return self._meshes[key]

    # bodies and joints -------------------------------------------------------------------------

    @contextmanager
    def body(self, name: str, *, density: float | None = None) -> Iterator[Body]:
        """Everything added inside the `with` block belongs to this moving child body."""
        parent, before = self._current, self.density
        child = Body(name)
        parent.items.append(child)
        self._current = child
        self.density = before if density is None else density
        try:
            yield child
        finally:
            self._current, self.density = parent, before

    def joint(
        self,
        name: str,
        kind: Literal["hinge", "slide"],
        *,
        axis: Vec,
        pos: Vec,
        range: Vec,
        damping: float = 1.0,
        friction: float = 1.0,
        armature: float = 0.01,
        stiffness: float | None = None,
        springref: float | None = None,
    ) -> None:
        """A limited joint of the current body; RoboCasa reads `range` from the text.

        Args:
            name: the joint's name, part of RoboCasa's contract for the fixture.
            kind: hinge [rad] or slide [m].
            axis: unit vector in the model frame.
            pos: a point on the axis in the model frame [m].
            range: (min, max) [rad] or [m].
            damping: [N m s/rad] or [N s/m].
            friction: dry friction [N m] or [N].
            armature: added inertia.
            stiffness: spring towards `springref`, if any.
            springref: rest position of the spring.
        """
        self._add(
            "<joint"
            + attrs(
                name=name,
                type=kind,
                axis=axis,
                pos=pos,
                limited="true",
                range=range,
                damping=damping,
                frictionloss=friction,
                armature=armature,
                stiffness=stiffness,
                springref=springref,
            )
            + "/>"
        )

    # geoms and sites ---------------------------------------------------------------------------

    def visual(
        self,
        kind: GeomType | Literal["mesh"],
        pos: Vec,
        size: Vec | None,
        material: str,
        *,
        quat: Vec | None = None,
        name: str | None = None,
        mesh: str | None = None,
    ) -> None:
        """A geom that is seen and never touched."""
        self._add(
            "<geom"
            + attrs(name=name, type=kind, pos=pos, size=size, mesh=mesh, quat=quat)
            + f' group="1" contype="0" conaffinity="0" mass="0" material="{material}"/>'
        )

    def collider(
        self,
        kind: GeomType,
        pos: Vec,
        size: Vec,
        *,
        quat: Vec | None = None,
        name: str | None = None,
        friction: Vec = (0.95, 0.3, 0.1),
        condim: int | None = None,
        priority: int | None = None,
    ) -> None:
        """A geom that is touched and never seen.

        Args:
            kind: primitive type.
            pos: centre [m].
            size: half sizes, or (radius, half height) [m].
            quat: wxyz.
            name: part of RoboCasa's contract for some fixtures.
            friction: sliding, torsional, rolling.
            condim: contact dimensions, MuJoCo's 3 by default.
            priority: with 1, this geom's softness and friction win over the other's.
        """
        touch = "" if self.free else ' contype="1" conaffinity="0"'
        self._add(
            "<geom"
            + attrs(name=name, type=kind, pos=pos, size=size, quat=quat)
            + f' group="0"{touch} rgba="0.5 0 0 0.5"'
            + attrs(density=self.density, friction=friction)
            + (f' condim="{condim}"' if condim else "")
            + (f' priority="{priority}"' if priority else "")
            + ' solimp="0.998 0.998 0.001" solref="0.002 1"/>'
        )

    def solid(
        self,
        kind: GeomType,
        pos: Vec,
        size: Vec,
        material: str,
        *,
        quat: Vec | None = None,
        name: str | None = None,
    ) -> None:
        """A part that is both seen and touched; `name` goes to the collider."""
        shown = None if name is None else f"{name}_vis"
        self.visual(kind, pos, size, material, quat=quat, name=shown)
        self.collider(kind, pos, size, quat=quat, name=name)

    def region(self, name: str, pos: Vec, half: Vec) -> None:
        """An invisible, axis-aligned box `reg_<name>` that RoboCasa places and tests against."""
        self._add(
            f'<geom name="reg_{name}" type="box"'
            + attrs(pos=pos, size=half)
            + ' group="1" contype="0" conaffinity="0" mass="0" rgba="0 1 0 0"/>'
        )

    def site(
        self,
        name: str,
        pos: Vec,
        size: Vec = (0.005,),
        *,
        rgba: Vec = (0, 0, 0, 0),
        kind: str | None = None,
    ) -> None:
        """A site of the current body."""
        self._add(f"<site{attrs(name=name, type=kind, pos=pos, size=size, rgba=rgba)}/>")

    def outer_site(self, name: str, pos: Vec) -> None:
        """A site beside body `object`, where RoboCasa looks for `anchor_site`."""
        self._outer.append(f'<site{attrs(name=name, pos=pos)} size="0.005" rgba="0 0 0 0"/>')

    def liquid(self, pos: Vec, radius: float, half_height: float) -> None:
        """The cylinder `liquid` that pouring tasks colour; invisible until then."""
        self._add(
            f'<geom name="liquid" type="cylinder"{attrs(pos=pos, size=(radius, half_height))}'
            ' group="1" contype="0" conaffinity="0" mass="0" rgba="0 0 0 0"/>'
        )

    # output ------------------------------------------------------------------------------------

    def xml(self, name: str = "standin") -> str:
        """The finished model file."""
        head = [f'<mujoco model="{name}">', ' <compiler angle="radian"/>', " <asset>"]
        head += [f"  {line}" for line in self._assets]
        body = [" </asset>", " <worldbody>", "  <body>", *self._top.lines(3)]
        body += [f"   {line}" for line in self._outer]
        return "\n".join([*head, *body, "  </body>", " </worldbody>", "</mujoco>", ""])

    def _add(self, line: str) -> None:
        self._current.items.append(line)
