"""Parsing each of RoboCasa's YAML files once, not on every reset.

RoboCasa reads about 84 registry files with PyYAML's pure-python loader each time it builds a scene,
which is more than half of a reset. Inside `cached_yaml`, `yaml.safe_load` uses libyaml and keeps
the result by content. Every caller gets a fresh copy, so the values are exactly the ones it would
have parsed itself.
"""

import contextlib
import marshal
from collections.abc import Iterator
from typing import Any

import yaml

_parsed: dict[str | bytes, bytes] = {}


def _load(stream: Any) -> Any:
    content = stream.read() if hasattr(stream, "read") else stream
    if content not in _parsed:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        value = yaml.load(content, Loader=loader)
        try:
            _parsed[content] = marshal.dumps(value)
        except ValueError:  # dates and the like: not what scenes are made of, but valid YAML
            return value
    return marshal.loads(_parsed[content])


@contextlib.contextmanager
def cached_yaml() -> Iterator[None]:
    """Inside, `yaml.safe_load` parses equal content once in the life of the process."""
    before = yaml.safe_load
    yaml.safe_load = _load
    try:
        yield
    finally:
        yaml.safe_load = before
