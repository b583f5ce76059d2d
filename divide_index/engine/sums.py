"""Weighted sums of scores over the cells of a margin, by PSU."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.conditions import all_of, any_of, has_valid_answer, meets
from divide_index.engine.frames import Floats, Frame
from divide_index.engine.psus import PSU
from divide_index.schema import Condition, SurveySchema, answer_of


@dataclass(frozen=True, slots=True)
class Margin:
    """A set of cells to be summed: who (conditions by name) and cut by what (columns)."""

    flags: tuple[str, ...]
    keys: tuple[str, ...] = ()
    splits_by: str | None = None  # a condition whose outcome is kept apart


@dataclass(frozen=True, slots=True)
class GroupedSums:
    """Sums by PSU and cell, one row for each that occurs.

    ``psu`` has shape ``(G,)``; ``cells`` one tuple of codes per row; ``split`` tells whether
    the row meets the margin's ``splits_by``; ``weights`` are the weights of all its records,
    scored or not, ``(G,)``; ``moments`` are ``Σ w v v'`` of ``v = (r_1, r_1 y_1, r_2, …)`` as
    upper triangles, ``(G, 2D(2D+1)/2)``; ``counts`` the records with a positive weight and a
    score, by dimension and in any, ``(G, D+1)``.
    """

    psu: NDArray[np.intp]
    cells: list[tuple[str, ...]]
    split: NDArray[np.bool_]
    weights: Floats
    moments: Floats
    counts: Floats


class Moments:
    """Weighted first and second moments of scores, ready to be summed over cells.

    Parameters
    ----------
    frame
        A frame with scores, a PSU index and the variables of the conditions and keys.
    schema
        The survey's schema.
    scores
        The columns of the scores, one per dimension; missing is null.
    weight
        The weight's column, or None for equal weights.
    conditions
        Populations by name; None is everybody.
    keys
        The columns that margins are cut by.
    complete
        Whether a record counts only if it has every score.
    keep_if
        A column that must be 1 for a record to count.
    """

    def __init__(
        self,
        frame: Frame,
        schema: SurveySchema,
        *,
        scores: Sequence[str],
        weight: str | None,
        conditions: Mapping[str, Condition | None],
        keys: Iterable[str],
        complete: bool = False,
        keep_if: str | None = None,
    ) -> None:
        data = nw.from_native(frame, eager_only=True)
        self._schema = schema
        self._size = 2 * len(scores)
        flags = {
            f"flag:{name}": nw.lit(True) if where is None else meets(where, schema)  # noqa: FBT003
            for name, where in conditions.items()
        }
        w = nw.lit(1.0) if weight is None else nw.col(weight)
        present = [~nw.col(score).is_null() for score in scores]
        if complete:
            present = [all_of(present)] * len(scores)
        if keep_if is not None:
            present = [part & (nw.col(keep_if) == 1.0) for part in present]
        parts: dict[str, nw.Expr] = {"w": w}
        for index, (score, here) in enumerate(zip(scores, present, strict=True)):
            parts[f"v{2 * index}"] = here.cast(nw.Float64)
            parts[f"v{2 * index + 1}"] = nw.when(here).then(nw.col(score)).otherwise(nw.lit(0.0))
        parts["any"] = any_of(present).cast(nw.Float64)
        prepared = data.select(PSU, *dict.fromkeys(keys), **flags, **parts)
        positive = (nw.col("w") > 0).cast(nw.Float64)
        products = {
            f"m{i}_{j}": nw.col("w") * nw.col(f"v{i}") * nw.col(f"v{j}")
            for i in range(self._size)
            for j in range(i, self._size)
        }
        counts = {
            **{f"n{index}": nw.col(f"v{2 * index}") * positive for index in range(len(scores))},
            "n": nw.col("any") * positive,
        }
        self._sums = ["w", *products, *counts]
        self._moments = len(products)
        self._data = prepared.with_columns(**products, **counts)

    def sums(self, margin: Margin) -> GroupedSums:
        """Return the sums of every cell of a margin in every PSU where it occurs."""
        data = self._data
        if margin.flags:
            data = data.filter(all_of([nw.col(f"flag:{name}") for name in margin.flags]))
        for key in margin.keys:
            known = ~nw.col(key).is_null()
            if key in self._schema.variables:
                known = has_valid_answer(nw.col(key), answer_of(self._schema, key))
            data = data.filter(known)
        split = [f"flag:{margin.splits_by}"] if margin.splits_by else []
        by = [PSU, *split, *margin.keys]
        grouped = data.group_by(*by).agg(nw.col(*self._sums).sum()).sort(*by)
        array = np.column_stack([grouped[name].to_numpy() for name in self._sums])
        labels = [[_category(code) for code in grouped[key].to_list()] for key in margin.keys]
        return GroupedSums(
            psu=np.asarray(grouped[PSU].to_numpy(), dtype=np.intp),
            cells=list(zip(*labels, strict=True)) if labels else [()] * len(grouped),
            split=np.asarray(grouped[split[0]].to_numpy(), dtype=bool)
            if split
            else np.ones(len(grouped), dtype=bool),
            weights=np.asarray(array[:, 0], dtype=np.float64),
            moments=np.asarray(array[:, 1 : 1 + self._moments], dtype=np.float64),
            counts=np.asarray(array[:, 1 + self._moments :], dtype=np.float64),
        )


def _category(code: object) -> str:
    """Write a code as the schema writes it: 1.0 is the code 1."""
    if isinstance(code, float) and code.is_integer():
        return str(int(code))
    return str(code)


def weight_share_without(
    frame: Frame, schema: SurveySchema, key: str, *, weight: str | None, where: Condition | None
) -> tuple[int, float]:
    """Return the number and weight share of records of a population without a category."""
    data = nw.from_native(frame, eager_only=True)
    if where is not None:
        data = data.filter(meets(where, schema))
    known = ~nw.col(key).is_null()
    if key in schema.variables:
        known = has_valid_answer(nw.col(key), answer_of(schema, key))
    w = nw.lit(1.0) if weight is None else nw.col(weight)
    total, lost, count = data.select(
        w.sum().alias("total") if weight else nw.len().alias("total"),
        (w * (~known).cast(nw.Float64)).sum().alias("lost"),
        (~known).sum().alias("count"),
    ).row(0)
    return int(count), float(lost) / float(total) if total else 0.0
