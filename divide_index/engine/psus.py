"""The PSUs of a sample, and the units in them."""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.frames import Floats, Frame, with_column
from divide_index.schema import SurveySchema, code_text

UNIT = "design:unit"
_ROW = ":row"
_STRATUM, _SAMPLE = "design:stratum", "design:sample"


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
    columns = schema.design
    data = nw.from_native(frame, eager_only=True)
    samples = [columns.sample] if columns.sample is not None else []
    names = [*dict.fromkeys([*samples, *columns.strata])]
    psu = [columns.psu] if columns.psu is not None else []
    others = [name for name in (columns.weight, columns.fpc) if name is not None]
    # A literal alone would make one row: it is laid beside a column.
    needed = [*dict.fromkeys(names + psu + others)]
    keys = data.select(*(needed or data.columns[:1])).with_columns(nw.lit(1.0).alias(":one"))
    keys = keys.with_row_index(_ROW)  # a join promises no order
    keys = _numbered(keys, samples, _SAMPLE)
    keys = _numbered(keys, [_SAMPLE, *dict.fromkeys(columns.strata)], _STRATUM)
    keys = _numbered(keys, [_STRATUM, *psu], UNIT) if psu else keys.with_row_index(UNIT)
    psus = (
        keys.group_by(UNIT)
        .agg(
            nw.col(_STRATUM, _SAMPLE).min(),
            nw.col(":one").sum().alias(":records"),
            nw.col(columns.weight or ":one").sum().alias(":weight"),
        )
        .sort(UNIT)
    )
    strata = keys.select(_STRATUM, *names).unique().sort(_STRATUM)
    table = PsuTable(
        strata=np.asarray(psus[_STRATUM].to_numpy(), dtype=np.intp),
        samples=np.asarray(psus[_SAMPLE].to_numpy(), dtype=np.intp),
        records=np.asarray(psus[":records"].to_numpy(), dtype=np.float64),
        weights=np.asarray(psus[":weight"].to_numpy(), dtype=np.float64),
        stratum_labels=tuple("/".join(map(code_text, row[1:])) for row in strata.iter_rows()),
        fpc=None if columns.fpc is None else _fpc_bounds(keys, columns.fpc),
    )
    return data.with_columns(keys.sort(_ROW)[UNIT]).to_native(), table


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


def _numbered(data: nw.DataFrame[Any], keys: list[str], name: str) -> nw.DataFrame[Any]:
    """Add the rank of each record's key, so that equal keys share a number from 0 on."""
    if not keys:
        return data.with_columns(nw.lit(0).alias(name))
    unique = data.select(*keys).unique().sort(*keys).with_row_index(name)
    return data.join(unique, on=keys, how="left")


def _fpc_bounds(data: nw.DataFrame[Any], fpc: str) -> Floats:
    bounds = (
        data.group_by(_STRATUM)
        .agg(nw.col(fpc).min().alias(":low"), nw.col(fpc).max().alias(":high"))
        .sort(_STRATUM)
    )
    return np.column_stack([bounds[":low"].to_numpy(), bounds[":high"].to_numpy()])
