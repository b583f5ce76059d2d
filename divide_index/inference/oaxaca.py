"""The decomposition of a difference of two means by Oaxaca and Blinder, as arrays.

With slopes ``β_A``, ``β_B`` of two groups and ``Δ = x̄_A - x̄_B``, always as the caller named them::

    threefold   ȳ_A - ȳ_B = Δ'β_B + x̄_B'(β_A - β_B) + Δ'(β_A - β_B)
    twofold     ȳ_A - ȳ_B = Δ'β° + [x̄_A'(β_A - β°) + x̄_B'(β° - β_B)]

Standard errors come from influences: of the means and of the slopes, with their covariance.

References
----------
Oaxaca (1973), International Economic Review 14(3), 693-709; Blinder (1973), Journal of Human
Resources 8(4), 436-455; Jann (2008), Stata Journal 8(4), 453-479.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.gaps import psu_sums, refuse_collinear

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Slopes = float | Literal["cotton", "neumark", "pooled"]


@dataclass(frozen=True, slots=True, eq=False)
class TwoGroups:
    """The parts of a difference of two means, in points of the score.

    Parameters
    ----------
    names
        ``endowments, coefficients, interaction`` or ``explained, unexplained``, ``F`` of them.
    parts
        Of each column of the covariates, the constant first, shape ``(F, K)``.
    psu_totals
        Weighted influence summed over each PSU, shape ``(P, F, K)``.
    """

    names: tuple[str, ...]
    parts: Floats
    psu_totals: Floats

    @property
    def totals(self) -> Floats:
        """Each part over all columns, shape ``(F,)``."""
        return self.parts.sum(axis=1)

    @property
    def difference(self) -> float:
        """The first group's mean minus the second's."""
        return float(self.parts.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Persons with a score and covariates, ``n`` of them.

    ``scores`` ``(n,)``; ``covariates`` with a constant first, ``(n, K)``; ``weights`` ``(n,)``;
    ``psu`` ``(n,)``, values ``0 … P-1``.
    """

    scores: Floats
    covariates: Floats
    weights: Floats
    psu: Indices
    psus: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    mean: Floats  # (K,)
    beta: Floats  # (K,)
    moves_mean: Floats  # PSU totals of the mean's influence, (P, K)
    moves_beta: Floats  # of the slopes', (P, K)
    size: float


def threefold(sample: Sample, first: Mask, second: Mask) -> TwoGroups:
    """Divide a difference into endowments, coefficients and their interaction.

    Parameters
    ----------
    sample
        The persons.
    first, second
        Who is in each group, shape ``(n,)``; the difference is the first minus the second.

    Raises
    ------
    EstimationError
        DI-E260: columns repeat each other inside a group. DI-E261: a group is empty.
    """
    a, b = _fits(sample, first, second)
    apart, steeper = a.mean - b.mean, a.beta - b.beta
    moves_apart = a.moves_mean - b.moves_mean
    moves_steeper = a.moves_beta - b.moves_beta
    return TwoGroups(
        ("endowments", "coefficients", "interaction"),
        np.stack([apart * b.beta, b.mean * steeper, apart * steeper]),
        np.stack(
            [
                moves_apart * b.beta + apart * b.moves_beta,
                b.moves_mean * steeper + b.mean * moves_steeper,
                moves_apart * steeper + apart * moves_steeper,
            ],
            axis=1,
        ),
    )


def twofold(sample: Sample, first: Mask, second: Mask, slopes: Slopes) -> TwoGroups:
    """Divide a difference into what reference slopes explain, and the rest.

    Parameters
    ----------
    sample, first, second
        As for :func:`threefold`.
    slopes
        A number: the weight of the first group's slopes (1 all, 0 none, 0.5 Reimers);
        ``"cotton"``: its share of the weights, taken as known; ``"neumark"``: one regression of
        both groups; ``"pooled"``: the same with an effect of the group (Jann 2008).

    Raises
    ------
    EstimationError
        As :func:`threefold`; DI-E117: no such slopes.
    """
    a, b = _fits(sample, first, second)
    if slopes in {"neumark", "pooled"}:
        beta, moves_beta = _common(sample, first, second, with_group=slopes == "pooled")
    elif slopes == "cotton" or isinstance(slopes, int | float):
        share = a.size / (a.size + b.size) if slopes == "cotton" else float(slopes)
        beta = share * a.beta + (1 - share) * b.beta
        moves_beta = share * a.moves_beta + (1 - share) * b.moves_beta
    else:
        valid = ["0~1", "cotton", "neumark", "pooled"]
        raise EstimationError("DI-E117", option="slopes", value=slopes, valid=valid)
    apart = a.mean - b.mean
    explained = (a.moves_mean - b.moves_mean) * beta + apart * moves_beta
    rest = (
        *(a.moves_mean * (a.beta - beta), a.mean * (a.moves_beta - moves_beta)),
        *(b.moves_mean * (beta - b.beta), b.mean * (moves_beta - b.moves_beta)),
    )
    return TwoGroups(
        ("explained", "unexplained"),
        np.stack([apart * beta, a.mean * (a.beta - beta) + b.mean * (beta - b.beta)]),
        np.stack([explained, sum(rest, np.zeros_like(explained))], axis=1),
    )


def _fits(sample: Sample, first: Mask, second: Mask) -> tuple[_Fit, _Fit]:
    empty = [index for index, group in enumerate((first, second)) if not group.any()]
    if empty:
        raise EstimationError("DI-E261", groups=empty)
    return _fit(sample, first), _fit(sample, second)


def _fit(sample: Sample, group: Mask) -> _Fit:
    x, w, psu = sample.covariates[group], sample.weights[group], sample.psu[group]
    size = float(w.sum())
    mean = np.asarray(w @ x / size, dtype=np.float64)
    beta, moves_beta = _regression(x, sample.scores[group], w, psu, sample.psus)
    moves_mean = psu_sums(w[:, None] * (x - mean) / size, psu, sample.psus)
    return _Fit(mean, beta, moves_mean, moves_beta, size)


def _common(
    sample: Sample, first: Mask, second: Mask, *, with_group: bool
) -> tuple[Floats, Floats]:
    """Return the slopes of both groups together, and the PSU totals of their influence."""
    both = first | second
    x = sample.covariates[both]
    if with_group:
        x = np.column_stack([x, first[both].astype(np.float64)])
    beta, moves = _regression(
        x, sample.scores[both], sample.weights[both], sample.psu[both], sample.psus
    )
    columns = sample.covariates.shape[1]
    return beta[:columns], moves[:, :columns]


def _regression(x: Floats, y: Floats, w: Floats, psu: Indices, psus: int) -> tuple[Floats, Floats]:
    """Return weighted least squares slopes, and the PSU totals of their influence."""
    weighted = w[:, None] * x
    cross = x.T @ weighted
    refuse_collinear(cross)
    beta = np.asarray(np.linalg.solve(cross, weighted.T @ y), dtype=np.float64)
    scores = psu_sums(weighted * (y - x @ beta)[:, None], psu, psus)
    return beta, np.asarray(np.linalg.solve(cross, scores.T).T, dtype=np.float64)
