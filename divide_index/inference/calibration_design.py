"""A calibration as the design sees it: what it made certain, and how replicates repeat it.

People of one PSU who have the same calibration variables are given the same ratio, so a *unit*,
which holds them, is all that a variance needs to know of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.calibration import (
    Auxiliaries,
    Bounds,
    Distance,
    calibrate,
    calibration_residuals,
)
from divide_index.inference.totals import psu_sums

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Weights of some units that were calibrated to known totals.

    Parameters
    ----------
    units
        The units of the design whose weights they are, shape ``(M,)``.
    auxiliaries
        Calibration variables ``(C, K)`` of each cell, which is a different row of them; their
        known totals and names.
    cells
        Cell of each of the units, shape ``(M,)``.
    base_weights
        Sum of the weights before, in each of the units, shape ``(M,)``, positive.
    ratios
        Weight after over weight before, in each of the units, shape ``(M,)``, positive.
    distance, bounds
        How the weights were calibrated.
    is_by_cell
        Whether the ratios of a cell are one. Otherwise, as where the weights themselves were held
        within bounds, replicates calibrate the weights after it, which keeps the differences.
    """

    units: Indices
    auxiliaries: Auxiliaries
    cells: Indices
    base_weights: Floats
    ratios: Floats
    distance: Distance
    bounds: Bounds | None = None
    is_by_cell: bool = True

    @property
    def size(self) -> int:
        """Number of cells, ``C``."""
        return self.auxiliaries.X.shape[0]

    def residuals(self, unit_totals: Floats) -> Floats:
        """Return totals of units less what the calibration made certain of them.

        Of ``t = Σ w z`` it leaves ``Σ w (z - x'B)``, where ``B`` is the regression of the
        influences ``z`` on the calibration variables with the weights before; the weights ``w``
        are those after. That is R's ``calibrate``; its ``rake`` projects on one margin after the
        other in place of all at once.

        Parameters
        ----------
        unit_totals
            Of all units of the design, shape ``(U, k)``.

        Returns
        -------
        residuals
            Shape ``(U, k)``; those of other units are as they were.

        References
        ----------
        Deville, Särndal (1992), Journal of the American Statistical Association 87(418),
        376-382, eq. 3.4.
        """
        sizes = self._cell_sums(self.base_weights[:, None])
        z = self._cell_sums(unit_totals[self.units] / self.ratios[:, None]) / sizes
        fitted = z - calibration_residuals(z, self.auxiliaries.X, sizes[:, 0])
        left = unit_totals.copy()
        left[self.units] -= (self.ratios * self.base_weights)[:, None] * fitted[self.cells]
        return left

    def replicate_ratios(self, factors: Floats) -> Iterator[Floats]:
        """Yield the ratios of the units when the calibration is repeated in replicates.

        Where nothing is left out or repeated, they are the ratios of the sample.

        Parameters
        ----------
        factors
            Of the weights before of each of the units, shape ``(R, M)``, not negative.

        Yields
        ------
        ratios
            Of one replicate, shape ``(M,)``; one where a cell is empty in it.

        Raises
        ------
        EstimationError
            As :func:`~divide_index.inference.calibration.calibrate` does: a replicate may not
            reach the totals.
        """
        X, totals, names = self.auxiliaries.X, self.auxiliaries.totals, self.auxiliaries.names
        own = np.ones_like(self.ratios) if self.is_by_cell else self.ratios
        for row in factors:
            weights = self._cell_sums((row * self.base_weights * own)[:, None])[:, 0]
            there = weights > 0
            found = calibrate(
                weights[there],
                X[there],
                totals,
                names=names,
                distance=self.distance,
                bounds=self.bounds,
            )
            ratios = np.ones(self.size)
            ratios[there] = found.ratios
            yield ratios[self.cells] * own

    def _cell_sums(self, values: Floats) -> Floats:
        """Return sums over the units of each cell, from ``(M, k)`` to ``(C, k)``."""
        return psu_sums(values, self.cells, self.size)


def moved(calibration: Calibration, places: Indices) -> Calibration:
    """Return a calibration whose units stand elsewhere.

    Parameters
    ----------
    calibration
        Of units ``0 … U-1`` of a design.
    places
        Where each of them stands now, shape ``(U,)``.
    """
    return replace(calibration, units=places[calibration.units])


def replicate_unit_factors(
    factors: Floats,
    calibrations: tuple[Calibration, ...],
    psu_of_unit: Indices,
    *,
    progress: Progress | None = None,
) -> Floats:
    """Return what replicates multiply the final weights of units by, all calibrations repeated.

    Parameters
    ----------
    factors
        Of PSUs, shape ``(R, P)``.
    calibrations
        In the order of time. What else was done to the weights between them, such as trimming,
        stays as it was.
    psu_of_unit
        PSU of each unit, shape ``(U,)``.
    progress
        Told how many calibrations are done, and of how many.

    Returns
    -------
    unit_factors
        Shape ``(R, U)``.

    Raises
    ------
    EstimationError
        DI-E430: replicates whose weights do not reach the totals; none is left out.
    """
    found = factors[:, psu_of_unit]
    every = len(factors) * len(calibrations)
    for number, calibration in enumerate(calibrations):
        failed: dict[int, EstimationError] = {}
        own = found[:, calibration.units]
        for row in range(len(own)):
            if progress is not None:
                progress(number * len(own) + row, every)
            try:
                [ratios] = calibration.replicate_ratios(own[row : row + 1])
            except EstimationError as error:
                failed[row] = error
                continue
            found[row, calibration.units] = own[row] * ratios / calibration.ratios
        if failed:
            row, error = next(iter(failed.items()))
            raise EstimationError(
                "DI-E430",
                count=len(failed),
                replicates=len(found),
                first=row + 1,
                why=error.params.get("names") or error.code,
            )
    if progress is not None:
        progress(every, every)
    return found
