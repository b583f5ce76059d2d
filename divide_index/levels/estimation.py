"""Relative levels of all requested cells in one grouped pass over the records."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from divide_index.cells import (
    REFERENCE,
    CellSums,
    Request,
    Sums,
    design_findings,
    requested,
    summed,
    unplaced,
)
from divide_index.errors import EstimationError, Finding
from divide_index.inference.calibration_design import Progress
from divide_index.inference.estimate import (
    Estimate,
    check_confidence,
    fieller_interval,
    t_quantile,
)
from divide_index.inference.ratios import (
    Formula,
    Linearised,
    linearise_levels,
    linearise_means,
    means,
    srs_variance,
)
from divide_index.levels.replicated import Replication, replication_of
from divide_index.levels.result import (
    Cases,
    DegreesOfFreedom,
    LevelResult,
    Variance,
    VarianceMethod,
)
from divide_index.schema import OVERALL, SurveySchema, Variant, dimension_column
from divide_index.scoring import Scores
from divide_index.survey import Survey

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_VARIANT_OF: dict[Cases, Variant] = {
    "available": "score",
    "complete": "complete",
    "answered": "answered",
    "missing_as_zero": "zero",
}
UNSTABLE_CV = 0.05  # above it a ratio's Wald interval is replaced by Fieller's


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The cells of one request with their sums, the reference first, ``D`` dimensions each."""

    scores: Scores
    request: Request
    cells: list[CellSums]
    sums: Sums
    formula: Formula
    cases: Cases
    replication: Replication | None = None

    @property
    def survey(self) -> Survey:
        return self.scores.survey

    @property
    def schema(self) -> SurveySchema:
        return self.scores.survey.schema

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (*self.schema.dimensions, OVERALL)

    @property
    def shares(self) -> Floats:
        return np.array([part.weight for part in self.schema.dimensions.values()])

    @property
    def reference(self) -> CellSums:
        return self.cells[0]

    def position(self, domain: str, category: str) -> int:
        """Return which cell a domain's category is."""
        names = [(part.cell.domain, part.cell.category) for part in self.cells]
        return names.index((domain, category))

    def rows(self, domain: str, category: str) -> Indices:
        """Return the rows of a cell, shape ``(D + 1,)``."""
        size = len(self.dimensions)
        return np.arange(size) + size * self.position(domain, category)


def relative_levels(
    scores: Scores,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    formula: Formula | None = None,
    cases: Cases = "available",
    confidence: float = 0.95,
    df: DegreesOfFreedom = "domain",
    variance: Variance | VarianceMethod = "taylor",
    progress: Progress | None = None,
) -> LevelResult:
    """Compare populations with the reference: levels (reference = 100) with design-based errors.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    by
        Domains of the schema, and crosses such as ``"region*area"``. Cells are parts of the
        reference population; with ``groups``, of each selected group. ``"group*region"`` asks
        for the cells of every group beside those of the reference.
    groups
        Groups to select; by default every group of the schema, and averages of groups.
    where
        A condition. It defines a domain that every cell but the reference is crossed with;
        no record is filtered away.
    formula
        ``weighted_ratios`` (each dimension's ratio first, then its weight) or
        ``ratio_of_composites``; the schema's by default. They are different numbers.
    cases
        ``available``: each dimension uses the people who have it; ``complete``: people who have
        every dimension; ``answered``: means of people who answered all their items;
        ``missing_as_zero``: unanswered items score 0. The last two are ends of the nonresponse
        band.
    confidence
        Of the intervals, between 0 and 1.
    df
        ``domain``: PSUs with a member minus their strata, the smaller of cell and reference;
        ``design``: all PSUs minus all strata, which reproduces R's intervals.
    variance
        ``taylor`` linearises; ``bootstrap`` (Rao-Wu), ``jackknife`` (one PSU at a time), ``brr``
        (two PSUs in every stratum) and ``supplied`` (replicate weights that came with the survey)
        make every level again in each replicate, calibrations repeated. The bootstrap needs a
        seed: ``VarianceMethod("bootstrap", replicates=1000, seed=1)``.
    progress
        Told how many calibrations of replicates are done, and of how many.

    Returns
    -------
    LevelResult
        Design-based standard errors with the covariance of cell and reference.

    Raises
    ------
    EstimationError
        An unknown or absent group or domain, an absent reference, a reference mean of zero.
    SchemaError
        A condition that cannot be read, or on what the schema does not declare.
    DesignError
        A stratum with a single PSU, unless the survey says what it shall contribute; replicates
        always need two.

    References
    ----------
    Deville (1999), Survey Methodology 25(2), 193-203; Rust, Rao (1996), Statistical Methods in
    Medical Research 5(3), 283-310.
    """
    wanted = VarianceMethod(variance) if isinstance(variance, str) else variance
    replicated, replication, method = replication_of(scores, wanted, progress)
    result, _ = _levels(
        replicated,
        by,
        _Options(groups, where, formula, cases, confidence, df, replication),
    )
    return result if replication is None else replace(result, variance=method, scores=scores)


def levels_with_influence(
    scores: Scores,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    formula: Formula | None = None,
    cases: Cases = "available",
    confidence: float = 0.95,
    df: DegreesOfFreedom = "domain",
) -> tuple[LevelResult, Floats]:
    """Return :func:`relative_levels`, and what their covariance is made of.

    Returns
    -------
    result, unit_totals
        The weighted influence on every row summed over each unit of the design, shape
        ``(U, k)``, for covariances with what was computed elsewhere.
    """
    return _levels(scores, by, _Options(groups, where, formula, cases, confidence, df))


@dataclass(frozen=True, slots=True, eq=False)
class _Options:
    """What is asked of levels, besides their cells."""

    groups: Sequence[str] | None
    where: str | None
    formula: Formula | None
    cases: Cases
    confidence: float
    df: DegreesOfFreedom
    replication: Replication | None = None


def _levels(
    scores: Scores, by: Sequence[str] | str | None, asked: _Options
) -> tuple[LevelResult, Floats]:
    schema = scores.survey.schema
    formula = asked.formula or schema.formula
    check_confidence(asked.confidence)
    _check_options(formula=formula, cases=asked.cases, df=asked.df)
    request = requested(
        schema,
        by=[by] if isinstance(by, str) else list(by or ()),
        groups=asked.groups,
        where=asked.where,
    )
    sets = [_columns(schema, asked.cases)]
    sums = summed(scores, request, sets, second=True)
    sheet = _Sheet(scores, request, sums.sets[0], sums, formula, asked.cases, asked.replication)
    _check_cells(sheet)
    return _result(sheet, asked.confidence, asked.df)


def levels_by_cases(
    result: LevelResult, every: Sequence[Cases], *, groups: Sequence[str] | None
) -> dict[Cases, LevelResult]:
    """Return the levels of groups and averages again for other cases, in one pass.

    Parameters
    ----------
    result
        Levels, whose scores, formula, condition and confidence are taken.
    every
        The cases wanted.
    groups
        The groups selected, None for all.
    """
    scores = result.scores
    request = requested(scores.survey.schema, by=(), groups=groups, where=result.where)
    sets = [_columns(scores.survey.schema, cases) for cases in every]
    sums = summed(scores, request, sets, second=False)
    return {
        cases: _result(
            _Sheet(scores, request, cells, sums, result.formula, cases),
            result.confidence,
            result.df,
        )[0]
        for cases, cells in zip(every, sums.sets, strict=True)
    }


def _columns(schema: SurveySchema, cases: Cases) -> list[str]:
    variant = _VARIANT_OF[cases]
    return [dimension_column(name, variant) for name in schema.dimensions]


def _result(sheet: _Sheet, confidence: float, df: DegreesOfFreedom) -> tuple[LevelResult, Floats]:
    schema = sheet.schema
    parts = [
        linearise_levels(part.total, sheet.reference.total, sheet.shares, sheet.formula)
        for part in sheet.cells
    ]
    inside = np.hstack([part.counts > 0 for part in sheet.cells])
    degrees = _degrees_of_freedom(sheet, inside, df)
    estimate, totals = _estimate(sheet, parts, degrees)
    m_0, cv = _reference_precision(sheet)
    low, high, methods = _intervals(sheet, estimate, cv, confidence)
    result = LevelResult(
        estimate=estimate,
        cells=tuple(part.cell for part in sheet.cells for _ in sheet.dimensions),
        dimensions=sheet.dimensions * len(sheet.cells),
        n=np.concatenate([part.counts.sum(axis=0) for part in sheet.cells]).astype(np.intp),
        psus=sheet.survey.design.psus_held(inside).sum(axis=0),
        confidence=confidence,
        conf_low=low,
        conf_high=high,
        conf_methods=methods,
        design_effects=_design_effects(sheet, parts, estimate),
        target_gap=_target_gap(sheet, estimate.values),
        formula=sheet.formula,
        cases=sheet.cases,
        df=df,
        reference_means=dict(zip(schema.dimensions, (100 * m_0).tolist(), strict=True)),
        reference_cv=dict(zip(schema.dimensions, cv.tolist(), strict=True)),
        where=sheet.request.where,
        scores=sheet.scores,
        findings=_findings(sheet, estimate, cv),
    )
    return result, totals


def _check_options(*, formula: str, cases: str, df: str) -> None:
    options = {
        "formula": (formula, get_args(Formula)),
        "cases": (cases, get_args(Cases)),
        "df": (df, get_args(DegreesOfFreedom)),
    }
    for option, (value, valid) in options.items():
        if value not in valid:
            raise EstimationError("DI-E117", option=option, value=value, valid=valid)


def _check_cells(sheet: _Sheet) -> None:
    names, total = [*sheet.schema.dimensions], sheet.reference.total
    empty = [name for name, w in zip(names, total[0::2], strict=True) if w <= 0]
    if empty:
        raise EstimationError("DI-E060", dimensions=empty)
    zero = [name for name, m in zip(names, means(total), strict=True) if m <= 0]
    if zero:
        raise EstimationError("DI-E062", dimensions=zero)
    if sheet.request.where is not None:  # a condition may leave a group empty: a row without n
        return
    absent = [
        part.cell.category
        for part in sheet.cells
        if part.cell.domain == "group" and part.counts.sum() == 0
    ]
    if absent:
        raise EstimationError("DI-E061", groups=absent)


# -- variance --------------------------------------------------------------------------------


def _estimate(sheet: _Sheet, parts: list[Linearised], degrees: Floats) -> tuple[Estimate, Floats]:
    """Return the levels of every row with their joint covariance, and its totals of units."""
    values = np.concatenate([part.levels for part in parts])
    totals = np.zeros((sheet.survey.design.units, 0 if sheet.replication else values.size))
    if sheet.replication is None:
        totals = np.hstack(
            [
                part.unit_totals(levels.cell, len(totals))
                + sheet.reference.unit_totals(levels.reference, len(totals))
                for part, levels in zip(sheet.cells, parts, strict=True)
            ]
        )
        for name in sheet.request.averages:
            _put_average(sheet, name, values, totals)
        covariance = sheet.survey.design.covariance(totals)
    else:
        for name in sheet.request.averages:
            _put_average(sheet, name, values, None)
        covariance = _replicated_covariance(sheet, sheet.replication, values)
    names = tuple(
        f"{part.cell.domain}/{part.cell.category}/{dimension}"
        for part in sheet.cells
        for dimension in sheet.dimensions
    )
    return Estimate(names, values, covariance, degrees), totals


def _replicated_covariance(sheet: _Sheet, replication: Replication, values: Floats) -> Floats:
    """Return the covariance of every row, made again in each replicate, averages among them."""
    levels = replication.levels(sheet.cells, sheet.reference, sheet.shares, sheet.formula)
    for name in sheet.request.averages:
        members = sheet.schema.averages[name].members
        given = [total for total in members.values() if not isinstance(total, str)]
        cells = [sheet.cells[sheet.position("group", member)] for member in members]
        sizes = (
            np.array([given], dtype=np.float64)
            if given
            else np.column_stack([replication.weights(part) for part in cells])
        )
        shares = sizes / sizes.sum(axis=1, keepdims=True)
        levels[:, sheet.rows("average", name)] = sum(
            share[:, None] * levels[:, sheet.rows("group", member)]
            for share, member in zip(shares.T, members, strict=True)
        )
    names = [
        f"{part.cell.domain}={part.cell.category}" for part in sheet.cells for _ in sheet.dimensions
    ]
    return replication.replicates.covariance(levels, values, names=names)


def _put_average(sheet: _Sheet, name: str, values: Floats, totals: Floats | None) -> None:
    """Put ``L̄ = Σ p_g L_g`` with ``z = Σ p_g z_g (+ (L_g - L̄) z_Pg/P)`` in an average's rows."""
    members = sheet.schema.averages[name].members
    cells = [sheet.cells[sheet.position("group", member)] for member in members]
    blocks = [sheet.rows("group", member) for member in members]
    given = [total for total in members.values() if not isinstance(total, str)]
    sizes = np.array(given or [part.weights.sum() for part in cells], dtype=np.float64)
    shares = sizes / sizes.sum()
    levels = np.stack([values[rows] for rows in blocks])
    average = shares @ levels
    values[sheet.rows("average", name)] = average
    if totals is None:
        return
    influence = np.zeros((totals.shape[0], average.size))
    for share, rows in zip(shares, blocks, strict=True):
        influence += share * totals[:, rows]
    if not given:  # the totals are estimated from the weights and have an error of their own
        for part, level in zip(cells, levels, strict=True):
            influence += np.outer(part.weights, (level - average) / sizes.sum())
    totals[:, sheet.rows("average", name)] = influence


def _degrees_of_freedom(sheet: _Sheet, inside: NDArray[np.bool_], df: DegreesOfFreedom) -> Floats:
    """Return each row's degrees of freedom: the smaller of cell and reference."""
    design = sheet.survey.design
    own = design.domain_degrees_of_freedom(inside)
    whole = float(design.degrees_of_freedom)
    if sheet.replication is not None and sheet.replication.replicates.method == "supplied":
        # Who gave the weights may have told less of the design than the weights know.
        whole = min(whole, float(sheet.replication.replicates.degrees_of_freedom))
        own = np.minimum(own, whole)
    for name in sheet.request.averages:
        blocks = [sheet.rows("group", member) for member in sheet.schema.averages[name].members]
        own[sheet.rows("average", name)] = np.min(np.stack([own[rows] for rows in blocks]), axis=0)
    reference = np.tile(own[: len(sheet.dimensions)], len(sheet.cells))
    domain = np.maximum(np.minimum(own, reference), 0.0)
    if df == "domain":
        return domain
    # Where a domain has no degree of freedom of its own, the design's make no variance for it.
    return np.where(domain >= 1, whole, 0.0)


def _reference_precision(sheet: _Sheet) -> tuple[Floats, Floats]:
    """Return the reference's means and their relative standard errors, each ``(D,)``."""
    linearised = linearise_means(sheet.reference.total)
    if sheet.replication is None:
        totals = sheet.reference.unit_totals(linearised.cell, sheet.survey.design.units)
        covariance = sheet.survey.design.covariance(totals)
    else:
        each = [
            sheet.replication.composites([sheet.reference], own)
            for own in np.eye(linearised.levels.size)
        ]
        covariance = sheet.replication.replicates.covariance(np.hstack(each), linearised.levels)
    estimate = Estimate(
        tuple(sheet.schema.dimensions),
        linearised.levels,
        covariance,
        np.full(linearised.levels.size, float(sheet.survey.design.degrees_of_freedom)),
    )
    return estimate.values, estimate.std_errors / estimate.values


# -- intervals -------------------------------------------------------------------------------


def _intervals(
    sheet: _Sheet, estimate: Estimate, cv: Floats, confidence: float
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return Wald intervals, and Fieller's where a ratio's denominator is unstable."""
    low, high = estimate.intervals(confidence)
    methods = np.where(np.isnan(low), "none", "wald").astype(object)
    quantiles = t_quantile(confidence, estimate.degrees_of_freedom)
    every: Indices = np.arange(0, low.size, len(sheet.dimensions))
    for row, weights in _unstable_ratios(sheet, cv):
        is_ratio = [part.cell.domain not in {"total", "average"} for part in sheet.cells]
        chosen = np.flatnonzero(np.array(is_ratio) & ~np.isnan(low[every + row]))
        if chosen.size:
            rows = every[chosen] + row
            low[rows], high[rows] = _fieller(sheet, chosen, weights, quantiles[rows])
            methods[rows] = np.where(np.isnan(low[rows]), "none", "fieller")
    return low, high, tuple(methods)


def _unstable_ratios(sheet: _Sheet, cv: Floats) -> list[tuple[int, Floats]]:
    """Return which rows of a cell are one ratio with an unstable denominator.

    Each with the weights ``ω_d`` of the means it is a ratio of. The overall level of
    ``weighted_ratios`` is a sum of ratios, to which Fieller's theorem does not apply.
    """
    unstable = [(int(d), np.eye(cv.size)[d]) for d in np.flatnonzero(cv > UNSTABLE_CV)]
    if unstable and (sheet.formula == "ratio_of_composites" or cv.size == 1):
        unstable.append((cv.size, sheet.shares))
    return unstable


def _fieller(
    sheet: _Sheet, chosen: Indices, weights: Floats, quantiles: Floats
) -> tuple[Floats, Floats]:
    """Return Fieller intervals of ``100 Σ ω_d m_d / Σ ω_d m_0d`` for the chosen cells."""
    cells = [*(sheet.cells[int(index)] for index in chosen), sheet.reference]
    parts = [linearise_means(part.total) for part in cells]
    used = weights > 0
    values = np.array([float(weights[used] @ part.levels[used]) for part in parts])
    if sheet.replication is None:
        totals = [
            part.unit_totals((weights @ linearised.cell)[None, :], sheet.survey.design.units)
            for part, linearised in zip(cells, parts, strict=True)
        ]
        covariance = sheet.survey.design.covariance(np.hstack(totals))
    else:
        replicated = sheet.replication.composites(cells, weights)
        covariance = sheet.replication.replicates.covariance(replicated, values)
    variances = np.diag(covariance)
    size = chosen.size
    triples = np.column_stack([variances[:-1], covariance[:-1, -1], np.full(size, variances[-1])])
    low, high = fieller_interval(values[:-1], np.full(size, values[-1]), triples, quantiles)
    return 100 * low, 100 * high


# -- what stands beside the levels -------------------------------------------------------------


def _design_effects(sheet: _Sheet, parts: list[Linearised], estimate: Estimate) -> Floats:
    records, weights = sheet.survey.sample_sizes()
    srs = np.concatenate(
        [
            np.full(linearised.levels.size, np.nan)
            if part.cell.domain == "average"
            else srs_variance(
                linearised,
                part.moments,
                part.shared,
                sheet.reference.moments,
                records=records,
                weights=weights,
            )
            for part, linearised in zip(sheet.cells, parts, strict=True)
        ]
    )
    return estimate.design_effects(srs)


def _target_gap(sheet: _Sheet, values: Floats) -> Floats:
    gap = np.full(values.size, np.nan)
    target = sheet.schema.target
    if target is None or sheet.request.where is not None:  # a part of the group has no target
        return gap
    offset = sheet.dimensions.index(target.dimension)
    for name in {target.group, *target.applies_to}.intersection(sheet.request.groups):
        row = sheet.rows("group", name)[offset]
        gap[row] = values[row] - target.level
    return gap


def _findings(sheet: _Sheet, estimate: Estimate, cv: Floats) -> tuple[Finding, ...]:
    found = unplaced(sheet.sums)
    samples = sheet.survey.samples_of_units()
    if sheet.request.where is not None:
        given = [n for n in sheet.schema.averages if n not in sheet.request.averages]
        if given and sheet.request.groups == tuple(sheet.schema.groups):
            found.append(Finding.of("DI-W070", averages=given))
    found += [
        Finding.of(
            "DI-W034", population=part.cell.category if part.cell.domain == "group" else REFERENCE
        )
        for part in sheet.cells
        if part.cell.domain in {"total", "group"}
        and np.unique(samples[part.counts[:, -1] > 0]).size > 1
    ]
    last = slice(len(sheet.dimensions) - 1, None, len(sheet.dimensions))
    no_variance = [
        f"{part.cell.domain}/{part.cell.category}"
        for part, degrees in zip(sheet.cells, estimate.degrees_of_freedom[last], strict=True)
        if part.counts.sum() and degrees < 1
    ]
    if no_variance:
        found.append(Finding.of("DI-W063", cells=no_variance))
    unstable = [
        name for name, each in zip(sheet.schema.dimensions, cv, strict=True) if each > UNSTABLE_CV
    ]
    if unstable:
        code = "DI-W064" if sheet.formula == "weighted_ratios" else "DI-W065"
        found.append(Finding.of(code, dimensions=unstable))
    found += design_findings(sheet.survey)
    return tuple(found)
