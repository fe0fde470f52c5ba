"""Vessels with handles for the stove and sink: pans, pots, kettles, strainers, and lids."""

import math

import numpy as np

from .draw import Draw
from .shape import Look, Shape, rotation
from .vessels import FRONT, glaze, hollow


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


def kettle(d: Draw) -> Shape:
    """A stove kettle or teapot: closed body, spout at -x, handle, lid with a knob.

    Options:
        form: "kettle_body" or "teapot_body".
        handle: "bail" arches over the top, "ear" stands at +x.
    """
    s = Shape()
    hx, hy, hz = d.half()
    r = min(hx * 0.72, hy)
    look = glaze(d)
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
