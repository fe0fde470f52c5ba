"""Packages: boxes, cartons, bags, cans, jars and cups with a readable label."""

from .bottles import beside
from .draw import Draw
from .palette import COLOURS
from .shape import Look, Shape, rotation


def carton(d: Draw) -> Shape:
    """A box whose front and back carry the label.

    Options:
        product: label art.
        flat: True for a package lying on its back (bars, butter).
        straw: True for a drinking carton with a straw.
    """
    s = Shape()
    hx, hy, hz = d.half()
    product = d.option("product")
    if d.flag("flat"):
        s.mesh(
            "label_box", (0, 0, 0), (hx, hz, hy), d.label(product), rotation((1, 0, 0), -1.5707963)
        )
    else:
        s.mesh("label_box", (0, 0, 0), (hx, hy, hz), d.label(product))
    s.touched("box", (0, 0, 0), (hx, hy, hz))
    if d.flag("straw"):
        white = d.look("white", "sky", exact=True)
        s.rod((hx * 0.4, 0, hz), (hx * 0.5, 0, hz * 1.18), 0.0025, white)
        s.rod((hx * 0.5, 0, hz * 1.18), (hx * 0.95, 0, hz * 1.24), 0.0025, white)
    return s


def gable_carton(d: Draw) -> Shape:
    """A milk carton: labelled body, sloping top, folded ridge, screw cap on some."""
    s = Shape()
    hx, hy, hz = d.half()
    product = d.option("product", "milk")
    body = hz * 0.74
    s.mesh("label_box", (0, 0, -hz + body), (hx, hy, body), d.label(product))
    side = d.label_colour(product)
    turn = rotation((0, 0, 1), 1.5707963)
    roof = hz - body
    s.mesh("gable", (0, 0, hz - roof * 1.55), (hy, hx, roof * 1.4), side.shade(0.93), turn)
    s.seen("box", (0, 0, hz * 0.97), (hx, 0.0025, hz * 0.05), side)
    if d.index % 2:
        cap = d.look("blue", "red", "green", exact=True)
        tilt = rotation((1, 0, 0), 0.75)
        s.seen("cylinder", (0, -hy * 0.55, hz * 0.75), (hx * 0.3, 0.008), cap, tilt)
    s.touched("box", (0, 0, -hz + body), (hx, hy, body))
    s.touched("box", (0, 0, hz * 0.7), (hx, hy * 0.35, hz * 0.3))
    return s


def bag(d: Draw) -> Shape:
    """A filled bag standing upright, or (paper=True) a flour bag with a folded top."""
    s = Shape()
    hx, hy, hz = d.half()
    product = d.option("product")
    if d.flag("paper"):
        s.mesh("label_box", (0, 0, -hz * 0.1), (hx, hy, hz * 0.9), d.label(product))
        fold = d.label_colour(product).shade(0.9)
        s.seen("box", (0, 0, hz * 0.86), (hx * 0.96, hy * 0.5, hz * 0.14), fold)
    else:
        s.mesh("pouch", (0, 0, 0), (hx, hy, hz), d.label(product))
    s.touched("box", (0, 0, -hz * 0.1), (hx * 0.8, hy * 0.8, hz * 0.6))
    s.touched("box", (0, 0, 0), (hx * 0.9, hy * 0.42, hz))
    return s


def can(d: Draw) -> Shape:
    """A tin: steel rims, label around; drink cans taper above and have a tab.

    Options:
        product: label art.
        drink: True for a drink can.
    """
    s = Shape()
    r, hz = d.round_half()
    steel = Look(COLOURS["chrome"], specular=0.8, shininess=0.7)
    drink = d.flag("drink")
    s.mesh(
        "label_tube", (0, 0, 0), (r, r, hz * (0.86 if drink else 0.9)), d.label(d.option("product"))
    )
    if drink:
        s.mesh("drum", (0, 0, hz * 0.9), (r * 0.88, r * 0.88, hz * 0.1), steel)
        s.mesh("drum", (0, 0, -hz * 0.92), (r * 0.86, r * 0.86, hz * 0.08), steel)
        s.seen("box", (0, -r * 0.2, hz * 0.99), (r * 0.16, r * 0.3, hz * 0.012), steel.shade(0.6))
    else:
        s.seen("cylinder", (0, 0, 0), (r * 0.985, hz), steel)
        s.seen("cylinder", (0, 0, hz * 0.94), (r * 0.85, hz * 0.061), steel.shade(0.75))
    s.touched("cylinder", (0, 0, 0), (r, hz))
    return s


def jar_food(d: Draw) -> Shape:
    """A glass jar of jam, salsa or spread: coloured content, label, screw lid.

    Options:
        product: label art.
        content: colour(s) of what is inside.
        lid: colour(s).
    """
    s = Shape()
    r, hz = d.round_half()
    content = d.look(d.option("content", "red"))
    s.mesh("sauce_jar", (0, 0, -hz * 0.12), (r, r, hz * 0.88), content.glossy())
    s.mesh(
        "label_tube",
        (0, 0, -hz * 0.25),
        (r * 1.012, r * 1.012, hz * 0.42),
        d.label(d.option("product")),
    )
    lid = d.look(d.option("lid", "steel"))
    s.mesh("drum", (0, 0, hz * 0.84), (r * 0.9, r * 0.9, hz * 0.16), lid)
    s.touched("cylinder", (0, 0, 0), (r, hz))
    return s


def tub(d: Draw) -> Shape:
    """A cup that widens upwards, with a foil or clip lid: yogurt, jelly, ice cream."""
    s = Shape()
    r, hz = d.round_half()
    product = d.option("product")
    s.mesh(
        "flare_ribbed" if d.flag("ribbed") else "flare",
        (0, 0, -hz * 0.06),
        (r, r, hz * 0.94),
        d.label_colour(product),
    )
    s.mesh("label_tube", (0, 0, hz * 0.02), (r * 0.93, r * 0.93, hz * 0.62), d.label(product))
    s.seen("cylinder", (0, 0, hz * 0.93), (r * 1.0, hz * 0.07), d.look(d.option("lid", "steel")))
    s.touched("cylinder", (0, 0, 0), (r * 0.93, hz))
    return s


def tube_box(d: Draw) -> Shape:
    """A long box lying along x with a roll inside (aluminium foil)."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("label_box", (0, 0, 0), (hx, hy, hz), d.label(d.option("product")))
    s.seen(
        "box",
        (0, -hy * 0.3, hz * 0.98),
        (hx * 0.97, hy * 0.6, hz * 0.05),
        Look(COLOURS["chrome"], specular=0.9, shininess=0.8),
    )
    s.touched("box", (0, 0, 0), (hx, hy, hz))
    return s


def shaker(d: Draw) -> Shape:
    """A spice shaker: body, metal cap with holes, a label when a product is named.

    Options:
        form: mesh name(s) of the body.
        content: colour(s) of what is inside.
        product: label art.
        lid: colour(s).
        pair: True for salt that has pepper beside it.
    """
    s = Shape()
    r, hz = d.round_half()
    content = d.option("content")
    body = d.look(content) if content else d.look()
    s.mesh(d.option("form", "drum"), (0, 0, -hz * 0.15), (r, r, hz * 0.85), body)
    product = d.option("product")
    if product:
        s.mesh("label_tube", (0, 0, -hz * 0.2), (r * 1.015, r * 1.015, hz * 0.45), d.label(product))
    cap = d.look(d.option("lid", "chrome"), exact=True)
    s.mesh("dome", (0, 0, hz * 0.85), (r * 0.96, r * 0.96, hz * 0.15), cap)
    for x, y in ((0, 0), (0.35, 0), (-0.35, 0), (0, 0.35), (0, -0.35)):
        s.seen(
            "cylinder",
            (r * x, r * y, hz * (1.0 - 0.03 * (x != 0 or y != 0))),
            (r * 0.08, hz * 0.02),
            d.look("black", exact=True),
        )
    s.touched("cylinder", (0, 0, 0), (r, hz))
    return beside(s.moved((0, 0, hz)), 2.4 * r) if d.flag("pair") else s
