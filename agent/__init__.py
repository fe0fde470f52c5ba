"""Planner and loop: plan, act, judge, advance."""
