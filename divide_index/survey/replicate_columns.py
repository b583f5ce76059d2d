"""Replicate weights that came with a survey, in columns of its file."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError, InputError
from divide_index.inference.replication import Replicates, supplied_replicates
from divide_index.reading.sources import Opener, Sources
from divide_index.schema import SurveySchema
from divide_index.survey.restoring import opened_part, refuse_changed, weights_in
from divide_index.survey.sidecar import DesignRecord, read_sidecar, sidecar_of

Floats = NDArray[np.float64]

_FAR = 2.0  # times the sum of weights: those of any method sum to about it


def replicates_supplied(schema: SurveySchema, sources: Sources, weights: Floats) -> Replicates:
    """Return the replicate weights of a survey.

    Parameters
    ----------
    schema
        Names their columns, unless what lies beside a weighted file does.
    sources
        The survey's file.
    weights
        Of the whole sample, shape ``(n,)``.

    Raises
    ------
    EstimationError
        DI-E406: none came with it. DI-E407: the survey lies in several files, or is no file.
        DI-E404, DI-E405, DI-E409: they cannot be used. DI-E450: they are of the weights before
        those that were made.
    InputError
        DI-E408: columns are missing. DI-E451: columns hold no weights. DI-E452: somebody without a
        weight has some. DI-E453: their sums are not about that of the weights. DI-E466: they were
        changed.
    """
    [(name, path), *others] = sources.items()
    if others or not isinstance(path, Path):
        raise EstimationError("DI-E407")
    place = sidecar_of(path)
    record = read_sidecar(place) if place.is_file() else None
    opened = opened_part(Opener(sources), name, schema)
    columns = _columns(schema, record, opened.columns)
    lacking = [column for column in columns if column not in opened.columns]
    if lacking or not columns:
        raise InputError("DI-E408", path=path.name, columns=lacking or [_prefix(schema)])
    found, unusable = weights_in(opened, columns)
    if unusable:
        raise InputError("DI-E451", path=path.name, columns=unusable)
    given = found[weights == 0] != 0
    if given.any():
        wrong = [columns[k] for k in np.flatnonzero(given.any(axis=0))]
        raise InputError("DI-E452", path=path.name, columns=wrong)
    sums = found.sum(axis=0) / weights.sum()
    if not 1 / _FAR < np.median(sums) < _FAR:
        raise InputError("DI-E453", path=path.name, ratio=f"{np.median(sums):.3g}")
    if record is not None and record.replicates is not None:
        written = dict(zip(columns, found.T, strict=True))
        refuse_changed(record, place, {**written, record.columns[-1]: weights})
    safe = np.where(weights > 0, weights, 1.0)
    factors = np.ascontiguousarray((found / safe[:, None]).T)
    if record is not None and record.replicates is not None:
        own = record.replicates
        return Replicates("supplied", factors, own.scale, np.array(own.rscales))
    said = schema.design.replicates
    if said is None:
        raise AssertionError
    return supplied_replicates(
        factors,
        said.kind,
        fay=said.fay,
        scale=said.scale,
        rscales=np.array(said.rscales, dtype=np.float64) if said.rscales else None,
    )


def _columns(schema: SurveySchema, record: DesignRecord | None, headers: list[str]) -> list[str]:
    """Return the columns of replicate weights, in the order of their numbers."""
    if record is not None and record.replicates is not None:
        return record.replicates.columns
    said = schema.design.replicates
    if said is None:
        raise EstimationError("DI-E406", schema=schema.name)
    if record is not None:
        raise EstimationError("DI-E450", prefix=said.prefix)
    pattern = re.compile(re.escape(said.prefix) + r"(\d+)")
    found = {int(match[1]): header for header in headers if (match := pattern.fullmatch(header))}
    if not found:
        return []
    width = min(map(len, found.values())) - len(said.prefix)  # repw01 as well as repw1
    first = 0 if 0 in found else 1
    return [found.get(k, f"{said.prefix}{k:0{width}d}") for k in range(first, max(found) + 1)]


def _prefix(schema: SurveySchema) -> str:
    said = schema.design.replicates
    return "" if said is None else f"{said.prefix}1…"
