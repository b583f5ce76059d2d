"""Levels of real and of large synthetic surveys agree with R survey, where those data are.

The records stay in the shared folder; `tests/reference/README.md` tells the tolerance.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from divide_index.inference.design import LonelyPsu
from divide_index.inference.estimate import Estimate
from divide_index.inference.ratios import Formula
from divide_index.levels import (
    LevelResult,
    NonresponseBand,
    Treatment,
    nonresponse_band,
    relative_levels,
)
from divide_index.schema import Compare, SurveySchema, load_schema
from divide_index.schema.parts import Average, Domain, Group, Population, Variable
from divide_index.scoring import Scores, score
from divide_index.survey import Survey, read_survey
from divide_index.tabulation import MeanResult, tabulate
from tests.samples import ROOT, SCHEMAS, reference, with_design

pytestmark = pytest.mark.real_data

Floats = NDArray[np.float64]
Values = dict[str, Any]

FORMULAS: tuple[Formula, ...] = ("weighted_ratios", "ratio_of_composites")
LONELY: tuple[LonelyPsu, ...] = ("remove", "certainty", "adjust", "average")

approx = pytest.approx


def exactly(expected: Any, tolerance: float = 1e-9) -> Any:  # noqa: ANN401
    """Compare within a relative tolerance and nothing else."""
    return pytest.approx(expected, rel=tolerance, abs=0.0)


@cache
def values_of(path: Path) -> Values:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def r_levels(shared: Path) -> Values:
    return values_of(shared / "reference" / "levels.json")


@pytest.fixture(scope="session")
def r_survey(shared: Path) -> Values:
    return values_of(shared / "reference" / "survey.json")


@pytest.fixture(scope="session")
def r_endutih(shared: Path) -> Values:
    return values_of(shared / "reference" / "endutih_2021.json")


# -- the synthetic survey of 15,000 ------------------------------------------------------------


@pytest.fixture(scope="session")
def frame(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "synth15k.csv")


@pytest.fixture(scope="session")
def schema() -> SurveySchema:
    """The survey's schema, with the column of its own composite and a domain of farmers."""
    given = load_schema(SCHEMAS / "synth15k.yaml")
    label = given.reference.label
    number = Variable(type="number")
    return given.model_copy(
        update={
            "variables": given.variables | {"score": number, "score_na": number},
            "domains": given.domains | {"farm": Domain(label=label, variable="farm")},
        }
    )


@pytest.fixture(scope="session")
def scores(frame: pd.DataFrame, schema: SurveySchema) -> Scores:
    return score(read_survey(frame, schema))


@pytest.fixture(scope="session")
def corrected(frame: pd.DataFrame, schema: SurveySchema) -> Scores:
    """The same with the finite population correction, a count of PSUs."""
    return score(read_survey(frame, with_design(schema, fpc="fpc")))


@pytest.fixture(scope="session", params=FORMULAS)
def levels(request: pytest.FixtureRequest, scores: Scores) -> LevelResult:
    return relative_levels(scores, ["rural", "region", "region*rural"], formula=request.param)


@pytest.fixture(scope="session")
def composites(scores: Scores) -> LevelResult:
    """Levels of the composite `score`, R's subject in `survey.json`."""
    return relative_levels(
        scores, ["rural", "farm", "region", "dom340"], formula="ratio_of_composites"
    )


def check_levels(
    result: LevelResult, cell: tuple[str, str], expected: Values, tolerance: float = 1e-9
) -> None:
    """Compare every dimension and the overall level of a cell with R's, values and errors."""
    measures = {name: name for name in result.scores.survey.schema.dimensions}
    measures["overall"] = result.formula
    for dimension, measure in measures.items():
        pair = expected[measure]
        level, std_error = (pair["level"], pair["se"]) if isinstance(pair, dict) else pair
        row = result.row(*cell, dimension)
        assert result.estimate.values[row] == exactly(level, tolerance), (cell, measure)
        assert result.std_errors[row] == exactly(std_error, tolerance), (cell, measure)


def check_estimate(estimate: Estimate, rows: list[int], expected: Values) -> None:
    """Compare rows with R's estimates, errors and covariance, whichever are given."""
    assert estimate.values[rows] == exactly(np.atleast_1d(expected["est"]))
    if "se" in expected:
        assert estimate.std_errors[rows] == exactly(np.atleast_1d(expected["se"]))
    if "vcov" in expected:
        covariance = np.array(expected["vcov"])
        errors = np.sqrt(np.diag(covariance))
        deviation = np.abs(estimate.covariance[np.ix_(rows, rows)] - covariance)
        assert (deviation <= 1e-9 * np.outer(errors, errors)).all()


def mean_row(means: MeanResult, domain: str, category: object, measure: str = "overall") -> int:
    """Return the position of a mean."""
    wanted = (domain, str(category), measure)
    found = zip(means.cells, means.measures, strict=True)
    return [(cell.domain, cell.category, name) for cell, name in found].index(wanted)


def total_of(survey: Survey, weighted: Floats) -> tuple[float, float]:
    """Return the total of weighted values and its standard error, by the sums of PSUs."""
    sums = np.zeros((survey.design.psus, 1))
    np.add.at(sums[:, 0], np.asarray(survey.frame["design:unit"]), weighted)
    return float(weighted.sum()), float(np.sqrt(survey.design.covariance(sums)[0, 0]))


def test_the_survey_has_the_size_of_r_s(scores: Scores, r_survey: Values) -> None:
    survey, meta = scores.survey, r_survey["meta"]
    assert survey.records == meta["n"]
    assert survey.design.psus == meta["n_psu"]
    assert len(survey.design.stratum_labels) == meta["n_strata"]
    assert survey.sample_sizes()[1].sum() == exactly(meta["sum_w"])


def test_a_file_reads_as_its_frame_does(shared: Path, scores: Scores) -> None:
    read = read_survey(shared / "data" / "synth15k.csv", SCHEMAS / "synth15k.yaml")
    assert [origin.name for origin in read.origins] == ["synth15k.csv"]
    same, other = (relative_levels(each) for each in (score(read), scores))
    # pandas 2 rounds the last digit of a number it reads by itself
    assert same.estimate.values == approx(other.estimate.values, rel=1e-12)
    assert same.std_errors == approx(other.std_errors, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("rural", ("group", "rural")),
        ("rural", ("rural", "1")),
        ("urban", ("rural", "0")),
        ("farm", ("group", "farm")),
        ("rural_old", ("group", "rural_old")),
    ],
)
def test_groups_have_the_levels_of_r(
    name: str, cell: tuple[str, str], levels: LevelResult, r_levels: Values
) -> None:
    check_levels(levels, cell, r_levels[name])


def test_all_regions_have_the_levels_of_r(levels: LevelResult, r_levels: Values) -> None:
    assert len(r_levels["region"]) == 17
    for region, expected in r_levels["region"].items():
        check_levels(levels, ("region", region), expected)


def test_rural_parts_of_all_regions_have_the_levels_of_r(
    levels: LevelResult, r_levels: Values
) -> None:
    assert len(r_levels["region_rural"]) == 17
    for region, expected in r_levels["region_rural"].items():
        check_levels(levels, ("region*rural", f"{region}*1"), expected)


def test_the_gap_to_the_target_is_r_s_difference(scores: Scores, r_levels: Values) -> None:
    target = scores.survey.schema.target
    assert target is not None
    everyone = target.model_copy(update={"applies_to": ("farm", "rural_old")})
    schema = scores.survey.schema.model_copy(update={"target": everyone})
    result = relative_levels(score(read_survey(scores.survey.frame, schema)))
    for name in ("rural", "farm", "rural_old"):
        difference, std_error = r_levels[name]["difference_from_target_83"]
        row = result.row("group", name)
        assert result.target_gap[row] == exactly(difference)
        assert result.std_errors[row] == exactly(std_error)
    given = relative_levels(scores)
    known = {given.cells[row].category for row in np.flatnonzero(~np.isnan(given.target_gap))}
    assert known == {"rural"}


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_reference_may_leave_the_group_out(
    formula: Formula, frame: pd.DataFrame, schema: SurveySchema, r_levels: Values
) -> None:
    others = Population(label=schema.reference.label, where="farm == 0")
    survey = read_survey(frame, schema.model_copy(update={"reference": others}))
    result = relative_levels(score(survey), formula=formula)
    check_levels(result, ("group", "farm"), r_levels["farm_vs_nonfarm"])


@pytest.fixture(scope="session")
def stacked(frame: pd.DataFrame, schema: SurveySchema) -> Scores:
    """The survey with its farmers once more, as a separate sample: `levels.R` says how."""
    farmers = frame[frame["farm"] == 1].assign(
        sample="farmers",
        stratum=lambda rows: rows["stratum"] + 100,
        psu=lambda rows: rows["psu"] + 100_000,
        w=lambda rows: rows["w"] * 1.7,
    )
    label = schema.reference.label
    general = "sample == 'general'"
    groups = {
        "farmers": Group(label=label, where="sample == 'farmers'"),
        "rural": Group(label=label, where=f"{general} and rural == 1"),
        "rural_old": Group(label=label, where=f"{general} and rural == 1 and age >= 4"),
    }
    totals = reference("average_synth15k.json")["average_of_groups"]["totals"]
    code = Variable(type="code", codes={"general": None, "farmers": None})
    two_samples = schema.model_copy(
        update={
            "variables": schema.variables | {"sample": code},
            "design": schema.design.model_copy(update={"sample": "sample"}),
            "reference": Population(label=label, where=general),
            "groups": groups,
            "averages": {"vulnerable": Average(label=label, members=totals)},
            "target": None,
        }
    )
    rows = pd.concat([frame.assign(sample="general"), farmers], ignore_index=True)
    return score(read_survey(rows, two_samples, lonely_psu="adjust"))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_separate_sample_stands_against_the_general_one(
    formula: Formula, stacked: Scores, r_levels: Values
) -> None:
    result = relative_levels(stacked, formula=formula)
    check_levels(result, ("group", "farmers"), r_levels["stacked_farm_vs_general"])


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_average_over_two_samples_is_that_of_r(formula: Formula, stacked: Scores) -> None:
    expected = reference("average_synth15k.json")
    result = relative_levels(stacked, formula=formula)
    assert stacked.survey.records == expected["meta"]["n"]
    assert stacked.survey.design.degrees_of_freedom == expected["meta"]["design_df"]
    assert result.degrees_of_freedom[0] == expected["meta"]["reference_df"]
    for group, values in expected["groups"].items():
        check_levels(result, ("group", group), values)
        row = result.row("group", group)
        assert result.n[row] == values["n"]
        assert result.degrees_of_freedom[row] == values["domain_df"]
    check_levels(result, ("average", "vulnerable"), expected["average_of_groups"])
    if formula == "weighted_ratios":
        covariance = expected["covariance_weighted_ratios"]
        rows = [result.row("group", name) for name in covariance["names"]]
        check_estimate(result.estimate, rows, covariance | {"est": covariance["levels"]})


# -- its means ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def means(scores: Scores) -> MeanResult:
    measures = ["access", "capability", "usage", "overall", "score", "score_na"]
    return tabulate(scores, measures, ["rural", "region", "farm"])


def test_the_overall_score_is_the_composite_of_the_file(scores: Scores) -> None:
    given = np.asarray(scores.survey.frame["score"])
    assert 100 * scores.dimension("overall") == approx(given, rel=1e-12)


@pytest.mark.parametrize("measure", ["overall", "score"])
def test_the_mean_has_the_error_interval_and_design_effect_of_r(
    measure: str, means: MeanResult, r_survey: Values
) -> None:
    row, expected = mean_row(means, "total", "total", measure), r_survey["mean_overall"]
    check_estimate(means.estimate, [row], expected)
    assert means.estimate.degrees_of_freedom[row] == expected["df"]
    low, high = means.estimate.intervals(0.95)
    assert (low[row], high[row]) == exactly((expected["lo"], expected["hi"]))
    assert means.design_effects[row] == exactly(r_survey["mean_overall_deff_replace"])


def test_components_have_the_covariance_of_r(means: MeanResult, r_survey: Values) -> None:
    names = ("access", "capability", "usage", "overall")
    rows = [mean_row(means, "total", "total", name) for name in names]
    check_estimate(means.estimate, rows, r_survey["mean_components"])


@pytest.mark.parametrize("domain", ["rural", "region", "farm"])
def test_means_of_a_domain_have_the_covariance_of_r(
    domain: str, means: MeanResult, r_survey: Values
) -> None:
    expected = r_survey[f"mean_by_{domain}"]
    rows = [mean_row(means, domain, category) for category in expected["level"]]
    check_estimate(means.estimate, rows, expected)


def test_a_mean_over_those_who_answered_is_r_s(means: MeanResult, r_survey: Values) -> None:
    row = mean_row(means, "total", "total", "score_na")
    for name in ("mean_score_na_narm", "mean_score_na_subset"):
        check_estimate(means.estimate, [row], r_survey[name])


def test_the_fpc_is_a_count_of_psus(corrected: Scores, r_survey: Values) -> None:
    means = tabulate(corrected, ["overall"])
    check_estimate(means.estimate, [0], r_survey["mean_overall_fpc"])
    result = relative_levels(corrected, formula="ratio_of_composites")
    for group in ("rural", "farm"):
        check_estimate(
            result.estimate, [result.row("group", group)], r_survey[f"level_{group}_fpc"]
        )


def test_totals_and_ratios_have_the_errors_of_r(scores: Scores, r_survey: Values) -> None:
    survey = scores.survey
    w, y = (np.asarray(survey.frame[name]) for name in ("w", "score"))
    access, usage = (np.asarray(survey.frame[name]) for name in ("access", "usage"))
    for weighted, name in ((w * y, "total_score"), (w, "total_pop")):
        assert total_of(survey, weighted) == exactly(tuple(r_survey[name].values()))
    ratio = float((w * usage).sum() / (w * access).sum())
    expected = r_survey["ratio_usage_access"]
    assert ratio == exactly(expected["est"])
    _, std_error = total_of(survey, w * (usage - ratio * access) / (w * access).sum())
    assert std_error == exactly(expected["se"])


# -- levels of its composite -------------------------------------------------------------------


def test_levels_of_the_composite_are_those_of_r(composites: LevelResult, r_survey: Values) -> None:
    for group in ("rural", "farm"):
        row = composites.row("group", group)
        check_estimate(composites.estimate, [row], r_survey[f"level_{group}"])
    for dimension, column in (("access", "access"), ("capability", "capab"), ("usage", "usage")):
        row = composites.row("group", "rural", dimension)
        check_estimate(composites.estimate, [row], r_survey[f"level_rural_{column}"])


def test_ignoring_the_reference_s_error_gives_another_number(
    means: MeanResult, composites: LevelResult, r_survey: Values
) -> None:
    whole, rural = (mean_row(means, *cell) for cell in (("total", "total"), ("rural", 1)))
    m_0, m = means.estimate.values[[whole, rural]]
    se_0, se = means.estimate.std_errors[[whole, rural]]
    expected = r_survey["level_rural"]
    assert 100 * se / m_0 == exactly(expected["se_fixed_national"])
    ignoring = 100 * np.sqrt(se**2 / m_0**2 + m**2 * se_0**2 / m_0**4)
    assert ignoring == exactly(expected["se_ignoring_cov"])
    ours = composites.std_errors[composites.row("group", "rural")]
    assert ours == exactly(expected["se_via_influence"])
    assert ours < expected["se_fixed_national"] < expected["se_ignoring_cov"]


def test_levels_of_regions_have_the_covariance_of_r(
    composites: LevelResult, r_survey: Values
) -> None:
    expected = r_survey["level_by_region"]
    rows = [composites.row("region", str(region)) for region in expected["level"]]
    check_estimate(composites.estimate, rows, expected)
    assert composites.n[rows].tolist() == expected["n"]


def test_the_gap_of_rural_and_urban_levels_is_r_s(
    composites: LevelResult, r_survey: Values
) -> None:
    gap = composites.difference([("rural", "1"), ("rural", "0")])
    check_estimate(gap, [0], r_survey["level_gap_rural_urban"])


def test_hundreds_of_small_domains_have_the_levels_of_r(
    composites: LevelResult, r_survey: Values
) -> None:
    expected = r_survey["level_by_dom340"]
    assert len(expected["level"]) > 300
    positions = {
        cell.category: index
        for index, (cell, name) in enumerate(
            zip(composites.cells, composites.dimensions, strict=True)
        )
        if cell.domain == "dom340" and name == "overall"
    }
    assert [*positions] == [str(code) for code in expected["level"]]
    rows = [*positions.values()]
    check_estimate(composites.estimate, rows, expected)
    assert composites.n[rows].tolist() == expected["n"]


# -- strata with a single PSU --------------------------------------------------------------------


@pytest.fixture(scope="session")
def lonely(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep only the PSU with the smallest number of strata 3 and 20, as `survey.R` does."""
    cut = frame["stratum"].isin([3, 20])
    first = frame.groupby("stratum")["psu"].transform("min")
    return frame[~cut | (frame["psu"] == first)]


@pytest.mark.parametrize("rule", LONELY)
def test_lonely_psus_enter_means_levels_and_totals_as_in_r(
    rule: LonelyPsu, lonely: pd.DataFrame, schema: SurveySchema, r_survey: Values
) -> None:
    expected = r_survey["lonely"]
    scores = score(read_survey(lonely, schema, lonely_psu=rule))
    assert scores.survey.records == expected["n"]
    check_estimate(tabulate(scores, ["overall"]).estimate, [0], expected[rule]["mean"])
    result = relative_levels(scores, formula="ratio_of_composites")
    for group in ("rural", "farm"):
        row = result.row("group", group)
        check_estimate(result.estimate, [row], expected[rule][f"level_{group}"])
    weighted = np.asarray(scores.survey.frame["w"] * scores.survey.frame["score"])
    total = total_of(scores.survey, weighted)
    assert total == exactly(tuple(expected[rule]["total"].values()))


# -- the schools of California -------------------------------------------------------------------


def schools(**design: object) -> SurveySchema:
    """Return a schema of R's `apistrat` and `apiclus1`."""
    number = {"type": "number"}
    return SurveySchema.model_validate(
        {
            "format": 1,
            "name": "api",
            "title": "api",
            "survey": {"name": "api"},
            "variables": {
                "stype": {"codes": {"E": None, "H": None, "M": None}},
                "dnum": {"type": "text"},
                "api00": {"type": "number", "range": [0, 1000]},
                "api_stu": {"type": "number", "column": "api.stu"},
                "enroll": number,
                "pw": number,
                "fpc": number,
            },
            "design": {"weight": "pw", **design},
            "items": {"api": {"of": "api00", "rule": "scale", "goalposts": [0, 1000]}},
            "dimensions": {
                "api": {
                    "label": "api",
                    "weight": 1,
                    "indicators": {"api": {"weight": 1, "items": ["api"]}},
                }
            },
            "reference": {"label": "api"},
            "domains": {"stype": {"label": "stype", "variable": "stype"}},
        }
    )


def test_a_stratified_sample_of_schools_is_that_of_r(shared: Path, r_survey: Values) -> None:
    rows = pd.read_csv(shared / "data" / "survey_apistrat.csv")
    survey = read_survey(rows, schools(strata=["stype"], fpc="fpc"))
    assert survey.design_kind == "stratified"
    means = tabulate(score(survey), ["api00", "api"], "stype")
    expected = r_survey["api"]
    check_estimate(
        means.estimate, [mean_row(means, "total", "total", "api00")], expected["strat_mean"]
    )
    by_type = expected["strat_by_stype"]
    kinds = [mean_row(means, "stype", kind, "api00") for kind in by_type["level"]]
    check_estimate(means.estimate, kinds, by_type)
    scored = [mean_row(means, "stype", kind, "api") for kind in by_type["level"]]
    assert means.estimate.values[scored] == exactly(np.array(by_type["est"]) / 10)
    w, enroll, tested = (np.asarray(survey.frame[name]) for name in ("pw", "enroll", "api_stu"))
    assert total_of(survey, w * enroll) == exactly(tuple(expected["strat_total"].values()))
    ratio = float((w * tested).sum() / (w * enroll).sum())
    _, std_error = total_of(survey, w * (tested - ratio * enroll) / (w * enroll).sum())
    assert (ratio, std_error) == exactly(tuple(expected["strat_ratio"].values()))


@pytest.mark.parametrize(("name", "fpc"), [("clus1_mean", "fpc"), ("clus1_mean_nofpc", None)])
def test_a_sample_of_school_districts_is_that_of_r(
    name: str, fpc: str | None, shared: Path, r_survey: Values
) -> None:
    rows = pd.read_csv(shared / "data" / "survey_apiclus1.csv")
    survey = read_survey(rows, schools(psu="dnum", fpc=fpc))
    assert survey.design_kind == "clusters"
    means = tabulate(score(survey), ["api00"])
    check_estimate(means.estimate, [0], r_survey["api"][name])


# -- Mexico, ENDUTIH 2021 --------------------------------------------------------------------------


@pytest.fixture(scope="session")
def households(shared: Path) -> Scores:
    given = load_schema(ROOT / "survey_schemas" / "endutih-2021.yaml")
    urban = given.groups["rural"].model_copy(
        update={"where": Compare(variable="area", operator="==", value="U")}
    )
    schema = given.model_copy(update={"groups": given.groups | {"urban": urban}})
    return score(read_survey(shared / "data" / "endutih_2021" / "hogar_jefe.csv", schema))


@pytest.fixture(scope="session")
def endutih(households: Scores) -> LevelResult:
    return relative_levels(households, ["area", "state"])


@pytest.fixture(scope="session")
def band(endutih: LevelResult) -> NonresponseBand:
    return nonresponse_band(endutih)


@pytest.mark.parametrize(("domain", "categories"), [("area", 2), ("state", 32)])
def test_households_of_mexico_have_the_levels_of_r(
    domain: str, categories: int, endutih: LevelResult, r_endutih: Values
) -> None:
    assert len(r_endutih[domain]) == categories
    for category, expected in r_endutih[domain].items():
        check_levels(endutih, (domain, category), expected, 1e-8)
        row = endutih.row(domain, category)
        assert endutih.n[row] == expected["n"]
        assert endutih.degrees_of_freedom[row] == expected["domain_df"]


def test_the_group_of_rural_households_is_the_rural_area(
    endutih: LevelResult, r_endutih: Values
) -> None:
    check_levels(endutih, ("group", "rural"), r_endutih["area"]["R"], 1e-8)
    assert endutih.scores.survey.records == r_endutih["meta"]["n"]
    assert endutih.scores.survey.design.degrees_of_freedom == r_endutih["meta"]["df"]
    missing = np.isnan(endutih.scores.dimension("usage")).sum()
    assert missing == r_endutih["meta"]["missing"]["usage"]


def test_raw_means_of_households_are_those_of_r(
    households: Scores, shared: Path, r_endutih: Values
) -> None:
    means = tabulate(households)
    for name in ("access", "usage"):
        row, expected = mean_row(means, "total", "total", name), r_endutih["means"][name]
        assert means.estimate.values[row] == exactly(100 * expected["mean"], 1e-8)
        assert means.std_errors[row] == exactly(100 * expected["se"], 1e-8)
    # The share with internet at home, as an index of that one item
    schema = households.survey.schema
    access = schema.dimensions["access"]
    only = access.indicators["internet"].model_copy(update={"weight": 1.0})
    internet = access.model_copy(update={"weight": 1.0, "indicators": {"internet": only}})
    alone = schema.model_copy(update={"dimensions": {"internet": internet}})
    means = tabulate(score(read_survey(shared / "data" / "endutih_2021" / "hogar_jefe.csv", alone)))
    row, expected = mean_row(means, "total", "total", "internet"), r_endutih["means"]["internet"]
    assert means.estimate.values[row] == exactly(100 * expected["mean"], 1e-8)
    assert means.std_errors[row] == exactly(100 * expected["se"], 1e-8)


@pytest.mark.parametrize("treatment", get_args(Treatment))
def test_every_treatment_of_nonresponse_has_the_levels_of_r(
    treatment: str, band: NonresponseBand
) -> None:
    expected = reference("endutih_band.json")["treatments"][treatment]
    result = band.results[treatment]  # pyright: ignore[reportArgumentType]
    for name in ("rural", "urban"):
        check_levels(result, ("group", name), expected[name])
        for dimension, n in expected[name]["n_with"].items():
            assert result.n[result.row("group", name, dimension)] == n
        row = result.row("group", name)
        assert result.degrees_of_freedom[row] == expected[name]["domain_df"]
        assert result.n[row] == expected[name]["n"]
    assert result.n[result.row("total", "total")] == expected["n"]


def test_the_band_spans_its_treatments(band: NonresponseBand) -> None:
    expected = reference("endutih_band.json")["treatments"]
    rural = [each["rural"]["weighted_ratios"]["level"] for each in expected.values()]
    assert band.bounds("group", "rural") == exactly((min(rural), max(rural)))
