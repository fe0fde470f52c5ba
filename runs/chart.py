"""The judge's curve and the marks of an episode over time, drawn a little more with every step.

The time axis starts short and doubles when the episode outgrows it, so that a short episode is
not a smear at the left and a long one still fits. Only new marks are drawn; everything is drawn
anew when an axis changes.
"""

from dataclasses import dataclass

from . import drawing as ink
from .drawing import Canvas

FIRST_SPAN_STEPS = 200
"""The first length of the time axis (10 s)."""
LEFT, RIGHT, TOP = 74, 14, 30
LANE = 17
"""Height of one lane of marks under the curve [px]."""
MIN_DOT_GAP = 6
"""Verdicts closer than this on the canvas [px] are a line without dots."""


@dataclass(frozen=True, kw_only=True)
class JudgeMark:
    """One verdict on the time axis."""

    step: int
    margin: float
    """Positive when "complete" wins."""
    complete: bool


class Chart:
    """The panel under the views.

    Args:
        width: of the panel [px].
        height: of the panel [px].
        threshold: the margin at which a verdict counts as complete.
        hz: control steps a second, for the labels of the axis.
    """

    def __init__(self, *, width: int, height: int, threshold: float, hz: int) -> None:
        self.width, self.height, self.threshold, self._hz = width, height, threshold, hz
        self._span = FIRST_SPAN_STEPS
        self._reach = max(1.0, 1.6 * abs(threshold))
        self._judge: list[JudgeMark] = []
        self._policy: list[int] = []
        self._subtasks: list[tuple[int, int]] = []
        self._static = ink.blank(width, height)
        self._redraw()

    def judged(self, mark: JudgeMark) -> None:
        """Add a verdict."""
        self._judge.append(mark)
        if abs(mark.margin) * 1.1 > self._reach:
            self._reach = abs(mark.margin) * 1.3
            self._redraw()
        elif not self._grow(mark.step):
            self._draw_judge(len(self._judge) - 1)

    def policy_called(self, step: int) -> None:
        """Add a call of the policy."""
        self._policy.append(step)
        if not self._grow(step):
            self._draw_policy(step)

    def subtask_began(self, step: int, index: int) -> None:
        """Add a change of the subtask; `index` counts from 0."""
        self._subtasks.append((step, index))
        if not self._grow(step):
            self._draw_subtask(step, index)

    def draw(self, canvas: Canvas, x: int, y: int, step: int) -> None:
        """Put the panel at (x, y), with the present moment marked."""
        self._grow(step)
        canvas[y : y + self.height, x : x + self.width] = self._static
        now = x + round(self._x(step))
        ink.fill(canvas, now, y + TOP - 4, now + 1, y + self._lane(1) + 8, ink.TEXT)

    def _grow(self, step: int) -> bool:
        if step <= self._span:
            return False
        while step > self._span:
            self._span *= 2
        self._redraw()
        return True

    def _x(self, step: float) -> float:
        return LEFT + (self.width - LEFT - RIGHT) * step / self._span

    def _y(self, margin: float) -> float:
        middle, half = self._middle()
        return middle - half * max(-1.0, min(1.0, margin / self._reach))

    def _middle(self) -> tuple[float, float]:
        bottom = self.height - 24 - 2 * LANE
        return (TOP + bottom) / 2, (bottom - TOP) / 2 - 3

    def _lane(self, index: int) -> int:
        return self.height - 22 - 2 * LANE + LANE * index + LANE // 2

    def _redraw(self) -> None:
        art = self._static
        art[:] = ink.BACKGROUND
        ink.rounded(art, 0, 0, self.width, self.height, ink.PANEL)
        self._draw_axes(art)
        for step, index in self._subtasks:
            self._draw_subtask(step, index)
        for step in self._policy:
            self._draw_policy(step)
        for number in range(len(self._judge)):
            self._draw_judge(number)

    def _draw_axes(self, art: Canvas) -> None:
        end = self.width - RIGHT
        ink.put_text(art, 12, 5, "judge's margin", 15, ink.MUTED)
        ink.put_text(art, end, 5, "above the dashed line: complete", 15, ink.FAINT, align="right")
        zero = round(self._y(0.0))
        ink.fill(art, LEFT, zero, end, zero + 1, ink.LINE)
        at = round(self._y(self.threshold))
        for x in range(LEFT, end, 12):
            ink.fill(art, x, at, min(x + 7, end), at + 2, ink.AMBER)
        for value in (-self._reach / 1.3, self._reach / 1.3):
            label = f"{value:+.1f}" if abs(value) < 10 else f"{value:+.0f}"
            y = round(self._y(value)) - 10
            ink.put_text(art, LEFT - 8, y, label, 14, ink.FAINT, align="right")
        ink.put_text(art, LEFT - 8, zero - 10, "0", 14, ink.FAINT, align="right")
        for lane, name in enumerate(("policy", "judge")):
            ink.put_text(art, LEFT - 8, self._lane(lane) - 11, name, 15, ink.MUTED, align="right")
            ink.fill(art, LEFT, self._lane(lane), end, self._lane(lane) + 1, ink.PANEL_LIGHT)
        for part in range(5):
            step = self._span * part / 4
            x, label = round(self._x(step)), f"{step / self._hz:g} s"
            align = "left" if part == 0 else "right" if part == 4 else "center"
            ink.put_text(art, x, self.height - 22, label, 14, ink.FAINT, align=align)

    def _draw_subtask(self, step: int, index: int) -> None:
        x = round(self._x(step))
        ink.fill(self._static, x, TOP - 4, x + 1, self._lane(1) + 8, ink.BLUE)
        ink.put_text(self._static, x + 4, TOP - 8, str(index + 1), 15, ink.BLUE, bold=True)

    def _draw_policy(self, step: int) -> None:
        x, y = round(self._x(step)), self._lane(0)
        ink.fill(self._static, x, y - 4, x + 1, y + 5, ink.VIOLET)

    def _draw_judge(self, number: int) -> None:
        mark = self._judge[number]
        x, y = self._x(mark.step), self._y(mark.margin)
        colour = ink.GREEN if mark.complete else ink.MUTED
        lane = self._lane(1)
        ink.fill(self._static, round(x), lane - 4, round(x) + 1, lane + 5, colour)
        last = self._judge[number - 1] if number else None
        # A verdict in the step of a change was still on the subtask before it.
        began = max((step for step, _ in self._subtasks if step < mark.step), default=-1)
        if last is not None and last.step > began:
            points = [(self._x(last.step), self._y(last.margin)), (x, y)]
            ink.line(self._static, points, ink.TEXT)
            if x - points[0][0] < MIN_DOT_GAP and not mark.complete:
                return
        ink.dot(self._static, x, y, 2.2, colour)
