"""The two sides of what composition explains of a gap, apart: differences and coefficients.

Of a group's distance from the reference, column ``k`` of the factors explains ``δ_k b_kd`` in
dimension ``d``: the difference of means ``δ_k = x̄_gk - x̄_Nk``, times the slope in index points
``b_kd = a_d β_kd`` (:mod:`divide_index.inference.gaps`). A change of the product needs both, and
so does its error: slopes have the influence ``Q⁻¹ Σ w x̃ e``, and ``a_d`` moves with the
reference's mean.

References
----------
Jann (2008), Stata Journal 8(4), 453-479; Binder (1983), International Statistical Review 51(3),
279-292.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from divide_index.inference.collinearity import refuse_collinear
from divide_index.inference.gaps import People
from divide_index.inference.ratios import Formula
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_FLAT = 1e-24  # of the squares of a column: what is left inside the cells is rounding


@dataclass(frozen=True, slots=True, eq=False)
class GapPieces:
    """What the distance of one group from the reference is made of, in index points.

    For ``K`` columns, ``D`` dimensions and ``P`` PSUs. The distance is
    ``Σ_k differences_k coefficients_kd + unexplained_d``.

    Parameters
    ----------
    differences
        Means of the group minus means of the reference, shape ``(K,)``.
    coefficients
        Index points of the overall level per unit of each column, shape ``(K, D)``.
    unexplained
        Shape ``(D,)``.
    difference_totals, coefficient_totals, unexplained_totals
        Their weighted influence summed over each PSU: ``(P, K)``, ``(P, K, D)``, ``(P, D)``.
    """

    differences: Floats
    coefficients: Floats
    unexplained: Floats
    difference_totals: Floats
    coefficient_totals: Floats
    unexplained_totals: Floats

    def of_columns(self, columns: Sequence[int]) -> "GapPieces":
        """Return the same pieces, the columns in another order."""
        order = list(columns)
        return replace(
            self,
            differences=self.differences[order],
            coefficients=self.coefficients[order],
            difference_totals=self.difference_totals[:, order],
            coefficient_totals=self.coefficient_totals[:, order],
        )

    @property
    def explained(self) -> Floats:
        """What each column explains, shape ``(K, D)``."""
        return self.differences[:, None] * self.coefficients


def pieces_of_gaps(
    people: People, groups: Sequence[Mask], shares: Floats, *, formula: Formula, psus: int
) -> tuple[GapPieces, ...]:
    """Return the pieces of every group's distance from the reference.

    Parameters
    ----------
    people
        As for :func:`divide_index.inference.gaps.decompose_gaps`, to which these sum.
    groups
        Who is in each of ``G`` groups, shape ``(n,)`` each, none empty.
    shares
        Weight ``ω`` of each dimension, shape ``(D,)``.
    formula
        How dimensions make the overall level.
    psus
        Number of PSUs of the design.

    Raises
    ------
    EstimationError
        DI-E260: columns of the covariates repeat each other inside the cells.
    """
    reference = people.reference
    mean_x, sums_x = _mean(people.covariates, people, reference, psus)
    mean_y, sums_y = _mean(people.scores, people, reference, psus)
    beta, sums_beta = _slopes(people, psus)
    # a_d, and da_d / a_d in each PSU.
    if formula == "weighted_ratios":
        scale = 100 * shares / mean_y
        relative = sums_y / mean_y
    else:
        composite = float(shares @ mean_y)
        scale = 100 * shares / composite
        relative = np.repeat((sums_y @ shares / composite)[:, None], shares.size, axis=1)
    coefficients = scale * beta
    moves = scale * sums_beta - coefficients * relative[:, None, :]
    found: list[GapPieces] = []
    for group in groups:
        own_x, own_sums_x = _mean(people.covariates, people, group, psus)
        own_y, own_sums_y = _mean(people.scores, people, group, psus)
        behind, gap = own_x - mean_x, scale * (own_y - mean_y)
        moves_x = own_sums_x - sums_x
        moves_gap = scale * (own_sums_y - sums_y) - gap * relative
        moves_explained = moves_x @ coefficients + np.einsum("k,pkd->pd", behind, moves)
        found.append(
            GapPieces(
                differences=behind,
                coefficients=coefficients,
                unexplained=gap - behind @ coefficients,
                difference_totals=moves_x,
                coefficient_totals=moves,
                unexplained_totals=moves_gap - moves_explained,
            )
        )
    return tuple(found)


def _slopes(people: People, psus: int) -> tuple[Floats, Floats]:
    """Return the reference's common slopes inside its cells ``(K, D)``, and PSU totals."""
    inside = np.flatnonzero(people.reference)
    w, psu = people.weights[inside], people.psu[inside]
    cells = np.unique(people.cells[inside], return_inverse=True)[1].astype(np.intp)
    x, y = (_deviations(values[inside], w, cells) for values in (people.covariates, people.scores))
    root = np.sqrt(w)[:, None]
    cross = np.asarray((root * x).T @ (root * x), dtype=np.float64)
    squares = w @ people.covariates[inside] ** 2
    cross[np.diag(cross) <= _FLAT * squares] = 0.0  # what rounding leaves of a constant
    refuse_collinear(cross)
    spread = np.sqrt(np.diag(cross))
    q, r = np.linalg.qr(root * x / spread)
    half = np.linalg.inv(r)
    inverse = half @ half.T / np.outer(spread, spread)
    beta = (half @ (q.T @ (root * y))) / spread[:, None]
    scores = w[:, None] * (y - x @ beta)
    sums = [psu_sums(x * scores[:, [d]], psu, psus) @ inverse for d in range(y.shape[1])]
    return beta, np.stack(sums, axis=2)


def _deviations(values: Floats, weights: Floats, cells: Indices) -> Floats:
    """Return values minus the weighted means of their cells, shape ``(n, m)``."""
    count = int(cells.max()) + 1
    sums = psu_sums(weights[:, None] * values, cells, count)
    size = np.maximum(np.bincount(cells, weights, count), np.finfo(np.float64).tiny)
    return np.asarray(values - (sums / size[:, None])[cells], dtype=np.float64)


def _mean(values: Floats, people: People, mask: Mask, psus: int) -> tuple[Floats, Floats]:
    """Return the weighted mean of some people, and its influence summed over each PSU."""
    rows = np.flatnonzero(mask)
    w, psu, own = people.weights[rows], people.psu[rows], values[rows]
    total = float(w.sum())
    mean = w @ own / total
    return mean, psu_sums(w[:, None] * (own - mean), psu, psus) / total
