"""The same levels in several years: how fast they rose, and whether that is more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from divide_index import history
from divide_index.cells import WHERE, Cell, requested
from divide_index.change.breaks import breaks_of, crossed
from divide_index.change.result import ChangeResult, Comparisons, Verdict
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, t_quantile
from divide_index.inference.ratios import Formula
from divide_index.inference.testing import holm, p_values
from divide_index.levels import Cases, DegreesOfFreedom, LevelResult
from divide_index.levels.estimation import levels_with_influence
from divide_index.schema import OVERALL, SurveySchema, variables_of
from divide_index.scoring import score
from divide_index.waves import Waves, refuse_other_categories, refuse_other_index

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

TREND_POINTS = 3  # two levels are a change, not a trend
_ALIKE = 1e-9  # percentage points
_ALIKE_ERROR = 1e-6  # variances that cancel leave rounding, whose root is larger
PUBLISHED_CONFIDENCE = 0.95  # of published margins
_HISTORY_FORMULA = "weighted_ratios"  # by which the published levels are made


def compare_years(  # noqa: PLR0913  as relative_levels, and what is published
    waves: Waves,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    formula: Formula | None = None,
    cases: Cases = "available",
    confidence: float = 0.95,
    df: DegreesOfFreedom = "domain",
    published: Sequence[int] = (),
    published_margin: float | Mapping[str, float] | None = None,
    power: float = 0.8,
) -> ChangeResult:
    """Compare the levels of several years, with the standard errors of trends and changes.

    Parameters
    ----------
    waves
        The years. Their indices must be made alike, and categories mean the same.
    by, groups, where, formula, cases, df
        As in :func:`divide_index.relative_levels`, for every year.
    confidence
        Of the intervals; a change is called one where its adjusted p-value is below one minus
        this.
    published
        Years of which only the published level is known, taken from the packaged history.
    published_margin
        Their 95 % margin of error in percentage points: one of the overall level, or by
        dimension. Without one no change from such a level is judged, and it enters no trend. With
        one the samples are taken as independent.
    power
        With which the detectable change would be found.

    Returns
    -------
    ChangeResult
        The trend over the last unbroken years (least squares weighted by the inverse variances),
        then the changes. A year without a cell leaves its changes empty.

    Raises
    ------
    EstimationError
        DI-E364: fewer than two years. DI-E370, DI-E371, DI-E372: years that do not compare.
        DI-E373: a published year is surveyed, or nothing was published of it. DI-E374: the
        published margin is not positive. DI-E376: the records are simulated, and compare with
        nothing that was really published. DI-E377: groups without people in a year. And
        as :func:`divide_index.relative_levels` does.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    Notes
    -----
    A difference of two levels has the variance ``V_1 + V_2 - 2 C``; with independent samples
    ``C`` is zero. The detectable change is ``(t + t_power) · SE``, of
    the two-sided quantile of the confidence and the one-sided quantile of the power.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4; Wolter (2007), Introduction to Variance
    Estimation, chapter 6.
    """
    margins = _margins(waves.schema, published_margin)
    _check(waves, published, power)
    listed = [by] if isinstance(by, str) else list(by or ())
    refuse_other_index(waves)
    request = requested(waves.schema, by=listed, groups=groups, where=where)
    condition = request.populations.get(WHERE)
    asked = set[str]() if condition is None else variables_of(condition)
    findings = [*waves.findings, *refuse_other_categories(waves, request.domain_keys, asked)]
    results: dict[int, LevelResult] = {}
    totals: list[Floats] = []
    for year, survey in waves.surveys.items():
        try:
            results[year], influence = levels_with_influence(
                score(survey),
                listed,
                groups=groups,
                where=where,
                formula=formula or waves.schema.formula,
                cases=cases,
                confidence=confidence,
                df=df,
            )
        except EstimationError as error:
            if error.code != "DI-E061":
                raise
            raise EstimationError("DI-E377", year=year, **error.params) from error
        totals.append(influence)
    stacked = waves.stacked()
    joint = Estimate(
        tuple(f"{year}/{name}" for year, each in results.items() for name in each.estimate.names),
        np.concatenate([each.estimate.values for each in results.values()]),
        stacked.design.covariance(stacked.beside(totals)),
        np.concatenate([each.estimate.degrees_of_freedom for each in results.values()]),
    )
    surveyed = _Rows.of(results, joint)
    rows = surveyed.with_published(waves.schema, published, margins, where=where, formula=formula)
    for each in results.values():
        findings += [found for found in each.findings if found not in findings]
    if published and not margins:
        findings.append(Finding.of("DI-W363", years=sorted(set(published))))
    return ChangeResult(
        years=rows.years,
        published=tuple(sorted(set(published))),
        published_margin=margins,
        cells=rows.cells,
        dimensions=rows.dimensions,
        estimate=rows.estimate,
        places=rows.places,
        results=MappingProxyType(results),
        trends=_trends(rows, waves.schemas, confidence, power),
        changes=_changes(rows, waves.schemas, confidence, power),
        confidence=confidence,
        power=power,
        samples=waves.samples,
        shared_psus=stacked.shared_psus,
        waves=waves,
        findings=tuple(findings),
    )


def _margins(schema: SurveySchema, told: float | Mapping[str, float] | None) -> Mapping[str, float]:
    """Return the published margins by dimension; a number is that of the overall level."""
    if told is None:
        return MappingProxyType({})
    margins = dict(told) if isinstance(told, Mapping) else {OVERALL: told}
    known = [OVERALL, *schema.dimensions]
    for name, margin in margins.items():
        if name not in known:
            raise EstimationError("DI-E117", option="published_margin", value=name, valid=known)
        if not 0 < margin < np.inf:
            raise EstimationError("DI-E374", value=margin)
    return MappingProxyType(margins)


def _check(waves: Waves, published: Sequence[int], power: float) -> None:
    years = sorted({*waves.years, *published})
    if len(years) < 2:  # noqa: PLR2004
        raise EstimationError("DI-E364", count=len(years))
    twice = sorted({*waves.years}.intersection(published))
    if twice:
        known = {year for year, *_ in _published_levels(waves.schema)}
        raise EstimationError(
            "DI-E373", years=twice, known=sorted(known.difference(waves.years)) or ["-"]
        )
    simulated = [year for year, survey in waves.surveys.items() if survey.is_synthetic]
    if published and simulated:
        raise EstimationError("DI-E376", years=simulated, published=sorted(set(published)))
    if not 0 < power < 1:
        raise EstimationError("DI-E117", option="power", value=power, valid="0~1")


@dataclass(frozen=True, eq=False)
class _Rows:
    """The levels of all years, and where each stands: as in :class:`ChangeResult`.

    ``uncertain`` tells the estimates whose error is not known: their variance stands as zero.
    """

    years: tuple[int, ...]
    cells: tuple[Cell, ...]
    dimensions: tuple[str, ...]
    estimate: Estimate
    places: Indices
    uncertain: NDArray[np.bool_]

    @classmethod
    def of(cls, results: Mapping[int, LevelResult], joint: Estimate) -> "_Rows":
        """Return the rows of surveyed years: a cell of any year, in the order of the last."""
        keys: dict[tuple[Cell, str], None] = {}
        for each in reversed([*results.values()]):
            keys |= dict.fromkeys(zip(each.cells, each.dimensions, strict=True))
        rows = [key for key in keys if key[0].domain != "total"]
        places = np.full((len(results), len(rows)), -1, dtype=np.intp)
        start = 0
        for index, each in enumerate(results.values()):
            at = {
                key: start + p
                for p, key in enumerate(zip(each.cells, each.dimensions, strict=True))
            }
            places[index] = [at.get(key, -1) for key in rows]
            start += len(at)
        return cls(
            tuple(results),
            tuple(cell for cell, _ in rows),
            tuple(name for _, name in rows),
            joint,
            places,
            np.zeros(joint.values.size, dtype=bool),
        )

    def with_published(
        self,
        schema: SurveySchema,
        years: Sequence[int],
        margins: Mapping[str, float],
        *,
        where: str | None,
        formula: Formula | None,
    ) -> "_Rows":
        """Return the rows with those of published levels, independent of all others."""
        if not years:
            return self
        if where is not None or (formula or schema.formula) != _HISTORY_FORMULA:
            raise EstimationError("DI-E375", formula=formula or schema.formula, where=where or "-")
        table = _published_levels(schema)
        found: dict[int, list[float]] = {
            year: [
                table.get((year, cell.domain, cell.category, name), np.nan)
                for cell, name in zip(self.cells, self.dimensions, strict=True)
            ]
            for year in sorted(set(years))
        }
        empty = [year for year, levels in found.items() if np.isnan(levels).all()]
        if empty:
            known = sorted({year for year, *_ in table}.difference(self.years)) or ["-"]
            raise EstimationError("DI-E373", years=empty, known=known)
        values = np.array(list(found.values()))
        known = ~np.isnan(values)
        places = np.full(values.shape, -1, dtype=np.intp)
        places[known] = self.estimate.values.size + np.arange(int(known.sum()))
        half_widths = np.array([[margins.get(name, 0.0) for name in self.dimensions]] * len(found))
        normal = t_quantile(PUBLISHED_CONFIDENCE, np.array([np.inf]))[0]
        variances = (half_widths[known] / normal) ** 2
        size, more = self.estimate.values.size, int(known.sum())
        covariance = np.zeros((size + more, size + more))
        covariance[:size, :size] = self.estimate.covariance
        covariance[range(size, size + more), range(size, size + more)] = variances
        labels = [
            f"{year}/{cell.domain}/{cell.category}/{name}"
            for year, levels in found.items()
            for cell, name, level in zip(self.cells, self.dimensions, levels, strict=True)
            if not np.isnan(level)
        ]
        order = np.argsort([*self.years, *found])
        return _Rows(
            tuple(sorted([*self.years, *found])),
            self.cells,
            self.dimensions,
            Estimate(
                (*self.estimate.names, *labels),
                np.append(self.estimate.values, values[known]),
                covariance,
                np.append(self.estimate.degrees_of_freedom, np.full(more, np.inf)),
            ),
            np.vstack([self.places, places])[order],
            np.append(self.uncertain, variances == 0),
        )

    @cached_property
    def has_error(self) -> NDArray[np.bool_]:
        """Whether each estimate has a level and a standard error, shape ``(k,)``."""
        return ~np.isnan(self.estimate.reliable_std_errors) & ~self.uncertain


def _published_levels(schema: SurveySchema) -> dict[tuple[int, str, str, str], float]:
    """Return the published levels of the schema's groups: by year, domain, category, dimension."""
    parts = {("group", name): each.published for name, each in schema.groups.items()}
    parts |= {("average", name): each.published for name, each in schema.averages.items()}
    table = history.published_levels()
    columns = [table[name].to_list() for name in ("year", "group", "dimension", "level")]
    return {
        (int(year), *place, str(dimension)): float(level)
        for place, series in parts.items()
        for year, group, dimension, level in zip(*columns, strict=True)
        if group == series
    }


# -- changes and trends ------------------------------------------------------------------------


def _changes(
    rows: _Rows, schemas: Sequence[SurveySchema], confidence: float, power: float
) -> Comparisons:
    """Return the changes from each year to the next, and from the first to the last."""
    size = len(rows.years)
    spans = list(pairwise(range(size)))
    if size > 2:  # noqa: PLR2004
        spans.append((0, size - 1))
    first = np.concatenate([rows.places[a] for a, _ in spans])
    last = np.concatenate([rows.places[b] for _, b in spans])
    count = len(rows.cells)
    chosen = np.flatnonzero((first >= 0) & (last >= 0))
    chosen = chosen[np.argsort(chosen % count, kind="stable")]  # all spans of a row together
    a, b = first[chosen], last[chosen]
    values, covariance = rows.estimate.values, rows.estimate.covariance
    joint = (
        covariance[np.ix_(b, b)]
        - covariance[np.ix_(b, a)]
        - covariance[np.ix_(a, b)]
        + covariance[np.ix_(a, a)]
    )
    has_error = rows.has_error[a] & rows.has_error[b]
    df = np.minimum(rows.estimate.degrees_of_freedom[a], rows.estimate.degrees_of_freedom[b])
    years = np.array([(rows.years[x], rows.years[y]) for x, y in spans])[chosen // count]
    return _judged(
        rows,
        schemas,
        at=chosen % count,
        spans=years,
        points=np.full(chosen.size, 2),
        values=values[b] - values[a],
        covariance=joint,
        df=np.where(has_error, df, 0.0),
        confidence=confidence,
        power=power,
    )


def _trends(
    rows: _Rows, schemas: Sequence[SurveySchema], confidence: float, power: float
) -> Comparisons:
    """Return the weighted least squares slope of each row over its last unbroken years."""
    size = rows.estimate.values.size
    at: list[int] = []
    spans: list[tuple[int, int]] = []
    points: list[int] = []
    scatter: list[float] = []
    loads: list[Floats] = []
    for row, cell in enumerate(rows.cells):
        # A break after the last year, such as one announced, parts none of these.
        start = max(
            (b.year for b in breaks_of(schemas, cell) if b.year <= rows.years[-1]), default=0
        )
        inside = [
            (year, place)
            for year, place in zip(rows.years, rows.places[:, row].tolist(), strict=True)
            if place >= 0 and year >= start and rows.has_error[place]
        ]
        if len(inside) < TREND_POINTS:
            continue
        years = np.array([year for year, _ in inside], dtype=np.float64)
        places = np.array([place for _, place in inside])
        slope, spread = _slope(years, places, rows.estimate)
        load = np.zeros(size)
        load[places] = slope
        loads.append(load)
        at.append(row)
        spans.append((inside[0][0], inside[-1][0]))
        points.append(len(inside))
        scatter.append(spread)
    matrix = np.array(loads).reshape(-1, size)
    slopes = rows.estimate.contrast(matrix, tuple(str(row) for row in at))
    return _judged(
        rows,
        schemas,
        at=np.array(at, dtype=np.intp),
        spans=np.array(spans, dtype=np.int64).reshape(-1, 2),
        points=np.array(points, dtype=np.int64),
        values=slopes.values,
        covariance=slopes.covariance,
        df=slopes.degrees_of_freedom,
        scatter=np.array(scatter),
        confidence=confidence,
        power=power,
    )


def _slope(years: Floats, places: Indices, estimate: Estimate) -> tuple[Floats, float]:
    """Return the weights of levels in their slope, and the scatter of the levels about the line.

    The slope is ``Σ c_t L_t`` with ``c_t = w_t (t - t̄_w) / Σ w (t - t̄_w)²``, ``w = 1/SE²``;
    levels without error, as those of the reference's own part, weigh alike.
    """
    errors = estimate.reliable_std_errors[places]
    weights = np.ones(years.size) if (errors < _ALIKE_ERROR).any() else 1 / errors**2
    centred = years - years[0]
    for _ in range(2):  # the second time takes off what rounding left, which weights may magnify
        centred = centred - np.average(centred, weights=weights)
    loads = weights * centred / float(weights @ centred**2)
    levels = estimate.values[places]
    fitted = np.average(levels, weights=weights) + float(loads @ levels) * centred
    residuals = levels - fitted
    return loads, float(np.linalg.norm(residuals)) / float(np.sqrt(years.size - 2))


def _judged(  # noqa: PLR0913
    rows: _Rows,
    schemas: Sequence[SurveySchema],
    *,
    at: Indices,
    spans: NDArray[np.int64],
    points: NDArray[np.int64],
    values: Floats,
    covariance: Floats,
    df: Floats,
    confidence: float,
    power: float,
    scatter: Floats | None = None,
) -> Comparisons:
    positions: list[int] = at.tolist()
    cells = tuple(rows.cells[row] for row in positions)
    dimensions = tuple(rows.dimensions[row] for row in positions)
    first, last = spans[:, 0], spans[:, 1]
    lost = tuple(
        tuple(each.name for each in crossed(breaks_of(schemas, cell), int(start), int(end)))
        for cell, start, end in zip(cells, first, last, strict=True)
    )
    comparable = np.array([not names for names in lost], dtype=bool)
    names = tuple(
        f"{cell.domain}/{cell.category}/{name}/{start}-{end}"
        for cell, name, start, end in zip(cells, dimensions, first, last, strict=True)
    )
    estimate = _without_noise(Estimate(names, values, covariance, df))
    low, high = estimate.intervals(confidence)
    tests = np.where(comparable, p_values(estimate), np.nan)
    adjusted = holm(tests)
    errors = estimate.reliable_std_errors
    # A one-sided quantile of `power` is the two-sided one of 2·power - 1.
    reach = t_quantile(confidence, df) + np.sign(power - 0.5) * t_quantile(abs(2 * power - 1), df)
    return Comparisons(
        cells=cells,
        dimensions=dimensions,
        first=first.astype(np.int64),
        last=last.astype(np.int64),
        points=points.astype(np.int64),
        estimate=estimate,
        conf_low=np.where(comparable, low, np.nan),
        conf_high=np.where(comparable, high, np.nan),
        p_values=tests,
        adjusted=adjusted,
        detectable=np.where(comparable, reach * errors, np.nan),
        scatter=np.full(values.shape, np.nan) if scatter is None else scatter,
        crossed=lost,
        verdicts=tuple(
            _verdict(names=each, value=value, error=error, p=p, level=1 - confidence)
            for each, value, error, p in zip(
                lost, estimate.values.tolist(), errors.tolist(), adjusted.tolist(), strict=True
            )
        ),
    )


def _without_noise(estimate: Estimate) -> Estimate:
    """Return no change without error where years are so alike that only rounding is left."""
    alike = (np.abs(estimate.values) < _ALIKE) & (estimate.std_errors < _ALIKE_ERROR)
    covariance = np.where(alike[:, None] | alike[None, :], 0.0, estimate.covariance)
    values = np.where(alike, 0.0, estimate.values)
    return Estimate(estimate.names, values, covariance, estimate.degrees_of_freedom)


def _verdict(
    *, names: tuple[str, ...], value: float, error: float, p: float, level: float
) -> Verdict:
    if names:
        return "break"
    if value == 0 and error == 0:
        return "within"
    if np.isnan(p):
        return "withheld"
    if p < level:
        return "rise" if value > 0 else "fall"
    return "within"
