"""Options of remote policies: a mapping by name or in full, and the time-outs."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from ..configs import ConfigError, load, nearest
from .mapping import NameMapping, parsed
from .remote import Patience


def named_mapping(
    preset: str, mapping: str | Mapping[str, Any], mappings: Mapping[str, Any] | None
) -> NameMapping:
    """The mapping an option means.

    Args:
        preset: the shipped preset whose mappings are offered where the run names none.
        mapping: a name, or the mapping itself.
        mappings: what names mean; None for the preset's.

    Raises:
        ConfigError: for an unknown name, or a mapping that is none.
    """
    if not isinstance(mapping, str):
        return parsed(mapping, "policy.options.mapping")
    offered = load(preset).policy.options.get("mappings", {}) if mappings is None else mappings
    if not isinstance(offered, Mapping):
        raise ConfigError(f"policy.options.mappings must be named mappings, got {offered!r:.80}")
    if mapping not in offered:
        raise ConfigError(
            f"unknown policy.options.mapping {mapping!r}{nearest(mapping, map(str, offered))}; "
            f"there are {', '.join(map(str, offered))}, or write one in full"
        )
    return parsed(offered[mapping], f"policy.options.mappings.{mapping}")


def secret(option: str, variable: str | None) -> str | None:
    """A key from the environment, so that it is in no configuration and in no record.

    Args:
        option: its name, for messages.
        variable: the environment variable that holds it; None for no key.

    Raises:
        ConfigError: if there is no such variable, or it is empty.
    """
    if variable is None:
        return None
    value = os.environ.get(variable, "") if isinstance(variable, str) else ""
    if not value:
        raise ConfigError(
            f"policy.options.{option} names the environment variable {variable!r}, which is not "
            "set; export it before the command"
        )
    return value


def patience_of(options: Mapping[str, Any]) -> Patience:
    """Time-outs from options.

    Raises:
        ConfigError: for an option that is none, or a value out of range.
    """
    known = [field.name for field in dataclasses.fields(Patience)]
    for name in options:
        if name not in known:
            raise ConfigError(
                f"unknown policy.options.{name}{nearest(name, known)}; the time-outs are "
                f"{', '.join(known)}"
            )
    return Patience(**options)
