"""`leapcasa judge train --recipe sight`: the judge with an eye that begins as the policy's.

First the eye learns from single looks how the part stands (`sight_look.py`), then the verdict is
learned from windows of what it sees. Of demonstrations a tenth of the kitchens is held out, the
same as in the policy's training; of clips their `val.jsonl`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ...judges.sight import checkpoint
from ...judges.sight.network import JudgeConfig, Network, Verdicts
from ...policies.embedded import checkpoint as policy_checkpoint
from ...policies.embedded.network import NetworkConfig
from ...sight import POINTS
from ...sight import folder as folders
from ..judge_statistics import wilson
from ..policy import draws
from ..policy.wordings import check_shown
from ..records import make_folder, replace_file, write_json
from ..versions import versions
from . import sight_look
from .sight_data import Windows, all_logits, films, joined, windows
from .sight_material import Material, check_played, gather, played

LOOK_STEPS = 2500
STEPS, BATCH, PEAK_RATE, DECAY = 3000, 256, 1e-3, 0.02
MORE_RATE = 3e-4
"""Peak rate of a judge that goes on learning."""
BLUR = 0.1
"""Standard deviation of the noise on what is seen, in spreads of it."""
ALONE = 0.3
"""Weight of each view's own verdict beside that of both."""
SMALLEST_STD = 1e-3
LEFT_OUT = 6e4
"""A spread by which what is seen comes to nothing; half precision holds it."""
SHARPENED = "look.safetensors"
"""The trained eye, from which an interrupted training goes on; not needed to judge."""


@dataclass(frozen=True, kw_only=True)
class SightRequest:
    """What to train, on what, and where it goes."""

    data: Sequence[Path]
    """Folders of `leapcasa policy data` and `leapcasa judge data`."""
    begin: Path
    """A folder of `leapcasa policy train`, whose eyes are taken over, or of a judge, which goes on
    learning."""
    out: Path
    member: int = 0
    """Which network of a joined `begin`."""
    seed: int = 5090
    steps: int = STEPS
    """Of the verdict's training."""
    look_steps: int = LOOK_STEPS
    """Of the eye's."""
    undone: int = 0
    """1: demonstrations are asked about by what undoes them as well."""
    still: int = 0
    """1: posed looks are windows as well, in which nothing moves: many kitchens in which a subtask
    is complete, where what is played ends soon after."""
    maps: int = 1
    """0: a new verdict is not told what the eye's finest map holds at the points; of a hundred
    demonstrations it learns that by heart."""
    fresh: int = 0
    """1: a judge that is gone on with keeps its eye alone, and its verdicts begin anew."""
    heads: int = 0
    """Verdicts, each learned by itself from windows in another order; 0: as many as there are."""
    only: Sequence[str] = ()
    """Skills (or phases of clips) that the eye looks for; none: all that the data show."""


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
    start = _start(request)
    network, config = start.network, start.network.config
    if not _goes_on(request.out):
        make_folder(request.out)
    material = gather(request.data, start.sizes)
    check_played(material, config)
    sharp = _sharpen(start, material, request, told)
    network.look.requires_grad_(False).eval()
    demos = {held_out: played(one.stretches, config) for held_out, one in material.items()}
    parts: dict[bool, Windows] = {}
    for held_out, stretches in demos.items():
        rows = material[held_out].rows
        if request.still:
            posed = (one for one in material[held_out].stretches if not one.header.played)
            stretches = [*stretches, *posed]
        parts[held_out] = windows(
            stretches, rows, network.look, config, seed=None if held_out else request.seed,
            undone=bool(request.undone),
            told=partial(told, "looking", len(stretches) + len(films(rows))),
        )  # fmt: skip
    for number, head in enumerate(network.heads):
        _learn(start, head, parts[False], request, request.seed + number, told)
    figures = measured(network, parts[True])
    about = {
        "demonstrations": len(demos[False]),
        "posed": len(material[False].stretches) - len(demos[False]),
        "films": len(films(material[False].rows)),
        "windows": len(parts[False].complete),
        "complete": float(parts[False].complete.mean()),
        "began_as": start.digest,
        "member": request.member,
        "seed": request.seed,
        "steps": request.steps,
        "look_steps": request.look_steps,
        "undone": request.undone,
        "still": request.still,
        "maps": request.maps,
        "fresh": request.fresh,
        "heads": config.heads,
        "only": list(request.only),
        "assets": sorted({one.header.assets for one in material[False].stretches}),
        "held_out": figures,
        "held_out_looks": sharp,
        "versions": versions(),
    }
    _write(request.out, network, about)
    return about


@dataclass(frozen=True, kw_only=True, eq=False)
class _Start:
    """What a training begins with."""

    network: Network
    sizes: NetworkConfig
    """How demonstrations are read for it."""
    digest: str
    judge: bool
    """Whether its verdicts go on learning."""


def _start(request: SightRequest) -> _Start:
    torch.manual_seed(request.seed)
    if (request.begin / checkpoint.KIND.weights).is_file():
        judge = checkpoint.load(request.begin, request.member)
        heads = request.heads or judge.config.heads
        return _Start(
            network=judge.renewed(heads) if request.fresh else judge.widened(heads),
            sizes=NetworkConfig(size=judge.config.size),
            digest=folders.digest(request.begin, checkpoint.KIND),
            judge=not request.fresh,
        )
    policy = policy_checkpoint.load(request.begin, request.member)
    sizes = policy.network.config
    network = Network(JudgeConfig(size=sizes.size, channels=sizes.channels, words=sizes.words,
                                  blocks=sizes.blocks, heads=max(request.heads, 1)))  # fmt: skip
    network.look.words.load_state_dict(policy.network.eyes.words.state_dict())
    network.look.eye.load_state_dict(policy.network.eyes.outer.state_dict())
    return _Start(
        network=network,
        sizes=sizes,
        digest=policy_checkpoint.digest(request.begin),
        judge=False,
    )


def _goes_on(out: Path) -> bool:
    """True if a training stopped here once its eye was trained, and left nothing else."""
    return out.is_dir() and [path.name for path in out.iterdir()] == [SHARPENED]


def measured(network: Network, data: Windows) -> dict[str, Any]:
    """Accuracy with 95 % Wilson intervals, by label and skill, beside always saying no."""
    margins = all_logits(network, data).mean(1)  # the card's rule
    right = (margins > 0).numpy() == (data.complete.numpy() > 0.5)
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


def _sharpen(
    start: _Start,
    material: Mapping[bool, Material],
    request: SightRequest,
    told: Callable[[str, int, int], None],
) -> dict[str, float]:
    """Train the eye; what it then says rightly of single looks in kitchens held out."""
    look, config = start.network.look, start.network.config
    if not request.look_steps:
        return {}
    shown, kept = (_looks(material[held_out], request, config) for held_out in (False, True))
    facts = [start.digest, request.member, request.look_steps, request.seed]
    made = sight_look.fingerprint(shown, facts)
    if not sight_look.restore(look, request.out / SHARPENED, made):
        sight_look.learn(
            look, shown, steps=request.look_steps, seed=request.seed,
            told=partial(told, "sharpening"),
        )  # fmt: skip
        sight_look.keep(look, request.out / SHARPENED, made)
    return sight_look.rightness(look, kept)


def _looks(one: Material, request: SightRequest, config: JudgeConfig) -> list[sight_look.Shown]:
    """What the eye learns from, or is measured on.

    Raises:
        ConfigError: if nothing shows a skill that is asked for.
    """
    every = sight_look.looks_of(one.stretches, one.rows, config)
    check_shown(request.only, {each.name for each in every}, "some of the data")
    return [each for each in every if not request.only or each.name in request.only]


def _learn(
    start: _Start,
    verdicts: Verdicts,
    data: Windows,
    request: SightRequest,
    seed: int,
    told: Callable[[str, int, int], None],
) -> None:
    torch.manual_seed(seed)  # whether the eye was trained just now or is an earlier one
    network = start.network
    rate = MORE_RATE if start.judge else PEAK_RATE
    if not start.judge:
        verdicts.mean.copy_(data.seen.mean((0, 1)))
        verdicts.std.copy_(data.seen.std((0, 1)).clamp(min=SMALLEST_STD))
        if not request.maps:
            verdicts.std[: POINTS * network.config.channels[0]] = LEFT_OUT
    optimiser = torch.optim.AdamW(verdicts.parameters(), lr=rate, weight_decay=DECAY)
    schedule = sight_look.one_cycle(optimiser, rate, request.steps)
    shares = _shares(data)
    noise = torch.Generator().manual_seed(seed)
    spread = BLUR * torch.where(verdicts.std < LEFT_OUT, verdicts.std, 0.0)
    looks, seen = data.at.shape[1], data.seen.shape[2]
    verdicts.train()
    for step in range(request.steps):
        at = torch.multinomial(shares, BATCH, replacement=True, generator=noise)
        blur = spread * torch.randn((BATCH, looks, 2, seen), generator=noise)
        logits, truth = joined(network, data, at, blur, verdicts), data.complete[at]
        # The card's rule is the mean of the views' likelihoods: its margin is the mean logit.
        loss = _entropy(logits.mean(1), truth) + ALONE * _entropy(logits, truth[:, None])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        told("learning", request.steps, step + 1)
    verdicts.eval()


def _shares(data: Windows) -> torch.Tensor:
    """Rare skills, and the rare label of each, come more often than their number says."""
    keys = np.char.add(data.names, np.where(data.complete.numpy() > 0.5, " 1", " 0"))
    return torch.from_numpy(draws.rarity(keys))


def _entropy(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(logits, truth.expand_as(logits))


def _write(out: Path, network: Network, about: Mapping[str, Any]) -> None:
    text = checkpoint.config_json(network.config, about)
    replace_file(out / folders.CONFIG, lambda stream: stream.write(text.encode()))
    data = folders.weights_bytes(network)
    replace_file(out / checkpoint.KIND.weights, lambda stream: stream.write(data))
    preset = checkpoint.preset_yaml(out)
    replace_file(out / "judge.yaml", lambda stream: stream.write(preset.encode()))
    write_json(out / "train.json", about)
