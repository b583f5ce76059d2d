"""Decompositions as they may be published: the one door through which their numbers reach pages."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from divide_index.cells import Cell
from divide_index.decomposition import DecompositionResult
from divide_index.decomposition.cases import margins_of
from divide_index.decomposition.result import TOTAL, Part
from divide_index.inference.estimate import t_quantile
from divide_index.inference.testing import holm
from divide_index.levels import nonresponse_band, relative_levels
from divide_index.messages import Language
from divide_index.publication.disclosure import Suppression, protect
from divide_index.publication.explanations import Contribution, Divided
from divide_index.publication.labels import cell_label, inside
from divide_index.schema import OVERALL, SurveySchema


@dataclass(frozen=True, slots=True)
class PartFigures:
    """A part of a group's distance from the reference; NaN where it is not published.

    ``margin`` is half the width of the interval; ``is_significant`` whether the part differs from
    nothing after Holm in its printed table.
    """

    points: float = math.nan
    std_error: float = math.nan
    low: float = math.nan
    high: float = math.nan
    is_significant: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether a number is printed."""
        return not math.isnan(self.points)

    @property
    def margin(self) -> float | None:
        """Half the width of the interval, None where there is none."""
        return None if math.isnan(self.high) else self.high - self.points


@dataclass(frozen=True, slots=True)
class BasisFigures:
    """Whom a group's parts rest on; NaN and None where they are not published."""

    n: int | None = None
    psus: int | None = None
    share_lost: float = math.nan
    level_available: float = math.nan
    level_complete: float = math.nan
    difference: float = math.nan
    std_error: float = math.nan
    is_small: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PublishedDecomposition:
    """A decomposition after disclosure control.

    Parameters
    ----------
    result
        The decomposition, raw. Only this class reads its numbers.
    suppression
        What of its groups is not published; None publishes all of them, for use inside.
    """

    result: DecompositionResult
    suppression: Suppression | None

    @property
    def schema(self) -> SurveySchema:
        """The survey's schema."""
        return self.result.scores.survey.schema

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The groups, in order."""
        return self.result.cells

    @cached_property
    def _hidden(self) -> frozenset[Cell]:
        return frozenset() if self.suppression is None else self.suppression.suppressed

    def is_hidden(self, cell: Cell) -> bool:
        """Return whether a group is not published."""
        return cell in self._hidden

    @property
    def tells_counts(self) -> bool:
        """Whether it may be told how many records lack something: nothing is suppressed."""
        return not self._hidden

    def missing(self) -> dict[str, int | None]:
        """Return how many of the reference lack each factor, None where these are too few.

        Nothing where it may not be told at all.
        """
        if not self.tells_counts:
            return {}
        found = {name: n for name, n in self.result.reference.lacking.items() if n}
        return {name: None if self._is_few(n) else n for name, n in found.items()}

    def missing_frame(self) -> pd.DataFrame:
        """Return how many lack each factor, as it may be published: few are missing."""
        frame = self.apply(self.result.missing_frame())
        few = [self._is_few(int(n)) for n in frame["n_missing"]]
        frame["n_missing"] = frame["n_missing"].astype("Int64").mask(np.array(few, dtype=bool))
        return frame

    def basis_frame(self) -> pd.DataFrame:
        """Return whom the parts rest on, as it may be published.

        Where few are left out by complete cases, the two levels would give their scores back: the
        one on available cases is missing then, with all that tells the two apart.
        """
        frame = self.apply(self.result.basis_frame())
        few = np.array([self._left_out_are_few(cell) for cell in self.cells], dtype=bool)
        for name in ("share_lost", "level_available", "difference", "std_error"):
            frame[name] = frame[name].mask(few)
        return frame

    def _left_out_are_few(self, cell: Cell) -> bool:
        basis = self.result.basis(cell)
        return self._is_few(basis.members - basis.n)

    def _is_few(self, count: int) -> bool:
        return self.suppression is not None and 0 < count < self.suppression.rule.threshold

    def terms_of(self, cell: Cell) -> tuple[str, ...]:
        """Return the factors of a group's decomposition."""
        return tuple(self.result.rows[row].factor for row in self.result.rows_of(cell, "explained"))

    def splits_of(self, cell: Cell) -> tuple[str, ...]:
        """Return what the unexplained part of a cross is divided into; nothing for others."""
        rows = self.result.rows_of(cell, "unexplained")
        return tuple(self.result.rows[row].factor for row in rows)

    def figures(
        self, cell: Cell, part: Part, factor: str = TOTAL, dimension: str = OVERALL
    ) -> PartFigures:
        """Return a part that may be printed."""
        result = self.result
        if self._row_is_hidden(cell, part, factor):
            return PartFigures()
        row = result.row(cell, part, factor, dimension)
        low, high = self._intervals
        return PartFigures(
            points=float(result.estimate.values[row]),
            std_error=float(result.estimate.reliable_std_errors[row]),
            low=float(low[row]),
            high=float(high[row]),
            is_significant=bool(self._significant[row]),
        )

    @cached_property
    def _intervals(self) -> tuple[np.ndarray, np.ndarray]:
        return self.result.estimate.intervals(self.result.confidence)

    @cached_property
    def _significant(self) -> np.ndarray:
        adjusted = np.nan_to_num(self._adjusted_p_values, nan=1.0)
        return adjusted < 1 - self.result.confidence

    @cached_property
    def _adjusted_p_values(self) -> np.ndarray:
        """Each row's p-value after Holm among the rows of its table that are printed, ``(k,)``.

        Holm raises a p-value to the adjusted one of the row before it: that must be no hidden row.
        """
        hidden = [self._row_is_hidden(row.cell, row.part, row.factor) for row in self.result.rows]
        if not any(hidden):
            return self.result.adjusted_p_values
        raw = np.where(hidden, np.nan, self.result.p_values)
        families = np.array(self.result.families)
        adjusted = np.full(raw.shape, np.nan)
        for family in dict.fromkeys(self.result.families):
            inside_table = families == family
            adjusted[inside_table] = holm(raw[inside_table])
        return adjusted

    def _row_is_hidden(self, cell: Cell, part: str, factor: str) -> bool:
        is_split = part == "unexplained" and factor != TOTAL
        return cell in self._hidden or (is_split and self._margins_are_hidden(cell))

    def _margins_are_hidden(self, cell: Cell) -> bool:
        return any(Cell(name, code) in self._hidden for name, code in cell.codes)

    def basis(self, cell: Cell) -> BasisFigures:
        """Return whom a group's parts rest on."""
        place = self.cells.index(cell)
        basis, levels = self.result.bases[place], self.result.levels
        if cell in self._hidden:
            return BasisFigures(left_out=basis.left_out)
        if self._left_out_are_few(cell):
            complete = float(levels.values.reshape(-1, 3)[place, 1])
            return BasisFigures(
                n=basis.n,
                psus=basis.psus,
                level_complete=complete,
                is_small=basis.is_small,
                left_out=basis.left_out,
            )
        available, complete, difference = levels.values.reshape(-1, 3)[place].tolist()
        error = float(levels.reliable_std_errors.reshape(-1, 3)[place, 2])
        return BasisFigures(
            n=basis.n,
            psus=basis.psus,
            share_lost=basis.share_lost,
            level_available=available,
            level_complete=complete,
            difference=difference,
            std_error=error,
            is_small=basis.is_small,
            left_out=basis.left_out,
        )

    def share(self, cell: Cell) -> tuple[float, float, float]:
        """Return which share of a gap is explained, with its interval; NaN where it explodes."""
        if cell in self._hidden:
            return math.nan, math.nan, math.nan
        place = self.cells.index(cell)
        columns = self._shares[["share", "conf_low", "conf_high"]]
        share, low, high = (float(value) for value in columns.iloc[place])
        return share, low, high

    @cached_property
    def _shares(self) -> pd.DataFrame:
        return self.result.shares()

    def label_of(self, term: str, lang: Language) -> str:
        """Return what a factor is called."""
        return self.result.choice.label(term, self.schema).of(lang)

    def divided(self, cell: Cell, lang: Language, step: int | None = None) -> Divided | None:
        """Return a group's gap for a sentence; None where it is not published.

        Parameters
        ----------
        cell
            The group.
        lang
            Of the labels.
        step
            How many sets of factors have entered; None for all of them.
        """
        if cell in self._hidden:
            return None
        if step is not None:
            return self._divided_at(cell, lang, step)
        gap, explained, rest = (
            self.figures(cell, part) for part in ("gap", "explained", "unexplained")
        )
        factors = [
            (self.label_of(term, lang), self.figures(cell, "explained", term))
            for term in self.terms_of(cell)
        ]
        return Divided(
            group=self._inside(cell, lang),
            gap=gap.points,
            gap_margin=gap.margin,
            explained=explained.points,
            explained_margin=explained.margin,
            unexplained=rest.points,
            unexplained_margin=rest.margin,
            factors=tuple(
                Contribution(inside(label, lang), figures.points, figures.margin)
                for label, figures in factors
            ),
        )

    def _divided_at(self, cell: Cell, lang: Language, step: int) -> Divided | None:
        path, rows = self.result.path, self.result.path_rows
        found = {
            row.step: place
            for place, row in enumerate(rows)
            if (row.cell, row.dimension) == (cell, OVERALL)
        }
        raw, place = found[0], found[step]
        explained = rows[place].explained
        if not explained:
            return None
        matrix = np.zeros((3, len(rows)))
        matrix[0, raw] = matrix[1, raw] = matrix[2, place] = 1.0
        matrix[1, place] = -1.0
        parts = path.contrast(matrix, ("gap", "explained", "unexplained"))
        quantile = t_quantile(self.result.confidence, parts.degrees_of_freedom)
        margins = (quantile * parts.reliable_std_errors).tolist()
        points = parts.values.tolist()
        return Divided(
            group=self._inside(cell, lang),
            gap=points[0],
            gap_margin=margins[0],
            explained=points[1],
            explained_margin=margins[1],
            unexplained=points[2],
            unexplained_margin=margins[2],
            factors=tuple(
                Contribution(inside(self.label_of(term, lang), lang), value)
                for term, value in explained.items()
            ),
        )

    def _inside(self, cell: Cell, lang: Language) -> str:
        return inside(cell_label(cell, self.schema, lang), lang)

    def tests(self) -> pd.DataFrame:
        """Return the tests of every part, as :meth:`DecompositionResult.tests` has them.

        Adjusted among what is printed, and as they may be published.
        """
        frame = self.result.tests()
        frame["p_holm"] = self._adjusted_p_values
        frame["flag"] = np.where(self._significant, "significant", "")
        return self.apply(frame)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of the result as it may be published; its own flags stay."""
        if self.suppression is None:
            return frame
        shown = self.suppression.apply(frame)
        is_hidden = self._hidden_rows_of(frame)
        for name in shown.columns:
            if name == "step":  # says what a row is of, and is no result
                shown[name] = frame[name]
            elif pd.api.types.is_numeric_dtype(shown[name]):
                shown[name] = shown[name].mask(is_hidden)
        if "flag" in shown.columns:
            shown["flag"] = np.where(is_hidden, "suppressed", frame["flag"])
        return shown

    def _hidden_rows_of(self, frame: pd.DataFrame) -> np.ndarray:
        cells = {(cell.domain, cell.category): cell for cell in self.cells}
        places = zip(frame["domain"], frame["category"], strict=True)
        parts = zip(
            frame.get("part", pd.Series("", frame.index)),
            frame.get("factor", pd.Series(TOTAL, frame.index)),
            strict=True,
        )
        return np.array(
            [
                place in cells and self._row_is_hidden(cells[place], part, factor)
                for place, (part, factor) in zip(places, parts, strict=True)
            ],
            dtype=bool,
        )


def protect_decomposition(result: DecompositionResult) -> Suppression:
    """Decide which groups of a decomposition are published.

    The levels of the same groups are protected, with the respondents of the complete cases held to
    the same threshold; of a cross, those of its domains too, which split its unexplained part. What
    the levels of the same request hide when they are published alone is hidden here too, so that
    the two do not give each other away.
    """
    margins = margins_of(result.by, result.groups)
    every = list(dict.fromkeys([*result.by, *margins]))
    options: dict[str, Any] = {
        "groups": result.groups,
        "where": result.where,
        "formula": result.formula,
    }
    found = protect(relative_levels(result.scores, every, **options), complete=result.complete)
    levels = relative_levels(result.scores, list(result.by), **options)
    alone = protect(levels, band=nonresponse_band(levels, groups=result.groups))
    return replace(found, secondary=found.secondary | (alone.suppressed - found.suppressed))
