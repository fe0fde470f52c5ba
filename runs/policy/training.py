"""The training loop: same data, seed and settings give the same numbers, interrupted or not.

What a step sees is drawn from the seed and the step's number alone, so there is no state of a data
loader to keep: the state of a training is weights, running mean, optimiser and step.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ...policies.embedded.checkpoint import Statistics
from ...policies.embedded.network import Network
from . import dataset, losses, wordings
from .augment import augment
from .dataset import Batch, Stretch
from .presets import Recipe

SMALLEST_STD = 1e-2
BASE_FROM = 6
"""From this number on a set point is a speed of base or torso, in units of the action."""


@dataclass(kw_only=True)
class State:
    """A training at some step."""

    network: Network
    mean: Network
    """Running mean of the weights, which is what is kept in the end."""
    optimiser: torch.optim.Optimizer
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """A row a measurement."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """Steps of demonstrations that can be drawn, and how likely each is."""

    picks: npt.NDArray[np.int64]
    """(N, 2) stretch and step."""
    share: npt.NDArray[np.float64]
    """(N,) sums to 1."""


def looks(stretches: Sequence[Stretch], *, held_out: bool) -> Looks:
    """The looks of the kitchens that are trained on, or of those held out.

    Rare skills come more often than their number says (square root of it).
    """
    picks: list[tuple[int, int]] = []
    names: list[str] = []
    for index, one in enumerate(stretches):
        if one.held_out != held_out:
            continue
        for t in np.flatnonzero(one.weight[:, 0] > 0):
            picks.append((index, int(t)))
            names.append(wordings.name_of(one.skills[int(one.subtask[t])]))
    kinds, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    del kinds
    share = (1.0 / np.sqrt(counts))[inverse] if len(names) else np.zeros(0)
    share = share / share.sum() if len(names) else share
    return Looks(picks=np.array(picks, np.int64).reshape(-1, 2), share=share)


def statistics(stretches: Sequence[Stretch]) -> Statistics:
    """Mean and spread over the demonstrations that are trained on."""
    kept = [one for one in stretches if not one.held_out]
    felt = np.concatenate([one.felt for one in kept])
    weight = np.concatenate([one.weight for one in kept]).reshape(-1, kept[0].weight.shape[1], 1)
    motion = np.concatenate([one.motion for one in kept])
    total = np.maximum(weight.sum(0), 1.0)
    mean = (weight * motion).sum(0) / total
    std = np.sqrt((weight * (motion - mean) ** 2).sum(0) / total)
    mean[:, BASE_FROM:], std[:, BASE_FROM:] = 0.0, 1.0  # speeds, most of them none at all
    return Statistics(
        felt_mean=felt.mean(0).astype(np.float32),
        felt_std=np.maximum(felt.std(0), SMALLEST_STD).astype(np.float32),
        motion_mean=mean.astype(np.float32),
        motion_std=np.maximum(std, SMALLEST_STD).astype(np.float32),
    )


def begin(recipe: Recipe, seed: int, start: Network | None = None) -> State:
    """A training that has not begun.

    Args:
        recipe: sizes and schedules.
        seed: of the first weights.
        start: weights to begin with instead.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network, mean = Network(recipe.network), Network(recipe.network)
    if start is not None:
        network.load_state_dict(start.state_dict())
    mean.load_state_dict(network.state_dict())
    mean.requires_grad_(False)
    return State(network=network, mean=mean.eval(), optimiser=_optimiser(network, recipe))


def train(
    state: State,
    stretches: Sequence[Stretch],
    stats: Statistics,
    recipe: Recipe,
    *,
    seed: int,
    device: str,
    measured: Callable[[State], None],
    told: Callable[[int, float], None],
) -> None:
    """Train until the recipe's last step.

    Args:
        state: is changed; its networks are on the device.
        stretches: the demonstrations.
        stats: of them.
        recipe: sizes and schedules.
        seed: of samples and augmentation.
        device: `cpu` or `cuda`.
        measured: called after each measurement, which is the last row of `state.history`.
        told: called after each step with its number and loss.
    """
    drawn, kept = looks(stretches, held_out=False), looks(stretches, held_out=True)
    recent: list[float] = []
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(_drawn, stretches, drawn, recipe.batch, seed, state.step)
        while state.step < recipe.steps:
            batch = coming.result()
            coming = ahead.submit(_drawn, stretches, drawn, recipe.batch, seed, state.step + 1)
            recent.append(_step(state, batch, stats, recipe, seed, device))
            told(state.step, recent[-1])
            if state.step % recipe.measure_every == 0 or state.step == recipe.steps:
                row = {"step": float(state.step), "train": float(np.mean(recent))}
                row |= measure(state.mean, stretches, kept, stats, recipe.measured, device)
                state.history.append(row)
                recent.clear()
                measured(state)


def _step(
    state: State, batch: Batch, stats: Statistics, recipe: Recipe, seed: int, device: str
) -> float:
    """One step of the optimiser; its loss."""
    state.network.train()
    torch.manual_seed(_number(seed, state.step))  # of dropout
    generator = torch.Generator().manual_seed(_number(seed + 1, state.step))
    true = losses.Tensors(batch, stats, device)
    true.pictures = augment(true.pictures, generator)
    for group in state.optimiser.param_groups:
        group["lr"] = rate(recipe, state.step)
    with precision(device):
        said = true.predict(state.network)
    loss = losses.losses(said, true)["loss"]
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip)
    state.optimiser.step()
    state.step += 1
    memory = min(recipe.memory, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for mean, new in zip(state.mean.parameters(), state.network.parameters(), strict=True):
            mean.lerp_(new, 1 - memory)
    return float(loss.detach())


def precision(device: str) -> torch.autocast:
    """Arithmetic in bfloat16 where the processor has it, which makes a step about twice as fast."""
    fast = device != "cpu" or _has_bfloat16()
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast)


@cache
def _has_bfloat16() -> bool:
    """True if this CPU multiplies bfloat16; where that is unknown, it is taken not to."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def rate(recipe: Recipe, step: int) -> float:
    """The learning rate of a step: a linear warm-up, then a cosine."""
    if step < recipe.warm_up:
        return recipe.peak_rate * (step + 1) / recipe.warm_up
    gone = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.peak_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, gone))))


def measure(
    network: Network,
    stretches: Sequence[Stretch],
    kept: Looks,
    stats: Statistics,
    count: int,
    device: str,
) -> dict[str, float]:
    """The loss on looks spread evenly over `kept`, and by skill; empty if there are none."""
    if not len(kept.picks):
        return {}
    network.eval()
    at = np.unique(np.linspace(0, len(kept.picks) - 1, count).astype(int))
    sums: dict[str, list[float]] = {}
    for begin in range(0, len(at), 64):
        picks = kept.picks[at[begin : begin + 64]]
        for name in {_name(stretches, pick) for pick in picks}:
            own = np.array([pick for pick in picks if _name(stretches, pick) == name])
            true = losses.Tensors(dataset.batch(stretches, own), stats, device)
            with torch.inference_mode():
                parts = losses.losses(true.predict(network), true)
            for key in ("held_out", name):
                sums.setdefault(key, []).extend([float(parts["loss"])] * len(own))
            for part, value in parts.items():
                if part != "loss":
                    sums.setdefault(f"held_out_{part}", []).extend([float(value)] * len(own))
    return {key: float(np.mean(values)) for key, values in sums.items()}


def _name(stretches: Sequence[Stretch], pick: npt.NDArray[np.int64]) -> str:
    one = stretches[int(pick[0])]
    return wordings.name_of(one.skills[int(one.subtask[int(pick[1])])])


def _drawn(stretches: Sequence[Stretch], drawn: Looks, count: int, seed: int, step: int) -> Batch:
    rng = np.random.default_rng([seed, step])
    picks = drawn.picks[rng.choice(len(drawn.picks), count, p=drawn.share)]
    return dataset.batch(stretches, picks, rng)


def _optimiser(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    plain = [p for p in network.parameters() if p.ndim < 2]
    matrices = [p for p in network.parameters() if p.ndim >= 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.peak_rate, betas=(0.9, 0.98))


def _number(seed: int, step: int) -> int:
    return int(np.random.default_rng([seed, step]).integers(2**62))
