"""Levels of years whose items differ, linked year by year through the items they share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import WHERE, Cell, cell_columns, requested
from divide_index.change.breaks import breaks_of
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate
from divide_index.inference.stacking import StackedDesign
from divide_index.levels import Cases, DegreesOfFreedom, LevelResult
from divide_index.levels.estimation import levels_with_influence
from divide_index.schema import OVERALL, SurveySchema, variables_of
from divide_index.schema.parts import Dimension, Indicator
from divide_index.scoring import score
from divide_index.waves import (
    Samples,
    Waves,
    index_differences,
    index_parts,
    refuse_other_categories,
)

Floats = NDArray[np.float64]

LEAST_OVERLAP = 0.6  # of the index weight: below it two years are not the same measure
_FORMULA = "weighted_ratios"  # the only one whose overall level is made of dimensions' levels
_BRIDGED = "questions"  # the kind of break that items explain, and a link bridges


@dataclass(frozen=True, slots=True)
class Link:
    """What two neighbouring years have in common.

    Parameters
    ----------
    first, last
        The years.
    overlap
        The weight of the items in common in the whole index, 0 to 1: the smaller of both years'.
    by_dimension
        The same inside each dimension of the later year.
    differences
        The parts of the index that are not the same, by path.
    """

    first: int
    last: int
    overlap: float
    by_dimension: Mapping[str, float]
    differences: tuple[str, ...]

    def of(self, dimension: str) -> float:
        """Return the overlap of a dimension, or of the whole index for overall."""
        return self.overlap if dimension == OVERALL else self.by_dimension[dimension]


@dataclass(frozen=True, slots=True, eq=False)
class LinkedResult:
    """Levels of several years on the items of the last one, reference = 100 in every year.

    Parameters
    ----------
    years, cells, dimensions
        Of each row, length ``k``: years ascending, in each the cells with ``overall`` last.
    linked_to
        The year whose items a row is linked to: the last one, or the last one before a break
        that no link bridges; its level is the direct one. Shape ``(k,)``.
    estimate
        Linked levels with their joint covariance over the years; NaN where a year on the way has
        no level.
    conf_low, conf_high
        Wald bounds, shape ``(k,)``.
    direct, direct_std_errors
        The level of that year with all of its own items, and its standard error; NaN where the
        year has no such dimension, shape ``(k,)``.
    overlaps
        The smallest overlap of the links on the way, 1 where there is none, shape ``(k,)``.
    links
        What each pair of neighbouring years has in common; none where a break of the whole
        survey lies between.
    results
        The direct levels of every year.
    confidence
        Of the intervals.
    samples
        What the years' samples share.
    waves
        What it was computed from.
    findings
        What a reader of these numbers should know.
    """

    years: NDArray[np.int64]
    cells: tuple[Cell, ...]
    dimensions: tuple[str, ...]
    linked_to: NDArray[np.int64]
    estimate: Estimate
    conf_low: Floats
    conf_high: Floats
    direct: Floats
    direct_std_errors: Floats
    overlaps: Floats
    links: tuple[Link, ...]
    results: Mapping[int, LevelResult]
    confidence: float
    samples: Samples
    waves: Waves
    findings: tuple[Finding, ...] = ()

    @property
    def std_errors(self) -> Floats:
        """Standard errors, shape ``(k,)``; NaN where a domain has no degree of freedom."""
        return self.estimate.reliable_std_errors

    def row(self, year: int, domain: str, category: str, dimension: str = OVERALL) -> int:
        """Return the position of a row.

        Raises
        ------
        KeyError
            No such row.
        """
        rows = zip(self.years.tolist(), self.cells, self.dimensions, strict=True)
        for index, (when, cell, name) in enumerate(rows):
            if (when, cell.domain, cell.category, name) == (year, domain, category, dimension):
                return index
        raise KeyError((year, domain, category, dimension))

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per year, cell and dimension.

        Columns ``year, domain, category, dimension, level`` (linked)``, std_error, conf_low,
        conf_high, df, linked_to, overlap`` (0 to 1)``, direct, direct_std_error, flag``; crosses
        have one column per crossed variable after ``category``.
        """
        return pd.DataFrame(
            {
                "year": self.years,
                **cell_columns(self.cells),
                "dimension": list(self.dimensions),
                "level": self.estimate.values,
                "std_error": self.std_errors,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "df": np.nan_to_num(self.estimate.degrees_of_freedom).astype(np.int64),
                "linked_to": self.linked_to,
                "overlap": self.overlaps,
                "direct": self.direct,
                "direct_std_error": self.direct_std_errors,
                "flag": "",
            }
        )

    def __str__(self) -> str:
        """Return the rows rounded to two decimals, for eyes."""
        shown = self.to_frame().drop(columns="flag")
        return shown.to_string(index=False, float_format=lambda x: f"{x:.2f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self.to_frame().drop(columns="flag")
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.2f}", na_rep=""))


def linked_levels(
    waves: Waves,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    cases: Cases = "available",
    confidence: float = 0.95,
    df: DegreesOfFreedom = "domain",
) -> LinkedResult:
    """Link the levels of years whose items differ, backwards from the last year.

    Parameters
    ----------
    waves
        Two years or more.
    by, groups, where, cases, df
        As in :func:`divide_index.relative_levels`, for every year.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    LinkedResult
        The last year's levels, and those of the years before on its items.

    Raises
    ------
    EstimationError
        DI-E364: fewer than two years. DI-E371, DI-E372: other categories. DI-E397: items in
        common carry less than 60 % of the index. DI-E398: a dimension has none. DI-E399: the
        formula has no levels of dimensions to link. And as
        :func:`divide_index.relative_levels` does.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    Notes
    -----
    With ``Lc`` the levels computed in both years with the items in common alone (the later year's
    indicator and item weights, made to sum to one over what is left), a dimension's linked level
    is ``L*_{t-1} = L*_t · Lc_{t-1} / Lc_t``. The overall level is ``Σ_d ω_d L*_d`` with the last
    year's dimension weights. An average of groups is linked as one level: it need not be the
    average of the linked levels.

    The influence of a product of powers is ``L* Σ e z / L``, over the PSUs of all years. Where no
    item changes every ratio cancels, and the linked level is the direct one.

    A break of the series that is none of questions is never linked across: the years before it
    are linked to the last of them.

    References
    ----------
    United Nations (2009), System of National Accounts 2008, chapter 15 (chain indices);
    Deville (1999), Survey Methodology 25(2), 193-203.
    """
    if len(waves.years) < 2:  # noqa: PLR2004
        raise EstimationError("DI-E364", years=waves.years, count=len(waves.years))
    _refuse_other_formula(waves)
    listed = [by] if isinstance(by, str) else list(by or ())
    request = requested(waves.schema, by=listed, groups=groups, where=where)
    condition = request.populations.get(WHERE)
    asked = set[str]() if condition is None else variables_of(condition)
    findings = [*waves.findings, *refuse_other_categories(waves, request.domain_keys, asked)]
    links, shared = _linked(waves)
    findings += _weak_links(links)
    measured = _Measured.of(
        waves,
        shared,
        by_whole_index=cases == "complete",
        options={
            "by": listed,
            "groups": groups,
            "where": where,
            "cases": cases,
            "confidence": confidence,
            "df": df,
        },
    )
    rows, names = _rows(waves, measured)
    if names:
        findings.append(Finding.of("DI-W394", breaks=names))
    estimate = _estimate(rows, measured, shared, waves)
    low, high = estimate.intervals(confidence)
    results = {year: measured.direct(year) for year in waves.years}
    for each in results.values():
        findings += [found for found in each.findings if found not in findings]
    direct = [_direct_level(results[row.year], row) for row in rows]
    return LinkedResult(
        years=np.array([row.year for row in rows], dtype=np.int64),
        cells=tuple(row.cell for row in rows),
        dimensions=tuple(row.dimension for row in rows),
        linked_to=np.array([row.anchor for row in rows], dtype=np.int64),
        estimate=estimate,
        conf_low=low,
        conf_high=high,
        direct=np.array([level for level, _ in direct]),
        direct_std_errors=np.array([error for _, error in direct]),
        overlaps=np.array([_overlap(row, links) for row in rows]),
        links=tuple(links.values()),
        results=MappingProxyType(results),
        confidence=confidence,
        samples=waves.samples,
        waves=waves,
        findings=tuple(findings),
    )


def _refuse_other_formula(waves: Waves) -> None:
    others = [schema.name for schema in waves.schemas if schema.formula != _FORMULA]
    if others:
        raise EstimationError("DI-E399", schemas=list(dict.fromkeys(others)))


# -- what two years have in common ---------------------------------------------------------------

Pair = tuple[int, int]


def _linked(waves: Waves) -> tuple[dict[Pair, Link], dict[Pair, Mapping[str, Dimension]]]:
    """Return the links of neighbouring years, and the dimensions made of the items in common.

    Raises
    ------
    EstimationError
        Too little is in common.
    """
    links: dict[Pair, Link] = {}
    shared: dict[Pair, Mapping[str, Dimension]] = {}
    whole = _unbridged(waves, Cell("total", "total"))
    for first, last in pairwise(waves.years):
        if any(first < year <= last for year, _ in whole):
            continue
        earlier, later = waves.surveys[first].schema, waves.surveys[last].schema
        common = _items_in_common(earlier, later)
        overlap, by_dimension = _overlaps(earlier, later, common)
        differences = tuple(sorted(index_differences(earlier, later)))
        if overlap < LEAST_OVERLAP - 1e-12:  # a sum of weights may miss a round share
            raise EstimationError(
                "DI-E397",
                first=first,
                last=last,
                percent=100 * overlap,
                needed=100 * LEAST_OVERLAP,
                items=list(differences),
            )
        nothing = [name for name, share in by_dimension.items() if share == 0]
        if nothing:
            raise EstimationError("DI-E398", first=first, last=last, dimensions=nothing)
        links[first, last] = Link(first, last, overlap, MappingProxyType(by_dimension), differences)
        shared[first, last] = {
            name: _restricted(later.dimensions[name], common[name]) for name in later.dimensions
        }
    return links, shared


def _unbridged(waves: Waves, cell: Cell) -> list[tuple[int, str]]:
    """Return the breaks of a cell's levels that are none of questions: first year and name."""
    kinds: dict[tuple[int, str], set[str]] = {}
    for schema in waves.schemas:
        for name, each in schema.breaks.items():
            kinds.setdefault((each.year, name), set()).add(each.kind)
    found = [(each.year, each.name) for each in breaks_of(waves.schemas, cell)]
    return [each for each in found if kinds.get(each, {each[1]}) != {_BRIDGED}]


Common = Mapping[str, Mapping[str, tuple[str, ...]]]  # items by dimension and indicator


def _items_in_common(earlier: SurveySchema, later: SurveySchema) -> Common:
    """Return the items that both years have, in the same place and by the same definition."""
    ours, theirs = index_parts(earlier), index_parts(later)
    return {
        name: {
            key: kept
            for key, indicator in dimension.indicators.items()
            if _has_rule(earlier, name, key, indicator)
            and (
                kept := tuple(
                    item
                    for item in indicator.items
                    if (path := f"{name}.{key}.{item}") in ours and ours[path] == theirs[path]
                )
            )
        }
        for name, dimension in later.dimensions.items()
    }


def _has_rule(schema: SurveySchema, dimension: str, key: str, indicator: Indicator) -> bool:
    """Return whether a schema has an indicator of the same rule at the same place."""
    if dimension not in schema.dimensions:
        return False
    other = schema.dimensions[dimension].indicators.get(key)
    return other is not None and other.rule == indicator.rule


def _overlaps(
    earlier: SurveySchema, later: SurveySchema, common: Common
) -> tuple[float, dict[str, float]]:
    """Return the share of the index that items in common carry, and that inside dimensions.

    The smaller of both years', of dimension weight times indicator weight times the item's part.
    """
    inside: dict[str, float] = {}
    totals = [0.0, 0.0]
    for name, kept in common.items():
        shares: list[float] = []
        for place, schema in enumerate((earlier, later)):
            dimension = schema.dimensions.get(name)
            share = 0.0 if dimension is None else _share(dimension, kept)
            shares.append(share)
            totals[place] += share * (0.0 if dimension is None else dimension.weight)
        inside[name] = min(shares)
    return min(totals), inside


def _share(dimension: Dimension, kept: Mapping[str, tuple[str, ...]]) -> float:
    return sum(
        dimension.indicators[key].weight * _part_of(dimension.indicators[key], items)
        for key, items in kept.items()
    )


def _part_of(indicator: Indicator, items: Sequence[str]) -> float:
    """Return the part of an indicator that some of its items make."""
    if isinstance(indicator.items, dict):
        return sum(indicator.items[item] for item in items)
    return len(items) / len(indicator.items)


def _restricted(dimension: Dimension, kept: Mapping[str, tuple[str, ...]]) -> Dimension:
    """Return a dimension of some of its items, its weights made to sum to one again."""
    indicators = {
        key: _restricted_indicator(dimension.indicators[key], items) for key, items in kept.items()
    }
    weights = _summing_to_one(
        {key: each.weight for key, each in indicators.items()}, dimension.indicators
    )
    return dimension.model_copy(
        update={
            "indicators": {
                key: each.model_copy(update={"weight": weights[key]})
                for key, each in indicators.items()
            }
        }
    )


def _restricted_indicator(indicator: Indicator, items: tuple[str, ...]) -> Indicator:
    if not isinstance(indicator.items, dict):
        return indicator.model_copy(update={"items": items})
    weights = {item: indicator.items[item] for item in items}
    return indicator.model_copy(update={"items": _summing_to_one(weights, indicator.items)})


def _summing_to_one(weights: Mapping[str, float], whole: Mapping[str, object]) -> dict[str, float]:
    """Return weights over their sum; all of them as they are, so that nothing moves by rounding."""
    if len(weights) == len(whole):
        return dict(weights)
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _weak_links(links: Mapping[Pair, Link]) -> list[Finding]:
    findings: list[Finding] = []
    for link in links.values():
        weak = {n: s for n, s in link.by_dimension.items() if s < LEAST_OVERLAP - 1e-12}
        if weak:
            findings.append(
                Finding.of(
                    "DI-W393",
                    first=link.first,
                    last=link.last,
                    dimensions=[*weak],
                    percents=[f"{100 * share:.0f}" for share in weak.values()],
                    needed=100 * LEAST_OVERLAP,
                )
            )
    return findings


# -- levels of every measure ---------------------------------------------------------------------

Version = tuple[object, ...]  # what a dimension is made of: equal versions are the same measure
Term = tuple[int, str, Version]  # the level of a dimension's version in a year


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """The levels of one version of the index in one year, and where each row stands."""

    result: LevelResult
    totals: Floats
    places: Mapping[tuple[Cell, str], int]


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """The levels of every version of the index that a chain needs, by year.

    ``by_whole_index``: people count who have every dimension, so that a dimension's level
    depends on what the others are made of.
    """

    levels: Mapping[int, Mapping[Version, _Levels]]
    own: Mapping[int, Mapping[str, Dimension]]
    by_whole_index: bool

    @classmethod
    def of(
        cls,
        waves: Waves,
        shared: Mapping[Pair, Mapping[str, Dimension]],
        *,
        by_whole_index: bool,
        options: Mapping[str, Any],
    ) -> "_Measured":
        """Return the levels of all years.

        Parameters
        ----------
        waves
            The years.
        shared
            The dimensions of the items in common, by pair of years.
        by_whole_index
            As in the class.
        options
            Of :func:`levels_with_influence`.
        """
        levels: dict[int, dict[Version, _Levels]] = {}
        for year, survey in waves.surveys.items():
            needed = [survey.schema.dimensions]
            needed += [each for pair, each in shared.items() if year in pair]
            found = levels.setdefault(year, {})
            for dimensions in needed:
                version = _version(dimensions)
                if version in found:
                    continue
                # A target may be of a dimension that the other year lacks.
                update = {"dimensions": dict(dimensions), "target": None}
                schema = survey.schema
                if dimensions is not survey.schema.dimensions:
                    schema = schema.model_copy(update=update)
                result, totals = levels_with_influence(
                    score(replace(survey, schema=schema)), formula=_FORMULA, **options
                )
                rows = zip(result.cells, result.dimensions, strict=True)
                places = {row: place for place, row in enumerate(rows)}
                found[version] = _Levels(result, totals, places)
        own = {year: survey.schema.dimensions for year, survey in waves.surveys.items()}
        return cls(levels, own, by_whole_index)

    def direct(self, year: int) -> LevelResult:
        """Return the levels of a year with all of its own items."""
        return self.levels[year][_version(self.own[year])].result

    def term(self, year: int, dimension: str, dimensions: Mapping[str, Dimension]) -> Term:
        """Return a level of a chain: equal terms of opposite powers cancel."""
        if self.by_whole_index:
            return year, dimension, _version(dimensions)
        return year, dimension, _version({dimension: dimensions[dimension]})

    def levels_of(self, term: Term) -> _Levels:
        """Return the levels among which a term stands."""
        year, _, (*parts,) = term
        return next(
            levels
            for version, levels in self.levels[year].items()
            if (version == term[2] if self.by_whole_index else set(parts) <= set(version))
        )


def _version(dimensions: Mapping[str, Dimension]) -> Version:
    return tuple(
        (
            name,
            tuple(
                sorted(
                    (key, indicator.weight, indicator.rule, _parts(indicator))
                    for key, indicator in dimension.indicators.items()
                )
            ),
        )
        for name, dimension in sorted(dimensions.items())
    )


def _parts(indicator: Indicator) -> tuple[tuple[str, float], ...]:
    items = indicator.items
    made = items if isinstance(items, dict) else dict.fromkeys(items, 1.0)
    return tuple(sorted(made.items()))


# -- chains --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the result: a cell's level of a dimension in a year, and the year it leads to."""

    year: int
    cell: Cell
    dimension: str
    anchor: int


def _rows(waves: Waves, measured: _Measured) -> tuple[list[_Row], list[str]]:
    """Return the rows of all years, and the names of the breaks that no row is linked across."""
    rows: list[_Row] = []
    names: dict[str, None] = {}
    for year in waves.years:
        for cell in dict.fromkeys(measured.direct(year).cells):
            ahead = [each for each in _unbridged(waves, cell) if year < each[0] <= waves.years[-1]]
            end = min((first for first, _ in ahead), default=waves.years[-1] + 1)
            anchor = max(each for each in waves.years if each < end)
            names |= dict.fromkeys(name for _, name in ahead)
            rows += [
                _Row(year, cell, dimension, anchor)
                for dimension in (*waves.surveys[anchor].schema.dimensions, OVERALL)
            ]
    return rows, [*names]


def _estimate(
    rows: Sequence[_Row],
    measured: _Measured,
    shared: Mapping[Pair, Mapping[str, Dimension]],
    waves: Waves,
) -> Estimate:
    """Return the linked levels with their joint covariance."""
    stacked = waves.stacked()
    values = np.full(len(rows), np.nan)
    totals = np.zeros((stacked.design.psus, len(rows)))
    degrees = np.zeros(len(rows))
    start = 0  # of the dimensions of the cell at hand, whose overall level comes after them
    for place, row in enumerate(rows):
        if row.dimension != OVERALL:
            chain = _chain(row, row.dimension, measured, shared, waves)
            values[place], totals[:, place], degrees[place] = _product(
                chain, row.cell, measured, stacked, waves
            )
            continue
        dimensions = waves.surveys[row.anchor].schema.dimensions
        weights = np.array([dimension.weight for dimension in dimensions.values()])
        values[place] = float(weights @ values[start:place])
        if not np.isnan(values[place]):
            totals[:, place] = totals[:, start:place] @ weights
        degrees[place] = min(
            _degrees(term, row.cell, OVERALL, measured)
            for name in dimensions
            for term in _chain(row, name, measured, shared, waves)
        )
        start = place + 1
    names = tuple(
        f"{row.year}/{row.cell.domain}/{row.cell.category}/{row.dimension}" for row in rows
    )
    totals[:, np.isnan(values)] = 0.0
    return Estimate(names, values, stacked.design.covariance(totals), degrees)


def _chain(
    row: _Row,
    dimension: str,
    measured: _Measured,
    shared: Mapping[Pair, Mapping[str, Dimension]],
    waves: Waves,
) -> dict[Term, int]:
    """Return the powers of the levels whose product is a linked level.

    ``L*_s = L_T Π Lc_{t-1} / Lc_t``; levels of the same measure in the same year cancel.
    """
    powers: Counter[Term] = Counter()
    powers[measured.term(row.anchor, dimension, measured.own[row.anchor])] += 1
    for first, last in pairwise(waves.years):
        if row.year <= first and last <= row.anchor:
            powers[measured.term(last, dimension, shared[first, last])] -= 1
            powers[measured.term(first, dimension, shared[first, last])] += 1
    return {term: power for term, power in powers.items() if power}


def _product(
    chain: Mapping[Term, int],
    cell: Cell,
    measured: _Measured,
    stacked: StackedDesign,
    waves: Waves,
) -> tuple[float, Floats, float]:
    """Return a product of powers of levels, its PSU totals ``L* Σ e z / L``, and its df."""
    nothing = np.zeros(stacked.design.psus)
    factors: list[tuple[int, float, Floats]] = []
    for term, power in chain.items():
        year, dimension, _ = term
        found = measured.levels_of(term)
        at = found.places.get((cell, dimension))
        if at is None:
            return np.nan, nothing, 0.0
        level = float(found.result.estimate.values[at])
        influence = stacked.totals(waves.years.index(year), found.totals[:, [at]])[:, 0]
        factors.append((power, level, influence))
    degrees = min(_degrees(term, cell, term[1], measured) for term in chain)
    if [power for power, _, _ in factors] == [1]:  # no item changed: the direct level
        return factors[0][1], factors[0][2], degrees
    if any(not level > 0 for _, level, _ in factors):  # no ratio to a level of zero, or to none
        return np.nan, nothing, 0.0
    value = float(np.prod([level**power for power, level, _ in factors]))
    totals = sum((value * power / level * z for power, level, z in factors), start=nothing)
    return value, totals, degrees


def _degrees(term: Term, cell: Cell, dimension: str, measured: _Measured) -> float:
    found = measured.levels_of(term)
    at = found.places.get((cell, dimension))
    return 0.0 if at is None else float(found.result.degrees_of_freedom[at])


def _direct_level(result: LevelResult, row: _Row) -> tuple[float, float]:
    """Return the direct level of a row and its standard error; NaN where there is none."""
    for place, where in enumerate(zip(result.cells, result.dimensions, strict=True)):
        if where == (row.cell, row.dimension):
            return float(result.estimate.values[place]), float(result.std_errors[place])
    return np.nan, np.nan


def _overlap(row: _Row, links: Mapping[Pair, Link]) -> float:
    """Return the smallest overlap of the links between a row's year and the one it leads to."""
    return min(
        (
            link.of(row.dimension)
            for link in links.values()
            if row.year <= link.first and link.last <= row.anchor
        ),
        default=1.0,
    )
