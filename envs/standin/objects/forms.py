"""The library of unit meshes by name: every profile and outline that object shapes use, as data."""

import math
from collections.abc import Iterator

import numpy as np

from .solids import (
    Maker,
    Profile,
    Solid,
    arc,
    label_box,
    label_tube,
    pouch,
    prism,
    revolve,
    smooth,
    sweep,
)

_E = 1e-3


def _ball(rows: int = 9, pinch: float = 0.0) -> Profile:
    """A sphere's profile; `pinch` > 0 narrows the top (egg), < 0 the bottom."""
    angles = [-math.pi / 2 + math.pi * i / rows for i in range(rows + 1)]
    return [(max(math.cos(a) * (1 - pinch * math.sin(a)), _E), math.sin(a)) for a in angles]


# fmt: off
APPLE: Profile = [
    (_E, 0.10), (0.25, 0.02), (0.45, 0.0), (0.72, 0.18), (0.92, 0.45), (1.0, 0.75), (0.95, 1.1),
    (0.78, 1.38), (0.55, 1.5), (0.3, 1.46), (0.12, 1.34), (_E, 1.28),
]
PEAR: Profile = [
    (_E, 0.05), (0.35, 0.0), (0.7, 0.12), (0.95, 0.45), (1.0, 0.75), (0.9, 1.1), (0.68, 1.45),
    (0.5, 1.8), (0.42, 2.05), (0.28, 2.2), (_E, 2.24),
]
LEMON: Profile = [
    (_E, 0), (0.12, 0.02), (0.2, 0.12), (0.55, 0.3), (0.85, 0.6), (1.0, 1.0), (0.97, 1.3),
    (0.8, 1.65), (0.5, 1.95), (0.2, 2.15), (0.15, 2.28), (_E, 2.32),
]
ONION: Profile = [
    (_E, 0), (0.2, 0.02), (0.5, 0.1), (0.85, 0.4), (1.0, 0.8), (0.93, 1.15), (0.65, 1.45),
    (0.3, 1.65), (0.14, 1.85), (0.1, 2.05), (_E, 2.08),
]
TOMATO: Profile = [
    (_E, 0.06), (0.3, 0.0), (0.7, 0.15), (0.95, 0.5), (1.0, 0.8), (0.9, 1.15), (0.6, 1.4),
    (0.3, 1.42), (_E, 1.34),
]
PEPPER: Profile = [
    (_E, 0.25), (0.3, 0.05), (0.55, 0.0), (0.75, 0.2), (0.88, 0.8), (1.0, 1.4), (0.95, 1.75),
    (0.7, 1.95), (0.35, 1.9), (_E, 1.75),
]
STRAWBERRY: Profile = [
    (_E, 0), (0.25, 0.06), (0.55, 0.4), (0.85, 0.9), (1.0, 1.35), (0.9, 1.65), (0.5, 1.8),
    (_E, 1.75),
]
CARROT: Profile = [
    (_E, -3.0), (0.12, -2.95), (0.3, -2.0), (0.55, -0.6), (0.8, 1.0), (1.0, 2.5), (0.9, 2.85),
    (0.4, 3.0), (_E, 2.95),
]
CUCUMBER: Profile = [
    (_E, -3), (0.5, -2.85), (0.85, -2.3), (1.0, -1.0), (1.0, 1.0), (0.85, 2.3), (0.5, 2.85),
    (_E, 3),
]
GHERKIN: Profile = [
    (_E, -2.6), (0.35, -2.5), (0.65, -2.2), (0.88, -1.6), (1.0, -0.6), (1.0, 0.6), (0.88, 1.6),
    (0.65, 2.2), (0.35, 2.5), (_E, 2.6),
]
TUBER: Profile = [
    (_E, -2.6), (0.18, -2.5), (0.5, -1.9), (0.85, -1.0), (1.0, 0.0), (0.9, 0.9), (0.6, 1.7),
    (0.2, 2.3), (_E, 2.5),
]
AVOCADO: Profile = [
    (_E, -1.5), (0.4, -1.42), (0.75, -1.15), (0.96, -0.7), (1.0, -0.2), (0.92, 0.3), (0.75, 0.75),
    (0.58, 1.1), (0.4, 1.4), (0.2, 1.52), (_E, 1.55),
]
EGGPLANT: Profile = [
    (_E, -2.2), (0.5, -2.1), (0.9, -1.6), (1.0, -0.9), (0.9, 0.0), (0.65, 1.0), (0.5, 1.7),
    (0.35, 2.0), (_E, 2.1),
]
CORN: Profile = [
    (_E, -3), (0.3, -2.9), (0.6, -2.2), (0.85, -1.0), (1.0, 1.0), (0.95, 2.4), (0.6, 2.9),
    (_E, 3),
]
SQUASH: Profile = [
    (_E, -2.2), (0.5, -2.15), (0.9, -1.7), (1.0, -1.1), (0.85, -0.4), (0.6, 0.2), (0.55, 1.4),
    (0.5, 2.0), (_E, 2.1),
]
MUSHROOM_CAP: Profile = [
    (_E, 0.1), (0.5, 0.12), (0.95, 0.0), (1.0, 0.15), (0.9, 0.5), (0.6, 0.8), (0.25, 0.95),
    (_E, 0.98),
]
DOME: Profile = [
    (_E, 0), (0.9, 0), (1.0, 0.12), (0.97, 0.35), (0.82, 0.65), (0.5, 0.9), (0.2, 0.99), (_E, 1),
]
DRUM: Profile = [(_E, 0), (0.9, 0), (1, 0.1), (1, 0.9), (0.9, 1), (_E, 1)]
CONE: Profile = [(_E, 0), (1, 0), (0.5, 0.5), (_E, 1)]
TAPER: Profile = [(_E, 0), (1, 0), (0.7, 1), (_E, 1)]
FLARE: Profile = [(_E, 0), (0.7, 0), (1, 1), (_E, 1)]
DROP: Profile = [(_E, 0), (0.7, 0.1), (1, 0.45), (0.75, 0.8), (0.3, 1.2), (_E, 1.5)]

# Vessels: up the outside, back down the inside.
BOWL: Profile = [
    (_E, 0), (0.42, 0), (0.72, 0.28), (0.92, 0.63), (1, 1), (0.96, 1), (0.87, 0.64), (0.66, 0.3),
    (0.4, 0.1), (_E, 0.08),
]
BOWL_DEEP: Profile = [
    (_E, 0), (0.5, 0), (0.55, 0.06), (0.85, 0.3), (0.97, 0.65), (1, 1), (0.96, 1), (0.92, 0.66),
    (0.8, 0.33), (0.5, 0.12), (_E, 0.1),
]
BOWL_STRAIGHT: Profile = [
    (_E, 0), (0.75, 0), (0.92, 0.12), (0.98, 0.5), (1, 1), (0.96, 1), (0.93, 0.5), (0.86, 0.16),
    (0.7, 0.09), (_E, 0.08),
]
CUP: Profile = [
    (_E, 0), (0.72, 0), (0.86, 0.4), (1, 1), (0.94, 1), (0.8, 0.4), (0.66, 0.07), (_E, 0.06),
]
TEACUP: Profile = [
    (_E, 0), (0.5, 0), (0.52, 0.06), (0.8, 0.25), (0.94, 0.6), (1, 1), (0.94, 1), (0.88, 0.6),
    (0.72, 0.27), (0.45, 0.12), (_E, 0.1),
]
MUG: Profile = [
    (_E, 0), (0.94, 0), (1, 0.06), (1, 1), (0.91, 1), (0.9, 0.1), (0.8, 0.06), (_E, 0.06),
]
BARREL_MUG: Profile = [
    (_E, 0), (0.8, 0), (0.95, 0.2), (1, 0.5), (0.93, 0.85), (0.9, 1), (0.81, 1), (0.83, 0.85),
    (0.9, 0.5), (0.84, 0.2), (0.7, 0.07), (_E, 0.06),
]
TUMBLER: Profile = [
    (_E, 0), (0.86, 0), (1, 1), (0.95, 1), (0.8, 0.09), (_E, 0.08),
]
PLATE: Profile = [
    (_E, 0), (0.6, 0), (0.7, 0.3), (1, 0.9), (1, 1), (0.96, 1), (0.66, 0.5), (_E, 0.4),
]
PLATE_COUPE: Profile = [
    (_E, 0), (0.7, 0), (0.92, 0.45), (1, 1), (0.97, 1), (0.88, 0.55), (0.7, 0.3), (_E, 0.3),
]
PAN: Profile = [(_E, 0), (0.84, 0), (1, 1), (0.96, 1), (0.81, 0.1), (_E, 0.1)]
POT: Profile = [
    (_E, 0), (0.93, 0), (0.97, 0.05), (0.97, 0.96), (1, 1), (0.93, 1), (0.92, 0.06), (_E, 0.05),
]
WINE_GLASS: Profile = [
    (_E, 0), (0.9, 0), (0.9, 0.015), (0.15, 0.05), (0.09, 0.12), (0.09, 0.42), (0.3, 0.46),
    (0.8, 0.58), (1, 0.75), (0.85, 1), (0.8, 1), (0.93, 0.75), (0.72, 0.6), (_E, 0.5),
]
PITCHER: Profile = [
    (_E, 0), (0.85, 0), (1, 0.2), (1, 0.45), (0.85, 0.75), (0.88, 1), (0.8, 1), (0.77, 0.75),
    (0.92, 0.45), (0.92, 0.2), (0.78, 0.05), (_E, 0.05),
]
JAR: Profile = [
    (_E, 0), (0.9, 0), (1, 0.06), (1, 0.8), (0.9, 0.9), (0.85, 1), (0.78, 1), (0.82, 0.88),
    (0.92, 0.78), (0.92, 0.08), (0.8, 0.05), (_E, 0.05),
]
HOPPER: Profile = [(_E, 0), (0.35, 0), (1, 1), (0.95, 1), (0.32, 0.06), (_E, 0.06)]

# Closed bottles, from wide foot to neck.
WINE_BOTTLE: Profile = [
    (_E, 0), (0.92, 0), (1, 0.03), (1, 0.58), (0.85, 0.68), (0.45, 0.77), (0.38, 0.82),
    (0.36, 0.97), (0.4, 0.97), (0.4, 1), (_E, 1),
]
BEER_BOTTLE: Profile = [
    (_E, 0), (0.92, 0), (1, 0.04), (1, 0.52), (0.85, 0.63), (0.5, 0.78), (0.42, 0.95), (0.44, 1),
    (_E, 1),
]
SODA_BOTTLE: Profile = [
    (_E, 0), (0.8, 0), (1, 0.06), (1, 0.25), (0.9, 0.4), (1, 0.55), (0.98, 0.66), (0.7, 0.82),
    (0.4, 0.92), (0.4, 1), (_E, 1),
]
WATER_BOTTLE: Profile = [
    (_E, 0), (0.85, 0), (1, 0.04), (0.96, 0.2), (1, 0.28), (0.96, 0.4), (1, 0.5), (0.98, 0.66),
    (0.75, 0.82), (0.42, 0.91), (0.42, 1), (_E, 1),
]
SQUEEZE_BOTTLE: Profile = [
    (_E, 0), (0.9, 0), (1, 0.05), (1, 0.72), (0.9, 0.84), (0.55, 0.94), (0.5, 1), (_E, 1),
]
FLASK: Profile = [
    (_E, 0), (0.9, 0), (1, 0.05), (1, 0.82), (0.85, 0.92), (0.7, 0.95), (0.7, 1), (_E, 1),
]
OIL_BOTTLE: Profile = [
    (_E, 0), (0.92, 0), (1, 0.03), (1, 0.6), (0.9, 0.7), (0.4, 0.82), (0.32, 0.9), (0.32, 1),
    (_E, 1),
]
HONEY_BOTTLE: Profile = [
    (_E, 0), (0.85, 0), (1, 0.12), (0.95, 0.35), (0.72, 0.5), (0.8, 0.65), (0.78, 0.8), (0.5, 0.93),
    (0.45, 1), (_E, 1),
]
SAUCE_JAR: Profile = [
    (_E, 0), (0.9, 0), (1, 0.06), (1, 0.82), (0.86, 0.92), (0.8, 1), (_E, 1),
]
KETTLE_BODY: Profile = [
    (_E, 0), (0.95, 0), (1, 0.08), (0.95, 0.4), (0.8, 0.7), (0.55, 0.9), (0.4, 0.95), (0.38, 1),
    (_E, 1),
]
TEAPOT_BODY: Profile = [
    (_E, 0), (0.55, 0), (0.6, 0.05), (0.88, 0.25), (1, 0.5), (0.9, 0.75), (0.6, 0.93), (0.45, 0.97),
    (0.4, 1), (_E, 1),
]
LID: Profile = [(_E, 0), (1, 0), (1, 0.2), (0.85, 0.55), (0.4, 0.9), (_E, 1)]

_SLICE = [
    (-0.88, -1.0), (0.88, -1.0), (0.93, -0.6), (0.9, 0.2), (1.0, 0.5), (0.92, 0.82), (0.6, 0.98),
    (0.0, 1.0), (-0.6, 0.98), (-0.92, 0.82), (-1.0, 0.5), (-0.9, 0.2), (-0.93, -0.6),
]
_STEAK = [
    (-0.9, -0.5), (-0.3, -0.85), (0.4, -0.8), (0.9, -0.35), (1.0, 0.25), (0.65, 0.75),
    (0.1, 0.7), (-0.4, 0.9), (-0.9, 0.55), (-1.0, 0.0),
]
_DROPLET = [
    (-1.0, 0.0), (-0.85, -0.28), (-0.4, -0.6), (0.2, -0.95), (0.7, -0.9), (1.0, -0.3),
    (1.0, 0.3), (0.7, 0.9), (0.2, 0.95), (-0.4, 0.6), (-0.85, 0.28),
]
_BLADE = [(-1.0, -0.9), (0.1, -1.0), (0.55, -0.7), (0.85, 0.0), (1.0, 0.85), (0.9, 1.0),
          (-0.2, 1.0), (-1.0, 1.0)]
_WEDGE = [(-1.0, -0.9), (1.0, -0.12), (1.0, 0.12), (-1.0, 0.9)]
_GABLE = [(-1.0, -1.0), (1.0, -1.0), (1.0, 0.45), (0.06, 1.0), (-0.06, 1.0), (-1.0, 0.45)]
_HALFMOON = [(math.cos(a), math.sin(a)) for a in np.linspace(0, math.pi, 11)]
_LEAF = [(0.0, -1.0), (0.6, -0.45), (0.75, 0.1), (0.4, 0.7), (0.0, 1.0), (-0.4, 0.7),
         (-0.75, 0.1), (-0.6, -0.45)]
_ROUND = ((-1, 0.85), (-0.6, 0.97), (0, 1), (0.6, 0.97), (1, 0.85))
_BARREL: Profile = [
    (_E, 0), (0.6, 0.0), (0.85, 0.2), (1, 0.7), (1, 1.3), (0.88, 1.8), (0.6, 2.0), (_E, 2.0),
]


# fmt: on


def _bulge(count: int, belly: float = 1.0, end: float = 0.15) -> list[float]:
    return [end + (belly - end) * math.sin(math.pi * i / (count - 1)) ** 0.6 for i in range(count)]


def _circle(count: int) -> list[tuple[float, float, float]]:
    return arc(0, 2 * math.pi * (1 - 1 / count), count)


def _star(points: int, inner: float) -> list[tuple[float, float]]:
    return [
        (
            (1.0 if i % 2 == 0 else inner) * math.cos(math.pi * i / points),
            (1.0 if i % 2 == 0 else inner) * math.sin(math.pi * i / points),
        )
        for i in range(2 * points)
    ]


def _grid(rows: int) -> Profile:
    """A loaf's top view: a rounded rectangle."""
    return [
        (
            math.copysign(abs(math.cos(a)) ** 0.45, math.cos(a)),
            math.copysign(abs(math.sin(a)) ** 0.45, math.sin(a)),
        )
        for a in np.linspace(0, 2 * math.pi, rows, endpoint=False)
    ]


# fmt: off
_FISH = [(-1, 0.02), (-0.9, 0.28), (-0.6, 0.62), (-0.2, 0.75), (0.25, 0.6), (0.6, 0.3),
         (0.75, 0.14), (0.82, 0.2), (1.0, 0.5)]

FORMS: dict[str, Maker] = {
    "ball": lambda: revolve(_ball()),
    "blob": lambda: revolve(_ball(6), segments=10),
    "egg": lambda: revolve(_ball(10, 0.13)),
    "egg_lying": lambda: revolve(_ball(10, 0.13), axis="x"),
    "apple": lambda: revolve(APPLE),
    "apple_tall": lambda: revolve(APPLE, segments=15, lobes=5, depth=0.06),
    "pear": lambda: revolve(PEAR),
    "lemon": lambda: revolve(LEMON, axis="x"),
    "onion": lambda: revolve(ONION),
    "garlic": lambda: revolve(ONION, segments=24, lobes=6, depth=0.12),
    "tomato": lambda: revolve(TOMATO),
    "tomato_ribbed": lambda: revolve(TOMATO, segments=24, lobes=6, depth=0.1),
    "pepper": lambda: revolve(PEPPER, segments=24, lobes=4, depth=0.16),
    "pepper_three": lambda: revolve(PEPPER, segments=24, lobes=3, depth=0.16),
    "pumpkin": lambda: revolve(TOMATO, segments=24, lobes=8, depth=0.14),
    "strawberry": lambda: revolve(STRAWBERRY),
    "carrot": lambda: revolve(CARROT, segments=12, axis="x"),
    "cucumber": lambda: revolve(CUCUMBER, segments=12, axis="x"),
    "gherkin": lambda: revolve(GHERKIN, segments=12, axis="x"),
    "tuber": lambda: revolve(TUBER, segments=12, axis="x"),
    "avocado": lambda: revolve(AVOCADO, segments=14, axis="x"),
    "eggplant": lambda: revolve(EGGPLANT, segments=14, axis="x"),
    "corn": lambda: revolve(CORN, segments=16, lobes=8, depth=0.08, axis="x"),
    "squash": lambda: revolve(SQUASH, segments=14, axis="x"),
    "walnut": lambda: revolve(_ball(8), segments=20, lobes=5, depth=0.12),
    "melon_ribs": lambda: revolve(_ball(), segments=32, lobes=8, depth=0.12),
    "melon_lying": lambda: revolve(_ball(), segments=16, axis="x"),
    "melon_ribs_lying": lambda: revolve(_ball(), segments=32, lobes=8, depth=0.12, axis="x"),
    "mushroom_cap": lambda: revolve(MUSHROOM_CAP),
    "dome": lambda: revolve(DOME),
    "drum": lambda: revolve(DRUM),
    "drum_lying": lambda: revolve(DRUM, axis="x"),
    "ribbed_cone": lambda: revolve(_ball()[4:], segments=24, lobes=8, depth=0.2),
    "taper4": lambda: prism([(-1, -1), (1, -1), (1, 1), (-1, 1)], ((-1, 1), (1, 0.7))),
    "cone_lying": lambda: revolve(CONE, segments=10, axis="x"),
    "pineapple": lambda: revolve(_BARREL),
    "pineapple_ribs": lambda: revolve(_BARREL, segments=32, lobes=16, depth=0.10),
    "cone": lambda: revolve(CONE, segments=12),
    "taper": lambda: revolve(TAPER),
    "flare": lambda: revolve(FLARE),
    "flare_ribbed": lambda: revolve(FLARE, segments=32, lobes=16, depth=0.1),
    "drop": lambda: revolve(DROP, segments=12),
    "drop_lying": lambda: revolve(DROP, segments=12, axis="x"),
    "crown": lambda: revolve(FLARE, segments=24, lobes=6, depth=0.5),
    "bowl": lambda: revolve(BOWL, segments=20),
    "bowl_deep": lambda: revolve(BOWL_DEEP, segments=20),
    "bowl_straight": lambda: revolve(BOWL_STRAIGHT, segments=20),
    "bowl_ribbed": lambda: revolve(BOWL, segments=32, lobes=16, depth=0.05),
    "cup": lambda: revolve(CUP, segments=20),
    "teacup": lambda: revolve(TEACUP, segments=20),
    "mug": lambda: revolve(MUG, segments=20),
    "barrel_mug": lambda: revolve(BARREL_MUG, segments=20),
    "tumbler": lambda: revolve(TUMBLER, segments=20),
    "tumbler_facet": lambda: revolve(TUMBLER, segments=8),
    "plate": lambda: revolve(PLATE, segments=24),
    "plate_coupe": lambda: revolve(PLATE_COUPE, segments=24),
    "pan": lambda: revolve(PAN, segments=20),
    "pot": lambda: revolve(POT, segments=20),
    "wine_glass": lambda: revolve(WINE_GLASS, segments=18),
    "pitcher": lambda: revolve(PITCHER, segments=20),
    "jar": lambda: revolve(JAR, segments=20),
    "hopper": lambda: revolve(HOPPER, segments=16),
    "wine_bottle": lambda: revolve(WINE_BOTTLE),
    "beer_bottle": lambda: revolve(BEER_BOTTLE),
    "soda_bottle": lambda: revolve(SODA_BOTTLE),
    "water_bottle": lambda: revolve(WATER_BOTTLE),
    "squeeze_bottle": lambda: revolve(SQUEEZE_BOTTLE),
    "flask": lambda: revolve(FLASK),
    "oil_bottle": lambda: revolve(OIL_BOTTLE),
    "oil_bottle_square": lambda: revolve(OIL_BOTTLE, segments=24, lobes=4, depth=0.14),
    "honey_bottle": lambda: revolve(HONEY_BOTTLE),
    "sauce_jar": lambda: revolve(SAUCE_JAR),
    "kettle_body": lambda: revolve(KETTLE_BODY, segments=20),
    "teapot_body": lambda: revolve(TEAPOT_BODY, segments=20),
    "lid": lambda: revolve(LID, segments=20),
    "torus": lambda: sweep(_circle(18), [0.38] * 18, segments=8, closed=True),
    "hoop": lambda: sweep(_circle(18), [0.06] * 18, segments=5, closed=True),
    "ear": lambda: sweep(
        arc(-0.5 * math.pi, 0.5 * math.pi, 9, plane="xz", stretch=1.3), [0.14] * 9,
        segments=6, normal=(0, 1, 0),
    ),
    "spout": lambda: sweep(
        [(0, 0, 0), (0.5, 0, 0.2), (0.8, 0, 0.6), (1.1, 0, 1.0)], [0.32, 0.24, 0.18, 0.15],
        segments=8, normal=(0, 1, 0),
    ),
    "bail": lambda: sweep(
        arc(0.0, math.pi, 11, plane="xz"), [0.07] * 11, segments=6, normal=(0, 1, 0)
    ),
    "banana": lambda: sweep(
        arc(math.pi * 1.18, math.pi * 1.82, 11),
        [0.03, 0.06, 0.11, 0.145, 0.16, 0.165, 0.16, 0.145, 0.11, 0.05, 0.035],
    ),
    "crescent": lambda: sweep(
        arc(math.pi * 1.05, math.pi * 1.95, 13),
        [0.06, 0.16, 0.15, 0.27, 0.25, 0.36, 0.34, 0.36, 0.25, 0.27, 0.15, 0.16, 0.06],
    ),
    "shrimp": lambda: sweep(
        arc(math.pi * 0.6, math.pi * 1.95, 12), [0.1, 0.22, 0.3, 0.34, 0.35, 0.34, 0.31, 0.27,
                                                 0.22, 0.16, 0.1, 0.16], segments=7
    ),
    "chili": lambda: sweep(
        [(-3, 0.5, 0), (-2, 0.12, 0), (-1, -0.05, 0), (0.5, 0, 0), (2, 0.1, 0), (3, 0.3, 0)],
        [0.03, 0.25, 0.42, 0.55, 0.6, 0.25],
    ),
    "baguette": lambda: sweep([(x, 0, 0) for x in np.linspace(-3, 3, 13)], _bulge(13)),
    "baguette_scored": lambda: sweep(
        [(x, 0, 0) for x in np.linspace(-3, 3, 13)],
        [b * (1 if i % 2 else 0.86) for i, b in enumerate(_bulge(13))],
    ),
    "fish": lambda: sweep(
        [(x, 0, 0) for x, _ in _FISH], [(w, 0.45 * min(w, 0.6)) for _, w in _FISH]
    ),
    "loaf": lambda: prism(_grid(16), ((-1, 0.94), (-0.5, 1), (0.2, 1), (0.7, 0.9), (1, 0.6))),
    "rounded": lambda: prism(_grid(16), ((-1, 0.93), (-0.7, 1), (0.7, 1), (1, 0.93))),
    "pillow": lambda: prism(_grid(16), ((-1, 0.6), (-0.5, 0.94), (0, 1), (0.5, 0.94), (1, 0.6))),
    "slice": lambda: prism(_SLICE),
    "slice_upright": lambda: prism(_SLICE, plane="xz"),
    "steak": lambda: prism(smooth(_STEAK), _ROUND),
    "chop": lambda: prism(smooth(_DROPLET), _ROUND),
    "drumstick": lambda: revolve(
        [(_E, -2), (0.4, -1.95), (0.85, -1.5), (1, -0.8), (0.85, 0), (0.5, 0.8), (0.3, 1.4),
         (_E, 1.5)], segments=12, axis="x",
    ),
    "cheese_wedge": lambda: prism(_WEDGE),
    "gable": lambda: prism(_GABLE, plane="xz"),
    "half_round": lambda: prism(_HALFMOON, plane="xz"),
    "blade": lambda: prism(_BLADE),
    "leaf": lambda: prism(_LEAF, ((-1, 0.9), (1, 1))),
    "leaf_upright": lambda: prism(_LEAF, plane="xz"),
    "star": lambda: prism(_star(5, 0.35)),
    "frill": lambda: prism(_star(9, 0.85), ((-1, 0.8), (0.2, 1), (1, 0.85))),
    "label_box": label_box,
    "label_tube": label_tube,
    "pouch": pouch,
}
# fmt: on


def solid(name: str) -> Solid:
    """The unit mesh of this name; raises KeyError for an unknown one."""
    return FORMS[name]()


def files() -> Iterator[tuple[str, bytes]]:
    """All meshes as (path in the pack, content)."""
    for name in sorted(FORMS):
        yield f"objects/_meshes/solid_{name}.obj", solid(name).obj()
