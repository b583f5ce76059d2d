"""Levels as they may be published: the one door through which numbers reach pages and figures.

What disclosure control took away is not a number any more on this side of the door.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from divide_index.cells import Cell
from divide_index.inference.estimate import t_quantile
from divide_index.levels import LevelResult
from divide_index.publication.disclosure import Suppression
from divide_index.publication.figures.marks import Flag
from divide_index.schema import OVERALL, SurveySchema


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one cell in one dimension, unrounded; NaN where there is none.

    Parameters
    ----------
    flag
        Empty, ``caution``, ``suppressed``, ``none`` (nobody is in it) or ``unknown`` (it has no
        level).
    n
        Respondents; None where they are suppressed.
    level, std_error, low, high, df, design_effect, target_gap
        As in :class:`~divide_index.levels.LevelResult`.
    """

    flag: Flag
    n: int | None
    level: float = math.nan
    std_error: float = math.nan
    low: float = math.nan
    high: float = math.nan
    df: float = math.nan
    design_effect: float = math.nan
    target_gap: float = math.nan

    @property
    def is_shown(self) -> bool:
        """Whether a level is printed."""
        return not math.isnan(self.level)

    @property
    def relative_std_error(self) -> float:
        """Standard error over level."""
        return self.std_error / self.level if self.level > 0 else math.nan

    @property
    def has_interval(self) -> bool:
        """Whether a confidence interval is printed."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def margin(self) -> float | None:
        """Half the width of an interval that is symmetric about the level; None for others."""
        above, below = self.high - self.level, self.level - self.low
        is_symmetric = self.has_interval and math.isclose(above, below, rel_tol=1e-6, abs_tol=1e-9)
        return above if is_symmetric else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The interval, whatever its shape; None without one."""
        return (self.low, self.high) if self.has_interval else None

    def against(self, level: float) -> Literal["below", "above", "within", "unknown"]:
        """Return where the interval lies in relation to a level."""
        if not self.has_interval:
            return "unknown"
        if self.high < level:
            return "below"
        return "above" if self.low > level else "within"


@dataclass(frozen=True, eq=False)
class Published:
    """A table of levels after disclosure control.

    Parameters
    ----------
    result
        The levels, raw. Only this class reads its numbers.
    suppression
        What of them is not published; None publishes all of them, for use inside.
    """

    result: LevelResult
    suppression: Suppression | None

    @property
    def schema(self) -> SurveySchema:
        """The survey's schema."""
        return self.result.scores.survey.schema

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell once, in the order of the table."""
        return tuple(dict.fromkeys(self.result.cells))

    @cached_property
    def _rows(self) -> Mapping[tuple[Cell, str], int]:
        keys = zip(self.result.cells, self.result.dimensions, strict=True)
        return {key: row for row, key in enumerate(keys)}

    @cached_property
    def _hidden(self) -> frozenset[Cell]:
        return frozenset() if self.suppression is None else self.suppression.suppressed

    @cached_property
    def _cautious(self) -> frozenset[tuple[Cell, str]]:
        return frozenset() if self.suppression is None else self.suppression.cautious

    def of_domain(self, domain: str) -> tuple[Cell, ...]:
        """Return the cells of a domain, such as ``group`` or ``group*region``."""
        return tuple(cell for cell in self.cells if cell.domain == domain)

    def of_group(self, group: str, domain: str) -> tuple[Cell, ...]:
        """Return a group's cells of a domain."""
        cells = self.of_domain(f"group*{domain}")
        return tuple(cell for cell in cells if dict(cell.codes).get("group") == group)

    @property
    def reference(self) -> Cell:
        """The cell of the reference itself, whose level is 100."""
        return self.cells[0]

    def figures(self, cell: Cell, dimension: str = OVERALL) -> Figures:
        """Return the numbers of a cell that may be printed."""
        if cell in self._hidden:
            return Figures("suppressed", None)
        result, row = self.result, self._rows[cell, dimension]
        if result.n[row] == 0:
            return Figures("none", 0)
        level = float(result.estimate.values[row])
        if math.isnan(level):
            return Figures("unknown", int(result.n[row]))
        is_reference = cell == self.reference  # 100 by definition, without an error
        return Figures(
            flag="caution" if (cell, dimension) in self._cautious else "",
            n=int(result.n[row]),
            level=level,
            std_error=math.nan if is_reference else float(result.std_errors[row]),
            low=math.nan if is_reference else float(result.conf_low[row]),
            high=math.nan if is_reference else float(result.conf_high[row]),
            df=float(result.degrees_of_freedom[row]),
            design_effect=float(result.design_effects[row]),
            target_gap=float(result.target_gap[row]),
        )

    def difference(
        self, first: Cell, second: Cell, dimension: str = OVERALL
    ) -> tuple[float, float | None]:
        """Return the first level minus the second, and half the width of its interval.

        Returns
        -------
        points, margin
            In percentage points; NaN and None where one of the two is not published, None where
            the difference has no error.
        """
        if not (
            self.figures(first, dimension).is_shown and self.figures(second, dimension).is_shown
        ):
            return math.nan, None
        pair = [(cell.domain, cell.category) for cell in (first, second)]
        estimate = self.result.difference(pair, dimension)
        quantile = t_quantile(self.result.confidence, estimate.degrees_of_freedom)
        margin = float((quantile * estimate.reliable_std_errors)[0])
        points = float(estimate.values[0])
        return points, None if np.isnan(margin) else margin
