"""Tables, picture and page of a review."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..figures import COLOURS, GREEN, GREY, OTHERS, Form, figure_file, new_figure
from ..page import Note, Section, page
from ..plan_statistics import Mean, mean
from ..tables import TextTable
from . import statistics
from .question import CRITERIA, FINAL
from .round import Judgement
from .statistics import MEASURES, Rating

EXPLAINED = (
    "Scores from 1 to 5, plans unnamed and shown together in balanced orders; final is the mean of "
    "the four criteria. Means over samples with 95 % bootstrap intervals; each judge counts alike.",
    "Order bias: how much more a plan got for being shown first than for being shown last.",
    "Agreement is Krippendorff's alpha (interval) between judges, consistency the same between one "
    "judge's rounds: 1 is agreement, 0 is chance.",
)


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything that came of it."""

    models: tuple[str, ...]
    judges: tuple[str, ...]
    judgements: Sequence[Judgement]
    prices: Mapping[str, tuple[float, float]]
    """Judge -> dollars per million tokens read and written."""

    @property
    def ratings(self) -> list[Rating]:
        """Every usable score."""
        return [rating for one in self.judgements for rating in one.ratings()]

    @property
    def unusable(self) -> list[Judgement]:
        """Judgements without scores."""
        return [one for one in self.judgements if not one.scores]


def as_json(review: Review) -> dict[str, Any]:
    """All figures."""
    ratings = review.ratings
    pairs = [(a, b) for i, a in enumerate(review.models) for b in review.models[i + 1 :]]
    return {
        "models": {
            model: {
                "samples": len(statistics.per_sample(ratings, model, FINAL)),
                **{name: asdict(_of(ratings, model, name)) for name in MEASURES},
            }
            for model in review.models
        },
        "comparisons": [
            asdict(statistics.compare(ratings, a, b, name)) for a, b in pairs for name in MEASURES
        ],
        "agreement": {name: statistics.agreement(ratings, name) for name in MEASURES}
        if len(review.judges) > 1
        else None,
        "order_bias": _bias(ratings, ""),
        "judges": {judge: _judge(review, judge) for judge in review.judges},
        "judgements": len(review.judgements),
        "unusable": len(review.unusable),
        "cost": _sum([cost(review, judge) for judge in review.judges]),
    }


def _of(ratings: Sequence[Rating], model: str, name: str) -> Mean:
    return mean(list(statistics.per_sample(ratings, model, name).values()))


def _judge(review: Review, judge: str) -> dict[str, Any]:
    ratings = review.ratings
    own = [one for one in review.judgements if one.judge == judge]
    return {
        "judgements": len(own),
        "unusable": sum(not one.scores for one in own),
        "asked_again": sum(max(0, len(one.answers) - 1) for one in own),
        "prompt_tokens": sum(one.prompt_tokens for one in own),
        "completion_tokens": sum(one.completion_tokens for one in own),
        "cost": cost(review, judge),
        "order_bias": _bias(ratings, judge),
        "consistency": {
            name: statistics.consistency(ratings, name, judge) for name in MEASURES
        },
        "models": {
            model: asdict(mean(list(statistics.per_sample(ratings, model, FINAL, judge).values())))
            for model in review.models
        },
    }  # fmt: skip


def cost(review: Review, judge: str) -> float | None:
    """Dollars spent on a judge; None without a price."""
    if judge not in review.prices:
        return None
    read, written = review.prices[judge]
    own = [one for one in review.judgements if one.judge == judge]
    tokens = [sum(one.prompt_tokens for one in own), sum(one.completion_tokens for one in own)]
    return (tokens[0] * read + tokens[1] * written) / 1e6


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _bias(ratings: Sequence[Rating], judge: str) -> dict[str, Any]:
    return {
        name: asdict(found) if (found := statistics.order_bias(ratings, name, judge)) else None
        for name in MEASURES
    }


def scores_table(value: Mapping[str, Any]) -> TextTable:
    """Models by criteria."""
    rows = [
        (model, *(_shown(found[name]) for name in MEASURES), str(found["samples"]))
        for model, found in value["models"].items()
    ]
    return TextTable(head=("model", *MEASURES, "n"), rows=rows)


def comparison_table(value: Mapping[str, Any]) -> TextTable:
    """Pairs of models."""
    rows = [
        (f"{one['first']} - {one['second']}", one["measure"], _shown(one["mean"]),
         f"{one['wins']}/{one['ties']}/{one['losses']}", _p(one["p_sign"]), _p(one["p_wilcoxon"]))
        for one in value["comparisons"]
    ]  # fmt: skip
    head = ("models", "measure", "difference", "better/same/worse", "p sign", "p Wilcoxon")
    return TextTable(head=head, rows=rows)


def judges_table(value: Mapping[str, Any]) -> TextTable:
    """Judges: what they cost and how far they can be trusted."""
    rows = [
        (judge, str(one["judgements"]), str(one["unusable"]), str(one["asked_again"]),
         _shown(one["order_bias"][FINAL]), _number(one["consistency"][FINAL]),
         f"{one['prompt_tokens']}+{one['completion_tokens']}",
         "-" if one["cost"] is None else f"${one['cost']:.4f}")
        for judge, one in value["judges"].items()
    ]  # fmt: skip
    head = ("judge", "judgements", "unusable", "asked again", "order bias", "consistency",
            "tokens", "cost")  # fmt: skip
    return TextTable(head=head, rows=rows)


def _shown(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "-"
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def chart(value: Mapping[str, Any], form: Form) -> bytes:
    """Every model's scores beside each other, and each judge's order bias."""
    figure = new_figure(12, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=[3, 1.2])
    models = value["models"]
    width = 0.8 / max(1, len(models))
    for index, (model, found) in enumerate(models.items()):
        known = [(i, found[name]) for i, name in enumerate(MEASURES)
                 if found[name]["value"] is not None]  # fmt: skip
        places = [i - 0.4 + width * (index + 0.5) for i, _ in known]
        heights = [one["value"] for _, one in known]
        spread = [[one["value"] - one["low"] for _, one in known],
                  [one["high"] - one["value"] for _, one in known]]  # fmt: skip
        left.bar(places, heights, width * 0.92, yerr=spread, capsize=2, label=model,
                 color=COLOURS[index % len(COLOURS)])  # fmt: skip
    left.set_xticks(range(len(MEASURES)), [name.replace("_", "\n") for name in MEASURES])
    left.set(ylabel="score, 1 to 5", ylim=(1, 5))
    left.legend(ncols=min(4, max(1, len(models))), loc="lower left", bbox_to_anchor=(0, 1.01))
    biases = [(judge, one["order_bias"][FINAL]) for judge, one in value["judges"].items()]
    for index, (judge, bias) in enumerate(biases):
        if bias is None:
            continue
        right.errorbar(index, bias["value"], [[bias["value"] - bias["low"]],
                       [bias["high"] - bias["value"]]], fmt="o", capsize=4,
                       color=(GREEN, *OTHERS)[index % 6], label=judge)  # fmt: skip
    right.axhline(0, color=GREY, lw=1, ls="--")
    right.set_xticks(range(len(biases)), [judge for judge, _ in biases])
    right.set_xlim(-0.6, max(0.6, len(biases) - 0.4))
    right.set_title("order bias (first - last)", fontsize=10)
    return figure_file(figure, form)


def html(review: Review, value: Mapping[str, Any], picture: bytes) -> bytes:
    """The page, with every judgement folded away."""
    notes = [
        Note(
            title=f"{one.sample}, round {one.round}, {one.judge}: "
            + (", ".join(f"{m} {s[FINAL]:.2f}" for m, s in zip(one.order, one.scores, strict=True))
               if one.scores else f"unusable: {one.trouble}"),
            text=f"{one.prompt}\n\n--- the judge ---\n" + "\n---\n".join(one.answers),
        )
        for one in review.judgements[:1000]
    ]  # fmt: skip
    alpha = value["agreement"]
    between = [f"Agreement between judges (final): {_number(alpha[FINAL])}."] if alpha else []
    return page(
        "Blind review of plans",
        [
            Section(title="Scores", text=EXPLAINED, tables=[scores_table(value)],
                    pictures=[picture]),
            Section(title="Comparisons", tables=[comparison_table(value)]),
            Section(title="Judges", text=between, tables=[judges_table(value)]),
            Section(title="Judgements", notes=notes),
        ],
    )  # fmt: skip


def ratings_csv(review: Review) -> bytes:
    """A row per model, sample, judge and round."""
    stream = io.StringIO(newline="")
    head = ["model", "sample", "judge", "round", "position", *CRITERIA, FINAL]
    writer = csv.DictWriter(stream, fieldnames=head)
    writer.writeheader()
    for one in review.ratings:
        writer.writerow({**{k: getattr(one, k) for k in head[:5]}, **one.scores})
    return stream.getvalue().encode("utf-8", "replace")
