"""Samples of several years seen as one, so that what they share enters a variance.

With independent samples the year is the outermost stratum, and variances of different years add
up. With shared units (the same PSUs surveyed again, or a panel of the same people) a unit that was
surveyed in two years is one PSU: its totals of both years vary together, and the covariance comes
by itself. That is R's ``svydesign`` of the stacked file, with each year as a domain.

References
----------
Kish (1965), Survey Sampling, section 12.4; Berger, Priam (2016), Journal of the Royal Statistical
Society A 179(2), 361-382.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import DesignError
from divide_index.inference.calibration_design import moved
from divide_index.inference.design import Design, LonelyPsu

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class StackedDesign:
    """The design of several samples, and where the PSUs of each stand in it.

    Parameters
    ----------
    design
        Of all PSUs, ``P`` of them.
    places
        For each sample the stacked PSU of each of its PSUs, shape ``(P_t,)``.
    samples
        The designs of the samples.
    """

    design: Design
    places: tuple[Indices, ...]
    samples: tuple[Design, ...]

    @property
    def shared_psus(self) -> int:
        """Number of PSUs that are in more than one sample."""
        seen = np.bincount(np.concatenate(self.places), minlength=self.design.psus)
        return int((seen > 1).sum())

    def totals(self, sample: int, unit_totals: Floats) -> Floats:
        """Return the PSU totals of one sample in the stacked design.

        Parameters
        ----------
        sample
            Its position.
        unit_totals
            Weighted influence values by unit of that sample, shape ``(U_t, k)``: less what its
            own calibrations made certain, they are summed over its PSUs.

        Returns
        -------
        totals
            Shape ``(P, k)``: zero in PSUs of other samples.
        """
        stacked = np.zeros((self.design.psus, unit_totals.shape[1]))
        stacked[self.places[sample]] = self.samples[sample].psu_totals(unit_totals)
        return stacked

    def beside(self, unit_totals: Sequence[Floats]) -> Floats:
        """Return the PSU totals of all samples side by side, shape ``(P, Σ k_t)``."""
        return np.hstack([self.totals(place, each) for place, each in enumerate(unit_totals)])

    def with_units(self) -> Design:
        """Return the stacked design with the units of all samples, and their calibrations.

        The units of each sample follow those of the sample before.
        """
        if all(each.psu_of_unit is None for each in self.samples):
            return self.design
        psus = [each.of_units(own) for own, each in zip(self.places, self.samples, strict=True)]
        calibrations = [
            moved(calibration, self.units_of(place))
            for place, each in enumerate(self.samples)
            for calibration in each.calibrations
        ]
        return self.design.calibrated(np.concatenate(psus), calibrations)

    def units_of(self, sample: int) -> Indices:
        """Return where the units of a sample stand in :meth:`with_units`, shape ``(U_t,)``."""
        if all(each.psu_of_unit is None for each in self.samples):
            return self.places[sample]
        start = sum(each.units for each in self.samples[:sample])
        return np.arange(start, start + self.samples[sample].units, dtype=np.intp)


def independent_designs(designs: Sequence[Design], labels: Sequence[str]) -> StackedDesign:
    """Stack samples that share no unit: the sample is the outermost stratum.

    Parameters
    ----------
    designs
        One or more, with the same rule for lonely PSUs.
    labels
        Of the samples, for messages, such as years.
    """
    rule = _one_rule(designs)
    sizes = np.cumsum([0, *(len(each.stratum_labels) for each in designs)])
    psus = np.cumsum([0, *(each.psus for each in designs)])
    strata = [each.strata + start for each, start in zip(designs, sizes, strict=False)]
    design = Design(
        np.concatenate(strata),
        tuple(
            f"{label}/{stratum}" if stratum else label
            for label, each in zip(labels, designs, strict=True)
            for stratum in each.stratum_labels
        ),
        np.concatenate([each.sampling_fraction for each in designs]),
        rule,
    )
    places = [np.arange(a, b, dtype=np.intp) for a, b in pairwise(psus.tolist())]
    return StackedDesign(design, tuple(places), tuple(designs))


def shared_designs(designs: Sequence[Design], units: Sequence[Sequence[Hashable]]) -> StackedDesign:
    """Stack samples that share units: the same label in the same stratum is the same PSU.

    Parameters
    ----------
    designs
        Two or more, with the same rule for lonely PSUs.
    units
        For each sample the label of each of its PSUs inside its stratum, length ``P_t``.

    Raises
    ------
    DesignError
        DI-E360: a label stands twice in a stratum of one sample, or for two of its strata.
        DI-E361: no unit is shared. DI-E362: a stratum has a finite population correction that
        is not the same in all samples, or not the same units in all samples that have it.
    """
    rule = _one_rule(designs)
    stratum_of: dict[str, int] = {}
    unit_of: dict[tuple[int, Hashable], int] = {}
    fractions: dict[int, float] = {}
    uneven: list[str] = []
    places: list[Indices] = []
    for design, labels in zip(designs, units, strict=True):
        strata = [stratum_of.setdefault(label, len(stratum_of)) for label in design.stratum_labels]
        if len(set(strata)) < len(strata):  # "a/b" with "c" is written as "a" with "b/c" is
            raise DesignError("DI-E360", count=len(strata) - len(set(strata)))
        for label, stratum, fraction in zip(
            design.stratum_labels, strata, design.sampling_fraction.tolist(), strict=True
        ):
            if fractions.setdefault(stratum, fraction) != fraction:
                uneven.append(label)
        own: list[int] = design.strata.tolist()
        keys = [(strata[stratum], unit) for stratum, unit in zip(own, labels, strict=True)]
        if len(set(keys)) < len(keys):
            raise DesignError("DI-E360", count=len(keys) - len(set(keys)))
        places.append(
            np.array([unit_of.setdefault(key, len(unit_of)) for key in keys], dtype=np.intp)
        )
    if uneven:
        raise DesignError("DI-E362", strata=list(dict.fromkeys(uneven)))
    if len(unit_of) == sum(each.psus for each in designs):
        raise DesignError("DI-E361")
    strata_of_units = np.array([stratum for stratum, _ in unit_of], dtype=np.intp)
    uneven = _of_rotating_units(strata_of_units, [*stratum_of], fractions, places)
    if uneven:
        raise DesignError("DI-E362", strata=uneven)
    design = Design(
        strata_of_units,
        tuple(stratum_of),
        np.array([fractions[stratum] for stratum in stratum_of.values()]),
        rule,
    )
    return StackedDesign(design, tuple(places), tuple(designs))


def _of_rotating_units(
    strata: Indices, labels: Sequence[str], fractions: Mapping[int, float], places: list[Indices]
) -> list[str]:
    """Return the strata with a sampling fraction that some sample did not draw whole."""
    every = np.bincount(strata, minlength=len(labels))
    each = [np.bincount(strata[place], minlength=len(labels)) for place in places]
    return [
        label
        for h, label in enumerate(labels)
        if fractions[h] > 0 and any(sizes[h] not in {0, every[h]} for sizes in each)
    ]


def _one_rule(designs: Sequence[Design]) -> LonelyPsu:
    rules: set[LonelyPsu] = {each.lonely_psu for each in designs}
    if len(rules) != 1:
        raise ValueError(rules)
    return rules.pop()
