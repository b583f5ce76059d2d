"""What a group's change is made of: what its own scores did, and what the reference's did.

A level falls when the group's scores fall, and when the reference's rise. Both orders in which
the two could have moved are averaged (Shapley), so that nothing is left over. With group means
``m``, reference means ``M``, of the first year 0 and the last year 1, ``weighted_ratios`` gives ::

    own_d       = 50 ω_d (m1_d - m0_d) (1/M0_d + 1/M1_d)
    reference_d = 50 ω_d (m0_d + m1_d) (1/M1_d - 1/M0_d)

and ``ratio_of_composites``, with ``c = Σ ω_d m_d`` and ``C = Σ ω_d M_d`` ::

    own_d       =  50 ω_d (m1_d - m0_d) (1/C0 + 1/C1)
    reference_d = -50 (c0 + c1) ω_d (M1_d - M0_d) / (C0 C1)

References
----------
Shorrocks (2013), Journal of Economic Inequality 11(1), 99-126; Das Gupta (1993), Standardization
and Decomposition of Rates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import Cell, cell_columns
from divide_index.change.spans import (
    Span,
    YearSums,
    shared_cells,
    sums_of_years,
    without_noise,
)
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.ratios import Formula, linearise_levels, linearise_means
from divide_index.inference.testing import p_values
from divide_index.schema import OVERALL
from divide_index.waves import Waves, refuse_other_index

Floats = NDArray[np.float64]
Source = Literal["own", "reference", "total"]
SOURCES: tuple[Source, ...] = get_args(Source)

_CLOSE = 1e-9  # of the level


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What a row of sources is of: the cell, the dimension that gives it, and the part."""

    cell: Cell
    dimension: str
    part: Source


@dataclass(frozen=True, slots=True, eq=False)
class ChangeSources:
    """What changes of levels are made of, in index points of the overall level.

    The rows of a dimension are what it gives to the overall level, its weight included: they sum
    to the row ``overall``.

    Parameters
    ----------
    estimate
        Every part with its joint covariance, ``k`` rows.
    rows
        What each is of, length ``k``.
    cells
        The groups and regions, in order.
    levels
        Overall level of each cell in the first and the last year, shape ``(C, 2)``.
    n, psus
        Respondents of each cell with a score, and the PSUs that hold them, in the first and the
        last year, shape ``(C, 2)``.
    first, last
        The years.
    formula, confidence, where
        As those of :class:`~divide_index.levels.LevelResult`.
    waves
        What it was computed from.
    findings
        What a reader of these numbers should know.
    """

    estimate: Estimate
    rows: tuple[SourceRow, ...]
    cells: tuple[Cell, ...]
    levels: Floats
    n: NDArray[np.int64]
    psus: NDArray[np.int64]
    first: int
    last: int
    formula: Formula
    confidence: float
    where: str | None
    waves: Waves
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Check that parts sum to changes, dimensions to the whole, and that to the levels'."""
        parts = self.estimate.values.reshape(len(self.cells), -1, len(SOURCES))
        size = np.maximum(np.abs(self.levels).max(axis=1), 1.0)
        apart = [
            np.abs(parts[:, :, 0] + parts[:, :, 1] - parts[:, :, 2]).max(axis=1),
            np.abs(parts[:, :-1].sum(axis=1) - parts[:, -1]).max(axis=1),
            np.abs(parts[:, -1, 2] - np.diff(self.levels, axis=1)[:, 0]),
        ]
        for each in apart:
            if not (each <= _CLOSE * size).all():  # a NaN is no sum
                raise AssertionError(each)  # a fault of ours, never of the data

    def row(self, cell: tuple[str, str], part: Source, dimension: str = OVERALL) -> int:
        """Return the position of a row.

        Parameters
        ----------
        cell
            Domain and category.
        part
            ``own``, ``reference`` or ``total``.
        dimension
            A dimension, or overall.

        Raises
        ------
        KeyError
            No such row.
        """
        wanted = (*cell, dimension, part)
        for place, row in enumerate(self.rows):
            if (row.cell.domain, row.cell.category, row.dimension, row.part) == wanted:
                return place
        raise KeyError(wanted)

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per part.

        Columns ``domain, category, dimension, first, last, part, contribution, std_error,
        conf_low, conf_high, df, p_value``; crosses have one column per crossed variable after
        ``category``.
        """
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                **cell_columns([row.cell for row in self.rows]),
                "dimension": [row.dimension for row in self.rows],
                "first": self.first,
                "last": self.last,
                "part": [row.part for row in self.rows],
                "contribution": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
                "df": self.estimate.degrees_of_freedom.astype(np.int64),
                "p_value": p_values(self.estimate),
            }
        )

    def __str__(self) -> str:
        """Return the parts rounded to two decimals, for eyes."""
        return self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.2f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self.to_frame()
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.2f}", na_rep=""))


def change_sources(
    waves: Waves,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | None = None,
    where: str | None = None,
    first: int | None = None,
    last: int | None = None,
    formula: Formula | None = None,
    confidence: float = 0.95,
) -> ChangeSources:
    """Divide changes of levels into what the group's scores did and what the reference's did.

    Parameters
    ----------
    waves
        The years. Their indices must be made alike, and categories mean the same.
    by, groups, where, formula
        As in :func:`divide_index.relative_levels`; averages of groups have no sources of their
        own.
    first, last
        The years compared; by default the first and the last of all.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    ChangeSources
        By dimension and overall, with design-based standard errors. Dimensions are available
        cases, as the levels are.

    Raises
    ------
    EstimationError
        DI-E364, DI-E380: not two years. DI-E381: a series breaks between them. DI-E382: a year
        lacks a cell. DI-E370, DI-E371, DI-E372: years that do not compare. And as
        :func:`divide_index.relative_levels` does.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    Notes
    -----
    Every part is a smooth function of the four means of each dimension. Its influence is the
    gradient times theirs, in the design of all years together, so that PSUs surveyed in both
    years give their covariance.

    References
    ----------
    Shorrocks (2013), Journal of Economic Inequality 11(1), 99-126.
    """
    check_confidence(confidence)
    formula = formula or waves.schema.formula
    if formula not in get_args(Formula):
        raise EstimationError("DI-E117", option="formula", value=formula, valid=get_args(Formula))
    span = Span.of(waves, first, last).pair
    refuse_other_index(waves)
    asked = [by] if isinstance(by, str) else list(by or ())
    sums, findings = sums_of_years(waves, span, by=asked, groups=groups, where=where)
    cells = shared_cells(span, sums)
    span.refuse_breaks(waves, cells)
    values, totals, degrees = _all_parts(waves, span, sums, cells, formula)
    dimensions = (*waves.schema.dimensions, OVERALL)
    rows = tuple(SourceRow(c, name, part) for c in cells for name in dimensions for part in SOURCES)
    names = tuple(f"{r.cell.domain}/{r.cell.category}/{r.dimension}/{r.part}" for r in rows)
    covariance = waves.stacked().design.covariance(totals)
    estimate = without_noise(Estimate(names, values, covariance, degrees))
    counts = [[year.cells[cell].counts[:, -1] for year in sums] for cell in cells]
    lost = [row.cell for row, df in zip(rows, degrees, strict=True) if df < 1]
    if lost:
        named = [f"{cell.domain}/{cell.category}" for cell in dict.fromkeys(lost)]
        findings.append(Finding.of("DI-W063", cells=named))
    return ChangeSources(
        estimate=estimate,
        rows=rows,
        cells=cells,
        levels=_levels(sums, cells, _shares(waves), formula),
        n=np.array([[each.sum() for each in pair] for pair in counts]).astype(np.int64),
        psus=np.array(
            [
                [
                    year.design.psus_held(each > 0).sum()
                    for year, each in zip(sums, pair, strict=True)
                ]
                for pair in counts
            ],
            dtype=np.int64,
        ),
        first=span.first,
        last=span.last,
        formula=formula,
        confidence=confidence,
        where=where,
        waves=waves,
        findings=tuple(findings),
    )


def _all_parts(
    waves: Waves,
    span: Span,
    sums: Sequence[YearSums],
    cells: Sequence[Cell],
    formula: Formula,
) -> tuple[Floats, Floats, Floats]:
    """Return values, PSU totals and degrees of freedom of all rows: ``(k,)``, ``(P, k)``."""
    shares = _shares(waves)
    stacked = waves.stacked()
    means: list[Floats] = []
    moves: list[Floats] = []
    for place, year in zip(span.places, sums, strict=True):
        found = linearise_means(year.reference.total)
        means.append(found.levels)
        own = year.reference.unit_totals(found.cell, year.design.units)
        moves.append(stacked.totals(place, own))
    values: list[Floats] = []
    totals: list[Floats] = []
    degrees: list[Floats] = []
    for cell in cells:
        of_cell: list[Floats] = []
        moves_cell: list[Floats] = []
        for place, year in zip(span.places, sums, strict=True):
            part = year.cells[cell]
            found = linearise_means(part.total)
            of_cell.append(found.levels)
            moves_cell.append(
                stacked.totals(place, part.unit_totals(found.cell, year.design.units))
            )
        parts, gradient = _parts(np.stack([*of_cell, *means]), shares, formula)
        influence = np.hstack([*moves_cell, *moves]) @ gradient.reshape(-1, 4 * shares.size).T
        by_part = influence.reshape(-1, 2, shares.size)
        values.append(_completed(parts[None])[0].T.ravel())
        totals.append(np.moveaxis(_completed(by_part), 1, 2).reshape(influence.shape[0], -1))
        df = np.min([year.degrees_of_freedom([year.cells[cell]]) for year in sums], axis=0)
        degrees.append(np.repeat(df, len(SOURCES)))
    return np.concatenate(values), np.hstack(totals), np.concatenate(degrees)


def _completed(parts: Floats) -> Floats:
    """Return parts ``(m, 2, D)`` with their totals over parts and dimensions, ``(m, 3, D+1)``."""
    total = np.concatenate([parts, parts.sum(axis=1, keepdims=True)], axis=1)
    return np.concatenate([total, total.sum(axis=2, keepdims=True)], axis=2)


def _parts(means: Floats, shares: Floats, formula: Formula) -> tuple[Floats, Floats]:
    """Return the two parts of each dimension, and their gradient.

    Parameters
    ----------
    means
        ``m0, m1, M0, M1``, shape ``(4, D)``.
    shares
        Weights ``ω_d``, shape ``(D,)``.
    formula
        How dimensions make the overall level.

    Returns
    -------
    parts, gradient
        Own and reference, shape ``(2, D)``; by each of the means, shape ``(2, D, 4, D)``.
    """
    m0, m1, M0, M1 = means
    rise, both, w = m1 - m0, m0 + m1, 50 * shares
    size = shares.size
    gradient = np.zeros((2, size, 4, size))
    if formula == "weighted_ratios":
        d = np.arange(size)
        inverses, fall = 1 / M0 + 1 / M1, 1 / M1 - 1 / M0
        gradient[0, d, 0, d], gradient[0, d, 1, d] = -w * inverses, w * inverses
        gradient[0, d, 2, d], gradient[0, d, 3, d] = -w * rise / M0**2, -w * rise / M1**2
        gradient[1, d, 0, d] = gradient[1, d, 1, d] = w * fall
        gradient[1, d, 2, d], gradient[1, d, 3, d] = w * both / M0**2, -w * both / M1**2
        return np.stack([w * rise * inverses, w * both * fall]), gradient
    C0, C1, c = float(shares @ M0), float(shares @ M1), float(shares @ both)
    inverses, growth = 1 / C0 + 1 / C1, w * (M1 - M0) / (C0 * C1)
    level = np.diag(w) * c / (C0 * C1)
    gradient[0, :, 0], gradient[0, :, 1] = -np.diag(w) * inverses, np.diag(w) * inverses
    gradient[0, :, 2] = -np.outer(w * rise, shares) / C0**2
    gradient[0, :, 3] = -np.outer(w * rise, shares) / C1**2
    gradient[1, :, 0] = gradient[1, :, 1] = -np.outer(growth, shares)
    gradient[1, :, 2] = level + c * np.outer(growth, shares) / C0
    gradient[1, :, 3] = -level + c * np.outer(growth, shares) / C1
    return np.stack([w * rise * inverses, -c * growth]), gradient


def _levels(
    sums: Sequence[YearSums], cells: Sequence[Cell], shares: Floats, formula: Formula
) -> Floats:
    """Return overall levels by the road that ``relative_levels`` takes, ``(C, 2)``."""
    found = [
        [
            linearise_levels(y.cells[cell].total, y.reference.total, shares, formula).levels[-1]
            for y in sums
        ]
        for cell in cells
    ]
    return np.array(found, dtype=np.float64)


def _shares(waves: Waves) -> Floats:
    return np.array([part.weight for part in waves.schema.dimensions.values()])
