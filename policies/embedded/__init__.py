"""The embedded policy: small, unprivileged, from pixels, proprioception and a few words."""

from .policy import EmbeddedPolicy

__all__ = ["EmbeddedPolicy"]
