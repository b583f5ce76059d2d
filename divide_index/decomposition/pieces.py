"""A decomposition's explained parts taken apart: differences in composition, and slopes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import Cell
from divide_index.decomposition.cases import Records, defining_factors, margins_of, members_of
from divide_index.decomposition.factors import covariates, term_variables
from divide_index.decomposition.result import DecompositionResult
from divide_index.inference.gap_pieces import GapPieces, pieces_of_gaps
from divide_index.inference.gaps import People
from divide_index.schema import category_rule

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_CLOSE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class CellPieces:
    """The pieces of one group's distance from the reference.

    Parameters
    ----------
    terms
        The factors that explain it, ``B`` of them.
    columns
        What each column is, as term and category, length ``K``.
    blocks
        The columns of each term.
    pieces
        Differences and coefficients of the columns, with what is unexplained.
    """

    terms: tuple[str, ...]
    columns: tuple[str, ...]
    blocks: tuple[tuple[int, ...], ...]
    pieces: GapPieces


def pieces_of(
    result: DecompositionResult, *, cells: Sequence[str] | str | None = None
) -> Mapping[Cell, CellPieces]:
    """Return the pieces of every group of a decomposition.

    Parameters
    ----------
    result
        From :func:`divide_index.decompose_gap`.
    cells
        As it was given there: an empty list asks for slopes across all of the reference.

    Notes
    -----
    Fitted again and held against the result: what the pieces explain is what it says.
    """
    scores, schema = result.scores, result.scores.survey.schema
    groups, where = result.groups, result.where
    records = Records.of(scores, result.choice)
    members = members_of(scores, [*result.by, *margins_of(result.by, groups)], groups, where)
    left_out = {c: defining_factors(c, result.choice, schema, where) for c in members}
    # Without domains the groups that leave out no more are the cells.
    are_cells = not result.place and cells is None
    fixed = [_categories(records, name) for name in result.place]
    found: dict[Cell, CellPieces] = {}
    for names in dict.fromkeys(left_out[cell] for cell in result.cells):
        shown = [cell for cell in result.cells if left_out[cell] == names]
        codes = fixed
        if are_cells:
            codes = [m.astype(np.intp) for c, m in members.items() if left_out[c] <= names]
        found |= _pieces(result, records, {c: members[c] for c in shown}, names, codes)
    for cell, each in found.items():
        _check(result, cell, each)
    return {cell: found[cell] for cell in result.cells}


def _pieces(
    result: DecompositionResult,
    records: Records,
    members: Mapping[Cell, Mask],
    left_out: frozenset[str],
    codes: Sequence[Indices],
) -> dict[Cell, CellPieces]:
    """Return the pieces of the groups that share their factors."""
    choice = result.choice.without(left_out, term_variables(result.choice))
    masks = [records.cases(mask, left_out) for mask in members.values()]
    reference = records.cases(records.reference)
    rows = np.flatnonzero(np.logical_or.reduce([reference, *masks]))
    columns = covariates(choice, records.values, rows, reference[rows])
    centre = columns.matrix[reference[rows]].mean(axis=0)  # only differences count
    people = People(
        scores=records.y[rows],
        covariates=columns.matrix - centre,
        weights=records.weights[rows],
        psu=records.unit[rows],
        cells=np.where(reference, _crossed(codes, records.weights.size), -1)[rows],
    )
    pieces = pieces_of_gaps(
        people,
        [mask[rows] for mask in masks],
        records.shares,
        formula=result.formula,
        psus=records.units,
    )
    return {
        cell: CellPieces(columns.terms, columns.columns, columns.blocks, each)
        for cell, each in zip(members, pieces, strict=True)
    }


def _crossed(codes: Sequence[Indices], size: int) -> Indices:
    """Return the combination of codes of each record; -1, no category, is a code like others."""
    if not codes:
        return np.zeros(size, dtype=np.intp)
    return np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].reshape(-1)


def _categories(records: Records, domain: str) -> Indices:
    schema = records.schema
    variable, rule = schema.domains[domain].variable, category_rule(schema, domain)
    return engine.categories(records.scores.frame, schema, variable, rule)[1]


def _check(result: DecompositionResult, cell: Cell, found: CellPieces) -> None:
    explained, values = found.pieces.explained, result.estimate.values
    size = max(1.0, abs(float(values[result.row(cell, "gap")])))
    for d, dimension in enumerate(result.scores.survey.schema.dimensions):
        parts = {
            term: float(explained[list(block), d].sum())
            for term, block in zip(found.terms, found.blocks, strict=True)
        }
        known = {
            result.rows[row].factor: float(values[row])
            for row in result.rows_of(cell, "explained", dimension)
        }
        apart = [abs(parts[term] - value) for term, value in known.items()]
        rest = float(values[result.row(cell, "unexplained", dimension=dimension)])
        apart.append(abs(float(found.pieces.unexplained[d]) - rest))
        if parts.keys() != known.keys() or not max(apart) <= _CLOSE * size:
            raise AssertionError(cell, dimension)  # a fault of ours, never of the data
