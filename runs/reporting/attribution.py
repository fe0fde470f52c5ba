"""What the page shows of `attribution.json`, which another command writes: what fits of it."""

from collections.abc import Mapping
from typing import Any

from .clean import mapping, number, words


def shown(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The attribution as the template takes it; None if there is none."""
    if not data:
        return None
    return {
        "episodes": data.get("episodes"),
        "sentence": words(data.get("sentence")),
        "variants": [_variant(one) for one in _lines(data, "variants")],
        "blame": [
            {
                **one,
                "part": str(one.get("part", "")),
                "shapley": number(one.get("shapley")),
                "low": number(one.get("shapley_low", one.get("shapley"))),
                "high": number(one.get("shapley_high", one.get("shapley"))),
            }
            for one in _lines(data, "blame")
        ],
        "notes": _notes(data),
        "table": [
            {
                **{name: one.get(name, "") for name in ("task", "split", "seed")},
                "by": [_joined(parts, " + ") for parts in _list(one.get("rescued_by"))],
            }
            for one in _lines(data, "episodes_table")
        ],
    }


def _variant(one: Mapping[str, Any]) -> dict[str, Any]:
    bounds = one.get("interval")
    low, high = bounds if isinstance(bounds, list) and len(bounds) == 2 else (None, None)
    shares = {"value": number(one.get("rate")), "low": number(low), "high": number(high)}
    return {
        "replaced": _joined(one.get("replaced"), " and ") or "nothing (control)",
        **{name: one.get(name) for name in ("n", "rescued", "errors")},
        **{n: None if s is None else min(max(s, 0.0), 1.0) for n, s in shares.items()},
    }


def _notes(data: Mapping[str, Any]) -> list[str]:
    """What else a reader has to know."""
    bounds = {part: mapping(spec).get("name") for part, spec in _pairs(data.get("upper_bounds"))}
    found = [f"Upper bounds: {', '.join(f'{p} {n}' for p, n in bounds.items())}."] if bounds else []
    found += [f"{one.get('part')}: {one.get('why')}." for one in _lines(data, "skipped")]
    sample, failed = mapping(data.get("sample")).get("asked"), data.get("failed")
    if sample is not None:
        found.append(f"A sample of at most {sample} of {failed} failed episodes.")
    if unbound := _lines(data, "no_upper_bound"):
        found.append(f"{len(unbound)} failed episodes have no upper bound and are left out.")
    if data.get("interrupted") is True:
        found.append("It was interrupted: some answers are missing.")
    return found


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return list(mapping(value).items())


def _lines(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in _list(data.get(name)) if isinstance(one, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(parts: Any, between: str) -> str:
    return between.join(map(str, _list(parts)))
