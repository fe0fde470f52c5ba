"""Ink on pixels: text, pills, boxes and lines on (H, W, 3) uint8 RGB arrays, drawn in place.

Knows colours and shapes, nothing of episodes. Text is rendered once per wording into a coverage
mask and blended from a cache, which is what keeps an annotated frame at a few milliseconds.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Canvas = npt.NDArray[np.uint8]
"""(H, W, 3) uint8 RGB, row 0 at the top."""
Mask = npt.NDArray[np.uint8]
"""(h, w) uint8 coverage, 255 = full ink."""
Colour = tuple[int, int, int]
"""RGB, 0..255."""

BACKGROUND: Colour = (13, 16, 22)
PANEL: Colour = (23, 28, 37)
PANEL_LIGHT: Colour = (32, 39, 51)
LINE: Colour = (58, 67, 83)
TEXT: Colour = (236, 239, 244)
MUTED: Colour = (154, 164, 181)
FAINT: Colour = (104, 114, 132)
BLUE: Colour = (96, 172, 255)
GREEN: Colour = (76, 201, 122)
RED: Colour = (255, 105, 97)
AMBER: Colour = (255, 193, 84)
VIOLET: Colour = (197, 154, 255)

ELLIPSIS = "..."
_SUB_BITS = 3
"""OpenCV's fixed-point coordinates carry this many fractional bits here."""


def blank(width: int, height: int) -> Canvas:
    """An empty canvas of the background's colour."""
    return np.full((height, width, 3), BACKGROUND, dtype=np.uint8)


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own scalable font, there without a network or system fonts."""
    return ImageFont.load_default(size)


@lru_cache(maxsize=512)
def text_mask(text: str, size: int, bold: bool = False) -> Mask:
    """The coverage of one line of text.

    Args:
        text: one line; signs the font lacks are shown as its replacement box.
        size: height of the font [px].
        bold: thicken the strokes by half a pixel.

    Returns:
        (h, w) uint8; h is the same for all wordings of a size, so that baselines align.
    """
    face = font(size)
    stroke = max(1, size // 26) if bold else 0
    width = max(1, int(np.ceil(face.getlength(text))) + 2 * stroke + 1)
    image = Image.new("L", (width, round(size * 1.36)), 0)
    at = (stroke, round(size * 1.06))
    if not isinstance(face, ImageFont.FreeTypeFont):  # Pillow without FreeType: bitmap font
        ImageDraw.Draw(image).text((0, 0), text, font=face, fill=255)
        return np.asarray(image)
    ImageDraw.Draw(image).text(at, text, font=face, fill=255, anchor="ls")
    mask = np.asarray(image)
    if bold:
        shifted = np.zeros_like(mask)
        shifted[:, 1:] = mask[:, :-1]
        mask = np.maximum(mask, (shifted * 0.75).astype(np.uint8))
    return mask


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Width of one line of text [px]."""
    return text_mask(text, size, bold).shape[1]


def put_text(
    canvas: Canvas,
    x: int,
    y: int,
    text: str,
    size: int,
    colour: Colour = TEXT,
    *,
    bold: bool = False,
    align: str = "left",
) -> int:
    """Write one line with its top at `y`.

    Args:
        canvas: drawn on in place; ink beyond its edges is cut off.
        x: the left edge, the centre or the right edge, as `align` says [px].
        y: top of the line [px].
        text: one line.
        size: font height [px].
        colour: of the ink.
        bold: thicker strokes.
        align: `left`, `center` or `right`.

    Returns:
        The width written [px].
    """
    if not text:
        return 0
    mask = text_mask(text, size, bold)
    width = mask.shape[1]
    blend(canvas, x - {"left": 0, "center": width // 2, "right": width}[align], y, mask, colour)
    return width


def blend(canvas: Canvas, x: int, y: int, mask: Mask, colour: Colour) -> None:
    """Lay ink of one colour on the canvas through a coverage mask whose corner is at (x, y)."""
    top, left = max(0, -y), max(0, -x)
    region = canvas[max(0, y) : y + mask.shape[0], max(0, x) : x + mask.shape[1]]
    if region.size == 0:
        return
    cover = mask[top : top + region.shape[0], left : left + region.shape[1], None].astype(np.uint16)
    ink = np.array(colour, dtype=np.uint16)
    region[:] = ((region * (255 - cover) + ink * cover + 127) // 255).astype(np.uint8)


@lru_cache(maxsize=256)
def wrap(text: str, size: int, width: int, lines: int) -> tuple[str, ...]:
    """Break a text into at most `lines` lines of at most `width` px; the rest becomes `...`."""
    broken: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > width:
            broken.append(line)
            line = word
        else:
            line = longer
    broken.append(line)
    if len(broken) > lines:
        broken = [*broken[: lines - 1], f"{broken[lines - 1]} {ELLIPSIS}"]
    return tuple(cut(line, size, width) for line in broken)


def cut(text: str, size: int, width: int) -> str:
    """Shorten one line to `width` px, ending in `...` if something is lost."""
    if text_width(text, size) <= width:
        return text
    text = text.removesuffix(ELLIPSIS).rstrip()
    while text and text_width(text + ELLIPSIS, size) > width:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def fill(canvas: Canvas, x0: int, y0: int, x1: int, y1: int, colour: Colour) -> None:
    """Fill the rectangle [x0, x1) x [y0, y1)."""
    canvas[y0:y1, x0:x1] = colour


def rounded(
    canvas: Canvas, x0: int, y0: int, x1: int, y1: int, colour: Colour, radius: int = 8
) -> None:
    """Fill a rectangle with round corners, antialiased."""
    blend(canvas, x0, y0, _rounded_mask(x1 - x0, y1 - y0, radius), colour)


@lru_cache(maxsize=128)
def _rounded_mask(width: int, height: int, radius: int) -> Mask:
    scale = 4
    image = Image.new("L", (width * scale, height * scale), 0)
    box = (0, 0, width * scale - 1, height * scale - 1)
    ImageDraw.Draw(image).rounded_rectangle(box, radius * scale, fill=255)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def pill(
    canvas: Canvas, right: int, y: int, text: str, ink: Colour, ground: Colour, size: int = 17
) -> int:
    """A label on a round ground, its right edge at `right`.

    Returns:
        Its left edge [px].
    """
    width = text_width(text, size, True) + 24
    height = round(size * 1.36) + 8
    rounded(canvas, right - width, y, right, y + height, ground, height // 2)
    put_text(canvas, right - width // 2, y + 4, text, size, ink, bold=True, align="center")
    return right - width


def line(
    canvas: Canvas,
    points: list[tuple[float, float]],
    colour: Colour,
    thickness: int = 1,
) -> None:
    """An antialiased line through points given in px."""
    grid = np.round(np.array(points, dtype=np.float64) * (1 << _SUB_BITS)).astype(np.int32)
    cv2.polylines(
        canvas, [grid.reshape(-1, 1, 2)], False, colour, thickness, cv2.LINE_AA, _SUB_BITS
    )


def dot(canvas: Canvas, x: float, y: float, radius: float, colour: Colour, hollow: int = 0) -> None:
    """An antialiased disc, or a ring of `hollow` px."""
    scale = 1 << _SUB_BITS
    centre = (round(x * scale), round(y * scale))
    cv2.circle(canvas, centre, round(radius * scale), colour, hollow or -1, cv2.LINE_AA, _SUB_BITS)


def polygon(canvas: Canvas, points: list[tuple[float, float]], colour: Colour) -> None:
    """A filled antialiased polygon."""
    grid = np.round(np.array(points, dtype=np.float64) * (1 << _SUB_BITS)).astype(np.int32)
    cv2.fillPoly(canvas, [grid.reshape(-1, 1, 2)], colour, cv2.LINE_AA, _SUB_BITS)


def shade(canvas: Canvas, x0: int, y0: int, x1: int, y1: int, colour: Colour, share: float) -> None:
    """Mix a rectangle with a colour; `share` 0..1 is how much of the colour is seen."""
    region = canvas[y0:y1, x0:x1]
    if region.size == 0:
        return
    region[:] = cv2.addWeighted(region, 1.0 - share, np.full_like(region, colour), share, 0.0)
