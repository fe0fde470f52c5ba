"""Weights in 8 bits: half of what half precision takes, for what is kept beside much else.

A matrix becomes integers, and a scale for each row (of a convolution, each output channel), so that
the largest of a row is 127 of them. Scales have bfloat16's 8 bits of mantissa: 127 of them are
exact, so what was packed is packed again to the same bits. Vectors stay in half precision.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SCALE = ":scale"
"""Behind a matrix's name, its scales'."""
MOST = 127


def packed(state: Mapping[str, "Tensor"]) -> dict[str, "Tensor"]:
    """Tensors as they are kept: matrices of `int8` with `bfloat16` scales, the rest `float16`.

    Args:
        state: by name; floating point.
    """
    import torch

    made: dict[str, Tensor] = {}
    for name, value in state.items():
        value = value.detach().cpu().float()
        if value.ndim < 2:
            made[name] = value.half()
            continue
        scale = (value.flatten(1).abs().amax(1) / MOST).bfloat16()
        step = _along(torch.where(scale > 0, scale, 1).float(), value)
        made[name] = (value / step).round().clamp(-MOST, MOST).to(torch.int8).contiguous()
        made[name + SCALE] = scale
    return made


def unpacked(state: Mapping[str, "Tensor"]) -> dict[str, "Tensor"]:
    """Tensors as they are used; what was not packed is what it was.

    Args:
        state: of `packed`, or of anything else.

    Raises:
        ValueError: if scales do not fit their matrix.
    """
    made: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(SCALE):
            continue
        scale = state.get(name + SCALE)
        if scale is None:
            made[name] = value
        elif scale.shape != value.shape[:1]:
            raise ValueError(f"{name} has {len(value)} rows and {len(scale)} scales")
        else:
            made[name] = value.float() * _along(scale.float(), value)
    return made


def _along(scale: "Tensor", value: "Tensor") -> "Tensor":
    """Scales of the rows, to be multiplied with them."""
    return scale.reshape(-1, *[1] * (value.ndim - 1))
