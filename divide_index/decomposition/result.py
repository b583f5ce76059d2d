"""What a decomposition of groups' distances from the reference says, and what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell, cell_columns
from divide_index.decomposition.cases import Basis
from divide_index.decomposition.factors import Choice
from divide_index.errors import Finding
from divide_index.inference.estimate import Estimate, fieller_interval, t_quantile
from divide_index.inference.ratios import Formula
from divide_index.inference.testing import holm, p_values
from divide_index.schema import OVERALL
from divide_index.scoring import Scores

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Part = Literal["gap", "explained", "unexplained"]

TOTAL = "total"
INTERACTION = "interaction"
_CLOSE = 1e-8
_ROUNDING = 1e-9  # index points: a composition that is alike everywhere leaves no more
_SHARE_STD_ERRORS = 2  # a share of a gap that is not beyond them explodes


@dataclass(frozen=True, slots=True)
class PartRow:
    """What a row of a decomposition is of.

    ``part`` is ``gap`` (level minus 100), ``explained`` or ``unexplained``; ``factor`` a term of
    the formula, or ``total``; of a cross of two domains the unexplained part has the rows of each
    domain and their ``interaction`` too.
    """

    cell: Cell
    dimension: str
    part: Part
    factor: str


@dataclass(frozen=True, slots=True)
class PathRow:
    """What a row of a path is of: the gap that is left after some sets of factors.

    ``step`` is their number, 0 before any; ``explained`` the points of each factor that has
    entered.
    """

    cell: Cell
    dimension: str
    step: int
    explained: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class DecompositionResult:
    """Why groups differ from the reference, in index points: negative puts a group behind.

    Parameters
    ----------
    estimate
        Every part with its joint covariance and degrees of freedom, ``k`` rows.
    rows
        What each is of, length ``k``.
    levels
        For each group in turn: the level on available cases (as published), on complete cases,
        and their difference; overall, three rows a group.
    bases
        Whom each group's parts rest on.
    reference
        Whom the reference rests on.
    choice
        The factors.
    place
        The domains whose crossed categories have effects of their own in the regression; empty
        where these are the groups asked for.
    path
        The unexplained part when sets of factors enter one after the other, from none at all.
    path_rows
        What each row of ``path`` is of, length ``p``.
    sets
        The sets of terms in the order they enter.
    complete
        Who has a part in it, shape ``(n,)``: complete cases of the reference and the groups.
    by, groups
        What was asked for.
    formula, confidence, where, scores, findings
        As those of :class:`~divide_index.levels.LevelResult`.
    """

    estimate: Estimate
    rows: tuple[PartRow, ...]
    levels: Estimate
    bases: tuple[Basis, ...]
    reference: Basis
    choice: Choice
    place: tuple[str, ...]
    path: Estimate
    path_rows: tuple[PathRow, ...]
    sets: tuple[tuple[str, ...], ...]
    complete: NDArray[np.bool_]
    by: tuple[str, ...]
    groups: tuple[str, ...] | None
    formula: Formula
    confidence: float
    where: str | None
    scores: Scores
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Check that the parts of every group sum to its gap, and dimensions to the whole."""
        values = self.estimate.values
        for cell in self.cells:
            gaps = [values[self.row(cell, "gap", TOTAL, each)] for each in self.dimensions]
            if not abs(sum(gaps[:-1]) - gaps[-1]) <= _CLOSE:
                raise AssertionError(cell)  # a fault of ours, never of the data
            for dimension in self.dimensions:
                gap, explained, rest = (
                    values[self.row(cell, part, TOTAL, dimension)]
                    for part in ("gap", "explained", "unexplained")
                )
                named = sum(values[row] for row in self.rows_of(cell, "explained", dimension))
                apart = max(abs(gap - explained - rest), abs(named - explained))
                if not apart <= _CLOSE:  # a NaN is no sum
                    raise AssertionError(cell, dimension)  # a fault of ours, never of the data

    @cached_property
    def _places(self) -> dict[PartRow, int]:
        return {row: place for place, row in enumerate(self.rows)}

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The groups, in order."""
        return tuple(basis.cell for basis in self.bases)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions, ``overall`` last."""
        return (*self.scores.survey.schema.dimensions, OVERALL)

    def basis(self, cell: Cell) -> Basis:
        """Return whom a group's parts rest on."""
        return self.bases[self.cells.index(cell)]

    def row(self, cell: Cell, part: Part, factor: str = TOTAL, dimension: str = OVERALL) -> int:
        """Return the position of a row.

        Raises
        ------
        KeyError
            No such row.
        """
        return self._places[PartRow(cell, dimension, part, factor)]

    def rows_of(self, cell: Cell, part: Part, dimension: str = OVERALL) -> list[int]:
        """Return the positions of a part's factors, without their total."""
        return self._factor_rows.get((cell, part, dimension), [])

    @cached_property
    def _factor_rows(self) -> dict[tuple[Cell, Part, str], list[int]]:
        found: dict[tuple[Cell, Part, str], list[int]] = {}
        for place, row in enumerate(self.rows):
            if row.factor != TOTAL:
                found.setdefault((row.cell, row.part, row.dimension), []).append(place)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per part.

        Columns ``domain, category, dimension, part, factor, contribution, std_error, conf_low,
        conf_high``; crosses have one column per crossed variable after ``category``.
        """
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                **cell_columns([row.cell for row in self.rows]),
                "dimension": [row.dimension for row in self.rows],
                "part": [row.part for row in self.rows],
                "factor": [row.factor for row in self.rows],
                "contribution": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
            }
        )

    def basis_frame(self) -> pd.DataFrame:
        """Return whom each group's parts rest on, and what complete cases do to its level.

        Columns ``domain, category, n, psus, share_lost, level_available, level_complete,
        difference, std_error`` (of the difference), ``df, left_out, flag`` (``caution`` under 50
        respondents or 5 PSUs).
        """
        available, complete, difference = self.levels.values.reshape(-1, 3).T
        errors = self.levels.reliable_std_errors.reshape(-1, 3)[:, 2]
        return pd.DataFrame(
            {
                **cell_columns(self.cells),
                "n": [basis.n for basis in self.bases],
                "psus": [basis.psus for basis in self.bases],
                "share_lost": [basis.share_lost for basis in self.bases],
                "level_available": available,
                "level_complete": complete,
                "difference": difference,
                "std_error": errors,
                "df": self.levels.degrees_of_freedom.reshape(-1, 3)[:, 1].astype(np.int64),
                "left_out": [", ".join(basis.left_out) for basis in self.bases],
                "flag": ["caution" if basis.is_small else "" for basis in self.bases],
            }
        )

    def missing_frame(self) -> pd.DataFrame:
        """Return how many members lack each factor: ``domain, category, factor, n_missing``."""
        every = [
            (b.cell, name, n)
            for b in (self.reference, *self.bases)
            for name, n in b.lacking.items()
        ]
        return pd.DataFrame(
            {
                **cell_columns([cell for cell, _, _ in every]),
                "factor": [name for _, name, _ in every],
                "n_missing": [n for _, _, n in every],
            }
        )

    @property
    def families(self) -> tuple[str, ...]:
        """The printed table of each row, in which it is tested, length ``k``.

        ``summary`` (gaps and the totals of their parts, overall), ``factors`` (each factor, and
        the split of the rest), ``dimensions`` (the rest).
        """
        return tuple(
            "dimensions"
            if row.dimension != OVERALL
            else "summary"
            if row.factor == TOTAL
            else "factors"
            for row in self.rows
        )

    @cached_property
    def p_values(self) -> Floats:
        """Each row's p-value by itself, shape ``(k,)``; NaN for what rounding leaves of nothing."""
        size = np.maximum(np.abs(self.estimate.values), self.estimate.std_errors)
        return np.where(size > _ROUNDING, p_values(self.estimate), np.nan)

    @cached_property
    def adjusted_p_values(self) -> Floats:
        """Each row's p-value after Holm inside its printed table, shape ``(k,)``; NaN without."""
        raw, families = self.p_values, np.array(self.families)
        adjusted = np.full(raw.shape, np.nan)
        for family in dict.fromkeys(self.families):
            inside = families == family
            adjusted[inside] = holm(raw[inside])
        return adjusted

    def tests(self) -> pd.DataFrame:
        """Return the test of every part against nothing.

        Columns ``domain, category, dimension, part, factor, df, p_value, table, p_holm, flag``
        (``significant`` at the confidence level, after Holm inside the printed table).
        """
        return pd.DataFrame(
            {
                **cell_columns([row.cell for row in self.rows]),
                "dimension": [row.dimension for row in self.rows],
                "part": [row.part for row in self.rows],
                "factor": [row.factor for row in self.rows],
                "df": self.estimate.degrees_of_freedom.astype(np.int64),
                "p_value": self.p_values,
                "table": list(self.families),
                "p_holm": self.adjusted_p_values,
                "flag": np.where(self.is_significant, "significant", ""),
            }
        )

    @property
    def is_significant(self) -> NDArray[np.bool_]:
        """Which rows differ from nothing after Holm, shape ``(k,)``."""
        return np.nan_to_num(self.adjusted_p_values, nan=1.0) < 1 - self.confidence

    def shares(self, dimension: str = OVERALL) -> pd.DataFrame:
        """Return which share of each group's gap its composition explains, with an interval.

        Columns ``domain, category, dimension, share, conf_low, conf_high``: Fieller's interval of
        ``explained / gap``. Near a gap of nothing a share explodes: it is missing unless the gap
        is beyond two standard errors.
        """
        top = np.array([self.row(cell, "explained", TOTAL, dimension) for cell in self.cells])
        bottom = np.array([self.row(cell, "gap", TOTAL, dimension) for cell in self.cells])
        values, covariance = self.estimate.values, self.estimate.covariance
        triples = np.column_stack(
            [covariance[top, top], covariance[top, bottom], covariance[bottom, bottom]]
        )
        errors = self.estimate.reliable_std_errors[bottom]
        is_clear = np.abs(values[bottom]) > _SHARE_STD_ERRORS * errors
        quantile = t_quantile(self.confidence, self.estimate.degrees_of_freedom[bottom])
        gaps = np.where(is_clear, values[bottom], np.nan)
        low, high = fieller_interval(values[top], gaps, triples, quantile)
        return pd.DataFrame(
            {
                **cell_columns(self.cells),
                "dimension": dimension,
                "share": values[top] / gaps,
                "conf_low": low,
                "conf_high": high,
            }
        )

    def path_frame(self) -> pd.DataFrame:
        """Return the gap that is left when sets of factors enter one after the other.

        Columns ``domain, category, dimension, step, factors`` (those that entered with it),
        ``contribution, std_error, conf_low, conf_high``; step 0 is the raw gap.
        """
        low, high = self.path.intervals(self.confidence)
        entered: list[str] = []
        for place, row in enumerate(self.path_rows):
            before = self.path_rows[place - len(self.dimensions)] if row.step else row
            already = set(before.explained) if row.step else set[str]()
            entered.append(", ".join(name for name in row.explained if name not in already))
        return pd.DataFrame(
            {
                **cell_columns([row.cell for row in self.path_rows]),
                "dimension": [row.dimension for row in self.path_rows],
                "step": [row.step for row in self.path_rows],
                "factors": entered,
                "contribution": self.path.values,
                "std_error": self.path.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
            }
        )

    def difference(
        self,
        cells: tuple[Cell, Cell],
        part: Part = "gap",
        factor: str = TOTAL,
        dimension: str = OVERALL,
    ) -> Estimate:
        """Return a part of the first group minus that of the second, with their covariance."""
        first, second = (self.row(cell, part, factor, dimension) for cell in cells)
        matrix = np.zeros((1, len(self.rows)))
        matrix[0, first] += 1.0
        matrix[0, second] -= 1.0
        return self.estimate.contrast(matrix, (" - ".join(cell.category for cell in cells),))

    def __str__(self) -> str:
        """Return the overall parts rounded to one decimal, for eyes."""
        return self._shown().to_string(index=False, float_format=lambda x: f"{x:.1f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self._shown()
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.1f}", na_rep=""))

    def _shown(self) -> pd.DataFrame:
        frame = self.to_frame()
        return frame[frame["dimension"] == OVERALL].drop(columns="dimension")
