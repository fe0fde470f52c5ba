"""Meat, fish and eggs."""

import math

from .draw import Draw, block
from .shape import Shape, rotation


def cutlet(d: Draw) -> Shape:
    """A flat piece of meat: steak, chop, breast.

    Options:
        form: mesh name(s).
        fat: colour of a rim of fat, "" for none.
        bone: True for a rib bone.
        marble: True for streaks.
    """
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    form = d.option("form", "steak")
    fat = d.option("fat")
    if fat:
        s.mesh(form, (0, 0, -hz * 0.04), (hx, hy, hz * 0.94), d.look(fat))
        s.mesh(form, (-hx * 0.02, -hy * 0.05, 0), (hx * 0.9, hy * 0.88, hz), look)
    else:
        s.mesh(form, (0, 0, 0), (hx, hy, hz), look)
    if d.flag("bone"):
        s.rod((-hx * 0.75, 0, 0), (-hx * 1.25, hy * 0.1, 0), hz * 0.4, d.look("ivory"))
    for i in range(4 if d.flag("marble") else 0):
        x, y = hx * (-0.45 + 0.3 * i), hy * d.rng.uniform(-0.35, 0.35)
        s.seen(
            "box",
            (x, y, hz * 0.97),
            (hx * 0.14, hy * 0.035, hz * 0.06),
            d.look("fat"),
            rotation((0, 0, 1), float(d.rng.uniform(-1, 1))),
        )
    s.touched("box", (0, 0, 0), (hx * 0.85, hy * 0.6, hz))
    s.touched("box", (hx * 0.1, 0, 0), (hx * 0.55, hy * 0.85, hz))
    return s


def bacon(d: Draw) -> Shape:
    """A wavy striped rasher along x."""
    s = Shape()
    hx, hy, hz = d.half()
    meat, fat = d.look(), d.look("fat")
    n = 6
    for i in range(n):
        x = hx * (-1 + (2 * i + 1) / n)
        tilt = rotation((0, 1, 0), 0.16 if i % 2 else -0.16)
        s.seen("box", (x, 0, 0), (hx / n * 1.04, hy, hz * 0.6), meat, tilt)
        s.seen("box", (x, hy * 0.25, 0), (hx / n * 1.04, hy * 0.2, hz * 0.64), fat, tilt)
    s.touched("box", (0, 0, 0), (hx * 0.97, hy * 0.95, hz))
    return s


def roast(d: Draw) -> Shape:
    """A ham or loin: a thick lying piece with a cut face and string.

    Options:
        string: True for twine.
    """
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("egg_lying", (0, 0, 0), (hx, hy, hz), d.look())
    turn = rotation((0, 1, 0), math.pi / 2)
    s.mesh("blob", (hx * 0.86, 0, 0), (hx * 0.1, hy * 0.5, hz * 0.5), d.look("fat"))
    s.mesh("blob", (hx * 0.92, 0, 0), (hx * 0.09, hy * 0.36, hz * 0.36), d.look("pink", "meat"))
    if d.flag("string"):
        for x in (-0.5, -0.1, 0.3):
            w = math.sqrt(1 - x * x)
            s.mesh(
                "hoop",
                (hx * x, 0, 0),
                (hz * w * 1.02, hy * w * 1.02, hx * 0.02),
                d.look("cream", exact=True),
                turn,
            )
    block(s, hx * 0.95, hy, hz)
    return s


def fish(d: Draw) -> Shape:
    """A whole fish lying on its side: body, tail, fins, eye."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look().glossy()
    s.mesh("fish", (0, 0, 0), (hx, hy * 0.85, hz), look)
    s.mesh("leaf", (hx * 0.05, hy * 0.72, 0), (hx * 0.22, hy * 0.28, hz * 0.12), look.shade(0.75))
    s.mesh("leaf", (-hx * 0.2, -hy * 0.7, 0), (hx * 0.13, hy * 0.25, hz * 0.12), look.shade(0.75))
    for side in (-1, 1):
        s.mesh(
            "blob",
            (-hx * 0.72, hy * 0.1, side * hz * 0.66),
            (hx * 0.045, hx * 0.045, hz * 0.16),
            d.look("white", exact=True),
        )
        s.mesh(
            "blob",
            (-hx * 0.73, hy * 0.1, side * hz * 0.76),
            (hx * 0.024, hx * 0.024, hz * 0.1),
            d.look("black", exact=True),
        )
    s.touched("box", (-hx * 0.25, 0, 0), (hx * 0.55, hy * 0.55, hz * 0.95))
    s.touched("box", (hx * 0.6, 0, 0), (hx * 0.35, hy * 0.25, hz * 0.4))
    return s


def shrimp(d: Draw) -> Shape:
    """A curled body with a tail fan."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    s.mesh("shrimp", (0, 0, 0), (hx, hy, hz), look)
    for i in range(3):
        a = 0.4 + 0.9 * i
        s.seen(
            "box",
            (-hx * 0.15 + hx * 0.62 * math.cos(a + 2.2), hy * 0.62 * math.sin(a + 2.2), 0),
            (hx * 0.03, hy * 0.2, hz * 0.96),
            look.shade(0.75),
            rotation((0, 0, 1), a + 0.6),
        )
    block(s, hx * 0.95, hy * 0.95, hz)
    return s


def lobster(d: Draw) -> Shape:
    """Body along x, segmented tail, two claws, feelers."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look().glossy()
    s.mesh("egg_lying", (hx * 0.05, 0, 0), (hx * 0.32, hy * 0.36, hz), look)
    for i in range(4):
        s.mesh(
            "blob",
            (-hx * (0.3 + 0.16 * i), 0, -hz * 0.1),
            (hx * 0.13, hy * (0.3 - 0.03 * i), hz * (0.75 - 0.08 * i)),
            look.shade(0.9 + 0.1 * (i % 2)),
        )
    s.mesh("leaf", (-hx * 0.88, 0, -hz * 0.3), (hx * 0.12, hy * 0.4, hz * 0.15), look)
    for side in (-1, 1):
        s.rod(
            (hx * 0.25, side * hy * 0.3, 0), (hx * 0.5, side * hy * 0.72, -hz * 0.1), hz * 0.2, look
        )
        s.mesh(
            "drop_lying",
            (hx * 0.74, side * hy * 0.72, -hz * 0.1),
            (hx * 0.26, hy * 0.26, hz * 0.55),
            look,
        )
        s.rod(
            (hx * 0.35, side * hy * 0.1, hz * 0.3),
            (hx * 0.95, side * hy * 0.3, hz * 0.6),
            0.0015,
            look,
        )
    s.touched("box", (-hx * 0.2, 0, 0), (hx * 0.6, hy * 0.36, hz * 0.95))
    for side in (-1, 1):
        s.touched("box", (hx * 0.68, side * hy * 0.7, -hz * 0.2), (hx * 0.28, hy * 0.25, hz * 0.5))
    return s


def drumstick(d: Draw) -> Shape:
    """A meaty end and a bone along x."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("drumstick", (-hx * 0.2, 0, 0), (hx * 0.8, hy, hz), d.look())
    s.rod((hx * 0.5, 0, 0), (hx * 0.92, 0, 0), hz * 0.2, d.look("ivory"))
    for side in (-1, 1):
        s.mesh(
            "blob",
            (hx * 0.94, side * hy * 0.16, 0),
            (hx * 0.07, hy * 0.18, hz * 0.26),
            d.look("ivory"),
        )
    s.touched("box", (-hx * 0.4, 0, 0), (hx * 0.5, hy * 0.62, hz))
    s.touched("box", (-hx * 0.35, 0, 0), (hx * 0.45, hy * 0.92, hz * 0.5))
    s.touched("box", (hx * 0.5, 0, 0), (hx * 0.48, hy * 0.28, hz * 0.28))
    return s


def sausage(d: Draw) -> Shape:
    """One link (bent or straight) or a salami with a cut end, along x.

    Options:
        cut: colour of the cut face, "" for none.
    """
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("cucumber", (0, 0, 0), (hx, hy, hz), d.look().glossy(0.4, 0.4))
    cut = d.option("cut")
    if cut:
        s.mesh("drum_lying", (hx * 0.9, 0, 0), (hx * 0.1, hy * 0.86, hz * 0.86), d.look(cut))
        s.rod((-hx * 0.98, 0, 0), (-hx * 1.06, 0, 0), hz * 0.14, d.look("cream"))
    else:
        for side in (-1, 1):
            s.rod(
                (side * hx * 0.97, 0, 0), (side * hx * 1.05, 0, 0), hz * 0.13, d.look("dark_brown")
            )
    s.touched("box", (0, 0, 0), (hx * 0.92, hy * 0.86, hz * 0.55))
    s.touched("box", (0, 0, 0), (hx * 0.85, hy * 0.5, hz))
    return s
