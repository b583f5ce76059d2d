"""The algebra of levels: values from sums, and each PSU's influence on them.

Every level is a smooth function of the sums ``W_d = Σ w r_d`` and ``Y_d = Σ w r_d y_d`` of a
cell and of the reference, so its influence in a PSU is linear in that PSU's own sums:
``t = S_cell · c_cell + S_reference · c_reference``. Sums are ordered ``W_1, Y_1, W_2, Y_2, …``.

References
----------
Deville (1999), Survey Methodology 25(2), 193-203; Binder (1983), International Statistical
Review 51(3), 279-292.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Formula = Literal["weighted_ratios", "ratio_of_composites"]


@dataclass(frozen=True, slots=True, eq=False)
class Linearised:
    """Levels, or means, of one cell and the coefficients of their influence.

    ``levels`` has shape ``(k,)``: ``D`` means, or ``D`` levels and the overall one last;
    ``cell`` and ``reference`` have shape ``(k, 2 D)``. Without members a value is NaN and has no
    influence.
    """

    levels: Floats
    cell: Floats
    reference: Floats

    def times(self, units: Floats) -> "Linearised":
        """Return the same in other units, shape ``(k,)``."""
        column = units[:, None]
        return Linearised(self.levels * units, self.cell * column, self.reference * column)


def means(sums: Floats) -> Floats:
    """Return dimension means ``Y_d / W_d`` of a cell's sums, shape ``(D,)``; NaN when empty."""
    weights = sums[0::2]
    return np.divide(sums[1::2], weights, out=np.full(weights.shape, np.nan), where=weights > 0)


def levels_of(sums: Floats, reference: Floats, shares: Floats, formula: Formula) -> Floats:
    """Return the levels of many cells, or of one in many replicates, without their influence.

    Parameters
    ----------
    sums, reference
        Sums over each and over the reference, shapes ``(…, 2 D)`` that broadcast.
    shares, formula
        As for :func:`linearise_levels`.

    Returns
    -------
    levels
        ``D`` dimensions and the overall level last, shape ``(…, D + 1)``; NaN when empty.
    """
    m, m_0 = _means(sums), _means(reference)
    m_0 = np.where(m_0 > 0, m_0, np.nan)
    levels = 100 * (m / m_0)
    if formula == "weighted_ratios":
        overall = levels @ shares
    else:
        overall = 100 * ((m @ shares) / (m_0 @ shares))
    return np.concatenate([levels, np.asarray(overall)[..., None]], axis=-1)


def composites_of(sums: Floats, shares: Floats) -> Floats:
    """Return ``Σ ω_d m_d`` over the dimensions that count, of sums ``(…, 2 D)``."""
    used = shares > 0
    return np.asarray(_means(sums)[..., used] @ shares[used], dtype=np.float64)


def _means(sums: Floats) -> Floats:
    weights = sums[..., 0::2]
    found = np.full(weights.shape, np.nan)
    return np.divide(sums[..., 1::2], weights, out=found, where=weights > 0)


def linearise_levels(
    cell: Floats, reference: Floats, shares: Floats, formula: Formula
) -> Linearised:
    """Return the levels of a cell relative to the reference, with their influence.

    Parameters
    ----------
    cell, reference
        Sums over the cell and over the reference population, shape ``(2 D,)``.
    shares
        Weights ``ω_d`` of the dimensions, shape ``(D,)``, summing to one.
    formula
        ``weighted_ratios``: ``Σ_d ω_d · 100 m_d / m_0d``; ``ratio_of_composites``:
        ``100 Σ_d ω_d m_d / Σ_d ω_d m_0d``.

    Returns
    -------
    Linearised
        With ``z = 100 [1_k (y - m_k)/(W_k m_0) - m_k (y - m_0) 1_0 / (m_0² W_0)]`` per
        dimension, written in sums.
    """
    m, m_0 = means(cell), means(reference)
    m_0 = np.where(m_0 > 0, m_0, np.nan)  # a level relative to nothing is undefined
    levels = 100 * (m / m_0)
    to_cell = _mean_influence(m, cell)
    to_reference = _mean_influence(m_0, reference)
    cell_part = (100 / m_0)[:, None] * to_cell
    reference_part = -(levels / m_0)[:, None] * to_reference
    if formula == "weighted_ratios":
        overall = float(shares @ levels)
        overall_cell = shares @ cell_part
        overall_reference = shares @ reference_part
    else:
        composite, composite_0 = float(shares @ m), float(shares @ m_0)
        overall = 100 * (composite / composite_0)
        overall_cell = 100 / composite_0 * (shares @ to_cell)
        overall_reference = -overall / composite_0 * (shares @ to_reference)
    values = np.append(levels, overall)
    undefined = np.isnan(values)
    cell_coefficients = np.vstack([cell_part, overall_cell])
    reference_coefficients = np.vstack([reference_part, overall_reference])
    cell_coefficients[undefined] = 0.0
    reference_coefficients[undefined] = 0.0
    return Linearised(values, cell_coefficients, reference_coefficients)


def linearise_means(cell: Floats) -> Linearised:
    """Return the means of a cell with their influence: no reference enters.

    Parameters
    ----------
    cell
        Sums over the cell, shape ``(2 D,)``.
    """
    m = means(cell)
    coefficients = _mean_influence(m, cell)
    coefficients[np.isnan(m)] = 0.0
    return Linearised(m, coefficients, np.zeros_like(coefficients))


def _mean_influence(m: Floats, sums: Floats) -> Floats:
    """Return ``∂ m_d / ∂ (W, Y)``: the mean's influence as coefficients, shape ``(D, 2 D)``."""
    weights = np.where(sums[0::2] > 0, sums[0::2], np.nan)
    coefficients = np.zeros((m.size, 2 * m.size))
    rows = np.arange(m.size)
    coefficients[rows, 2 * rows] = -m / weights
    coefficients[rows, 2 * rows + 1] = 1 / weights
    return coefficients


def srs_variance(
    linearised: Linearised,
    moments: Floats,
    shared: Floats,
    reference: Floats,
    *,
    records: Floats,
    weights: Floats,
) -> Floats:
    """Return the variance under simple random sampling inside each sample.

    Parameters
    ----------
    linearised
        Levels and their coefficients.
    moments, shared, reference
        ``Σ w v v'`` over the cell, over its part inside the reference, and over the reference,
        by sample, each of shape ``(S, 2 D, 2 D)``.
    records, weights
        Number of records and sum of weights of each sample, shape ``(S,)``.

    Returns
    -------
    variance
        ``Σ_s W_s² S_s²/n_s`` with ``S² = n/(n-1) Σ w z²/W`` (R's ``deff = "replace"`` within
        samples), shape of the levels.
    """
    a, b = linearised.cell, linearised.reference
    squares = (
        np.einsum("ki,sij,kj->sk", a, moments, a)
        + 2 * np.einsum("ki,sij,kj->sk", a, shared, b)
        + np.einsum("ki,sij,kj->sk", b, reference, b)
    )
    factor = weights / np.maximum(records - 1, 1.0)
    return factor @ squares
