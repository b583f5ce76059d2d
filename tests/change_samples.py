"""The three years of `reference/change.csv` for the tests, and waves of any two samples."""

from functools import cache

import pandas as pd

from divide_index.schema import SurveySchema, load_schema
from divide_index.waves import Samples, Waves, read_waves
from tests.samples import REFERENCE, SCHEMAS, Sample


@cache
def change_schema() -> SurveySchema:
    """Return the schema of `reference/change.csv`."""
    return load_schema(SCHEMAS / "change.yaml")


def change_frame() -> pd.DataFrame:
    """Return the records of `reference/change.csv`."""
    return pd.read_csv(REFERENCE / "change.csv")


def change_waves(
    samples: Samples = "independent",
    frame: pd.DataFrame | None = None,
    schema: SurveySchema | dict[int, SurveySchema] | None = None,
) -> Waves:
    """Return the three years, or what a test made of them."""
    frame = change_frame() if frame is None else frame
    parts = {int(year): frame[frame["year"] == year] for year in sorted(set(frame["year"]))}
    return read_waves(parts, schema or change_schema(), samples=samples)


def two_waves(old: Sample, new: Sample) -> Waves:
    """Return two samples as those of two years."""
    return Waves({2024: old.survey, 2025: new.survey})
