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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.collinearity import refuse_collinear
from divide_index.inference.ratios import Formula
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_ILL_CONDITIONED = 1e-5  # below it the sums of products have lost too many digits
_FLAT = 1e-24  # of the squares of a column: what is left inside the cells is rounding
_CHUNK = 65_536  # rows that are taken apart at once: a million rows need no second copy


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

    def of_columns(self, columns: Sequence[int]) -> "People":
        """Return the same persons with some of the covariates."""
        return replace(self, covariates=self.covariates[:, list(columns)])


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


@dataclass(frozen=True, slots=True, eq=False)
class _Within:
    """The reference in chunks of rows, as deviations from the means of its cells."""

    people: People
    mean_x: Floats  # of each cell, (C, K)
    mean_y: Floats  # (C, D)
    sizes: Floats  # Σ w x² of each column, (K,)

    @classmethod
    def of(cls, people: People) -> "_Within":
        inside = np.flatnonzero(people.reference)
        w, cells = people.weights[inside], people.cells[inside]
        count = int(people.cells.max()) + 1
        size = np.maximum(np.bincount(cells, w, count), np.finfo(np.float64).tiny)[:, None]
        x, y = (
            _weighted_sums(values, people.weights, people.cells, count, inside) / size
            for values in (people.covariates, people.scores)
        )
        squares = [
            people.weights[rows] @ people.covariates[rows] ** 2
            for rows in np.split(inside, range(_CHUNK, inside.size, _CHUNK))
        ]
        return cls(people, x, y, np.sum(squares, axis=0))

    def __iter__(self) -> Iterator[tuple[Floats, Floats, Floats, Indices]]:
        """Yield ``x̃``, ``ỹ``, weights and PSUs of some of the reference's rows at a time."""
        inside = np.flatnonzero(self.people.reference)
        for start in range(0, inside.size, _CHUNK):
            rows = inside[start : start + _CHUNK]
            cells = self.people.cells[rows]
            yield (
                self.people.covariates[rows] - self.mean_x[cells],
                self.people.scores[rows] - self.mean_y[cells],
                self.people.weights[rows],
                self.people.psu[rows],
            )


def _slopes(people: People, psus: int) -> _Fit:
    """Fit the reference's common slopes inside its cells."""
    within = _Within.of(people)
    columns, dimensions = people.covariates.shape[1], people.scores.shape[1]
    cross, cross_y = np.zeros((columns, columns)), np.zeros((columns, dimensions))
    for x, y, w, _ in within:
        weighted = w[:, None] * x
        cross += weighted.T @ x
        cross_y += weighted.T @ y
    cross[np.diag(cross) <= _FLAT * within.sizes] = 0.0  # what rounding leaves of a constant
    refuse_collinear(cross)
    beta, inverse = _solved(cross, cross_y, within)
    moved = np.zeros((psus, columns, dimensions))
    for x, y, w, psu in within:
        scores = w[:, None] * (y - x @ beta)
        for d in range(dimensions):
            _add_sums(moved[:, :, d], x * scores[:, [d]], psu)
    inside = np.flatnonzero(people.reference)
    mean_x, sums_x, total = _mean_and_sums(people.covariates, people, inside, psus)
    mean_y, sums_y, _ = _mean_and_sums(people.scores, people, inside, psus)
    return _Fit(
        beta=beta,
        mean_x=mean_x,
        mean_y=mean_y,
        total=total,
        sums_x=sums_x,
        sums_y=sums_y,
        moved=np.einsum("kl,pld->pkd", inverse, moved),
    )


def _solved(cross: Floats, cross_y: Floats, within: _Within) -> tuple[Floats, Floats]:
    """Return slopes and ``Q⁻¹``: from sums of products, or by QR where these lost digits."""
    spread = np.sqrt(np.diag(cross))
    scaled = cross / np.outer(spread, spread)
    values = np.linalg.eigvalsh(scaled)
    if values[0] > _ILL_CONDITIONED * values[-1]:
        inverse = np.linalg.inv(scaled) / np.outer(spread, spread)
        return np.linalg.solve(scaled, cross_y / spread[:, None]) / spread[:, None], inverse
    rows = [(np.sqrt(w)[:, None] * x / spread, np.sqrt(w)[:, None] * y) for x, y, w, _ in within]
    q, r = np.linalg.qr(np.vstack([x for x, _ in rows]))
    slopes = np.linalg.solve(r, q.T @ np.vstack([y for _, y in rows])) / spread[:, None]
    half = np.linalg.inv(r)
    return slopes, half @ half.T / np.outer(spread, spread)


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
    rows = np.flatnonzero(group)
    mean_x, sums_x, size = _mean_and_sums(people.covariates, people, rows, psus)
    mean_y, sums_y, _ = _mean_and_sums(people.scores, people, rows, psus)
    behind_x, behind_y = mean_x - fit.mean_x, mean_y - fit.mean_y
    columns = behind_x[:, None] * fit.beta * scale
    gap = behind_y * scale
    moves_x = sums_x / size - fit.sums_x / fit.total
    moves_y = sums_y / size - fit.sums_y / fit.total
    # a_d moves with the reference's mean: da_d / a_d, in each PSU.
    if formula == "weighted_ratios":
        relative = fit.sums_y / (fit.total * fit.mean_y)
    else:
        composite = fit.sums_y @ shares / (fit.total * float(shares @ fit.mean_y))
        relative = np.repeat(composite[:, None], fit.mean_y.size, axis=1)
    explained = np.empty((len(blocks), scale.size))
    z_explained = np.empty((psus, len(blocks), scale.size))
    for index, block in enumerate(blocks):
        chosen = list(block)
        explained[index] = columns[chosen].sum(axis=0)
        z_explained[:, index] = scale * (
            moves_x[:, chosen] @ fit.beta[chosen]
            + np.einsum("k,pkd->pd", behind_x[chosen], fit.moved[:, chosen])
        )
        z_explained[:, index] -= explained[index] * relative
    z_gap = scale * moves_y - gap * relative
    rest = gap - explained.sum(axis=0)
    z_rest = z_gap - z_explained.sum(axis=1)
    return np.vstack([explained, rest]), np.concatenate([z_explained, z_rest[:, None]], axis=1)


def _mean_and_sums(
    values: Floats, people: People, rows: Indices, psus: int
) -> tuple[Floats, Floats, float]:
    """Return the weighted mean of some rows, PSU sums of ``w (v - mean)``, and their weight."""
    weights = np.bincount(people.psu[rows], people.weights[rows], psus)
    sums = _weighted_sums(values, people.weights, people.psu, psus, rows)
    total = float(weights.sum())
    mean = sums.sum(axis=0) / total
    return mean, sums - weights[:, None] * mean, total


def _weighted_sums(
    values: Floats, weights: Floats, places: Indices, count: int, rows: Indices
) -> Floats:
    """Return ``Σ w v`` of some rows by place, shape ``(count, m)``."""
    sums = np.zeros((count, values.shape[1]))
    for start in range(0, rows.size, _CHUNK):
        chosen = rows[start : start + _CHUNK]
        _add_sums(sums, weights[chosen, None] * values[chosen], places[chosen])
    return sums


def _add_sums(sums: Floats, values: Floats, places: Indices) -> None:
    """Add values ``(n, m)`` to the sums ``(count, m)`` of their places."""
    if sums.shape[0] <= _CHUNK:
        sums += psu_sums(values, places, sums.shape[0])
    else:  # so many places that most have nothing to add
        here, place = np.unique(places, return_inverse=True)
        sums[here] += psu_sums(values, place, here.size)
