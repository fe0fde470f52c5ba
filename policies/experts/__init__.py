"""Scripted experts over fixture geometry (privileged)."""
