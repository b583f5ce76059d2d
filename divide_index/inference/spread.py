"""How much of the spread of scores lies between regions, and how much inside them, as arrays.

A person's score in index points is ``Y = Σ_d a_d y_d``, of which the reference's mean is 100 and a
region's mean is its level ``L_r``. With the regions' shares ``s_r`` of the weights::

    total    T = Σ w (Y - 100)² / W
    between  B = Σ_r s_r (L_r - 100)²
    within   T - B

Influences know that shares, levels and the points ``a_d`` are estimated:
``z_B = Σ_r [(1_r - s_r)/W · (L_r - 100)² + 2 s_r (L_r - 100) z_Lr]``.

References
----------
Deville (1999), Survey Methodology 25(2), 193-203; Searle, Casella, McCulloch (1992), Variance
Components, ch. 3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.ratios import Formula
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_NOTHING = 1e-18  # squared index points: what rounding leaves where nobody differs


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The variance of scores between and within ``R`` regions, in squared index points.

    Parameters
    ----------
    between, within
        They sum to the total variance.
    psu_totals
        Weighted influence summed over each PSU, of ``between``, ``within``, their total, and the
        share of ``between`` in it, shape ``(P, 4)``.
    levels
        Level of each region, shape ``(R,)``.
    shares
        Share of each region in the weights of the reference, shape ``(R,)``.
    level_totals
        Weighted influence of the levels summed over each PSU, shape ``(P, R)``.
    """

    between: float
    within: float
    psu_totals: Floats
    levels: Floats
    shares: Floats
    level_totals: Floats

    @property
    def total(self) -> float:
        """Variance of the scores of everybody in the reference."""
        return self.between + self.within

    @property
    def share(self) -> float:
        """Share of the variance that lies between regions; NaN where nobody differs."""
        return self.between / self.total if self.total > _NOTHING else np.nan

    @property
    def values(self) -> Floats:
        """What ``psu_totals`` are of: between, within, total and share, shape ``(4,)``."""
        return np.array([self.between, self.within, self.total, self.share])

    def corrected_between(self, level_covariance: Floats) -> float:
        """Return ``between`` without what the sampling error of the levels adds to it.

        Estimated levels spread more than true ones: ``E[Σ s_r (L̂_r - 100)²]`` is the true spread
        plus ``Σ s_r V(L̂_r)``. That is exact for given shares and as far as levels are linear;
        subtracted is its estimate, as in the analysis of variance. The result is below zero where
        the levels spread less than sampling error alone would make them: not turned into zero,
        which would be biased upwards. A region without degrees of freedom, whose PSUs lie one to
        a stratum, has a variance that is too small, and so is then what is subtracted.

        Parameters
        ----------
        level_covariance
            What the design makes of ``level_totals``, shape ``(R, R)``.
        """
        return self.between - float(self.shares @ np.diag(level_covariance))


def spread_of_levels(
    scores: Floats,
    weights: Floats,
    psu: Indices,
    psus: int,
    *,
    regions: Indices,
    shares: Floats,
    formula: Formula,
) -> Spread:
    """Divide the variance of scores in index points into that between and within regions.

    Parameters
    ----------
    scores
        Scores of ``D`` dimensions of the people of the reference, shape ``(n, D)``, finite.
    weights
        Shape ``(n,)``, positive.
    psu
        PSU of each, shape ``(n,)``, values ``0 … P-1``.
    psus
        Number of PSUs of the design, ``P``.
    regions
        Region of each, shape ``(n,)``, values ``0 … R-1``: they partition the reference.
    shares
        Weight ``ω`` of each dimension, shape ``(D,)``, summing to one.
    formula
        How dimensions make the overall level.

    Raises
    ------
    EstimationError
        DI-E261: a region is empty.
    """
    size = np.bincount(regions, weights)
    empty = [int(r) for r in np.flatnonzero(size == 0)]
    if empty:
        raise EstimationError("DI-E261", groups=empty)
    whole = float(size.sum())
    means = psu_sums(weights[:, None] * scores, regions, size.size) / size[:, None]
    nation = size @ means / whole
    apart = scores - nation
    moves_nation = psu_sums(weights[:, None] * apart, psu, psus) / whole
    if formula == "weighted_ratios":
        points = 100 * shares / nation
        moves_points = -points / nation * moves_nation
    else:
        composite = float(shares @ nation)
        points = 100 * shares / composite
        moves_points = -(moves_nation @ shares / composite)[:, None] * points
    part, gaps, y = size / whole, (means - nation) @ points, apart @ points

    # Levels: their own means move, the nation's, and the points.
    inside = np.zeros((psus, size.size))
    np.add.at(inside, (psu, regions), weights * (y - gaps[regions]))
    moves_levels = inside / size - (moves_nation @ points)[:, None]
    moves_levels += moves_points @ (means - nation).T
    # The share of a region moves by its own weights: Σ_r (1_r - s_r) g_r².
    between = float(part @ gaps**2)
    squares = weights * (gaps[regions] ** 2 - between) / whole
    moves_between = np.bincount(psu, squares, psus) + 2 * moves_levels @ (part * gaps)
    total = float(weights @ y**2) / whole
    slope = 2 * (weights * y) @ apart / whole  # of the total, by each point
    moves_total = np.bincount(psu, weights * (y**2 - total), psus) / whole + moves_points @ slope
    moves_share = np.zeros(psus)
    if total > _NOTHING:
        moves_share = (moves_between - between / total * moves_total) / total
    return Spread(
        between,
        total - between,
        np.column_stack([moves_between, moves_total - moves_between, moves_total, moves_share]),
        100 + gaps,
        part,
        moves_levels,
    )
