"""Bottles: drinks, oils, sauces, cleaners; closed bodies with a label and a cap."""

import numpy as np

from .draw import Draw
from .shape import Look, Shape, rotation


def bottle(d: Draw) -> Shape:
    """A turned bottle.

    Options:
        form: mesh name(s).
        product: label art, "" for none.
        clear: 0..1 transparency of the body.
        neck: radius of the neck and cap as a part of the body's.
        cap: colour(s); cap_height: as a part of the height.
        label_z: height of the label's middle as a part of the height.
        label_height: half the label's height as a part of half the height.
        shoulder: where the body's full width ends, 0..1 of the height.
        loop: True for a carrying loop (water bottles).
    """
    s = Shape()
    r, hz = d.round_half()
    neck, cap_part = d.number("neck", 0.42), d.number("cap_height", 0.05)
    clear = d.number("clear", 0.0)
    body = hz * (1 - cap_part)
    base = -hz + body
    form = d.option("form", "soda_bottle")
    look = d.look().glossy(0.6, 0.6)
    s.mesh(form, (0, 0, base), (r, r, body), Look(look.rgb, 1 - clear, 0.7, 0.7))
    product = d.option("product")
    if product:
        low = d.number("label_z", 0.30)
        tall = hz * d.number("label_height", 0.34)
        s.mesh(
            "label_tube", (0, 0, -hz + 2 * hz * low), (r * 1.012, r * 1.012, tall), d.label(product)
        )
    cap = d.look(*_names(d.options.get("cap", "black")), exact=True)
    s.mesh(
        "drum", (0, 0, hz * (1 - cap_part)), (r * neck * 1.12, r * neck * 1.12, hz * cap_part), cap
    )
    shoulder = d.number("shoulder", 0.62)
    s.touched("cylinder", (0, 0, -hz + hz * shoulder), (r, hz * shoulder))
    s.touched("cylinder", (0, 0, hz * shoulder), (r * neck * 1.05, hz * (1 - shoulder)))
    if d.flag("loop") and d.index % 2:
        s.mesh("bail", (0, 0, hz * 1.06), (r * 0.5, 0.004, hz * 0.09), cap)
    return s


def _names(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]


def beside(s: Shape, distance: float) -> Shape:
    """Make a shape that stands on z = 0 the first of a pair: its partner stands at +x."""
    s.anchor = np.array([distance, 0.0, 0.0])
    s.origin = "own"
    return s


def pump(d: Draw) -> Shape:
    """A soap dispenser: bottle, collar, bent pump head; front is -y."""
    s = Shape()
    r, hz = d.round_half()
    body = hz * 0.72
    s.mesh(d.option("form", "flask"), (0, 0, -hz + body), (r, r, body), d.look().glossy())
    if d.index % 2 == 0:
        s.mesh(
            "label_tube",
            (0, 0, -hz + body * 0.85),
            (r * 1.012, r * 1.012, body * 0.42),
            d.label(d.option("product", "soap")),
        )
    head = d.look("white", "black", "chrome", exact=True)
    s.mesh("drum", (0, 0, hz * 0.52), (r * 0.42, r * 0.42, hz * 0.09), head)
    s.rod((0, 0, hz * 0.5), (0, 0, hz * 0.9), r * 0.12, head, kind="cylinder")
    s.seen("box", (0, -r * 0.42, hz * 0.93), (r * 0.17, r * 0.62, hz * 0.06), head)
    s.touched("cylinder", (0, 0, -hz + body), (r, body))
    s.touched("box", (0, -r * 0.2, hz * 0.72), (r * 0.3, r * 0.5, hz * 0.28))
    return s


def spray(d: Draw) -> Shape:
    """A trigger spray bottle; the nozzle points to -x."""
    s = Shape()
    hx, hy, hz = d.half()
    body = hz * 0.66
    look = Look(d.look().rgb, 0.9, 0.6, 0.6)
    s.mesh("squeeze_bottle", (0, 0, -hz + body), (hx * 0.8, hy, body), look)
    s.mesh(
        "label_tube",
        (0, 0, -hz + body * 0.8),
        (hx * 0.81, hy * 1.012, body * 0.45),
        d.label(d.option("product", "cleaner")),
    )
    head = d.look("white", "black", "red", "yellow", exact=True)
    s.mesh("drum", (0, 0, hz * 0.4), (hx * 0.4, hy * 0.5, hz * 0.09), head)
    s.seen("box", (-hx * 0.15, 0, hz * 0.82), (hx * 0.75, hy * 0.34, hz * 0.17), head)
    s.seen("box", (hx * 0.1, 0, hz * 0.57), (hx * 0.22, hy * 0.3, hz * 0.14), head)
    s.rod((-hx * 0.95, 0, hz * 0.85), (-hx * 0.8, 0, hz * 0.85), hz * 0.05, head.shade(0.6))
    s.seen(
        "box",
        (-hx * 0.48, 0, hz * 0.5),
        (hx * 0.07, hy * 0.22, hz * 0.2),
        head.shade(0.7),
        rotation((0, 1, 0), 0.35),
    )
    s.touched("cylinder", (0, 0, -hz + body * 0.85), (min(hx * 0.8, hy), body * 0.85))
    s.touched("box", (0, 0, hz * 0.5), (hx * 0.3, hy * 0.35, hz * 0.4))
    s.touched("box", (-hx * 0.2, 0, hz * 0.85), (hx * 0.7, hy * 0.34, hz * 0.15))
    return s


def thermos(d: Draw) -> Shape:
    """A steel flask with a cup for a lid and a coloured sleeve."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh("drum", (0, 0, -hz * 0.2), (r, r, hz * 0.8), d.look())
    s.mesh("dome", (0, 0, hz * 0.68), (r * 0.9, r * 0.9, hz * 0.12), d.look("chrome", exact=True))
    s.mesh(
        "drum",
        (0, 0, hz * 0.8),
        (r * 0.72, r * 0.72, hz * 0.2),
        d.look("black", "chrome", exact=True),
    )
    for z in (-0.9, 0.5):
        s.seen("cylinder", (0, 0, hz * z), (r * 1.01, hz * 0.03), d.look("chrome", exact=True))
    s.touched("cylinder", (0, 0, -hz * 0.15), (r, hz * 0.85))
    s.touched("cylinder", (0, 0, hz * 0.5), (r * 0.72, hz * 0.5))
    return s


def cruet(d: Draw) -> Shape:
    """An oil or vinegar bottle of a pair: glass, content in colour, pouring spout.

    The anchor is where its partner stands: beside it in +x.
    """
    s = Shape()
    r, hz = d.round_half()
    oil = d.name.startswith("Oil")
    inside = d.look("golden", "lemon", "pale_green") if oil else d.look("dark_brown", "crimson")
    s.mesh(
        d.option("form", "oil_bottle"),
        (0, 0, -hz * 0.1),
        (r, r, hz * 0.9),
        Look(inside.rgb, 0.78, 0.9, 0.9),
    )
    steel = d.look("chrome", "black", "wood", exact=True)
    s.mesh("drum", (0, 0, hz * 0.76), (r * 0.4, r * 0.4, hz * 0.08), steel)
    s.rod((0, 0, hz * 0.8), (0, -r * 0.35, hz * 0.97), r * 0.1, steel)
    s.touched("cylinder", (0, 0, -hz * 0.3), (r, hz * 0.7))
    s.touched("cylinder", (0, 0, hz * 0.5), (r * 0.42, hz * 0.5))
    return beside(s.moved((0, 0, hz)), 2.4 * r)
