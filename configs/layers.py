"""Presets laid one over the other: `official-multitask,openpi`.

A preset says what it is for, and below the key `base` what it is completed by when nothing lies
under it: `openpi` is for a policy and its pictures, and plans by rules only if nobody else plans.

* The first preset counts whole, its base below the rest of it. Of every later one the base is
  dropped; the rest wins over what lies below, value by value.
* A planner, policy or judge of the same name keeps its options and takes the later ones in; one of
  another name begins without options. An option's value is replaced as a whole.
* Nothing is lost in silence. A preset with a base is never undone: a later one that names another
  component for a part that it is for is refused. So are options of a part that no preset up to
  there names.
"""

from collections.abc import Sequence
from typing import Any

from .errors import ConfigError

BASE = "base"


def layered(presets: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """One set of values out of several presets.

    Args:
        presets: name and content of each, the lowest first; at least one.

    Raises:
        ConfigError: if a later preset would undo, or silently lose, what an earlier one is for.
    """
    names = [name for name, _ in presets]
    if len(set(names)) != len(names):
        raise ConfigError(f"--config {','.join(names)} names a preset twice")
    made: dict[str, Any] = {}
    owners: dict[str, tuple[str, str]] = {}
    for place, (name, content) in enumerate(presets):
        own = dict(content)
        base = own.pop(BASE, {})
        if not isinstance(base, dict):
            raise ConfigError(f"the preset {name}: {BASE!r} must be a mapping of settings")
        if place == 0:
            made = _over({}, base)
        elif len(presets) > 1:
            _check(name, own, made, owners)
        made = _over(made, own)
        if BASE in content or place:
            owners |= {part: (name, value["name"]) for part, value in own.items() if _named(value)}
    return made


def _check(
    preset: str, own: dict[str, Any], below: dict[str, Any], owners: dict[str, tuple[str, str]]
) -> None:
    """Refuse what would be lost without a word."""
    for part, value in own.items():
        if not isinstance(value, dict):
            continue
        if not _named(value):
            if "options" in value and not _named(below.get(part)):
                raise ConfigError(
                    f"the preset {preset} has {part}.options and no preset before it names a "
                    f"{part}: they would go to nobody; put {preset} behind the one that does"
                )
            continue
        owner, kept = owners.get(part, ("", value["name"]))
        if kept != value["name"]:
            raise ConfigError(
                f"the presets {owner} and {preset} are both for a {part} ({kept} and "
                f"{value['name']}), and one would undo the other; leave one out, or name the "
                f"{part} with --set {part}=..."
            )


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Values of `above` where it has any, else those of `below`; neither is changed."""
    if _named(above) and below.get("name") not in (None, above["name"]):
        below = {}
    made = dict(below)
    for key, value in above.items():
        under = made.get(key)
        if isinstance(value, dict):
            under = under if isinstance(under, dict) else {}
            # An option's own value is one thing: halves of two mappings make none.
            made[key] = {**under, **value} if key == "options" else _over(under, value)
        else:
            made[key] = value
    return made


def _named(value: Any) -> bool:
    """Whether this is a component and says which one."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and value.keys() <= {"name", "options"}
    )
