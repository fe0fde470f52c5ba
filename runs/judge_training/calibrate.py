"""`leapcasa judge calibrate`: what a trained judge is worth, fitted to what it never saw.

The weights stay what they are; see `judges/sight/calibration.py` for what is fitted. Every member
of a joined judge is calibrated by the windows whose words are for it; one without any stays as it
was. Asked for kinds of subtasks, they get figures of their own, and all else stays as it was.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from scipy.special import expit

from ...configs import ConfigError
from ...envs.skills import kind_of
from ...judges.sight import checkpoint
from ...judges.sight.calibration import Calibration
from ...judges.sight.checkpoint import VIEWS
from ...judges.sight.network import Network
from ...policies.embedded.network import NetworkConfig
from ...sight import folder as folders
from ...sight.members import Members, answers
from ..judge_data.mix import NEGATIVES
from ..judge_statistics import wilson
from ..manifest import Row
from ..policy import dataset
from ..records import make_folder, replace_file
from .sight_data import all_logits, films, windows
from .sight_material import HELD_OUT, TRAIN, clips, demonstrations, played

LEAST = 20
"""Windows of each label, at least, that a view is calibrated by."""
BEGIN = ((1.0, 0.0, 0.02), (0.3, 0.0, 0.1))
"""Slopes, shifts and lapses from which the fit begins; the better end counts."""
BOUNDS = ((0.02, 5.0), (-5.0, 5.0), (1e-4, 0.9))

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class CalibrateRequest:
    """What the user asked for."""

    data: Sequence[Path]
    """Manifests of clips, all of whose rows count, folders of `judge data`, and folders of `policy
    data`, whose kitchens held out of all training count."""
    everything: bool = False
    """All kitchens of `policy data` count, as the judge was trained on none of these folders."""
    kinds: Sequence[str] = ()
    """Kinds of subtasks that get figures of their own; without any, all of a network gets some."""
    judge: Path
    out: Path
    doubts: Mapping[tuple[int, str], float]
    """What networks by number want in a loop that has any doubt: of a kind of subtask, or, where
    that is empty, of all that have none."""
    knows: Mapping[int, Sequence[str]]
    """The kinds of subtasks that networks by number were trained for."""


def calibrate(request: CalibrateRequest, told: Callable[[int, int], None]) -> dict[str, Any]:
    """Fit and write the judge with what was found.

    Args:
        request: what is asked for.
        told: called with how many demonstrations and films there are and how many are done.

    Returns:
        Of each member that was calibrated the figures, and how often it is right before and after.

    Raises:
        ConfigError: for bad input.
        RecordError: if files cannot be written.
    """
    parts = folders.parts(request.judge, checkpoint.KIND)
    members = checkpoint.load_all(request.judge)
    for number in [*(number for number, _ in request.doubts), *request.knows]:
        folders.member(request.judge, checkpoint.KIND, members, number)
    for (number, kind), doubt in request.doubts.items():
        parts[number] = _said(parts[number], kind, {"doubt": doubt})
    for number, known in request.knows.items():
        parts[number] = {**parts[number], "knows": sorted(known)}
    found = _fitted(request, parts, members, told) if request.data else {}
    _write(request, parts)
    return found


def _fitted(
    request: CalibrateRequest,
    parts: list[dict[str, Any]],
    members: Members[Network],
    told: Callable[[int, int], None],
) -> dict[str, Any]:
    """Fit each member that there is enough for, and write it into its part.

    Raises:
        ConfigError: for bad input, or if there is too little for any.
    """
    stretches, rows = _material(request, members.every[0])
    found: dict[str, Any] = {}
    for number in range(len(members.every)):
        shown = _Shown.of(members, number, stretches, rows, told)
        if shown is None:
            continue
        if not request.kinds:
            own = _worth(shown.without(members.every[number].kinds))
            if own is not None:
                found[str(number)] = own
                parts[number] = _said(parts[number], "", _written(own))
        for kind in request.kinds:
            own = _worth(shown.of_kind(kind))
            if own is not None:
                found[f"{number}, {kind}"] = own
                parts[number] = _said(parts[number], kind, _written(own))
    few = [kind for kind in request.kinds if not any(n.endswith(f", {kind}") for n in found)]
    if few or not found:
        raise ConfigError(
            f"there are fewer than {LEAST} windows that are complete, or that are not, of "
            f"{few[0] if few else 'what any network of this judge is for'}; record more"
        )
    return found


def _said(part: Mapping[str, Any], kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A member of `config.json` that says something more, of a kind of subtask or of all."""
    if not kind:
        return {**part, **facts}
    kinds = part.get("kinds", {})
    return {**part, "kinds": {**kinds, kind: {**kinds.get(kind, {}), **facts}}}


def _worth(shown: "_Shown") -> dict[str, Any] | None:
    """Figures, and how often it is right by them; None where there are too few windows."""
    complete = shown.complete
    if min(complete.sum(), (~complete).sum()) < LEAST:
        return None
    fitted = [fit(shown.logits[:, view], complete) for view in range(len(VIEWS))]
    calibrated = np.stack([one(shown.logits[:, view]) for view, one in enumerate(fitted)], 1)
    return {
        "windows": len(complete),
        "complete": int(complete.sum()),
        "before": rightness(shown.now, complete),
        "after": rightness(calibrated, complete),
        "calibration": {view: asdict(one) for view, one in zip(VIEWS, fitted, strict=True)},
    }


def _written(worth: Mapping[str, Any]) -> dict[str, Any]:
    """What of it stands in `config.json`."""
    about = {name: value for name, value in worth.items() if name != "calibration"}
    return {"calibration": worth["calibration"], "calibrated_on": about}


def fit(logits: Floats, complete: Bools) -> Calibration:
    """The likeliest calibration, where two of three windows are not complete, as on the card.

    Args:
        logits: (N,) of one view.
        complete: (N,) the truth; there must be windows of both labels.
    """
    weights = np.where(complete, 1 / complete.sum(), NEGATIVES / (~complete).sum())
    sign = np.where(complete, 1.0, -1.0)

    def surprise(figures: Floats) -> float:
        slope, shift, lapse = figures
        right = lapse / 2 + (1 - lapse) * expit(sign * (slope * logits + shift))
        return float(-(weights * np.log(right)).sum())

    ends = [minimize(surprise, begin, method="L-BFGS-B", bounds=BOUNDS) for begin in BEGIN]
    slope, shift, lapse = min(ends, key=lambda end: end.fun).x.tolist()
    return Calibration(slope=slope, shift=shift, lapse=lapse)


def rightness(logits: Floats, complete: Bools) -> dict[str, Any]:
    """How often the mean of both views is right, by label, with 95 % Wilson intervals.

    Args:
        logits: (N, 2).
        complete: (N,) the truth.
    """
    right = (logits.mean(1) > 0) == complete
    chosen = {"all": np.ones_like(complete), "complete": complete, "not complete": ~complete}
    return {
        name: asdict(wilson(int(right[at].sum()), int(at.sum()))) for name, at in chosen.items()
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shown:
    """What a member says of N windows that are its own."""

    logits: Floats
    """(N, 2) as trained."""
    now: Floats
    """(N, 2) as it is calibrated so far."""
    complete: Bools
    """(N,)."""
    kinds: npt.NDArray[np.str_]
    """(N,) of the subtasks, see `kind_of`."""

    @classmethod
    def of(
        cls,
        members: Members[Network],
        number: int,
        stretches: Sequence[dataset.Stretch],
        rows: Sequence[Row],
        told: Callable[[int, int], None],
    ) -> "_Shown | None":
        """None where there are none."""
        network = members.every[number]
        some = [one for one in stretches if number in members.indices(one.header.subtasks)]
        texts = dict.fromkeys(row.instruction for row in rows)
        asked = dict(zip(texts, members.indices(list(texts)), strict=True))
        own = [row for row in rows if asked[row.instruction] == number]
        if not some and not own:
            return None
        data = windows(
            some, own, network.look, network.config, seed=None,
            told=partial(told, len(some) + len(films(own))),
        )  # fmt: skip
        said = all_logits(network, data).double().numpy()
        kinds = data.kinds[data.subtask.numpy()]
        shown = cls(
            logits=said,
            now=_calibrated(network, said, kinds),
            complete=data.complete.numpy() > 0.5,
            kinds=kinds,
        )
        if members.gate is None:
            return shown
        with torch.inference_mode():  # a demonstration may hold subtasks of several
            mine = answers(members.gate, data.words[data.subtask]) == number
        return shown._at(mine.numpy())

    def of_kind(self, kind: str) -> "_Shown":
        """The windows of one kind of subtask."""
        return self._at(self.kinds == kind)

    def without(self, kinds: Collection[str]) -> "_Shown":
        """The windows of all kinds but some."""
        return self._at(~np.isin(self.kinds, list(kinds)))

    def _at(self, kept: Bools) -> "_Shown":
        parts = {one.name: getattr(self, one.name)[kept] for one in fields(self)}
        return _Shown(**parts)


def _calibrated(network: Network, logits: Floats, kinds: npt.NDArray[np.str_]) -> Floats:
    """(N, 2) what the network's logits are worth by the figures that it has."""
    made = np.empty_like(logits)
    for kind in np.unique(kinds):
        worth, at = network.calibrations_of(str(kind)), kinds == kind
        made[at] = np.stack([worth[view](logits[at, i]) for i, view in enumerate(VIEWS)], 1)
    return made


def _material(
    request: CalibrateRequest, network: Network
) -> tuple[Sequence[dataset.Stretch], Sequence[Row]]:
    rows: list[Row] = []
    demos: list[Path] = []
    for path in request.data:
        if path.is_file():
            rows += clips(path)
        elif (path / TRAIN).is_file():
            rows += clips(path / TRAIN) + clips(path / HELD_OUT)
        else:
            demos.append(path)
    sizes = NetworkConfig(size=network.config.size)
    every = demonstrations(demos, sizes)
    kept = [one for one in every if request.everything or one.held_out]
    stretches = played(kept, network.config)
    if not request.kinds:
        return stretches, rows
    wanted = set(request.kinds)
    return (
        [one for one in stretches if wanted & set(map(kind_of, one.header.subtasks))],
        [row for row in rows if kind_of(row.instruction) in wanted],
    )


def _write(request: CalibrateRequest, parts: Sequence[Mapping[str, Any]]) -> None:
    made: dict[str, bytes] = {
        path.name: path.read_bytes() for path in folders.files(request.judge, checkpoint.KIND)
    }
    said = json.loads((request.judge / folders.CONFIG).read_text())
    said = {**said, folders.MEMBERS: parts} if folders.MEMBERS in said else parts[0]
    text = folders.config_json(checkpoint.KIND, {k: v for k, v in said.items() if k != "format"})
    made[folders.CONFIG] = text.encode()
    made["judge.yaml"] = checkpoint.preset_yaml(request.out).encode()
    make_folder(request.out)
    for name, content in made.items():
        replace_file(request.out / name, lambda stream, content=content: stream.write(content))
