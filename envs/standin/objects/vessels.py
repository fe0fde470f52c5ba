"""Vessels: bowls, cups, mugs, glasses, pots, pans, kettles; seen as turned meshes, hollow to touch.

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


def _glaze(d: Draw) -> Look:
    return d.look().glossy(0.5, 0.5)


def _clear(d: Draw, alpha: float = 0.32) -> Look:
    return Look(d.look().rgb, alpha, 0.9, 0.9)


def bowl(d: Draw) -> Shape:
    """An open bowl, some with a coloured band."""
    s = Shape()
    r, hz = d.round_half()
    form = d.option("form", "bowl")
    look = _glaze(d)
    s.mesh(form, (0, 0, 0), (r, r, hz), look)
    if d.index % 3 == 1:
        s.mesh("hoop", (0, 0, hz * 0.9), (r * 1.0, r * 1.0, hz * 0.07), look.shade(0.55))
    foot = {"bowl_straight": 0.85, "bowl_deep": 0.7}.get(form, 0.6)
    hollow(s, r, hz, foot=foot)
    s.fill((0, 0, -hz * 0.25), r * 0.72, hz * 0.35)
    return s


def strainer(d: Draw) -> Shape:
    """A colander: bowl with dark holes and two ears, or a sieve with a handle along y."""
    s = Shape()
    r, hz = d.round_half()
    look = d.look()
    s.mesh("bowl_deep", (0, 0, 0), (r, r, hz), look)
    for ring_z, count, part in ((-0.1, 6, 0.88), (0.35, 6, 0.955)):
        for i in range(count):
            a = 2 * math.pi * (i + ring_z) / count
            pos = (r * part * math.cos(a), r * part * math.sin(a), hz * ring_z)
            s.mesh("blob", pos, (r * 0.04, r * 0.04, r * 0.04), look.shade(0.3))
    if d.option("handle") == "long":
        s.rod(
            (0, -r * 0.98, hz * 0.85),
            (0, -r * 0.98 - 0.07, hz * 0.85),
            0.007,
            d.look("black", "wood", "steel"),
            touch=True,
        )
    else:
        for side in (-1, 1):
            s.solid("box", (side * r * 1.08, 0, hz * 0.88), (r * 0.1, r * 0.3, 0.004), look)
    hollow(s, r, hz, foot=0.7)
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
    look = _clear(d) if d.flag("clear") else _glaze(d)
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
    s.mesh("wine_glass", (0, 0, 0), (r, r, hz), _clear(d, 0.38))
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
    look = _glaze(d)
    s.mesh(d.option("form", "plate"), (0, 0, 0), (r, r, hz), look)
    if d.index % 3 == 2:
        s.mesh("hoop", (0, 0, hz * 0.85), (r * 0.97, r * 0.97, hz * 0.25), look.shade(0.5))
    s.touched("cylinder", (0, 0, -hz * 0.55), (r * 0.68, hz * 0.45))
    s.ring(r * 0.98, -hz * 0.3, hz, r * 0.3, sides=8)
    return s


def pan(d: Draw) -> Shape:
    """A frying pan or saucepan with its handle to the front.

    Options:
        form: mesh name(s).
        reach: length of the handle as a part of the radius (0.09 m at least).
        lid: True gives the anchor of a lid.
    """
    s = Shape()
    r, hz = d.round_half()
    form = d.option("form", "pan")
    look = Look(d.look().rgb, 1.0, 0.6, 0.5)
    s.mesh(form, (0, 0, 0), (r, r, hz), look)
    if form == "pan":
        s.seen("cylinder", (0, 0, -hz * 0.78), (r * 0.8, hz * 0.04), look.shade(0.6))
    hollow(s, r, hz, foot=0.88, floor=0.1)
    length = max(r * d.number("reach", 1.0), 0.09)
    grip = d.look("black", "dark_wood", "steel", exact=True)
    z = hz * 0.6
    s.rod((r * 0.95, 0, z), (r + length * 0.3, 0, z + 0.004), 0.006, d.look("steel", exact=True))
    s.solid("box", (r + length * 0.62, 0, z + 0.004), (length * 0.38, 0.010, 0.007), grip)
    s.touched("box", (r + length * 0.14, 0, z + 0.002), (length * 0.14, 0.006, 0.006))
    s.fill((0, 0, -hz * 0.3), r * 0.82, hz * 0.45)
    if d.flag("lid"):
        s.anchor = np.array([0, 0, hz])
    return s.turned(FRONT)


def lid(d: Draw) -> Shape:
    """A lid with a knob; the model's origin is the height at which it rests on its vessel.

    Options:
        glass: True for a glass pane in a steel rim.
    """
    s = Shape()
    r, hz = d.round_half()
    rim = d.look()
    s.mesh(
        "lid",
        (0, 0, -hz * 0.45),
        (r, r, hz * 0.55),
        Look(rim.rgb, 0.55 if d.flag("glass") else 1.0, 0.7, 0.6),
    )
    s.mesh("hoop", (0, 0, -hz * 0.9), (r, r, hz * 0.1), rim.shade(0.8))
    s.solid(
        "cylinder",
        (0, 0, hz * 0.6),
        (max(r * 0.14, 0.009), hz * 0.4),
        d.look("black", "steel", "wood"),
    )
    s.touched("cylinder", (0, 0, -hz * 0.6), (r * 0.98, hz * 0.4))
    s = s.moved((0, 0, hz))
    s.origin = "own"
    return s


def pot(d: Draw) -> Shape:
    """A stock pot with a handle on each side (+-x)."""
    s = Shape()
    r, hz = d.round_half()
    look = Look(d.look().rgb, 1.0, 0.6, 0.5)
    s.mesh("pot", (0, 0, 0), (r, r, hz), look)
    if d.index % 2:
        s.mesh("hoop", (0, 0, -hz * 0.85), (r * 1.0, r * 1.0, hz * 0.05), look.shade(0.6))
    hollow(s, r, hz, foot=0.93, floor=0.06)
    grip = d.look("black", "steel", exact=True)
    for side in (-1, 1):
        x = side * r
        turn = rotation((0, 0, 1), 0.0 if side > 0 else math.pi)
        s.solid("box", (x + side * 0.020, 0, hz * 0.62), (0.005, r * 0.26, 0.005), grip)
        for y in (-1, 1):
            s.solid(
                "box",
                (x + side * 0.008, y * r * 0.22, hz * 0.62),
                (0.012, 0.005, 0.005),
                grip,
                turn,
            )
    s.fill((0, 0, -hz * 0.3), r * 0.9, hz * 0.55)
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
    look = _clear(d, 0.45) if d.flag("clear") else _glaze(d)
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


def kettle(d: Draw) -> Shape:
    """A stove kettle or teapot: closed body, spout at -x, handle, lid with a knob.

    Options:
        form: "kettle_body" or "teapot_body".
        handle: "bail" arches over the top, "ear" stands at +x.
    """
    s = Shape()
    hx, hy, hz = d.half()
    r = min(hx * 0.72, hy)
    look = _glaze(d)
    bail = d.option("handle", "bail") == "bail"
    body = hz * (0.68 if bail else 0.84)
    zc, shift = -hz + body, (0.0 if bail else -r * 0.1)
    s.mesh(d.option("form", "kettle_body"), (shift, 0, zc), (r, r, body), look)
    knob = d.look("black", "wood", exact=True)
    top = zc + body
    s.mesh("blob", (shift, 0, top + hz * 0.05), (r * 0.13, r * 0.13, hz * 0.08), knob)
    flip = rotation((0, 0, 1), math.pi)
    s.mesh(
        "spout",
        (shift - r * 1.08, 0, zc + body * 0.15),
        (r * 0.34, r * 0.16, body * 0.55),
        look,
        flip,
    )
    s.touched("box", (shift - r * 1.02, 0, zc + body * 0.25), (r * 0.2, r * 0.1, body * 0.3))
    s.touched("cylinder", (shift, 0, zc - body * 0.3), (r * 0.95, body * 0.7))
    s.touched("cylinder", (shift, 0, zc + body * 0.5), (r * 0.6, body * 0.5))
    if bail:
        rise = hz - (zc + body * 0.5)
        s.mesh(
            "bail",
            (shift, 0, zc + body * 0.55 + rise * 0.5),
            (r * 0.68, r * 0.09, rise * 0.5),
            knob,
        )
        s.touched("box", (shift, 0, hz - 0.008), (r * 0.42, 0.010, 0.008))
        for side in (-1, 1):
            s.touched(
                "box",
                (shift + side * r * 0.52, 0, (top + hz) / 2),
                (0.006, 0.008, (hz - top) / 2),
            )
    else:
        _ear_at(s, shift + r * 0.92, zc, body, knob if d.index % 2 else look)
    s.fill((shift, 0, zc + body * 0.2), r * 0.35, hz * 0.05)
    return s.turned(FRONT)


def _ear_at(s: Shape, x: float, z: float, hz: float, look: Look) -> None:
    reach, tall = 0.042, hz * 0.62
    s.mesh("ear", (x + reach / 2, 0, z), (reach / 2, 0.007, tall), look)
    s.touched("box", (x + reach - 0.006, 0, z), (0.006, 0.007, tall * 0.72))
    for side in (-1, 1):
        s.touched("box", (x + reach / 2, 0, z + side * tall * 0.82), (reach / 2, 0.007, 0.006))


def jar(d: Draw) -> Shape:
    """A storage jar, open; its lid is a model of its own and rests on the anchor."""
    s = Shape()
    r, hz = d.round_half()
    if d.index % 2:
        s.mesh("jar", (0, 0, 0), (r, r, hz), _clear(d, 0.4))
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
    look = _clear(d, 0.45) if clear else d.look("steel", "red", "blue", "yellow")
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
