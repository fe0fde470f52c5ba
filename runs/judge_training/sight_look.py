"""How the eye of the judge `sight` learns: single looks, and how the part stands in them.

The eye begins as a policy's and goes on finding the points; around them it learns to see whether
the subtask is complete, as far as one look tells that. Looks come from demonstrations and posed
states (`policy data`), and from the last frames of labelled clips (`judge data`).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from ...envs.skills import skill_of
from ...judges.base import COMPLETE
from ...judges.sight.judge import VIEWS
from ...judges.sight.network import JudgeConfig, Look
from ...sight import POINTS, eyes
from ...sight.words import buckets
from ..clip_files import read_clip
from ..manifest import Row
from ..policy import augment, draws, losses
from ..policy.dataset import Stretch
from ..policy.training import precision
from ..records import replace_file
from .sight_data import LONGEST, films, fitted_pair
from .telling import tells, told_by_a_look

BATCH, PEAK_RATE, DECAY, CLIP = 32, 6e-4, 0.05, 1.0
STATE_SHARE, ALONE = 1.0, 0.3
"""Weight of the state beside the points; of each view's own beside that of both."""
MEMORY = 0.998
"""Of the running mean of the weights, which is what is kept."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A look."""

    pictures: npt.NDArray[np.uint8]
    """(L, 2, 3, S, S) it is one of."""
    at: int
    places: npt.NDArray[np.float32] | None
    """(2, POINTS, 2) where its pictures show the points; None if that is unknown."""
    complete: bool | None
    """None if unknown."""
    name: str
    source: Stretch | str
    """What says it in words."""
    step: int = 0

    def text(self, rng: np.random.Generator | None) -> str:
        """The subtask in words: its own, or such as `rng` draws."""
        if isinstance(self.source, str):
            return self.source
        return self.source.text(self.step, rng)


def looks_of(stretches: Sequence[Stretch], rows: Sequence[Row], config: JudgeConfig) -> list[Shown]:
    """Every look there is.

    Raises:
        ConfigError: if a film cannot be read.
    """
    return [*_of_stretches(stretches), *_of_films(rows, config)]


def _of_stretches(stretches: Sequence[Stretch]) -> Iterator[Shown]:
    for one in stretches:
        for look in range(len(one.outer)):
            step = one.step(look)
            there = not np.isnan(one.hints[step]).any()
            yield Shown(
                pictures=one.outer,
                at=look,
                places=one.places[look, : len(VIEWS)] if there else None,
                complete=told_by_a_look(one, look),
                name=one.name(step),
                source=one,
                step=step,
            )


def _of_films(rows: Sequence[Row], config: JudgeConfig) -> Iterator[Shown]:
    for group in films(rows):
        both = [read_clip(group[0].clips[view], LONGEST).clip for view in VIEWS]
        ends = sorted({row.span.end for row in group if row.span is not None})
        pictures = np.stack([fitted_pair(both, end, config.size) for end in ends])
        for row in group:
            assert row.span is not None
            known = tells(skill_of(row.instruction, ""), clocked=False)
            yield Shown(
                pictures=pictures,
                at=ends.index(row.span.end),
                places=None,
                complete=row.label == COMPLETE if known else None,
                name=row.phase or "clip",
                source=row.instruction,
            )


def learn(
    look: Look,
    shown: Sequence[Shown],
    *,
    steps: int,
    seed: int,
    told: Callable[[int, int], None],
) -> None:
    """Train the eye in place.

    Args:
        look: begins as it is.
        shown: what it learns from.
        steps: of the optimiser.
        seed: of all randomness.
        told: called with how many steps there are and how many are done.
    """
    kept = [p for p in look.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(kept, lr=PEAK_RATE, weight_decay=DECAY, betas=(0.9, 0.98))
    schedule = one_cycle(optimiser, PEAK_RATE, steps)
    mean = [p.detach().clone() for p in kept]
    share = _shares(shown)
    look.train()
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        chosen = [shown[int(i)] for i in rng.choice(len(shown), BATCH, p=share)]
        loss = _loss(look, chosen, rng, torch.Generator().manual_seed(int(rng.integers(2**62))))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(kept, CLIP)
        optimiser.step()
        schedule.step()
        memory = min(MEMORY, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, new in zip(mean, kept, strict=True):
                slow.lerp_(new, 1 - memory)
        told(steps, step + 1)
    with torch.no_grad():
        for slow, new in zip(mean, kept, strict=True):
            new.copy_(slow)
    look.eval()


def fingerprint(shown: Sequence[Shown], facts: Sequence[object]) -> str:
    """A hash of what an eye is trained on, and how."""
    every = [(one.name, one.complete, one.at, one.step, one.text(None)) for one in shown]
    return hashlib.sha256(repr([list(facts), every]).encode()).hexdigest()


def keep(look: Look, path: Path, made: str) -> None:
    """Write a trained eye.

    Raises:
        RecordError: if it cannot be written.
    """
    data = save(dict(look.state_dict()), metadata={"made": made})
    replace_file(path, lambda stream: stream.write(data))


def restore(look: Look, path: Path, made: str) -> bool:
    """Take a trained eye, if one was trained in this very way; True if it was."""
    if not path.is_file():
        return False
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("made") != made:
                return False
        look.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):  # cut off, or of another network
        return False
    look.eval()
    return True


def one_cycle(
    optimiser: torch.optim.Optimizer, rate: float, steps: int
) -> torch.optim.lr_scheduler.OneCycleLR:
    """Up to a rate in a twentieth of the steps and down again."""
    # The schedule divides by one step less than it rises for.
    rising = max(0.05, min(0.3, 2 / steps))
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=rising)


def rightness(look: Look, shown: Sequence[Shown], most: int = 4000) -> dict[str, float]:
    """Share of the looks whose state both views together say rightly, by label and name.

    Empty where no single look tells it, as of a sweep.
    """
    known = [one for one in shown if one.complete is not None]
    if not known:
        return {}
    known = [known[int(i)] for i in np.unique(np.linspace(0, len(known) - 1, most).astype(int))]
    right: dict[str, list[bool]] = {}
    for begin in range(0, len(known), 64):
        some = known[begin : begin + 64]
        with torch.inference_mode():
            said = _seen(look, some, None, None)[0].mean(1) > 0
        for one, yes in zip(some, said.tolist(), strict=True):
            label = "complete" if one.complete else "not complete"
            for name in (label, f"{one.name}, {label}"):
                right.setdefault(name, []).append(yes == one.complete)
    return {name: float(np.mean(values)) for name, values in sorted(right.items())}


def _shares(shown: Sequence[Shown]) -> npt.NDArray[np.float64]:
    """Rare skills, and the rare label of each, come more often than their number says."""
    share = draws.rarity([f"{one.name} {one.complete}" for one in shown])
    return share / share.sum()


def _loss(
    look: Look, chosen: Sequence[Shown], rng: np.random.Generator, generator: torch.Generator
) -> Tensor:
    with precision("cpu"):
        states, cells, places = _seen(look, chosen, rng, generator)
    truth = torch.tensor([float(one.complete or False) for one in chosen])
    known = torch.tensor([float(one.complete is not None) for one in chosen])
    both = _entropy(states.mean(1), truth)
    alone = _entropy(states, truth[:, None]).mean(1)
    state = ((both + ALONE * alone) * known).sum() / known.sum().clamp(min=1)
    return _of_points(cells.float(), places, chosen) + STATE_SHARE * state


def _of_points(cells: Tensor, places: Tensor, chosen: Sequence[Shown]) -> Tensor:
    """Cross-entropy of the points' cells, where it is known."""
    there = torch.tensor([float(one.places is not None) for one in chosen])
    each = losses.of_cells(cells, places).mean((1, 2))
    return (each * there).sum() / there.sum().clamp(min=1)


def _seen(
    look: Look,
    chosen: Sequence[Shown],
    rng: np.random.Generator | None,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """(B, 2) logits of completion, (B, 2, POINTS, N) of cells, and the places that are right."""
    texts = [one.text(rng) for one in chosen]
    pictures = torch.from_numpy(np.stack([one.pictures[one.at] for one in chosen]))
    nowhere = np.full((len(VIEWS), POINTS, 2), np.nan, np.float32)
    places = torch.from_numpy(
        np.stack([nowhere if one.places is None else one.places for one in chosen])
    )
    if generator is not None:
        mirror = torch.tensor([draws.names_no_side(text) for text in texts])
        pictures, places = augment.views(pictures, places, mirror, generator)
    words = look.words(torch.from_numpy(np.stack([buckets(text) for text in texts])))
    seen, cells = look.closely(
        eyes.scaled(pictures.flatten(0, 1)), words.repeat_interleave(len(VIEWS), 0)
    )
    pair = (-1, len(VIEWS))
    return seen[:, -1].float().unflatten(0, pair), cells.unflatten(0, pair), places


def _entropy(logits: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        logits, truth.expand_as(logits), reduction="none"
    )
