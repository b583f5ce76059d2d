"""The sampling design, and the only place where uncertainty is born."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import DesignError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

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
    def degrees_of_freedom(self) -> int:
        """PSUs minus strata, of the whole design."""
        return self.psus - len(self.stratum_labels)

    def lonely_strata(self) -> tuple[str, ...]:
        """Return the strata whose single PSU leaves their variance undefined."""
        lonely = (self._sizes() == 1) & (1 - self.sampling_fraction > _CENSUS)
        return tuple(
            label for label, alone in zip(self.stratum_labels, lonely, strict=True) if alone
        )

    def domain_degrees_of_freedom(self, is_inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return PSUs that hold a member, minus the strata they lie in.

        Parameters
        ----------
        is_inside
            Whether a PSU holds a member of a domain, shape ``(P, K)``.

        Returns
        -------
        degrees_of_freedom
            R's ``degf(subset())``, shape ``(K,)``.
        """
        strata = self._stratum_sums(is_inside.astype(np.float64)) > 0
        return (is_inside.sum(axis=0) - strata.sum(axis=0)).astype(np.float64)

    def covariance(self, psu_totals: Floats) -> Floats:
        """Return the design covariance of totals.

        Parameters
        ----------
        psu_totals
            Weighted influence values summed over each PSU, shape ``(P, K)``; a PSU outside a
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
