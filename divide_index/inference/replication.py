"""Replicates: bootstrap, jackknife and balanced half-samples of PSUs, or supplied weights.

A replicate multiplies the weights of every PSU by a factor; the estimate is made again with the
weights so changed. This is for what has no simple influence, such as a quantile, and it checks
what has one. Of anything that is a function of PSU totals, every replicate is
``factors @ psu_totals``. Where weights are calibrated, :meth:`Design.unit_factors` turns the
factors of PSUs into those of units, every calibration repeated.

Every covariance is about the estimate of the whole sample (R's ``mse = TRUE``), and no replicate
is ever left out.

References
----------
Rao & Wu (1988), Journal of the American Statistical Association 83(401), 231-241; Rust & Rao
(1996), Statistical Methods in Medical Research 5(3), 283-310; Judkins (1990), Journal of
Official Statistics 6(3), 223-239.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.design import Design

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

Replication = Literal["bootstrap", "jackknife", "brr"]
REPLICATIONS: tuple[Replication, ...] = get_args(Replication)
SuppliedKind = Literal["bootstrap", "jk1", "jkn", "brr", "fay", "acs"]
SUPPLIED_KINDS: tuple[SuppliedKind, ...] = get_args(SuppliedKind)


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Replicates of a sample: what they do to weights, and what their spread is worth.

    Parameters
    ----------
    method
        ``bootstrap``, ``jackknife``, ``brr`` or ``supplied``.
    factors
        What each multiplies the weights by, of PSUs ``(R, P)``; of records ``(R, n)`` where they
        are supplied.
    scale, rscales
        The covariance is ``scale Σ_b rscales_b (θ_b - θ̂)(θ_b - θ̂)'``; ``rscales`` of shape
        ``(R,)``.
    """

    method: Literal["bootstrap", "jackknife", "brr", "supplied"]
    factors: Floats
    scale: float
    rscales: Floats

    @property
    def count(self) -> int:
        """Number of replicates, ``R``."""
        return self.rscales.size

    @property
    def degrees_of_freedom(self) -> int:
        """Rank of the replicates less one: R's ``degf`` of a replicate design."""
        gram = self.factors @ self.factors.T
        return int(np.linalg.matrix_rank(gram, hermitian=True)) - 1

    def covariance(
        self, replicates: Floats, estimate: Floats, *, names: Sequence[str] | None = None
    ) -> Floats:
        """Return the covariance of estimates about those of the whole sample.

        Parameters
        ----------
        replicates
            ``k`` estimates in each replicate, shape ``(R, k)``.
        estimate
            Of the whole sample, shape ``(k,)``. Where it is NaN its rows and columns are zero.
        names
            What each is of, for messages; their places when left out.

        Raises
        ------
        EstimationError
            DI-E400: an estimate that the sample has and replicates have not, as where all PSUs
            of a domain were left out.
        """
        known = ~np.isnan(estimate)
        apart = np.where(known, replicates - np.where(known, estimate, 0.0), 0.0)
        wrong = ~np.isfinite(apart)
        if wrong.any():
            labels = [*map(str, range(estimate.size))] if names is None else names
            lost: list[int] = np.flatnonzero(wrong.any(axis=0)).tolist()
            raise EstimationError(
                "DI-E400",
                count=int(wrong.any(axis=1).sum()),
                replicates=self.count,
                names=[*dict.fromkeys(labels[k] for k in lost)],
            )
        weighted = apart * (self.scale * self.rscales)[:, None]
        return np.asarray(apart.T @ weighted, dtype=np.float64)


def replicates_of(
    design: Design,
    method: Replication,
    *,
    count: int = 1000,
    seed: int | None = None,
    fay: float = 0.0,
) -> Replicates:
    """Return replicates of a sample's PSUs.

    Parameters
    ----------
    design
        The sample.
    method
        ``bootstrap`` (Rao-Wu, no finite population correction), ``jackknife`` (one PSU at a time:
        JKn, which is JK1 without strata, times ``1 - f_h``), ``brr`` (balanced half-samples: every
        stratum has two PSUs; no correction).
    count
        How many, of the bootstrap.
    seed
        Of the bootstrap.
    fay
        Of ``brr``: what the half left out keeps of its weight, Fay's ``ρ``, 0 up to 1.

    Raises
    ------
    EstimationError
        DI-E117: no such method, too few replicates, or a ``seed`` or ``fay`` out of range.
        DI-E273: a stratum has a single PSU. DI-E401: the bootstrap has no seed. DI-E402: ``brr``,
        and strata that do not have two PSUs. DI-E403: ``brr`` of a sample with a finite population
        correction.
    """
    if method == "bootstrap":
        if seed is None:
            raise EstimationError("DI-E401")
        if seed < 0:
            raise EstimationError("DI-E117", option="seed", value=seed, valid="0~")
        factors = rao_wu_factors(design, count, seed=seed)
        return Replicates("bootstrap", factors, 1 / (count - 1), np.ones(count))
    if method == "jackknife":
        factors = jackknife_factors(design)
        sizes = _sizes(design)[design.strata]
        rscales = (sizes - 1) / sizes * (1 - design.sampling_fraction[design.strata])
        return Replicates("jackknife", factors, 1.0, rscales)
    if method == "brr":
        factors = balanced_factors(design, fay=fay)
        scale = 1 / (len(factors) * (1 - fay) ** 2)
        return Replicates("brr", factors, scale, np.ones(len(factors)))
    raise EstimationError("DI-E117", option="variance", value=method, valid=REPLICATIONS)


def supplied_replicates(
    factors: Floats,
    kind: SuppliedKind,
    *,
    fay: float = 0.0,
    scale: float | None = None,
    rscales: Floats | None = None,
) -> Replicates:
    """Return replicates that came with the data.

    Parameters
    ----------
    factors
        Replicate weights over the weights of the whole sample, shape ``(R, n)``.
    kind
        How they were made, which says what their spread is worth, as in R's ``svrepdesign``:
        ``bootstrap`` ``1/(R-1)``, ``jk1`` ``(R-1)/R``, ``jkn`` (``rscales`` are needed), ``brr``
        ``1/R``, ``fay`` ``1/(R (1-ρ)²)``, ``acs`` ``4/R``.
    fay
        Fay's ``ρ``: needed with ``fay``, unless ``scale`` holds it, and with no other kind.
    scale, rscales
        In the place of these, positive and not negative; ``rscales`` of shape ``(R,)``.

    Raises
    ------
    EstimationError
        DI-E117: no such kind, or a ``fay``, ``scale`` or ``rscales`` out of range. DI-E404:
        weights that are negative or no numbers. DI-E405: ``jkn`` without ``rscales``, or of
        another number. DI-E409: ``fay`` without its ``ρ``, or another kind with one.
    """
    count = len(factors)
    if kind not in SUPPLIED_KINDS:
        raise EstimationError("DI-E117", option="kind", value=kind, valid=SUPPLIED_KINDS)
    _refuse_fay(fay)
    wrong = ~(np.isfinite(factors) & (factors >= 0)).all(axis=1)
    if wrong.any() or count < 2:  # noqa: PLR2004
        raise EstimationError("DI-E404", count=int(wrong.sum()), replicates=count)
    if rscales is None and kind == "jkn":
        raise EstimationError("DI-E405", given=0, replicates=count)
    if rscales is not None and rscales.shape != (count,):
        raise EstimationError("DI-E405", given=rscales.size, replicates=count)
    if scale is not None and not (math.isfinite(scale) and scale > 0):
        raise EstimationError("DI-E117", option="scale", value=scale, valid="> 0")
    if rscales is not None and not (np.isfinite(rscales) & (rscales >= 0)).all():
        unusable = [float(each) for each in rscales if not (math.isfinite(each) and each >= 0)]
        raise EstimationError("DI-E117", option="rscales", value=unusable, valid="≥ 0")
    is_missing = kind == "fay" and fay == 0 and scale is None
    if is_missing or (kind != "fay" and fay > 0):
        raise EstimationError("DI-E409", kind=kind, fay=fay)
    by_kind: dict[SuppliedKind, float] = {
        "bootstrap": 1 / (count - 1),
        "jk1": (count - 1) / count,
        "jkn": 1.0,
        "brr": 1 / count,
        "fay": 1 / (count * (1 - fay) ** 2),
        "acs": 4 / count,
    }
    own = by_kind[kind] if scale is None else scale
    return Replicates("supplied", factors, own, np.ones(count) if rscales is None else rscales)


def balanced_factors(design: Design, *, fay: float = 0.0) -> Floats:
    """Return the factors of balanced half-samples: one PSU of every stratum, in full balance.

    Parameters
    ----------
    design
        The sample: two PSUs in every stratum.
    fay
        What the other PSU keeps of its weight; that of the one chosen is ``2 - ρ`` times itself.

    Returns
    -------
    factors
        Shape ``(R, P)``, where ``R`` is the power of two above the number of strata: of a total
        they give the variance of :meth:`Design.covariance`, without a correction, exactly.

    Raises
    ------
    EstimationError
        DI-E117: ``fay`` out of range. DI-E402: a stratum does not have two PSUs. DI-E403: there
        is a finite population correction, which half-samples do not carry.

    References
    ----------
    McCarthy (1969), Review of the International Statistical Institute 37(3), 239-264; Dippo, Fay,
    Morganstein (1984), Proceedings of the Survey Research Methods Section, ASA, 489-494.
    """
    from scipy.linalg import hadamard

    _refuse_fay(fay)
    strata = len(design.stratum_labels)
    sizes = np.bincount(design.strata, minlength=strata)
    others = [label for label, n in zip(design.stratum_labels, sizes, strict=True) if n != 2]  # noqa: PLR2004
    if others:
        raise EstimationError("DI-E402", count=len(others), strata=others)
    if (design.sampling_fraction > 0).any():
        raise EstimationError("DI-E403")
    order = np.argsort(design.strata, kind="stable")
    side = np.empty(design.psus, dtype=np.float64)
    side[order] = np.tile([-1.0, 1.0], strata)  # as R: where the sign is +, the first is left out
    signs = np.asarray(hadamard(1 << strata.bit_length()), dtype=np.float64)
    return 1 + (1 - fay) * signs[1 + design.strata].T * side


def _refuse_fay(fay: float) -> None:
    if not 0 <= fay < 1:
        raise EstimationError("DI-E117", option="fay", value=fay, valid="0 ≤ ρ < 1")


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


def _sizes(design: Design) -> Indices:
    """Return the number of PSUs of each stratum, shape ``(H,)``; none may be alone."""
    sizes = np.bincount(design.strata, minlength=len(design.stratum_labels))
    alone = [label for label, size in zip(design.stratum_labels, sizes, strict=True) if size == 1]
    if alone:
        raise EstimationError("DI-E273", count=len(alone), strata=alone)
    return sizes
