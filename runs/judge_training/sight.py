"""`leapcasa judge train --recipe sight`: the judge with the policy's eye, from demonstrations.

The eye comes from a trained policy and is not changed; only the verdict is learned, in minutes of
one core. A tenth of the kitchens is held out, the same that the policy's training holds out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ...configs import ConfigError
from ...judges.sight import checkpoint
from ...judges.sight.network import JudgeConfig, Network
from ...policies.embedded import checkpoint as policy_checkpoint
from ..judge_statistics import wilson
from ..policy import dataset
from ..records import replace_file, write_json
from ..versions import versions
from .sight_data import Windows, windows

STEPS, BATCH, PEAK_RATE, DECAY = 3000, 256, 1e-3, 0.02
BLUR = 0.1
"""Standard deviation of the noise on what is seen, in spreads of it."""
SMALLEST_STD = 1e-3


@dataclass(frozen=True, kw_only=True)
class SightRequest:
    """What to train, on what, and where it goes."""

    data: Sequence[Path]
    """Folders of `leapcasa policy data`."""
    eyes: Path
    """A folder of `leapcasa policy train`."""
    out: Path
    seed: int = 5090
    steps: int = STEPS


def train(request: SightRequest, told: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Train and measure.

    Args:
        request: what is asked for.
        told: called with what is being done, how much there is of it, and how much is done.

    Returns:
        Counts, and accuracies on the kitchens held out.

    Raises:
        ConfigError: for bad input.
        RecordError: if files cannot be written.
    """
    if request.out.exists() and any(request.out.iterdir()):
        raise ConfigError(f"--out {request.out} is there already; name another folder")
    policy = policy_checkpoint.load(request.eyes)
    sizes = policy.network.config
    config = JudgeConfig(size=sizes.size, channels=sizes.channels, words=sizes.words)
    torch.manual_seed(request.seed)
    network = Network(config)
    network.look.words.load_state_dict(policy.network.eyes.words.state_dict())
    network.look.eye.load_state_dict(policy.network.eyes.outer.state_dict())
    network.look.requires_grad_(False).eval()
    every = _usable(dataset.load(request.data, sizes), config)
    parts: dict[bool, Windows] = {}
    for held_out in (False, True):
        some = [one for one in every if one.held_out == held_out]
        if not some:
            raise ConfigError("no kitchen is left to learn from or to measure on; record more")
        parts[held_out] = windows(
            some, network.look, config.looks, seed=None if held_out else request.seed,
            told=partial(told, "looking", len(some)),
        )  # fmt: skip
    _learn(network, parts[False], request, told)
    figures = measured(network, parts[True])
    about = {
        "episodes": len(every),
        "windows": len(parts[False].complete),
        "complete": float(parts[False].complete.mean()),
        "eyes": policy_checkpoint.digest(request.eyes),
        "seed": request.seed,
        "steps": request.steps,
        "assets": sorted({one.header.assets for one in every}),
        "held_out": figures,
        "versions": versions(),
    }
    _write(request.out, network, about)
    return about


def measured(network: Network, data: Windows) -> dict[str, Any]:
    """Accuracy with 95 % Wilson intervals, by label and skill, beside always saying no."""
    logits = _asked(network, data)
    right = (logits > 0).numpy() == (data.complete.numpy() > 0.5)
    complete = data.complete.numpy() > 0.5

    def share(chosen: Any) -> dict[str, Any]:
        rate = wilson(int(right[chosen].sum()), int(np.sum(chosen)))
        return {"windows": rate.n, "accuracy": rate.value, "low": rate.low, "high": rate.high}

    return {
        "all": share(np.ones_like(complete)),
        "complete": share(complete),
        "not complete": share(~complete),
        "majority": float(max(complete.mean(), 1 - complete.mean())),
        "skills": {
            str(name): {
                "complete": share(complete & (data.names == name)),
                "not complete": share(~complete & (data.names == name)),
            }
            for name in np.unique(data.names)
        },
    }


def _usable(stretches: Sequence[dataset.Stretch], config: JudgeConfig) -> list[dataset.Stretch]:
    good = [
        one
        for one in stretches
        if one.header.played
        and one.header.look_every == config.stride
        and np.isfinite(one.progress).any()
    ]
    for one in good:
        if one.header.split != "pretrain":
            raise ConfigError(
                f"{one.header.task} seed {one.header.seed} is of the {one.header.split} split, "
                "which is for measuring alone"
            )
    if not good:
        raise ConfigError(
            f"no demonstration has pictures at every {config.stride} steps; record some with "
            f"`leapcasa policy data --look-every {config.stride}`"
        )
    return good


def _learn(
    network: Network, data: Windows, request: SightRequest, told: Callable[[str, int, int], None]
) -> None:
    verdicts = network.verdicts
    verdicts.mean.copy_(data.seen.mean(0))
    verdicts.std.copy_(data.seen.std(0).clamp(min=SMALLEST_STD))
    optimiser = torch.optim.AdamW(verdicts.parameters(), lr=PEAK_RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_RATE, request.steps, pct_start=0.05
    )
    told_words = network.look.words(data.words)
    shares = _shares(data)
    noise = torch.Generator().manual_seed(request.seed)
    verdicts.train()
    for step in range(request.steps):
        at = torch.multinomial(shares, BATCH, replacement=True, generator=noise)
        seen = data.seen[data.at[at]]
        seen = seen + BLUR * verdicts.std * torch.randn(seen.shape, generator=noise)
        logits = verdicts(seen, told_words[data.subtask[at]])
        loss = functional.binary_cross_entropy_with_logits(logits, data.complete[at])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        told("learning", request.steps, step + 1)
    verdicts.eval()


def _shares(data: Windows) -> torch.Tensor:
    """Rare skills, and the rare label of each, come more often than their number says."""
    keys = np.char.add(data.names, np.where(data.complete.numpy() > 0.5, " 1", " 0"))
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return torch.from_numpy((1.0 / np.sqrt(counts))[inverse])


def _asked(network: Network, data: Windows) -> torch.Tensor:
    with torch.inference_mode():
        words = network.look.words(data.words)
        return torch.cat(
            [
                network.verdicts(data.seen[data.at[some]], words[data.subtask[some]])
                for some in torch.arange(len(data.complete)).split(512)
            ]
        )


def _write(out: Path, network: Network, about: Mapping[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    text = checkpoint.config_json(network.config, about)
    replace_file(out / checkpoint.CONFIG, lambda stream: stream.write(text.encode()))
    data = checkpoint.weights_bytes(network)
    replace_file(out / checkpoint.WEIGHTS, lambda stream: stream.write(data))
    preset = f"judge:\n  name: sight\n  options:\n    path: {out}\n"
    replace_file(out / "judge.yaml", lambda stream: stream.write(preset.encode()))
    write_json(out / "train.json", about)
