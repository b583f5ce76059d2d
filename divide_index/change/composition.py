"""How a group's distance from the reference changed: its composition, what that is worth, a rest.

In every year the distance is ``Σ_k δ_k b_k + u``: the difference ``δ_k`` of means of each column
of the factors times the slope ``b_k`` in index points, and what is unexplained. Both orders in
which the two could have moved are averaged, so that the parts sum exactly to the change::

    composition_k = (δ1_k - δ0_k)(b0_k + b1_k) / 2
    returns_k = (δ0_k + δ1_k)(b1_k - b0_k) / 2
    unexplained = u1 - u0

Columns of one factor are summed, which makes the parts independent of its base category.

References
----------
Smith, Welch (1989), Journal of Economic Literature 27(2), 519-564; Kim (2010), American
Sociological Review 75(1), 4-28.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index.cells import WHERE, Cell, cell_columns, requested
from divide_index.change.spans import Span, without_noise
from divide_index.decomposition import DecompositionResult, decompose_gap
from divide_index.decomposition.factors import chosen
from divide_index.decomposition.pieces import CellPieces, pieces_of
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.ratios import Formula
from divide_index.inference.stacking import StackedDesign
from divide_index.inference.testing import p_values
from divide_index.schema import OVERALL, variables_of
from divide_index.scoring import score
from divide_index.waves import Waves, refuse_other_categories, refuse_other_index

Floats = NDArray[np.float64]
Part = Literal["change", "composition", "returns", "unexplained"]
PARTS: tuple[Part, ...] = get_args(Part)

TOTAL = "total"
_CLOSE = 1e-9  # of the level


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What a row is of: ``factor`` is a term, or ``total`` of the part."""

    cell: Cell
    dimension: str
    part: Part
    factor: str


@dataclass(frozen=True, slots=True, eq=False)
class ChangeDecomposition:
    """What changes of groups' distances from the reference are made of, in index points.

    A part above zero brought the group nearer to the reference or farther ahead of it. The rows
    of a dimension are what it gives to the overall level.

    Parameters
    ----------
    estimate
        Every part with its joint covariance, ``k`` rows.
    rows
        What each is of, length ``k``.
    cells
        The groups, in order.
    gaps
        Level on complete cases minus 100 of each group in the first and the last year, ``(C, 2)``.
    results
        The decompositions of the two years.
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
    rows: tuple[ChangeRow, ...]
    cells: tuple[Cell, ...]
    gaps: Floats
    results: Mapping[int, DecompositionResult]
    first: int
    last: int
    formula: Formula
    confidence: float
    where: str | None
    waves: Waves
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Check that parts sum to changes, factors to parts, and dimensions to the whole."""
        values = dict(zip(self.rows, self.estimate.values.tolist(), strict=True))
        for cell, (before, after) in zip(self.cells, self.gaps.tolist(), strict=True):
            apart = [values[ChangeRow(cell, OVERALL, "change", TOTAL)] - (after - before)]
            for part in PARTS:
                whole = [
                    values[ChangeRow(cell, d, part, TOTAL)] for d in self.waves.schema.dimensions
                ]
                apart.append(sum(whole) - values[ChangeRow(cell, OVERALL, part, TOTAL)])
            for dimension in (*self.waves.schema.dimensions, OVERALL):
                change, *parts = (values[ChangeRow(cell, dimension, part, TOTAL)] for part in PARTS)
                apart.append(change - sum(parts))
                for part in ("composition", "returns"):
                    named = [
                        value
                        for row, value in values.items()
                        if (row.cell, row.dimension, row.part) == (cell, dimension, part)
                        and row.factor != TOTAL
                    ]
                    apart.append(values[ChangeRow(cell, dimension, part, TOTAL)] - sum(named))
            size = max(1.0, abs(100 + before), abs(100 + after))
            if not np.abs(apart).max() <= _CLOSE * size:  # a NaN is no sum
                raise AssertionError(cell)  # a fault of ours, never of the data

    def row(
        self, cell: tuple[str, str], part: Part, factor: str = TOTAL, dimension: str = OVERALL
    ) -> int:
        """Return the position of a row.

        Parameters
        ----------
        cell
            Domain and category.
        part
            ``change``, ``composition``, ``returns`` or ``unexplained``.
        factor
            A term, or the total of the part.
        dimension
            A dimension, or overall.

        Raises
        ------
        KeyError
            No such row.
        """
        wanted = (*cell, dimension, part, factor)
        for place, row in enumerate(self.rows):
            here = (row.cell.domain, row.cell.category, row.dimension, row.part, row.factor)
            if here == wanted:
                return place
        raise KeyError(wanted)

    def to_frame(self) -> pd.DataFrame:
        """Return one unrounded row per part.

        Columns ``domain, category, dimension, first, last, part, factor, contribution,
        std_error, conf_low, conf_high, df, p_value``; crosses have one column per crossed
        variable after ``category``.
        """
        low, high = self.estimate.intervals(self.confidence)
        return pd.DataFrame(
            {
                **cell_columns([row.cell for row in self.rows]),
                "dimension": [row.dimension for row in self.rows],
                "first": self.first,
                "last": self.last,
                "part": [row.part for row in self.rows],
                "factor": [row.factor for row in self.rows],
                "contribution": self.estimate.values,
                "std_error": self.estimate.reliable_std_errors,
                "conf_low": low,
                "conf_high": high,
                "df": self.estimate.degrees_of_freedom.astype(np.int64),
                "p_value": p_values(self.estimate),
            }
        )

    def __str__(self) -> str:
        """Return the overall parts rounded to two decimals, for eyes."""
        return self._shown().to_string(index=False, float_format=lambda x: f"{x:.2f}", na_rep="")

    def _repr_html_(self) -> str:
        shown = self._shown()
        return str(shown.to_html(index=False, float_format=lambda x: f"{x:.2f}", na_rep=""))

    def _shown(self) -> pd.DataFrame:
        frame = self.to_frame()
        return frame[frame["dimension"] == OVERALL].drop(columns="dimension")


def change_decomposition(
    waves: Waves,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | str | None = None,
    factors: Sequence[str] | str | None = None,
    cells: Sequence[str] | str | None = None,
    where: str | None = None,
    first: int | None = None,
    last: int | None = None,
    formula: Formula | None = None,
    confidence: float = 0.95,
) -> ChangeDecomposition:
    """Divide changes of groups' distances from the reference by composition and returns.

    Parameters
    ----------
    waves
        The years. Their indices must be made alike, and categories mean the same.
    by, groups, factors, cells, where, formula
        As in :func:`divide_index.decompose_gap`, for both years.
    first, last
        The years compared; by default the first and the last of all.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    ChangeDecomposition
        By factor, dimension and overall, with design-based standard errors. ``composition``: the
        group's mix of categories came nearer to the reference's, at the mean of both years'
        slopes. ``returns``: a category is worth more or less in index points than before, at the
        mean difference; it holds the growth of the reference, too, which makes a point of score
        worth less. ``unexplained``: the rest, which is neither discrimination nor a cause. The
        change is that of the level on complete cases.

    Raises
    ------
    EstimationError
        DI-E364, DI-E380: not two years. DI-E381: a series breaks between them. DI-E382: a year
        lacks a group. DI-E383: the factors have not the same categories in both years. DI-E370,
        DI-E371, DI-E372: years that do not compare. And as :func:`divide_index.decompose_gap`
        does.
    DesignError
        As :meth:`divide_index.Waves.stacked` does.

    References
    ----------
    Smith, Welch (1989), Journal of Economic Literature 27(2), 519-564.
    """
    check_confidence(confidence)
    span = Span.of(waves, first, last).pair
    refuse_other_index(waves)
    asked = [by] if isinstance(by, str) else list(by or ())
    named = [groups] if isinstance(groups, str) else groups
    noticed = _refuse_other_meanings(
        waves, by=asked, groups=named, factors=factors, cells=cells, where=where
    )
    formula = formula or waves.schema.formula
    results = {
        year: decompose_gap(
            score(waves.surveys[year]),
            asked,
            groups=named,
            factors=factors,
            cells=[cells] if isinstance(cells, str) else cells,
            where=where,
            formula=formula,
            confidence=confidence,
        )
        for year in span.years
    }
    shared = _shared_groups(span, results)
    span.refuse_breaks(waves, shared)
    pieces = [pieces_of(result, cells=cells) for result in results.values()]
    _refuse_other_columns(span, shared, pieces)
    stacked = waves.stacked()
    rows, values, totals = _all_parts(stacked, span, shared, pieces, [*waves.schema.dimensions])
    gaps = np.array(
        [
            [each.estimate.values[each.row(cell, "gap")] for each in results.values()]
            for cell in shared
        ]
    )
    degrees = {
        cell: min(
            float(each.estimate.degrees_of_freedom[each.row(cell, "gap")])
            for each in results.values()
        )
        for cell in shared
    }
    names = tuple(
        f"{r.cell.domain}/{r.cell.category}/{r.dimension}/{r.part}/{r.factor}" for r in rows
    )
    findings = [*waves.findings, *noticed]
    for each in results.values():
        findings += [found for found in each.findings if found not in findings]
    return ChangeDecomposition(
        estimate=without_noise(
            Estimate(
                names,
                values,
                stacked.design.covariance(totals),
                np.array([degrees[row.cell] for row in rows]),
            )
        ),
        rows=rows,
        cells=shared,
        gaps=gaps,
        results=MappingProxyType(results),
        first=span.first,
        last=span.last,
        formula=formula,
        confidence=confidence,
        where=where,
        waves=waves,
        findings=tuple(findings),
    )


def _refuse_other_meanings(
    waves: Waves,
    *,
    by: Sequence[str],
    groups: Sequence[str] | None,
    factors: Sequence[str] | str | None,
    cells: Sequence[str] | str | None,
    where: str | None,
) -> tuple[Finding, ...]:
    """Hold the categories of groups, factors and cells of the years against each other."""
    schema = waves.schema
    request = requested(schema, by=by, groups=groups, where=where, averages=False)
    condition = request.populations.get(WHERE)
    variables = set[str]() if condition is None else variables_of(condition)
    choice = chosen(schema, factors)
    declared = () if schema.decomposition is None else schema.decomposition.cells
    places = declared if cells is None else [cells] if isinstance(cells, str) else cells
    of_factors = [each.domain for each in choice.factors.values() if each.domain is not None]
    variables |= {each.variable for each in choice.factors.values() if each.variable is not None}
    domains = [*request.domain_keys, *places, *of_factors]
    return refuse_other_categories(waves, [d for d in domains if d in schema.domains], variables)


def _shared_groups(span: Span, results: Mapping[int, DecompositionResult]) -> tuple[Cell, ...]:
    """Return the groups of both years, in the order of the last.

    Raises
    ------
    EstimationError
        DI-E382: groups that a year lacks.
    """
    every = dict.fromkeys(cell for year in (span.last, span.first) for cell in results[year].cells)
    lacking = {
        year: [f"{c.domain}/{c.category}" for c in every if c not in result.cells]
        for year, result in results.items()
    }
    wrong = {year: names for year, names in lacking.items() if names}
    if wrong:
        names = list(dict.fromkeys(name for each in wrong.values() for name in each))
        raise EstimationError("DI-E382", cells=names, years=[*wrong])
    return tuple(every)


def _refuse_other_columns(
    span: Span, cells: Sequence[Cell], pieces: Sequence[Mapping[Cell, CellPieces]]
) -> None:
    """Refuse factors whose columns differ: a category that nobody of a year's reference has.

    Raises
    ------
    EstimationError
        DI-E383: with the columns that one year alone has.
    """
    odd: dict[str, None] = {}
    wrong: list[str] = []
    for cell in cells:
        ours, theirs = (set(each[cell].columns) for each in pieces)
        if ours != theirs:
            wrong.append(f"{cell.domain}/{cell.category}")
            odd |= dict.fromkeys(sorted(ours ^ theirs))
    if wrong:
        raise EstimationError(
            "DI-E383", cells=wrong, columns=[*odd], first=span.first, last=span.last
        )


def _all_parts(
    stacked: StackedDesign,
    span: Span,
    cells: Sequence[Cell],
    pieces: Sequence[Mapping[Cell, CellPieces]],
    dimensions: Sequence[str],
) -> tuple[tuple[ChangeRow, ...], Floats, Floats]:
    """Return every row with its value, shape ``(k,)``, and PSU totals, ``(P, k)``."""
    rows: list[ChangeRow] = []
    values: list[Floats] = []
    totals: list[Floats] = []
    for cell in cells:
        before, after = (each[cell] for each in pieces)
        found, moves = _parts(stacked, span, before, after)
        labels: list[tuple[Part, str]] = [
            ("change", TOTAL),
            *((part, name) for part in PARTS[1:3] for name in (TOTAL, *before.terms)),
            ("unexplained", TOTAL),
        ]
        for place, name in enumerate([*dimensions, OVERALL]):
            rows += [ChangeRow(cell, name, part, factor) for part, factor in labels]
            whole = name == OVERALL
            values.append(found.sum(axis=1) if whole else found[:, place])
            totals.append(moves.sum(axis=2) if whole else moves[:, :, place])
    return tuple(rows), np.concatenate(values), np.hstack(totals)


def _parts(
    stacked: StackedDesign, span: Span, before: CellPieces, after: CellPieces
) -> tuple[Floats, Floats]:
    """Return the parts of one group in the order of its rows, ``(R, D)``, and ``(P, R, D)``."""
    old = before.pieces
    new = after.pieces.of_columns([after.columns.index(name) for name in before.columns])
    first, last = span.ends
    size = old.unexplained.size

    def placed(sample: int, psu_totals: Floats) -> Floats:
        flat = stacked.totals(sample, psu_totals.reshape(psu_totals.shape[0], -1))
        return flat.reshape(-1, *psu_totals.shape[1:])

    moves_old = placed(first, old.difference_totals), placed(first, old.coefficient_totals)
    moves_new = placed(last, new.difference_totals), placed(last, new.coefficient_totals)
    nearer, apart = new.differences - old.differences, new.differences + old.differences
    dearer, worth = new.coefficients - old.coefficients, new.coefficients + old.coefficients
    composition = 0.5 * nearer[:, None] * worth
    returns = 0.5 * apart[:, None] * dearer
    moves_composition = 0.5 * (
        (moves_new[0] - moves_old[0])[:, :, None] * worth
        + nearer[:, None] * (moves_new[1] + moves_old[1])
    )
    moves_returns = 0.5 * (
        (moves_new[0] + moves_old[0])[:, :, None] * dearer
        + apart[:, None] * (moves_new[1] - moves_old[1])
    )
    parts: list[Floats] = []
    moves: list[Floats] = []
    for value, move in ((composition, moves_composition), (returns, moves_returns)):
        named = [value[list(block)].sum(axis=0) for block in before.blocks]
        parts += [np.sum(named, axis=0).reshape(size), *named]
        of_terms = [move[:, list(block)].sum(axis=1) for block in before.blocks]
        moves += [np.sum(of_terms, axis=0), *of_terms]
    parts.append(new.unexplained - old.unexplained)
    moves.append(placed(last, new.unexplained_totals) - placed(first, old.unexplained_totals))
    count = len(before.terms) + 1  # of the rows of each part
    whole = [parts[0] + parts[count] + parts[-1]]
    whole_moves = [moves[0] + moves[count] + moves[-1]]
    return np.stack(whole + parts), np.stack(whole_moves + moves, axis=1)
