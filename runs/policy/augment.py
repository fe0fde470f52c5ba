"""What is changed at random in training, so that the policy does not hang on what is chance.

Pictures may be moved, scaled and mirrored, as the eyes only say where in the picture a point is and
the cameras' geometry comes after them. The points that the control is given are moved about as far
as the eyes err.
"""

import torch
from torch import Tensor
from torch.nn import functional

MOVED, SCALED = 0.12, 0.15
"""Most by which a picture is moved (its half side is 1) or scaled."""
MIRRORED = 0.3
GAIN, OFFSET, TINT, GREY, NOISE = 0.3, 0.12, 0.15, 0.15, 0.03
HIDDEN = 0.25
"""Share of the pictures in which a patch is painted over."""
NEAR_M, FAR_SHARE = 0.003, 0.015
"""Error of a point: so much, and so much of its distance from the hand."""
SPREAD, WORST = 0.7, 3.0
"""Of that error: the part common to all points and that of each; how much larger it may be."""
HINT_NOISE = (0.12, 0.12, 0.25)
FORGOTTEN = 0.02
"""Share of the points that are said to be unknown."""


def pictures(
    outer: Tensor, inner: Tensor, places: Tensor, hints: Tensor, mirror: Tensor,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Change looks.

    Args:
        outer: (B, 2, 3, S, S) uint8.
        inner: (B, 3, H, H) uint8.
        places: (B, 3, P, 2) of points in the pictures; NaN outside.
        hints: (B, HINTS).
        mirror: (B,) bool, whether a look may be mirrored (its words name no side).
        generator: the only source of randomness, on the CPU.

    Returns:
        The same four, changed alike.
    """
    batch = len(outer)
    swapped, order, signs = _flipped(outer, places, mirror, generator)
    hints = torch.cat([hints[:, :2], hints[:, 2:] * signs[:, None]], 1)
    moved, far = _moved(swapped.flatten(0, 1), order[:, :2].flatten(0, 1),
                        signs.repeat_interleave(2), generator)  # fmt: skip
    near, close = _moved(inner, order[:, 2], signs, generator)
    places = torch.cat([far.unflatten(0, (batch, 2)), close[:, None]], 1)
    return _coloured(moved, generator).unflatten(0, (batch, 2)), _coloured(near, generator), \
        places, hints  # fmt: skip


def views(
    outer: Tensor, places: Tensor, mirror: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Change looks of the external views alone.

    Args:
        outer: (B, 2, 3, S, S) uint8.
        places: (B, 2, P, 2) of points in the pictures; NaN outside.
        mirror: (B,) bool, see `pictures`.
        generator: the only source of randomness, on the CPU.

    Returns:
        Pictures and places, changed alike.
    """
    swapped, order, signs = _flipped(outer, places, mirror, generator)
    moved, far = _moved(swapped.flatten(0, 1), order.flatten(0, 1), signs.repeat_interleave(2),
                        generator)  # fmt: skip
    pair = (len(outer), 2)
    return _coloured(moved, generator).unflatten(0, pair), far.unflatten(0, pair)


def points(
    where: Tensor, hints: Tensor, hand: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Points and hints as the eyes might have said them.

    Args:
        where: (B, P, 3) in the frame of the base [m].
        hints: (B, HINTS).
        hand: (B, 3) [m].
        generator: the only source of randomness, on the CPU.
    """

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(where.device)

    batch, count = where.shape[:2]
    far = (where - hand[:, None]).norm(dim=-1, keepdim=True).nan_to_num()
    size = (NEAR_M + FAR_SHARE * far) * normal(batch, 1, 1).exp().clamp(max=WORST)
    moved = where + size * (SPREAD * normal(batch, 1, 3) + SPREAD * normal(batch, count, 3))
    lost = torch.rand((batch, count, 1), generator=generator).to(where.device) < FORGOTTEN
    told = hints + normal(*hints.shape) * torch.tensor(HINT_NOISE, device=hints.device)
    return moved.masked_fill(lost, torch.nan), told


def _flipped(
    outer: Tensor, places: Tensor, mirror: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Right and left changed over in some looks (B, 2 or 3 views); -1 where they are to be."""
    drawn = torch.rand(len(outer), generator=generator) < MIRRORED
    flip = drawn.to(outer.device) & mirror
    swapped = torch.where(flip[:, None, None, None, None], outer.flip(1), outer)
    rest = list(range(2, places.shape[1]))
    order = torch.where(flip[:, None, None, None], places[:, [1, 0, *rest]], places)
    return swapped, order, torch.where(flip, -1.0, 1.0)


def _moved(
    x: Tensor, places: Tensor, signs: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, S, S) and places (N, P, 2) mirrored, scaled and moved."""
    draws = torch.rand((len(x), 3), generator=generator).to(x.device) * 2 - 1
    scale, shift = 1 + SCALED * draws[:, 0], MOVED * draws[:, 1:]
    # A place p of the new picture shows scale * p + shift of the old one.
    matrix = torch.zeros(len(x), 2, 3, device=x.device)
    matrix[:, 0, 0], matrix[:, 1, 1] = scale * signs, scale
    matrix[:, :, 2] = shift
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
    new = functional.grid_sample(x.float(), grid, padding_mode="border", align_corners=False)
    at = (places - shift[:, None]) / scale[:, None, None]
    at = torch.stack([at[..., 0] * signs[:, None], at[..., 1]], -1)
    inside = (at.abs() < 1).all(-1, keepdim=True)
    return new, torch.where(inside, at, torch.nan)


def _coloured(x: Tensor, generator: torch.Generator) -> Tensor:
    """Other light, other colours, some noise and a hidden patch; uint8."""
    count, size = len(x), x.shape[-1]

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator).to(x.device)

    gain = 1 + GAIN * (2 * uniform(count, 1, 1, 1) - 1) + TINT * (2 * uniform(count, 3, 1, 1) - 1)
    y = x * gain + 255 * OFFSET * (2 * uniform(count, 1, 1, 1) - 1)
    grey = (uniform(count, 1, 1, 1) < GREY).float()
    y = y + grey * (y.mean(1, keepdim=True) - y)
    y = y + 255 * NOISE * (uniform(1, 1, size, size) - 0.5) * uniform(count, 1, 1, 1)
    for index, (chance, a, b, c, d) in enumerate(torch.rand((count, 5), generator=generator)):
        if chance < HIDDEN:
            side = int(size * (0.08 + 0.17 * a))
            top, left = int(b * (size - side)), int(c * (size - side))
            y[index, :, top : top + side, left : left + side] = 255 * d
    return y.clamp_(0, 255).to(torch.uint8)
