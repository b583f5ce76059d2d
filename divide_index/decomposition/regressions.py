"""Regressions of scores on factors, with errors by the design, tests of factors, and R²."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import Cell
from divide_index.decomposition.cases import WHOLE, Basis, Records, case_findings
from divide_index.decomposition.factors import Choice, chosen, covariates
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.regression import Respondents, fit_regressions, wald_tests
from divide_index.inference.testing import holm, p_values
from divide_index.schema import OVERALL, parse_condition
from divide_index.scoring import Scores

Floats = NDArray[np.float64]

CONSTANT = "constant"


@dataclass(frozen=True, slots=True, eq=False)
class RegressionResult:
    """Weighted regressions of the composite and its dimensions on the same factors.

    Parameters
    ----------
    estimate
        Coefficients in points of scores 0-100, with their joint covariance, ``k`` rows.
    rows
        Of each row: the dimension, the factor and the column, such as ``education=3``.
    blocks
        The columns of each factor in a regression, by name, the constant being 0.
    r_squared
        Share of the weighted variance explained, by dimension.
    inflation
        Generalised variance inflation factor of each factor, ``GVIF^(1/(2 size))``.
    condition_number
        Of the scaled covariates (Belsley): above 30 they repeat each other.
    residual_df
        Degrees of freedom, as R's ``svyglm``.
    basis
        Whom it rests on.
    choice, confidence, scores
        The factors, the level of the intervals, and what was regressed.
    findings
        What a reader of these numbers should know.
    """

    estimate: Estimate
    rows: tuple[tuple[str, str, str], ...]
    blocks: dict[str, tuple[int, ...]]
    r_squared: dict[str, float]
    inflation: dict[str, float]
    condition_number: float
    residual_df: float
    basis: Basis
    choice: Choice
    confidence: float
    scores: Scores
    findings: tuple[Finding, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`summary`."""
        return self.summary()

    def summary(self) -> pd.DataFrame:
        """Return one unrounded row per coefficient.

        Columns ``dimension, factor, column, coefficient, std_error, p_value, conf_low,
        conf_high``.
        """
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                "dimension": [dimension for dimension, _, _ in self.rows],
                "factor": [factor for _, factor, _ in self.rows],
                "column": [column for _, _, column in self.rows],
                "coefficient": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "p_value": p_values(self.estimate),
                "conf_low": low,
                "conf_high": high,
            }
        )

    def tests(self) -> pd.DataFrame:
        """Return Wald tests that a factor has no part in a regression.

        Columns ``dimension, factor, statistic, df, residual_df, p_value, p_holm`` (inside the
        table) and ``inflation``.
        """
        size = len(self.rows) // len(self.r_squared)
        frames: list[pd.DataFrame] = []
        for index, dimension in enumerate(self.r_squared):
            shift = index * size
            shifted = [[shift + k for k in block] for block in self.blocks.values()]
            found = wald_tests(self.estimate, shifted, self.residual_df)
            frames.append(
                pd.DataFrame(
                    {
                        "dimension": dimension,
                        "factor": list(self.blocks),
                        "statistic": found.statistics,
                        "df": found.block_sizes.astype(np.int64),
                        "residual_df": found.residual_df,
                        "p_value": found.p_values,
                        "inflation": list(self.inflation.values()),
                    }
                )
            )
        every = pd.concat(frames, ignore_index=True)
        every.insert(6, "p_holm", holm(every["p_value"].to_numpy(dtype=np.float64)))
        return every

    def __str__(self) -> str:
        """Return coefficients, tests and fit as text, for eyes."""
        r_squared = ", ".join(f"{name} {value:.3f}" for name, value in self.r_squared.items())
        parts = [
            self.summary().to_string(index=False, float_format=lambda x: f"{x:.3f}", na_rep=""),
            self.tests().to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep=""),
            f"R²: {r_squared}",
            f"n {self.basis.n}, PSUs {self.basis.psus}, residual df {self.residual_df:g}",
            f"condition number {self.condition_number:.1f}",
        ]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return str(self.summary().to_html(index=False, float_format=lambda x: f"{x:.3f}"))


def regress_scores(
    scores: Scores,
    *,
    factors: Sequence[str] | str | None = None,
    dimensions: Sequence[str] | str | None = None,
    where: str | None = None,
    confidence: float = 0.95,
) -> RegressionResult:
    """Regress scores on factors, weighted, with design-based errors as R's ``svyglm``.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    factors
        As for :func:`divide_index.decompose_gap`; categories are held against the first.
    dimensions
        Dimensions and ``overall``; all of them by default.
    where
        A condition: who of the survey is meant; the reference population by default.
    confidence
        Of the intervals, between 0 and 1.

    Raises
    ------
    EstimationError
        An unknown factor or dimension; factors that repeat each other; nobody with complete
        answers; fewer degrees of freedom than columns (DI-E262).
    SchemaError
        A condition that cannot be read.

    References
    ----------
    Binder (1983), International Statistical Review 51(3), 279-292.
    """
    check_confidence(confidence)
    schema = scores.survey.schema
    asked = [dimensions] if isinstance(dimensions, str) else dimensions
    names = list(dict.fromkeys(asked or (OVERALL, *schema.dimensions)))
    for name in names:
        if name not in {OVERALL, *schema.dimensions}:
            valid = (OVERALL, *schema.dimensions)
            raise EstimationError("DI-E117", option="dimensions", value=name, valid=valid)
    records = Records.of(scores, chosen(schema, factors))
    cell, members = WHOLE, records.reference
    if where is not None:
        condition = parse_condition(where)
        schema.check_condition(condition)
        cell, members = Cell("where", where), engine.mask(scores.frame, condition, schema)
    basis = records.basis(cell, members)
    if not basis.n:
        lacking = records.lacking_all(members)
        raise EstimationError("DI-E291", groups=[cell.category], factors=lacking)
    rows = np.flatnonzero(members & records.complete())
    columns = covariates(records.choice, records.values, rows, np.ones(rows.size, dtype=bool))
    y = 100 * np.column_stack([records.y[rows], records.y[rows] @ records.shares])
    place = {name: index for index, name in enumerate((*schema.dimensions, OVERALL))}
    blocks = {
        term: tuple(k + 1 for k in block)
        for term, block in zip(columns.terms, columns.blocks, strict=True)
    }
    labels = (CONSTANT, *columns.columns)
    design = scores.survey.design
    try:
        fits = fit_regressions(
            Respondents(
                y[:, [place[name] for name in names]],
                np.column_stack([np.ones(rows.size), columns.matrix]),
                records.weights[rows],
                records.unit[rows],
            ),
            list(blocks.values()),
            design,
        )
    except EstimationError as error:
        if error.code != "DI-E260":
            raise
        wrong: list[int] = error.params["columns"]  # pyright: ignore[reportAssignmentType]
        raise EstimationError("DI-E260", columns=[labels[k] for k in wrong]) from error
    factor_of = {k: term for term, block in blocks.items() for k in block}
    described = tuple(
        (name, factor_of.get(k, CONSTANT), label)
        for name in names
        for k, label in enumerate(labels)
    )
    collinearity = fits[0].collinearity
    return RegressionResult(
        estimate=Estimate(
            tuple(f"{name}/{label}" for name, _, label in described),
            np.concatenate([fit.coefficients for fit in fits]),
            design.covariance(np.hstack([fit.psu_totals for fit in fits])),
            np.full(len(described), fits[0].residual_df),
        ),
        rows=described,
        blocks=blocks,
        r_squared={name: fit.r_squared for name, fit in zip(names, fits, strict=True)},
        inflation=dict(zip(blocks, collinearity.error_inflation.tolist(), strict=True)),
        condition_number=collinearity.condition_number,
        residual_df=fits[0].residual_df,
        basis=basis,
        choice=records.choice,
        confidence=confidence,
        scores=scores,
        findings=tuple(case_findings(scores.survey, [basis])),
    )
