"""Chain-linked levels agree with R survey, and are the direct levels where no item changes.

The values are in `reference/linked.json`; `reference/README.md` gives the tolerance and why.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divide_index.change import compare_years
from divide_index.change.linking import LinkedResult, linked_levels
from divide_index.errors import DivideIndexError
from divide_index.levels import Cases, relative_levels
from divide_index.schema import SurveySchema, load_schema
from divide_index.schema.parts import Break, Indicator
from divide_index.scoring import score
from divide_index.survey import Survey, read_survey
from divide_index.waves import Samples, Waves
from tests.examples import examples
from tests.samples import (
    DIMENSIONS,
    REFERENCE,
    SCHEMAS,
    Sample,
    reference,
    samples,
    small_frame,
    small_schema,
)

R = reference("linked.json")
YEARS = (2023, 2024, 2025)
BLOCKS: tuple[Samples, ...] = ("independent", "shared_psus")
MEASURES = (*DIMENSIONS, "overall")
BY = ("region",)
ITEMS: Mapping[int, Mapping[str, tuple[str, ...]]] = {
    2023: {"devices": ("a1", "a2"), "services": ("u1", "u2", "u3")},
    2024: {"devices": ("a1", "a3"), "services": ("u1", "u2", "u3")},
    2025: {"devices": ("a1", "a3"), "services": ("u1", "u2", "u4")},
}

approx = pytest.approx
few = settings(max_examples=examples(8))


def with_indicators(
    schema: SurveySchema, dimension: str, indicators: Mapping[str, Indicator]
) -> SurveySchema:
    """Return a schema with other indicators of a dimension."""
    made = schema.dimensions[dimension].model_copy(update={"indicators": dict(indicators)})
    return schema.model_copy(update={"dimensions": schema.dimensions | {dimension: made}})


@cache
def schema_of(year: int) -> SurveySchema:
    schema = load_schema(SCHEMAS / "linked.yaml")
    for dimension, part in schema.dimensions.items():
        made = {
            key: each.model_copy(update={"items": ITEMS[year].get(key, each.items)})
            for key, each in part.indicators.items()
        }
        schema = with_indicators(schema, dimension, made)
    return schema


@cache
def frame_of(year: int) -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "linked.csv")
    return frame[frame["year"] == year].reset_index(drop=True)


@cache
def survey_of(year: int) -> Survey:
    return read_survey(frame_of(year), schema_of(year))


def waves_of(samples: Samples = "independent", **schemas: SurveySchema) -> Waves:
    """Return the three years, some with another schema: y2024=…"""
    surveys = {year: survey_of(year) for year in YEARS}
    for name, schema in schemas.items():
        year = int(name.removeprefix("y"))
        surveys[year] = read_survey(frame_of(year), schema)
    return Waves(surveys, samples)


@cache
def linked(block: Samples) -> LinkedResult:
    return linked_levels(waves_of(block), BY)


def cell_of(name: str) -> tuple[str, str]:
    """Return where a cell of the reference values stands in our tables."""
    if name == "average":
        return "average", "vulnerable"
    return ("region", name[-1]) if name.startswith("region") else ("group", name)


# -- against R ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*R["independent"]])
@pytest.mark.parametrize("block", BLOCKS)
def test_every_linked_level_has_the_value_and_standard_error_of_r(
    block: Samples, name: str
) -> None:
    result = linked(block)
    for measure, expected in R[block][name].items():
        for year in YEARS:
            row = result.row(year, *cell_of(name), measure)
            ours = expected["linked"][str(year)]
            assert result.estimate.values[row] == approx(ours["level"], rel=1e-9)
            assert result.estimate.std_errors[row] == approx(ours["se"], rel=1e-9)
            direct = expected["direct"][str(year)]
            assert result.direct[row] == approx(direct["level"], rel=1e-9)
            # A direct level has the error of its own year, where no PSU of another year counts.
            if block == "independent":
                assert result.direct_std_errors[row] == approx(direct["se"], rel=1e-9)


@pytest.mark.parametrize("name", [*R["independent"]])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_change_of_linked_levels_has_the_joint_error_of_r(block: Samples, name: str) -> None:
    result = linked(block)
    for measure, expected in R[block][name].items():
        matrix = np.zeros((1, len(result.cells)))
        matrix[0, result.row(2025, *cell_of(name), measure)] = 1.0
        matrix[0, result.row(2023, *cell_of(name), measure)] = -1.0
        change = result.estimate.contrast(matrix, ("change",))
        assert change.values[0] == approx(expected["change"]["level"], rel=1e-9)
        assert change.std_errors[0] == approx(expected["change"]["se"], rel=1e-9)


# -- identities --------------------------------------------------------------------------------


@st.composite
def pairs(draw: st.DrawFn) -> Waves:
    """Draw two years or three of the same items."""
    surveys = [draw(samples()).survey for _ in range(draw(st.sampled_from((2, 3))))]
    return Waves(dict(zip((2023, 2024, 2025), surveys, strict=False)))


@given(pairs(), st.sampled_from(get_args(Cases)))
@few
def test_where_no_item_changes_linked_levels_are_the_direct_ones(
    waves: Waves, cases: Cases
) -> None:
    result = linked_levels(waves, ("region", "region*area"), cases=cases)
    assert result.overlaps == approx(1.0, abs=0)
    assert np.array_equal(result.linked_to, np.full(result.years.size, waves.years[-1]))
    for year, survey in waves.surveys.items():
        rows = np.flatnonzero(result.years == year)
        direct = relative_levels(score(survey), ("region", "region*area"), cases=cases)
        assert tuple(result.cells[row] for row in rows) == direct.cells
        assert tuple(result.dimensions[row] for row in rows) == direct.dimensions
        for ours, theirs in (
            (result.estimate.values[rows], direct.estimate.values),
            (result.direct[rows], direct.estimate.values),
            (result.std_errors[rows], direct.std_errors),
        ):
            assert ours == approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True)
        degrees = result.estimate.degrees_of_freedom[rows]
        known = ~np.isnan(direct.estimate.values)
        assert np.array_equal(degrees[known], direct.degrees_of_freedom[known])


@given(samples(), samples())
@few
def test_changes_of_unchanged_items_are_those_of_compared_years(one: Sample, other: Sample) -> None:
    waves = Waves({2024: one.survey, 2025: other.survey})
    result, compared = linked_levels(waves, BY), compare_years(waves, BY).changes
    for place, (cell, name) in enumerate(zip(compared.cells, compared.dimensions, strict=True)):
        matrix = np.zeros((1, len(result.cells)))
        matrix[0, result.row(2025, cell.domain, cell.category, name)] = 1.0
        matrix[0, result.row(2024, cell.domain, cell.category, name)] = -1.0
        change = result.estimate.contrast(matrix, ("change",))
        nan = {"nan_ok": True}
        assert change.values[0] == approx(compared.estimate.values[place], abs=1e-8, **nan)
        assert change.std_errors[0] == approx(compared.estimate.std_errors[place], abs=1e-8)


@given(samples(), samples())
@few
def test_the_reference_is_one_hundred_in_every_year_whatever_changes(
    one: Sample, other: Sample
) -> None:
    waves = Waves({2024: one.survey, 2025: read_survey(other.frame, with_new_item())})
    result = linked_levels(waves)
    whole = [row for row, cell in enumerate(result.cells) if cell.domain == "total"]
    assert result.estimate.values[whole] == approx(100.0, rel=1e-12)
    assert result.estimate.std_errors[whole] == approx(0.0, abs=1e-9)


def with_new_item() -> SurveySchema:
    """Return the small survey with a second item of usage, which is age."""
    schema = small_schema()
    usage = schema.items["usage"]
    item = usage.model_copy(update={"of": "age", "goalposts": (0.0, 120.0)})
    given_ = schema.dimensions["usage"].indicators["given"]
    both = given_.model_copy(update={"items": ("usage", "lately")})
    schema = schema.model_copy(update={"items": schema.items | {"lately": item}})
    return with_indicators(schema, "usage", {"given": both})


@pytest.mark.parametrize("cases", get_args(Cases))
def test_a_link_is_the_ratio_of_levels_on_the_items_in_common(cases: Cases) -> None:
    waves = Waves(
        {
            2024: read_survey(small_frame(), small_schema()),
            2025: read_survey(small_frame(), with_new_item()),
        }
    )
    result = linked_levels(waves, BY, cases=cases)
    # The same people on the same items in common: nothing has changed.
    for row in np.flatnonzero(result.years == 2024):
        cell, name = result.cells[row], result.dimensions[row]
        last = result.row(2025, cell.domain, cell.category, name)
        assert result.estimate.values[row] == approx(result.estimate.values[last], rel=1e-9)
        assert result.overlaps[row] == approx({"usage": 0.5, "overall": 0.8}.get(name, 1.0))
    # The direct levels say otherwise, because the new item is another measure.
    usage = [result.row(year, "group", "old", "usage") for year in (2024, 2025)]
    assert abs(result.direct[usage[0]] - result.direct[usage[1]]) > 1


def test_what_is_left_of_a_dimension_has_weights_that_sum_to_one() -> None:
    last = schema_of(2025)
    usage = last.dimensions["usage"].indicators
    other = usage["activity"].model_copy(update={"items": ("u3",)})
    earlier = with_indicators(last, "usage", {"services": usage["services"], "practice": other})
    alone = usage["services"].model_copy(update={"weight": 1.0})
    common = with_indicators(last, "usage", {"services": alone})
    frame = frame_of(2024).assign(u4=frame_of(2024)["u3"])
    waves = Waves({2024: read_survey(frame, earlier), 2025: survey_of(2025)})
    result = linked_levels(waves, BY)
    before, after = (
        relative_levels(score(read_survey(each, common)), BY) for each in (frame, frame_of(2025))
    )
    for cell in (("group", "farmers"), ("region", "2")):
        expected = result.estimate.values[result.row(2025, *cell, "usage")]
        expected *= before.level(*cell, "usage") / after.level(*cell, "usage")
        row = result.row(2024, *cell, "usage")
        assert result.estimate.values[row] == approx(expected, rel=1e-9)
        assert result.overlaps[row] == approx(0.6)


def test_weights_of_items_in_common_sum_to_one() -> None:
    last = schema_of(2025)
    skills = last.dimensions["capability"].indicators["skills"]
    renamed = skills.model_copy(update={"items": {"c1": 0.7, "a2": 0.3}})
    earlier = with_indicators(last, "capability", {"skills": renamed})
    frame = frame_of(2024).assign(a2=frame_of(2024)["c2"], u4=frame_of(2024)["u3"])
    result = linked_levels(Waves({2024: read_survey(frame, earlier), 2025: survey_of(2025)}))
    alone = Indicator(weight=1, items=("c1",))
    common = with_indicators(last, "capability", {"skills": alone})
    before, after = (
        relative_levels(score(read_survey(each, common))).level("group", "old", "capability")
        for each in (frame, frame_of(2025))
    )
    row = result.row(2024, "group", "old", "capability")
    expected = result.direct[result.row(2025, "group", "old", "capability")] * before / after
    assert result.estimate.values[row] == approx(expected, rel=1e-9)
    assert result.overlaps[row] == approx(0.7)


# -- what the result says ------------------------------------------------------------------------


def test_a_link_says_how_much_is_in_common_and_what_is_not() -> None:
    first, second = linked("independent").links
    assert (first.first, first.last, second.first, second.last) == (2023, 2024, 2024, 2025)
    # By hand: half of access (0.2) is not in common, then a third of services (0.4 · 0.6).
    assert first.overlap == approx(0.9)
    assert second.overlap == approx(0.92)
    assert first.by_dimension == approx({"access": 0.5, "capability": 1.0, "usage": 1.0})
    assert second.by_dimension == approx({"access": 1.0, "capability": 1.0, "usage": 0.8})
    assert {"access.devices.a2", "access.devices.a3"} <= set(first.differences)


def test_a_row_tells_the_smallest_overlap_on_its_way() -> None:
    result = linked("independent")
    told = {
        (year, name): result.overlaps[result.row(year, "group", "old", name)]
        for year in YEARS
        for name in MEASURES
    }
    assert [told[year, "overall"] for year in YEARS] == approx([0.9, 0.92, 1.0])
    assert [told[year, "usage"] for year in YEARS] == approx([0.8, 0.8, 1.0])
    assert [told[year, "access"] for year in YEARS] == approx([0.5, 1.0, 1.0])


def test_a_dimension_with_little_in_common_is_told() -> None:
    (found,) = [found for found in linked("independent").findings if found.code == "DI-W393"]
    assert found.params["dimensions"] == ["access"]
    assert found.params["percents"] == ["50"]


def test_the_frame_has_a_row_for_each_year_cell_and_dimension() -> None:
    result = linked("independent")
    frame = result.to_frame()
    assert list(frame.columns) == [
        *("year", "domain", "category", "dimension", "level", "std_error"),
        *("conf_low", "conf_high", "df", "linked_to", "overlap", "direct"),
        *("direct_std_error", "flag"),
    ]
    keys = ["year", "domain", "category", "dimension"]
    assert not frame.duplicated(keys).any()
    assert len(frame) == 3 * (1 + 1 + 4 + 4) * 4
    assert "farmers" in str(result)
    assert "<table" in result._repr_html_()


def test_a_cell_that_a_year_on_the_way_lacks_has_no_linked_level() -> None:
    frame = frame_of(2024)
    frame = frame.assign(region=frame["region"].replace(3, 2))
    surveys = {year: survey_of(year) for year in YEARS}
    result = linked_levels(Waves(surveys | {2024: read_survey(frame, schema_of(2024))}), BY)
    row = result.row(2023, "region", "3", "access")  # it leads over 2024
    assert np.isnan(result.estimate.values[row])
    assert np.isnan(result.std_errors[row])
    assert not np.isnan(result.direct[row])
    assert np.isnan(result.estimate.values[result.row(2023, "region", "3")])
    row = result.row(2023, "region", "2", "access")
    assert not np.isnan(result.estimate.values[row])
    unchanged = result.row(2023, "region", "3", "capability")
    assert result.estimate.values[unchanged] == result.direct[unchanged]


# -- breaks --------------------------------------------------------------------------------------


def broken(year: int, group: str | None, kind: str) -> SurveySchema:
    cut = Break.model_construct(year=year, group=group, kind=kind)
    return schema_of(2025).model_copy(update={"breaks": {"cut": cut}})


def test_no_link_bridges_a_break_that_items_do_not_explain() -> None:
    result = linked_levels(waves_of(y2025=broken(2025, "farmers", "sample")))
    plain = linked("independent")
    for name, anchor in (("farmers", 2024), ("old", 2025)):
        row = result.row(2024, "group", name)
        assert result.linked_to[row] == anchor
    row = result.row(2024, "group", "farmers")
    assert result.estimate.values[row] == approx(result.direct[row], rel=1e-12)
    assert result.overlaps[row] == 1.0
    # Before the break, years are linked among themselves.
    row = result.row(2023, "group", "farmers", "access")
    ratio = [plain.estimate.values[plain.row(y, "group", "farmers", "access")] for y in YEARS]
    expected = result.direct[result.row(2024, "group", "farmers", "access")] * ratio[0] / ratio[1]
    assert result.estimate.values[row] == approx(expected, rel=1e-9)
    assert [f.params["breaks"] for f in result.findings if f.code == "DI-W394"] == [["cut"]]


def test_a_break_of_questions_is_what_a_link_is_for() -> None:
    result = linked_levels(waves_of(y2025=broken(2025, None, "questions")), BY)
    plain = linked("independent")
    assert result.estimate.values == approx(plain.estimate.values, rel=1e-12, nan_ok=True)
    assert "DI-W394" not in [found.code for found in result.findings]


def test_years_across_a_break_of_the_survey_need_nothing_in_common() -> None:
    last = broken(2025, None, "method")
    usage = last.dimensions["usage"].indicators["activity"].model_copy(update={"weight": 1.0})
    waves = waves_of(y2025=with_indicators(last, "usage", {"other": usage}))
    result = linked_levels(waves)
    assert [(link.first, link.last) for link in result.links] == [(2023, 2024)]
    assert result.linked_to[result.row(2023, "group", "old")] == 2024


# -- refusals ------------------------------------------------------------------------------------


def refusal(waves: Waves, **options: Any) -> DivideIndexError:  # noqa: ANN401
    with pytest.raises(DivideIndexError) as caught:
        linked_levels(waves, **options)
    return caught.value


def with_overlap(share: float) -> SurveySchema:
    """Return 2023 with a part of capability made otherwise: 2024 has a share of its index."""
    schema = schema_of(2023)
    lost = (0.9 - share) / 0.4  # of capability; half of access is lost already
    both = {
        "skills": Indicator(weight=1 - lost, rule="weighted", items={"c1": 0.7, "c2": 0.3}),
        "more": Indicator(weight=lost, items=("a2",)),
    }
    return with_indicators(schema, "capability", both)


@pytest.mark.parametrize("share", [0.51, 0.599])
def test_too_little_in_common_is_refused_with_the_share(share: float) -> None:
    error = refusal(waves_of(y2023=with_overlap(share)))
    assert (error.code, error.params["first"], error.params["last"]) == ("DI-E397", 2023, 2024)
    assert error.params["percent"] == approx(100 * share)
    items = error.params["items"]
    assert isinstance(items, list)
    assert {"capability.more", "access.devices.a2", "access.devices.a3"} <= set(items)
    assert "needs 60%" in str(error)


@pytest.mark.parametrize("share", [0.6, 0.601, 0.7])
def test_sixty_percent_in_common_is_enough(share: float) -> None:
    links = linked_levels(waves_of(y2023=with_overlap(share))).links
    assert links[0].overlap == approx(share)


def test_a_dimension_with_nothing_in_common_is_refused() -> None:
    devices = schema_of(2024).dimensions["access"].indicators["devices"]
    other = with_indicators(schema_of(2024), "access", {"machines": devices})
    error = refusal(waves_of(y2024=other))
    assert (error.code, error.params["dimensions"]) == ("DI-E398", ["access"])
    is_any = devices.model_copy(update={"rule": "any"})  # the same items by another rule
    error = refusal(waves_of(y2024=with_indicators(schema_of(2024), "access", {"devices": is_any})))
    assert (error.code, error.params["dimensions"]) == ("DI-E398", ["access"])


def test_an_item_of_another_definition_is_no_item_in_common() -> None:
    schema = schema_of(2024)
    turned = schema.items["u1"].model_copy(update={"direction": "negative"})
    other = schema.model_copy(update={"items": schema.items | {"u1": turned}})
    links = linked_levels(waves_of(y2024=other)).links
    assert links[1].by_dimension["usage"] == approx(0.6)


def test_levels_of_another_formula_are_not_linked() -> None:
    schema = schema_of(2024).model_copy(update={"formula": "ratio_of_composites"})
    error = refusal(waves_of(y2024=schema))
    assert (error.code, error.params["schemas"]) == ("DI-E399", ["linked"])


def test_one_year_has_nothing_to_be_linked_to() -> None:
    assert refusal(Waves({2025: survey_of(2025)})).code == "DI-E364"


def test_neighbouring_years_are_all_linked() -> None:
    links = linked("shared_psus").links
    assert [(link.first, link.last) for link in links] == [*pairwise(YEARS)]
