"""Where a published series may go, and how far a target is, as arrays.

Of levels ``y_t`` published in years that rest on one basis, each with the standard error ``s``,
what is projected is the *value to be published* ``h`` years after the last, ``y_T``: it carries a
sampling error of its own. With independent years::

    no change     y_T                                       variance 2s²
    drift k       y_T + (h/k)(y_T - y_{T-k})                s² [(1 + h/k)² + (h/k)² + 1]
    linear        OLS of y on t                             max(s_e², s²) (1 + leverage)
    logit         OLS of log(y/(100 - y)) on t              max(D² s_e², s²) (1 + leverage)
    gap closing   OLS of log(100 - y) on t                  max(D² s_e², s²) (1 + leverage)
    damped        drift k with Σ_{i≤h} φ^i for h            of a mixture: φ ~ U(0.5, 1), k ~ {2, …}

``s_e²`` is the residual variance of the fit, ``RSS/(n - 2)``, and ``leverage`` that of the year
projected to, ``1/n + (t - t̄)²/Σ(t_i - t̄)²``. Logit and gap closing are carried back to percent by
the delta method: the value is the inverse of the fitted one (a median; no term for curvature), and
``D = |dy/dη|`` at that value, ``y (100 - y)/100`` and ``100 - y``. There both sides of the maximum
are in percentage points; ``s``, the same in every year, is thereby taken to the transformed scale
as ``s/D``. Both hold that no level passes 100, which is a belief and not arithmetic.

The value to come is taken as normal where its variance rests on ``s``, and as t with ``n - 2``
degrees of freedom where the residual scatter is the larger, because that is itself estimated: the
intervals are then those of R's ``predict(lm, interval = "prediction")``. No allowance is made for
the rounding of published levels: for "83.0 or more, as published" ask for 82.95.

No model is fitted, tested or carried across a declared break, and so few points verify none of
them: what is reported is a range over models and windows, beside their errors in the past.

References
----------
Hyndman, Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd ed., sections 5.2, 5.10,
7.6; Gardner, McKenzie (1985), Management Science 31(10), 1237-1246; Tashman (2000), International
Journal of Forecasting 16(4), 437-450.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.estimate import Estimate, check_confidence

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
ModelName = Literal["no_change", "drift", "linear", "logit", "gap_closing", "damped"]
TargetStatus = Literal["open", "met", "missed", "past"]

POINTS = 3  # fewer tell nothing of a course
SHORTEST_SPAN = 2  # years, of a drift by default: one year's change is mostly sampling error
DRAWS = 10_000

_BASE = 100.0  # the reference's level
_SLOWEST, _FASTEST = 0.5, 1.0  # the φ of a damped drift
_ALIKE = 9  # decimals: paces that only rounding tells apart


# -- series and their windows -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeriesBreak:
    """A year from which a series does not continue the years before, and what to call it."""

    year: int
    name: str


@dataclass(frozen=True, slots=True)
class Window:
    """The years from ``first`` to ``last`` of a series, in which it has ``points`` levels."""

    first: int
    last: int
    points: int


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Levels as published.

    Parameters
    ----------
    years
        Shape ``(T,)``, ascending; a year may lack.
    levels
        In percent, reference = 100, shape ``(T,)``, finite.
    std_error
        Of any one of them, in percentage points: given, not estimated here, and printed.
    breaks
        Where the series does not continue, in any order, those to come included.

    Raises
    ------
    EstimationError
        DI-E311: the years do not ascend. DI-E312: a level is no number. DI-E314: the standard
        error is not positive: one that is not known is not zero.
    """

    years: Counts
    levels: Floats
    std_error: float
    breaks: tuple[SeriesBreak, ...] = ()

    def __post_init__(self) -> None:
        """Check what every model relies on."""
        if self.years.ndim != 1 or not self.years.size or self.years.shape != self.levels.shape:
            raise ValueError(self.years, self.levels)
        _refuse_unordered(self.years)
        unknown = ~np.isfinite(self.levels)
        if unknown.any():
            raise EstimationError("DI-E312", years=_listed(self.years[unknown]))
        if not 0 < self.std_error < np.inf:
            raise EstimationError("DI-E314", value=float(self.std_error))

    @property
    def last(self) -> int:
        """The last year."""
        return int(self.years[-1])

    def within(self, first: int, last: int) -> "Series":
        """Return the levels of a window.

        Raises
        ------
        EstimationError
            DI-E310: the window crosses a break. DI-E317: it starts or ends in a year without a
            level.
        """
        self.level_in(first, last)
        _refuse_breaks(self.breaks, first, last)
        inside = (self.years >= first) & (self.years <= last)
        return Series(self.years[inside], self.levels[inside], self.std_error, self.breaks)

    def level_in(self, *years: int) -> Floats:
        """Return the levels of some years.

        Raises
        ------
        EstimationError
            DI-E317: years without a level.
        """
        absent = [year for year in years if year not in self.years]
        if absent:
            raise EstimationError("DI-E317", years=absent, known=_listed(self.years))
        return self.levels[np.searchsorted(self.years, years)]


def windows(
    years: Counts, breaks: Sequence[SeriesBreak], *, points: int = POINTS
) -> tuple[Window, ...]:
    """Return the windows that end in the last year and cross no break, the longest first.

    Parameters
    ----------
    years
        Of the levels, ascending, shape ``(T,)``.
    breaks
        The declared breaks. A window that starts with the year of a break does not cross it.
    points
        The fewest levels of a window. There may be no window: the series is then too young.
    """
    _refuse_unordered(years)
    last = years[-1:]
    return tuple(
        Window(int(first), int(last[0]), years.size - place)
        for place, first in enumerate(years)
        if years.size - place >= points and not _crossed(breaks, int(first), int(last[0]))
    )


def segments(years: Counts, breaks: Sequence[SeriesBreak]) -> tuple[Window, ...]:
    """Return the longest windows that cross no break: together, every year once, ascending.

    Parameters
    ----------
    years
        Of the levels, ascending, shape ``(T,)``.
    breaks
        The declared breaks.
    """
    _refuse_unordered(years)
    later = np.unique(np.array([each.year for each in breaks], dtype=np.int64))
    part = np.searchsorted(later, years, side="right")
    groups = [years[part == place] for place in np.unique(part)]
    return tuple(Window(int(group[0]), int(group[-1]), group.size) for group in groups)


# -- what may be published --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Model:
    """A way to continue a series.

    Parameters
    ----------
    name
        As at the head of this module.
    span
        The ``k`` of a drift, in years; 0 of every other model.

    Raises
    ------
    EstimationError
        DI-E117: no such model, a drift without a span, or a span of another model.
    """

    name: ModelName
    span: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no model."""
        if self.name not in get_args(ModelName):
            raise EstimationError(
                "DI-E117", option="model", value=self.name, valid=get_args(ModelName)
            )
        valid = self.span >= 1 if self.name == "drift" else self.span == 0
        if not valid:
            wanted = "1~" if self.name == "drift" else "0"
            raise EstimationError("DI-E117", option="span", value=self.span, valid=wanted)


NO_CHANGE = Model("no_change")
LINEAR = Model("linear")
LOGIT = Model("logit")
GAP_CLOSING = Model("gap_closing")
DAMPED = Model("damped")
BACK_TESTED = (NO_CHANGE, Model("drift", 2), LINEAR, LOGIT, GAP_CLOSING, DAMPED)


@dataclass(frozen=True, slots=True)
class Probability:
    """A probability, and the standard error that simulating it leaves: zero in closed form."""

    value: float
    monte_carlo_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """The value to be published in a year, by one model in one window, in closed form.

    Parameters
    ----------
    mean, variance
        In percent, and in squared percentage points.
    degrees_of_freedom
        Of a t distribution about the mean; infinite for a normal one.
    """

    mean: float
    variance: float
    degrees_of_freedom: float = np.inf

    @property
    def std_error(self) -> float:
        """Standard error of the projection, the new survey's sampling error included."""
        return float(self._estimate().std_errors[0])

    def reaching(self, level: float) -> Probability:
        """Return the probability that the value is ``level`` or more."""
        from scipy.special import stdtr

        distance = (self.mean - level) / self.std_error
        return Probability(float(stdtr(self.degrees_of_freedom, distance)))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval of the value, such as for ``confidence`` 0.95.

        Raises
        ------
        EstimationError
            DI-E117: no such confidence.
        """
        check_confidence(confidence)
        low, high = self._estimate().intervals(confidence)
        return float(low[0]), float(high[0])

    def _estimate(self) -> Estimate:
        return _single(self.mean, self.variance, self.degrees_of_freedom)


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedForecast:
    """The same by a model with parameters that are drawn: a mixture of normal distributions.

    Parameters
    ----------
    means, std_errors
        Of the value to come under each of the ``B`` drawn parameters, shape ``(B,)``. Sampling
        errors are not drawn but known, so that no small probability is lost between draws.
    seed
        Draws the same again.
    """

    means: Floats
    std_errors: Floats
    seed: int

    @property
    def draws(self) -> int:
        """Number of draws, ``B``."""
        return int(self.means.size)

    @property
    def mean(self) -> float:
        """In percent."""
        return float(self.means.mean())

    @property
    def mean_error(self) -> float:
        """The simulation's standard error of the mean."""
        return _simulation_error(self.means)

    @property
    def variance(self) -> float:
        """Between the means of the draws, and about them; in squared percentage points."""
        return float(self.means.var() + np.mean(self.std_errors**2))

    @property
    def std_error(self) -> float:
        """Standard deviation of the mixture."""
        return float(_single(self.mean, self.variance, np.inf).std_errors[0])

    def reaching(self, level: float) -> Probability:
        """Return the probability that the value is ``level`` or more."""
        each = self._reaching(level)
        return Probability(float(each.mean()), _simulation_error(each))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval between two quantiles of the mixture.

        Raises
        ------
        EstimationError
            DI-E117: no such confidence.
        """
        check_confidence(confidence)
        tail = (1 - confidence) / 2
        return self._quantile(tail), self._quantile(1 - tail)

    def _reaching(self, level: float) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr((self.means - level) / self.std_errors), dtype=np.float64)

    def _quantile(self, share: float) -> float:
        from scipy.optimize import brentq
        from scipy.special import ndtri

        def excess(level: float) -> float:
            return 1 - share - float(self._reaching(level).mean())

        # The quantiles of the draws enclose that of their mixture.
        each = self.means + float(ndtri(share)) * self.std_errors
        width = float(self.std_errors.min())  # for draws that are all alike
        return float(brentq(excess, float(each.min()) - width, float(each.max()) + width))


Projection = Forecast | SimulatedForecast


def models_of(series: Series) -> tuple[Model, ...]:
    """Return the models of a window, among them drifts over every span of two years or more."""
    drifts = [Model("drift", int(span)) for span in _spans(series.years)]
    return (NO_CHANGE, *drifts, LINEAR, LOGIT, GAP_CLOSING, DAMPED)


def is_defined(model: Model, series: Series) -> bool:
    """Return whether a model can continue a series: it has the years and levels that it needs."""
    if model.name == "drift":
        return bool(np.isin(series.last - model.span, series.years))
    return not (model.name in {"logit", "gap_closing"} and _beyond(series.levels).any())


def project(
    series: Series, model: Model, year: int, *, seed: int = 0, draws: int = DRAWS
) -> Projection:
    """Return the value that a model expects to be published in a year.

    Parameters
    ----------
    series
        One window: :meth:`Series.within` cuts it.
    model
        How it goes on.
    year
        After the last of the series.
    seed, draws
        Of the simulation of :data:`DAMPED`: the same seed draws the same for every year.

    Raises
    ------
    EstimationError
        DI-E310: a break lies in the series, or before the year. DI-E313: fewer than three levels.
        DI-E315: the year is not after the last. DI-E316: a logit or a closing gap of levels that
        are not between 0 and 100. DI-E317: a drift from a year without a level. DI-E117: fewer
        than two draws.
    """
    if series.years.size < POINTS:
        raise EstimationError("DI-E313", years=_listed(series.years), needed=POINTS)
    if year <= series.last:
        raise EstimationError("DI-E315", year=year, last=series.last)
    _refuse_breaks(series.breaks, int(series.years[0]), year)
    horizon = year - series.last
    match model.name:
        case "no_change":
            return Forecast(float(series.levels[-1]), 2 * series.std_error**2)
        case "drift":
            return _drift(series, model.span, horizon)
        case "linear":
            line = _fit(series.years, series.levels, year)
            return _fitted(line, line.value, 1.0, series.std_error)
        case "logit":
            return _logit(series, year)
        case "gap_closing":
            return _gap_closing(series, year)
        case _:
            return _damped(series, horizon, seed, draws)


def _drift(series: Series, span: int, horizon: int) -> Forecast:
    start, end = (float(level) for level in series.level_in(series.last - span, series.last))
    reach = horizon / span
    variance = series.std_error**2 * ((1 + reach) ** 2 + reach**2 + 1)
    return Forecast(end + reach * (end - start), variance)


def _damped(series: Series, horizon: int, seed: int, draws: int) -> SimulatedForecast:
    if draws < 2:  # noqa: PLR2004
        raise EstimationError("DI-E117", option="draws", value=draws, valid="2~")
    stream = np.random.default_rng(seed)
    phi = stream.uniform(_SLOWEST, _FASTEST, draws)
    spans = _spans(series.years)
    rises = series.levels[-1] - series.level_in(*(series.last - spans))
    drawn = stream.integers(spans.size, size=draws)
    reach = (phi[:, None] ** np.arange(1, horizon + 1)).sum(axis=1) / spans[drawn]
    # The value to come less its projection is a sum over three independent sampling errors.
    loads = np.stack([1 + reach, reach, np.ones(draws)])
    return SimulatedForecast(
        series.levels[-1] + reach * rises[drawn],
        series.std_error * np.linalg.norm(loads, axis=0),
        seed,
    )


def _logit(series: Series, year: int) -> Forecast:
    from scipy.special import expit, logit

    _refuse_beyond(series, "logit")
    line = _fit(series.years, np.asarray(logit(series.levels / _BASE)), year)
    level = _BASE * float(expit(line.value))
    return _fitted(line, level, level * (_BASE - level) / _BASE, series.std_error)


def _gap_closing(series: Series, year: int) -> Forecast:
    _refuse_beyond(series, "gap_closing")
    line = _fit(series.years, np.log(_BASE - series.levels), year)
    gap = float(np.exp(line.value))
    return _fitted(line, _BASE - gap, gap, series.std_error)


@dataclass(frozen=True, slots=True)
class _Line:
    """Ordinary least squares on years: the value of a year, its leverage, the scatter about it."""

    value: float
    leverage: float
    residual_variance: float
    residual_df: int


def _fit(years: Counts, y: Floats, year: int) -> _Line:
    middle = float(years.mean())
    t, ahead = years - middle, year - middle
    spread = float(t @ t)
    slope = float(t @ y) / spread
    residuals = y - y.mean() - slope * t
    df = years.size - 2
    return _Line(
        float(y.mean()) + slope * ahead,
        1 / years.size + ahead**2 / spread,
        float(residuals @ residuals) / df,
        df,
    )


def _fitted(line: _Line, level: float, slope: float, std_error: float) -> Forecast:
    """Return a fit in percent, of which a change of one is ``slope`` percentage points."""
    scatter, sampling = slope**2 * line.residual_variance, std_error**2
    variance = max(scatter, sampling) * (1 + line.leverage)
    return Forecast(level, variance, line.residual_df if scatter > sampling else np.inf)


# -- a range over models and windows ----------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What one model says in one window."""

    model: Model
    window: Window
    forecast: Projection
    probability: Probability


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityRange:
    """The probability of reaching a level in a year, over models and windows.

    Parameters
    ----------
    level, year
        What is to be reached, in percent, and when: by the value published of that year.
    std_error
        Of one published level, as given.
    outcomes
        Of every model in every window, the longest window first.
    left_out
        Models with the windows that lack the years or the levels for them.

    Raises
    ------
    EstimationError
        DI-E318: one kind of model alone is no range.
    """

    level: float
    year: int
    std_error: float
    outcomes: tuple[Outcome, ...]
    left_out: tuple[tuple[Model, Window], ...] = ()

    def __post_init__(self) -> None:
        """Show no model alone."""
        kinds = sorted({each.model.name for each in self.outcomes})
        if len(kinds) < 2:  # noqa: PLR2004
            raise EstimationError("DI-E318", count=len(kinds), models=kinds)

    @property
    def lowest(self) -> Outcome:
        """The least likely; of equal ones that of the longest window."""
        return min(self.outcomes, key=lambda each: each.probability.value)

    @property
    def highest(self) -> Outcome:
        """The most likely; of equal ones that of the longest window."""
        return max(self.outcomes, key=lambda each: each.probability.value)


def probability_range(
    series: Series,
    level: float,
    year: int,
    *,
    models: Sequence[Model] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> ProbabilityRange:
    """Return how likely a level is by every model in every window that ends in the last year.

    Parameters
    ----------
    series
        With its breaks; the windows are those of :func:`windows`.
    level
        To be reached, in percent.
    year
        After the last of the series.
    models
        By default :func:`models_of` each window. No change says the same in every window, and so
        does a drift in every window that holds its span.
    seed, draws
        Of the simulation of a damped drift.

    Raises
    ------
    EstimationError
        DI-E313: fewer than three levels since the last break. DI-E318: one kind of model alone.
        DI-E117: the level is no number. And as :func:`project` does.
    """
    _refuse_unknown(level=level)
    found = windows(series.years, series.breaks)
    if not found:
        young = series.years[series.years >= segments(series.years, series.breaks)[-1].first]
        raise EstimationError("DI-E313", years=_listed(young), needed=POINTS)
    outcomes: list[Outcome] = []
    left_out: list[tuple[Model, Window]] = []
    for window in found:
        part = series.within(window.first, window.last)
        for model in models_of(part) if models is None else models:
            if not is_defined(model, part):
                left_out.append((model, window))
                continue
            forecast = project(part, model, year, seed=seed, draws=draws)
            outcomes.append(Outcome(model, window, forecast, forecast.reaching(level)))
    return ProbabilityRange(level, year, series.std_error, tuple(outcomes), tuple(left_out))


# -- what the models would have said ----------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class BackTest:
    """How far ``M`` models were from what was published later, at ``H`` horizons.

    Forecasts of the same years from neighbouring origins, and of groups surveyed together, err
    together: there are fewer independent ones than forecasts, and hardly more than origins.

    Parameters
    ----------
    window
        The years inside which everything was fitted and compared; its points are those of the
        series that has the most.
    models
        Length ``M``.
    horizons
        In years, length ``H``.
    confidence
        Of the intervals whose coverage is counted.
    mean_absolute_errors
        In percentage points, shape ``(M, H)``; NaN where there is no forecast.
    forecasts
        How many errors each is the mean of, shape ``(M, H)``. Only means over the same number of
        forecasts compare.
    origins
        How many different years these were made from, shape ``(M, H)``.
    coverage
        Share of them whose interval held the value published, shape ``(M, H)``.
    """

    window: Window
    models: tuple[Model, ...]
    horizons: tuple[int, ...]
    confidence: float
    mean_absolute_errors: Floats
    forecasts: Counts
    origins: Counts
    coverage: Floats


@dataclass(frozen=True, slots=True)
class _Trial:
    """A forecast judged: from which year, how far it was off, whether its interval held."""

    origin: int
    error: float
    is_covered: bool


def rolling_origin(
    series: Sequence[Series],
    first: int,
    last: int,
    *,
    models: Sequence[Model] = BACK_TESTED,
    horizons: Sequence[int] = (1, 2, 3),
    points: int = POINTS,
    confidence: float = 0.95,
    seed: int = 0,
    draws: int = DRAWS,
) -> BackTest:
    """Compare what models would have said in past years with what was then published.

    From every year by which the window has ``points`` levels, each model is fitted to those levels
    alone.

    Parameters
    ----------
    series
        One or several, such as groups of one survey.
    first, last
        The window, which crosses no break of any series.
    models
        Where one is not defined at an origin, such as a drift over more years than there are, it
        makes no forecast from there.
    horizons
        In years, each 1 or more.
    points
        The fewest levels of an origin, its own included; at least three.
    confidence
        Of the intervals.
    seed, draws
        Of the simulation of a damped drift.

    Raises
    ------
    EstimationError
        DI-E310: the window crosses a break. DI-E317: it starts or ends in a year without a level.
        DI-E319: no model can be tested. DI-E117: no such confidence, horizon or points.

    References
    ----------
    Tashman (2000), International Journal of Forecasting 16(4), 437-450.
    """
    check_confidence(confidence)
    wrong = [horizon for horizon in horizons if horizon < 1]
    if wrong:
        raise EstimationError("DI-E117", option="horizons", value=wrong, valid="1~")
    if points < POINTS:
        raise EstimationError("DI-E117", option="points", value=points, valid=f"{POINTS}~")
    parts = [each.within(first, last) for each in series]

    def trials(model: Model, horizon: int) -> Iterator[_Trial]:
        for part in parts:
            for known, published in _origins(part, horizon, points):
                if not is_defined(model, known):
                    continue
                year = known.last + horizon
                forecast = project(known, model, year, seed=seed, draws=draws)
                low, high = forecast.interval(confidence)
                error = abs(forecast.mean - published)
                yield _Trial(known.last, error, low <= published <= high)

    cells = [[list(trials(model, horizon)) for horizon in horizons] for model in models]
    if not any(cell for row in cells for cell in row):
        raise EstimationError("DI-E319", first=first, last=last, needed=points)

    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values)) if values else np.nan

    return BackTest(
        Window(first, last, max(part.years.size for part in parts)),
        tuple(models),
        tuple(horizons),
        confidence,
        np.array([[mean([each.error for each in cell]) for cell in row] for row in cells]),
        np.array([[len(cell) for cell in row] for row in cells], dtype=np.int64),
        np.array(
            [[len({each.origin for each in cell}) for cell in row] for row in cells],
            dtype=np.int64,
        ),
        np.array([[mean([each.is_covered for each in cell]) for cell in row] for row in cells]),
    )


def _origins(series: Series, horizon: int, points: int) -> Iterator[tuple[Series, float]]:
    """Yield what was known at each origin, and what was published ``horizon`` years later."""
    first = int(series.years[0])
    for origin in (int(year) for year in series.years[points - 1 :]):
        if origin + horizon in series.years:
            yield series.within(first, origin), float(series.level_in(origin + horizon)[0])


# -- paces and targets ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """By how much a level rose a year, in percentage points, from ``first`` to ``last``.

    ``variance`` is that of two independent published values, in squared points a year.
    """

    first: int
    last: int
    per_year: float
    variance: float

    @property
    def std_error(self) -> float:
        """Standard error of the pace, in percentage points a year."""
        return float(_single(self.per_year, self.variance, np.inf).std_errors[0])

    def ends_at(self, level: float, year: int, target_year: int) -> float:
        """Return where a level of a year ends in another, if the pace is kept."""
        return level + self.per_year * (target_year - year)


def pace(series: Series, span: int) -> Pace:
    """Return the pace of the last years.

    Parameters
    ----------
    series
        With its breaks.
    span
        Over how many years, at least 1.

    Raises
    ------
    EstimationError
        DI-E310: a break lies between. DI-E317: there is no level so many years before the last.
        DI-E117: no such span.
    """
    _refuse_span(span)
    first = series.last - span
    return _pace(series.within(first, series.last), span)


def best_pace(series: Series, span: int) -> Pace | None:
    """Return the highest pace that was ever kept for so many years, crossing no break.

    Of equal ones the latest. It is the largest of several noisy ones, so it was probably luckier
    than its variance tells, and than it would be again.

    Parameters
    ----------
    series
        With its breaks.
    span
        Over how many years, such as are left to a target; at least 1.

    Returns
    -------
    Pace
        None where no two levels of an unbroken window lie so far apart.

    Raises
    ------
    EstimationError
        DI-E117: no such span.
    """
    _refuse_span(span)
    ends = [
        int(year)
        for year in series.years[::-1]
        if year - span in series.years and not _crossed(series.breaks, int(year) - span, int(year))
    ]
    paces = [_pace(series.within(end - span, end), span) for end in ends]
    return max(paces, key=lambda each: round(each.per_year, _ALIKE), default=None)


def _pace(series: Series, span: int) -> Pace:
    rise = float(series.levels[-1] - series.levels[0])
    variance = 2 * (series.std_error / span) ** 2
    return Pace(series.last - span, series.last, rise / span, variance)


@dataclass(frozen=True, slots=True)
class RequiredPace:
    """What it takes from the level of a year to a target.

    Parameters
    ----------
    level, year
        In percent; where one stands.
    target, target_year
        In percent; what is to be reached, and in which year.
    status
        ``open``: below the target, with years left. ``met``: at the target or above, not after
        its year; it may still be lost. ``missed``: below it, in its year. ``past``: its year has
        gone by, and only the level of that year could tell.
    """

    level: float
    year: int
    target: float
    target_year: int
    status: TargetStatus

    @property
    def gap(self) -> float:
        """Level minus target, in percentage points."""
        return self.level - self.target

    @property
    def years_left(self) -> int:
        """Years from the level to the target; none once its year has come."""
        return max(self.target_year - self.year, 0)

    @property
    def per_year(self) -> float | None:
        """Percentage points a year; None unless the target is open: nothing is then required."""
        return -self.gap / self.years_left if self.status == "open" else None


def required_pace(level: float, year: int, target: float, target_year: int) -> RequiredPace:
    """Return by how much a level must rise every year to reach a target in its year.

    Parameters
    ----------
    level
        In percent. Levels are compared as they are given: published ones are rounded.
    year
        Of the level.
    target
        In percent.
    target_year
        Of the target.

    Raises
    ------
    EstimationError
        DI-E117: the level or the target is no number.
    """
    _refuse_unknown(level=level, target=target)
    status = _status(target_year - year, is_reached=level >= target)
    return RequiredPace(level, year, target, target_year, status)


def _status(years_left: int, *, is_reached: bool) -> TargetStatus:
    if years_left < 0:
        return "past"
    if is_reached:
        return "met"
    return "open" if years_left else "missed"


# -- checks -----------------------------------------------------------------------------------


def _crossed(breaks: Sequence[SeriesBreak], first: int, last: int) -> list[SeriesBreak]:
    return [each for each in breaks if first < each.year <= last]


def _refuse_breaks(breaks: Sequence[SeriesBreak], first: int, last: int) -> None:
    crossed = sorted(_crossed(breaks, first, last), key=lambda each: each.year)
    if crossed:
        names = [f"{each.year} ({each.name})" for each in crossed]
        raise EstimationError("DI-E310", first=first, last=last, breaks=names)


def _refuse_unordered(years: Counts) -> None:
    misplaced = np.flatnonzero(np.diff(years) <= 0) + 1
    if misplaced.size:
        raise EstimationError("DI-E311", years=_listed(years[misplaced]))


def _refuse_beyond(series: Series, model: ModelName) -> None:
    beyond = _beyond(series.levels)
    if beyond.any():
        levels = [float(level) for level in series.levels[beyond]]
        years = _listed(series.years[beyond])
        raise EstimationError("DI-E316", model=model, levels=levels, years=years)


def _refuse_span(span: int) -> None:
    if span < 1:
        raise EstimationError("DI-E117", option="span", value=span, valid="1~")


def _refuse_unknown(**values: float) -> None:
    for option, value in values.items():
        if not np.isfinite(value):
            raise EstimationError("DI-E117", option=option, value=value, valid="-~")


def _beyond(levels: Floats) -> Mask:
    return (levels <= 0) | (levels >= _BASE)


# -- small algebra ----------------------------------------------------------------------------


def _spans(years: Counts) -> Counts:
    """Return the years from each level to the last, two or more, ascending."""
    spans = (years[-1] - years)[::-1]
    return spans[spans >= SHORTEST_SPAN]


def _listed(years: Counts) -> list[int]:
    return [int(year) for year in years]


def _single(value: float, variance: float, degrees_of_freedom: float) -> Estimate:
    return Estimate(
        ("projection",),
        np.array([value]),
        np.array([[variance]]),
        np.array([float(degrees_of_freedom)]),
    )


def _simulation_error(draws: Floats) -> float:
    """Return the standard error of the mean of independent draws."""
    variance = float(draws.var(ddof=1)) / draws.size
    return float(_single(float(draws.mean()), variance, draws.size - 1.0).std_errors[0])
