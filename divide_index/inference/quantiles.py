"""The decomposition of a difference of two quantiles, such as of the lowest 10 %, as arrays.

Everybody's recentered influence on a quantile ``q`` of their group averages to ``q``; regressed on
the covariates, it divides the difference of two quantiles as Oaxaca and Blinder do that of two
means (Firpo, Fortin and Lemieux)::

    RIF_i   = q + (τ - 1{y_i ≤ q}) / f(q)
    q_A - q_B = (x̄_A - x̄_B)'β_B + x̄_A'(β_A - β_B)        β from RIF on x, in each group

Where several people score exactly ``q``, the indicator counts that share of them which makes the
weighted share below ``τ`` exactly. The usual one counts all of them, or none: the mean of the RIF
then misses ``q``, and the parts the difference. Of everybody else it is the same.

The density ``f`` is a weighted Gaussian kernel's, an exact sum at ``q``. Its bandwidth is that of
R's ``bw.nrd0`` (the default of ``density``, which takes no account of weights either) in the whole
sample, and is kept in every replicate. It is one line in the score that is drawn: far from it, or
where the density is nearly flat, the parts say little.

References
----------
Firpo, Fortin, Lemieux (2009), Econometrica 77(3), 953-973; Fortin, Lemieux, Firpo (2011),
Handbook of Labor Economics 4A, 1-102; Silverman (1986), Density Estimation, eq. 3.31.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.gaps import refuse_collinear
from divide_index.inference.oaxaca import Sample
from divide_index.inference.reweighting import refuse_repeated, sample_of, separate_groups

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
RifSlopes = Literal["first", "second"]

_SAME = 1e-9  # of the range of scores: what rounding makes of equal ones
_EXACT = 1e-12  # of the weights: a share that is τ but for rounding
_POINT = 0.5  # of the kernel at a quantile: more, and one single score makes the density


@dataclass(frozen=True, slots=True, eq=False)
class RecenteredInfluence:
    """A quantile, the density at it, and everybody's recentered influence, shape ``(n,)``."""

    quantile: float
    density: float
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class QuantileParts:
    """The parts of a difference of two quantiles, in points of the score.

    Parameters
    ----------
    quantiles, densities, bandwidths
        Of the first and the second group, shape ``(2,)``.
    parts
        ``explained`` and ``unexplained`` of each column of the covariates, shape ``(2, K)``.
    replicates
        Everything estimated again in each replicate: both quantiles, then the parts in the order
        of ``parts.ravel()``, shape ``(R, 2 + 2 K)``.
    """

    quantiles: Floats
    densities: Floats
    bandwidths: Floats
    parts: Floats
    replicates: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return ("explained", "unexplained")

    @property
    def totals(self) -> Floats:
        """Each part over all columns, shape ``(2,)``."""
        return self.parts.sum(axis=1)

    @property
    def difference(self) -> float:
        """The first group's quantile minus the second's."""
        return float(self.parts.sum())

    @property
    def values(self) -> Floats:
        """What ``replicates`` are of, in the whole sample, shape ``(2 + 2 K,)``."""
        return np.append(self.quantiles, self.parts)


def decompose_quantiles(
    sample: Sample,
    first: Mask,
    second: Mask,
    level: float,
    factors: Floats,
    *,
    slopes: RifSlopes = "second",
    bandwidth: float | None = None,
) -> QuantileParts:
    """Divide the difference of two groups at a quantile into what covariates explain, and the rest.

    Parameters
    ----------
    sample
        The persons; a constant is the first of their covariates.
    first, second
        Who is in each group, shape ``(n,)``; the difference is the first minus the second.
    level
        ``τ``, between 0 and 1: 0.1 for the lowest 10 %.
    factors
        Replicate factors of the PSUs, shape ``(R, P)``, such as those of
        :func:`divide_index.inference.replication.rao_wu_factors`. Give what comes of them to
        :func:`~divide_index.inference.replication.replicate_covariance`.
    slopes
        Whose slopes the explained part has.
    bandwidth
        Of both kernels, in points of the score; R's ``bw.nrd0`` of each group when left out.

    Raises
    ------
    EstimationError
        DI-E117: no such level, bandwidth or slopes. DI-E261, DI-E264, DI-E266: groups that cannot
        be compared. DI-E260, DI-E263: columns repeat each other, or do so inside a group.
        DI-E272: so many people have one and the same score there that no density exists.
        DI-E274: replicates in which nothing can be estimated: none is left out.
    """
    if not 0 < level < 1:
        raise EstimationError("DI-E117", option="level", value=level, valid="0~1")
    if bandwidth is not None and not bandwidth > 0:
        raise EstimationError("DI-E117", option="bandwidth", value=bandwidth, valid="0~")
    if slopes not in get_args(RifSlopes):
        raise EstimationError("DI-E117", option="slopes", value=slopes, valid=get_args(RifSlopes))
    rows, is_first = separate_groups(sample, first, second)
    everybody = sample_of(sample, rows)
    x, w = everybody.covariates, everybody.weights
    refuse_collinear(x.T @ (w[:, None] * x))
    refuse_repeated(everybody, is_first)
    groups = (
        _Group.of(sample_of(everybody, np.flatnonzero(is_first)), bandwidth),
        _Group.of(sample_of(everybody, np.flatnonzero(~is_first)), bandwidth),
    )
    points = [group.point(level) for group in groups]
    crowded = [place for place, share in enumerate(points) if share > 0]
    if crowded:
        percent = [round(100 * points[place], 1) for place in crowded]
        raise EstimationError("DI-E272", level=level, groups=crowded, percent=percent)
    a, b = (group.fit(group.weights, level) for group in groups)
    return QuantileParts(
        np.array([a.quantile, b.quantile]),
        np.array([a.density, b.density]),
        np.array([group.bandwidth for group in groups]),
        _parts(a, b, slopes),
        _replicates(groups, level, factors, slopes),
    )


def recentered_influence(
    scores: Floats, weights: Floats, level: float, *, bandwidth: float | None = None
) -> RecenteredInfluence:
    """Return a weighted quantile and everybody's recentered influence on it.

    Parameters
    ----------
    scores
        Shape ``(n,)``, finite.
    weights
        Shape ``(n,)``, positive.
    level
        ``τ``, between 0 and 1. The quantile is the lowest score at or below which the weighted
        share is ``τ`` or more: R's ``svyquantile(qrule = "math")``.
    bandwidth
        Of the kernel; R's ``bw.nrd0`` of the scores when left out.
    """
    band = bandwidth_of(scores) if bandwidth is None else bandwidth
    return _influence(_Ranks.of(scores), weights, level, band)


def bandwidth_of(scores: Floats) -> float:
    """Return R's ``bw.nrd0``: ``0.9 min(sd, IQR/1.34) n^(-1/5)``, of scores that are not all one.

    Parameters
    ----------
    scores
        Shape ``(n,)``, at least two.
    """
    spread = float(np.std(scores, ddof=1))
    low, high = np.quantile(scores, [0.25, 0.75])
    narrow = min(spread, float(high - low) / 1.34) or spread or abs(float(scores[0])) or 1.0
    return 0.9 * narrow * scores.size**-0.2


@dataclass(frozen=True, slots=True, eq=False)
class _Ranks:
    """Scores ``(n,)``, and the place of each ``(n,)`` among the different ones ``(U,)``."""

    scores: Floats
    place: Indices
    different: Floats

    @classmethod
    def of(cls, scores: Floats) -> "_Ranks":
        order = np.argsort(scores, kind="stable")
        ranked = scores[order]
        starts = np.diff(ranked, prepend=-np.inf) > _SAME * np.ptp(scores)
        place = np.empty(scores.size, dtype=np.intp)
        place[order] = np.cumsum(starts) - 1
        return cls(scores, place, ranked[starts])

    def sums(self, values: Floats) -> Floats:
        """Return sums over people of one score, shape ``(U,)``."""
        sums = np.bincount(self.place, values, self.different.size)
        return np.asarray(sums, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    quantile: float
    density: float
    mean: Floats  # (K,)
    beta: Floats  # (K,)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The people of one group, ready to be estimated with any weights."""

    ranks: _Ranks
    covariates: Floats
    weights: Floats
    psu: Indices
    bandwidth: float

    @classmethod
    def of(cls, sample: Sample, bandwidth: float | None) -> "_Group":
        band = bandwidth_of(sample.scores) if bandwidth is None else bandwidth
        ranks = _Ranks.of(sample.scores)
        return cls(ranks, sample.covariates, sample.weights, sample.psu, band)

    def fit(self, weights: Floats, level: float) -> _Fit:
        """Estimate with other weights; DI-E260 where columns repeat each other under them."""
        x = self.covariates
        weighted = weights[:, None] * x
        cross = x.T @ weighted
        refuse_collinear(cross)
        rif = _influence(self.ranks, weights, level, self.bandwidth)
        mean = np.asarray(weights @ x / weights.sum(), dtype=np.float64)
        beta = np.asarray(np.linalg.solve(cross, weighted.T @ rif.values), dtype=np.float64)
        return _Fit(rif.quantile, rif.density, mean, beta)

    def point(self, level: float) -> float:
        """Return the share of people whose one score makes the density at the quantile, or 0."""
        quantile = _influence(self.ranks, self.weights, level, self.bandwidth).quantile
        kernel = self.weights * _gaussian((quantile - self.ranks.scores) / self.bandwidth)
        seen = self.ranks.sums(kernel)
        seen[self.ranks.sums(np.ones_like(kernel)) == 1] = 0.0  # one person is no crowd
        top = int(seen.argmax())
        if seen[top] <= _POINT * kernel.sum():
            return 0.0
        return float(self.ranks.sums(self.weights)[top] / self.weights.sum())


def _influence(
    ranks: _Ranks, weights: Floats, level: float, bandwidth: float
) -> RecenteredInfluence:
    size = float(weights.sum())
    mass = ranks.sums(weights) / size
    below = np.cumsum(mass)
    at = int(np.searchsorted(below, level - _EXACT))
    quantile = float(ranks.different[at])
    counted = float(np.clip((level - (below[at] - mass[at])) / mass[at], 0.0, 1.0))
    kernel = _gaussian((quantile - ranks.scores) / bandwidth)
    density = float(weights @ kernel) / (size * bandwidth)
    share = np.where(ranks.place < at, 1.0, np.where(ranks.place == at, counted, 0.0))
    return RecenteredInfluence(quantile, density, quantile + (level - share) / density)


def _gaussian(u: Floats) -> Floats:
    return np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi)


def _parts(a: _Fit, b: _Fit, slopes: RifSlopes) -> Floats:
    """Return the explained and unexplained part of each column, shape ``(2, K)``."""
    beta, mean = (b.beta, a.mean) if slopes == "second" else (a.beta, b.mean)
    return np.stack([(a.mean - b.mean) * beta, mean * (a.beta - b.beta)])


def _replicates(
    groups: tuple[_Group, _Group], level: float, factors: Floats, slopes: RifSlopes
) -> Floats:
    """Estimate everything in each replicate, shape ``(R, 2 + 2 K)``."""
    found: list[Floats] = []
    lacking: list[Indices] = []
    for row in factors:
        try:
            a, b = (group.fit(group.weights * row[group.psu], level) for group in groups)
        except EstimationError as error:  # of a group that is empty, every column
            lacking.append(np.asarray(error.params["columns"], dtype=np.intp))
        else:
            found.append(np.append([a.quantile, b.quantile], _parts(a, b, slopes)))
    if lacking:
        columns = [int(column) for column in np.unique(np.concatenate(lacking))]
        raise EstimationError(
            "DI-E274", count=len(lacking), replicates=len(factors), columns=columns
        )
    return np.stack(found)
