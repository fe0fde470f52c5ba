"""The compiled packages, which say nothing about their types, imported when first used."""

import importlib
from typing import Any


def mujoco() -> Any:
    """The module `mujoco`."""
    return importlib.import_module("mujoco")
