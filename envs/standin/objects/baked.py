"""Bread, pastry, sweets and dishes made of dough."""

import math

from .draw import Draw
from .palette import COLOURS
from .shape import Look, Shape, rotation


def ring_cake(d: Draw) -> Shape:
    """A donut or bagel: a ring with a real hole, glazed or seeded.

    Options:
        glaze: colours of the icing, "" for a plain crust.
        seeds: True for seeds on some.
    """
    s = Shape()
    r, hz = d.round_half()
    s.mesh("torus", (0, 0, 0), (r, r, hz), d.look())
    glaze = d.option("glaze")
    if glaze:
        s.mesh(
            "torus", (0, 0, hz * 0.18), (r * 0.965, r * 0.965, hz * 0.84), d.look(glaze).glossy()
        )
    for i in range(8 if (glaze or d.flag("seeds")) else 0):
        a = 0.8 * i + d.rng.uniform(0, 0.5)
        q = r * d.rng.uniform(0.55, 0.82)
        sprinkle = d.look("red", "yellow", "blue", "white") if glaze else d.look("cream", "black")
        s.seen(
            "box",
            (q * math.cos(a), q * math.sin(a), hz * 0.96),
            (r * 0.045, r * 0.014, hz * 0.06),
            sprinkle,
            rotation((0, 0, 1), 2 * a),
        )
    for i in range(8):
        a = math.pi * i / 4
        turn = rotation((0, 0, 1), a)
        s.touched(
            "box", (r * 0.7 * math.cos(a), r * 0.7 * math.sin(a), 0), (r * 0.24, r * 0.3, hz), turn
        )
    return s


def long_bread(d: Draw) -> Shape:
    """A baguette, bun, burrito or filled roll along x.

    Options:
        form: mesh name(s).
        filling: colour of a sausage or filling on top, "" for none.
        cuts: True for scored crust; wrap: True for foil round one end.
    """
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    filling = d.option("filling")
    if filling:
        for side in (-1, 1):
            s.mesh(
                "egg_lying",
                (0, side * hy * 0.52, -hz * 0.15),
                (hx * 0.93, hy * 0.48, hz * 0.85),
                look,
            )
        s.mesh("cucumber", (0, 0, hz * 0.4), (hx, hy * 0.42, hz * 0.6), d.look(filling))
        sauce = d.look("yellow", "red", exact=True)
        for i in range(6):
            x = hx * (-0.7 + 0.28 * i)
            s.seen(
                "box",
                (x, 0, hz * 0.97),
                (hx * 0.16, hy * 0.05, hz * 0.05),
                sauce,
                rotation((0, 0, 1), 0.5 if i % 2 else -0.5),
            )
    else:
        s.mesh(d.option("form", "baguette"), (0, 0, 0), (hx, hy, hz), look)
    if d.flag("cuts"):
        for i in range(4):
            s.seen(
                "box",
                (hx * (-0.55 + 0.37 * i), 0, hz * 0.93),
                (hx * 0.11, hy * 0.1, hz * 0.08),
                d.look("crumb"),
                rotation((0, 0, 1), 0.5),
            )
    if d.flag("split"):
        s.seen("box", (0, 0, hz * 0.86), (hx * 0.82, hy * 0.035, hz * 0.14), look.shade(0.6))
    if d.flag("wrap"):
        s.mesh(
            "drum_lying",
            (-hx * 0.5, 0, 0),
            (hx * 0.52, hy * 1.03, hz * 1.03),
            Look(COLOURS["chrome"], specular=0.8, shininess=0.7),
        )
    s.touched("box", (0, 0, 0), (hx * 0.9, hy * 0.85, hz * 0.6))
    s.touched("box", (0, 0, 0), (hx * 0.8, hy * 0.6, hz))
    return s


def croissant(d: Draw) -> Shape:
    """A crescent with ridges."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("crescent", (0, 0, 0), (hx, hy, hz), d.look())
    s.touched("box", (0, -hy * 0.35, 0), (hx * 0.5, hy * 0.55, hz * 0.9))
    for side in (-1, 1):
        s.touched(
            "box",
            (side * hx * 0.65, hy * 0.15, -hz * 0.2),
            (hx * 0.28, hy * 0.5, hz * 0.75),
            rotation((0, 0, 1), side * 0.6),
        )
    return s


def slice_bread(d: Draw) -> Shape:
    """A slice of sandwich bread lying flat: crust outline, pale crumb."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("slice", (0, 0, 0), (hx, hy, hz * 0.97), d.look())
    s.mesh("slice", (0, 0, 0), (hx * 0.92, hy * 0.92, hz), d.look("crumb", "golden", "cooked"))
    s.touched("box", (0, -hy * 0.1, 0), (hx * 0.9, hy * 0.9, hz))
    return s


def loaf(d: Draw) -> Shape:
    """A loaf: rounded crust, cuts on top; flat ones are flatbread.

    Options:
        flat: True for flatbread.
    """
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    if d.flag("flat"):
        s.mesh("pillow", (0, 0, 0), (hx, hy, hz), look)
        for i in range(5):
            a = 1.26 * i
            s.mesh(
                "blob",
                (hx * 0.5 * math.cos(a), hy * 0.5 * math.sin(a), hz * 0.78),
                (hx * 0.13, hy * 0.13, hz * 0.2),
                look.shade(0.72),
            )
    else:
        s.mesh("loaf", (0, 0, 0), (hx, hy, hz), look)
        for i in range(3):
            s.seen(
                "box",
                (hx * (-0.45 + 0.45 * i), 0, hz * 0.95),
                (hx * 0.04, hy * 0.42, hz * 0.08),
                d.look("crumb"),
                rotation((0, 0, 1), 0.35),
            )
    s.touched("box", (0, 0, -hz * 0.1), (hx * 0.88, hy * 0.88, hz * 0.88))
    s.touched("box", (0, 0, 0), (hx * 0.55, hy * 0.55, hz))
    return s


def waffle(d: Draw) -> Shape:
    """A round waffle with a grid, or a pancake (stack of one) with butter.

    Options:
        kind: "waffle" or "pancake".
    """
    s = Shape()
    r, hz = d.round_half()
    look = d.look()
    if d.option("kind") == "pancake":
        s.mesh("drum", (0, 0, -hz * 0.05), (r, r, hz * 0.95), look)
        s.seen("cylinder", (0, 0, 0), (r * 0.86, hz), d.look("cooked", "crust"))
    else:
        s.seen("cylinder", (0, 0, -hz * 0.3), (r, hz * 0.7), look.shade(0.85))
        for i in range(5):
            q = r * (-0.72 + 0.36 * i)
            w = math.sqrt(max(r * r - q * q, 0)) * 0.97
            s.seen("box", (q, 0, hz * 0.3), (r * 0.05, w, hz * 0.7), look)
            s.seen("box", (0, q, hz * 0.3), (w, r * 0.05, hz * 0.68), look)
    s.touched("box", (0, 0, 0), (r * 0.92, r * 0.55, hz))
    s.touched("box", (0, 0, 0), (r * 0.55, r * 0.92, hz))
    return s


def cupcake(d: Draw) -> Shape:
    """A pleated paper, icing swirl, cherry on some."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh(
        "flare_ribbed",
        (0, 0, -hz * 0.5),
        (r * 0.88, r * 0.88, hz * 0.5),
        d.look("red", "blue", "white", "chocolate"),
    )
    icing = d.look()
    for z, w, h in ((0.12, 1.0, 0.24), (0.42, 0.74, 0.22), (0.68, 0.46, 0.22)):
        s.mesh("blob", (0, 0, hz * z), (r * w, r * w, hz * h), icing)
    if d.index % 2 == 0:
        s.mesh(
            "blob",
            (0, 0, hz * 0.88),
            (r * 0.18, r * 0.18, hz * 0.12),
            d.look("red", exact=True).glossy(),
        )
    s.touched("cylinder", (0, 0, -hz * 0.45), (r * 0.86, hz * 0.55))
    s.touched("cylinder", (0, 0, hz * 0.3), (r * 0.8, hz * 0.3))
    s.touched("cylinder", (0, 0, hz * 0.6), (r * 0.4, hz * 0.35))
    return s


def cake(d: Draw) -> Shape:
    """A layer cake with cream between, icing on top and cherries round."""
    s = Shape()
    r, hz = d.round_half()
    body, icing = d.look(), d.look("cream", "hot_pink", "chocolate", "white")
    s.mesh("drum", (0, 0, -hz * 0.15), (r, r, hz * 0.85), body)
    s.seen("cylinder", (0, 0, -hz * 0.2), (r * 1.006, hz * 0.08), d.look("cream", exact=True))
    s.mesh("drum", (0, 0, hz * 0.58), (r * 1.01, r * 1.01, hz * 0.16), icing)
    for i in range(6):
        a = math.pi * i / 3
        s.mesh(
            "blob",
            (r * 0.75 * math.cos(a), r * 0.75 * math.sin(a), hz * 0.84),
            (r * 0.12, r * 0.12, hz * 0.16),
            d.look("red", "white", "chocolate", exact=True).glossy(),
        )
    s.touched("cylinder", (0, 0, 0), (r, hz))
    return s


def pizza(d: Draw) -> Shape:
    """Crust rim, sauce, cheese and toppings."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh("hoop", (0, 0, 0), (r, r, hz), d.look())
    s.seen("cylinder", (0, 0, -hz * 0.3), (r * 0.94, hz * 0.7), d.look("golden"))
    s.seen(
        "cylinder", (0, 0, -hz * 0.2), (r * 0.86, hz * 0.75), d.look("orange", "pale_yellow", "red")
    )
    topping = (("meat", "leaf"), ("red", "leaf"), ("black", "leaf"))[d.index % 3]
    for i in range(9):
        q, a = r * (0.3 if i < 3 else 0.65), 2.1 * i if i < 3 else 1.05 * i
        s.seen(
            "cylinder",
            (q * math.cos(a), q * math.sin(a), hz * 0.5),
            (r * 0.11, hz * 0.2),
            d.look(topping[0] if i % 3 else topping[1]),
        )
    s.touched("cylinder", (0, 0, 0), (r, hz * 0.95))
    return s


def burger(d: Draw) -> Shape:
    """Bun, lettuce, patty, cheese, tomato, sesame bun."""
    s = Shape()
    r, hz = d.round_half()
    bun = d.look()
    s.mesh("drum", (0, 0, -hz * 0.74), (r * 0.95, r * 0.95, hz * 0.26), bun)
    s.mesh("drum", (0, 0, -hz * 0.32), (r, r, hz * 0.2), d.look("cooked"))
    s.seen("box", (0, 0, -hz * 0.1), (r * 0.76, r * 0.76, hz * 0.035), d.look("yellow", exact=True))
    s.mesh("frill", (0, 0, 0), (r, r, hz * 0.09), d.look("leaf", exact=True))
    s.seen("cylinder", (0, 0, hz * 0.12), (r * 0.85, hz * 0.06), d.look("red", exact=True))
    s.mesh("dome", (0, 0, hz * 0.58), (r * 0.98, r * 0.98, hz * 0.42), bun)
    for i in range(6):
        a, q = 2.4 * i, r * (0.15 + 0.08 * i)
        s.mesh(
            "blob",
            (q * math.cos(a), q * math.sin(a), hz * (0.99 - 0.03 * i)),
            (r * 0.05, r * 0.035, hz * 0.03),
            d.look("crumb", exact=True),
        )
    s.touched("cylinder", (0, 0, -hz * 0.2), (r * 0.95, hz * 0.8))
    s.touched("cylinder", (0, 0, hz * 0.4), (r * 0.6, hz * 0.6))
    return s


def taco(d: Draw) -> Shape:
    """A folded shell standing on its fold, filling on top."""
    s = Shape()
    hx, hy, hz = d.half()
    flip = rotation((1, 0, 0), math.pi)
    shell = d.look()
    for side in (-1, 1):
        s.mesh(
            "half_round",
            (0, side * hy * 0.62, 0),
            (hx, hy * 0.1, hz * 0.95),
            shell,
            flip @ rotation((1, 0, 0), side * 0.32),
        )
    s.mesh(
        "half_round", (0, 0, -hz * 0.05), (hx * 0.9, hy * 0.5, hz * 0.85), d.look("cooked"), flip
    )
    colours = ("leaf", "red", "yellow", "leaf", "red")
    for i, c in enumerate(colours):
        s.mesh(
            "blob",
            (hx * (-0.68 + 0.34 * i), 0, hz * 0.75),
            (hx * 0.24, hy * 0.5, hz * 0.22),
            d.look(c),
        )
    s.touched("box", (0, 0, hz * 0.1), (hx * 0.9, hy * 0.7, hz * 0.75))
    s.touched("box", (0, 0, -hz * 0.02), (hx * 0.6, hy * 0.8, hz * 0.93))
    return s


def dough(d: Draw) -> Shape:
    """A scone, dumpling, marshmallow, cookie dough ball, sushi roll: small soft shapes.

    Options:
        form: mesh name(s).
        top: colour of something on top, "" for none.
        dots: colour of chips or raisins, "" for none.
        band: colour of a band round it (sushi's nori), "" for none.
    """
    s = Shape()
    hx, hy, hz = d.half()
    if not d.flag("oblong"):
        hy = hx
    s.mesh(d.option("form", "dome"), (0, 0, 0), (hx, hy, hz), d.look())
    band, top, dots = d.option("band"), d.option("top"), d.option("dots")
    if band:
        s.mesh("drum", (0, 0, -hz * 0.1), (hx * 1.01, hy * 1.01, hz * 0.88), d.look(band))
    if top:
        s.mesh("blob", (0, 0, hz * 0.8), (hx * 0.55, hy * 0.55, hz * 0.28), d.look(top))
    for i in range(7 if dots else 0):
        a, t = 2.4 * i, d.rng.uniform(0.1, 0.85)
        w = math.sqrt(1 - t * t) * 0.92
        s.mesh(
            "blob",
            (hx * w * math.cos(a), hy * w * math.sin(a), hz * (t if d.flag("ball") else t * 0.8)),
            (hx * 0.1, hx * 0.1, hx * 0.08),
            d.look(dots),
        )
    s.touched("box", (0, 0, 0), (hx * 0.72, hy * 0.72, hz * 0.75))
    s.touched("box", (0, 0, -hz * 0.2), (hx * 0.5, hy * 0.92, hz * 0.5))
    s.touched("box", (0, 0, -hz * 0.2), (hx * 0.92, hy * 0.5, hz * 0.5))
    s.touched("box", (0, 0, 0), (hx * 0.45, hy * 0.45, hz))
    return s


def candy(d: Draw) -> Shape:
    """A wrapped sweet: a ball between two twisted ends of paper, along x."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look().glossy()
    s.mesh("ball", (0, 0, 0), (hx * 0.56, hy, hz), look)
    s.seen(
        "cylinder",
        (0, 0, 0),
        (hz * 1.01, hx * 0.06),
        d.look("white"),
        rotation((0, 1, 0), math.pi / 2),
    )
    for side in (-1, 1):
        turn = rotation((0, 0, 1), math.pi if side > 0 else 0.0)
        s.mesh("cone_lying", (side * hx * 0.76, 0, 0), (hx * 0.24, hy * 0.6, hz * 0.6), look, turn)
    s.touched("box", (0, 0, 0), (hx * 0.45, hy * 0.9, hz * 0.5))
    s.touched("box", (0, 0, 0), (hx * 0.9, hy * 0.4, hz * 0.4))
    s.touched("box", (0, 0, 0), (hx * 0.3, hy * 0.4, hz))
    return s


def cube(d: Draw) -> Shape:
    """A plain block: tofu, ice, sugar, sponge, soap, cheese block.

    Options:
        form: "box" or mesh name(s).
        clear: 0..1 transparency.
        layer: colour of an upper layer (a sponge's scourer), "" for none.
        holes: True for round holes (cheese).
    """
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    look = Look(look.rgb, 1 - d.number("clear", 0.0), 0.5, 0.5)
    form = d.option("form", "box")
    layer = d.option("layer")
    z, tall = (-hz * 0.25, hz * 0.75) if layer else (0.0, hz)
    if form == "box":
        s.seen("box", (0, 0, z), (hx, hy, tall), look)
    else:
        s.mesh(form, (0, 0, z), (hx, hy, tall), look)
    if layer:
        s.seen("box", (0, 0, hz * 0.75), (hx, hy, hz * 0.25), d.look(layer))
    for i in range(5 if d.flag("holes") else 0):
        x, zz = hx * (-0.6 + 0.3 * i), hz * d.rng.uniform(-0.5, 0.5)
        y = hy * (0.9 * (0.5 - x / hx / 2) if form == "cheese_wedge" else 1.0)
        s.mesh("blob", (x, -y * 0.97, zz), (hz * 0.18, hz * 0.06, hz * 0.18), look.shade(0.75))
    if form == "cheese_wedge":
        s.touched("box", (-hx * 0.5, 0, 0), (hx * 0.5, hy * 0.62, hz))
        s.touched("box", (hx * 0.3, 0, 0), (hx * 0.5, hy * 0.3, hz))
    else:
        s.touched("box", (0, 0, 0), (hx * 0.98, hy * 0.98, hz))
    return s
