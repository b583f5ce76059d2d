"""A weighted file read again: the steps of its weights, from the file that lies beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.errors import Finding, InputError
from divide_index.margins import PopulationMargins, margins_of_records
from divide_index.reading.origin import OpenFile
from divide_index.reading.sources import Opener, Sources, opened_as_said
from divide_index.schema import SurveySchema, only_file
from divide_index.survey.sidecar import (
    DesignRecord,
    SampleRecord,
    file_of,
    read_sidecar,
    sums_of,
)
from divide_index.survey.steps import SampleStep, WeightStep, calibrated_records, reached_by

Floats = NDArray[np.float64]

_REACHED = 1e-6  # of a total: weights may have been written with few digits


@dataclass(frozen=True, slots=True, eq=False)
class _Records:
    """Records of all files, what they mean, and the file that is being restored."""

    frame: engine.Frame
    schema: SurveySchema
    file: str


def restored_steps(
    frame: engine.Frame,
    schema: SurveySchema,
    sources: Sources,
    sidecars: Mapping[str | None, Path],
    hashes: Mapping[str | None, tuple[str, int]],
) -> tuple[Floats, list[WeightStep], list[Finding]]:
    """Return the base weights of weighted files, the steps after them, and what was noticed.

    Parameters
    ----------
    frame
        The records of all files, stacked.
    schema
        What they mean.
    sources
        The files.
    sidecars
        What lies beside some of them.
    hashes
        For every stacked file its hash and its number of records, in the order of the frame.

    Raises
    ------
    InputError
        DI-E431, DI-E471: what lies beside a file cannot be read, or was edited. DI-E432: columns
        are missing, or are no weights. DI-E433: the weights do not reach the totals that it tells.
        DI-E466, DI-E467: weights, or the number of records, are others than were written.
    """
    opener = Opener(sources)
    weight = schema.design.weight
    now = np.ones(engine.height(frame)) if weight is None else engine.values(frame, weight).copy()
    parts: list[tuple[str, DesignRecord, slice, Floats]] = []
    findings: list[Finding] = []
    start = 0
    for name, (sha256, records) in hashes.items():
        rows = slice(start, start + records)
        start += records
        if name not in sidecars:
            continue
        record = read_sidecar(sidecars[name])
        file = file_of(sidecars[name])
        if record.records != records:
            params = {"written": record.records, "found": records}
            raise InputError("DI-E467", file=file, path=sidecars[name].name, **params)
        columns = _columns(opener, name, schema, record, sidecars[name])
        refuse_changed(record, sidecars[name], dict(zip(record.columns, columns.T, strict=True)))
        now[rows] = columns[:, 0]
        parts.append((file, record, rows, columns))
        if record.sha256 != sha256:
            findings.append(Finding.of("DI-W416", path=sidecars[name].name, file=file))
    base = now.copy()
    steps: list[WeightStep] = []
    for file, record, rows, columns in parts:
        for place, made in enumerate(record.steps, start=1):
            before, now = now, now.copy()
            now[rows] = columns[:, place]
            samples = tuple(
                _restored(_Records(frame, schema, file), each, before, now) for each in made.samples
            )
            steps.append(WeightStep(made.kind, made.options, now, samples))
    return base, steps, findings


def _columns(
    opener: Opener, name: str | None, schema: SurveySchema, record: DesignRecord, path: Path
) -> Floats:
    """Return the weights that stand in a file, those before everything first."""
    opened = opened_part(opener, name, schema)
    lacking = [column for column in record.columns if column not in opened.columns]
    if lacking:
        raise InputError("DI-E432", path=path.name, file=record.file, columns=lacking)
    found, unusable = weights_in(opened, record.columns)
    if unusable:
        raise InputError("DI-E432", path=path.name, file=record.file, columns=unusable)
    return found


def refuse_changed(record: DesignRecord, path: Path, columns: Mapping[str, Floats]) -> None:
    """Refuse columns of weights that are not those that were written.

    Parameters
    ----------
    record
        How the weights of a file were made.
    path
        Where that lies.
    columns
        Weights by header, shape ``(n,)`` each, the final ones among them.

    Raises
    ------
    InputError
        DI-E466: the weights were changed.
    """
    written = {sums.column: sums for sums in record.sums}
    found = sums_of(columns, columns[record.columns[-1]])
    new = [each for each in found if each.column not in written]
    old = [(each, written[each.column]) for each in found if each.column in written]
    new += [each for each, other in old if not each.has_weights_of(other)]
    # Final weights that changed move the products of all columns, which are not to blame.
    changed = [each.column for each in new or [e for e, other in old if not e.is_of(other)]]
    if changed:
        raise InputError("DI-E466", file=file_of(path), path=path.name, columns=changed)


def opened_part(opener: Opener, name: str | None, schema: SurveySchema) -> OpenFile:
    """Open one of the files whose records are laid one below the other."""
    file = only_file(schema) if name is None and len(schema.files) <= 1 else name
    return opened_as_said(opener, name, schema, file)


def weights_in(opened: OpenFile, columns: Sequence[str]) -> tuple[Floats, list[str]]:
    """Return columns of weights ``(n, k)``, and those that are none: no numbers, or negative."""
    frame = opened.read(dict.fromkeys(columns, False))
    found: list[Floats] = []
    unusable: list[str] = []
    for column in columns:
        try:
            values = engine.values(frame, column)
        except (ValueError, TypeError):
            unusable.append(column)
            continue
        if not (np.isfinite(values) & (values >= 0)).all():
            unusable.append(column)
        found.append(values)
    return np.column_stack(found) if found else np.zeros((0, 0)), unusable


def _restored(records: _Records, record: SampleRecord, before: Floats, after: Floats) -> SampleStep:
    """Return what a calibration did, from its margins and the weights before and after."""
    known = tuple(margin.shares(record.total, record.sample) for margin in record.margins)
    [margins] = margins_of_records(
        records.frame,
        records.schema,
        PopulationMargins(
            known, numbers=tuple(number.known(record.sample) for number in record.numbers)
        ),
        weights=before,
        total=record.total if record.sample is None else {record.sample: record.total},
        keep_others=True,
    ).samples
    rows = margins.rows
    reached = reached_by(margins, before[rows], after[rows])
    off = np.abs(reached.errors_after) > _REACHED
    if off.any() or not (after[rows] > 0).all():
        names = [reached.names[k] for k in np.flatnonzero(off)]
        raise InputError("DI-E433", file=records.file, count=int(off.sum()), names=names)
    held = calibrated_records(
        margins,
        before[rows],
        after[rows],
        record.distance,
        record.limits,
        is_by_cell=record.is_by_cell,
    )
    return SampleStep(margins, held, reached)
