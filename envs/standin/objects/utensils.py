"""Cutlery and hand tools, all lying with their length along y, the working end towards +y.

Along y because RoboCasa's drawer regions are narrow in x. Handles are box-shaped to touch, at least
7 mm high, so that fingers meet something flat.
"""

import math

from .draw import Draw
from .shape import Look, Shape, rotation

HANDLES = ("black", "steel", "wood", "red", "dark_wood", "white", "teal")


def _grip(s: Shape, d: Draw, hx: float, start: float, end: float, hz: float, look: Look) -> None:
    """A rounded handle from y=start to y=end."""
    mid, half = (start + end) / 2, (end - start) / 2
    s.mesh("rounded", (0, mid, 0), (hx, half, hz), look)
    s.touched("box", (0, mid, 0), (hx, half, hz))


def _lean(s: Shape, rise: float, length: float) -> Shape:
    """Lay a tool down on its head and the end of its handle, `rise` above ground while level."""
    return s.turned(rotation((1, 0, 0), math.asin(rise / length)))


def _handle_look(d: Draw) -> Look:
    return d.look(*HANDLES, exact=True) if d.flag("mixed") else d.look()


def fork(d: Draw) -> Shape:
    """Handle, neck and four tines."""
    s = Shape()
    hx, hy, hz = d.half()
    steel = d.look()
    _grip(s, d, hx * 0.36, -hy, hy * 0.1, max(hz * 0.7, 0.0036), _handle_look(d))
    s.seen("box", (0, hy * 0.22, 0), (hx * 0.22, hy * 0.16, hz * 0.4), steel)
    s.mesh("rounded", (0, hy * 0.47, 0), (hx, hy * 0.15, hz * 0.45), steel)
    for i in range(4):
        s.seen(
            "box", (hx * (-0.84 + 0.56 * i), hy * 0.8, 0), (hx * 0.15, hy * 0.2, hz * 0.35), steel
        )
    s.touched("box", (0, hy * 0.22, 0), (hx * 0.22, hy * 0.16, hz * 0.5))
    s.touched("box", (0, hy * 0.68, 0), (hx * 0.95, hy * 0.32, hz * 0.5))
    return s


def spoon(d: Draw) -> Shape:
    """Handle and oval bowl.

    Options:
        wide: width of the bowl as a part of the table's width.
        slot: True for a slotted bowl on some.
    """
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    _grip(s, d, hx * 0.3, -hy, hy * 0.35, max(hz * 0.45, 0.0036), _handle_look(d))
    s.mesh("blob", (0, hy * 0.66, 0), (hx, hy * 0.34, hz), look)
    s.mesh("blob", (0, hy * 0.66, hz * 0.42), (hx * 0.78, hy * 0.27, hz * 0.62), look.shade(0.75))
    if d.flag("slot") and d.index % 2:
        for x in (-0.3, 0, 0.3):
            s.seen(
                "box",
                (hx * x, hy * 0.66, hz * 0.9),
                (hx * 0.06, hy * 0.16, hz * 0.2),
                look.shade(0.3),
            )
    s.touched("box", (0, hy * 0.66, 0), (hx * 0.8, hy * 0.26, hz * 0.95))
    return s


def knife(d: Draw) -> Shape:
    """Riveted handle, bolster and a pointed blade."""
    s = Shape()
    hx, hy, hz = d.half()
    steel = d.look("steel", exact=True)
    grip = _handle_look(d)
    _grip(s, d, hx * 0.55, -hy, -hy * 0.2, max(hz * 0.8, 0.0045), grip)
    s.seen("box", (0, -hy * 0.17, 0), (hx * 0.6, hy * 0.03, hz * 0.8), steel)
    for y in (-0.8, -0.6, -0.4):
        s.seen("cylinder", (0, hy * y, 0), (hx * 0.14, max(hz * 0.8, 0.0045) * 1.02), steel)
    blade = hx * (0.72 if d.index % 2 else 1.0)
    low = max(hz * 0.8, 0.0045)
    turn = rotation((0, 0, 1), math.pi / 2)
    s.mesh("blade", (0, hy * 0.43, 0), (hy * 0.57, blade, 0.0011), steel.glossy(), turn)
    # Down to the handle's underside: the blade must not tip the knife over.
    s.touched("box", (0, hy * 0.4, 0.0015 - low / 2), (blade * 0.8, hy * 0.56, low / 2 + 0.0015))
    return s


def spatula(d: Draw) -> Shape:
    """Handle and a flat, slotted turner."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    _grip(s, d, hx * 0.28, -hy, hy * 0.05, max(hz * 0.6, 0.005), _handle_look(d))
    s.rod((0, 0, 0), (0, hy * 0.45, 0), 0.003, d.look("steel", exact=True))
    s.mesh("rounded", (0, hy * 0.68, 0), (hx, hy * 0.32, 0.0016), look)
    for x in (-0.45, 0, 0.45):
        s.seen("box", (hx * x, hy * 0.7, 0), (hx * 0.1, hy * 0.18, 0.0019), look.shade(0.25))
    s.touched("box", (0, hy * 0.2, 0), (0.004, hy * 0.25, 0.004))
    s.touched("box", (0, hy * 0.68, 0), (hx * 0.95, hy * 0.31, 0.003))
    return s


def ladle(d: Draw) -> Shape:
    """Handle and a deep round bowl."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    r = hx
    _grip(s, d, hx * 0.2, -hy, hy - 2 * r, max(hz * 0.3, 0.0045), _handle_look(d))
    s.mesh("bowl_deep", (0, hy - r, 0), (r, r, hz), look)
    s.touched("cylinder", (0, hy - r, -hz * 0.85), (r * 0.7, hz * 0.15))
    s.ring(r * 0.97, -hz * 0.8, hz, 0.004, sides=8, centre=(0, hy - r))
    return _lean(s, hz - max(hz * 0.3, 0.0045), 2 * hy - r)


def whisk(d: Draw) -> Shape:
    """Handle and a balloon of wires."""
    s = Shape()
    hx, hy, hz = d.half()
    _grip(s, d, min(hx * 0.4, 0.011), -hy, -hy * 0.05, min(hz * 0.5, 0.010), _handle_look(d))
    steel = d.look("steel", exact=True)
    for i in range(4):
        turn = rotation((0, 1, 0), math.pi * i / 4)
        s.mesh("hoop", (0, hy * 0.46, 0), (hx, hy * 0.54, 0.0022), steel, turn)
    s.mesh("drum", (0, -hy * 0.05, 0), (min(hx * 0.45, 0.012),) * 3, steel)
    s.touched("box", (0, hy * 0.5, 0), (hx * 0.75, hy * 0.45, hz * 0.75))
    s.touched("box", (0, hy * 0.5, 0), (hx * 0.4, hy * 0.3, hz))
    return s


def tongs(d: Draw) -> Shape:
    """Two arms joined at the back, scalloped tips."""
    s = Shape()
    hx, hy, hz = d.half()
    steel, tip = d.look("steel", exact=True), d.look("black", "red", "steel", exact=True)
    s.stiff = True
    for side in (-1, 1):
        turn = rotation((0, 0, 1), side * math.atan2(-hx * 0.55, 2 * hy))
        s.solid("box", (side * hx * 0.52, 0, 0), (hx * 0.13, hy * 0.94, hz * 0.98), steel, turn)
        s.mesh("rounded", (side * hx * 0.8, hy * 0.85, 0), (hx * 0.2, hy * 0.15, hz), tip)
    s.solid("box", (0, -hy * 0.95, 0), (hx * 0.4, hy * 0.05, hz * 0.98), steel)
    return s


def peeler(d: Draw) -> Shape:
    """A Y-peeler: handle, fork and blade across."""
    s = Shape()
    hx, hy, hz = d.half()
    grip, steel = d.look(), d.look("steel", exact=True)
    _grip(s, d, hx * 0.4, -hy, hy * 0.3, max(hz * 0.8, 0.005), grip)
    for side in (-1, 1):
        s.rod((side * hx * 0.25, hy * 0.3, 0), (side * hx * 0.88, hy * 0.75, 0), hz * 0.4, grip)
        s.rod((side * hx * 0.88, hy * 0.75, 0), (side * hx * 0.88, hy * 0.93, 0), hz * 0.4, grip)
    s.seen("box", (0, hy * 0.88, 0), (hx * 0.85, hy * 0.06, hz * 0.3), steel)
    s.touched("box", (0, hy * 0.65, 0), (hx * 0.8, hy * 0.33, hz * 0.5))
    return s


def pizza_cutter(d: Draw) -> Shape:
    """Handle, fork and a wheel lying flat."""
    s = Shape()
    hx, hy, hz = d.half()
    steel = d.look("chrome", exact=True)
    r = hx
    _grip(s, d, hx * 0.42, -hy, hy - 2.1 * r, max(hz * 0.85, 0.006), d.look())
    s.seen(
        "box",
        (0, hy - 1.6 * r, hz * 0.25),
        (hx * 0.2, r * 0.65, hz * 0.2),
        d.look("black", exact=True),
    )
    s.seen("cylinder", (0, hy - r, 0), (r, 0.0012), steel)
    s.seen("cylinder", (0, hy - r, 0), (r * 0.2, hz * 0.5), d.look("black", exact=True))
    s.touched("cylinder", (0, hy - r, 0), (r * 0.97, 0.003))
    s.touched("box", (0, hy - 1.6 * r, 0), (hx * 0.25, r * 0.7, hz * 0.5))
    return s


def rolling_pin(d: Draw) -> Shape:
    """A barrel between two handles, along x."""
    s = Shape()
    hx, _, hz = d.half()
    wood, grip = d.look(), d.look("wood", "red", "dark_wood", "blue", exact=True)
    turn = rotation((0, 1, 0), math.pi / 2)
    s.mesh("drum_lying", (0, 0, 0), (hx * 0.66, hz, hz), wood)
    for side in (-1, 1):
        s.mesh("egg_lying", (side * hx * 0.83, 0, 0), (hx * 0.17, hz * 0.5, hz * 0.5), grip)
    s.touched("cylinder", (0, 0, 0), (hz * 0.98, hx * 0.65), turn)
    s.touched("box", (0, 0, 0), (hx * 0.64, hz * 0.5, hz))
    s.touched("box", (0, 0, 0), (hx * 0.98, hz * 0.38, hz * 0.38))
    return s


def scissors(d: Draw) -> Shape:
    """Two crossed blades and two finger rings."""
    s = Shape()
    hx, hy, hz = d.half()
    grip, steel = d.look(), d.look("steel", exact=True)
    for side in (-1, 1):
        turn = rotation((0, 0, 1), side * 0.14)
        s.seen(
            "box",
            (side * hx * 0.18, hy * 0.42, hz * 0.3 * side),
            (hx * 0.15, hy * 0.55, 0.0014),
            steel,
            turn,
        )
        s.mesh("torus", (side * hx * 0.52, -hy * 0.66, 0), (hx * 0.48, hy * 0.34, hz * 0.9), grip)
        s.seen(
            "box",
            (-side * hx * 0.2, -hy * 0.22, 0),
            (hx * 0.16, hy * 0.18, hz * 0.7),
            grip,
            rotation((0, 0, 1), side * 0.5),
        )
    s.seen("cylinder", (0, 0, 0), (hx * 0.12, hz), d.look("black", exact=True))
    s.touched("box", (0, -hy * 0.62, 0), (hx * 0.9, hy * 0.36, hz * 0.85))
    s.touched("box", (0, hy * 0.35, 0), (hx * 0.3, hy * 0.6, hz * 0.7))
    return s


def opener(d: Draw) -> Shape:
    """A bottle opener (loop head) or can opener (two handles and a key).

    Options:
        kind: "bottle" or "can".
    """
    s = Shape()
    hx, hy, hz = d.half()
    steel = d.look("steel", exact=True)
    if d.option("kind") == "bottle":
        _grip(s, d, hx * 0.42, -hy, hy * 0.35, max(hz * 0.8, 0.004), d.look())
        s.mesh("torus", (0, hy * 0.66, 0), (hx, hy * 0.34, hz * 0.7), steel)
        s.touched("box", (0, hy * 0.66, 0), (hx * 0.85, hy * 0.3, hz * 0.6))
        return s
    for side in (-1, 1):
        s.mesh(
            "rounded", (side * hx * 0.42, -hy * 0.35, 0), (hx * 0.26, hy * 0.62, hz * 0.7), d.look()
        )
    s.touched("box", (0, -hy * 0.35, 0), (hx * 0.68, hy * 0.62, hz * 0.7))
    s.solid("box", (0, hy * 0.5, 0), (hx * 0.6, hy * 0.4, hz * 0.5), steel)
    s.seen("cylinder", (0, hy * 0.7, 0), (hx * 0.45, hz * 0.8), steel.shade(0.8))
    s.seen(
        "box", (hx * 0.4, hy * 0.5, hz * 0.8), (hx * 0.55, hy * 0.07, hz * 0.2), steel.shade(0.6)
    )
    return s


def brush(d: Draw) -> Shape:
    """A dish brush: handle, round head, bristles below."""
    s = Shape()
    hx, hy, hz = d.half()
    r = hx
    look = d.look()
    _grip(s, d, hx * 0.3, -hy, hy - 2 * r, max(hz * 0.3, 0.006), look)
    s.mesh("drum", (0, hy - r, hz * 0.4), (r, r, hz * 0.35), look)
    s.mesh(
        "taper",
        (0, hy - r, -hz * 0.45),
        (r * 0.92, r * 0.92, hz * 0.55),
        d.look("white", "cream", "gray", exact=True),
    )
    s.touched("box", (0, hy - r, -hz * 0.15), (r * 0.8, r * 0.8, hz * 0.85))
    return _lean(s, hz - max(hz * 0.3, 0.006), 2 * hy - r)


def straw(d: Draw) -> Shape:
    """A straw with a stripe."""
    s = Shape()
    _, hy, hz = d.half()
    r = hz
    look = d.look(exact=True)
    s.rod((0, -hy + r, 0), (0, hy - r, 0), r, look)
    for y in (-0.6, -0.2, 0.2, 0.6):
        s.seen(
            "cylinder",
            (0, hy * y, 0),
            (r * 1.04, hy * 0.06),
            d.look("white", exact=True),
            rotation((1, 0, 0), math.pi / 2),
        )
    s.touched("box", (0, 0, 0), (r, hy, r))
    return s


def lollipop(d: Draw) -> Shape:
    """A disc of candy with a swirl on a stick."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("drum", (0, hy - hx, 0), (hx, hx, hz), d.look().glossy())
    for part in (0.75, 0.4):
        s.mesh(
            "hoop",
            (0, hy - hx, hz * 0.9),
            (hx * part, hx * part, hz * 0.25),
            d.look("white", exact=True),
        )
    s.rod((0, -hy, 0), (0, hy - 2 * hx, 0), 0.0028, d.look("white", exact=True))
    s.touched("cylinder", (0, hy - hx, 0), (hx, hz))
    s.touched("box", (0, -hx, 0), (0.004, hy - hx, 0.004))
    return s


def skewer(d: Draw) -> Shape:
    """Pieces of meat and vegetables on a stick along x.

    Options:
        pieces: how many.
    """
    s = Shape()
    hx, hy, hz = d.half()
    s.rod((-hx, 0, 0), (hx, 0, 0), 0.0022, d.look("pale_wood", "steel"))
    n = int(d.number("pieces", 5))
    colours = ("cooked", "red", "meat", "green", "cooked", "yellow")
    for i in range(n):
        x = hx * (-0.55 + 1.35 * i / (n - 1))
        look = d.look(colours[(i + d.index) % len(colours)])
        turn = rotation((1, 0, 0), float(d.rng.uniform(-0.3, 0.3)))
        s.mesh(
            "rounded" if i % 2 else "blob", (x, 0, 0), (hx * 0.14, hy * 0.92, hz * 0.92), look, turn
        )
    s.touched("box", (hx * 0.12, 0, 0), (hx * 0.82, hy * 0.9, hz * 0.95))
    s.touched("box", (-hx * 0.8, 0, 0), (hx * 0.2, 0.003, 0.003))
    return s


def grater(d: Draw) -> Shape:
    """A box grater: tapering steel walls with rows of teeth, handle on top."""
    s = Shape()
    hx, hy, hz = d.half()
    steel = d.look()
    body = hz * 0.86
    s.mesh("taper4", (0, 0, -hz + body), (hx, hy, body), steel)
    for side in (-1, 1):
        for i in range(4):
            s.seen(
                "box",
                (0, side * hy * (0.93 - 0.075 * i), -hz + body * (0.35 + 0.38 * i)),
                (hx * 0.5, hy * 0.05, hz * 0.025),
                steel.shade(0.45),
            )
    s.mesh(
        "bail",
        (0, 0, hz - (hz - body)),
        (hx * 0.55, hy * 0.25, hz - body),
        d.look("black", "red", "green", exact=True),
    )
    s.touched("box", (0, 0, -hz + body * 0.5), (hx * 0.92, hy * 0.92, body * 0.5))
    s.touched("box", (0, 0, -hz + body), (hx * 0.72, hy * 0.72, body))
    s.touched("box", (0, 0, hz * 0.8), (hx * 0.5, hy * 0.22, hz * 0.2))
    return s


def reamer(d: Draw) -> Shape:
    """A citrus squeezer: dish, rim, ribbed cone."""
    s = Shape()
    r, hz = d.round_half()
    look = d.look()
    s.mesh("bowl_straight", (0, 0, -hz * 0.6), (r, r, hz * 0.4), look)
    s.mesh("ribbed_cone", (0, 0, hz * 0.1), (r * 0.46, r * 0.46, hz * 0.9), look.shade(0.9))
    s.seen("box", (r * 1.1, 0, -hz * 0.35), (r * 0.16, r * 0.16, hz * 0.1), look)
    s.touched("cylinder", (0, 0, -hz * 0.85), (r * 0.85, hz * 0.15))
    s.ring(r * 0.98, -hz, -hz * 0.2, 0.004, sides=8)
    s.touched("cylinder", (0, 0, -hz * 0.3), (r * 0.38, hz * 0.6))
    s.touched("cylinder", (0, 0, hz * 0.4), (r * 0.2, hz * 0.6))
    return s
