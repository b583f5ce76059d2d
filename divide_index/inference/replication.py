"""Replicates: the rescaled bootstrap and the jackknife of PSUs, and the covariances they give.

A replicate multiplies the weights of every PSU by a factor; the estimate is made again with the
weights so changed. This is for what has no simple influence, such as a quantile, and it checks
what has one. Of anything that is a function of PSU totals, every replicate is
``factors @ psu_totals``.

References
----------
Rao & Wu (1988), Journal of the American Statistical Association 83(401), 231-241; Rust & Rao
(1996), Statistical Methods in Medical Research 5(3), 283-310.
"""

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def rao_wu_factors(design: Design, replicates: int = 500, *, seed: int) -> Floats:
    """Return the factors of the rescaled bootstrap.

    In each stratum ``n_h - 1`` of its ``n_h`` PSUs are drawn with replacement; a PSU drawn ``m``
    times has the factor ``m · n_h/(n_h - 1)``. The bootstrap variance of a total is then, in
    expectation, that of :meth:`Design.covariance` without finite population correction: none is
    carried, whatever the design says.

    Parameters
    ----------
    design
        The sample. A stratum with a single PSU has no replicates, whatever its lonely-PSU rule.
    replicates
        How many, ``R``: at least 2. Of 200, the standard errors still differ by about 5 %.
    seed
        Each replicate has a stream of random numbers of its own, made of the seed and its
        number: the first 200 of 1,000 are those of 200, whatever else draws numbers.

    Returns
    -------
    factors
        Shape ``(R, P)``; in each replicate those of a stratum sum to its ``n_h``.

    Raises
    ------
    EstimationError
        DI-E273: a stratum has a single PSU. DI-E117: fewer than two replicates.
    """
    if replicates < 2:  # noqa: PLR2004
        raise EstimationError("DI-E117", option="replicates", value=replicates, valid="2~")
    sizes = _sizes(design)
    order = np.argsort(design.strata, kind="stable")
    starts = np.cumsum(sizes) - sizes
    drawn_from = np.repeat(sizes, sizes - 1)  # one entry for each draw
    first = np.repeat(starts, sizes - 1)
    scale = (sizes / (sizes - 1))[design.strata]
    factors = np.empty((replicates, design.psus))
    for row, stream in zip(factors, np.random.SeedSequence(seed).spawn(replicates), strict=True):
        drawn = order[first + np.random.default_rng(stream).integers(drawn_from)]
        row[:] = np.bincount(drawn, minlength=design.psus) * scale
    return factors


def jackknife_factors(design: Design) -> Floats:
    """Return the factors of the jackknife that leaves out one PSU at a time (JKn).

    Parameters
    ----------
    design
        The sample.

    Returns
    -------
    factors
        Shape ``(P, P)``: in row ``a`` zero for PSU ``a``, ``n_h/(n_h - 1)`` for the others of its
        stratum, one elsewhere.

    Raises
    ------
    EstimationError
        DI-E273: a stratum has a single PSU.
    """
    sizes = _sizes(design)[design.strata]
    same = design.strata[:, None] == design.strata[None, :]
    factors = np.where(same, sizes / (sizes - 1), 1.0)
    np.fill_diagonal(factors, 0.0)
    return factors


def replicate_covariance(replicates: Floats, estimate: Floats) -> Floats:
    """Return ``Σ_b (θ_b - θ̂)(θ_b - θ̂)' / (B - 1)``, about the estimate of the whole sample.

    Parameters
    ----------
    replicates
        Estimates of ``k`` quantities in each bootstrap replicate, shape ``(R, k)``.
    estimate
        Those of the whole sample, shape ``(k,)``.

    Returns
    -------
    covariance
        Shape ``(k, k)``. A replicate that is not a number makes it none: none is left out.
    """
    apart = replicates - estimate
    return apart.T @ apart / (len(replicates) - 1)


def jackknife_covariance(replicates: Floats, estimate: Floats, design: Design) -> Floats:
    """Return ``Σ_a (n_h - 1)/n_h (θ_a - θ̂)(θ_a - θ̂)'``, about the estimate of the whole sample.

    Parameters
    ----------
    replicates
        Estimates of ``k`` quantities without each of the PSUs in turn, shape ``(P, k)``.
    estimate
        Those of the whole sample, shape ``(k,)``.
    design
        The sample; no finite population correction is carried.

    Returns
    -------
    covariance
        Shape ``(k, k)``.

    Raises
    ------
    EstimationError
        DI-E273: a stratum has a single PSU.
    """
    sizes = _sizes(design)[design.strata]
    apart = replicates - estimate
    return apart.T @ (apart * ((sizes - 1) / sizes)[:, None])


def _sizes(design: Design) -> Indices:
    """Return the number of PSUs of each stratum, shape ``(H,)``; none may be alone."""
    sizes = np.bincount(design.strata, minlength=len(design.stratum_labels))
    alone = [label for label, size in zip(design.stratum_labels, sizes, strict=True) if size == 1]
    if alone:
        raise EstimationError("DI-E273", count=len(alone), strata=alone)
    return sizes
