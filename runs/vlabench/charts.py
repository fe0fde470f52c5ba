"""Pictures of an evaluation: a radar over the six dimensions, and bars with intervals."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..figures import COLOURS, GREY, Form, figure_file, new_figure
from .results import LEAP_TABLE, ModelResult
from .samples import DIMENSIONS


def radar(results: Sequence[ModelResult], form: Form, *, published: bool) -> bytes:
    """`total_published` of each model over the dimensions it has samples of.

    Args:
        results: one line each.
        form: file format.
        published: with the lines of LEAP's README.
    """
    lines: dict[str, Mapping[str, float | None]] = {
        result.label: {one: result.of("total_published", dimension=one).value for one in DIMENSIONS}
        for result in results
    }
    figure = new_figure(8.5, 6)
    axes: Any = figure.add_subplot(projection="polar")
    axes.set_theta_offset(math.pi / 2)
    axes.set_theta_direction(-1)
    angles = [2 * math.pi * i / len(DIMENSIONS) for i in range(len(DIMENSIONS))]
    axes.set_xticks(angles, list(DIMENSIONS))
    axes.tick_params(axis="x", pad=20)
    highest = 0.0
    shown = [*lines.items(), *(LEAP_TABLE.items() if published else ())]
    for index, (label, values) in enumerate(shown):
        known = [(a, values[d]) for a, d in zip(angles, DIMENSIONS, strict=True)]
        points = [(a, float(v)) for a, v in known if v is not None]
        highest = max([highest, *(v for _, v in points)])
        closed = [*points, points[0]] if len(points) == len(angles) else points
        theirs = label in LEAP_TABLE
        axes.plot(
            [a for a, _ in closed], [v for _, v in closed], marker="o", ms=3.5, label=label,
            color=GREY if theirs else COLOURS[index % len(COLOURS)],
            ls=(":" if "Baseline" in label else "--") if theirs else "-", lw=1.4 if theirs else 2,
        )  # fmt: skip
    axes.set_ylim(0, min(80.0, max(10.0, highest * 1.15)))
    axes.set_title("0.4 x skill + 0.4 x entity (at most 80)", fontsize=10, pad=24)
    axes.legend(loc="upper left", bbox_to_anchor=(1.12, 1.02), fontsize=8.5)
    return figure_file(figure, form)


def bars(results: Sequence[ModelResult], form: Form) -> bytes:
    """Both totals per dimension, with 95 % intervals."""
    figure = new_figure(11, 6.4)
    for axes, name, top in zip(
        figure.subplots(2, 1, sharex=True),
        ("total_published", "total_full"),
        (80, 100),
        strict=True,
    ):
        width = 0.8 / max(1, len(results))
        for index, result in enumerate(results):
            found = [result.of(name, dimension=one) for one in DIMENSIONS]
            places = [i - 0.4 + width * (index + 0.5) for i in range(len(DIMENSIONS))]
            there = [(x, f) for x, f in zip(places, found, strict=True) if f.value is not None]
            heights = [f.value or 0.0 for _, f in there]
            spread = [
                [h - (f.low or 0.0) for h, (_, f) in zip(heights, there, strict=True)],
                [(f.high or 0.0) - h for h, (_, f) in zip(heights, there, strict=True)],
            ]
            axes.bar([x for x, _ in there], heights, width * 0.92, yerr=spread, capsize=2,
                     color=COLOURS[index % len(COLOURS)], label=result.label,
                     error_kw={"lw": 1, "ecolor": "#333333"})  # fmt: skip
        axes.set(ylabel=f"{name} (of {top})")
        axes.set_ylim(0, None)
        axes.set_xticks(range(len(DIMENSIONS)), list(DIMENSIONS))
    figure.axes[0].legend(
        ncols=min(4, max(1, len(results))), fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 1.01)
    )
    return figure_file(figure, form)
