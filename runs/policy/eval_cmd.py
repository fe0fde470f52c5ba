"""`leapcasa policy eval`: a trained policy beside recorded demonstrations, skill by skill."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError
from ..console import Console
from ..tables import TextTable, shown

MOMENTS = 2000
AT_STEP = 3
"""The step of the chunk that is compared."""
SEEN = ("right_px", "left_px", "hand_px", "part_cm", "joint_cm", "fixture_cm", "room_cm", "side")
GLANCED = ("right_lost", "left_lost", "hand_lost", "part_far", "joint_far", "fixture_far",
           "room_cm", "side")  # fmt: skip
MOVED = ("hand_cm", "turn_deg", "base", "gripper", "mode")
LOST = 1 / 28
"""Share of a picture's side, 8 of 224 px, beyond which a part's place is another thing's."""
FAR_CM = 3.0
"""A part that is further off in the room is missed by a hand."""


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
    from . import dataset

    members = checkpoint.load_all(policy)
    sizes = members.every[0].network.config
    with console.quiet_stdout():
        stretches = dataset.load([path.expanduser() for path in data], sizes)
        chosen = [one for one in stretches if everything or _unseen(one)]
        if not chosen:
            raise ConfigError("no kitchen of this data is held out; --all measures on every one")
        played, posed = ([one for one in chosen if one.header.played is kind]
                         for kind in (True, False))  # fmt: skip
        seen, glanced = _eyes(members, played), _glances(members, posed)
        moved, understood = _control(members, played)
    value = {
        "episodes": len(played),
        "kitchens": len({one.header.scene for one in chosen}),
        "eyes": seen,
        "posed": glanced,
        "control": moved,
        "step": AT_STEP,
        "other_words_m": understood,
    }
    console.result(value, _as_text(value))
    return 0


def _eyes(members: Any, stretches: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """How far off points and hints are, every look of every subtask, by skill."""
    from .sights import subtasks

    return {
        name: {
            "looks": sum(len(part["right_px"]) for part in parts),
            **{column: _median([part[column] for part in parts]) for column in SEEN},
        }
        for name, parts in _by_skill(subtasks, members, stretches)
    }


def _by_skill(
    look: Any, members: Any, stretches: Sequence[Any]
) -> list[tuple[str, list[Mapping[str, npt.NDArray[Any]]]]]:
    """What one of `sights`' functions finds of each subtask, by skill."""
    found: dict[str, list[Mapping[str, npt.NDArray[Any]]]] = {}
    for one in stretches:
        for name, missed in look(members.of, one):
            found.setdefault(name, []).append(missed)
    return sorted(found.items())


def _unseen(one: Any) -> bool:
    """Whether no training takes a kitchen: by chance, or as it is of the split to measure on."""
    return one.held_out or one.header.split != "pretrain"


def _glances(members: Any, stretches: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """How often a part is taken for something else in single looks, by skill."""
    from .sights import glances

    return {name: _lost(parts) for name, parts in _by_skill(glances, members, stretches)}


def _lost(parts: Sequence[Mapping[str, npt.NDArray[Any]]]) -> dict[str, Any]:
    from .sights import PLACED, VIEWS

    row: dict[str, Any] = {"looks": sum(len(part["side"]) for part in parts)}
    for view in VIEWS:
        off = np.concatenate([part[f"{view}_off"] for part in parts])
        off = off[~np.isnan(off)]
        row[f"{view}_lost"] = float((off > LOST).mean()) if len(off) else None
    for name in PLACED:
        missed = np.concatenate([part[f"{name}_cm"] for part in parts])
        row[f"{name}_far"] = float((~(missed <= FAR_CM)).mean())  # what is not known is far, too
    hints = {column: _median([part[column] for part in parts]) for column in ("room_cm", "side")}
    return {**row, **hints}


def _control(members: Any, stretches: Sequence[Any]) -> tuple[dict[str, dict[str, Any]], Any]:
    """Errors of the set points where the points are truly known, beside the mean action's.

    Nothing where no action is to be imitated, as of a policy that was alone.
    """
    from . import draws

    every = [draws.all_moments(stretches, held_out=held_out) for held_out in (False, True)]
    both = [part for part in every if len(part.at)]
    if not both:
        return {}, None
    at, names = (np.concatenate([getattr(part, n) for part in both]) for n in ("at", "names"))
    kept = np.unique(np.linspace(0, len(at) - 1, MOMENTS).astype(int))
    at, names = at[kept], names[kept]
    asked = np.array(members.indices([stretches[int(s)].text(int(t)) for s, t in at]))
    errors = {f"{c}{label}": np.zeros(len(at)) for c in MOVED for label in ("", "_of_mean")}
    for number, member in enumerate(members.every):
        own = np.flatnonzero(asked == number)
        for some in np.split(own, range(256, len(own), 256)):
            for column, values in _missed(member, draws.moments(stretches, at[some])).items():
                errors[column][some] = values
    rows: dict[str, dict[str, Any]] = {}
    for name in sorted(set(names.tolist())):
        own = names == name
        figures = {column: _mean(values[own]) for column, values in errors.items()}
        rows[name] = {"moments": int(own.sum()), **figures}
    return rows, _understood(members, stretches, at, names)


def _missed(member: Any, batch: Any) -> Mapping[str, npt.NDArray[Any]]:
    """Errors of one member at some moments, by column, and those of the mean action."""
    import torch

    from . import losses

    look = min(AT_STEP, member.network.config.chunk - 1)
    true = losses.Tensors(batch, member.statistics, "cpu")
    with torch.inference_mode():
        said = true.predict(member.network)
    own, bar = (
        losses.missed_motion(one, true, member.statistics, look) for one in (said, _mean_of(said))
    )
    return {**own, **{f"{column}_of_mean": values for column, values in bar.items()}}


def _mean_of(said: Any) -> Any:
    """What a policy that is told nothing would say: the mean set points, switches off."""
    import torch

    from ...policies.embedded.control import Prediction

    off = torch.full_like(said.closed, -1.0)
    return Prediction(motion=torch.zeros_like(said.motion), closed=off, driving=off)


def _understood(
    members: Any, stretches: Sequence[Any], at: npt.NDArray[np.int64], names: npt.NDArray[np.str_]
) -> dict[str, float] | None:
    """How far set points move when a subtask is said in words that were never trained on [m].

    The bar is by how much they move when another skill is asked for at the same moment.
    """
    from . import draws, wordings

    rng = np.random.default_rng(0)
    chosen = at[rng.permutation(len(at))[:256]]
    batch = draws.moments(stretches, chosen)
    skills = [stretches[int(s)].skills[int(stretches[int(s)].subtask[int(t)])] for s, t in chosen]
    own = [stretches[int(s)].text(int(t)) for s, t in chosen]
    kinds = {wordings.name_of(skill): skill for skill in skills if skill is not None}
    if not kinds:
        return None
    answers = []
    for which in ("own", "unseen", "another"):
        texts = [
            _said_otherwise(text, skill, kinds, which, rng)
            for text, skill in zip(own, skills, strict=True)
        ]
        answers.append(_hands(members, batch, texts))
    moved = [np.linalg.norm(one - answers[0], axis=-1).mean() for one in answers[1:]]
    return {"unseen_wording": float(moved[0]), "another_skill": float(moved[1])}


def _hands(members: Any, batch: Any, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """(N, K, 3) where the hand is to be when moments are asked about by these texts [m]."""
    from dataclasses import fields, replace

    import torch

    from ...sight.members import told
    from . import losses

    asked, batch = np.array(members.indices(texts)), replace(batch, buckets=told(texts).numpy())
    hands = np.zeros((*batch.motion.shape[:2], 3))
    for number, member in enumerate(members.every):
        own = asked == number
        if not own.any():
            continue
        part = replace(batch, **{f.name: getattr(batch, f.name)[own] for f in fields(batch)})
        with torch.inference_mode():
            said = losses.Tensors(part, member.statistics, "cpu").predict(member.network).motion
        metres = said.numpy() * member.statistics.motion_std + member.statistics.motion_mean
        hands[own] = metres[..., :3]
    return hands


def _said_otherwise(own: str, skill: Any, kinds: Mapping[str, Any], which: str, rng: Any) -> str:
    from . import wordings

    if which == "own" or skill is None:
        return own
    if which == "unseen":
        texts = wordings.wordings(skill, held_out=True)
        return texts[int(rng.integers(len(texts)))] if texts else own
    others = [other for name, other in kinds.items() if name != wordings.name_of(skill)]
    return wordings.wordings(others[int(rng.integers(len(others)))])[0] if others else own


def _median(parts: Sequence[npt.NDArray[Any]]) -> float | None:
    values = np.concatenate([part.ravel() for part in parts])
    return None if np.isnan(values).all() else float(np.nanmedian(values))


def _mean(values: npt.NDArray[Any]) -> float | None:
    return None if np.isnan(values).all() else float(np.nanmean(values))


def _as_text(value: Mapping[str, Any]) -> str:
    seen = [
        (name, str(row["looks"]), *(_number(row[column]) for column in SEEN))
        for name, row in value["eyes"].items()
    ]
    glanced = [
        (
            name,
            str(row["looks"]),
            *(_number(row[column]) for column in GLANCED),
        )
        for name, row in value["posed"].items()
    ]
    moved = [
        (
            name,
            str(row["moments"]),
            *(f"{_number(row[c])} ({_number(row[c + '_of_mean'])})" for c in MOVED),
        )
        for name, row in value["control"].items()
    ]
    lines = [f"{value['episodes']} episodes in {value['kitchens']} kitchens"]
    if seen:
        lines.append(shown(TextTable(head=("eyes: medians", "looks", *SEEN), rows=seen)))
    if glanced:
        head = ("posed looks", "looks", *GLANCED)
        lines += [
            shown(TextTable(head=head, rows=glanced)),
            "posed looks: in what share of each view's pictures the part is more than 8 of 224 px "
            "off; of what share of single looks part, joint and fixture are more than "
            f"{FAR_CM:.0f} cm off in the room, or not known; medians of the hints' errors",
        ]
    if moved:
        lines += [
            shown(TextTable(head=("control: means", "moments", *MOVED), rows=moved)),
            f"control: told the true points, at step {value['step']} of the chunk; in brackets: "
            "the mean action's",
        ]
    elif seen:
        lines.append("control: no action of these episodes is to be imitated")
    words = value["other_words_m"]
    if words:
        lines.append(
            f"set points move by {100 * words['unseen_wording']:.1f} cm under an unseen wording, "
            f"by {100 * words['another_skill']:.1f} cm under another skill's"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
