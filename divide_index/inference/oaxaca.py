"""The decomposition of a difference of two means by Oaxaca and Blinder, as arrays.

With slopes ``β_A``, ``β_B`` of two groups and ``Δ = x̄_A - x̄_B``, always as the caller named them::

    threefold   ȳ_A - ȳ_B = Δ'β_B + x̄_B'(β_A - β_B) + Δ'(β_A - β_B)
    twofold     ȳ_A - ȳ_B = Δ'β° + [x̄_A'(β_A - β°) + x̄_B'(β° - β_B)]

Standard errors come from influences: of the means and of the slopes, with their covariance.
Without a design there are the analytic ones, which take means and slopes for independent.

What factors explain in all does not depend on their base categories; each category's own part
does, and so does what a whole factor leaves unexplained. ``normalised`` takes the base out: the
effects of all categories of a factor sum to zero, and the base has a part of its own.

References
----------
Oaxaca (1973), International Economic Review 14(3), 693-709; Blinder (1973), Journal of Human
Resources 8(4), 436-455; Jann (2008), Stata Journal 8(4), 453-479; Gardeazabal, Ugidos (2004),
Review of Economics and Statistics 86(4), 1034-1036; Yun (2005), Economic Inquiry 43(4), 766-772.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.collinearity import refuse_collinear
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Factors = Sequence[Sequence[int]]
CommonSlopes = Literal["cotton", "neumark", "pooled"]
Slopes = float | CommonSlopes
EVERY_SLOPES: tuple[Slopes, ...] = (1.0, 0.0, 0.5, *get_args(CommonSlopes))

_THREEFOLD = ("endowments", "coefficients", "interaction")
_TWOFOLD = ("explained", "unexplained")


@dataclass(frozen=True, slots=True, eq=False)
class TwoGroups:
    """The parts of a difference of two means, in points of the score.

    Parameters
    ----------
    names
        ``endowments, coefficients, interaction`` or ``explained, unexplained``, ``F`` of them.
    parts
        Of each column of the covariates, the constant first, shape ``(F, K)``; normalised, of
        the base category of each factor after them.
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
class PartsCovariance:
    """The covariance of the parts of a difference, without a design.

    Parameters
    ----------
    names
        As in :class:`TwoGroups`.
    parts
        Of every part's every column with every other, shape ``(F, K, F, K)``.
    """

    names: tuple[str, ...]
    parts: Floats

    @property
    def totals(self) -> Floats:
        """Covariance of the parts over all columns, shape ``(F, F)``."""
        return self.parts.sum(axis=(1, 3))

    @property
    def difference(self) -> float:
        """Variance of the difference of the means."""
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


@dataclass(frozen=True, slots=True, eq=False)
class _Normal:
    """How columns and slopes become those of all categories, ``L`` of them.

    ``means``, ``slopes`` ``(L, K)``, with ``means' slopes = 1``: what is divided stays the same.
    """

    means: Floats
    slopes: Floats

    def fit(self, fit: _Fit) -> _Fit:
        return _Fit(
            self.means @ fit.mean,
            self.slopes @ fit.beta,
            fit.moves_mean @ self.means.T,
            fit.moves_beta @ self.slopes.T,
            fit.size,
        )


def threefold(sample: Sample, first: Mask, second: Mask, *, normalised: Factors = ()) -> TwoGroups:
    """Divide a difference into endowments, coefficients and their interaction.

    Parameters
    ----------
    sample
        The persons.
    first, second
        Who is in each group, shape ``(n,)``; the difference is the first minus the second.
    normalised
        The columns of each categorical factor whose base category shall not matter.

    Raises
    ------
    EstimationError
        DI-E260: columns repeat each other. DI-E261: a group is empty. DI-E263: columns do not
        vary, or repeat each other, inside a group. DI-E264: a group lies in no more PSUs than
        there are columns. DI-E266: somebody is in both groups.
    """
    normal = _normal(sample, normalised)
    a, b = (normal.fit(fit) for fit in _fits(sample, first, second))
    apart, steeper = a.mean - b.mean, a.beta - b.beta
    moves_apart = a.moves_mean - b.moves_mean
    moves_steeper = a.moves_beta - b.moves_beta
    return TwoGroups(
        _THREEFOLD,
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


def twofold(
    sample: Sample, first: Mask, second: Mask, slopes: Slopes, *, normalised: Factors = ()
) -> TwoGroups:
    """Divide a difference into what reference slopes explain, and the rest.

    Parameters
    ----------
    sample, first, second, normalised
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
    _refuse_slopes(slopes)
    normal = _normal(sample, normalised)
    fits = _fits(sample, first, second)
    return _twofold(sample, (first, second), fits, slopes, normal)


def every_twofold(
    sample: Sample, first: Mask, second: Mask, *, normalised: Factors = ()
) -> dict[Slopes, TwoGroups]:
    """Divide a difference by every kind of reference slopes: how much hangs on the choice.

    Parameters
    ----------
    sample, first, second, normalised
        As for :func:`threefold`.

    Returns
    -------
    every
        What :func:`twofold` gives at each of ``EVERY_SLOPES``, in that order. The totals of
        several side by side give the covariance of what they say.

    Raises
    ------
    EstimationError
        As :func:`threefold`.
    """
    normal = _normal(sample, normalised)
    fits = _fits(sample, first, second)
    return {
        slopes: _twofold(sample, (first, second), fits, slopes, normal) for slopes in EVERY_SLOPES
    }


def analytic_covariance(
    sample: Sample,
    first: Mask,
    second: Mask,
    slopes: Slopes | None = None,
    *,
    normalised: Factors = (),
    second_order: bool = False,
) -> PartsCovariance:
    """Return the covariance of the parts among independent persons of equal weight.

    Means of covariates are estimates as slopes are, slopes have one error variance inside a
    group, and slopes and means are independent: Stata's ``oaxaca`` without survey settings. With
    a design, the parts' own ``psu_totals`` hold what happens to covariances this takes for zero.

    Parameters
    ----------
    sample, first, second, normalised
        As for :func:`threefold`; every person is a PSU.
    slopes
        As for :func:`twofold`, or none for the threefold parts. Common slopes are a weighted mean
        of the groups' slopes, whose weights (a share; with ``"neumark"`` and ``"pooled"`` a
        matrix) are taken as known.
    second_order
        Add the product of the variances of means and slopes, which vanishes first as a sample
        grows: R's ``ddecompose`` has it, Stata's ``oaxaca`` has not.

    Raises
    ------
    EstimationError
        As :func:`twofold`; DI-E265: the weights differ.

    References
    ----------
    Jann (2008), Stata Journal 8(4), 453-479; Oaxaca, Ransom (1998), Journal of Economic and
    Social Measurement 24(1), 55-61.
    """
    if slopes is not None:
        _refuse_slopes(slopes)
    normal = _normal(sample, normalised)
    groups = _held(sample, first, second, np.arange(first.size))
    weights = sample.weights[groups[0] | groups[1]]
    if weights.min() < weights.max():
        raise EstimationError("DI-E265", low=float(weights.min()), high=float(weights.max()))
    a, b = (_classical(sample, group) for group in groups)
    if slopes is None:
        names, roles = _THREEFOLD, _threefold_roles(a.beta.size)
    else:
        names, roles = _TWOFOLD, _twofold_roles(_weight(sample, groups, slopes))
    return PartsCovariance(names, _products(a, b, normal, roles, second_order=second_order))


# -- the parts -------------------------------------------------------------------------------


def _twofold(
    sample: Sample,
    groups: tuple[Mask, Mask],
    fits: tuple[_Fit, _Fit],
    slopes: Slopes,
    normal: _Normal,
) -> TwoGroups:
    a, b = fits
    if slopes in {"neumark", "pooled"}:
        beta, moves_beta = _common(sample, *groups, with_group=slopes == "pooled")
    else:
        share = a.size / (a.size + b.size) if slopes == "cotton" else float(slopes)
        beta = share * a.beta + (1 - share) * b.beta
        moves_beta = share * a.moves_beta + (1 - share) * b.moves_beta
    beta, moves_beta = normal.slopes @ beta, moves_beta @ normal.slopes.T
    a, b = normal.fit(a), normal.fit(b)
    apart = a.mean - b.mean
    explained = (a.moves_mean - b.moves_mean) * beta + apart * moves_beta
    rest = (
        *(a.moves_mean * (a.beta - beta), a.mean * (a.moves_beta - moves_beta)),
        *(b.moves_mean * (beta - b.beta), b.mean * (moves_beta - b.moves_beta)),
    )
    return TwoGroups(
        _TWOFOLD,
        np.stack([apart * beta, a.mean * (a.beta - beta) + b.mean * (beta - b.beta)]),
        np.stack([explained, sum(rest, np.zeros_like(explained))], axis=1),
    )


def _normal(sample: Sample, factors: Factors) -> _Normal:
    """Return how columns become those of all categories, bases last; as they are without any."""
    columns = sample.covariates.shape[1]
    means, slopes = [np.eye(columns)], np.eye(columns)
    bases: list[Floats] = []
    for factor in factors:
        is_category = np.zeros(columns)
        is_category[list(factor)] = 1.0
        average = is_category / (len(factor) + 1)  # over all categories: the base has slope zero
        slopes[0] += average
        slopes[list(factor)] -= average
        bases.append(-average[None, :])
        means.append(np.eye(columns)[:1] - is_category)  # a base is who is in no other category
    return _Normal(np.concatenate(means), np.concatenate([slopes, *bases]))


def _refuse_slopes(slopes: Slopes) -> None:
    known = 0 <= slopes <= 1 if isinstance(slopes, int | float) else slopes in EVERY_SLOPES
    if not known:
        valid = ["0~1", *get_args(CommonSlopes)]
        raise EstimationError("DI-E117", option="slopes", value=slopes, valid=valid)


# -- the fits --------------------------------------------------------------------------------


def _fits(sample: Sample, first: Mask, second: Mask) -> tuple[_Fit, _Fit]:
    a, b = _held(sample, first, second, sample.psu)
    return _fit(sample, a), _fit(sample, b)


def _held(sample: Sample, first: Mask, second: Mask, units: Indices) -> tuple[Mask, Mask]:
    """Return who of each group carries a weight, once the groups are known to have slopes.

    ``units``, of which there must be more than slopes, are each person's PSU.
    """
    a, b = first & (sample.weights > 0), second & (sample.weights > 0)
    empty = [index for index, group in enumerate((a, b)) if not group.any()]
    if empty:
        raise EstimationError("DI-E261", groups=empty)
    if (a & b).any():
        raise EstimationError("DI-E266", count=int((a & b).sum()))
    counts, columns = [np.unique(units[group]).size for group in (a, b)], sample.covariates.shape[1]
    few = [index for index, count in enumerate(counts) if count <= columns]
    if few:  # residuals sum to zero over the units, so as many as slopes are too few
        psus = [counts[index] for index in few]
        raise EstimationError("DI-E264", groups=few, psus=psus, columns=columns)
    refuse_collinear(_cross(sample, a) + _cross(sample, b))
    wrong = [
        (index, column) for index, group in enumerate((a, b)) for column in _fixed(sample, group)
    ]
    if wrong:
        where, which = (list(each) for each in zip(*wrong, strict=True))
        raise EstimationError("DI-E263", groups=where, columns=which)
    return a, b


def _fixed(sample: Sample, group: Mask) -> list[int]:
    """Return the columns that do not vary inside a group, or that others determine there."""
    flat = np.ptp(sample.covariates[group], axis=0) == 0
    flat[0] = False  # the constant
    free = np.flatnonzero(~flat)
    fixed = [int(column) for column in np.flatnonzero(flat)]
    try:
        refuse_collinear(_cross(sample, group)[np.ix_(free, free)])
    except EstimationError as error:
        repeated = np.asarray(error.params["columns"], dtype=np.intp)
        fixed += [int(column) for column in free[repeated] if column > 0]
    return sorted(fixed)


def _cross(sample: Sample, group: Mask) -> Floats:
    x = sample.covariates[group]
    return np.asarray(x.T @ (sample.weights[group][:, None] * x), dtype=np.float64)


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
    beta = np.asarray(np.linalg.solve(cross, weighted.T @ y), dtype=np.float64)
    scores = psu_sums(weighted * (y - x @ beta)[:, None], psu, psus)
    return beta, np.asarray(np.linalg.solve(cross, scores.T).T, dtype=np.float64)


# -- the analytic covariance -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Classical:
    """Ordinary least squares among ``n`` independent persons, ``K`` columns."""

    mean: Floats  # (K,)
    beta: Floats  # (K,)
    mean_covariance: Floats  # (K, K)
    beta_covariance: Floats  # (K, K), one error variance


def _classical(sample: Sample, group: Mask) -> _Classical:
    x, y = sample.covariates[group], sample.scores[group]
    n, columns = x.shape
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    residuals = y - x @ beta
    centred = x - x.mean(axis=0)
    return _Classical(
        x.mean(axis=0),
        beta,
        centred.T @ centred / (n * (n - 1)),
        inverse * float(residuals @ residuals) / (n - columns),
    )


def _threefold_roles(columns: int) -> Floats:
    """Return which slopes multiply which means, shape ``(F, 2, 2, K, K)``.

    Part ``f`` is ``Σ_g x̄_g ∘ Σ_h R_fgh β_h``, with groups ``g`` of means and ``h`` of slopes.
    """
    one, none = np.eye(columns), np.zeros((columns, columns))
    return np.array(
        [[[none, one], [none, -one]], [[none, none], [one, -one]], [[one, -one], [-one, one]]]
    )


def _twofold_roles(weight: Floats) -> Floats:
    """Return the same with reference slopes ``M β_A + (1 - M) β_B``."""
    rest = np.eye(len(weight)) - weight
    return np.array([[[weight, rest], [-weight, -rest]], [[rest, -rest], [weight, -weight]]])


def _weight(sample: Sample, groups: tuple[Mask, Mask], slopes: Slopes) -> Floats:
    """Return the weight ``M`` of the first group's slopes, shape ``(K, K)``."""
    x = sample.covariates
    columns = x.shape[1]
    if slopes == "cotton":
        size = [float(group.sum()) for group in groups]
        return np.eye(columns) * (size[0] / sum(size))
    if slopes not in {"neumark", "pooled"}:
        return np.eye(columns) * float(slopes)
    both = groups[0] | groups[1]
    if slopes == "pooled":
        x = np.column_stack([x, groups[0].astype(np.float64)])
    weight = np.linalg.solve(x[both].T @ x[both], x[groups[0]].T @ x[groups[0], :columns])
    return np.asarray(weight[:columns], dtype=np.float64)


def _products(
    a: _Classical, b: _Classical, normal: _Normal, roles: Floats, *, second_order: bool
) -> Floats:
    """Return the covariance of sums of products of means and slopes, ``(F, L, F, L)``."""
    means = np.stack([a.mean, b.mean]) @ normal.means.T
    of_means = normal.means @ np.stack([a.mean_covariance, b.mean_covariance]) @ normal.means.T
    moved = normal.slopes @ roles
    slopes = np.einsum("fghlk,hk->fgl", moved, np.stack([a.beta, b.beta]))
    spread = moved @ np.stack([a.beta_covariance, b.beta_covariance])
    of_slopes = np.einsum("fghlk,FGhLk->fglFGL", spread, moved, optimize=True)
    covariance = np.einsum("fgl,glL,FgL->flFL", slopes, of_means, slopes, optimize=True)
    covariance += np.einsum("gl,fglFGL,GL->flFL", means, of_slopes, means, optimize=True)
    if second_order:
        covariance += np.einsum("glL,fglFgL->flFL", of_means, of_slopes)
    return covariance
