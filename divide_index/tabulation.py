"""Means of any score or number by domain, with design-based standard errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell, CellSums, cell_columns, requested, summed, unplaced
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.ratios import linearise_means, srs_variance
from divide_index.schema import OVERALL, SurveySchema, Variable, dimension_column
from divide_index.scoring import Scores
from divide_index.survey import Survey

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeanResult:
    """Weighted means of every requested cell and measure.

    Rows run over cells, and inside a cell over measures.

    Parameters
    ----------
    estimate
        Means with their joint covariance, ``k`` rows.
    cells
        The population of each row, length ``k``.
    measures
        The measure of each row, length ``k``.
    n, psus
        Records with a positive weight and an answer, and the PSUs that hold them, ``(k,)``.
    confidence
        Of the intervals, such as 0.95.
    design_effects
        Variance over that of simple random sampling inside each sample, shape ``(k,)``.
    findings
        Who of the populations listed stands in none of their rows.
    """

    estimate: Estimate
    cells: tuple[Cell, ...]
    measures: tuple[str, ...]
    n: NDArray[np.intp]
    psus: NDArray[np.intp]
    confidence: float
    design_effects: Floats
    findings: tuple[Finding, ...] = ()

    @property
    def std_errors(self) -> Floats:
        """Standard errors, shape ``(k,)``; NaN where a domain has no degree of freedom."""
        return self.estimate.reliable_std_errors

    def to_frame(self) -> pd.DataFrame:
        """Return rows ``domain, category, measure, n, psus, mean, std_error, conf_low, …``."""
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                **cell_columns(self.cells),
                "measure": list(self.measures),
                "n": self.n,
                "psus": self.psus,
                "mean": self.estimate.values,
                "std_error": self.std_errors,
                "conf_low": low,
                "conf_high": high,
                "df": self.estimate.degrees_of_freedom.astype(np.int64),
                "flag": "",
            }
        )

    def __str__(self) -> str:
        """Return the rows rounded to one decimal, for eyes."""
        shown = self.to_frame().drop(columns="flag")
        return shown.to_string(index=False, float_format=lambda x: f"{x:.1f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self.to_frame().drop(columns="flag")
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.1f}", na_rep=""))


def tabulate(
    scores: Scores,
    measures: Sequence[str] | None = None,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    confidence: float = 0.95,
) -> MeanResult:
    """Return means of scores and numbers with Taylor standard errors.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    measures
        Dimensions, ``overall`` (raw scores 0-100) or variables of type number (in their own
        unit); every dimension and ``overall`` by default.
    by
        Domains of the schema and crosses such as ``"region*area"``.
    groups
        Groups to select; every group by default.
    where
        A condition: a domain that every cell but the reference is crossed with.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    MeanResult
        Of the reference population, of groups, and of the cells of ``by``; degrees of freedom
        are each domain's own.

    Raises
    ------
    EstimationError
        An unknown measure, domain or group.
    SchemaError
        A condition that cannot be read, or on what the schema does not declare.
    DesignError
        A stratum with a single PSU, unless the survey says what it shall contribute.

    References
    ----------
    Binder (1983), International Statistical Review 51(3), 279-292.
    """
    check_confidence(confidence)
    survey, schema = scores.survey, scores.survey.schema
    measures = [measures] if isinstance(measures, str) else measures
    names = tuple(measures or (*schema.dimensions, OVERALL))
    columns, units = zip(*(_column(schema, name) for name in names), strict=True)
    request = requested(
        schema,
        by=[by] if isinstance(by, str) else list(by or ()),
        groups=groups,
        where=where,
        averages=False,
    )
    sums = summed(scores, request, [columns], second=True)
    (cells,) = sums.sets
    estimate, srs = _estimate(survey, cells, names, np.array(units))
    inside = np.hstack([part.counts[:, :-1] > 0 for part in cells])
    return MeanResult(
        estimate=estimate,
        cells=tuple(part.cell for part in cells for _ in names),
        measures=names * len(cells),
        n=np.concatenate([part.counts[:, :-1].sum(axis=0) for part in cells]).astype(np.intp),
        psus=survey.design.psus_held(inside).sum(axis=0),
        confidence=confidence,
        design_effects=estimate.design_effects(srs),
        findings=tuple(unplaced(sums)),
    )


def _estimate(
    survey: Survey, cells: list[CellSums], names: tuple[str, ...], scale: Floats
) -> tuple[Estimate, Floats]:
    """Return the means of every cell, and their variance under simple random sampling."""
    parts = [linearise_means(part.total).times(scale) for part in cells]
    size = survey.design.units
    totals = [part.unit_totals(means.cell, size) for part, means in zip(cells, parts, strict=True)]
    inside = np.hstack([part.counts[:, :-1] > 0 for part in cells])
    estimate = Estimate(
        names=tuple(
            f"{part.cell.domain}/{part.cell.category}/{m}" for part in cells for m in names
        ),
        values=np.concatenate([means.levels for means in parts]),
        covariance=survey.design.covariance(np.hstack(totals)),
        degrees_of_freedom=np.maximum(survey.design.domain_degrees_of_freedom(inside), 0.0),
    )
    records, weights = survey.sample_sizes()
    srs = [
        srs_variance(
            means, part.moments, part.shared, part.shared, records=records, weights=weights
        )
        for part, means in zip(cells, parts, strict=True)
    ]
    return estimate, np.concatenate(srs)


def _column(schema: SurveySchema, measure: str) -> tuple[str, float]:
    """Return the column of a measure and the factor to its unit."""
    if measure == OVERALL or measure in schema.dimensions:
        return dimension_column(measure), 100.0
    declared = schema.variables.get(measure)
    if declared is None or not _is_plain(declared):
        numbers = [name for name, variable in schema.variables.items() if _is_plain(variable)]
        known = [*schema.dimensions, OVERALL, *numbers]
        raise EstimationError("DI-E126", measure=measure, known=known)
    return measure, 1.0


def _is_plain(variable: Variable) -> bool:
    """Return whether every number in a column is an answer, and everybody was asked."""
    routed = variable.missing or variable.skip_codes or variable.asked_if is not None
    return variable.type == "number" and not routed
