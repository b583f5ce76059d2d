"""What was done to the weights of a survey, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import Finding
from divide_index.inference.calibration import (
    Bounds,
    Distance,
    TotalsReached,
    totals_reached,
)
from divide_index.inference.units import CalibratedRecords
from divide_index.margins import SampleMargins

Floats = NDArray[np.float64]

StepKind = Literal["nonresponse", "raking", "calibration", "trimming"]
STEP_KINDS: tuple[StepKind, ...] = get_args(StepKind)


@dataclass(frozen=True, slots=True, eq=False)
class SampleStep:
    """A calibration of the weights of one sample.

    Parameters
    ----------
    margins
        What was to be reached.
    records
        Whose weights they were, before and after.
    reached
        The known totals beside those before and after.
    errors
        Largest relative error of a total at the start and after each iteration; empty where the
        step was read from a file.
    """

    margins: SampleMargins
    records: CalibratedRecords
    reached: TotalsReached
    errors: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class WeightStep:
    """One thing that was done to weights.

    Parameters
    ----------
    kind
        What: adjusted for nonresponse, raked, calibrated, trimmed.
    options
        How it was asked for, by name: texts, numbers and lists of these.
    weights
        Those after it, shape ``(n,)``: zero for a record that was taken out, as one of somebody
        who did not respond.
    samples
        The samples that were calibrated in it.
    findings
        What was noticed.
    """

    kind: StepKind
    options: Mapping[str, object]
    weights: Floats
    samples: tuple[SampleStep, ...] = ()
    findings: tuple[Finding, ...] = ()


def calibrated_records(
    margins: SampleMargins,
    before: Floats,
    after: Floats,
    distance: Distance,
    bounds: Bounds | None = None,
    *,
    is_by_cell: bool = True,
) -> CalibratedRecords:
    """Return the records of a sample whose weights were calibrated to margins.

    Parameters
    ----------
    margins
        Known totals of ``n`` records.
    before, after
        Their weights, shape ``(n,)``, positive.
    distance, bounds
        How they were calibrated.
    is_by_cell
        Whether records of the same categories have one ratio.
    """
    cells, known = margins.cells()
    return CalibratedRecords(
        rows=margins.rows,
        cells=cells,
        auxiliaries=known,
        before=before,
        after=after,
        distance=distance,
        bounds=bounds,
        is_by_cell=is_by_cell,
    )


def reached_by(margins: SampleMargins, before: Floats, after: Floats) -> TotalsReached:
    """Return a sample's known totals beside those of weights before and after.

    Parameters
    ----------
    margins
        Known totals of ``n`` records.
    before, after
        Their weights, shape ``(n,)``.
    """
    cells, known = margins.cells()
    sums = [np.bincount(cells, weights).astype(np.float64) for weights in (before, after)]
    return totals_reached(known, *sums)
