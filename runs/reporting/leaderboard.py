"""`leaderboard.json`: one submission to the RoboCasa365 leaderboard, as far as it is known.

The fields are those of the leaderboard's own schema. A figure is given only if it was measured as
the published ones were; otherwise it is "N/A" and `notes` say why. Nobody fills the rest in but the
submitter.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...envs.tasks import all_tasks
from ..evaluation.episode import Episode
from ..evaluation.request import OFFICIAL_EPISODES
from ..evaluation.statistics import group
from .clean import mapping, words

NA = "N/A"
SETS = ("atomic_seen", "composite_seen", "composite_unseen")
OFFICIAL_READING = 16
"""Control steps between two readings of success in the official evaluators."""
FIELDS = (
    "model_name", "policy_family", "date", "submission_source", "robocasa_version",
    *(f"{name}_success" for name in SETS),
    "code_url", "commit_hash", "checkpoint_url", "paper_link", "open_source", "wandb",
    "training_config", "notes",
)  # fmt: skip
_FILL_IN = (
    "policy_family, code_url, commit_hash, checkpoint_url, paper_link, open_source, wandb and "
    "training_config are not known to the evaluation: the submitter fills them in"
)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The three rates and what keeps them from being given."""

    percent: Mapping[str, float | None]
    """Mean of the tasks' success rates by set, 0..100; None if it may not be given."""
    reasons: Sequence[str]


def leaderboard(
    rows: Sequence[Episode], about: Mapping[str, Any], sets: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The submission.

    Args:
        rows: all recorded episodes.
        about: of the evaluation.
        sets: task names by set.
    """
    made = figures(rows, about, sets)
    config = mapping(about.get("config"))
    policy = mapping(config.get("policy"))
    date = words(about.get("begun"))[:10]
    return {
        "model_name": words(policy.get("name")) or NA,
        "policy_family": NA,
        "date": date if _is_date(date) else NA,
        "submission_source": "external",
        "robocasa_version": words(mapping(about.get("versions")).get("rlinf-robocasa365")) or NA,
        **{
            f"{name}_success": NA if (value := made.percent[name]) is None else round(value, 1)
            for name in SETS
        },
        "code_url": NA,
        "commit_hash": NA,
        "checkpoint_url": NA,
        "paper_link": NA,
        "open_source": NA,
        "wandb": NA,
        "training_config": {"batch_size": NA, "num_training_steps": NA},
        "notes": ". ".join([*made.reasons, _parts(config), _FILL_IN]) + ".",
    }


def figures(
    rows: Sequence[Episode], about: Mapping[str, Any], sets: Mapping[str, Sequence[str]]
) -> Figures:
    """The rates that may be set beside published ones."""
    general = _general(rows, about)
    percent: dict[str, float | None] = {}
    reasons = [f"No figure is given: {'; '.join(general)}"] if general else []
    for name in SETS:
        missing = _missing(name, [r for r in rows if r.task in set(sets[name])], sets[name])
        percent[name] = None
        if missing:
            reasons.append(f"{name}_success is N/A: {missing}")
        elif not general:
            mean = group(name, [r for r in rows if r.task in set(sets[name])]).task_mean
            percent[name] = None if mean is None else 100 * mean
    return Figures(percent=percent, reasons=reasons)


def _general(rows: Sequence[Episode], about: Mapping[str, Any]) -> list[str]:
    """What keeps every figure from being compared."""
    config = mapping(about.get("config"))
    limits, env = mapping(config.get("limits")), mapping(config.get("env"))
    privileged = sorted({part for row in rows for part in row.privileged})
    found: list[str] = []
    if not words(about.get("assets")).startswith("full"):
        found.append("it ran on stand-in assets, not on RoboCasa365's own")
    if privileged:
        found.append(f"PRIVILEGED parts read the simulator's truth ({', '.join(privileged)})")
    if config.get("split") != "pretrain":
        found.append(f"the scenes are of split {config.get('split')!r}, the official ones pretrain")
    if limits.get("success_every") != OFFICIAL_READING:
        found.append(
            f"success was read every {limits.get('success_every')} steps, officially every "
            f"{OFFICIAL_READING}"
        )
    if limits.get("max_steps") is not None or limits.get("wall_seconds") is not None:
        found.append("episodes were limited otherwise than by the official horizon")
    if env.get("render_profile") != "exact":
        found.append("pictures were not drawn exactly as RoboCasa draws them")
    if env.get("instruction") is not None:
        found.append("tasks were told in other words than RoboCasa's")
    if about.get("stop_when"):
        found.append(f"tasks were stopped early by a rule ({about['stop_when']})")
    early = sum(r.status == "scored" and not r.success and r.steps < _horizon(r) for r in rows)
    if early:
        found.append(f"{early} failed episodes ended before the official horizon")
    return found


def _horizon(row: Episode) -> int:
    task = all_tasks().get(row.task)
    return (task.horizon if task else None) or row.max_steps


def _missing(name: str, rows: Sequence[Episode], tasks: Sequence[str]) -> str:
    """What the set lacks; empty if nothing."""
    if not rows:
        return f"no task of {name} was run"
    scored = {task: 0 for task in tasks}
    for row in rows:
        scored[row.task] += row.status == "scored"
    few = [task for task, n in scored.items() if n < OFFICIAL_EPISODES]
    if not few:
        return ""
    return (
        f"{len(few)} of its {len(scored)} tasks have fewer than {OFFICIAL_EPISODES} scored episodes"
    )


def _parts(config: Mapping[str, Any]) -> str:
    named = (f"{part} {words(mapping(config.get(part)).get('name')) or 'unknown'}"
             for part in ("planner", "policy", "judge"))  # fmt: skip
    return f"Evaluated with leapcasa: preset {config.get('preset')!r}, {', '.join(named)}"


def problems(submission: Mapping[str, Any]) -> list[str]:
    """What is wrong with a submission, field by field; empty if it is as the schema says."""
    found = [f"{name} is missing" for name in FIELDS if name not in submission]
    found += [f"{name} is no field" for name in submission if name not in (*FIELDS, "submitter")]
    for name, value in submission.items():
        if name in FIELDS and not _fits(name, value):
            found.append(f"{name}: {value!r} does not fit")
    return found


def _fits(name: str, value: Any) -> bool:
    if name == "training_config":
        return (
            isinstance(value, Mapping)
            and value.keys() == {"batch_size", "num_training_steps"}
            and all(one == NA or (type(one) is int and one >= 1) for one in value.values())
        )
    if value == NA:
        return True
    if name.endswith("_success"):
        return type(value) in (int, float) and 0 <= value <= 100
    if name == "submission_source":
        return value in ("internal", "external")
    if name == "open_source":
        return value in ("yes", "no")
    if name == "date":
        return isinstance(value, str) and _is_date(value)
    return isinstance(value, str) and value != ""


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", text) is not None
