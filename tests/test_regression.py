"""Weighted regressions with errors by the design, as arrays."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design
from divide_index.inference.estimate import Estimate
from divide_index.inference.regression import (
    Regression,
    Respondents,
    collinearity,
    fit_regressions,
    wald_tests,
)
from divide_index.inference.testing import p_values
from tests.examples import examples

approx = pytest.approx
Floats = NDArray[np.float64]
REFERENCE = Path(__file__).parent / "reference"


class Survey(NamedTuple):
    """Persons in their design, and the columns of each factor."""

    respondents: Respondents
    design: Design
    blocks: dict[str, list[int]]

    def of(self, inside: NDArray[np.bool_] | NDArray[np.intp]) -> "Survey":
        """Return the members of a domain, in the whole design."""
        people = self.respondents
        members = Respondents(
            people.scores[inside],
            people.covariates[inside],
            people.weights[inside],
            people.psu[inside],
        )
        return Survey(members, self.design, self.blocks)

    def regressions(self) -> tuple[Regression, ...]:
        return fit_regressions(self.respondents, list(self.blocks.values()), self.design)


def estimate_of(regression: Regression, design: Design) -> Estimate:
    """Return the coefficients with their design covariance."""
    coefficients = regression.coefficients
    return Estimate(
        tuple(map(str, range(coefficients.size))),
        coefficients,
        design.covariance(regression.psu_totals),
        np.full(coefficients.size, regression.residual_df),
    )


def survey_of(
    frame: pd.DataFrame,
    scores: list[str],
    columns: list[str],
    factors: dict[str, list[int]],
    *,
    stratum: list[str],
    weight: str,
    fpc: bool = False,
) -> Survey:
    """Return persons, numeric columns before dummies of factors without their first category."""
    parts: list[Any] = [np.ones(len(frame)), *(frame[c].to_numpy(float) for c in columns)]
    blocks = {column: [place + 1] for place, column in enumerate(columns)}
    for name, codes in factors.items():
        blocks[name] = [*range(len(parts), len(parts) + len(codes) - 1)]
        parts += [(frame[name] == code).to_numpy(float) for code in codes[1:]]
    keys = frame[[*stratum, "psu"]].drop_duplicates().reset_index(drop=True)
    psu = frame[[*stratum, "psu"]].merge(keys.reset_index(), how="left")["index"].to_numpy()
    labels, strata = np.unique(keys[stratum].astype(str).agg(" ".join, axis=1), return_inverse=True)
    counts = None
    if fpc:
        known = frame.groupby(frame[stratum].astype(str).agg(" ".join, axis=1))["fpc"].first()
        counts = np.repeat(known[labels].to_numpy(float)[:, None], 2, axis=1)
    design = Design.of_psus(strata.astype(np.intp), tuple(labels), fpc=counts)
    people = Respondents(
        frame[scores].to_numpy(float),
        np.column_stack(parts),
        frame[weight].to_numpy(float),
        psu.astype(np.intp),
    )
    return Survey(people, design, blocks)


def small(*, fpc: bool = False) -> Survey:
    """The general sample's complete cases of access and usage, in the design of both samples."""
    frame = pd.read_csv(REFERENCE / "small.csv")
    frame["rural"] = frame["area"] == "R"
    frame["ageg"] = pd.cut(frame["age"], [0, 34, 49, 64, 200], labels=False)
    every = survey_of(
        frame,
        ["access", "usage"],
        ["age", "rural"],
        {"ageg": [0, 1, 2, 3], "region": [1, 2, 3, 4]},
        stratum=["sample", "stratum"],
        weight="weight",
        fpc=fpc,
    )
    complete = frame[["access", "usage"]].notna().all(axis=1)
    return every.of(((frame["sample"] == "general") & complete).to_numpy())


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return json.loads((REFERENCE / "small_regression.json").read_text("utf-8"))


def assert_same(regression: Regression, survey: Survey, expected: dict[str, Any]) -> None:
    """Compare with `svyglm` and `regTermTest` as tests/reference/README.md allows."""
    found = estimate_of(regression, survey.design)
    errors = np.array(expected["se"])
    assert found.values == approx(np.array(expected["est"]), rel=1e-9)
    assert found.std_errors == approx(errors, rel=1e-9)
    apart = (found.covariance - np.array(expected["vcov"])) / np.outer(errors, errors)
    assert apart == approx(0.0, abs=1e-9)
    assert regression.residual_df == expected["df_resid"]
    assert p_values(found) == approx(np.array(expected["p"]), rel=1e-9)


def assert_same_tests(
    regression: Regression, survey: Survey, blocks: Sequence[str], expected: Sequence[Any]
) -> None:
    found = wald_tests(
        estimate_of(regression, survey.design),
        [survey.blocks[block] for block in blocks],
        regression.residual_df,
    )
    assert found.statistics == approx(np.array([test["F"] for test in expected]), rel=1e-9)
    assert found.p_values == approx(np.array([test["p"] for test in expected]), rel=1e-8)
    assert found.block_sizes.tolist() == [test["df"] for test in expected]
    assert [found.residual_df] * len(expected) == [test["ddf"] for test in expected]


# -- values from outside ---------------------------------------------------------------------


@pytest.mark.parametrize("fpc", [False, True])
def test_regressions_and_their_tests_are_those_of_r_survey(
    known: dict[str, Any], *, fpc: bool
) -> None:
    """Two scores of a domain of the design, with and without its finite population."""
    survey = small(fpc=fpc)
    names = {"ageg": "ageg", "region": "regionf", "age": "age", "rural": "rural"}
    seen = dict(zip(("access", "usage"), survey.regressions(), strict=True))
    for score, expected in known["svyglm_fpc" if fpc else "svyglm"].items():
        assert_same(seen[score], survey, expected)
        assert seen[score].r_squared == approx(expected["r_squared"], rel=1e-9)
        tests = [expected["tests"][name] for name in names.values()]
        assert_same_tests(seen[score], survey, [*names], tests)


def test_collinearity_is_that_of_weighted_correlations_in_r(known: dict[str, Any]) -> None:
    expected = known["collinearity"]
    survey = small()
    found = survey.regressions()[0].collinearity
    assert np.isnan(found.inflation[0])
    assert found.inflation[1:] == approx(np.array(expected["vif"]), rel=1e-9)
    assert found.inflation[1:] == approx(np.array(expected["vif_by_r_squared"]), rel=1e-9)
    blocks = [expected["gvif"][name] for name in ("age", "rural", "ageg", "regionf")]
    assert found.block_inflation == approx(np.array(blocks), rel=1e-9)
    assert found.error_inflation[:2] == approx(np.sqrt(found.inflation[1:3]), rel=1e-9)
    assert found.error_inflation[3] == approx(blocks[3] ** (1 / 6), rel=1e-9)
    assert survey.regressions()[1].condition_number == approx(
        expected["condition_number"], rel=1e-9
    )


@pytest.mark.real_data
def test_a_regression_on_15000_persons_is_that_of_r_survey(shared: Path) -> None:
    expected = json.loads((shared / "reference" / "survey.json").read_text("utf-8"))
    survey = survey_of(
        pd.read_csv(shared / "data" / "synth15k.csv"),
        ["score"],
        ["rural", "sex", "edu", "linc"],
        {"age": [1, 2, 3, 4, 5]},
        stratum=["stratum"],
        weight="w",
    )
    [found] = survey.regressions()
    wanted = expected["svyglm_gaussian"]
    ages = [f"factor(age){age}" for age in (2, 3, 4, 5)]
    names = ["(Intercept)", "rural", "sex", "edu", "linc", *ages]
    place = [wanted["names"].index(name) for name in names]
    turned = {
        **{key: np.array(wanted[key])[place] for key in ("est", "se", "p")},
        "vcov": np.array(wanted["vcov"])[np.ix_(place, place)],
        "df_resid": wanted["df_resid"],
    }
    assert_same(found, survey, turned)
    assert_same_tests(found, survey, ["age"], [expected["regtermtest_age"]])


@pytest.mark.real_data
def test_regressions_inside_two_areas_are_those_of_r_survey(shared: Path) -> None:
    """Urban and rural persons by themselves, in the design of all; a mean is a regression."""
    values = json.loads((shared / "reference" / "decomposition.json").read_text("utf-8"))
    expected = values["svy_synth15k"]
    frame = pd.read_csv(shared / "data" / "synth15k_decomp.csv")
    names = ("ageg", "educ", "inc", "hh", "occ")
    factors = {name: sorted(frame[name].unique().tolist()) for name in names}
    every = survey_of(frame, ["index"], ["fem"], factors, stratum=["stratum"], weight="w")
    labels = [f"{name}{code}" for name in names for code in factors[name][1:]]
    assert expected["names"] == ["(Intercept)", "fem", *labels]
    rural = (frame["rural"] == 1).to_numpy()
    for inside, letter in ((~rural, "A"), (rural, "B")):
        survey = every.of(inside)
        [found] = survey.regressions()
        coefficients = estimate_of(found, survey.design)
        assert coefficients.values == approx(np.array(expected[f"b{letter}"]), abs=1e-8)
        assert coefficients.std_errors == approx(np.array(expected[f"se{letter}"]), abs=1e-8)
    people = every.of(rural).respondents
    constant = people.covariates[:, :1]
    alone = Respondents(people.scores, constant, people.weights, people.psu)
    mean = estimate_of(fit_regressions(alone, [], every.design)[0], every.design)
    assert [mean.values[0], mean.std_errors[0]] == approx(expected["ratio"], abs=1e-8)


# -- identities ------------------------------------------------------------------------------


@st.composite
def surveys(draw: st.DrawFn) -> tuple[Survey, NDArray[np.intp]]:
    """A sample with one number and one factor of four categories, and who is in which."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, psus = draw(st.integers(60, 120)), draw(st.integers(12, 20))
    category = np.append(np.arange(4), rng.integers(0, 4, n - 4)).astype(np.intp)
    psu = np.append(np.arange(psus), rng.integers(0, psus, n - psus)).astype(np.intp)
    x = np.column_stack(
        [np.ones(n), rng.normal(size=n), *((category == code).astype(float) for code in (1, 2, 3))]
    )
    scores = rng.normal(50, 10, (n, 2)) + 5 * x[:, 1:3]
    people = Respondents(scores, x, rng.gamma(2.0, 1.0, n) + 0.05, psu)
    strata = (np.arange(psus) % 3).astype(np.intp)
    design = Design.of_psus(strata, ("a", "b", "c"))
    return Survey(people, design, {"number": [1], "factor": [2, 3, 4]}), category


@given(surveys())
@settings(max_examples=examples(30))
def test_a_regression_on_one_dummy_is_the_difference_of_two_means(
    drawn: tuple[Survey, NDArray[np.intp]],
) -> None:
    survey, category = drawn
    people, design = survey.respondents, survey.design
    inside = category == 2
    x = np.column_stack([np.ones(inside.size), inside])
    one = Respondents(people.scores, x, people.weights, people.psu)
    for y, found in zip(people.scores.T, fit_regressions(one, [[1]], design), strict=True):
        influence = np.zeros(inside.size)
        means: list[float] = []
        for group, sign in ((inside, 1), (~inside, -1)):
            w = np.where(group, people.weights, 0.0)
            means.append(float(np.average(y, weights=w)))
            influence += sign * w * (y - means[-1]) / w.sum()
        totals = np.bincount(people.psu, influence, minlength=design.psus).astype(np.float64)
        assert found.coefficients == approx(np.array([means[1], means[0] - means[1]]), rel=1e-9)
        variance = design.covariance(totals[:, None])[0, 0]
        assert design.covariance(found.psu_totals)[1, 1] == approx(variance, rel=1e-8)


@given(surveys(), st.floats(0.01, 1000), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(30))
def test_neither_the_scale_of_weights_nor_the_order_of_rows_matters(
    drawn: tuple[Survey, NDArray[np.intp]], factor: float, seed: int
) -> None:
    survey, _ = drawn
    order = np.random.default_rng(seed).permutation(survey.respondents.weights.size)
    turned = survey.of(order)
    people = turned.respondents
    heavier = Respondents(people.scores, people.covariates, people.weights * factor, people.psu)
    other = fit_regressions(heavier, list(survey.blocks.values()), survey.design)
    for first, second in zip(survey.regressions(), other, strict=True):
        assert second.coefficients == approx(first.coefficients, rel=1e-8, abs=1e-8)
        assert second.psu_totals == approx(first.psu_totals, rel=1e-8, abs=1e-8)
        assert second.r_squared == approx(first.r_squared, abs=1e-10)
        assert second.condition_number == approx(first.condition_number, rel=1e-8)
        assert second.collinearity.inflation[1:] == approx(first.collinearity.inflation[1:])


@given(surveys(), st.integers(1, 3))
@settings(max_examples=examples(30))
def test_no_base_category_moves_the_test_of_a_factor(
    drawn: tuple[Survey, NDArray[np.intp]], base: int
) -> None:
    survey, category = drawn
    people, design, blocks = survey
    x = people.covariates.copy()
    x[:, 1 + base] = category == 0  # the base's column becomes that of the first category
    turned = Survey(Respondents(people.scores, x, people.weights, people.psu), design, blocks)
    for first, second in zip(survey.regressions(), turned.regressions(), strict=True):
        tests = [
            wald_tests(estimate_of(each, design), list(blocks.values()), each.residual_df)
            for each in (first, second)
        ]
        assert tests[1].statistics == approx(tests[0].statistics, rel=1e-7)
        assert tests[1].p_values == approx(tests[0].p_values, rel=1e-6)
        assert second.collinearity.block_inflation == approx(first.collinearity.block_inflation)
        assert second.r_squared == approx(first.r_squared, abs=1e-10)


@given(surveys())
@settings(max_examples=examples(20))
def test_the_influence_is_the_derivative_by_the_weights(
    drawn: tuple[Survey, NDArray[np.intp]],
) -> None:
    survey, _ = drawn
    people, step = survey.respondents, 1e-6
    weights = np.where(people.psu == 3, people.weights * (1 + step), people.weights)
    raised = Respondents(people.scores, people.covariates, weights, people.psu)
    moved = fit_regressions(raised, [], survey.design)
    for before, after in zip(survey.regressions(), moved, strict=True):
        slope = (after.coefficients - before.coefficients) / step
        assert slope == approx(before.psu_totals[3], abs=1e-3)
        assert before.psu_totals.sum(axis=0) == approx(0.0, abs=1e-7)


# -- what has no answer ----------------------------------------------------------------------


def drawn_survey(psus: int, score: float | None = None) -> Survey:
    rng = np.random.default_rng(5)
    n = 80
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    y = rng.normal(size=(n, 1)) if score is None else np.full((n, 1), score)
    people = Respondents(y, x, np.ones(n), (np.arange(n) % psus).astype(np.intp))
    strata = (np.arange(psus) % 2).astype(np.intp)
    return Survey(people, Design.of_psus(strata, ("a", "b")), {"all": [1, 2, 3]})


def test_fewer_degrees_of_freedom_than_columns_are_refused_with_their_numbers() -> None:
    assert drawn_survey(6).regressions()[0].residual_df == 1
    with pytest.raises(EstimationError, match="DI-E262") as caught:
        drawn_survey(5).regressions()
    assert dict(caught.value.params) == {"psus": 5, "strata": 2, "columns": 4, "df": 3}


def test_only_psus_that_hold_a_weight_give_degrees_of_freedom() -> None:
    people, design, blocks = drawn_survey(12)
    weights = np.where(people.psu < 5, 1.0, 0.0)
    light = Respondents(people.scores, people.covariates, weights, people.psu)
    with pytest.raises(EstimationError, match="DI-E262") as caught:
        Survey(light, design, blocks).regressions()
    assert caught.value.params["psus"] == 5


def test_columns_that_repeat_each_other_are_refused() -> None:
    people, design, _ = drawn_survey(20)
    twice = np.column_stack([people.covariates, people.covariates[:, 1] - people.covariates[:, 3]])
    with pytest.raises(EstimationError, match="DI-E260") as caught:
        fit_regressions(
            Respondents(people.scores, twice, people.weights, people.psu), [[1, 2, 3, 4]], design
        )
    assert caught.value.params["columns"] == [1, 3, 4]


def test_a_score_that_does_not_vary_has_no_share_explained() -> None:
    assert np.isnan(drawn_survey(20, score=50.0).regressions()[0].r_squared)


def test_a_block_whose_covariance_has_no_inverse_has_no_test() -> None:
    """A coefficient without error; two that always move together."""
    covariance = np.array([[0.0, 0, 0, 0], [0, 4, 4, 1], [0, 4, 4, 1], [0, 1, 1, 1]])
    estimate = Estimate(("a", "b", "c", "d"), np.array([1.0, 2, 2, 2]), covariance, np.full(4, 9.0))
    found = wald_tests(estimate, [[0, 3], [1, 2], [3]], 9.0)
    assert found.statistics == approx(np.array([np.nan, np.nan, 4.0]), nan_ok=True)
    assert found.p_values[:2] == approx(np.array([np.nan, np.nan]), nan_ok=True)
    # F with 1 and 9 degrees of freedom is t squared
    t = p_values(Estimate(("d",), np.array([2.0]), np.array([[1.0]]), np.array([9.0])))
    assert found.p_values[2] == approx(t[0], rel=1e-12)


def test_columns_that_do_not_correlate_have_no_inflation() -> None:
    x = np.array([[1.0, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]])
    found = collinearity(x, np.ones(4), [[1], [1, 2]])
    assert found.condition_number == approx(1.0)
    assert found.inflation[1:] == approx(np.ones(2))
    assert found.block_inflation == approx(np.ones(2))
