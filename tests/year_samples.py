"""Surveys of several years for the tests: `reference/years.csv`, and what is made of it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pandas as pd
import pytest

from divide_index.errors import DivideIndexError
from divide_index.inference.design import LonelyPsu
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, load_schema
from divide_index.survey import Survey, read_survey
from divide_index.waves import Samples, Waves, read_waves
from tests.samples import REFERENCE, SCHEMAS

YEARS: tuple[int, ...] = (2023, 2024, 2025)


@cache
def years_schema() -> SurveySchema:
    """Return the schema of `reference/years.csv`."""
    return load_schema(SCHEMAS / "years.yaml")


def years_frame() -> pd.DataFrame:
    """Return the records of `reference/years.csv`."""
    return pd.read_csv(REFERENCE / "years.csv")


def by_year(frame: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return the records of each year."""
    return {year: frame[frame["year"] == year] for year in YEARS}


def years_waves(
    schema: SurveySchema | dict[int, SurveySchema] | None = None,
    frame: pd.DataFrame | None = None,
    *,
    samples: Samples = "independent",
    lonely_psu: LonelyPsu = "fail",
) -> Waves:
    """Return the three years, or what a test made of them."""
    if schema is None and frame is None:
        return _plain_waves(samples, lonely_psu)
    parts = by_year(years_frame() if frame is None else frame)
    meaning: Any = years_schema() if schema is None else schema
    return read_waves(parts, meaning, samples=samples, lonely_psu=lonely_psu)


@cache
def _plain_waves(samples: Samples, lonely_psu: LonelyPsu) -> Waves:
    """Return the three years as they are: nothing changes them, so that they are read once."""
    parts = by_year(years_frame())
    return read_waves(parts, years_schema(), samples=samples, lonely_psu=lonely_psu)


def year_survey(year: int, schema: SurveySchema | None = None) -> Survey:
    """Return one of the three years."""
    if schema is None:
        return _plain_waves("independent", "fail").surveys[year]
    return read_survey(by_year(years_frame())[year], schema or years_schema())


def schemas_with(year: int, change: Callable[[SurveySchema], SurveySchema]) -> Any:  # noqa: ANN401
    """Return the schema of each year, one of them changed."""
    schema = years_schema()
    return {each: change(schema) if each == year else schema for each in YEARS}


@contextmanager
def refused(code: str, **params: object) -> Generator[None]:
    """Expect an error, told of what it is told of, with words in both languages."""
    with pytest.raises(DivideIndexError) as caught:
        yield
    error = caught.value
    assert error.code == code
    assert {name: error.params.get(name) for name in params} == params
    for lang in LANGUAGES:
        assert render(error.code, lang, error.params).startswith(code)
