"""Procedural surface patterns: wood, planks, tiles, bricks, stone, metal, fabric, a view outside.

Every pattern is a function of a base colour, a generator and a size, gives an (n, n, 3) float image
in 0..1 (values beyond are clipped by the writer) and repeats seamlessly enough to tile a wall.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float64]
Pattern = Callable[[npt.NDArray[np.float64], np.random.Generator, int], Image]


def noise(rng: np.random.Generator, n: int, cells: int) -> npt.NDArray[np.float64]:
    """Smooth periodic noise of about -0.5..0.5 with `cells` bumps a side, as (n, n)."""
    grid = rng.normal(size=(cells, cells))
    t = np.arange(n) * cells / n
    low = t.astype(int)
    frac = t - low
    ease = frac * frac * (3 - 2 * frac)
    rows = grid[low % cells] * (1 - ease)[:, None] + grid[(low + 1) % cells] * ease[:, None]
    out = rows[:, low % cells] * (1 - ease) + rows[:, (low + 1) % cells] * ease
    return (out - out.mean()) / (np.ptp(out) + 1e-9)


def _grid(n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    y, x = np.mgrid[0:n, 0:n] / n
    return x, y


def flat(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Paint: one colour, barely uneven."""
    return base * (1 + 0.04 * noise(rng, n, 6))[..., None]


def wood(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Straight grain with a slow wave and fine pores."""
    x, _ = _grid(n)
    wave = x + 0.05 * noise(rng, n, 3)
    rings = np.sin(2 * np.pi * (7 * wave + 0.6 * noise(rng, n, 4)))
    pores = np.repeat(rng.normal(size=(1, n)), n, axis=0)
    return base * (1 + 0.10 * rings + 0.03 * pores + 0.05 * noise(rng, n, 8))[..., None]


def planks(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Floor boards, staggered, each with its own shade and grain."""
    x, y = _grid(n)
    rows = 6
    row = np.floor(y * rows).astype(int)
    along = x * 2 + row * 0.37
    shade = rng.uniform(0.84, 1.14, size=61)[(row * 7 + np.floor(along % 2).astype(int)) % 61]
    grain = 0.06 * np.sin(2 * np.pi * (y * 31 + 1.5 * noise(rng, n, 4)))
    image = base * (shade + grain + 0.05 * noise(rng, n, 16))[..., None]
    gap = ((y * rows) % 1 < 0.05) | (along % 1 < 0.014)
    image[gap] *= 0.55
    return image


def tiles(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Square tiles in a grout of contrasting lightness."""
    x, y = _grid(n)
    count = int(rng.choice([3, 4, 4, 6]))
    shade = 1 + 0.035 * rng.normal(size=(count, count))
    cell = shade[np.floor(y * count).astype(int), np.floor(x * count).astype(int)]
    image = base * (cell + 0.02 * noise(rng, n, 9))[..., None]
    joint = ((x * count) % 1 < 0.05) | ((y * count) % 1 < 0.05)
    image[joint] = base * 0.74 if base.mean() > 0.3 else base + 0.25
    return image


def bricks(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Running bond with light mortar."""
    x, y = _grid(n)
    row = np.floor(y * 8).astype(int)
    along = x * 4 + 0.5 * (row % 2)
    shade = 1 + 0.09 * rng.normal(size=(8, 8))
    image = (
        base
        * (shade[row % 8, np.floor(along).astype(int) % 4] + 0.06 * noise(rng, n, 24))[..., None]
    )
    image[((y * 8) % 1 < 0.12) | (along % 1 < 0.06)] = (0.75, 0.74, 0.72)
    return image


def granite(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Fine speckle of dark and light grains."""
    speckle = rng.choice([-0.30, 0.0, 0.0, 0.0, 0.16], size=(n, n))
    return base * (1 + 0.6 * speckle + 0.10 * noise(rng, n, 12))[..., None]


def marble(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """A few soft veins on an even ground."""
    x, y = _grid(n)
    field = x + y + 0.45 * noise(rng, n, 4) + 0.2 * noise(rng, n, 9)
    veins = np.exp(-14 * np.abs(np.sin(np.pi * field)))
    fine = 0.4 * np.exp(-20 * np.abs(np.sin(np.pi * (2 * field + noise(rng, n, 6)))))
    return base * (1 - 0.30 * np.maximum(veins, fine))[..., None]


def metal(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """Brushed along one direction."""
    strokes = np.repeat(rng.normal(size=(n, 1)), n, axis=1)
    return base * (1 + 0.025 * strokes + 0.03 * noise(rng, n, 5))[..., None]


def fabric(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """A plain weave."""
    x, y = _grid(n)
    weave = np.sin(np.pi * n / 2 * x) * np.sin(np.pi * n / 2 * y)
    return base * (1 + 0.05 * weave + 0.05 * noise(rng, n, 8))[..., None]


def outdoors(base: npt.NDArray[np.float64], rng: np.random.Generator, n: int) -> Image:
    """What a window shows: sky with clouds, a row of trees, a lawn."""
    del base
    x, y = _grid(n)
    sky = (
        np.array([0.52, 0.74, 0.95]) * (1 - y)[..., None]
        + np.array([0.86, 0.92, 0.98]) * (y[..., None])
    )
    cloud = np.clip(3 * (noise(rng, n, 5) + 0.5 * noise(rng, n, 11)), 0, 1) * (y < 0.5)
    image = sky * (1 - cloud[..., None]) + cloud[..., None]
    crown = 0.56 + 0.10 * np.sin(2 * np.pi * 3 * x) * np.sin(2 * np.pi * 7 * x + 1)
    trees = np.array([0.22, 0.42, 0.18]) * (1 + 0.5 * noise(rng, n, 16))[..., None]
    image = np.where((y > crown)[..., None], trees, image)
    lawn = np.array([0.42, 0.62, 0.28]) * (1 + 0.25 * noise(rng, n, 20))[..., None]
    return np.where((y > 0.74)[..., None], lawn, image)


PATTERNS: dict[str, Pattern] = {
    "flat": flat,
    "wood": wood,
    "planks": planks,
    "tiles": tiles,
    "bricks": bricks,
    "granite": granite,
    "marble": marble,
    "metal": metal,
    "fabric": fabric,
    "outdoors": outdoors,
}
