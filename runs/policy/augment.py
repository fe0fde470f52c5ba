"""Pictures changed at random, so that the policy does not hang on colours or single pixels.

Shifts are small: the cameras ride on the robot, and where a thing is in the picture says where it
is in the room.
"""

import torch
from torch import Tensor

SHIFT_PX = 2
GAIN, OFFSET, TINT, GREY = 0.25, 0.12, 0.15, 0.15
NOISE = 0.02
HIDDEN = 0.25
"""Share of the pictures in which a patch is painted over."""


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Change pictures.

    Args:
        pictures: (B, V, 3, S, S) uint8.
        generator: the only source of randomness, on the CPU.

    Returns:
        (B, V, 3, S, S) uint8, on the same device.
    """
    count, size = pictures.shape[0] * pictures.shape[1], pictures.shape[-1]
    x = pictures.flatten(0, 1)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator).to(x.device)

    x = _shifted(x, generator)
    gain = 1 + GAIN * (2 * uniform(count, 1, 1, 1) - 1) + TINT * (2 * uniform(count, 3, 1, 1) - 1)
    offset = 255 * OFFSET * (2 * uniform(count, 1, 1, 1) - 1)
    y = x.float() * gain + offset
    grey = (uniform(count, 1, 1, 1) < GREY).float()
    y = y + grey * (y.mean(1, keepdim=True) - y)
    y = y + 255 * NOISE * (uniform(count, 1, size, size) - 0.5) * uniform(count, 1, 1, 1)
    _hide(y, generator)
    return y.clamp_(0, 255).to(torch.uint8).reshape(pictures.shape)


def _shifted(x: Tensor, generator: torch.Generator) -> Tensor:
    padded = torch.nn.functional.pad(x.float(), [SHIFT_PX] * 4, mode="replicate").to(x.dtype)
    size, out = x.shape[-1], torch.empty_like(x)
    moves = torch.randint(0, 2 * SHIFT_PX + 1, (len(x), 2), generator=generator).tolist()
    for index, (dy, dx) in enumerate(moves):
        out[index] = padded[index, :, dy : dy + size, dx : dx + size]
    return out


def _hide(y: Tensor, generator: torch.Generator) -> None:
    size = y.shape[-1]
    draws = torch.rand((len(y), 5), generator=generator).tolist()
    for index, (chance, a, b, c, d) in enumerate(draws):
        if chance < HIDDEN:
            side = int(size * (0.08 + 0.17 * a))
            top, left = int(b * (size - side)), int(c * (size - side))
            y[index, :, top : top + side, left : left + side] = 255 * d
