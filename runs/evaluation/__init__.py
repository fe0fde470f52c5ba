"""Evaluations: many episodes in worker processes, one durable store, numbers with intervals."""
