"""The records of a printed table, sorted by the cells they are in.

Every printed cell is a set of records. Records that are in exactly the same cells cannot be
told apart by anything printed: they make an *atom*, and every cell is a union of atoms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import Cell, codes_of, key_column, membership_of
from divide_index.levels import LevelResult, NonresponseBand
from divide_index.levels.result import Cases
from divide_index.schema import (
    Variant,
    category_rule,
    dimension_column,
)

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_VARIANT_OF: dict[Cases, Variant] = {
    "available": "score",
    "complete": "complete",
    "answered": "answered",
    "missing_as_zero": "zero",
}


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """The atoms of a table, ``A`` of them, and what each holds; ``C`` cells, the reference first.

    Only respondents count: records with a positive weight and a score.

    Parameters
    ----------
    cells
        The cells.
    members
        Whether an atom is part of a cell, shape ``(C, A)``.
    counts
        Respondents by dimension, of a decomposition where there is one, and with any dimension
        last, shape ``(D + 1, A)`` or ``(D + 2, A)``.
    others
        The same under the other treatments of item nonresponse that are printed, ``(M, A)``.
    totals
        ``Σ w`` and, by dimension, ``Σ w y``, and the same of a decomposition where there is one,
        shape ``(T, A)`` with ``T = D + 1`` or ``2 D + 2``.
    largest
        The largest contributions to each total, from the largest on, ``(T, A, m)``.
    """

    cells: tuple[Cell, ...]
    members: Mask
    counts: Floats
    others: Floats
    totals: Floats
    largest: Floats


def atoms_of(
    result: LevelResult,
    band: NonresponseBand | None,
    largest: int,
    complete: Mask | None = None,
) -> Atoms:
    """Return the atoms of a table of levels.

    Parameters
    ----------
    result
        The levels.
    band
        The nonresponse band printed beside them.
    largest
        How many of the largest contributions are wanted.
    complete
        Who counts in a decomposition printed beside them, shape ``(n,)``.
    """
    survey, schema = result.scores.survey, result.scores.survey.schema
    cells = tuple(dict.fromkeys(result.cells))
    domains = {name for cell in cells for name, _ in codes_of(cell) if name != "group"}
    kind, kinds = engine.memberships(
        result.scores.frame,
        schema,
        [membership_of(cell, schema, result.where) for cell in cells],
        {key_column(schema, name): category_rule(schema, name) for name in sorted(domains)},
    )
    weight = schema.design.weight
    ones = np.ones(survey.records)
    weights = ones if weight is None else engine.values(survey.frame, weight)
    positive = weights > 0
    y = _scores(result, result.cases)
    known = _known(y, positive)
    if complete is not None:  # respondents of their own, in every cell of the table
        known = np.column_stack([known[:, :-1], complete & positive, known[:, -1]])
    treatments = [] if band is None else [*band.results.values()]
    others = [
        _known(_scores(result, each.cases), positive)
        for each in treatments
        if each.cases != result.cases
    ]
    kept = np.flatnonzero(np.logical_or.reduce([each[:, -1] for each in (known, *others)]))
    members, atom = np.unique(kinds, axis=0, return_inverse=True)
    atom = atom.reshape(-1)[kind[kept]].astype(np.intp)
    present, atom = np.unique(atom, return_inverse=True)
    size = present.size
    contributions = np.column_stack(
        [known[:, -1].astype(np.float64), np.where(known[:, : y.shape[1]], y, 0.0)]
    )
    if complete is not None:  # totals of their own: another few may hold them
        counted = (complete & positive)[:, None]
        contributions = np.hstack([contributions, counted, np.where(counted, y, 0.0)])
    contributions *= np.where(positive, weights, 0.0)[:, None]
    sums, top = _totals(contributions[kept], atom.astype(np.intp), size, largest)
    return Atoms(
        cells=cells,
        members=members[present].T,
        counts=_counts(known[kept], atom, size),
        others=np.vstack([np.zeros((0, size)), *(_counts(o[kept], atom, size) for o in others)]),
        totals=sums,
        largest=top,
    )


def _scores(result: LevelResult, cases: Cases) -> Floats:
    frame, names = result.scores.frame, result.scores.survey.schema.dimensions
    columns = [dimension_column(name, _VARIANT_OF[cases]) for name in names]
    return np.column_stack([engine.values(frame, column) for column in columns])


def _known(y: Floats, positive: Mask) -> Mask:
    """Return who counts in each dimension and in any, shape ``(n, D + 1)``."""
    known = ~np.isnan(y) & positive[:, None]
    return np.column_stack([known, known.any(axis=1)])


def _counts(known: Mask, atom: Indices, size: int) -> Floats:
    return np.stack([np.bincount(atom, column, size) for column in known.T]).astype(np.float64)


def _totals(contributions: Floats, atom: Indices, size: int, largest: int) -> tuple[Floats, Floats]:
    """Return each atom's totals and largest contributions, whatever the order of the records."""
    sums = np.zeros((contributions.shape[1], size))
    top = np.zeros((*sums.shape, largest))
    for index, column in enumerate(contributions.T):
        order = np.lexsort((-column, atom))
        values, places = column[order], atom[order]
        starts = np.searchsorted(places, np.arange(size))
        sums[index] = np.add.reduceat(values, starts) if size else 0.0
        rank: Indices = np.arange(values.size, dtype=np.intp) - starts[places]
        is_large: Mask = rank < largest
        top[index, places[is_large], rank[is_large]] = values[is_large]
    return sums, top
