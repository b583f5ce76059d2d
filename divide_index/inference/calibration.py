"""Calibration of weights to known totals, as arrays.

Base weights ``d_i`` become ``w_i = d_i F(x_i'λ)`` with ``Σ w_i x_i = t``: of all weights that reach
the totals, the nearest to the base weights in the distance that belongs to ``F``::

    linear   1 + u
    raking   exp(u)
    logit    [L(U-1) + U(1-L) e^{Au}] / [U-1 + (1-L) e^{Au}],   A = (U-L) / ((1-L)(U-1))

The first two are cut at ``L`` and ``U`` when they have bounds. ``λ`` maximises the concave
``t'λ - Σ d Φ(x'λ)``, where ``Φ' = F``; its gradient is what the totals still lack. Raking to the
margins of factors is the same as ``raking`` on their dummies, and is solved by proportional
fitting, which needs no columns.

The variance of a calibrated estimate is that of the residuals of its influences on the
calibration variables: see :func:`calibration_residuals`.

References
----------
Deville, Särndal (1992), Journal of the American Statistical Association 87(418), 376-382;
Deville, Särndal, Sautory (1993), Journal of the American Statistical Association 88(423),
1013-1020.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Bounds = tuple[float, float]

Distance = Literal["linear", "raking", "logit"]
DISTANCES: tuple[Distance, ...] = get_args(Distance)

_RANK = 1e-11  # of the largest eigenvalue of the scaled cross-products
_FLAT = 1e-8  # of the largest curvature
_AGREE = 1e-12  # grand totals of margins: whole people differ by more in any population
_CONSISTENT = 1e-9  # of a total: what rounding may leave between two ways to it
_NAMED = 1e-6  # of the largest part in a contradiction
_HUGE = 500.0  # an exponent beyond which a step has overshot anyway
_RISE = 1e-4  # of what the slope promises
_ROUNDING = 1e-14  # of the sum of weights
_SHORTEST = 1e-18  # part of a step
_AT_BOUND = 1e-9  # of the width of the bounds


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    """Known counts of the population in the categories of a variable, or of a cross.

    Parameters
    ----------
    name
        Of the variable, for messages.
    labels
        Of the categories, for messages, length ``C``: those of the data and of the totals.
    codes
        Category of each person, shape ``(n,)``, values ``0 … C-1``.
    totals
        Known count of each category, shape ``(C,)``; NaN where none is known.
    """

    name: str
    labels: tuple[str, ...]
    codes: Indices
    totals: Floats

    @property
    def cells(self) -> tuple[str, ...]:
        """Names of the categories with that of the variable, as ``sex=1``."""
        return tuple(f"{self.name}={label}" for label in self.labels)

    def sums(self, weights: Floats) -> Floats:
        """Return the sum of weights in each category, shape ``(C,)``."""
        sums = np.bincount(self.codes, weights, len(self.labels))
        return np.asarray(sums, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """Known sum of a number over the population, as of its people's incomes.

    Parameters
    ----------
    name
        Of the variable.
    values
        Of each person, shape ``(n,)``.
    total
        Known sum, of either sign.
    """

    name: str
    values: Floats
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class Auxiliaries:
    """Calibration variables ``X``, shape ``(n, K)``, their known totals ``(K,)`` and names."""

    X: Floats
    totals: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TotalsReached:
    """Known totals beside those of the weights before and after, each of shape ``(K,)``.

    Parameters
    ----------
    names
        Of the totals.
    wanted
        Known totals.
    before, after
        Totals under the base weights and under the calibrated ones.
    size
        What an error is relative to, shape ``(K,)``: the known total; of a variable of both
        signs, or of a total of zero, ``Σ |w x|`` where that is larger.
    """

    names: tuple[str, ...]
    wanted: Floats
    before: Floats
    after: Floats
    size: Floats

    @property
    def errors_before(self) -> Floats:
        """Error of each total under the base weights, relative to ``size``."""
        return (self.before - self.wanted) / self.size

    @property
    def errors_after(self) -> Floats:
        """Error of each total under the calibrated weights, relative to ``size``."""
        return (self.after - self.wanted) / self.size


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedWeights:
    """Weights that reach their totals, and how they came to do so.

    Parameters
    ----------
    weights
        Shape ``(n,)``. Those of the linear distance without bounds may be negative.
    ratios
        Calibrated over base weight, shape ``(n,)``.
    totals
        Known totals, before and after.
    errors
        Largest relative error of a total at the start and after each iteration, shape
        ``(iterations + 1,)``; the last one is within the tolerance.
    """

    weights: Floats
    ratios: Floats
    totals: TotalsReached
    errors: Floats

    @property
    def iterations(self) -> int:
        """Number of iterations."""
        return self.errors.size - 1


@dataclass(frozen=True, slots=True, eq=False)
class TrimmedWeights:
    """Trimmed weights ``(n,)``, and how often excess was cut and given to the others."""

    weights: Floats
    rounds: int


@dataclass(frozen=True, slots=True, eq=False)
class WeightSpread:
    """How unequal weights are.

    Parameters
    ----------
    n
        Number of weights.
    total, smallest, largest
        Their sum, minimum and maximum.
    negative
        How many are below zero.
    variation
        Coefficient of variation, with the variance over ``n``.
    """

    n: int
    total: float
    smallest: float
    largest: float
    negative: int
    variation: float

    @property
    def design_effect(self) -> float:
        """Kish's ``1 + cv²``: the variance of a mean over that under equal weights."""
        return 1 + self.variation**2

    @property
    def effective_size(self) -> float:
        """Number of people of equal weight who would say as much, ``(Σ w)² / Σ w²``."""
        return self.n / self.design_effect


@dataclass(frozen=True, slots=True, eq=False)
class RatioSpread:
    """How far weights went from base weights.

    Parameters
    ----------
    smallest, largest
        Of the ratios.
    quantiles
        Of the ratios, unweighted, at the probabilities asked for.
    at_lower, at_upper
        Whose ratio is at a bound, shape ``(n,)``.
    """

    smallest: float
    largest: float
    quantiles: Floats
    at_lower: Mask
    at_upper: Mask


# -- calibration -----------------------------------------------------------------------------


def auxiliaries(margins: Sequence[Margin], numbers: Sequence[Number] = ()) -> Auxiliaries:
    """Return the dummies of every category of margins, then numbers, with their totals.

    The dummies repeat each other, since every margin sums to one and the same total:
    :func:`calibrate` and :func:`calibration_residuals` know how to take that.

    Raises
    ------
    EstimationError
        As :func:`rake`, of the margins.
    """
    _refuse_margins(margins)
    columns: list[Floats] = []
    totals: list[float] = []
    names: list[str] = []
    for margin in margins:
        inhabited = np.bincount(margin.codes, minlength=len(margin.labels)) > 0
        for place in np.flatnonzero(inhabited):
            columns.append((margin.codes == place).astype(np.float64))
            totals.append(float(margin.totals[place]))
            names.append(margin.cells[place])
    for each in numbers:
        columns.append(each.values)
        totals.append(each.total)
        names.append(each.name)
    return Auxiliaries(np.column_stack(columns), np.array(totals), tuple(names))


def joint_cells(margins: Sequence[Margin], numbers: Sequence[Number] = ()) -> Indices:
    """Return the cell of the cross of all margins that each person is in, shape ``(n,)``.

    People of one cell have the same calibration variables: every value of a number makes cells
    of its own.
    """
    cell = np.zeros(margins[0].codes.size, dtype=np.intp)
    for margin in margins:
        _, cell = np.unique(cell * len(margin.labels) + margin.codes, return_inverse=True)
    for each in numbers:
        values, place = np.unique(each.values, return_inverse=True)
        _, cell = np.unique(cell * values.size + place, return_inverse=True)
    return cell


def calibrate(
    weights: Floats,
    X: Floats,
    totals: Floats,
    *,
    names: Sequence[str] | None = None,
    distance: Distance = "linear",
    bounds: Bounds | None = None,
    tolerance: float = 1e-12,
    iterations: int = 100,
) -> CalibratedWeights:
    """Return the weights nearest to the base weights that reach the totals.

    Parameters
    ----------
    weights
        Base weights, shape ``(n,)``, positive. They are never rescaled: bounds are on the ratio
        to them, so weights and totals must be of one scale.
    X
        Calibration variables, shape ``(n, K)``, finite. Columns may repeat each other as long as
        their totals do.
    totals
        Known totals ``Σ x`` over the population, shape ``(K,)``.
    names
        Names of the totals, for messages; their places when left out.
    distance
        ``linear`` (the regression estimator), ``raking`` (positive weights) or ``logit`` (within
        bounds).
    bounds
        Smallest and largest ratio to the base weight, ``L ≤ 1 ≤ U``. Linear and raking are cut
        there; logit keeps strictly inside, and needs both.
    tolerance
        Largest relative error of a total that is left.
    iterations
        Newton steps, at most.

    Raises
    ------
    EstimationError
        DI-E117: no such distance. DI-E320: a base weight is not positive. DI-E322: a variable is
        zero for everybody, its total is not. DI-E324: a total is not finite. DI-E325: bounds that
        the distance cannot have. DI-E326: totals that the bounds put out of reach. DI-E327:
        totals that cannot be reached together. DI-E328: not converged. DI-E329: columns repeat
        each other, their totals do not. DI-E334: a calibration variable has missing values.

    References
    ----------
    Deville, Särndal (1992), Journal of the American Statistical Association 87(418), 376-382.
    """
    auxiliary = Auxiliaries(X, totals, _labels(names, totals))
    curve = _curve(distance, bounds)
    return _calibrated(weights, auxiliary, curve, tolerance, iterations)


def rake(
    weights: Floats,
    margins: Sequence[Margin],
    *,
    tolerance: float = 1e-12,
    iterations: int = 10_000,
) -> CalibratedWeights:
    """Return weights raked to margins, by iterative proportional fitting.

    Parameters
    ----------
    weights
        Base weights, shape ``(n,)``, positive.
    margins
        Known counts; margins may be crosses, and may share variables.
    tolerance
        Largest relative error of a category that is left.
    iterations
        Rounds over all margins, at most.

    Raises
    ------
    EstimationError
        DI-E320: a base weight is not positive. DI-E321: margins sum to different totals.
        DI-E322: a category with a total has nobody in the sample. DI-E323: a category of the
        sample has no total. DI-E324: a total is negative, not finite, or zero where the sample
        has people. DI-E328: not converged, as when nobody is in a cell that the totals need.
        DI-E329: crosses contradict each other in what they share.

    References
    ----------
    Deming, Stephan (1940), Annals of Mathematical Statistics 11(4), 427-444.
    """
    _refuse_weights(weights)
    _refuse_margins(margins)
    cell_of = joint_cells(margins)
    _, first = np.unique(cell_of, return_index=True)
    cells = [replace(margin, codes=margin.codes[first]) for margin in margins]
    # People of one joint cell share their ratio, so cells are fitted in their place.
    base = np.asarray(np.bincount(cell_of, weights), dtype=np.float64)
    now = base
    errors = [_largest(margins_reached(cells, base, now).errors_after)]
    while errors[-1] > tolerance:
        if len(errors) > iterations:
            known = auxiliaries(cells)
            _refuse_inconsistent(_orthonormal(known.X, base), known)
            raise _not_converged(margins_reached(cells, base, now), tolerance, iterations)
        for margin in cells:
            sums = margin.sums(now)
            factors = np.divide(margin.totals, sums, out=np.ones_like(sums), where=sums > 0)
            now = now * factors[margin.codes]
        errors.append(_largest(margins_reached(cells, base, now).errors_after))
    ratios = (now / base)[cell_of]
    return CalibratedWeights(
        weights * ratios, ratios, margins_reached(cells, base, now), np.array(errors)
    )


def post_stratify(weights: Floats, margin: Margin) -> CalibratedWeights:
    """Return weights that reach one margin, by one ratio in each of its categories.

    Parameters
    ----------
    weights
        Base weights, shape ``(n,)``, positive.
    margin
        Known counts of the post-strata.

    Raises
    ------
    EstimationError
        As :func:`rake`.

    References
    ----------
    Holt, Smith (1979), Journal of the Royal Statistical Society A 142(1), 33-46.
    """
    return rake(weights, [margin], iterations=1)


def calibration_residuals(z: Floats, X: Floats, base_weights: Floats) -> Floats:
    """Return influences as they are after calibration: what the variables leave of them.

    The regression has the base weights; the sums over PSUs are then made with the calibrated
    weights. Base weights in both places understate the error.

    Parameters
    ----------
    z
        Influences under the calibrated weights, shape ``(n,)`` or ``(n, m)``: of everybody who
        was calibrated, zero outside a domain.
    X
        Calibration variables, shape ``(n, K)``; columns may repeat each other.
    base_weights
        Weights before calibration, shape ``(n,)``, positive.

    Returns
    -------
    residuals
        Shape of ``z``; ``Σ d x e = 0``.

    References
    ----------
    Deville, Särndal (1992), Journal of the American Statistical Association 87(418), 376-382,
    eq. 3.4.
    """
    Z = _orthonormal(X, base_weights).Z
    weighted = base_weights[:, None] * Z
    residuals = z
    for _ in range(2):  # the second takes away what rounding left in Z'DZ of the first
        residuals = residuals - Z @ (weighted.T @ residuals)
    return np.asarray(residuals, dtype=np.float64)


# -- trimming --------------------------------------------------------------------------------


def trim(
    weights: Floats,
    *,
    lower: float = 0.0,
    upper: float = np.inf,
    strict: bool = True,
    iterations: int = 10_000,
) -> TrimmedWeights:
    """Return weights cut at bounds, what was cut being given to the others in equal parts.

    Parameters
    ----------
    weights
        Shape ``(n,)``, finite, of people in the sample: one that a linear calibration made
        negative is raised to the lower bound.
    lower, upper
        Bounds of the weights themselves.
    strict
        Repeat until every weight is within the bounds; otherwise what was given may push some
        beyond them.
    iterations
        Rounds, at most.

    Returns
    -------
    TrimmedWeights
        With the sum of the weights given: the same as R's ``trimWeights``.

    Raises
    ------
    EstimationError
        DI-E330: the mean weight is not within the bounds, so no weights of that sum are.
        DI-E331: every weight is out of bounds, so nobody is left to take what was cut. DI-E332:
        weights are still out of bounds after the last round.

    References
    ----------
    Potter (1990), Proceedings of the Survey Research Methods Section, ASA, 225-230.
    """
    mean = float(weights.mean())
    rounds = 0
    while (outside := (weights < lower) | (weights > upper)).any() and (strict or rounds == 0):
        if not lower < mean < upper:
            raise EstimationError(
                "DI-E330", lower=_shown(lower), upper=_shown(upper), mean=_shown(mean)
            )
        if outside.all():
            raise EstimationError(
                "DI-E331", count=weights.size, lower=_shown(lower), upper=_shown(upper)
            )
        if rounds == iterations:
            raise EstimationError("DI-E332", iterations=iterations, count=int(outside.sum()))
        cut = np.clip(weights, lower, upper)
        excess = weights - cut
        if np.abs(excess).sum() > _ROUNDING * np.abs(cut).sum():  # or it would go round for ever
            cut[~outside] += excess.sum() / np.count_nonzero(~outside)
        weights = cut
        rounds += 1
    return TrimmedWeights(weights, rounds)


def trim_calibrated(
    weights: Floats,
    X: Floats,
    totals: Floats,
    *,
    lower: float = 0.0,
    upper: float = np.inf,
    names: Sequence[str] | None = None,
    distance: Literal["linear", "raking"] = "raking",
    tolerance: float = 1e-12,
    iterations: int = 100,
) -> CalibratedWeights:
    """Return calibrated weights within bounds that still reach the totals.

    The weights are trimmed, what is cut being given to the others, and then calibrated again
    with everybody held within the bounds.

    Parameters
    ----------
    weights
        Calibrated weights, shape ``(n,)``; where one is not positive, the lower bound must be.
    X, totals, names, tolerance, iterations
        As for :func:`calibrate`.
    lower, upper
        Bounds of the weights themselves, not of a ratio.
    distance
        ``linear`` or ``raking``, cut at the bounds.

    Returns
    -------
    CalibratedWeights
        ``ratios`` are to the weights given, and ``totals`` before are those of these;
        ``errors`` start after trimming.

    Raises
    ------
    EstimationError
        DI-E117: another distance. As :func:`trim` and :func:`calibrate`.
    """
    allowed = ("linear", "raking")
    if distance not in allowed:
        raise EstimationError("DI-E117", option="distance", value=distance, valid=allowed)
    auxiliary = Auxiliaries(X, totals, _labels(names, totals))
    trimmed = trim(weights, lower=lower, upper=upper).weights
    _refuse_weights(trimmed)
    curve = _Curve(distance, lower / trimmed, upper / trimmed)
    found = _calibrated(trimmed, auxiliary, curve, tolerance, iterations)
    within = np.clip(found.weights, lower, upper)  # w·(upper/w) rounds to either side of upper
    reached = _reached(auxiliary, weights, within, _cancelling(auxiliary))
    return CalibratedWeights(within, within / weights, reached, found.errors)


# -- diagnostics -----------------------------------------------------------------------------


def weight_spread(weights: Floats) -> WeightSpread:
    """Return how unequal weights are.

    Parameters
    ----------
    weights
        Shape ``(n,)``, with a positive sum.

    References
    ----------
    Kish (1965), Survey Sampling, 11.7; Kish (1992), Journal of Official Statistics 8(2), 183-200.
    """
    return WeightSpread(
        n=weights.size,
        total=float(weights.sum()),
        smallest=float(weights.min()),
        largest=float(weights.max()),
        negative=int((weights < 0).sum()),
        variation=float(weights.std() / weights.mean()),
    )


def ratio_spread(
    weights: Floats,
    base_weights: Floats,
    *,
    bounds: Bounds | None = None,
    probabilities: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
) -> RatioSpread:
    """Return how far weights went from base weights, and whose ratio is at a bound.

    Parameters
    ----------
    weights, base_weights
        Shape ``(n,)``; base weights positive. With base weights of one, the weights themselves
        and the bounds at which they were trimmed.
    bounds
        Of the ratio.
    probabilities
        Of the quantiles.
    """
    ratios = weights / base_weights
    lower, upper = bounds or (-np.inf, np.inf)
    width = upper - lower
    near = _AT_BOUND * (width if np.isfinite(width) else 1.0)
    return RatioSpread(
        smallest=float(ratios.min()),
        largest=float(ratios.max()),
        quantiles=np.quantile(ratios, probabilities),
        at_lower=np.asarray(ratios <= lower + near),
        at_upper=np.asarray(ratios >= upper - near),
    )


# -- distances -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Ratios:
    """``F(u)``, its slope, and its integral ``Φ(u)`` up to a constant, each of shape ``(n,)``."""

    values: Floats
    slopes: Floats
    integrals: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """The ratio to the base weight as a function ``F`` of ``x'λ``.

    Bounds are of everybody, or of each person, shape ``(n,)``; of everybody for logit.
    """

    distance: Distance
    lower: float | Floats
    upper: float | Floats

    def at(self, u: Floats) -> _Ratios:
        """Return the ratios and what Newton needs of them."""
        if self.distance == "linear":
            v = np.clip(u, self.lower - 1, self.upper - 1)
            return _Ratios(1 + v, np.where(u == v, 1.0, 0.0), v + v**2 / 2 + (u - v) * (1 + v))
        if self.distance == "raking":
            v = np.clip(u, _log(self.lower), np.minimum(_log(self.upper), _HUGE))
            values = np.exp(v)
            return _Ratios(values, np.where(u == v, values, 0.0), values * (1 + u - v))
        width, room = self.upper - self.lower, (1 - self.lower) * (self.upper - 1)
        s = width / room * u + _log((1 - self.lower) / (self.upper - 1))
        share, rest = np.exp(-np.logaddexp(0.0, -s)), np.exp(-np.logaddexp(0.0, s))
        return _Ratios(
            self.lower + width * share,
            width**2 / room * share * rest,
            self.lower * u + room * np.logaddexp(0.0, s),
        )

    def reach(self, X: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Return the smallest and largest total that each column can have within the bounds."""
        positive, negative = np.maximum(X, 0.0), np.maximum(-X, 0.0)

        def total(bound: float | Floats, x: Floats) -> Floats:
            if np.isfinite(bound).all():
                return (weights * bound) @ x
            return np.where(x.any(axis=0), np.ravel(bound)[0], 0.0)  # nobody has a bound

        return (
            total(self.lower, positive) - total(self.upper, negative),
            total(self.upper, positive) - total(self.lower, negative),
        )


def _curve(distance: Distance, bounds: Bounds | None) -> _Curve:
    """Return the curve of a distance; refuse one that does not exist."""
    if distance not in DISTANCES:
        raise EstimationError("DI-E117", option="distance", value=distance, valid=DISTANCES)
    lower, upper = bounds or (-np.inf, np.inf)
    open_logit = -np.inf < lower < 1 < upper < np.inf  # where its curve has a slope
    if not (open_logit if distance == "logit" else lower <= 1 <= upper):
        raise EstimationError(
            "DI-E325", distance=distance, lower=_shown(lower), upper=_shown(upper)
        )
    return _Curve(distance, max(lower, 0.0) if distance == "raking" else lower, upper)


def _log(bound: float | Floats) -> Floats:
    """Return the logarithm, negative infinity where there is none."""
    values = np.asarray(bound, dtype=np.float64)
    return np.log(values, out=np.full(values.shape, -np.inf), where=values > 0)


# -- Newton ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """Columns ``Z = X·back`` that span ``X`` and are orthonormal under the weights.

    ``null`` holds the combinations of ``X / lengths`` that are zero for everybody.
    """

    Z: Floats
    back: Floats
    null: Floats
    lengths: Floats


def _orthonormal(X: Floats, weights: Floats) -> _Basis:
    lengths = np.sqrt(weights @ X**2)
    lengths[lengths == 0] = 1.0
    scaled = X / lengths
    values, vectors = np.linalg.eigh(scaled.T @ (weights[:, None] * scaled))
    kept = values > _RANK * values[-1]
    back = vectors[:, kept] / np.sqrt(values[kept]) / lengths[:, None]
    return _Basis(X @ back, back, vectors[:, ~kept], lengths)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Multipliers ``λ`` of the basis, the ratios there, the objective and its gradient."""

    multipliers: Floats
    u: Floats
    ratios: _Ratios
    objective: float
    gradient: Floats
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    weights: Floats
    auxiliary: Auxiliaries
    curve: _Curve
    basis: _Basis
    cancelling: Indices

    def at(self, multipliers: Floats) -> _Point:
        u = self.basis.Z @ multipliers
        ratios = self.curve.at(u)
        reached = self.reached(ratios.values)
        return _Point(
            multipliers,
            u,
            ratios,
            float(reached.wanted @ self.basis.back @ multipliers - self.weights @ ratios.integrals),
            self.basis.back.T @ (reached.wanted - reached.after),
            _largest(reached.errors_after),
        )

    def reached(self, ratios: Floats) -> TotalsReached:
        return _reached(self.auxiliary, self.weights, self.weights * ratios, self.cancelling)

    def step(self, here: _Point) -> _Point:
        """Return the point after a Newton step, halved until it helps."""
        Z = self.basis.Z
        curvature = Z.T @ ((self.weights * here.ratios.slopes)[:, None] * Z)
        values, vectors = np.linalg.eigh(curvature)
        # Where everybody of a category is at a bound there is no curvature: a long step, to halve.
        values = np.maximum(values, _FLAT * (values[-1] if values[-1] > 0 else 1.0))
        move: Floats = vectors @ ((vectors.T @ here.gradient) / values)
        slope = float(move @ here.gradient)

        def helps(there: _Point, size: float) -> bool:
            rises = there.objective >= here.objective + _RISE * size * slope
            return rises or there.error <= here.error / 2  # at the top, rounding hides the rise

        size, there = 1.0, self.at(here.multipliers + move)
        while size > _SHORTEST and not helps(there, size):
            size /= 2
            there = self.at(here.multipliers + size * move)
        return there

    def is_impossible(self, here: _Point) -> bool:
        """Return whether a combination of the totals is beyond what the bounds make of it.

        Where no ratios reach the totals, the multipliers run away towards such a combination.
        """
        _, most = self.curve.reach(here.u[:, None], self.weights)
        asked = self.auxiliary.totals @ self.basis.back
        rounding = _CONSISTENT * np.linalg.norm(asked) * np.linalg.norm(here.multipliers)
        return bool(asked @ here.multipliers > most[0] + rounding)


def _calibrated(
    weights: Floats, auxiliary: Auxiliaries, curve: _Curve, tolerance: float, iterations: int
) -> CalibratedWeights:
    _refuse_weights(weights)
    _refuse_auxiliaries(auxiliary)
    _refuse_out_of_reach(weights, auxiliary, curve)
    basis = _orthonormal(auxiliary.X, weights)
    _refuse_inconsistent(basis, auxiliary)
    problem = _Problem(weights, auxiliary, curve, basis, _cancelling(auxiliary))
    here = problem.at(np.zeros_like(basis.back[0]))
    errors = [here.error]
    while errors[-1] > tolerance:
        if problem.is_impossible(here):
            reached = problem.reached(here.ratios.values)
            raise EstimationError("DI-E327", **_off(reached, tolerance))
        if len(errors) > iterations:
            raise _not_converged(problem.reached(here.ratios.values), tolerance, iterations)
        here = problem.step(here)
        errors.append(here.error)
    ratios = here.ratios.values
    return CalibratedWeights(weights * ratios, ratios, problem.reached(ratios), np.array(errors))


# -- what is reached -------------------------------------------------------------------------


def margins_reached(margins: Sequence[Margin], before: Floats, after: Floats) -> TotalsReached:
    """Return the known totals of margins beside those of weights before and after, ``(n,)``."""
    known = [~np.isnan(margin.totals) for margin in margins]
    pairs = list(zip(margins, known, strict=True))
    wanted = np.concatenate([margin.totals[k] for margin, k in pairs])
    now = np.concatenate([margin.sums(after)[k] for margin, k in pairs])
    names = [margin.cells[place] for margin, k in pairs for place in np.flatnonzero(k)]
    first = np.concatenate([margin.sums(before)[k] for margin, k in pairs])
    return TotalsReached(tuple(names), wanted, first, now, np.where(wanted > 0, wanted, 1.0))


def totals_reached(auxiliary: Auxiliaries, before: Floats, after: Floats) -> TotalsReached:
    """Return known totals beside those of weights before and after, shape ``(n,)``."""
    return _reached(auxiliary, before, after, _cancelling(auxiliary))


def _cancelling(auxiliary: Auxiliaries) -> Indices:
    """Return the columns whose total says little of how large the sums are that make it."""
    low, high = auxiliary.X.min(axis=0), auxiliary.X.max(axis=0)
    return np.flatnonzero(((low < 0) & (high > 0)) | (auxiliary.totals == 0))


def _reached(
    auxiliary: Auxiliaries, before: Floats, after: Floats, cancelling: Indices
) -> TotalsReached:
    X, totals = auxiliary.X, auxiliary.totals
    sizes = np.abs(totals)
    absolute = np.abs(after) @ np.abs(X[:, cancelling])
    sizes[cancelling] = np.maximum(sizes[cancelling], absolute)
    sizes[sizes == 0] = 1.0
    return TotalsReached(auxiliary.names, totals, before @ X, after @ X, sizes)


def _labels(names: Sequence[str] | None, totals: Floats) -> tuple[str, ...]:
    return tuple(names) if names is not None else tuple(map(str, range(totals.size)))


def _largest(errors: Floats) -> float:
    return float(np.abs(errors).max())


# -- errors ----------------------------------------------------------------------------------


def _shown(value: float) -> str:
    """Return a number with the digits of a count of people."""
    return f"{value:.10g}"


def _off(reached: TotalsReached, tolerance: float) -> dict[str, list[str]]:
    """Return the totals that are not reached and how far off they are, the farthest first."""
    errors = np.abs(reached.errors_after)
    places = [int(k) for k in np.argsort(-errors, kind="stable") if errors[k] > tolerance]
    return {
        "names": [reached.names[k] for k in places],
        "wanted": [_shown(reached.wanted[k]) for k in places],
        "off": [f"{reached.after[k] - reached.wanted[k]:+.4g}" for k in places],
    }


def _not_converged(reached: TotalsReached, tolerance: float, iterations: int) -> EstimationError:
    return EstimationError("DI-E328", iterations=iterations, **_off(reached, tolerance))


def _refuse_weights(weights: Floats) -> None:
    wrong = ~(np.isfinite(weights) & (weights > 0))
    if wrong.any():
        raise EstimationError(
            "DI-E320",
            count=int(wrong.sum()),
            values=[_shown(value) for value in np.unique(weights[wrong])],
            rows=[int(row) + 1 for row in np.flatnonzero(wrong)],
        )


def _refuse_margins(margins: Sequence[Margin]) -> None:
    """Refuse margins that no weights reach, naming every category that is to blame."""
    cells = [cell for margin in margins for cell in margin.cells]
    totals = np.concatenate([margin.totals for margin in margins])
    people = np.concatenate(
        [np.bincount(margin.codes, minlength=len(margin.labels)) for margin in margins]
    )
    unknown = np.isnan(totals)

    def named(wrong: Mask) -> list[str]:
        return [cells[place] for place in np.flatnonzero(wrong)]

    without = unknown & (people > 0)
    if without.any():
        raise EstimationError(
            "DI-E323", names=named(without), counts=[int(n) for n in people[without]]
        )
    unusable = ~unknown & ((totals < 0) | np.isinf(totals) | ((totals == 0) & (people > 0)))
    if unusable.any():
        raise EstimationError(
            "DI-E324", names=named(unusable), totals=[_shown(t) for t in totals[unusable]]
        )
    empty = (totals > 0) & (people == 0)
    if empty.any():
        raise EstimationError(
            "DI-E322", names=named(empty), totals=[_shown(t) for t in totals[empty]]
        )
    grand = np.array([np.nansum(margin.totals) for margin in margins])
    if np.ptp(grand) > _AGREE * grand.max():
        raise EstimationError(
            "DI-E321",
            margins=[margin.name for margin in margins],
            totals=[f"{total:.15g}" for total in grand],
        )


def _refuse_auxiliaries(auxiliary: Auxiliaries) -> None:
    X, totals, names = auxiliary.X, auxiliary.totals, auxiliary.names
    missing = np.count_nonzero(~np.isfinite(X), axis=0)
    lacking = np.flatnonzero(missing)
    if lacking.size:
        raise EstimationError(
            "DI-E334",
            names=[names[k] for k in lacking],
            counts=[int(missing[k]) for k in lacking],
        )
    unusable = np.flatnonzero(~np.isfinite(totals))
    if unusable.size:
        raise EstimationError(
            "DI-E324",
            names=[names[k] for k in unusable],
            totals=[_shown(totals[k]) for k in unusable],
        )
    empty = np.flatnonzero(~X.any(axis=0) & (totals != 0))
    if empty.size:
        raise EstimationError(
            "DI-E322", names=[names[k] for k in empty], totals=[_shown(totals[k]) for k in empty]
        )


def _refuse_out_of_reach(weights: Floats, auxiliary: Auxiliaries, curve: _Curve) -> None:
    """Refuse totals that no ratios within the bounds reach, each taken by itself."""
    totals, names = auxiliary.totals, auxiliary.names
    low, high = curve.reach(auxiliary.X, weights)
    room = _CONSISTENT * np.abs(totals)
    wrong = np.flatnonzero((totals < low - room) | (totals > high + room))
    if wrong.size:
        raise EstimationError(
            "DI-E326",
            names=[names[k] for k in wrong],
            totals=[_shown(totals[k]) for k in wrong],
            low=[_shown(low[k]) for k in wrong],
            high=[_shown(high[k]) for k in wrong],
        )


def _refuse_inconsistent(basis: _Basis, auxiliary: Auxiliaries) -> None:
    """Refuse totals that differ where columns do not."""
    scaled = auxiliary.totals / basis.lengths
    apart = np.abs(basis.null @ (basis.null.T @ scaled))
    worst = float(apart.max())
    if worst > _CONSISTENT * float(np.abs(scaled).max()):
        loads = np.flatnonzero(apart > _NAMED * worst)
        raise EstimationError("DI-E329", names=[auxiliary.names[k] for k in loads])
