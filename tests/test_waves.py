"""Several years are held against each other before anything is compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from divide_index.change import ChangeResult, compare_years
from divide_index.errors import EstimationError, Finding
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, Text
from divide_index.schema.parts import Average, Item
from divide_index.survey import read_survey
from divide_index.waves import (
    Samples,
    Waves,
    index_differences,
    index_parts,
    read_waves,
    refuse_other_categories,
    refuse_other_index,
)
from tests.samples import as_polars, with_design
from tests.year_samples import (
    YEARS,
    by_year,
    refused,
    schemas_with,
    year_survey,
    years_frame,
    years_schema,
    years_waves,
)

Change = Callable[[SurveySchema], SurveySchema]


def updated(**parts: object) -> Change:
    return lambda schema: schema.model_copy(update=parts)


def of_year(year: int | None) -> SurveySchema:
    schema = years_schema()
    return schema.model_copy(update={"survey": schema.survey.model_copy(update={"year": year})})


def labelled(labels: dict[Any, str | None], variable: str = "region") -> Change:
    """Return a change of a variable's codes."""

    def change(schema: SurveySchema) -> SurveySchema:
        codes = {code: None if ko is None else Text(ko=ko, en=ko) for code, ko in labels.items()}
        declared = schema.variables[variable].model_copy(update={"codes": codes})
        return schema.model_copy(update={"variables": {**schema.variables, variable: declared}})

    return change


def with_bands(bands: dict[str, tuple[float | None, float | None]]) -> Change:
    def change(schema: SurveySchema) -> SurveySchema:
        domain = schema.domains["age_group"].model_copy(update={"bands": bands})
        return schema.model_copy(update={"domains": {**schema.domains, "age_group": domain}})

    return change


def with_schema(year: int, schema: SurveySchema) -> Waves:
    """Return the three years as they were read, one of them under another schema."""
    surveys = {each: year_survey(each) for each in YEARS}
    return Waves({**surveys, year: replace(surveys[year], schema=schema)})


def finding(waves: Waves | ChangeResult, code: str) -> Finding:
    """Return the only finding of a code, with words in both languages."""
    [found] = [each for each in waves.findings if each.code == code]
    assert all(render(code, lang, found.params).startswith(code) for lang in LANGUAGES)
    return found


def codes(waves: Waves) -> set[str]:
    return {each.code for each in waves.findings}


# -- one file or several -----------------------------------------------------------------------


@pytest.mark.parametrize("library", [pd.DataFrame, as_polars])
@pytest.mark.parametrize("samples", ["independent", "shared_psus"])
def test_a_stacked_file_gives_what_separate_files_give_bit_for_bit(
    library: Callable[[pd.DataFrame], Any], samples: Samples
) -> None:
    frame = years_frame().sample(frac=1, random_state=3)  # years and PSUs in no order
    stacked = read_survey(library(frame), years_schema())
    split = Waves.split(stacked, "year", samples=samples)
    parts = {year: library(part) for year, part in by_year(frame).items()}
    separate = read_waves(parts, years_schema(), samples=samples)
    assert split.years == separate.years == YEARS
    one, other = (compare_years(waves, ["region", "group*area"]) for waves in (split, separate))
    assert np.array_equal(one.estimate.values, other.estimate.values, equal_nan=True)
    assert np.array_equal(one.estimate.covariance, other.estimate.covariance)
    for table in ("to_frame", "trend_frame", "levels_frame"):
        left, right = getattr(one, table)(), getattr(other, table)()
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    assert one.shared_psus == other.shared_psus


def test_a_split_survey_says_the_year_of_each_part() -> None:
    waves = Waves.split(read_survey(years_frame(), years_schema()), "year")
    assert [survey.schema.survey.year for survey in waves.surveys.values()] == [*YEARS]
    records = {year: survey.records for year, survey in waves.surveys.items()}
    assert records == years_frame()["year"].value_counts().sort_index().to_dict()
    assert waves.schema.survey.year == 2025


def test_a_finite_population_correction_is_that_of_each_year() -> None:
    schema = with_design(years_schema(), fpc="fpc")
    split = Waves.split(read_survey(years_frame(), schema), "year")
    separate = years_waves(schema)
    fractions = [survey.design.sampling_fraction for survey in split.surveys.values()]
    own = [survey.design.sampling_fraction for survey in separate.surveys.values()]
    assert np.array_equal(np.array(fractions), np.array(own))
    assert np.array(own).all()


def test_a_file_is_split_by_a_variable_that_the_schema_has() -> None:
    survey = read_survey(years_frame(), years_schema())
    with refused("DI-E117", option="variable", value="wave"):
        Waves.split(survey, "wave")


def test_a_file_is_split_by_years_of_four_digits_alone() -> None:
    survey = read_survey(years_frame(), years_schema())
    with refused("DI-E369", variable="region", count=4, unknown=0):
        Waves.split(survey, "region")
    with refused("DI-E369", variable="area", count=2, unknown=0):
        Waves.split(survey, "area")
    blank = years_frame().astype({"year": "float64"})
    blank.loc[[0, 5, 9], "year"] = np.nan
    with refused("DI-E369", variable="year", count=0, unknown=3):
        Waves.split(read_survey(blank, years_schema()), "year")


def test_a_refusal_to_split_shows_no_answer_of_anybody() -> None:
    survey = read_survey(years_frame(), years_schema())
    with pytest.raises(EstimationError) as caught:
        Waves.split(survey, "id")
    assert set(caught.value.params) == {"variable", "count", "unknown"}


def test_people_asked_again_stand_in_one_file_of_each_year() -> None:
    with refused("DI-E028"):  # an identifier tells a record apart, in one file
        read_survey(years_frame(), with_design(years_schema(), id="id"))
    panel = with_design(years_schema(), psu=None, id="id")
    assert years_waves(panel, samples="panel").stacked().shared_psus > 60


# -- which years -------------------------------------------------------------------------------


def test_years_stand_in_order_however_they_are_given() -> None:
    surveys = {year: year_survey(year) for year in (2025, 2023, 2024)}
    waves = Waves(surveys)
    assert waves.years == YEARS
    assert all(waves.surveys[year] is surveys[year] for year in YEARS)
    with pytest.raises(TypeError):
        waves.surveys[2022] = surveys[2023]  # pyright: ignore[reportIndexIssue]


def test_no_year_and_no_such_relation_are_refused() -> None:
    with refused("DI-E364", count=0):
        Waves({})
    with refused("DI-E117", option="samples", value="cohort"):
        Waves({2024: year_survey(2024)}, "cohort")  # pyright: ignore[reportArgumentType]


def test_years_with_different_rules_for_lonely_psus_are_refused() -> None:
    surveys = {2024: year_survey(2024), 2025: year_survey(2025).with_lonely_psu("adjust")}
    with refused("DI-E365", rules=["adjust", "fail"]):
        Waves(surveys)


def test_surveys_say_their_years_themselves() -> None:
    surveys = [year_survey(year, of_year(year)) for year in (2025, 2023)]
    assert Waves.of(surveys).years == (2023, 2025)
    assert Waves.of(surveys, samples="shared_psus").samples == "shared_psus"
    with refused("DI-E367", schema="years"):
        Waves.of([*surveys, year_survey(2024, of_year(None))])
    with refused("DI-E368", year=2025):
        Waves.of([*surveys, year_survey(2024, of_year(2025))])


def test_the_same_file_for_two_years_is_refused(tmp_path: Path) -> None:
    paths = {year: tmp_path / f"{year}.csv" for year in YEARS}
    for year, part in by_year(years_frame()).items():
        part.to_csv(paths[year], index=False)
    assert read_waves(paths, years_schema()).years == YEARS
    with refused("DI-E366", years=[2023, 2024], files=["2023.csv"]):
        read_waves({**paths, 2024: paths[2023]}, years_schema())
    paths[2025].write_bytes(paths[2024].read_bytes())  # a copy under the name of another year
    with refused("DI-E366", years=[2024, 2025]):
        read_waves(paths, years_schema())


def test_each_year_may_have_a_schema_of_its_own() -> None:
    waves = years_waves({year: of_year(year) for year in YEARS})
    assert [survey.schema.survey.year for survey in waves.surveys.values()] == [*YEARS]


# -- what the samples share --------------------------------------------------------------------


def test_units_that_are_not_named_cannot_be_shared() -> None:
    schema = with_design(years_schema(), psu=None)
    for samples in ("shared_psus", "panel"):
        with refused("DI-E363", schema="years", samples=samples):
            years_waves(schema, samples=samples).stacked()
    people = with_design(schema, id="id")
    with refused("DI-E363", samples="shared_psus"):
        years_waves(people, samples="shared_psus").stacked()
    assert years_waves(people, samples="panel").stacked().shared_psus


def test_years_without_a_common_psu_are_not_called_shared() -> None:
    frame = years_frame()
    frame["psu"] += 100 * (frame["year"] - 2023)
    waves = years_waves(None, frame, samples="shared_psus")
    with refused("DI-E361"):
        compare_years(waves)


def test_a_panel_inside_psus_shares_the_psus() -> None:
    schema = with_design(years_schema(), id="id")
    one, other = (
        compare_years(years_waves(schema, samples=samples)) for samples in ("panel", "shared_psus")
    )
    assert np.array_equal(one.estimate.covariance, other.estimate.covariance)


def test_a_correction_of_rotating_psus_is_refused() -> None:
    waves = years_waves(with_design(years_schema(), fpc="fpc"), samples="shared_psus")
    with refused("DI-E362", strata=["farmers/2", "general/3", "general/4"]):
        compare_years(waves)


def test_psus_of_one_name_in_independent_years_are_pointed_out() -> None:
    found = finding(years_waves(), "DI-W360")
    frame = years_frame()
    key = ["sample", "stratum", "psu"]
    before = {tuple(row) for row in frame.loc[frame["year"] < 2025, key].to_numpy()}
    last = {tuple(row) for row in frame.loc[frame["year"] == 2025, key].to_numpy()}
    assert found.params["percent"] == pytest.approx(100 * len(last & before) / len(last))
    assert "DI-W360" not in codes(years_waves(samples="shared_psus"))
    frame["psu"] += 100 * (frame["year"] - 2023)
    assert "DI-W360" not in codes(years_waves(None, frame))
    assert "DI-W360" not in codes(years_waves(with_design(years_schema(), psu=None)))


def test_psus_that_rotate_are_counted() -> None:
    frame = years_frame()
    years = frame.groupby(["sample", "stratum", "psu"])["year"].nunique()
    assert 0 < (years < 3).sum() < len(years)
    found = finding(years_waves(samples="shared_psus"), "DI-W365")
    assert dict(found.params) == {"count": int((years < 3).sum()), "psus": len(years)}
    kept = years[years == 3].reset_index()[["sample", "stratum", "psu"]]
    stayed = years_waves(None, frame.merge(kept), samples="shared_psus")
    assert "DI-W365" not in codes(stayed)


# -- whether the index is the same -------------------------------------------------------------


def weighed(schema: SurveySchema) -> SurveySchema:
    shares = {"access": 0.3, "capability": 0.3, "usage": 0.4}
    dimensions = {
        name: part.model_copy(update={"weight": shares[name]})
        for name, part in schema.dimensions.items()
    }
    return schema.model_copy(update={"dimensions": dimensions})


def with_item(**parts: object) -> Change:
    def change(schema: SurveySchema) -> SurveySchema:
        item = schema.items["usage"].model_copy(update=parts)
        return schema.model_copy(update={"items": {**schema.items, "usage": item}})

    return change


def with_variable(**parts: object) -> Change:
    def change(schema: SurveySchema) -> SurveySchema:
        variable = schema.variables["usage"].model_copy(update=parts)
        return schema.model_copy(update={"variables": {**schema.variables, "usage": variable}})

    return change


def with_another_item(schema: SurveySchema) -> SurveySchema:
    usage = schema.dimensions["usage"]
    given = usage.indicators["given"].model_copy(update={"items": ("usage", "again")})
    changed = usage.model_copy(update={"indicators": {"given": given}})
    items: dict[str, Item] = {**schema.items, "again": schema.items["access"]}
    dimensions = {**schema.dimensions, "usage": changed}
    return schema.model_copy(update={"items": items, "dimensions": dimensions})


USAGE = ["usage.given.usage"]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (weighed, ["access", "capability"]),
        (with_item(goalposts=(0.0, 50.0)), USAGE),
        (with_item(direction="negative"), USAGE),
        (with_item(of="access"), []),  # the variable's name is no part of the score
        (with_variable(range=(0.0, 90.0)), USAGE),
        (with_variable(skip_means=0.0), USAGE),
        (with_another_item, ["usage.given", "usage.given.again"]),
    ],
)
def test_an_index_of_other_parts_is_refused_and_the_parts_are_named(
    change: Change, parts: list[str]
) -> None:
    schema = years_schema()
    assert sorted(index_differences(change(schema), schema)) == parts
    assert index_differences(schema, change(schema)) == set(parts)
    waves = with_schema(2023, change(schema))
    if not parts:
        refuse_other_index(waves)
        return
    with refused("DI-E370", year=2023, last=2025, parts=parts):
        compare_years(waves)


def test_what_is_only_written_otherwise_is_the_same_index() -> None:
    schema = years_schema()
    label = Text(ko="이용", en="Use")
    for change in (
        with_item(label=label, source="elsewhere", assumed=True),
        with_variable(column="Q1", label=label, missing=(-9.0,)),
        updated(name="other", title=label, groups={}, averages={}, domains={}),
    ):
        assert index_differences(change(schema), schema) == set()
    assert {"usage", "usage.given", *USAGE} <= set(index_parts(schema))


# -- whether categories and populations are the same -------------------------------------------


def test_permuted_labels_of_regions_are_refused() -> None:
    moved = labelled({1: "1", 2: "3", 3: "2", 4: "4"})
    waves = years_waves(schemas_with(2024, moved))
    with refused("DI-E371", domain="region", year=2024, last=2025, codes=["2", "3"]):
        compare_years(waves, "region")
    with refused("DI-E371", codes=["2", "3"]):
        compare_years(waves, "group*region")
    assert compare_years(waves, "area").changes.cells  # who does not ask is not refused


def test_a_category_under_another_code_is_refused() -> None:
    # Region 5 of the last year is named as region 4 was, which the last year has no more.
    earlier = labelled({1: "서울", 2: "부산", 3: "대구", 4: "광주"})
    last = labelled({1: "서울", 2: "부산", 3: "대구", 5: "광주"})
    frame = years_frame().replace({"region": {4: 3}})
    schema = years_schema()
    parts = {2024: earlier(schema), 2025: last(schema)}
    waves = read_waves({year: by_year(frame)[year] for year in parts}, parts)
    with refused("DI-E371", domain="region", year=2024, last=2025, codes=["4"]):
        compare_years(waves, "region")


def test_a_renamed_label_is_told_and_compared_by_code() -> None:
    renamed = labelled({1: "1", 2: "2", 3: "전라북도", 4: "4"})
    waves = years_waves(schemas_with(2023, renamed))
    result = compare_years(waves, ["region", "region*area"])
    assert dict(finding(result, "DI-W362").params) == {"domain": "region", "codes": ["3"]}
    plain = compare_years(years_waves(), ["region", "region*area"])
    pd.testing.assert_frame_equal(result.to_frame(), plain.to_frame())
    assert "DI-W362" not in {found.code for found in plain.findings}


@pytest.mark.parametrize(
    ("labels", "renamed"),
    [
        ({1: None, 2: None, 3: None, 4: None}, ["1", "2", "3", "4"]),
        ({1: "1", 2: "2", 3: "3", 4: "4", 5: "세종"}, []),  # a category the last year lacks
        ({1: "1", 2: "2", 4: "4"}, []),
    ],
)
def test_codes_without_a_label_or_without_a_counterpart_are_not_moved(
    labels: dict[int, str | None], renamed: list[str]
) -> None:
    waves = with_schema(2023, labelled(labels)(years_schema()))
    found = refuse_other_categories(waves, ["region"])
    assert [each.params["codes"] for each in found] == ([renamed] if renamed else [])


def test_labels_that_only_the_last_year_lacks_move_nothing() -> None:
    bare = labelled(dict.fromkeys((1, 2, 3, 4)))(years_schema())
    [found] = refuse_other_categories(with_schema(2025, bare), ["region"])
    assert found.params["codes"] == ["1", "2", "3", "4"]


def test_a_label_that_two_codes_share_is_not_moved_between_equal_schemas() -> None:
    twice = labelled({1: "기타", 2: "기타", 3: "3", 4: "4"})(years_schema())
    waves = years_waves(dict.fromkeys(YEARS, twice))
    assert refuse_other_categories(waves, ["region"]) == ()


def test_bands_of_other_bounds_are_refused() -> None:
    other = with_bands({"young": (None, 29), "middle": (30, 59), "old": (60, None)})
    waves = years_waves(schemas_with(2023, other))
    with refused("DI-E371", domain="age_group", year=2023, codes=["middle", "old"]):
        compare_years(waves, "age_group")
    finer = with_bands({"young": (None, 29), "middle": (30, 64), "oldest": (65, None)})
    result = compare_years(years_waves(schemas_with(2023, finer)), "age_group")
    spans = {
        (cell.category, int(first))
        for cell, first in zip(result.changes.cells, result.changes.first, strict=True)
        if cell.domain == "age_group"
    }
    assert spans == {("young", 2023), ("young", 2024), ("middle", 2023), ("middle", 2024)} | {
        ("old", 2024)
    }


def test_bands_in_one_year_and_codes_in_another_are_refused() -> None:
    bands = ["young", "middle", "old"]
    for year in (2023, 2025):  # whichever of the two has them
        waves = years_waves(schemas_with(year, with_bands({})))
        with refused("DI-E371", domain="age_group", year=2023, codes=bands):
            compare_years(waves, "age_group")


def test_a_domain_that_a_year_lacks_is_refused() -> None:
    def without_area(schema: SurveySchema) -> SurveySchema:
        domains = {name: each for name, each in schema.domains.items() if name != "area"}
        return schema.model_copy(update={"domains": domains})

    waves = years_waves(schemas_with(2024, without_area))
    with refused("DI-E372", domain="area", year=2024, known=["region", "age_group"]):
        compare_years(waves, "region*area")


def test_a_population_defined_otherwise_in_a_year_is_told() -> None:
    def older(schema: SurveySchema) -> SurveySchema:
        where = schema.groups["farm"].where
        old = schema.groups["old"].model_copy(update={"where": where})
        return schema.model_copy(update={"groups": {**schema.groups, "old": old}})

    waves = years_waves(schemas_with(2024, older))
    told = [dict(each.params) for each in waves.findings if each.code == "DI-W361"]
    assert told == [
        {"groups": ["old"], "years": [2023, 2024]},
        {"groups": ["old"], "years": [2024, 2025]},
    ]
    assert all(each in compare_years(waves).findings for each in waves.findings)
    assert "DI-W361" not in codes(years_waves())


def test_a_reference_or_average_made_otherwise_is_told_too() -> None:
    schema = years_schema()
    given = schema.averages["vulnerable"]
    fewer = Average(label=given.label, members={"farmers": 1, "old": 2})
    other = given.model_copy(update={"members": {n: 2 * t for n, t in given.members.items()}})  # pyright: ignore[reportOperatorIssue]
    where = schema.groups["urban"].where
    for change, names in [
        (updated(averages={"vulnerable": fewer}), ["vulnerable"]),
        (updated(averages={"vulnerable": other}), []),  # totals of another year
        (updated(reference=schema.reference.model_copy(update={"where": where})), ["reference"]),
    ]:
        waves = years_waves(schemas_with(2023, change))
        told = [each.params["groups"] for each in waves.findings if each.code == "DI-W361"]
        assert told == ([names] if names else [])
