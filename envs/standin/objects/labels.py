"""Package art: small images with a readable product name, so that milk looks like milk.

Layout of an image (96 x 64): the left two thirds are the front, the right third is the side band
in the package's colour. `solids.label_box` and `label_tube` have texture coordinates to match.
"""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..looks import Rgb, hsv, rng_for

HEIGHT, FRONT, WIDTH = 64, 64, 96
VARIANTS = 4

# Columns of a 5x7 dot font, lowest bit on top.
_FONT: dict[str, str] = {
    "A": "7E1111117E", "B": "7F49494936", "C": "3E41414122", "D": "7F4141221C",
    "E": "7F49494941", "F": "7F09090901", "G": "3E4149497A", "H": "7F0808087F",
    "I": "00417F4100", "J": "2040413F01", "K": "7F08142241", "L": "7F40404040",
    "M": "7F020C027F", "N": "7F0408107F", "O": "3E4141413E", "P": "7F09090906",
    "Q": "3E4151215E", "R": "7F09192946", "S": "4649494931", "T": "01017F0101",
    "U": "3F4040403F", "V": "1F2040201F", "W": "3F4038403F", "X": "6314081463",
    "Y": "0708700807", "Z": "6151494543", " ": "0000000000",
}  # fmt: skip

# product -> (words, background hues or colours, emblem)
RED, ORANGE, YELLOW, GREEN, BLUE, PURPLE, BROWN, WHITE, BLACK, CREAM = (
    (0.78, 0.12, 0.10), (0.93, 0.50, 0.10), (0.96, 0.80, 0.18), (0.22, 0.55, 0.22),
    (0.16, 0.35, 0.72), (0.45, 0.16, 0.50), (0.42, 0.26, 0.14), (0.95, 0.95, 0.93),
    (0.10, 0.10, 0.11), (0.95, 0.90, 0.76),
)  # fmt: skip
PRODUCTS: dict[str, tuple[tuple[str, ...], tuple[Rgb, ...], str]] = {
    "cereal": (("CEREAL", "OATS", "CRUNCH", "FLAKES"), (RED, YELLOW, BLUE, ORANGE), "bowl"),
    "milk": (("MILK",), (WHITE, (0.75, 0.86, 0.96), WHITE, CREAM), "drop"),
    "juice": (("JUICE",), (ORANGE, YELLOW, RED, GREEN), "disc"),
    "drink": (("JUICE", "TEA", "COLA", "SODA"), (BLUE, GREEN, RED, ORANGE), "disc"),
    "soda": (("COLA", "SODA", "LEMON", "FIZZ"), (RED, BLUE, GREEN, ORANGE), "wave"),
    "beer": (("BEER", "ALE", "LAGER"), (YELLOW, GREEN, RED, CREAM), "disc"),
    "wine": (("WINE",), (CREAM, WHITE, BLACK, (0.5, 0.1, 0.15)), "band"),
    "liquor": (("RUM", "GIN", "VODKA", "WHISKY"), (CREAM, WHITE, BLACK, BLUE), "band"),
    "water": (("WATER",), ((0.45, 0.70, 0.92), BLUE, (0.5, 0.85, 0.9)), "drop"),
    "soup": (("SOUP", "BEANS", "CORN", "TUNA"), (RED, GREEN, YELLOW, BLUE), "bowl"),
    "food": (("PASTA", "RICE", "CRACKER", "COOKIES"), (ORANGE, GREEN, RED, BLUE), "bowl"),
    "spaghetti": (("PASTA",), (BLUE, GREEN, RED, YELLOW), "band"),
    "chips": (("CHIPS",), (RED, YELLOW, GREEN, BLUE), "disc"),
    "snack": (("SNACK", "NUTS", "RICE", "BEANS"), (PURPLE, ORANGE, GREEN, RED), "disc"),
    "flour": (("FLOUR",), (WHITE, CREAM, (0.88, 0.80, 0.65)), "band"),
    "bar": (("BAR",), (GREEN, ORANGE, PURPLE, RED), "wave"),
    "chocolate": (("CHOCO",), (BROWN, (0.30, 0.12, 0.10), PURPLE, (0.15, 0.2, 0.4)), "band"),
    "ketchup": (("KETCHUP",), (WHITE, CREAM, RED), "disc"),
    "mustard": (("MUSTARD",), (YELLOW, WHITE), "band"),
    "mayo": (("MAYO",), (BLUE, YELLOW, WHITE), "band"),
    "sauce": (("SAUCE", "SOY", "BBQ", "HOT"), (RED, BROWN, ORANGE, GREEN), "band"),
    "syrup": (("SYRUP",), (CREAM, YELLOW, RED), "band"),
    "honey": (("HONEY",), (YELLOW, CREAM), "disc"),
    "oil": (("OIL",), (GREEN, YELLOW, CREAM), "drop"),
    "vinegar": (("VINEGAR",), (CREAM, WHITE, (0.8, 0.7, 0.8)), "band"),
    "jam": (("JAM",), (CREAM, WHITE, (0.95, 0.8, 0.85)), "disc"),
    "peanut": (("PEANUT",), (CREAM, RED, YELLOW), "band"),
    "salsa": (("SALSA",), (RED, GREEN, YELLOW), "disc"),
    "yogurt": (("YOGURT",), (WHITE, (0.95, 0.75, 0.82), (0.75, 0.85, 0.95)), "disc"),
    "jello": (("JELLY",), (RED, GREEN, ORANGE, PURPLE), "wave"),
    "ice_cream": (("ICECREAM",), ((0.95, 0.75, 0.8), CREAM, (0.7, 0.88, 0.82), BROWN), "wave"),
    "butter": (("BUTTER",), (YELLOW, CREAM, WHITE), "band"),
    "cream": (("CREAM",), (WHITE, (0.7, 0.82, 0.95)), "band"),
    "foil": (("FOIL",), (BLUE, RED, (0.6, 0.62, 0.66)), "band"),
    "soap": (("SOAP",), ((0.75, 0.88, 0.9), WHITE, (0.9, 0.8, 0.88)), "drop"),
    "cleaner": (("CLEANER", "SPRAY"), (BLUE, GREEN, YELLOW, ORANGE), "drop"),
    "cinnamon": (("CINNAMON",), (BROWN, CREAM), "band"),
    "paprika": (("PAPRIKA",), (RED, ORANGE), "band"),
    "turmeric": (("TURMERIC",), (YELLOW, ORANGE), "band"),
    "salt": (("SALT",), (WHITE, BLUE), "band"),
    "coffee": (("COFFEE",), (BROWN, GREEN, WHITE), "disc"),
    "lemonade": (("LEMONADE",), (YELLOW, (0.85, 0.92, 0.4)), "disc"),
    "salami": (("SALAMI",), (RED, CREAM), "band"),
}  # fmt: skip


def texture_name(product: str, index: int) -> str:
    """The texture (without folder and ending) of the index-th variant of a product's label."""
    if product not in PRODUCTS:
        raise KeyError(f"no label art for {product!r}; known: {sorted(PRODUCTS)}")
    return f"obj_{product}_{index % VARIANTS}"


def background(product: str, index: int) -> Rgb:
    """The colour a label of this variant has at its edge and on its side band."""
    colours = PRODUCTS[product][1]
    return colours[(index % VARIANTS) % len(colours)]


def _dots(word: str) -> np.ndarray:
    """The word as a boolean bitmap, (7, 6 len) without the last gap."""
    columns: list[int] = []
    for letter in word:
        columns += [*bytes.fromhex(_FONT[letter]), 0]
    bits = np.array(columns[:-1], dtype=np.uint8)
    return ((bits[None, :] >> np.arange(7, dtype=np.uint8)[:, None]) & 1).astype(bool)


def _write(image: np.ndarray, word: str, centre: int, colour: Rgb) -> None:
    """Write the word across the front, as large as fits, centred on row `centre`."""
    dots = _dots(word)
    zoom_x = max(1, (FRONT - 4) // dots.shape[1])
    zoom_y = min(3, max(2, zoom_x))
    dots = np.kron(dots, np.ones((zoom_y, min(zoom_x, 3)), dtype=bool))
    height, width = dots.shape
    top, left = centre - height // 2, (FRONT - width) // 2
    image[top : top + height, left : left + width][dots] = colour


def _emblem(image: np.ndarray, kind: str, colour: Rgb, accent: Rgb) -> None:
    """A simple picture in the lower part of the front."""
    y, x = np.mgrid[0:HEIGHT, 0:FRONT]
    u, v = x - FRONT / 2 + 0.5, y - 43.0
    front = image[:, :FRONT]
    if kind == "disc":
        front[u * u + v * v < 150] = colour
        front[(u + 3) ** 2 + (v + 3) ** 2 < 40] = accent
    elif kind == "drop":
        front[
            (u * u + (v - 3) ** 2 < 90) | ((v < 0) & (v > -13) & (np.abs(u) < (v + 13) * 0.5))
        ] = colour
    elif kind == "bowl":
        front[(u * u + v * v < 260) & (v > 0)] = colour
        front[(u * u / 3 + v * v < 45) & (v <= 1)] = accent
    elif kind == "wave":
        swing = 5 * np.sin(x / 7.0)
        front[np.abs(v - swing) < 5] = colour
        front[np.abs(v - swing - 9) < 2] = accent
    elif kind == "band":
        front[(np.abs(v) < 7)] = colour
        front[(np.abs(v) < 2)] = accent


def art(product: str, index: int) -> np.ndarray:
    """A label's image, (64, 96, 3) float RGB in 0..1."""
    words, _, emblem = PRODUCTS[product]
    rng = rng_for(f"label {product} {index}")
    base = background(product, index)
    dark = sum(base) < 1.45
    ink: Rgb = (0.97, 0.96, 0.92) if dark else hsv(rng.uniform(0.55, 1.02), 0.75, 0.35)
    image = np.ones((HEIGHT, WIDTH, 3)) * base
    hue = rng.uniform()
    _emblem(image, emblem, hsv(hue, 0.65, 0.85), hsv(hue + 0.12, 0.5, 0.95))
    image[:3, :FRONT] = image[-3:, :FRONT] = np.clip(np.array(base) * 0.75, 0, 1)
    _write(image, words[index % len(words)], 17, ink)
    for row in range(12, 54, 6):
        image[row : row + 2, FRONT + 8 : FRONT + 8 + int(rng.integers(8, 20))] = ink
    image[-4:, FRONT : FRONT + 4] = base
    return image


def files() -> Iterator[tuple[str, bytes]]:
    """All label images as (path in the pack, PNG)."""
    for product in sorted(PRODUCTS):
        for index in range(VARIANTS):
            pixels = (np.clip(art(product, index), 0, 1) * 255).round().astype(np.uint8)
            out = io.BytesIO()
            Image.fromarray(pixels).quantize(16).save(out, format="PNG")
            yield f"textures/standin/{texture_name(product, index)}.png", out.getvalue()
