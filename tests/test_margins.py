"""Known totals of populations, held against a schema and its people."""

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.errors import Finding, InputError
from divide_index.inference.calibration import rake
from divide_index.margins import (
    PopulationMargin,
    PopulationMargins,
    SampleMargins,
    SurveyMargins,
    margins_of_records,
    read_margins,
)
from divide_index.margins.ages import age_range
from divide_index.margins.known import population_margins
from divide_index.margins.provinces import province
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, Text
from divide_index.survey import Survey, read_survey
from divide_index.weighting import margins_of
from tests.examples import examples
from tests.samples import (
    Sample,
    as_polars,
    reference,
    samples,
    small_frame,
    small_schema,
    two_samples_frame,
    two_samples_schema,
    with_design,
)

approx = pytest.approx
SEX = {1: 2_400_000, 2: 2_600_000}
AREA = {"U": 4_000_000, "R": 1_000_000}
AGES = {"young": 1_500_000, "middle": 2_500_000, "old": 1_000_000}


def survey_of(schema: SurveySchema | None = None, frame: pd.DataFrame | None = None) -> Survey:
    """Return the general sample of the survey of two samples: sex, area, age, no other sample."""
    frame = two_samples_frame() if frame is None else frame
    frame = frame[frame["sample"] == "general"]
    return read_survey(frame, schema or with_design(two_samples_schema(), sample=None))


@cache
def general_survey() -> Survey:
    return survey_of()


@pytest.fixture(scope="module")
def general() -> Survey:
    return general_survey()


@pytest.fixture(scope="module")
def both() -> Survey:
    return read_survey(two_samples_frame(), two_samples_schema())


def only(found: SurveyMargins) -> SampleMargins:
    [sample] = found.samples
    return sample


def totals(sample: SampleMargins) -> dict[str, dict[str, float]]:
    return {
        margin.name: dict(zip(margin.labels, margin.totals.tolist(), strict=True))
        for margin in sample.margins
    }


def refused(survey: Survey, known: object, **options: Any) -> InputError:  # noqa: ANN401
    """Return the error that margins are refused with, in words a person can read."""
    with pytest.raises(InputError) as caught:
        margins_of(survey, known, **options)
    for lang in LANGUAGES:
        assert not re.search(r"\{\w*\}", render(caught.value.code, lang, caught.value.params))
    return caught.value


def with_provinces(schema: SurveySchema) -> SurveySchema:
    """Return the schema with the names of provinces for its regions 1, 2, 3."""
    names = {1: ("서울", "Seoul"), 2: ("강원", "Gangwon"), 3: ("전북", "Jeonbuk")}
    codes: Any = {code: Text(ko=ko, en=en) for code, (ko, en) in names.items()}
    region = schema.variables["region"].model_copy(update={"codes": codes})
    return schema.model_copy(update={"variables": {**schema.variables, "region": region}})


# -- what is matched -------------------------------------------------------------------------


def test_margins_have_the_schemas_order_and_every_persons_place(general: Survey) -> None:
    found = only(margins_of(general, {"sex": {2: 2_600_000, 1: 2_400_000}, "area": AREA}))
    assert totals(found) == {"sex": {"1": 2.4e6, "2": 2.6e6}, "area": {"U": 4e6, "R": 1e6}}
    sex = general.frame["sex"].to_numpy()
    assert (found.margins[0].codes == sex - 1).all()
    assert found.rows.tolist() == list(range(general.records))
    assert (found.total, found.sample) == (5e6, None)


@pytest.mark.parametrize(
    "known",
    [
        {"sex": {"남": 2.4e6, "여": 2.6e6}},
        {"sex": {"Men": 2.4e6, "women": 2.6e6}},
        {"SEX": {"남자": 2.4e6, "female": 2.6e6}},
        {"sex": {"01": "2,400,000", "2.0": "2 600 000"}},
        pd.DataFrame({"변수": "sex", "범주": [1, 2], "모집단수": [2.4e6, 2.6e6]}),
        pd.DataFrame({"Variable": "sex", "category": ["1", "2"], "Total": ["2400000", "2600000"]}),
        as_polars(pd.DataFrame({"variable": "sex", "category": [1, 2], "total": [2.4e6, 2.6e6]})),
        PopulationMargin(("sex",), (("1",), ("2",)), (2.4e6, 2.6e6)),
        PopulationMargins((PopulationMargin(("sex",), (("2",), ("1",)), (2.6e6, 2.4e6)),)),
    ],
    ids=str,
)
def test_codes_and_names_in_either_language_are_the_same_margin(
    known: object, general: Survey
) -> None:
    assert totals(only(margins_of(general, known))) == {"sex": {"1": 2.4e6, "2": 2.6e6}}


@pytest.mark.parametrize(
    "ages",
    [
        {"young": 1, "middle": 2, "old": 3},
        {"0~39세": 1, "40–64세": 2, "65세 이상": 3},
        {"만 39세 이하": 1, "40 - 64": 2, "65+": 3},
        {"40세 미만": 1, "40~64": 2, "65 and over": 3},
    ],
    ids=str,
)
def test_bands_of_age_are_known_by_their_ages(ages: Mapping[str, int], general: Survey) -> None:
    found = totals(only(margins_of(general, {"연령대": ages})))
    assert found == {"age_group": {"young": 1.0, "middle": 2.0, "old": 3.0}}


@pytest.mark.parametrize("ages", ["0~40세", "10~39세", "39세", "20대"])
def test_other_ages_than_those_of_a_band_are_refused(ages: str, general: Survey) -> None:
    error = refused(general, {"age_group": {ages: 1, "40~64세": 2, "65세 이상": 3}})
    assert error.code == "DI-E413"
    assert f"age_group={ages}" in str(error)


def test_a_band_begins_with_the_youngest_who_are_asked() -> None:
    schema = with_design(two_samples_schema(), sample=None)
    age = schema.variables["age"].model_copy(update={"range": (7.0, 120.0)})
    schema = schema.model_copy(update={"variables": {**schema.variables, "age": age}})
    frame = two_samples_frame()
    survey = survey_of(schema, frame[frame["age"] >= 7])
    rest = {"40~64세": 2, "65세 이상": 3}
    assert refused(survey, {"age_group": {"0~39세": 1, **rest}}).code == "DI-E413"
    assert only(margins_of(survey, {"age_group": {"7~39세": 1, **rest}})).total == 6


@pytest.mark.parametrize("east", ["강원", "강원도", "강원특별자치도", "Gangwon-do", "2"])
@pytest.mark.parametrize("south", ["전라북도", "전북특별자치도", "전북", "Jeonbuk State"])
def test_provinces_are_known_by_old_and_new_names(east: str, south: str) -> None:
    survey = survey_of(with_provinces(with_design(two_samples_schema(), sample=None)))
    known = {"시·도": {"서울특별시": 9e6, east: 1.5e6, south: 1.7e6}}
    found = totals(only(margins_of(survey, known)))
    assert found == {"region": {"1": 9e6, "2": 1.5e6, "3": 1.7e6}}


def test_every_province_has_names_of_its_own() -> None:
    assert province("강원도") == province("강원특별자치도") == "강원"
    assert province("전라북도") == province("전북특별자치도") == "전북"
    assert province("종로구") is None


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("0~9세", (0, 9)),
        ("100세 이상", (100, None)),
        ("0세", (0, 0)),
        ("20대", (20, 29)),
        ("15세 미만", (0, 14)),
        ("70+", (70, None)),
        ("7", None),
        ("9~0세", None),
        ("서울", None),
    ],
)
def test_ages_are_read_as_tables_write_them(text: str, ages: object) -> None:
    assert age_range(text) == ages


def test_a_cross_has_cells_of_both_variables(general: Survey) -> None:
    cells = {(r, s): 100 * r + s for r in (1, 2, 3) for s in (1, 2)}
    by_tuple = only(margins_of(general, {("region", "sex"): cells}))
    by_text = only(
        margins_of(general, {"region*sex": {f"{r}*{s}": t for (r, s), t in cells.items()}})
    )
    turned = {"sex*region": {f"{s}*{r}": t for (r, s), t in cells.items()}}
    assert totals(by_tuple) == totals(by_text)
    assert totals(by_tuple)["region*sex"]["3*2"] == 302
    assert totals(only(margins_of(general, turned)))["sex*region"]["2*3"] == 302
    frame = general.frame
    expected = (frame["region"] - 1) * 2 + frame["sex"] - 1
    assert (by_tuple.margins[0].codes == expected).all()


def test_a_code_that_is_the_name_of_another_needs_its_own_beside_it() -> None:
    schema = with_design(two_samples_schema(), sample=None)
    codes: Any = {code: Text(ko=str(3 - code), en=str(3 - code)) for code in (1, 2)}
    sex = schema.variables["sex"].model_copy(update={"codes": codes})
    schema = schema.model_copy(update={"variables": {**schema.variables, "sex": sex}})
    survey = survey_of(schema)
    error = refused(survey, {"sex": SEX})
    assert error.params["cells"] == ["sex=1 ‘1’ ≠ 1 (2)", "sex=2 ‘2’ ≠ 2 (1)"]
    table = {"variable": "sex", "category": [1, 2], "label": ["2", "1"], "total": [5.0, 6.0]}
    found = totals(only(margins_of(survey, pd.DataFrame(table))))
    assert found == {"sex": {"1": 5.0, "2": 6.0}}


def test_polars_surveys_have_the_same_margins(general: Survey) -> None:
    frame = two_samples_frame()
    polars = as_polars(frame[frame["sample"] == "general"])
    survey = read_survey(polars, general.schema)
    known = {"region*sex": {f"{r}*{s}": 7 * r + s for r in (1, 2, 3) for s in (1, 2)}}
    ours, theirs = (only(margins_of(each, known)).margins[0] for each in (survey, general))
    assert ours.codes.tolist() == theirs.codes.tolist()
    assert ours.totals.tolist() == theirs.totals.tolist()


def test_names_of_assumed_codes_are_told(general: Survey) -> None:
    sex = general.schema.variables["sex"]
    sex = sex.model_copy(update={"assumed": True, "source": "s", "alternatives": ("a",)})
    schema = general.schema.model_copy(
        update={"variables": {**general.schema.variables, "sex": sex}}
    )
    survey = survey_of(schema)
    [finding] = margins_of(survey, {"sex": {"남": 4e5, "여": 6e5}}).findings
    assert (finding.code, finding.params["variables"]) == ("DI-W412", ["sex"])
    assert margins_of(survey, {"sex": {1: 4e5, 2: 6e5}}).findings == ()


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "cell", "known"),
    [
        ("DI-E410", "int", 7),
        ("DI-E410", "region", pd.DataFrame({"region": [1], "n": [2]})),
        ("DI-E411", "gender", {"gender": SEX}),
        ("DI-E411", "age", {"age": {20: 1, 30: 2}}),
        ("DI-E411", "id", {"id": {"a": 7}}),
        ("DI-E413", "sex=3", {"sex": {**SEX, 3: 5}}),
        ("DI-E413", "region*sex=1", {"region*sex": {"1": 5}}),
        ("DI-E414", "sex=남", {"sex": {1: 5, "남": 5, 2: 5}}),
        ("DI-E414", "Sex", {"sex": SEX, "Sex": SEX}),
        ("DI-E414", "sex*area", {"area*sex": {"U*1": 5}, "sex*area": {"1*U": 5}}),
        ("DI-E415", "sex=2 ‘-5’", {"sex": {1: 5, 2: -5}}),
        ("DI-E415", "sex=2 ‘’", {"sex": {1: 5, 2: None}}),
        ("DI-E415", "sex=2 ‘many’", {"sex": {1: 5, 2: "many"}}),
        ("DI-E415", "sex=2 ‘inf’", {"sex": {1: 5, 2: math.inf}}),
        ("DI-E415", "sex=2 ‘1,23’", {"sex": {1: 5, 2: "1,23"}}),
        ("DI-E415", "sex=2 ‘12%’", {"sex": {1: 5, 2: "12%"}}),
        ("DI-E447", "sex", {"sex": 5}),
        ("DI-E419", "5000000, 5200000", {"sex": SEX, "area": {"U": 4.2e6, "R": 1e6}}),
        ("DI-E421", "sex=2 (여, Women)", {"sex": {1: 5e6}}),
        ("DI-E421", "sex=2", {"sex": {1: 5e6, 2: 0}}),
        ("DI-E426", "sex", {"sex": {1: 0.4, 2: 0.6}}),
        ("DI-E426", "sex", {"sex": {1: 40, 2: 60}}),
        ("DI-E426", "99.9", {"age_group": {"young": 33.3, "middle": 33.3, "old": 33.3}}),
        ("DI-E426", "100.1", {"sex": {1: 60.1, 2: 40.0}}),
        ("DI-E426", "0.999", {"age_group": {"young": 0.333, "middle": 0.333, "old": 0.333}}),
        ("DI-E415", "sex=1 ‘1e+308’, sex=2 ‘1e+308’", {"sex": {1: 1e308, 2: 1e308}}),
        ("DI-E415", "sex=2 ‘2e+15’", {"sex": {1: 5, 2: 2e15}}),
        ("DI-E415", "sex=1 ‘600000000000000’", {"sex": {1: 6e14, 2: 6e14}}),
        ("DI-E415", "sex=1 ‘1e-300’", {"sex": {1: 1e-300, 2: 1e-300}}),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    code: str, cell: str, known: object, general: Survey
) -> None:
    error = refused(general, known)
    assert error.code == code
    assert cell in str(error)


def test_every_cell_that_is_wrong_is_named(general: Survey) -> None:
    error = refused(general, {"sex": {3: 5, 4: 6, 1: 7}})
    assert error.params["cells"] == ["sex=3", "sex=4"]
    assert error.params["valid"] == ["1 (남, Men)", "2 (여, Women)"]


def test_rows_of_a_table_say_one_thing_each(general: Survey) -> None:
    table = pd.DataFrame(
        {
            "variable": ["sex", "sex", "area", None, "area"],
            "category": ["1", "2", None, "R", "U"],
            "total": [5.0, 5.0, 5.0, 5.0, 5.0],
            "share": [None, 0.5, None, None, None],
        }
    )
    error = refused(general, table)
    assert error.code == "DI-E417"
    assert error.params["cells"] == ["area= (#3)", "=R (#4)", "sex=2 (#2)"]
    mixed = pd.DataFrame(
        {"variable": "sex", "category": [1, 2], "total": [5, None], "share": [None, 0.5]}
    )
    assert refused(general, mixed).params["cells"] == ["sex=1 (#1)", "sex=2 (#2)"]


def test_people_without_a_value_are_counted(general: Survey) -> None:
    error = refused(general, {"education": {1: 1e6, 2: 2e6, 3: 2e6}, "sex": SEX})
    missing = int((~general.frame["education"].isin([1, 2, 3])).sum())
    assert missing > 0
    assert (error.code, error.params["variables"]) == ("DI-E420", ["education"])
    assert error.params["counts"] == [missing]


def test_people_in_a_cell_of_a_cross_without_total_are_counted(general: Survey) -> None:
    cells = {(r, s): 100 for r in (1, 2, 3) for s in (1, 2) if (r, s) != (2, 1)}
    error = refused(general, {("region", "sex"): cells})
    frame = general.frame
    count = int(((frame["region"] == 2) & (frame["sex"] == 1)).sum())
    assert (error.code, error.params["cells"]) == ("DI-E421", ["region*sex=2*1 (남, Men)"])
    assert error.params["counts"] == [count]


def test_a_total_of_nobody_in_the_sample_is_refused_unless_it_is_zero() -> None:
    general = with_design(small_schema(), sample=None)
    frame = small_frame()
    survey = read_survey(frame[(frame["sample"] == "general") & (frame["region"] < 4)], general)
    error = refused(survey, {"region": {1: 100, 2: 200, 3: 300, 4: 25}})
    assert (error.code, error.params["cells"]) == ("DI-E422", ["region=4"])
    assert error.params["totals"] == ["25"]
    found = only(margins_of(survey, {"region": {1: 100, 2: 200, 3: 300, 4: 0}}))
    raked = rake(survey.frame["weight"].to_numpy(float), found.margins)
    assert raked.totals.after.tolist() == approx([100, 200, 300, 0])


def test_margins_that_differ_in_what_they_share_are_refused(general: Survey) -> None:
    cross = {(r, s): 1_000_000 + 10 * r * s for r in (1, 2, 3) for s in (1, 2)}
    of_sex = {s: sum(t for (_, x), t in cross.items() if x == s) for s in (1, 2)}
    found = margins_of(general, {("region", "sex"): cross, "sex": of_sex})
    assert len(only(found).margins) == 2
    error = refused(
        general, {("region", "sex"): cross, "sex": {1: of_sex[1] + 7, 2: of_sex[2] - 7}}
    )
    assert error.code == "DI-E427"
    assert "sex=1: 3000060 (region*sex) ≠ 3000067 (sex)" in str(error)


# -- shares, scale, rounding -----------------------------------------------------------------


@pytest.mark.parametrize("whole", [1, 100])
def test_shares_are_of_the_weights_unless_a_total_is_known(whole: int, general: Survey) -> None:
    shares = {"sex": {1: 0.48 * whole, 2: 0.52 * whole}}
    weight = float(general.frame["weight"].sum())
    found = totals(only(margins_of(general, shares, kind="shares")))
    assert found["sex"] == approx({"1": 0.48 * weight, "2": 0.52 * weight})
    found = totals(only(margins_of(general, shares, kind="shares", total=5e7)))
    assert found["sex"] == approx({"1": 2.4e7, "2": 2.6e7})


def test_shares_take_the_total_of_a_margin_of_counts(general: Survey) -> None:
    table = pd.DataFrame(
        {
            "variable": ["sex", "sex", "area", "area"],
            "category": ["1", "2", "U", "R"],
            "total": ["2,400,000", "2,600,000", None, None],
            "share": [None, None, "80%", "20%"],
        }
    )
    found = totals(only(margins_of(general, table)))
    assert found["area"] == approx({"U": 4e6, "R": 1e6})


@pytest.mark.parametrize("shares", [{1: 0.4, 2: 0.5}, {1: 45, 2: 53}, {1: 60, 2: 60}])
def test_shares_of_no_whole_are_refused(shares: dict[int, float], general: Survey) -> None:
    error = refused(general, {"sex": shares}, kind="shares")
    assert error.code == "DI-E418"
    assert f"sex=1 {shares[1]:g}" in str(error)


def test_rounded_shares_are_brought_to_the_whole_and_told(general: Survey) -> None:
    found = margins_of(
        general,
        {"age_group": {"young": 33.3, "middle": 33.3, "old": 33.3}},
        kind="shares",
        total=9e6,
    )
    [finding, scale] = found.findings
    assert (finding.code, finding.params["total"]) == ("DI-W410", "99.9")
    assert (scale.code, scale.params["total"]) == ("DI-W419", "9,000,000")
    assert only(found).margins[0].totals == approx(3e6)


def test_rounded_counts_are_brought_to_the_finest_and_told(general: Survey) -> None:
    in_thousands = {"U": 4_001_000, "R": 1_000_000}
    found = margins_of(general, {"area": in_thousands, "sex": {1: 2_400_123, 2: 2_600_456}})
    [finding, scale] = found.findings
    assert (finding.code, finding.params["margins"]) == ("DI-W413", ["area"])
    assert (scale.code, scale.params["total"]) == ("DI-W419", "5,000,579")
    assert only(found).total == 5_000_579
    for margin in only(found).margins:
        assert margin.totals.sum() == approx(5_000_579, rel=1e-13)


def test_counts_that_differ_by_more_than_rounding_are_refused(general: Survey) -> None:
    exact = {"U": 4_000_123, "R": 1_000_477}
    error = refused(general, {"area": exact, "sex": {1: 2_400_123, 2: 2_600_456}})
    assert (error.code, error.params["totals"]) == ("DI-E419", ["5000600", "5000579"])
    error = refused(general, {"sex": SEX}, total=6e6)
    assert error.params["margins"] == ["sex", "total"]


@pytest.mark.parametrize("total", [0, -1, math.nan, math.inf, 1e308, 1e-300, "5", {"x": "5"}])
def test_a_total_is_a_number_of_people(total: Any, general: Survey) -> None:  # noqa: ANN401
    assert refused(general, {"sex": {1: 0.5, 2: 0.5}}, kind="shares", total=total).code == "DI-E415"


@pytest.mark.parametrize(
    "parts", [{1: 49, 2: 52}, {1: 97.5, 2: 4.25}, {1: 0.5, 2: 0.75}, {1: 99, 2: 2}], ids=str
)
def test_counts_of_few_people_that_are_no_shares_are_taken(
    parts: dict[int, float], general: Survey
) -> None:
    assert only(margins_of(general, {"sex": parts})).total == sum(parts.values())


@pytest.mark.parametrize("kind", ["share", "count", "", 1])
def test_another_kind_than_the_two_is_refused(kind: Any, general: Survey, tmp_path: Path) -> None:  # noqa: ANN401
    error = refused(general, {"sex": {1: 0.5, 2: 0.6}}, kind=kind)
    assert (error.code, error.params["option"], error.params["value"]) == ("DI-E117", "kind", kind)
    path = tmp_path / "margins.csv"
    path.write_text("variable,category,total\nsex,1,5\nsex,2,6\n", encoding="utf-8")
    for read in (
        lambda: population_margins(pd.DataFrame({"a": [1]}), kind=kind),
        lambda: read_margins(path, kind=kind),
        lambda: PopulationMargin(("sex",), (("1",), ("2",)), (5, 6), kind=kind),
    ):
        with pytest.raises(InputError, match="DI-E117"):
            read()


def test_totals_far_from_the_weights_are_told_with_both(general: Survey) -> None:
    weight = float(general.frame["weight"].sum())

    def told(factor: float, **options: Any) -> list[Finding]:  # noqa: ANN401
        parts = {1: 0.4 * factor * weight, 2: 0.6 * factor * weight}
        return [*margins_of(general, {"sex": parts}, **options).findings]

    [thousands], [over] = told(0.001), told(2.01)
    assert (thousands.code, over.code) == ("DI-W419", "DI-W419")
    assert thousands.params["sample"] == "일반국민, General public"
    assert thousands.params["weights"] == f"{weight:,.12g}"
    assert over.params["total"] == f"{2.01 * weight:,.12g}"
    assert told(1.99) == told(0.51) == []
    assert [each.code for each in told(0.49)] == ["DI-W419"]
    shares = {"sex": {1: 0.5, 2: 0.5}}
    assert margins_of(general, shares, kind="shares").findings == ()


def test_a_survey_without_weights_is_raised_to_its_population_without_a_word() -> None:
    schema = with_design(two_samples_schema(), sample=None, weight=None)
    survey = survey_of(schema)
    assert margins_of(survey, {"sex": SEX}).findings == ()
    frame, weights = survey.frame, np.full(survey.records, 2.0)
    for own, codes in ((weights / 2, []), (weights, ["DI-W419"])):
        found = margins_of_records(frame, schema, {"sex": SEX}, weights=own)
        assert [each.code for each in found.findings] == codes


def test_each_sample_is_held_against_its_own_weights(both: Survey) -> None:
    of = both.frame.groupby("sample")["weight"].sum()
    known = {name: {"sex": {1: of[name] / 2, 2: of[name] / 2}} for name in ("general", "farmers")}
    assert margins_of(both, known).findings == ()
    known["farmers"] = known["general"]
    [finding] = margins_of(both, known).findings
    assert finding.params["sample"] == "farmers (농어민, Farmers)"


@pytest.mark.parametrize("by", [["sex"], ["SEX"], ["sex", "시·도 * Sex"]], ids=str)
def test_margins_may_be_chosen_among_those_given(by: list[str], general: Survey) -> None:
    cross = {f"{s}*{r}": 1e5 for s in (1, 2) for r in (1, 2, 3)}
    known = {"sex": {1: 3e5, 2: 3e5}, "area": {"U": 4e5, "R": 2e5}, "sex*region": cross}
    names = [margin.name for margin in only(margins_of(general, known, by=by)).margins]
    assert names == ["sex", "sex*region"][: len(by)]
    error = refused(general, known, by=["sex", "age_group"])
    assert (error.code, error.params["names"]) == ("DI-E461", ["age_group"])
    assert error.params["known"] == ["sex", "area", "sex*region"]


@settings(max_examples=examples(30))
@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=3), st.integers(1, 10**9))
def test_shares_times_the_total_are_counts(parts: list[int], total: int) -> None:
    survey = general_survey()
    names = ("young", "middle", "old")
    shares = {name: part / sum(parts) for name, part in zip(names, parts, strict=True)}
    found = only(margins_of(survey, {"age_group": shares}, kind="shares", total=total))
    assert found.margins[0].totals == approx(np.array(parts) / sum(parts) * total, rel=1e-12)
    assert found.margins[0].totals.sum() == approx(total, rel=1e-14)


# -- samples ---------------------------------------------------------------------------------


def test_each_sample_has_its_own_margins(both: Survey) -> None:
    found = margins_of(both, {"farmers": {"sex": SEX}, "general": {"sex": SEX, "area": AREA}})
    assert [each.sample for each in found.samples] == ["general", "farmers"]
    frame = both.frame
    for each in found.samples:
        of_sample = frame["sample"] == each.sample
        assert each.rows.tolist() == np.flatnonzero(of_sample).tolist()
        sexes = frame.loc[of_sample, "sex"].to_numpy()
        assert (each.margins[0].codes == sexes - 1).all()


@pytest.mark.parametrize("name", ["farmers", "농어민", "Farmers"])
def test_a_sample_is_known_by_its_code_or_names(name: str, both: Survey) -> None:
    found = margins_of(both, {name: {"sex": SEX}}, keep_others=True)
    assert only(found).sample == "farmers"
    assert found.kept == ("general",)


def test_a_sample_without_margins_is_refused_unless_it_may_stay(both: Survey) -> None:
    error = refused(both, {"general": {"sex": SEX}})
    assert (error.code, error.params["samples"]) == ("DI-E424", ["farmers (농어민, Farmers)"])


def test_margins_of_no_sample_are_refused(both: Survey, general: Survey) -> None:
    assert refused(both, {"sex": SEX}).params["margins"] == ["sex"]
    error = refused(both, {"older": {"sex": SEX}}, keep_others=True)
    assert (error.code, error.params["margins"]) == ("DI-E423", ["older: sex"])
    assert refused(general, {"farmers": {"sex": SEX}}).code == "DI-E423"
    assert only(margins_of(general, {"일반국민": {"sex": SEX}})).total == 5e6


def test_totals_of_populations_are_those_of_their_samples(both: Survey) -> None:
    shares = {"general": {"sex": {1: 0.5, 2: 0.5}}, "farmers": {"sex": {1: 0.6, 2: 0.4}}}
    found = margins_of(both, shares, kind="shares", total={"general": 5e7})
    assert found.samples[0].total == 5e7
    weights = both.frame.loc[both.frame["sample"] == "farmers", "weight"]
    assert found.samples[1].total == approx(weights.sum())
    found = margins_of(both, shares, kind="shares", total={"농어민": 2e6, "general": 5e7})
    assert [each.total for each in found.samples] == [5e7, 2e6]


@pytest.mark.parametrize(
    ("total", "code", "named"),
    [
        (5e7, "DI-E456", "50000000"),
        ({"general": 5e7, "older": 1e6}, "DI-E423", "older: total"),
    ],
)
def test_a_total_of_no_sample_is_refused(
    total: Any,  # noqa: ANN401
    code: str,
    named: str,
    both: Survey,
) -> None:
    halves = {"sex": {1: 0.5, 2: 0.5}}
    error = refused(both, {"general": halves, "farmers": halves}, kind="shares", total=total)
    assert (error.code, named in str(error)) == (code, True)


# -- against R -------------------------------------------------------------------------------


def test_raking_to_margins_of_a_survey_gives_the_weights_of_r() -> None:
    found = reference("calibration_small.json")
    known = {
        {"class": "age_class"}.get(name, name): dict(zip(m["label"], m["total"], strict=True))
        for name, m in found["margins"].items()
        if name in {"area", "region", "class"}
    }
    schema = with_design(small_schema(), sample=None)
    bands = {"0": (None, 34), "1": (35, 49), "2": (50, 64), "3": (65, None)}
    cut = schema.domains["age_group"].model_copy(update={"bands": bands})
    schema = schema.model_copy(update={"domains": {**schema.domains, "age_class": cut}})
    frame = small_frame()
    survey = read_survey(frame[frame["sample"] == "general"], schema)
    margins = only(margins_of(survey, known)).margins
    weights = rake(survey.frame["weight"].to_numpy(float), margins).weights
    assert weights == approx(np.array(found["rake"]["weights"]), rel=1e-10)


# -- margins of the data themselves ----------------------------------------------------------


@settings(max_examples=examples(25))
@given(samples(blanks=False))
def test_margins_of_the_weights_themselves_change_no_weight(sample: Sample) -> None:
    frame = sample.frame
    parts = {
        name: {
            "region": of.groupby("region")["weight"].sum().to_dict(),
            ("area", "farm"): of.groupby(["area", "farm"])["weight"].sum().to_dict(),
        }
        for name, of in frame.groupby("sample")
    }
    margins = [sum(of["region"].values()) for of in parts.values()]
    if any(math.isclose(total, whole, rel_tol=0.01) for total in margins for whole in (1, 100)):
        return
    found = margins_of(sample.survey, parts)
    weights = frame["weight"].to_numpy(float)
    for each in found.samples:
        raked = rake(weights[each.rows], each.margins)
        assert raked.ratios == approx(1.0, rel=1e-9)
