"""What a run is: the typed schema, its YAML presets, and the project's errors."""

from .errors import ConfigError, EnvironmentFault, JudgeError, LeapcasaError, PolicyError, nearest

__all__ = [
    "ConfigError",
    "EnvironmentFault",
    "JudgeError",
    "LeapcasaError",
    "PolicyError",
    "nearest",
]
