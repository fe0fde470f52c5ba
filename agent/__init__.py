"""Planner and loop: plan, act, judge, advance."""

from .base import Attempt, Plan, Planner, PlannerInfo, Subtask
from .loop import Agent, AgentView, Decision

__all__ = [
    "Agent",
    "AgentView",
    "Attempt",
    "Decision",
    "Plan",
    "Planner",
    "PlannerInfo",
    "Subtask",
]
