"""Scripted experts over fixture geometry (privileged)."""

from .policy import ExpertPolicy

__all__ = ["ExpertPolicy"]
