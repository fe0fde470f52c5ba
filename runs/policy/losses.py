"""What training makes small, and what measuring reports in units one can imagine."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ...policies.embedded.checkpoint import Statistics
from ...policies.embedded.control import Prediction
from ...policies.embedded.network import Network, Sight
from ...sight import eyes
from .draws import Moments

BASE_SHARE, SWITCH_SHARE, HINT_SHARE = 1.0, 0.2, 2.0
LATE = 0.5
"""Weight of a chunk's last step beside the first, which is always carried out."""


class Tensors:
    """Moments on a device, labels in the network's units.

    Args:
        batch: as numpy.
        statistics: mean and spread of what the control is told and says.
        device: `cpu` or `cuda`.
    """

    def __init__(self, batch: Moments, statistics: Statistics, device: str) -> None:
        def put(value: npt.NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(value)).to(device)

        self.points, self.hints, self.hand = put(batch.points), put(batch.hints), put(batch.hand)
        self.felt = put((batch.felt - statistics.felt_mean) / statistics.felt_std)
        self.buckets = put(batch.buckets)
        self.motion = put((batch.motion - statistics.motion_mean) / statistics.motion_std)
        self.closed, self.driving = put(batch.closed), put(batch.driving)
        self.weight = put(batch.weight)

    def predict(self, network: Network) -> Prediction:
        """The control's answer."""
        words = network.words(self.buckets)
        return network.control(self.points, self.hints, self.hand, self.felt, words)


def of_sight(said: Sight, places: Tensor, hints: Tensor, known: Tensor) -> dict[str, Tensor]:
    """The parts of the eyes' loss and their sum `loss`: cross-entropy of the points' cells.

    Args:
        said: of B looks.
        places: (B, 3, POINTS, 2) right, left, hand; NaN outside of a picture.
        hints: (B, HINTS), NaN where unknown.
        known: (B, POINTS) whether it is known where a point is at all.
    """
    parts = {}
    for name, logits, true in (
        ("outer", said.outer, places[:, :2]), ("hand_view", said.hand, places[:, 2:])
    ):  # fmt: skip
        weight = known[:, None].expand(logits.shape[:3]).float()
        parts[name] = _mean(of_cells(logits, true), weight)
    told = ~hints.isnan()
    # Squared: the absolute error's best guess is the commoner case, and that was all it learned.
    parts["hints"] = _mean((said.hints - hints.nan_to_num()).square(), told.float())
    total = parts["outer"] + 0.5 * parts["hand_view"] + HINT_SHARE * parts["hints"]
    return {"loss": total, **parts}


def of_cells(logits: Tensor, places: Tensor) -> Tensor:
    """(..) cross-entropy of points' cells.

    Args:
        logits: (.., N * N + 1), see `Eye.cells`.
        places: (.., 2), NaN outside of the picture.
    """
    index, share = eyes.spread(places, round((logits.shape[-1] - 1) ** 0.5))
    log = functional.log_softmax(logits, -1).gather(-1, index)
    return -(share * log).sum(-1)


def of_motion(said: Prediction, true: Tensors) -> dict[str, Tensor]:
    """The parts of the control's loss and their sum `loss`; L1 for motions, as in ACT."""
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
    total = hand + BASE_SHARE * base + SWITCH_SHARE * switch
    return {"loss": total, "hand": hand, "base": base, "switch": switch}


def missed_px(said: Sight, places: Tensor, sizes: tuple[int, int]) -> npt.NDArray[np.float32]:
    """How far off places are in the pictures [px]; NaN where a point is not in a picture.

    Args:
        said: of B looks.
        places: (B, 3, POINTS, 2).
        sizes: sides of the external and the hand's pictures [px].

    Returns:
        (B, 3, POINTS) float32.
    """
    parts = []
    for logits, true, size in (
        (said.outer, places[:, :2], sizes[0]), (said.hand, places[:, 2:], sizes[1])
    ):  # fmt: skip
        parts.append((eyes.read(logits)[0] - true).norm(dim=-1) * size / 2)
    return torch.cat(parts, 1).cpu().numpy()


def missed_motion(
    said: Prediction, true: Tensors, statistics: Statistics, look: int
) -> Mapping[str, Any]:
    """Errors of each moment in units one can imagine, NaN where there is nothing to compare.

    Args:
        said: the network's answer.
        true: what is right.
        statistics: of the network.
        look: the step of the chunk that is compared.

    Returns:
        (B,) numpy each: `hand_cm`, `turn_deg`, `base` (share of full speed), `gripper` and `mode`
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

    return {
        "hand_cm": shown(100 * away[:, look, :3].norm(dim=1), counts & arm),
        "turn_deg": shown(torch.rad2deg(away[:, look, 3:6].norm(dim=1)), counts & arm),
        "base": shown(away[:, look, 6:].abs().amax(1), counts & base),
        "gripper": shown(wrong(said.closed[:, look], true.closed[:, look]), counts),
        "mode": shown(wrong(said.driving[:, look], true.driving[:, look]), counts),
    }


def _mean(value: Tensor, weight: Tensor) -> Tensor:
    return (value * weight).sum() / weight.sum().clamp(min=1e-6)
