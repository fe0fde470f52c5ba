"""What an evaluation is, written down once, and compared whenever it goes on."""

import time
from typing import Any

from ...configs import ConfigError, RunConfig, to_dict
from ..console import Console
from ..versions import machine, versions
from . import identity
from .store import Store


def begin(store: Store, config: RunConfig, facts: identity.Facts, **more: Any) -> None:
    """Write down what the evaluation is.

    Args:
        store: as yet without one.
        config: of every episode, but for task and seed.
        facts: everything that can change a result.
        more: plain values by name, kept beside the rest.
    """
    store.begin(
        {
            "identity": dict(facts),
            "config": to_dict(config),
            "preset": config.preset,
            "begun": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "versions": versions(),
            "machine": machine(),
            **more,
        }
    )


def check_same(store: Store, facts: identity.Facts, remedy: str) -> None:
    """Refuse to go on with something else.

    Args:
        store: of the evaluation that was begun.
        facts: of now.
        remedy: what to do about a difference.

    Raises:
        ConfigError: with the differences, line by line.
    """
    changed = identity.differences(store.about("identity"), facts)
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"the configuration is not that of the evaluation in {store.folder}:\n{lines}\n{remedy}"
        )


def warn_of_versions(store: Store, console: Console) -> None:
    """Tell where an installed version differs from that of the beginning."""
    for line in identity.differences(store.about("versions"), versions()):
        console.note(f"warning: the version of {line}; earlier episodes were run with the former")
