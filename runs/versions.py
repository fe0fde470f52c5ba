"""Which code ran: versions of everything a result may depend on."""

import importlib.metadata
import os
import platform

PACKAGES = (
    "leapcasa",
    "rlinf-robocasa365",
    "praxis-robosuite",
    "mujoco",
    "numpy",
    "gymnasium",
    "opencv-python-headless",
    "imageio-ffmpeg",
    "pillow",
    "pyarrow",
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
)
"""Distributions that have to be installed."""


def version(distribution: str) -> str | None:
    """The installed version of a distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str | None]:
    """Python's and all packages' versions."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def machine() -> dict[str, str | int | None]:
    """What the run ran on."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "gl": os.environ.get("MUJOCO_GL"),
    }
