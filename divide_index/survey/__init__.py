"""A survey: its records, their schema, their design, and what was done to their weights."""

from divide_index.survey.microdata import (
    DesignKind,
    Survey,
    assembled,
    checked_frame,
    of_year,
    read_survey,
    redesigned,
    restored,
    weighted,
)
from divide_index.survey.steps import SampleStep, StepKind, WeightStep

__all__ = [
    "DesignKind",
    "SampleStep",
    "StepKind",
    "Survey",
    "WeightStep",
    "assembled",
    "checked_frame",
    "of_year",
    "read_survey",
    "redesigned",
    "restored",
    "weighted",
]
