"""The sampling design, and the only place where uncertainty is born."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import DesignError
from divide_index.inference.calibration_design import Calibration, Progress, replicate_unit_factors
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_Scalar = TypeVar("_Scalar", bound=np.generic)

LonelyPsu = Literal["fail", "remove", "certainty", "adjust", "average"]
LONELY_PSU_RULES: tuple[LonelyPsu, ...] = get_args(LonelyPsu)

_CENSUS = 1e-7  # R survey: a stratum sampled so nearly whole has no sampling error


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """A stratified sample of PSUs, as its variance sees it.

    Parameters
    ----------
    strata
        Stratum of each PSU, shape ``(P,)``, values ``0 … H-1``.
    stratum_labels
        Names of the strata, for messages, length ``H``.
    sampling_fraction
        First-stage sampling fraction of each stratum, shape ``(H,)``; zero without an fpc.
    lonely_psu
        What a stratum with a single PSU contributes, in R's words: ``fail`` (default) stops;
        ``remove`` and ``certainty`` nothing; ``adjust`` its total about zero; ``average`` the
        mean contribution of the other strata.
    psu_of_unit
        Where weights are calibrated, the PSU of each unit, shape ``(U,)``; otherwise None, and
        every PSU is a unit. A unit holds those records of a PSU that every calibration treated
        alike.
    calibrations
        What the weights went through, in the order of time, in terms of the units.

    Notes
    -----
    The variance of a total is ``V = Σ_h (1-f_h) n_h/(n_h-1) Σ_a (t_ha - t̄_h)²``. The fpc counts
    the first stage only, which understates the variance where people are sampled inside PSUs.

    References
    ----------
    Lumley (2004), Journal of Statistical Software 9(8), 1-19.
    """

    strata: Indices
    stratum_labels: tuple[str, ...]
    sampling_fraction: Floats
    lonely_psu: LonelyPsu = "fail"
    psu_of_unit: Indices | None = None
    calibrations: tuple[Calibration, ...] = ()

    @classmethod
    def of_psus(
        cls,
        strata: Indices,
        stratum_labels: tuple[str, ...],
        *,
        fpc: Floats | None = None,
        lonely_psu: LonelyPsu = "fail",
    ) -> Self:
        """Build a design from its PSUs.

        Parameters
        ----------
        strata
            Stratum of each PSU, shape ``(P,)``.
        stratum_labels
            Names of the strata, length ``H``.
        fpc
            Smallest and largest finite population correction given in each stratum, shape
            ``(H, 2)``: above 1 a number of PSUs in the population, up to 1 a sampling fraction.
        lonely_psu
            The rule for strata with a single PSU.

        Raises
        ------
        DesignError
            The correction varies inside a stratum, is missing or not positive, or counts fewer
            PSUs than were sampled; or the rule is unknown.
        """
        if lonely_psu not in LONELY_PSU_RULES:
            raise DesignError(
                "DI-E117", option="lonely_psu", value=lonely_psu, valid=LONELY_PSU_RULES
            )
        sizes = np.bincount(strata, minlength=len(stratum_labels)).astype(np.float64)
        fraction = np.zeros(len(stratum_labels))
        if fpc is not None:
            _refuse_fpc(fpc, sizes, stratum_labels)
            given = fpc[:, 0]
            fraction = np.where(given > 1, sizes / np.maximum(given, 1.0), given)
        return cls(strata, stratum_labels, fraction, lonely_psu)

    @property
    def psus(self) -> int:
        """Number of PSUs."""
        return int(self.strata.size)

    @property
    def units(self) -> int:
        """Number of units, ``U``: what arrays of totals have a row for."""
        return self.psus if self.psu_of_unit is None else int(self.psu_of_unit.size)

    @property
    def degrees_of_freedom(self) -> int:
        """PSUs minus strata, of the whole design."""
        return self.psus - len(self.stratum_labels)

    def lonely_strata(self) -> tuple[str, ...]:
        """Return the strata whose single PSU leaves their variance undefined."""
        lonely = (self._sizes() == 1) & (1 - self.sampling_fraction > _CENSUS)
        return tuple(
            label for label, alone in zip(self.stratum_labels, lonely, strict=True) if alone
        )

    def calibrated(self, psu_of_unit: Indices, calibrations: Sequence[Calibration]) -> Self:
        """Return the design of the same PSUs under calibrated weights.

        Parameters
        ----------
        psu_of_unit
            PSU of each unit, shape ``(U,)``.
        calibrations
            In the order of time.
        """
        return replace(self, psu_of_unit=psu_of_unit, calibrations=tuple(calibrations))

    def of_units(self, of_psus: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """Return what is known of PSUs, shape ``(…, P)``, for the units in them, ``(…, U)``."""
        return of_psus if self.psu_of_unit is None else of_psus[..., self.psu_of_unit]

    def unit_factors(self, factors: Floats, *, progress: Progress | None = None) -> Floats:
        """Return what replicates multiply the weights of units by, every calibration repeated.

        Parameters
        ----------
        factors
            Of PSUs, shape ``(R, P)``.
        progress
            Told how many calibrations are done, and of how many.

        Returns
        -------
        unit_factors
            Shape ``(R, U)``; the factors given where every PSU is a unit.

        Raises
        ------
        EstimationError
            DI-E430: replicates whose weights do not reach the totals.
        """
        if self.psu_of_unit is None:
            return factors
        return replicate_unit_factors(
            factors, self.calibrations, self.psu_of_unit, progress=progress
        )

    def psus_held(self, is_inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which PSUs hold a unit that holds a member: from ``(U, K)`` to ``(P, K)``."""
        if self.psu_of_unit is None:
            return is_inside
        held = np.zeros((self.psus, *is_inside.shape[1:]), dtype=bool)
        np.logical_or.at(held, self.psu_of_unit, is_inside)
        return held

    def psu_totals(self, unit_totals: Floats) -> Floats:
        """Return the totals of PSUs whose spread is the design's error.

        What calibration made certain is taken out of the totals of the units, the last
        calibration first, and they are summed.

        Parameters
        ----------
        unit_totals
            Weighted influence values summed over each unit, shape ``(U, K)``, under the final
            weights.

        Returns
        -------
        psu_totals
            Shape ``(P, K)``; the totals given where every PSU is a unit.
        """
        if self.psu_of_unit is None:
            return unit_totals
        for calibration in reversed(self.calibrations):
            unit_totals = calibration.residuals(unit_totals)
        return psu_sums(unit_totals, self.psu_of_unit, self.psus)

    def domain_degrees_of_freedom(self, is_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return PSUs that hold a member, minus the strata they lie in.

        Parameters
        ----------
        is_inside
            Whether a unit holds a member of a domain, shape ``(U, K)``.

        Returns
        -------
        degrees_of_freedom
            R's ``degf(subset())``, shape ``(K,)``.
        """
        held = self.psus_held(is_inside)
        strata = self._stratum_sums(held.astype(np.float64)) > 0
        return (held.sum(axis=0) - strata.sum(axis=0)).astype(np.float64)

    def covariance(self, unit_totals: Floats) -> Floats:
        """Return the design covariance of totals.

        Parameters
        ----------
        unit_totals
            Weighted influence values summed over each unit, shape ``(U, K)``; a unit outside a
            domain is a row of zeros, never left out.

        Returns
        -------
        covariance
            Shape ``(K, K)``.

        Raises
        ------
        DesignError
            A stratum has a single PSU and the rule is ``fail``.
        """
        lonely = self.lonely_strata()
        if lonely and self.lonely_psu == "fail":
            raise DesignError("DI-E057", count=len(lonely), strata=lonely)
        psu_totals = self.psu_totals(unit_totals)
        sizes = self._sizes()
        means = self._stratum_sums(psu_totals) / sizes[:, None]
        if self.lonely_psu == "adjust":
            means[sizes == 1] = 0.0
        centred = psu_totals - means[self.strata]
        scale = (1 - self.sampling_fraction) * sizes / np.maximum(sizes - 1, 1.0)
        scale[1 - self.sampling_fraction <= _CENSUS] = 0.0
        scaled = centred * np.sqrt(scale[self.strata])[:, None]
        covariance = scaled.T @ scaled
        if lonely and self.lonely_psu == "average":
            if len(lonely) == sizes.size:
                raise DesignError("DI-E057", count=len(lonely), strata=lonely)
            covariance *= sizes.size / (sizes.size - len(lonely))
        return covariance

    def _stratum_sums(self, psu_totals: Floats) -> Floats:
        order = np.argsort(self.strata, kind="stable")
        starts = np.searchsorted(self.strata[order], np.arange(len(self.stratum_labels)))
        return np.add.reduceat(psu_totals[order], starts, axis=0)

    def _sizes(self) -> Floats:
        return np.bincount(self.strata, minlength=len(self.stratum_labels)).astype(np.float64)


def _refuse_fpc(fpc: Floats, sizes: Floats, labels: tuple[str, ...]) -> None:
    def named(wrong: NDArray[np.bool_]) -> list[str]:
        return [label for label, bad in zip(labels, wrong, strict=True) if bad]

    low, high = fpc[:, 0], fpc[:, 1]
    unusable = ~np.isfinite(low) | ~np.isfinite(high) | (low <= 0) | (low != high)
    if unusable.any():
        raise DesignError("DI-E118", strata=named(unusable))
    too_small = (low > 1) & (low < sizes)
    if too_small.any():
        raise DesignError("DI-E119", strata=named(too_small))
