"""The PSUs of a sample, and the units in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.frames import Floats, Frame, with_column
from divide_index.schema import SurveySchema, code_text

UNIT = "design:unit"


@dataclass(frozen=True, slots=True)
class PsuTable:
    """The PSUs of a sample, in the order of their index.

    ``strata`` holds each PSU's stratum index and ``samples`` its sample's, both ``(P,)``;
    ``records`` and ``weights`` what each holds, ``(P,)``; ``stratum_labels`` the strata's names;
    ``fpc`` the smallest and largest finite population correction of each stratum, ``(H, 2)``.
    """

    strata: NDArray[np.intp]
    samples: NDArray[np.intp]
    records: Floats
    weights: Floats
    stratum_labels: tuple[str, ...]
    fpc: Floats | None


def with_psu_index(frame: Frame, schema: SurveySchema) -> tuple[Frame, PsuTable]:
    """Add the index of each record's unit: its PSU, named by sample, strata and its own label.

    Without a PSU in the schema every record is one.

    Returns
    -------
    frame, table
        The frame with the index of each record's PSU, and the PSUs.
    """
    design = schema.design
    data = nw.from_native(frame, eager_only=True)
    strata = [*dict.fromkeys([design.sample or "", *design.strata])]
    keys = {name: _values(data, name) for name in strata if name}
    everyone = np.zeros(len(data), dtype=np.intp)
    sample = everyone if design.sample is None else ranks(keys[design.sample])
    stratum = _ranked_within(sample, [keys[name] for name in design.strata])
    unit = np.arange(len(data), dtype=np.intp)
    if design.psu is not None:
        unit = _ranked_within(stratum, [_values(data, design.psu)])
    weights = None if design.weight is None else np.asarray(_values(data, design.weight))
    psus, first = np.unique(unit, return_index=True)
    heads = np.unique(stratum, return_index=True)[1]
    labels = zip(*(keys[name][heads].tolist() for name in keys), strict=True)
    table = PsuTable(
        strata=stratum[first],
        samples=sample[first],
        records=np.bincount(unit, minlength=psus.size).astype(np.float64),
        weights=np.bincount(unit, weights, psus.size).astype(np.float64),
        stratum_labels=tuple("/".join(map(code_text, label)) for label in labels) or ("",),
        fpc=None if design.fpc is None else _bounds(_values(data, design.fpc), stratum),
    )
    return with_column(frame, UNIT, unit), table


def with_units(frame: Frame, unit: NDArray[np.intp]) -> Frame:
    """Return a frame whose records stand in other units, such as finer ones inside PSUs.

    Parameters
    ----------
    frame
        From :func:`with_psu_index`.
    unit
        Of each record, shape ``(n,)``.
    """
    return with_column(frame, UNIT, unit)


def unit_labels(frame: Frame, variable: str) -> list[str]:
    """Return the label of each unit by a variable, such as its PSU's or a person's identifier.

    Parameters
    ----------
    frame
        From :func:`with_psu_index`.
    variable
        Constant inside a unit.

    Returns
    -------
    labels
        In the order of the units' index, length ``U``; empty where there is none.
    """
    data = nw.from_native(frame, eager_only=True).select(UNIT, variable)
    first = data.unique(subset=[UNIT], keep="first", maintain_order=True).sort(UNIT)
    labels = first.get_column(variable).to_list()
    return ["" if label is None or label != label else code_text(label) for label in labels]  # noqa: PLR0124  NaN


def ranks(values: NDArray[Any]) -> NDArray[np.intp]:
    """Return the rank of each value among those that differ, from 0 on, shape ``(n,)``."""
    if values.dtype != object:
        return np.unique(values, return_inverse=True)[1].astype(np.intp)
    texts = values.tolist()  # sorting those that differ beats sorting all
    rank = {text: k for k, text in enumerate(sorted({*texts}))}
    return np.fromiter(map(rank.__getitem__, texts), dtype=np.intp, count=len(texts))


def _ranked_within(outer: NDArray[np.intp], keys: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """Return the rank of each record's keys inside an outer rank, so that equal ones share it."""
    rank = outer
    for key in keys:
        inner = ranks(key)
        rank = ranks(rank * (inner.max(initial=0) + 1) + inner)
    return rank


def _values(data: "nw.DataFrame[Any]", name: str) -> NDArray[Any]:
    return np.asarray(data.get_column(name).to_numpy())


def _bounds(fpc: NDArray[Any], stratum: NDArray[np.intp]) -> Floats:
    """Return the smallest and the largest correction of each stratum, shape ``(H, 2)``."""
    order = np.argsort(stratum, kind="stable")
    starts = np.flatnonzero(np.diff(stratum[order], prepend=-1))
    inside = fpc[order]
    return np.column_stack(
        [np.minimum.reduceat(inside, starts), np.maximum.reduceat(inside, starts)]
    )
