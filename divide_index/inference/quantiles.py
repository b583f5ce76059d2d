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
sample, and is kept in every replicate. The RIF is a first-order approximation at ``q``: where the
groups' covariates lie far apart, the explained part extrapolates along a line.

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
from divide_index.inference.collinearity import refuse_collinear
from divide_index.inference.oaxaca import Sample
from divide_index.inference.reweighting import refuse_repeated, sample_of, separate_groups
from divide_index.inference.totals import psu_sums

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
    if bandwidth is not None and not 0 < bandwidth < np.inf:
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
    whole = np.ones((1, sample.psus))  # the sample itself, before its replicates
    a, b = (group.fits(np.vstack([whole, factors]), level) for group in groups)
    _refuse_failed(a, b)
    quantiles, parts = np.column_stack([a.quantiles, b.quantiles]), _parts(a, b, slopes)
    return QuantileParts(
        quantiles[0],
        np.array([a.density, b.density]),
        np.array([group.bandwidth for group in groups]),
        parts[0],
        np.hstack([quantiles, parts.reshape(len(parts), -1)])[1:],
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
    ranks = _Ranks.of(scores)
    at = ranks.quantile(weights, level, band)
    share = np.where(ranks.place < at.place, 1.0, 0.0)
    share[ranks.place == at.place] = at.counted
    return RecenteredInfluence(at.value, at.density, at.value + (level - share) / at.density)


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
class _Quantile:
    """A quantile: its place among the different scores, its value, and the density there.

    ``counted`` is the share of those who score exactly that, who belong below ``τ``.
    """

    place: int
    value: float
    counted: float
    density: float


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

    def kernel(self, quantile: float, bandwidth: float) -> Floats:
        """Return the Gaussian kernel of everybody at a quantile, shape ``(n,)``."""
        u = (quantile - self.scores) / bandwidth
        return np.exp(-0.5 * u**2) / (bandwidth * np.sqrt(2 * np.pi))

    def quantile(self, weights: Floats, level: float, bandwidth: float) -> _Quantile:
        mass = self.sums(weights / weights.sum())
        below = np.cumsum(mass)
        place = int(np.searchsorted(below, level - _EXACT))
        value = float(self.different[place])
        counted = (level - (below[place] - mass[place])) / mass[place]
        density = np.average(self.kernel(value, bandwidth), weights=weights)
        return _Quantile(place, value, float(np.clip(counted, 0.0, 1.0)), float(density))


@dataclass(frozen=True, slots=True, eq=False)
class _Fits:
    """Quantiles ``(R,)``, means and slopes ``(R, K)`` of one group under each row of factors.

    ``density`` is that of the first row; ``lacking``, by row, the columns that left it without
    slopes.
    """

    quantiles: Floats
    means: Floats
    betas: Floats
    density: float
    lacking: dict[int, list[int]]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The people of one group, ready to be estimated with any factors of their PSUs."""

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

    def fits(self, factors: Floats, level: float) -> _Fits:
        """Estimate under each row of factors, shape ``(R, P)``.

        People are summed to their PSUs once. The regression of the RIF needs, beside the products
        of the covariates, only their sums over those who lie below the quantile or on it.
        """
        here, place = np.unique(self.psu, return_inverse=True)
        used = factors[:, here]
        cross = self._products(used, place, here.size)
        lacking = _without_slopes(cross)
        kept = np.setdiff1d(np.arange(len(factors)), [*lacking])
        found = [
            self.ranks.quantile(self.weights * row[place], level, self.bandwidth)
            for row in used[kept]
        ]
        places = np.array([at.place for at in found])
        values, counted, densities = np.array([[q.value, q.counted, q.density] for q in found]).T
        sums = cross[kept, 0]  # of everybody: the constant's products
        under = np.empty_like(sums)
        for at in np.unique(places):
            rows = places == at
            below = self._sums(self.ranks.place < at, place, here.size)
            equal = self._sums(self.ranks.place == at, place, here.size)
            chosen = used[kept][rows]
            under[rows] = chosen @ below + counted[rows, None] * (chosen @ equal)
        rif = values[:, None] * sums + (level * sums - under) / densities[:, None]
        betas = np.asarray(np.linalg.solve(cross[kept], rif[:, :, None]), dtype=np.float64)
        return _Fits(values, sums / sums[:, [0]], betas[:, :, 0], float(densities[0]), lacking)

    def point(self, level: float) -> float:
        """Return the share of people whose one score makes the density at the quantile, or 0."""
        at = self.ranks.quantile(self.weights, level, self.bandwidth)
        kernel = self.weights * self.ranks.kernel(at.value, self.bandwidth)
        seen = self.ranks.sums(kernel)
        seen[self.ranks.sums(np.ones_like(kernel)) == 1] = 0.0  # one person is no crowd
        top = int(seen.argmax())
        if seen[top] <= _POINT * kernel.sum():
            return 0.0
        return float(self.ranks.sums(self.weights)[top] / self.weights.sum())

    def _products(self, factors: Floats, place: Indices, psus: int) -> Floats:
        """Return ``Σ w x x'`` under each row of factors, shape ``(R, K, K)``."""
        columns = self.covariates.shape[1]
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=psus))[:-1]
        products = np.empty((psus, columns, columns))
        for index, rows in enumerate(np.split(order, ends)):
            x = self.covariates[rows]
            products[index] = x.T @ (self.weights[rows, None] * x)
        flat = factors @ products.reshape(psus, -1)
        return np.asarray(flat.reshape(-1, columns, columns), dtype=np.float64)

    def _sums(self, who: Mask, place: Indices, psus: int) -> Floats:
        """Return PSU sums of ``w x`` over some people, shape ``(P, K)``."""
        return psu_sums(self.weights[who, None] * self.covariates[who], place[who], psus)


def _without_slopes(cross: Floats) -> dict[int, list[int]]:
    """Return the rows ``(R, K, K)`` whose columns repeat each other, and which columns."""
    lacking: dict[int, list[int]] = {}
    for row, one in enumerate(cross):
        try:
            refuse_collinear(one)
        except EstimationError as error:  # of a group that is lost, every column
            columns = np.asarray(error.params["columns"], dtype=np.intp)
            lacking[row] = [int(column) for column in columns]
    return lacking


def _parts(a: _Fits, b: _Fits, slopes: RifSlopes) -> Floats:
    """Return the explained and unexplained part of each column, shape ``(R, 2, K)``."""
    betas, means = (b.betas, a.means) if slopes == "second" else (a.betas, b.means)
    return np.stack([(a.means - b.means) * betas, means * (a.betas - b.betas)], axis=1)


def _refuse_failed(a: _Fits, b: _Fits) -> None:
    """Refuse replicates without slopes in a group; row 0 is the sample, not a replicate."""
    failed = a.lacking.keys() | b.lacking.keys()
    if failed:
        columns = {k for fits in (a, b) for lacking in fits.lacking.values() for k in lacking}
        replicates = len(a.quantiles) + len(a.lacking) - 1
        raise EstimationError(
            "DI-E274", count=len(failed), replicates=replicates, columns=sorted(columns)
        )
