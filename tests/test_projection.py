"""Where a published series may go, and how far a target is, as arrays."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from statsmodels.api import OLS, add_constant

from divide_index import history
from divide_index.errors import EstimationError
from divide_index.inference.projection import (
    BACK_TESTED,
    DAMPED,
    GAP_CLOSING,
    LINEAR,
    LOGIT,
    NO_CHANGE,
    Forecast,
    Model,
    ProbabilityRange,
    Series,
    SeriesBreak,
    SimulatedForecast,
    Window,
    best_pace,
    is_defined,
    models_of,
    pace,
    probability_range,
    project,
    required_pace,
    rolling_origin,
    segments,
    windows,
)
from tests.examples import examples
from tests.samples import reference

approx = pytest.approx
Floats = NDArray[np.float64]

GROUPS = ("disabled", "older_adults", "low_income", "farmers_fishers")
PUBLISHED_ERROR = 1.4 / 1.96  # of persons with disabilities, the only margins known
BY_NAME = {model.name: model for model in BACK_TESTED}
TARGET, TARGET_YEAR = 83.0, 2027


@cache
def published(
    group: str, first: int = 2017, *, std_error: float = PUBLISHED_ERROR, broken: bool = True
) -> Series:
    """Return the overall levels of a group, as packaged, with its declared breaks."""
    levels, breaks = history.published_levels(), history.series_breaks()
    rows = levels[(levels["group"] == group) & (levels["dimension"] == "overall")]
    rows = rows[rows["year"] >= first].sort_values("year")
    ours = breaks[breaks["group"].isin(["all", group])]
    found = zip(ours["year"], ours["kind"], strict=True)
    return Series(
        rows["year"].to_numpy(),
        rows["level"].to_numpy(),
        std_error,
        tuple(SeriesBreak(int(year), str(kind)) for year, kind in found) if broken else (),
    )


def series_of(
    levels: ArrayLike,
    *,
    first: int = 2001,
    std_error: float = 1.0,
    breaks: Sequence[SeriesBreak] = (),
) -> Series:
    """Return levels of consecutive years."""
    values = np.asarray(levels, dtype=np.float64)
    return Series(first + np.arange(values.size, dtype=np.int64), values, std_error, tuple(breaks))


def any_series(smallest: float = 20.0, largest: float = 95.0) -> st.SearchStrategy[Series]:
    """Draw from three to nine levels, with the odd year missing before the last three."""
    level = st.floats(smallest, largest, allow_nan=False).map(lambda value: round(value, 3))

    @st.composite
    def drawn(draw: st.DrawFn) -> Series:
        levels = draw(st.lists(level, min_size=3, max_size=9))
        steps = draw(st.lists(st.integers(1, 2), min_size=len(levels), max_size=len(levels)))
        steps[-2:] = [1, 1]
        years = draw(st.integers(1990, 2040)) + np.cumsum(steps, dtype=np.int64)
        return Series(years, np.array(levels), draw(st.floats(0.05, 3.0)))

    return drawn()


# -- the published series ----------------------------------------------------------------------


def test_the_farmers_series_has_the_paces_of_the_method() -> None:
    """Required 1.20 points a year from 2025; 0.57 a year since 2022, which ends at 81.7."""
    farmers = published("farmers_fishers")
    required = required_pace(float(farmers.levels[-1]), 2025, TARGET, TARGET_YEAR)
    assert (required.status, required.years_left) == ("open", 2)
    assert required.per_year == approx(1.20, abs=1e-9)
    kept = pace(farmers, 3)
    assert (kept.first, kept.last) == (2022, 2025)
    assert kept.per_year == approx(1.7 / 3, abs=1e-9)
    assert round(kept.per_year, 2) == 0.57
    assert round(kept.ends_at(80.6, 2025, TARGET_YEAR), 1) == 81.7


@pytest.mark.parametrize(("first", "ends_at"), [(2020, 82.0), (2017, 86.8)])
def test_the_linear_model_ends_where_the_method_says(first: int, ends_at: float) -> None:
    """From 2017 it crosses the break of 2020, which only a series without breaks can do."""
    farmers = published("farmers_fishers", first, broken=False)
    assert round(project(farmers, LINEAR, TARGET_YEAR).mean, 1) == ends_at


def test_the_back_test_has_the_errors_of_the_method() -> None:
    """Means over 12, 8 and 4 forecasts of four groups, from three origins or fewer."""
    known = {
        LINEAR: (0.201, 0.366, 0.475),
        Model("drift", 2): (0.146, 0.338, 0.488),
        NO_CHANGE: (0.575, 1.150, 1.725),
    }
    found = rolling_origin([published(group) for group in GROUPS], 2020, 2025, models=[*known])
    assert found.window == Window(2020, 2025, 6)
    assert found.horizons == (1, 2, 3)
    # The means lie on half a thousandth (.3375): three decimals hold to half of the last.
    assert found.mean_absolute_errors == approx(np.array([*known.values()]), abs=5e-4 + 1e-9)
    assert found.forecasts.tolist() == [[12, 8, 4]] * 3
    assert found.origins.tolist() == [[3, 2, 1]] * 3


def test_a_back_test_across_the_breaks_reverses_the_ranking() -> None:
    """The method's 4.2, 6.7 and 9.4: levels from 2016, and five of them before an origin."""
    four = [published(group, 2016, broken=False) for group in GROUPS]
    models = [LINEAR, Model("drift", 2), NO_CHANGE]
    found = rolling_origin(four, 2016, 2025, points=5, models=models)
    errors = found.mean_absolute_errors
    assert [round(float(error), 1) for error in errors[0]] == [4.2, 6.7, 9.4]
    assert (errors[0] > errors[1]).all()
    assert (errors[0] > errors[2]).all()
    with pytest.raises(EstimationError, match="DI-E310"):
        rolling_origin([published(group) for group in GROUPS], 2017, 2025)


def test_the_range_for_the_farmers_holds_every_model_in_every_window() -> None:
    found = probability_range(published("farmers_fishers"), TARGET, TARGET_YEAR)
    starts = {outcome.window.first for outcome in found.outcomes}
    assert starts == {2020, 2021, 2022, 2023}
    assert all(outcome.window.last == 2025 for outcome in found.outcomes)
    assert {outcome.model.name for outcome in found.outcomes} == set(BY_NAME)
    of_longest = [outcome.model for outcome in found.outcomes if outcome.window.first == 2020]
    drifts = [Model("drift", span) for span in (2, 3, 4, 5)]
    assert of_longest == [NO_CHANGE, *drifts, LINEAR, LOGIT, GAP_CLOSING, DAMPED]
    values = [outcome.probability.value for outcome in found.outcomes]
    assert found.lowest.probability.value == min(values)
    assert found.highest.probability.value == max(values)
    assert (found.lowest.model, found.highest.model) == (NO_CHANGE, Model("drift", 2))
    assert found.lowest.window == found.highest.window == Window(2020, 2025, 6)
    assert found.std_error == PUBLISHED_ERROR
    assert found.left_out == ()


# -- closed forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("level", [79.0, 80.6, 83.0, 86.0])
def test_probabilities_of_no_change_and_drift_are_closed_forms(horizon: int, level: float) -> None:
    """Against the normal integral of the sampling errors, written out, to 1e-6."""
    farmers = published("farmers_fishers").within(2020, 2025)
    s, year = farmers.std_error, 2025 + horizon
    known = ndtr((80.6 - level) / (s * math.sqrt(2)))
    assert project(farmers, NO_CHANGE, year).reaching(level).value == approx(known, abs=1e-6)
    for span, start in ((1, 80.0), (2, 79.5), (3, 78.9), (5, 77.3)):
        ends = 80.6 + horizon * (80.6 - start) / span
        share = horizon / span
        spread = s * math.sqrt((1 + share) ** 2 + share**2 + 1)
        found = project(farmers, Model("drift", span), year).reaching(level)
        assert found.value == approx(ndtr((ends - level) / spread), abs=1e-6)
        assert found.monte_carlo_error == 0


@pytest.mark.parametrize("model", [NO_CHANGE, Model("drift", 1), Model("drift", 3), LINEAR])
def test_probabilities_are_those_of_simulated_surveys(model: Model) -> None:
    """Levels on their true course, published with errors: how often the next is so far ahead."""
    draws, s, year, horizon = 200_000, 0.7, 2008, 2
    slope = 0.0 if model is NO_CHANGE else 0.6
    truth = 70 + slope * np.arange(6 + horizon)
    stream = np.random.default_rng(5)
    seen = truth + s * stream.standard_normal((draws, truth.size))
    # What is projected is linear in what was published: every year's part in it.
    bases = [project(series_of(row, std_error=9.0), model, year).mean for row in np.eye(6)]
    ahead = seen[:, -1] - seen[:, :6] @ np.array(bases)
    forecast = project(series_of(truth[:6], std_error=s), model, year)
    assert forecast.mean == approx(truth[-1], abs=1e-9)
    assert ahead.var() == approx(forecast.variance, rel=4 * math.sqrt(2 / draws))
    for distance in (-1.0, 0.0, 0.5, 1.5, 3.0):
        expected = forecast.reaching(forecast.mean + distance).value
        error = math.sqrt(expected * (1 - expected) / draws)
        assert float((ahead >= distance).mean()) == approx(expected, abs=4 * error)


@settings(max_examples=examples(40))
@given(any_series(), st.integers(1, 4))
def test_a_linear_fit_and_its_leverage_are_those_of_statsmodels(
    series: Series, horizon: int
) -> None:
    year = series.last + horizon
    fit = OLS(series.levels, add_constant(series.years - 2000.0)).fit()
    there = fit.get_prediction(np.array([[1.0, year - 2000.0]]))
    leverage = there.var_pred_mean[0] / fit.mse_resid if fit.mse_resid > 1e-12 else None
    found = project(series, LINEAR, year)
    assert found.mean == approx(float(there.predicted_mean[0]), abs=1e-6)
    if leverage is not None:
        larger = max(fit.mse_resid, series.std_error**2)
        assert found.variance == approx(larger * (1 + leverage), rel=1e-6)


# -- against R ---------------------------------------------------------------------------------


def rows_of(part: str) -> list[dict[str, Any]]:
    """Return the rows of one table that R wrote."""
    return pd.DataFrame(reference("projection.json")[part]).to_dict("records")  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize("model", [LINEAR, LOGIT, GAP_CLOSING])
def test_fits_their_variances_intervals_and_probabilities_are_those_of_r(model: Model) -> None:
    """R's `lm` and `predict`, once with the residual scatter and once with the larger error s."""
    known = [row for row in rows_of("projections") if row["model"] == model.name]
    assert {(row["df"] > 0) for row in known} == {True, False}
    for row in known:
        series = published(row["group"], std_error=row["s"]).within(row["first"], 2025)
        found = project(series, model, 2025 + row["h"])
        assert isinstance(found, Forecast)
        assert found.degrees_of_freedom == (row["df"] or np.inf)
        assert found.mean == approx(row["value"], rel=1e-9)
        assert found.variance == approx(row["variance"], rel=1e-9)
        assert found.std_error == approx(math.sqrt(row["variance"]), rel=1e-9)
        assert found.interval(0.95) == approx((row["low"], row["high"]), rel=1e-9)
        assert found.reaching(TARGET).value == approx(row["reaching"], abs=1e-9)


def test_intervals_by_the_residual_scatter_are_those_that_r_predicts() -> None:
    for row in rows_of("predict_intervals"):
        series = published(row["group"], std_error=0.001).within(row["first"], 2025)
        found = project(series, LINEAR, 2025 + row["h"])
        assert found.interval(0.95) == approx((row["low"], row["high"]), rel=1e-9)


def test_back_tests_and_their_coverage_are_those_of_r() -> None:
    models = BY_NAME | {"drift2": Model("drift", 2)}
    cells = rows_of("back_tests")
    for start in range(0, len(cells), 3):  # one model in one window at horizons 1, 2, 3
        row, part = cells[start], cells[start : start + 3]
        four = [published(group, 2016, std_error=row["s"], broken=False) for group in GROUPS]
        model, window = models[row["model"]], (row["first"], row["last"])
        found = rolling_origin(four, *window, models=[model], points=row["points"])
        known = {name: np.array([cell[name] for cell in part]) for name in row}
        assert found.horizons == tuple(known["h"])
        assert found.mean_absolute_errors[0] == approx(known["mae"], abs=1e-9, nan_ok=True)
        assert (found.forecasts[0] == known["forecasts"]).all()
        assert (found.origins[0] == known["origins"]).all()
        if model in {LINEAR, LOGIT, GAP_CLOSING}:
            assert found.coverage[0] == approx(known["coverage"], nan_ok=True)
    assert {cell["coverage"] for cell in cells} >= {1.0, 0.75, 0.5}  # not every interval held


# -- the damped drift --------------------------------------------------------------------------


def integrated(series: Series, horizon: int, level: float) -> tuple[float, float, float]:
    """Return mean, variance and probability of a damped drift by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    means, variances, reaching = [], [], []
    for span in range(2, series.years.size):
        reach = sum((0.75 + 0.25 * nodes) ** i for i in range(1, horizon + 1)) / span
        mean = series.levels[-1] + reach * (series.levels[-1] - series.levels[-1 - span])
        variance = series.std_error**2 * ((1 + reach) ** 2 + reach**2 + 1)
        means.append(mean)
        variances.append(variance)
        reaching.append(ndtr((mean - level) / np.sqrt(variance)))
    each = np.array(means)
    whole = float(np.mean(each @ weights / 2))
    spread = float(np.mean(((each - whole) ** 2 + np.array(variances)) @ weights / 2))
    return whole, spread, float(np.mean(np.array(reaching) @ weights / 2))


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("first", [2020, 2022, 2023])
def test_a_simulated_drift_is_within_its_error_of_the_integral(first: int, horizon: int) -> None:
    series = published("farmers_fishers").within(first, 2025)
    found = project(series, DAMPED, 2025 + horizon, draws=40_000)
    assert isinstance(found, SimulatedForecast)
    for level in (81.0, TARGET, 85.0):
        mean, variance, expected = integrated(series, horizon, level)
        probability = found.reaching(level)
        assert 0 < probability.monte_carlo_error < 0.002
        assert probability.value == approx(expected, abs=4 * probability.monte_carlo_error)
        assert found.mean == approx(mean, abs=4 * found.mean_error)
        assert found.variance == approx(variance, rel=0.02)
        assert found.std_error == approx(math.sqrt(found.variance), rel=1e-12)
    low, high = found.interval(0.9)
    assert integrated(series, horizon, low)[2] == approx(0.95, abs=0.005)
    assert integrated(series, horizon, high)[2] == approx(0.05, abs=0.005)


def test_the_monte_carlo_error_is_the_spread_between_seeds() -> None:
    series = published("farmers_fishers").within(2020, 2025)
    each = [
        project(series, DAMPED, TARGET_YEAR, seed=seed, draws=400).reaching(TARGET)
        for seed in range(400)
    ]
    spread = float(np.std([probability.value for probability in each], ddof=1))
    stated = float(np.mean([probability.monte_carlo_error for probability in each]))
    assert stated == approx(spread, rel=0.15)  # the spread itself is known to 3.5 %


def test_a_seed_draws_the_same_again() -> None:
    series = published("farmers_fishers").within(2020, 2025)

    def drawn(seed: int) -> Floats:
        found = project(series, DAMPED, TARGET_YEAR, seed=seed, draws=50)
        assert isinstance(found, SimulatedForecast)
        assert (found.seed, found.draws) == (seed, 50)
        return found.means

    assert (drawn(3) == drawn(3)).all()
    assert (drawn(3) != drawn(4)).any()


def test_a_drift_that_has_one_span_and_no_course_is_no_change() -> None:
    """Three equal levels: every draw says the same, and sampling errors alone spread it."""
    series = series_of([70.0, 70.0, 70.0])
    found = project(series, DAMPED, 2004)
    assert found.mean == approx(70.0, abs=1e-12)
    assert found.reaching(70.0).value == approx(0.5, abs=1e-12)
    low, high = found.interval(0.95)
    assert (low + high) / 2 == approx(70.0, abs=1e-6)
    assert 2.1 < found.variance < 2.1 + 1  # s² [(1 + φ/2)² + (φ/2)² + 1], φ from 0.5 to 1


# -- identities --------------------------------------------------------------------------------


@settings(max_examples=examples(25))
@given(any_series(), st.integers(-300, 300), st.integers(1, 4))
def test_shifting_all_years_changes_nothing(series: Series, shift: int, horizon: int) -> None:
    later = replace(series, years=series.years + shift)
    for model in models_of(series):
        here = project(series, model, series.last + horizon, draws=100)
        there = project(later, model, later.last + horizon, draws=100)
        assert there.mean == approx(here.mean, rel=1e-9, abs=1e-9)
        assert there.variance == approx(here.variance, rel=1e-9)


@settings(max_examples=examples(25))
@given(any_series(), st.integers(1, 4), st.floats(20, 110), st.floats(0.01, 5))
def test_a_higher_level_is_never_more_likely(
    series: Series, horizon: int, level: float, more: float
) -> None:
    for model in models_of(series):
        found = project(series, model, series.last + horizon, draws=100)
        low, high = found.reaching(level).value, found.reaching(level + more).value
        assert 0 <= high <= low <= 1


@settings(max_examples=examples(25))
@given(any_series(), st.integers(1, 4), st.sampled_from([0.5, 0.8, 0.95]))
def test_an_interval_holds_what_its_confidence_says(
    series: Series, horizon: int, confidence: float
) -> None:
    for model in models_of(series):
        found = project(series, model, series.last + horizon, draws=100)
        low, high = found.interval(confidence)
        assert found.reaching(low).value == approx((1 + confidence) / 2, abs=1e-8)
        assert found.reaching(high).value == approx((1 - confidence) / 2, abs=1e-8)


@settings(max_examples=examples(25))
@given(st.floats(30, 70), st.floats(-2, 2), st.integers(3, 8), st.integers(1, 5), st.floats(0.1, 2))
def test_a_straight_series_is_projected_exactly(
    start: float, slope: float, points: int, horizon: int, s: float
) -> None:
    series = series_of(start + slope * np.arange(points), std_error=s)
    exact = start + slope * (points - 1 + horizon)
    for model in (LINEAR, *(Model("drift", span) for span in range(1, points))):
        found = project(series, model, series.last + horizon)
        assert found.mean == approx(exact, abs=1e-9)
        assert isinstance(found, Forecast)
        assert found.degrees_of_freedom == np.inf


@settings(max_examples=examples(25))
@given(
    st.sampled_from([LOGIT, GAP_CLOSING]),
    st.floats(-1.5, 2),
    st.floats(-0.2, 0.2),
    st.integers(3, 8),
    st.integers(1, 5),
)
def test_a_series_straight_on_its_own_scale_is_projected_exactly(
    model: Model, start: float, slope: float, points: int, horizon: int
) -> None:
    eta = start + slope * np.arange(points + horizon)
    whole = 100 / (1 + np.exp(-eta)) if model is LOGIT else 100 - 20 * np.exp(0.3 * eta)
    series = series_of(whole[:points])
    assert project(series, model, series.last + horizon).mean == approx(whole[-1], abs=1e-8)


@settings(max_examples=examples(25))
@given(any_series(), st.integers(1, 3))
def test_a_drift_as_far_ahead_as_back_mirrors_the_level(series: Series, span: int) -> None:
    model = Model("drift", span)
    if not is_defined(model, series):
        with pytest.raises(EstimationError, match="DI-E317"):
            project(series, model, series.last + 1)
        return
    found = project(series, model, series.last + span)
    start = float(series.level_in(series.last - span)[0])
    assert found.mean == approx(2 * series.levels[-1] - start, abs=1e-9)
    assert found.variance == approx(6 * series.std_error**2, rel=1e-12)


@settings(max_examples=examples(25))
@given(any_series(), st.integers(1, 4), st.floats(0.2, 1.0))
def test_the_unit_of_levels_does_not_matter_without_a_ceiling(
    series: Series, horizon: int, unit: float
) -> None:
    other = replace(series, levels=unit * series.levels, std_error=unit * series.std_error)
    level = float(series.levels.max())
    for model in (NO_CHANGE, LINEAR, DAMPED):
        here = project(series, model, series.last + horizon, draws=100).reaching(level)
        there = project(other, model, series.last + horizon, draws=100).reaching(unit * level)
        assert there.value == approx(here.value, abs=1e-9)


@settings(max_examples=examples(25))
@given(any_series(), st.integers(1, 4), st.floats(1.0, 3.0))
def test_a_larger_error_never_makes_a_variance_smaller(
    series: Series, horizon: int, times: float
) -> None:
    larger = replace(series, std_error=times * series.std_error)
    for model in models_of(series):
        here = project(series, model, series.last + horizon, draws=100).variance
        assert project(larger, model, series.last + horizon, draws=100).variance >= here
        assert here > series.std_error**2  # of the new survey alone


def test_known_errors_give_the_coverage_that_was_asked_for() -> None:
    """Four hundred series on a straight course: 90 % intervals hold nine in ten."""
    stream = np.random.default_rng(11)
    truth = 60 + 0.8 * np.arange(5)
    many = [series_of(truth + 0.7 * stream.standard_normal(5), std_error=0.7) for _ in range(400)]
    models = [Model("drift", 2), Model("drift", 3), LINEAR]
    found = rolling_origin(many, 2001, 2005, models=models, horizons=[1], points=4, confidence=0.9)
    assert found.forecasts.tolist() == [[400]] * 3
    error = math.sqrt(0.9 * 0.1 / 400)
    assert found.coverage[:2, 0] == approx(0.9, abs=4 * error)
    assert found.coverage[2, 0] >= 0.9 - 4 * error  # takes the residual scatter where it is larger


# -- windows -----------------------------------------------------------------------------------


def test_a_window_across_a_break_is_refused_by_its_name() -> None:
    farmers = published("farmers_fishers", 2014)
    for first, last in ((2016, 2025), (2014, 2020)):
        with pytest.raises(EstimationError, match="DI-E310") as caught:
            farmers.within(first, last)
        assert dict(caught.value.params) == {
            "first": first,
            "last": last,
            "breaks": ["2017 (method)", "2020 (unexplained)"],
        }
    with pytest.raises(EstimationError, match=r"DI-E310 .* 2020 \(unexplained\)"):
        farmers.within(2019, 2020)
    assert farmers.within(2020, 2025).years.tolist() == [*range(2020, 2026)]
    assert farmers.within(2017, 2019).levels.tolist() == [64.8, 69.8, 70.6]


def test_nothing_is_carried_across_a_break_declared_for_a_later_year() -> None:
    """A survey to be changed in 2027 ends what the years before can tell."""
    series = series_of([70, 71, 72.5], first=2023, breaks=[SeriesBreak(2027, "new questions")])
    assert project(series, LINEAR, 2026).mean > 72.5
    for model in BACK_TESTED:
        with pytest.raises(EstimationError, match=r"DI-E310 .*2027 \(new questions\)"):
            project(series, model, 2027)
    with pytest.raises(EstimationError, match="DI-E310"):
        probability_range(series, 80.0, 2030)
    assert len(windows(series.years, series.breaks)) == 1


def test_windows_of_the_farmers_are_those_since_2020() -> None:
    farmers = published("farmers_fishers", 2014)
    assert windows(farmers.years, farmers.breaks) == (
        Window(2020, 2025, 6),
        Window(2021, 2025, 5),
        Window(2022, 2025, 4),
        Window(2023, 2025, 3),
    )
    assert segments(farmers.years, farmers.breaks) == (
        Window(2014, 2016, 3),
        Window(2017, 2019, 3),
        Window(2020, 2025, 6),
    )


@settings(max_examples=examples(50))
@given(any_series(), st.lists(st.integers(1985, 2065), max_size=4), st.integers(1, 5))
def test_no_window_holds_a_break(series: Series, breaks: list[int], points: int) -> None:
    declared = [SeriesBreak(year, "any") for year in breaks]
    years = series.years.tolist()
    found = windows(series.years, declared, points=points)
    for window in found:
        assert window.last == series.last
        assert window.points == sum(window.first <= year for year in years) >= points
        assert not any(window.first < year <= window.last for year in breaks)
    latest = max((year for year in breaks if year <= series.last), default=years[0])
    since = [year for year in years if year >= latest]
    assert len(found) == max(len(since) - points + 1, 0)
    parts = segments(series.years, declared)
    assert [y for part in parts for y in years if part.first <= y <= part.last] == years
    assert sum(part.points for part in parts) == len(years)
    assert not any(part.first < year <= part.last for part in parts for year in breaks)
    assert all(any(a.last < year <= b.first for year in breaks) for a, b in pairwise(parts))


# -- ranges ------------------------------------------------------------------------------------


def test_one_model_alone_is_never_a_range() -> None:
    farmers = published("farmers_fishers")
    for models, kinds in (
        ([LINEAR], ["linear"]),
        ([Model("drift", 2), Model("drift", 3)], ["drift"]),
    ):
        with pytest.raises(EstimationError, match="DI-E318") as caught:
            probability_range(farmers, TARGET, TARGET_YEAR, models=models)
        assert dict(caught.value.params) == {"count": 1, "models": kinds}
    two = probability_range(farmers, TARGET, TARGET_YEAR, models=[LINEAR, NO_CHANGE])
    with pytest.raises(EstimationError, match="DI-E318"):
        ProbabilityRange(TARGET, TARGET_YEAR, 0.7, two.outcomes[:1])


def test_models_that_a_window_has_not_the_levels_for_are_named() -> None:
    """A level that passes 100 has no logit; two years ago is no year of the series."""
    series = Series(np.array([2020, 2021, 2022, 2024, 2025]), np.array([97, 98, 99, 100, 101.0]), 1)
    found = probability_range(series, 102.0, 2027)
    longest, *_, shortest = windows(series.years, ())
    assert (longest.first, shortest.first) == (2020, 2022)
    assert found.left_out[:2] == ((LOGIT, longest), (GAP_CLOSING, longest))
    assert {model for model, _ in found.left_out} == {LOGIT, GAP_CLOSING}
    asked = probability_range(series, 102.0, 2027, models=[NO_CHANGE, LINEAR, Model("drift", 2)])
    assert {model for model, _ in asked.left_out} == {Model("drift", 2)}
    assert len(asked.left_out) == 3
    drifts = {each.model.span for each in found.outcomes if each.model.name == "drift"}
    assert drifts == {3, 4, 5}
    for model in (LOGIT, GAP_CLOSING):
        with pytest.raises(EstimationError, match="DI-E316") as caught:
            project(series, model, 2027)
        assert dict(caught.value.params) == {
            "model": model.name,
            "levels": [100.0, 101.0],
            "years": [2024, 2025],
        }
    with pytest.raises(EstimationError, match="DI-E316"):
        project(series_of([0.0, 1.0, 2.0]), LOGIT, 2005)


def test_fewer_than_three_levels_since_a_break_have_no_range() -> None:
    series = series_of([70, 71, 72, 79, 80], breaks=[SeriesBreak(2004, "new sample")])
    with pytest.raises(EstimationError, match="DI-E313") as caught:
        probability_range(series, 83.0, 2007)
    assert dict(caught.value.params) == {"years": [2004, 2005], "needed": 3}
    with pytest.raises(EstimationError, match="DI-E313"):
        project(series.within(2004, 2005), NO_CHANGE, 2007)


# -- back-tests --------------------------------------------------------------------------------


def test_origins_that_a_model_is_not_defined_at_make_no_forecast() -> None:
    four = [published(group) for group in GROUPS]
    found = rolling_origin(four, 2020, 2025, models=[Model("drift", 3), NO_CHANGE])
    assert found.forecasts.tolist() == [[8, 4, 0], [12, 8, 4]]
    assert found.origins.tolist() == [[2, 1, 0], [3, 2, 1]]
    assert np.isnan(found.mean_absolute_errors[0, 2])
    assert np.isnan(found.coverage[0, 2])


@settings(max_examples=examples(10))
@given(st.floats(30, 60), st.floats(-3, 3), st.integers(4, 8))
def test_a_straight_series_is_back_tested_without_error(
    start: float, slope: float, points: int
) -> None:
    series = series_of(start + slope * np.arange(points))
    models = [LINEAR, Model("drift", 2), NO_CHANGE]
    found = rolling_origin([series], 2001, series.last, models=models, horizons=[1])
    assert found.mean_absolute_errors[:2] == approx(0.0, abs=1e-9)
    assert found.mean_absolute_errors[2] == approx(abs(slope), abs=1e-9)
    assert (found.coverage[:2] == 1).all()
    assert (found.origins == points - 3).all()


def test_a_year_without_a_level_is_neither_an_origin_nor_compared_with() -> None:
    years = np.array([2020, 2021, 2022, 2023, 2025])
    series = Series(years, np.array([70, 71, 72, 73, 75.0]), 1.0)
    found = rolling_origin([series], 2020, 2025, models=[LINEAR])
    assert found.forecasts.tolist() == [[1, 1, 1]]  # 2022 to 2023, 2023 to 2025, 2022 to 2025
    assert found.window.points == 5
    with pytest.raises(EstimationError, match="DI-E317") as caught:
        rolling_origin([series], 2020, 2024)
    assert dict(caught.value.params) == {"years": [2024], "known": years.tolist()}


def test_a_back_test_without_anything_to_compare_is_refused() -> None:
    farmers = published("farmers_fishers")
    with pytest.raises(EstimationError, match="DI-E319") as caught:
        rolling_origin([farmers], 2023, 2025)
    assert dict(caught.value.params) == {"first": 2023, "last": 2025, "needed": 3}


# -- paces and targets -------------------------------------------------------------------------


def test_a_pace_is_never_taken_across_a_break() -> None:
    farmers = published("farmers_fishers")
    assert pace(farmers, 5).per_year == approx(0.66, abs=1e-9)
    with pytest.raises(EstimationError, match=r"DI-E310 .*2020 \(unexplained\)"):
        pace(farmers, 6)
    with pytest.raises(EstimationError, match="DI-E317") as caught:
        pace(farmers, 12)
    assert caught.value.params["years"] == [2013]


def test_a_pace_has_the_variance_of_two_published_levels() -> None:
    farmers = published("farmers_fishers", std_error=0.6)
    assert pace(farmers, 1).variance == approx(0.72)
    assert pace(farmers, 3).variance == approx(0.08)


def test_the_best_pace_crosses_no_break() -> None:
    """In one year 69.8 - 64.8; the 6.7 from 2019 to 2020 crosses the break and is none."""
    farmers = published("farmers_fishers")
    best = best_pace(farmers, 1)
    assert best is not None
    assert (best.first, best.last) == (2017, 2018)
    assert best.per_year == approx(5.0)
    since = best_pace(farmers.within(2020, 2025), 1)
    assert since is not None
    assert (since.first, since.last) == (2021, 2022)  # 0.8 twice: of equal ones the latest
    assert since.per_year == approx(0.8)
    assert best_pace(farmers, 6) is None


@settings(max_examples=examples(50))
@given(any_series(), st.lists(st.integers(1990, 2060), max_size=3), st.integers(1, 4))
def test_no_pace_inside_a_window_beats_the_best(
    series: Series, breaks: list[int], span: int
) -> None:
    broken = replace(series, breaks=tuple(SeriesBreak(year, "any") for year in breaks))
    known = dict(zip(series.years.tolist(), series.levels.tolist(), strict=True))
    paces = [
        (known[year] - known[year - span]) / span
        for year in known
        if year - span in known and not any(year - span < b <= year for b in breaks)
    ]
    found = best_pace(broken, span)
    if found is None:
        assert paces == []
    else:
        assert found.per_year == approx(max(paces), abs=1e-9)
        assert found.last - found.first == span


@settings(max_examples=examples(50))
@given(
    st.decimals(0, 120, places=2).map(float),
    st.decimals(0, 120, places=2).map(float),
    st.integers(2000, 2030),
    st.integers(2000, 2030),
)
def test_a_required_pace_that_is_kept_reaches_the_target(
    level: float, target: float, year: int, target_year: int
) -> None:
    found = required_pace(level, year, target, target_year)
    assert found.gap == level - target
    if found.status == "open":
        assert found.per_year is not None
        assert found.per_year > 0
        assert level + found.per_year * found.years_left == approx(target, abs=1e-9)
        assert year + found.years_left == target_year
    else:
        assert found.per_year is None
        assert year > target_year or level >= target or year == target_year


@pytest.mark.parametrize(
    ("level", "year", "status"),
    [
        (80.6, 2025, "open"),
        (83.0, 2025, "met"),
        (83.0, 2027, "met"),
        (82.9, 2027, "missed"),
        (82.9, 2028, "past"),
        (84.0, 2028, "past"),
    ],
)
def test_a_target_is_open_met_missed_or_past(level: float, year: int, status: str) -> None:
    """A level of a later year does not tell whether the target was met in its own."""
    found = required_pace(level, year, TARGET, TARGET_YEAR)
    assert found.status == status
    assert (found.per_year is None) == (status != "open")
    assert found.years_left == max(2027 - year, 0)


# -- what is refused ---------------------------------------------------------------------------


def test_a_series_that_is_none_is_refused_with_its_years() -> None:
    levels = np.array([70.0, 71.0, 72.0, 73.0])
    with pytest.raises(EstimationError, match="DI-E311") as caught:
        Series(np.array([2020, 2020, 2022, 2021]), levels, 1.0)
    assert caught.value.params["years"] == [2020, 2021]
    with pytest.raises(EstimationError, match="DI-E311"):
        windows(np.array([2021, 2020]), ())
    with pytest.raises(EstimationError, match="DI-E311"):
        segments(np.array([2021, 2020]), ())
    with pytest.raises(EstimationError, match="DI-E312") as caught:
        series_of([70.0, np.nan, 72.0, np.inf])
    assert caught.value.params["years"] == [2002, 2004]
    for years in (np.array([2020]), np.array([[2020, 2021, 2022, 2023]])):
        with pytest.raises(ValueError, match="2020"):
            Series(years, levels, 1.0)
    with pytest.raises(ValueError, match=r"\[\]"):
        series_of([])


@pytest.mark.parametrize("std_error", [0.0, -0.7, np.nan, np.inf])
def test_an_error_that_is_not_known_is_not_zero(std_error: float) -> None:
    with pytest.raises(EstimationError, match="DI-E314"):
        series_of([70.0, 71.0, 72.0], std_error=std_error)


def test_only_a_year_to_come_is_projected() -> None:
    farmers = published("farmers_fishers").within(2020, 2025)
    for year in (2024, 2025):
        with pytest.raises(EstimationError, match="DI-E315") as caught:
            project(farmers, LINEAR, year)
        assert dict(caught.value.params) == {"year": year, "last": 2025}


def test_options_that_mean_nothing_are_refused() -> None:
    farmers = published("farmers_fishers")
    recent = farmers.within(2020, 2025)
    forecast, simulated = project(recent, LINEAR, 2027), project(recent, DAMPED, 2027)
    refused: list[tuple[str, Any]] = [
        ("model", lambda: Model("cubic")),  # pyright: ignore[reportArgumentType]
        ("span", lambda: Model("drift")),
        ("span", lambda: Model("linear", 2)),
        ("draws", lambda: project(recent, DAMPED, 2027, draws=1)),
        ("confidence", lambda: forecast.interval(95)),
        ("confidence", lambda: simulated.interval(95)),
        ("confidence", lambda: rolling_origin([recent], 2020, 2025, confidence=95)),
        ("horizons", lambda: rolling_origin([recent], 2020, 2025, horizons=[1, 0])),
        ("points", lambda: rolling_origin([recent], 2020, 2025, points=2)),
        ("level", lambda: probability_range(farmers, np.nan, 2027)),
        ("span", lambda: pace(farmers, 0)),
        ("span", lambda: best_pace(farmers, 0)),
        ("level", lambda: required_pace(np.nan, 2025, 83.0, 2027)),
        ("target", lambda: required_pace(80.6, 2025, np.inf, 2027)),
    ]
    for option, ask in refused:
        with pytest.raises(EstimationError, match="DI-E117") as caught:
            ask()
        assert caught.value.params["option"] == option
