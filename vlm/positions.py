"""Where every token stands in time, row and column: interleaved MRoPE."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt


def mrope(
    ids: npt.NDArray[np.int64], visual: Collection[int], grids: Sequence[tuple[int, int]]
) -> tuple[npt.NDArray[np.int64], int]:
    """Positions of a row of tokens.

    Text counts up one by one; a block of visual tokens takes one time step, its tokens spread over
    rows and columns, and the text goes on behind the longer side.
    Source: Qwen3VLModel.get_rope_index of transformers.

    Args:
        ids: (L,) token ids.
        visual: the ids that stand for visual tokens.
        grids: rows and columns of each block of visual tokens, in order.

    Returns:
        (3, L) time, row and column; and the position of the token that would follow.
    """
    positions = np.empty((3, len(ids)), np.int64)
    blocks = iter(grids)
    at = index = 0
    while index < len(ids):
        if ids[index] not in visual:
            positions[:, index] = at
            at, index = at + 1, index + 1
            continue
        height, width = next(blocks)
        rows, columns = np.divmod(np.arange(height * width), width)
        block = slice(index, index + height * width)
        positions[:, block] = np.stack([np.full_like(rows, at), at + rows, at + columns])
        at, index = at + max(height, width), index + height * width
    return positions, at
