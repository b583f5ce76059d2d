"""Levels as a reader needs them: values with their covariance, bases, intervals, target gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell, cell_columns
from divide_index.errors import Finding
from divide_index.inference.estimate import Estimate
from divide_index.inference.ratios import Formula
from divide_index.schema import OVERALL
from divide_index.scoring import Scores

Floats = NDArray[np.float64]
Cases = Literal["available", "complete", "answered", "missing_as_zero"]
DegreesOfFreedom = Literal["domain", "design"]
Variance = Literal["taylor", "bootstrap", "jackknife", "brr", "supplied"]


@dataclass(frozen=True, slots=True)
class VarianceMethod:
    """How variances were estimated.

    Parameters
    ----------
    method
        ``taylor``, or how the replicates were made.
    replicates
        How many, of the bootstrap; of a result, how many there were.
    seed
        Of the bootstrap.
    fay
        Fay's ``ρ`` of balanced half-samples.
    """

    method: Variance = "taylor"
    replicates: int = 1000
    seed: int | None = None
    fay: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LevelResult:
    """Levels of every requested cell and dimension, reference = 100.

    Rows run over cells, and inside a cell over dimensions with ``overall`` last.

    Parameters
    ----------
    estimate
        Levels, their joint covariance and degrees of freedom, ``k`` rows.
    cells
        The population of each row, length ``k``.
    dimensions
        The dimension of each row, length ``k``.
    n
        Records with a positive weight and a score, for ``overall`` in any dimension, ``(k,)``.
    psus
        PSUs that hold one of them, shape ``(k,)``.
    confidence
        Of the intervals, such as 0.95.
    conf_low, conf_high
        Interval bounds, shape ``(k,)``; NaN where no interval exists.
    conf_methods
        ``wald``, ``fieller``, ``none`` for each row.
    design_effects
        Variance over that of simple random sampling inside each sample, shape ``(k,)``.
    target_gap
        Level minus target in the target's own rows, NaN elsewhere, shape ``(k,)``.
    formula
        How dimensions make the overall level.
    cases
        Who counts in a mean, and how the unanswered count.
    df
        ``domain`` or ``design``: whose degrees of freedom the intervals use.
    reference_means
        Mean score 0-100 of the reference by dimension.
    reference_cv
        Relative standard error of those means.
    where
        The text of the condition that every cell but the reference is crossed with.
    scores
        What the levels were computed from.
    findings
        What a reader of these numbers should know.
    variance
        How variances were estimated.
    """

    estimate: Estimate
    cells: tuple[Cell, ...]
    dimensions: tuple[str, ...]
    n: NDArray[np.intp]
    psus: NDArray[np.intp]
    confidence: float
    conf_low: Floats
    conf_high: Floats
    conf_methods: tuple[str, ...]
    design_effects: Floats
    target_gap: Floats
    formula: Formula
    cases: Cases
    df: DegreesOfFreedom
    reference_means: dict[str, float]
    reference_cv: dict[str, float]
    where: str | None
    scores: Scores
    findings: tuple[Finding, ...] = ()
    variance: VarianceMethod = VarianceMethod()

    @property
    def degrees_of_freedom(self) -> Floats:
        """The domain's degrees of freedom of each row, shape ``(k,)``."""
        return self.estimate.degrees_of_freedom

    @property
    def std_errors(self) -> Floats:
        """Standard errors, shape ``(k,)``; NaN where a domain has no degree of freedom."""
        return self.estimate.reliable_std_errors

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per cell and dimension, in the columns of every format.

        Columns ``domain, category, dimension, n, psus, level, std_error, conf_low, conf_high,
        df, target_gap, flag``; crosses have one column per crossed variable after ``category``.
        """
        return pd.DataFrame(
            {
                **cell_columns(self.cells),
                "dimension": list(self.dimensions),
                "n": self.n,
                "psus": self.psus,
                "level": self.estimate.values,
                "std_error": self.std_errors,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "df": self.degrees_of_freedom.astype(np.int64),
                "target_gap": self.target_gap,
                "flag": "",
            }
        )

    def precision(self) -> pd.DataFrame:
        """Return what else a statistician asks of each row.

        Columns ``domain, category, dimension, relative_std_error`` (SE over level),
        ``design_effect, conf_method``.
        """
        return pd.DataFrame(
            {
                "domain": [cell.domain for cell in self.cells],
                "category": [cell.category for cell in self.cells],
                "dimension": list(self.dimensions),
                "relative_std_error": np.divide(
                    self.std_errors,
                    self.estimate.values,
                    out=np.full(self.n.shape, np.nan),
                    where=self.estimate.values > 0,
                ),
                "design_effect": self.design_effects,
                "conf_method": list(self.conf_methods),
            }
        )

    def level(self, domain: str, category: str, dimension: str = OVERALL) -> float:
        """Return one level.

        Raises
        ------
        KeyError
            No such row.
        """
        return float(self.estimate.values[self.row(domain, category, dimension)])

    def row(self, domain: str, category: str, dimension: str = OVERALL) -> int:
        """Return the position of a row.

        Raises
        ------
        KeyError
            No such row.
        """
        for index, (cell, name) in enumerate(zip(self.cells, self.dimensions, strict=True)):
            if (cell.domain, cell.category, name) == (domain, category, dimension):
                return index
        raise KeyError((domain, category, dimension))

    def difference(self, rows: Sequence[tuple[str, str]], dimension: str = OVERALL) -> Estimate:
        """Return the first cell's level minus the second's, with their joint covariance.

        Parameters
        ----------
        rows
            Two pairs ``(domain, category)``, never swapped.
        dimension
            The dimension compared.
        """
        (first, second) = (self.row(domain, category, dimension) for domain, category in rows)
        matrix = np.zeros((1, len(self.cells)))
        matrix[0, first] += 1.0
        matrix[0, second] -= 1.0
        name = " - ".join(category for _, category in rows)
        return self.estimate.contrast(matrix, (name,))

    def __str__(self) -> str:
        """Return the rows rounded to one decimal, for eyes."""
        shown = self.to_frame().drop(columns="flag")
        return shown.to_string(index=False, float_format=lambda x: f"{x:.1f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self.to_frame().drop(columns="flag")
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.1f}", na_rep=""))
