"""Flat things that carry others: boards, trays, baskets, boxes, scales."""

from .draw import Draw
from .shape import Look, Shape

WOOD_TEXTURE = "wood_board"


def _timber(d: Draw) -> Look:
    """A wood-grained look, or the category's plain colour when that is not a wood."""
    name = d.pick(d.colours)
    look = d.look(name)
    if "wood" not in name:
        return look
    r, g, b = (min(1.0, c * 1.45) for c in look.rgb)
    return Look((r, g, b), 1.0, 0.15, 0.2, texture=WOOD_TEXTURE)


def board(d: Draw) -> Shape:
    """A cutting board: some with a handle, some with a juice groove."""
    s = Shape()
    hx, hy, hz = d.half()
    look = _timber(d)
    if d.index % 3 == 1:
        s.solid("box", (-hx * 0.12, 0, 0), (hx * 0.88, hy, hz), look)
        s.solid("box", (hx * 0.87, 0, 0), (hx * 0.13, hy * 0.22, hz), look)
        s.seen("cylinder", (hx * 0.9, 0, 0), (hy * 0.09, hz * 1.02), look.shade(0.35))
        return s
    s.solid("box", (0, 0, 0), (hx, hy, hz), look)
    if d.index % 3 == 2:
        line = look.shade(0.6)
        for side in (-1, 1):
            s.seen("box", (0, side * hy * 0.88, hz), (hx * 0.92, 0.003, 0.0006), line)
            s.seen("box", (side * hx * 0.92, 0, hz), (0.003, hy * 0.88, 0.0006), line)
    return s


def placemat(d: Draw) -> Shape:
    """A thin mat with stripes."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    s.solid("box", (0, 0, 0), (hx, hy, hz), look)
    for i in range(2 + d.index % 4):
        x = hx * (0.92 - 0.12 * i)
        for side in (-1, 1):
            s.seen("box", (side * x, 0, hz), (hx * 0.03, hy * 0.98, 0.0005), look.shade(0.6))
    return s


def tray(d: Draw) -> Shape:
    """A shallow open box: serving tray, baking sheet, oven tray.

    Options:
        grips: True for handles at +-x.
    """
    s = Shape()
    hx, hy, hz = d.half()
    look = _timber(d)
    _open_box(s, hx, hy, hz, look, 0.004)
    if d.flag("grips"):
        for side in (-1, 1):
            s.seen("box", (side * (hx - 0.002), 0, hz), (0.004, hy * 0.4, 0.004), look.shade(0.6))
    s.fill((0, 0, -hz * 0.3), min(hx, hy) * 0.85, hz * 0.35)
    s.origin = "box"
    return s


def _open_box(s: Shape, hx: float, hy: float, hz: float, look: Look, t: float) -> None:
    """Floor and four walls of thickness t, open above."""
    s.stiff = True
    s.solid("box", (0, 0, -hz + t / 2), (hx, hy, t / 2), look)
    for side in (-1, 1):
        s.solid("box", (side * (hx - t / 2), 0, t / 2), (t / 2, hy, hz - t / 2), look)
        s.solid("box", (0, side * (hy - t / 2), t / 2), (hx - t, t / 2, hz - t / 2), look)


def basket(d: Draw) -> Shape:
    """A woven basket: walls with bands, a thick rim, some with handles."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    _open_box(s, hx * 0.97, hy * 0.96, hz, look, 0.007)
    for i, z in enumerate((-0.55, 0.2, 0.92)):
        dark = look.shade(0.72 if i % 2 else 1.12)
        for side in (-1, 1):
            s.seen("box", (side * hx * 0.975, 0, hz * z), (0.004, hy * 0.98, hz * 0.08), dark)
            s.seen("box", (0, side * hy * 0.97, hz * z), (hx * 0.98, 0.004, hz * 0.08), dark)
    return s


def food_box(d: Draw) -> Shape:
    """A plastic box with rounded rim and clips, open."""
    s = Shape()
    hx, hy, hz = d.half()
    look = Look(d.look("glass").rgb, 0.45, 0.6, 0.6)
    _open_box(s, hx * 0.95, hy * 0.94, hz, look, 0.006)
    rim = d.look()
    for side in (-1, 1):
        s.solid("box", (side * hx * 0.97, 0, hz * 0.9), (hx * 0.03, hy, hz * 0.1), rim)
        s.solid("box", (0, side * hy * 0.965, hz * 0.9), (hx * 0.94, hy * 0.035, hz * 0.1), rim)
        s.seen(
            "box",
            (side * hx * 0.99, 0, hz * 0.6),
            (hx * 0.015, hy * 0.3, hz * 0.25),
            rim.shade(0.8),
        )
    s.fill((0, 0, -hz * 0.3), min(hx, hy) * 0.8, hz * 0.45)
    s.origin = "box"
    return s


def ice_tray(d: Draw) -> Shape:
    """A tray of two rows of cells."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    s.solid("box", (0, 0, -hz * 0.5), (hx * 0.94, hy * 0.9, hz * 0.5), look.shade(0.85))
    for side in (-1, 1):
        s.solid("box", (0, side * hy * 0.94, 0), (hx, hy * 0.06, hz), look)
        s.solid("box", (side * hx * 0.97, 0, 0), (hx * 0.03, hy, hz), look)
    s.solid("box", (0, 0, 0), (hx * 0.95, hy * 0.05, hz * 0.95), look)
    for i in range(5):
        s.solid("box", (hx * (-0.64 + 0.32 * i), 0, 0), (hx * 0.02, hy * 0.9, hz * 0.95), look)
    return s


def scale(d: Draw) -> Shape:
    """A kitchen scale: body, steel or glass platform, display in front (-y)."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("rounded", (0, 0, -hz * 0.2), (hx, hy, hz * 0.8), d.look())
    plate = d.look("steel", "glass", "black", exact=True)
    if d.index % 2:
        s.seen("cylinder", (0, hy * 0.18, hz * 0.8), (hx * 0.75, hz * 0.2), plate)
    else:
        s.seen("box", (0, hy * 0.2, hz * 0.8), (hx * 0.85, hy * 0.72, hz * 0.2), plate)
    s.seen(
        "box",
        (0, -hy * 0.78, hz * 0.62),
        (hx * 0.34, hy * 0.12, hz * 0.06),
        Look((0.55, 0.66, 0.55)),
    )
    for x in (-0.62, 0.62):
        s.seen(
            "cylinder",
            (hx * x, -hy * 0.78, hz * 0.6),
            (hx * 0.07, hz * 0.08),
            d.look("gray", exact=True),
        )
    s.touched("box", (0, 0, -hz * 0.1), (hx * 0.97, hy * 0.97, hz * 0.9))
    s.touched("box", (0, hy * 0.18, 0), (hx * 0.75, hy * 0.7, hz))
    return s
