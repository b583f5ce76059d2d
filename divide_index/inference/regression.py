"""Regressions of scores on covariates, weighted, with errors by the design.

The slopes ``b`` solve ``Σ w x (y - x'b) = 0``, so their influence in a PSU is
``Q⁻¹ Σ w x e`` with ``Q = Σ w x x'``: what a design's covariance turns into R's ``svyglm``.

References
----------
Binder (1983), International Statistical Review 51(3), 279-292; Fuller (1975), Sankhya C 37,
117-132.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.collinearity import refuse_collinear
from divide_index.inference.design import Design
from divide_index.inference.estimate import Estimate
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Blocks = Sequence[Sequence[int]]

_SINGULAR = 1e-12  # of the largest eigenvalue of a block's correlations


@dataclass(frozen=True, slots=True, eq=False)
class Respondents:
    """Persons with one or several scores and their covariates, ``n`` of them.

    Parameters
    ----------
    scores
        Of ``D`` dimensions, shape ``(n, D)``, finite.
    covariates
        Shape ``(n, K)``: a constant first, dummies without their base.
    weights
        Shape ``(n,)``.
    psu
        PSU of each, shape ``(n,)``, values ``0 … P-1`` of the whole design.
    """

    scores: Floats
    covariates: Floats
    weights: Floats
    psu: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Collinearity:
    """How much the covariates repeat each other; the scores play no part.

    Parameters
    ----------
    condition_number
        Largest over smallest singular value of the weighted covariates, each column scaled to
        length one and the constant among them (Belsley's index; above 30 is strong).
    inflation
        Factor by which the other columns inflate the variance of each, shape ``(K,)``; NaN for
        the constant.
    block_inflation
        The same of the blocks (generalised), shape ``(B,)``; no base category moves it.
    block_sizes
        Columns of each block, shape ``(B,)``.

    References
    ----------
    Belsley, Kuh, Welsch (1980), Regression Diagnostics; Fox, Monette (1992), Journal of the
    American Statistical Association 87(417), 178-183.
    """

    condition_number: float
    inflation: Floats
    block_inflation: Floats
    block_sizes: Floats

    @property
    def error_inflation(self) -> Floats:
        """``GVIF^(1/(2 size))``, on the scale of a standard error: blocks of any size compare."""
        return self.block_inflation ** (0.5 / self.block_sizes)


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """The regression of one score.

    Parameters
    ----------
    coefficients
        The constant first, shape ``(K,)``.
    psu_totals
        Weighted influence of the coefficients summed over each PSU, shape ``(P, K)``: what a
        design's covariance is made of.
    r_squared
        Share of the weighted variance explained; NaN for a score that does not vary.
    residual_df
        PSUs that hold a respondent, minus the strata they lie in, minus columns beside the
        constant: R's ``df.residual``.
    collinearity
        The same for every score.
    """

    coefficients: Floats
    psu_totals: Floats
    r_squared: float
    residual_df: float
    collinearity: Collinearity

    @property
    def condition_number(self) -> float:
        """Of the scaled covariates; see :class:`Collinearity`."""
        return self.collinearity.condition_number


@dataclass(frozen=True, slots=True, eq=False)
class WaldTests:
    """F tests that all coefficients of a block are zero, ``B`` of them.

    ``statistics``, ``p_values`` ``(B,)``: NaN where the covariance of the block is singular;
    ``block_sizes`` ``(B,)``, degrees of freedom of the numerator; ``residual_df`` of the
    denominator.
    """

    statistics: Floats
    block_sizes: Floats
    residual_df: float
    p_values: Floats


def fit_regressions(
    respondents: Respondents, blocks: Blocks, design: Design
) -> tuple[Regression, ...]:
    """Regress every score on the same covariates.

    Parameters
    ----------
    respondents
        The persons; of a domain, its members alone, with their PSUs of the whole design.
    blocks
        The columns of each factor, for its generalised variance inflation.
    design
        The whole design.

    Returns
    -------
    regressions
        One for each score. The totals of several side by side give their covariance too.

    Raises
    ------
    EstimationError
        DI-E262: fewer degrees of freedom than columns. DI-E260: columns repeat each other; they
        are counted from the constant, which is 0.
    """
    x, w, psu = respondents.covariates, respondents.weights, respondents.psu
    residual_df = _residual_df(respondents, design)
    weighted = w[:, None] * x
    cross = np.asarray(x.T @ weighted, dtype=np.float64)
    refuse_collinear(cross)
    shared = collinearity(x, w, blocks)

    def regression(y: Floats) -> Regression:
        coefficients, residuals = _least_squares(y, x, w)
        scores = psu_sums(weighted * residuals[:, None], psu, design.units)
        spread = float(w @ (y - np.average(y, weights=w)) ** 2)
        return Regression(
            coefficients,
            np.asarray(np.linalg.solve(cross, scores.T).T, dtype=np.float64),
            1 - float(w @ residuals**2) / spread if spread > 0 else np.nan,
            residual_df,
            shared,
        )

    return tuple(regression(y) for y in respondents.scores.T)


def collinearity(covariates: Floats, weights: Floats, blocks: Blocks) -> Collinearity:
    """Measure how much covariates repeat each other.

    Parameters
    ----------
    covariates
        A constant first, shape ``(n, K)``, none determined by the others.
    weights
        Shape ``(n,)``.
    blocks
        The columns of each factor, ``B`` of them.
    """
    cross = covariates.T @ (weights[:, None] * covariates)
    values = np.linalg.eigvalsh(_correlations(cross))
    mean = np.average(covariates, axis=0, weights=weights)
    centred = (covariates - mean)[:, 1:]
    correlations = _correlations(centred.T @ (weights[:, None] * centred))
    inverse = np.linalg.inv(correlations)
    # det R_bb · det R_rest / det R, and det R_rest / det R = det (R⁻¹)_bb
    places = [np.asarray(block, dtype=np.intp) - 1 for block in blocks]
    shares = [np.ix_(place, place) for place in places]
    return Collinearity(
        condition_number=float(np.sqrt(values[-1] / values[0])),
        inflation=np.append(np.nan, np.diag(inverse)),
        block_inflation=np.array(
            [np.linalg.det(correlations[s]) * np.linalg.det(inverse[s]) for s in shares]
        ),
        block_sizes=np.array([float(len(block)) for block in blocks]),
    )


def wald_tests(estimate: Estimate, blocks: Blocks, residual_df: float) -> WaldTests:
    """Test whole blocks of coefficients, as R's ``regTermTest(method = "Wald")`` does.

    Parameters
    ----------
    estimate
        Coefficients with their design covariance.
    blocks
        The coefficients of each factor, ``B`` of them.
    residual_df
        Degrees of freedom of the denominator.

    Returns
    -------
    WaldTests
        ``F = b' V⁻¹ b / size``. No base category moves it.

    References
    ----------
    Korn, Graubard (1990), The American Statistician 44(4), 270-276.
    """
    from scipy.special import fdtrc

    sizes = np.array([float(len(block)) for block in blocks])
    statistics = np.array([_wald(estimate, np.asarray(block)) for block in blocks]) / sizes
    usable = ~np.isnan(statistics)
    survival = fdtrc(sizes, residual_df, np.where(usable, statistics, 0.0))
    return WaldTests(statistics, sizes, residual_df, np.where(usable, survival, np.nan))


def _wald(estimate: Estimate, block: Indices) -> float:
    """Return ``b' V⁻¹ b``; NaN where ``V`` has no inverse."""
    covariance = estimate.covariance[np.ix_(block, block)]
    if not (np.diag(covariance) > 0).all():
        return np.nan
    values = np.linalg.eigvalsh(_correlations(covariance))
    if values[0] <= _SINGULAR * values[-1]:
        return np.nan
    b = estimate.values[block]
    return float(b @ np.linalg.solve(covariance, b))


def _correlations(cross: Floats) -> Floats:
    """Return a cross-product scaled to a diagonal of ones."""
    length = np.sqrt(np.diag(cross))
    return np.asarray(cross / np.outer(length, length), dtype=np.float64)


def _residual_df(respondents: Respondents, design: Design) -> float:
    """Return R's residual degrees of freedom, at least one."""
    columns = respondents.covariates.shape[1]
    there = respondents.psu[respondents.weights > 0]
    inside = np.bincount(there, minlength=design.units) > 0
    degrees = float(design.domain_degrees_of_freedom(inside[:, None])[0])
    if degrees < columns:
        held = design.psus_held(inside[:, None])[:, 0]
        strata = int(np.unique(design.strata[held]).size)
        raise EstimationError(
            "DI-E262", psus=int(held.sum()), strata=strata, columns=columns, df=int(degrees)
        )
    return degrees + 1 - columns


def _least_squares(y: Floats, x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return weighted least squares coefficients ``(K,)`` and residuals ``(n,)``."""
    from statsmodels.regression.linear_model import WLS  # pyright: ignore[reportMissingTypeStubs]

    # Its standard errors take weights for precisions, so they are never read.
    model: Any = WLS
    fit = model(y, x, weights=weights).fit()
    return np.asarray(fit.params, dtype=np.float64), np.asarray(fit.resid, dtype=np.float64)
