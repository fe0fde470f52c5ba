"""Stand-ins for every image RoboCasa's scenes name, painted after what their path says they are."""

import io
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from .looks import Rgb, hsv, rng_for
from .patterns import PATTERNS
from .registry import Registry

SIZE = 64
"""Side of a texture in pixels; square, because most are wrapped round as cube textures."""
COLOURS = 64
"""Palette size: keeps a texture near 2 KB."""

BOARD = "textures/standin/wood_board.png"
"""The wood of chopping boards and knife blocks."""

_PATH = re.compile(r"(?:generative_)?textures/[A-Za-z0-9_/ \-]*?\.png")

_NAMED: dict[str, Rgb] = {
    "black": (0.05, 0.05, 0.05),
    "dark_gray": (0.22, 0.22, 0.23),
    "lighter_gray": (0.78, 0.78, 0.78),
    "light_gray": (0.65, 0.65, 0.65),
    "blue_gray": (0.42, 0.48, 0.55),
    "gray": (0.45, 0.45, 0.45),
    "warm_white": (0.94, 0.91, 0.85),
    "white": (0.95, 0.95, 0.94),
    "dark_blue": (0.12, 0.17, 0.30),
    "light_blue": (0.62, 0.75, 0.85),
    "light_green": (0.66, 0.78, 0.66),
    "dark_beige": (0.60, 0.52, 0.42),
    "plaster": (0.86, 0.84, 0.80),
    "brass": (0.75, 0.60, 0.30),
    "concrete": (0.60, 0.60, 0.59),
    "metal": (0.78, 0.79, 0.81),
}

_KIND_OF_WORD: tuple[tuple[str, str], ...] = (
    ("plank", "planks"),
    ("parquet", "planks"),
    ("wood", "wood"),
    ("tile", "tiles"),
    ("ceramic", "tiles"),
    ("brick", "bricks"),
    ("granite", "granite"),
    ("concrete", "granite"),
    ("marble", "marble"),
    ("brass", "metal"),
    ("metal", "metal"),
    ("steel", "metal"),
    ("fabric", "fabric"),
    ("cloth", "fabric"),
    ("bk7", "outdoors"),
)
"""First word found in a path decides; RoboCasa's `bk7` is the picture behind its windows."""

_GENERATED: dict[str, tuple[tuple[str, float], ...]] = {
    "cabinet": (("flat", 0.5), ("wood", 0.5)),
    "wall": (("flat", 0.5), ("tiles", 0.25), ("bricks", 0.15), ("marble", 0.1)),
    "floor": (("planks", 0.5), ("tiles", 0.4), ("marble", 0.1)),
    "counter": (("marble", 0.45), ("granite", 0.25), ("flat", 0.15), ("wood", 0.15)),
}
"""What the generated textures of a surface may be, with probabilities."""


def paint(path: str, size: int = SIZE) -> np.ndarray:
    """The texture for one path.

    Args:
        path: relative to the pack; its words decide pattern and colour, its hash the details.
        size: side in pixels.

    Returns:
        (size, size, 3) uint8 RGB.
    """
    rng = rng_for(path)
    kind, base = _look(path.lower(), rng)
    image = PATTERNS[kind](np.array(base), rng, size)
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _look(path: str, rng: np.random.Generator) -> tuple[str, Rgb]:
    name = posixpath.basename(path)
    if "generative" in path or "gentex" in path:
        surface = next((s for s in _GENERATED if f"/{s}/" in path), "counter")
        kinds, weights = zip(*_GENERATED[surface], strict=True)
        kind = str(rng.choice(kinds, p=weights))
        return kind, _free_colour(kind, rng)
    kind = next((kind for word, kind in _KIND_OF_WORD if word in name), None)
    if kind is None:
        kind = next((kind for word, kind in _KIND_OF_WORD if word in path), "flat")
    named = max((word for word in _NAMED if word in name), key=len, default=None)
    if named is not None:
        return kind, _NAMED[named]
    return kind, _typical_colour(kind, name, rng)


def _free_colour(kind: str, rng: np.random.Generator) -> Rgb:
    if kind in ("wood", "planks"):
        return hsv(rng.uniform(0.05, 0.11), rng.uniform(0.3, 0.65), rng.uniform(0.35, 0.8))
    saturation = float(rng.choice([0.02, 0.06, 0.28], p=[0.42, 0.33, 0.25]))
    return hsv(rng.uniform(0, 1), saturation, rng.uniform(0.45, 0.95))


def _typical_colour(kind: str, name: str, rng: np.random.Generator) -> Rgb:
    if kind in ("wood", "planks"):
        dark = "dark" in name or "walnut" in name
        value = 0.35 if dark else 0.55 if "warm" in name or "varnish" in name else 0.72
        return hsv(rng.uniform(0.06, 0.1), rng.uniform(0.35, 0.6), value)
    if kind == "bricks":
        return (0.60, 0.30, 0.22) if "red" in name else (0.88, 0.87, 0.85)
    if kind == "tiles":
        return (0.80, 0.50, 0.30) if "orange" in name else (0.85, 0.85, 0.83)
    return (0.80, 0.79, 0.77)


def encode(image: np.ndarray) -> bytes:
    """A palette PNG of an (n, n, 3) uint8 image; the same bytes for the same pixels."""
    buffer = io.BytesIO()
    picture = Image.fromarray(image).quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(buffer, "PNG", optimize=False, compress_level=9)
    return buffer.getvalue()


def named_textures(registry: Registry) -> list[str]:
    """Every texture path the package names, relative to the pack, sorted."""
    found = {path for text in registry.sources(".py", ".yaml") for path in _PATH.findall(text)}
    return sorted(found | set(_beside_bundled_models(registry.bundled_assets)))


def _beside_bundled_models(assets: Path) -> Iterator[str]:
    """Images that the bundled models name relative to themselves and that are not bundled."""
    for model in sorted((assets / "fixtures").rglob("*.xml")):
        for file in re.findall(r'file="([^"]+\.png)"', model.read_text()):
            target = os.path.normpath(model.parent / file)
            inside = target.startswith(f"{assets}{os.sep}")
            if inside and not os.path.exists(target):
                yield Path(os.path.relpath(target, assets)).as_posix()


def generate(registry: Registry) -> Iterator[tuple[str, bytes]]:
    """All textures as (path relative to the pack, PNG bytes)."""
    for path in named_textures(registry):
        if not (registry.bundled_assets / path).exists():
            yield path, encode(paint(path))
    yield BOARD, encode(paint(BOARD))
