"""Why groups differ from the reference: a regression decomposition of their levels, as arrays.

Inside the reference, one weighted least squares for each dimension with an effect ``c_g`` for
every cell and common slopes ``β``: ``y_id = c_g(i)d + x_i'β_d + e_id``. A level is linear in the
scores, so its distance from 100 divides exactly::

    explained by column k    p_gkd = a_d (x̄_gk - x̄_Nk) β_kd
    unexplained              u_gd  = a_d (ȳ_gd - ȳ_Nd) - Σ_k p_gkd
    L_g - 100                      = Σ_k Σ_d p_gkd + Σ_d u_gd

with ``a_d = 100 ω_d / ȳ_Nd`` (weighted ratios) or ``100 ω_d / Σ ω_e ȳ_Ne`` (ratio of composites).

References
----------
Jann (2008), Stata Journal 8(4), 453-479; Fortin (2008), Journal of Human Resources 43(4),
884-918; Gelbach (2016), Journal of Labor Economics 34(2), 509-543.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.ratios import Formula

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_RANK = 1e-9  # of the largest eigenvalue of the scaled cross-products


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Persons with all their scores and covariates, ``n`` of them.

    Parameters
    ----------
    scores
        Scores of ``D`` dimensions, shape ``(n, D)``, finite.
    covariates
        Columns of the factors without a constant, dummies without their base, ``(n, K)``.
    weights
        Shape ``(n,)``, positive.
    psu
        PSU of each, shape ``(n,)``, values ``0 … P-1``.
    cells
        Cell of each inside the reference, shape ``(n,)``, values ``0 … C-1``; -1 outside it.
    """

    scores: Floats
    covariates: Floats
    weights: Floats
    psu: Indices
    cells: Indices

    @property
    def reference(self) -> Mask:
        """Who is in the reference, shape ``(n,)``."""
        return self.cells >= 0


@dataclass(frozen=True, slots=True, eq=False)
class GapParts:
    """The parts of every group's distance from the reference, in index points.

    For ``G`` groups, ``B`` blocks of covariates and ``D`` dimensions; negative where a part puts
    a group behind.

    Parameters
    ----------
    explained
        Shape ``(G, B, D)``.
    unexplained
        Shape ``(G, D)``.
    psu_totals
        Weighted influence summed over each PSU, of ``explained`` and then of ``unexplained``,
        shape ``(P, G, B + 1, D)``: what a design's covariance is made of.
    """

    explained: Floats
    unexplained: Floats
    psu_totals: Floats

    @property
    def parts(self) -> Floats:
        """Every part, the unexplained one last, shape ``(G, B + 1, D)``."""
        return np.concatenate([self.explained, self.unexplained[:, None, :]], axis=1)

    @property
    def gaps(self) -> Floats:
        """Level minus 100 of each group, shape ``(G,)``: the sum of its parts."""
        return self.parts.sum(axis=(1, 2))


def decompose_gaps(
    people: People,
    groups: Sequence[Mask],
    blocks: Sequence[Sequence[int]],
    shares: Floats,
    *,
    formula: Formula,
    psus: int,
) -> GapParts:
    """Divide every group's distance from the reference into factors and the rest.

    Parameters
    ----------
    people
        Of the reference, and of groups outside it: these bring their means alone, never slopes.
    groups
        Who is in each of ``G`` groups, shape ``(n,)`` each.
    blocks
        The columns of each factor, ``B`` of them.
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
        DI-E261: a group is empty.
    """
    empty = [index for index, group in enumerate(groups) if not group.any()]
    if empty:
        raise EstimationError("DI-E261", groups=empty)
    fit = _slopes(people, psus)
    scale = _scale(fit.mean_y, shares, formula)
    parts: list[Floats] = []
    totals: list[Floats] = []
    for group in groups:
        part, total = _parts(people, group, fit, scale, blocks, shares, formula, psus)
        parts.append(part)
        totals.append(total)
    every = np.stack(parts)
    return GapParts(every[:, :-1], every[:, -1], np.stack(totals, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Slopes ``(K, D)``, means of the reference, and PSU sums that their errors need."""

    beta: Floats
    mean_x: Floats
    mean_y: Floats
    total: float
    sums_x: Floats  # Σ w (x - x̄), shape (P, K)
    sums_y: Floats  # Σ w (y - ȳ), shape (P, D)
    moved: Floats  # Q⁻¹ Σ w x̃ e, shape (P, K, D)


def _slopes(people: People, psus: int) -> _Fit:
    """Fit the reference's common slopes inside its cells."""
    inside = people.reference
    w, cells, psu = people.weights[inside], people.cells[inside], people.psu[inside]
    x, y = people.covariates[inside], people.scores[inside]
    total = float(w.sum())
    mean_x, mean_y = w @ x / total, w @ y / total
    within_x, within_y = x - _cell_means(x, w, cells), y - _cell_means(y, w, cells)
    cross = within_x.T @ (w[:, None] * within_x)
    refuse_collinear(cross)
    slopes = np.linalg.solve(cross, within_x.T @ (w[:, None] * within_y))
    beta = np.asarray(slopes, dtype=np.float64)
    residuals = within_y - within_x @ beta
    weighted = w[:, None] * within_x
    moved = np.stack(
        [psu_sums(weighted * residuals[:, [d]], psu, psus) for d in range(y.shape[1])], axis=2
    )
    return _Fit(
        beta=beta,
        mean_x=mean_x,
        mean_y=mean_y,
        total=total,
        sums_x=psu_sums(w[:, None] * (x - mean_x), psu, psus),
        sums_y=psu_sums(w[:, None] * (y - mean_y), psu, psus),
        moved=np.einsum("kl,pld->pkd", np.linalg.inv(cross), moved),
    )


def _scale(mean_y: Floats, shares: Floats, formula: Formula) -> Floats:
    """Return index points per point of each score: ``a``, shape ``(D,)``."""
    if formula == "weighted_ratios":
        return 100 * shares / mean_y
    return 100 * shares / float(shares @ mean_y)


def _parts(  # noqa: PLR0917  the symbols of the formula
    people: People,
    group: Mask,
    fit: _Fit,
    scale: Floats,
    blocks: Sequence[Sequence[int]],
    shares: Floats,
    formula: Formula,
    psus: int,
) -> tuple[Floats, Floats]:
    """Return the parts of one group ``(B + 1, D)`` and their PSU totals ``(P, B + 1, D)``."""
    w, psu = people.weights[group], people.psu[group]
    x, y, size = people.covariates[group], people.scores[group], float(w.sum())
    mean_x, mean_y = w @ x / size, w @ y / size
    behind_x, behind_y = mean_x - fit.mean_x, mean_y - fit.mean_y
    columns = behind_x[:, None] * fit.beta * scale
    gap = behind_y * scale
    moves_x = psu_sums(w[:, None] * (x - mean_x), psu, psus) / size - fit.sums_x / fit.total
    moves_y = psu_sums(w[:, None] * (y - mean_y), psu, psus) / size - fit.sums_y / fit.total
    # a_d moves with the reference's mean: da_d / a_d, in each PSU.
    if formula == "weighted_ratios":
        relative = fit.sums_y / (fit.total * fit.mean_y)
    else:
        composite = fit.sums_y @ shares / (fit.total * float(shares @ fit.mean_y))
        relative = np.repeat(composite[:, None], fit.mean_y.size, axis=1)
    z_columns = (
        scale * (moves_x[:, :, None] * fit.beta + behind_x[None, :, None] * fit.moved)
        - columns[None] * relative[:, None, :]
    )
    z_gap = scale * moves_y - gap * relative
    explained = np.stack([columns[list(block)].sum(axis=0) for block in blocks])
    z_explained = np.stack([z_columns[:, list(block)].sum(axis=1) for block in blocks], axis=1)
    rest = gap - explained.sum(axis=0)
    z_rest = z_gap - z_explained.sum(axis=1)
    return np.vstack([explained, rest]), np.concatenate([z_explained, z_rest[:, None]], axis=1)


def _cell_means(values: Floats, weights: Floats, cells: Indices) -> Floats:
    """Return the weighted mean of each person's cell, in the shape of the values."""
    _, place = np.unique(cells, return_inverse=True)
    size = np.bincount(place, weights)
    sums = psu_sums(weights[:, None] * values, place, size.size)
    return (sums / size[:, None])[place]


def psu_sums(values: Floats, psu: Indices, psus: int) -> Floats:
    """Return sums over each PSU, shape ``(P, …)``."""
    sums = np.zeros((psus, values.shape[1]))
    np.add.at(sums, psu, values)
    return sums


def refuse_collinear(cross: Floats) -> None:
    """Refuse columns that others determine inside the cells."""
    spread = np.sqrt(np.diag(cross))
    flat = [int(k) for k in np.flatnonzero(spread <= 0)]
    if flat:
        raise EstimationError("DI-E260", columns=flat)
    values, vectors = np.linalg.eigh(cross / np.outer(spread, spread))
    null = values <= _RANK * values[-1]
    if null.any():
        loads = np.abs(vectors[:, null]).max(axis=1)
        raise EstimationError(
            "DI-E260", columns=[int(k) for k in np.flatnonzero(loads > _RANK**0.5)]
        )
