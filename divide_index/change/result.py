"""Levels of several years as a reader needs them: their trend first, then their changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell, cell_columns
from divide_index.errors import Finding
from divide_index.inference.estimate import Estimate
from divide_index.levels import LevelResult
from divide_index.schema import OVERALL
from divide_index.waves import Samples, Waves

Floats = NDArray[np.float64]
Verdict = Literal["rise", "fall", "within", "withheld", "break"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Trends, or changes between two years: one row per cell, dimension and span of years.

    Parameters
    ----------
    cells, dimensions
        Of each row, length ``m``.
    first, last
        The years each row compares, shape ``(m,)``.
    points
        How many levels each rests on, shape ``(m,)``.
    estimate
        In percentage points (a year, for trends), with their joint covariance.
    conf_low, conf_high
        Interval bounds, shape ``(m,)``.
    p_values, adjusted
        Of no change; and adjusted (Holm) to the family of all rows tested, shape ``(m,)``.
    detectable
        The change that such a test would find with the power asked for, shape ``(m,)``.
    scatter
        Residual standard deviation of the levels about a trend, NaN for changes, shape ``(m,)``.
    crossed
        The names of the breaks that lie between, empty where the years compare, length ``m``.
    verdicts
        ``rise``, ``fall``: the adjusted p-value is below one minus the confidence; ``within``
        sampling error; ``withheld``: there is no standard error; ``break``: not comparable.
    """

    cells: tuple[Cell, ...]
    dimensions: tuple[str, ...]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    points: NDArray[np.int64]
    estimate: Estimate
    conf_low: Floats
    conf_high: Floats
    p_values: Floats
    adjusted: Floats
    detectable: Floats
    scatter: Floats
    crossed: tuple[tuple[str, ...], ...]
    verdicts: tuple[Verdict, ...]

    def row(
        self, cell: tuple[str, str], dimension: str = OVERALL, years: tuple[int, int] | None = None
    ) -> int:
        """Return the position of a row.

        Parameters
        ----------
        cell
            Domain and category.
        dimension
            A dimension, or overall.
        years
            The first and last year; by default the only row there is.

        Raises
        ------
        KeyError
            No such row, or without years several.
        """
        spans = zip(self.first.tolist(), self.last.tolist(), strict=True)
        rows = zip(self.cells, self.dimensions, spans, strict=True)
        found = [
            index
            for index, (each, name, span) in enumerate(rows)
            if (each.domain, each.category) == cell and name == dimension and years in {None, span}
        ]
        if len(found) != 1:
            raise KeyError((cell, dimension, years))
        return found[0]

    def frame(self, name: str) -> pd.DataFrame:
        """Return one unrounded row per comparison, the estimate under its own name.

        ``df`` is 0 without a standard error, and missing where the distribution is the normal
        one, as between published levels.
        """
        return pd.DataFrame(
            {
                **cell_columns(self.cells),
                "dimension": list(self.dimensions),
                "first": self.first,
                "last": self.last,
                "points": self.points,
                name: self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "df": _whole(self.estimate.degrees_of_freedom),
                "p_value": self.p_values,
                "p_holm": self.adjusted,
                "detectable": self.detectable,
                "scatter": self.scatter,
                "breaks": [", ".join(each) for each in self.crossed],
                "verdict": list(self.verdicts),
                "flag": "",
            }
        )


def _whole(degrees_of_freedom: Floats) -> "pd.Series[int]":
    known = pd.Series(np.nan_to_num(degrees_of_freedom, posinf=0.0).astype(np.int64))
    infinite = np.isinf(degrees_of_freedom)
    return known.astype("Int64").mask(infinite) if infinite.any() else known


@dataclass(frozen=True, slots=True, eq=False)
class ChangeResult:
    """Levels of several years with their trends and changes, reference = 100 in every year.

    Parameters
    ----------
    years
        Ascending, those of published levels included.
    published
        The years of which only the published levels are known.
    published_margin
        The 95 % margins of error named for their levels, by dimension; empty without one.
    cells, dimensions
        Of each row of levels, length ``R``; the reference, 100 in every year, is left out.
    estimate
        All levels that are known, with their joint covariance over the years.
    places
        Where in it the level of each year and row stands, -1 where there is none, ``(T, R)``.
    results
        The levels of every surveyed year.
    trends
        Percentage points a year over the last three years or more without a break.
    changes
        Percentage points from each year to the next, and from the first to the last.
    confidence, power
        Of the intervals and tests, and of the detectable change.
    samples
        What the years' samples share.
    shared_psus
        How many PSUs were surveyed in several years.
    waves
        What it was computed from.
    findings
        What a reader of these numbers should know.
    """

    years: tuple[int, ...]
    published: tuple[int, ...]
    published_margin: Mapping[str, float]
    cells: tuple[Cell, ...]
    dimensions: tuple[str, ...]
    estimate: Estimate
    places: NDArray[np.intp]
    results: Mapping[int, LevelResult]
    trends: Comparisons
    changes: Comparisons
    confidence: float
    power: float
    samples: Samples
    shared_psus: int
    waves: Waves
    findings: tuple[Finding, ...] = ()

    @property
    def levels(self) -> Floats:
        """The level of each year and row, NaN where there is none, shape ``(T, R)``."""
        known = np.append(self.estimate.values, np.nan)
        return known[self.places]

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per change.

        Columns ``domain, category, dimension, first, last, points, change, std_error, conf_low,
        conf_high, df, p_value, p_holm, detectable, scatter, breaks, verdict, flag``.
        """
        return self.changes.frame("change")

    def trend_frame(self) -> pd.DataFrame:
        """Return one unrounded row per trend: as :meth:`to_frame`, with ``trend`` a year."""
        return self.trends.frame("trend")

    def levels_frame(self) -> pd.DataFrame:
        """Return the levels of every year: as :meth:`LevelResult.to_frame`, after ``year``."""
        frames = [result.to_frame() for result in self.results.values()]
        for year, frame in zip(self.results, frames, strict=True):
            frame.insert(0, "year", year)
        return pd.concat(frames, ignore_index=True)

    def __str__(self) -> str:
        """Return trends, then changes, rounded to two decimals, for eyes."""
        return "\n\n".join(
            frame.drop(columns=["flag", "points"]).to_string(
                index=False, float_format=lambda x: f"{x:.2f}", na_rep=""
            )
            for frame in (self.trend_frame(), self.to_frame())
            if len(frame)
        )

    def _repr_html_(self) -> str:
        shown = self.to_frame().drop(columns=["flag", "points"])
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.2f}", na_rep=""))
