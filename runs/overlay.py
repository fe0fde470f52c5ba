"""The annotated frame: both views, the task, the plan, the judge's curve and the marks over time.

Knows how an episode looks at 1280 x 720, nothing of how it runs: `runs.video` translates the agent
into the plain values below. Whatever stays the same from frame to frame is drawn once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from ..envs.sensors import CONTROL_HZ, Image, View
from . import drawing as ink
from .chart import Chart, JudgeMark
from .drawing import Canvas, Colour

WIDTH, HEIGHT = 1280, 720
EDGE = 16
VIEW = 448
"""Side of a view on the canvas [px]; twice the judge's 224."""
VIEWS_Y = 94
SIDE_X = EDGE + 2 * VIEW + EDGE
SIDE_WIDTH = WIDTH - EDGE - SIDE_X
BOTTOM_Y = VIEWS_Y + VIEW + 10
BOTTOM_HEIGHT = HEIGHT - EDGE + 6 - BOTTOM_Y
ROW_SIZE, ROW_LINE = 18, 23

SHOWN: tuple[View, View] = ("right", "left")
"""The views side by side, in this order."""

Status = Literal["pending", "current", "done", "failed"]

COLOURS: Mapping[Status, Colour] = {
    "pending": ink.MUTED,
    "current": ink.BLUE,
    "done": ink.GREEN,
    "failed": ink.RED,
}


@dataclass(frozen=True, kw_only=True)
class Title:
    """What is true of the whole episode."""

    task: str
    instruction: str
    subtitle: str
    """Split, seed and the parts in use, in a few words."""
    privileged: tuple[str, ...] = ()
    """The parts that read the simulator's truth."""
    standin: bool = False
    """True if it runs on generated stand-in assets."""
    threshold: float = 0.0
    """The judge's margin at which a subtask counts as complete."""
    limit: int | None = None
    """The most control steps the episode may take."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One subtask of the plan."""

    text: str
    status: Status
    tries: int = 1


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the episode ended; shown on the last frames."""

    headline: str
    detail: str
    good: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """What is true of one frame."""

    images: Mapping[View, Image]
    """(H, W, 3) uint8 RGB by view; a view that is missing is left dark."""
    step: int
    rows: tuple[Row, ...] = ()
    verdict: JudgeMark | None = None
    """The judge's last word on the current subtask."""
    news: str = ""
    """The last thing that happened to the plan, in words."""
    ending: Ending | None = None


class Overlay:
    """Draws the frames of one episode, in order. Not safe for several threads at once."""

    def __init__(self, title: Title) -> None:
        self.title = title
        self.chart = Chart(
            width=SIDE_X - 2 * EDGE,
            height=BOTTOM_HEIGHT,
            threshold=title.threshold,
            hz=CONTROL_HZ,
        )
        self._base = ink.blank(WIDTH, HEIGHT)
        self._draw_title()
        self._drawn_rows: tuple[Row, ...] | None = None

    def draw(self, moment: Moment) -> Canvas:
        """One finished frame.

        Returns:
            (720, 1280, 3) uint8 RGB, the caller's to keep.
        """
        if moment.rows != self._drawn_rows:
            self._draw_plan(moment.rows)
            self._drawn_rows = moment.rows
        canvas = self._base.copy()
        for x, view in zip((EDGE, EDGE + VIEW), SHOWN, strict=True):
            if view in moment.images:
                _draw_view(canvas, x, VIEWS_Y, moment.images[view], view)
        self.chart.draw(canvas, EDGE, BOTTOM_Y, moment.step)
        self._draw_status(canvas, moment)
        if moment.ending is not None:
            _draw_ending(canvas, moment.ending)
        return canvas

    def _draw_title(self) -> None:
        title, art = self.title, self._base
        right = WIDTH - EDGE
        if title.standin:
            right = ink.pill(art, right, 10, "STAND-IN ASSETS", ink.BACKGROUND, ink.AMBER, 16) - 10
        if title.privileged:
            label = "PRIVILEGED: " + ", ".join(title.privileged)
            right = ink.pill(art, right, 10, label, ink.BACKGROUND, ink.RED, 16) - 10
        x = EDGE + ink.put_text(art, EDGE, 4, title.task, 28, bold=True) + 16
        ink.put_text(art, x, 15, ink.cut(title.subtitle, 17, right - x), 17, ink.MUTED)
        for number, line in enumerate(ink.wrap(title.instruction, 18, WIDTH - 2 * EDGE, 2)):
            ink.put_text(art, EDGE, 42 + 24 * number, line, 18)
        ink.fill(art, EDGE, VIEWS_Y, EDGE + 2 * VIEW, VIEWS_Y + VIEW, (0, 0, 0))

    def _draw_plan(self, rows: tuple[Row, ...]) -> None:
        art, bottom = self._base, VIEWS_Y + VIEW
        ink.fill(art, SIDE_X, VIEWS_Y, WIDTH, bottom, ink.BACKGROUND)
        ink.rounded(art, SIDE_X, VIEWS_Y, WIDTH - EDGE, bottom, ink.PANEL)
        ink.put_text(art, SIDE_X + 14, VIEWS_Y + 8, "Plan", 20, bold=True)
        done = sum(row.status == "done" for row in rows)
        tally = f"{done} of {len(rows)} declared done"
        ink.put_text(art, WIDTH - EDGE - 14, VIEWS_Y + 11, tally, 16, ink.MUTED, align="right")
        y, limit = VIEWS_Y + 44, bottom - 10
        first, last = _visible(rows, limit - y)
        if first > 0:
            ink.put_text(art, SIDE_X + 44, y - 4, f"{first} before", 16, ink.FAINT)
            y += ROW_LINE
        for number in range(first, last):
            y = _draw_row(art, y, number, rows[number])
        if last < len(rows):
            ink.put_text(art, SIDE_X + 44, y - 4, f"{len(rows) - last} more", 16, ink.FAINT)

    def _draw_status(self, canvas: Canvas, moment: Moment) -> None:
        x, y, right = SIDE_X, BOTTOM_Y, WIDTH - EDGE
        ink.rounded(canvas, x, y, right, y + BOTTOM_HEIGHT, ink.PANEL)
        x, right = x + 14, right - 14
        ink.put_text(canvas, x, y + 8, f"{moment.step / CONTROL_HZ:.2f} s", 26, bold=True)
        of = f" of {self.title.limit}" if self.title.limit else ""
        ink.put_text(canvas, right, y + 15, f"step {moment.step}{of}", 18, ink.MUTED, align="right")
        verdict = moment.verdict
        if verdict is None:
            ink.put_text(canvas, x, y + 52, "judge: not asked yet", 18, ink.FAINT)
        else:
            colour = ink.GREEN if verdict.complete else ink.MUTED
            word = "complete" if verdict.complete else "not complete"
            ink.put_text(canvas, x, y + 52, f"judge: {word}", 18, colour)
            ink.put_text(canvas, right, y + 52, f"{verdict.margin:+.2f}", 18, colour, align="right")
        for number, line in enumerate(ink.wrap(moment.news, 17, right - x, 3)):
            ink.put_text(canvas, x, y + 84 + 22 * number, line, 17, ink.TEXT)


def _draw_view(canvas: Canvas, x: int, y: int, image: Image, name: str) -> None:
    if image.shape[:2] != (VIEW, VIEW):
        shape = image.shape
        scale = min(VIEW / shape[0], VIEW / shape[1])
        size = (round(shape[1] * scale), round(shape[0] * scale))
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        image = np.asarray(cv2.resize(image, size, interpolation=how), dtype=np.uint8)
    height, width = image.shape[:2]
    top, left = y + (VIEW - height) // 2, x + (VIEW - width) // 2
    canvas[top : top + height, left : left + width] = image
    label = f"{name} view"
    wide = ink.text_width(label, 16) + 16
    ink.shade(canvas, x, y + VIEW - 28, x + wide, y + VIEW, (0, 0, 0), 0.6)
    ink.put_text(canvas, x + 8, y + VIEW - 25, label, 16)


def _draw_ending(canvas: Canvas, ending: Ending) -> None:
    colour = ink.GREEN if ending.good else ink.RED
    y = VIEWS_Y + VIEW - 136
    ink.shade(canvas, EDGE, y, EDGE + 2 * VIEW, y + 100, (0, 0, 0), 0.82)
    ink.fill(canvas, EDGE, y, EDGE + 2 * VIEW, y + 3, colour)
    ink.fill(canvas, EDGE, y + 97, EDGE + 2 * VIEW, y + 100, colour)
    middle = EDGE + VIEW
    ink.put_text(canvas, middle, y + 12, ending.headline, 36, colour, bold=True, align="center")
    detail = ink.cut(ending.detail, 18, 2 * VIEW - 40)
    ink.put_text(canvas, middle, y + 63, detail, 18, ink.TEXT, align="center")


def _row_lines(row: Row) -> tuple[str, ...]:
    text = row.text + (f"  (try {row.tries})" if row.tries > 1 else "")
    return ink.wrap(text, ROW_SIZE, SIDE_WIDTH - 58, 3)


def _row_height(row: Row) -> int:
    return ROW_LINE * len(_row_lines(row)) + 9


def _visible(rows: tuple[Row, ...], room: int) -> tuple[int, int]:
    """The range of rows that fits into `room` px with the current one in it."""
    heights = [_row_height(row) for row in rows]
    if sum(heights) <= room:
        return 0, len(rows)
    room -= 2 * ROW_LINE
    current = next((i for i, row in enumerate(rows) if row.status == "current"), None)
    if current is None:
        unfinished = (i for i, row in enumerate(rows) if row.status == "pending")
        current = next(unfinished, len(rows) - 1)
    first = last = max(0, current - 1)
    used = 0
    while last < len(rows) and used + heights[last] <= room:
        used += heights[last]
        last += 1
    while first > 0 and used + heights[first - 1] <= room:
        first -= 1
        used += heights[first]
    return first, max(last, first + 1)


def _draw_row(art: Canvas, y: int, number: int, row: Row) -> int:
    lines, colour = _row_lines(row), COLOURS[row.status]
    height = ROW_LINE * len(lines)
    if row.status == "current":
        ink.rounded(art, SIDE_X + 6, y - 5, WIDTH - EDGE - 6, y + height + 3, ink.PANEL_LIGHT, 6)
    _draw_symbol(art, SIDE_X + 25, y + 11, number, row.status, colour)
    shown = ink.TEXT if row.status == "current" else colour
    for index, line in enumerate(lines):
        ink.put_text(art, SIDE_X + 46, y + ROW_LINE * index - 1, line, ROW_SIZE, shown)
    return y + height + 9


def _draw_symbol(
    art: Canvas, x: float, y: float, number: int, status: Status, colour: Colour
) -> None:
    if status == "pending":
        ink.dot(art, x, y, 10, ink.LINE, 1)
        ink.put_text(art, round(x) + 1, round(y) - 10, str(number + 1), 14, colour, align="center")
        return
    ink.dot(art, x, y, 11, colour)
    if status == "current":
        ink.polygon(art, [(x - 3.5, y - 5.5), (x + 6, y), (x - 3.5, y + 5.5)], ink.BACKGROUND)
    elif status == "done":
        ink.line(art, [(x - 5, y), (x - 1.5, y + 4), (x + 5, y - 4)], ink.BACKGROUND, 2)
    else:
        for sign in (-1, 1):
            ink.line(art, [(x - 4, y - 4 * sign), (x + 4, y + 4 * sign)], ink.BACKGROUND, 2)
