"""The decomposition of a difference of two means with one group reweighted to the other, as arrays.

The second group ``B`` is given the covariates of the first ``A``: its weights are multiplied by
the odds of being in ``A``, from a logit (DiNardo, Fortin and Lemieux). With ``C`` the group so
reweighted, the difference divides exactly::

    ȳ_A - ȳ_B = (x̄_C - x̄_B)'β_B      composition
              + x̄_C'(β_C - β_B)       specification error: slopes that depend on the covariates
              + x̄_A'(β_A - β_C)       structure
              + (x̄_A - x̄_C)'β_C       reweighting error: what the logit leaves unlike

Both errors should be small beside the rest; where they are not, the logit lacks interactions, or
the slopes are not those of a line. Influences know that the logit is estimated: with
``H = Σ w p(1-p) zz'`` its coefficients move by ``H⁻¹ Σ w z (1_A - p)``, and with them the weights.

References
----------
DiNardo, Fortin, Lemieux (1996), Econometrica 64(5), 1001-1044; Firpo, Fortin, Lemieux (2018),
Econometrics 6(2), 28; Newey, McFadden (1994), Handbook of Econometrics 4, ch. 36, sec. 6.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.collinearity import refuse_collinear
from divide_index.inference.logit import logit_coefficients
from divide_index.inference.oaxaca import Sample, TwoGroups
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Reweighted:
    """A difference of two means, and what the reweighting rests on.

    Parameters
    ----------
    parts
        ``composition, specification_error, structure, reweighting_error`` of each column, with
        the PSU totals of their influence.
    effective_size
        Kish's effective number of people of the reweighted group, ``(Σ v)² / Σ v²``.
    largest_share
        Share of the reweighted group that a single person stands for.
    smallest_overlap
        Smallest probability, among all people, of being in the second group given the covariates,
        as if both groups were of one size: near zero, somebody of the first has no counterpart.
    """

    parts: TwoGroups
    effective_size: float
    largest_share: float
    smallest_overlap: float


@dataclass(frozen=True, slots=True, eq=False)
class _Estimated:
    """Values ``(K,)`` and the PSU totals of their influence ``(P, K)``."""

    values: Floats
    moves: Floats

    def __sub__(self, other: "_Estimated") -> "_Estimated":
        return _Estimated(self.values - other.values, self.moves - other.moves)

    def times(self, other: "_Estimated") -> "_Estimated":
        return _Estimated(
            self.values * other.values, self.moves * other.values + self.values * other.moves
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    mean: _Estimated
    beta: _Estimated


@dataclass(frozen=True, slots=True, eq=False)
class _Odds:
    """Odds of being in the first group, and how they move.

    ``values`` ``(n,)``; ``columns`` of the logit ``(n, L)``; ``moves`` ``(P, L)``, PSU totals of
    the influence of its coefficients.
    """

    values: Floats
    columns: Floats
    moves: Floats


def decompose_reweighted(
    sample: Sample, first: Mask, second: Mask, *, logit: Floats | None = None
) -> Reweighted:
    """Divide a difference into composition, structure and two errors.

    Parameters
    ----------
    sample
        The persons.
    first, second
        Who is in each group, shape ``(n,)``; the difference is the first minus the second, and
        the second is reweighted to the first.
    logit
        Columns of the logit, a constant first, shape ``(n, L)``: the covariates, or these and
        their interactions. The covariates alone when left out.

    Raises
    ------
    EstimationError
        As :func:`separate_groups`. DI-E271: columns of the logit tell the groups apart, so it has
        no finite coefficients. DI-E260: columns of the logit repeat each other. DI-E263:
        covariates do so inside a group. DI-E275: the reweighted group has no more effective
        people than there are covariates.
    """
    columns = sample.covariates if logit is None else logit
    both, first = separate_groups(sample, first, second)
    return _decompose(sample_of(sample, both), first, columns[both])


def separate_groups(sample: Sample, first: Mask, second: Mask) -> tuple[Indices, Mask]:
    """Return the rows of two groups that can be compared, and who of them is in the first.

    People without a weight are in neither.

    Raises
    ------
    EstimationError
        DI-E261: a group is empty. DI-E266: somebody is in both. DI-E264: a group lies in no more
        PSUs than there are columns.
    """
    a, b = first & (sample.weights > 0), second & (sample.weights > 0)
    empty = [place for place, group in enumerate((a, b)) if not group.any()]
    if empty:
        raise EstimationError("DI-E261", groups=empty)
    if (a & b).any():
        raise EstimationError("DI-E266", count=int((a & b).sum()))
    psus, columns = [np.unique(sample.psu[g]).size for g in (a, b)], sample.covariates.shape[1]
    few = [place for place, count in enumerate(psus) if count <= columns]
    if few:
        counts = [psus[place] for place in few]
        raise EstimationError("DI-E264", groups=few, psus=counts, columns=columns)
    both = np.flatnonzero(a | b)
    return both, a[both]


def sample_of(sample: Sample, rows: Indices) -> Sample:
    """Return some of the persons of a sample, in the same design."""
    return Sample(
        sample.scores[rows],
        sample.covariates[rows],
        sample.weights[rows],
        sample.psu[rows],
        sample.psus,
    )


def refuse_repeated(sample: Sample, first: Mask) -> None:
    """Refuse columns that others determine inside one of two groups that are everybody.

    Raises
    ------
    EstimationError
        DI-E263: such columns, and their groups.
    """
    wrong: list[tuple[int, int]] = []
    for place, group in enumerate((first, ~first)):
        x = sample.covariates[group]
        try:
            refuse_collinear(x.T @ (sample.weights[group][:, None] * x))
        except EstimationError as error:
            columns = np.asarray(error.params["columns"], dtype=np.intp)
            wrong += [(place, int(column)) for column in columns]
    if wrong:
        groups, which = (list(each) for each in zip(*wrong, strict=True))
        raise EstimationError("DI-E263", groups=groups, columns=which)


def _decompose(sample: Sample, first: Mask, logit: Floats) -> Reweighted:
    """Divide the difference of two groups that are everybody in the sample."""
    odds = _odds(sample, first, logit)
    refuse_repeated(sample, first)
    weights = (sample.weights * odds.values)[~first]
    effective = float(weights.sum() ** 2 / (weights @ weights))
    if effective <= sample.covariates.shape[1]:
        raise EstimationError(
            "DI-E275", effective=round(effective, 1), columns=sample.covariates.shape[1]
        )
    a, b, c = _fit(sample, first), _fit(sample, ~first), _fit(sample, ~first, odds)
    parts = {
        "composition": (c.mean - b.mean).times(b.beta),
        "specification_error": c.mean.times(c.beta - b.beta),
        "structure": a.mean.times(a.beta - c.beta),
        "reweighting_error": (a.mean - c.mean).times(c.beta),
    }
    return Reweighted(
        TwoGroups(
            tuple(parts),
            np.stack([part.values for part in parts.values()]),
            np.stack([part.moves for part in parts.values()], axis=1),
        ),
        effective,
        float(weights.max() / weights.sum()),
        float((1 / (1 + odds.values)).min()),
    )


def _fit(sample: Sample, group: Mask, odds: _Odds | None = None) -> _Fit:
    """Return the means and the slopes of a group; reweighted, they move with the odds too."""
    x, w, psu = sample.covariates[group], sample.weights[group], sample.psu[group]
    if odds is not None:
        w = w * odds.values[group]
    mean = w @ x / w.sum()
    weighted = w[:, None] * x
    cross = x.T @ weighted
    beta = np.asarray(np.linalg.solve(cross, weighted.T @ sample.scores[group]), dtype=np.float64)
    residuals = sample.scores[group] - x @ beta
    z = np.hstack([w[:, None] * (x - mean) / w.sum(), weighted * residuals[:, None]])
    moves = psu_sums(z, psu, sample.psus)
    if odds is not None:
        moves = moves + odds.moves @ (odds.columns[group].T @ z)
    columns = x.shape[1]
    of_slopes = np.asarray(np.linalg.solve(cross, moves[:, columns:].T).T, dtype=np.float64)
    return _Fit(_Estimated(mean, moves[:, :columns]), _Estimated(beta, of_slopes))


def _odds(sample: Sample, first: Mask, columns: Floats) -> _Odds:
    """Return the odds of the first group, as if both were of one size."""
    _refuse_separated(columns, first)
    lengths = np.abs(columns).max(axis=0)
    lengths[lengths == 0] = 1.0
    z = np.asarray(columns / lengths, dtype=np.float64)  # the steps of all coefficients compare
    w = sample.weights / sample.weights.mean()
    refuse_collinear(z.T @ (w[:, None] * z))
    odds = np.exp(z @ logit_coefficients(first, z, w))
    probability = odds / (1 + odds)
    information = np.asarray(z.T @ ((w * probability / (1 + odds))[:, None] * z), dtype=np.float64)
    scores = psu_sums((w * (first - probability))[:, None] * z, sample.psu, sample.psus)
    moves = np.asarray(np.linalg.solve(information, scores.T).T, dtype=np.float64)
    even = float(w[~first].sum() / w[first].sum())
    return _Odds(odds * even, z, moves)


def _refuse_separated(columns: Floats, first: Mask) -> None:
    """Refuse columns that vary, but not inside one of the groups."""
    flat = (np.ptp(columns[first], axis=0) == 0) | (np.ptp(columns[~first], axis=0) == 0)
    separated = flat & (np.ptp(columns, axis=0) > 0)
    if separated.any():
        raise EstimationError("DI-E271", columns=[int(k) for k in np.flatnonzero(separated)])
