"""Training curves as PNG and SVG."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...vlm.tuning.trainer import Entry
from ..figures import BLUE, GREEN, ORANGE, OTHERS
from ..records import replace_file

FORMS = ("png", "svg")


def write(out: Path, entries: Sequence[Entry]) -> list[Path]:
    """Draw one run's curves beside its log; the files.

    Raises:
        RecordError: if they cannot be written.
    """
    paths = []
    for form in FORMS:
        paths.append(out / f"curves.{form}")
        data = draw({"": entries}, form)
        replace_file(paths[-1], lambda stream, data=data: stream.write(data))
    return paths


def draw(runs: Mapping[str, Sequence[Entry]], form: str) -> bytes:
    """Loss, held-out loss, learning rate and gradient norm over steps.

    Args:
        runs: name -> log; one without a name is drawn in the colours of its curves.
        form: `png` or `svg`.

    Returns:
        The file. The same logs give the same bytes.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: Any = {"svg.hashsalt": "leapcasa", "font.size": 10, "axes.spines.top": False,
             "axes.spines.right": False, "legend.frameon": False}  # fmt: skip
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(13, 4.2), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        loss, rate, norm = figure.subplots(1, 3, width_ratios=(2, 1, 1))
        alone = len(runs) == 1
        for number, (name, entries) in enumerate(runs.items()):
            colour = BLUE if alone else (BLUE, ORANGE, GREEN, *OTHERS)[number % 8]
            said = name or "training"
            _line(loss, entries, "loss", colour, said, alpha=0.9 if alone else 0.45)
            held = ORANGE if alone else colour
            label = "held out" if alone else f"{said}, held out"
            _line(loss, entries, "eval_loss", held, label, marker="o")
            _line(rate, entries, "learning_rate", colour, said)
            _line(norm, entries, "grad_norm", colour, said)
        loss.set(title="Loss of the answer's tokens", xlabel="step", ylabel="nats a token")
        values = [e["loss"] for entries in runs.values() for e in entries if "loss" in e]
        if values and min(values) > 0 and max(values) > 10 * min(values):
            loss.set_yscale("log")
        loss.legend()
        rate.set(title="Learning rate", xlabel="step")
        norm.set(title="Gradient norm", xlabel="step")
        stream = io.BytesIO()
        stamp: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(stream, format=form, metadata=stamp)
    return stream.getvalue()


def _line(
    axes: Any,
    entries: Sequence[Entry],
    name: str,
    colour: str,
    label: str,
    *,
    marker: str = "",
    alpha: float = 1.0,
) -> None:
    points = [(e["step"], e[name]) for e in entries if name in e]
    if points:
        steps, values = zip(*points, strict=True)
        style = {"marker": marker, "ms": 4} if marker else {}
        axes.plot(steps, values, color=colour, label=label, lw=1.6, alpha=alpha, **style)
