"""Whether regions became more alike (sigma), and whether those behind rose faster (beta)."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import GROUP, Cell
from divide_index.change.spans import Span, shared_cells, sums_of_years
from divide_index.errors import EstimationError, Finding
from divide_index.inference.convergence import (
    Slope,
    corrected_slope,
    dispersion,
    jackknife_variance,
    naive_slope,
    slopes_without_each,
)
from divide_index.inference.estimate import (
    Estimate,
    check_confidence,
    fieller_interval,
    t_quantile,
)
from divide_index.inference.ratios import Formula, linearise_levels
from divide_index.inference.testing import p_values
from divide_index.schema import OVERALL
from divide_index.waves import Waves, refuse_other_index

Floats = NDArray[np.float64]
RegionWeights = Literal["equal", "population"]
Method = Literal["corrected", "naive"]
Errors = Literal["sampling", "regions"]

LEAST_REGIONS = 5


@dataclass(frozen=True, slots=True, eq=False)
class SigmaConvergence:
    """The variance of levels among regions, year by year, in squared index points.

    Parameters
    ----------
    estimate
        Corrected variance of every dimension and year, the years of a dimension together, with
        their joint covariance, ``k`` rows. Below zero where sampling error alone would make the
        levels differ more.
    observed, sampling
        Variance of the estimated levels, and what sampling error adds to it, shape ``(k,)``.
    changes
        Of the corrected variance from the first year to the last: below zero where regions became
        more alike. One for each dimension.
    dimensions
        ``overall`` last, ``D + 1`` of them.
    years
        ``T`` of them, ascending.
    cells
        The regions.
    levels
        Shape ``(D + 1, T, K)``.
    domain, group, weights, formula, confidence, where
        What was asked for.
    waves
        What it was computed from.
    findings
        What a reader of these numbers should know.
    """

    estimate: Estimate
    observed: Floats
    sampling: Floats
    changes: Estimate
    dimensions: tuple[str, ...]
    years: tuple[int, ...]
    cells: tuple[Cell, ...]
    levels: Floats
    domain: str
    group: str | None
    weights: RegionWeights
    formula: Formula
    confidence: float
    where: str | None
    waves: Waves
    findings: tuple[Finding, ...] = ()

    @property
    def is_truncated(self) -> NDArray[np.bool_]:
        """Where the corrected variance is not above zero, so that its root is none, ``(k,)``."""
        return self.estimate.values <= 0

    @property
    def std_deviations(self) -> Floats:
        """Standard deviations of true levels, in index points, zero where truncated, ``(k,)``."""
        return np.sqrt(np.maximum(self.estimate.values, 0.0))

    def row(self, year: int, dimension: str = OVERALL) -> int:
        """Return the position of a year of a dimension."""
        return self.dimensions.index(dimension) * len(self.years) + self.years.index(year)

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per dimension and change from the first year to the last.

        Columns ``domain, dimension, first, last, regions, change, std_error, conf_low,
        conf_high, df, p_value``.
        """
        low, high = self.changes.intervals(self.confidence)
        return pd.DataFrame(
            {
                "domain": self.domain,
                "dimension": list(self.dimensions),
                "first": self.years[0],
                "last": self.years[-1],
                "regions": len(self.cells),
                "change": self.changes.values,
                "std_error": self.changes.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
                "df": self.changes.degrees_of_freedom.astype(np.int64),
                "p_value": p_values(self.changes),
            }
        )

    def years_frame(self) -> pd.DataFrame:
        """Return one unrounded row per dimension and year.

        Columns ``domain, dimension, year, regions, observed, sampling, variance, std_error,
        conf_low, conf_high, df, std_deviation, truncated``.
        """
        low, high = self.estimate.intervals(self.confidence)
        size = len(self.years)
        return pd.DataFrame(
            {
                "domain": self.domain,
                "dimension": np.repeat(self.dimensions, size),
                "year": np.tile(self.years, len(self.dimensions)),
                "regions": len(self.cells),
                "observed": self.observed,
                "sampling": self.sampling,
                "variance": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
                "df": self.estimate.degrees_of_freedom.astype(np.int64),
                "std_deviation": self.std_deviations,
                "truncated": self.is_truncated,
            }
        )

    def __str__(self) -> str:
        """Return changes, then years, rounded to two decimals, for eyes."""
        return "\n\n".join(
            frame.to_string(index=False, float_format=lambda x: f"{x:.2f}", na_rep="")
            for frame in (self.to_frame(), self.years_frame())
        )

    def _repr_html_(self) -> str:
        shown = self.to_frame()
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.2f}", na_rep=""))


@dataclass(frozen=True, slots=True, eq=False)
class BetaConvergence:
    """The slope of regions' changes on their first levels: below zero where those behind rose more.

    Parameters
    ----------
    rows
        What each row is of: the method, and what its error counts. ``sampling`` is of the slope
        among these regions; ``regions`` is a jackknife over them, as if they had been drawn, and
        holds what happened to each by itself.
    estimate
        The slopes, ``k`` rows; those of different errors have no covariance.
    conf_low, conf_high, p_values
        For sampling errors by Fieller's theorem, NaN where an interval is unbounded; else by t.
        Shape ``(k,)``.
    reliability
        Share of the variance of the first year's levels among regions that is not sampling error.
    dimension
        Whose levels they are.
    first, last
        The years.
    cells
        The regions.
    levels
        In the first and the last year, shape ``(2, K)``.
    std_errors
        Their standard errors, shape ``(2, K)``.
    domain, group, weights, formula, confidence, where
        What was asked for.
    waves
        What it was computed from.
    findings
        What a reader of these numbers should know.
    """

    rows: tuple[tuple[Method, Errors], ...]
    estimate: Estimate
    conf_low: Floats
    conf_high: Floats
    p_values: Floats
    reliability: float
    dimension: str
    first: int
    last: int
    cells: tuple[Cell, ...]
    levels: Floats
    std_errors: Floats
    domain: str
    group: str | None
    weights: RegionWeights
    formula: Formula
    confidence: float
    where: str | None
    waves: Waves
    findings: tuple[Finding, ...] = ()

    def row(self, method: Method = "corrected", errors: Errors = "sampling") -> int:
        """Return the position of a row."""
        return self.rows.index((method, errors))

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per method and kind of error.

        Columns ``domain, dimension, first, last, regions, method, errors, slope, std_error,
        conf_low, conf_high, df, p_value, reliability``.
        """
        return pd.DataFrame(
            {
                "domain": self.domain,
                "dimension": self.dimension,
                "first": self.first,
                "last": self.last,
                "regions": len(self.cells),
                "method": [method for method, _ in self.rows],
                "errors": [errors for _, errors in self.rows],
                "slope": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": self.conf_low,
                "conf_high": self.conf_high,
                "df": self.estimate.degrees_of_freedom.astype(np.int64),
                "p_value": self.p_values,
                "reliability": self.reliability,
            }
        )

    def __str__(self) -> str:
        """Return the slopes rounded to three decimals, for eyes."""
        return self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.3f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self.to_frame()
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.3f}", na_rep=""))


def sigma_convergence(
    waves: Waves,
    by: str,
    *,
    group: str | None = None,
    where: str | None = None,
    first: int | None = None,
    last: int | None = None,
    weights: RegionWeights = "equal",
    formula: Formula | None = None,
    confidence: float = 0.95,
) -> SigmaConvergence:
    """Compare how much levels differ among regions, year by year, without sampling error.

    Parameters
    ----------
    waves
        The years. Their indices must be made alike, and categories mean the same.
    by
        A domain of the schema, or a cross such as ``"region*area"``.
    group
        Whose regions these are: a group; by default the reference.
    where, formula
        As in :func:`divide_index.relative_levels`.
    first, last
        The first and the last year; by default of all. Years between are shown.
    weights
        ``equal``: a region counts as any other; ``population``: as the mean of its shares of the
        weights over the years, taken as known.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    SigmaConvergence
        Of every dimension and overall, with design-based standard errors of these regions'
        variances and of their change. A variance below zero is printed.

    Raises
    ------
    EstimationError
        DI-E364, DI-E380: not two years. DI-E381: a series breaks between them. DI-E382: a year
        lacks a region. DI-E384: fewer than five regions. DI-E386: regions without degrees of
        freedom, whose sampling error is not known. And as :func:`divide_index.relative_levels`
        does.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    References
    ----------
    Barro, Sala-i-Martin (1992), Journal of Political Economy 100(2), 223-251.
    """
    check_confidence(confidence)
    sheet = _Sheet.of(
        waves,
        Span.of(waves, first, last),
        by=by,
        group=group,
        where=where,
        weights=weights,
        formula=formula,
    )
    size, years = len(sheet.dimensions), len(sheet.span.years)
    regions = len(sheet.cells)
    found = dispersion(sheet.levels.reshape(-1, regions), sheet.covariance(), sheet.weights)
    estimate = Estimate(
        tuple(f"{name}/{year}" for name in sheet.dimensions for year in sheet.span.years),
        found.corrected,
        found.covariance,
        sheet.degrees.ravel(),
    )
    contrasts = np.zeros((size, size, years))
    contrasts[range(size), range(size), 0] = -1.0
    contrasts[range(size), range(size), -1] = 1.0
    return SigmaConvergence(
        estimate=estimate,
        observed=found.observed,
        sampling=found.sampling,
        changes=estimate.contrast(contrasts.reshape(size, -1), sheet.dimensions),
        dimensions=sheet.dimensions,
        years=sheet.span.years,
        cells=sheet.cells,
        levels=sheet.levels,
        domain=by,
        group=group,
        weights=weights,
        formula=sheet.formula,
        confidence=confidence,
        where=where,
        waves=waves,
        findings=sheet.findings,
    )


def beta_convergence(
    waves: Waves,
    by: str,
    *,
    dimension: str = OVERALL,
    group: str | None = None,
    where: str | None = None,
    first: int | None = None,
    last: int | None = None,
    weights: RegionWeights = "equal",
    formula: Formula | None = None,
    confidence: float = 0.95,
) -> BetaConvergence:
    """Regress regions' changes on their first levels, without what sampling error feigns.

    A first level that is too low by chance is followed by a rise: least squares is biased towards
    -1. The corrected slope takes the known sampling variance and covariance out of both moments.

    Parameters
    ----------
    waves, by, group, where, first, last, weights, formula, confidence
        As in :func:`sigma_convergence`.
    dimension
        Whose levels: a dimension, or overall.

    Returns
    -------
    BetaConvergence
        The corrected and the least squares slope, each with its error from sampling, and with a
        jackknife over regions.

    Raises
    ------
    EstimationError
        DI-E385: the first year's levels differ no more among regions than sampling error alone
        would make them. And as :func:`sigma_convergence` does.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    Notes
    -----
    A slope below zero does not say that regions become more alike: see sigma. A ratio of moments
    is not free of bias where regions are few and the reliability is low: there its interval is
    wide, and missing where the variance of the first levels does not differ from zero.

    References
    ----------
    Fuller (1987), Measurement Error Models, section 2.2; Friedman (1992), Journal of Economic
    Literature 30(4), 2129-2132.
    """
    check_confidence(confidence)
    sheet = _Sheet.of(
        waves,
        Span.of(waves, first, last).pair,
        by=by,
        group=group,
        where=where,
        weights=weights,
        formula=formula,
    )
    if dimension not in sheet.dimensions:
        raise EstimationError(
            "DI-E117", option="dimension", value=dimension, valid=sheet.dimensions
        )
    d, regions = sheet.dimensions.index(dimension), len(sheet.cells)
    place = slice(2 * regions * d, 2 * regions * (d + 1))
    covariance = sheet.covariance()[place, place]
    before, after = sheet.levels[d]
    given: tuple[Floats, Floats, Floats, Floats] = (before, after, covariance, sheet.weights)
    corrected, naive = corrected_slope(*given), naive_slope(*given)
    if not corrected.moments[1] > 0:
        raise EstimationError(
            "DI-E385",
            dimension=dimension,
            year=sheet.span.first,
            observed=float(naive.moments[1]),
            sampling=float(naive.moments[1] - corrected.moments[1]),
        )
    degrees = float(sheet.degrees[d].min())
    rows: list[tuple[Method, Errors]] = []
    values: list[float] = []
    variances: list[float] = []
    of_rows: list[float] = []
    bounds: list[tuple[float, float]] = []
    tests: list[float] = []
    methods: tuple[tuple[Method, Slope], ...] = (("corrected", corrected), ("naive", naive))
    for method, slope in methods:
        without = slopes_without_each(*given, is_corrected=method == "corrected")
        over = jackknife_variance(without)
        usable = 0.0 if np.isnan(over) else float(regions - 2)
        rows.extend((method, each) for each in get_args(Errors))
        values += [slope.value, slope.value]
        variances += [slope.variance, np.nan_to_num(over)]
        of_rows += [degrees, usable]
        bounds.append(_fieller(slope, degrees, confidence))
        drawn = _single(slope.value, np.nan_to_num(over), usable)
        low, high = drawn.intervals(confidence)
        bounds.append((float(low[0]), float(high[0])))
        # No slope is no covariance: the test that Fieller's interval inverts.
        product = _single(float(slope.moments[0]), float(slope.covariance[0, 0]), degrees)
        tests += [float(p_values(product)[0]), float(p_values(drawn)[0])]
    errors = Estimate(
        tuple(map(str, range(2 * regions))),
        sheet.levels[d].ravel(),
        covariance,
        np.full(2 * regions, degrees),
    )
    return BetaConvergence(
        rows=tuple(rows),
        estimate=Estimate(
            tuple("/".join(row) for row in rows),
            np.array(values),
            np.diag(variances),
            np.array(of_rows),
        ),
        conf_low=np.array([low for low, _ in bounds]),
        conf_high=np.array([high for _, high in bounds]),
        p_values=np.array(tests),
        reliability=float(corrected.moments[1] / naive.moments[1]),
        dimension=dimension,
        first=sheet.span.first,
        last=sheet.span.last,
        cells=sheet.cells,
        levels=sheet.levels[d],
        std_errors=errors.std_errors.reshape(2, -1),
        domain=by,
        group=group,
        weights=weights,
        formula=sheet.formula,
        confidence=confidence,
        where=where,
        waves=waves,
        findings=sheet.findings,
    )


def _single(value: float, variance: float, degrees: float) -> Estimate:
    return Estimate(("",), np.array([value]), np.array([[variance]]), np.array([degrees]))


def _fieller(slope: Slope, degrees: float, confidence: float) -> tuple[float, float]:
    quantile = t_quantile(confidence, np.array([degrees]))
    triple = slope.covariance[[0, 0, 1], [0, 1, 1]][None]
    low, high = fieller_interval(slope.moments[[0]], slope.moments[[1]], triple, quantile)
    return float(low[0]), float(high[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """Levels of ``K`` regions in ``T`` years.

    ``levels`` have the shape ``(D + 1, T, K)``, ``psu_totals`` of the stacked design
    ``(P, (D + 1) T K)``, ``degrees`` ``(D + 1, T)``, ``weights`` of the regions ``(K,)``.
    """

    waves: Waves
    span: Span
    cells: tuple[Cell, ...]
    levels: Floats
    psu_totals: Floats
    degrees: Floats
    weights: Floats
    formula: Formula
    findings: tuple[Finding, ...]

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (*self.waves.schema.dimensions, OVERALL)

    def covariance(self) -> Floats:
        """Return the joint covariance of all levels."""
        return self.waves.stacked().design.covariance(self.psu_totals)

    @classmethod
    def of(
        cls,
        waves: Waves,
        span: Span,
        *,
        by: str,
        group: str | None,
        where: str | None,
        weights: RegionWeights,
        formula: Formula | None,
    ) -> "_Sheet":
        """Return the levels of the regions that all years have."""
        formula = formula or waves.schema.formula
        for option, value, valid in (
            ("formula", formula, get_args(Formula)),
            ("weights", weights, get_args(RegionWeights)),
        ):
            if value not in valid:
                raise EstimationError("DI-E117", option=option, value=value, valid=valid)
        names = [part.strip() for part in by.split("*")]
        if GROUP in names:
            raise EstimationError("DI-E117", option="by", value=by, valid=[*waves.schema.domains])
        refuse_other_index(waves)
        groups = None if group is None else [group]
        sums, findings = sums_of_years(waves, span, by=[by], groups=groups, where=where)
        title = "*".join(names if group is None else [GROUP, *names])
        sums = [
            replace(year, cells={c: part for c, part in year.cells.items() if c.domain == title})
            for year in sums
        ]
        cells = shared_cells(span, sums)
        span.refuse_breaks(waves, cells)
        if len(cells) < LEAST_REGIONS:
            raise EstimationError("DI-E384", domain=by, count=len(cells), least=LEAST_REGIONS)
        alone = [
            cell.category
            for cell in cells
            if any((year.degrees_of_freedom([year.cells[cell]]) < 1).any() for year in sums)
        ]
        if alone:
            raise EstimationError("DI-E386", domain=by, regions=alone)
        shares = np.array([part.weight for part in waves.schema.dimensions.values()])
        stacked = waves.stacked()
        levels: list[Floats] = []
        totals: list[Floats] = []
        sizes: list[Floats] = []
        for place, year in zip(span.places, sums, strict=True):
            parts = [year.cells[cell] for cell in cells]
            whole = year.reference
            found = [linearise_levels(p.total, whole.total, shares, formula) for p in parts]
            levels.append(np.stack([each.levels for each in found], axis=1))
            own = [
                part.unit_totals(each.cell, year.design.units)
                + whole.unit_totals(each.reference, year.design.units)
                for part, each in zip(parts, found, strict=True)
            ]
            flat = np.stack(own, axis=2).reshape(year.design.psus, -1)
            totals.append(stacked.totals(place, flat).reshape(-1, *levels[-1].shape))
            size = np.array([float(part.weights.sum()) for part in parts])
            sizes.append(size / size.sum())
        every = np.stack(totals, axis=2)  # (P, D + 1, T, K)
        return cls(
            waves=waves,
            span=span,
            cells=cells,
            levels=np.stack(levels, axis=1),
            psu_totals=every.reshape(every.shape[0], -1),
            degrees=np.stack(
                [year.degrees_of_freedom([year.cells[c] for c in cells]) for year in sums], axis=1
            ),
            weights=np.mean(sizes, axis=0) if weights == "population" else np.ones(len(cells)),
            formula=formula,
            findings=tuple(findings),
        )
