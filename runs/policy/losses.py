"""What training makes small, and what measuring reports in units one can imagine."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...policies.embedded.checkpoint import Statistics
from ...policies.embedded.network import Network, Prediction
from .dataset import Batch

BASE_SHARE, SWITCH_SHARE, TARGET_SHARE, DONE_SHARE, PLACE_SHARE = 1.0, 0.2, 0.5, 0.1, 0.15
TARGET_UNIT_M = 0.1
LATE = 0.5
"""Weight of a chunk's last step beside the first, which is always carried out."""


class Tensors:
    """A batch on a device, labels in the network's units.

    Args:
        batch: as numpy.
        statistics: mean and spread of what the network sees and says.
        device: `cpu` or `cuda`.
    """

    def __init__(self, batch: Batch, statistics: Statistics, device: str) -> None:
        def put(value: Any) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(value)).to(device)

        self.pictures = put(batch.pictures)
        self.felt = put((batch.felt - statistics.felt_mean) / statistics.felt_std)
        self.buckets = put(batch.buckets)
        self.motion = put((batch.motion - statistics.motion_mean) / statistics.motion_std)
        self.closed, self.driving = put(batch.closed), put(batch.driving)
        self.weight, self.target, self.done = put(batch.weight), put(batch.target), put(batch.done)
        self.places = put(batch.places)

    def __len__(self) -> int:
        return len(self.felt)

    def predict(self, network: Network) -> Prediction:
        """The network's answer."""
        return network(self.pictures, self.felt, self.buckets)


def losses(said: Prediction, true: Tensors) -> dict[str, Tensor]:
    """The parts of the loss and their sum `loss`; L1 for motions, as in ACT."""
    chunk = said.motion.shape[1]
    late = torch.linspace(1.0, LATE, chunk, device=said.motion.device)
    weight = true.weight * late
    away = (said.motion - true.motion).abs()
    hand = _mean(away[..., :6].mean(-1), weight * (1 - true.driving))
    base = _mean(away[..., 6:].mean(-1), weight * true.driving)
    logits = torch.stack([said.closed, said.driving], -1)
    labels = torch.stack([true.closed, true.driving], -1)
    switched = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    switch = _mean(switched.sum(-1), weight)
    known = (~true.target.isnan().any(1)).float()
    missed = (said.target - true.target.nan_to_num()).abs().mean(1) / TARGET_UNIT_M
    target = _mean(missed, known)
    told = (~true.done.isnan()).float()
    done = _mean(
        functional.binary_cross_entropy_with_logits(
            said.done, true.done.nan_to_num(), reduction="none"
        ),
        told,
    )
    place = _place(said.places, true.places)
    parts = {"hand": hand, "base": base, "switch": switch, "target": target}
    parts |= {"done": done, "place": place}
    total = hand + BASE_SHARE * base + SWITCH_SHARE * switch
    total = total + TARGET_SHARE * target + DONE_SHARE * done + PLACE_SHARE * place
    return {"loss": total, **parts}


def _place(logits: Tensor, true: Tensor) -> Tensor:
    """Cross-entropy over the cells of a picture, where the part is in it."""
    cells = logits.shape[-1]
    known = ~true.isnan().any(-1)
    at = ((true.nan_to_num() + 1) / 2 * cells).long().clamp(0, cells - 1)
    index = (at[..., 1] * cells + at[..., 0]).flatten()
    missed = functional.cross_entropy(
        logits.flatten(0, 1).flatten(1), index, reduction="none", label_smoothing=0.05
    )
    return _mean(missed, known.flatten().float())


def errors(said: Prediction, true: Tensors, statistics: Statistics, look: int) -> Mapping[str, Any]:
    """Errors of each look in units one can imagine, NaN where there is nothing to compare.

    Args:
        said: the network's answer.
        true: what is right.
        statistics: of the network.
        look: the step of the chunk that is compared.

    Returns:
        (B,) numpy each: `hand_cm`, `turn_deg`, `base` (share of full speed), `gripper` and `mode`
        (1 where wrong), `target_cm`, `place_px` (mean over the pictures that show the part), `done`
        (1 where wrong).
    """
    std = torch.from_numpy(statistics.motion_std).to(said.motion.device)
    away = (said.motion - true.motion) * std
    arm, base = (1 - true.driving[:, look]) > 0, true.driving[:, look] > 0
    counts = true.weight[:, look] > 0

    def shown(value: Tensor, valid: Tensor) -> Any:
        return torch.where(valid, value, torch.nan).cpu().numpy()

    def wrong(logit: Tensor, label: Tensor) -> Tensor:
        return ((logit > 0) != (label > 0.5)).float()

    known, told = ~true.target.isnan().any(1), ~true.done.isnan()
    return {
        "hand_cm": shown(100 * away[:, look, :3].norm(dim=1), counts & arm),
        "turn_deg": shown(torch.rad2deg(away[:, look, 3:6].norm(dim=1)), counts & arm),
        "base": shown(away[:, look, 6:].abs().amax(1), counts & base),
        "gripper": shown(wrong(said.closed[:, look], true.closed[:, look]), counts),
        "mode": shown(wrong(said.driving[:, look], true.driving[:, look]), counts),
        "target_cm": shown(100 * (said.target - true.target).norm(dim=1), known),
        "place_px": _pixels(said.places, true.places, true.pictures.shape[-1]).cpu().numpy(),
        "done": shown(wrong(said.done, true.done), told),
    }


def _pixels(logits: Tensor, true: Tensor, size: int) -> Tensor:
    """(B,) how far the likeliest cells' middles are from the part [px]; NaN where it is unseen."""
    cells = logits.shape[-1]
    best = logits.flatten(2).argmax(2)
    middle = torch.stack([best % cells, best // cells], -1) + 0.5
    away = (middle * size / cells - (true + 1) / 2 * size).norm(dim=-1)
    return away.nanmean(1)


def _mean(value: Tensor, weight: Tensor) -> Tensor:
    return (value * weight).sum() / weight.sum().clamp(min=1e-6)
