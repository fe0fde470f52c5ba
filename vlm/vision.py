"""Visual features of frame pairs, each pair encoded once.

The vision tower attends within one temporal patch, which is two frames, so the features of a pair
do not depend on the clip around it. A window that slides by an even number of frames is made of
pairs seen before but for the newest ones.

The cache is addressed by content: a pair's key is the 128-bit hash of its pixels. It cannot serve
a stale feature, whatever happened in between (a reset, an odd step, dropped frames, another
episode), because equal keys mean equal pixels; and pairs that repeat, such as the padding at the
start of an episode, are encoded once. Each stream of windows (an episode) has a cache of its own,
so that a quick one does not push out what a slow one is going to need.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .load import LoadedModel
from .pixels import Pixels, patches

if TYPE_CHECKING:
    import torch

Key = bytes
"""16 bytes, from the pixels of two frames."""


def pair_keys(clip: Pixels) -> tuple[Key, ...]:
    """One key per frame pair.

    Args:
        clip: (T, H, W, 3) uint8, T even.
    """
    pairs = np.ascontiguousarray(clip).reshape(len(clip) // 2, -1)
    shape = repr(clip.shape[1:]).encode()
    return tuple(_key(pair, shape) for pair in pairs)


def _key(pair: np.ndarray, shape: bytes) -> Key:
    import xxhash

    hasher = xxhash.xxh3_128(shape)
    hasher.update(pair.data)
    return hasher.digest()


class VisionEncoder:
    """The vision tower with a cache of what it has seen.

    Args:
        loaded: the model.
        capacity: how many pairs of each stream are remembered, the least recently used go first.
            One pair of the 4B model at 224 px takes 49 x 2560 x 4 numbers, 1 MB in bfloat16.
        chunk: how many pairs go through the tower at once; bounds its memory.
    """

    def __init__(self, loaded: LoadedModel, *, capacity: int = 256, chunk: int = 64) -> None:
        self._tower = loaded.model.model.visual
        self._vision = loaded.model.config.vision_config
        self._device, self._dtype = loaded.device, loaded.dtype
        self._capacity, self._chunk = capacity, chunk
        self._known: dict[str, OrderedDict[Key, torch.Tensor]] = {}
        self.encoded = 0
        """Pairs that went through the tower so far."""
        self.reused = 0
        """Pairs that were taken from the cache, or from the same call, so far."""

    def features(
        self,
        clips: Sequence[Pixels],
        keys: Sequence[tuple[Key, ...]],
        streams: Sequence[str] | None = None,
    ) -> "torch.Tensor":
        """Features of every pair of every clip.

        Args:
            clips: (T, H, W, 3) uint8 each, of one shape, T even.
            keys: `pair_keys` of each.
            streams: which stream each belongs to; None: all to one.

        Returns:
            (clips, pairs, 1 + deepstack levels, tokens per pair, text width): the merged features
            first, then those that enter the first text layers.
        """
        import torch

        caches = [
            self._known.setdefault(name, OrderedDict()) for name in streams or [""] * len(keys)
        ]
        new: dict[Key, Pixels] = {}
        for clip, row, known in zip(clips, keys, caches, strict=True):
            for index, key in enumerate(row):
                if key not in known and key not in new:
                    new[key] = clip[2 * index : 2 * index + 2]
        found = self._encode(new)
        self.encoded += len(new)
        self.reused += sum(map(len, keys)) - len(new)
        rows = []
        for row, known in zip(keys, caches, strict=True):
            for key in row:
                known[key] = known[key] if key in known else found[key]
                known.move_to_end(key)
            rows.append(torch.stack([known[key] for key in row]))
        for known in caches:
            while len(known) > self._capacity:
                known.popitem(last=False)
        return torch.stack(rows)

    def forget(self, stream: str) -> None:
        """Drop the cache of a stream that has ended; unknown ones are passed over."""
        self._known.pop(stream, None)

    def _encode(self, new: dict[Key, Pixels]) -> "dict[Key, torch.Tensor]":
        import torch

        names = list(new)
        found: dict[Key, torch.Tensor] = {}
        for start in range(0, len(names), self._chunk):
            part = names[start : start + self._chunk]
            pairs = torch.from_numpy(np.stack([new[name] for name in part])).to(self._device)
            for name, feature in zip(part, self._forward(pairs), strict=True):
                found[name] = feature.clone()  # a view would keep its whole chunk alive
        return found

    def _forward(self, pairs: "torch.Tensor") -> "torch.Tensor":
        """(N, 2, H, W, 3) uint8 -> (N, 1 + levels, tokens, width)."""
        import torch

        count, _, height, width, _ = pairs.shape
        side = int(self._vision.patch_size)
        grid = torch.tensor([[count, height // side, width // side]], device=self._device)
        rows = patches(pairs, self._vision, self._dtype)
        merged, levels = _outputs(self._tower(rows, grid_thw=grid))
        return torch.stack([x.view(count, -1, x.shape[-1]) for x in (merged, *levels)], dim=1)


def _outputs(result: Any) -> "tuple[torch.Tensor, Sequence[torch.Tensor]]":
    """Merged features and deepstack levels: a pair in transformers 4.57, named fields in 5.x."""
    if isinstance(result, tuple):
        return result[0], result[1]
    return result.pooler_output, result.deepstack_features
