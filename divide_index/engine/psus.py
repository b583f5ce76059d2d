"""The PSUs of a sample."""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from divide_index.engine.frames import Floats, Frame
from divide_index.schema import SurveySchema

PSU = "design:psu"
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
    """Add the index of each record's PSU, named by sample, strata and its own label.

    Without a PSU in the schema every record is one.

    Returns
    -------
    frame, table
        The frame with the index of each record's PSU, and the PSUs.
    """
    columns = schema.design
    data = nw.from_native(frame, eager_only=True)
    samples = [columns.sample] if columns.sample is not None else []
    data = _numbered(data, samples, _SAMPLE)
    data = _numbered(data, [_SAMPLE, *columns.strata], _STRATUM)
    if columns.psu is None:
        data = data.with_row_index(PSU)
    else:
        data = _numbered(data, [_STRATUM, columns.psu], PSU)
    weight = nw.lit(1.0) if columns.weight is None else nw.col(columns.weight)
    psus = (
        data.with_columns(weight.alias("design:weight"))
        .group_by(PSU)
        .agg(
            nw.col(_STRATUM, _SAMPLE).min(),
            nw.len().alias("records"),
            nw.col("design:weight").sum(),
        )
        .sort(PSU)
    )
    names = [*samples, *columns.strata]
    strata = data.select(_STRATUM, *names).unique().sort(_STRATUM)
    table = PsuTable(
        strata=np.asarray(psus[_STRATUM].to_numpy(), dtype=np.intp),
        samples=np.asarray(psus[_SAMPLE].to_numpy(), dtype=np.intp),
        records=np.asarray(psus["records"].to_numpy(), dtype=np.float64),
        weights=np.asarray(psus["design:weight"].to_numpy(), dtype=np.float64),
        stratum_labels=tuple("/".join(map(str, row[1:])) for row in strata.iter_rows()),
        fpc=None if columns.fpc is None else _fpc_bounds(data, columns.fpc),
    )
    return data.drop(_STRATUM, _SAMPLE).to_native(), table


def _numbered(data: nw.DataFrame[Any], keys: list[str], name: str) -> nw.DataFrame[Any]:
    """Add the rank of each record's key, so that equal keys share a number from 0 on."""
    if not keys:
        return data.with_columns(nw.lit(0).alias(name))
    unique = data.select(*keys).unique().sort(*keys).with_row_index(name)
    return data.join(unique, on=keys, how="left")


def _fpc_bounds(data: nw.DataFrame[Any], fpc: str) -> Floats:
    bounds = (
        data.group_by(_STRATUM)
        .agg(nw.col(fpc).min().alias("low"), nw.col(fpc).max().alias("high"))
        .sort(_STRATUM)
    )
    return np.column_stack([bounds["low"].to_numpy(), bounds["high"].to_numpy()])
