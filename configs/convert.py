"""Plain nested data (YAML, JSON) to the typed schema and back, with errors that name the place."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from .errors import ConfigError, nearest


def to_dict(value: Any) -> Any:
    """A configuration as plain nested data; `from_dict` gives it back unchanged."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_dict(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_dict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_dict(inner) for inner in value]
    return value


def from_dict(schema: type, data: Any, where: str = "") -> Any:
    """Build one dataclass of the schema from plain data.

    Args:
        schema: a dataclass of `configs.schema`.
        data: a mapping of its fields; missing ones keep their default.
        where: dotted path of `data`, for messages.

    Raises:
        ConfigError: for an unknown key, a wrong type, or a number out of range.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where or 'the configuration'} must be a mapping, got {data!r}")
    fields = {f.name: f for f in dataclasses.fields(schema)}
    hints = typing.get_type_hints(schema)
    values: dict[str, Any] = {}
    for key, given in data.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in fields:
            raise ConfigError(
                f"unknown setting {path!r}{nearest(str(key), fields)}; here are {', '.join(fields)}"
            )
        values[key] = _typed(hints[key], given, path, fields[key].metadata)
    try:
        return schema(**values)
    except TypeError as error:
        raise ConfigError(f"{where or 'the configuration'} is not complete: {error}") from None


def _typed(hint: Any, value: Any, path: str, limits: Mapping[str, Any]) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_dict(hint, value, path)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [option for option in get_args(hint) if option is not type(None)]
        return None if value is None else _typed(inner[0], value, path, limits)
    if origin is Literal:
        choices = get_args(hint)
        if value not in choices:
            hint_text = nearest(str(value), [str(c) for c in choices])
            known = ", ".join(map(str, choices))
            raise ConfigError(f"{path} is {value!r}; it is one of {known}{hint_text}")
        return value
    if hint is bool:
        return _checked_type(bool, value, path, "true or false")
    if hint in (int, float):
        return _number(hint, value, path, limits)
    if hint is str:
        return _checked_type(str, value, path, "text")
    return dict(_checked_type(Mapping, value, path, "a mapping"))


def _checked_type(kind: Any, value: Any, path: str, words: str) -> Any:
    if not isinstance(value, kind):
        raise ConfigError(f"{path} must be {words}, got {value!r}")
    return value


def _number(kind: type, value: Any, path: str, limits: Mapping[str, Any]) -> Any:
    words = "a whole number" if kind is int else "a number"
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole or (kind is float and isinstance(value, float))):
        raise ConfigError(f"{path} must be {words}, got {value!r}")
    low, high = limits.get("low", float("-inf")), limits.get("high", float("inf"))
    unit = f" {limits['unit']}" if limits.get("unit") else ""
    if not low <= value <= high:
        raise ConfigError(f"{path} is {value!r}; it must lie in {low} .. {high}{unit}")
    if limits.get("even") and value % 2:
        raise ConfigError(f"{path} is {value!r}; it must be even{unit and ', in' + unit}")
    return kind(value)
