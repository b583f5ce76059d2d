"""Levels of several years as they may be published: the one door to pages and files."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell
from divide_index.change import ChangeResult, Comparisons, Verdict
from divide_index.errors import Finding
from divide_index.inference.testing import holm
from divide_index.messages import Language
from divide_index.publication.disclosure import Suppression, protect
from divide_index.publication.labels import cell_label
from divide_index.publication.published import Figures, Published
from divide_index.schema import OVERALL, SurveySchema


@dataclass(frozen=True, slots=True)
class ComparisonFigures:
    """A trend or a change of one cell in one dimension; NaN where it is not published.

    ``points`` are percentage points, of a trend a year; ``is_hidden`` tells that disclosure
    control took the numbers away.
    """

    first: int
    last: int
    points: float = math.nan
    std_error: float = math.nan
    low: float = math.nan
    high: float = math.nan
    adjusted: float = math.nan
    detectable: float = math.nan
    scatter: float = math.nan
    verdict: Verdict = "withheld"
    breaks: tuple[str, ...] = ()
    is_hidden: bool = False

    @property
    def margin(self) -> float | None:
        """Half the width of the interval, None where there is none."""
        return None if math.isnan(self.high) else self.high - self.points


@dataclass(frozen=True, eq=False)
class PublishedYears:
    """Levels, trends and changes after disclosure control.

    Parameters
    ----------
    result
        The levels of all years, raw. Only this class reads its numbers.
    suppressions
        What of each surveyed year is not published; None publishes all, for use inside.
    """

    result: ChangeResult
    suppressions: Mapping[int, Suppression] | None

    @property
    def schema(self) -> SurveySchema:
        """The schema of the last year."""
        return self.result.waves.schema

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell but the reference once, in the order of the table."""
        return tuple(dict.fromkeys(self.result.cells))

    @cached_property
    def _published(self) -> Mapping[int, Published]:
        hidden = self.suppressions or {}
        return {
            year: Published(each, hidden.get(year)) for year, each in self.result.results.items()
        }

    def label(self, cell: Cell, lang: Language) -> str:
        """Return what a cell is called, in the last year that has it."""
        for year in reversed([*self.result.results]):
            if cell in self._published[year].cells:
                return cell_label(cell, self.result.waves.surveys[year].schema, lang)
        raise KeyError(cell)

    def level(self, year: int, cell: Cell, dimension: str = OVERALL) -> Figures | None:
        """Return the level of a year, None where the year has no such cell."""
        if year not in self._published:
            row = self._row(cell, dimension)
            level = float(self.result.levels[self.result.years.index(year), row])
            return None if math.isnan(level) else Figures("", None, level)
        published = self._published[year]
        return published.figures(cell, dimension) if cell in published.cells else None

    def trend(self, cell: Cell, dimension: str = OVERALL) -> ComparisonFigures | None:
        """Return the trend of a cell, None where it has too few years."""
        found = self._trends.get((cell, dimension))
        return found[0] if found else None

    def changes(self, cell: Cell, dimension: str = OVERALL) -> list[ComparisonFigures]:
        """Return the changes of a cell between years, in the order of the table."""
        return self._changes.get((cell, dimension), [])

    def levels_frame(self) -> pd.DataFrame:
        """Return the levels of every surveyed year, as they may be published."""
        frames: list[pd.DataFrame] = []
        for year, each in self.result.results.items():
            frame = each.to_frame()
            if self.suppressions is not None:
                frame = self.suppressions[year].apply(frame)
            frame.insert(0, "year", year)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def published_frame(self) -> pd.DataFrame:
        """Return the levels of years that are only known as published: public, without errors.

        Columns ``year, domain, category, dimension, level``.
        """
        rows = [
            (year, cell.domain, cell.category, dimension, level)
            for year in self.result.published
            for cell, dimension, level in zip(
                self.result.cells,
                self.result.dimensions,
                self.result.levels[self.result.years.index(year)].tolist(),
                strict=True,
            )
            if not math.isnan(level)
        ]
        return pd.DataFrame(rows, columns=["year", "domain", "category", "dimension", "level"])

    def trends_frame(self) -> pd.DataFrame:
        """Return the trends as they may be published."""
        return self._shown(self.result.trends, self.result.trend_frame())

    def changes_frame(self) -> pd.DataFrame:
        """Return the changes as they may be published."""
        return self._shown(self.result.changes, self.result.to_frame())

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings as they may be published."""
        return tuple(finding for finding, _ in self.findings_of_years())

    def findings_of_years(self) -> list[tuple[Finding, tuple[int, ...]]]:
        """Return each finding as it may be published, once, with the years whose levels have it.

        Without a year are those on the years together.
        """
        told: list[tuple[Finding, tuple[int, ...]]] = []
        for finding in self.result.findings:
            years = [year for year, each in self.result.results.items() if finding in each.findings]
            shown: tuple[Finding, ...] = (finding,)
            for each in (self.suppressions or {}).values():
                shown = each.findings(shown)
            for one in shown:  # two may be the same once their numbers are taken away
                place = next((i for i, (other, _) in enumerate(told) if other == one), len(told))
                before = told.pop(place)[1] if place < len(told) else ()
                told.insert(place, (one, tuple(sorted({*before, *years}))))
        return told

    def _row(self, cell: Cell, dimension: str) -> int:
        keys = zip(self.result.cells, self.result.dimensions, strict=True)
        return [*keys].index((cell, dimension))

    def _is_hidden(self, cell: Cell, years: range) -> bool:
        return any(
            cell in each.suppressed
            for year, each in (self.suppressions or {}).items()
            if year in years
        )

    def _hidden(self, comparisons: Comparisons) -> NDArray[np.bool_]:
        """Return which rows rest on a suppressed cell: trends on all years, changes on two."""
        is_trend = comparisons is self.result.trends
        spans = zip(comparisons.first.tolist(), comparisons.last.tolist(), strict=True)
        return np.array(
            [
                self._is_hidden(cell, range(first, last + 1, 1 if is_trend else last - first))
                for cell, (first, last) in zip(comparisons.cells, spans, strict=True)
            ],
            dtype=bool,
        )

    def _shown(self, comparisons: Comparisons, frame: pd.DataFrame) -> pd.DataFrame:
        hidden = self._hidden(comparisons)
        for name in frame.columns:
            if name in {"first", "last"} or not pd.api.types.is_numeric_dtype(frame[name]):
                continue
            whole = pd.api.types.is_integer_dtype(frame[name])
            column = frame[name].astype("Int64") if whole and hidden.any() else frame[name]
            frame[name] = column.mask(hidden)
        frame["p_holm"], frame["verdict"] = self._judged(comparisons)
        flags = ["caution" if each else "" for each in self._cautious(comparisons)]
        frame["flag"] = np.where(hidden, "suppressed", flags)
        return frame

    def _judged(self, comparisons: Comparisons) -> tuple[NDArray[np.float64], list[str]]:
        """Return adjusted p-values and verdicts of what is printed: that is the Holm family.

        A family that held hidden tests would tell of them: the adjusted value of a printed test
        is the running maximum over smaller p-values, and may be a multiple of a hidden one.
        """
        hidden = self._hidden(comparisons)
        if not hidden.any():
            return comparisons.adjusted, [*comparisons.verdicts]
        adjusted = holm(np.where(hidden, np.nan, comparisons.p_values))
        verdicts: list[str] = []
        for row, verdict in enumerate(comparisons.verdicts):
            if hidden[row]:
                verdicts.append("")
            elif math.isnan(adjusted[row]):  # not tested, and told why
                verdicts.append(verdict)
            elif adjusted[row] < 1 - self.result.confidence:
                verdicts.append("rise" if comparisons.estimate.values[row] > 0 else "fall")
            else:
                verdicts.append("within")
        return adjusted, verdicts

    def _cautious(self, comparisons: Comparisons) -> list[bool]:
        spans = zip(comparisons.first.tolist(), comparisons.last.tolist(), strict=True)
        rows = zip(comparisons.cells, comparisons.dimensions, spans, strict=True)
        return [
            any(
                (cell, dimension) in each.cautious
                for year, each in (self.suppressions or {}).items()
                if first <= year <= last
            )
            for cell, dimension, (first, last) in rows
        ]

    @cached_property
    def _trends(self) -> Mapping[tuple[Cell, str], list[ComparisonFigures]]:
        return self._figures(self.result.trends)

    @cached_property
    def _changes(self) -> Mapping[tuple[Cell, str], list[ComparisonFigures]]:
        return self._figures(self.result.changes)

    def _figures(
        self, comparisons: Comparisons
    ) -> Mapping[tuple[Cell, str], list[ComparisonFigures]]:
        hidden = self._hidden(comparisons)
        p_holm, verdicts = self._judged(comparisons)
        errors = comparisons.estimate.reliable_std_errors
        found: dict[tuple[Cell, str], list[ComparisonFigures]] = {}
        for row, key in enumerate(zip(comparisons.cells, comparisons.dimensions, strict=True)):
            first, last = int(comparisons.first[row]), int(comparisons.last[row])
            figures = (
                ComparisonFigures(first, last, is_hidden=True)
                if hidden[row]
                else ComparisonFigures(
                    first=first,
                    last=last,
                    points=float(comparisons.estimate.values[row]),
                    std_error=float(errors[row]),
                    low=float(comparisons.conf_low[row]),
                    high=float(comparisons.conf_high[row]),
                    adjusted=float(p_holm[row]),
                    detectable=float(comparisons.detectable[row]),
                    scatter=float(comparisons.scatter[row]),
                    verdict=cast("Verdict", verdicts[row]),
                    breaks=comparisons.crossed[row],
                )
            )
            found.setdefault(key, []).append(figures)
        return found


def protect_years(result: ChangeResult) -> dict[int, Suppression]:
    """Decide what of every year's levels is published.

    Raises
    ------
    EstimationError
        As :func:`divide_index.publication.disclosure.protect` does.
    """
    return {year: protect(each) for year, each in result.results.items()}
