"""The only room that speaks to data frames: rules and conditions in, sums and scores out.

Everything is one Narwhals expression of the rules, so pandas and Polars give the same numbers.
Frames come in as the caller's library and go out as the same; other rooms see arrays.
"""

from divide_index.engine.assembly import (
    Match,
    completed,
    disagreement,
    joined,
    marked,
    patterns,
    same_library,
    stacked,
)
from divide_index.engine.checks import (
    Offence,
    answered_though_not_asked,
    null_rows,
    offences,
    repeated_rows,
    rows_not_finite,
    rows_where,
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
    kept,
    renamed,
    selected,
    texts,
    values,
    with_column,
    with_text_headers,
)
from divide_index.engine.membership import Membership, memberships
from divide_index.engine.pooling import judged, pooled_part
from divide_index.engine.profiles import Profile, profile
from divide_index.engine.psus import UNIT, PsuTable, unit_labels, with_psu_index, with_units
from divide_index.engine.rules import apply_stages
from divide_index.engine.sums import GroupedSums, Moments, answers, categories

__all__ = [
    "UNIT",
    "Blanks",
    "Frame",
    "GroupedSums",
    "Match",
    "Membership",
    "Moments",
    "Offence",
    "Profile",
    "PsuTable",
    "answered_though_not_asked",
    "answers",
    "apply_stages",
    "beside",
    "canonical",
    "categories",
    "column_names",
    "completed",
    "disagreement",
    "height",
    "is_frame",
    "joined",
    "judged",
    "kept",
    "marked",
    "mask",
    "memberships",
    "null_rows",
    "offences",
    "patterns",
    "pooled_part",
    "profile",
    "renamed",
    "repeated_rows",
    "rows_not_finite",
    "rows_where",
    "same_library",
    "selected",
    "stacked",
    "texts",
    "unit_labels",
    "values",
    "with_column",
    "with_psu_index",
    "with_text_headers",
    "with_units",
]
