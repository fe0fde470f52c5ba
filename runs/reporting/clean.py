"""Values from outside made fit for JSON and for a page: nothing here trusts what it is given.

Task instructions, plans, the words of models, errors and whole files may hold anything. Escaping is
the page's work (`page.inline`, Jinja); this is about what no encoding can carry.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(value: Any) -> Any:
    """The same plain value without half characters and numbers that JSON does not know.

    Args:
        value: of mappings, lists, texts, numbers, None.

    Returns:
        Lone surrogates and NUL become U+FFFD, NaN and infinities None, tuples lists, keys texts.
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {text(str(key)): clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return value


def text(value: str) -> str:
    """A text that UTF-8 and HTML can carry."""
    fit = "".join(_REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in value)
    return fit.replace("\0", _REPLACEMENT)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if it is missing or holds none."""
    try:
        value = clean(json.loads(path.read_text(errors="replace")))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def whole(value: Any, default: int = 0) -> int:
    """The value if it is a whole number that a file may hold, else the default."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return value if fits else default


def number(value: Any) -> float | None:
    """The value if it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def words(value: Any) -> str:
    """The value if it is a text, else nothing."""
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """The texts among a list's values."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
