"""The picture of an evaluation: is the judge calibrated, does it rank, where do its margins lie."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .figures import BLUE, GREEN, GREY, ORANGE, OTHERS
from .judge_results import MethodResult, primary
from .judge_statistics import Operating

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(results: Sequence[MethodResult], form: Literal["png", "svg"]) -> bytes:
    """Reliability curve, ROC and margins by label, side by side.

    Args:
        results: at least one. Curve and margins are of the primary method, ROC of all.
        form: file format.

    Returns:
        The file. The same results give the same bytes.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: Any = {"svg.hashsalt": "leapcasa", "font.size": 10, "axes.spines.top": False,
             "axes.spines.right": False, "legend.frameon": False}  # fmt: skip
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(16, 5.2), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        left, middle, right = figure.subplots(1, 3)
        main = primary(results)
        _reliability(left, main)
        _roc(middle, results, main)
        _margins(right, main)
        figure.suptitle(f"{main.title}: {len(main.margin)} clips", fontweight="bold")
        stream = io.BytesIO()
        stamp: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(stream, format=form, metadata=stamp)
    return stream.getvalue()


def _reliability(axes: "Axes", result: MethodResult) -> None:
    axes.set(title="Reliability", xlabel='probability of "complete"', ylabel="share complete",
             xlim=(0, 1), ylim=(-0.02, 1.02))  # fmt: skip
    if result.reliability is None:
        return _nothing(axes, "a vote gives no probabilities")
    bins = [b for b in result.reliability.bins if b.complete.value is not None]
    counts = np.array([b.complete.n for b in bins])
    axes.bar([b.low for b in bins], counts / counts.sum(), width=[b.high - b.low for b in bins],
             align="edge", color="#e3e3e3", edgecolor="white", label="share of clips")  # fmt: skip
    axes.plot([0, 1], [0, 1], ls="--", color=GREY, lw=1, label="calibrated")
    mean = np.array([b.mean for b in bins], dtype=float)
    low, value, high = (
        np.array([getattr(b.complete, name) for b in bins], dtype=float)
        for name in ("low", "value", "high")
    )
    spread = np.maximum([value - low, high - value], 0).tolist()
    axes.errorbar(mean, value, yerr=spread, fmt="o-", color=BLUE, capsize=3, lw=1.5, ms=5,
                  label="judge, 95 %")  # fmt: skip
    axes.set_title(
        f"Reliability (ECE {result.reliability.ece:.3f}, Brier {result.reliability.brier:.3f})"
    )
    axes.legend(loc="upper left")


def _roc(axes: "Axes", results: Sequence[MethodResult], main: MethodResult) -> None:
    axes.set(title="ROC", xlabel="false-advance rate (not complete, declared complete)",
             ylabel="recall (complete, declared complete)",
             xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))  # fmt: skip
    if main.auc is None:
        return _nothing(axes, "needs clips of both labels")
    axes.plot([0, 1], [0, 1], ls="--", color=GREY, lw=1)
    others = [r for r in results if r is not main and r.auc is not None]
    for colour, result in zip(OTHERS, others, strict=False):
        curve = result.curve
        axes.plot(curve.false_advance_rate, curve.recall, color=colour, lw=1.2,
                  label=f"{result.title} ({result.auc:.3f})")  # fmt: skip
    axes.plot(main.curve.false_advance_rate, main.curve.recall, color=BLUE, lw=2.4,
              label=f"{main.title} ({main.auc:.3f})")  # fmt: skip
    point = main.operating
    if point is not None and point.recall.value is not None:
        assert point.false_advance.value is not None
        axes.plot(point.false_advance.value, point.recall.value, "o", ms=9, color=ORANGE,
                  label=_threshold(point), zorder=5, clip_on=False)  # fmt: skip
    axes.legend(loc="lower right", title="method (AUC)", fontsize=8.5)


def _margins(axes: "Axes", result: MethodResult) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set(title="Margins by true label", ylabel="clips",
             xlabel="margin: score(not complete) − score(complete)")  # fmt: skip
    edges = np.histogram_bin_edges(result.margin, bins=min(40, max(10, len(result.margin) // 4)))
    for wanted, colour, label in ((False, ORANGE, "not complete"), (True, BLUE, "complete")):
        chosen = result.margin[result.complete == wanted]
        axes.hist(chosen, bins=edges.tolist(), color=colour, alpha=0.55, edgecolor="white", lw=0.4,
                  label=f"{label} ({len(chosen)})")  # fmt: skip
    axes.axvline(0, ymax=0.72, color="black", lw=1.2, label="the card's rule: 0")
    if result.operating is not None and result.operating.margin is not None:
        axes.axvline(result.operating.margin, ymax=0.72, color=GREEN, lw=1.5, ls="--",
                     label=_threshold(result.operating))  # fmt: skip
    axes.legend(loc="upper left")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, axes.get_ylim()[1] * 1.35)  # room for the legend above the bars


def _threshold(point: Operating) -> str:
    if point.margin is None:
        return f"false advance ≤ {point.wanted:.1%}: any margin"
    return f"false advance ≤ {point.wanted:.1%}: margin > {point.margin:.4g}"


def _nothing(axes: "Axes", why: str) -> None:
    axes.text(0.5, 0.5, why, ha="center", va="center", color=GREY, transform=axes.transAxes)
