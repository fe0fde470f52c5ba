"""Seeded randomness and the colours that stand-in models share."""

import colorsys
import hashlib

import numpy as np

Rgb = tuple[float, float, float]

STEEL: Rgb = (0.72, 0.73, 0.75)
CHROME: Rgb = (0.82, 0.84, 0.87)
BLACK: Rgb = (0.06, 0.06, 0.07)
DARK: Rgb = (0.20, 0.20, 0.22)
WHITE: Rgb = (0.93, 0.93, 0.92)

_FINISHES: tuple[tuple[Rgb, float], ...] = (
    (STEEL, 0.28),
    ((0.60, 0.61, 0.63), 0.12),
    (WHITE, 0.20),
    ((0.88, 0.87, 0.83), 0.10),
    (DARK, 0.12),
    ((0.12, 0.12, 0.13), 0.10),
    ((0.55, 0.12, 0.10), 0.04),
    ((0.25, 0.35, 0.42), 0.04),
)


def rng_for(name: str) -> np.random.Generator:
    """A generator that depends on the name alone: the same model on every machine."""
    return np.random.default_rng(int(hashlib.md5(name.encode()).hexdigest()[:8], 16))


def hsv(hue: float, saturation: float, value: float) -> Rgb:
    """RGB in 0..1 from hue (any number, wraps at 1), saturation and value in 0..1."""
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def accent(rng: np.random.Generator) -> Rgb:
    """A small part's colour: dark, metal, or one strong colour."""
    kind = int(rng.integers(3))
    if kind == 0:
        shade = float(rng.uniform(0.04, 0.2))
        return (shade, shade, shade)
    if kind == 1:
        return CHROME
    return hsv(rng.random(), rng.uniform(0.5, 0.9), rng.uniform(0.4, 0.9))


def finish(rng: np.random.Generator) -> Rgb:
    """The colour of an appliance's body: mostly steel and white, now and then a strong colour."""
    weights = [weight for _, weight in _FINISHES]
    return _FINISHES[rng.choice(len(_FINISHES), p=weights)][0]
