"""`leapcasa judge score`: one moment, seen from one to three views, and its verdict."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..configs import ConfigError
from ..envs.sensors import View
from ..judges import nll
from ..judges.base import COMPLETE, NOT_COMPLETE
from . import judge_setup
from .clip_files import ClipFile, read_views
from .console import Console
from .judge_setup import Choice, Likelihoods, Scorer

MODEL_SHOWN = ("judge", "base_model", "adapter", "quantization", "device")


def score_command(
    *,
    videos: Mapping[View, Path],
    instruction: str,
    method: str | None,
    choice: Choice,
    console: Console,
) -> int:
    """Score one moment.

    Args:
        videos: a clip per view that was given.
        instruction: the subtask in words.
        method: how views are joined, short or full name; None for the preset's, or the view's own
            where a single view was given, as the model card's script does.
        choice: which judge.
        console: where the answer goes.

    Returns:
        0.

    Raises:
        ConfigError: for bad input.
        ModelError: if the model fails.
    """
    instruction = instruction.strip()
    if not instruction:
        raise ConfigError('the instruction is empty; give the subtask, --instruction "..."')
    spec = choice.spec()
    how = chosen_method(method, str(spec.options.get("method") or nll.RIGHT_LEFT), tuple(videos))
    frames = judge_setup.frames(spec)
    files = read_views(videos, frames)
    with console.quiet_stdout():
        scorer = judge_setup.make(choice)
        if scorer.info.frames != frames:
            files = read_views(videos, scorer.info.frames)
        likelihoods, spent_ms = _measure(scorer, files, instruction)
    value = verdict(likelihoods, how)
    value |= {
        "model": judge_setup.described(spec),
        "instruction": instruction,
        "clips": {v: {"path": str(videos[v]), "frames": f.total} for v, f in files.items()},
        "milliseconds": spent_ms,
    }
    console.result(value, as_text(value))
    return 0


def chosen_method(asked: str | None, preset: str, views: tuple[View, ...]) -> nll.Method:
    """The rule that joins the views.

    Args:
        asked: by the user; None to choose by the views.
        preset: the preset's method, taken if all its views are there.
        views: that were given.

    Raises:
        ConfigError: for an unknown method, one whose views are missing, or views that no method
            of the card joins by itself.
    """
    if not views:
        raise ConfigError("no clip: give --right A.mp4, and --left B.mp4 for the card's best rule")
    how = nll.method(asked or preset)
    missing = [view for view in how.views if view not in views]
    if not missing:
        return how
    if asked is not None:
        given = ", ".join(f"--{view}" for view in missing)
        raise ConfigError(f"method {asked!r} needs {given} too (given: {', '.join(views)})")
    if "right" in views and "left" in views:
        return nll.METHODS[nll.RIGHT_LEFT]
    if len(views) == 1:
        return nll.method(views[0])
    raise ConfigError(
        f"no method of the model card joins {' and '.join(views)}: add the missing view, or name "
        f"one, for instance --method {views[0]}"
    )


def verdict(likelihoods: Likelihoods, how: nll.Method) -> dict[str, Any]:
    """The model card's JSON, and what it was made from.

    Returns:
        `prediction`, `ensemble` and `scores` as the card's script prints them; `margin`, score(not
        complete) - score(complete); `per_view`, mean-token NLL by view and label; `tokens` by
        label.
    """
    views = judge_setup.ordered(likelihoods)
    scores = nll.scores(views, how)
    first = next(iter(views.values()))
    return {
        "prediction": nll.lowest(scores),
        "ensemble": how.name,
        "scores": scores,
        "margin": scores[NOT_COMPLETE] - scores[COMPLETE],
        "per_view": {
            view: {label: answer.mean for label, answer in answers.items()}
            for view, answers in views.items()
        },
        "tokens": {label: answer.tokens for label, answer in first.items()},
    }


def as_text(value: Mapping[str, Any]) -> str:
    """The same JSON for people: a line per fact, numbers to four places as in the model card.

    Of the model only what it is; its settings are in `--json` and in the preset.
    """
    model = {name: inner for name, inner in value["model"].items() if name in MODEL_SHOWN}
    value = {**value, "model": model}
    lines = (
        f"  {json.dumps(key)}: {json.dumps(_rounded(inner), ensure_ascii=False, default=str)}"
        for key, inner in value.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    return value


def _measure(
    scorer: Scorer, files: Mapping[View, ClipFile], instruction: str
) -> tuple[Likelihoods, float]:
    """Likelihoods, and the wall time they took [ms]."""
    began = time.perf_counter()
    (likelihoods,) = scorer.measure_batch(
        [({view: file.clip for view, file in files.items()}, instruction)]
    )
    return likelihoods, (time.perf_counter() - began) * 1e3
