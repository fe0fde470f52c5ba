"""What a run is: the typed schema, its YAML presets, and the project's errors."""

from .convert import from_dict, to_dict
from .errors import (
    ConfigError,
    EnvironmentFault,
    InfrastructureError,
    JudgeError,
    LeapcasaError,
    ModelError,
    PolicyError,
    UnreachableError,
    nearest,
)
from .presets import changed, load, preset_names
from .schema import (
    AdvanceConfig,
    AttributionConfig,
    ComponentSpec,
    EnvConfig,
    LimitsConfig,
    RunConfig,
    VideoConfig,
    ViewsConfig,
)

__all__ = [
    "AdvanceConfig",
    "AttributionConfig",
    "ComponentSpec",
    "ConfigError",
    "EnvConfig",
    "EnvironmentFault",
    "InfrastructureError",
    "JudgeError",
    "LeapcasaError",
    "LimitsConfig",
    "ModelError",
    "PolicyError",
    "RunConfig",
    "UnreachableError",
    "VideoConfig",
    "ViewsConfig",
    "changed",
    "from_dict",
    "load",
    "nearest",
    "preset_names",
    "to_dict",
]
