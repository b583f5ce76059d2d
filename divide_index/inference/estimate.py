"""Estimates: named values, their design covariance, and the intervals made from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth for ==
class Estimate:
    """Named values with their design-based covariance.

    Parameters
    ----------
    names
        What is estimated, length ``k``.
    values
        Shape ``(k,)``; NaN where undefined.
    covariance
        Shape ``(k, k)``: a difference of two rows needs the off-diagonal.
    degrees_of_freedom
        Shape ``(k,)``: each domain has its own.
    """

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    degrees_of_freedom: Floats

    @property
    def std_errors(self) -> Floats:
        """Standard errors, shape ``(k,)``."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def reliable_std_errors(self) -> Floats:
        """Standard errors, shape ``(k,)``; NaN without degrees of freedom or a value.

        Inside a single PSU per stratum the linearised value of a domain sums to zero, so a
        computed standard error would be that of the reference alone and look precise.
        """
        reliable = (self.degrees_of_freedom >= 1) & ~np.isnan(self.values)
        return np.where(reliable, self.std_errors, np.nan)

    def design_effects(self, srs_variance: Floats) -> Floats:
        """Return the variance over that of simple random sampling, shape ``(k,)``.

        Parameters
        ----------
        srs_variance
            From :func:`divide_index.inference.ratios.srs_variance`, shape ``(k,)``.
        """
        variance = self.reliable_std_errors**2
        usable = (srs_variance > 0) & (variance > 0)
        nothing = np.full(variance.shape, np.nan)
        return np.divide(variance, srs_variance, out=nothing, where=usable)

    def contrast(self, matrix: Floats, names: tuple[str, ...]) -> "Estimate":
        """Return linear combinations of the values.

        Parameters
        ----------
        matrix
            Shape ``(m, k)``.
        names
            Names of the ``m`` combinations.

        Returns
        -------
        Estimate
            With the smallest degrees of freedom among the values that enter.
        """
        used = matrix != 0
        lowest = np.where(used, self.degrees_of_freedom[None, :], np.inf).min(axis=1)
        values = np.where(used, matrix, 0.0) @ np.where(np.isnan(self.values), 0.0, self.values)
        values[(used & np.isnan(self.values)[None, :]).any(axis=1)] = np.nan
        entering = used.any(axis=0)  # a row that does not enter may be undefined
        part = matrix[:, entering]
        covariance = part @ self.covariance[np.ix_(entering, entering)] @ part.T
        return Estimate(names, values, covariance, lowest)

    def intervals(self, confidence: float) -> tuple[Floats, Floats]:
        """Return Wald intervals with t quantiles, each of shape ``(k,)``.

        Parameters
        ----------
        confidence
            Between 0 and 1, such as 0.95. Without degrees of freedom an interval is NaN.
        """
        margin = t_quantile(confidence, self.degrees_of_freedom) * self.reliable_std_errors
        return self.values - margin, self.values + margin


def check_confidence(confidence: float) -> None:
    """Refuse a confidence level that is not a share, such as 95.

    Raises
    ------
    EstimationError
        Not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise EstimationError("DI-E117", option="confidence", value=confidence, valid="0~1")


def t_quantile(confidence: float, degrees_of_freedom: Floats) -> Floats:
    """Return the two-sided t quantile, shape of ``degrees_of_freedom``; NaN where those are < 1."""
    from scipy.special import stdtrit

    usable = degrees_of_freedom >= 1
    quantile = stdtrit(np.where(usable, degrees_of_freedom, 1.0), (1 + confidence) / 2)
    return np.where(usable, quantile, np.nan)


def fieller_interval(
    numerator: Floats, denominator: Floats, covariance: Floats, quantile: Floats
) -> tuple[Floats, Floats]:
    """Return Fieller intervals of ratios whose denominator is itself uncertain.

    Parameters
    ----------
    numerator, denominator
        Estimates, shape ``(k,)``.
    covariance
        Their variances and covariance ``(v_nn, v_nd, v_dd)``, shape ``(k, 3)``.
    quantile
        Two-sided t quantile, shape ``(k,)``.

    Returns
    -------
    low, high
        Shape ``(k,)``; NaN where the denominator does not differ from zero, so that the
        interval is unbounded.

    References
    ----------
    Fieller (1954), Journal of the Royal Statistical Society B 16(2), 175-185.
    """
    v_nn, v_nd, v_dd = covariance.T
    ratio = numerator / denominator
    scale = (quantile / denominator) ** 2
    bounded = scale * v_dd < 1
    shrink = np.where(bounded, 1 - scale * v_dd, np.nan)
    centre = (ratio - scale * v_nd) / shrink
    inside = v_nn - 2 * ratio * v_nd + ratio**2 * v_dd - scale * (v_nn * v_dd - v_nd**2)
    half = quantile / np.abs(denominator) / shrink * np.sqrt(np.maximum(inside, 0.0))
    return centre - half, centre + half
