"""Fruit and vegetables: round ones, lying ones, bunches and leafy heads."""

import math

import numpy as np

from .draw import Draw, block
from .palette import COLOURS
from .shape import Look, Shape, rotation


def round_fruit(d: Draw) -> Shape:
    """One mesh with a stem, leaf, calyx or crown.

    Options:
        form: mesh name(s).
        top: "stem", "stem_leaf", "calyx", "crown", "tuft", "cap", "root", "sprout" or "".
        two_tone: colour of a blush on one side.
        ribs: colour of stripes from pole to pole.
    """
    s = Shape()
    hx, hy, hz = d.half()
    if not d.flag("oblong"):
        hy = hx
    look = d.look().glossy(0.35, 0.4)
    s.mesh(d.option("form", "ball"), (0, 0, 0), (hx, hy, hz), look)
    block(s, hx, hy, hz)
    blush = d.option("blush")
    if blush:
        soft = d.look(blush).blend(look, 0.6)
        s.mesh("ball", (hx * 0.13, -hy * 0.1, hz * 0.08), (hx * 0.88, hy * 0.9, hz * 0.86), soft)
    ribs = d.option("ribs")
    if ribs:
        form = "melon_ribs_lying" if d.flag("oblong") else "melon_ribs"
        s.mesh(form, (0, 0, 0), (hx * 1.012, hy * 1.012, hz * 1.012), d.look(ribs))
    _top(s, d, hx, hz, d.option("top"))
    return s


def _top(s: Shape, d: Draw, r: float, hz: float, kind: str) -> None:
    """What grows on top of a round fruit of radius r and half height hz."""
    stem, leaf = d.look("brown", exact=True), d.look("leaf")
    sink = d.number("dimple", 0.0) * hz
    top = hz - sink
    if kind in ("stem", "stem_leaf", "green_stem"):
        thick, tall = max(0.0014, r * 0.06), max(0.016, r * 0.42)
        lean = r * 0.12 * d.rng.uniform(-1, 1)
        stalk = leaf if kind == "green_stem" else stem
        thick = thick * 2.2 if kind == "green_stem" else thick
        s.rod((0, 0, top - 0.003), (lean, lean, top + tall * 0.7), thick, stalk)
        if kind == "stem_leaf":
            tilt = rotation((0, 0, 1), d.rng.uniform(0, 6.3)) @ rotation((1, 0, 0), 0.4)
            s.mesh(
                "leaf",
                tilt @ np.array([0, r * 0.4, 0]) + (0, 0, top + 0.004),
                (r * 0.2, r * 0.36, 0.001),
                leaf,
                tilt,
            )
    elif kind == "calyx":
        s.mesh("star", (0, 0, top - 0.0005), (r * 0.5, r * 0.5, 0.0018), leaf)
        s.rod((0, 0, top), (r * 0.05, 0, top + r * 0.22), r * 0.07, leaf)
    elif kind == "cap":
        s.mesh("star", (0, 0, top * 0.93), (r * 0.85, r * 0.85, 0.0022), leaf)
    elif kind == "crown":
        s.mesh("crown", (0, 0, top + r * 0.12), (r * 0.26, r * 0.26, r * 0.2), d.look().shade(0.8))
    elif kind == "tuft":
        for i in range(3):
            a = 2.1 * i + d.rng.uniform(0, 1)
            tip = (r * 0.5 * math.cos(a), r * 0.5 * math.sin(a), top + r * 1.3)
            s.rod((0, 0, top - 0.002), tip, r * 0.08, leaf)
    elif kind == "root":
        s.rod((0, 0, -hz), (r * 0.1, 0, -hz * 0.9), r * 0.1, d.look("tan"))
        s.rod((0, 0, top * 0.9), (0, 0, top), r * 0.1, d.look("tan"))
    elif kind == "navel":
        s.mesh("blob", (0, 0, hz * 0.97), (r * 0.1, r * 0.1, hz * 0.05), leaf)
    elif kind == "eyes":
        for a in (0.0, 2.0, 4.2):
            s.mesh(
                "blob",
                (r * 0.2 * math.cos(a), r * 0.2 * math.sin(a), hz * 0.94),
                (r * 0.09, r * 0.09, hz * 0.06),
                d.look("dark_brown"),
            )


def oblong(d: Draw) -> Shape:
    """An oblong body lying along x: potato, kiwi, mango, lemon, egg, dates.

    Options:
        form: mesh name(s).
        spots: colour of a few dots.
        tip: colour of a dot at the +x end.
    """
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh(d.option("form", "ball"), (0, 0, 0), (hx, hy, hz), d.look())
    block(s, hx, hy, hz)
    spots = d.option("spots")
    for _ in range(5 if spots else 0):
        a, t = d.rng.uniform(0.3, 2.8), d.rng.uniform(-0.6, 0.6)
        w = math.sqrt(1 - t * t) * 0.985
        s.mesh(
            "blob",
            (hx * t, hy * w * math.cos(a), hz * w * math.sin(a)),
            (hx * 0.05, hy * 0.06, hz * 0.06),
            d.look(spots),
        )
    tip = d.option("tip")
    if tip:
        s.mesh("blob", (hx * 0.97, 0, 0), (hx * 0.06, hy * 0.13, hz * 0.13), d.look(tip))
    return s


def lying(d: Draw) -> Shape:
    """A long body along x with an optional top at its +x end: carrot, cucumber, corn, aubergine.

    Options:
        form: mesh name(s) along x.
        top: "greens", "calyx", "husk", "stub" or "".
        thin: capsule radius as a part of the height, for tapering bodies.
    """
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh(d.option("form", "cucumber"), (0, 0, 0), (hx, hy, hz), d.look().glossy(0.35, 0.4))
    _log(s, hx, hy, hz, d.number("thin", 1.0))
    top, leaf = d.option("top"), d.look("leaf")
    if top == "greens":
        for i in range(4):
            y, z = hy * (0.9 * i - 1.3), hz * (0.3 if i % 2 else -0.3)
            s.rod((hx * 0.96, 0, 0), (hx * 1.28, y, z), hy * 0.16, leaf)
    elif top == "calyx":
        s.mesh("drop_lying", (hx * 0.9, 0, 0), (hx * 0.14, hy * 0.6, hz * 0.6), leaf)
        s.rod((hx, 0, 0), (hx * 1.14, 0, hz * 0.2), hy * 0.13, leaf)
    elif top == "husk":
        for i, y in enumerate((-0.6, 0.6, 0.0)):
            z = hz * (-0.25 if i < 2 else -0.55)
            s.mesh(
                "egg_lying", (-hx * 0.5, hy * y, z), (hx * 0.5, hy * 0.5, hz * 0.5), leaf.shade(1.1)
            )
        s.rod((-hx, 0, 0), (-hx * 1.1, 0, 0), hy * 0.25, d.look("pale_green"))
    elif top == "stub":
        s.rod((hx * 0.96, 0, 0), (hx * 1.08, 0, hz * 0.15), hy * 0.15, d.look("leaf", "brown"))
    return s


def _log(s: Shape, hx: float, hy: float, hz: float, thin: float = 1.0) -> None:
    """Colliders of a log along x: a box with flat sides, a narrower one reaching the ground."""
    w = hy * (0.88 if thin >= 1 else 0.75)
    s.touched("box", (0, 0, 0), (hx * 0.86, w, hz * 0.55))
    s.touched("box", (0, 0, 0), (hx * 0.8 * thin, hy * 0.5, hz))


def banana(d: Draw) -> Shape:
    """A curved banana lying on its side, dark at both ends."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("banana", (0, 0, 0), (hx, hy, hz), d.look())
    # The mesh's arc: ends up in +y, belly at -y; three boxes follow it.
    tip = d.look("dark_brown", exact=True)
    s.rod((hx * 0.93, hy * 0.80, 0), (hx * 1.02, hy * 1.02, 0), hz * 0.26, tip)
    s.rod((-hx * 0.95, hy * 0.84, 0), (-hx * 0.99, hy * 0.94, 0), hz * 0.2, tip)
    s.touched("box", (0, -hy * 0.36, 0), (hx * 0.4, hy * 0.52, hz))
    for side in (-1, 1):
        turn = rotation((0, 0, 1), side * 0.55)
        s.touched("box", (side * hx * 0.6, hy * 0.16, 0), (hx * 0.34, hy * 0.42, hz * 0.75), turn)
    return s


def chili(d: Draw) -> Shape:
    """A thin bent pepper with a green stalk."""
    s = Shape()
    hx, hy, hz = d.half()
    s.mesh("chili", (0, 0, 0), (hx, hy, hz), d.look().glossy())
    s.rod((hx * 0.97, hy * 0.25, 0), (hx * 1.25, hy * 0.7, 0), hz * 0.22, d.look("leaf"))
    s.touched("box", (hx * 0.1, -hy * 0.1, 0), (hx * 0.85, hy * 0.5, hz * 0.9))
    return s


def grapes(d: Draw) -> Shape:
    """A cluster of berries lying on its side, widest near the stalk."""
    s = Shape()
    hx, hy, hz = d.half()
    r = hz * 0.42
    look = d.look().glossy()
    rows = ((0.78, 3), (0.38, 4), (-0.05, 4), (-0.45, 3), (-0.82, 1))
    for k, (x, count) in enumerate(rows):
        for i in range(count):
            a = 2 * math.pi * i / count + 0.6 * k
            spread = 0.0 if count == 1 else 1.0
            y, z = spread * (hy - r) * math.cos(a), spread * (hz - r) * math.sin(a)
            s.mesh("blob", (hx * x * 0.85, y, z), (r, r, r), look.shade(0.9 + 0.05 * (i % 4)))
    s.rod((hx * 0.8, 0, hz * 0.4), (hx, 0, hz * 0.8), r * 0.16, d.look("brown"))
    block(s, hx * 0.9, hy, hz)
    return s


def broccoli(d: Draw) -> Shape:
    """Florets on a pale branching stalk, standing upright."""
    s = Shape()
    hx, hy, hz = d.half()
    stalk, head = d.look("pale_green"), d.look()
    s.mesh("flare", (0, 0, -hz * 0.45), (hx * 0.38, hy * 0.38, hz * 0.55), stalk)
    s.mesh("blob", (0, 0, hz * 0.6), (hx * 0.52, hy * 0.52, hz * 0.4), head.shade(1.1))
    for i in range(6):
        a = math.pi * i / 3
        pos = (hx * 0.56 * math.cos(a), hy * 0.56 * math.sin(a), hz * (0.32 + 0.1 * (i % 2)))
        s.mesh("blob", pos, (hx * 0.42, hy * 0.42, hz * 0.42), head.shade(0.85 + 0.1 * (i % 3)))
    s.touched("box", (0, 0, -hz * 0.35), (hx * 0.4, hy * 0.4, hz * 0.65))
    s.touched("cylinder", (0, 0, hz * 0.4), (hx * 0.85, hz * 0.42))
    return s


def leafy_head(d: Draw) -> Shape:
    """Cauliflower, cabbage, lettuce, artichoke, brussels sprout: a heart in a ring of leaves.

    Options:
        kind: "cauliflower", "cabbage", "lettuce" or "artichoke".
    """
    s = Shape()
    hx, _, hz = d.half()
    kind, look = d.option("kind", "cabbage"), d.look()
    heart = 0.78 if kind != "artichoke" else 0.6
    if kind == "cauliflower":
        for i in range(6):
            a = math.pi * i / 3
            s.mesh(
                "blob",
                (hx * 0.42 * math.cos(a), hx * 0.42 * math.sin(a), hz * 0.35),
                (hx * 0.42, hx * 0.42, hz * 0.42),
                look.shade(0.94 + 0.03 * (i % 3)),
            )
        s.mesh("blob", (0, 0, hz * 0.55), (hx * 0.45, hx * 0.45, hz * 0.45), look)
        leaf = d.look("leaf", "pale_green")
    else:
        s.mesh("ball", (0, 0, hz * 0.04), (hx * heart, hx * heart, hz * 0.93), look.shade(1.08))
        leaf = look.shade(0.78)
    rings = ((5, 0.0, 1.0),) if kind != "artichoke" else ((6, -0.35, 1.0), (5, 0.2, 0.85))
    for k, (count, z, wide) in enumerate(rings):
        for i in range(count):
            a = 2 * math.pi * i / count + 0.5 * k
            turn = rotation((0, 0, 1), a) @ rotation((1, 0, 0), 0.25 if kind != "lettuce" else 0.45)
            r = hx * (0.74 if kind != "artichoke" else 0.5) * wide
            pos = turn @ np.array([0, -r, 0])
            size = (hx * 0.55, hx * 0.2, hz * (0.72 if kind != "artichoke" else 0.5))
            s.mesh(
                "blob",
                (pos[0], pos[1], hz * (z - 0.28)),
                size,
                leaf.shade(0.9 + 0.08 * (i % 3)),
                turn,
            )
    if kind == "artichoke":
        s.mesh("blob", (0, 0, hz * 0.6), (hx * 0.4, hx * 0.4, hz * 0.4), leaf)
    block(s, hx * 0.92, hx * 0.92, hz)
    return s


def pineapple(d: Draw) -> Shape:
    """A standing pineapple with a rosette of pointed leaves."""
    s = Shape()
    r, hz = d.round_half()
    body = hz * 0.6
    s.mesh("pineapple", (0, 0, -hz + body), (r * 0.97, r * 0.97, body), d.look())
    skin = d.look("brown").shade(1.35)
    s.mesh("pineapple_ribs", (0, 0, -hz + body), (r, r, body * 0.99), skin)
    for k in range(5):
        part = (0.93, 1.0, 1.01, 1.0, 0.93)[k]
        z = -hz + body * (0.3 + 0.35 * k)
        s.mesh("hoop", (0, 0, z), (r * part, r * part, 0.002), skin.shade(0.8))
    top = -hz + 2 * body
    for i in range(7):
        a = 2 * math.pi * i / 6
        lean = 0.0 if i == 6 else 0.55
        turn = rotation((0, 0, 1), a) @ rotation((1, 0, 0), lean)
        mid = turn @ np.array([0, 0, hz * 0.36])
        s.mesh(
            "leaf_upright",
            (mid[0], mid[1], top + mid[2] - hz * 0.04),
            (r * 0.22, 0.0015, hz * 0.36),
            d.look("leaf", exact=True).shade(0.85 + 0.1 * (i % 3)),
            turn,
        )
    s.touched("cylinder", (0, 0, -hz + body), (r * 0.9, body))
    s.touched("box", (0, 0, top + hz * 0.2), (r * 0.25, r * 0.25, hz * 0.3))
    return s


def mushroom(d: Draw) -> Shape:
    """A cap on a stem."""
    s = Shape()
    r, hz = d.round_half()
    s.mesh("drum", (0, 0, -hz * 0.4), (r * 0.42, r * 0.42, hz * 0.6), d.look("ivory"))
    s.mesh("mushroom_cap", (0, 0, hz * 0.42), (r, r, hz * 0.58), d.look())
    s.touched("box", (0, 0, -hz * 0.3), (r * 0.42, r * 0.42, hz * 0.7))
    s.touched("cylinder", (0, 0, hz * 0.35), (r * 0.92, hz * 0.5))
    return s


def stalks(d: Draw) -> Shape:
    """A tied bundle of stalks along x: asparagus (with tips) or celery (with leaves).

    Options:
        kind: "asparagus" or "celery".
    """
    s = Shape()
    hx, hy, hz = d.half()
    look, kind = d.look(), d.option("kind", "celery")
    r = hz * 0.42
    spots = [(-0.55, -0.5), (0.0, -0.55), (0.55, -0.5), (-0.3, 0.4), (0.3, 0.45)]
    for i, (y, z) in enumerate(spots):
        pos = np.array([0, y * hy, z * hz])
        start = pos - np.array([hx - r, 0, 0])
        end = pos + np.array([hx * (0.7 + 0.06 * (i % 3)), 0, 0])
        s.rod(start, end, r, look.shade(0.9 + 0.06 * (i % 3)))
        if kind == "asparagus":
            s.mesh(
                "drop_lying",
                end + np.array([hx * 0.12, 0, 0]),
                (hx * 0.14, r * 1.15, r * 1.15),
                d.look("dark_green", "purple"),
            )
        else:
            s.mesh(
                "blob",
                end + np.array([hx * 0.1, 0, 0]),
                (hx * 0.13, hy * 0.3, hz * 0.3),
                d.look("leaf"),
            )
    if kind == "asparagus":
        band = rotation((0, 1, 0), math.pi / 2)
        s.seen("cylinder", (-hx * 0.3, 0, 0), (hz * 0.98, hx * 0.05), d.look("blue", "red"), band)
    s.touched("box", (0, 0, 0), (hx * 0.95, hy * 0.85, hz * 0.95))
    return s


def ginger(d: Draw) -> Shape:
    """A knobbly root: fingers off a thick piece."""
    s = Shape()
    hx, hy, hz = d.half()
    look = d.look()
    s.mesh("blob", (-hx * 0.2, 0, 0), (hx * 0.75, hy * 0.55, hz), look)
    knobs = ((0.55, 0.5, 0.42), (0.6, -0.4, 0.4), (-0.5, 0.6, 0.36), (-0.2, -0.62, 0.34))
    for i, (x, y, size) in enumerate(knobs):
        s.mesh(
            "blob",
            (hx * x, hy * y, -hz * 0.1),
            (hx * size, hy * size, hz * 0.75),
            look.shade(0.93 + 0.05 * (i % 2)),
        )
    s.touched("box", (0, 0, 0), (hx * 0.8, hy * 0.6, hz * 0.9))
    return s


def slice_round(d: Draw) -> Shape:
    """A slice of tomato, pickle, turkey or sausage: rim and inside in two colours.

    Options:
        inside: colour of the cut face.
        seeds: colour of seed dots, "" for none.
    """
    s = Shape()
    r, hz = d.round_half()
    s.mesh(d.option("form", "drum"), (0, 0, 0), (r, r, hz * 0.96), d.look())
    s.seen("cylinder", (0, 0, 0), (r * 0.88, hz), d.look(d.option("inside", "cream")))
    seeds = d.option("seeds")
    for i in range(6 if seeds else 0):
        a = math.pi * i / 3
        s.seen(
            "cylinder",
            (r * 0.52 * math.cos(a), r * 0.52 * math.sin(a), 0),
            (r * 0.17, hz * 1.02),
            d.look(seeds),
        )
    s.touched("box", (0, 0, 0), (r * 0.92, r * 0.6, hz))
    s.touched("box", (0, 0, 0), (r * 0.6, r * 0.92, hz))
    return s


def citrus_wedge(d: Draw) -> Shape:
    """A wedge of lemon: rind below, pale pith line, bright flesh."""
    s = Shape()
    hx, hy, hz = d.half()
    flip = rotation((1, 0, 0), math.pi)
    rind = d.look()
    s.mesh("half_round", (0, 0, 0), (hx, hy, hz), rind, flip)
    flesh = Look(COLOURS["pale_yellow"], 1.0, 0.6, 0.6)
    s.mesh("half_round", (0, 0, hz * 0.09), (hx * 0.9, hy * 1.01, hz * 0.92), flesh, flip)
    for x in (-0.45, 0.0, 0.45):
        s.seen("box", (hx * x, 0, hz * 0.4), (hx * 0.02, hy * 1.02, hz * 0.5), d.look("ivory"))
    s.touched("box", (0, 0, hz * 0.25), (hx * 0.85, hy, hz * 0.7))
    s.touched("box", (0, 0, 0), (hx * 0.5, hy, hz))
    return s
