"""Whether regions converge, without what the sampling error of their levels feigns, as arrays.

Estimated levels ``y_t = θ_t + e_t`` of ``K`` regions spread more than true ones, and a region whose
first level was too low by chance seems to catch up (regression to the mean). With ``A`` the matrix
of a variance among regions, and ``V`` the joint covariance of the levels of all years, reference in
common and all::

    sigma    E[y_t' A y_t]   = θ_t' A θ_t + tr(A V_tt)
    beta     slope of Δ = y_1 - y_0 on y_0:
             (y_0' A Δ - tr(A (V_01 - V_00))) / (y_0' A y_0 - tr(A V_00))

``A = (diag(p) - p p') / (1 - Σ p²)``: for equal ``p`` the usual variance with ``K - 1``. ``V`` is
taken as known, as in the analysis of variance; errors of the moments are linearised in the levels.

References
----------
Barro, Sala-i-Martin (1992), Journal of Political Economy 100(2), 223-251; Fuller (1987),
Measurement Error Models, sections 1.2 and 2.2; Temple (1998), Journal of Applied Econometrics
13(4), 361-375.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def variance_matrix(weights: Floats) -> Floats:
    """Return ``A``, by which ``y' A y`` is the variance among regions.

    Parameters
    ----------
    weights
        Of the regions, shape ``(K,)``, positive; taken as known. They are scaled to sum to one.

    Returns
    -------
    matrix
        Shape ``(K, K)``, symmetric; its rows sum to zero.
    """
    p = weights / weights.sum()
    return (np.diag(p) - np.outer(p, p)) / (1 - float(p @ p))


@dataclass(frozen=True, slots=True, eq=False)
class Dispersion:
    """The variance of levels among regions in ``T`` years, in squared index points.

    Parameters
    ----------
    observed
        Of the estimated levels, shape ``(T,)``.
    sampling
        What their sampling error adds to it, on average, shape ``(T,)``.
    covariance
        Of both ``observed`` and ``corrected``, shape ``(T, T)``.
    """

    observed: Floats
    sampling: Floats
    covariance: Floats

    @property
    def corrected(self) -> Floats:
        """Of the true levels, shape ``(T,)``: below zero where error alone would spread more.

        Not turned into zero, which would be biased upwards.
        """
        return self.observed - self.sampling


def dispersion(levels: Floats, covariance: Floats, weights: Floats) -> Dispersion:
    """Return the variance of levels among regions, corrected for sampling error.

    Parameters
    ----------
    levels
        Of ``K`` regions in ``T`` years, shape ``(T, K)``.
    covariance
        Of all of them, years one after the other, shape ``(T K, T K)``.
    weights
        Of the regions, shape ``(K,)``.

    Notes
    -----
    ``Var(y'Ay) ≈ 4 y'AVAy``. With normal errors its expectation is the true variance plus
    ``2 tr(AVAV)``: somewhat too large, never too small.
    """
    years, regions = levels.shape
    matrix = variance_matrix(weights)
    blocks = covariance.reshape(years, regions, years, regions)
    gradient = np.zeros((years, years, regions))
    gradient[range(years), range(years)] = 2 * levels @ matrix
    slopes = gradient.reshape(years, -1)
    return Dispersion(
        observed=np.einsum("ti,ij,tj->t", levels, matrix, levels),
        sampling=np.array([np.sum(matrix * blocks[t, :, t]) for t in range(years)]),
        covariance=slopes @ covariance @ slopes.T,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """The slope of changes on first levels among regions, as a ratio of two moments.

    Parameters
    ----------
    moments
        Covariance of change and first level, and variance of the first level, shape ``(2,)``.
    covariance
        Of the two moments from sampling error, shape ``(2, 2)``.
    """

    moments: Floats
    covariance: Floats

    @property
    def value(self) -> float:
        """The slope; NaN where the first levels have no variance above zero."""
        product, variance = self.moments.tolist()
        return product / variance if variance > 0 else np.nan

    @property
    def variance(self) -> float:
        """Of the slope, from sampling error, by linearisation."""
        gradient = np.array([1.0, -self.value]) / self.moments[1]
        return float(gradient @ self.covariance @ gradient)


def naive_slope(first: Floats, last: Floats, covariance: Floats, weights: Floats) -> Slope:
    """Return the least squares slope of changes on first levels, biased by sampling error.

    Parameters
    ----------
    first, last
        Levels of ``K`` regions in two years, shape ``(K,)``.
    covariance
        Of both, the first year's before the last's, shape ``(2 K, 2 K)``.
    weights
        Of the regions, shape ``(K,)``.
    """
    matrix = variance_matrix(weights)
    change, centred = last - first, matrix @ first
    moments = np.array([centred @ change, centred @ first])
    # d(y0' A Δ) = (A (Δ - y0))' dy0 + (A y0)' dy1;  d(y0' A y0) = 2 (A y0)' dy0
    gradient = np.zeros((2, 2, first.size))
    gradient[0, 0], gradient[0, 1] = matrix @ (change - first), centred
    gradient[1, 0] = 2 * centred
    slopes = gradient.reshape(2, -1)
    return Slope(moments, slopes @ covariance @ slopes.T)


def corrected_slope(first: Floats, last: Floats, covariance: Floats, weights: Floats) -> Slope:
    """Return the slope of true changes on true first levels, by the method of moments.

    Parameters
    ----------
    first, last, covariance, weights
        As in :func:`naive_slope`. Without sampling error both are the same.
    """
    naive = naive_slope(first, last, covariance, weights)
    matrix, size = variance_matrix(weights), first.size
    own, between = covariance[:size, :size], covariance[:size, size:]
    noise = np.array([np.sum(matrix * (between - own)), np.sum(matrix * own)])
    return Slope(naive.moments - noise, naive.covariance)


def slopes_without_each(
    first: Floats, last: Floats, covariance: Floats, weights: Floats, *, is_corrected: bool
) -> Floats:
    """Return the slope without each of the regions in turn, shape ``(K,)``.

    Parameters
    ----------
    first, last, covariance, weights
        As in :func:`naive_slope`.
    is_corrected
        For sampling error.

    Notes
    -----
    Of these, ``(K - 1)/K Σ (b_r - b̄)²`` is the jackknife variance over regions: as if they had
    been drawn, so that it holds what happened to each, and the sampling error of each, too.
    """
    slope = corrected_slope if is_corrected else naive_slope
    size = first.size
    found: list[float] = []
    for left_out in range(size):
        kept = np.delete(np.arange(size), left_out)
        both = np.concatenate([kept, size + kept])
        found.append(
            slope(first[kept], last[kept], covariance[np.ix_(both, both)], weights[kept]).value
        )
    return np.array(found)


def jackknife_variance(without_each: Floats) -> float:
    """Return ``(K - 1)/K Σ (b_r - b̄)²``; NaN where one of them is not a number."""
    size = without_each.size
    return float((size - 1) / size * np.sum((without_each - without_each.mean()) ** 2))
