"""Weighted sums of scores over the cells of a margin, by PSU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.conditions import all_of, has_valid_answer, meets
from divide_index.engine.frames import Floats, Frame
from divide_index.engine.psus import PSU
from divide_index.engine.rules import rule_expression
from divide_index.schema import Bands, Condition, SurveySchema, answer_of, code_text


@dataclass(frozen=True, slots=True)
class GroupedSums:
    """Sums by PSU, populations and category, one row for each combination that occurs.

    Parameters
    ----------
    psu
        Index of the PSU, shape ``(G,)``.
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

    psu: NDArray[np.intp]
    cells: list[tuple[str, ...]]
    flags: dict[str, NDArray[np.bool_]]
    weights: Floats
    sums: list[Floats]
    counts: list[Floats]
    moments: Floats | None


class Moments:
    """Weighted first and second moments of scores, ready to be summed over cells.

    Parameters
    ----------
    frame
        A frame with scores, a PSU index and the variables of the conditions and keys.
    schema
        The survey's schema.
    sets
        Sets of score columns; missing is null. A record counts in a set with any of them.
    conditions
        Populations by name; None is everybody.
    keys
        The columns that margins are cut by, with the bands of those cut from a number.
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
        self._schema = schema
        self._populations = [*conditions]
        self._sizes = [len(scores) for scores in sets]
        flags = {
            f"flag:{name}": nw.lit(True) if where is None else meets(where, schema)  # noqa: FBT003
            for name, where in conditions.items()
        }
        weight = schema.design.weight
        w = nw.lit(1.0) if weight is None else nw.col(weight)
        columns = [column for scores in sets for column in scores]
        present = {f":r{i}": (~nw.col(name).is_null()) for i, name in enumerate(columns)}
        data = nw.from_native(frame, eager_only=True).select(
            PSU,
            *(key for key, bands in keys.items() if bands is None),
            **{
                key: rule_expression(bands, schema)
                for key, bands in keys.items()
                if bands is not None
            },
            **flags,
            **{":w": w},
            **{name: here.cast(nw.Float64) for name, here in present.items()},
            **{f":y{i}": nw.col(name).fill_null(0.0) for i, name in enumerate(columns)},
        )
        positive = (nw.col(":w") > 0).cast(nw.Float64)
        weighted = {
            f":w{v}{i}": nw.col(":w") * nw.col(f":{v}{i}")
            for i in range(len(columns))
            for v in "ry"
        }
        counted = {f":n{i}": positive * nw.col(f":r{i}") for i in range(len(columns))}
        starts = np.cumsum([0, *self._sizes])
        starts_and_ends = pairwise(starts.tolist())
        any_of_set = {
            f":any{k}": positive
            * (_added([nw.col(f":r{i}") for i in range(start, end)]) > 0).cast(nw.Float64)
            for k, (start, end) in enumerate(starts_and_ends)
        }
        data = data.with_columns(**weighted, **counted, **any_of_set)
        self._pairs = _pairs(self._sizes[0]) if second else {}
        products = {
            name: nw.col(f":w{left}") * nw.col(f":{right}")
            for name, (left, right) in self._pairs.values()
            if name not in weighted
        }
        self._columns = [":w", *weighted, *counted, *any_of_set, *products]
        data = data.with_columns(**products) if products else data
        self._data = data.select(PSU, *keys, *flags, *self._columns)

    def sums(self, keys: Sequence[str]) -> GroupedSums:
        """Return the sums of every combination of PSU, populations and categories.

        Parameters
        ----------
        keys
            The columns to cut by; a record without a category in one of them is left out.
        """
        data = self._data
        if keys:
            data = data.filter(all_of([self._has_category(key) for key in keys]))
        flags = [f"flag:{name}" for name in self._populations]
        by = [PSU, *flags, *keys]
        grouped = data.group_by(*by).agg(nw.col(*self._columns).sum()).sort(*by)
        array = np.asarray(grouped.select(*self._columns).to_numpy(), dtype=np.float64)
        position = {name: index for index, name in enumerate(self._columns)}
        labels = [[code_text(code) for code in grouped[key].to_list()] for key in keys]
        return GroupedSums(
            psu=np.asarray(grouped[PSU].to_numpy(), dtype=np.intp),
            cells=list(zip(*labels, strict=True)) if labels else [()] * len(grouped),
            flags={
                name: np.asarray(grouped[flag].to_numpy(), dtype=bool)
                for name, flag in zip(self._populations, flags, strict=True)
            },
            weights=array[:, position[":w"]],
            sums=[
                array[:, [position[name] for name in names]] for names in self._names(":wr", ":wy")
            ],
            counts=[
                array[:, [*(position[name] for name in names), position[f":any{k}"]]]
                for k, names in enumerate(self._names(":n"))
            ],
            moments=self._moments(array, position),
        )

    def without_category(self, flag: str, key: str) -> tuple[int, float]:
        """Return how many records of a population have no category, and their weight share."""
        data = self._data.filter(nw.col(f"flag:{flag}")).select(
            ":w", **{":known": self._has_category(key)}
        )
        lost = data.filter(~nw.col(":known"))[":w"]
        total = float(data[":w"].sum())
        return len(lost), float(lost.sum()) / total if total else 0.0

    def _has_category(self, key: str) -> nw.Expr:
        if key in self._schema.variables:
            return has_valid_answer(nw.col(key), answer_of(self._schema, key))
        return ~nw.col(key).is_null()

    def _names(self, *prefixes: str) -> list[list[str]]:
        starts = np.cumsum([0, *self._sizes]).tolist()
        return [
            [f"{prefix}{i}" for i in range(start, end) for prefix in prefixes]
            for start, end in pairwise(starts)
        ]

    def _moments(self, array: Floats, position: Mapping[str, int]) -> Floats | None:
        if not self._pairs:
            return None
        size = 2 * self._sizes[0]
        moments = np.empty((len(array), size, size))
        for (i, j), (name, _) in self._pairs.items():
            moments[:, i, j] = moments[:, j, i] = array[:, position[name]]
        return moments


def _pairs(size: int) -> dict[tuple[int, int], tuple[str, tuple[str, str]]]:
    """Return the column of each product ``w v_i v_j`` and what it is a product of.

    ``r r = r`` and ``r (r y) = r y``, so those are first moments and have a column already.
    """
    names = [f"{v}{i}" for i in range(size) for v in "ry"]
    pairs: dict[tuple[int, int], tuple[str, tuple[str, str]]] = {}
    for i, left in enumerate(names):
        for j in range(i, len(names)):
            right = names[j]
            is_first = left[0] == "r" and left[1:] == right[1:]
            pairs[i, j] = (f":w{right}" if is_first else f":w{left}{right}", (left, right))
    return pairs


def _added(terms: list[nw.Expr]) -> nw.Expr:
    return reduce(lambda left, right: left + right, terms)
