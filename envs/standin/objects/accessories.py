"""Things that RoboCasa's fixture registries place as furniture but keep among the objects."""

import math

import numpy as np

from .boards import WOOD_TEXTURE
from .draw import Draw
from .shape import Look, Shape, rotation


def _wood(d: Draw) -> Look:
    r, g, b = (min(1.0, c * 1.45) for c in d.look("wood", "pale_wood", "dark_wood").rgb)
    return Look((r, g, b), 1.0, 0.15, 0.2, texture=WOOD_TEXTURE)


def knife_block(d: Draw) -> Shape:
    """A slanted block with handles sticking out towards the front."""
    s = Shape()
    hx, hy, hz = d.half()
    wood = _wood(d) if d.index % 3 else d.look("black", "dark", exact=True)
    tilt = rotation((1, 0, 0), 0.32)
    s.solid("box", (0, hy * 0.12, -hz * 0.25), (hx, hy * 0.62, hz * 0.62), wood, tilt)
    s.solid("box", (0, 0, -hz * 0.93), (hx, hy * 0.95, hz * 0.07), wood)
    grip = d.look("black", "dark_wood", "steel", "white", exact=True)
    for i in range(5):
        x, y = hx * (-0.64 + 0.64 * (i % 3)), hy * (-0.25 if i < 3 else 0.3)
        start = tilt @ np.array([x, y, hz * 0.3]) + (0, hy * 0.12, -hz * 0.25)
        end = tilt @ np.array([x, y, hz * (1.15 - 0.1 * (i % 2))]) + (0, hy * 0.12, -hz * 0.25)
        s.rod(start, end, hx * 0.15, grip, touch=True)
    return s


def plant(d: Draw) -> Shape:
    """A potted plant: pot, earth and a bush, a spray of blades, or a succulent."""
    s = Shape()
    r, hz = d.round_half()
    pot = d.look("terracotta", "white", "gray", "navy", "mint")
    s.mesh("flare", (0, 0, -hz * 0.6), (r * 0.6, r * 0.6, hz * 0.4), pot)
    s.seen("cylinder", (0, 0, -hz * 0.21), (r * 0.54, hz * 0.02), d.look("dark_brown", exact=True))
    leaf = d.look("leaf", "green", "dark_green")
    if d.index % 3 == 0:
        for i in range(9):
            a, up = 2.4 * i, 0.05 + 0.09 * i
            q = r * (0.5 - 0.04 * i)
            s.mesh(
                "blob",
                (q * math.cos(a), q * math.sin(a), hz * up),
                (r * 0.44, r * 0.44, hz * 0.24),
                leaf.shade(0.8 + 0.06 * (i % 5)),
            )
    else:
        for i in range(10):
            a, lean = 2.4 * i, 0.15 + 0.07 * i
            turn = rotation((0, 0, 1), a) @ rotation((1, 0, 0), lean)
            long = hz * (0.62 - 0.02 * i)
            mid = turn @ np.array([0, 0, long])
            wide = r * (0.3 if d.index % 3 == 1 else 0.13)
            s.mesh(
                "leaf_upright",
                (mid[0], mid[1], -hz * 0.22 + mid[2]),
                (wide, 0.0015, long),
                leaf.shade(0.8 + 0.06 * (i % 5)),
                turn,
            )
    s.touched("cylinder", (0, 0, -hz * 0.6), (r * 0.58, hz * 0.4))
    s.touched("cylinder", (0, 0, hz * 0.3), (r * 0.6, hz * 0.6))
    return s


def vase(d: Draw) -> Shape:
    """A vase with stems and blossoms."""
    s = Shape()
    r, hz = d.round_half()
    form = d.pick(("pear", "taper", "sauce_jar", "honey_bottle"))
    pot = Look(d.look("white", "blue", "terracotta", "gray", "mint").rgb, 1.0, 0.5, 0.5)
    s.mesh(form, (0, 0, -hz * 0.45), (r * 0.55, r * 0.55, hz * 0.55), pot)
    stem = d.look("leaf", exact=True)
    bloom = d.look("hot_pink", "red", "yellow", "white", "lavender")
    for i in range(6):
        a = math.pi * i / 3
        q, top = r * (0.25 if i == 5 else 0.65), hz * (0.62 + 0.16 * (i % 3))
        tip = (q * math.cos(a), q * math.sin(a), top)
        s.rod((0, 0, 0), tip, r * 0.03, stem)
        s.mesh("frill", tip, (r * 0.3, r * 0.3, hz * 0.06), bloom.shade(0.9 + 0.05 * i))
        s.mesh(
            "blob",
            (tip[0], tip[1], top + hz * 0.03),
            (r * 0.11, r * 0.11, hz * 0.04),
            d.look("yellow", exact=True),
        )
    s.touched("cylinder", (0, 0, -hz * 0.45), (r * 0.5, hz * 0.55))
    s.touched("cylinder", (0, 0, hz * 0.4), (r * 0.6, hz * 0.55))
    return s


def stool(d: Draw) -> Shape:
    """A counter stool: round or square seat, four legs, foot rests, some with a back (+y)."""
    s = Shape()
    hx, hy, hz = d.half()
    back = d.index % 2 == 0
    seat_z = hz * 0.35 if back else hz * 0.94
    seat = _wood(d) if d.index % 3 else d.look("black", "gray", "ivory", "teal")
    frame = d.look("black", "steel", "dark_wood", "white", exact=True)
    if d.index % 4 == 1:
        s.solid("cylinder", (0, 0, seat_z), (hx, hz * 0.06), seat)
    else:
        s.solid("box", (0, 0, seat_z), (hx, hy, hz * 0.05), seat)
    for side in (-1, 1):
        for y in (-1, 1):
            s.rod(
                (side * hx * 0.92, y * hy * 0.92, -hz + 0.012),
                (side * hx * 0.68, y * hy * 0.68, seat_z),
                0.012,
                frame,
                touch=True,
            )
        s.seen("box", (side * hx * 0.84, 0, -hz * 0.5), (0.009, hy * 0.8, 0.009), frame)
        s.seen("box", (0, side * hy * 0.84, -hz * 0.4), (hx * 0.8, 0.009, 0.009), frame)
    if back:
        for side in (-1, 1):
            s.solid(
                "box",
                (side * hx * 0.8, hy * 0.92, (seat_z + hz) / 2),
                (0.014, 0.012, (hz - seat_z) / 2),
                frame,
            )
        s.solid("box", (0, hy * 0.92, hz * 0.82), (hx * 0.8, 0.012, hz * 0.16), seat)
    return s


def dish_rack(d: Draw) -> Shape:
    """A wire rack with a tray below, upright wires for plates, walls; two regions inside."""
    s = Shape()
    hx, hy, hz = d.half()
    wire = d.look("chrome", "black", "white", "copper", exact=True)
    tall = min(hz, 0.12)
    s.solid(
        "box", (0, 0, -hz + 0.006), (hx, hy, 0.006), d.look("dark", "white", "gray", exact=True)
    )
    for side in (-1, 1):
        for z in (0.02, 2 * tall - 0.004):
            s.solid("box", (side * (hx - 0.004), 0, -hz + z), (0.004, hy, 0.004), wire)
            s.solid("box", (0, side * (hy - 0.004), -hz + z), (hx, 0.004, 0.004), wire)
        for y in (-1, 1):
            s.solid(
                "box",
                (side * (hx - 0.004), y * (hy - 0.004), -hz + tall),
                (0.004, 0.004, tall),
                wire,
            )
    for i in range(8):
        x = hx * (-0.85 + 0.2 * i)
        s.mesh(
            "bail",
            (x, 0, -hz + 0.012 + min(tall, 0.05)),
            (hy * 0.5, 0.0035, min(tall, 0.05)),
            wire,
            rotation((0, 0, 1), math.pi / 2),
        )
    if hz > 0.15:
        s.solid("box", (0, hy * 0.2, hz * 0.55), (hx, hy * 0.7, 0.005), wire)
        for side in (-1, 1):
            s.solid("box", (side * (hx - 0.006), hy * 0.8, 0), (0.006, 0.006, hz), wire)
    for name, side in (("int_0", -1), ("int_1", 1)):
        s.regions[name] = (
            np.array([side * hx * 0.48, 0, -hz + tall]),
            np.array([hx * 0.44, hy * 0.9, tall * 0.85]),
        )
    return s


def utensil_rack(d: Draw) -> Shape:
    """A rail on the wall (wall at +y) with tools hanging from hooks."""
    s = Shape()
    hx, hy, hz = d.half()
    rail = _wood(d) if d.index % 2 else d.look("black", "steel", exact=True)
    s.solid("box", (0, hy * 0.6, hz * 0.86), (hx, hy * 0.4, hz * 0.1), rail)
    for i in range(5):
        x = hx * (-0.8 + 0.4 * i)
        tool = d.look(("steel", "black", "wood", "steel", "red")[(i + d.index) % 5], exact=True)
        s.rod((x, hy * 0.1, hz * 0.8), (x, hy * 0.1, -hz * 0.35), hx * 0.022, tool)
        kind = (i + d.index) % 3
        if kind == 0:
            s.mesh("blob", (x, hy * 0.1, -hz * 0.68), (hx * 0.13, hy * 0.35, hz * 0.3), tool)
        elif kind == 1:
            s.seen("box", (x, hy * 0.1, -hz * 0.65), (hx * 0.14, hy * 0.06, hz * 0.32), tool)
        else:
            s.mesh(
                "hoop",
                (x, hy * 0.1, -hz * 0.65),
                (hx * 0.14, hz * 0.34, 0.003),
                tool,
                rotation((1, 0, 0), math.pi / 2),
            )
    s.touched("box", (0, hy * 0.1, -hz * 0.12), (hx * 0.95, hy * 0.4, hz * 0.86))
    return s


def utensil_set(d: Draw) -> Shape:
    """A crock with wooden spoons, spatulas and a whisk standing in it."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh(
        d.pick(("drum", "flare", "taper")),
        (0, 0, -hz * 0.5),
        (r * 0.72, r * 0.72, hz * 0.5),
        d.look("ivory", "gray", "terracotta", "navy"),
    )
    for i in range(6):
        a = math.pi * i / 3 + 0.3
        x, y = r * 0.32 * math.cos(a), r * 0.32 * math.sin(a)
        tool = d.look(
            ("wood", "steel", "dark_wood", "black", "red", "steel")[(i + d.index) % 6], exact=True
        )
        tip = (x * 1.9, y * 1.9, hz * (0.72 - 0.08 * (i % 3)))
        s.rod((x, y, -hz * 0.2), tip, r * 0.06, tool)
        if i % 3 == 0:
            s.mesh("blob", tip, (r * 0.22, r * 0.1, hz * 0.2), tool)
        elif i % 3 == 1:
            s.seen("box", tip, (r * 0.2, r * 0.035, hz * 0.17), tool)
        else:
            s.mesh("hoop", tip, (r * 0.2, hz * 0.2, 0.003), tool, rotation((1, 0, 0), math.pi / 2))
    s.touched("cylinder", (0, 0, -hz * 0.5), (r * 0.7, hz * 0.5))
    s.touched("cylinder", (0, 0, hz * 0.35), (r * 0.6, hz * 0.55))
    return s


def paper_towel(d: Draw) -> Shape:
    """A roll of paper on an upright holder."""
    s = Shape()
    r, hz = d.round_half()
    stand = d.look("dark", "chrome", "wood", "black", "white", exact=True)
    s.mesh("drum", (0, 0, -hz * 0.95), (r, r, hz * 0.05), stand)
    s.mesh(
        "drum",
        (0, 0, -hz * 0.06),
        (r * 0.86, r * 0.86, hz * 0.82),
        d.look("white", "ivory", exact=True),
    )
    s.seen("cylinder", (0, 0, hz * 0.77), (r * 0.3, hz * 0.01), d.look("tan", exact=True))
    s.seen(
        "box",
        (r * 0.86, r * 0.1, -hz * 0.06),
        (0.0012, r * 0.3, hz * 0.81),
        d.look("ivory", exact=True),
    )
    s.rod((0, 0, -hz * 0.9), (0, 0, hz * 0.93), r * 0.07, stand)
    s.mesh("blob", (0, 0, hz * 0.95), (r * 0.12, r * 0.12, hz * 0.05), stand)
    s.touched("cylinder", (0, 0, -hz * 0.1), (r * 0.9, hz * 0.9))
    s.touched("cylinder", (0, 0, hz * 0.8), (r * 0.1, hz * 0.2))
    return s


def _fruit(s: Shape, d: Draw, count: int, r: float, z: float, size: float) -> None:
    """A ring of fruit, and one on top."""
    kinds = (
        ("apple", "red"),
        ("ball", "orange"),
        ("lemon", "lemon"),
        ("apple", "green"),
        ("pear", "pale_green"),
    )
    for i in range(count):
        form, colour = kinds[(i + d.index) % len(kinds)]
        a = 2 * math.pi * i / count
        s.mesh(
            form, (r * math.cos(a), r * math.sin(a), z), (size, size, size), d.look(colour).glossy()
        )
    s.mesh(
        "apple",
        (0, 0, z + size * 0.75),
        (size, size, size),
        d.look("red", "orange", "green").glossy(),
    )


def fruit_bowl(d: Draw) -> Shape:
    """A bowl heaped with fruit."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh(
        d.pick(("bowl", "bowl_deep", "bowl_ribbed")),
        (0, 0, -hz * 0.3),
        (r, r, hz * 0.7),
        d.look("wood", "white", "steel", "teal"),
    )
    size = min(r * 0.33, hz * 0.45)
    _fruit(s, d, 5, r * 0.56, hz * 0.28, size)
    s.touched("cylinder", (0, 0, -hz * 0.65), (r * 0.62, hz * 0.35))
    s.touched("cylinder", (0, 0, hz * 0.1), (r * 0.92, hz * 0.4))
    return s


def tiered_basket(d: Draw) -> Shape:
    """Two round tiers on a post, with fruit."""
    s = Shape()
    r, hz = d.round_half()
    wire = d.look("black", "copper", "chrome", "white", exact=True)
    for z, part in ((-0.96, 1.0), (0.12, 0.72)):
        s.solid("cylinder", (0, 0, hz * z), (r * part, hz * 0.04), wire)
        s.mesh("hoop", (0, 0, hz * (z + 0.26)), (r * part, r * part, 0.004), wire)
        s.ring(r * part, hz * z, hz * (z + 0.28), 0.006, sides=8)
    s.rod((0, 0, -hz), (0, 0, hz * 0.9), 0.006, wire, touch=True)
    s.mesh(
        "hoop",
        (0, 0, hz * 0.93),
        (r * 0.14, hz * 0.07, 0.004),
        wire,
        rotation((1, 0, 0), math.pi / 2),
    )
    size = min(r * 0.26, hz * 0.22)
    for z, part, count in ((-0.68, 0.58, 5), (0.38, 0.4, 4)):
        for i in range(count):
            a = 2 * math.pi * i / count
            look = d.look(("red", "orange", "lemon", "green", "purple")[(i + d.index) % 5]).glossy()
            s.mesh(
                "ball",
                (r * part * math.cos(a), r * part * math.sin(a), hz * z),
                (size, size, size),
                look,
            )
    return s


def candle(d: Draw) -> Shape:
    """A candle in a glass, or a plain pillar, with a wick."""
    s = Shape()
    r, hz = d.round_half()
    wax = d.look()
    if d.index % 2:
        s.mesh(
            "tumbler",
            (0, 0, -hz * 0.06),
            (r, r, hz * 0.94),
            Look((0.85, 0.9, 0.92), 0.35, 0.8, 0.8),
        )
        s.mesh("drum", (0, 0, -hz * 0.25), (r * 0.88, r * 0.88, hz * 0.7), wax)
        top = hz * 0.45
    else:
        s.mesh("drum", (0, 0, -hz * 0.08), (r, r, hz * 0.92), wax)
        top = hz * 0.84
    s.rod((0, 0, top), (0, 0, hz), max(r * 0.04, 0.001), d.look("black", exact=True))
    s.touched("cylinder", (0, 0, -hz * 0.06), (r, hz * 0.94))
    return s
