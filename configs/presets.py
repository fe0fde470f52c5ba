"""Loading presets, one over the other, changed by `key=value` overrides, into a configuration."""

import importlib.resources
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from .convert import from_dict, to_dict
from .errors import ConfigError, nearest
from .layers import layered
from .schema import RunConfig

PARTS = ("planner", "policy", "judge")
"""`planner=split` is short for `planner.name=split`, and so on."""
ATTRIBUTION = "attribution"
"""The group that names a stand-in for each part, written as the parts are."""

FREE_TEXT = frozenset({"env.instruction"})
"""Settings whose value on the command line is no YAML: words may hold colons. `null` is none."""


def preset_names() -> list[str]:
    """The presets that ship, in alphabetical order."""
    return sorted(f.name[:-5] for f in _folder().iterdir() if f.name.endswith(".yaml"))


def layers(preset: str) -> list[str]:
    """The presets that `a,b` names, the lowest first."""
    return [preset] if _is_file(preset) else [name.strip() for name in preset.split(",")]


def load(preset: str = "default", overrides: Sequence[str] = (), **fixed: Any) -> RunConfig:
    """A checked configuration.

    Args:
        preset: a name of `preset_names()`, or the path of a YAML file; or several with commas
            between them, each laid over those before it (`configs.layers`).
        overrides: `dotted.key=value`; values are YAML (but those of `FREE_TEXT`), later ones win.
        fixed: top-level settings that win over all, for instance `task` and `seed`.

    Raises:
        ConfigError: for an unknown preset or key, a value that does not fit, or presets that
            undo one another.
    """
    data = layered([(name, _read(name)) for name in layers(preset)])
    data["preset"] = preset
    return _changed(data, overrides, fixed)


def changed(config: RunConfig, overrides: Sequence[str]) -> RunConfig:
    """The same configuration but for some values.

    Raises:
        ConfigError: as for `load`.
    """
    return _changed(to_dict(config), overrides, {})


def _changed(data: dict[str, Any], overrides: Sequence[str], fixed: dict[str, Any]) -> RunConfig:
    for override in overrides:
        _apply(data, override)
    return from_dict(RunConfig, data | fixed)


def _is_file(preset: str) -> bool:
    try:
        return Path(preset).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def _folder() -> Traversable:
    return importlib.resources.files(__name__.rpartition(".")[0]) / "presets"


def _read(preset: str) -> dict[str, Any]:
    if preset in preset_names():
        source = _folder() / f"{preset}.yaml"
        text = source.read_text()
    elif preset.endswith((".yaml", ".yml")) or "/" in preset:
        try:
            text = Path(preset).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the preset {preset}: {error}") from None
    else:
        names = preset_names()
        raise ConfigError(
            f"unknown preset {preset!r}{nearest(preset, names)}; "
            f"there are {', '.join(names)}, or give the path of a YAML file"
        )
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"the preset {preset} is not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"the preset {preset} must be a mapping of settings")
    return data


def _apply(data: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    key = key.strip()
    if not separator or not key:
        raise ConfigError(f"{override!r} is no setting; write key=value, as in advance.interval=8")
    value = _value(key, text)
    short = _is_part(key.split(".")) and isinstance(value, str)
    *parents, last = (f"{key}.name" if short else key).split(".")
    _check_path(parents, last, key)
    inner = data
    for parent in parents:
        inner = inner.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{key}: {parent!r} is no group of settings")
    if short and inner.get("name") not in (None, value):
        inner.pop("options", None)  # options of another component would not fit this one
    inner[last] = value


def _value(key: str, text: str) -> Any:
    if key in FREE_TEXT:
        return None if text.strip() == "null" else text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"the value of {key} is not valid YAML: {text!r}") from None


def _is_part(path: Sequence[str]) -> bool:
    """Whether a key names a component: `policy`, or its stand-in `attribution.policy`."""
    return list(path[:-1]) in ([], [ATTRIBUTION]) and path[-1] in PARTS


def _check_path(parents: Sequence[str], last: str, key: str) -> None:
    """Refuse a key that the schema does not have, naming the nearest one with its full path."""
    known = _paths(to_dict(RunConfig()), "")
    full = ".".join([*parents, last])
    if full in known or any(
        name == "options" and _is_part(parents[:place])
        for place, name in enumerate(parents)
        if place
    ):
        return
    raise ConfigError(
        f"unknown setting {key!r}{nearest(full, known)}; "
        "`leapcasa config show default` lists all settings"
    )


def _paths(data: Any, prefix: str) -> set[str]:
    if not isinstance(data, dict):
        return set()
    found: set[str] = set()
    for name, inner in data.items():
        found |= {prefix + name} | _paths(inner, f"{prefix}{name}.")
    return found
