"""The tables of an evaluation: a row a planner, a row a plan, a row a comparison."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from .judge_statistics import Rate
from .plan_cases import Case
from .plan_metrics import measure
from .plan_reading import read
from .plan_statistics import MEASURES, Difference, Mean, Scored, compare, summary
from .plan_store import Made


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannerResult:
    """One planner over all cases that it was asked."""

    label: str
    name: str
    """The planner's own."""
    options: Mapping[str, Any]
    privileged: bool
    made: Mapping[str, Made]
    """By case."""
    scores: Mapping[str, Scored]
    """By case."""

    def summary(self) -> dict[str, Rate | Mean]:
        """Every measure over all cases."""
        return summary(list(self.scores.values()))

    @property
    def refused(self) -> int:
        """Cases without a plan."""
        return sum(bool(made.error) for made in self.made.values())

    @property
    def mended(self) -> int:
        """Cases with a plan before which something was rejected: a step, an answer, a model."""
        return sum(bool(made.rejected) and not made.error for made in self.made.values())


def score(case: Case, made: Made) -> Scored:
    """Measure one plan against its case."""
    reading = read(made.subtasks)
    result = measure(case.reference, reading, refused=not made.subtasks)
    return Scored(score=result, milliseconds=made.milliseconds)


def comparisons(results: Sequence[PlannerResult]) -> list[tuple[str, str, list[Difference]]]:
    """Every pair of planners, in the order they were named."""
    return [(a.label, b.label, compare(a.scores, b.scores)) for a, b in combinations(results, 2)]


def as_json(result: PlannerResult) -> dict[str, Any]:
    """One planner's figures."""
    return {
        "planner": result.label,
        "name": result.name,
        "options": dict(result.options),
        "privileged": result.privileged,
        "cases": len(result.scores),
        "refused": result.refused,
        "with_rejections": result.mended,
        "measures": {name: asdict(value) for name, value in result.summary().items()},
    }


def comparison_json(first: str, second: str, found: Sequence[Difference]) -> dict[str, Any]:
    """One comparison's figures."""
    measures = {
        d.measure: {
            "difference": d.mean.value,
            "low": d.mean.low,
            "high": d.mean.high,
            "n": d.mean.n,
            "wins": d.wins,
            "ties": d.ties,
            "losses": d.losses,
            "p": d.p,
        }
        for d in found
    }
    return {"first": first, "second": second, "measures": measures}


def rows(cases: Sequence[Case], results: Sequence[PlannerResult]) -> list[dict[str, Any]]:
    """A row per planner and case."""
    return [
        {
            "planner": result.label,
            "case": case.id,
            "task": case.task,
            **asdict(result.scores[case.id].score),
            "milliseconds": result.scores[case.id].milliseconds,
            "error": result.made[case.id].error,
            "subtasks": list(result.made[case.id].subtasks),
            "rejected": list(result.made[case.id].rejected),
        }
        for result in results
        for case in cases
        if case.id in result.scores
    ]


def per_task_csv(table: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows without the plans' words."""
    names = [name for name in table[0] if name not in ("subtasks", "rejected")]
    return _csv(names, [[_cell(row[name]) for name in names] for row in table])


def per_task_table(table: Sequence[Mapping[str, Any]]) -> Any:
    """The rows as a pyarrow table, the plans' words included."""
    import pyarrow

    text, whole, real, flag = pyarrow.string(), pyarrow.int32(), pyarrow.float64(), pyarrow.bool_()
    kinds = {str: text, int: whole, float: real, bool: flag, list: pyarrow.list_(text)}
    shares = {m.name for m in MEASURES if m.share and not m.rate}
    schema = {n: real if n in shares else kinds[type(v)] for n, v in table[0].items()}
    return pyarrow.Table.from_pylist(list(table), schema=pyarrow.schema(list(schema.items())))


def per_planner_csv(results: Sequence[PlannerResult]) -> bytes:
    """A row per planner and measure."""
    return _csv(
        ["planner", "measure", "n", "value", "low", "high"],
        [
            [result.label, name, value.n, value.value, value.low, value.high]
            for result in results
            for name, value in result.summary().items()
        ],
    )


def _cell(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _csv(head: Sequence[str], lines: Sequence[Sequence[Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    return stream.getvalue().encode()
