"""Regressions of a survey's scores: as R's `svyglm`, by name of factor and category."""

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.decomposition import RegressionResult, regress_scores
from divide_index.errors import DivideIndexError, SchemaError
from divide_index.inference.estimate import t_quantile
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import Scores, score
from divide_index.survey import read_survey
from divide_index.tabulation import tabulate
from tests.examples import examples
from tests.samples import (
    DIMENSIONS,
    SCHEMAS,
    Sample,
    as_polars,
    compositions,
    reference,
    small_frame,
    two_samples_frame,
    two_samples_scores,
    with_design,
)

approx = pytest.approx
Floats = NDArray[np.float64]
Values = dict[str, Any]


def rows_of(result: RegressionResult, dimension: str) -> list[int]:
    """Return the rows of a dimension, in the order of its columns."""
    return [place for place, (name, _, _) in enumerate(result.rows) if name == dimension]


def columns_of(result: RegressionResult, dimension: str) -> list[str]:
    return [result.rows[place][2] for place in rows_of(result, dimension)]


def agrees(
    result: RegressionResult, dimension: str, expected: Values, names: dict[str, str]
) -> None:
    """Compare coefficients, covariance and p-values with those of `svyglm` (1e-9).

    ``names`` are R's, by ours.
    """
    rows = rows_of(result, dimension)
    assert columns_of(result, dimension) == [*names]
    places = [expected["names"].index(names[column]) for column in names]
    wanted, errors = (np.array(expected[key])[places] for key in ("est", "se"))
    assert result.estimate.values[rows] == approx(wanted, rel=1e-9)
    assert result.estimate.std_errors[rows] == approx(errors, rel=1e-9)
    covariance = np.array(expected["vcov"])[np.ix_(places, places)]
    apart = np.abs(result.estimate.covariance[np.ix_(rows, rows)] - covariance)
    assert (apart <= 1e-9 * np.outer(errors, errors)).all()
    shown = result.summary()
    table = shown[shown["dimension"] == dimension]
    assert table["p_value"].to_numpy() == approx(np.array(expected["p"])[places], rel=1e-8)
    assert result.residual_df == expected["df_resid"]
    assert set(result.estimate.degrees_of_freedom[rows]) == {expected["df_resid"]}


def wald_of(result: RegressionResult, dimension: str, factor: str) -> Values:
    """Return the test of a factor."""
    frame = result.tests()
    [row] = frame[(frame["dimension"] == dimension) & (frame["factor"] == factor)].to_dict(
        "records"
    )
    return {str(name): value for name, value in row.items()}


# -- the small survey, of two scores -----------------------------------------------------------

FACTORS = ["age", "area", "four_ages", "region"]
IN_R = {
    "constant": "(Intercept)",
    "age": "age",
    "area=R": "rural",
    "four_ages=b": "ageg35",
    "four_ages=c": "ageg50",
    "four_ages=d": "ageg65",
    "region=2": "regionf2",
    "region=3": "regionf3",
    "region=4": "regionf4",
}
BLOCKS_IN_R = {"age": "age", "area": "rural", "four_ages": "ageg", "region": "regionf"}


@cache
def two_scores() -> SurveySchema:
    """Return the small schema with access and usage alone: R left out who lacked one of them."""
    schema = load_schema(SCHEMAS / "small_beside.yaml")
    halves = {
        name: schema.dimensions[name].model_copy(update={"weight": 0.5})
        for name in ("access", "usage")
    }
    return schema.model_copy(update={"dimensions": halves})


@cache
def small(*, fpc: bool = False) -> RegressionResult:
    schema = with_design(two_scores(), fpc="fpc") if fpc else two_scores()
    return regress_scores(score(read_survey(small_frame(), schema)), factors=FACTORS)


@pytest.mark.parametrize("dimension", ["access", "usage"])
def test_a_regression_of_the_general_sample_is_that_of_r(dimension: str) -> None:
    """A domain of both samples' design; 1e-9 but for 1e-8 of p-values."""
    expected = reference("small_regression.json")["svyglm"][dimension]
    result = small()
    agrees(result, dimension, expected, IN_R)
    assert result.r_squared[dimension] == approx(expected["r_squared"], rel=1e-9)
    for factor, name in BLOCKS_IN_R.items():
        found, known = wald_of(result, dimension, factor), expected["tests"][name]
        assert found["statistic"] == approx(known["F"], rel=1e-9)
        assert found["p_value"] == approx(known["p"], rel=1e-8)
        assert (found["df"], found["residual_df"]) == (known["df"], known["ddf"])
    assert (result.basis.n, result.basis.cell.category) == (expected["n"], "total")


def test_a_regression_with_a_finite_population_is_that_of_r() -> None:
    expected = reference("small_regression.json")["svyglm_fpc"]["usage"]
    result = small(fpc=True)
    agrees(result, "usage", expected, IN_R)
    for factor, name in BLOCKS_IN_R.items():
        known = expected["tests"][name]
        assert wald_of(result, "usage", factor)["statistic"] == approx(known["F"], rel=1e-9)


def test_how_much_factors_repeat_each_other_is_told_as_in_r() -> None:
    expected = reference("small_regression.json")["collinearity"]
    result = small()
    assert result.condition_number == approx(expected["condition_number"], rel=1e-9)
    sizes = {"age": 1, "area": 1, "four_ages": 3, "region": 3}
    wanted = {
        factor: expected["gvif"][name] ** (0.5 / sizes[factor])
        for factor, name in BLOCKS_IN_R.items()
    }
    assert result.inflation == approx(wanted, rel=1e-9)
    assert [*result.inflation] == FACTORS
    for dimension in ("overall", "access", "usage"):
        for factor, inflation in wanted.items():
            assert wald_of(result, dimension, factor)["inflation"] == approx(inflation, rel=1e-9)


def test_the_overall_score_has_the_coefficients_of_its_dimensions_in_their_shares() -> None:
    """Halves of two regressions of R; the covariance between them is in the joint estimate."""
    result, expected = small(), reference("small_regression.json")["svyglm"]
    halves = np.array(expected["access"]["est"]) / 2 + np.array(expected["usage"]["est"]) / 2
    overall = rows_of(result, "overall")
    assert result.estimate.values[overall] == approx(halves, rel=1e-9)
    matrix = np.zeros((len(overall), len(result.rows)))
    for dimension in ("access", "usage"):
        matrix[np.arange(len(overall)), rows_of(result, dimension)] = 0.5
    joint = result.estimate.contrast(matrix, tuple(columns_of(result, "overall")))
    assert joint.std_errors == approx(result.estimate.std_errors[overall], rel=1e-9)


def test_p_values_of_factors_are_adjusted_inside_the_table() -> None:
    """Holm over all factors of all dimensions, the smallest by the number of tests."""
    tests = small().tests()
    assert [*tests.columns] == [
        *("dimension", "factor", "statistic", "df", "residual_df"),
        *("p_value", "p_holm", "inflation"),
    ]
    assert [*zip(tests["dimension"], tests["factor"], strict=True)] == [
        (dimension, factor) for dimension in ("overall", "access", "usage") for factor in FACTORS
    ]
    assert tests["p_holm"].min() == approx(tests["p_value"].min() * 12)
    assert (tests["p_holm"] >= tests["p_value"]).all()
    assert tests["p_holm"].max() <= 1


def test_coefficients_come_as_a_tidy_frame() -> None:
    result = small()
    frame = result.summary()
    assert [*frame.columns] == [
        *("dimension", "factor", "column", "coefficient"),
        *("std_error", "p_value", "conf_low", "conf_high"),
    ]
    assert [*frame["dimension"].drop_duplicates()] == ["overall", "access", "usage"]
    one = frame[frame["dimension"] == "usage"]
    assert [*one["column"]] == [*IN_R]
    assert [*one["factor"]] == [
        *("constant", "age", "area"),
        *["four_ages"] * 3,
        *["region"] * 3,
    ]
    expected = reference("small_regression.json")["svyglm"]["usage"]
    margin = t_quantile(0.95, np.array([float(expected["df_resid"])]))[0] * np.array(expected["se"])
    wanted = np.array(expected["est"])
    assert one["conf_low"].to_numpy() == approx(wanted - margin, rel=1e-8)
    assert one["conf_high"].to_numpy() == approx(wanted + margin, rel=1e-8)


def test_it_shows_coefficients_tests_and_fit_as_text() -> None:
    result, expected = small(), reference("small_regression.json")["svyglm"]["usage"]
    shown = str(result)
    for word in ("four_ages=d", "region", f"{expected['est'][2]:.3f}", "R²", "residual df 13"):
        assert word in shown
    assert f"usage {expected['r_squared']:.3f}" in shown
    assert f"n {expected['n']}, PSUs {result.basis.psus}" in shown
    assert "condition number 25.2" in shown
    assert "nan" not in shown.lower()
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.residual_df = 1.0  # pyright: ignore[reportAttributeAccessIssue]


# -- 15,000 persons ----------------------------------------------------------------------------

AGES = {f"age={age}": f"factor(age){age}" for age in (2, 3, 4, 5)}
COVARIATES = {"sex": "sex", "edu": "edu", "linc": "linc"}


@pytest.fixture(scope="module")
def synthetic(shared: Path) -> Scores:
    schema = load_schema(SCHEMAS / "synth15k_regression.yaml")
    return score(read_survey(pd.read_csv(shared / "data" / "synth15k.csv"), schema))


@pytest.fixture(scope="module")
def known(shared: Path) -> Values:
    return json.loads((shared / "reference" / "survey.json").read_text("utf-8"))


@pytest.mark.real_data
def test_a_regression_of_fifteen_thousand_persons_is_that_of_r(
    synthetic: Scores, known: Values
) -> None:
    """`svyglm` and `regTermTest`: 1e-9, p-values 1e-8."""
    result = regress_scores(
        synthetic, factors=["rural", "age", "sex", "edu", "linc"], dimensions="overall"
    )
    names = {"constant": "(Intercept)", "rural=1": "rural", **AGES, **COVARIATES}
    agrees(result, "overall", known["svyglm_gaussian"], names)
    found, expected = wald_of(result, "overall", "age"), known["regtermtest_age"]
    assert found["statistic"] == approx(expected["F"], rel=1e-9)
    assert found["p_value"] == approx(expected["p"], rel=1e-8)
    assert (found["df"], found["residual_df"]) == (expected["df"], expected["ddf"])


@pytest.mark.real_data
def test_of_one_factor_of_two_categories_it_is_the_t_test_of_r(
    synthetic: Scores, known: Values
) -> None:
    result = regress_scores(synthetic, factors="rural", dimensions="overall")
    expected = known["svyttest_rural"]
    [_, row] = rows_of(result, "overall")
    assert result.estimate.values[row] == approx(expected["diff"], rel=1e-9)
    t = result.estimate.values[row] / result.estimate.std_errors[row]
    assert t == approx(expected["t"], rel=1e-9)
    assert result.residual_df == expected["df"]
    assert wald_of(result, "overall", "rural")["statistic"] == approx(expected["t"] ** 2, rel=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize(("area", "beta"), [(0, "beta_u"), (1, "beta_r")])
def test_inside_a_condition_it_is_the_regression_of_a_domain_in_r(
    synthetic: Scores, known: Values, area: int, beta: str
) -> None:
    """`svyglm` over `subset()`, points alone."""
    condition = f"rural == {area}"
    result = regress_scores(
        synthetic, factors=["age", *COVARIATES], dimensions="overall", where=condition
    )
    expected = known["oaxaca"]
    names = {"constant": "(Intercept)", **AGES, **COVARIATES}
    assert columns_of(result, "overall") == [*names]
    places = [expected["names"].index(name) for name in names.values()]
    wanted = np.array(expected[beta])[places]
    assert result.estimate.values == approx(wanted, rel=1e-9)
    assert (result.basis.cell.domain, result.basis.cell.category) == ("where", condition)


# -- who and what is regressed -----------------------------------------------------------------


@cache
def two_samples() -> Scores:
    return two_samples_scores()


def same(first: RegressionResult, second: RegressionResult) -> None:
    assert first.rows == second.rows
    assert first.estimate.values == approx(second.estimate.values, rel=1e-9, abs=1e-10)
    assert first.estimate.covariance == approx(second.estimate.covariance, rel=1e-7, abs=1e-10)
    assert (first.basis.n, first.residual_df) == (second.basis.n, second.residual_df)


def test_without_a_condition_it_is_the_reference_that_is_regressed() -> None:
    result = regress_scores(two_samples())
    same(result, regress_scores(two_samples(), where="sample == 'general'"))
    frame = two_samples_frame()
    assert result.basis.members == (frame["sample"] == "general").sum()
    assert (
        result.basis.lacking["income"]
        == frame.loc[frame["sample"] == "general", "income"].isna().sum()
    )
    assert [*result.blocks] == ["sex", "age", "education", "income", "occupation"]
    assert [*result.r_squared] == ["overall", *DIMENSIONS]


def test_a_separate_sample_can_be_regressed_by_a_condition() -> None:
    result = regress_scores(two_samples(), factors=["sex", "income"], where="sample == 'farmers'")
    frame = two_samples_frame()
    farmers = frame[frame["sample"] == "farmers"]
    psus = farmers[["stratum", "psu"]].drop_duplicates()
    held = len(psus) - psus["stratum"].nunique()
    assert result.residual_df == held + 1 - 3
    complete = farmers[[*DIMENSIONS, "income"]].notna().all(axis=1)
    assert (result.basis.n, result.basis.members) == (complete.sum(), len(farmers))


def test_dimensions_come_in_the_order_asked_for_and_once() -> None:
    asked = ["usage", "overall", "usage"]
    result = regress_scores(two_samples(), factors="sex", dimensions=asked)
    assert [*result.r_squared] == ["usage", "overall"]
    assert [row[0] for row in result.rows] == ["usage"] * 2 + ["overall"] * 2
    assert len(result.tests()) == 2
    alone = regress_scores(two_samples(), factors="sex", dimensions="overall")
    assert result.estimate.values[2:] == approx(alone.estimate.values, rel=1e-12)
    assert result.tests()["statistic"][1] == approx(alone.tests()["statistic"][0], rel=1e-10)


def test_a_formula_has_its_columns_named_by_category() -> None:
    result = regress_scores(two_samples(), factors="sex * income", dimensions="usage")
    assert columns_of(result, "usage") == ["constant", "sex=2", "income", "sex=2:income"]
    assert [row[1] for row in result.rows] == ["constant", "sex", "income", "sex:income"]
    # Within each sex it is a line of its own: two roads to its slope.
    slopes = [
        regress_scores(
            two_samples(),
            factors="income",
            dimensions="usage",
            where=f"sample == 'general' and sex == {sex}",
        ).estimate.values[1]
        for sex in (1, 2)
    ]
    assert result.estimate.values[2] == approx(slopes[0], rel=1e-9)
    assert result.estimate.values[3] == approx(slopes[1] - slopes[0], rel=1e-9)


def test_pandas_and_polars_agree() -> None:
    schema = two_samples().survey.schema
    polars = score(read_survey(as_polars(two_samples_frame()), schema))
    for factors in (None, "sex * income"):
        first, second = (regress_scores(s, factors=factors) for s in (two_samples(), polars))
        same(first, second)
        assert str(first) == str(second)


# -- identities --------------------------------------------------------------------------------

READ_FAST = compositions(blanks=False).map(
    lambda drawn: Sample(as_polars(drawn.frame), drawn.schema)
)


@given(READ_FAST, st.sampled_from((*DIMENSIONS, "overall")))
@settings(max_examples=examples(6))
def test_on_one_dummy_it_is_the_difference_of_two_means_with_its_error(
    sample: Sample, dimension: str
) -> None:
    result = regress_scores(sample.scores, factors="area", dimensions=dimension)
    assert columns_of(result, dimension) == ["constant", "area=R"]
    means = tabulate(sample.scores, [dimension], "area")
    urban, rural = (
        [*means.cells].index(cell)
        for code in "UR"
        for cell in means.cells
        if (cell.domain, cell.category) == ("area", code)
    )
    matrix = np.zeros((2, len(means.cells)))
    matrix[0, urban] = 1
    matrix[1, [urban, rural]] = (-1, 1)
    wanted = means.estimate.contrast(matrix, ("urban", "rural - urban"))
    assert result.estimate.values == approx(wanted.values, rel=1e-9, abs=1e-9)
    assert result.estimate.std_errors == approx(wanted.std_errors, rel=1e-7, abs=1e-9)


@given(READ_FAST)
@settings(max_examples=examples(6))
def test_the_order_of_categories_moves_no_test_and_no_fit(sample: Sample) -> None:
    """Education counted backwards: another base, the same factor."""
    factors = ["sex", "education"]
    turned = sample.frame.with_columns(education=4 - pl.col("education"))
    first, second = (
        regress_scores(s.scores, factors=factors, dimensions="overall")
        for s in (sample, Sample(turned, sample.schema))
    )
    assert second.r_squared == approx(first.r_squared, rel=1e-9, abs=1e-12)
    assert second.inflation == approx(first.inflation, rel=1e-8)
    before, after = (
        result.tests()["statistic"].to_numpy(dtype=np.float64) for result in (first, second)
    )
    assert after == approx(before, rel=1e-6)


@given(READ_FAST, st.floats(0.01, 100))
@settings(max_examples=examples(6))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_moves_anything(
    sample: Sample, factor: float
) -> None:
    backwards = sample.frame.reverse()
    turned = backwards.with_columns(weight=backwards["weight"] * factor)
    first, second = (
        regress_scores(s.scores, factors=["income", "sex"])
        for s in (sample, Sample(turned, sample.schema))
    )
    assert second.estimate.values == approx(first.estimate.values, rel=1e-7, abs=1e-7)
    assert second.estimate.std_errors == approx(first.estimate.std_errors, rel=1e-6, abs=1e-7)


# -- refusals ----------------------------------------------------------------------------------


def refused(scores: Scores, **options: Any) -> DivideIndexError:  # noqa: ANN401
    """Return the error, in whose lists no bare number stands."""
    with pytest.raises(DivideIndexError) as caught:
        regress_scores(scores, **options)
    for key in ("columns", "groups", "factors"):
        listed = caught.value.params.get(key, ())
        if isinstance(listed, list):
            assert all(isinstance(each, str) and not each.isdigit() for each in listed)
    return caught.value


def changed(**columns: object) -> Scores:
    """Return the two samples with other columns."""
    frame = two_samples_frame().assign(**cast("Values", columns))
    return score(read_survey(as_polars(frame), two_samples().survey.schema))


def test_an_unknown_dimension_factor_or_variable_is_refused_with_what_there_is() -> None:
    error = refused(two_samples(), factors="sex", dimensions=["usage", "skill"])
    assert error.code == "DI-E117"
    assert (error.params["option"], error.params["value"]) == ("dimensions", "skill")
    assert error.params["valid"] == ("overall", *DIMENSIONS)
    error = refused(two_samples(), factors=["sexx"])
    assert (error.code, error.params["nearest"]) == ("DI-E282", ["sex"])
    error = refused(two_samples(), factors="sex", where="aera == 'R'")
    assert isinstance(error, SchemaError)
    assert (error.code, error.params["variable"]) == ("DI-E109", "aera")
    error = refused(two_samples(), factors="sex", where="area = 'R'")
    assert error.code == "DI-E108"
    error = refused(two_samples(), factors="sex", confidence=95)
    assert (error.code, error.params["option"]) == ("DI-E117", "confidence")


def test_columns_that_repeat_each_other_are_named_by_category() -> None:
    frame = two_samples_frame()
    twice = changed(income=2.0 * frame["sex"])
    error = refused(twice, factors=["education", "sex", "income"])
    assert error.code == "DI-E260"
    assert {"sex=2", "income"} <= set(cast("list[str]", error.params["columns"]))


def test_a_factor_that_does_not_vary_among_those_meant_is_named() -> None:
    error = refused(two_samples(), factors=["income", "sex"], where="sex == 1")
    assert (error.code, error.params["factor"]) == ("DI-E285", "sex")


def test_nobody_with_complete_answers_is_told_with_what_all_lack() -> None:
    frame = two_samples_frame()
    lacking = changed(income=frame["income"].where(frame["sample"] == "farmers"))
    error = refused(lacking, factors=["sex", "income"])
    assert error.code == "DI-E291"
    assert dict(error.params) == {"groups": ["total"], "factors": ["income"]}
    nothing = changed(**dict.fromkeys(DIMENSIONS, np.nan))
    condition = "sample == 'farmers'"
    error = refused(nothing, factors="sex", where=condition)
    assert dict(error.params) == {"groups": [condition], "factors": ["scores"]}


def test_fewer_degrees_of_freedom_than_columns_are_refused() -> None:
    frame = two_samples_frame()
    general = frame["sample"] == "general"
    few = changed(
        stratum=np.where(general, 1, frame["stratum"]),
        psu=np.where(general, frame.index % 4, frame["psu"]),
    )
    error = refused(few, factors=["sex", "education"])
    assert error.code == "DI-E262"
    assert dict(error.params) == {"psus": 4, "strata": 1, "columns": 4, "df": 3}
