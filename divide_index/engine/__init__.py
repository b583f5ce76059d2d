"""The only room that speaks to data frames: rules and conditions in, sums and scores out.

Everything is one Narwhals expression of the rules, so pandas and Polars give the same numbers.
Frames come in as the caller's library and go out as the same; other rooms see arrays.
"""

from divide_index.engine.checks import (
    Offence,
    answered_though_not_asked,
    lines_not_finite,
    lines_where,
    null_lines,
    offences,
    repeated,
)
from divide_index.engine.conditions import mask
from divide_index.engine.frames import (
    Blanks,
    Frame,
    beside,
    canonical,
    column_names,
    height,
    is_frame,
    renamed,
    values,
)
from divide_index.engine.psus import PsuTable, with_psu_index
from divide_index.engine.rules import apply_stages
from divide_index.engine.sums import GroupedSums, Moments

__all__ = [
    "Blanks",
    "Frame",
    "GroupedSums",
    "Moments",
    "Offence",
    "PsuTable",
    "answered_though_not_asked",
    "apply_stages",
    "beside",
    "canonical",
    "column_names",
    "height",
    "is_frame",
    "lines_not_finite",
    "lines_where",
    "mask",
    "null_lines",
    "offences",
    "renamed",
    "repeated",
    "values",
    "with_psu_index",
]
