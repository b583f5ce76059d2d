"""What the agency has published: levels as facts, and which years rest on one basis."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from divide_index import resources
from divide_index.errors import DivideIndexError

OVERALL = "overall"
PUBLISHED_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"access": 0.2, "capability": 0.4, "usage": 0.4}
)

_FILE = "published_levels.csv"
_BREAKS = "series_breaks.csv"
_SLACK = 1e-9  # one decimal has no exact binary form: |81.4 - 81.3| is not 0.1


@dataclass(frozen=True, slots=True)
class GroupYear:
    """One group in one year: its overall level computed from the dimensions, and as published.

    Levels in percent, general public = 100.
    """

    year: int
    group: str
    computed: float
    published: float
    holds: bool

    @property
    def difference(self) -> float:
        """Published minus computed, in percentage points."""
        return self.published - self.computed


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """Whether dimensions and weights give the published overall level, by group and year.

    Parameters
    ----------
    rows
        The group-years that have all their cells, by year and group.
    weights
        Weight of each dimension.
    tolerance
        Largest difference that counts as agreement, in percentage points.
    incomplete
        Year and group of those that lack a cell and were not checked.
    """

    rows: tuple[GroupYear, ...]
    weights: Mapping[str, float]
    tolerance: float
    incomplete: tuple[tuple[int, str], ...] = ()

    @property
    def years(self) -> tuple[int, ...]:
        """The years that were checked, ascending."""
        return tuple(sorted({row.year for row in self.rows}))

    @property
    def other_basis_years(self) -> tuple[int, ...]:
        """Years in which at least one group fails, ascending."""
        return tuple(sorted({row.year for row in self.rows if not row.holds}))

    @property
    def comparable_years(self) -> tuple[int, ...]:
        """Years in which every checked group holds, ascending."""
        failing = set(self.other_basis_years)
        return tuple(year for year in self.years if year not in failing)

    @property
    def first_comparable_year(self) -> int | None:
        """The checked year after the last failing one; None where the last year fails."""
        last = max(self.other_basis_years, default=None)
        return next((year for year in self.years if last is None or year > last), None)

    @property
    def holds_count(self) -> int:
        """Number of checked group-years that hold."""
        return sum(row.holds for row in self.rows)

    @property
    def total(self) -> int:
        """Number of checked group-years."""
        return len(self.rows)

    def since(self, year: int) -> "IdentityCheck":
        """Return the same check from a year on."""
        return replace(
            self,
            rows=tuple(row for row in self.rows if row.year >= year),
            incomplete=tuple(cell for cell in self.incomplete if cell[0] >= year),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per group-year.

        Columns ``year, group, computed, published, difference, holds``; ``difference`` is
        published minus computed, in percentage points.
        """
        return pd.DataFrame(
            {
                "year": pd.Series([row.year for row in self.rows], dtype="int64"),
                "group": pd.Series([row.group for row in self.rows], dtype="object"),
                "computed": pd.Series([row.computed for row in self.rows], dtype="float64"),
                "published": pd.Series([row.published for row in self.rows], dtype="float64"),
                "difference": pd.Series([row.difference for row in self.rows], dtype="float64"),
                "holds": pd.Series([row.holds for row in self.rows], dtype="bool"),
            }
        )

    def __str__(self) -> str:
        """Say in words which years rest on another basis."""
        sentences = list(self._sentences())
        if self.incomplete:
            cells = ", ".join(f"{year} {group}" for year, group in self.incomplete)
            sentences.append(f"Not checked, because a cell is missing: {cells}.")
        return "\n".join(sentences)

    def _sentences(self) -> Iterator[str]:
        if not self.rows:
            yield "No group-year has all its cells, so nothing was checked."
            return
        formula = " + ".join(f"{weight:g} × {name}" for name, weight in self.weights.items())
        yield (
            f"{formula} gives the published overall level within {self.tolerance:g} percentage "
            f"points in {self.holds_count} of {self.total} group-years."
        )
        if not self.other_basis_years:
            yield f"No year of {_listed(self.years)} shows another basis."
        else:
            one = len(self.other_basis_years) == 1
            yield (
                f"{_listed(self.other_basis_years)} {'rests' if one else 'rest'} on another basis "
                "and must not be compared with other years."
            )
            start = self.first_comparable_year
            if start is not None:
                later = self.since(start)
                yield (
                    f"Compare levels from {start} on: it holds in {later.holds_count} of "
                    f"{later.total} group-years of {_listed(later.years)}."
                )
        yield "The check sees a change of the formula; a change of sample or questions may pass it."


def published_levels() -> pd.DataFrame:
    """Return Korea's published levels, one row per year, group and dimension.

    Returns
    -------
    pandas.DataFrame
        240 rows of ``year`` (int), ``group``, ``dimension`` (``overall``, ``access``,
        ``capability``, ``usage``), ``level`` (float, percent, general public = 100, one
        decimal as published) and ``source``. A fresh copy: changing it changes no later call.

    Raises
    ------
    DivideIndexError
        DI-E132: the packaged file lacks a column.

    Notes
    -----
    KOSIS tables DT_12017N008 to DT_12017N0011 as of 2026-10-03. 2014-2016 rest on another
    basis: see :func:`identity_check`, and the README beside the file.
    """
    return _read(resources.folder("survey_schemas") / "history" / _FILE).copy()


def series_breaks() -> pd.DataFrame:
    """Return the years from which a published series does not continue the years before.

    Returns
    -------
    pandas.DataFrame
        Rows of ``year`` (int), ``group`` (``all`` for every one), ``kind`` (``method``: computed
        otherwise; ``unexplained``: nobody has said why) and ``source``. A fresh copy.
    """
    return _read_breaks(resources.folder("survey_schemas") / "history" / _BREAKS).copy()


def identity_check(
    levels: pd.DataFrame | None = None,
    *,
    weights: Mapping[str, float] | None = None,
    tolerance: float = 0.1,
) -> IdentityCheck:
    """Compare the published overall level with the weighted sum of its dimensions.

    ``L(g) = 0.2 L_access + 0.4 L_capability + 0.4 L_usage`` for every group-year that has all
    of these cells. A year in which a group fails was computed on another basis.

    Parameters
    ----------
    levels
        Columns ``year, group, dimension, level``, one row per cell; levels in percent. By
        default :func:`published_levels`.
    weights
        Weight of each dimension, summing to one. By default the method's 0.2, 0.4 and 0.4,
        known because they reproduce every published level from 2017 on: this check is their
        source. Another index brings its own.
    tolerance
        Largest difference that counts as agreement, in percentage points. Three levels and
        their sum, each rounded to 0.1, may differ by 0.1.

    Returns
    -------
    IdentityCheck
        A row per group-year, the years of another basis, and the first comparable year.

    Raises
    ------
    DivideIndexError
        DI-E132: ``levels`` lacks a column.
    ValueError
        A cell of ``levels`` stands there twice.
    """
    table = published_levels() if levels is None else levels
    _require(table, ("year", "group", "dimension", "level"), table_name="levels")
    shares = dict(PUBLISHED_WEIGHTS if weights is None else weights)
    cells = [*shares, OVERALL]
    asked = table[table["dimension"].isin(cells)]
    # pivot_table would average a cell that stands twice; pivot refuses it
    wide = asked.pivot(index=["year", "group"], columns="dimension", values="level")  # noqa: PD010
    wide = wide.reindex(columns=cells).sort_index()
    rows: list[GroupYear] = []
    incomplete: list[tuple[int, str]] = []
    for key, values in zip(wide.index.to_list(), wide.to_numpy(dtype=float), strict=True):
        year, group = int(key[0]), str(key[1])
        *parts, published = (float(value) for value in values)
        computed = sum(share * part for share, part in zip(shares.values(), parts, strict=True))
        difference = published - computed
        if math.isnan(difference):
            incomplete.append((year, group))
            continue
        holds = abs(difference) <= tolerance + _SLACK
        rows.append(GroupYear(year, group, computed, published, holds))
    return IdentityCheck(tuple(rows), MappingProxyType(shares), float(tolerance), tuple(incomplete))


@lru_cache(maxsize=1)
def _read_breaks(path: Path) -> pd.DataFrame:
    """Return the packaged file of breaks."""
    frame = pd.read_csv(path, encoding="utf-8")
    columns = ("year", "group", "kind", "source")
    _require(frame, columns, table_name=_BREAKS)
    return frame[list(columns)].astype({"year": "int64"})


@lru_cache(maxsize=1)
def _read(path: Path) -> pd.DataFrame:
    """Return the packaged file with its level named as in every other result."""
    frame = pd.read_csv(path, encoding="utf-8")
    columns = ("year", "group", "dimension", "level_pct", "source")
    _require(frame, columns, table_name=_FILE)
    frame = frame[list(columns)].rename(columns={"level_pct": "level"})
    return frame.astype({"year": "int64", "level": "float64"})


def _require(frame: pd.DataFrame, columns: tuple[str, ...], *, table_name: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DivideIndexError("DI-E132", table=table_name, columns=missing, needed=columns)


def _listed(years: tuple[int, ...]) -> str:
    """Return ascending years in words, neighbours as a range: ``2014–2016, 2020``."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
