"""Drawn pictures: the colours, a figure without a screen, and files that are the same each time."""

import io
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Form = Literal["png", "svg"]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6b6b6b"
OTHERS = ("#56B4E9", "#CC79A7", "#E69F00", "#882255", "#44AA99")
"""Okabe and Ito's colours, which differ for every kind of sight, and two of Tol's."""
COLOURS = (BLUE, ORANGE, GREEN, *OTHERS)


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_file(figure: "Figure", form: Form) -> bytes:
    """The figure as a file; the same figure gives the same bytes."""
    import matplotlib

    style: Any = {"svg.hashsalt": "leapcasa"}
    with matplotlib.rc_context(style):
        for axes in figure.axes:
            for side in ("top", "right"):
                if side in axes.spines:
                    axes.spines[side].set_visible(False)
        stream = io.BytesIO()
        stamp: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(stream, format=form, metadata=stamp, bbox_inches="tight")
    return stream.getvalue()
