"""Blind review: unnamed plans of several models, scored by language models."""
