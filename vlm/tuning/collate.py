"""Encoded samples put together into one batch."""

from collections.abc import Mapping, Sequence
from typing import Any

from .conversation import IGNORED

_FILL: Mapping[str, int | None] = {"input_ids": None, "labels": IGNORED, "position_ids": 0}
"""Named per token, along the last axis; what fills the rows. None: the pad token."""


class Collator:
    """Pads what is named per token on the right; joins all else (patches, grids) along axis 0.

    Args:
        pad_id: token that fills short rows; masked, never learned.
    """

    def __init__(self, pad_id: int) -> None:
        self._pad = pad_id

    def __call__(self, samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One batch.

        Args:
            samples: by the names of the model's arguments, numpy arrays or tensors: `input_ids`
                and `labels` (L,), `position_ids` (3, L), and whatever else the model takes, of
                which samples may have none (`pixel_values`, `image_grid_thw`, their like for
                video).

        Returns:
            `input_ids`, `labels` and `attention_mask` (B, longest L), `position_ids`
            (3, B, longest L), the rest joined.
        """
        import torch

        longest = max(len(sample["input_ids"]) for sample in samples)
        batch: dict[str, Any] = {}
        for name, fill in _FILL.items():
            value = self._pad if fill is None else fill
            rows = [_padded(sample[name], longest, value) for sample in samples]
            batch[name] = torch.stack(rows, dim=rows[0].ndim - 1)
        lengths = torch.tensor([len(sample["input_ids"]) for sample in samples])
        batch["attention_mask"] = (torch.arange(longest) < lengths[:, None]).long()
        others = dict.fromkeys(n for sample in samples for n in sample if n not in _FILL)
        for name in others:
            parts = [torch.as_tensor(s[name]) for s in samples if s.get(name) is not None]
            if parts:
                batch[name] = torch.cat(parts)
        return batch


def _padded(values: Any, length: int, fill: int) -> Any:
    import torch

    row = torch.as_tensor(values)
    return torch.nn.functional.pad(row, (0, length - row.shape[-1]), value=fill)
