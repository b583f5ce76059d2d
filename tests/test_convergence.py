"""Convergence without sampling error agrees with R, and finds a truth that is known.

The values are in `reference/change_convergence.json`: 1e-9, as those of `years.json`.
"""

from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from divide_index.change.convergence import (
    BetaConvergence,
    RegionWeights,
    SigmaConvergence,
    beta_convergence,
    sigma_convergence,
)
from divide_index.inference.convergence import (
    corrected_slope,
    dispersion,
    jackknife_variance,
    naive_slope,
    slopes_without_each,
    variance_matrix,
)
from divide_index.levels import relative_levels
from divide_index.schema.parts import Break
from divide_index.scoring import score
from divide_index.waves import Samples
from tests.change_samples import change_frame, change_schema, change_waves
from tests.samples import DIMENSIONS, reference
from tests.year_samples import refused

Floats = NDArray[np.float64]

R = reference("change_convergence.json")
KINDS: tuple[Samples, ...] = ("independent", "shared_psus")
WEIGHTS: tuple[RegionWeights, ...] = get_args(RegionWeights)
CASES = [(k, name, weights) for k in KINDS for name in R[k] for weights in WEIGHTS]


def approx(expected: object) -> Any:  # noqa: ANN401
    return pytest.approx(expected, rel=1e-9)


@cache
def sigma_of(kind: Samples, weights: RegionWeights) -> SigmaConvergence:
    return sigma_convergence(change_waves(kind), "region", weights=weights)


@cache
def beta_of(kind: Samples, dimension: str, weights: RegionWeights) -> BetaConvergence:
    return beta_convergence(change_waves(kind), "region", dimension=dimension, weights=weights)


# -- against R -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "dimension", "weights"), CASES)
def test_variances_among_regions_and_their_change_are_those_of_r(
    kind: Samples, dimension: str, weights: RegionWeights
) -> None:
    result = sigma_of(kind, weights)
    expected = R[kind][dimension]["sigma"][weights]
    d = result.dimensions.index(dimension)
    for place, (year, known) in enumerate(expected["years"].items()):
        row = result.row(int(year), dimension)
        assert result.levels[d, place] == approx(R[kind][dimension]["levels"][year])
        assert result.observed[row] == approx(known["observed"])
        assert result.sampling[row] == approx(known["sampling"])
        assert result.estimate.values[row] == approx(known["variance"])
        assert result.estimate.std_errors[row] == approx(known["se"])
        assert result.estimate.degrees_of_freedom[row] == R["meta"]["df"]
    assert result.changes.values[d] == approx(expected["change"]["estimate"])
    assert result.changes.std_errors[d] == approx(expected["change"]["se"])


@pytest.mark.parametrize(("kind", "dimension", "weights"), CASES)
def test_slopes_on_first_levels_are_those_of_r(
    kind: Samples, dimension: str, weights: RegionWeights
) -> None:
    result = beta_of(kind, dimension, weights)
    for method, known in R[kind][dimension]["beta"][weights].items():
        row = result.row(method)
        assert result.estimate.values[row] == approx(known["slope"])
        assert result.estimate.std_errors[row] == approx(known["se"])
        assert result.estimate.degrees_of_freedom[row] == R["meta"]["df"]
        assert result.conf_low[row] == approx(known["lower"])
        assert result.conf_high[row] == approx(known["upper"])
        assert result.p_values[row] == approx(known["p"])
        over = result.row(method, "regions")
        assert result.estimate.values[over] == approx(known["slope"])
        assert result.estimate.std_errors[over] == approx(known["se_regions"])
        assert result.estimate.degrees_of_freedom[over] == R["meta"]["regions"] - 2
    corrected = R[kind][dimension]["beta"][weights]["corrected"]
    assert result.reliability == approx(corrected["reliability"])


def test_the_correction_draws_the_slope_away_from_minus_one() -> None:
    for kind, dimension, weights in CASES:
        result = beta_of(kind, dimension, weights)
        corrected, naive = (result.estimate.values[result.row(m)] for m in ("corrected", "naive"))
        assert -1 < naive < corrected < 0


# -- a truth that is known -----------------------------------------------------------------------


def simulated(
    draws: int, *, catching_up: float, most: float = 6.0
) -> tuple[Floats, Floats, Floats]:
    """Return true levels ``(2, K)``, estimates of them ``(draws, 2, K)``, their covariance.

    Regions' own errors, of standard errors up to ``most``, are in part the same in both years; one
    of a reference is in common.
    """
    rng = np.random.default_rng(20251126)
    regions = 40
    first = rng.normal(85, 6, regions)
    truth = np.stack([first, first + 3 + catching_up * (first - 85) + rng.normal(0, 1, regions)])
    own = np.diag(rng.uniform(most / 3, most, regions) ** 2)
    one = np.block([[own, 0.3 * own], [0.3 * own, own]])
    shared = np.ones((regions, regions))
    covariance = one + 4 * np.block([[shared, 0.2 * shared], [0.2 * shared, shared]])
    errors = rng.multivariate_normal(np.zeros(2 * regions), covariance, draws)
    return truth, truth + errors.reshape(draws, 2, regions), covariance


def slope_of(truth: Floats) -> float:
    """Return the least squares slope of true changes on true first levels."""
    return float(np.polyfit(truth[0], truth[1] - truth[0], 1)[0])


@pytest.mark.parametrize("catching_up", [0.0, -0.2])
def test_the_corrected_slope_finds_a_truth_that_least_squares_misses(catching_up: float) -> None:
    truth, estimates, covariance = simulated(1500, catching_up=catching_up, most=3.0)
    weights, known = np.ones(truth.shape[1]), slope_of(truth)
    found = [corrected_slope(y[0], y[1], covariance, weights) for y in estimates]
    naive = np.array([naive_slope(y[0], y[1], covariance, weights).value for y in estimates])
    slopes = np.array([each.value for each in found])
    chance = slopes.std() / np.sqrt(slopes.size)
    assert slopes.mean() == pytest.approx(known, abs=4 * chance + 0.005)  # a ratio: a small bias
    assert naive.mean() < known - 0.04
    errors = np.sqrt([each.variance for each in found])
    assert np.median(errors) == pytest.approx(slopes.std(), rel=0.1)
    covered = np.mean(np.abs(slopes - known) < 1.96 * errors)
    assert 0.94 < covered < 0.985  # linearised errors are somewhat too large


def test_both_moments_of_the_corrected_slope_are_unbiased_however_large_the_errors() -> None:
    truth, estimates, covariance = simulated(3000, catching_up=-0.2)
    weights = np.ones(truth.shape[1])
    product = np.cov(truth[0], truth[1] - truth[0])[0]  # with itself, and with the change
    found = np.array([corrected_slope(y[0], y[1], covariance, weights).moments for y in estimates])
    chance = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - product[::-1]) < 4 * chance).all()
    naive = np.array([naive_slope(y[0], y[1], covariance, weights).moments for y in estimates])
    assert (np.abs(naive.mean(axis=0) - product[::-1]) > 20 * chance).all()


def test_the_corrected_variance_finds_a_truth_that_the_observed_one_misses() -> None:
    truth, estimates, covariance = simulated(3000, catching_up=-0.2)
    weights = np.ones(truth.shape[1])
    known = np.var(truth, axis=1, ddof=1)
    found = [dispersion(each, covariance, weights) for each in estimates]
    corrected = np.array([each.corrected for each in found])
    chance = corrected.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(corrected.mean(axis=0) - known) < 4 * chance).all()
    observed = np.mean([each.observed for each in found], axis=0)
    assert (observed > known + 10).all()
    # Var(y'Ay) = 4 θ'AVAθ + 2 tr(AVAV); linearised it is 2 tr(AVAV) more, on average.
    size, matrix = truth.shape[1], variance_matrix(weights)
    for t in range(2):
        product = matrix @ covariance[t * size : (t + 1) * size, t * size : (t + 1) * size]
        excess = 2 * np.trace(product @ product)
        mean = np.mean([each.covariance[t, t] for each in found])
        exact = float(4 * truth[t] @ product @ matrix @ truth[t]) + excess
        assert mean == pytest.approx(exact + excess, rel=0.03)
        assert corrected[:, t].var() == pytest.approx(exact, rel=0.1)


def test_regions_that_do_not_differ_have_a_variance_about_zero_not_above_it() -> None:
    _, estimates, covariance = simulated(3000, catching_up=0.0)
    errors = estimates - estimates.mean(axis=0)
    weights = np.ones(errors.shape[2])
    found = np.array([dispersion(85 + e, covariance, weights).corrected[0] for e in errors])
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(found.size)
    assert 0.3 < np.mean(found < 0) < 0.7


# -- identities --------------------------------------------------------------------------------


@st.composite
def regions(draw: st.DrawFn) -> tuple[Floats, Floats, Floats, Floats]:
    """Draw levels of two years, a covariance of them, and weights of the regions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(5, 20))
    first = rng.normal(80, 8, size)
    last = first + rng.normal(2, 3, size)
    root = rng.normal(0, draw(st.sampled_from((0.01, 0.5))), (2 * size, 2 * size))
    return first, last, root @ root.T, rng.uniform(0.2, 5, size)


@given(regions())
def test_without_sampling_error_the_slope_is_that_of_least_squares(
    drawn: tuple[Floats, Floats, Floats, Floats],
) -> None:
    first, last, covariance, weights = drawn
    nothing = 0 * covariance
    slope = float(np.polyfit(first, last - first, 1, w=np.sqrt(weights))[0])
    for estimator in (corrected_slope, naive_slope):
        found = estimator(first, last, nothing, weights)
        assert found.value == pytest.approx(slope, abs=1e-9)
        assert found.variance == 0
    equal = np.full(first.size, 0.7)
    plain = float(np.polyfit(first, last - first, 1)[0])
    assert corrected_slope(first, last, nothing, equal).value == pytest.approx(plain, abs=1e-9)
    found = dispersion(np.stack([first, last]), nothing, equal)
    assert found.corrected == approx([first.var(ddof=1), last.var(ddof=1)])
    both = [
        slopes_without_each(*drawn[:2], nothing, weights, is_corrected=c) for c in (True, False)
    ]
    assert both[0] == pytest.approx(both[1], abs=1e-12)
    left_out = np.polyfit(first[1:], (last - first)[1:], 1, w=np.sqrt(weights[1:]))[0]
    assert both[0][0] == pytest.approx(float(left_out), abs=1e-9)


@given(regions(), st.floats(0.1, 10), st.floats(-50, 50))
def test_neither_unit_nor_origin_moves_a_slope(
    drawn: tuple[Floats, Floats, Floats, Floats], unit: float, origin: float
) -> None:
    first, last, covariance, weights = drawn
    here = corrected_slope(first, last, covariance, weights)
    there = corrected_slope(
        unit * first + origin, unit * last + origin, unit**2 * covariance, 3 * weights
    )
    if here.moments[1] > 1:
        assert there.value == pytest.approx(here.value, rel=1e-6, abs=1e-8)
        assert there.variance == pytest.approx(here.variance, rel=1e-6, abs=1e-12)


@given(regions(), st.floats(0, 100))
def test_an_error_in_common_to_all_regions_adds_nothing(
    drawn: tuple[Floats, Floats, Floats, Floats], shared: float
) -> None:
    first, last, covariance, weights = drawn
    levels = np.stack([first, last])
    here = dispersion(levels, covariance, weights)
    there = dispersion(levels, covariance + shared, weights)
    assert there.sampling == pytest.approx(here.sampling, rel=1e-8, abs=1e-8)
    assert there.covariance == pytest.approx(here.covariance, rel=1e-6, abs=1e-6)


def test_a_jackknife_without_one_of_its_slopes_is_none() -> None:
    assert np.isnan(jackknife_variance(np.array([0.1, np.nan, 0.2])))
    assert jackknife_variance(np.array([1.0, 2.0, 3.0])) == approx(2 / 3 * 2)


# -- what is asked for ---------------------------------------------------------------------------


def test_levels_are_those_of_the_regions_and_variances_of_a_year_can_be_shown() -> None:
    waves = change_waves()
    result = sigma_convergence(waves, "region", first=2024)
    assert result.years == (2024, 2025)
    for place, year in enumerate(result.years):
        levels = relative_levels(score(waves.surveys[year]), "region")
        for d, name in enumerate(result.dimensions):
            rows = [
                levels.estimate.names.index(f"region/{cell.category}/{name}")
                for cell in result.cells
            ]
            assert result.levels[d, place] == approx(levels.estimate.values[rows])
    changes, years = result.to_frame(), result.years_frame()
    assert [*changes.columns] == [
        *("domain", "dimension", "first", "last", "regions", "change"),
        *("std_error", "conf_low", "conf_high", "df", "p_value"),
    ]
    assert changes["dimension"].tolist() == [*DIMENSIONS, "overall"]
    assert years["year"].tolist() == [2024, 2025] * 4
    corrected = years["observed"].to_numpy() - years["sampling"].to_numpy()
    assert years["variance"].to_numpy() == approx(corrected)
    assert years["std_deviation"].to_numpy() == approx(np.sqrt(corrected))
    assert not years["truncated"].any()
    assert "std_deviation" in str(result)
    assert result._repr_html_().startswith("<table")


def test_the_frame_of_slopes_says_what_each_error_counts() -> None:
    result = beta_convergence(change_waves(), "region")
    frame = result.to_frame()
    assert [*frame.columns] == [
        *("domain", "dimension", "first", "last", "regions", "method", "errors", "slope"),
        *("std_error", "conf_low", "conf_high", "df", "p_value", "reliability"),
    ]
    assert frame["method"].tolist() == ["corrected"] * 2 + ["naive"] * 2
    assert frame["errors"].tolist() == ["sampling", "regions"] * 2
    levels = sigma_convergence(change_waves(), "region")
    assert result.levels == approx(levels.levels[-1, [0, -1]])
    joint = relative_levels(score(change_waves().surveys[2025]), "region").estimate
    row = joint.names.index("region/8/overall")
    assert result.std_errors[1, 7] == approx(joint.std_errors[row])
    assert "reliability" in str(result)
    assert result._repr_html_().startswith("<table")


def test_regions_of_a_group_and_parts_of_regions_are_regions_too() -> None:
    waves = change_waves()
    of_group = sigma_convergence(waves, "region", group="farmers")
    levels = relative_levels(score(waves.surveys[2025]), "region", groups=["farmers"])
    names = [f"group*region/{cell.category}/overall" for cell in of_group.cells]
    rows = [levels.estimate.names.index(name) for name in names]
    assert len(rows) == 8
    assert of_group.levels[-1, -1] == approx(levels.estimate.values[rows])
    crossed = sigma_convergence(waves, "age_group*area")
    assert [cell.domain for cell in crossed.cells] == ["age_group*area"] * 6


# -- what is refused -----------------------------------------------------------------------------


def test_levels_that_differ_by_sampling_error_alone_have_no_slope_but_a_variance() -> None:
    frame = change_frame()
    for name in DIMENSIONS:  # in every region the mean of the nation
        here = (frame["sample"] == "general") & (frame["year"] == 2023) & frame[name].notna()
        part = frame[here]
        products = (part[name] * part["weight"]).groupby(part["region"]).sum()
        means = products / part.groupby("region")["weight"].sum()
        frame.loc[here, name] = part[name] - part["region"].map(means) + 50
    frame[[*DIMENSIONS]] = frame[[*DIMENSIONS]].clip(0, 100)
    waves = change_waves(frame=frame)
    with refused("DI-E385", dimension="capability", year=2023):
        beta_convergence(waves, "region", dimension="capability")
    result = sigma_convergence(waves, "region")
    row = result.row(2023, "capability")
    assert result.estimate.values[row] < 0
    assert result.is_truncated[row]
    assert result.std_deviations[row] == 0
    assert result.years_frame()["truncated"].sum() >= 1
    assert result.years_frame()["variance"][row] < 0


def test_fewer_than_five_regions_are_refused() -> None:
    with refused("DI-E384", domain="area", count=2, least=5):
        sigma_convergence(change_waves(), "area")
    with refused("DI-E384", domain="age_group", count=3):
        beta_convergence(change_waves(), "age_group")


def test_a_region_whose_sampling_error_is_not_known_is_refused() -> None:
    frame = change_frame()
    lost = (frame["sample"] == "general") & (frame["region"] == 8) & (frame["psu"] > 21)
    with refused("DI-E386", regions=["8"]):
        sigma_convergence(change_waves(frame=frame[~lost]), "region")


def test_a_region_that_a_year_lacks_is_refused_by_name() -> None:
    frame = change_frame()
    lost = (frame["region"] == 3) & (frame["year"] == 2024)
    waves = change_waves(frame=frame[~lost])
    with refused("DI-E382", cells=["region/3"], years=[2024]):
        sigma_convergence(waves, "region")
    assert len(beta_convergence(waves, "region").cells) == 8  # of the first and last year alone


def test_a_break_between_the_years_is_refused_by_name() -> None:
    found = Break(year=2025, group=None, kind="sample", source="test")
    schema = change_schema().model_copy(update={"breaks": {"renewed": found}})
    waves = change_waves(schema=schema)
    with refused("DI-E381", breaks=["renewed (2025)"], first=2023, last=2025):
        sigma_convergence(waves, "region")
    assert sigma_convergence(waves, "region", last=2024).years == (2023, 2024)


def test_unknown_options_are_refused() -> None:
    waves: Any = change_waves()
    for option, value in (("formula", "product"), ("weights", "area"), ("by", "group*region")):
        options: dict[str, Any] = {"by": "region", option: value}
        with refused("DI-E117", option=option, value=value):
            sigma_convergence(waves, **options)
    with refused("DI-E117", option="dimension", value="skills"):
        beta_convergence(waves, "region", dimension="skills")
    with refused("DI-E124", domain="regoin"):
        beta_convergence(waves, "regoin")
    with refused("DI-E123", group="farmer"):
        beta_convergence(waves, "region", group="farmer")
    with refused("DI-E380", first=2025, last=2023):
        sigma_convergence(waves, "region", first=2025, last=2023)
