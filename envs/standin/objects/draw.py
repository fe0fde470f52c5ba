"""What a shape family gets to draw one instance with: its size, its randomness, its colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..looks import Rgb
from . import labels
from .palette import COLOURS
from .shape import Look, Shape

Option = str | float | int | bool | Sequence[str]


@dataclass(frozen=True, eq=False)
class Draw:
    """One instance to be drawn.

    Attributes:
        name: instance name, for example "apple_3".
        size: (w, d, h) in metres of the category's largest instance.
        index: number of the instance within its folder; colours and variants go round by it.
        rng: seeded by the instance's path.
        colours: palette names the category comes in.
        options: further choices of the family.
    """

    name: str
    size: np.ndarray
    index: int
    rng: np.random.Generator
    colours: Sequence[str]
    options: Mapping[str, Option] = field(default_factory=dict)

    def half(self, *, spread: float = 0.07) -> tuple[float, float, float]:
        """Half sizes of this instance [m]: never above the table's, each axis a little its own."""
        common = self.rng.uniform(1 - spread, 1.0)
        axes = common * self.rng.uniform(1 - spread / 2, 1.0, 3)
        w, d, h = self.size / 2 * axes
        return float(w), float(d), float(h)

    def round_half(self, *, spread: float = 0.07) -> tuple[float, float]:
        """Radius and half height [m] of an instance that is round from above."""
        w, _, h = self.half(spread=spread)
        return w, h

    def pick(self, names: Sequence[str]) -> str:
        """The name this instance gets when variants go round."""
        return names[self.index % len(names)]

    def option(self, key: str, default: str = "") -> str:
        """A text option; a sequence goes round by the instance's index."""
        value = self.options.get(key, default)
        return value if isinstance(value, str) else str(self.pick(list(value)))  # type: ignore[arg-type]

    def number(self, key: str, default: float) -> float:
        """A numeric option."""
        return float(self.options.get(key, default))  # type: ignore[arg-type]

    def flag(self, key: str) -> bool:
        """A yes/no option."""
        return bool(self.options.get(key, False))

    def tint(self, rgb: Rgb, spread: float = 0.03) -> Rgb:
        """A colour slightly off, the same for the same instance and order of calls."""
        shade = self.rng.uniform(0.92, 1.06)
        r, g, b = np.clip(np.array(rgb) * shade + self.rng.normal(0, spread / 2, 3), 0.02, 1.0)
        return float(r), float(g), float(b)

    def look(self, *names: str, alpha: float = 1.0, exact: bool = False) -> Look:
        """A look in one of the named colours, or of the category's own when none is given."""
        name = self.pick(names or self.colours)
        rgb = COLOURS[name] if exact else self.tint(COLOURS[name])
        shiny = name in ("steel", "chrome", "glass", "water", "copper")
        return Look(rgb, alpha, 0.7 if shiny else 0.22, 0.6 if shiny else 0.25)

    def label(self, product: str) -> Look:
        """The art of this instance's package."""
        return Look((1.0, 1.0, 1.0), texture=labels.texture_name(product, self.index), wrap="2d")

    def label_colour(self, product: str) -> Look:
        """A plain look in the colour of this instance's label."""
        return Look(labels.background(product, self.index))


def block(shape: Shape, hx: float, hy: float, hz: float, pos: Sequence[float] = (0, 0, 0)) -> None:
    """Colliders of a round or bulging body: a waist box and a smaller full-height core.

    The core's flat ends keep the body from rolling; the waist's flat sides suit a parallel gripper.
    """
    shape.touched("box", pos, (hx * 0.70, hy * 0.70, hz * 0.72))
    shape.touched("box", pos, (hx * 0.94, hy * 0.50, hz * 0.52))
    shape.touched("box", pos, (hx * 0.50, hy * 0.94, hz * 0.52))
    shape.touched("box", pos, (hx * 0.42, hy * 0.42, hz))
