"""Levels in every replicate of a sample: sums of units, times what a replicate makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import CellSums
from divide_index.errors import EstimationError
from divide_index.inference.calibration_design import Progress
from divide_index.inference.ratios import Formula, composites_of, levels_of
from divide_index.inference.replication import REPLICATIONS, Replicates, replicates_of
from divide_index.levels.result import Variance, VarianceMethod
from divide_index.scoring import Scores

Floats = NDArray[np.float64]

METHODS: tuple[Variance, ...] = ("taylor", *REPLICATIONS, "supplied")


@dataclass(frozen=True, slots=True, eq=False)
class Replication:
    """Replicates of a survey, with their factors of its units, shape ``(R, U)``."""

    replicates: Replicates
    factors: Floats

    def sums(self, part: CellSums) -> Floats:
        """Return the sums of a cell in each replicate, shape ``(R, 2 D)``."""
        return self.factors[:, part.unit] @ part.by_unit

    def levels(
        self, cells: Sequence[CellSums], reference: CellSums, shares: Floats, formula: Formula
    ) -> Floats:
        """Return the levels of cells in each replicate, shape ``(R, K (D + 1))``."""
        base = self.sums(reference)
        return np.hstack([levels_of(self.sums(part), base, shares, formula) for part in cells])

    def composites(self, cells: Sequence[CellSums], shares: Floats) -> Floats:
        """Return ``Σ ω_d m_d`` of cells in each replicate, shape ``(R, K)``."""
        return np.column_stack([composites_of(self.sums(part), shares) for part in cells])

    def weights(self, part: CellSums) -> Floats:
        """Return the weight of a cell's members in each replicate, shape ``(R,)``."""
        return self.factors @ part.weights


def replication_of(
    scores: Scores, wanted: VarianceMethod, progress: Progress | None = None
) -> tuple[Scores, Replication | None, VarianceMethod]:
    """Return scores whose units the replicates know, and the replicates; None with ``taylor``.

    Raises
    ------
    EstimationError
        DI-E117: no such method. DI-E406: no replicate weights came with the survey. And as
        :func:`~divide_index.inference.replication.replicates_of`.
    """
    if wanted.method not in METHODS:
        raise EstimationError("DI-E117", option="variance", value=wanted.method, valid=METHODS)
    if wanted.method == "taylor":
        return scores, None, VarianceMethod()
    survey = scores.survey
    if wanted.method == "supplied":
        if survey.replicates is None:
            raise EstimationError("DI-E406", schema=survey.schema.name)
        own = survey.by_record()
        records = np.arange(survey.records, dtype=np.intp)
        frame = engine.with_units(scores.frame, records)
        made = Replication(survey.replicates, survey.replicates.factors)
        method = VarianceMethod("supplied", survey.replicates.count)
        return replace(scores, survey=own, frame=frame), made, method
    drawn = replicates_of(
        survey.design, wanted.method, count=wanted.replicates, seed=wanted.seed, fay=wanted.fay
    )
    method = replace(wanted, replicates=drawn.count)
    return (
        scores,
        Replication(drawn, survey.design.unit_factors(drawn.factors, progress=progress)),
        method,
    )
