"""Variance is born in one place: designs, their rules, estimates and their intervals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.errors import DesignError
from divide_index.inference.design import LONELY_PSU_RULES, Design, LonelyPsu
from divide_index.inference.estimate import Estimate, fieller_interval, t_quantile
from divide_index.inference.ratios import (
    Formula,
    linearise_levels,
    linearise_means,
    means,
    srs_variance,
)
from tests.examples import examples

Floats = NDArray[np.float64]

approx = pytest.approx

# Three strata of 3, 2 and 1 PSUs; the totals of one variable.
STRATA = np.array([0, 0, 0, 1, 1, 2])
LABELS = ("a", "b", "c")
TOTALS = np.array([[1.0], [2.0], [6.0], [4.0], [8.0], [5.0]])
# 3/2 · ((1-3)² + (2-3)² + (6-3)²) and 2/1 · ((4-6)² + (8-6)²), by hand
V_A, V_B = 21.0, 16.0


def design(rule: LonelyPsu = "fail", fpc: Floats | None = None) -> Design:
    return Design.of_psus(STRATA, LABELS, fpc=fpc, lonely_psu=rule)


def bounds(*each: float) -> Floats:
    """Return the same correction as smallest and largest of each stratum."""
    return np.column_stack([each, each]).astype(float)


# -- lonely PSUs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "variance"),
    [
        ("remove", V_A + V_B),
        ("certainty", V_A + V_B),
        ("adjust", V_A + V_B + 5.0**2),  # about zero: R 4.1's code, not its manual
        ("average", (V_A + V_B) * 3 / 2),
    ],
)
def test_a_lonely_psu_contributes_what_its_rule_says(rule: LonelyPsu, variance: float) -> None:
    assert design(rule).covariance(TOTALS) == approx(np.array([[variance]]))


def test_a_lonely_psu_is_an_error_by_default_and_its_stratum_is_named() -> None:
    assert design().lonely_psu == "fail"
    assert design().lonely_strata() == ("c",)
    with pytest.raises(DesignError) as caught:
        design().covariance(TOTALS)
    assert caught.value.code == "DI-E057"
    assert caught.value.params == {"count": 1, "strata": ("c",)}


def test_an_average_of_no_other_stratum_is_an_error() -> None:
    alone = Design.of_psus(np.array([0, 1]), ("a", "b"), lonely_psu="average")
    with pytest.raises(DesignError) as caught:
        alone.covariance(np.ones((2, 1)))
    assert caught.value.code == "DI-E057"
    assert caught.value.params["strata"] == ("a", "b")


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(DesignError) as caught:
        design("ignore")  # pyright: ignore[reportArgumentType]
    assert caught.value.code == "DI-E117"
    assert caught.value.params["valid"] == LONELY_PSU_RULES


@pytest.mark.parametrize("rule", LONELY_PSU_RULES)
def test_rules_do_not_matter_without_a_lonely_psu(rule: LonelyPsu) -> None:
    whole = Design.of_psus(STRATA[:5], LABELS[:2], lonely_psu=rule)
    assert whole.lonely_strata() == ()
    assert whole.covariance(TOTALS[:5]) == approx(np.array([[V_A + V_B]]))


# -- finite population corrections -----------------------------------------------------------


@pytest.mark.parametrize(
    "fpc",
    [
        (12.0, 10.0, 4.0),  # PSUs in the population
        (0.25, 0.2, 0.25),  # sampling fractions
        (12.0, 0.2, 4.0),  # each stratum says it its own way
    ],
)
def test_a_correction_is_a_count_above_one_and_a_fraction_up_to_one(
    fpc: tuple[float, float, float],
) -> None:
    corrected = design("remove", bounds(*fpc))
    assert corrected.sampling_fraction == approx([0.25, 0.2, 0.25])
    assert corrected.covariance(TOTALS) == approx(np.array([[0.75 * V_A + 0.8 * V_B]]))


def test_a_census_of_a_stratum_has_no_sampling_error() -> None:
    for whole in (3.0, 1.0):
        census = design("remove", bounds(whole, 10, 4))
        assert census.sampling_fraction[0] == 1.0
        assert census.covariance(TOTALS) == approx(np.array([[0.8 * V_B]]))


def test_a_lonely_psu_that_is_its_whole_stratum_is_not_lonely() -> None:
    census = design("fail", bounds(12, 10, 1))
    assert census.lonely_strata() == ()
    assert census.covariance(TOTALS) == approx(np.array([[0.75 * V_A + 0.8 * V_B]]))


@pytest.mark.parametrize(
    ("code", "fpc", "strata"),
    [
        ("DI-E118", np.array([[10.0, 12.0], [10.0, 10.0], [4.0, 4.0]]), ["a"]),
        ("DI-E118", bounds(0, -3, 4), ["a", "b"]),
        ("DI-E118", bounds(12, np.nan, np.inf), ["b", "c"]),
        ("DI-E119", bounds(2, 10, 4), ["a"]),
    ],
)
def test_a_correction_that_cannot_be_is_refused_with_its_strata(
    code: str, fpc: Floats, strata: list[str]
) -> None:
    with pytest.raises(DesignError) as caught:
        design("remove", fpc)
    assert caught.value.code == code
    assert caught.value.params["strata"] == strata


# -- degrees of freedom ----------------------------------------------------------------------


def test_the_design_has_as_many_degrees_of_freedom_as_psus_minus_strata() -> None:
    assert design().psus == 6
    assert design().degrees_of_freedom == 3


def test_a_domain_has_as_many_as_psus_with_members_minus_their_strata() -> None:
    inside = np.array(
        [
            [True, True, True, False, False],
            [True, False, True, False, False],
            [True, False, False, False, False],
            [True, True, False, True, False],
            [True, False, False, True, False],
            [True, True, False, False, False],
        ]
    )
    # everybody; one PSU in each stratum; two PSUs in one; one stratum whole; nobody
    assert design().domain_degrees_of_freedom(inside).tolist() == [3, 0, 1, 1, 0]


# -- covariance ------------------------------------------------------------------------------


@st.composite
def totals_by_psu(draw: st.DrawFn) -> tuple[NDArray[np.intp], Floats]:
    sizes = draw(st.lists(st.integers(2, 4), min_size=1, max_size=4))
    strata = np.repeat(np.arange(len(sizes)), sizes)
    values = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
    rows = st.lists(st.tuples(values, values), min_size=strata.size, max_size=strata.size)
    order = draw(st.permutations(range(strata.size)))
    return strata[order], np.array(draw(rows))


@given(totals_by_psu())
@settings(max_examples=examples(50))
def test_the_covariance_is_the_sum_of_squares_inside_strata(
    drawn: tuple[NDArray[np.intp], Floats],
) -> None:
    strata, totals = drawn
    expected = np.zeros((2, 2))
    for stratum in np.unique(strata):
        here = totals[strata == stratum]
        size = len(here)
        for row in here:
            deviation = row - here.mean(axis=0)
            expected += size / (size - 1) * np.outer(deviation, deviation)
    labels = tuple(str(stratum) for stratum in np.unique(strata))
    computed = Design.of_psus(strata, labels).covariance(totals)
    assert computed == approx(expected, rel=1e-9, abs=1e-6)
    assert np.array_equal(computed, computed.T)


# -- estimates -------------------------------------------------------------------------------


@pytest.fixture
def estimate() -> Estimate:
    return Estimate(
        names=("a", "b", "c"),
        values=np.array([10.0, 4.0, np.nan]),
        covariance=np.array([[4.0, 1.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.0]]),
        degrees_of_freedom=np.array([20.0, 5.0, 0.0]),
    )


def test_standard_errors_are_the_roots_of_the_diagonal(estimate: Estimate) -> None:
    assert estimate.std_errors.tolist() == [2.0, 3.0, 0.0]


def test_a_variance_that_rounding_made_negative_is_zero() -> None:
    tiny = Estimate(("a",), np.array([1.0]), np.array([[-1e-18]]), np.array([3.0]))
    assert tiny.std_errors.tolist() == [0.0]


def test_a_contrast_carries_the_covariance_and_the_fewest_degrees_of_freedom(
    estimate: Estimate,
) -> None:
    matrix = np.array([[1.0, -1.0, 0.0], [2.0, 0.0, 0.0]])
    contrast = estimate.contrast(matrix, ("a - b", "2 a"))
    assert contrast.names == ("a - b", "2 a")
    assert contrast.values.tolist() == [6.0, 20.0]
    # 4 + 9 - 2·1; 2²·4; cov(a - b, 2a) = 2·(4 - 1)
    assert contrast.covariance == approx(np.array([[11.0, 6.0], [6.0, 16.0]]))
    assert contrast.degrees_of_freedom.tolist() == [5.0, 20.0]


def test_only_a_contrast_that_uses_an_undefined_value_is_undefined(estimate: Estimate) -> None:
    contrast = estimate.contrast(np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]), ("a", "a + c"))
    assert contrast.values[0] == 10.0
    assert np.isnan(contrast.values[1])
    assert contrast.degrees_of_freedom.tolist() == [20.0, 0.0]


def test_an_interval_takes_the_t_quantile_of_its_own_degrees_of_freedom(
    estimate: Estimate,
) -> None:
    low, high = estimate.intervals(0.95)
    assert low[:2] == approx([10 - 2.0859634472658364 * 2, 4 - 2.5705818356363141 * 3])
    assert high[:2] == approx([10 + 2.0859634472658364 * 2, 4 + 2.5705818356363141 * 3])
    assert np.isnan([low[2], high[2]]).all()


def test_without_degrees_of_freedom_there_is_no_interval() -> None:
    unknown = Estimate(("a",), np.array([7.0]), np.array([[4.0]]), np.array([0.0]))
    assert np.isnan(np.concatenate(unknown.intervals(0.95))).all()


def test_what_has_no_error_is_its_own_interval() -> None:
    known = Estimate(("a",), np.array([100.0]), np.zeros((1, 1)), np.array([8.0]))
    assert np.concatenate(known.intervals(0.95)).tolist() == [100.0, 100.0]


# R's qt((1 + confidence)/2, df) with 17 digits; scipy 1.13 keeps eleven of them
@pytest.mark.parametrize(
    ("confidence", "degrees", "quantile"),
    [
        (0.95, 1, 12.706204736174694),
        (0.95, 20, 2.0859634472658364),
        (0.95, 30, 2.0422724563012373),
        (0.90, 20, 1.7247182429207857),
        (0.99, 1, 63.656741162871526),
        (0.99, 20, 2.845339709786053),
    ],
)
def test_t_quantiles_are_those_of_the_tables(
    confidence: float, degrees: int, quantile: float
) -> None:
    assert t_quantile(confidence, np.array([float(degrees)])) == approx(quantile, rel=1e-10)


def test_t_quantiles_fall_with_the_degrees_of_freedom_to_the_normal_one() -> None:
    quantiles = t_quantile(0.95, np.array([1.0, 2.0, 10.0, 100.0, 1e9]))
    assert all(more > fewer for more, fewer in pairwise(quantiles))
    assert quantiles[-1] == approx(1.959963984540054, rel=1e-8)


def test_fewer_than_one_degree_of_freedom_has_no_quantile() -> None:
    assert np.isnan(t_quantile(0.95, np.array([0.0, -2.0, 0.5]))).all()


# -- Fieller's interval ----------------------------------------------------------------------


@given(
    numerator=st.floats(-50, 50),
    denominator=st.floats(1, 50),
    variances=st.tuples(st.floats(1e-3, 4), st.floats(1e-3, 4)),
    correlation=st.floats(-0.95, 0.95),
)
def test_fieller_s_ends_are_where_the_contrast_is_just_significant(
    numerator: float, denominator: float, variances: tuple[float, float], correlation: float
) -> None:
    v_nn, v_dd = variances
    v_nd = correlation * float(np.sqrt(v_nn * v_dd))
    t = 2.0
    low, high = (
        float(end[0])
        for end in fieller_interval(
            np.array([numerator]),
            np.array([denominator]),
            np.array([[v_nn, v_nd, v_dd]]),
            np.array([t]),
        )
    )
    if t**2 * v_dd / denominator**2 >= 1 - 1e-6:  # the denominator may be zero
        return
    assert low <= numerator / denominator <= high
    for end in (low, high):
        distance = (numerator - end * denominator) ** 2
        variance = v_nn - 2 * end * v_nd + end**2 * v_dd
        assert distance == approx(t**2 * variance, rel=1e-5, abs=1e-6)


def test_fieller_s_interval_is_absent_where_the_denominator_may_be_zero() -> None:
    low, high = fieller_interval(
        np.array([3.0, 3.0]),
        np.array([1.5, 20.0]),
        np.array([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]),
        np.array([2.0, 2.0]),
    )
    assert np.isnan([low[0], high[0]]).all()
    assert np.isfinite([low[1], high[1]]).all()


def test_fieller_s_interval_is_absent_on_the_very_edge_too() -> None:
    # 2² · 1 / 2² = 1: the quadratic loses its square term
    triple = np.array([[1.0, 0.0, 1.0]])
    ends = fieller_interval(np.array([3.0]), np.array([2.0]), triple, np.array([2.0]))
    assert np.isnan(np.concatenate(ends)).all()


def test_fieller_s_interval_is_wald_s_where_the_denominator_is_known() -> None:
    triple = np.array([[0.25, 0.0, 0.0]])
    low, high = fieller_interval(np.array([3.0]), np.array([2.0]), triple, np.array([2.0]))
    assert [low[0], high[0]] == approx([1.0, 2.0])


# -- the algebra of levels -------------------------------------------------------------------


def test_means_are_sums_over_weights_and_absent_for_nobody() -> None:
    assert means(np.array([4.0, 2.0, 0.0, 0.0])) == approx([0.5, np.nan], nan_ok=True)


@pytest.mark.parametrize("formula", ["weighted_ratios", "ratio_of_composites"])
def test_influences_are_the_derivatives_of_levels(formula: Formula) -> None:
    cell, base = np.array([4.0, 2.0, 5.0, 4.0]), np.array([9.0, 6.0, 8.0, 5.0])
    shares = np.array([0.3, 0.7])
    here = linearise_levels(cell, base, shares, formula)
    step = 1e-6
    for column in range(4):
        for which, part in ((0, here.cell), (1, here.reference)):
            ends: list[Floats] = []
            for sign in (-1, 1):
                moved = (cell.copy(), base.copy())
                moved[which][column] += sign * step
                ends.append(linearise_levels(*moved, shares, formula).levels)
            slope = (ends[1] - ends[0]) / (2 * step)
            assert part[:, column] == approx(slope, rel=1e-6, abs=1e-6)


def test_influences_sum_to_zero_over_the_cell_and_over_the_reference() -> None:
    cell, base = np.array([4.0, 2.0, 5.0, 4.0]), np.array([9.0, 6.0, 8.0, 5.0])
    levels = linearise_levels(cell, base, np.array([0.3, 0.7]), "weighted_ratios")
    assert levels.cell @ cell == approx(0, abs=1e-12)
    assert levels.reference @ base == approx(0, abs=1e-12)


def test_a_level_without_members_has_no_value_and_no_influence() -> None:
    empty = np.array([0.0, 0.0, 3.0, 1.0])
    base = np.array([9.0, 6.0, 8.0, 5.0])
    levels = linearise_levels(empty, base, np.array([0.5, 0.5]), "weighted_ratios")
    assert np.isnan(levels.levels).tolist() == [True, False, True]
    assert not levels.cell[[0, 2]].any()
    assert not levels.reference[[0, 2]].any()
    mean = linearise_means(empty)
    assert np.isnan(mean.levels).tolist() == [True, False]
    assert not mean.cell[0].any()


def test_the_variance_of_a_simple_random_sample_is_that_of_its_mean() -> None:
    y = np.array([0.1, 0.4, 0.9, 0.6])
    vectors = np.column_stack([np.ones(4), y])
    moments = (vectors.T @ vectors)[None]
    mean = linearise_means(vectors.sum(axis=0))
    variance = srs_variance(
        mean, moments, moments, moments, records=np.array([4.0]), weights=np.array([4.0])
    )
    assert variance == approx(y.var(ddof=1) / 4)
