"""The units of a calibrated sample: records of a PSU that every calibration treated alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index.inference.calibration import Auxiliaries, Bounds, Distance
from divide_index.inference.calibration_design import Calibration
from divide_index.inference.design import Design

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedRecords:
    """Records that were calibrated together.

    Parameters
    ----------
    rows
        Which of the sample's records, shape ``(m,)``.
    cells
        Cell of each, which is a row of the calibration variables, shape ``(m,)``.
    auxiliaries
        Those of ``C`` cells, with the known totals.
    before, after
        Weights, shape ``(m,)``, positive.
    distance, bounds
        How they were calibrated.
    is_by_cell
        Whether all records of a cell have one ratio. Bounds on the weights themselves, as those
        after trimming, give each record its own.
    """

    rows: Indices
    cells: Indices
    auxiliaries: Auxiliaries
    before: Floats
    after: Floats
    distance: Distance
    bounds: Bounds | None = None
    is_by_cell: bool = True


def calibrated_design(
    design: Design, psu: Indices, calibrated: Sequence[CalibratedRecords]
) -> tuple[Design, Indices]:
    """Return the design of a sample after calibrations, and the unit of every record.

    Parameters
    ----------
    design
        Of the PSUs, before any calibration.
    psu
        PSU of each record, shape ``(n,)``.
    calibrated
        In the order of time; none gives the design back, whose units are its PSUs.
    """
    if not calibrated:
        return design, psu
    keys = [psu]
    for each in calibrated:
        own = np.full(psu.size, -1, dtype=np.intp)
        own[each.rows] = each.cells if each.is_by_cell else np.arange(each.rows.size)
        keys.append(own)
    first, unit = _distinct(keys)
    calibrations = [_of_units(each, first, unit) for each in calibrated]
    return design.calibrated(psu[first], calibrations), unit


def _distinct(keys: Sequence[Indices]) -> tuple[Indices, Indices]:
    """Return a record of each unit, in order of the keys, and the unit of each record."""
    unit = keys[0]
    for key in keys[1:]:
        _, unit = np.unique(unit * (int(key.max()) + 2) + key + 1, return_inverse=True)
    _, first, unit = np.unique(unit, return_index=True, return_inverse=True)
    return first, unit.astype(np.intp)


def _of_units(each: CalibratedRecords, first: Indices, unit: Indices) -> Calibration:
    """Return a calibration of records as one of the units that hold them."""
    held = unit[each.rows]
    units, place = np.unique(held, return_inverse=True)
    before = np.bincount(place, each.before)
    after = np.bincount(place, each.after)
    cell_of = np.full(first.size, -1, dtype=np.intp)
    cell_of[held] = each.cells
    return Calibration(
        units=units,
        auxiliaries=each.auxiliaries,
        cells=cell_of[units],
        base_weights=np.asarray(before, dtype=np.float64),
        ratios=np.asarray(after / before, dtype=np.float64),
        distance=each.distance,
        bounds=each.bounds,
        is_by_cell=each.is_by_cell,
    )
