"""From answers to scores: per sample, task and dimension, with 95 % intervals."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..plan_statistics import Difference, Mean, mean, sign_test
from ..tables import TextTable
from . import prompt
from .samples import DIMENSIONS, Sample
from .scoring import Scores, score

SCORES = ("skill_match", "entity_match", "skill_with_entity_match", "exact_match",
          "total_published", "total_full")  # fmt: skip
LEAP_TABLE: Mapping[str, Mapping[str, float]] = {
    "Qwen3-VL-2B-Baseline (published)": {
        "M&T": 29.60, "CommonSense": 25.70, "Semantic": 25.89, "Spatial": 31.10,
        "PhysicsLaw": 24.00, "Complex": 14.28,
    },
    "LEAP checkpoint-5000 (published)": {
        "M&T": 32.96, "CommonSense": 27.27, "Semantic": 28.49, "Spatial": 31.62,
        "PhysicsLaw": 30.27, "Complex": 19.67,
    },
}  # fmt: skip
"""`total_score` of LEAP's README: 0.4 x skill + 0.4 x entity, sampled at temperature 0.7."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a model made of a sample."""

    raw: str
    calls: Any = None
    """The parsed list; anything, for it is the model's."""
    problem: str = ""
    """Why nothing could be parsed."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One sample's reply with its scores."""

    sample: Sample
    reply: Reply
    scores: Scores

    def value(self, name: str) -> float:
        """One of `SCORES`."""
        return float(getattr(self.scores, name))


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """Everything about one model."""

    label: str
    about: Mapping[str, Any]
    """Where it came from, and how it was asked."""
    scored: Sequence[Scored]
    errors: Mapping[str, str]
    """Samples without an answer, which count in no figure."""

    def dimensions(self) -> list[str]:
        """Those it has samples of, in the usual order."""
        there = {one.sample.dimension for one in self.scored}
        return [name for name in DIMENSIONS if name in there]

    def of(self, name: str, *, dimension: str = "", task: str = "") -> Mean:
        """A score's mean over samples, of all or of one dimension or task."""
        return mean(
            [
                one.value(name)
                for one in self.scored
                if dimension in ("", one.sample.dimension) and task in ("", one.sample.task)
            ]
        )

    def average(self, name: str) -> float | None:
        """The mean of the dimensions' means; None unless all six are there."""
        values = [self.of(name, dimension=one).value for one in self.dimensions()]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if len(known) == len(DIMENSIONS) else None

    @property
    def format_errors(self) -> int:
        """Replies that hold no list of calls; they score 0."""
        return sum(bool(one.reply.problem) for one in self.scored)


def reply(raw: str) -> Reply:
    """A model's words, parsed."""
    value, problem = prompt.calls(raw)
    if not problem and not isinstance(value, list):
        problem = "no list of calls"
    return Reply(raw=raw, calls=value, problem=problem)


def scored(samples: Iterable[Sample], replies: Mapping[str, Reply]) -> list[Scored]:
    """Scores of all samples that have a reply."""
    return [
        Scored(
            sample=sample,
            reply=found,
            scores=Scores()
            if found.problem
            else score(sample.reference, found.calls, sample.dependency),
        )
        for sample in samples
        if (found := replies.get(sample.id)) is not None
    ]


def differences(first: ModelResult, second: ModelResult) -> list[Difference]:
    """First minus second on the samples that both answered, per score, with an exact sign test."""
    other = {one.sample.id: one for one in second.scored}
    pairs = [(one, other[one.sample.id]) for one in first.scored if one.sample.id in other]
    out: list[Difference] = []
    for name in SCORES:
        deltas = [a.value(name) - b.value(name) for a, b in pairs]
        wins, losses = sum(d > 0 for d in deltas), sum(d < 0 for d in deltas)
        out.append(
            Difference(
                measure=name,
                mean=mean(deltas),
                wins=wins,
                ties=len(deltas) - wins - losses,
                losses=losses,
                p=sign_test(wins, losses),
            )
        )
    return out


def as_json(result: ModelResult) -> dict[str, Any]:
    """The figures of one model."""
    tasks = {one.sample.task: one.sample.dimension for one in result.scored}
    return {
        "model": result.label,
        "about": dict(result.about),
        "samples": len(result.scored),
        "format_errors": result.format_errors,
        "errors": dict(result.errors),
        "average": {name: result.average(name) for name in SCORES},
        "dimensions": {
            one: {name: asdict(result.of(name, dimension=one)) for name in SCORES}
            for one in result.dimensions()
        },
        "tasks": {
            task: {
                "dimension": where,
                **{name: asdict(result.of(name, task=task)) for name in SCORES},
            }
            for task, where in sorted(tasks.items(), key=lambda pair: (pair[1], pair[0]))
        },
    }


def table(models: Sequence[Mapping[str, Any]], name: str, *, published: bool = False) -> TextTable:
    """Models by dimensions, one score with its interval.

    Args:
        models: `as_json` of each.
        name: one of `SCORES`.
        published: with the rows of LEAP's README, which are of `total_published`.
    """
    rows: list[tuple[str, ...]] = []
    for one in models:
        there = one["dimensions"]
        cells = [_interval(there[d][name]) if d in there else "-" for d in DIMENSIONS]
        average = one["average"][name]
        rows.append((one["model"], *cells, f"{average:.2f}" if average is not None else "-",
                     str(one["samples"]), str(one["format_errors"])))  # fmt: skip
    if published:
        for label, values in LEAP_TABLE.items():
            cells = [f"{values[d]:.2f}" for d in DIMENSIONS]
            rows.append((label, *cells, f"{sum(values.values()) / 6 + 1e-9:.2f}", "", ""))
    return TextTable(head=(name, *DIMENSIONS, "average", "n", "no format"), rows=rows)


def _interval(found: Mapping[str, Any]) -> str:
    return f"{found['value']:.2f} ({found['low']:.1f}-{found['high']:.1f})"


def per_task_csv(models: Sequence[Mapping[str, Any]]) -> bytes:
    """A row per model and task, of `as_json` of each model."""
    rows = [
        {
            "model": one["model"],
            "dimension": found["dimension"],
            "task": task,
            "n": found["skill_match"]["n"],
            **{
                key: found[name][part]
                for name in SCORES
                for key, part in ((name, "value"), (f"{name}_low", "low"), (f"{name}_high", "high"))
            },
        }
        for one in models
        for task, found in one["tasks"].items()
    ]
    return _csv(rows)


def samples_csv(results: Sequence[ModelResult]) -> bytes:
    """A row per model and sample, with what the model said."""
    rows = [
        {
            "model": result.label,
            "dimension": one.sample.dimension,
            "task": one.sample.task,
            "example": one.sample.number,
            **{name: one.value(name) for name in SCORES},
            "format_error": one.reply.problem,
            "raw": one.reply.raw,
        }
        for result in results
        for one in result.scored
    ]
    return _csv(rows)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["model"])
    writer.writeheader()
    writer.writerows(rows)
    # A model may write half of a surrogate pair.
    return stream.getvalue().encode("utf-8", "replace")
