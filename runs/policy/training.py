"""The training loop: same data, seed and settings give the same numbers, interrupted or not.

The eyes are trained first, then the control, which is told where the points truly are, moved about
as far as the eyes err. What a step sees is drawn from the seed and the step's number alone, so
there is no state of a data loader to keep: the state of a training is weights, running mean,
optimisers and step.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...policies.embedded.checkpoint import Statistics
from ...policies.embedded.network import Network
from . import augment, draws, losses
from .dataset import Stretch
from .draws import Looks, Moments, Picks
from .presets import Recipe, Schedule

SMALLEST_STD = 1e-2
BASE_FROM = 6
"""From this number on a set point is a speed of base or torso, in units of the action."""
PARTS = ("eyes", "control")


@dataclass(kw_only=True)
class State:
    """A training at some step."""

    network: Network
    mean: Network
    """Running mean of the weights, which is what is kept in the end."""
    optimisers: dict[str, torch.optim.Optimizer]
    """By part."""
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """A row a measurement."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What all steps of a training share."""

    stretches: Sequence[Stretch]
    statistics: Statistics
    recipe: Recipe
    seed: int
    device: str
    only: Sequence[str] = ()
    """Names of the skills that are trained and measured; none for all."""
    teacher: Network | None = None
    """What the control was before."""
    reminders: Sequence[Stretch] = ()
    """Where it is to stay as its teacher is."""

    def reminder(self, count: int, step: int) -> Moments | None:
        """Moments of a step at which the teacher is asked; None if there is none."""
        if self.teacher is None or not self.reminders:
            return None
        at, rng = self._steps.drawn(count, self.seed, step)
        return draws.moments(self.reminders, at, rng)

    @cached_property
    def _steps(self) -> Picks:
        return draws.all_steps(self.reminders)

    def picks(self, part: str, *, held_out: bool) -> Picks:
        """What a part is trained or measured on."""
        every = draws.all_looks if part == "eyes" else draws.all_moments
        return draws.of_skills(every(self.stretches, held_out=held_out), self.only)

    def drawn(self, picks: Picks, part: str, count: int, step: int) -> Looks | Moments:
        """The batch of a step."""
        at, rng = picks.drawn(count, self.seed, step)
        gather = draws.looks if part == "eyes" else draws.moments
        return gather(self.stretches, at, rng)


def statistics(stretches: Sequence[Stretch]) -> Statistics:
    """Mean and spread over the demonstrations that are trained on."""
    kept = [one for one in stretches if not one.held_out and one.weight.any()]
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
    made = {part: _optimiser(parameters(network, part), recipe) for part in PARTS}
    return State(network=network, mean=mean.eval(), optimisers=made)


def grown(network: Network, recipe: Recipe, seed: int) -> Network:
    """A network with the recipe's sizes that does what this one does.

    Args:
        network: which may have no blocks of attention where the recipe has some.
        recipe: its other sizes are the network's.
        seed: of the weights of new blocks, whose last layers are zero.
    """
    if network.config == recipe.network:
        return network
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = Network(recipe.network)
    made.load_state_dict({**made.state_dict(), **network.state_dict()})
    return made.eval()


def parameters(network: Network, part: str) -> list[nn.Parameter]:
    """Those of a part, always in the same order."""
    modules = [network.eyes] if part == "eyes" else [network.words, network.control]
    return [one for module in modules for one in module.parameters()]


def train(
    state: State,
    course: Course,
    *,
    measured: Callable[[State], None],
    told: Callable[[int, float], None],
) -> None:
    """Train until the recipe's last step.

    Args:
        state: is changed; its networks are on the device.
        course: data, recipe, seed and device.
        measured: called after each measurement, which is the last row of `state.history`.
        told: called after each step with its number and loss.
    """
    recipe = course.recipe
    for part in PARTS:
        last = recipe.eyes.steps if part == "eyes" else recipe.steps
        if state.step >= last:
            continue
        picks, kept = (course.picks(part, held_out=held_out) for held_out in (False, True))
        count, recent = recipe.schedule(state.step)[1].batch, list[float]()
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(course.drawn, picks, part, count, state.step)
            while state.step < last:
                batch = coming.result()
                coming = ahead.submit(course.drawn, picks, part, count, state.step + 1)
                recent.append(_step(state, batch, course))
                told(state.step, recent[-1])
                if state.step % recipe.measure_every == 0 or state.step == last:
                    row = {"step": float(state.step), f"{part}_train": float(np.mean(recent))}
                    state.history.append({**row, **measure(state.mean, course, part, kept)})
                    recent.clear()
                    measured(state)


def measure(network: Network, course: Course, part: str, kept: Picks) -> dict[str, float]:
    """The loss of a part on moments spread evenly over `kept`; empty if there are none."""
    if not len(kept.at):
        return {}
    network.eval()
    sums: dict[str, list[float]] = {}
    at = kept.at[kept.spread(course.recipe.measured)]
    for begin in range(0, len(at), 64):
        own = at[begin : begin + 64]
        gather = draws.looks if part == "eyes" else draws.moments
        with torch.inference_mode():
            found = _losses(network, gather(course.stretches, own), course, None)
        for name, value in found.items():
            sums.setdefault(f"{part}_{name}", []).extend([float(value)] * len(own))
    return {name: float(np.mean(values)) for name, values in sums.items()}


def precision(device: str) -> torch.autocast:
    """Arithmetic in bfloat16 where the processor has it, which makes a step about twice as fast."""
    fast = device != "cpu" or _has_bfloat16()
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast)


def blended(start: Network, trained: Network, share: float) -> Network:
    """Between what a training began with and what it came to (WiSE-FT, arXiv:2109.01903).

    New data teach what is new and let go of what they say little of; part of the way back, more
    of that is left.

    Args:
        start: weights that the training began with.
        trained: what it came to.
        share: how much of `trained`, 0..1.
    """
    made = Network(trained.config).to(next(trained.parameters()).device)
    with torch.no_grad():
        pairs = zip(start.parameters(), trained.parameters(), strict=True)
        for out, (old, new) in zip(made.parameters(), pairs, strict=True):
            out.copy_(torch.lerp(old.to(new.device), new, share))
    return made.eval()


def rate(schedule: Schedule, step: int) -> float:
    """The learning rate of a step: a linear warm-up, then a cosine."""
    if step < schedule.warm_up:
        return schedule.peak_rate * (step + 1) / schedule.warm_up
    gone = (step - schedule.warm_up) / max(1, schedule.steps - schedule.warm_up)
    return schedule.peak_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, gone))))


def _step(state: State, batch: Looks | Moments, course: Course) -> float:
    """One step of the optimiser; its loss."""
    part, schedule, step = course.recipe.schedule(state.step)
    state.network.train()
    torch.manual_seed(_number(course.seed, state.step))  # of dropout
    generator = torch.Generator().manual_seed(_number(course.seed + 1, state.step))
    optimiser = state.optimisers[part]
    for group in optimiser.param_groups:
        group["lr"] = rate(schedule, step)
    loss = _losses(state.network, batch, course, generator)["loss"]
    if part == "control" and (reminder := course.reminder(schedule.batch, state.step)) is not None:
        loss = loss + _forgotten(state.network, reminder, course, generator)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    own = parameters(state.network, part)
    nn.utils.clip_grad_norm_(own, course.recipe.clip)
    optimiser.step()
    state.step += 1
    memory = min(schedule.memory, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, new in zip(parameters(state.mean, part), own, strict=True):
            mean.lerp_(new, 1 - memory)
    return float(loss.detach())


def _losses(
    network: Network, batch: Looks | Moments, course: Course, generator: torch.Generator | None
) -> dict[str, Tensor]:
    """The losses of a batch; changed at random if there is a generator."""
    if isinstance(batch, Looks):
        return _of_looks(network, batch, course.device, generator)
    true = _told(batch, course, generator)
    return losses.of_motion(true.predict(network), true)


def _told(batch: Moments, course: Course, generator: torch.Generator | None) -> losses.Tensors:
    """Moments on the device; points and hints as the eyes say them if there is a generator."""
    told = losses.Tensors(batch, course.statistics, course.device)
    if generator is not None:
        told.points, told.hints = augment.points(
            told.points, told.hints, told.hand[:, :3], generator
        )
    return told


def _forgotten(
    network: Network, batch: Moments, course: Course, generator: torch.Generator
) -> Tensor:
    """How far the control has gone from what its teacher says (Li and Hoiem, arXiv:1606.09282)."""
    assert course.teacher is not None
    asked = _told(batch, course, generator)
    with torch.no_grad():
        said = asked.predict(course.teacher)
    asked.motion, asked.weight = said.motion, torch.ones_like(asked.weight)
    asked.closed, asked.driving = said.closed.sigmoid(), said.driving.sigmoid()
    return losses.of_motion(asked.predict(network), asked)["loss"]


def _of_looks(
    network: Network, batch: Looks, device: str, generator: torch.Generator | None
) -> dict[str, Tensor]:
    def put(value: Any) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(value)).to(device)

    outer, inner, words = put(batch.outer), put(batch.inner), put(batch.buckets)
    places, hints = put(batch.places), put(batch.hints)
    # Truth is there where its hints are: those of an unknown part are not.
    known = (~hints.isnan()).all(1, keepdim=True).expand(places.shape[0], places.shape[2])
    if generator is not None:
        outer, inner, places, hints = augment.pictures(
            outer, inner, places, hints, put(batch.mirror), generator
        )
    with precision(device):
        said = network.eyes(outer, inner, words)
    return losses.of_sight(said, places, hints, known)


@cache
def _has_bfloat16() -> bool:
    """True if this CPU multiplies bfloat16; where that is unknown, it is taken not to."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _optimiser(own: Sequence[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    groups: list[dict[str, Any]] = [
        {"params": [p for p in own if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in own if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.eyes.peak_rate, betas=(0.9, 0.98))


def _number(seed: int, step: int) -> int:
    return int(np.random.default_rng([seed, step]).integers(2**62))
