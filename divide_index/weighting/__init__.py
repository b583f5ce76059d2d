"""Known totals of populations: read, held against a schema, and made margins to weight to."""

from divide_index.weighting.known import Kind, PopulationMargin, PopulationMargins
from divide_index.weighting.margin_files import margins_csv, margins_workbook, read_margins
from divide_index.weighting.margins import SampleMargins, SurveyMargins, margins_of
from divide_index.weighting.template import margins_template

__all__ = [
    "Kind",
    "PopulationMargin",
    "PopulationMargins",
    "SampleMargins",
    "SurveyMargins",
    "margins_csv",
    "margins_of",
    "margins_template",
    "margins_workbook",
    "read_margins",
]
