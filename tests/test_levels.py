"""Levels agree with R survey, estimate and standard error, under every design and option.

The values are in `reference/small_levels.json`; its README gives the tolerance and why.
"""

from functools import cache
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from divide_index.errors import DesignError, DivideIndexError, EstimationError
from divide_index.inference.design import LonelyPsu
from divide_index.inference.estimate import fieller_interval, t_quantile
from divide_index.inference.ratios import Formula
from divide_index.levels import LevelResult, Treatment, nonresponse_band, relative_levels
from divide_index.schema import SurveySchema, parse_condition
from divide_index.schema.parts import Average, DesignColumns, Domain, Population
from divide_index.scoring import Scores, score
from divide_index.survey import Survey, read_survey
from divide_index.tabulation import MeanResult, tabulate
from tests.samples import (
    DIMENSIONS,
    reference,
    small_frame,
    small_schema,
    small_scores,
    with_design,
)

Floats = NDArray[np.float64]

R = reference("small_levels.json")
BLOCKS = ("available", "complete", "fpc", "weights_only", "no_design")
FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
MEASURES = (*DIMENSIONS, *FORMULAS)
GROUPS = ("rural", "urban", "farm", "farmers", "old")
LONELY: tuple[LonelyPsu, ...] = ("remove", "certainty", "adjust", "average")

approx = pytest.approx


def design_of(block: str) -> SurveySchema:
    """Return the schema that knows as much of the design as a block of the reference."""
    known: dict[str, DesignColumns] = {
        "fpc": small_schema().design.model_copy(update={"fpc": "fpc"}),
        "weights_only": DesignColumns(sample="sample", weight="weight"),
        "no_design": DesignColumns(sample="sample"),
    }
    schema = small_schema()
    return schema.model_copy(update={"design": known.get(block, schema.design)})


@cache
def scores_of(block: str) -> Scores:
    return small_scores(design_of(block))


@cache
def levels_of(block: str, formula: Formula) -> LevelResult:
    return relative_levels(
        scores_of(block),
        ["region", "area", "region*area"],
        formula=formula,
        cases="complete" if block == "complete" else "available",
    )


def cell_of(group: str) -> tuple[str, str]:
    """Return where a group of the reference stands in our tables."""
    if not group.startswith("region"):
        return "group", group
    region, _, area = group.removeprefix("region").partition("_")
    return ("region*area", f"{region}*{area}") if area else ("region", region)


def row_of(result: LevelResult, group: str, measure: str) -> int:
    return result.row(*cell_of(group), measure if measure in DIMENSIONS else "overall")


def computed(block: str, measure: str) -> LevelResult:
    return levels_of(block, "weighted_ratios" if measure in DIMENSIONS else measure)  # pyright: ignore[reportArgumentType]


def members_of(group: str, frame: pd.DataFrame) -> pd.Series:
    """Return who belongs to a group, as `small_levels.R` says it."""
    general = frame["sample"] == "general"
    domain, category = cell_of(group)
    if domain == "group":
        return {
            "rural": general & (frame["area"] == "R"),
            "urban": general & (frame["area"] == "U"),
            "farm": general & (frame["farm"] == 1),
            "farmers": ~general,
            "old": general & (frame["age"] >= 65),
        }[category]
    region, _, area = category.partition("*")
    inside = general & (frame["region"] == int(region))
    return inside & (frame["area"] == area) if area else inside


def psu_count_minus_strata(frame: pd.DataFrame, block: str) -> int:
    """Return the degrees of freedom of a set of records."""
    if block in {"weights_only", "no_design"}:
        return len(frame) - frame["sample"].nunique()
    psus = frame[["sample", "stratum", "psu"]].drop_duplicates()
    return len(psus) - len(psus[["sample", "stratum"]].drop_duplicates())


# -- levels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [*R["levels"]["available"]["groups"]])
@pytest.mark.parametrize("block", BLOCKS)
def test_every_level_has_the_value_and_standard_error_of_r(block: str, group: str) -> None:
    expected = R["levels"][block]["groups"][group]
    for measure in MEASURES:
        result = computed(block, measure)
        row = row_of(result, group, measure)
        assert result.estimate.values[row] == approx(expected[measure]["level"], rel=1e-9)
        # R gives an SE where a domain has no degree of freedom too: the reference's alone.
        assert result.estimate.std_errors[row] == approx(expected[measure]["se"], rel=1e-9)


@pytest.mark.parametrize("group", [*R["levels"]["available"]["groups"]])
@pytest.mark.parametrize("block", BLOCKS)
def test_n_and_degrees_of_freedom_count_those_who_have_the_dimension(
    block: str, group: str
) -> None:
    expected = R["levels"][block]["groups"][group]
    result = levels_of(block, "weighted_ratios")
    for dimension in DIMENSIONS:
        row = result.row(*cell_of(group), dimension)
        assert result.n[row] == expected["n_with"][dimension]
        assert result.degrees_of_freedom[row] == expected["domain_df_with"][dimension]


@pytest.mark.parametrize("group", [*R["levels"]["available"]["groups"]])
@pytest.mark.parametrize("block", BLOCKS)
def test_the_overall_row_counts_those_who_have_any_dimension(block: str, group: str) -> None:
    frame = small_frame()
    has = frame[list(DIMENSIONS)].notna()
    counted = frame[
        members_of(group, frame) & (has.all(axis=1) if block == "complete" else has.any(axis=1))
    ]
    result = levels_of(block, "weighted_ratios")
    row = result.row(*cell_of(group))
    assert result.n[row] == len(counted)
    assert result.degrees_of_freedom[row] == psu_count_minus_strata(counted, block)
    if block == "complete":
        assert result.n[row] == R["levels"][block]["groups"][group]["n"]
    if block not in {"weights_only", "no_design"}:
        assert result.degrees_of_freedom[row] == R["levels"][block]["groups"][group]["domain_df"]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_reference_is_one_hundred_without_error(block: str) -> None:
    expected = R["levels"][block]
    for formula in FORMULAS:
        result = levels_of(block, formula)
        rows = [result.row("total", "total", name) for name in (*DIMENSIONS, "overall")]
        assert result.estimate.values[rows] == approx(100.0, rel=1e-12)
        assert result.std_errors[rows] == approx(0.0, abs=1e-12)
        if block in {"available", "complete", "fpc"}:
            assert result.degrees_of_freedom[rows] == approx(expected["reference_df"])
        if block == "complete":
            assert result.n[rows] == approx(expected["reference_n"])


@pytest.mark.parametrize("block", BLOCKS)
def test_the_design_has_the_degrees_of_freedom_of_r(block: str) -> None:
    scores = scores_of(block)
    expected = R["levels"][block]["design_df"]
    assert scores.survey.design.degrees_of_freedom == expected
    result = relative_levels(scores, df="design")
    assert result.degrees_of_freedom == approx(expected)


def test_a_cell_has_no_more_degrees_of_freedom_than_the_reference() -> None:
    farmers = Population(label=small_schema().reference.label, where="sample == 'farmers'")
    schema = small_schema().model_copy(update={"reference": farmers, "averages": {}})
    result = relative_levels(small_scores(schema))
    known = R["levels"]["available"]["groups"]
    assert known["farmers"]["domain_df"] < known["rural"]["domain_df"]
    for dimension in DIMENSIONS:
        row = result.row("group", "rural", dimension)
        assert result.degrees_of_freedom[row] == known["farmers"]["domain_df_with"][dimension]
        own = known["rural"][dimension]["level"] / known["farmers"][dimension]["level"]
        assert result.estimate.values[row] == approx(100 * own, rel=1e-9)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_domain_without_a_degree_of_freedom_has_no_standard_error(block: str) -> None:
    for formula in FORMULAS:
        result = levels_of(block, formula)
        undefined = result.degrees_of_freedom < 1
        for numbers in (result.std_errors, result.conf_low, result.conf_high):
            assert np.array_equal(np.isnan(numbers), undefined)
        assert np.isnan(result.design_effects[undefined]).all()
        assert (np.array(result.conf_methods)[undefined] == "none").all()
        cells = {
            f"{result.cells[row].domain}/{result.cells[row].category}"
            for row in np.flatnonzero(undefined)
        }
        [named] = [f.params["cells"] for f in result.findings if f.code == "DI-W063"] or [[]]
        assert set(named) == cells  # pyright: ignore[reportArgumentType]
        assert (cells == {"region*area/4*R"}) == (block in {"available", "complete", "fpc"})


def test_rows_have_the_covariance_of_r() -> None:
    expected = R["covariance_weighted_ratios"]
    result = levels_of("available", "weighted_ratios")
    rows = [row_of(result, group, "overall") for group in expected["names"]]
    covariance = np.array(expected["vcov"])
    assert result.estimate.values[rows] == approx(np.array(expected["levels"]), rel=1e-9)
    std_errors = np.sqrt(np.diag(covariance))
    deviation = result.estimate.covariance[np.ix_(rows, rows)] - covariance
    assert (np.abs(deviation) <= 1e-9 * np.outer(std_errors, std_errors)).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_a_difference_is_the_first_minus_the_second_with_their_covariance(measure: str) -> None:
    result = computed("available", measure)
    dimension = measure if measure in DIMENSIONS else "overall"
    difference = result.difference([("group", "farmers"), ("group", "farm")], dimension)
    expected = R["difference_farmers_minus_farm"][measure]
    assert difference.values == approx(expected["estimate"], rel=1e-9)
    assert difference.std_errors == approx(expected["se"], rel=1e-9)
    other_way = result.difference([("group", "farm"), ("group", "farmers")], dimension)
    assert other_way.values == approx(-expected["estimate"], rel=1e-9)
    assert difference.names == ("farmers - farm",)
    ends = [result.row("group", name, dimension) for name in ("farmers", "farm")]
    assert difference.degrees_of_freedom == result.degrees_of_freedom[ends].min()


# -- averages of groups ----------------------------------------------------------------------


@cache
def average_of(kind: str, formula: Formula) -> LevelResult:
    totals: dict[str, Any] = R["average_of_groups"][kind]["totals"]
    if kind == "estimated":
        totals = dict.fromkeys(totals, "estimated")
    schema = small_schema()
    assert [*schema.averages["vulnerable"].members] == [*totals]
    average = Average(label=schema.averages["vulnerable"].label, members=totals)
    return relative_levels(
        small_scores(schema.model_copy(update={"averages": {"vulnerable": average}})),
        formula=formula,
    )


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("kind", ["fixed", "estimated"])
def test_an_average_of_groups_has_the_value_and_standard_error_of_r(
    kind: str, measure: str
) -> None:
    formula: Formula = "weighted_ratios" if measure in DIMENSIONS else measure  # pyright: ignore[reportAssignmentType]
    result = average_of(kind, formula)
    row = result.row("average", "vulnerable", measure if measure in DIMENSIONS else "overall")
    expected = R["average_of_groups"][kind][measure]
    assert result.estimate.values[row] == approx(expected["level"], rel=1e-9)
    assert result.std_errors[row] == approx(expected["se"], rel=1e-9)


@pytest.mark.parametrize("kind", ["fixed", "estimated"])
def test_an_average_has_the_fewest_degrees_of_freedom_of_its_groups(kind: str) -> None:
    result = average_of(kind, "weighted_ratios")
    for dimension in (*DIMENSIONS, "overall"):
        rows = [result.row("group", name, dimension) for name in ("farmers", "rural", "old")]
        row = result.row("average", "vulnerable", dimension)
        lowest = result.degrees_of_freedom[[*rows, result.row("group", "farm", dimension)]].min()
        assert result.degrees_of_freedom[row] == lowest
        margin = float(t_quantile(0.95, np.array([lowest]))[0]) * result.std_errors[row]
        assert result.conf_low[row] == approx(result.estimate.values[row] - margin)
        assert np.isnan(result.design_effects[row])


# -- strata with a single PSU ----------------------------------------------------------------


def lonely_frame() -> pd.DataFrame:
    """Keep, in the general sample's strata 2 and 5, only the PSU with the smallest number."""
    frame = small_frame()
    cut = (frame["sample"] == "general") & frame["stratum"].isin([2, 5])
    first = frame["psu"].groupby([frame["sample"], frame["stratum"]]).transform("min")
    return frame[~cut | (frame["psu"] == first)]


def psu_sums(survey: Survey, values: Floats) -> Floats:
    totals = np.zeros((survey.design.psus, 1))
    np.add.at(totals[:, 0], np.asarray(survey.frame["design:unit"]), values)
    return totals


def total_of_usage(survey: Survey) -> tuple[float, float]:
    """Return the weighted total of usage in the general sample, and its standard error."""
    frame = survey.frame
    inside = (frame["sample"] == "general") & frame["usage"].notna()
    weighted = np.where(inside, frame["weight"] * frame["usage"].fillna(0.0), 0.0)
    covariance = survey.design.covariance(psu_sums(survey, weighted))
    return float(weighted.sum()), float(np.sqrt(covariance[0, 0]))


def test_the_lonely_sample_is_that_of_r() -> None:
    survey = read_survey(lonely_frame(), small_schema())
    assert survey.records == R["lonely"]["n"]
    assert survey.design.degrees_of_freedom == R["lonely"]["design_df"]
    assert len(survey.design.stratum_labels) == R["lonely"]["strata"]
    assert survey.design.lonely_strata() == ("general/2", "general/5")


@pytest.mark.parametrize("group", ["rural", "farmers"])
@pytest.mark.parametrize("rule", LONELY)
def test_lonely_psus_contribute_what_the_rule_says(rule: LonelyPsu, group: str) -> None:
    scores = small_scores(frame=lonely_frame(), lonely_psu=rule)
    for formula in FORMULAS:
        result = relative_levels(scores, formula=formula)
        for measure in (*DIMENSIONS, formula):
            row = row_of(result, group, measure)
            expected = R["lonely"][rule][group][measure]
            assert result.estimate.values[row] == approx(expected["level"], rel=1e-9)
            assert result.std_errors[row] == approx(expected["se"], rel=1e-9)


@pytest.mark.parametrize("rule", LONELY)
def test_lonely_psus_enter_means_and_totals_as_in_r(rule: LonelyPsu) -> None:
    scores = small_scores(frame=lonely_frame(), lonely_psu=rule)
    means = tabulate(scores, ["usage"])
    expected = R["lonely"][rule]
    assert means.estimate.values[0] == approx(expected["mean_usage"]["estimate"], rel=1e-9)
    assert means.std_errors[0] == approx(expected["mean_usage"]["se"], rel=1e-9)
    total, std_error = total_of_usage(scores.survey)
    assert total == approx(expected["total_usage"]["estimate"], rel=1e-9)
    assert std_error == approx(expected["total_usage"]["se"], rel=1e-9)


@pytest.mark.parametrize("rule", LONELY)
def test_a_general_sample_read_alone_is_r_s_subset(rule: LonelyPsu) -> None:
    frame = lonely_frame()
    schema = small_schema().model_copy(update={"groups": {}, "averages": {}, "target": None})
    scores = small_scores(schema, frame[frame["sample"] == "general"], lonely_psu=rule)
    expected = R["lonely"][rule]
    means = tabulate(scores, ["usage"])
    assert means.std_errors[0] == approx(expected["mean_usage_subset"]["se"], rel=1e-9)
    total, std_error = total_of_usage(scores.survey)
    assert total == approx(expected["total_usage_subset"]["estimate"], rel=1e-9)
    assert std_error == approx(expected["total_usage_subset"]["se"], rel=1e-9)


@pytest.mark.parametrize("rule", LONELY)
def test_lonely_psus_enter_the_mean_of_all_records_as_in_r(rule: LonelyPsu) -> None:
    everybody = Population(label=small_schema().reference.label)
    schema = small_schema().model_copy(update={"reference": everybody})
    scores = small_scores(schema, lonely_frame(), lonely_psu=rule)
    expected = R["lonely"][rule]["mean_usage_all_rows"]
    means = tabulate(scores, ["usage"])
    assert means.estimate.values[0] == approx(expected["estimate"], rel=1e-9)
    assert means.std_errors[0] == approx(expected["se"], rel=1e-9)
    weighted = scores.survey.frame["weight"] * scores.survey.frame["usage"].fillna(0.0)
    covariance = scores.survey.design.covariance(psu_sums(scores.survey, weighted.to_numpy()))
    expected = R["lonely"][rule]["total_usage_all_rows"]
    assert np.sqrt(covariance[0, 0]) == approx(expected["se"], rel=1e-9)


def test_lonely_psus_stop_the_computation_unless_a_rule_is_chosen() -> None:
    scores = small_scores(frame=lonely_frame())
    for compute in (relative_levels, tabulate):
        with pytest.raises(DesignError) as caught:
            compute(scores)
        assert caught.value.code == "DI-E057"
        assert caught.value.params["strata"] == ("general/2", "general/5")
        assert caught.value.params["count"] == 2


def test_a_rule_may_be_chosen_after_reading() -> None:
    survey = read_survey(lonely_frame(), small_schema())
    assert survey.with_lonely_psu("adjust").design.lonely_psu == "adjust"
    assert survey.design.lonely_psu == "fail"


# -- design effects and means ----------------------------------------------------------------


@pytest.mark.parametrize(("group", "block"), [("rural", "general_rows"), ("farmers", "by_sample")])
def test_design_effects_compare_with_simple_random_samples_inside_each_sample(
    group: str, block: str
) -> None:
    result = levels_of("available", "weighted_ratios")
    for measure, expected in R["design_effect"][block][group].items():
        row = row_of(result, group, measure)
        assert result.design_effects[row] == approx(expected["deff"], rel=1e-9)
    shown = result.precision()
    assert shown["design_effect"].to_numpy() == approx(result.design_effects, nan_ok=True)
    assert shown["relative_std_error"].to_numpy() == approx(
        result.std_errors / result.estimate.values, nan_ok=True
    )


def means_row(means: MeanResult, domain: str, category: str, measure: str) -> int:
    [row] = [
        index
        for index, (cell, name) in enumerate(zip(means.cells, means.measures, strict=True))
        if (cell.domain, cell.category, name) == (domain, category, measure)
    ]
    return row


@pytest.fixture(scope="module")
def means() -> MeanResult:
    return tabulate(scores_of("available"), by=["area", "region"])


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_means_of_the_reference_and_their_design_effects_are_those_of_r(
    dimension: str, means: MeanResult
) -> None:
    expected = R["means"]["reference"][dimension]
    row = means_row(means, "total", "total", dimension)
    assert means.estimate.values[row] == approx(expected["mean"], rel=1e-9)
    assert means.std_errors[row] == approx(expected["se"], rel=1e-9)
    # R leaves the blanks out of its simple random sample; ours holds every record, z = 0.
    general = small_frame().query("sample == 'general'")
    has = general[general[dimension].notna()]
    ours, theirs = (part["weight"].sum() / (len(part) - 1) for part in (general, has))
    assert means.design_effects[row] == approx(expected["deff"] * theirs / ours, rel=1e-9)
    assert means.n[row] == expected["n"]
    assert means.estimate.degrees_of_freedom[row] == expected["domain_df"]
    levels = levels_of("available", "weighted_ratios")
    assert levels.reference_means[dimension] == approx(expected["mean"], rel=1e-9)
    cv = expected["se"] / expected["mean"]
    assert levels.reference_cv[dimension] == approx(cv, rel=1e-9)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("domain", ["area", "region"])
def test_means_by_domain_are_those_of_r(domain: str, dimension: str, means: MeanResult) -> None:
    for category, expected in R["means"][domain][dimension].items():
        row = means_row(means, domain, category, dimension)
        assert means.estimate.values[row] == approx(expected["mean"], rel=1e-9)
        assert means.std_errors[row] == approx(expected["se"], rel=1e-9)
        assert means.n[row] == expected["n"]
        assert means.estimate.degrees_of_freedom[row] == expected["domain_df_with"]


def test_the_mean_of_a_given_number_is_in_its_own_unit() -> None:
    numbers = tabulate(scores_of("available"), ["usage", "age"], groups=["farmers"])
    frame = small_frame()
    farmers = frame[frame["sample"] == "farmers"]
    expected = float(np.average(farmers["age"], weights=farmers["weight"]))
    row = means_row(numbers, "group", "farmers", "age")
    assert numbers.estimate.values[row] == approx(expected, rel=1e-12)
    assert numbers.n[row] == len(farmers)


def test_a_mean_without_a_degree_of_freedom_has_no_error_and_no_interval() -> None:
    frame = small_frame()
    person = frame.index[(frame["sample"] == "general") & frame["usage"].notna()][0]
    frame["region"] = 1
    frame.loc[person, "region"] = 2
    for rows in (frame, small_frame()):  # one person; four people in one PSU
        shown = tabulate(small_scores(frame=rows), ["usage"], "region*area").to_frame()
        alone = shown[(shown["df"] < 1) & (shown["n"] > 0)]
        assert len(alone) >= 1
        assert alone["mean"].notna().all()
        assert alone[["std_error", "conf_low", "conf_high"]].isna().to_numpy().all()


def test_a_confidence_of_means_is_a_share_too() -> None:
    with pytest.raises(EstimationError) as caught:
        tabulate(scores_of("available"), confidence=95)
    assert caught.value.code == "DI-E117"


# -- intervals -------------------------------------------------------------------------------

FIELLER = [
    (block, group, dimension)
    for block in ("fieller", "fieller_99")
    for group, values in R[block].items()
    for dimension in values
]


@pytest.mark.parametrize(("block", "group", "dimension"), FIELLER)
def test_fieller_s_interval_is_that_of_r_and_absent_where_it_is_unbounded(
    block: str, group: str, dimension: str
) -> None:
    expected = R[block][group][dimension]
    low, high = fieller_interval(
        np.array([expected["mean_group"]]),
        np.array([expected["mean_reference"]]),
        np.array([[expected["v11"], expected["v12"], expected["v00"]]]),
        np.array([expected["t"]]),
    )
    if expected["kind"] == "interval":
        assert 100 * low == approx(expected["lower"], rel=1e-9)
        assert 100 * high == approx(expected["upper"], rel=1e-9)
    else:
        assert np.isnan(low).all()
        assert np.isnan(high).all()


def test_the_reference_has_all_three_kinds_of_fieller_s_set() -> None:
    kinds = {R[block][group][dimension]["kind"] for block, group, dimension in FIELLER}
    assert kinds == {"interval", "two rays", "whole line"}


@pytest.mark.parametrize(("block", "group", "dimension"), FIELLER)
def test_a_stable_reference_gives_the_wald_interval_of_r(
    block: str, group: str, dimension: str
) -> None:
    expected = R[block][group][dimension]
    result = relative_levels(
        scores_of("available"),
        ["region", "region*area"],
        confidence=0.99 if block.endswith("99") else 0.95,
    )
    row = row_of(result, group, dimension)
    assert result.conf_methods[row] == "wald"
    assert result.degrees_of_freedom[row] == expected["domain_df"]
    assert result.conf_low[row] == approx(expected["wald_lower"], rel=1e-9)
    assert result.conf_high[row] == approx(expected["wald_upper"], rel=1e-9)


@cache
def unstable_scores() -> Scores:
    """Return a survey in which few people use anything, so that usage is an unstable base."""
    frame = small_frame()
    frame["usage"] = frame["usage"].where((frame["id"] % 9 == 0) | frame["usage"].isna(), 0.0)
    return small_scores(frame=frame)


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_unstable_reference_gives_fieller_s_interval_to_what_is_one_ratio(
    formula: Formula,
) -> None:
    result = relative_levels(unstable_scores(), "area", formula=formula)
    assert result.reference_cv["usage"] > 0.05 > result.reference_cv["access"]
    single = {"usage"} | ({"overall"} if formula == "ratio_of_composites" else set[str]())
    for row, (cell, dimension) in enumerate(zip(result.cells, result.dimensions, strict=True)):
        is_ratio = cell.domain not in {"total", "average"} and dimension in single
        assert result.conf_methods[row] == ("fieller" if is_ratio else "wald")
    code = "DI-W064" if formula == "weighted_ratios" else "DI-W065"
    [finding] = [finding for finding in result.findings if finding.code == code]
    assert len(finding.params["dimensions"]) == 1  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("formula", FORMULAS)
def test_fieller_s_interval_of_a_level_is_that_of_its_two_means(formula: Formula) -> None:
    result = relative_levels(unstable_scores(), "area", formula=formula)
    means = tabulate(unstable_scores(), DIMENSIONS, "area")
    shares = np.array([0.2, 0.4, 0.4]) if formula == "ratio_of_composites" else np.eye(3)[2]
    dimension = "overall" if formula == "ratio_of_composites" else "usage"
    ends = np.zeros((2, len(means.cells)))
    ends[1, [means_row(means, "total", "total", name) for name in DIMENSIONS]] = shares
    for domain, category in (("group", "farmers"), ("group", "rural"), ("area", "U")):
        ends[0] = 0.0
        ends[0, [means_row(means, domain, category, name) for name in DIMENSIONS]] = shares
        two = means.estimate.contrast(ends, ("cell", "reference"))
        row = result.row(domain, category, dimension)
        low, high = fieller_interval(
            two.values[:1],
            two.values[1:],
            two.covariance[[[0, 0, 1]], [[0, 1, 1]]],
            t_quantile(0.95, result.degrees_of_freedom[[row]]),
        )
        assert result.conf_low[row] == approx(100 * low[0], rel=1e-9)
        assert result.conf_high[row] == approx(100 * high[0], rel=1e-9)
        assert result.conf_low[row] < result.estimate.values[row] < result.conf_high[row]


def test_an_unbounded_interval_is_absent_and_its_standard_error_stays() -> None:
    result = relative_levels(unstable_scores(), "region*area", confidence=0.99)
    row = result.row("region*area", "4*U", "usage")
    assert result.degrees_of_freedom[row] == 1
    assert result.conf_methods[row] == "none"
    assert np.isnan([result.conf_low[row], result.conf_high[row]]).all()
    assert result.std_errors[row] > 0


def test_the_design_s_degrees_of_freedom_give_r_s_interval() -> None:
    result = relative_levels(scores_of("available"), df="design")
    row = result.row("group", "rural")
    expected = R["levels"]["available"]["groups"]["rural"]["weighted_ratios"]
    t_30 = 2.0422724563012373  # two-sided 95 %, 30 degrees of freedom
    assert result.conf_low[row] == approx(expected["level"] - t_30 * expected["se"], rel=1e-9)
    assert result.conf_high[row] == approx(expected["level"] + t_30 * expected["se"], rel=1e-9)


# -- the table a reader gets -----------------------------------------------------------------


def test_the_frame_has_the_columns_of_every_format() -> None:
    frame = relative_levels(scores_of("available"), "region").to_frame()
    assert [*frame.columns] == [
        *("domain", "category", "dimension", "n", "psus", "level", "std_error"),
        *("conf_low", "conf_high", "df", "target_gap", "flag"),
    ]
    assert frame["dimension"].unique().tolist() == [*DIMENSIONS, "overall"]
    assert frame["domain"].unique().tolist() == ["total", "average", "group", "region"]
    assert (frame["flag"] == "").all()


def test_crosses_have_one_column_for_each_crossed_variable() -> None:
    frame = levels_of("available", "weighted_ratios").to_frame()
    assert [*frame.columns[:5]] == ["domain", "category", "region", "area", "dimension"]
    crossed = frame[frame["domain"] == "region*area"]
    assert (crossed["category"] == crossed["region"] + "*" + crossed["area"]).all()
    assert (frame.loc[frame["domain"] == "region", ["region", "area"]] == "").to_numpy().all()


def test_cells_stand_in_the_order_the_schema_declares() -> None:
    frame = levels_of("available", "weighted_ratios").to_frame()
    of_domain = frame.drop_duplicates(["domain", "category"]).groupby("domain")["category"]
    assert of_domain.get_group("group").tolist() == [*GROUPS]
    assert of_domain.get_group("region").tolist() == ["1", "2", "3", "4"]
    assert of_domain.get_group("region*area").tolist() == [
        f"{region}*{area}" for region in range(1, 5) for area in "UR"
    ]


def test_only_the_target_s_groups_have_a_gap_to_it() -> None:
    frame = levels_of("available", "weighted_ratios").to_frame()
    given = frame[frame["target_gap"].notna()]
    assert given[["domain", "category", "dimension"]].to_numpy().tolist() == [
        ["group", "rural", "overall"],
        ["group", "farmers", "overall"],
    ]
    assert given["target_gap"].to_numpy() == approx(given["level"].to_numpy() - 83)


def test_a_schema_without_a_target_has_no_gap() -> None:
    schema = small_schema().model_copy(update={"target": None})
    assert np.isnan(relative_levels(small_scores(schema)).target_gap).all()


def test_results_print_themselves_rounded() -> None:
    levels = levels_of("available", "weighted_ratios")
    assert "88.6" in str(levels)
    assert "88.64297" not in str(levels)
    assert "88.6" in levels._repr_html_()
    means = tabulate(scores_of("available"))
    assert "80.2" in str(means)
    assert "80.2" in means._repr_html_()


def test_psus_are_those_that_hold_someone_with_the_dimension() -> None:
    result = levels_of("available", "weighted_ratios")
    frame = small_frame()
    for group in ("rural", "farmers", "region4"):
        for dimension in DIMENSIONS:
            has = frame[members_of(group, frame) & frame[dimension].notna()]
            psus = has[["sample", "stratum", "psu"]].drop_duplicates()
            assert result.psus[result.row(*cell_of(group), dimension)] == len(psus)


def test_a_row_that_does_not_exist_is_a_key_error() -> None:
    result = levels_of("available", "weighted_ratios")
    assert result.level("group", "rural") == approx(
        R["levels"]["available"]["groups"]["rural"]["weighted_ratios"]["level"]
    )
    with pytest.raises(KeyError):
        result.level("group", "everybody")


# -- what is selected ------------------------------------------------------------------------


def test_selected_groups_are_crossed_with_the_domain() -> None:
    result = relative_levels(scores_of("available"), "area", groups=["farm", "farmers"])
    frame = result.to_frame()
    assert frame["domain"].unique().tolist() == ["total", "group", "group*area"]
    assert frame["group"].unique().tolist() == ["", "farm", "farmers"]
    everyone = small_frame()
    inside = everyone[members_of("farm", everyone) & (everyone["area"] == "R")]
    row = result.row("group*area", "farm*R", "usage")
    assert result.n[row] == inside["usage"].notna().sum()


def test_no_group_is_an_answer_too() -> None:
    result = relative_levels(scores_of("available"), groups=[])
    assert {cell.domain for cell in result.cells} == {"total"}


def test_a_condition_is_a_domain_and_never_a_filter() -> None:
    result = relative_levels(scores_of("available"), where="area == 'R'", groups=["old", "farm"])
    crossed = relative_levels(scores_of("available"), "area", groups=["old", "farm"])
    plain = levels_of("available", "weighted_ratios")
    assert result.where == "area == 'R'"
    for name in ("old", "farm"):
        for dimension in (*DIMENSIONS, "overall"):
            row = result.row("group", name, dimension)
            same = crossed.row("group*area", f"{name}*R", dimension)
            assert result.estimate.values[row] == approx(crossed.estimate.values[same])
            assert result.std_errors[row] == approx(crossed.std_errors[same])
    everyone = result.row("where", "area == 'R'")
    assert result.estimate.values[everyone] == approx(plain.level("group", "rural"))
    assert result.std_errors[everyone] == approx(plain.std_errors[plain.row("group", "rural")])


def test_a_condition_nobody_meets_leaves_empty_cells() -> None:
    frame = relative_levels(scores_of("available"), where="area == 'R' and area == 'U'").to_frame()
    rest = frame[frame["domain"] != "total"]
    assert (rest["n"] == 0).all()
    assert rest[["level", "std_error", "conf_low", "conf_high"]].isna().to_numpy().all()


def test_a_category_without_members_is_empty_and_stays_in_the_table() -> None:
    frame = small_frame().replace({"region": {2: 1}})
    result = relative_levels(small_scores(frame=frame), "region")
    assert [cell.category for cell in result.cells[-16::4]] == ["1", "2", "3", "4"]
    row = result.row("region", "2")
    assert result.n[row] == result.psus[row] == result.degrees_of_freedom[row] == 0
    for numbers in (result.estimate.values, result.std_errors, result.conf_low, result.conf_high):
        assert np.isnan(numbers[row])
    others = levels_of("available", "weighted_ratios")
    assert result.level("region", "3") == approx(others.level("region", "3"))


def test_bands_of_a_number_are_a_domain_with_both_ends_inside() -> None:
    result = relative_levels(scores_of("available"), ["age_group", "age_group*area"])
    old = R["levels"]["available"]["groups"]["old"]["weighted_ratios"]
    row = result.row("age_group", "old")
    assert result.estimate.values[row] == approx(old["level"], rel=1e-9)
    assert result.std_errors[row] == approx(old["se"], rel=1e-9)
    frame = small_frame().query("sample == 'general' and area == 'U'")
    ages = frame.loc[frame["usage"].notna(), "age"]
    assert {29, 30, 64, 65} & set(ages)
    for band, low, high in (("young", 0, 29), ("middle", 30, 64), ("old", 65, 120)):
        n = ages.between(low, high).sum()
        assert result.n[result.row("age_group*area", f"{band}*U", "usage")] == n


def test_a_domain_of_any_text_stands_in_the_order_of_numbers_and_then_of_letters() -> None:
    label = small_schema().reference.label
    domains = {"stratum": Domain(label=label, variable="stratum")}
    frame = small_frame()
    frame["stratum"] = frame["stratum"].map({1: "10", 2: "9", 3: "b", 4: "a", 5: "5", 6: "6"})
    scores = small_scores(small_schema().model_copy(update={"domains": domains}), frame)
    result = relative_levels(scores, "stratum")
    categories = [cell.category for cell in result.cells if cell.domain == "stratum"]
    assert [*dict.fromkeys(categories)] == ["5", "6", "9", "10", "a", "b"]


def test_people_without_a_category_are_counted_in_a_finding() -> None:
    frame = small_frame()
    frame["region"] = frame["region"].where(frame["id"] > 10)
    result = relative_levels(small_scores(frame=frame), "region")
    [finding] = [finding for finding in result.findings if finding.code == "DI-W032"]
    general = frame[frame["sample"] == "general"]
    lost = float(general.loc[general["id"] <= 10, "weight"].sum() / general["weight"].sum())
    assert finding.params["domain"] == "region"
    assert finding.params["count"] == 10
    assert finding.params["percent"] == approx(100 * lost)


@pytest.mark.parametrize(
    ("block", "codes"),
    [("available", []), ("weights_only", ["DI-W067"]), ("no_design", ["DI-W066"])],
)
def test_what_the_design_does_not_tell_is_a_finding(block: str, codes: list[str]) -> None:
    assert [finding.code for finding in relative_levels(scores_of(block)).findings] == codes


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("DI-E117", {"formula": "harmonic"}),
        ("DI-E117", {"cases": "some"}),
        ("DI-E117", {"df": "none"}),
        ("DI-E117", {"confidence": 95}),
        ("DI-E123", {"groups": ["farmer"]}),
        ("DI-E124", {"by": "regions"}),
        ("DI-E124", {"by": "region*"}),
        ("DI-E125", {"by": "region*region"}),
        ("DI-E108", {"where": "area = 'R'"}),
        ("DI-E109", {"where": "province == 1"}),
        ("DI-E110", {"where": "area == 'X'"}),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(code: str, options: dict[str, Any]) -> None:
    with pytest.raises(DivideIndexError) as caught:
        relative_levels(scores_of("available"), **options)
    assert caught.value.code == code


def test_an_unknown_name_comes_with_its_nearest() -> None:
    with pytest.raises(EstimationError) as caught:
        relative_levels(scores_of("available"), groups=["farmer"])
    assert caught.value.params["nearest"] == ["farmers"]
    with pytest.raises(EstimationError) as caught:
        tabulate(scores_of("available"), by="regoin")
    assert caught.value.params["nearest"] == ["region"]


def test_an_unknown_measure_comes_with_those_that_have_a_mean() -> None:
    with pytest.raises(EstimationError) as caught:
        tabulate(scores_of("available"), ["area"])
    assert caught.value.code == "DI-E126"
    known = caught.value.params["known"]
    assert {"access", "overall", "age"} <= set(known)  # pyright: ignore[reportArgumentType]


def test_a_group_nobody_belongs_to_is_refused() -> None:
    frame = small_frame()
    with pytest.raises(EstimationError) as caught:
        relative_levels(small_scores(frame=frame[frame["sample"] == "general"]))
    assert caught.value.code == "DI-E061"
    assert caught.value.params["groups"] == ["farmers"]


def test_a_reference_nobody_belongs_to_is_refused() -> None:
    frame = small_frame()
    with pytest.raises(EstimationError) as caught:
        relative_levels(small_scores(frame=frame[frame["sample"] == "farmers"]))
    assert caught.value.code == "DI-E060"
    assert caught.value.params["dimensions"] == [*DIMENSIONS]


def test_a_reference_without_a_dimension_is_refused_by_its_name() -> None:
    frame = small_frame()
    frame.loc[frame["sample"] == "general", "usage"] = np.nan
    with pytest.raises(EstimationError) as caught:
        relative_levels(small_scores(frame=frame))
    assert caught.value.code == "DI-E060"
    assert caught.value.params["dimensions"] == ["usage"]


def test_a_reference_mean_of_zero_is_refused() -> None:
    frame = small_frame()
    frame.loc[frame["sample"] == "general", "capability"] = 0.0
    scores = small_scores(frame=frame)
    for refused in (lambda: relative_levels(scores), scores.points):
        with pytest.raises(EstimationError) as caught:
            refused()
        assert caught.value.code == "DI-E062"
        assert caught.value.params["dimensions"] == ["capability"]


# -- nonresponse -----------------------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_band_holds_the_levels_of_available_and_complete_cases(formula: Formula) -> None:
    band = nonresponse_band(levels_of("available", formula))
    assert [*band.results] == [*get_args(Treatment)]
    for treatment in ("available", "complete"):
        result = band.results[treatment]
        assert result.cases == treatment
        for group in GROUPS:
            for measure in (*DIMENSIONS, formula):
                expected = R["levels"][treatment]["groups"][group][measure]
                row = row_of(result, group, measure)
                assert result.estimate.values[row] == approx(expected["level"], rel=1e-9)
                assert result.std_errors[row] == approx(expected["se"], rel=1e-9)


def test_the_band_counts_everybody_when_the_missing_are_zero() -> None:
    band = nonresponse_band(levels_of("available", "weighted_ratios"))
    result = band.results["missing_as_zero"]
    n = R["levels"]["available"]["groups"]["rural"]["n"]
    assert result.n[result.row("group", "rural", "usage")] == n
    zero = relative_levels(small_scores(frame=small_frame().fillna(dict.fromkeys(DIMENSIONS, 0.0))))
    assert result.estimate.values == approx(zero.estimate.values)
    assert result.std_errors == approx(zero.std_errors)
    # Each item is a dimension here, so who has a dimension answered all of it.
    answered, available = band.results["answered_everything"], relative_levels(small_scores())
    assert answered.estimate.values == approx(available.estimate.values)
    assert answered.std_errors == approx(available.std_errors)


def test_a_treatment_of_nonresponse_may_be_chosen_for_any_table() -> None:
    zeros = small_scores(frame=small_frame().fillna(dict.fromkeys(DIMENSIONS, 0.0)))
    expected = relative_levels(zeros, "region*area")
    result = relative_levels(scores_of("available"), "region*area", cases="missing_as_zero")
    assert result.estimate.values == approx(expected.estimate.values)
    assert result.std_errors == approx(expected.std_errors, nan_ok=True)
    assert np.array_equal(result.n, expected.n)


def test_the_band_takes_the_condition_and_confidence_of_its_levels() -> None:
    levels = relative_levels(
        scores_of("available"), groups=["rural"], where="age >= 30", confidence=0.9, df="design"
    )
    band = nonresponse_band(levels, groups=["rural"])
    same = band.results["available"]
    assert np.array_equal(same.estimate.values, levels.estimate.values)
    assert np.array_equal(same.conf_low, levels.conf_low)
    frame = band.to_frame()
    assert frame.columns.tolist() == [
        *("domain", "category", "dimension", "treatment", "n", "level", "std_error")
    ]
    rural = frame[(frame["category"] == "rural") & (frame["dimension"] == "overall")]
    assert len(rural) == 4
    assert band.bounds("group", "rural") == (rural["level"].min(), rural["level"].max())


# -- what the design may not say --------------------------------------------------------------


def test_psus_are_named_by_sample_stratum_and_number_together() -> None:
    survey = scores_of("available").survey
    assert survey.design.psus == R["meta"]["psus"]
    assert len(survey.design.stratum_labels) == R["meta"]["strata"]
    assert survey.design_kind == "stratified clusters"
    assert scores_of("weights_only").survey.design_kind == "weights only"
    assert scores_of("no_design").survey.design_kind == "none"
    clusters = small_scores(with_design(small_schema(), strata=()))
    assert clusters.survey.design_kind == "clusters"
    strata = small_scores(with_design(small_schema(), psu=None))
    assert strata.survey.design_kind == "stratified"
    assert strata.survey.design.psus == R["meta"]["n"]


def test_a_reference_may_be_any_condition() -> None:
    population = Population(
        label=small_schema().reference.label,
        where="age >= 65",
    )
    schema = small_schema().model_copy(update={"reference": population})
    result = relative_levels(small_scores(schema))
    frame = small_frame()
    old = frame[frame["age"] >= 65]
    rural = frame[(frame["sample"] == "general") & (frame["area"] == "R")]
    for dimension in DIMENSIONS:
        base, own = (part[part[dimension].notna()] for part in (old, rural))
        ratio = np.average(own[dimension], weights=own["weight"]) / np.average(
            base[dimension], weights=base["weight"]
        )
        assert result.level("group", "rural", dimension) == approx(100 * ratio, rel=1e-12)


def test_respondents_of_two_samples_are_not_pooled_without_a_word() -> None:
    scores = scores_of("available")
    assert "DI-W034" not in [finding.code for finding in relative_levels(scores).findings]
    schema = scores.survey.schema
    old = schema.groups["old"].model_copy(update={"where": parse_condition("age >= 65")})
    pooled = schema.model_copy(
        update={
            "groups": {"old": old},
            "averages": {},
            "target": None,
            "reference": schema.reference.model_copy(update={"where": None}),
        }
    )
    result = relative_levels(score(read_survey(small_frame(), pooled)))
    said = [f.params["population"] for f in result.findings if f.code == "DI-W034"]
    assert said == ["reference", "old"]


# -- cells of groups beside those of the reference -------------------------------------------


def test_groups_are_cut_beside_the_reference_as_they_are_by_themselves() -> None:
    """Ask for a domain and its cells of every group at once, or for one after the other."""
    scores = small_scores()
    domain = next(iter(small_schema().domains))
    both = relative_levels(scores, [domain, f"group*{domain}"])
    alone = relative_levels(scores, domain)
    of_groups = relative_levels(scores, domain, groups=[*small_schema().groups])
    assert {cell.domain for cell in both.cells} >= {domain, f"group*{domain}"}
    for other in (alone, of_groups):
        for row, (cell, name) in enumerate(zip(other.cells, other.dimensions, strict=True)):
            place = both.row(cell.domain, cell.category, name)
            assert both.cells[place] == cell
            assert both.n[place] == other.n[row]
            assert both.estimate.values[place] == approx(other.estimate.values[row], nan_ok=True)
            assert both.std_errors[place] == approx(other.std_errors[row], nan_ok=True)


def test_a_cell_is_asked_for_once() -> None:
    domain = next(iter(small_schema().domains))
    result = relative_levels(small_scores(), [domain, f"group*{domain}"], groups=["rural"])
    rows = [*zip(result.cells, result.dimensions, strict=True)]
    assert len(set(rows)) == len(rows)


def test_a_group_alone_is_no_domain() -> None:
    with pytest.raises(EstimationError, match="DI-E124"):
        relative_levels(small_scores(), ["group"])
