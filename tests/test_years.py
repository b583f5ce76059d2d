"""Changes and trends agree with R survey, whatever the years' samples share.

The values are in `reference/years.json`; its README gives the tolerance and why.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings

from divide_index.cells import Cell
from divide_index.change import (
    ChangeResult,
    Comparisons,
    change_sources,
    compare_years,
    linked_levels,
    pool,
)
from divide_index.change.breaks import breaks_of, crossed
from divide_index.errors import SchemaError
from divide_index.inference.design import LonelyPsu
from divide_index.inference.ratios import Formula
from divide_index.inference.testing import holm
from divide_index.levels import relative_levels
from divide_index.messages import LANGUAGES, render
from divide_index.schema import SurveySchema, load_schema, parse_condition
from divide_index.schema.parts import Average, Break
from divide_index.scoring import score
from divide_index.waves import Samples, Waves
from tests.examples import examples
from tests.samples import DIMENSIONS, SCHEMAS, Sample, reference, samples, with_design
from tests.year_samples import (
    YEARS,
    refused,
    schemas_with,
    year_survey,
    years_frame,
    years_schema,
    years_waves,
)

R = reference("years.json")
FORMULAS: tuple[Formula, ...] = get_args(Formula)
SPANS = ("2023-2024", "2024-2025", "2023-2025")
FIXED = (("general", 1), ("general", 2), ("farmers", 1))  # strata whose PSUs never change
BLOCKS: dict[str, Samples] = {
    "independent": "independent",
    "independent_fpc": "independent",
    "shared": "shared_psus",
    "shared_fpc": "shared_psus",
    "panel": "panel",
}


def approx(expected: object) -> Any:  # noqa: ANN401
    """Compare with R: a change is a difference of levels near 100, so 1e-9 of those."""
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def schema_of(block: str) -> SurveySchema:
    """Return the schema that knows as much of the design as a block of the reference."""
    schema = years_schema()
    given = schema.averages["vulnerable"]
    members = dict.fromkeys(given.members, "estimated")
    estimated = Average(label=given.label, members=members)  # pyright: ignore[reportArgumentType]
    schema = schema.model_copy(update={"averages": {"vulnerable": given, "estimated": estimated}})
    if block.endswith("fpc"):
        return with_design(schema, fpc="fpc")
    return with_design(schema, psu=None, id="id") if block == "panel" else schema


def in_strata(frame: pd.DataFrame, strata: Sequence[tuple[str, int]]) -> pd.Series:
    places = zip(frame["sample"], frame["stratum"], strict=True)
    return pd.Series([place in strata for place in places], index=frame.index)


@cache
def waves_of(block: str) -> Waves:
    frame = years_frame()
    if block == "shared_fpc":
        frame = frame[in_strata(frame, FIXED)]
    return years_waves(schema_of(block), frame, samples=BLOCKS[block])


@cache
def result_of(block: str, formula: Formula) -> ChangeResult:
    by = None if block == "shared_fpc" else "region"
    return compare_years(waves_of(block), by, formula=formula)


def cell_of(name: str) -> tuple[str, str]:
    """Return where a cell of the reference stands in our tables."""
    averages = {"average_given": "vulnerable", "average_estimated": "estimated"}
    if name in averages:
        return "average", averages[name]
    region = name.removeprefix("region")
    return ("group", name) if region == name else ("region", region)


def dimension_of(measure: str) -> str:
    return measure if measure in DIMENSIONS else "overall"


def years_of(span: str) -> tuple[int, int]:
    first, last = span.split("-")
    return int(first), int(last)


def levels_row(result: ChangeResult, cell: tuple[str, str], dimension: str) -> int:
    rows = zip(result.cells, result.dimensions, strict=True)
    keys = [((each.domain, each.category), name) for each, name in rows]
    return keys.index((cell, dimension))


def compare_with_r(result: ChangeResult, expected: dict[str, Any], name: str, measure: str) -> int:
    """Compare the levels, changes and trend of one row with R; return how many values."""
    cell, dimension = cell_of(name), dimension_of(measure)
    row = levels_row(result, cell, dimension)
    count = 0
    for index, year in enumerate(result.years):
        known = expected["levels"].get(str(year))
        place = result.places[index, row]
        assert np.isnan(result.levels[index, row]) == (known is None)
        if known is not None:
            assert result.estimate.values[place] == approx(known["estimate"])
            assert result.estimate.std_errors[place] == approx(known["se"])
            count += 1
    for span in SPANS:
        known = dict(expected["changes"]).get(span)
        at = result.changes.row(cell, dimension, years_of(span))
        if known is None:
            assert np.isnan(result.changes.estimate.values[at])
            assert result.changes.verdicts[at] == "withheld"
            continue
        assert result.changes.estimate.values[at] == approx(known["estimate"])
        assert result.changes.estimate.std_errors[at] == approx(known["se"])
        count += 1
    if "trend" in expected:
        known, at = expected["trend"], result.trends.row(cell, dimension)
        assert result.trends.estimate.values[at] == approx(known["estimate"])
        assert result.trends.estimate.std_errors[at] == approx(known["se"])
        assert result.trends.scatter[at] == approx(known["scatter"])
        count += 1
    return count


# -- against R -------------------------------------------------------------------------------


@pytest.mark.parametrize(("block", "name"), [(b, name) for b in BLOCKS for name in R[b]])
def test_levels_changes_and_trends_have_the_values_and_errors_of_r(block: str, name: str) -> None:
    for measure, expected in R[block][name].items():
        formula = measure if measure in FORMULAS else FORMULAS[0]
        count = compare_with_r(result_of(block, formula), expected, name, measure)
        assert count == (3 if name == "region4" else 7)


def test_the_reference_has_years_that_differ_in_what_they_share() -> None:
    farmers = {block: R[block]["farmers"]["usage"]["changes"] for block in BLOCKS}
    errors = {block: spans["2023-2025"]["se"] for block, spans in farmers.items()}
    assert len({round(error, 6) for error in errors.values()}) == len(BLOCKS)
    assert result_of("independent", FORMULAS[0]).shared_psus == 0
    assert result_of("shared", FORMULAS[0]).shared_psus == R["psus"]["shared"]
    assert result_of("panel", FORMULAS[0]).shared_psus == R["psus"]["panel"]


@pytest.mark.parametrize("kind", ["independent", "shared"])
@pytest.mark.parametrize("table", ["changes", "trends"])
def test_tests_intervals_and_the_holm_family_are_those_of_r(kind: str, table: str) -> None:
    result = compare_years(years_waves(samples=BLOCKS[kind]), "region")
    ours: Comparisons = getattr(result, table)
    expected = R["family"][kind][table]
    rows: list[int] = []
    for known in expected:
        cell, dimension = cell_of(known["cell"]), dimension_of(known["measure"])
        row = ours.row(cell, dimension, years_of(known["span"]))
        rows.append(row)
        assert ours.estimate.degrees_of_freedom[row] == known["df"]
        assert ours.p_values[row] == pytest.approx(known["p"], rel=1e-7)
        assert ours.adjusted[row] == pytest.approx(known["holm"], rel=1e-7)
        assert ours.conf_low[row] == approx(known["low"])
        assert ours.conf_high[row] == approx(known["high"])
        assert ours.detectable[row] == approx(known["detectable"])
        rises = "rise" if known["estimate"] > 0 else "fall"
        assert ours.verdicts[row] == (rises if known["holm"] < 0.05 else "within")
    others = np.setdiff1d(np.arange(len(ours.cells)), rows)
    assert np.isnan(ours.p_values[others]).all()  # nobody in region 4 in 2024
    assert {"rise", "within"} <= {ours.verdicts[row] for row in rows}


@pytest.mark.parametrize("rule", ["remove", "adjust", "average"])
@pytest.mark.parametrize("kind", ["independent", "shared"])
def test_a_stratum_with_one_psu_contributes_as_in_r(kind: str, rule: LonelyPsu) -> None:
    frame = years_frame()
    left_out = in_strata(frame, [("general", 2)]) & (frame["psu"] > 1)
    if kind == "independent":  # in one year alone
        left_out &= frame["year"] == 2024
    waves = years_waves(None, frame[~left_out], samples=BLOCKS[kind], lonely_psu=rule)
    result = compare_years(waves)
    for name, measures in R["lonely"][kind][rule].items():
        for measure, expected in measures.items():
            assert compare_with_r(result, expected, name, measure) == 7


def test_a_stratum_with_one_psu_is_an_error_by_default() -> None:
    frame = years_frame()
    alone = in_strata(frame, [("general", 2)]) & (frame["year"] == 2024) & (frame["psu"] > 1)
    with refused("DI-E057", count=1):
        compare_years(years_waves(None, frame[~alone]))


@pytest.mark.parametrize("measure", ["access", "overall"])
def test_a_published_year_with_a_margin_adds_its_variance(measure: str) -> None:
    known = R["published"]
    result = compare_years(
        years_waves(with_series()),
        published=[known["year"]],
        published_margin={measure: known["margin"]},
    )
    assert result.years == (2022, *YEARS)
    cell = ("group", "farmers")
    row = levels_row(result, cell, measure)
    assert result.levels[0, row] == known[measure]["level"]
    assert result.estimate.std_errors[result.places[0, row]] == approx(known["se"])
    for span, expected in known[measure]["changes"].items():
        at = result.changes.row(cell, measure, years_of(span))
        assert result.changes.estimate.values[at] == approx(expected["estimate"])
        assert result.changes.estimate.std_errors[at] == approx(expected["se"])
        assert not np.isnan(result.changes.p_values[at])
    at = result.trends.row(cell, measure, (2022, 2025))
    assert result.trends.points[at] == 4
    assert result.trends.estimate.values[at] == approx(known[measure]["trend"]["estimate"])
    assert result.trends.estimate.std_errors[at] == approx(known[measure]["trend"]["se"])
    assert result.trends.scatter[at] == approx(known[measure]["trend"]["scatter"])
    assert not {"DI-W363"} & {found.code for found in result.findings}


def test_two_published_years_are_compared_by_their_margins_and_the_normal_distribution() -> None:
    known = R["published"]["between"]
    margin = R["published"]["margin"]
    compared = compare_years(
        years_waves(with_series()), published=[2022, 2021], published_margin=margin
    )
    result, frame = compared.changes, compared.to_frame()
    row = result.row(("group", "farmers"), "overall", (2021, 2022))
    assert result.estimate.values[row] == approx(known["estimate"])
    assert result.estimate.std_errors[row] == approx(known["se"])
    assert result.p_values[row] == pytest.approx(known["p"], rel=1e-7)
    assert result.conf_low[row] == approx(known["low"])
    assert result.conf_high[row] == approx(known["high"])
    assert result.detectable[row] == approx(known["detectable"])
    published_alone = (frame["first"] == 2021) & (frame["last"] == 2022)
    assert published_alone.any()
    judged = frame["dimension"] == "overall"  # whose margin it is
    assert (frame["df"].isna() == (published_alone & judged)).all()
    assert (frame.loc[~published_alone, "df"] >= 0).all()
    assert (frame.loc[(frame["first"] < 2023) & ~judged, "verdict"] == "withheld").all()
    assert (frame.loc[(frame["first"] < 2023) & judged, "verdict"] != "withheld").all()
    # beside a surveyed year the distribution is the surveyed year's
    over = result.row(("group", "farmers"), "overall", (2022, 2023))
    surveyed = relative_levels(score(year_survey(2023)))
    own = surveyed.degrees_of_freedom[surveyed.row("group", "farmers")]
    assert result.estimate.degrees_of_freedom[over] == own


# -- published years ---------------------------------------------------------------------------


def with_series(**breaks: Break) -> SurveySchema:
    """Return the schema whose farmers and average are those of the published series."""
    schema = years_schema()
    farmers = schema.groups["farmers"].model_copy(update={"published": "farmers_fishers"})
    average = schema.averages["vulnerable"].model_copy(update={"published": "vulnerable_avg"})
    update = {"groups": {**schema.groups, "farmers": farmers}, "breaks": breaks}
    return schema.model_copy(update={**update, "averages": {"vulnerable": average}})


def test_without_a_margin_nothing_is_said_of_a_published_year() -> None:
    result = compare_years(years_waves(with_series()), published=[2022, 2022, 2021])
    assert result.years == (2021, 2022, *YEARS)
    assert result.published == (2021, 2022)
    at = result.changes.row(("group", "farmers"), "overall", (2022, 2023))
    assert result.changes.verdicts[at] == "withheld"
    known = R["published"]["overall"]["changes"]["2022-2023"]
    assert result.changes.estimate.values[at] == approx(known["estimate"])
    for numbers in (result.changes.p_values, result.changes.conf_low, result.changes.detectable):
        assert np.isnan(numbers[at])
    assert np.isnan(result.changes.estimate.reliable_std_errors[at])
    between = result.changes.row(("group", "farmers"), "overall", (2021, 2022))
    assert result.changes.verdicts[between] == "withheld"
    assert result.changes.estimate.values[between] == approx(78.9 - 78.1)  # as published
    trend = result.trends.row(("group", "farmers"))
    assert result.trends.points[trend] == 3
    assert (result.trends.first[trend], result.trends.last[trend]) == (2023, 2025)
    [finding] = [found for found in result.findings if found.code == "DI-W363"]
    assert finding.params["years"] == [2021, 2022]
    assert all(render(finding.code, lang, finding.params) for lang in LANGUAGES)


def test_a_margin_is_of_a_dimension_of_the_index_and_positive() -> None:
    waves = years_waves(with_series())
    with refused("DI-E117", option="published_margin", value="skills"):
        compare_years(waves, published=[2022], published_margin={"skills": 1.0})
    with refused("DI-E374", value=0.0):
        compare_years(waves, published=[2022], published_margin={"usage": 0.0})


def test_simulated_records_are_held_against_nothing_that_was_published() -> None:
    waves = years_waves(with_series())
    simulated = {**waves.surveys, 2024: replace(waves.surveys[2024], is_synthetic=True)}
    with refused("DI-E376", years=[2024], published=[2022]):
        compare_years(Waves(simulated), published=[2022])
    assert compare_years(Waves(simulated)).years == YEARS


def test_a_published_year_changes_nothing_between_surveyed_years() -> None:
    alone = compare_years(years_waves(with_series()))
    beside = compare_years(years_waves(with_series()), published=[2022], published_margin=1.0)
    for cell in (("group", "farmers"), ("average", "vulnerable"), ("group", "rural")):
        row = alone.changes.row(cell, "usage", (2023, 2024))
        other = beside.changes.row(cell, "usage", (2023, 2024))
        for name in ("values", "std_errors", "degrees_of_freedom"):
            assert getattr(alone.changes.estimate, name)[row] == approx(
                getattr(beside.changes.estimate, name)[other]
            )
    with pytest.raises(KeyError):  # nothing was published of them
        beside.changes.row(("group", "rural"), "usage", (2022, 2023))


def test_a_published_level_is_independent_of_every_other() -> None:
    result = compare_years(years_waves(with_series()), published=[2021, 2022], published_margin=2)
    known = [name for name in result.estimate.names if name.startswith(("2021", "2022"))]
    at = [result.estimate.names.index(name) for name in known]
    off = result.estimate.covariance[at].copy()
    off[range(len(at)), at] = 0.0
    assert len(at) == 2 * 2 * 4  # years, series, levels
    assert not off.any()


def test_a_published_year_needs_the_formula_and_population_of_the_series() -> None:
    waves = years_waves(with_series())
    where = "age >= 20"
    with refused("DI-E375", formula="ratio_of_composites", where="-"):
        compare_years(waves, formula="ratio_of_composites", published=[2022])
    with refused("DI-E375", formula="weighted_ratios", where=where):
        compare_years(waves, where=where, published=[2022])


def test_a_published_year_that_is_surveyed_or_unknown_is_refused() -> None:
    waves = years_waves(with_series())
    known = list(range(2014, 2023))
    with refused("DI-E373", years=[2023, 2024], known=known):
        compare_years(waves, published=[2022, 2023, 2024])
    with refused("DI-E373", years=[2001], known=known):
        compare_years(waves, published=[2001, 2022])
    with refused("DI-E373", years=[2022], known=["-"]):  # no series is named
        compare_years(years_waves(), published=[2022])


@pytest.mark.parametrize("margin", [0.0, -1.4, np.nan, np.inf])
def test_a_margin_is_a_positive_number(margin: float) -> None:
    with refused("DI-E374"):
        compare_years(years_waves(with_series()), published=[2022], published_margin=margin)


# -- breaks ------------------------------------------------------------------------------------


def broken(year: int, group: str | None = "farmers") -> Break:
    return Break(year=year, group=group, kind="questions", source="test")


def with_break(year: int, group: str | None = "farmers") -> SurveySchema:
    return years_schema().model_copy(update={"breaks": {"renewed": broken(year, group)}})


def test_a_change_over_a_break_is_not_tested_and_is_in_no_family() -> None:
    result = compare_years(years_waves(with_break(2024)), "region")
    for table in ("changes", "trends"):
        ours: Comparisons = getattr(result, table)
        expected = R["family_with_break"][table]
        for known in expected:
            cell, dimension = cell_of(known["cell"]), dimension_of(known["measure"])
            row = ours.row(cell, dimension, years_of(known["span"]))
            assert ours.adjusted[row] == pytest.approx(known["holm"], rel=1e-7)
            assert ours.crossed[row] == ()
        assert int((~np.isnan(ours.p_values)).sum()) == len(expected)
    for span in ("2023-2024", "2023-2025"):
        for dimension in (*DIMENSIONS, "overall"):
            row = result.changes.row(("group", "farmers"), dimension, years_of(span))
            assert result.changes.verdicts[row] == "break"
            assert result.changes.crossed[row] == ("renewed",)
            for numbers in ("p_values", "adjusted", "conf_low", "conf_high", "detectable"):
                assert np.isnan(getattr(result.changes, numbers)[row])
            # the levels stand beside each other, and so does their difference
            known = R["independent"]["farmers"]
            measure = dimension if dimension in DIMENSIONS else "weighted_ratios"
            change = known[measure]["changes"][span]["estimate"]
            assert result.changes.estimate.values[row] == approx(change)
    with pytest.raises(KeyError):
        result.trends.row(("group", "farmers"))


def test_a_break_of_the_survey_is_one_of_every_level() -> None:
    result = compare_years(years_waves(with_break(2025, None)), "region")
    over = result.changes.last == 2025
    assert over.any()
    assert (np.array(result.changes.verdicts)[over] == "break").all()
    assert "break" not in np.array(result.changes.verdicts)[~over]
    assert result.trends.cells == ()
    assert len(result.trend_frame()) == 0


@pytest.mark.parametrize("year", [2026, 2023, 1999])
def test_a_break_outside_the_years_parts_none_of_them(year: int) -> None:
    plain, beside = (
        compare_years(years_waves(schema)) for schema in (years_schema(), with_break(year, None))
    )
    pd.testing.assert_frame_equal(beside.to_frame(), plain.to_frame())
    pd.testing.assert_frame_equal(beside.trend_frame(), plain.trend_frame())
    assert len(plain.trend_frame()) > 0


def test_a_break_of_a_group_is_one_of_its_parts_and_of_no_other() -> None:
    schema = with_break(2024, "farmers")
    part = Cell("group*region", "farmers*1", (("group", "farmers"), ("region", "1")))
    of_rural = Cell("group*region", "rural*1", (("group", "rural"), ("region", "1")))
    assert [each.year for each in breaks_of([schema], part)] == [2024]
    assert breaks_of([schema], of_rural) == breaks_of([schema], Cell("region", "1")) == ()
    assert [each.name for each in breaks_of([with_break(2024, None)], of_rural)] == ["renewed"]


def test_an_average_breaks_where_one_of_its_groups_does() -> None:
    average = Cell("average", "vulnerable")
    for group in ("vulnerable", "farmers"):
        assert [each.year for each in breaks_of([with_break(2024, group)], average)] == [2024]
    assert breaks_of([with_break(2024, "urban")], average) == ()


@pytest.mark.parametrize("year", YEARS)
def test_a_break_counts_whichever_year_declares_it(year: int) -> None:
    def breaking(schema: SurveySchema) -> SurveySchema:
        return schema.model_copy(update={"breaks": {"renewed": broken(2024, None)}})

    waves = years_waves(schemas_with(year, breaking))
    result, known = compare_years(waves), compare_years(years_waves(with_break(2024, None)))
    pd.testing.assert_frame_equal(result.to_frame(), known.to_frame())
    pd.testing.assert_frame_equal(result.trend_frame(), known.trend_frame())
    with refused("DI-E381"):
        change_sources(waves)


def test_series_that_are_named_have_the_breaks_of_the_history() -> None:
    schema = with_series(renewed=broken(2024, None))
    found = {
        cell: [(each.year, each.name) for each in breaks_of([schema], Cell(*cell))]
        for cell in [("group", "farmers"), ("average", "vulnerable"), ("group", "rural")]
    }
    own, method = (2024, "renewed"), (2017, "method")
    assert found["group", "farmers"] == [method, (2020, "unexplained"), own]
    of_farmers = (2020, "unexplained")  # they are part of the average
    assert found["average", "vulnerable"] == [method, of_farmers, (2021, "unexplained"), own]
    assert found["group", "rural"] == [method, own]
    assert breaks_of([years_schema()], Cell("group", "farmers")) == ()


def test_a_published_year_before_a_break_of_the_history_is_not_compared() -> None:
    result = compare_years(years_waves(with_series()), published=[2019], published_margin=1.0)
    row = result.changes.row(("group", "farmers"), "overall", (2019, 2023))
    assert result.changes.verdicts[row] == "break"
    assert np.isnan(result.changes.p_values[row])
    assert (result.trends.first == 2023).all()


def test_a_break_lies_between_two_years_when_the_later_one_is_after_it() -> None:
    breaks = breaks_of([with_break(2020, None)], Cell("region", "1"))
    assert [bool(crossed(breaks, *span)) for span in [(2019, 2020), (2018, 2022)]] == [True] * 2
    assert [bool(crossed(breaks, *span)) for span in [(2020, 2021), (2018, 2019)]] == [False] * 2


@pytest.mark.parametrize("group", ["farmers", "vulnerable", "fishers"])
def test_a_break_is_of_a_group_or_average_of_the_schema(tmp_path: Path, group: str) -> None:
    (tmp_path / "small.yaml").write_bytes((SCHEMAS / "small.yaml").read_bytes())
    file = tmp_path / "broken.yaml"
    line = f"breaks: {{renewed: {{year: 2024, group: {group}, kind: questions, source: test}}}}"
    file.write_text(f"extends: small\nname: broken\n{line}\n", encoding="utf-8")
    if group != "fishers":
        assert load_schema(file).breaks["renewed"] == broken(2024, group)
        return
    with pytest.raises(SchemaError) as caught:
        load_schema(file)
    assert caught.value.params["where"] == "breaks.renewed.group"


# -- for every sample --------------------------------------------------------------------------


def defined(result: ChangeResult) -> np.ndarray[Any, Any]:
    return ~np.isnan(result.changes.estimate.reliable_std_errors)


@given(samples(), samples())
@settings(max_examples=examples(20))
def test_variances_of_independent_years_add_up(one: Sample, other: Sample) -> None:
    result = compare_years(Waves({2024: one.survey, 2025: other.survey}), ["region", "area"])
    levels = {year: each.estimate for year, each in result.results.items()}
    for row in np.flatnonzero(defined(result)):
        cell, name = result.changes.cells[row], result.changes.dimensions[row]
        key = f"{cell.domain}/{cell.category}/{name}"
        errors = [each.std_errors[each.names.index(key)] for each in levels.values()]
        total = np.hypot(*errors)
        assert result.changes.estimate.std_errors[row] == pytest.approx(total, rel=1e-9, abs=1e-5)
    assert result.shared_psus == 0


@given(samples())
@settings(max_examples=examples(20))
def test_a_year_that_shares_all_psus_with_itself_has_no_change_and_no_error(one: Sample) -> None:
    years = dict.fromkeys(YEARS, one.survey)
    result = compare_years(Waves(years, "shared_psus"), ["region", "area"])
    assert result.shared_psus == one.survey.design.psus
    for table in (result.changes, result.trends):
        known = ~np.isnan(table.estimate.reliable_std_errors)
        assume(known.any())  # every score of a year may be blank
        assert (table.estimate.values[known] == 0).all()
        assert (table.estimate.std_errors[known] == 0).all()
        assert {table.verdicts[row] for row in np.flatnonzero(known)} == {"within"}
        assert np.isnan(table.p_values).all()


@given(samples(), samples())
@settings(max_examples=examples(8))
def test_the_order_in_which_years_are_given_changes_nothing(one: Sample, other: Sample) -> None:
    years = {2023: one.survey, 2024: other.survey, 2025: one.survey}
    for shared in ("independent", "shared_psus"):
        plain = compare_years(Waves(years, shared), "area")
        turned = compare_years(Waves({y: years[y] for y in (2025, 2023, 2024)}, shared), "area")
        pd.testing.assert_frame_equal(plain.to_frame(), turned.to_frame(), check_exact=True)
        pd.testing.assert_frame_equal(plain.trend_frame(), turned.trend_frame(), check_exact=True)


@given(samples(blanks=False))
@settings(max_examples=examples(15))
def test_the_trend_of_levels_on_a_line_is_its_slope(one: Sample) -> None:
    surveys = {}
    for year in YEARS:
        frame = one.frame.copy()
        farmers = frame["sample"] == "farmers"
        frame.loc[farmers, [*DIMENSIONS]] *= 0.5 + 0.1 * (year - 2023)
        surveys[year] = one.changed(frame).survey
    result, alone = compare_years(Waves(surveys)), one.levels()
    for dimension in (*DIMENSIONS, "overall"):
        level = alone.estimate.values[alone.row("group", "farmers", dimension)]
        row = result.trends.row(("group", "farmers"), dimension)
        assert result.trends.estimate.values[row] == pytest.approx(0.1 * level, rel=1e-8, abs=1e-8)
        assert result.trends.scatter[row] == pytest.approx(0, abs=1e-8)
        assert result.trends.points[row] == 3


@given(samples(), samples(), samples())
@settings(max_examples=examples(12))
def test_yearly_changes_sum_to_the_change_over_all_years(a: Sample, b: Sample, c: Sample) -> None:
    waves = Waves({2023: a.survey, 2024: b.survey, 2025: c.survey})
    changes = compare_years(waves, "region").changes
    values = {
        (cell, name, (int(first), int(last))): value
        for cell, name, first, last, value in zip(
            *(changes.cells, changes.dimensions, changes.first, changes.last),
            changes.estimate.values,
            strict=True,
        )
    }
    whole = {key[:2]: value for key, value in values.items() if key[2] == (2023, 2025)}
    assert whole
    for key, value in whole.items():
        if np.isnan(value):
            continue
        steps = [values[*key, span] for span in [(2023, 2024), (2024, 2025)]]
        assume(not np.isnan(steps).any())
        assert sum(steps) == pytest.approx(value, abs=1e-8)


@given(samples())
@settings(max_examples=examples(12))
def test_the_family_is_every_test_of_the_table(one: Sample) -> None:
    changed = one.frame.assign(access=one.frame["access"] / 2, usage=one.frame["usage"] ** 0.9)
    waves = Waves({2024: one.survey, 2025: one.changed(changed).survey})
    changes = compare_years(waves, ["region", "area"]).changes
    tested = ~np.isnan(changes.p_values)
    assert changes.adjusted[tested] == pytest.approx(holm(changes.p_values[tested]), rel=1e-12)
    for row, verdict in enumerate(changes.verdicts):
        if verdict in {"rise", "fall"}:
            assert changes.adjusted[row] < 0.05
            assert (changes.estimate.values[row] > 0) == (verdict == "rise")


def test_the_levels_of_each_year_are_those_of_that_year_alone() -> None:
    by = ["region", "group*area"]
    result = compare_years(years_waves(), by, cases="complete")
    every = result.levels_frame()
    assert list(every["year"].unique()) == list(YEARS)
    for year in YEARS:
        alone = relative_levels(score(year_survey(year)), by, cases="complete").to_frame()
        pd.testing.assert_frame_equal(result.results[year].to_frame(), alone)
        of_year = every[every["year"] == year].drop(columns="year").reset_index(drop=True)
        pd.testing.assert_frame_equal(of_year, alone)


# -- what is asked -----------------------------------------------------------------------------


def test_one_year_is_not_compared() -> None:
    survey = year_survey(2024)
    with refused("DI-E364", count=1):
        compare_years(Waves({2024: survey}))


@pytest.mark.parametrize(("option", "value"), [("power", 0.0), ("power", 80), ("confidence", 95)])
def test_a_share_that_is_none_is_refused(option: str, value: float) -> None:
    with refused("DI-E117", option=option, value=value):
        compare_years(years_waves(), **{option: value})  # pyright: ignore[reportArgumentType]


def test_a_lower_power_or_confidence_finds_smaller_changes() -> None:
    waves = years_waves()
    reach = [
        compare_years(waves, confidence=confidence, power=power).changes.detectable
        for confidence, power in [(0.95, 0.8), (0.95, 0.5), (0.95, 0.2), (0.8, 0.2)]
    ]
    for larger, smaller in pairwise(reach):
        assert (larger > smaller).all()
    half = compare_years(waves, power=0.5).changes
    assert half.detectable == pytest.approx(half.conf_high - half.estimate.values)


def test_a_condition_cuts_every_year_and_leaves_the_reference_whole() -> None:
    result = compare_years(years_waves(), where="age >= 40")
    row = result.changes.row(("group", "farmers"), "overall", (2023, 2025))
    levels = [
        each.estimate.values[each.row("group", "farmers")]
        for each in (
            relative_levels(score(year_survey(year)), where="age >= 40") for year in (2023, 2025)
        )
    ]
    assert result.changes.estimate.values[row] == approx(levels[1] - levels[0])


def test_codes_of_a_condition_must_mean_the_same_in_every_year() -> None:
    def swapped(schema: SurveySchema) -> SurveySchema:
        area = schema.variables["area"]
        codes = {"U": area.codes["R"], "R": area.codes["U"]}
        variables = {**schema.variables, "area": area.model_copy(update={"codes": codes})}
        return schema.model_copy(update={"variables": variables})

    waves = years_waves(schemas_with(2023, swapped))
    with refused("DI-E371", domain="area", year=2023, last=2025, codes=["U", "R"]):
        compare_years(waves, where="area == 'R'")
    with refused("DI-E371", domain="area", year=2023, last=2025, codes=["U", "R"]):
        compare_years(waves)  # rural people are told by the same words, and would be urban ones
    for ask in (lambda: linked_levels(waves), lambda: pool(waves)):
        with refused("DI-E371", domain="area"):
            ask()


def test_a_group_whose_words_follow_its_codes_is_compared_and_told() -> None:
    def swapped(schema: SurveySchema) -> SurveySchema:
        area = schema.variables["area"]
        codes = {"U": area.codes["R"], "R": area.codes["U"]}
        variables = {**schema.variables, "area": area.model_copy(update={"codes": codes})}
        words = {
            name: f"sample == 'general' and area == '{code}'"
            for name, code in {"rural": "U", "urban": "R"}.items()
        }
        groups = {
            name: group.model_copy(update={"where": parse_condition(words[name])})
            if name in words
            else group
            for name, group in schema.groups.items()
        }
        return schema.model_copy(update={"variables": variables, "groups": groups})

    frame = years_frame()
    first = frame["year"] == 2023
    frame.loc[first, "area"] = frame.loc[first, "area"].map({"U": "R", "R": "U"})
    result = compare_years(years_waves(schemas_with(2023, swapped), frame))
    assert "DI-W361" in {found.code for found in result.findings}
    pd.testing.assert_frame_equal(result.to_frame(), compare_years(years_waves()).to_frame())


def test_results_are_tables_without_a_rounded_number() -> None:
    result = compare_years(years_waves(), "region")
    frame = result.to_frame()
    asked = "domain category dimension first last points change std_error conf_low conf_high df"
    judged = "p_value p_holm detectable scatter breaks verdict flag"
    assert list(frame) == [*asked.split(), *judged.split()]
    trends = result.trend_frame()
    assert list(trends) == [str(name).replace("change", "trend") for name in frame]
    assert len(frame) == 3 * 4 * 10
    assert frame["scatter"].isna().all()
    assert (trends["points"] == 3).all()
    spans = frame.groupby(["first", "last"]).size()
    assert dict(spans) == {(2023, 2024): 40, (2023, 2025): 40, (2024, 2025): 40}
    assert "farmers" in str(result)
    assert result._repr_html_().startswith("<table")


def test_a_row_is_found_by_its_cell_dimension_and_years() -> None:
    changes = compare_years(years_waves()).changes
    row = changes.row(("group", "old"), "usage", (2024, 2025))
    assert (changes.cells[row].category, changes.dimensions[row]) == ("old", "usage")
    for wrong in [(("group", "old"), "usage", None), (("group", "fishers"), "usage", (2024, 2025))]:
        with pytest.raises(KeyError):
            changes.row(*wrong)


def test_two_years_have_changes_and_no_trend() -> None:
    result = compare_years(Waves({year: year_survey(year) for year in (2023, 2025)}))
    assert set(zip(result.changes.first.tolist(), result.changes.last.tolist(), strict=True)) == {
        (2023, 2025)
    }
    assert result.trends.cells == ()
    assert "trend" not in str(result)
