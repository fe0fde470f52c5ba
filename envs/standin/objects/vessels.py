"""Vessels for the table: bowls, cups, mugs, glasses, plates, jugs; turned meshes, hollow to touch.

Collision of a vessel is a floor and a ring of upright boxes, so that things fall in and stay.
`liquid` is the cylinder that tasks colour when the vessel is full.
"""

import math

import numpy as np

from .draw import Draw
from .shape import Look, Shape, rotation

FRONT = rotation((0, 0, 1), -math.pi / 2)
"""Turns a handle drawn at +x to the front (-y). That is where tasks expect it: measuring cups at
rotation 0 have it outwards, a mug turned by 90 degrees has it to the right, a pan is turned by
about 60 degrees on the stove so that it does not stick out."""

WALL_M = 0.005


def hollow(
    s: Shape,
    r: float,
    hz: float,
    *,
    foot: float,
    floor: float = 0.1,
    sides: int = 8,
    z: float = 0.0,
) -> None:
    """Colliders of a round vessel centred at height z.

    Args:
        s: the shape to add to.
        r: radius of the rim [m].
        hz: half height [m].
        foot: radius of the foot as a part of the rim's; below 0.85 the wall gets two steps.
        floor: thickness of the floor as a part of the height.
        sides: boxes in the ring.
        z: height of the vessel's centre [m].
    """
    s.stiff = True
    bottom, top, thick = z - hz, z + hz, max(WALL_M, r * 0.045)
    f = max(hz * floor, 0.0015)
    s.touched("cylinder", (0, 0, bottom + f), (r * foot, f))
    if foot >= 0.85:
        s.ring(r * 0.985, bottom, top, thick, sides=sides)
        return
    middle = (foot + 1) / 2
    s.ring(r * middle, bottom + f * 0.5, bottom + hz * 0.9, thick * 1.4, sides=6)
    s.ring(r * 0.985, bottom + hz * 0.6, top, thick * 1.4, sides=sides)


def glaze(d: Draw) -> Look:
    """The category's colour, glazed."""
    return d.look().glossy(0.5, 0.5)


def clear_glass(d: Draw, alpha: float = 0.32) -> Look:
    """Glass or clear plastic in the category's tint."""
    return Look(d.look().rgb, alpha, 0.9, 0.9)


def bowl(d: Draw) -> Shape:
    """An open bowl, some with a coloured band."""
    s = Shape()
    r, hz = d.round_half()
    form = d.option("form", "bowl")
    look = glaze(d)
    s.mesh(form, (0, 0, 0), (r, r, hz), look)
    if d.index % 3 == 1:
        s.mesh("hoop", (0, 0, hz * 0.9), (r * 1.0, r * 1.0, hz * 0.07), look.shade(0.55))
    foot = {"bowl_straight": 0.85, "bowl_deep": 0.7}.get(form, 0.6)
    hollow(s, r, hz, foot=foot)
    s.fill((0, 0, -hz * 0.25), r * 0.72, hz * 0.35)
    return s


def cup(d: Draw) -> Shape:
    """A cup, glass or mug.

    Options:
        form: mesh name(s).
        foot: radius of the foot as a part of the rim's.
        handle: True for an ear at +x.
        clear: True for glass.
        band: True for a coloured band on some.
    """
    s = Shape()
    r, hz = d.round_half()
    form = d.option("form", "cup")
    look = clear_glass(d) if d.flag("clear") else glaze(d)
    s.mesh(form, (0, 0, 0), (r, r, hz), look)
    if d.flag("band") and d.index % 2:
        out = 1.0 if "mug" in form else 0.95
        s.mesh(
            "hoop",
            (0, 0, hz * 0.35),
            (r * 1.015 * out, r * 1.015 * out, hz * 0.14),
            look.shade(0.5),
        )
    foot = d.number("foot", 0.86)
    hollow(s, r, hz, foot=foot, floor=0.07, sides=8)
    if d.flag("handle"):
        _ear(s, r, hz, look, d.number("ear", 1.0))
    s.fill((0, 0, -hz * 0.15), r * min(foot + 0.02, 0.86), hz * 0.62)
    return s.turned(FRONT)


def _ear(
    s: Shape, r: float, hz: float, look: Look, size: float = 1.0, thick: float = 0.0065
) -> None:
    """A C-shaped handle at +x: a bent tube to see, three boxes to touch."""
    reach = max(0.028, r * 0.62) * size
    tall = hz * 0.62
    s.mesh("ear", (r * 0.97 + reach / 2, 0, 0), (reach / 2, thick * 1.1, tall), look)
    s.touched("box", (r + reach - thick, 0, 0), (thick * 0.8, thick, tall * 0.72))
    for side in (-1, 1):
        s.touched("box", (r * 0.97 + reach / 2, 0, side * tall * 0.82), (reach / 2, thick, thick))


def coffee_cup(d: Draw) -> Shape:
    """A paper cup to go: taper, sleeve and lid; closed."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh(
        "flare",
        (0, 0, -hz * 0.06),
        (r * 0.94, r * 0.94, hz * 0.94),
        d.look("white", "ivory", "tan"),
    )
    s.mesh("label_tube", (0, 0, -hz * 0.02), (r * 0.865, r * 0.865, hz * 0.36), d.label("coffee"))
    lid = d.look("black", "white", "dark_brown", exact=True)
    s.mesh("drum", (0, 0, hz * 0.9), (r, r, hz * 0.06), lid)
    s.mesh("drum", (0, 0, hz * 0.95), (r * 0.85, r * 0.85, hz * 0.05), lid.shade(0.8))
    s.touched("cylinder", (0, 0, 0), (r * 0.88, hz))
    s.fill((0, 0, hz * 0.5), r * 0.7, hz * 0.2)
    return s


def wine_glass(d: Draw) -> Shape:
    """Foot, stem and open bowl of glass."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh("wine_glass", (0, 0, 0), (r, r, hz), clear_glass(d, 0.38))
    s.touched("cylinder", (0, 0, -hz * 0.97), (r * 0.88, hz * 0.03))
    s.touched("cylinder", (0, 0, -hz * 0.45), (r * 0.16, hz * 0.5))
    s.touched("cylinder", (0, 0, hz * 0.06), (r * 0.62, hz * 0.06))
    s.ring(r * 0.9, hz * 0.06, hz, WALL_M, sides=8)
    s.fill((0, 0, hz * 0.32), r * 0.7, hz * 0.18)
    return s


def plate(d: Draw) -> Shape:
    """A plate with a raised rim."""
    s = Shape()
    r, hz = d.round_half()
    look = glaze(d)
    s.mesh(d.option("form", "plate"), (0, 0, 0), (r, r, hz), look)
    if d.index % 3 == 2:
        s.mesh("hoop", (0, 0, hz * 0.85), (r * 0.97, r * 0.97, hz * 0.25), look.shade(0.5))
    s.touched("cylinder", (0, 0, -hz * 0.55), (r * 0.68, hz * 0.45))
    s.ring(r * 0.98, -hz * 0.3, hz, r * 0.3, sides=8)
    return s


def jug(d: Draw) -> Shape:
    """A jug, pitcher or blender jug: tall, open, with an ear at +x and a lip at -x.

    Options:
        form: mesh name(s).
        clear: True for glass or plastic.
        foot: radius of the foot as a part of the rim's.
    """
    s = Shape()
    r, hz = d.round_half()
    look = clear_glass(d, 0.45) if d.flag("clear") else glaze(d)
    s.mesh(d.option("form", "pitcher"), (0, 0, 0), (r, r, hz), look)
    s.seen(
        "box",
        (-r * 0.92, 0, hz * 0.93),
        (r * 0.14, r * 0.2, hz * 0.06),
        look,
        rotation((0, 1, 0), -0.5),
    )
    hollow(s, r, hz, foot=0.9, floor=0.05, sides=8)
    handle = d.look("black", "white", exact=True) if d.flag("dark_ear") else look
    _ear(s, r, hz, Look(handle.rgb, max(handle.alpha, 0.7), 0.5, 0.5), 0.95, thick=0.008)
    if d.flag("base"):
        s.mesh(
            "drum", (0, 0, -hz * 0.93), (r * 0.99, r * 0.99, hz * 0.07), d.look("black", exact=True)
        )
    s.fill((0, 0, -hz * 0.2), r * 0.8, hz * 0.6)
    return s.turned(FRONT)


def jar(d: Draw) -> Shape:
    """A storage jar, open; its lid is a model of its own and rests on the anchor."""
    s = Shape()
    r, hz = d.round_half()
    if d.index % 2:
        s.mesh("jar", (0, 0, 0), (r, r, hz), clear_glass(d, 0.4))
        s.mesh(
            "drum",
            (0, 0, -hz * 0.35),
            (r * 0.86, r * 0.86, hz * 0.5),
            d.look("tan", "cream", "cooked", "golden"),
        )
        s.touched("cylinder", (0, 0, -hz * 0.35), (r * 0.86, hz * 0.5))
    else:
        s.mesh("jar", (0, 0, 0), (r, r, hz), d.look("ivory", "terracotta", "blue", "mint").glossy())
    hollow(s, r, hz, foot=0.9, floor=0.05, sides=8)
    s.fill((0, 0, -hz * 0.3), r * 0.8, hz * 0.5)
    s.anchor = np.array([0, 0, hz])
    return s


def measuring_cup(d: Draw) -> Shape:
    """A small cup with a flat handle along +x and marks."""
    s = Shape()
    r, hz = d.round_half()
    clear = d.index % 2 == 0
    look = clear_glass(d, 0.45) if clear else d.look("steel", "red", "blue", "yellow")
    s.mesh("tumbler", (0, 0, 0), (r, r, hz), look)
    for z in (-0.2, 0.2, 0.6):
        s.seen(
            "box",
            (0, -r * (0.945 + 0.04 * z), hz * z),
            (r * 0.3, r * 0.04, hz * 0.03),
            d.look("red", exact=True),
        )
    hollow(s, r, hz, foot=0.88, floor=0.08, sides=8)
    s.solid(
        "box",
        (r + 0.021, 0, hz * 0.75),
        (0.023, 0.007, 0.004),
        Look(look.rgb, max(look.alpha, 0.8)),
    )
    s.fill((0, 0, -hz * 0.2), r * 0.82, hz * 0.55)
    return s.turned(FRONT)
