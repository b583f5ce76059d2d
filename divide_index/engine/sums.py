"""Weighted sums of scores over PSUs, populations and categories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.conditions import has_valid_answer, truth_of
from divide_index.engine.frames import Floats, Frame
from divide_index.engine.psus import UNIT
from divide_index.engine.rules import rule_expression
from divide_index.schema import Bands, Condition, SurveySchema, answer_of, code_text

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class GroupedSums:
    """Sums by unit, populations and category, one row for each combination that occurs.

    Parameters
    ----------
    unit
        Index of the unit of the design, shape ``(G,)``.
    cells
        Category codes of each row.
    flags
        By population, whether the row's records belong to it, shapes ``(G,)``.
    weights
        Weights of all its records, scored or not, shape ``(G,)``.
    sums
        ``W_1, Y_1, W_2, Y_2, …`` of each set of scores, shapes ``(G, 2 D)``.
    counts
        Records with a positive weight and a score, by score and with any, ``(G, D + 1)`` a set.
    moments
        ``Σ w v v'`` of the first set, ``v = (r_1, r_1 y_1, r_2, …)``, ``(G, 2 D, 2 D)``; None
        unless asked for.
    """

    unit: Indices
    cells: list[tuple[str, ...]]
    flags: dict[str, Mask]
    weights: Floats
    sums: list[Floats]
    counts: list[Floats]
    moments: Floats | None


class Moments:
    """Scores, populations and categories of every record, ready to be summed.

    Parameters
    ----------
    frame
        A frame with scores, the index of units and the variables of the conditions and keys.
    schema
        The survey's schema.
    sets
        Sets of score columns; missing is null. A record counts in a set with any of them.
    conditions
        Populations by name; None is everybody.
    keys
        The columns that cells are cut by, with the bands of those cut from a number.
    second
        Whether second moments of the first set are wanted.
    """

    def __init__(
        self,
        frame: Frame,
        schema: SurveySchema,
        *,
        sets: Sequence[Sequence[str]],
        conditions: Mapping[str, Condition | None],
        keys: Mapping[str, Bands | None],
        second: bool,
    ) -> None:
        data = nw.from_native(frame, eager_only=True)
        weight = schema.design.weight
        self._second = second
        self._unit = np.asarray(data.get_column(UNIT).to_numpy(), dtype=np.intp)
        ones = np.ones(self._unit.size)
        self._weights = ones if weight is None else _floats(data.get_column(weight))
        self._scores = [np.column_stack([_floats(data.get_column(n)) for n in s]) for s in sets]
        self._flags: dict[str, Mask] = {}
        self._unknown: dict[str, Mask] = {}
        for name, where in conditions.items():
            self._flags[name] = np.ones(self._unit.size, dtype=bool)
            if where is not None:
                is_true, is_false = truth_of(where, schema, data.get_column)
                self._flags[name] = _mask(is_true)
                self._unknown[name] = ~(self._flags[name] | _mask(is_false))
        self._keys = {key: categories_of(data, schema, key, bands) for key, bands in keys.items()}

    def sums(self, keys: Sequence[str]) -> GroupedSums:
        """Return the sums of every combination of unit, populations and categories.

        Parameters
        ----------
        keys
            The columns to cut by; a record without a category in one of them is left out.
        """
        names = [self._keys[key][0] for key in keys]
        codes = [self._keys[key][1] for key in keys]
        kept = np.flatnonzero(np.logical_and.reduce([c >= 0 for c in codes] or [self._unit >= 0]))
        flags = np.column_stack([flag[kept] for flag in self._flags.values()])
        rows = _Rows.of(self._unit[kept], [_pattern(flags), *(c[kept] for c in codes)])
        weights = self._weights[kept]
        positive = (weights > 0).astype(np.float64)
        sums: list[Floats] = []
        counts: list[Floats] = []
        moments = None
        for index, scores in enumerate(self._scores):
            y = scores[kept]
            known = ~np.isnan(y)
            v = np.empty((y.shape[0], 2 * y.shape[1]))
            v[:, 0::2], v[:, 1::2] = known, np.where(known, y, 0.0)
            sums.append(rows.summed(weights[:, None] * v))
            here = np.column_stack([known, known.any(axis=1)])
            counts.append(rows.summed(positive[:, None] * here))
            if self._second and index == 0:
                moments = rows.second_moments(weights, v)
        first = rows.first
        labels: list[list[str]] = [
            [name[int(code)] for code in c[kept][first]]
            for name, c in zip(names, codes, strict=True)
        ]
        return GroupedSums(
            unit=self._unit[kept][first],
            cells=list(zip(*labels, strict=True)) if labels else [()] * first.size,
            flags=dict(zip(self._flags, flags[first].T, strict=True)),
            weights=rows.summed(weights[:, None])[:, 0],
            sums=sums,
            counts=counts,
            moments=moments,
        )

    def without_category(self, populations: Sequence[str], key: str) -> tuple[int, float]:
        """Return how many records in all of some populations have no category, and their share."""
        inside = np.logical_and.reduce([self._flags[name] for name in populations])
        return self._share(inside & (self._keys[key][1] < 0), inside)

    def unknown(self) -> dict[str, tuple[int, float]]:
        """Return, by population, the records its condition cannot judge and their weight share."""
        everyone = np.ones(self._unit.size, dtype=bool)
        return {
            name: self._share(each, everyone) for name, each in self._unknown.items() if each.any()
        }

    def _share(self, part: Mask, whole: Mask) -> tuple[int, float]:
        total = float(self._weights[whole].sum())
        return int(part.sum()), float(self._weights[part].sum()) / total if total else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Records sorted into the rows of a table of sums.

    ``order`` sorts the records by row, ``(n,)``; ``starts`` is where each row begins in that
    order and ``first`` a record of it, ``(G,)``.
    """

    order: Indices
    starts: Indices
    first: Indices

    @classmethod
    def of(cls, unit: Indices, codes: Sequence[Indices]) -> "_Rows":
        """Return the rows of records with equal unit and codes, in that order."""
        order = np.lexsort([*reversed(codes), unit])
        changes = np.zeros(unit.size, dtype=bool)
        changes[:1] = True
        for code in (unit, *codes):
            changes[1:] |= code[order][1:] != code[order][:-1]
        starts = np.flatnonzero(changes)
        return cls(order, starts, order[starts])

    def summed(self, values: Floats) -> Floats:
        """Return the sums of values ``(n, m)`` by row, shape ``(G, m)``."""
        if not self.starts.size:
            return np.zeros((0, values.shape[1]))
        return np.add.reduceat(values[self.order], self.starts, axis=0)

    def second_moments(self, weights: Floats, v: Floats) -> Floats:
        """Return ``Σ w v v'`` by row, shape ``(G, m, m)``, one triangle of it computed."""
        size = v.shape[1]
        upper = np.triu_indices(size)
        sums = self.summed(weights[:, None] * v[:, upper[0]] * v[:, upper[1]])
        moments = np.empty((self.starts.size, size, size))
        moments[:, upper[0], upper[1]] = sums
        moments[:, upper[1], upper[0]] = sums
        return moments


def _pattern(flags: Mask) -> Indices:
    """Return a number for each combination of populations, shape ``(n,)``."""
    packed = np.packbits(flags, axis=1)
    codes = packed[:, 0].astype(np.intp)
    for column in packed.T[1:]:
        codes = np.unique(codes * 256 + column, return_inverse=True)[1].astype(np.intp)
    return codes


def categories_of(
    data: "nw.DataFrame[Frame]", schema: SurveySchema, key: str, bands: Bands | None
) -> tuple[list[str], Indices]:
    """Return the categories of a column and each record's position among them, -1 for none."""
    if bands is not None:
        data = data.select(**{key: rule_expression(bands, schema)})
    column = data.get_column(key)
    known = ~column.is_null()
    if key in schema.variables:
        known = has_valid_answer(column, answer_of(schema, key))
    has_category = _mask(known)
    present = column.filter(known).to_numpy()
    values, inverse = np.unique(
        present.astype(object if present.dtype == object else present.dtype), return_inverse=True
    )
    codes = np.full(has_category.size, -1, dtype=np.intp)
    codes[has_category] = inverse
    return [code_text(value) for value in values.tolist()], codes


def categories(
    frame: Frame, schema: SurveySchema, key: str, bands: Bands | None = None
) -> tuple[list[str], Indices]:
    """Return the categories of a column of a frame, and each record's position among them.

    Parameters
    ----------
    frame
        A frame with the column.
    schema
        The survey's schema.
    key
        A variable, or with bands any name.
    bands
        Of a domain that is cut from a number.

    Returns
    -------
    names, positions
        Codes as text, sorted; shape ``(n,)``, -1 for a record without a category.
    """
    return categories_of(nw.from_native(frame, eager_only=True), schema, key, bands)


def answers(frame: Frame, schema: SurveySchema, variable: str) -> Floats:
    """Return the answers of a numeric variable, NaN where there is none, shape ``(n,)``."""
    data = nw.from_native(frame, eager_only=True)
    column = data.get_column(variable)
    known = _mask(has_valid_answer(column, answer_of(schema, variable)))
    return np.where(known, _floats(column), np.nan)


def _floats(series: "nw.Series[Frame]") -> Floats:
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _mask(series: "nw.Series[Frame]") -> Mask:
    return np.asarray(series.to_numpy(), dtype=bool)
