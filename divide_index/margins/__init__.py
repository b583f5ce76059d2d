"""Known totals of populations: read, held against a schema, and made margins to weight to."""

from divide_index.margins.categories import Partition, partition_of
from divide_index.margins.known import (
    CROSS,
    Kind,
    PopulationMargin,
    PopulationMargins,
    PopulationNumber,
)
from divide_index.margins.margin_files import margins_csv, margins_workbook, read_margins
from divide_index.margins.matching import SurveyMargins, margins_of_records
from divide_index.margins.one_sample import SampleMargins, positions_of
from divide_index.margins.template import margins_template

__all__ = [
    "CROSS",
    "Kind",
    "Partition",
    "PopulationMargin",
    "PopulationMargins",
    "PopulationNumber",
    "SampleMargins",
    "SurveyMargins",
    "margins_csv",
    "margins_of_records",
    "margins_template",
    "margins_workbook",
    "partition_of",
    "positions_of",
    "read_margins",
]
