"""A survey of several files is the survey it would be in one: joined, stacked, nothing guessed."""

import csv
import io
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyreadstat
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from divide_index import cli, engine
from divide_index.errors import DivideIndexError, Finding
from divide_index.levels import relative_levels
from divide_index.reading import labels
from divide_index.reading.origin import OpenFile
from divide_index.schema import SurveySchema
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey
from tests.examples import examples
from tests.samples import SCHEMAS, Sample, as_polars, samples, small_schema

Frames: TypeAlias = Mapping[str, pd.DataFrame]
Give: TypeAlias = Callable[[Frames, Path], Mapping[str, Any]]

EXACT = 2**53  # a float holds every integer up to here


def changed(text: str, **changes: object) -> dict[str, Any]:
    """Return YAML with changes at paths such as ``variables__area__codes``; None removes."""
    whole: dict[str, Any] = yaml.safe_load(text)
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = whole
        for step in parents:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return whole


def parsed(text: str, **changes: object) -> SurveySchema:
    return SurveySchema.model_validate(changed(text, **changes))


def levels(survey: Survey, *by: str) -> pd.DataFrame:
    return relative_levels(score(survey), by).to_frame()


def assert_same_levels(one: Survey, other: Survey, *by: str) -> None:
    pd.testing.assert_frame_equal(levels(one, *by), levels(other, *by), check_exact=True)


def refusal(source: object, schema: SurveySchema | None = None) -> DivideIndexError:
    with pytest.raises(DivideIndexError) as caught:
        read_survey(source, schema)
    return caught.value


def codes(survey: Survey) -> list[str]:
    return [finding.code for finding in survey.findings]


def finding(survey: Survey, code: str) -> Finding:
    [found] = [each for each in survey.findings if each.code == code]
    return found


def texts(survey: Survey, variable: str) -> list[str | None]:
    cells = survey.frame[variable].to_list()
    return [cell if isinstance(cell, str) else None for cell in cells]


def numbers(survey: Survey, variable: str) -> list[float | None]:
    values = engine.values(survey.frame, variable)
    return [None if np.isnan(value) else float(value) for value in values]


# -- how files are given ---------------------------------------------------------------------


def as_frames(frames: Frames, _: Path) -> Mapping[str, Any]:
    return frames


def as_polars_frames(frames: Frames, _: Path) -> Mapping[str, Any]:
    return {name: as_polars(frame) for name, frame in frames.items()}


def as_files(frames: Frames, folder: Path) -> Mapping[str, Any]:
    return {name: written(frame, folder / f"{name}.csv") for name, frame in frames.items()}


def as_workbooks(frames: Frames, folder: Path) -> Mapping[str, Any]:
    """Return workbooks whose numbers are numeric cells."""
    paths = {name: folder / f"{name}.xlsx" for name in frames}
    for name, frame in frames.items():
        frame.to_excel(paths[name], index=False, engine="openpyxl")
    return paths


def written(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False, encoding="utf-8")
    return path


GIVEN: dict[str, Give] = {
    "pandas": as_frames,
    "Polars": as_polars_frames,
    "CSV": as_files,
    "XLSX": as_workbooks,
}
HOWEVER_GIVEN = pytest.mark.parametrize("give", GIVEN.values(), ids=GIVEN.keys())


# -- joined files ----------------------------------------------------------------------------

JOINED = """
format: 1
name: joined
title: Joined
survey: {name: Joined}
files:
  persons: {}
  households: {join: persons, key: [house]}
variables:
  id: {type: text}
  house: {type: text}
  psu: {type: text}
  weight: {type: number}
  skill: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}, missing: [9]}
  net: {file: households, codes: {1: Online, 2: Offline}}
  area: {file: households, codes: {U: Urban, R: Rural}}
design: {weight: weight, psu: psu, id: id}
items:
  skill: {of: skill, rule: scale, goalposts: [1, 4]}
  net: {of: net, rule: share, codes: [1]}
dimensions:
  access: {label: Access, weight: 0.5, indicators: {one: {weight: 1, items: [net]}}}
  capability: {label: Capability, weight: 0.5, indicators: {one: {weight: 1, items: [skill]}}}
reference: {label: Everybody}
groups: {rural: {label: Rural, where: area == 'R'}}
domains: {area: {label: Area, variable: area}}
"""
HOUSES = ["101", "102", "103", "104", "105", "106"]


def persons() -> pd.DataFrame:
    """Return twelve persons, the two of a household far apart."""
    return pd.DataFrame(
        {
            "id": [f"p{number}" for number in range(12)],
            "house": HOUSES + HOUSES[::-1],
            "psu": [f"u{number % 4}" for number in range(12)],
            "weight": [1.0 + number % 3 for number in range(12)],
            "skill": [1 + number % 4 for number in range(12)],
        }
    )


def households() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "house": HOUSES,
            "net": [1, 1, 2, 1, 2, 1],
            "area": ["U", "R", "U", "R", "R", "U"],
        }
    )


def together() -> Survey:
    """Return the survey of a frame in which households stand beside their persons."""
    whole = persons().merge(households(), on="house", how="left", validate="m:1")
    return read_survey(whole, parsed(JOINED, files=None, variables__net__file=None, **_NO_FILE))


_NO_FILE: dict[str, Any] = {"variables__area__file": None}


def read_joined(
    give: Give, folder: Path, one: pd.DataFrame, other: pd.DataFrame, **changes: object
) -> Survey:
    return read_survey(
        give({"persons": one, "households": other}, folder), parsed(JOINED, **changes)
    )


@HOWEVER_GIVEN
def test_every_person_keeps_the_place_and_gets_the_variables_of_the_household(
    give: Give, tmp_path: Path
) -> None:
    survey = read_joined(give, tmp_path, persons(), households())
    of = households().set_index("house")
    assert texts(survey, "id") == persons()["id"].to_list()
    assert numbers(survey, "net") == [of["net"][house] for house in persons()["house"]]
    assert texts(survey, "area") == [of["area"][house] for house in persons()["house"]]
    assert survey.findings == ()
    assert_same_levels(survey, together(), "area")


@HOWEVER_GIVEN
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_households_does_not_matter(give: Give, tmp_path: Path, seed: int) -> None:
    shuffled = households().sample(frac=1, random_state=seed).iloc[:, ::-1]
    survey = read_joined(give, tmp_path, persons(), shuffled)
    assert_same_levels(survey, together(), "area")


@HOWEVER_GIVEN
def test_a_household_that_stands_twice_would_multiply_its_persons_and_is_refused(
    give: Give, tmp_path: Path
) -> None:
    twice = pd.concat([households(), households().iloc[[3, 3, 0]]])
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, persons(), twice)
    error = caught.value
    assert (error.code, error.params["count"], error.params["other"]) == (
        "DI-E197",
        3,
        "households",
    )
    assert list(error.params["lines"]) == [8, 9, 10]  # pyright: ignore[reportArgumentType]
    assert "103" not in str(error)


@HOWEVER_GIVEN
def test_persons_without_a_household_would_be_lost_and_are_refused_with_their_lines(
    give: Give, tmp_path: Path
) -> None:
    fewer = households().query("house != '102' and house != '106'")
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, persons(), fewer)
    error = caught.value
    assert (error.code, error.params["count"], error.params["source_records"]) == ("DI-E195", 4, 12)
    assert list(error.params["lines"]) == [3, 7, 8, 12]  # pyright: ignore[reportArgumentType]
    assert "102" not in str(error)


@HOWEVER_GIVEN
def test_households_without_persons_are_counted_and_change_nothing(
    give: Give, tmp_path: Path
) -> None:
    more = pd.DataFrame({"house": ["201", "202"], "net": [2, 2], "area": ["R", "R"]})
    survey = read_joined(give, tmp_path, persons(), pd.concat([more, households()]))
    assert codes(survey) == ["DI-I197"]
    assert finding(survey, "DI-I197").params["count"] == 2
    assert_same_levels(survey, together(), "area")


@HOWEVER_GIVEN
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_persons_without_a_key_are_refused(give: Give, tmp_path: Path, blank: str | None) -> None:
    one = persons()
    one.loc[[2, 5], "house"] = blank
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, one, households())
    error = caught.value
    assert (error.code, error.params["name"], error.params["count"]) == ("DI-E178", "persons", 2)


@HOWEVER_GIVEN
def test_households_without_a_key_are_refused_and_match_no_person_without_one(
    give: Give, tmp_path: Path
) -> None:
    one, other = persons(), households()
    other.loc[1, "house"] = None
    with pytest.raises(DivideIndexError, match="DI-E178 The file households"):
        read_joined(give, tmp_path, one[one["house"] != "102"], other)
    one.loc[one["house"] == "102", "house"] = None
    with pytest.raises(DivideIndexError, match="DI-E178"):
        read_joined(give, tmp_path, one, other)


@HOWEVER_GIVEN
def test_a_key_with_leading_zeros_is_not_the_number_without_them(
    give: Give, tmp_path: Path
) -> None:
    one, other = persons(), households()
    one["house"] = "00" + one["house"]
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, one, other)
    assert (caught.value.code, caught.value.params["count"]) == ("DI-E195", 12)
    both = pd.concat([other, other.assign(house="00" + other["house"], net=2, area="U")])
    survey = read_joined(give, tmp_path, one, both)
    assert set(numbers(survey, "net")) == {2}
    assert set(texts(survey, "area")) == {"U"}


@HOWEVER_GIVEN
def test_a_key_of_two_variables_matches_only_where_both_do(give: Give, tmp_path: Path) -> None:
    place: dict[str, Any] = {
        "variables__place": {"type": "text"},
        "files__households__key": ["place", "house"],
    }
    numbers_of = {"101": ("A", "1"), "102": ("A", "2"), "103": ("B", "1")}
    numbers_of |= {"104": ("B", "2"), "105": ("A", "12"), "106": ("A1", "2")}
    one, other = (
        frame.assign(
            place=[numbers_of[house][0] for house in frame["house"]],
            house=[numbers_of[house][1] for house in frame["house"]],
        )
        for frame in (persons(), households())
    )
    survey = read_joined(give, tmp_path, one, other, **place)
    assert numbers(survey, "net") == numbers(together(), "net")
    assert_same_levels(survey, together(), "area")
    one.loc[0, "place"] = None
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, one, other, **place)
    assert (caught.value.code, caught.value.params["count"]) == ("DI-E178", 1)
    assert list(caught.value.params["key"]) == ["place", "house"]  # pyright: ignore[reportArgumentType]


@HOWEVER_GIVEN
def test_a_constant_of_a_file_may_be_part_of_a_key_or_the_schema_is_refused(
    give: Give, tmp_path: Path
) -> None:
    place: dict[str, Any] = {
        "variables__place": {"type": "text"},
        "files__persons": {"constants": {"place": "A"}},
        "files__households__key": ["place", "house"],
    }
    try:
        parsed(JOINED, **place)
    except ValidationError:
        return
    other = pd.concat([households().assign(place="B", net=2), households().assign(place="A")])
    survey = read_joined(give, tmp_path, persons(), other, **place)
    assert_same_levels(survey, together(), "area")


@HOWEVER_GIVEN
@pytest.mark.parametrize("side", ["persons", "households"])
def test_outer_blanks_of_a_key_are_taken_off_and_counted(
    give: Give, tmp_path: Path, side: str
) -> None:
    frames = {"persons": persons(), "households": households()}
    frames[side].loc[[0, 3], "house"] = ["  101", "104 "]
    survey = read_survey(give(frames, tmp_path), parsed(JOINED))
    assert codes(survey) == ["DI-W009"]
    told = finding(survey, "DI-W009").params
    assert (told["column"], told["count"]) == ("house", 2)
    assert str(told["source"]).startswith(side)
    assert_same_levels(survey, together(), "area")


@HOWEVER_GIVEN
def test_headers_may_be_written_in_another_case_in_each_file(give: Give, tmp_path: Path) -> None:
    one, other = persons().rename(columns=str.upper), households().rename(columns=str.title)
    survey = read_joined(give, tmp_path, one, other)
    assert survey.findings == ()
    assert_same_levels(survey, together(), "area")


@HOWEVER_GIVEN
def test_exchanged_files_are_told_as_such(give: Give, tmp_path: Path) -> None:
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, households(), persons())
    error = caught.value
    assert error.code == "DI-E196"
    assert {error.params["name"], error.params["other"]} == {"persons", "households"}
    assert "Exchange the paths" in str(error)


@HOWEVER_GIVEN
def test_a_wrong_code_of_a_household_is_told_with_its_file_and_line(
    give: Give, tmp_path: Path
) -> None:
    other = households()
    other.loc[4, "net"] = 7
    with pytest.raises(DivideIndexError) as caught:
        read_joined(give, tmp_path, persons(), other)
    error = caught.value
    assert error.code == "DI-E034"
    assert str(error.params["source"]).removesuffix(".csv").removesuffix(".xlsx") == "households"
    assert str(error).startswith(f"DI-E034 {error.params['source']}: ")
    assert "net=7 (n=1, line 6)" in str(error)


@pytest.mark.parametrize("lost", ["persons", "households"])
def test_a_file_without_the_one_it_is_joined_with_is_refused(lost: str) -> None:
    frames: dict[str, Any] = {"persons": persons(), "households": households()}
    del frames[lost]
    error = refusal(frames, parsed(JOINED))
    assert (error.code, error.params["missing"]) == ("DI-E194", lost)


def test_columns_that_no_variable_needs_are_ignored_in_every_file() -> None:
    one = persons().assign(net="?", area="?", name="somebody")
    other = households().assign(skill="?", weight=-1, psu=None)
    survey = read_joined(as_frames, Path(), one, other)
    assert_same_levels(survey, together(), "area")


HOLDS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "whole numbers": lambda frame: frame.astype({"house": "int64"}),
    "floating numbers": lambda frame: frame.astype({"house": "float64"}),
    "nullable numbers": lambda frame: frame.astype({"house": "Int64"}),
    "categories": lambda frame: frame.astype({"house": "category"}),
    "objects": lambda frame: frame.astype(object),
    "nullable types": lambda frame: frame.convert_dtypes(),
    "Arrow types": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "a repeated index": lambda frame: frame.set_axis([7] * len(frame)),
}


@pytest.mark.parametrize("right", HOLDS)
@pytest.mark.parametrize("left", HOLDS)
def test_a_key_is_the_same_in_whatever_type_a_frame_holds_it(left: str, right: str) -> None:
    frames = {"persons": HOLDS[left](persons()), "households": HOLDS[right](households())}
    assert_same_levels(read_survey(frames, parsed(JOINED)), together(), "area")


@pytest.mark.parametrize("right", [pl.String, pl.Int64, pl.Float64, pl.Float32, pl.Decimal(9, 0)])
@pytest.mark.parametrize("left", [pl.String, pl.UInt16, pl.Float64, pl.Enum(HOUSES)])
def test_a_key_of_polars_is_the_same_in_whatever_type(left: Any, right: Any) -> None:  # noqa: ANN401
    frames = {
        "persons": as_polars(persons()).cast({"house": left}),
        "households": as_polars(households()).cast({"house": right}),
    }
    assert_same_levels(read_survey(frames, parsed(JOINED)), together(), "area")


# A float of a frame may already be another number than the one that was entered.
@pytest.mark.parametrize("library", [pd.DataFrame, as_polars])
def test_a_household_number_too_long_for_a_float_is_joined_to_no_other_household(
    library: Callable[[pd.DataFrame], Any],
) -> None:
    number = {house: EXACT + place for place, house in enumerate(HOUSES)}
    one = persons().assign(house=[float(number[house]) for house in persons()["house"]])
    other = households().assign(house=[number[house] for house in HOUSES])
    error = refusal({"persons": library(one), "households": library(other)}, parsed(JOINED))
    assert error.code in {"DI-E129", "DI-E209"}


@pytest.mark.parametrize("library", [pd.DataFrame, as_polars])
@pytest.mark.parametrize("first", [float(EXACT), -float(EXACT), 1e19, float("inf")])
def test_identifiers_of_a_frame_that_floats_cannot_tell_apart_are_refused(
    library: Callable[[pd.DataFrame], Any], first: float
) -> None:
    psus = [first + float(number // 3) for number in range(12)]
    frames = {"persons": library(persons().assign(psu=psus)), "households": library(households())}
    assert refusal(frames, parsed(JOINED)).code in {"DI-E129", "DI-E209"}


@pytest.mark.parametrize("library", [pd.DataFrame, pl.from_pandas])
def test_identifiers_of_a_frame_that_short_floats_cannot_tell_apart_are_refused(
    library: Callable[[pd.DataFrame], Any],
) -> None:
    psus = np.array([2**24 + number // 3 for number in range(12)], dtype=np.float32)
    frames = {"persons": library(persons().assign(psu=psus)), "households": library(households())}
    assert refusal(frames, parsed(JOINED)).code in {"DI-E129", "DI-E209"}


@pytest.mark.parametrize("kind", [pl.List(pl.Int64), pl.Object])
def test_identifiers_that_are_no_texts_are_refused(kind: Any) -> None:  # noqa: ANN401
    psus = pl.Series([[number // 3] for number in range(12)], dtype=kind)
    frames = {
        "persons": as_polars(persons()).with_columns(psu=psus),
        "households": as_polars(households()),
    }
    assert refusal(frames, parsed(JOINED)).code.startswith("DI-E")


def test_no_cell_of_a_frame_of_another_library_is_printed() -> None:
    table = pa.table({"id": ["김비밀"], "house": ["김비밀"]})
    for source in (table, {"persons": table, "households": table}):
        assert "김비밀" not in str(refusal(source, parsed(JOINED)))


def test_what_is_no_frame_among_the_sources_is_refused_by_its_type() -> None:
    frames = {"persons": as_polars(persons()).lazy(), "households": as_polars(households())}
    error = refusal(frames, parsed(JOINED))
    assert (error.code, error.params["type"]) == ("DI-E121", "LazyFrame")


@pytest.mark.parametrize("kind", ["object", "category"])
def test_identifiers_of_a_column_of_any_values_that_floats_cannot_tell_apart_are_refused(
    kind: str,
) -> None:
    psus = pd.Series([EXACT + float(number // 3) for number in range(12)], dtype=kind)
    frames = {"persons": persons().assign(psu=psus), "households": households()}
    assert refusal(frames, parsed(JOINED)).code in {"DI-E129", "DI-E209"}


WHOLE: list[Any] = [1, 1.0, "1", np.int64(1), np.float32(1), Decimal(1), Decimal("1.0")]


@pytest.mark.parametrize("one", WHOLE, ids=[type(cell).__name__ for cell in WHOLE])
def test_a_whole_number_is_one_identifier_among_other_types_of_a_column(
    one: Any,  # noqa: ANN401
) -> None:
    mixed = [one, 1, "1", *(f"u{number}" for number in range(9))]
    frame = persons().assign(psu=pd.Series(mixed, dtype=object))
    survey = read_survey({"persons": frame, "households": households()}, parsed(JOINED))
    assert texts(survey, "psu")[:3] == ["1"] * 3


MISSING: list[Any] = [None, np.nan, pd.NA, pd.NaT]


@pytest.mark.parametrize("missing", MISSING, ids=["None", "NaN", "NA", "NaT"])
def test_a_missing_cell_of_any_kind_is_missing_among_other_types_of_a_column(
    missing: Any,  # noqa: ANN401
) -> None:
    skill = pd.Series([missing, 1, "2", 3.0, *[1] * 8], dtype=object)
    frames = {"persons": persons().assign(skill=skill), "households": households()}
    assert numbers(read_survey(frames, parsed(JOINED)), "skill")[:4] == [None, 1, 2, 3]
    psu = pd.Series([missing, 1, "2", 3.0, *["4"] * 8], dtype=object)
    error = refusal({**frames, "persons": persons().assign(psu=psu)}, parsed(JOINED))
    assert (error.code, error.params["count"]) == ("DI-E059", 1)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "sav"])
def test_lines_of_lost_persons_are_those_of_their_own_file(tmp_path: Path, ending: str) -> None:
    one, path = persons(), tmp_path / f"persons.{ending}"
    one.loc[4, "house"] = "999"
    line = 7
    match ending:
        case "csv":
            path.write_text(f"Survey,,,,\n2025,,,,\n{one.to_csv(index=False)}", encoding="utf-8")
            line, header = 8, 3
        case "xlsx":
            one.to_excel(path, index=False, startrow=1, engine="openpyxl")
            header = 2
        case "parquet":
            one.to_parquet(path)
            line, header = 5, 1
        case _:
            as_sav(one, tmp_path, "persons")
            line, header = 5, 1
    schema = parsed(JOINED, files__persons={"header_row": header})
    error = refusal(
        {"persons": path, "households": written(households(), tmp_path / "h.csv")}, schema
    )
    assert error.code == "DI-E195"
    assert list(error.params["lines"]) == [line]  # pyright: ignore[reportArgumentType]


# -- stacked files ---------------------------------------------------------------------------

STACKED = """
format: 1
name: stacked
title: Stacked
survey: {name: Stacked}
files:
  general:
    constants: {sample: general}
    columns: {age: ADQ1}
    absent: [kind]
  older: {part_of: general}
  farmers:
    constants: {sample: farmers}
    columns: {age: BDQ2}
variables:
  id: {type: text}
  sample: {codes: {general: General, farmers: Farmers}}
  weight: {type: number}
  age: {type: number, range: [7, 100]}
  kind: {codes: {1: Farmer, 2: Fisher}}
  q1: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}}
  q2: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}}
  q3: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}}
  q4: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}}
design: {sample: sample, weight: weight, id: id}
items:
  q1: {of: q1, rule: scale, goalposts: [1, 4]}
  q2: {of: q2, rule: scale, goalposts: [1, 4]}
  q3: {of: q3, rule: scale, goalposts: [1, 4]}
  q4: {of: q4, rule: scale, goalposts: [1, 4]}
dimensions:
  one: {label: One, weight: 0.5, indicators: {one: {weight: 1, items: [q1, q2]}}}
  two: {label: Two, weight: 0.5, indicators: {one: {weight: 1, items: [q3, q4]}}}
reference: {label: General, where: sample == 'general'}
groups:
  farmers: {label: Farmers, where: sample == 'farmers'}
  old: {label: Older people, where: sample == 'general' and age >= 55}
domains:
  kind: {label: Kind, variable: kind}
"""
QUESTIONS = ["q1", "q2", "q3", "q4"]


def sample_of(seed: int, n: int = 30) -> pd.DataFrame:
    """Return the answers of a sample; ids start at 1 in each."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [str(number + 1) for number in range(n)],
            "weight": random.integers(1, 9, n) / 4,
            "age": random.integers(7, 100, n),
            **{question: random.integers(1, 5, n) for question in QUESTIONS},
        }
    )


def general(n: int = 30) -> pd.DataFrame:
    return sample_of(1, n).rename(columns={"age": "ADQ1"})


def farmers(n: int = 30) -> pd.DataFrame:
    made = sample_of(2, n).rename(columns={"age": "BDQ2"})
    return made.assign(kind=[1 + number % 2 for number in range(n)])


def stacked_frame() -> pd.DataFrame:
    """Return the records of both samples in one frame."""
    first = general().rename(columns={"ADQ1": "age"}).assign(sample="general", kind=None)
    second = farmers().rename(columns={"BDQ2": "age"}).assign(sample="farmers")
    return pd.DataFrame(
        {name: [*first[name], *second[name]] for name in second.columns}
    ).convert_dtypes()


def both() -> dict[str, pd.DataFrame]:
    return {"general": general(), "farmers": farmers()}


@HOWEVER_GIVEN
def test_stacked_files_have_their_own_headers_constants_and_absent_variables(
    give: Give, tmp_path: Path
) -> None:
    survey = read_survey(give(both(), tmp_path), parsed(STACKED))
    assert texts(survey, "sample") == ["general"] * 30 + ["farmers"] * 30
    assert numbers(survey, "age") == [*general()["ADQ1"], *farmers()["BDQ2"]]
    assert numbers(survey, "kind") == [*([None] * 30), *farmers()["kind"]]
    assert survey.findings == ()
    whole = read_survey(stacked_frame(), parsed(STACKED))
    assert_same_levels(survey, whole)


@HOWEVER_GIVEN
def test_samples_stand_in_the_order_of_the_schema_however_they_are_given(
    give: Give, tmp_path: Path
) -> None:
    backwards = dict(reversed(both().items()))
    survey = read_survey(give(backwards, tmp_path), parsed(STACKED))
    assert texts(survey, "sample") == ["general"] * 30 + ["farmers"] * 30
    assert_same_levels(survey, read_survey(both(), parsed(STACKED)))


def test_every_file_is_named_with_its_records_where_the_survey_came_from(tmp_path: Path) -> None:
    frames = {"general": general(), "farmers": farmers(20)}
    survey = read_survey(as_files(frames, tmp_path), parsed(STACKED))
    found = [(origin.source, origin.name, origin.records) for origin in survey.origins]
    assert found == [("general", "general.csv", 30), ("farmers", "farmers.csv", 20)]
    assert len({origin.sha256 for origin in survey.origins}) == 2


@HOWEVER_GIVEN
def test_a_sample_that_is_not_given_is_said_and_left_out(give: Give, tmp_path: Path) -> None:
    survey = read_survey(give({"general": general()}, tmp_path), parsed(STACKED))
    assert codes(survey) == ["DI-W197"]
    assert list(finding(survey, "DI-W197").params["names"]) == ["farmers"]  # pyright: ignore[reportArgumentType]
    assert survey.records == 30
    alone = stacked_frame().query("sample == 'general'")
    whole = read_survey(alone, parsed(STACKED))
    one, other = (relative_levels(score(each), groups=["old"]) for each in (survey, whole))
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), check_exact=True)


def test_the_same_file_under_two_names_is_refused(tmp_path: Path) -> None:
    path = written(general().assign(BDQ2=40, kind=1), tmp_path / "one.csv")
    copied = tmp_path / "two.csv"
    copied.write_bytes(path.read_bytes())
    for second in (path, copied):
        error = refusal({"general": path, "farmers": second}, parsed(STACKED))
        assert (error.code, error.params["percent"]) == ("DI-E198", 100.0)
        assert {error.params["first"], error.params["second"]} == {"general", "farmers"}


CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as they are": lambda frame: frame,
    "in another order": lambda frame: frame.iloc[::-1],
    "under other ids": lambda frame: frame.assign(id=[f"x{each}" for each in frame["id"]]),
    "with other weights": lambda frame: frame.assign(weight=1.0),
    "a part of them": lambda frame: frame.iloc[5:],
}


@HOWEVER_GIVEN
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_same_people_under_two_names_are_refused(
    give: Give, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    again = change(general().rename(columns={"ADQ1": "BDQ2"}).assign(kind=1))
    error = refusal(give({"general": general(), "farmers": again}, tmp_path), parsed(STACKED))
    assert error.code == "DI-E198"
    assert error.params["percent"] == pytest.approx(100)


def test_two_samples_with_the_same_few_answers_are_not_the_same_people() -> None:
    two: dict[str, Any] = {f"variables__{name}__codes": {1: "1", 2: "2"} for name in QUESTIONS}
    two |= {"variables__age": {"codes": {1: "Young", 2: "Old"}}, "groups__old": None}
    first, second = general(400), farmers(400)
    for frame, age in ((first, "ADQ1"), (second, "BDQ2")):
        frame[QUESTIONS] = 1 + frame[QUESTIONS] % 2
        frame[age] = 1 + frame[age] % 2
    survey = read_survey({"general": first, "farmers": second}, parsed(STACKED, **two))
    assert survey.records == 800


def test_a_file_that_repeats_people_of_another_is_refused() -> None:
    error = refusal({**both(), "older": general(10)}, parsed(STACKED))
    assert error.code == "DI-E193"
    assert (error.params["name"], error.params["of"]) == ("older", "general")


def test_a_name_that_is_no_file_of_the_schema_is_refused_with_those_it_has() -> None:
    error = refusal({**both(), "farmer": farmers()}, parsed(STACKED))
    assert (error.code, error.params["name"]) == ("DI-E192", "farmer")
    assert "general, farmers" in str(error)
    assert "older" not in str(error)


def test_a_single_path_for_a_schema_of_several_files_is_refused(tmp_path: Path) -> None:
    path = written(general(), tmp_path / "general.csv")
    error = refusal(path, parsed(STACKED))
    assert error.code == "DI-E191"
    assert list(error.params["files"]) == ["general", "farmers"]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("kind", ["frame", "file"])
def test_several_files_may_have_been_put_together_beforehand(tmp_path: Path, kind: str) -> None:
    frame = stacked_frame()
    source = frame if kind == "frame" else written(frame, tmp_path / "all.csv")
    survey = read_survey(source, parsed(STACKED))
    assert_same_levels(survey, read_survey(both(), parsed(STACKED)))


def test_frames_of_different_libraries_are_refused(tmp_path: Path) -> None:
    path = written(general(), tmp_path / "general.csv")
    for first in (general(), path):
        error = refusal({"general": first, "farmers": as_polars(farmers())}, parsed(STACKED))
        assert error.code == "DI-E199"


def test_a_file_and_a_pandas_frame_go_together(tmp_path: Path) -> None:
    path = written(general(), tmp_path / "general.csv")
    survey = read_survey({"general": path, "farmers": farmers().convert_dtypes()}, parsed(STACKED))
    assert_same_levels(survey, read_survey(both(), parsed(STACKED)))


@HOWEVER_GIVEN
def test_an_identifier_may_stand_in_two_samples(give: Give, tmp_path: Path) -> None:
    survey = read_survey(give(both(), tmp_path), parsed(STACKED))
    assert texts(survey, "id")[:30] == texts(survey, "id")[30:]


@HOWEVER_GIVEN
@pytest.mark.parametrize(
    "changes",
    [
        {"files__farmers__constants": {"sample": "general"}},
        {"design__sample": None},
    ],
    ids=["one constant for both files", "no sample in the design"],
)
def test_an_identifier_may_not_stand_in_two_files_of_one_sample(
    give: Give, tmp_path: Path, changes: dict[str, object]
) -> None:
    error = refusal(give(both(), tmp_path), parsed(STACKED, **changes))
    assert (error.code, error.params["count"]) == ("DI-E028", 30)


@HOWEVER_GIVEN
@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("weight", -1.0, "DI-E050"),
        ("weight", None, "DI-E049"),
        ("BDQ2", 6, "DI-E034"),
        ("kind", 3, "DI-E034"),
        ("id", "1", "DI-E028"),
        ("id", None, "DI-E030"),
    ],
)
def test_an_error_names_the_file_in_which_it_stands(
    give: Give,
    tmp_path: Path,
    column: str,
    value: float | str | None,
    code: str,
) -> None:
    wrong = farmers()
    wrong.loc[7, column] = value
    error = refusal(give({"general": general(), "farmers": wrong}, tmp_path), parsed(STACKED))
    assert error.code == code
    assert str(error.params["source"]).partition(".")[0] == "farmers"
    assert str(error).startswith(f"{code} {error.params['source']}: ")
    assert column in str(error)
    assert "9" in str(error)  # its line


def test_a_missing_column_is_told_under_the_header_of_its_own_file() -> None:
    frames = {"general": general(), "farmers": farmers().rename(columns={"BDQ2": "BDQ3"})}
    error = refusal(frames, parsed(STACKED))
    assert (error.code, error.params["source"]) == ("DI-E103", "farmers")
    assert list(error.params["columns"]) == ["BDQ2"]  # pyright: ignore[reportArgumentType]


def marking(**changes: object) -> SurveySchema:
    """Return a schema in which the file of older people says who of the sample is old."""
    marks: dict[str, Any] = {
        "variables__old": {"codes": {0: "Younger", 1: "Older"}},
        "files__general__constants": {"sample": "general", "old": 0},
        "files__farmers__absent": ["old"],
        "files__older": {"part_of": "general", "key": ["id"], "constants": {"old": 1}},
        "groups__old__where": "sample == 'general' and old == 1",
    }
    return parsed(STACKED, **marks, **changes)


@HOWEVER_GIVEN
def test_a_file_that_repeats_people_marks_them_and_nobody_else(give: Give, tmp_path: Path) -> None:
    older = general().iloc[[20, 3, 7]]
    survey = read_survey(give({**both(), "older": older}, tmp_path), marking())
    expected = [1.0 if number in {3, 7, 20} else 0.0 for number in range(30)]
    assert numbers(survey, "old") == [*expected, *([None] * 30)]
    assert survey.records == 60


@HOWEVER_GIVEN
def test_people_who_are_not_those_of_the_file_they_repeat_are_refused(
    give: Give, tmp_path: Path
) -> None:
    older = general().iloc[[20, 3, 7]].assign(id=["21", "404", "8"])
    error = refusal(give({**both(), "older": older}, tmp_path), marking())
    assert (error.code, error.params["count"], error.params["other"]) == ("DI-E195", 1, "general")


def test_a_file_that_lacks_a_question_is_not_taken_for_the_one_that_only_marks() -> None:
    frames = {**both(), "older": general(5)}
    frames["general"] = frames["general"].drop(columns="q3")
    error = refusal(frames, marking())
    assert (error.code, error.params["source"]) == ("DI-E103", "general")


# -- any survey, whole and split -------------------------------------------------------------

SPLIT: dict[str, Any] = {
    "files": {
        "general": {
            "constants": {"sample": "general"},
            "columns": {"age": "ADQ1", "access": "First"},
        },
        "farmers": {
            "constants": {"sample": "farmers"},
            "columns": {"age": "BDQ2"},
            "absent": ["house"],
        },
        "households": {"join": "general", "key": ["house"], "columns": {"region": "ADQ101"}},
    },
    "variables": {"house": {"type": "text"}},
}
OF_HOUSES = ["region", "area", "farm"]


@cache
def split_schema() -> SurveySchema:
    """Return the schema of the small survey split into files."""
    whole = yaml.safe_load((SCHEMAS / "small.yaml").read_text(encoding="utf-8"))
    whole["files"] = SPLIT["files"]
    whole["variables"] |= SPLIT["variables"]
    for name in OF_HOUSES:
        whole["variables"][name]["file"] = "households"
    return SurveySchema.model_validate(whole)


@st.composite
def split_surveys(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Draw a survey in one frame, and the same survey in three files in any order of columns.

    People of the general sample with the same region, area and occupation share a household.
    """
    sample: Sample = draw(samples())
    frame = sample.frame.astype(dict.fromkeys(OF_HOUSES, object))
    is_general = frame["sample"] == "general"
    frame.loc[~is_general, OF_HOUSES] = None
    orders = [
        draw(st.permutations(frame.index[each].to_list())) for each in (is_general, ~is_general)
    ]
    whole = frame.loc[[*orders[0], *orders[1]]]
    first = whole.loc[whole["sample"] == "general"].copy()
    kinds = first[OF_HOUSES].drop_duplicates()
    number = {tuple(kind): f"0{place}" for place, kind in enumerate(kinds.to_numpy().tolist())}
    first["house"] = [number[tuple(kind)] for kind in first[OF_HOUSES].to_numpy().tolist()]
    houses = first[["house", *OF_HOUSES]].drop_duplicates()
    houses = houses.iloc[draw(st.permutations(range(len(houses))))]
    second = whole.loc[whole["sample"] != "general"]
    files = {
        "general": first.drop(columns=["sample", *OF_HOUSES]).rename(
            columns={"age": "ADQ1", "access": "First"}
        ),
        "farmers": second.drop(columns=["sample", *OF_HOUSES]).rename(columns={"age": "BDQ2"}),
        "households": houses.rename(columns={"region": "ADQ101"}),
    }
    for name, part in files.items():
        files[name] = part[draw(st.permutations(part.columns.to_list()))]
    return whole, dict(draw(st.permutations(list(files.items()))))


@HOWEVER_GIVEN
@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=split_surveys())
def test_a_survey_in_several_files_has_exactly_the_levels_and_errors_of_the_whole(
    tmp_path: Path, give: Give, drawn: tuple[pd.DataFrame, dict[str, pd.DataFrame]]
) -> None:
    whole, files = drawn
    # Libraries add in another order, so a last digit may differ between them.
    one = read_survey(as_polars(whole) if give is as_polars_frames else whole, small_schema())
    several = read_survey(give(files, tmp_path), split_schema())
    assert texts(several, "id") == texts(one, "id")
    assert_same_levels(several, one, "age_group", "area")


@settings(max_examples=examples(15))
@given(drawn=split_surveys(), random=st.randoms(use_true_random=False))
def test_the_order_of_records_in_each_file_moves_no_level_and_no_error(
    drawn: tuple[pd.DataFrame, dict[str, pd.DataFrame]],
    random: Any,  # noqa: ANN401
) -> None:
    _, files = drawn
    shuffled = {
        name: frame.iloc[random.sample(range(len(frame)), len(frame))]
        for name, frame in files.items()
    }
    one, other = (levels(read_survey(each, split_schema())) for each in (files, shuffled))
    pd.testing.assert_frame_equal(one, other, rtol=1e-10, atol=1e-10)


# -- layout ----------------------------------------------------------------------------------

ALONE = """
format: 1
name: alone
title: Alone
survey: {name: Alone}
files: {data: {}}
variables:
  id: {type: text}
  remark: {type: text}
  weight: {type: number}
  q1: {codes: {1: "1", 2: "2"}}
  q2: {codes: {1: "1", 2: "2"}}
  place: {codes: {동: Urban, 읍면: Rural}}
design: {weight: weight, id: id}
items:
  q1: {of: q1, rule: share, codes: [1]}
  q2: {of: q2, rule: share, codes: [1]}
dimensions:
  one: {label: One, weight: 1, indicators: {one: {weight: 1, items: [q1, q2]}}}
reference: {label: Everybody}
groups: {rural: {label: Rural, where: place == '읍면'}}
domains: {place: {label: Place, variable: place}}
"""
COLUMNS = ["id", "remark", "weight", "q1", "q2", "place"]


def alone() -> list[list[str]]:
    """Return twenty records as texts."""
    return [
        [
            f"{number:03d}",
            "fine",
            str(0.85 + number * 1.25),
            str(1 + number % 2),
            str(1 + number % 3 // 2),
            "동" if number % 4 else "읍면",
        ]
        for number in range(20)
    ]


def as_text(
    rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS, delimiter: str = ","
) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows([columns, *rows])
    return buffer.getvalue()


def read_alone(folder: Path, text: str, **layout: object) -> Survey:
    path = folder / "alone.csv"
    path.write_bytes(text.encode())
    return read_survey(path, parsed(ALONE, files={"data": layout}))


def refusal_alone(folder: Path, text: str, **layout: object) -> DivideIndexError:
    with pytest.raises(DivideIndexError) as caught:
        read_alone(folder, text, **layout)
    return caught.value


@pytest.fixture
def plain(tmp_path: Path) -> Survey:
    return read_alone(tmp_path, as_text(alone()))


def with_commas(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[row[0], "a;b, c.d", row[2].replace(".", ","), *row[3:]] for row in rows]


COMMAS: dict[str, Any] = {"delimiter": ";", "decimal": ","}


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_decimal_commas_are_read_to_the_last_digit(
    tmp_path: Path, plain: Survey, delimiter: str
) -> None:
    text = as_text(with_commas(alone()), delimiter=delimiter)
    survey = read_alone(tmp_path, text, delimiter=delimiter, decimal=",")
    assert numbers(survey, "weight")[0] == 0.85
    assert set(texts(survey, "remark")) == {"a;b, c.d"}
    assert_same_levels(survey, plain, "place")


@pytest.mark.parametrize(
    ("cell", "value"), [("1993,99334204983", 1993.99334204983), ("12", 12), (",5", 0.5)]
)
def test_a_number_with_a_decimal_comma_has_its_value(
    tmp_path: Path, cell: str, value: float
) -> None:
    rows = with_commas(alone())
    rows[4][2] = cell
    survey = read_alone(tmp_path, as_text(rows, delimiter=";"), **COMMAS)
    assert numbers(survey, "weight")[4] == value


@pytest.mark.parametrize(
    "cell", ["1993.99", "1.993", "1.993,5", "1,993.5", "1.993.000", "0.85", "1.0", "1 993,5"]
)
def test_a_point_among_decimal_commas_is_refused_and_not_guessed(tmp_path: Path, cell: str) -> None:
    rows = with_commas(alone())
    rows[4][2] = cell
    error = refusal_alone(tmp_path, as_text(rows, delimiter=";"), **COMMAS)
    assert error.code in {"DI-E011", "DI-E035"}
    assert "weight (n=1, line 6)" in str(error.params["cells"])
    assert cell not in str(error)


def test_a_file_of_points_declared_to_have_commas_is_refused(tmp_path: Path) -> None:
    text = as_text(alone(), delimiter=";")
    error = refusal_alone(tmp_path, text, **COMMAS)
    assert error.params["count"] == 1
    assert "weight (n=20, line 2, 3, 4, 5, 6)" in str(error.params["cells"])


def test_a_point_in_a_text_cell_of_a_workbook_is_no_decimal_comma(tmp_path: Path) -> None:
    frame = pd.DataFrame(with_commas(alone()), columns=COLUMNS)
    frame["weight"] = "1.993"  # 1993, or a little less than 2
    path = tmp_path / "alone.xlsx"
    frame.to_excel(path, index=False, engine="openpyxl")
    error = refusal(path, parsed(ALONE, files={"data": COMMAS}))
    assert (error.code, error.params["count"]) == ("DI-E011", 1)


@pytest.mark.parametrize("cell", ["0,85", "1,993"])
def test_a_comma_among_decimal_points_is_refused_and_not_guessed(tmp_path: Path, cell: str) -> None:
    rows = alone()
    rows[4][2] = cell
    error = refusal_alone(tmp_path, as_text(rows))
    assert (error.code, error.params["cells"]) == ("DI-E011", "weight (n=1, line 6)")


def test_a_word_among_decimal_commas_is_told_alone(tmp_path: Path) -> None:
    rows = with_commas(alone())
    rows[4][2] = "much"
    error = refusal_alone(tmp_path, as_text(rows, delimiter=";"), **COMMAS)
    assert (error.code, error.params["cells"]) == ("DI-E035", "weight (n=1, line 6)")


@pytest.mark.parametrize("declared", [",", ";", "\t"])
def test_another_delimiter_than_the_declared_one_is_refused(tmp_path: Path, declared: str) -> None:
    text = as_text(alone(), delimiter="|")
    assert refusal_alone(tmp_path, text, delimiter=declared).code == "DI-E012"


TITLES = "Survey of 2025,,,,,\n,,,,,\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rows_above_the_header_row_are_passed_over(
    tmp_path: Path, plain: Survey, ending: str
) -> None:
    text = (TITLES + as_text(alone())).replace("\n", ending)
    assert_same_levels(read_alone(tmp_path, text, header_row=3), plain, "place")


@pytest.mark.parametrize("title", ["Survey of 2025\n", '"Survey, of\n2025",,\n', 'The "Survey\n'])
def test_a_title_of_any_width_is_passed_over_or_refused(
    tmp_path: Path, plain: Survey, title: str
) -> None:
    text = title + as_text(alone())
    try:
        survey = read_alone(tmp_path, text, header_row=2)
    except DivideIndexError:
        return
    assert_same_levels(survey, plain, "place")


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    rows = alone()
    rows[4][3] = "7"
    error = refusal_alone(tmp_path, TITLES + as_text(rows), header_row=3)
    assert "q1=7 (n=1, line 8)" in str(error)
    rows[4] = rows[4][:-1]
    error = refusal_alone(tmp_path, TITLES + as_text(rows), header_row=3)
    assert (error.code, list(error.params["lines"])) == ("DI-E016", [8])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("above", "row"), [("Survey of 2025,,,,,\n", 2), (TITLES, 3)])
def test_a_title_row_that_is_not_declared_is_told_with_the_row_of_the_header(
    tmp_path: Path, above: str, row: int
) -> None:
    error = refusal_alone(tmp_path, above + as_text(alone()))
    assert (error.code, error.params["row"], error.params["better"]) == ("DI-E019", 1, row)
    assert f"header_row: {row}" in str(error)


def test_a_header_row_too_far_down_is_told_with_the_right_one(tmp_path: Path) -> None:
    rows = alone()
    rows[0][1:] = ["김비밀", "2.5", "1", "2", "동"]
    for row in (
        rows[0],
        [*rows[0][:4], "1", "동"],
    ):  # a header row in which no cell is twice, or one
        error = refusal_alone(tmp_path, as_text([row, *rows[1:]]), header_row=2)
        assert (error.code, error.params.get("row"), error.params.get("better")) == (
            "DI-E019",
            2,
            1,
        )
    assert refusal_alone(tmp_path, as_text(alone()), header_row=400).code == "DI-E019"


@pytest.mark.parametrize("title", [[["Survey of 2025"]], [["Survey of 2025"], []]])
def test_a_title_row_of_a_workbook_is_told_with_the_row_of_the_header(
    tmp_path: Path, title: list[list[str]]
) -> None:
    book = openpyxl.Workbook()
    row = len(title) + 1
    for cells in [*title, COLUMNS, *alone()]:
        book.worksheets[0].append(cells)
    path = tmp_path / "alone.xlsx"
    book.save(path)
    error = refusal(path, parsed(ALONE))
    assert (error.code, error.params.get("row"), error.params.get("better")) == ("DI-E019", 1, row)
    survey = read_survey(path, parsed(ALONE, files={"data": {"header_row": row}}))
    assert survey.records == 20


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("inner", ["\n", "\r\n", '"'])
def test_a_quoted_field_may_hold_delimiters_and_line_breaks(
    tmp_path: Path, plain: Survey, delimiter: str, inner: str
) -> None:
    rows = alone()
    for row in rows[::3]:
        row[1] = f"one{delimiter}two{inner}three{delimiter}{delimiter}four"
    survey = read_alone(tmp_path, as_text(rows, delimiter=delimiter), delimiter=delimiter)
    assert texts(survey, "remark")[3] == rows[3][1]
    assert_same_levels(survey, plain, "place")


def test_a_line_is_that_of_an_editor_also_below_a_field_of_several_lines(tmp_path: Path) -> None:
    rows = alone()
    rows[1][1], rows[4][3] = "one\ntwo\nthree", "7"
    assert "q1=7 (n=1, line 8)" in str(refusal_alone(tmp_path, as_text(rows)))


@pytest.mark.parametrize("column", [1, 5])
def test_a_carriage_return_inside_a_field_makes_no_record(
    tmp_path: Path, plain: Survey, column: int
) -> None:
    # The last column is an open answer: what follows the break would be a record of its own.
    order = [0, 2, 3, 4, 5, 1] if column == 5 else [0, 1, 2, 3, 4, 5]
    rows = [[row[place] for place in order] for row in alone()]
    rows[6][column] = "so\rso"
    text = "\n".join(",".join(row) for row in [[COLUMNS[place] for place in order], *rows])
    schema = parsed(ALONE, design={}, variables__id=None, variables__weight=None)
    path = tmp_path / "alone.csv"
    path.write_bytes(text.encode())
    try:
        survey = read_survey(path, schema)
    except DivideIndexError:
        return
    assert survey.records == 20
    assert_same_levels(survey, read_survey(plain.frame[COLUMNS], schema), "place")


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_decomposed_hangul_of_a_text_file_is_composed_and_said(
    tmp_path: Path, plain: Survey
) -> None:
    rows = alone()
    for row in rows[::2]:
        row[5] = nfd(row[5])
    columns: dict[str, Any] = {"data": {"columns": {"place": "거주지"}}}
    path = tmp_path / "alone.csv"
    path.write_text(as_text(rows, [*COLUMNS[:5], nfd("거주지")]), encoding="utf-8")
    survey = read_survey(path, parsed(ALONE, files=columns))
    assert codes(survey) == ["DI-I006"]
    assert_same_levels(survey, plain, "place")


@pytest.mark.parametrize("kind", ["xlsx", "sav", "parquet", "pandas", "Polars"])
def test_decomposed_hangul_makes_no_code_and_no_stratum_of_its_own(
    tmp_path: Path, kind: str
) -> None:
    frame = pd.DataFrame(alone(), columns=COLUMNS).astype(
        {"weight": "float64", "q1": "float64", "q2": "float64"}
    )
    frame["remark"] = [nfd("층") if number % 3 else "층" for number in range(20)]
    frame["place"] = [
        nfd(place) if number % 2 else place for number, place in enumerate(frame["place"])
    ]
    schema = parsed(ALONE, design__strata=["remark"])
    survey = read_survey(given_as(frame, kind, tmp_path), schema)
    assert survey.design.stratum_labels == ("층",)
    assert set(texts(survey, "place")) == {"동", "읍면"}


def given_as(frame: Any, kind: str, folder: Path) -> Any:  # noqa: ANN401
    path = folder / f"alone.{kind}"
    match kind:
        case "pandas":
            return frame
        case "Polars":
            return as_polars(frame)
        case "csv":
            return written(frame, path)
        case "xlsx":
            frame.to_excel(path, index=False, engine="openpyxl")
        case "sav":
            pyreadstat.write_sav(frame, path)
        case _:
            frame.to_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "Polars"])
@pytest.mark.parametrize("odd", ["층\u200b1", "층1\ufeff", "층\u00ad1"])
def test_an_invisible_letter_makes_no_stratum_of_its_own(
    tmp_path: Path, kind: str, odd: str
) -> None:
    frame = pd.DataFrame(alone(), columns=COLUMNS).astype({"weight": "float64"})
    frame["remark"] = [odd if number % 2 else "층1" for number in range(20)]
    survey = read_survey(given_as(frame, kind, tmp_path), parsed(ALONE, design__strata=["remark"]))
    assert survey.design.stratum_labels == ("층1",)


def test_lines_of_another_encoding_make_no_stratum_of_their_own(tmp_path: Path) -> None:
    rows = alone()
    for row in rows:
        row[1] = "강남"  # as UTF-8 it is also CP949: 媛뺣궓
    lines = as_text(rows).splitlines(keepends=True)
    path = tmp_path / "alone.csv"
    korean, unicode = "강남".encode("cp949"), "강남".encode()
    raw = [line.encode("cp949") for line in lines]
    raw[10:] = [line.replace(korean, unicode) for line in raw[10:]]
    path.write_bytes(b"".join(raw))
    error = refusal(path, parsed(ALONE, language="ko", design__strata=["remark"]))
    assert error.code == "DI-E001"


# -- headers in another case -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "pandas", "Polars"])
def test_the_exact_header_is_read_where_another_differs_only_in_case(
    tmp_path: Path, plain: Survey, kind: str
) -> None:
    frame = plain.frame[COLUMNS].assign(Q1=9, WEIGHT=-1, Place="?")
    survey = read_survey(given_as(frame, kind, tmp_path), parsed(ALONE))
    assert_same_levels(survey, plain, "place")


@pytest.mark.parametrize("kind", ["csv", "pandas", "Polars"])
def test_two_headers_that_differ_only_in_case_are_no_guess(
    tmp_path: Path, plain: Survey, kind: str
) -> None:
    frame, schema = plain.frame[COLUMNS], parsed(ALONE, variables__q1__column="First")
    alike = frame.rename(columns={"q1": "FIRST"})
    assert_same_levels(read_survey(given_as(alike, kind, tmp_path), schema), plain, "place")
    error = refusal(given_as(alike.assign(first=2), kind, tmp_path), schema)
    assert error.code == "DI-E103"
    assert list(error.params["columns"]) == ["First"]  # pyright: ignore[reportArgumentType]
    assert {"FIRST", "first"} >= set(error.params["nearest"])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("kind", ["csv", "pandas", "Polars"])
def test_one_header_is_never_read_for_two_variables(
    tmp_path: Path, plain: Survey, kind: str
) -> None:
    frame = plain.frame[COLUMNS].drop(columns="q2")
    schema = parsed(ALONE, variables__q2__column="Q1")
    error = refusal(given_as(frame, kind, tmp_path), schema)
    assert error.code == "DI-E103"
    assert list(error.params["columns"]) == ["Q1"]  # pyright: ignore[reportArgumentType]


def test_a_header_that_is_a_number_is_found(plain: Survey) -> None:
    frame = plain.frame[COLUMNS].rename(columns={"q1": 1})
    survey = read_survey(frame, parsed(ALONE, variables__q1__column="1"))
    assert_same_levels(survey, plain, "place")


# -- which schema fits -----------------------------------------------------------------------


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that writes schemas to ``./survey_schemas``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIVIDE_INDEX_SCHEMAS", raising=False)
    Path("survey_schemas").mkdir()

    def write(text: str, **named: Mapping[str, object]) -> None:
        for name, changes in named.items():
            made = changed(text, **{"name": name, **changes})
            whole = yaml.safe_dump(made, allow_unicode=True, sort_keys=False)
            Path("survey_schemas", f"{name}.yaml").write_text(whole, encoding="utf-8")

    return write


ONE_TO_FOUR: dict[str, object] = {"variables__skill__codes": {n: str(n) for n in range(1, 5)}}
FIVE_TO_EIGHT: dict[str, object] = {
    "variables__skill__codes": {n: str(n) for n in range(5, 9)},
    "items__skill__goalposts": [5, 8],
}


def given_joined() -> dict[str, pd.DataFrame]:
    return {"persons": persons(), "households": households()}


def test_of_schemas_with_the_same_columns_the_one_whose_codes_fit_is_taken(
    schemas: Callable[..., None], tmp_path: Path
) -> None:
    schemas(JOINED, first=ONE_TO_FOUR, second=FIVE_TO_EIGHT)
    assert read_survey(given_joined()).schema.name == "first"
    other = persons().assign(skill=persons()["skill"] + 4)
    files = as_files({"persons": other, "households": households()}, tmp_path)
    survey = read_survey(files)
    assert survey.schema.name == "second"
    assert_same_levels(survey, together(), "area")


def test_of_schemas_with_other_columns_the_one_the_file_has_is_taken(
    schemas: Callable[..., None], tmp_path: Path
) -> None:
    schemas(ALONE, alone={}, renamed={"variables__q2__column": "question2"})
    path = tmp_path / "survey.csv"
    path.write_text(as_text(alone(), [*COLUMNS[:4], "question2", "place"]), encoding="utf-8")
    assert read_survey(path).schema.name == "renamed"
    path.write_text(as_text(alone()), encoding="utf-8")
    assert read_survey(path).schema.name == "alone"


def test_the_names_of_files_choose_among_schemas(schemas: Callable[..., None]) -> None:
    people = {"people": {}, "homes": {"join": "people", "key": ["house"]}}
    changes = {f"variables__{name}__file": "homes" for name in ("net", "area")}
    schemas(JOINED, first={}, second={"files": people, **changes})
    assert read_survey(given_joined()).schema.name == "first"
    renamed = {"people": persons(), "homes": households()}
    assert read_survey(renamed).schema.name == "second"


def test_where_no_schema_fits_the_nearest_are_named_with_what_does_not(
    schemas: Callable[..., None],
) -> None:
    schemas(JOINED, first=ONE_TO_FOUR, second=FIVE_TO_EIGHT)
    wrong = persons().assign(skill=[77, *persons()["skill"][1:]])
    error = refusal({"persons": wrong, "households": households()})
    assert error.code == "DI-E113"
    assert "first: skill=77 (n=1, line 2)" in str(error)
    assert str(error).index("first:") < str(error).index("second:")
    error = refusal({"persons": persons().drop(columns="psu"), "households": households()})
    assert error.code == "DI-E113"
    assert "first: psu" in str(error)


def test_a_text_is_named_only_if_three_records_share_it(schemas: Callable[..., None]) -> None:
    schemas(JOINED, first={})
    for times, is_shown in ((1, False), (2, False), (3, True)):
        wrong = households().assign(area=["김비밀"] * times + ["U"] * (6 - times))
        error = refusal({"persons": persons(), "households": wrong})
        assert error.code == "DI-E113"
        assert ("김비밀" in str(error)) is is_shown


def test_where_several_schemas_fit_one_must_be_named(schemas: Callable[..., None]) -> None:
    schemas(JOINED, first={}, second={}, third=FIVE_TO_EIGHT)
    error = refusal(given_joined())
    assert error.code == "DI-E112"
    assert list(error.params["names"]) == ["first", "second"]  # pyright: ignore[reportArgumentType]


def test_a_schema_that_fits_is_taken_although_another_is_broken(
    schemas: Callable[..., None],
) -> None:
    schemas(JOINED, first={})
    Path("survey_schemas", "broken.yaml").write_text("format: [", encoding="utf-8")
    assert read_survey(given_joined()).schema.name == "first"


def test_an_error_that_no_schema_could_help_is_told_as_it_is(schemas: Callable[..., None]) -> None:
    schemas(JOINED, first=ONE_TO_FOUR, second=FIVE_TO_EIGHT)
    wrong = persons().assign(weight=[-1.0, *[1.0] * 11])
    error = refusal({"persons": wrong, "households": households()})
    assert (error.code, error.params["source"]) == ("DI-E050", "persons")


def test_what_is_found_is_told_once_when_the_schema_is_looked_for(
    schemas: Callable[..., None], tmp_path: Path
) -> None:
    schemas(JOINED, first=ONE_TO_FOUR, second=FIVE_TO_EIGHT)
    one, other = persons(), households()
    one.loc[0, "house"] = " 101"
    one["remark"] = nfd("동")
    other.loc[6] = ["107", 1, "U"]
    files = as_files({"persons": one, "households": other}, tmp_path)
    assert sorted(codes(read_survey(files))) == ["DI-I006", "DI-I197", "DI-W009"]


def test_one_of_several_files_is_told_what_is_given_beside_it(
    schemas: Callable[..., None], tmp_path: Path
) -> None:
    schemas(JOINED, first={})
    error = refusal(written(persons(), tmp_path / "survey.csv"))
    assert error.code == "DI-E113"
    assert "first: --source households" in str(error)


# -- labels and missing values of SPSS and Stata ---------------------------------------------

LABELLED = """
format: 1
name: labelled
title: Labelled
survey: {name: Labelled}
variables:
  id: {type: text}
  psu: {type: text}
  used: {codes: {1: {ko: 예, en: "Yes"}, 2: {ko: 아니요, en: "No"}}}
  skill: {codes: {1: "1", 2: "2", 3: "3", 4: "4"}, missing: [9], skip_codes: [8], skip_means: 0}
  area: {codes: {1: {ko: 동, en: Urban}, 2: {ko: 읍·면, en: Rural}}}
  province:
    codes: {1: {ko: 서울, en: Seoul}, 2: {ko: 부산, en: Busan}, 3: {ko: 제주, en: Jeju}}
    register_shares: {1: 0.6, 2: 0.3, 3: 0.1}
    tiles: {1: [1, 1], 2: [3, 2], 3: [4, 1]}
    assumed: true
    source: Nobody has confirmed the order
    alternatives: [another order]
design: {psu: psu, id: id}
items:
  used: {of: used, rule: share, codes: [1]}
  skill: {of: skill, rule: scale, goalposts: [1, 4]}
dimensions:
  access: {label: Access, weight: 0.5, indicators: {one: {weight: 1, items: [used]}}}
  capability: {label: Capability, weight: 0.5, indicators: {one: {weight: 1, items: [skill]}}}
reference: {label: Everybody}
groups: {rural: {label: Rural, where: area == 2}}
domains: {province: {label: Province, variable: province}}
"""
PROVINCES = [1] * 12 + [2] * 6 + [3] * 2  # as the register has them
NAMES = {1: "서울", 2: "부산", 3: "제주"}


def labelled(provinces: Sequence[int] = PROVINCES) -> pd.DataFrame:
    n = len(provinces)
    return pd.DataFrame(
        {
            "id": [str(number) for number in range(n)],
            "psu": [str(number // 4) for number in range(n)],
            "used": [1.0 + (number % 5 == 0) for number in range(n)],
            "skill": [[1.0, 2.0, 3.0, 4.0, 8.0, 9.0, 4.0][number % 7] for number in range(n)],
            "area": [1.0 + number % 2 for number in range(n)],
            "province": [float(province) for province in provinces],
        }
    )


def with_texts(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a frame in which codes are texts, as SPSS may store them."""
    return frame.assign(**{name: [str(int(code)) for code in frame[name]] for name in columns})


def as_sav(frame: Any, folder: Path, name: str = "survey", **said: Any) -> Path:  # noqa: ANN401
    path = folder / f"{name}.sav"
    pyreadstat.write_sav(frame, path, **said)
    return path


def as_dta(frame: Any, folder: Path, **said: Any) -> Path:  # noqa: ANN401
    path = folder / "survey.dta"
    pyreadstat.write_dta(frame, path, **said)
    return path


@pytest.mark.parametrize("declared", [[77.0], [{"lo": 70, "hi": 79}], [60.0, 77.0]])
def test_what_the_file_declares_missing_and_the_schema_does_not_know_is_missing_and_counted(
    tmp_path: Path, declared: list[Any]
) -> None:
    frame = labelled()
    frame.loc[[0, 3, 6], "skill"] = 77.0
    assert refusal(as_sav(frame, tmp_path), parsed(LABELLED)).code == "DI-E034"
    path = as_sav(frame, tmp_path, missing_ranges={"skill": declared})
    survey = read_survey(path, parsed(LABELLED))
    assert codes(survey) == ["DI-I026"]
    assert finding(survey, "DI-I026").params["count"] == 3
    blank = frame.assign(skill=frame["skill"].replace(77.0, np.nan))
    assert_same_levels(survey, read_survey(blank, parsed(LABELLED)))


@pytest.mark.parametrize("stored", ["numbers", "texts"])
def test_a_code_of_who_was_not_asked_stays_although_the_file_declares_it_missing(
    tmp_path: Path, stored: str
) -> None:
    frame, declared = labelled(), [8.0, 9.0]
    expected = read_survey(frame, parsed(LABELLED))
    path = as_sav(
        frame if stored == "numbers" else with_texts(frame, "skill"),
        tmp_path,
        missing_ranges={"skill": declared if stored == "numbers" else ["8", "9"]},
    )
    survey = read_survey(path, parsed(LABELLED))
    assert codes(survey) == []
    assert numbers(survey, "skill").count(8.0) == numbers(expected, "skill").count(8.0) > 0
    assert_same_levels(survey, expected)


@pytest.mark.parametrize("stored", ["numbers", "texts"])
def test_an_answer_that_the_file_declares_missing_is_refused(tmp_path: Path, stored: str) -> None:
    frame = labelled() if stored == "numbers" else with_texts(labelled(), "skill")
    declared = [4.0] if stored == "numbers" else ["4"]
    path = as_sav(frame, tmp_path, missing_ranges={"skill": declared})
    error = refusal(path, parsed(LABELLED))
    assert error.code == "DI-E175"
    assert list(error.params["codes"]) == ["4"]  # pyright: ignore[reportArgumentType]


def test_a_range_declared_missing_that_holds_answers_is_refused(tmp_path: Path) -> None:
    path = as_sav(labelled(), tmp_path, missing_ranges={"skill": [{"lo": 3, "hi": 99}]})
    error = refusal(path, parsed(LABELLED))
    assert (error.code, error.params["codes"]) == ("DI-E175", ["3", "4"])


@pytest.mark.parametrize("declared", [[9998.0], [{"lo": 9990, "hi": 9999}]])
def test_an_identifier_that_the_file_declares_missing_is_none(
    tmp_path: Path, declared: list[Any]
) -> None:
    frame = labelled().assign(psu=[9998.0 if number < 4 else number // 4 for number in range(20)])
    path = as_sav(frame, tmp_path, missing_ranges={"psu": declared})
    error = refusal(path, parsed(LABELLED))
    assert (error.code, error.params["count"]) == ("DI-E059", 4)


def test_what_the_file_declares_missing_and_nobody_answers_is_no_finding(tmp_path: Path) -> None:
    path = as_sav(labelled(), tmp_path, missing_ranges={"skill": [66.0], "used": [99.0]})
    assert read_survey(path, parsed(LABELLED)).findings == ()


SWAPPED = {1.0: "아니요", 2.0: "예"}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("write", [as_sav, as_dta])
def test_labels_that_name_another_code_are_refused(
    tmp_path: Path, write: Callable[..., Path], language: str
) -> None:
    said = SWAPPED if language == "ko" else {1.0: "No", 2.0: "Yes"}
    whole = {int(code): label for code, label in said.items()} if write is as_dta else said
    path = write(labelled(), tmp_path, variable_value_labels={"used": whole})
    error = refusal(path, parsed(LABELLED))
    assert (error.code, error.params["column"]) == ("DI-E177", "used")
    assert f"1 = {said[1.0]} (1 ≠ 2)" in str(error)


def test_labels_with_their_code_before_them_are_looked_at_too(tmp_path: Path) -> None:
    said = {1.0: "1. 아니요", 2.0: "2) 예"}
    path = as_sav(labelled(), tmp_path, variable_value_labels={"used": said})
    assert refusal(path, parsed(LABELLED)).code == "DI-E177"


def test_labels_of_codes_stored_as_texts_are_looked_at_too(tmp_path: Path) -> None:
    said = {"used": {"1": "아니요", "2": "예"}}
    path = as_sav(with_texts(labelled(), "used"), tmp_path, variable_value_labels=said)
    assert refusal(path, parsed(LABELLED)).code == "DI-E177"


def test_labels_of_numbers_for_codes_that_are_texts_are_looked_at_too(tmp_path: Path) -> None:
    quoted = {"variables__area__codes": {"1": "Urban", "2": "Rural"}}
    schema = parsed(LABELLED, **quoted, groups__rural__where="area == '2'")
    said = {"area": {1.0: "Rural", 2.0: "Urban"}}
    path = as_sav(labelled(), tmp_path, variable_value_labels=said)
    assert refusal(path, schema).code == "DI-E177"


@pytest.mark.parametrize(
    "said",
    [
        {1.0: "예", 2.0: "아니요"},
        {1.0: " YES. ", 2.0: "no"},
        {1.0: nfd("예"), 2.0: nfd("아니요")},
        {1.0: "Used it", 2.0: "Did not"},
        {1.0: "예"},
        {8.0: "예", 9.0: "No"},
        {},
    ],
)
def test_labels_that_agree_or_say_something_else_are_no_error(
    tmp_path: Path, said: dict[float, str]
) -> None:
    path = as_sav(labelled(), tmp_path, variable_value_labels={"used": said})
    survey = read_survey(path, parsed(LABELLED))
    assert survey.findings == ()
    assert_same_levels(survey, read_survey(labelled(), parsed(LABELLED)))


def test_labels_of_a_question_that_is_scored_are_refused_although_it_is_assumed(
    tmp_path: Path,
) -> None:
    assumed: dict[str, object] = {
        f"variables__used__{key}": value
        for key, value in (("assumed", True), ("source", "x"), ("alternatives", ["y"]))
    }
    path = as_sav(labelled(), tmp_path, variable_value_labels={"used": SWAPPED})
    assert refusal(path, parsed(LABELLED, **assumed)).code == "DI-E177"


def test_labels_of_what_a_population_rests_on_are_refused_although_it_is_assumed(
    tmp_path: Path,
) -> None:
    said = {"province": {1.0: "부산", 2.0: "서울", 3.0: "제주"}}
    path = as_sav(labelled(), tmp_path, variable_value_labels=said)
    schema = parsed(LABELLED, groups={"seoul": {"label": "Seoul", "where": "province == 1"}})
    assert refusal(path, schema).code == "DI-E177"


# The file's own order: 1 is Jeju, 2 Seoul, 3 Busan; the register's shares go with the names.
TURNED = {1.0: "제주", 2.0: "서울", 3.0: "부산"}
TURNED_PROVINCES = [1] * 2 + [2] * 12 + [3] * 6


def category_names(survey: Survey) -> dict[str, str]:
    return {code: survey.schema.category_label("province", code, "ko") for code in ("1", "2", "3")}


def test_where_names_are_assumed_the_labels_of_the_file_are_used_with_their_shares(
    tmp_path: Path,
) -> None:
    said = {"province": TURNED}
    path = as_sav(labelled(TURNED_PROVINCES), tmp_path, variable_value_labels=said)
    survey = read_survey(path, parsed(LABELLED))
    assert codes(survey) == ["DI-W046"]
    assert finding(survey, "DI-W046").params["column"] == "province"
    assert category_names(survey) == {"1": "제주", "2": "서울", "3": "부산"}
    shares = survey.schema.variables["province"].register_shares
    assert shares == {1: 0.1, 2: 0.6, 3: 0.3}
    assert survey.schema.tiles("province") == {"1": (4, 1), "2": (1, 1), "3": (3, 2)}
    by_code = levels(survey, "province").query("domain == 'province' and dimension == 'access'")
    assert by_code.set_index("category")["n"].to_dict() == {"1": 2, "2": 12, "3": 6}


def test_a_label_unknown_to_the_schema_is_printed_as_the_file_says_it(tmp_path: Path) -> None:
    said = {"province": {1.0: "부산", 2.0: "서울", 3.0: "세종"}}
    path = as_sav(labelled(), tmp_path, variable_value_labels=said)
    survey = read_survey(path, parsed(LABELLED))
    assert category_names(survey) == {"1": "부산", "2": "서울", "3": "세종"}
    assert survey.schema.variables["province"].register_shares == {}
    assert survey.schema.tiles("province") == {}  # nobody knows where on a map it lies


def test_shares_that_contradict_the_labels_of_the_file_take_the_names_away(tmp_path: Path) -> None:
    path = as_sav(labelled(), tmp_path, variable_value_labels={"province": TURNED})
    survey = read_survey(path, parsed(LABELLED))
    assert codes(survey) == ["DI-W046", "DI-W047"]
    assert category_names(survey) == {"1": "1", "2": "2", "3": "3"}
    assert survey.schema.tiles("province") == {}


@pytest.mark.parametrize(
    ("provinces", "percent"),
    [(PROVINCES, None), ([1] * 11 + [2] * 7 + [3] * 2, None), (TURNED_PROVINCES, 50)],
)
def test_shares_far_from_the_register_are_told_and_codes_are_printed(
    provinces: list[int], percent: float | None
) -> None:
    survey = read_survey(labelled(provinces), parsed(LABELLED))
    if percent is None:
        assert (codes(survey), category_names(survey)["1"]) == ([], "서울")
        return
    assert codes(survey) == ["DI-W047"]
    assert finding(survey, "DI-W047").params["percent"] == pytest.approx(percent)
    assert category_names(survey) == {"1": "1", "2": "2", "3": "3"}


@pytest.mark.parametrize(
    ("provinces", "said", "printed"),
    [
        (PROVINCES, {}, {"서울", "부산", "제주"}),
        (TURNED_PROVINCES, TURNED, {"서울", "부산", "제주"}),
        (TURNED_PROVINCES, {}, {"1", "2", "3"}),
    ],
)
def test_the_table_prints_the_names_that_are_sure_and_codes_otherwise(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    provinces: list[int],
    said: dict[float, str],
    printed: set[str],
) -> None:
    path = as_sav(labelled(provinces), tmp_path, variable_value_labels={"province": said})
    schema = tmp_path / "labelled.yaml"
    schema.write_text(LABELLED, encoding="utf-8")
    options = ["--by", "province", "--lang", "ko", "--cases", "complete"]
    assert cli.run(["compute", str(path), "--schema", str(schema), *options]) == 0
    firsts = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.split()}
    assert firsts & {*NAMES.values(), "1", "2", "3"} == printed


def stacked_sav(folder: Path, name: str, seed: int, said: Mapping[float, str]) -> Path:
    made = sample_of(seed).rename(columns={"age": {1: "ADQ1", 2: "BDQ2"}[seed]})
    made = made.astype(dict.fromkeys(QUESTIONS, "float64"))
    made["kind"] = [1.0 + number % 2 for number in range(len(made))]
    return as_sav(made, folder, name, variable_value_labels={"kind": said})


FARMER_FIRST, FISHER_FIRST = {1.0: "Farmer", 2.0: "Fisher"}, {1.0: "Fisher", 2.0: "Farmer"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FISHER_FIRST, FARMER_FIRST),
        (FARMER_FIRST, FISHER_FIRST),
    ],
)
def test_files_whose_labels_contradict_each_other_are_not_put_together(
    tmp_path: Path, first: dict[float, str], second: dict[float, str]
) -> None:
    assumed: dict[str, object] = {
        "files__general__absent": None,
        "variables__kind__assumed": True,
        "variables__kind__source": "x",
        "variables__kind__alternatives": ["y"],
    }
    paths = {
        "general": stacked_sav(tmp_path, "general", 1, first),
        "farmers": stacked_sav(tmp_path, "farmers", 2, second),
    }
    error = refusal(paths, parsed(STACKED, **assumed))
    assert error.code == "DI-E177"


def opened(frame: pd.DataFrame, **missing: tuple[Any, ...]) -> OpenFile:
    return OpenFile(origin=None, columns=[*frame.columns], read=lambda _: frame, missing=missing)


def letters_of(variable: str) -> list[str]:
    """Return the codes told of a Stata column with the letter ``.a``."""
    frame, schema = labelled(), parsed(LABELLED)
    frame.loc[0, variable] = np.nan
    file = opened(frame, **{variable: (".a",)})
    headers = {name: name for name in schema.variables}
    return [told.code for told in labels.without_missing(frame, file, headers, schema)]


def test_stata_letters_are_refused_where_codes_say_who_was_not_asked() -> None:
    assert letters_of("skill") == ["DI-E176"]
    assert letters_of("used") == []


def test_stata_letters_of_a_file_are_refused_where_codes_say_who_was_not_asked(
    tmp_path: Path,
) -> None:
    frame = labelled().astype({"skill": object, "used": object})
    frame.loc[0, "skill"] = "a"
    path = as_dta(frame, tmp_path, missing_user_values={"skill": ["a"]})
    error = refusal(path, parsed(LABELLED))
    assert error.code == "DI-E176"
    assert "8" in list(error.params["skip"])  # pyright: ignore[reportArgumentType]
    frame = labelled().astype({"used": object})
    frame.loc[0, "used"] = "a"
    path = as_dta(frame, tmp_path, missing_user_values={"used": ["a"]})
    assert numbers(read_survey(path, parsed(LABELLED)), "used")[0] is None


# -- the reference ---------------------------------------------------------------------------


def test_a_group_that_holds_the_whole_reference_is_told() -> None:
    only_old = general().assign(ADQ1=70)
    survey = read_survey({"general": only_old, "farmers": farmers()}, parsed(STACKED))
    assert codes(survey) == ["DI-W198"]
    assert finding(survey, "DI-W198").params["group"] == "old"
    only_old.loc[0, "ADQ1"] = 20
    survey = read_survey({"general": only_old, "farmers": farmers()}, parsed(STACKED))
    assert survey.findings == ()


def test_decimals_are_identifiers_to_their_last_digit() -> None:
    psus: Any = [Decimal(2**53 + number // 3) for number in range(12)]
    frames = {"persons": persons().assign(psu=psus), "households": households()}
    survey = read_survey(frames, parsed(JOINED))
    assert sorted(set(texts(survey, "psu"))) == [str(2**53 + number) for number in range(4)]  # pyright: ignore[reportArgumentType]


def test_a_number_that_is_no_longer_exact_is_no_psu() -> None:
    psus = [2**53 + number % 2 for number in range(12)]
    frames = {"persons": persons().assign(psu=psus), "households": households()}
    error = refusal(frames, parsed(JOINED, variables__psu={"type": "number"}))
    assert error.code == "DI-E129"


def test_a_duration_is_neither_a_number_nor_an_identifier() -> None:
    frame = as_polars(persons()).with_columns(skill=pl.lit(timedelta(days=1)))
    assert refusal(
        {"persons": frame, "households": as_polars(households())}, parsed(JOINED)
    ).code in {
        "DI-E035",
        "DI-E036",
    }
