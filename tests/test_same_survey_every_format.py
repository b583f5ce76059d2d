"""A survey has the same levels and standard errors, to the last bit, in whatever format it comes.

The records are simulated; their strata and enumeration areas are named in Korean, so that a file
in the wrong encoding would have another design, and an open answer holds a syllable that only
CP949 has.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from divide_index import simulate_survey
from divide_index.levels import relative_levels
from divide_index.schema import load_schema
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey

RECORDS = 1200
DOMAINS = ("province", "area", "sex", "age_group", "area*sex")


@cache
def records() -> pd.DataFrame:
    frame = simulate_survey("example", seed=3, n=RECORDS)
    return frame.assign(
        stratum="층 " + frame["stratum"],
        psu="조사구 " + frame["psu"],
        note=["펲·똠" if row % 7 == 0 else "메모" for row in range(len(frame))],
    )


def as_floats(frame: pd.DataFrame) -> Any:  # noqa: ANN401  pyreadstat's frames are protocols
    """Return numbers as a statistics package holds them: all floating, a blank is none."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("number").columns, "float64"))


def value_labels(frame: pd.DataFrame) -> dict[str, dict[float, str]]:
    """Return what numeric codes mean, in the schema's own words."""
    variables = load_schema("example").variables
    return {
        name: {float(code): text.of("ko") for code, text in variable.codes.items() if text}
        for name, variable in variables.items()
        if variable.codes and not variable.is_text and name in frame.columns
    }


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="utf-8")


def write_cp949(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="cp949")


def write_xlsx(frame: pd.DataFrame, path: Path) -> None:
    frame.to_excel(path, index=False, engine="openpyxl")


def write_sav(frame: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_sav(as_floats(frame), path)


def write_labelled_sav(frame: pd.DataFrame, path: Path) -> None:
    """Write codes with their labels, and 9998 as the file's own missing value."""
    variables = load_schema("example").variables
    unanswered: dict[str, Any] = {
        name: [float(code) for code in variable.missing]
        for name, variable in variables.items()
        if variable.missing
    }
    pyreadstat.write_sav(
        as_floats(frame),
        path,
        variable_value_labels=value_labels(frame),
        missing_ranges=unanswered,
    )


def write_dta(frame: pd.DataFrame, path: Path) -> None:
    pyreadstat.write_dta(as_floats(frame), path, version=15)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


FORMATS: dict[str, tuple[str, Callable[[pd.DataFrame, Path], None]]] = {
    "CSV in UTF-8": ("survey.csv", write_csv),
    "CSV in CP949": ("survey.csv", write_cp949),
    "XLSX": ("survey.xlsx", write_xlsx),
    "SAV": ("survey.sav", write_sav),
    "SAV with labels and missing values": ("survey.sav", write_labelled_sav),
    "DTA": ("survey.dta", write_dta),
    "Parquet": ("survey.parquet", write_parquet),
}


def levels(survey: Survey) -> pd.DataFrame:
    return relative_levels(score(survey), DOMAINS).to_frame()


@cache
def expected() -> pd.DataFrame:
    return levels(read_survey(records(), schema="example"))


@pytest.fixture(params=FORMATS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, write = FORMATS[request.param]
    path = tmp_path / name
    write(records(), path)
    return path


def test_a_file_in_any_format_has_the_levels_and_errors_of_its_frame(path: Path) -> None:
    survey = read_survey(path, schema="example")
    assert survey.records == RECORDS
    assert survey.is_synthetic
    pd.testing.assert_frame_equal(levels(survey), expected(), check_exact=True)


def test_a_file_in_any_format_has_the_design_of_its_frame(path: Path) -> None:
    survey, given = (read_survey(source, schema="example") for source in (path, records()))
    assert survey.design.stratum_labels == given.design.stratum_labels
    assert survey.design.strata.tolist() == given.design.strata.tolist()
    assert survey.psus.weights.tolist() == given.psus.weights.tolist()


def test_the_levels_compared_have_standard_errors() -> None:
    cells = expected()
    assert len(cells) > 100
    assert cells["level"].notna().all()
    assert (cells["std_error"] > 0).mean() > 0.8
