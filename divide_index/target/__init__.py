"""The policy target: verdicts, distance, levers, plans, projections, and the plan's goals."""

from divide_index.target.distance import Alone, Distance, TargetResult, distance_to_target
from divide_index.target.levers import Lever, LeverResult, Times, lever_effects
from divide_index.target.planner import Mix, cheapest_mix
from divide_index.target.projections import (
    NoProjection,
    PublishedProjection,
    project_published,
    project_target,
)
from divide_index.target.register import GoalValue, PlanGoal, goals_frame, plan_goals

__all__ = [
    "Alone",
    "Distance",
    "GoalValue",
    "Lever",
    "LeverResult",
    "Mix",
    "NoProjection",
    "PlanGoal",
    "PublishedProjection",
    "TargetResult",
    "Times",
    "cheapest_mix",
    "distance_to_target",
    "goals_frame",
    "lever_effects",
    "plan_goals",
    "project_published",
    "project_target",
]
