"""`leapcasa policy eval`: a trained policy beside recorded demonstrations, skill by skill."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...configs import ConfigError
from ..console import Console
from ..tables import TextTable, shown

LOOKS = 2000
COLUMNS = ("hand_cm", "turn_deg", "base", "gripper", "mode", "target_cm", "place_px", "done")


def eval_command(
    policy: Path, data: Sequence[Path], console: Console, *, everything: bool = False
) -> int:
    """Measure.

    Returns:
        0.

    Raises:
        ConfigError: for bad input, or if no kitchen is held out.
    """
    from ...policies.embedded import checkpoint
    from . import dataset, training, wordings

    loaded = checkpoint.load(policy)
    config = loaded.network.config
    with console.quiet_stdout():
        stretches = dataset.load([path.expanduser() for path in data], config.chunk, config.size)
        picks = training.looks(stretches, held_out=True).picks
        if everything:
            picks = np.concatenate([training.looks(stretches, held_out=False).picks, picks])
        if not len(picks):
            raise ConfigError("no kitchen of this data is held out; --all measures on every one")
        look = min(3, config.chunk - 1)
        at = np.unique(np.linspace(0, len(picks) - 1, LOOKS).astype(int))
        found, bar = _measured(loaded, stretches, picks[at], look)
        names = [
            wordings.name_of(stretches[int(s)].skills[int(stretches[int(s)].subtask[int(t)])])
            for s, t in picks[at]
        ]
        understood = _understood(loaded, stretches, picks[at], names)
    rows = {name: _row(found, bar, np.array(names) == name) for name in sorted(set(names))}
    value = {"looks": len(at), "step": look, "skills": rows, "other_words_m": understood}
    console.result(value, _as_text(value))
    return 0


def _measured(
    loaded: Any, stretches: Sequence[Any], picks: Any, look: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Errors of each look, the policy's and those of the mean action."""
    import torch

    from . import dataset, losses

    found: list[Mapping[str, Any]] = []
    bar: list[Mapping[str, Any]] = []
    for begin in range(0, len(picks), 64):
        true = losses.Tensors(
            dataset.batch(stretches, picks[begin : begin + 64]), loaded.statistics, "cpu"
        )
        with torch.inference_mode():
            said = true.predict(loaded.network)
            found.append(losses.errors(said, true, loaded.statistics, look))
            bar.append(losses.errors(_mean_of(true, said), true, loaded.statistics, look))
    return _joined(found), _joined(bar)


def _mean_of(true: Any, said: Any) -> Any:
    """What a policy without eyes would say: the mean set points, switches off."""
    import torch

    from ...policies.embedded.network import Prediction

    middle = true.target.nanmean(0).expand_as(said.target)
    off = torch.full_like(said.closed, -1.0)
    return Prediction(
        motion=torch.zeros_like(said.motion),
        closed=off,
        driving=off,
        target=middle,
        done=torch.full_like(said.done, -1.0),
        places=torch.zeros_like(said.places),
    )


def _understood(loaded: Any, stretches: Sequence[Any], picks: Any, names: Sequence[str]) -> Any:
    """How far set points move when a subtask is said in words that were never trained on [m].

    The bar is by how much they move when another skill is asked for in the same picture.
    """
    import torch

    from . import dataset, losses, wordings

    rng = np.random.default_rng(0)
    chosen = picks[rng.permutation(len(picks))[:128]]
    batch = dataset.batch(stretches, chosen)
    skills = [stretches[int(s)].skills[int(stretches[int(s)].subtask[int(t)])] for s, t in chosen]
    kinds = {wordings.name_of(skill): skill for skill in skills if skill is not None}
    if not kinds:
        return None
    answers = []
    for which in ("own", "unseen", "another"):
        texts = np.array(batch.buckets)
        for index, skill in enumerate(skills):
            texts[index] = _said_otherwise(texts[index], skill, kinds, which, rng)
        true = losses.Tensors(_with(batch, texts), loaded.statistics, "cpu")
        with torch.inference_mode():
            answers.append(true.predict(loaded.network).motion)
    std = torch.from_numpy(loaded.statistics.motion_std)
    moved = [((one - answers[0]) * std)[..., :3].norm(dim=-1).mean() for one in answers[1:]]
    return {"unseen_wording": float(moved[0]), "another_skill": float(moved[1])}


def _said_otherwise(own: Any, skill: Any, kinds: Mapping[str, Any], which: str, rng: Any) -> Any:
    from ...policies.embedded.words import buckets
    from . import wordings

    if which == "own" or skill is None:
        return own
    if which == "unseen":
        texts = wordings.wordings(skill, held_out=True)
        return buckets(texts[int(rng.integers(len(texts)))]) if texts else own
    others = [other for name, other in kinds.items() if name != wordings.name_of(skill)]
    return buckets(wordings.wordings(others[int(rng.integers(len(others)))])[0]) if others else own


def _with(batch: Any, buckets: Any) -> Any:
    from dataclasses import replace

    return replace(batch, buckets=buckets)


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}


def _row(found: Mapping[str, Any], bar: Mapping[str, Any], own: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"looks": int(own.sum())}
    for name in COLUMNS:
        for label, errors in (("", found), ("_of_mean", bar)):
            values = errors[name][own]
            row[name + label] = None if np.isnan(values).all() else float(np.nanmean(values))
    return row


def _as_text(value: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            str(row["looks"]),
            *(f"{_number(row[c])} ({_number(row[c + '_of_mean'])})" for c in COLUMNS),
        )
        for name, row in value["skills"].items()
    ]
    text = shown(TextTable(head=("skill", "looks", *COLUMNS), rows=rows))
    lines = [text, f"at step {value['step']} of the chunk; in brackets: the mean action's"]
    words = value["other_words_m"]
    if words:
        lines.append(
            f"set points move by {100 * words['unseen_wording']:.1f} cm under an unseen wording, "
            f"by {100 * words['another_skill']:.1f} cm under another skill's"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
